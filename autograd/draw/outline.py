"""Graphs without numbers: the shapes of a net that is too large to run only for its picture.

Inside `shapes_only` a gate works out the shape of its result and nothing else; all values are
NaN, which take no memory: one number is shown at every place. So nothing can be mistaken for a
result, and no gradient either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..gate import Gate
from ..modes import _Switch
from .errors import DrawError

__all__ = ["blank", "shapes_only"]

LARGE = 1 << 20  # elements: below that a gate without a rule here just runs


def shapes_only() -> _Switch:
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
    return _Switch(tracer=Outline())


def blank(shape: tuple[int, ...], dtype: DTypeLike = float) -> np.ndarray[Any, Any]:
    """An array of this shape that takes no memory: NaN at every place (0 for integers).

    >>> from autograd.draw import blank
    >>> blank((1000, 1000, 1000)).shape
    (1000, 1000, 1000)
    """
    dtype = np.dtype(dtype)
    single = np.array(np.nan if dtype.kind == "f" else 0, dtype)
    single.flags.writeable = False
    return np.broadcast_to(single, shape)


class Outline:
    """What gates ask while only shapes are wanted, in the place of the trace of `compile`."""

    named = False  # nobody asks which variable belongs to which node

    def enter(self, gate: Gate, operands: Iterable[Any], scope: Any) -> None:
        """A gate is called."""

    def made(self, result: Any) -> None:
        """A gate has recorded its result."""

    def lift(self, operands: Iterable[Any]) -> bool:
        """Nothing is taken out of tensors."""
        return False

    def born(self, tensor: Any) -> None:
        """A tensor is made."""

    def constant(self, value: Any) -> Any:
        """A value from outside."""
        return value

    def gradient(self, node: Any) -> Any:
        """The gradient that a leaf has collected."""
        return node.slot.grad if node.slot is not None else None

    def cleared(self, slot: Any) -> None:
        """A gradient is set."""

    def setting(self, owner: Any, name: str) -> Any:
        """A number that belongs to an object, such as a step size."""
        return getattr(owner, name)

    def kernels(self, gate: Gate) -> tuple[Callable[..., Any], Callable[..., Any] | None]:
        """Kernels that give blank arrays."""

        def kernel(*given: Any, **static: Any) -> Any:
            shape, dtype = _result(gate, given, static)
            return blank(shape, dtype)[()] if shape == () else blank(shape, dtype)

        def fused(*given: Any, **static: Any) -> tuple[Any, ...]:
            out = kernel(*given, **static)
            return out, *[out] * len(gate.cache)

        return kernel, fused if gate.fused is not None else None

    def go_back(self, *_: Any) -> Any:
        """The backward pass wants values."""
        raise DrawError(
            "backward inside shapes_only(): there are no values to go back through; run the net "
            "outside of the block"
        )


Shape = tuple[int, ...]


def _result(gate: Gate, given: Any, static: dict[str, Any]) -> tuple[Shape, np.dtype[Any]]:
    """Shape and dtype of what a gate gives; costly gates have a rule, others run on NaN."""
    arrays = list(given[0]) if gate.variadic else [x for x in given if x is not None]
    shape = SHAPES[gate.name](*arrays, **static) if gate.name in SHAPES else None
    if shape is not None:
        return shape, np.result_type(*(x for x in arrays if not isinstance(x, (int, float))))
    if gate.elementwise and max(map(np.size, arrays)) > LARGE:
        numbers = [x if np.ndim(x) == 0 else blank((), x.dtype)[()] for x in arrays]
        return np.broadcast_shapes(*map(np.shape, arrays)), _run(gate, numbers, static).dtype
    out = _run(gate, list(given), static)
    return np.shape(out), np.asarray(out).dtype


def _run(gate: Gate, given: list[Any], static: dict[str, Any]) -> Any:
    with _Switch(tracer=None), np.errstate(all="ignore"):
        return gate.kernel(*given, **static)


def _matmul(x: Any, y: Any) -> Shape | None:
    """As `np.matmul`, of matrices and vectors; None: what is not that, or does not fit."""
    if not (1 <= x.ndim <= 2 and 1 <= y.ndim <= 2) or x.shape[-1] != y.shape[0]:
        return None
    return (*x.shape[:-1], *y.shape[1:])


def _affine(x: Any, w: Any, b: Any) -> Shape | None:
    return _matmul(x, w) if np.shape(b) == w.shape[1:] else None


def _conv2d(x: Any, w: Any, b: Any = None, *, window: Any, groups: int = 1) -> Shape:
    return (len(x), len(w), *window.places(x.shape))


def _pool(x: Any, *, window: Any, **_: Any) -> Shape:
    return (*x.shape[:-2], *window.places(x.shape))


SHAPES: dict[str, Callable[..., Shape | None]] = {
    "matmul": _matmul, "dot": _matmul, "affine": _affine, "conv2d": _conv2d, "max_pool2d": _pool,
    "avg_pool2d": _pool, "l2_penalty": lambda w, strength: (),
}  # fmt: skip
