"""Functions of the standard on tracked tensors: values as of constants, and right gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from draws import generator

import autograd as ag
import autograd.array_api as xp
from autograd import Tensor

rng = generator(12)
X = rng.uniform(0.2, 0.8, (3, 4))
Y = rng.uniform(0.2, 0.8, (3, 4))
S = np.linspace(0.5, 4.5, 9).reshape(3, 3) + 3.0 * np.eye(3)  # a matrix with an inverse

ELEMENTWISE = [
    xp.abs, xp.acos, xp.asin, xp.asinh, xp.atan, xp.atanh, xp.ceil, xp.conj, xp.cos, xp.cosh,
    xp.exp, xp.expm1, xp.floor, xp.log, xp.log10, xp.log1p, xp.log2, xp.negative, xp.positive,
    xp.real, xp.reciprocal, xp.round, xp.sign, xp.sin, xp.sinh, xp.sqrt, xp.square, xp.tan,
    xp.tanh, xp.trunc,
]  # fmt: skip
PAIRS = [
    xp.add, xp.atan2, xp.copysign, xp.divide, xp.floor_divide, xp.hypot, xp.logaddexp, xp.maximum,
    xp.minimum, xp.multiply, xp.pow, xp.remainder, xp.subtract,
]  # fmt: skip

CASES: list[tuple[str, Any, tuple[Any, ...]]] = [
    *[(f.__name__, f, (X,)) for f in ELEMENTWISE],
    *[(f.__name__, f, (X, Y)) for f in PAIRS],
    *[(f"{f.__name__} with a number", lambda x, f=f: f(x, 0.3), (X,)) for f in PAIRS],
    *[(f"{f.__name__} of a number", lambda x, f=f: f(0.3, x), (X,)) for f in PAIRS],
    ("acosh", lambda x: xp.acosh(x + 1.0), (X,)),
    ("clip", lambda x: xp.clip(x, 0.3, 0.6), (X,)),
    ("clip by arrays", lambda x, y: xp.clip(x, y, y + 0.1), (X, Y)),
    ("sum", lambda x: xp.sum(x, axis=(0, 1)), (X,)),
    ("sum as", lambda x: xp.sum(x, dtype=xp.float64, keepdims=True), (X,)),
    ("prod", lambda x: xp.prod(x, axis=-1), (X,)),
    ("mean", lambda x: xp.mean(x, axis=1, keepdims=True), (X,)),
    ("var", lambda x: xp.var(x, axis=1, correction=1), (X,)),
    ("std", lambda x: xp.std(x, axis=0, correction=0.5, keepdims=True), (X,)),
    ("max", lambda x: xp.max(x, axis=0), (X,)),
    ("min", xp.min, (X,)),
    ("cumulative_sum", lambda x: xp.cumulative_sum(x, axis=1, include_initial=True), (X,)),
    ("cumulative_prod", lambda x: xp.cumulative_prod(x, axis=0, include_initial=True), (X,)),
    ("diff", lambda x: xp.diff(x, n=2), (X,)),
    ("diff joined", lambda x: xp.diff(x, prepend=x[:, :1] * 2.0, append=x), (X,)),
    ("sort", lambda x: xp.sort(x, axis=0), (X,)),
    ("sort backwards", lambda x: xp.sort(x, descending=True, stable=False), (X,)),
    ("unique_values", xp.unique_values, (X,)),
    ("unique_all", lambda x: xp.unique_all(x).values, (X,)),
    ("take", lambda x: xp.take(x, xp.asarray([2, 0, 2]), axis=1), (X,)),
    ("take_along_axis", lambda x: xp.take_along_axis(x, xp.argsort(x, axis=1), axis=1), (X,)),
    ("where", lambda x, y: xp.where(x > y, x, y * y), (X, Y)),
    ("where a number", lambda x: xp.where(x > 0.5, x, 2.0), (X,)),
    ("broadcast_arrays", lambda x: xp.broadcast_arrays(x[0], x)[0], (X,)),
    ("broadcast_to", lambda x: xp.broadcast_to(x, (2, 3, 4)), (X,)),
    ("concat", lambda x, y: xp.concat([x, y, xp.ones((3, 1))], axis=1), (X, Y)),
    ("concat flat", lambda x, y: xp.concat((x, y), axis=None), (X, Y)),
    ("stack", lambda x, y: xp.stack([x, y], axis=-1), (X, Y)),
    ("unstack", lambda x: xp.unstack(x, axis=1)[2], (X,)),
    ("expand_dims", lambda x: xp.expand_dims(x, axis=1), (X,)),
    ("squeeze", lambda x: xp.squeeze(x[:1], axis=0), (X,)),
    ("flip", xp.flip, (X,)),
    ("flip an axis", lambda x: xp.flip(x, axis=1), (X,)),
    ("matrix_transpose", xp.matrix_transpose, (X,)),
    ("moveaxis", lambda x: xp.moveaxis(x, 0, -1), (X,)),
    ("permute_dims", lambda x: xp.permute_dims(x, (1, 0)), (X,)),
    ("repeat", lambda x: xp.repeat(x, 2, axis=1), (X,)),
    ("repeat each", lambda x: xp.repeat(x, xp.asarray([1, 0, 2]), axis=0), (X,)),
    ("reshape", lambda x: xp.reshape(x, (2, -1), copy=True), (X,)),
    ("roll", lambda x: xp.roll(x, 1, axis=0), (X,)),
    ("tile", lambda x: xp.tile(x, (2, 1)), (X,)),
    ("tril", lambda x: xp.tril(x, k=1), (X,)),
    ("triu", xp.triu, (X,)),
    ("meshgrid", lambda x: xp.meshgrid(x[0], x[1], indexing="ij")[1], (X,)),
    ("linspace", lambda x: xp.linspace(x[0, 0], x[1, 1], 5, endpoint=False), (X,)),
    ("full", lambda x: xp.full((2, 3), x[0, 0]), (X,)),
    ("asarray", lambda x: xp.asarray([x[0, 0], 2.0]), (X,)),
    ("astype", lambda x: xp.astype(x, xp.complex128), (X,)),
    ("matmul", lambda x, y: xp.matmul(x, xp.matrix_transpose(y)), (X, Y)),
    ("tensordot", lambda x, y: xp.tensordot(x, y, axes=((1,), (1,))), (X, Y)),
    ("vecdot", lambda x, y: xp.vecdot(x, y, axis=0), (X, Y)),
    ("linalg.outer", lambda x, y: xp.linalg.outer(x[0], y[1]), (X, Y)),
    ("linalg.cross", lambda x, y: xp.linalg.cross(x, y, axis=0), (X, Y)),
    ("linalg.diagonal", lambda x: xp.linalg.diagonal(x, offset=1), (S,)),
    ("linalg.trace", lambda x: xp.linalg.trace(x, offset=-1, dtype=xp.float64), (S,)),
    ("linalg.det", xp.linalg.det, (S,)),
    ("linalg.slogdet", lambda x: xp.linalg.slogdet(x).logabsdet, (S,)),
    ("linalg.inv", xp.linalg.inv, (S,)),
    ("linalg.pinv", xp.linalg.pinv, (X,)),
    ("linalg.solve", lambda a, b: xp.linalg.solve(a, b), (S, X)),
    ("linalg.solve a vector", lambda a, b: xp.linalg.solve(a, b[:, 0]), (S, X)),
    ("linalg.matrix_power", lambda x: xp.linalg.matrix_power(x, 3), (S,)),
    ("linalg.cholesky", lambda x: xp.linalg.cholesky(x @ x.T + xp.eye(3)), (S,)),
    ("linalg.cholesky upper", lambda x: xp.linalg.cholesky(x @ x.T + xp.eye(3), upper=True), (S,)),
    ("linalg.eigvalsh", lambda x: xp.linalg.eigvalsh(x + x.T), (S,)),
    ("linalg.eigh", lambda x: xp.linalg.eigh(x + x.T).eigenvectors ** 2, (S,)),
    ("linalg.svdvals", xp.linalg.svdvals, (X,)),
    ("linalg.svd", lambda x: xp.linalg.svd(x, full_matrices=False).U ** 2, (X,)),
    ("linalg.qr", lambda x: xp.linalg.qr(x).R ** 2, (S,)),
    ("linalg.matrix_norm", xp.linalg.matrix_norm, (S,)),
    ("linalg.matrix_norm nuc", lambda x: xp.linalg.matrix_norm(x, ord="nuc", keepdims=True), (S,)),
    ("linalg.vector_norm", lambda x: xp.linalg.vector_norm(x, axis=1, ord=3), (X,)),
    ("linalg.vector_norm of all", lambda x: xp.linalg.vector_norm(x, keepdims=True), (X,)),
    ("fft.fft", lambda x: xp.real(xp.fft.fft(x, n=5)), (X,)),
    ("fft.ifft", lambda x: xp.imag(xp.fft.ifft(x, axis=0, norm="ortho")), (X,)),
    ("fft.rfft", lambda x: xp.abs(xp.fft.rfft(x)), (X,)),
    ("fft.irfft", lambda x: xp.fft.irfft(xp.fft.rfft(x), n=4), (X,)),
    ("fft.hfft", lambda x: xp.fft.hfft(x + 0j), (X,)),
    ("fft.ihfft", lambda x: xp.real(xp.fft.ihfft(x)), (X,)),
    ("fft.fftn", lambda x: xp.real(xp.fft.fftn(x)), (X,)),
    ("fft.rfftn", lambda x: xp.imag(xp.fft.rfftn(x, s=(4,))), (X,)),
    ("fft.irfftn", lambda x: xp.fft.irfftn(xp.fft.rfftn(x), s=(3, 4), axes=(0, 1)), (X,)),
    ("fft.fftshift", lambda x: xp.fft.fftshift(x, axes=1), (X,)),
    ("fft.ifftshift", xp.fft.ifftshift, (X,)),
]


def as_real(x: Any) -> Any:
    return xp.real(x) + 2.0 * xp.imag(x) if x.dtype.kind == "c" else x


@pytest.mark.parametrize(("name", "function", "inputs"), CASES, ids=[case[0] for case in CASES])
def test_gradients(name: str, function: Any, inputs: tuple[Any, ...]) -> None:
    tracked = function(*map(Tensor, inputs))
    plain = function(*map(xp.asarray, inputs))
    assert (tracked.shape, tracked.dtype) == (plain.shape, plain.dtype)
    assert (tracked.requires_grad, plain.requires_grad) == (True, False)
    np.testing.assert_allclose(tracked.numpy(), plain.numpy(), rtol=1e-13, atol=1e-15)
    ag.check_gradients(lambda *xs: as_real(function(*xs)), *inputs)


@pytest.mark.parametrize("function", [lambda x: xp.linalg.svd(x).U, lambda x: xp.linalg.qr(x).Q])
def test_parts_of_a_decomposition_can_be_written_to(function: Any) -> None:
    def doubled(x: Any) -> Any:
        part = function(x)
        part *= 2.0
        return part

    ag.check_gradients(lambda x: doubled(x) ** 2, S)


@pytest.mark.parametrize(
    "function",
    [
        xp.isnan, xp.signbit, xp.argmax, xp.argsort, xp.count_nonzero, xp.all, xp.nonzero,
        lambda x: xp.argsort(x, descending=True), lambda x: xp.less(x, 0.5), lambda x: x != x,
        lambda x: xp.searchsorted(x[0], x[1]), lambda x: xp.unique_counts(x).counts,
        xp.linalg.matrix_rank, xp.zeros_like, lambda x: xp.astype(x, xp.int32),
    ],
)  # fmt: skip
def test_constants_of_tracked_values(function: Any) -> None:
    found, expected = function(Tensor(X)), function(xp.asarray(X))
    for a, b in zip(*[x if isinstance(x, tuple) else (x,) for x in (found, expected)], strict=True):
        assert not a.requires_grad
        np.testing.assert_array_equal(a, b)
