"""Types (a stand-in until the real one is merged)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Type", "type_of"]


@dataclass(frozen=True, slots=True)
class Type:
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    strides: tuple[int, ...]
    weak: bool = False

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))

    @property
    def itemsize(self) -> int:
        return int(self.dtype.itemsize)

    @property
    def nbytes(self) -> int:
        return self.size * self.itemsize

    @property
    def is_contiguous(self) -> bool:
        return bool(_dummy(self).flags.c_contiguous)

    def empty(self) -> Any:
        return np.empty_like(_dummy(self))

    @property
    def fresh(self) -> Type:
        return type_of(np.empty_like(_dummy(self)))


def type_of(value: Any) -> Type:
    if isinstance(value, np.ndarray):
        return Type(value.shape, value.dtype, value.strides)
    if isinstance(value, np.generic):
        return Type((), value.dtype, ())
    return Type((), np.asarray(value).dtype, (), True)


def _dummy(t: Type) -> Any:
    return np.ndarray(
        t.shape,
        t.dtype,
        np.zeros(
            sum((n - 1) * abs(s) for n, s in zip(t.shape, t.strides)) + t.itemsize if t.size else 1,
            np.uint8,
        ),
        sum((n - 1) * -s for n, s in zip(t.shape, t.strides) if s < 0) if t.size else 0,
        t.strides,
    )


def dummy_of(t: Type) -> Any:
    if t.weak:
        return t.dtype.type(1).item()
    if not t.shape:
        return t.dtype.type(1)
    x = _dummy(t)
    return x


def infer(function: Any, args: Any, kwargs: Any) -> tuple[Type, Any]:
    """Type and the operand whose memory is shown (position among flat arrays)."""
    flat: list[Any] = []

    def tree(x: Any) -> Any:
        if isinstance(x, Type):
            flat.append(dummy_of(x))
            return flat[-1]
        if isinstance(x, np.ndarray):
            flat.append(x)
            return x
        if isinstance(x, (tuple, list)):
            return type(x)(map(tree, x))
        if isinstance(x, dict):
            return {k: tree(v) for k, v in x.items()}
        if isinstance(x, slice):
            return slice(tree(x.start), tree(x.stop), tree(x.step))
        return x

    if function.__name__ == "check_labels":
        labels = args[0] if isinstance(args[0], Type) else type_of(args[0])
        if labels.ndim == 1 and labels.dtype == np.intp:
            return labels, 0
        return type_of(np.empty(labels.shape[0], np.intp)), None
    a, k = tree(args), tree(kwargs)
    with np.errstate(all="ignore"):
        out = function(*a, **k)
    view = None
    if isinstance(out, np.ndarray):
        for n, x in enumerate(flat):
            if isinstance(x, np.ndarray) and np.may_share_memory(out, x):
                view = n
                break
    return type_of(out), view
