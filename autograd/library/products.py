"""Products: einsum, and what it can write: tensordot, inner, outer, vecdot, kron, cross, trace."""

from __future__ import annotations

import math
import string
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..arrays import Array
from ..declare import composed, gate
from ..errors import DTypeError, ShapeError
from ..gates.shape import astype, broadcast_to
from ..numpy_api import NUMPY_FUNCTIONS, refuse_options
from ..tensor import Tensor
from . import calls
from .arrange import operand

__all__: list[str] = []

LARGE = 10_000  # products from which on BLAS is worth the way there


# --- einsum --------------------------------------------------------------------------------------


def _of_one(g: Array, other: Array, shape: Any, subscripts: str, position: int) -> Array:
    """The downstream gradient of a contraction is one, too: of the upstream one and the other.

    An axis of length 1 is repeated along one of the other operand that has the same label.
    """
    inputs, out = subscripts.split("->")
    labels = inputs.split(",")
    lengths = dict(zip(out, g.shape, strict=True))
    lengths.update(zip(labels[1 - position], other.shape, strict=True))
    optimize = math.prod(lengths.values()) > LARGE
    turned = f"{out},{labels[1 - position]}->{labels[position]}"
    made = contraction(g, other, subscripts=turned, optimize=optimize)
    whole = np.broadcast_shapes(made.shape, shape)
    return made if made.shape == whole else broadcast_to(made, shape=whole)


@gate(
    name="einsum",
    of_complex="holomorphic",
    symbol="einsum",
    face="einsum {subscripts}",
    role="switcher: each input's gradient is a contraction with the other input",
    vjp=(
        lambda g, y, x_shape, subscripts: _of_one(g, y, x_shape, subscripts, 0),
        lambda g, x, y_shape, subscripts: _of_one(g, x, y_shape, subscripts, 1),
    ),
    says=("{g} contracted with {y}", "{g} contracted with {x}"),
)
def contraction(x: Array, y: Array, subscripts: str, optimize: Any = False) -> Array:
    """Two arrays by `np.einsum`: in each no label is repeated, nor stands there alone.

    The labels of each operand are those of the other one, or of the result.
    """
    return np.einsum(subscripts, x, y, optimize=optimize)


@composed(np.einsum)
def einsum(
    *operands: Any, out: Any = None, optimize: Any = False, dtype: Any = None,
    casting: str = "safe", order: str = "K",
) -> Any:  # fmt: skip
    """The sum of products that subscripts tell, as `np.einsum`.

    Repeated labels of an operand are a diagonal, labels that nobody else has are summed; then two
    operands at a time are contracted.
    """
    if not isinstance(operands[0], str) and len(operands) < 2:
        raise TypeError(
            "einsum: got no subscripts; they come first, as text: np.einsum('ij,jk->ik', a, b)"
        )
    refuse_options("einsum", {"order": None if order == "K" else order})
    inputs, result, given = _parsed(operands)
    arrays = given if dtype is None else [_converted(x, dtype, casting) for x in given]
    for k, labels in enumerate(inputs):
        others = "".join(names for i, names in enumerate(inputs) if i != k) + result
        inputs[k], arrays[k] = _reduced(labels, arrays[k], others)
    if len(arrays) == 1:
        x = np.transpose(arrays[0], tuple(map(inputs[0].index, result)))
        return x if out is None else calls.written(x, out, "np.einsum")
    for places in _path(inputs, result, arrays, optimize):
        parts = [(inputs.pop(k), arrays.pop(k)) for k in sorted(places, reverse=True)][::-1]
        while len(parts) > 1:
            (first, x), (second, y), *parts = parts
            wanted = "".join([*inputs, *(names for names, _ in parts)])
            labels = "".join(c for c in dict.fromkeys(first + second) if c in wanted + result)
            labels = labels if wanted else result
            subscripts = f"{first},{second}->{labels}"
            made = contraction(x, y, subscripts=subscripts, optimize=optimize is not False)
            parts.insert(0, (labels, made))
        inputs.append(parts[0][0])
        arrays.append(parts[0][1])
    return arrays[0] if out is None else calls.written(arrays[0], out, "np.einsum")


def _converted(x: Any, dtype: Any, casting: Any) -> Any:
    """An operand in the dtype of the computation."""
    if not np.can_cast(x.dtype, dtype, casting):
        raise DTypeError(
            f"einsum(..., dtype={np.dtype(dtype)}): an operand is {x.dtype}, which {casting!r} "
            "casting does not make into that; give casting='same_kind', or convert it first"
        )
    return x if x.dtype == dtype else astype(x, dtype=dtype)


def _reduced(labels: str, x: Any, others: str) -> tuple[str, Any]:
    """An operand with each label once, and only such labels as stand elsewhere too."""
    for label in [c for c in dict.fromkeys(labels) if labels.count(c) > 1]:
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            x = np.diagonal(x, 0, first, second)
            labels = labels[:first] + labels[first + 1 : second] + labels[second + 1 :] + label
    alone = tuple(k for k, label in enumerate(labels) if label not in others)
    if alone:
        x = np.sum(x, axis=alone)
        labels = "".join(label for label in labels if label in others)
    return labels, x


def _path(inputs: list[str], result: str, arrays: list[Any], optimize: Any) -> Any:
    """Which operands to contract, one time after the other."""
    if len(arrays) == 2:
        return [(0, 1)]
    shapes = [np.broadcast_to(0.0, x.shape) for x in arrays]
    subscripts = f"{','.join(inputs)}->{result}"
    order = "greedy" if optimize in (False, True) else optimize
    return np.einsum_path(subscripts, *shapes, optimize=order)[0][1:]


def _parsed(operands: Sequence[Any]) -> tuple[list[str], str, list[Any]]:
    """The labels of each operand and of the result, a letter for each axis; and the operands."""
    if not isinstance(operands[0], str):
        operands = _from_lists(operands)
    subscripts, arrays = operands[0].replace(" ", ""), [operand(x) for x in operands[1:]]
    left, arrow, out = subscripts.partition("->")
    terms = left.split(",")
    if len(terms) != len(arrays):
        raise ShapeError(
            f"einsum: {subscripts!r} has subscripts for {len(terms)} operands, but got "
            f"{len(arrays)}"
        )
    spare = [c for c in string.ascii_letters if c not in subscripts]
    counts = [x.ndim - len(t.replace("...", "")) for t, x in zip(terms, arrays, strict=True)]
    most = max((n for n, t in zip(counts, terms, strict=True) if "..." in t), default=0)
    dots = "".join(spare[: max(most, 0)])
    inputs = []
    for term, x, count in zip(terms, arrays, counts, strict=True):
        if count < 0 or (count > 0 and "..." not in term):
            raise ShapeError(
                f"einsum: {term!r} in {subscripts!r} is for {len(term.replace('...', ''))} axes, "
                f"but the operand has shape {x.shape}"
            )
        inputs.append(term.replace("...", dots[len(dots) - count :] if count else ""))
    if arrow:
        result = out.replace("...", dots)
    else:
        letters = left.replace(",", "").replace(".", "")
        result = dots + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    _check_labels(subscripts, inputs, result, dots, arrays)
    return inputs, result, arrays


def _check_labels(
    subscripts: str, inputs: list[str], result: str, dots: str, arrays: list[Any]
) -> None:
    """Raise ShapeError for lengths that differ, and for a result that the operands do not give."""
    if len(set(result)) < len(result) or not set(result) <= set("".join(inputs)):
        raise ShapeError(
            f"einsum: the result in {subscripts!r} has a label twice, or one that no operand has"
        )
    if set(dots) - set(result):
        raise ShapeError(f"einsum: the result in {subscripts!r} wants '...', as the operands have")
    if not set("".join(inputs)) <= set(string.ascii_letters):
        raise ShapeError(f"einsum: {subscripts!r} has other labels than letters and '...'")
    lengths: dict[str, set[int]] = {}
    for labels, x in zip(inputs, arrays, strict=True):
        own: dict[str, set[int]] = {}
        for label, length in zip(labels, x.shape, strict=True):
            own.setdefault(label, set()).add(length)
            lengths.setdefault(label, set()).add(length)
            if len(own[label]) > 1 or len(lengths[label] - {1}) > 1:
                raise ShapeError(
                    f"einsum: {subscripts!r} of shapes {', '.join(str(x.shape) for x in arrays)}: "
                    f"the axes {label!r} have lengths {sorted(lengths[label])}; all axes of a "
                    "label need the same"
                )


def _from_lists(operands: Sequence[Any]) -> Sequence[Any]:
    """The form with lists of labels, `einsum(x, [0, 1], [1, 0])`, as one with letters."""
    arrays, lists = list(operands[0::2]), list(operands[1::2])
    out = arrays.pop() if len(operands) % 2 else None
    named = [*lists, *([out] if out is not None else [])]
    known = sorted({label for labels in named for label in labels if label is not Ellipsis})
    letters = dict(zip(known, sorted(string.ascii_letters), strict=False))
    terms = ["".join("..." if c is Ellipsis else letters[c] for c in t) for t in named]
    text = ",".join(terms[: len(lists)]) + (f"->{terms[-1]}" if out is not None else "")
    return [text, *arrays]


def _einsum_path(*operands: Any, **options: Any) -> Any:
    """`np.einsum_path`, which reads the shapes alone."""
    shapes = [np.broadcast_to(0.0, x.shape) if isinstance(x, Tensor) else x for x in operands]
    return np.einsum_path(*shapes, **options)


NUMPY_FUNCTIONS[np.einsum_path] = _einsum_path

# --- products of vectors and matrices ------------------------------------------------------------


def _conjugated(x: Any) -> Any:
    return np.conj(x) if x.dtype.kind == "c" else x


@composed(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """The sum over axes of one with axes of the other, as `np.tensordot`."""
    a, b = operand(a), operand(b)
    pairs = axes if np.iterable(axes) else (range(a.ndim - axes, a.ndim), range(axes))
    in_a, in_b = (
        normalize_axis_tuple(tuple(k) if np.iterable(k) else k, x.ndim, allow_duplicate=True)
        for k, x in zip(pairs, (a, b), strict=True)
    )
    lengths = [tuple(x.shape[k] for k in own) for x, own in ((a, in_a), (b, in_b))]
    if lengths[0] != lengths[1]:
        raise ShapeError(
            f"tensordot: a is {a.shape} and b is {b.shape}; the axes {in_a} and {in_b} to sum over "
            f"have lengths {lengths[0]} and {lengths[1]}"
        )
    free_a = tuple(k for k in range(a.ndim) if k not in in_a)
    free_b = tuple(k for k in range(b.ndim) if k not in in_b)
    rows, columns = [a.shape[k] for k in free_a], [b.shape[k] for k in free_b]
    inner = math.prod(lengths[0])
    left = np.reshape(np.transpose(a, (*free_a, *in_a)), (math.prod(rows), inner))
    right = np.reshape(np.transpose(b, (*in_b, *free_b)), (inner, math.prod(columns)))
    return np.reshape(np.matmul(left, right), (*rows, *columns))


@composed(np.inner)
def inner(a: Any, b: Any) -> Any:
    """The sum over the last axes, as `np.inner`."""
    a, b = operand(a), operand(b)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    return np.matmul(a, b) if a.ndim == b.ndim == 1 else tensordot(a, b, axes=(-1, -1))


@composed(np.outer)
def outer(a: Any, b: Any, out: Any = None) -> Any:
    """All products of an element of a with one of b, as `np.outer`."""
    a, b = operand(a), operand(b)
    made = np.reshape(a, (-1, 1)) * np.reshape(b, (1, -1))
    return made if out is None else calls.written(made, out, "np.outer")


@composed(np.vdot)
def vdot(a: Any, b: Any) -> Any:
    """The sum of conj(a) b over all elements, as `np.vdot`."""
    a, b = operand(a), operand(b)
    if a.size != b.size:
        raise ShapeError(f"vdot: a is {a.shape} and b is {b.shape}; they need as many elements")
    return np.matmul(_conjugated(np.reshape(a, -1)), np.reshape(b, -1))


def _axes_last(
    x: Any, y: Any, core: tuple[int, int, int], axis: Any, axes: Any
) -> tuple[Any, Any, Any]:
    """Operands with the axes that a product is over at the end; and where those of the result go.

    `core` is how many axes of each operand, and of the result, belong to the product.
    """
    if axes is np._NoValue or axes is None:
        axes = (() if axis in (np._NoValue, None) else (axis,),) * 2
    given = [k if isinstance(k, tuple) else (k,) for k in axes]
    last = [tuple(range(-n, 0)) for n in core]
    x, y = (
        np.moveaxis(v, own, there) if own else v
        for v, own, there in zip((x, y), given, last, strict=False)
    )
    return x, y, given[2] if len(given) > 2 else last[2]


def _placed(x: Any, count: int, places: Any) -> Any:
    """The result with the last axes where they were asked for."""
    last = tuple(range(-count, 0))
    return x if not count or places == last else np.moveaxis(x, last, places)


@composed(np.vecdot)
def vecdot(
    x1: Any, x2: Any, axis: Any = np._NoValue, axes: Any = np._NoValue, keepdims: Any = False
) -> Any:
    """The sum of conj(x1) x2 over an axis, as `np.vecdot`."""
    x, y = operand(x1), operand(x2)
    _check_core("vecdot", x, y, 1, 1)
    count = max(x.ndim, y.ndim)
    x, y, _ = _axes_last(x, y, (1, 1, 0), axis, axes)
    _check_inner("vecdot", x, y, x.shape[-1], y.shape[-1])
    plain = x.ndim == y.ndim == 1
    x = _conjugated(x)
    made = np.matmul(x, y) if plain else np.einsum("...i,...i->...", x, y)
    if keepdims is True:
        single = -1 if axis is np._NoValue else axis
        made = np.expand_dims(made, normalize_axis_index(single, count))
    return made


@composed(np.matvec)
def matvec(x1: Any, x2: Any, axes: Any = np._NoValue) -> Any:
    """The product of matrices with vectors, as `np.matvec`."""
    x, y = operand(x1), operand(x2)
    _check_core("matvec", x, y, 2, 1)
    x, y, place = _axes_last(x, y, (2, 1, 1), None, axes)
    _check_inner("matvec", x, y, x.shape[-1], y.shape[-1])
    made = np.matmul(x, y) if y.ndim == 1 else np.einsum("...ij,...j->...i", x, y)
    return _placed(made, 1, place)


@composed(np.vecmat)
def vecmat(x1: Any, x2: Any, axes: Any = np._NoValue) -> Any:
    """The product of vectors, conjugated, with matrices, as `np.vecmat`."""
    x, y = operand(x1), operand(x2)
    _check_core("vecmat", x, y, 1, 2)
    x, y, place = _axes_last(x, y, (1, 2, 1), None, axes)
    _check_inner("vecmat", x, y, x.shape[-1], y.shape[-2])
    x = _conjugated(x)
    made = np.matmul(x, y) if x.ndim == 1 else np.einsum("...i,...ij->...j", x, y)
    return _placed(made, 1, place)


def _check_core(name: str, x: Any, y: Any, in_x: int, in_y: int) -> None:
    if x.ndim < in_x or y.ndim < in_y:
        raise ShapeError(
            f"{name}: x1 is {x.shape} and x2 is {y.shape}; they need {in_x} and {in_y} axes or more"
        )


def _check_inner(name: str, x: Any, y: Any, first: int, second: int) -> None:
    if first != second:
        raise ShapeError(
            f"{name}: x1 is {x.shape} and x2 is {y.shape}; the lengths to sum over, {first} and "
            f"{second}, differ"
        )


@composed(np.kron)
def kron(a: Any, b: Any) -> Any:
    """The Kronecker product: b in blocks, times each element of a, as `np.kron`."""
    a, b = operand(a), operand(b)
    count = max(a.ndim, b.ndim)
    rows = (1,) * (count - a.ndim) + a.shape
    columns = (1,) * (count - b.ndim) + b.shape
    left = np.reshape(a, [n for length in rows for n in (length, 1)])
    right = np.reshape(b, [n for length in columns for n in (1, length)])
    shape = tuple(n * m for n, m in zip(rows, columns, strict=True))
    return np.reshape(left * right, shape)


@composed(np.cross)
def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """The vector that is perpendicular to two others, as `np.cross`; of vectors in a plane its
    third component."""
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = np.moveaxis(operand(a), axisa, -1), np.moveaxis(operand(b), axisb, -1)
    if not {x.shape[-1], y.shape[-1]} <= {2, 3}:
        raise ShapeError(
            f"cross: a is {np.shape(a)} and b is {np.shape(b)}; vectors need 2 or 3 components"
        )
    flat = x.shape[-1] == y.shape[-1] == 2
    if flat:
        return x[..., 0] * y[..., 1] - x[..., 1] * y[..., 0]
    x, y = _in_space(x), _in_space(y)
    one, two = np.array([1, 2, 0]), np.array([2, 0, 1])
    return np.moveaxis(x[..., one] * y[..., two] - x[..., two] * y[..., one], -1, axisc)


def _in_space(x: Any) -> Any:
    """Vectors of two components with a third one, 0."""
    if x.shape[-1] == 3:
        return x
    return np.concatenate([x, np.zeros((*x.shape[:-1], 1), x.dtype)], axis=-1)


@composed(np.trace, methods=["trace"])
def trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> Any:
    """The sum along a diagonal, as `np.trace`."""
    diagonal = np.diagonal(a, offset, axis1, axis2)
    made = np.sum(diagonal if dtype is None else astype(diagonal, dtype=dtype), axis=-1)
    return made if out is None else calls.written(made, out, "np.trace")
