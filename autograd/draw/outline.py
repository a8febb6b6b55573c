"""Graphs without numbers: the shapes of a net that is too large to run only for its picture.

Inside `shapes_only` a gate works out the shape of its result and nothing else; all values are
NaN, which take no memory: one number is shown at every place. So nothing can be mistaken for a
result, and no gradient either.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..arrays import frozen
from ..gate import Edge, Gate, Plan
from ..modes import Switch, computing_with
from ..node import Node
from ..values import ARRAYS, Kind
from .errors import DrawError

__all__ = ["blank", "shapes_only"]

LARGE = 1 << 20  # elements: below that a gate without a rule here just runs


def shapes_only() -> Switch:
    """Record graphs without computing: a `with` block. Draw them with show="outline".

    >>> from autograd import Tensor
    >>> from autograd.draw import blank, draw, shapes_only
    >>> W = Tensor(blank((4096, 9216)), name="W")  # takes no memory
    >>> with shapes_only():
    ...     y = W @ np.ones(9216)
    >>> print(draw(y, show="outline").text, end="")
    f (4096,)            @
    ├─ W (4096, 9216)
    └─ (9216,)
    """
    return computing_with(Outline())


def blank(shape: tuple[int, ...], dtype: DTypeLike = float) -> np.ndarray[Any, Any]:
    """An array of this shape that takes no memory: NaN at every place (0 for integers).

    >>> from autograd.draw import blank
    >>> blank((1000, 1000, 1000)).shape
    (1000, 1000, 1000)
    """
    dtype = np.dtype(dtype)
    single = frozen(np.array(np.nan if dtype.kind == "f" else 0, dtype))
    return np.ndarray(shape, dtype, single, 0, (0,) * len(shape))


class Outline(Kind):
    """The kind of values without numbers: gates give blank arrays."""

    eager = False

    def forward(self, gate: Gate, values: Any, static: Any, plan: Plan | None) -> tuple[Any, Any]:
        """A blank array of the shape and dtype of the result."""
        shape, dtype = _result(gate, [values] if gate.variadic else values, static)
        return blank(shape, dtype)[()] if shape == () else blank(shape, dtype), None

    def back(self, node: Node, edge: Edge, g: Any, arguments: Any = None) -> Any:
        """The backward pass wants values."""
        raise DrawError(
            "backward inside shapes_only(): there are no values to go back through; run the net "
            "outside of the block"
        )


Shape = tuple[int, ...]


def _result(gate: Gate, given: Any, static: dict[str, Any]) -> tuple[Shape, np.dtype[Any]]:
    """Shape and dtype of what a gate gives; rows of costly gates tell, others run on NaN."""
    arrays = list(given[0]) if gate.variadic else [x for x in given if x is not None]
    if (shape := _shape(gate, given, static)) is not None:
        return shape, np.result_type(*(x for x in arrays if not isinstance(x, (int, float))))
    if gate.elementwise and max(map(np.size, arrays)) > LARGE:
        numbers = [x if np.ndim(x) == 0 else blank((), x.dtype)[()] for x in arrays]
        return np.broadcast_shapes(*map(np.shape, arrays)), _run(gate, numbers, static).dtype
    out = _run(gate, list(given), static)
    return np.shape(out), np.asarray(out).dtype


def _shape(gate: Gate, given: Any, static: dict[str, Any]) -> Shape | None:
    """The shape as the row tells it; None if it does not."""
    if gate.shape is None:
        return None
    shapes = (None if x is None else np.shape(x) for x in given)
    return gate.shape(*shapes, **{**gate.statics, **static})  # type: ignore[no-any-return]


def _run(gate: Gate, given: list[Any], static: dict[str, Any]) -> Any:
    with computing_with(ARRAYS), np.errstate(all="ignore"):
        try:
            return gate.kernel(*given, **static)
        except np.linalg.LinAlgError:  # NaN has no singular values: what has some is as large
            return gate.kernel(*map(_regular, given), **static)


def _regular(x: Any) -> Any:
    """Unit matrices, as far as they are matrices, of the same shape."""
    shape = np.shape(x)
    if len(shape) < 2:
        return np.zeros_like(x)
    return np.broadcast_to(np.eye(*shape[-2:], dtype=x.dtype), shape)
