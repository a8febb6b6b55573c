"""Types by rule: what every primitive gives, told without data, is what NumPy gives."""

from __future__ import annotations

import itertools
import math
import operator
import sys
from collections.abc import Callable, Iterator
from inspect import unwrap
from typing import Any

import numpy as np
import pytest
from draws import generator
from gate_cases import CASES, Case, value_and_all_grads

import autograd as ag
from autograd.compiler import taught
from autograd.compiler.binding import read_all
from autograd.compiler.interpret import interpret
from autograd.compiler.ops import OPS, function_name, op_of, power_of_array, python_power
from autograd.compiler.program import Equation, Program, Variable
from autograd.compiler.results import DependsOnDataError, NoTypeError
from autograd.compiler.traced import cast
from autograd.compiler.types import Type, filled, fresh, map_tree, packed, type_of, unread
from autograd.gates.losses import check_labels
from autograd.gates.windows import Window, pieces_of, sum_of_pieces

TIMES = 150  # calls of each primitive
DTYPES = [np.dtype(name) for name in ("f8", "f4", "i8", "?")]
LENGTHS = (0, 1, 1, 2, 3, 3, 5)

Call = tuple[tuple[Any, ...], dict[str, Any]]


class Draw:
    """Random operands in every layout, and random options."""

    def __init__(self, seed: int):
        self.rng = generator(seed)

    def one_of(self, *choices: Any) -> Any:
        return choices[self.rng.integers(len(choices))]

    def shape(self, most: int = 4, least: int = 0) -> tuple[int, ...]:
        count = self.rng.integers(least, most + 1)
        return tuple(int(n) for n in self.rng.choice(LENGTHS, count))

    def array(self, shape: tuple[int, ...], dtypes: Any = DTYPES) -> Any:
        """Of this shape: in C or another order, with gaps, backwards, or repeated by strides 0."""
        dtype = self.one_of(*dtypes)
        if not shape:
            return dtype.type(1)
        order = self.rng.permutation(len(shape)) if self.rng.random() < 0.5 else range(len(shape))
        gaps = [self.one_of(1, 1, 1, 2, 3) for _ in shape]
        ways = [self.one_of(1, 1, 1, -1) for _ in shape]
        repeats = [self.rng.random() < 0.07 for _ in shape]
        whole = [1 if r else n * gap for n, gap, r in zip(shape, gaps, repeats, strict=True)]
        memory = self.rng.integers(0, 3, [whole[k] for k in order]).astype(dtype)
        array = memory.transpose(np.argsort(order))
        array = array[tuple(slice(None, None, g * w) for g, w in zip(gaps, ways, strict=True))]
        return np.broadcast_to(array, shape) if any(repeats) else array

    def with_shape_of(self, shape: tuple[int, ...], dtypes: Any = DTYPES) -> Any:
        """What broadcasts with this shape; perhaps a Python number."""
        if self.rng.random() < 0.2:
            return self.one_of(2.0, 2, True)
        part = shape[self.rng.integers(0, len(shape) + 1) :]
        return self.array(tuple(self.one_of(n, n, n, 1) for n in part), dtypes)

    def axis(self, ndim: int) -> int:
        return int(self.rng.integers(-ndim, ndim))

    def axes(self, ndim: int) -> Any:
        if not ndim or self.rng.random() < 0.2:
            return None
        some = tuple(int(k) for k in self.rng.permutation(ndim)[: self.rng.integers(0, ndim + 1)])
        return self.one_of(self.axis(ndim), some)

    def split(self, size: int) -> tuple[int, ...]:
        """A shape of so many elements."""
        shape = []
        for k in (2, 3, 2, 5, 1):
            if size and size % k == 0 and self.rng.random() < 0.7:
                shape.append(k)
                size //= k
        return tuple(int(n) for n in self.rng.permutation([*shape, size]))

    def index(self, shape: tuple[int, ...]) -> Any:
        """A part of an index for each of some axes, in every combination."""
        parts: list[Any] = []
        common = self.one_of((), (2,), (3,), (2, 3), (0,))
        k = 0
        while k < len(shape) and self.rng.random() < 0.8:
            n = shape[k]
            kind = self.one_of("int", "slice", "array", "array", "mask", "none", "list", "ellipsis")
            if kind == "none":
                parts.append(None)
                continue
            if kind == "ellipsis" and not any(p is Ellipsis for p in parts):
                parts.append(...)
                k += int(self.rng.integers(0, len(shape) - k + 1))
                continue
            k += 1
            if kind == "int" and n:
                parts.append(self.one_of(int, np.int64)(self.rng.integers(-n, n)))
            elif kind == "array" and n:
                near = self.array(common, [np.dtype("i8")]) if common else np.array(0)
                parts.append(np.minimum(near, n - 1) if self.rng.random() < 0.5 else near % n)
            elif kind == "list" and n and common:
                parts.append(self.rng.integers(0, n, common).tolist())
            elif kind == "mask" and len(common) == 1 and n >= common[0]:
                found = np.zeros(n, bool)
                found[: common[0]] = True
                parts.append(found)
            else:
                ends = [self.one_of(None, *range(-n - 1, n + 2)) for _ in range(2)]
                parts.append(slice(*ends, self.one_of(None, 1, 2, -1, -2)))
        return parts[0] if len(parts) == 1 else tuple(parts)


# --- calls of every row --------------------------------------------------------------------------


def of_one(draw: Draw) -> Call:
    return (draw.array(draw.shape()),), {}


def of_two(draw: Draw) -> Call:
    shape = draw.shape()
    pair = [draw.array(shape), draw.with_shape_of(shape)]
    return tuple(draw.rng.permutation(2).tolist() and pair[::-1] if draw.one_of(0, 1) else pair), {}


def of_three(draw: Draw) -> Call:
    shape = draw.shape()
    return (
        draw.with_shape_of(shape, DTYPES[3:]),
        draw.array(shape),
        draw.with_shape_of(shape),
    ), {}


def of_python_numbers(count: int) -> Callable[[Draw], Call]:
    return lambda draw: (tuple(draw.one_of(2.0, 3, 1.5) for _ in range(count)), {})


def of_bools(count: int) -> Callable[[Draw], Call]:
    return lambda draw: (tuple(draw.one_of(True, 3) for _ in range(count)), {})


def with_axes(draw: Draw) -> Call:
    x = draw.array(draw.shape())
    return (x,), {"axis": draw.axes(x.ndim), "keepdims": draw.one_of(True, False)}


def with_axis(draw: Draw) -> Call:
    x = draw.array(draw.shape(least=1))
    return (x,), {"axis": draw.axis(x.ndim)}


def of_matrices(draw: Draw) -> Call:
    stack = draw.shape(2)
    n, k, m = (draw.one_of(*LENGTHS) for _ in range(3))
    x, y = draw.one_of(((k,), (k,)), ((n, k), (k,)), ((k,), (k, m)), ((n, k), (k, m)))
    stacks = [stack[draw.rng.integers(0, len(stack) + 1) :] if len(s) == 2 else () for s in (x, y)]
    return (draw.array(stacks[0] + x), draw.array(stacks[1] + y)), {}


def in_steps(draw: Draw) -> Call:
    return (draw.array((5, 3)), draw.array((3, 2)), 2), {}


def to_shape(draw: Draw) -> Call:
    x = draw.array(draw.shape(least=1))
    shape: Any = draw.split(x.size)
    if x.size and draw.one_of(True, False):
        shape = draw.one_of(-1, (-1, *shape[1:]))
    options = draw.one_of({}, {}, {"order": draw.one_of("C", "F", "A")})
    return (x, list(shape) if draw.rng.random() < 0.1 and shape != -1 else shape), options


def broadcast(draw: Draw) -> Call:
    x = draw.array(draw.shape(3))
    lengths = tuple(draw.one_of(2, 4) if n == 1 else n for n in x.shape)
    return (x, (*draw.shape(2), *lengths)), {}


def expand(draw: Draw) -> Call:
    x = draw.array(draw.shape(3, 1))
    return (x, draw.one_of(draw.axis(x.ndim), (0, -1), (1, 2))), {}


def squeeze(draw: Draw) -> Call:
    x = draw.array(draw.shape(4, 1))
    ones = tuple(k for k, n in enumerate(x.shape) if n == 1)
    return (x, draw.one_of(None, ones)), {}


def transpose(draw: Draw) -> Call:
    x = draw.array(draw.shape(4, 1))
    order = draw.rng.permutation(x.ndim).tolist()
    return (x, *draw.one_of((), (None,), (tuple(order),), (order,))), {}


def two_axes(draw: Draw) -> Call:
    x = draw.array(draw.shape(4, 2))
    return (x, draw.axis(x.ndim), draw.axis(x.ndim)), {}


def diagonal(draw: Draw) -> Call:
    return (draw.array(draw.shape(4, 2)), draw.one_of(-1, 0, 1)), {}


def parts_to_join(draw: Draw) -> Call:
    shape = draw.shape(4, 1)
    axis = draw.one_of(draw.axis(len(shape)), None)
    parts = []
    for _ in range(draw.one_of(1, 2, 3)):
        lengths = list(shape)
        if axis is not None:
            lengths[axis] = draw.one_of(*LENGTHS)
        parts.append(draw.array(tuple(lengths)))
    return (draw.one_of(parts, tuple(parts)),), {"axis": axis}


def parts_to_stack(draw: Draw) -> Call:
    shape = draw.shape(3)
    parts = [draw.array(shape) for _ in range(draw.one_of(1, 2, 3))]
    return (parts, draw.axis(len(shape) + 1)), {}


def roll(draw: Draw) -> Call:
    x = draw.array(draw.shape(4, 1))
    return (x, draw.one_of(-1, 0, 2)), draw.one_of({}, {"axis": draw.axis(x.ndim)})


def einsum(draw: Draw) -> Call:
    x, y = draw.array((3, 4)), draw.array((4, 2))
    return draw.one_of((("ij,jk->ik", x, y), {}), (("ij->ji", x), {}), (("ij->", x), {}))


def copy(draw: Draw) -> Call:
    return (draw.array(draw.shape(4, 1)),), draw.one_of({}, {"order": draw.one_of(*"CFAK")})


def flat(draw: Draw) -> Call:
    return (draw.array(draw.shape(4, 1)),), draw.one_of({}, {}, {"order": draw.one_of(*"CFAK")})


def like(draw: Draw) -> Call:
    shape = draw.shape()
    options = draw.one_of({}, {"shape": shape}, {"dtype": np.float32}, {"order": "C"})
    return (draw.array(draw.shape()),), options


def to_dtype(draw: Draw) -> Call:
    return (draw.array(draw.shape()), draw.one_of(*DTYPES)), {}


def index(draw: Draw) -> Call:
    shape = draw.shape(4, 1)
    return (draw.array(shape), draw.index(shape)), {}


def write(draw: Draw) -> Call:
    shape = draw.shape(4, 1)
    where = draw.index(shape)
    try:
        taken = np.empty(shape)[where].shape
    except IndexError:
        return write(draw)
    return (draw.array(shape), where, draw.with_shape_of(taken)), {}


def clip(draw: Draw) -> Call:
    shape = draw.shape()
    bounds = draw.one_of((0, 1), (None, 1.0), (draw.array(shape), None))
    return (draw.array(shape, DTYPES[:3]), *bounds), {}


def labels(draw: Draw) -> Call:
    hot = np.eye(3)[[0, 2, 1, 2]]
    given = np.array([0, 2, 1, 2])
    kinds = given, given[::-1], given.astype("u1"), hot, np.asfortranarray(hot), hot.astype(bool)
    return (draw.one_of(*kinds), (4, 3)), {}


def images(draw: Draw) -> Call:
    window = Window((2, 3), draw.one_of((1, 1), (2, 3)), padding=draw.one_of(*PADDINGS))
    return (draw.array((2, 3, 5, 6)), window), {}


def pieces(draw: Draw) -> Call:
    (x, window), _ = images(draw)
    return (pieces_of(x, window), x.shape, window), {}


def taught_images(draw: Draw) -> Call:
    (x, window), _ = images(draw)
    return (x, *window.size), {"stride": window.stride, "pad": window.padding}


def taught_pieces(draw: Draw) -> Call:
    (x, shape, window), _ = pieces(draw)
    return (x, shape), {"stride": window.stride, "pad": window.padding}


PADDINGS = ((0, 0), (0, 0)), ((1, 1), (0, 2))
OF_PYTHON = {
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod,
    operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne, python_power,
}  # fmt: skip
OF_BOOLS = {operator.and_, operator.or_, operator.xor}
CALLS: dict[Any, Callable[[Draw], Call]] = {
    **dict.fromkeys(OF_PYTHON, of_python_numbers(2)),
    **dict.fromkeys(OF_BOOLS, of_bools(2)), operator.invert: of_bools(1),
    **dict.fromkeys([operator.neg, operator.abs, operator.pos], of_python_numbers(1)),
    operator.pow: of_two, power_of_array: of_two,
    **dict.fromkeys([np.float64, np.int64, np.bool_], of_python_numbers(1)),
    np.where: of_three, np.dot: of_matrices, np.matmul: of_matrices, np.vdot: of_one,
    np.transpose: transpose, np.reshape: to_shape, np.ravel: flat, np.expand_dims: expand,
    np.squeeze: squeeze, np.broadcast_to: broadcast, np.swapaxes: two_axes, np.moveaxis: two_axes,
    np.diagonal: diagonal, np.flip: with_axis, np.concatenate: parts_to_join,
    np.stack: parts_to_stack, np.ndarray.copy: copy, np.copy: copy, cast: to_dtype,
    **dict.fromkeys([np.empty_like, np.zeros_like, np.ones_like], like),
    operator.getitem: index, operator.setitem: write, np.clip: clip, check_labels: labels,
    unwrap(pieces_of): images, unwrap(sum_of_pieces): pieces,
    taught.im2col: taught_images, taught.col2im: taught_pieces,
    **dict.fromkeys([np.argsort, np.sort, np.cumsum, np.cumprod], with_axis),
    **dict.fromkeys([np.argmax, np.argmin], with_axis), np.einsum: einsum, np.roll: roll,
    **dict.fromkeys([np.tril, np.triu], diagonal), np.round: of_one,
    np.vdot: lambda draw: ((draw.array((3,)), draw.array((3,))), {}),
}  # fmt: skip
FINDS = [
    np.argwhere, np.bincount, np.extract, np.flatnonzero, np.intersect1d, np.nonzero,
    np.setdiff1d, np.trim_zeros, np.union1d, np.unique,
]  # fmt: skip
BINARY = [f for f in OPS if isinstance(f, np.ufunc) and f.nin == 2 and f is not np.matmul]
WITHOUT_ROW = [np.arctan, np.logaddexp, np.bitwise_or, np.logical_and.reduce, np.add.accumulate]


def calls_of(function: Any) -> Callable[[Draw], Call]:
    if function in CALLS:
        return CALLS[function]
    if hasattr(function, "stands_for"):
        return in_steps
    if isinstance(function, np.ufunc):
        return of_one if function.nin == 1 else of_two
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc) and function.__name__ == "accumulate":
        return with_axis
    return with_axes


def tells_layout(args: Any, options: Any) -> bool:
    """Types do not tell how arrays without elements are laid out, nor where axes of length 1 lie:
    it matters to sums over no elements, and to `np.zeros_like(x, shape=...)`."""
    arrays = [x for x in args if isinstance(x, np.ndarray)]
    for x in args[:1]:
        arrays += x if isinstance(x, (list, tuple)) else []
    empty = any(not x.size for x in arrays)
    return not empty and not ("shape" in options and 1 in args[0].shape)


def real(function: Any, args: Any, options: Any) -> tuple[Any, int | None]:
    """What NumPy gives, and the position of the operand whose memory that shows."""
    with np.errstate(all="ignore"):
        if function is operator.setitem:
            out = args[0].copy(order="K")
            function(out, *args[1:])
            return out, None
        out = function(*args, **options)
    arrays = {k: x for k, x in enumerate(args) if isinstance(x, np.ndarray)}
    if not isinstance(out, np.ndarray) or not out.size:  # of empty arrays nobody can tell
        return out, None
    shown = [k for k, x in arrays.items() if np.may_share_memory(out, x)]
    return out, shown[0] if shown else None


@pytest.mark.parametrize("function", FINDS, ids=function_name)
def test_functions_that_find_elements_are_refused(function: Any) -> None:
    x = type_of(np.array([0, 1, 2]))
    with pytest.raises(DependsOnDataError, match=function.__name__):
        op_of(function).result(*(x,) * (2 if "1d" in function.__name__ else 1))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "function", [f for f in [*OPS, *WITHOUT_ROW] if f not in FINDS], ids=function_name
)
def test_the_rule_of_a_primitive_tells_what_numpy_gives(function: Any) -> None:
    draw, make, right = Draw(11), calls_of(function), 0
    for _ in range(TIMES):
        args, options = make(draw)
        try:
            out, shown = real(function, args, options)
        except (TypeError, ValueError, IndexError, ZeroDivisionError, OverflowError):
            continue  # no such function of bools, an empty reduction, an axis that is not there
        result = op_of(function).result(*_types(function, args), **options)
        right += 1
        what = function_name(function), map_tree(_told, args), options
        assert result.type.shape == type_of(out).shape, what
        assert result.type.dtype == type_of(out).dtype, what
        if tells_layout(args, options):
            assert result.type == type_of(out), what
        if out.size if isinstance(out, np.ndarray) else False:
            assert result.view == shown, what
    assert right > TIMES / 5


def _types(function: Any, args: Any) -> Any:
    """Types for arrays; masks in an index stay, as constants."""
    masks = function in (operator.getitem, operator.setitem)

    def told(x: Any) -> Any:
        is_array = isinstance(x, np.ndarray)
        return type_of(x) if is_array and not (masks and x.dtype == bool and x.ndim) else x

    return [told(args[0]), *map_tree(told, list(args[1:]))] if masks else map_tree(told, list(args))


def _told(x: Any) -> str:
    return f"{type_of(x)}{x.strides}" if isinstance(x, np.ndarray) else repr(x)


# --- what stands out -----------------------------------------------------------------------------


@pytest.mark.parametrize("function", BINARY, ids=function_name)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_python_numbers_take_the_dtype_of_what_they_meet(function: Any, dtype: Any) -> None:
    for number, order in itertools.product([2.0, 2, True], [1, -1]):
        args = (np.ones(3, dtype), number)[::order]
        try:
            out, _ = real(function, args, {})
        except TypeError:
            continue
        assert op_of(function).result(*map(type_of, args)).type == type_of(out)


@pytest.mark.parametrize(
    ("function", "args", "shown"),
    [
        (operator.getitem, ((..., 0),), 0),
        (operator.getitem, ((0, ...),), 0),
        (operator.getitem, (0,), None),
        (operator.getitem, (np.array([0]),), None),
        (operator.getitem, (slice(0, 1),), 0),
        (np.squeeze, (), 0),
        (np.reshape, ((),), 0),
        (np.transpose, (), 0),
        (np.add.reduce, (), None),
        (np.ndarray.copy, (), None),
    ],
)
def test_arrays_without_axes_are_views_and_numbers_are_not(
    function: Any, args: Any, shown: int | None
) -> None:
    x = np.ones(1)
    out = function(x, *args)
    view = 0 if isinstance(out, np.ndarray) and np.shares_memory(out, x) else None
    assert op_of(function).result(type_of(x), *args).view == view == shown


def test_numbers_have_no_memory_that_a_view_could_show() -> None:
    x = type_of(np.float64(2))
    calls = (np.broadcast_to, (3,)), (np.reshape, (1, 1)), (np.expand_dims, 0)
    for function, argument in calls:
        assert op_of(function).result(x, argument).view is None


def test_what_depends_on_data_is_refused() -> None:
    x, mask, number = map(type_of, (np.ones((3, 4)), np.ones((3, 4), bool), 2))
    counts = type_of(np.arange(3))
    calls = [
        (operator.getitem, (x, mask)), (operator.getitem, (x, slice(None, number))),
        (operator.getitem, (x, (0, type_of(np.True_)))), (np.where, (mask,)),
        (np.repeat, (x, counts, 0)), (np.bincount, (counts,)),
    ]  # fmt: skip
    for function, args in calls:
        with pytest.raises(DependsOnDataError):
            op_of(function).result(*args)
    known = np.array([True, False, True])
    assert op_of(operator.getitem).result(x, known).type.shape == (2, 4)
    assert op_of(np.repeat).result(x, np.array([2, 0, 3]), 0).type.shape == (5, 4)
    assert op_of(np.repeat).result(x, np.array([2, 0, 1]), 0).type.shape == (3, 4)
    assert op_of(operator.setitem).result(x, mask, 0.0).type == x
    assert op_of(operator.getitem).result(x, number) == op_of(operator.getitem).result(x, 1)


def test_what_is_not_one_array_or_not_known_is_refused() -> None:
    x = type_of(np.ones((3, 4)))
    called = []
    calls = np.modf, np.split, np.random.permutation, called.append
    for function in calls:
        with pytest.raises(NoTypeError, match=function.__name__):
            op_of(function).result(*(x, 1)[: 1 + (function is np.split)])
    assert not called


@pytest.mark.parametrize(
    ("function", "args"),
    [
        (np.add, ((3, 40), (4, 30))),
        (np.dot, ((3, 40), (30, 3))),
        (np.matmul, ((3, 40), (30, 3))),
        (np.concatenate, ([(3, 40), (3, 30, 1)],)),
    ],
)
def test_errors_speak_of_the_lengths_that_do_not_fit(function: Any, args: Any) -> None:
    def of_shape(make: Callable[[Any], Any]) -> Any:
        return [[make(s) for s in x] if isinstance(x, list) else make(x) for x in args]

    with pytest.raises(ValueError, match=r"\d") as expected:
        function(*of_shape(np.ones))
    with pytest.raises(ValueError, match=r"\d") as got:
        op_of(function).result(*of_shape(lambda shape: type_of(np.ones(shape))))
    assert str(got.value) == str(expected.value)
    x = type_of(np.ones((3, 40)))
    with pytest.raises(ValueError, match="120"):
        op_of(np.reshape).result(x, (7, 7))
    with pytest.raises(ValueError, match=r"\(30,\)"):
        op_of(operator.setitem).result(x, 1, type_of(np.ones(30)))


def test_no_rule_reads_or_writes_elements() -> None:
    """These arrays would take eight terabytes each."""
    n = 10**6
    x, row, turned = (
        packed((n, n), "f8"),
        packed((n,), "f8"),
        Type((n, n), np.dtype("f8"), (8, 8 * n)),
    )
    picked = packed((n,), "i8")
    calls: list[tuple[Any, ...]] = [
        (np.add, turned, row), (np.exp, x), (np.sum, x), (np.dot, x, turned), (np.matmul, x, row),
        (np.transpose, x), (np.reshape, x, -1), (np.reshape, turned, -1), (np.where, x, x, 0.0),
        (np.zeros_like, x), (np.concatenate, [x, x]), (np.ndarray.copy, turned),
        (operator.getitem, x, (slice(None, None, -1), None, 5)), (operator.getitem, x, picked),
        (operator.getitem, x, (5, 7)), (operator.setitem, x, (picked, picked), row),
        (np.broadcast_to, row, (n, n)), (np.add.at, x, (picked, picked), row),
    ]  # fmt: skip
    shapes = [op_of(function).result(*args).type.shape for function, *args in calls]
    assert max(map(math.prod, shapes)) == 2 * n * n


def test_other_functions_are_called_on_arrays_of_the_type() -> None:
    x = np.ones((4, 4)).T
    for function in (np.linalg.inv, np.linalg.cholesky, np.flipud, np.diff, np.outer, np.trace):
        args = (x, x)[: 1 + (function is np.outer)]
        result = op_of(function).result(*map(type_of, args))
        out, shown = real(function, [np.eye(4).T + 1 for _ in args], {})
        assert result.type == type_of(out), function
        assert result.view == shown, function


def test_fresh_arrays_are_laid_out_as_numpy_does() -> None:
    draw = Draw(5)
    for _ in range(300):
        x = draw.array(draw.shape())
        assert fresh(type_of(x)) == type_of(np.empty_like(x))
        assert fresh(type_of(x), "f4") == type_of(np.empty_like(x, "f4"))
        filled_again = filled(type_of(x))
        assert type_of(filled_again) == type_of(unread(type_of(x))) == type_of(x)
        assert type_of(x).is_contiguous == np.asarray(x).flags.c_contiguous


@pytest.mark.skipif("autograd.fast" not in sys.modules, reason="without the accelerators")
@pytest.mark.parametrize("window", [Window((1, 1)), Window((2, 3), (2, 1), (1, 2), PADDINGS[1])])
def test_columns_of_images_show_their_memory_where_a_window_is_a_point(window: Window) -> None:
    from autograd.fast.images import _im2col

    x = np.ones((2, 4, 6, 8))
    for images in (x, x[::-1], x.transpose(1, 0, 2, 3)):
        out, shown = real(_im2col, (images, window, 2), {})
        assert op_of(unwrap(_im2col)).result(type_of(images), window, 2) == (type_of(out), shown)


# --- programs ------------------------------------------------------------------------------------


def told(x: Any) -> Any:
    """What a rule is given for a variable: the type, or the value if that is constant."""
    if not isinstance(x, Variable):
        return x
    return x.value if x.constant and x.shape else x.type


def parts(program: Program) -> Iterator[Equation]:
    for equation in program.equations:
        yield from equation.parts[1:] or [equation]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_rules_tell_every_value_of_the_programs_of_all_gates(case: Case, dtype: Any) -> None:
    compiled = ag.compile(value_and_all_grads(case))
    arguments = [np.asarray(x, dtype) for x in case.inputs]
    compiled(*arguments)
    program = compiled.program
    values = interpret(program, read_all(program, arguments))
    for equation in parts(program):
        given, options = map_tree(told, (equation.args, equation.kwargs))
        result = equation.op.result(*given, **options)
        out = equation.out
        assert result.type == out.type == type_of(values[out]), equation
        assert (out.base is not None) == (result.view is not None), equation
        if result.view is not None:
            assert equation.args[result.view].root is out.root
