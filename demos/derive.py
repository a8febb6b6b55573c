"""The backward pass as NumPy source: what you would have derived by hand, written by the engine.

For the lecture's circuits, the spiral net of CS231n and the net of the fish book on MNIST, and by
name for every program of docs/derivations.md: forward pass, backward pass and update, in code that
needs NumPy alone. Each text is run, and what it gives is compared with backprop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from nn.plots.style import write

from . import common
from .circuits import CIRCUITS, Circuit
from .derivations import PROGRAMS, Made, derive


def of_circuit(circuit: Circuit) -> Callable[[np.random.Generator], Made]:
    """Value and gradients of a circuit."""
    arguments = tuple(np.asarray(value) if np.ndim(value) else value
                      for value in circuit.inputs.values())  # fmt: skip
    return lambda _: Made(circuit.build, arguments, wrt=tuple(range(len(arguments))))


@common.program
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo; `arguments` as on the command line."""
    circuits = {c.file: of_circuit(c) for c in CIRCUITS if not c.expand}
    makers = {name: entry.make for name, entry in PROGRAMS.items()} | circuits
    usual = [*circuits, "spiral", "mnist"]
    parser = common.parser(__doc__, "derive")
    parser.add_argument("what", nargs="*", default=usual,
                        help=f"which: {', '.join(makers)} ({', '.join(usual)})")  # fmt: skip
    parser.add_argument("--generated", action="store_true",
                        help="show what really runs too, with its buffers")  # fmt: skip
    options = parser.parse_args(arguments)
    unknown = set(options.what) - set(makers)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(makers)}")
    out: Path = common.folder(options.out)
    for name in options.what:
        found = derive(makers[name], options.seed)
        said = found.problems or [f"differs from backprop by at most {found.difference:.1e}"]
        print(f"# {name}: {'; '.join(said)}\n{found.text}")
        if options.generated and found.compiled is not None:
            print(f"# {name}, as it runs: {found.compiled.memory()}\n{found.compiled.generated}")
        write(out / f"{name.replace('-', '_')}.py", found.text.encode())
    print(f"# the same texts are in {out}")


if __name__ == "__main__":
    main()
