"""Functions that make tensors: of numbers, lists and arrays, by rule, or from another library.

What they make is a constant, as in every other namespace of the standard: code that allocates
memory for its results asks for no gradient. `requires_grad=True` makes a variable.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..library.calls import leaves
from ..tensor import Tensor
from .calls import applied, check_device, several, writable
from .dtypes import astype

__all__ = [
    "arange", "asarray", "empty", "empty_like", "eye", "from_dlpack", "full", "full_like",
    "linspace", "meshgrid", "ones", "ones_like", "tril", "triu", "zeros", "zeros_like",
]  # fmt: skip


def asarray(
    obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None,
    requires_grad: bool | None = None,
) -> Tensor:  # fmt: skip
    """A tensor of numbers, a nested list, an array, or the same tensor if nothing has to change.

    A tensor keeps its gradient, a list of tensors is stacked; everything else becomes a constant
    (a variable with `requires_grad=True`). `copy=False` promises that nobody writes to the memory
    any more, and raises ValueError where it cannot be shared.

    >>> asarray([1.0, 2.0]).requires_grad
    False
    """
    check_device(device)
    if isinstance(obj, Tensor):
        result = _of_tensor(obj, dtype, copy)
    elif isinstance(obj, (list, tuple)) and any(isinstance(x, Tensor) for x in leaves(obj)):
        result = _stacked(obj)
        result = result if dtype is None else astype(result, dtype, copy=False)
    else:
        result = _of_values(obj, dtype, copy)
    if requires_grad is not None and requires_grad != result.requires_grad:
        result.requires_grad = requires_grad
    return result


def _of_tensor(x: Tensor, dtype: Any, copy: bool | None) -> Tensor:
    if dtype is not None and x.dtype != dtype and copy is False:
        raise ValueError(f"asarray: {x.dtype} becomes {np.dtype(dtype)} only by copy=True")
    return astype(x, x.dtype if dtype is None else dtype, copy=bool(copy))


def _of_values(obj: Any, dtype: Any, copy: bool | None) -> Tensor:
    array = np.asarray(obj, dtype=dtype)
    if copy is False and (not array.ndim or not _shares(array, obj)):
        raise ValueError(
            f"asarray(copy=False): the memory of a {type(obj).__name__} cannot be shared as "
            f"{array.dtype} {array.shape}; leave out copy=False"
        )
    return _made(array if copy is False else np.array(array), shared=copy is False)


def _shares(array: Any, obj: Any) -> bool:
    if isinstance(obj, (list, tuple)):
        return False
    return bool(np.shares_memory(array, obj if isinstance(obj, np.ndarray) else np.asarray(obj)))


def _stacked(parts: Any) -> Tensor:
    """A nested list that holds tensors, as one."""
    tensors = [_stacked(x) if isinstance(x, (list, tuple)) else asarray(x) for x in parts]
    return applied(np.stack, tensors)


def _made(
    array: Any, device: Any = None, requires_grad: bool = False, shared: bool = False
) -> Tensor:
    """A tensor of an array that nobody else has, unless it is said that they share it."""
    check_device(device)
    return writable(Tensor(array, requires_grad, copy=not shared))


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor of the values of an array of another library: a copy, so that writes to it there
    change nothing that was recorded here. `copy=False` shares the memory, and promises not to
    write to it.
    """
    check_device(device)
    if isinstance(x, Tensor) and not x.requires_grad:
        return asarray(x, copy=copy is not False)
    return _made(np.from_dlpack(x), shared=copy is False)


# --- by rule -------------------------------------------------------------------------------------


def arange(
    start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers at equal steps, from `start` to before `stop`; from 0 if only one end is given."""
    ends = (0, start) if stop is None else (start, stop)
    numbers = [x.item() if isinstance(x, Tensor) else x for x in (*ends, step)]
    return _made(np.arange(*numbers, dtype=dtype), device, requires_grad)


def linspace(
    start: Any, stop: Any, /, num: int, *, dtype: Any = None, device: Any = None,
    endpoint: bool = True, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """`num` numbers at equal distances from `start` to `stop`; gradients flow to tensor ends."""
    check_device(device)
    if any(isinstance(x, Tensor) for x in (start, stop)):
        made = applied(np.linspace, start, stop, num, endpoint=endpoint)
        return made if dtype is None else astype(made, dtype, copy=False)
    return _made(np.linspace(start, stop, num, dtype=dtype, endpoint=endpoint), None, requires_grad)


def eye(
    n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Ones on a diagonal, zeros elsewhere."""
    return _made(np.eye(n_rows, n_cols, k=k, dtype=dtype or float), device, requires_grad)


def zeros(
    shape: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A tensor of zeros: a constant, unless asked to be a variable.

    >>> zeros(2), zeros(2, requires_grad=True)
    (Tensor([0., 0.]), Tensor([0., 0.], requires_grad=True))
    """
    return _made(np.zeros(shape, dtype or float), device, requires_grad)


def ones(
    shape: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A tensor of ones."""
    return _made(np.ones(shape, dtype or float), device, requires_grad)


def empty(
    shape: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A tensor of values that nobody has set."""
    return _made(np.empty(shape, dtype or float), device, requires_grad)


def full(
    shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of one value everywhere; gradients flow to a value that is a tensor."""
    check_device(device)
    if isinstance(fill_value, Tensor):
        value = fill_value if dtype is None else astype(fill_value, dtype, copy=False)
        return applied(np.copy, np.broadcast_to(value, shape))
    return _made(np.full(shape, fill_value, dtype), None, requires_grad)


def zeros_like(
    x: Any, /, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Zeros of the shape and dtype of a tensor; a constant, whatever x is."""
    return zeros(x.shape, dtype=dtype or x.dtype, device=device, requires_grad=requires_grad)


def ones_like(
    x: Any, /, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Ones of the shape and dtype of a tensor; a constant, whatever x is."""
    return ones(x.shape, dtype=dtype or x.dtype, device=device, requires_grad=requires_grad)


def empty_like(
    x: Any, /, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Values that nobody has set, of the shape and dtype of a tensor."""
    return empty(x.shape, dtype=dtype or x.dtype, device=device, requires_grad=requires_grad)


def full_like(
    x: Any, /, fill_value: Any, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """One value everywhere, in the shape and dtype of a tensor."""
    options = {"dtype": dtype or x.dtype, "device": device}
    return full(x.shape, fill_value, **options, requires_grad=requires_grad)


# --- of other tensors ----------------------------------------------------------------------------


def meshgrid(*arrays: Any, indexing: str = "xy") -> list[Tensor]:
    """The coordinates of all points of a grid, one tensor for each axis."""
    return list(several(np.meshgrid, *arrays, indexing=indexing))


def tril(x: Any, /, *, k: int = 0) -> Tensor:
    """The lower triangles of matrices, zeros above the k-th diagonal."""
    return applied(np.tril, x, k=k)


def triu(x: Any, /, *, k: int = 0) -> Tensor:
    """The upper triangles of matrices, zeros below the k-th diagonal."""
    return applied(np.triu, x, k=k)
