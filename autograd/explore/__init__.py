"""Walk the chain rule through a recorded graph: as text, or step by step in a page.

>>> from autograd import Tensor
>>> from autograd.explore import explain
>>> x, y, z = (Tensor(v, name=name) for v, name in [(-2.0, "x"), (5.0, "y"), (-4.0, "z")])
>>> print(explain((x + y) * z), end="")
forward
  0  inputs
     x = −2
     y = 5
     z = −4
  1  +: x = −2, y = 5 → x + y = 3
  2  ×: x + y = 3, z = −4 → f = −12
<BLANKLINE>
backward
  3  ∂f/∂f = 1
  4  ×: switcher: each input's local gradient is the other input's value
     x + y: local z = −4 × upstream 1 = −4
     z: local x + y = 3 × upstream 1 = 3
  5  +: distributor: hands its upstream gradient to every input, unchanged
     x: local 1 × upstream −4 = −4
     y: local 1 × upstream −4 = −4
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..draw import DrawError
from ..draw.build import Options
from ..draw.expand import names_of
from ..draw.names import legible
from ..draw.render import write
from ..modes import MODE
from ..tensor import Tensor
from .events import events
from .layouts import layouts
from .microscope import microscope
from .narrate import narrate
from .page import page
from .view import Graph, fused_gates

__all__ = ["DrawError", "explain", "explore", "microscope"]

FEW = 40  # gates of a circuit of numbers that is shown with everything open


class Text(str):
    """Text that an interactive session shows as it is."""

    __slots__ = ()
    __repr__ = str.__str__


def explain(
    tensor: Tensor,
    *,
    names: Mapping[str, Any] | None = None,
    decimals: int | None = None,
    expand: bool | str | Iterable[str] = False,
    collapse: str | Iterable[str] = (),
    gradient: Any = None,
) -> str:
    """The chain rule through the graph behind a tensor, told gate by gate.

    The options are those of `autograd.draw.draw`. At each gate stands what it does to gradients,
    and for every input: local gradient x upstream gradient = downstream gradient, in numbers, or
    for arrays as a formula with its shapes. The graph is only read, and `backward()` need not
    have been called. Raises DrawError for options that are wrong.
    """
    _check("explain", tensor)
    graph = Graph(tensor, expand, names, gradient, decimals)
    shown = graph.chosen(names_of("collapse", collapse), 10**9)
    return Text(narrate(events(graph, shown), graph.trace.root_name, decimals))


def explore(
    tensor: Tensor,
    path: str | os.PathLike[str],
    *,
    title: str | None = None,
    names: Mapping[str, Any] | None = None,
    decimals: int | None = None,
    expand: bool | str | Iterable[str] | None = None,
    collapse: str | Iterable[str] | None = None,
    gradient: Any = None,
    show: str = "auto",
    max_nodes: int = 300,
) -> Path:
    """Write a page in which the reader steps through the graph, forward and backward.

    path        where to save it: one .html file, which fetches nothing from anywhere
    expand      gates that can be opened; without it, all of the graph that have simpler ones
    collapse    names of scopes that are closed at first; all can be opened and closed in the page
    title, names, decimals, gradient, show, max_nodes   as for `autograd.draw.draw`

    The graph is only read. Record it inside `with autograd.source_lines():`, and the page shows
    the line of the program that made each gate. Raises DrawError for options that are wrong,
    where Graphviz is missing, and where the file cannot be written; then no file is left.
    """
    _check("explore", tensor)
    target = _html_path(path)
    wanted = fused_gates(tensor) if expand is None else expand
    graph = Graph(tensor, wanted, names, gradient, decimals)
    options = Options(None, decimals, show)
    if collapse is None:  # what stands for one gate is opened at a click; small circuits are open
        few = len(graph.wiring.gates) <= FEW and all(n.shape == () for n in graph.trace.nodes)
        fused = frozenset() if few else frozenset(graph.trace.fused)
        first = graph.shown(fused & frozenset(graph.scopes))
    else:
        first = graph.chosen(names_of("collapse", collapse), max_nodes)
    if first.size() > max_nodes:
        first = graph.chosen((), max_nodes)
    pictures = layouts(graph, first, options, max_nodes)
    text = narrate(pictures[0].steps, graph.trace.root_name, decimals)
    name = legible(title or f"{graph.trace.root_name}, computed and differentiated", 300)
    write(target, page(graph, pictures, name, text).encode())
    return target


def _check(name: str, tensor: Any) -> None:
    if not isinstance(tensor, Tensor):
        raise DrawError(
            f"{name}: expected a Tensor, got {type(tensor).__name__}; pass the result of a "
            "computation with tensors, such as a loss"
        )
    if not MODE.get().kind.eager:
        raise DrawError(f"{name}: inside a function that is being compiled there are no values")


def _html_path(path: str | os.PathLike[str]) -> Path:
    try:
        target = Path(path)
    except TypeError:
        raise DrawError(f"explore: path={path!r}; expected a file name") from None
    if target.suffix.lower() not in (".html", ".htm"):
        raise DrawError(f"explore: {target.name!r} is no .html file; the page is one")
    if not target.parent.is_dir():
        raise DrawError(f"explore: there is no folder {str(target.parent)!r}; make it first")
    return target
