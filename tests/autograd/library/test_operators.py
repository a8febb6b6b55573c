"""Operators that Tensor has through functions of NumPy, and Python's conversions to integers."""

from __future__ import annotations

import math
import operator
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from close import assert_close

import autograd as ag
from autograd import DTypeError, Tensor, UnsupportedError

FLOATS = [operator.mod, operator.floordiv, divmod]
INTEGERS = [*FLOATS, operator.xor, operator.lshift, operator.rshift]
IN_PLACE = [operator.imod, operator.ifloordiv]


def same(found: Any, wanted: Any) -> None:
    if isinstance(wanted, tuple):
        for a, b in zip(found, wanted, strict=True):
            same(a, b)
        return
    assert isinstance(found, Tensor)
    np.testing.assert_array_equal(found.numpy(), wanted)
    assert found.dtype == np.asarray(wanted).dtype


@pytest.mark.parametrize("f", INTEGERS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("kind", [int, float])
def test_values_are_those_of_arrays(f: Any, kind: type) -> None:
    if kind is float and f not in FLOATS:
        return
    x, y = np.array([7, 9, 4]).astype(kind), np.array([2, 4, 3]).astype(kind)
    for other in (y, [2, 4, 3], kind(3)):
        same(f(Tensor(x), other), f(x, other))
        same(f(other, Tensor(x)), f(other, x))
    same(f(Tensor(x), Tensor(y)), f(x, y))
    same(f(y, Tensor(x)), f(y, x))


def test_gradients() -> None:
    x, y = np.array([7.3, -9.1, 4.2]), np.array([2.1, 4.4, -3.3])
    ag.check_gradients(lambda x, y: x % y, x, y)
    ag.check_gradients(lambda x, y: divmod(x, y)[1] + divmod(x, y)[0], x, y)
    ag.check_gradients(lambda x, y: x // y, x, y)
    assert (Tensor(x) // y).requires_grad


@pytest.mark.parametrize("f", IN_PLACE, ids=lambda f: f.__name__)
def test_in_place(f: Any) -> None:
    def changed(x: Any) -> Any:
        t = x * 2.0
        same_handle = t
        t = f(t, 1.7)
        assert t is same_handle
        return t

    x = np.array([1.3, -2.2])
    ag.check_gradients(changed, x)
    plain = x * 2.0
    plain = f(plain, 1.7)
    assert_close(changed(Tensor(x)), plain)


@pytest.mark.parametrize("f", [operator.ixor, operator.ilshift, operator.irshift])
def test_in_place_on_integers(f: Any) -> None:
    t, x = Tensor([5, 6]), np.array([5, 6])
    before = t
    t, x = f(t, 1), f(x, 1)
    assert t is before
    np.testing.assert_array_equal(t.numpy(), x)
    with pytest.raises(DTypeError, match=r"t %= ..."):
        t %= 1.5


@pytest.mark.parametrize("f", [math.floor, math.ceil, math.trunc, round])
def test_python_integers_are_those_of_untracked_numbers(f: Any) -> None:
    for x in (2.5, -3.7, 4.0):
        found = f(Tensor(x, requires_grad=False))
        assert found == f(x)
        assert isinstance(found, int)
    with pytest.raises(UnsupportedError, match=r"t\.item\(\)"):
        f(Tensor(2.5))


def test_round_with_decimals_is_numpys() -> None:
    x = np.array([1.234, -5.678])
    t = Tensor(x)
    for found in (round(t, 1), t.round(1), np.round(t, 1), np.around(t, 1)):
        np.testing.assert_array_equal(found.numpy(), np.round(x, 1))
        found.sum().backward()
    assert t.grad.tolist() == [0.0, 0.0]


def test_operators_are_there_before_the_library_is_loaded() -> None:
    program = (
        "import sys, autograd\n"
        "loaded = 'autograd.library' in sys.modules\n"
        "t = autograd.Tensor(7.0)\n"
        "print(loaded, (t % 4.0).item(), (9.0 // t).item(), 'scipy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "3.0", "1.0", "False"], done.stderr


# --- methods of arrays ---------------------------------------------------------------------------


def test_resize_in_place() -> None:
    x = np.array([3.0, 1.0, 2.0])
    for shape in ((2, 2), (2,), (3, 1)):
        leaf, plain = Tensor(x), x.copy()
        t = leaf * 1.0
        assert t.resize(shape) is None
        plain.resize(shape, refcheck=False)
        np.testing.assert_array_equal(t.numpy(), plain)
        (t * t).sum().backward()
        np.testing.assert_array_equal(leaf.grad, 2 * x * (np.arange(3) < plain.size))
    with pytest.raises(ag.InPlaceError, match="on a leaf"):
        Tensor(x).resize(2)
    t = Tensor(x) * 1.0
    part = t[:2]
    with pytest.raises(ag.InPlaceError, match="shares memory"):
        t.resize(2)
    assert part.shape == (2,)


def test_values_leave_as_bytes_and_one_by_one(tmp_path: Any) -> None:
    import pickle

    x = np.array([[1.5, 2.5], [3.5, 4.5]])
    t = Tensor(x)
    np.testing.assert_array_equal(pickle.loads(t.dumps()), x)
    t.dump(tmp_path / "t")
    np.testing.assert_array_equal(np.load(tmp_path / "t", allow_pickle=True), x)
    assert (t.item(1), t.item(1, 0), t.item((0, 1))) == (2.5, 3.5, 2.5)
    with pytest.raises(ag.ShapeError):
        t.item()
