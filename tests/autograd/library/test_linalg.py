"""Linear algebra where it is not smooth, where there is no derivative, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
from autograd import GradientCheckError, ShapeError, Tensor, UnsupportedError, check_gradients

L = np.linalg
LinAlgError = np.linalg.LinAlgError
rng = generator(11)
ONE = np.eye(3)
A, TALL = rng.normal(size=(3, 3)), rng.normal(size=(5, 3))
Q = L.qr(rng.normal(size=(3, 3)))[0]
DOUBLE = Q @ np.diag([1.0, 1.0, 2.0]) @ Q.T  # two eigenvalues are equal
RANK_1 = np.outer([1.0, 2.0, 3.0], [1.0, 1.0, 1.0])


# --- values ------------------------------------------------------------------------------------


def test_results_are_the_named_tuples_of_numpy() -> None:
    for f, x in [(L.eigh, DOUBLE), (L.eig, A + 0j), (L.slogdet, A), (L.qr, TALL), (L.svd, A)]:
        found, wanted = f(Tensor(x)), f(x)
        assert type(found) is type(wanted)
        for a, b in zip(found, wanted, strict=True):
            assert isinstance(a, Tensor)
            np.testing.assert_array_equal(a.numpy(), b)


def test_eigenvalues_of_real_matrices_are_real_where_they_all_are() -> None:
    turned = np.array([[0.0, -1.0], [1.0, 0.0]])
    for x in (A @ A.T, turned, A @ A.T + 0j):
        for found, wanted in zip(L.eig(Tensor(x)), L.eig(x), strict=True):
            assert found.dtype == wanted.dtype
            np.testing.assert_array_equal(found.numpy(), wanted)
        assert L.eigvals(Tensor(x)).dtype == L.eigvals(x).dtype
    check_gradients(lambda x: L.eig(x @ x.T + ONE).eigenvalues, A, order=2, rtol=1e-5)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (3, 3)])
@pytest.mark.parametrize("columns", [(), (2,)])
def test_least_squares_gives_all_that_numpy_gives(
    shape: tuple[int, int], columns: tuple[int, ...]
) -> None:
    a, b = rng.normal(size=shape), rng.normal(size=(shape[0], *columns))
    for found, wanted in zip(L.lstsq(Tensor(a), b), L.lstsq(a, b), strict=True):
        assert np.shape(found) == np.shape(wanted)
        assert_close(found, wanted)
    if shape == (5, 3):
        check_gradients(lambda a, b: L.lstsq(a, b)[1], a, b, order=2, rtol=1e-5)
        check_gradients(lambda a: L.lstsq(a, b)[3], a)
    assert L.lstsq(Tensor(np.ones((5, 3))), np.ones(5))[1].shape == (0,)


def test_untracked_tensors_take_every_option() -> None:
    x = Tensor(TALL, requires_grad=False)
    assert L.svd(x).U.shape == (5, 5)
    assert L.qr(x, mode="complete").Q.shape == (5, 5)
    assert len(L.qr(x, mode="raw")) == 2
    assert L.cond(Tensor(np.zeros((2, 2)), requires_grad=False)) == np.inf
    with ag.no_grad():
        assert L.svd(Tensor(TALL)).Vh.shape == (3, 3)


def test_ranks_are_constants() -> None:
    rank = L.matrix_rank(Tensor(RANK_1))
    assert rank.item() == 1
    assert not rank.requires_grad


@pytest.mark.parametrize(
    "f",
    [L.det, L.inv, L.eigvalsh, L.svdvals, L.cholesky, L.pinv, L.matrix_norm,
     lambda x: L.norm(x, "nuc", (-2, -1)), lambda x: L.norm(x, 2, (-2, -1)),
     lambda x: L.eigh(x)[1], lambda x: L.svd(x)[0], lambda x: L.qr(x)[0], lambda x: L.qr(x)[1],
     lambda x: L.slogdet(x)[1], lambda x: L.matrix_power(x, 3), lambda x: L.solve(x, x)],
)  # fmt: skip
@pytest.mark.parametrize("shape", [(0, 0), (0, 2, 2)])
def test_empty_matrices(f: Callable[..., Any], shape: tuple[int, ...]) -> None:
    x = np.zeros(shape)
    assert_close(f(Tensor(x)), f(x))
    assert ag.grad(lambda x: np.sum(f(x)))(x).shape == shape


# --- kinks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("ord", [None, 1, 2, 3, 1.5, 0.5, np.inf, -np.inf])
def test_norms_of_vectors_have_gradient_0_at_0(ord: Any) -> None:
    def f(x: Any) -> Any:
        return L.norm(x, ord)

    np.testing.assert_array_equal(ag.grad(f)(np.zeros(3)), 0)
    np.testing.assert_array_equal(ag.hessian(f)(np.zeros(3)), 0)
    assert np.isfinite(ag.hessian(f)(np.array([0.0, 1.0, -2.0]))).all()
    assert np.isfinite(ag.grad(f)(np.array([0j, 1 + 1j, 0]))).all()


@pytest.mark.parametrize("ord", [None, "fro", "nuc", 1, 2, np.inf, -1, -2, -np.inf])
def test_norms_of_matrices_have_gradient_0_at_0(ord: Any) -> None:
    np.testing.assert_array_equal(ag.grad(lambda x: L.norm(x, ord))(np.zeros((2, 3))), 0)


def test_the_number_of_nonzeros_is_a_constant() -> None:
    assert L.norm(Tensor([1.0, 0.0, 2.0]), 0).item() == 2
    assert not L.norm(Tensor([1.0, 0.0, 2.0]), 0).requires_grad


def test_equal_values_share_a_gradient() -> None:
    """The subgradient of minimum norm, of the largest singular value, and of an eigenvalue."""
    assert_close(ag.grad(lambda x: L.norm(x, 2))(ONE), ONE / 3)
    plane = np.eye(3) - np.outer(Q[:, 2], Q[:, 2])
    g = ag.grad(lambda x: L.eigvalsh(x)[0])(DOUBLE)
    assert_close(np.tril(g), np.tril(plane / 2 * (2 - ONE)), of=[ONE])
    assert_close(ag.grad(lambda x: np.sum(L.eigvalsh(x) ** 2))(ONE), 2 * ONE)
    assert_close(ag.grad(lambda x: np.sum(L.svd(x).S ** 2))(ONE), 2 * ONE)
    assert_close(ag.grad(lambda x: np.real(np.sum(L.eigvals(x) ** 2)))(ONE), 2 * ONE)


def test_the_nuclear_norm_of_a_matrix_of_low_rank() -> None:
    unit = RANK_1 / L.norm(RANK_1)
    assert_close(ag.grad(lambda x: L.norm(x, "nuc"))(RANK_1), unit)


# --- where there is no derivative --------------------------------------------------------------


def third(x: Any) -> Any:
    return np.sum(x**3)


@pytest.mark.parametrize(
    ("f", "x", "says"),
    [
        (lambda x: third(L.eigh(x)[1]), ONE, "eigh: a gradient arrived at vectors whose values"),
        (lambda x: third(L.eigh(x)[1]), DOUBLE, "any basis of their plane"),
        (lambda x: third(L.svd(x)[0]), ONE, "svd: a gradient arrived"),
        (lambda x: third(L.svd(x)[2]), DOUBLE, "svd: a gradient arrived"),
        (lambda x: third(L.svd(x, full_matrices=False)[0]), np.ones((3, 2)), "singular value 0"),
        (lambda x: third(np.real(L.eig(x)[1])), ONE, "eig: a gradient arrived"),
        (lambda x: third(np.real(L.eigvals(x))), np.array([[1.0, 1.0], [0.0, 1.0]]), "no basis"),
        (lambda x: np.real(third(L.eigh(x)[1])), A + A.T + 1j * (A - A.T), "phases"),
        (lambda x: np.real(third(L.eig(x)[1])), A + 1j * A.T, "phases"),
        (lambda x: np.real(third(L.svd(x)[0])), A + 1j * A.T, "phases"),
        (lambda x: third(L.qr(x)[1]), RANK_1, "qr: the first columns depend on each other"),
        (lambda x: L.slogdet(x)[1], RANK_1 * 0, "Singular"),
    ],
)
def test_what_has_no_derivative_raises(f: Any, x: Any, says: str) -> None:
    with pytest.raises(LinAlgError, match=says):
        ag.grad(f)(x)


def test_second_derivatives_at_equal_values_raise() -> None:
    """They exist, for this function of the values is smooth; but not by way of the vectors."""
    with pytest.raises(LinAlgError, match="eigh: a gradient arrived"):
        ag.hessian(lambda x: np.sum(L.eigvalsh(x) ** 2))(ONE)


def test_what_is_not_smooth_elsewhere_does_not_disturb_the_values() -> None:
    """Vectors that are computed, and not used, have a gradient of 0."""

    def f(x: Any) -> Any:
        values, vectors = L.eigh(x)
        return np.sum(values**2) + 0 * vectors[0, 0]

    assert_close(ag.grad(f)(ONE), 2 * ONE)


@pytest.mark.parametrize("x", [[[1.0, 2.0], [2.0, 4.0]], np.ones((3, 3)), np.zeros((2, 2))])
def test_determinants_of_singular_matrices_have_a_gradient(x: Any) -> None:
    check_gradients(L.det, x)


def test_the_triangle_that_is_read_has_the_gradient() -> None:
    x = A @ A.T + ONE
    for f in (L.cholesky, L.eigvalsh, lambda x: L.eigh(x).eigenvectors ** 2):
        g = ag.grad(lambda x, f=f: np.sum(f(x) * np.arange(3.0)))(x)
        np.testing.assert_array_equal(np.triu(g, 1), 0)
        check_gradients(f, x)
    assert (np.tril(ag.grad(lambda x: third(L.cholesky(x, upper=True)))(x), -1) == 0).all()


def test_gradients_of_hermitian_matrices_are_those_of_pytorch() -> None:
    """PyTorch spreads them over both triangles: their Hermitian part is the same."""
    torch = pytest.importorskip("torch")
    x = A @ A.T + ONE + 1j * (A - A.T)
    weights = rng.normal(size=3)
    t = torch.tensor(x, requires_grad=True)
    (torch.linalg.eigvalsh(t) * torch.tensor(weights)).sum().backward()
    g = ag.grad(lambda x: np.sum(L.eigvalsh(x) * weights))(x)
    assert_close((g + g.conj().T) / 2, t.grad.numpy())


def test_a_wrong_gate_beside_vectors_is_named() -> None:
    @ag.gates.gate(name="wrong_beside_vectors", local=lambda x: 3.0 * x)
    def wrong(x: Any) -> Any:
        return x * x

    with pytest.raises(GradientCheckError, match="the rule of gate 'wrong_beside_vectors'"):
        check_gradients(lambda x: wrong(np.abs(L.eigh(x + 0j)[1])), A @ A.T)
    ag.gate.GATES.pop("wrong_beside_vectors")


# --- refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "error", "says"),
    [
        (lambda x: L.svd(x), UnsupportedError, "full_matrices=False"),
        (lambda x: L.qr(x, mode="complete"), UnsupportedError, "mode='reduced'"),
        (lambda x: L.qr(x, mode="raw"), UnsupportedError, "mode 'raw'"),
        (lambda x: L.norm(x, 3), ValueError, "ord is 3"),
        (lambda x: L.norm(x[0], "fro"), ValueError, "norm of matrices"),
        (lambda x: L.norm(x[None], 2), ShapeError, "3 axes"),
        (lambda x: L.tensorinv(x, ind=0), ShapeError, "ind is 0"),
        (lambda x: L.tensorsolve(x, x[:, 0]), ShapeError, "as many elements"),
        (lambda x: L.multi_dot([x]), ShapeError, "two or more"),
        (lambda x: L.multi_dot([x, x.T, x[None]]), ShapeError, "expected matrices"),
        (lambda x: L.multi_dot([x, x.T, x], out=x), UnsupportedError, "option out"),
        (lambda x: L.outer(x, x), ShapeError, "expected vectors"),
        (lambda x: L.cross(x, x.T[:, :2]), ShapeError, "expected 3"),
        (lambda x: L.tensordot(x, x, axes=1), ShapeError, "the axes summed over"),
        (lambda x: L.matrix_transpose(x[0]), ShapeError, "two axes"),
        (lambda x: L.pinv(x, 1e-9, rtol=1e-9), ValueError, "give one"),
        (lambda x: L.inv(x), LinAlgError, "square"),
    ],
)
def test_what_is_refused(f: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        f(Tensor(TALL))


def test_compiled_programs_raise_as_well() -> None:
    f = ag.compile(ag.grad(lambda x: third(L.eigh(x + x.T)[1])))
    assert_close(f(A), ag.grad(lambda x: third(L.eigh(x + x.T)[1]))(A))
    with pytest.raises(LinAlgError, match="values are equal"):
        f(ONE)
