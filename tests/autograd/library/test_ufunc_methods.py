"""Methods and options of ufuncs: the values are NumPy's, and gradients go where the values went."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
from autograd import DTypeError, InPlaceError, ShapeError, Tensor, UnsupportedError

SMOOTH = [np.add, np.subtract, np.multiply, np.divide, np.power, np.logaddexp, np.logaddexp2,
          np.hypot, np.maximum, np.fmin]  # fmt: skip
ALL = [*SMOOTH, np.arctan2, np.logical_and, np.less, np.bitwise_or]
by_name = pytest.mark.parametrize("f", SMOOTH, ids=lambda f: f.__name__)


def values(*shape: int, seed: int = 0) -> np.ndarray:
    """Numbers in no order, apart from each other and from those of other seeds: no ties."""
    count = math.prod(shape)
    return generator(seed).permuted(np.linspace(0.5, 2.0, count)).reshape(shape) + 0.013 * seed


def same(call: Any, *arrays: np.ndarray, checked: bool = True) -> None:
    """A call on tensors gives what it gives on arrays, and right gradients; or raises as there."""
    try:
        wanted = np.asarray(call(*arrays))
    except (ValueError, TypeError, IndexError) as error:
        with pytest.raises(type(error)):
            call(*[Tensor(x) for x in arrays])
        return
    found = call(*[Tensor(x) for x in arrays])
    found = found if isinstance(found, Tensor) else Tensor(found, requires_grad=False)
    assert_close(found, wanted)
    assert found.dtype == wanted.dtype
    if checked and found.requires_grad:
        ag.check_gradients(call, *arrays, rtol=1e-5)


# --- reduce and its kin ---------------------------------------------------------------------------


@by_name
@pytest.mark.parametrize("axis", [0, -1, None, (0, 2), ()], ids=str)
def test_reduce(f: np.ufunc, axis: Any) -> None:
    same(lambda x: f.reduce(x, axis=axis), values(3, 2, 2))
    same(lambda x: f.reduce(x, axis=axis, keepdims=True), values(3, 2, 2))


@by_name
def test_options_of_reduce(f: np.ufunc) -> None:
    x, empty = values(3, 4), np.zeros((0, 3))
    for given in (x, empty, np.array(1.5)):
        same(f.reduce, given)
        same(lambda x: f.reduce(x, initial=1.25), given)
        same(lambda x: f.reduce(x, initial=None), given)
    same(lambda x: f.reduce(x, where=values(3, 4) > 1), x)
    if f in (np.add, np.multiply, np.maximum, np.fmin):
        same(lambda x: f.reduce(x, where=values(3, 4) > 1, initial=1.1), x)
    single = f.reduce(Tensor(x), dtype=np.float32)
    assert single.dtype == np.float32
    out = Tensor(np.zeros(4), requires_grad=False)
    assert f.reduce(Tensor(x), out=out) is out
    assert_close(out, f.reduce(x))


@by_name
def test_accumulate_and_reduceat(f: np.ufunc) -> None:
    x = values(4, 3)
    same(f.accumulate, x)
    same(lambda x: f.accumulate(x, axis=-1), x)
    same(f.accumulate, np.zeros((0, 3)))
    same(f.accumulate, np.array(1.0))
    if f is np.power:  # NumPy's own gives other numbers where it has vector instructions
        return
    for indices in ([0, 2, 1], [1], [0, 3], [], [0, 9], [-1]):
        same(lambda x, k=indices: f.reduceat(x, k), x)
    same(lambda x: f.reduceat(x, [0, 1], axis=1), x)


def test_reductions_of_nan() -> None:
    x = np.array([[np.nan, 1.0, 3.0], [np.nan, np.nan, 2.0]])
    t = Tensor(x)
    for f in (np.fmax, np.fmin):
        assert_close(f.reduce(t), f.reduce(x))
        assert_close(f.reduce(t, axis=None), f.reduce(x, axis=None))
    np.fmax.reduce(t[:, 1:], axis=None).backward()
    assert t.grad.tolist() == [[0, 0, 1], [0, 0, 0]]


def test_logic_has_no_gradient() -> None:
    x = np.array([[1.0, 0.0], [2.0, 3.0]])
    for call in (
        np.logical_and.reduce, np.logical_or.reduce, np.logical_or.accumulate,
        lambda x: np.logical_xor.reduceat(x, [0]), lambda x: np.less.outer(x, x),
        lambda x: np.bitwise_and.reduce(x > 1),
    ):  # fmt: skip
        found = call(Tensor(x))
        np.testing.assert_array_equal(found.numpy(), call(x))
        assert not found.requires_grad


@pytest.mark.parametrize("f", ALL[:-1], ids=lambda f: f.__name__)
def test_outer(f: np.ufunc) -> None:
    same(f.outer, values(2, 3), values(2, seed=1))
    same(f.outer, np.array(1.2), values(3))
    same(lambda y: f.outer([1.2, 0.7], y), values(3))


# --- at -------------------------------------------------------------------------------------------

INDICES: list[Any] = [np.array([0, 2, 0, 0]), [1, 1], (slice(None), np.array([1, 1, 0])),
                      np.array([True, False, True]), 1, (0, [1, 1]), slice(1, None)]  # fmt: skip


@by_name
@pytest.mark.parametrize("index", INDICES, ids=str)
def test_at(f: np.ufunc, index: Any) -> None:
    def changed(x: Any, value: Any) -> Any:
        t = x * 1.0
        assert f.at(t, index, value) is None
        return t

    x = values(3, 2)
    taken = np.empty((3, 2))[index].shape
    same(changed, x, values(*taken, seed=1))
    same(changed, x, values(*taken[-1:], seed=2))


def test_at_of_one_operand() -> None:
    def changed(x: Any) -> Any:
        t = x * 1.0
        np.exp.at(t, np.array([0, 2, 0]))
        return t

    same(changed, values(3))


def test_at_where_it_cannot_be() -> None:
    t = Tensor([1.0, 2.0])
    with pytest.raises(InPlaceError, match=r"np\.add\.at.*leaf"):
        np.add.at(t, 0, 1.0)
    with pytest.raises(UnsupportedError, match="let it be a tensor"):
        np.add.at(np.zeros(2), 0, t[0])
    array = np.zeros(2)
    np.add.at(array, Tensor([0, 0]), t.detach())
    assert array.tolist() == [3.0, 0.0]
    s = t * 1.0
    part = s[1:]
    np.multiply.at(s, 1, 2.0)  # which a view sees, as in NumPy
    assert part.item() == 4.0


# --- out, where, dtype, casting -------------------------------------------------------------------

OPTIONS = [{}, {"where": np.array([[True], [False], [True]])}, {"casting": "no"},
           {"casting": "unsafe"}, {"dtype": np.float64}]  # fmt: skip


@by_name
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_out(f: np.ufunc, options: Any) -> None:
    def into(x: Any, y: Any) -> Any:
        out: Any = np.full((3, 4), 7.0)
        out = Tensor(out, requires_grad=False) if isinstance(x, Tensor) else out
        assert f(x, y, out=out, **options) is out
        return out

    same(into, values(3, 4), values(3, 4, seed=1))
    same(into, values(4), values(3, 1, seed=1))
    same(into, values(4), values(4, seed=1))  # smaller than out
    same(into, values(2, 3, 4), values(4, seed=1))  # larger


def test_out_that_was_recorded_passes_on_what_was_not_written() -> None:
    mask = np.array([True, False, True])

    def into(x: Any) -> Any:
        out = 3.0 * x
        np.exp(x, out=out, where=mask)
        return out

    def the_same(x: Any) -> Any:
        return np.where(mask, np.exp(x), 3.0 * x)

    x = values(3)
    assert_close(into(Tensor(x)), the_same(x))
    ag.check_gradients(into, x)


@pytest.mark.parametrize("f", [np.log, np.sqrt, np.arctanh, np.arccosh, np.arcsin, np.reciprocal])
def test_elements_that_are_not_asked_for_are_not_computed(f: np.ufunc) -> None:
    x = np.array([0.5, 1.5, -2.0, 0.0])
    mask = np.array([f is not np.arccosh, f is np.arccosh, False, False])

    def into(x: Any) -> Any:
        return f(x, out=Tensor(np.zeros(4), requires_grad=False), where=mask)

    assert_close(into(Tensor(x)), f(x, out=np.zeros(4), where=mask))
    ag.check_gradients(into, x)


def test_out_may_be_an_operand() -> None:
    def twice(x: Any) -> Any:
        t = x * 1.0
        np.multiply(t, t, out=t)
        np.add(t, x, out=t)
        return t

    assert_close(twice(Tensor([2.0, 3.0])), np.array([6.0, 12.0]))
    ag.check_gradients(twice, [2.0, 3.0])


def test_several_results() -> None:
    def rest(x: Any) -> Any:
        out = Tensor(np.zeros(3), requires_grad=False)
        times, found = np.divmod(x, 2.5, out=(None, out))
        assert found is out
        return times + found

    x = np.array([3.0, 7.0, -4.0])
    assert_close(rest(Tensor(x)), sum(np.divmod(x, 2.5)))
    ag.check_gradients(rest, x)
    assert all(isinstance(part, Tensor) for part in np.modf(Tensor(x), out=(None, None)))


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda t: np.add(t, t, out=np.zeros(2)), UnsupportedError),
        (lambda t: np.add(t, t, out=Tensor(np.zeros(3), False)), ShapeError),
        (lambda t: np.add(t, t, out=Tensor(np.zeros(2, int), False)), DTypeError),
        (lambda t: np.add(t, t, out=[0.0, 0.0]), TypeError),
        (lambda t: np.add(t, t, out=t), InPlaceError),
        (lambda t: np.add(t, t, dtype=int), DTypeError),
        (lambda t: np.add(t, t, dtype=np.float32, casting="safe"), DTypeError),
        (lambda t: np.add(t, np.float32(1), casting="no"), DTypeError),
        (lambda t: np.add(t, t, where=[True, False]), UnsupportedError),
        (lambda t: np.add(t, t, signature="dd->d"), UnsupportedError),
        (lambda t: np.add(t, t, nonsense=1), (TypeError, UnsupportedError)),
    ],
)
def test_what_does_not_fit_raises(call: Any, error: Any) -> None:
    with pytest.raises(error):
        call(Tensor([1.0, 2.0]))


def test_dtype_is_that_of_the_computation() -> None:
    x = Tensor([1.0, 2.0])
    out = np.exp(x, dtype=np.float32)
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out.numpy(), np.exp(x.numpy(), dtype=np.float32))
    out.sum().backward()
    assert x.grad.dtype == np.float64
    whole = np.add(Tensor([1, 2]), 1, dtype=float)
    assert whole.numpy().tolist() == [2.0, 3.0]


def test_functions_without_a_gate_cannot_write_into_a_tensor() -> None:
    t = Tensor([1.0, 2.0], requires_grad=False)
    x = Tensor([3.0, 4.0])
    y = x * t
    with pytest.raises(UnsupportedError, match="no gate"):
        np.frompyfunc(lambda a: a + 1, 1, 1).at(t, 0)
    y.sum().backward()
    assert x.grad.tolist() == [1.0, 2.0]


# --- compiled -------------------------------------------------------------------------------------


def _at(x: Any) -> Any:
    t = x * 1.0
    np.multiply.at(t, np.array([0, 1, 0]), x)
    np.add.at(t, np.array([1, 1, 2]), 2.0 * x)
    return t


def _masked(x: Any) -> Any:
    out = x * 3.0
    return np.sqrt(x, out=out, where=x > 1)


@pytest.mark.parametrize(
    "f",
    [
        _at, _masked, np.hypot.reduce, np.logaddexp.reduce, np.subtract.accumulate,
        lambda x: np.fmax.reduce(x, axis=None), lambda x: np.add.reduceat(x, [0, 2]),
        lambda x: np.arctan2.outer(x, x), lambda x: np.exp(x, dtype=np.float32),
        lambda x: np.add(x, 1.0, out=x * 2.0), lambda x: sum(np.divmod(x, 0.7)),
        lambda x: sum(np.modf(x)), lambda x: x % 0.7 // 0.2, lambda x: np.select([x > 1], [x], 2.0),
        lambda x: np.interp(x, np.array([0.0, 1.0, 2.0]), x), np.nan_to_num,
        lambda x: np.choose(np.array([0, 1, 1]), [x, x * x], mode="clip"),
    ],
)  # fmt: skip
def test_compiled_as_in_eager_code(f: Any) -> None:
    eager = ag.value_and_grad(lambda x: np.sum(f(x)))
    compiled = ag.compile(eager)
    for seed in range(3):
        x = values(3, seed=seed)
        (found, slope), (wanted, wanted_slope) = compiled(x), eager(x)
        np.testing.assert_array_equal(found, wanted)
        np.testing.assert_array_equal(slope, wanted_slope)
    assert compiled.why == ["first call"]
