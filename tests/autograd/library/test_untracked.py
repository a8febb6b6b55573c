"""Constants take every function of NumPy: tensors that are not tracked, and all inside no_grad().

Each public function is called with arrays first, with the first of many choices of arguments that
it accepts, and then with tensors of the same values.
"""

from __future__ import annotations

import copy
import inspect
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, no_grad

MODULES = {"np": np, "np.linalg": np.linalg, "np.fft": np.fft}

X = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.25], [0.5, 0.25, 2.0]])  # symmetric, positive definite
V = np.array([0.5, 0.75, 0.25])
K = np.array([2, 0, 1])
B = np.array([True, False, True])
CHOICES: list[tuple[Any, ...]] = [
    (X,), (V,), (K,), (B,), (V, V), (K, K), (X, X), (B, B), ([V, V],), (X, 1), (V, 1), (K, 1),
    (X, 0, 1), (V, K), (V, B), (K, (3, 3)), (X, (3, 3)), (X, K[:1], V[:1]), (V, [B], [V]),
    (V, [B, ~B], [1.0, 2.0]),
    (X, K.reshape(1, 3), 1), (V, V, V), ("i,i->i", V, V), (V, V, 1), (K, [V, V, V]),
    (lambda row: row * 2.0, 1, X), (lambda row, axis: np.sum(row, axis), X, [0]),
    ([B, ~B], [V, V]), (V, 0.5), (X, 2, 0), (K, 5), (2, K),
    (X, B, V), (B, V, V), (X, V, (3, 3)), (X, K, V, 1), (K, 2, V),
    (K.astype("uint8"),), (X[None], V), (X, [0, 1]), (K, [4, 4], "wrap"), ("i,i", V, V),
    ((K, K, K), (3, 3, 3)), (0.0, V), (V, 2.0, 3), ([X, X, X],), ("ij", X), (X, (1, 1)),
    (V, 3, 1, 0),
    ([[X, X]],), (V[:2], V[:2], 1), (X, X[None, :, :], 0), (np.ones((2, 2, 2)).sum(0), 2),
    (np.eye(4).reshape(2, 2, 2, 2),), (X[None], 1), (X, K[:, None], V[:, None], 1), (V, float),
    ((np.arange(36.0).reshape(6, 6) % 7 + 9 * np.eye(6)).reshape(2, 3, 6), np.ones((2, 3))),
]  # fmt: skip

# a number of places is a keyword argument, which is no tensor
OWN: dict[str, tuple[Any, ...]] = {"np.roll": (X, 1), "np.resize": (X, (2, 2))}

# they do not take arrays of numbers, or give what cannot be compared
ELSEWHERE = {
    "np.busday_count", "np.busday_offset", "np.datetime_as_string", "np.is_busday", "np.isnat",
    "np.printoptions", "np.empty_like", "np.from_dlpack", "np.may_share_memory",
    "np.shares_memory", "np.save", "np.savez", "np.savez_compressed", "np.savetxt",
}  # fmt: skip


def functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Functions that ask their arguments what to do (others take tensors by `__array__`)."""
    for home, module in MODULES.items():
        for name, f in vars(module).items():
            if name.startswith("_") or isinstance(f, (type, types.ModuleType)) or not callable(f):
                continue
            asks = isinstance(f, np.ufunc) or hasattr(f, "__wrapped__")
            if (asks or "dispatcher" in type(f).__name__.lower()) and home + name not in ELSEWHERE:
                yield f"{home}.{name}", f


def each(function: Callable[[Any], Any], tree: Any) -> Any:
    if isinstance(tree, (tuple, list)):
        return type(tree)(each(function, x) for x in tree)
    return function(tree)


def assert_same(result: Any, wanted: Any) -> None:
    """NumPy's values; to rounding, for some functions are made of others."""
    if isinstance(wanted, (tuple, list)):
        assert len(result) == len(wanted)
        for x, y in zip(result, wanted, strict=True):
            assert_same(x, y)
        return
    x, y = (np.asarray(z.numpy() if isinstance(z, Tensor) else z) for z in (result, wanted))
    assert x.shape == y.shape
    if y.dtype.kind in "fc":
        np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-14)
    else:
        np.testing.assert_array_equal(x, y)


def accepted(name: str, f: Callable[..., Any]) -> tuple[tuple[Any, ...], Any] | None:
    """The first choice of arguments that NumPy accepts, and what it makes of them."""
    for choice in [OWN[name]] if name in OWN else CHOICES:
        arguments = copy.deepcopy(choice)
        try:
            result = f(*arguments)
        except Exception:
            continue
        if result is None:  # it wrote into the first one
            return choice, arguments[0]
        return choice, result
    return None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "f"), [pytest.param(*row, id=row[0]) for row in dict(functions()).items()]
)
def test_constants_take_every_function(name: str, f: Callable[..., Any]) -> None:
    if name in ELSEWHERE:
        pytest.skip("not for arrays of numbers")
    found = accepted(name, f)
    assert found is not None, "no choice of arguments fits; add one"
    choice, wanted = found

    def constant(x: Any) -> Any:
        return Tensor(x, requires_grad=False) if isinstance(x, np.ndarray) else x

    def tracked(x: Any) -> Any:
        return Tensor(x) if isinstance(x, np.ndarray) else x

    for make in constant, tracked:
        arguments = each(make, copy.deepcopy(choice))
        with no_grad() if make is tracked else warnings.catch_warnings():
            result = f(*arguments)
        result = arguments[0] if result is None else result
        assert_same(result, wanted)


def test_all_of_numpy_is_met() -> None:
    """So that the sweep cannot become empty: nearly all functions that take arrays are in it."""
    met = dict(functions())
    assert {"np.roots", "np.packbits", "np.linalg.eig", "np.fft.fft", "np.einsum"} <= set(met)
    assert len(met) > 300
    assert inspect.isroutine(met["np.roots"])
