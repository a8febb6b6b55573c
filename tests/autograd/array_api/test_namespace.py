"""The namespace of the array API standard: what its functions give, and of which kind."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import autograd as ag
import autograd.array_api as xp
from autograd import InPlaceError, ShapeError, Tensor


def constant(x: Any, dtype: Any = None) -> Tensor:
    return xp.asarray(x, dtype=dtype)


# --- how it is reached ---------------------------------------------------------------------------


def test_a_tensor_tells_its_namespace() -> None:
    t = Tensor([1.0, 2.0])
    assert t.__array_namespace__() is xp
    assert t.__array_namespace__(api_version="2023.12") is xp
    with pytest.raises(ValueError, match="got api_version='2031'; expected one of"):
        t.__array_namespace__(api_version="2031")


def test_its_names_are_there_and_nothing_else() -> None:
    assert all(hasattr(xp, name) for name in xp.__all__)
    assert not {"np", "Any", "Tensor", "ModuleType", "applied", "calls"} & set(xp.__all__)
    assert {"bool", "e", "newaxis", "linalg", "fft", "astype"} <= set(xp.__all__)


def test_arrays_are_positional_only() -> None:
    parts = xp, xp.linalg, xp.fft
    functions = [f for part in parts for f in vars(part).values() if inspect.isfunction(f)]
    functions = [f for f in functions if not f.__name__.startswith("_")]
    for function in functions:
        parameters = inspect.signature(function).parameters
        for name in {"x", "x1", "x2", "arrays", "obj"} & set(parameters):
            allowed = "POSITIONAL_ONLY", "VAR_POSITIONAL"
            assert parameters[name].kind.name in allowed, (function, name)
    assert len(functions) > 140


# --- constants and variables ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "made",
    [
        lambda **o: xp.zeros(2, **o), lambda **o: xp.ones(2, **o), lambda **o: xp.empty(2, **o),
        lambda **o: xp.full(2, 3.0, **o), lambda **o: xp.eye(2, **o),
        lambda **o: xp.arange(2.0, **o), lambda **o: xp.linspace(0, 1, 2, **o),
        lambda **o: xp.asarray([1.0], **o), lambda **o: xp.asarray(np.ones(2), **o),
        lambda **o: xp.zeros_like(Tensor([1.0]), **o), lambda **o: xp.ones_like(Tensor(1.0), **o),
        lambda **o: xp.full_like(Tensor([1.0]), 2.0, **o),
        lambda **o: xp.empty_like(Tensor([1.0]), **o),
    ],
)  # fmt: skip
def test_what_is_created_is_a_constant_unless_asked(made: Any) -> None:
    assert not made().requires_grad
    assert made(requires_grad=True).requires_grad
    assert made().dtype == np.float64
    with pytest.raises(ValueError, match="device='cuda'"):
        made(device="cuda")


def test_asarray_keeps_tensors_and_their_gradients() -> None:
    t = Tensor([1.0, 2.0])
    assert xp.asarray(t) is t
    assert xp.asarray(t, dtype=xp.float64, device="cpu") is t
    for made in (xp.asarray(t, copy=True), xp.asarray([t[0], 1.0, t[1]], dtype=xp.float32)):
        assert made.requires_grad
        assert made is not t
    xp.sum(xp.asarray([[t[0], 5.0], [t[1], t[1]]])).backward()
    np.testing.assert_array_equal(t.grad, [1.0, 2.0])


def test_asarray_without_a_copy() -> None:
    array = np.ones(3)
    shared = xp.asarray(array, copy=False)
    assert np.shares_memory(np.asarray(shared.data), array)
    with pytest.raises(InPlaceError):  # who shares memory does not write to it
        shared[0] = 1.0
    copied = xp.asarray(array)
    array[0] = 5.0
    assert copied[0] == 1.0
    for unshareable in ([1.0], 1.0, np.ones(())):
        with pytest.raises(ValueError, match="cannot be shared"):
            xp.asarray(unshareable, copy=False)
    with pytest.raises(ValueError, match="only by copy=True"):
        xp.asarray(copied, dtype=xp.float32, copy=False)


def test_integers_made_of_tracked_values_are_constants() -> None:
    t = Tensor([1.5, -0.5])
    whole = xp.astype(t, xp.int64)
    assert whole.dtype == xp.int64
    assert not whole.requires_grad
    assert xp.astype(t, xp.float32).requires_grad
    assert xp.astype(t, xp.float64, copy=False) is t
    with pytest.raises(TypeError, match="take the real or the imaginary part"):
        xp.astype(constant(1j), xp.float64)


# --- single values are arrays --------------------------------------------------------------------


def test_single_values_can_be_written_to() -> None:
    for x in (constant(1.0), xp.sum(constant([0.5, 0.5])), xp.zeros(()), constant([1.0, 2.0])[0]):
        y = xp.asarray(x, copy=True)
        y[...] = 5.0
        assert (float(y), float(x) == 5.0) == (5.0, False)
        y[()] = 6
        y[y > 0] = 7.0
        y += 1
        assert float(y) == 8.0


def test_a_mask_takes_a_single_value_or_nothing() -> None:
    x = xp.zeros(())
    x[x > 0] = xp.zeros(0)
    assert float(x) == 0.0
    x[x == 0] = xp.ones(1)
    assert float(x) == 1.0
    with pytest.raises(ShapeError):
        x[x == 1] = xp.zeros(0)


def test_a_gradient_flows_through_what_is_written() -> None:
    t = Tensor([1.0, 2.0])
    total = xp.sum(t * t)
    total[...] = total * 3.0
    total += 1.0
    total.backward()
    np.testing.assert_array_equal(t.grad, [6.0, 12.0])


def test_results_are_tensors_whatever_they_hold() -> None:
    x = constant([[3.0, 1.0], [2.0, 0.0]])
    for result in (
        xp.all(x), xp.any(x, axis=0), xp.argmax(x), xp.count_nonzero(x, axis=1), xp.mean(x),
        xp.argsort(x), xp.searchsorted(constant([1.0, 2.0]), x), *xp.nonzero(x),
        *xp.unique_all(x), *xp.linalg.eigh(x), *xp.linalg.svd(x), xp.linalg.matrix_rank(x),
        *xp.broadcast_arrays(x, xp.zeros(2)), *xp.meshgrid(x[0], x[1]), *xp.unstack(x),
        xp.add(1, x), xp.where(x > 1, x, 0),
    ):  # fmt: skip
        assert isinstance(result, Tensor)
        assert not result.requires_grad


def test_views_of_constants_are_known_to_share_memory() -> None:
    x = xp.zeros(4)
    y = xp.reshape(x, (2, 2))
    try:
        y[0, 0] = 1.0
    except InPlaceError:  # refused, or seen by both: never by one of them
        return
    assert x[0] == 1.0


# --- where it differs from NumPy -----------------------------------------------------------------


def test_sorting_backwards_keeps_the_order_of_equal_values() -> None:
    x = constant([1, 3, 1, 3, 2])
    np.testing.assert_array_equal(xp.argsort(x, descending=True), [1, 3, 4, 0, 2])
    np.testing.assert_array_equal(xp.argsort(x), [0, 2, 4, 1, 3])
    np.testing.assert_array_equal(xp.sort(x, descending=True), [3, 3, 2, 1, 1])
    matrix = constant([[1.0, 2.0], [4.0, 3.0]])
    np.testing.assert_array_equal(xp.sort(matrix, axis=0, descending=True), [[4, 3], [1, 2]])


def test_sums_that_run() -> None:
    x = constant([[1, 2], [3, 4]], xp.int8)
    np.testing.assert_array_equal(
        xp.cumulative_sum(x, axis=1, include_initial=True), [[0, 1, 3], [0, 3, 7]]
    )
    np.testing.assert_array_equal(xp.cumulative_prod(x, axis=0), [[1, 2], [3, 8]])
    assert xp.cumulative_sum(x, axis=0).dtype == xp.int64
    assert xp.sum(x, dtype=xp.int8).dtype == xp.int8
    with pytest.raises(ValueError, match="say along which"):
        xp.cumulative_sum(x)


def test_clip_keeps_the_dtype_and_takes_any_bound() -> None:
    x = constant([0, 100, 200], xp.uint8)
    clipped = xp.clip(x, -5, 150)
    assert clipped.dtype == xp.uint8
    np.testing.assert_array_equal(clipped, [0, 100, 150])
    np.testing.assert_array_equal(xp.clip(x, max=constant([1, 2, 3], xp.uint8)), [0, 2, 3])
    unbounded = xp.clip(x)
    assert unbounded is not x
    np.testing.assert_array_equal(unbounded, x)


def test_the_quotient_of_an_infinite_number() -> None:
    x = xp.floor_divide(constant([np.inf, -np.inf, 7.0, np.inf]), constant([2.0, 2.0, 2.0, np.inf]))
    np.testing.assert_array_equal(x, [np.inf, -np.inf, 3.0, np.nan])


def test_distinct_values_come_in_order_each_nan_for_itself() -> None:
    found = xp.unique_all(constant([2.0, 1.0, 2.0, np.nan, np.nan]))
    np.testing.assert_array_equal(found.values, [1.0, 2.0, np.nan, np.nan])
    np.testing.assert_array_equal(found.counts, [1, 2, 1, 1])
    np.testing.assert_array_equal(found.values[found.inverse_indices][:3], [2.0, 1.0, 2.0])
    assert xp.unique_values(constant([3, 1, 3]))[0] == 1


def test_norms_over_any_axes() -> None:
    x = np.arange(24.0).reshape(2, 3, 4)
    t = constant(x)
    for axis in (None, 1, -1, (0, 2), (0, 1, 2), ()):
        for order in (1, 2, 3, np.inf, 0):
            expected = np.linalg.vector_norm(x, axis=axis, ord=order, keepdims=True)
            found = xp.linalg.vector_norm(t, axis=axis, ord=order, keepdims=True)
            np.testing.assert_allclose(found, expected)
            found = xp.linalg.vector_norm(t, axis=axis, ord=order)
            np.testing.assert_allclose(found, np.linalg.vector_norm(x, axis=axis, ord=order))


# --- dtypes and inspection -----------------------------------------------------------------------


def test_dtypes_promote_and_numbers_of_python_adapt() -> None:
    assert xp.result_type(xp.float32, 1.5) == xp.float32
    assert xp.result_type(constant([1], xp.int8), xp.uint8) == xp.int16
    assert (constant([1], xp.uint8) + 1).dtype == xp.uint8
    assert (2.0 * constant(1, xp.float32)).dtype == xp.float32
    assert xp.isdtype(xp.int8, ("bool", "integral"))
    assert not xp.isdtype(xp.int8, "real floating")
    assert xp.can_cast(xp.int8, xp.int16)
    assert not xp.can_cast(constant([1.0]), xp.float32)


def test_limits_are_numbers_of_python() -> None:
    for info in (xp.finfo(xp.float32), xp.finfo(constant(1j, xp.complex64))):
        assert type(info.eps) is type(info.max) is type(info.smallest_normal) is float
        assert (info.bits, info.dtype) == (32, xp.float32)
    info = xp.iinfo(constant([1], xp.uint8))
    assert (info.bits, info.min, info.max, info.dtype) == (8, 0, 255, xp.uint8)
    assert type(info.max) is int


def test_what_the_namespace_can_do() -> None:
    info = xp.__array_namespace_info__()
    assert info.devices() == [info.default_device()] == [Tensor(1.0).device] == ["cpu"]
    assert set(info.dtypes(kind="real floating")) == {"float32", "float64"}
    assert len(info.dtypes()) == 13
    for dtype in info.default_dtypes(device="cpu").values():
        assert dtype in info.dtypes().values()
    shape = (1,) * info.capabilities()["max dimensions"]
    assert xp.zeros(shape).ndim == len(shape)


# --- with the rest of the engine -----------------------------------------------------------------


def smooth(x: Any) -> Any:
    """Code for any kind of array."""
    namespace = x.__array_namespace__()
    return namespace.sum(namespace.exp(x) * namespace.where(x > 0, x, 2.0 * x))


def test_a_function_of_the_standard_is_compiled() -> None:
    x = np.array([0.5, -1.0])
    slope = ag.compile(ag.grad(smooth))
    np.testing.assert_array_equal(slope(x), ag.grad(smooth)(x))
    np.testing.assert_array_equal(slope(-x), ag.grad(smooth)(-x))


def test_nothing_is_recorded_in_no_grad() -> None:
    t = Tensor([1.0, 2.0])
    with ag.no_grad():
        assert not xp.exp(t).requires_grad
        assert not xp.sort(t).requires_grad
    assert xp.exp(t).requires_grad


def test_derivatives_of_functions() -> None:
    x = np.array([0.5, -1.0])
    np.testing.assert_allclose(ag.grad(smooth)(x), [np.exp(0.5) * 1.5, 0.0], atol=1e-15)
    assert ag.hessian(smooth)(x).shape == (2, 2)
