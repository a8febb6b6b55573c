"""The backward pass as NumPy source: what you would have derived by hand, written by the engine.

For the lecture's circuits, the spiral net of CS231n and the net of the fish book on MNIST: forward
pass, backward pass and update, in code that needs NumPy alone. Each text is run, and what it gives
is compared with backprop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import autograd as ag
import nn
from nn.plots.style import write

from . import common
from .circuits import CIRCUITS, Circuit


def of_circuit(circuit: Circuit) -> tuple[ag.Compiled, list[Any]]:
    """Value and gradients of a circuit."""
    arguments = [np.asarray(value) if np.ndim(value) else value
                 for value in circuit.inputs.values()]  # fmt: skip
    return ag.compile(ag.value_and_grad(circuit.build, range(len(arguments)))), arguments


def of_net(net: nn.TwoLayerNet, X: Any, y: Any, lr: float) -> tuple[ag.Compiled, list[Any]]:
    """A training step of a net: forward, backward, update."""
    sgd = nn.SGD(net, lr=lr)

    def step(X: Any, y: Any) -> ag.Tensor:
        sgd.zero_grad()
        loss = net.loss(X, y)
        loss.backward()
        sgd.step()
        return loss

    weights = [p.numpy() for p in net.parameters()]
    return ag.compile(step), [X, y, *weights, lr]


def spiral(seed: int) -> tuple[ag.Compiled, list[Any]]:
    """The spiral net of CS231n."""
    X, y = nn.spiral(seed=seed)
    return of_net(nn.TwoLayerNet(2, 100, 3, reg=1e-3, seed=seed), X, y, lr=1.0)


def mnist(seed: int) -> tuple[ag.Compiled, list[Any]]:
    """The two-layer net of the fish book, on a batch of the digits that come with the package."""
    (x, t), _ = nn.mnist(subset=True)
    return of_net(nn.TwoLayerNet(784, 50, 10, seed=seed, dtype=x.dtype), x[:100], t[:100], lr=0.1)


def derive(compiled: ag.Compiled, arguments: list[Any]) -> tuple[str, float]:
    """The source, and how far what it gives is from what the engine gives."""
    own = len(compiled.parameters)
    result = compiled(*arguments[:own])
    text = compiled.source
    scope: dict[str, Any] = {}
    exec(text, scope)
    function: Callable[..., Any] = scope[compiled.__name__]
    again = function(*arguments, *compiled.constants.values())
    flat = [result[0], *result[1]] if isinstance(result, tuple) else [result]
    found = again if isinstance(again, tuple) else (again,)
    differences = [float(np.max(np.abs(np.asarray(a) - _plain(b))))
                   for a, b in zip(found, flat, strict=True)]  # fmt: skip
    return text, max(differences)


def _plain(x: Any) -> Any:
    return x.numpy() if isinstance(x, ag.Tensor) else x


@common.program
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo; `arguments` as on the command line."""
    makers: dict[str, Callable[[int], tuple[ag.Compiled, list[Any]]]] = {
        circuit.file: (lambda _, circuit=circuit: of_circuit(circuit))  # type: ignore[misc]
        for circuit in CIRCUITS
        if not circuit.expand
    }
    makers |= {"spiral": spiral, "mnist": mnist}
    parser = common.parser(__doc__, "derive")
    parser.add_argument("what", nargs="*", default=list(makers),
                        help=f"which: {', '.join(makers)} (all)")  # fmt: skip
    parser.add_argument("--generated", action="store_true",
                        help="show what really runs too, with its buffers")  # fmt: skip
    options = parser.parse_args(arguments)
    unknown = set(options.what) - set(makers)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(makers)}")
    out: Path = common.folder(options.out)
    for name in options.what:
        compiled, given = makers[name](options.seed)
        text, difference = derive(compiled, given)
        print(f"# {name}: differs from backprop by at most {difference:.1e}\n{text}")
        if options.generated:
            print(f"# {name}, as it runs: {compiled.memory()}\n{compiled.generated}")
        write(out / f"{name.replace('-', '_')}.py", text.encode())
    print(f"# the same texts are in {out}")


if __name__ == "__main__":
    main()
