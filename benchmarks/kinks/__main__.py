"""Compare gradients at kinks, ties and special points with those of other systems.

    python -m benchmarks.kinks

writes docs/kinks.md. What this project gives is computed anew, and so is what PyTorch gives where
it is installed; the others come from recorded.json beside this file. They are recorded anew by

    python -m benchmarks.kinks --python jax=DIR/bin/python --python hips=OTHER/bin/python

with interpreters of environments that have them: `pip install "jax[cpu]" scipy`, and
`pip install autograd scipy` in another one, for HIPS autograd has the same import name as ours.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from . import worker
from .table import ROWS, TABLE, Row

PAGE = Path(__file__).resolve().parents[2] / "docs" / "kinks.md"
RECORD = Path(__file__).with_name("recorded.json")
TITLES = {"pytorch": "PyTorch", "jax": "JAX", "hips": "HIPS autograd"}

HEAD = """\
# Kinks, ties and special points

Where a function has no derivative, or many, a library has to choose. Here one principle chooses for
all functions: **the subgradient of minimum norm**. Around a kink the function is made of smooth
pieces; each has its gradient; of all weighted means of these the shortest is taken. So |x| has the
slope 0 at 0, elements that tie for the maximum share its gradient equally, a tie with a constant
gives 0, and so does `clip` at its bounds. It is also the direction that descends: where it is 0 the
point is stationary, and where it is not, a small step against it makes a convex function smaller.

```python
import numpy as np
import autograd as ag

print(ag.grad(np.max)(np.array([2.0, 1.0, 2.0])))
print(ag.grad(lambda x: np.clip(x, 0.0, 1.0))(1.0))
print(ag.grad(np.linalg.norm)(np.zeros(2)))
print(ag.grad(np.std)(np.ones(3)))
```

```text
[0.5 0.  0.5]
0.0
[0. 0.]
[0. 0. 0.]
```

The tables are made by running each line, with `python -m benchmarks.kinks`: what the systems give
for the gradient of the sum of an expression by x, y and z at a point. Tests compute our column anew
and, for each line that says *minimum norm*, find that subgradient by looking around the point. At
poles, at the ends of a domain, and where a value is not finite there is no such principle: the last
column says what the number is. Complex gradients are ∂/∂re + i ∂/∂im for all systems here. A dash
stands for a function that a system does not have.
"""


def main() -> None:
    """Renew the record where the systems are there, and write the page."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.kinks", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--python", action="append", default=[], metavar="SYSTEM=PATH",
                        help="the interpreter that has jax, or hips")  # fmt: skip
    pythons = dict(text.split("=", 1) for text in parser.parse_args().python)
    if unknown := pythons.keys() - TITLES.keys():
        parser.error(f"unknown systems {sorted(unknown)}; there are {', '.join(TITLES)}")
    for name, module in {"pytorch": "torch", "jax": "jax"}.items():
        if find_spec(module):
            pythons.setdefault(name, sys.executable)
    record = recorded() | {name: run(name, python) for name, python in pythons.items()}
    RECORD.write_text(json.dumps(record, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    PAGE.write_text(page(record))


def recorded() -> dict[str, dict[str, str]]:
    """Of each other system: what it gave for each row, by its name, and its "version"."""
    found: dict[str, dict[str, str]] = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    return found


def run(system: str, python: str) -> dict[str, str]:
    """What a system gives, in an interpreter that has it."""
    rows = json.dumps([(row.text_for(system), row.at) for row in ROWS])
    environment = {name: x for name, x in os.environ.items() if name != "PYTHONPATH"}
    command = [python, worker.__file__, system]
    done = subprocess.run(
        command, input=rows, capture_output=True, text=True, env=environment, check=True
    )
    found = json.loads(done.stdout)
    keys = [row.key for row in ROWS]
    return {"version": found["version"], **dict(zip(keys, found["results"], strict=True))}


def page(record: dict[str, dict[str, str]]) -> str:
    """The text of the page: our own column is computed."""
    gradients, _ = worker.ours()
    versions = ", ".join(f"{TITLES[name]} {record[name]['version']}" for name in TITLES)
    parts = [HEAD, f"Compared are {versions}."]
    for title, rows in TABLE.items():
        parts += ["", f"## {title}", ""]
        columns = ["function", "at", "**gategrad**", *TITLES.values(), "why"]
        parts += [_line(columns), "|---" * len(columns) + "|"]
        for row in rows:
            own = worker.answer(gradients, row.text, row.at)
            others = [record[name].get(row.key, "") for name in TITLES]
            parts.append(
                _line([f"`{row.text}`", f"`{row.point}`", f"**{own}**", *others, why(row)])
            )
    return "\n".join(parts) + "\n"


def why(row: Row) -> str:
    """The note of a row."""
    return "; ".join(x for x in ["minimum norm" if row.is_kink else "", row.why] if x)


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
