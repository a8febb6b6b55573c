"""Products, shapes, creation, writes: options, complex numbers, constants, what is refused."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator
from gate_cases import CASES

import autograd as ag
from autograd import DTypeError, ShapeError, Tensor, UnsupportedError
from autograd.library import arrange, creation, pieces, products
from autograd.numpy_api import COMPOSED

rng = generator(5)
OURS = tuple(module.__name__ for module in (arrange, creation, pieces, products))
BY_VALUES = {"trim_zeros"}  # how much is left depends on the elements: not for generated tests


def normal(*shape: int) -> Any:
    return rng.normal(size=shape)


def complex_(*shape: int) -> Any:
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


def test_every_composed_function_has_a_case() -> None:
    ours = {name for name, f in COMPOSED.items() if f.__module__ in OURS}
    assert "hstack" in ours
    assert ours - BY_VALUES - {case.gate for case in CASES} == set()


# --- complex numbers -----------------------------------------------------------------------------

PRODUCTS: dict[str, tuple[Any, Any, Any]] = {
    "einsum": (lambda x, y: np.einsum("ij,kj->ik", x, y), complex_(2, 3), complex_(2, 3)),
    "tensordot": (lambda x, y: np.tensordot(x, y, 1), complex_(2, 3), complex_(3, 2)),
    "inner": (np.inner, complex_(3), complex_(2, 3)),
    "outer": (np.outer, complex_(3), complex_(2)),
    "vdot": (np.vdot, complex_(3), complex_(3)),
    "vecdot": (np.vecdot, complex_(2, 3), complex_(2, 3)),
    "matvec": (np.matvec, complex_(2, 2, 3), complex_(2, 3)),
    "vecmat": (np.vecmat, complex_(2, 2), complex_(2, 2, 3)),
    "kron": (np.kron, complex_(2), complex_(3)),
    "cross": (np.cross, complex_(3), complex_(2, 3)),
    "real": (np.vdot, normal(3), complex_(3)),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_of_complex_numbers(name: str) -> None:
    f, x, y = PRODUCTS[name]
    assert_close(f(Tensor(x), Tensor(y)), f(x, y))

    def loss(x: Any, y: Any) -> Any:
        return np.sum(np.real(f(x, y) * (0.3 - 0.8j)))

    ag.check_gradients(loss, x, y)


# --- options -------------------------------------------------------------------------------------


def test_products_into_out() -> None:
    x, y = Tensor(normal(3)), Tensor(normal(3))
    for call, shape in (
        (lambda out: np.outer(x, y, out=out), (3, 3)),
        (lambda out: np.einsum("i,j->ij", x, y, out=out), (3, 3)),
        (lambda out: np.trace(np.outer(x, y), out=out), ()),
        (lambda out: np.concatenate([x, y], out=out), (6,)),
        (lambda out: np.stack([x, y], out=out), (2, 3)),
    ):
        out = np.copy(Tensor(np.zeros(shape), requires_grad=False))
        assert call(out) is out  # type: ignore[no-untyped-call]
        x.grad = None
        out.sum().backward()
        assert x.grad is not None
        with pytest.raises(UnsupportedError, match="written into an array"):
            call(np.zeros(shape))  # type: ignore[no-untyped-call]


def test_dtypes_of_joined_arrays() -> None:
    x = Tensor(normal(2))
    for join in (np.concatenate, np.stack, np.hstack, np.vstack):
        made = join([x, np.ones(2)], dtype=np.float32)  # type: ignore[operator]
        assert made.dtype == np.float32
        made.sum().backward()
        with pytest.raises(DTypeError, match="safe"):
            join([x, x], dtype=np.float32, casting="safe")  # type: ignore[operator]
    assert x.grad.dtype == np.float64


def test_einsum_of_another_dtype() -> None:
    x = Tensor(normal(2).astype(np.float32))
    assert np.einsum("i,i", x, x, dtype=np.float64).dtype == np.float64
    with pytest.raises(DTypeError, match="same_kind"):
        np.einsum("i->i", Tensor(normal(2)), dtype=np.float32)


def test_orders_and_copies_of_reshape() -> None:
    t = Tensor(np.arange(6.0).reshape(2, 3)) * 1
    assert t.flatten("F").tolist() == [0, 3, 1, 4, 2, 5]
    assert t.T.ravel("K").tolist() == t.T.ravel("A").tolist() == [0, 1, 2, 3, 4, 5]
    assert np.ravel(t.T).tolist() == [0, 3, 1, 4, 2, 5]
    with pytest.raises(ShapeError, match="needs a copy"):
        t.T.reshape(6, copy=False)
    assert t.reshape(6, copy=False).shape == (6,)
    flat = t.flatten()
    flat[0] = 9.0
    assert t.numpy()[0, 0] == 0.0
    with pytest.raises(UnsupportedError, match="order='Z'"):
        t.ravel("Z")


# --- what selects, and what is not used ----------------------------------------------------------


@pytest.mark.parametrize(
    "select",
    [lambda t: np.diagonal(t, 1), lambda t: np.triu(t, 1), lambda t: np.delete(t, 0, 1)[0]],
)
def test_nan_in_what_is_not_selected_stays_there(select: Any) -> None:
    x = Tensor(np.eye(2) - 1.0)  # roots at 0 on the diagonal
    root = np.sqrt(-x)
    select(root).sum().backward()
    assert np.isfinite(x.grad).all()
    assert x.grad[0, 1] == -0.5


def test_trim_zeros() -> None:
    x = np.array([0.0, 0.0, 1.0, 0.0, 2.0, 0.0])
    for trim in ("fb", "f", "b"):
        t = Tensor(x)
        made = np.trim_zeros(t, trim)
        assert made.tolist() == np.trim_zeros(x, trim).tolist()
        (made * made).sum().backward()
        assert t.grad.tolist() == (2 * x).tolist()
    assert np.trim_zeros(Tensor(np.zeros(3))).size == 0
    box = np.pad(np.ones((2, 1)), ((1, 0), (2, 3)))
    assert np.trim_zeros(Tensor(box)).shape == (2, 1)
    assert np.trim_zeros(Tensor(box), axis=1).shape == (3, 1)
    with pytest.raises(ag.TraceError):
        ag.compile(lambda t: np.trim_zeros(ag.Tensor(t)))(x)


# --- constants -----------------------------------------------------------------------------------


def test_functions_that_read_values_or_shapes(tmp_path: Path) -> None:
    x = Tensor(normal(3, 3))
    for save in (np.save, np.savetxt):
        save(tmp_path / "x.txt", x)  # type: ignore[operator]
    np.savez(tmp_path / "x.npz", x, named=x)
    np.testing.assert_array_equal(np.load(tmp_path / "x.txt.npy"), x.numpy())
    np.testing.assert_array_equal(np.load(tmp_path / "x.npz")["named"], x.numpy())
    assert len(np.loadtxt(io.StringIO("1 2"))) == 2
    assert np.shares_memory(x, x[1:])
    assert not np.may_share_memory(x, x.copy())
    assert not np.can_cast(x, np.int64)
    assert np.common_type(x) is np.float64
    assert np.diag_indices_from(x)[0].tolist() == [0, 1, 2]
    assert len(np.triu_indices_from(x)[0]) == len(np.tril_indices_from(x)[0]) == 6
    assert np.einsum_path("ij,jk", x, x)[0] == ["einsum_path", (0, 1)]
    assert (x.itemsize, x.nbytes, x.strides) == (8, 72, (24, 8))
    assert x.tobytes() == x.numpy().tobytes()
    assert x.tolist() == x.numpy().tolist()
    x.tofile(tmp_path / "x.bin")
    np.testing.assert_array_equal(np.fromfile(tmp_path / "x.bin"), x.numpy().ravel())
    assert np.array_equiv(x, x)
    assert np.isfortran(x.T)
    assert x.flags.c_contiguous


def test_what_is_not_tracked_stays_so() -> None:
    numbers = Tensor([[3, 1], [2, 4]], requires_grad=False)
    for made in (
        np.hstack([numbers, numbers]), np.einsum("ii->i", numbers), np.tile(numbers, 2),
        np.pad(numbers, 1, "mean"), np.roll(numbers, 1), np.insert(numbers, 0, 5), np.diag(numbers),
        np.linspace(numbers, 5, 3), np.kron(numbers, numbers),
    ):  # fmt: skip
        assert isinstance(made, Tensor)
        assert not made.requires_grad
    np.testing.assert_array_equal(
        np.pad(numbers, 1, "mean").numpy(), np.pad(numbers.numpy(), 1, "mean")
    )


def test_creation_like_a_tensor() -> None:
    t = Tensor([1.0, 2.0])
    assert isinstance(np.zeros(3, like=t), Tensor)  # type: ignore[call-overload]
    assert isinstance(np.asarray([1.0], like=t), Tensor)  # type: ignore[call-overload]
    assert np.isfortran(np.asfortranarray(np.ones((2, 2)), like=t))  # type: ignore[call-overload]
    made = np.fromfunction(lambda i, j: i * t[0] + j, (2, 2), like=t)  # type: ignore[call-overload]
    assert made.requires_grad
    t.grad = None
    made = np.array([[t[0], 2.0], [3.0, t[1]]], like=t)  # type: ignore[call-overload]
    (made * made).sum().backward()
    assert t.grad.tolist() == [2.0, 4.0]


# --- what is refused -----------------------------------------------------------------------------

T = Tensor(np.ones((2, 3)))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: np.einsum("ij,jk", T, T), ShapeError, r"axes 'j' have lengths \[2, 3\]"),
        (lambda: np.einsum("ij", T, T), ShapeError, "for 1 operands, but got 2"),
        (lambda: np.einsum("ijk", T), ShapeError, r"'ijk'.*3 axes.*\(2, 3\)"),
        (lambda: np.einsum("ij->ik", T), ShapeError, "one that no operand has"),
        (lambda: np.einsum("ii", T), ShapeError, "'i' have lengths"),
        (lambda: np.einsum("ij->", T, order="F"), UnsupportedError, "option order"),
        (lambda: np.tensordot(T, T, 1), ShapeError, r"lengths \(3,\) and \(2,\)"),
        (lambda: np.vdot(T, T[0]), ShapeError, "as many elements"),
        (lambda: np.vecdot(T, T[:, :2]), ShapeError, "lengths to sum over, 3 and 2"),
        (lambda: np.matvec(T[0], T[0]), ShapeError, "need 2 and 1 axes"),
        (lambda: np.cross(T[:, :1], T), ShapeError, "2 or 3 components"),
        (lambda: np.split(T, 2, axis=1), ShapeError, "np.array_split"),
        (lambda: np.block([T, [T]]), ShapeError, "different depths"),
        (lambda: np.pad(T, 1, "odd"), UnsupportedError, "the modes and their options"),
        (lambda: np.pad(T, 1, lambda *_: None), UnsupportedError, "np.concatenate"),
        (lambda: np.repeat(T, 1.5), DTypeError, "expected integers"),
        (lambda: np.linspace(T, 1.0, -1), ShapeError, "not negative"),
        (lambda: np.linspace(T, 9.0, 3, dtype=int), DTypeError, "lose the gradient"),
        (lambda: np.insert(Tensor([1, 2]), 0, 0.5), DTypeError, "decimals"),
        (lambda: np.array([T, T]), UnsupportedError, r"np\.stack\(\[t, u\]\)"),
        (lambda: np.rollaxis(T, 0, 5), ShapeError, "start is 5"),
        (lambda: np.fliplr(T[0]), ShapeError, "two axes"),
        (lambda: np.vander(T), ShapeError, "one axis"),
    ],
)  # fmt: skip
def test_bad_input(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


# --- writes --------------------------------------------------------------------------------------

WRITES: dict[str, Any] = {
    "put": lambda a, v: np.put(a, 0, v),
    "place": lambda a, v: np.place(a, a > -1, v),
    "putmask": lambda a, v: np.putmask(a, a > -1, v),
    "copyto": np.copyto,
    "fill_diagonal": np.fill_diagonal,
    "put_along_axis": lambda a, v: np.put_along_axis(a, np.array([[0], [1]]), v, axis=1),
    "add.at": lambda a, v: np.add.at(a, 0, v),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_what_is_written_into_arrays_numbers_and_leaves(write: Any) -> None:
    value = Tensor(3.0)
    array = np.zeros((2, 2))
    words = r"let a be a Tensor" if write is np.fill_diagonal else r"recorded value.*ag\.Tensor\(a"
    with pytest.raises(UnsupportedError, match=words):
        write(array, value)
    assert not array.any()
    write(array, value.detach())
    expected = np.zeros((2, 2))
    write(expected, 3.0)
    np.testing.assert_array_equal(array, expected)
    with pytest.raises(ag.InPlaceError, match="leaf"):
        write(Tensor(np.zeros((2, 2))), value)
    t = Tensor(np.zeros((2, 2)), requires_grad=False)
    write(t, value)
    np.testing.assert_array_equal(t.numpy(), expected)
    assert t.requires_grad
    if write is np.copyto:
        with pytest.raises(ag.InPlaceError, match="number"):
            write(Tensor([1.0, 2.0]).sum(), 3.0)


def test_written_values_have_to_fit() -> None:
    t = Tensor([1.0, 2.0, 3.0]) * 1
    numbers = Tensor([1, 2, 3], requires_grad=False)
    for call, error in (
        (lambda: np.put(t, [3], 1.0), IndexError),
        (lambda: np.put(t, [0], 1.0, mode="other"), UnsupportedError),
        (lambda: np.place(t, [True, False], [1.0]), ShapeError),
        (lambda: np.place(t, [True, False, True], []), ShapeError),
        (lambda: np.copyto(t, 1j * np.ones(3)), DTypeError),
        (lambda: np.copyto(numbers, t), DTypeError),
        (lambda: np.put(numbers, 0, 0.5), DTypeError),
        (lambda: np.fill_diagonal(t, 0.0), ShapeError),
        (lambda: np.put_along_axis(t, np.array([[0]]), 1.0, 0), ShapeError),
        (lambda: np.add.at(t, 5, 1.0), IndexError),
    ):
        with pytest.raises(error):
            call()  # type: ignore[no-untyped-call]
    assert t.tolist() == [1.0, 2.0, 3.0]
    assert numbers.tolist() == [1, 2, 3]


def test_flat_is_read_and_written() -> None:
    t = Tensor(np.arange(6.0).reshape(2, 3)) * 1
    assert t.flat[4].item() == 4.0
    assert [x.item() for x in t.flat] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert len(t.flat) == 6
    t.flat[1:3] = Tensor([7.0, 8.0])
    t.flat[0] = 9.0
    assert t.tolist() == [[9.0, 7.0, 8.0], [3.0, 4.0, 5.0]]
    t.flat = [0.0, 1.0]
    assert t.tolist() == [[0.0, 1.0, 0.0], [1.0, 0.0, 1.0]]


@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "subtract"])
def test_at_as_often_as_the_index_is_repeated(name: str) -> None:
    ufunc = getattr(np, name)
    index = rng.integers(0, 5, size=40)
    x, values = normal(5), normal(40)
    expected = x.copy()
    ufunc.at(expected, index, values)
    t = Tensor(x) * 1
    ufunc.at(t, index, Tensor(values))
    assert_close(t, expected)
    with pytest.raises(UnsupportedError):
        ufunc.at(np.zeros(5), index, Tensor(values))
