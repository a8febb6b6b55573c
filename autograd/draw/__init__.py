"""Pictures of computation graphs: every value, every gradient, every gate.

>>> from autograd import Tensor
>>> from autograd.draw import draw
>>> x, y, z = Tensor(-2.0), Tensor(5.0), Tensor(-4.0)
>>> q = x + y
>>> print(draw(q * z, names=locals()).text, end="")
f = −12       ∂f 1   ×
├─ q = 3      ∂f −4  +
│  ├─ x = −2  ∂f −4
│  └─ y = 5   ∂f −4
└─ z = −4     ∂f 3
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..modes import MODE
from ..tensor import Tensor
from . import colours
from .build import Options, build
from .errors import DrawError
from .expand import Choice, names_of
from .outline import blank, shapes_only
from .picture import Picture, check_path
from .render import WriteError, describe
from .trace import Trace, follow
from .wiring import Shown, Wiring, Wishes, choose

if TYPE_CHECKING:
    from ..compiler import Compiled, Program

__all__ = [
    "DrawError", "Picture", "WriteError", "blank", "colours", "describe", "draw", "shapes_only",
]  # fmt: skip

SHOW = ("auto", "values", "shapes", "stats", "outline")
DIRECTION = ("LR", "TB")
SCHEME = ("light", "dark", "auto")


def draw(
    tensor: Tensor | Compiled[...] | Program,
    path: str | os.PathLike[str] | None = None,
    *,
    title: str | None = None,
    names: Mapping[str, Any] | None = None,
    backward: bool | None = None,
    decimals: int | None = None,
    expand: bool | str | Iterable[str] = False,
    collapse: str | Iterable[str] = (),
    depth: int | None = None,
    fold: bool | None = None,
    gradient: Any = None,
    show: str = "auto",
    direction: str = "LR",
    scheme: str = "light",
    max_nodes: int = 300,
) -> Picture:
    """Draw the graph behind a tensor: values above the wires, gradients below.

    A compiled function is drawn as its readable program, every call a gate; so is a program.

    path        where to save it: .svg, .png, .pdf, .dot or .txt
    title       shown above the legend; in a formula such as "q = x + y" variables are italic
    names       more names, {"q": q}; what is not in the graph is passed over: names=locals()
    backward    draw the backward pass, and the update, as gates of their own: False leaves them out
                of the picture of a program
    decimals    places of every number; without it, four significant digits
    expand      gates to draw in simpler ones: "sigmoid", several names, or True for all; and
                names of scopes that are to stay open
    collapse    names of scopes to draw as one box
    depth       how many levels of boxes are drawn open; those inside are drawn as one
    fold        whether what repeats is drawn once, as "× 12": None for scopes, True for gates too
    gradient    the upstream gradient, for a result that is no single value
    show        "auto": numbers for single values, shapes for arrays; "values": small arrays as
                numbers; "shapes": shapes for all; "stats": mean and extremes of arrays too;
                "outline": shapes alone, nothing is computed, for nets too large to run
    direction   "LR" from left to right, "TB" from top to bottom
    scheme      "light", "dark", or "auto": an SVG that is as dark as the reader's screen
    max_nodes   of a larger graph, first boxes are closed, then the far end is left out

    The graph is only read: no gradient changes, and all are shown, asked for or not. Raises
    DrawError when an option or a path is wrong, ShapeError when `gradient` does not fit.

    >>> x = Tensor(3.0, name="x")
    >>> draw(x * x)
    <Picture of f: 2 values, 1 gate>
    """
    options = Options(title, decimals, show, direction, scheme)
    _check(tensor, options, names, max_nodes, depth, fold)
    if path is not None:
        check_path(path)
    choice = Choice(expand)
    wishes = Wishes(frozenset(names_of("collapse", collapse)), choice.scopes, depth, max_nodes)
    trace_of = _source_of(tensor, gradient, names, backward, bare=show == "outline")
    wiring, shown = _fitted(trace_of, choice, fold, wishes)
    picture = Picture(build(wiring, shown, options))
    if path is not None:
        picture.save(path)
    return picture


def _source_of(
    given: Any, gradient: Any, names: Mapping[str, Any] | None, backward: bool | None, bare: bool
) -> Callable[[Choice], Trace]:
    """What follows the graph behind a tensor, or reads a program."""
    if isinstance(given, Tensor) and not backward:
        return lambda choice: follow(given, choice, gradient, names, bare)
    from .calls import program_of, trace_program  # the compiler is loaded when it is needed

    if not isinstance(given, Tensor) and (gradient is not None or names is not None):
        raise DrawError(
            "draw: gradient= and names= are for tensors; a program has its own gradients and names"
        )
    program = program_of(given, gradient) if isinstance(given, Tensor) else given
    return lambda choice: trace_program(program, backward is not False, choice)


def _fitted(
    trace_of: Callable[[Choice], Trace], choice: Choice, fold: bool | None, wishes: Wishes
) -> tuple[Wiring, Shown]:
    """What to draw, and how: of a large graph repetitions once, and fused gates whole."""
    trace, folds = trace_of(choice), fold is not False
    wiring = Wiring(trace, folds, loose=fold is True)
    shown = choose(wiring, wishes)
    if shown.remarks and fold is None:
        loose = Wiring(trace, folds, loose=True)
        if 2 * len(loose.gates) <= len(wiring.gates):  # a few gates that happen to agree are not it
            wiring, shown = loose, choose(loose, wishes)
    if shown.remarks and trace.simpler:
        wiring = Wiring(trace_of(Choice(compact=True)), folds, loose=fold is not False)
        left = {scope.name for scope in wiring.sizes}.union(*wiring.folds.members.values())
        shown = choose(wiring, replace(wishes, collapse=wishes.collapse & left))
        if choice.names or choice.everything:
            shown.remarks.insert(0, f"more than {wishes.max_nodes} parts: gates are drawn whole")
    return wiring, shown


def _check(
    tensor: Any, options: Options, names: Any, max_nodes: Any, depth: Any, fold: Any
) -> None:
    if not isinstance(tensor, Tensor) and not hasattr(
        tensor, "readable" if callable(tensor) else "equations"
    ):
        raise DrawError(
            f"draw: expected a Tensor, got {type(tensor).__name__}; pass the result of a "
            "computation with tensors, such as a loss, or a compiled function"
        )
    if not MODE.get().kind.eager:
        raise DrawError(
            "draw: inside a function that is being compiled there are no values to show; draw "
            "what the function gives when it is called without `compile`"
        )
    title, decimals, show, direction, scheme = astuple(options)
    for name, value, fits, expected in [
        ("title", title, title is None or isinstance(title, str), "a text"),
        ("decimals", decimals, decimals is None or _is_count(decimals, 0, 15), "0 to 15, or None"),
        ("names", names, names is None or isinstance(names, Mapping), 'a dict such as {"q": q}'),
        ("show", show, show in SHOW, f"one of {', '.join(SHOW)}"),
        ("direction", direction, direction in DIRECTION, f"one of {', '.join(DIRECTION)}"),
        ("depth", depth, depth is None or _is_count(depth, 0), "a whole number, or None"),
        ("fold", fold, fold in (True, False, None), "True, False or None"),
        ("scheme", scheme, scheme in SCHEME, f"one of {', '.join(SCHEME)}"),
        ("max_nodes", max_nodes, _is_count(max_nodes, 2), "a whole number of at least 2"),
    ]:
        if not fits:
            raise DrawError(f"draw: {name}={value!r}; expected {expected}")


def _is_count(value: Any, least: int, most: int | None = None) -> bool:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return whole and value >= least and (most is None or value <= most)
