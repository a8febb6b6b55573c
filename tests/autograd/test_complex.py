"""Complex numbers: the gradient of a real result is dL/dx + i dL/dy, as in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import complex_programs
import numpy as np
import pytest
from close import assert_close
from compiled import same
from draws import generator

import autograd as ag
from autograd import DTypeError, GraphError, Tensor, UnsupportedError, check_gradients

rng = generator(5)


def numbers(*shape: int) -> np.ndarray:
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


Z, W, X = numbers(3, 4), numbers(4, 2), rng.normal(size=(3, 4))

PROGRAMS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "products": (lambda z, w: np.exp(z) @ w, (Z, W)),
    "real times complex": (lambda z, x: (z * x / (1 + z * z)) ** 2, (Z, X)),
    "conjugate": (lambda z, x: np.conj(z) * x * 1j + z, (Z, X)),
    "parts": (lambda z: z.real * np.imag(z), (Z,)),
    "absolute": (lambda z: np.abs(z * z) + np.abs(z), (Z,)),
    "of real numbers": (lambda x: np.abs(np.exp(1j * x) + x), (X,)),
    "functions": (lambda z: np.sin(z) + np.log(z + 4) + np.sqrt(z + 5) + np.tanh(z / 3), (Z,)),
    "moved": (lambda z: np.concatenate([z.T.reshape(2, 6), z[:2, [0, 1, 0, 2, 3, 3]]]), (Z,)),
    "sums": (lambda z: (z - z.mean(axis=0)).sum(axis=1), (Z,)),
    "chosen": (lambda z, x: np.where(x > 0, z, x), (Z, X)),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_against_numerical_derivatives(name: str) -> None:
    f, inputs = PROGRAMS[name]
    check_gradients(f, *inputs)
    check_gradients(f, *inputs, order=2, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_the_gradient_has_the_dtype_of_the_value(dtype: Any) -> None:
    z, x = Tensor(Z.astype(dtype)), Tensor(X.astype(np.zeros(1, dtype).real.dtype))
    loss = np.sum(np.abs(np.exp(z * 0.5) * x + 1j))
    assert loss.dtype == x.dtype
    loss.backward()
    assert z.grad.dtype == dtype
    assert x.grad.dtype == x.dtype


def test_the_gradient_points_uphill() -> None:
    z = Tensor(1 + 2j)
    (np.abs(z) ** 2).backward()
    assert_close(z.grad, 2 * (1 + 2j))
    assert_close(ag.grad(lambda z: np.real(z * (3 - 1j)))(0j), 3 + 1j)


def test_what_is_refused() -> None:
    z = Tensor(Z)
    with pytest.raises(GraphError, match="complex128"):
        np.sum(z).backward()
    with pytest.raises(UnsupportedError, match="maximum: it has no gradient for complex"):
        np.abs(np.maximum(z, 0)).sum().backward()
    with pytest.raises(DTypeError, match="real part"):
        z.astype(float)
    np.sum(z).backward(1j)
    np.testing.assert_array_equal(z.grad, np.full((3, 4), 1j))


# --- random programs -----------------------------------------------------------------------------


def _drawn(seed: int) -> tuple[Any, Any, Any]:
    rng = generator(seed)
    return complex_programs.program(rng, int(rng.integers(3, 12))), numbers(3, 3), X[:, :3]


@pytest.mark.parametrize("seed", range(100))
def test_random_programs_have_the_gradients_of_pytorch(seed: int) -> None:
    pytest.importorskip("torch")
    steps, z, x = _drawn(seed)
    value, found = complex_programs.gradients(steps, z, x)
    wanted = complex_programs.gradients_in_torch(steps, z, x)
    if wanted is None:
        pytest.skip("PyTorch does not mix real and complex numbers here")
    assert_close(value, wanted[0], of=[1.0])
    for g, w in zip(found, wanted[1], strict=True):
        assert_close(g, w, of=[*wanted[1], np.array([value, 1.0])])


@pytest.mark.parametrize("seed", range(100, 120))
def test_random_programs_compile_to_the_bits_of_eager(seed: int) -> None:
    steps, z, x = _drawn(seed)

    def step(z: Any, x: Any) -> Any:
        program = complex_programs.run
        return ag.value_and_grad(lambda *p: program(steps, np, *p), (0, 1), allow_unused=True)(z, x)

    compiled = ag.compile(step)
    for factor in (1.0, -0.7, 0.3):
        (value, found), (wanted, grads) = compiled(z * factor, x), step(z * factor, x)
        same(value, wanted)
        for g, w in zip(found, grads, strict=True):
            same(g, w)


@pytest.mark.parametrize("seed", range(200, 210))
def test_second_derivatives_of_random_programs(seed: int) -> None:
    steps, z, x = _drawn(seed)
    steps = [s for s in steps if s[0] not in ("where", "angle")][:4]
    steps = [(name, tuple(min(k, n + 1) for k in at)) for n, (name, at) in enumerate(steps)]

    def f(z: Any, x: Any) -> Any:
        return complex_programs.run(steps, np, z, x)

    check_gradients(f, z * 0.5, x * 0.5, order=2, rtol=1e-4, atol=1e-6)


# --- special points, and what else there is -----------------------------------------------------


def test_phases_have_gradient_0_at_0() -> None:
    z = np.array([0j, 3 + 4j])
    np.testing.assert_array_equal(ag.grad(lambda z: np.abs(z).sum())(z), [0, 0.6 + 0.8j])
    for f in (np.angle, lambda z: np.real(np.sign(z))):
        g = ag.grad(lambda z, f=f: np.sum(f(z)))(z)
        assert g[0] == 0
        assert np.isfinite(g).all()
    second = ag.grad(lambda z: np.sum(np.abs(ag.grad(lambda z: np.sum(np.abs(z)))(z) * 2)))(z)
    assert np.isfinite(second).all()


def test_sign_of_real_numbers_stays_the_gate_of_real_numbers() -> None:
    assert np.sign(Tensor(-2.0)).node.gate.name == "sign"
    assert np.sign(Tensor(-2.0 + 0j)).node.gate.name == "phase"


@pytest.mark.parametrize("make", [lambda x: 1j * x, lambda x: x * 1j, lambda x: 1j + x])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("tracked", [True, False])
def test_python_numbers_are_weak_beside_single_values(make: Any, dtype: Any, tracked: bool) -> None:
    for value in (dtype(1.5), np.full(2, 1.5, dtype)):
        z = make(Tensor(value, requires_grad=tracked))
        assert z.dtype == np.result_type(dtype, np.complex64)
        np.testing.assert_array_equal(z.numpy(), make(value))


def test_what_is_asked_of_complex_numbers() -> None:
    z = Tensor([1 + 1e-20j, 2.0])
    np.testing.assert_array_equal(np.isreal(z), [False, True])
    np.testing.assert_array_equal(np.iscomplex(z), [True, False])
    assert np.iscomplexobj(z)
    assert np.real_if_close(z).dtype == np.float64
    assert np.real_if_close(z * 1j) is not None
    assert np.real_if_close(z + 1j).dtype == np.complex128
    check_gradients(lambda x: np.real_if_close(x * (1 + 0j)), [1.0, 2.0])


def test_writing() -> None:
    def f(z: Any, x: Any) -> Any:
        out = z.copy()
        out[1], out[2:], out[0] = x[0], 3.0, z[0] * 2j
        return out

    check_gradients(f, Z[0], X[0])
    x = Tensor(X)
    with pytest.raises(DTypeError, match="imaginary part"):
        x[0] = 1j


def test_pictures_and_pages(tmp_path: Path) -> None:
    from autograd.draw import draw
    from autograd.explore import explore

    z = Tensor(np.array([3 + 2j, -1j]), name="z")
    loss = np.sum(np.abs(np.exp(z) * (2 - 1j) + z.real))
    assert "3+2i" in draw(Tensor(3 + 2j, name="w") * 2.0).text
    loss.backward()
    assert "z" in draw(loss).text
    assert draw(np.abs(Tensor(numbers(30, 30))).sum()).text
    explore(loss, tmp_path / "page.html")
    explore(np.abs(Tensor(3 + 2j) * 2j), tmp_path / "single.html")
    assert (tmp_path / "page.html").stat().st_size > 1000


# --- derivatives of functions ------------------------------------------------------------------


def mixed(z: Any) -> Any:
    """Not holomorphic."""
    return z**2 * 2j + np.conj(z) + np.abs(z)


def _slope(f: Callable[..., Any], z: Any, v: Any, h: float = 1e-5) -> Any:
    return (f(z + h * v) - f(z - h * v)) / (2 * h)


def test_products_with_jacobians_and_hessians() -> None:
    z, v, g = Z[0], Z[1], Z[2]
    slope = _slope(mixed, z, v)
    assert_close(ag.jvp(mixed)(z, v), slope, rtol=1e-7)
    assert_close(np.vdot(ag.vjp(mixed)(z, g), v).real, np.vdot(g, slope).real, rtol=1e-7)

    def loss(z: Any) -> Any:
        return np.sum(np.abs(z) ** 3) + np.real(np.sum(z**3))

    assert_close(ag.hvp(loss)(z, v), _slope(ag.grad(loss), z, v), rtol=1e-7)


def test_jacobians_of_real_results() -> None:
    rows = ag.jacobian(lambda z: np.abs(z) ** 2)(Z[0])
    assert_close(rows, np.diag(2 * Z[0]))


@pytest.mark.parametrize("name", ["grad", "jacobian", "hessian", "elementwise_grad"])
def test_derivatives_that_are_no_complex_numbers_are_refused(name: str) -> None:
    f = np.abs if name == "hessian" else mixed
    with pytest.raises(GraphError, match="complex"):
        getattr(ag, name)(f)(1 + 2j)


def test_gradients_are_summed_in_the_order_of_their_memory() -> None:
    def f(x: Any, y: Any) -> Any:
        return np.sum(np.abs(np.cumsum((x.T * y.T).T, axis=1)))

    eager = ag.grad(f, (0, 1))
    compiled = ag.compile(eager)
    for seed in range(5):
        x, y = numbers(5, 7) * np.exp(seed * 1j), numbers(5, 1)
        for found, wanted in zip(compiled(x, y), eager(x, y), strict=True):
            same(found, wanted)
