"""Linear algebra: stacks of matrices, tall and wide ones, complex ones put together from two."""

from __future__ import annotations

from typing import Any

import numpy as np
from cases import case, positive, spread
from draws import generator

from autograd.gate import GATES
from autograd.numpy_api import COMPOSED

from .complexes import in_torch, of_pair

L = np.linalg
rng = generator(7)  # of its own: matrices have to stay far from singular


def normal(*shape: int) -> np.ndarray:
    return rng.normal(size=shape)


def of_six(*shape: int) -> np.ndarray:
    """A matrix of 6 x 6 far from singular, in another shape."""
    return (normal(6, 6) / 2 + 3 * np.eye(6)).reshape(shape)


def regular(x: Any) -> Any:
    """Square matrices far from singular."""
    return x + 3 * np.eye(x.shape[-1], dtype=x.dtype)


def definite(x: Any) -> Any:
    """Hermitian and positive definite matrices."""
    return x @ np.conj(np.swapaxes(x, -1, -2)) + np.eye(x.shape[-1], dtype=x.dtype)


REGULAR, DEFINITE = "(x + 3 * T.eye(3, dtype=x.dtype))", "(x @ x.mH + T.eye(3, dtype=x.dtype))"


def add(name: str, f: Any, inputs: Any, torch: str = "", tag: str = "", **more: Any) -> None:
    row = GATES.get(name)
    own = row is not None and "linalg" in row.kernel.__module__
    name = name if own or f"linalg.{name}" not in COMPOSED else f"linalg.{name}"
    case(name, f, inputs, torch=torch or None, tag=tag, **more)


# equations
for name, f, text in [
    ("inv", lambda x: L.inv(regular(x)), f"T.linalg.inv({REGULAR})"),
    ("det", lambda x: L.det(x), "T.linalg.det(x)"),
    ("slogdet", lambda x: L.slogdet(x)[1], "T.linalg.slogdet(x)[1]"),
    ("log_abs_det", lambda x: L.slogdet(regular(x)).logabsdet, f"T.linalg.slogdet({REGULAR})[1]"),
    ("cofactors", lambda x: _cofactors(x), ""),
    ("matrix_power", lambda x: L.matrix_power(x, 5), "T.linalg.matrix_power(x, 5)"),
]:  # fmt: skip
    plain = {"plain": lambda x: L.det(x) * L.inv(x).T} if name == "cofactors" else {}
    add(name, f, [normal(3, 3)], text and f"lambda x: {text}", **plain)
    if name != "cofactors":
        add(name, f, [normal(2, 3, 3)], text and f"lambda x: {text}", "stack")
        if name not in ("slogdet", "log_abs_det"):
            add(name, of_pair(f), [normal(3, 3), normal(3, 3)], in_torch(f"lambda x: {text}"),
                "complex")  # fmt: skip
for n in (-2, 0, 1, 3):
    add("matrix_power", lambda x, n=n: L.matrix_power(regular(x), n) + x, [normal(2, 3, 3)],
        f"lambda x: T.linalg.matrix_power({REGULAR}, {n}) + x", str(n))  # fmt: skip
add("phase_of_det", of_pair(lambda x: L.slogdet(x).sign), [normal(3, 3), normal(3, 3)],
    in_torch("lambda x: T.linalg.slogdet(x)[0]"), "complex")  # fmt: skip
add("log_abs_det", of_pair(lambda x: L.slogdet(x)[1]), [normal(3, 3), normal(3, 3)],
    in_torch("lambda x: T.linalg.slogdet(x)[1]"), "complex")  # fmt: skip
for a, b in [((3, 3), (3,)), ((3, 3), (3, 2)), ((2, 3, 3), (3,)), ((2, 3, 3), (3, 2)),
             ((3, 3), (2, 3, 2)), ((2, 1, 3, 3), (4, 3, 1))]:  # fmt: skip
    column = "b" if b != (3,) else "b[:, None]"
    dropped = "" if b != (3,) else "[..., 0]"
    text = f"lambda x, b: T.linalg.solve({REGULAR}, {column}){dropped}"
    add("solve", lambda x, b: L.solve(regular(x), b), [normal(*a), normal(*b)], text,
        f"{a}{b}".replace(" ", ""))  # fmt: skip
add("solve", of_pair(lambda x, b: L.solve(regular(x), b)),
    [normal(3, 3), normal(3, 3), normal(3, 2), normal(3, 2)],
    in_torch(f"lambda x, b: T.linalg.solve({REGULAR}, b)", 2), "complex")  # fmt: skip
for shape in [(4, 3), (3, 4), (2, 4, 3)]:
    add("pinv", lambda x: L.pinv(x), [normal(*shape)], "T.linalg.pinv", str(shape).replace(" ", ""))
add("pinv", of_pair(lambda x: L.pinv(x)), [normal(4, 3), normal(4, 3)], in_torch("T.linalg.pinv"),
    "complex")  # fmt: skip
add("pinv", lambda x: L.pinv(definite(x), hermitian=True), [normal(3, 3)],
    f"lambda x: T.linalg.pinv({DEFINITE})", "hermitian")  # fmt: skip
for a, b in [((5, 3), (5,)), ((5, 3), (5, 2)), ((3, 5), (3, 2)), ((3, 3), (3,))]:
    text = "lambda x, b: T.linalg.pinv(x) @ b"
    add("lstsq", lambda x, b: L.lstsq(x, b)[0], [normal(*a), normal(*b)], text,
        f"{a}{b}".replace(" ", ""))  # fmt: skip
add("lstsq", of_pair(lambda x, b: L.lstsq(x, b)[0]),
    [normal(5, 3), normal(5, 3), normal(5, 2), normal(5, 2)],
    in_torch("lambda x, b: T.linalg.pinv(x) @ b", 2), "complex")  # fmt: skip
add("tensorinv", lambda x: L.tensorinv(x), [of_six(2, 3, 3, 2)],
    "lambda x: T.linalg.tensorinv(x)")  # fmt: skip
add("tensorinv", lambda x: L.tensorinv(x, ind=1), [of_six(6, 2, 3)],
    "lambda x: T.linalg.tensorinv(x, ind=1)", "ind")  # fmt: skip
add("tensorsolve", lambda x, b: L.tensorsolve(x, b), [of_six(2, 3, 6), normal(2, 3)],
    "lambda x, b: T.linalg.tensorsolve(x, b)")  # fmt: skip
add("tensorsolve", lambda x, b: L.tensorsolve(x, b, axes=(0,)), [of_six(6, 2, 3), normal(2, 3)],
    "lambda x, b: T.linalg.tensorsolve(x, b, dims=(0,))", "axes")  # fmt: skip


def _cofactors(x: Any) -> Any:
    from autograd.library.linalg.equations import cofactors

    return cofactors(x)


add("quotient", lambda x, y: _quotient(x, y), [normal(3, 3), positive(3, 3)],
    plain=lambda x, y: x / y, torch="lambda x, y: x / y")  # fmt: skip
add("checked", lambda x: _checked(x), [normal(3, 3)], plain=lambda x: x)


def _quotient(x: Any, y: Any) -> Any:
    from autograd.library.linalg.matrices import quotient

    return quotient(x, y, np.zeros((3, 3), bool), what="")


def _checked(x: Any) -> Any:
    from autograd.library.linalg.matrices import checked

    return checked(x, x != x, what="NaN")


# triangular factors
for upper in (False, True):
    add("cholesky", lambda x, u=upper: L.cholesky(definite(x), upper=u), [normal(2, 3, 3)],
        f"lambda x: T.linalg.cholesky({DEFINITE}, upper={upper})", "upper" * upper)  # fmt: skip
add("cholesky", lambda x: L.cholesky(x + 9 * np.eye(3, dtype=x.dtype)), [normal(3, 3)],
    tag="triangle")  # fmt: skip
add("cholesky", of_pair(lambda x: L.cholesky(definite(x))), [normal(3, 3), normal(3, 3)],
    in_torch(f"lambda x: T.linalg.cholesky({DEFINITE})"), "complex")  # fmt: skip
for shape in [(4, 3), (3, 3), (3, 4), (2, 4, 2)]:
    tag = str(shape).replace(" ", "")
    add("qr", lambda x: _both(*L.qr(x)), [normal(*shape)],
        "lambda x: (lambda q, r: T.cat([q.mT, 2 * r], -1))(*T.linalg.qr(x))", tag)  # fmt: skip
    add("qr", lambda x: L.qr(x, mode="r"), [normal(*shape)], "lambda x: T.linalg.qr(x)[1]",
        f"r-{tag}")  # fmt: skip
    add("qr", of_pair(lambda x: _both(*L.qr(x))), [normal(*shape), normal(*shape)],
        in_torch("lambda x: (lambda q, r: T.cat([q.mT, 2 * r], -1))(*T.linalg.qr(x))"),
        f"complex-{tag}")  # fmt: skip


def _both(q: Any, r: Any) -> Any:
    return np.concatenate([np.swapaxes(q, -1, -2), 2 * r], axis=-1)


# spectra
def hermitian(x: Any) -> Any:
    return x + np.conj(np.swapaxes(x, -1, -2))


def _projected(vectors: Any, values: Any) -> Any:
    """What depends on neither signs nor phases of vectors."""
    return (vectors * np.exp(values * 0.3)[..., None, :]) @ np.conj(np.swapaxes(vectors, -1, -2))


IN_TORCH = "(lambda w, v: (v * T.exp(w * 0.3)[..., None, :]) @ v.mH)"
for uplo in "LU":
    add("eigh", lambda x, u=uplo: L.eigh(hermitian(x), u)[1] ** 4, [normal(2, 3, 3)],
        f"lambda x: T.linalg.eigh(x + x.mT, '{uplo}')[1]**4", uplo)  # fmt: skip
    add("eigh", lambda x, u=uplo: np.sum(L.eigh(x, UPLO=u).eigenvectors ** 4, axis=0)
        + L.eigvalsh(x, u), [hermitian(normal(3, 3))], tag=f"{uplo}-triangle")  # fmt: skip
    add("eigvalsh", lambda x, u=uplo: L.eigvalsh(hermitian(x), u), [normal(2, 3, 3)],
        f"lambda x: T.linalg.eigvalsh(x + x.mT, '{uplo}')", uplo)  # fmt: skip
add("eigh", of_pair(lambda x: _projected(*L.eigh(hermitian(x))[::-1])), [normal(3, 3),
    normal(3, 3)], in_torch(f"lambda x: {IN_TORCH}(*T.linalg.eigh(x + x.mH))"),
    "complex")  # fmt: skip
add("eigvalsh", of_pair(lambda x: L.eigvalsh(hermitian(x))), [normal(3, 3), normal(3, 3)],
    in_torch("lambda x: T.linalg.eigvalsh(x + x.mH)"), "complex")  # fmt: skip
add("eig", lambda x: np.real(_of_eig(*L.eig(x + 0j))), [normal(3, 3)],
    "lambda x: (lambda w, v: T.real(v * T.exp(w * 0.3)[None, :] @ T.linalg.inv(v)))"
    "(*T.linalg.eig(x))")  # fmt: skip
add("eig", of_pair(lambda x: _of_eig(*L.eig(x))), [normal(3, 3), normal(3, 3)],
    in_torch("lambda x: (lambda w, v: v * T.exp(w * 0.3)[None, :] @ T.linalg.inv(v))"
             "(*T.linalg.eig(x))"), "complex")  # fmt: skip
add("eigvals", lambda x: np.abs(L.eigvals(x + 0j)), [normal(2, 3, 3)],
    "lambda x: T.abs(T.linalg.eigvals(x))")  # fmt: skip


def _of_eig(values: Any, vectors: Any) -> Any:
    return (vectors * np.exp(values * 0.3)) @ L.inv(vectors)


for shape in [(4, 3), (3, 3), (3, 4), (2, 4, 2)]:
    tag = str(shape).replace(" ", "")
    svd = "T.linalg.svd(x, full_matrices=False)"
    add("svd", lambda x: _all_of(*L.svd(x, full_matrices=False)), [normal(*shape)],
        f"lambda x: (lambda u, s, v: T.cat([u**2, s[..., None, :], v.mT**2], -2))({svd})"
        .replace("(T.", "(*T."), tag)  # fmt: skip
    add("svd", of_pair(lambda x: _turned(*L.svd(x, full_matrices=False))), [normal(*shape),
        normal(*shape)], in_torch("lambda x: (lambda u, s, v: u @ (s[..., None]**2 * v))"
        f"(*{svd})"), f"complex-{tag}")  # fmt: skip
    add("svdvals", lambda x: L.svdvals(x), [normal(*shape)], "lambda x: T.linalg.svdvals(x)", tag)
    add("svdvals", of_pair(lambda x: L.svd(x, compute_uv=False)), [normal(*shape), normal(*shape)],
        in_torch("lambda x: T.linalg.svdvals(x)"), f"complex-{tag}")  # fmt: skip
add("svd", lambda x: _all_of(*L.svd(hermitian(x), hermitian=True)), [normal(3, 3)],
    tag="hermitian")  # fmt: skip


def _all_of(u: Any, s: Any, vh: Any) -> Any:
    return np.concatenate([u**2, s[..., None, :], np.swapaxes(vh, -1, -2) ** 2], axis=-2)


def _turned(u: Any, s: Any, vh: Any) -> Any:
    return u @ (s[..., :, None] ** 2 * vh)


# norms
for ord in (None, 0.5, 1, 1.5, 2, 3, -1, -2.5, np.inf, -np.inf):
    smooth = (ord is not None and 1 < abs(ord) < np.inf) or ord in (None, 0.5, -1)
    name = "length" if ord in (None, 2) else "p_norm" if smooth else "norm"
    text = "" if ord is None else f", ord={ord}".replace("inf", "float('inf')")
    add(name, lambda x, o=ord: L.norm(x, o), [spread(5)],
        f"lambda x: T.linalg.vector_norm(x{text})", f"vector-{ord}", smooth=smooth)  # fmt: skip
    add(name, lambda x, o=ord: L.norm(x, o, axis=0, keepdims=True), [spread(3, 4)],
        f"lambda x: T.linalg.vector_norm(x{text}, dim=0, keepdim=True)", f"axis-{ord}",
        smooth=smooth)  # fmt: skip
for ord in (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):
    smooth = ord in (None, "fro", "nuc", 2, -2)
    text = repr("fro" if ord is None else ord).replace("inf", "float('inf')")
    add("norm", lambda x, o=ord: L.norm(x, o), [normal(4, 3)],
        f"lambda x: T.linalg.matrix_norm(x, {text})", f"matrix-{ord}", smooth=smooth)  # fmt: skip
    add("norm", lambda x, o=ord: L.norm(x, o, axis=(2, 0), keepdims=True),
        [normal(3, 2, 4) * (1 + np.arange(4))],
        f"lambda x: T.linalg.matrix_norm(x, {text}, dim=(2, 0), keepdim=True)", f"axes-{ord}",
        smooth=smooth)  # fmt: skip
    add("norm", of_pair(lambda x, o=ord: L.norm(x, o)), [normal(4, 3), normal(4, 3)],
        in_torch(f"lambda x: T.linalg.matrix_norm(x, {text})"), f"complex-{ord}")  # fmt: skip
add("norm", lambda x: L.norm(x), [normal(2, 3, 2)], "T.linalg.vector_norm", "all")
add("p_norm", of_pair(lambda x: L.norm(x, 3)), [normal(4), normal(4)],
    in_torch("lambda x: T.linalg.vector_norm(x, 3)"), "complex")  # fmt: skip
add("vector_norm", lambda x: L.vector_norm(x, axis=(0, 2), ord=3, keepdims=True), [normal(2, 3, 2)],
    "lambda x: T.linalg.vector_norm(x, 3, (0, 2), True)")  # fmt: skip
add("matrix_norm", lambda x: L.matrix_norm(x, ord="nuc"), [normal(2, 3, 2)],
    "lambda x: T.linalg.matrix_norm(x, 'nuc')")  # fmt: skip
for p in (None, -2, 1, "fro", np.inf):
    text = f"lambda x: T.linalg.cond({REGULAR}, {p})" if p in (None, -2) else ""
    add("cond", lambda x, p=p: L.cond(regular(x), p), [normal(2, 3, 3)], text, str(p))

# products
add("multi_dot", lambda *x: L.multi_dot(x), [normal(2, 3), normal(3, 1), normal(1, 4),
    normal(4, 2)], "lambda *x: T.linalg.multi_dot(x)")  # fmt: skip
add("multi_dot", lambda *x: L.multi_dot(x), [normal(3), normal(3, 2), normal(2)],
    "lambda *x: T.linalg.multi_dot(x)", "vectors")  # fmt: skip
add("matmul", L.matmul, [normal(2, 3), normal(3, 2)], "T.matmul", "linalg")
add("matrix_transpose", L.matrix_transpose, [normal(2, 3, 4)], "lambda x: x.mT")
add("vecdot", lambda x, y: L.vecdot(x, y, axis=0), [normal(3, 4), normal(3, 1)],
    "lambda x, y: T.linalg.vecdot(x, y, dim=0)", "linalg")  # fmt: skip
add("vecdot", of_pair(L.vecdot), [normal(3, 4), normal(3, 4), normal(4), normal(4)],
    in_torch("lambda x, y: T.linalg.vecdot(x, y)", 2), "linalg-complex")  # fmt: skip
add("outer", L.outer, [normal(3), normal(4)], "T.outer", "linalg")
add("cross", L.cross, [normal(4, 3), normal(3)], "lambda x, y: T.linalg.cross(x, y[None])",
    "linalg")  # fmt: skip
add("cross", lambda x, y: L.cross(x, y, axis=0), [normal(3, 4), normal(3, 1)],
    "lambda x, y: T.linalg.cross(x, y, dim=0)", "linalg-axis")  # fmt: skip
for offset in (0, 1, -2):
    add("diagonal", lambda x, o=offset: L.diagonal(x, offset=o), [normal(2, 3, 4)],
        f"lambda x: T.diagonal(x, {offset}, -2, -1)", f"linalg-{offset}")  # fmt: skip
add("trace", lambda x: L.trace(x, offset=1), [normal(2, 3, 3)],
    "lambda x: T.diagonal(x, 1, -2, -1).sum(-1)", "linalg")  # fmt: skip
add("tensordot", lambda x, y: L.tensordot(x, y), [normal(2, 3, 4), normal(3, 4, 2)],
    "lambda x, y: T.tensordot(x, y, 2)", "linalg")  # fmt: skip
add("tensordot", lambda x, y: L.tensordot(x, y, axes=((0, -1), (2, 0))), [normal(2, 3, 4),
    normal(4, 3, 2)], "lambda x, y: T.tensordot(x, y, ((0, -1), (2, 0)))",
    "linalg-axes")  # fmt: skip
