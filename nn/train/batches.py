"""What can be trained on: a loader, arrays of examples and labels, or batches of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from autograd import ShapeError, Tensor

from ..arguments import plain
from ..data.loader import DataLoader
from ..rng import Seed

__all__ = ["batches_of", "count_of", "examples_of", "pairs", "told"]

FORMS = "a DataLoader, arrays (X, y), or a list of batches (x, y)"


def batches_of(
    name: str,
    data: Any,
    y: Any,
    batch_size: int | None,
    usual: int,
    *,
    shuffle: bool,
    seed: Seed = None,
) -> Iterable[Any]:
    """The data as something that gives batches (x, y) at each `for`; `name` says who asks.

    Arrays go in batches of `batch_size`, or of the usual one. Raises TypeError for what is no data,
    ShapeError where there is nothing in it.
    """
    if y is not None:
        data = (data, y)
    if _is_pair_of_arrays(data):
        x, y = (part.numpy() if isinstance(part, Tensor) else part for part in data)
        if not np.size(y) and not np.size(x):
            raise ShapeError(f"{name}: there are no examples, X is {np.shape(x)}")
        return DataLoader(x, y, batch_size or usual, shuffle=shuffle, seed=seed)
    for option, value in (("batch_size", batch_size), ("seed", seed)):
        if value is not None:
            raise TypeError(
                f"{name}: {option} is {value!r}, which is for arrays, and got {_kind(data)}, which "
                "has batches already"
            )
    if isinstance(data, DataLoader):
        if data.y is None:
            raise TypeError(f"{name}: the DataLoader has no y; {_remedy(name, 'loader.x')}")
        return data
    if isinstance(data, (np.ndarray, Tensor)):
        shape = tuple(data.shape)
        raise TypeError(f"{name}: got X {shape} without y; {_remedy(name, 'X')}")
    if isinstance(data, (str, bytes, dict)) or not isinstance(data, Iterable):
        raise TypeError(f"{name}: got {_kind(data)}; expected {FORMS}")
    if isinstance(data, Iterator):
        raise TypeError(
            f"{name}: got {_kind(data)}, which gives its batches only once; expected {FORMS}, such "
            "as list(batches)"
        )
    if isinstance(data, (list, tuple)) and not data:
        raise ShapeError(f"{name}: got an empty {type(data).__name__}; expected {FORMS}")
    return data


def pairs(name: str, batches: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """The batches, each of which has to be an x and a y."""
    for batch in batches:
        if not isinstance(batch, (tuple, list)) or len(batch) != 2:
            raise TypeError(f"{name}: a batch is {told(batch)}; expected a pair (x, y)")
        yield batch[0], batch[1]


def examples_of(name: str, x: Any, y: Any) -> int:
    """How many examples there are in a batch. Raises ShapeError for none."""
    first = x if isinstance(x, (np.ndarray, Tensor)) and x.ndim else y
    try:
        count = len(first)
    except TypeError:
        raise TypeError(
            f"{name}: a batch is {told((x, y))}; expected arrays whose first axis is that of the "
            "examples"
        ) from None
    if not count:
        raise ShapeError(f"{name}: a batch is empty, {told((x, y))}; leave it out")
    return count


def count_of(batches: Any) -> int | None:
    """How many batches there are, where that is known."""
    return len(batches) if hasattr(batches, "__len__") else None


def told(value: Any) -> str:
    """The shapes and dtypes of a batch, for people.

    >>> told((np.zeros((5, 2)), [1, 2]))
    '(float64 (5, 2), [int, int])'
    """
    if isinstance(value, (np.ndarray, Tensor)):
        return f"{value.dtype} {tuple(value.shape)}"
    if isinstance(value, (tuple, list)):
        more = ", ..." if len(value) > 4 else ""
        inside = ", ".join(map(told, value[:4])) + more
        return f"({inside})" if isinstance(value, tuple) else f"[{inside}]"
    return type(value).__name__


def _is_pair_of_arrays(data: Any) -> bool:
    """A tuple of two things that are arrays, or nested lists: neither is a batch (x, y) itself."""
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        return False
    if isinstance(data, tuple):
        return not any(_is_batch(part) for part in data)
    return all(isinstance(part, (np.ndarray, Tensor)) for part in data)


def _is_batch(part: Any) -> bool:
    return isinstance(part, (tuple, list)) and len(part) == 2 and all(
        isinstance(inner, (np.ndarray, Tensor)) for inner in part
    )  # fmt: skip


def _kind(data: Any) -> str:
    kind = type(data).__name__
    return f"the class {data.__name__}" if isinstance(data, type) else f"a {kind}"


def _remedy(name: str, x: str) -> str:
    both, same = f"({x}, y)", f"({x}, {x})"
    how = f"{name}=" if name == "validation" else name
    return f"write {how}{both}, or {how}{same} for an autoencoder, whose targets are its inputs"


def inputs_of(x: Any) -> Any:
    """X as an array for `predict`."""
    if isinstance(x, Tensor):
        return x.numpy()
    array = plain(x, "predict: X")
    if not array.ndim or not len(array):
        raise ShapeError(f"predict: X is {array.shape}; expected at least one example, (n, ...)")
    if array.dtype.kind not in "fiubc":
        raise TypeError(f"predict: X holds {array.dtype}; expected numbers")
    return array
