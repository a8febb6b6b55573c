"""Elementwise functions of the library: kinks, steps, special points, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
from autograd import DTypeError, ShapeError, Tensor, TraceError, UnsupportedError


def slopes(f: Any, *at: float) -> list[float]:
    """The derivatives of a function of numbers by each of them."""
    tensors = [Tensor(x) for x in at]
    f(*tensors).backward()
    return [0.0 if t.grad is None else float(t.grad) for t in tensors]


# --- kinks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "at", "expected"),
    [
        (np.hypot, (0.0, 0.0), (0, 0)),
        (np.arctan2, (0.0, 0.0), (0, 0)),
        (np.fabs, (0.0,), (0,)),
        (np.copysign, (0.0, -2.0), (0, 0)),
        (np.copysign, (3.0, -0.0), (-1, 0)),
        (np.fmax, (2.0, 2.0), (0.5, 0.5)),
        (np.fmin, (2.0, 2.0), (0.5, 0.5)),
        (lambda x: np.fmax(x, 2.0), (2.0,), (0,)),
        (np.fmax, (np.nan, 2.0), (0, 1)),
        (np.fmin, (2.0, np.nan), (1, 0)),
        (np.heaviside, (0.0, 0.5), (0, 1)),
        (np.logaddexp, (-np.inf, -np.inf), (0, 0)),
        (np.logaddexp, (np.inf, 1.0), (1, 0)),
        (np.logaddexp, (-np.inf, 1.0), (0, 1)),
        (np.logaddexp, (np.inf, np.inf), (0.5, 0.5)),
        (np.logaddexp2, (3.0, 3.0), (0.5, 0.5)),
        (np.logaddexp2, (np.inf, np.inf), (0.5, 0.5)),
        (np.floor, (2.0,), (0,)),
        (np.remainder, (4.0, 2.0), (1, -2)),
        (np.sinc, (0.0,), (0,)),
        (np.i0, (0.0,), (0,)),
        (np.nan_to_num, (np.nan,), (0,)),
        (np.nan_to_num, (np.inf,), (0,)),
        (lambda x: np.interp(x, [0.0, 1.0, 2.0], [0.0, 1.0, 3.0]), (1.0,), (1,)),
        (lambda x: np.interp(x, [0.0, 1.0, 2.0], [0.0, 1.0, 0.5]), (1.0,), (0,)),
        (lambda x: np.interp(x, [0.0, 1.0, 2.0], [0.0, 1.0, 3.0]), (0.0,), (0,)),
    ],
)
def test_kinks_and_special_points(f: Any, at: Any, expected: Any) -> None:
    assert_close(slopes(f, *at), np.array(expected, float))


def test_curvature_of_sinc_and_i0_at_zero() -> None:
    second = ag.grad(ag.grad(lambda x: np.sinc(x)))
    assert_close(second(0.0), -(math.pi**2) / 3)
    assert_close(ag.grad(ag.grad(lambda x: np.i0(x)))(0.0), 0.5)
    fourth = ag.grad(ag.grad(second))
    assert_close(fourth(1e-9), math.pi**4 / 5)


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_slopes_at_the_ends_of_a_domain_have_their_sign() -> None:
    for end in (1.0, -1.0):
        assert slopes(np.arcsin, end) == [np.inf]
        assert slopes(np.arccos, end) == [-np.inf]


def test_hypot_and_arctan2_of_huge_and_tiny_numbers() -> None:
    for size in (1e-200, 1e200):
        assert_close(slopes(np.hypot, 3 * size, 4 * size), np.array([0.6, 0.8]))
        found = np.array(slopes(np.arctan2, 3 * size, 4 * size)) * size
        assert_close(found, np.array([4, -3]) / 25)


def test_what_fmax_does_not_take_is_not_used() -> None:
    x = Tensor([0.0, 4.0])
    np.fmax(np.sqrt(x), 0.5).sum().backward()
    assert x.grad.tolist() == [0.0, 0.25]


# --- complex numbers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "sin",
        "cos",
        "tan",
        "arcsin",
        "arccos",
        "arctan",
        "sinh",
        "cosh",
        "arcsinh",
        "arccosh",
        "arctanh",
        "log2",
        "log10",
        "exp2",
    ],
)
def test_holomorphic_functions_on_the_whole_plane(name: str) -> None:
    rng = generator(0)
    f, z = getattr(np, name), 2 * rng.normal(size=12) + 2j * rng.normal(size=12)
    ag.check_gradients(lambda z: np.real(f(z)) + 0.3 * np.imag(f(z)), z, rtol=1e-4)


@pytest.mark.parametrize("name", ["sqrt", "log", "log2", "log10", "arcsin", "arccos", "arctanh"])
def test_emath_leaves_the_real_line(name: str) -> None:
    f = getattr(np.emath, name)
    for x in (np.array([-3.0, 0.5, 2.0, -1.5]), np.array([0.2, 0.7])):
        assert_close(f(Tensor(x)).numpy(), f(x))
        assert f(Tensor(x)).dtype == f(x).dtype
        ag.check_gradients(lambda x: np.real(f(x)) - 2 * np.imag(f(x)), x, rtol=1e-4)


def test_emath_power_and_logn() -> None:
    x = np.array([-3.0, 0.5, 2.0])
    ag.check_gradients(lambda x: np.abs(np.emath.logn(3.0, x)), x)
    ag.check_gradients(lambda x: np.imag(np.emath.power(x, 0.3)), x)
    assert_close(np.emath.power(Tensor(x), np.array(-2)), x**-2.0)
    with pytest.raises(TraceError, match="branch"):
        ag.compile(np.emath.sqrt)(Tensor(x))


# --- results of several parts ---------------------------------------------------------------------


def test_parts_are_numpys_own() -> None:
    x = np.array([3.25, -2.5, 0.0, 8.0, np.inf, 1e-310])
    for f in (np.modf, np.frexp, lambda t: np.divmod(np.where(np.isinf(t), 1.0, t), 1.75)):
        for ours, wanted in zip(f(Tensor(x)), f(x), strict=True):
            np.testing.assert_array_equal(ours.numpy(), wanted)
            assert ours.dtype == wanted.dtype
    _, exponent = np.frexp(Tensor(x[:2]))
    assert not exponent.requires_grad
    ag.check_gradients(lambda x: np.frexp(x)[0], x[:2])
    ag.check_gradients(lambda x: np.modf(x)[0] + np.modf(x)[1], x[:1])
    with pytest.raises(TraceError):
        ag.compile(lambda x: np.frexp(x)[0])(Tensor(1.0))


# --- choosing -------------------------------------------------------------------------------------


def test_piecewise_gives_each_function_its_own_elements() -> None:
    x = generator(0).normal(size=7) * 3
    for conditions, functions in [
        (lambda x: [x < 0, x > 1], [np.exp, lambda v: v * v, 5.0]),
        (lambda x: [x < 0], [lambda v: v - np.sum(v), lambda v: v * v]),
        (lambda x: x < 0, [np.exp, 2.0]),
    ]:
        f = lambda x, c=conditions, g=functions: np.piecewise(x, c(x), g)  # noqa: E731
        assert_close(f(Tensor(x)), f(x))
        ag.check_gradients(f, x)
    assert np.piecewise(Tensor(0.5), [False, True], [1.0, lambda v: 3 * v]).item() == 1.5
    scaled = np.piecewise(Tensor(x), [x < 0], [lambda v, k, by=1: k * v * by], 2.0, by=3)
    assert_close(scaled, np.where(x < 0, 6 * x, 0.0))
    with pytest.raises(ShapeError, match="2 conditions and 1 functions"):
        np.piecewise(Tensor(x), [x < 0, x > 1], [1.0])


def test_select_and_choose() -> None:
    x, y = np.array([-1.0, 0.5, 2.0], "f4"), np.array([3.0, 4.0, 5.0], "f4")
    conditions = [x < 0, x > 1]
    found = np.select(conditions, [Tensor(x), 2 * y], default=7)
    wanted = np.select(conditions, [x, 2 * y], default=7)
    np.testing.assert_array_equal(found.numpy(), wanted)
    assert found.dtype == wanted.dtype == np.float32
    with pytest.raises(TypeError, match="expected bools"):
        np.select([np.array([1, 0, 1])], [Tensor(x)])
    with pytest.raises(ShapeError, match="1 conditions and 2 choices"):
        np.select([x < 0], [Tensor(x), x])
    for mode in ("wrap", "clip"):
        number = np.array([-1, 4, 1])
        found = np.choose(number, [Tensor(x), Tensor(y)], mode=mode)
        np.testing.assert_array_equal(found.numpy(), np.choose(number, [x, y], mode=mode))
    for number in (np.array([0, 2, 1]), Tensor([0, -1, 1])):
        with pytest.raises(ValueError, match="numbered from 0 to 1"):
            np.choose(number, [Tensor(x), Tensor(y)])
    with pytest.raises(DTypeError, match="expected integers"):
        np.choose(np.array([0.0, 1.0, 1.0]), [Tensor(x), Tensor(y)])


def test_nan_to_num_and_its_options() -> None:
    x = np.array([np.nan, np.inf, -np.inf, 2.0])
    for options in ({}, {"nan": 1.0, "posinf": 5.0, "neginf": -5.0}):
        for dtype in (float, np.float32, complex):
            given = x.astype(dtype)
            found = np.nan_to_num(Tensor(given), **options)
            np.testing.assert_array_equal(found.numpy(), np.nan_to_num(given, **options))
            assert found.dtype == given.dtype
    with pytest.raises(UnsupportedError, match="copy"):
        np.nan_to_num(Tensor(x), copy=False)


# --- samples --------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"left": -9.0, "right": 9.0}, {"period": 2.5}], ids=str)
def test_interp_by_all_its_arguments(options: Any) -> None:
    rng = generator(3)
    x, fp = rng.uniform(-1, 4, (3, 4)), rng.normal(size=5)
    xp = np.array([0.1, 0.7, 1.2, 1.9, 2.4])
    assert_close(np.interp(Tensor(x), xp, fp, **options), np.interp(x, xp, fp, **options))
    ag.check_gradients(lambda x, xp, fp: np.interp(x, xp, fp, **options), x, xp, fp)
    with pytest.raises(ShapeError, match="two sequences"):
        np.interp(Tensor(x), xp, fp[1:])


def test_interp_between_one_point_and_repeated_points() -> None:
    assert np.interp(Tensor([0.0, 5.0]), [1.0], [3.0]).numpy().tolist() == [3.0, 3.0]
    xp, fp = np.array([0.0, 1.0, 1.0, 2.0]), np.array([0.0, 1.0, 5.0, 6.0])
    x = np.array([0.5, 1.0, 1.5])
    assert_close(np.interp(Tensor(x), xp, fp), np.interp(x, xp, fp))


# --- no gradient, and refused ---------------------------------------------------------------------


def test_integers_and_bits() -> None:
    t, x = Tensor([5, 6]), np.array([5, 6])
    for f in (np.gcd, np.lcm, np.bitwise_xor, np.left_shift, np.right_shift):
        found = f(t, 2)
        np.testing.assert_array_equal(found.numpy(), f(x, 2))
        assert not found.requires_grad
    np.testing.assert_array_equal(np.bitwise_count(t).numpy(), np.bitwise_count(x))
    with pytest.raises(TypeError):
        np.gcd(Tensor(1.0), 2)


def test_questions_about_numbers() -> None:
    x = Tensor([1.0, np.inf, -np.inf, np.nan])
    for f in (np.isreal, np.iscomplex, np.isneginf, np.isposinf):
        np.testing.assert_array_equal(f(x), f(x.numpy()))
    z = Tensor([1 + 1e-17j, 2.0])
    assert np.real_if_close(z).dtype == float
    assert np.real_if_close(z * 1j).dtype == complex
    assert np.real_if_close(x) is x


def test_float_power_is_in_double_precision() -> None:
    x = Tensor(np.array([2.0, 3.0], np.float32))
    out = np.float_power(x, 3)
    assert out.dtype == float
    out.sum().backward()
    assert x.grad.dtype == np.float32
    assert_close(x.grad, np.array([12.0, 27.0], np.float32))


def test_functions_made_by_vectorize_and_frompyfunc_are_refused() -> None:
    x = Tensor([1.0, 2.0])
    with pytest.raises(UnsupportedError, match=r"t\.detach\(\)"):
        np.vectorize(math.exp)(x)
    with pytest.raises(UnsupportedError, match="there is no gate for this function"):
        np.frompyfunc(math.exp, 1, 1)(x)
    plain = np.frompyfunc(math.exp, 1, 1)(x.detach())
    assert_close(plain.astype(float), np.exp([1.0, 2.0]))
