"""The page docs/coverage.md: what was found, in tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from .names import aside
from .survey import Survey

__all__ = ["page", "rows", "summary"]

TITLES = {
    "np": "NumPy's main namespace",
    "np.linalg": "`np.linalg`",
    "np.fft": "`np.fft`",
    "ndarray": "Methods, attributes and operators of arrays",
    "xp": "Python array API 2024.12",
    "xp.linalg": "its extension `linalg`",
    "xp.fft": "its extension `fft`",
}
MARKS = {"differentiable": "∂", "constant": "c", "unsupported": "–", "silent": "✗"}
COLUMNS = 3
_ASIDE = {
    "no protocol": "make plain arrays, or take none",
    "files": "read and write files",
    "dates": "reckon with dates",
    "NumPy's own settings": "are about NumPy itself",
}
NOT_HERE = {  # why an attribute of arrays is not one of tensors
    "base": "whose memory it is",
    "byteswap": "other bits, not other numbers",
    "ctypes": "an address in memory, past which writes would go unseen",
    "getfield": "fields of records",
    "setfield": "fields of records",
    "setflags": "writes to a tensor are always recorded, never forbidden",
    "view": "the bits as another type; `reshape` and `astype` have gradients",
}
HEAD = """# Which functions have a gradient

This page is made by `python -m autograd.coverage --write`, which calls every function named here
with small arrays that are tracked, and a test holds it true. A function is

- **∂ differentiable**: the result is tracked, and its gradient is the numerical derivative of
  NumPy's own function;
- **c constant**: there is nothing to differentiate, for the result is made of integers, truth
  values or text, or is piecewise constant, so that its gradient is 0;
- **– unsupported**: it raises an error, or is not there;
- **✗ silent**: the result is not tracked although it depends on the operands smoothly, or the
  gradient is not the numerical derivative, and no error tells.

Beside it stand {peers}, asked in the same way and recorded: HIPS autograd
by the functions of its `autograd.numpy`, MyGrad by its own functions, or NumPy's where it has none.

{summary}

Of NumPy's main namespace those functions count that take arrays of other kinds, by NumPy's
protocols, under each of their names. The others

{aside}

[CONTRIBUTING.md](../CONTRIBUTING.md#how-to-add-a-gate) tells how a function becomes a gate; whether
a gradient is right, `check_gradients` tells, as it does for what is made of these functions:

```python
import autograd as ag
import numpy as np

ag.check_gradients(lambda x: np.linalg.norm(np.fft.rfft(x)), [0.3, 1.2, 0.7], order=2)
```
"""


def page(ours: Survey, peers: dict[str, Any]) -> str:
    """The page, of what was found here, and of what is recorded of others."""
    named = [f"{name} {record['version']}" for name, record in peers.items()]
    head = HEAD.format(
        peers=" and ".join(named), summary=summary(ours, peers), aside="\n".join(_aside())
    )
    return "\n".join([head, *_namespaces(ours, peers), *_unsupported(ours)])


def summary(ours: Survey, peers: dict[str, Any]) -> str:
    """How many functions of each kind there are in each namespace."""
    systems = ["gategrad", *peers]
    lines = [_line(["", "of", *systems]), _line(["---", "---:", *["---:"] * len(systems)])]
    for namespace, found in ours.items():
        counts = [Counter(v.status for v in found.values())]
        of_peers = [peer["found"].get(namespace) for peer in peers.values()]
        counts += [Counter({s: len(n.split()) for s, n in (of or {}).items()}) for of in of_peers]
        lines.append(_line([TITLES[namespace], len(found), *map(_counted, counts)]))
    kinds = " / ".join(MARKS)
    return f"Counts are {kinds}.\n\n" + "\n".join(lines)


def _counted(counts: Counter[str]) -> str:
    return " / ".join(str(counts[status]) for status in MARKS) if counts else ""


def rows(ours: Survey, peers: dict[str, Any]) -> dict[str, str]:
    """The marks of each function, by namespace and name: `np.abs` has ∂ ∂ ∂."""
    marks = {}
    for namespace, found in ours.items():
        for name, verdict in found.items():
            of_peers = [_peer_mark(p["found"].get(namespace), name) for p in peers.values()]
            marks[f"{namespace}.{name}"] = " ".join([MARKS[verdict.status], *of_peers]).rstrip()
    return marks


def _peer_mark(found: dict[str, str] | None, name: str) -> str:
    statuses = [s for s, names in (found or {}).items() if name in names.split()]
    return MARKS[statuses[0]] if statuses else ""


def _namespaces(ours: Survey, peers: dict[str, Any]) -> Iterable[str]:
    marks = rows(ours, peers)
    for namespace, found in ours.items():
        yield f"## {TITLES[namespace]}\n"
        several = any(namespace in p["found"] for p in peers.values())
        yield f"Each with {', '.join(['gategrad', *peers])}.\n" if several else ""
        cells = [[f"`{name}`", marks[f"{namespace}.{name}"]] for name in found]
        yield from _columns(cells)
        yield ""


def _columns(cells: list[list[str]]) -> Iterable[str]:
    """A table that is read down its columns."""
    height = -(-len(cells) // COLUMNS)
    yield _line(["", ""] * COLUMNS)
    yield _line(["---", "---"] * COLUMNS)
    for k in range(height):
        row = [cells[i] if i < len(cells) else ["", ""] for i in range(k, height * COLUMNS, height)]
        yield _line([part for cell in row for part in cell])


def _unsupported(ours: Survey) -> Iterable[str]:
    yield "## What is unsupported here, and why\n"
    yield _line(["function", "why"])
    yield _line(["---", "---"])
    for namespace, found in ours.items():
        for name, verdict in found.items():
            if verdict.status not in ("differentiable", "constant"):
                reason = NOT_HERE.get(name, verdict.reason.replace("|", "\\|"))
                yield _line([f"`{namespace}.{name}`", reason])
    partly = [(f"`{ns}.{n}`", v.reason) for ns, of in ours.items() for n, v in of.items()
              if v.status == "differentiable" and v.reason]  # fmt: skip
    if partly:
        yield "\nDifferentiable in part: " + ", ".join(f"{n} ({r})" for n, r in partly) + "."
    yield f"\nFound with NumPy {np.__version__}.\n"


def _aside() -> Iterable[str]:
    reasons = aside()
    for reason, text in _ASIDE.items():
        names = [f"`{name}`" for name, of in reasons.items() if of == reason]
        yield f"- {text}: {', '.join(names)}"


def _line(cells: Iterable[Any]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"
