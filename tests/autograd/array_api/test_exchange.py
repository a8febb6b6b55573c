"""Memory to and from other libraries, by DLPack, and where it must not be shared."""

from __future__ import annotations

import numpy as np
import pytest

import autograd.array_api as xp
from autograd import InPlaceError, Tensor


def test_numpy_takes_a_copy() -> None:
    t = xp.asarray([1.0, 2.0])
    array = np.from_dlpack(t)
    array[0] = 5.0
    assert float(t[0]) == 1.0
    np.testing.assert_array_equal(xp.from_dlpack(array), [5.0, 2.0])


def test_a_copy_is_made_of_what_comes() -> None:
    array = np.arange(3.0)
    t = xp.from_dlpack(array)
    array[0] = 5.0
    assert (float(t[0]), t.requires_grad, t.device) == (0.0, False, "cpu")
    for x in (t, array):
        with pytest.raises(ValueError, match="device='cuda'"):
            xp.from_dlpack(x, device="cuda")


def test_memory_is_shared_on_request_and_then_not_written_to() -> None:
    array = np.arange(3.0)
    t = xp.from_dlpack(array, copy=False)
    assert np.shares_memory(t.data, array)
    given = xp.asarray([1.0, 2.0])
    assert np.shares_memory(np.from_dlpack(given, copy=False), given.data)
    for shared in (t, given):
        with pytest.raises(InPlaceError):
            shared[0] = 1.0
    with pytest.raises(BufferError, match="a single value has no memory"):
        np.from_dlpack(xp.asarray(1.0), copy=False)


def test_a_gradient_is_not_lost_on_the_way() -> None:
    t = Tensor([1.0, 2.0])
    with pytest.raises(BufferError, match=r"t is tracked.*t\.detach\(\)"):
        np.from_dlpack(t)
    np.testing.assert_array_equal(np.from_dlpack(t.detach()), [1.0, 2.0])


@pytest.mark.parametrize("dtype", xp.__array_namespace_info__().dtypes().values(), ids=str)
def test_every_dtype_goes_and_comes(dtype: np.dtype) -> None:
    t = xp.asarray([[0, 1], [1, 0]], dtype=dtype)
    back = xp.from_dlpack(np.from_dlpack(t.T))
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, t.T)


def test_devices() -> None:
    t = Tensor([1.0])
    assert t.__dlpack_device__() == np.ones(1).__dlpack_device__()
    assert t.to_device("cpu") is t
    with pytest.raises(ValueError, match="device='gpu'; tensors are on 'cpu'"):
        t.to_device("gpu")


def test_pytorch_and_back() -> None:
    torch = pytest.importorskip("torch")
    t = xp.asarray([[1.0, 2.0]], dtype=xp.float32)
    there = torch.from_dlpack(t)
    assert (there.dtype, tuple(there.shape)) == (torch.float32, (1, 2))
    there[0, 0] = 7.0
    assert float(t[0, 0]) == 1.0
    back = xp.from_dlpack(there)
    there[0, 1] = 9.0
    np.testing.assert_array_equal(back, [[7.0, 2.0]])
    assert xp.from_dlpack(torch.tensor([True, False])).dtype == xp.bool


def test_jax_and_back() -> None:
    jnp = pytest.importorskip("jax.numpy")
    t = xp.asarray([[1.0, 2.0]], dtype=xp.float32)
    there = jnp.from_dlpack(t)
    np.testing.assert_array_equal(xp.from_dlpack(there + 1), [[2.0, 3.0]])
