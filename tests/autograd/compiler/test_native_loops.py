"""The text of native loops as machine code: what it computes, whatever it is given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

from autograd.compiler.native import load
from autograd.compiler.native.load import _laid_out
from autograd.compiler.types import Type, type_of

pytest.importorskip("llvmlite", reason='needs numba: pip install "gategrad[jit]"')


@pytest.fixture(autouse=True)
def machine_code_elsewhere(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder of the user stays as it is."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


def run(text: str, *args: Any) -> tuple[Any, ...]:
    """Run some lines with arguments a, b, …"""
    names = "abcdef"[: len(args)]
    body = "".join(f"    {line}\n" for line in text.splitlines())
    function = load(f"def run({', '.join(names)}):\n{body}", [type_of(x) for x in args])
    return function(*args)


SHAPES = [(1, 1, 16), (13, 7, 16), (6, 300, 50), (25, 1000, 10), (3, 2, 100), (12, 40, 33)]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("turned", ["", "left", "right"])
@pytest.mark.parametrize("shape", SHAPES)
def test_products_are_those_of_numpy(shape: tuple[int, int, int], turned: str, dtype: Any) -> None:
    rows, inner, columns = shape
    draws = generator(3)
    x, w = draws.normal(size=(rows, inner)), draws.normal(size=(inner, columns))
    x, w = x.astype(dtype), w.astype(dtype)
    x = np.asfortranarray(x) if turned == "left" else x
    w = np.asfortranarray(w) if turned == "right" else w
    out = np.full((rows + 1, columns), np.nan, dtype)  # one more row, which is nobody's
    run("product(c, a, b)\nreturn ()", x, w, out[:rows])
    wanted = x.astype(np.longdouble) @ w
    assert_close(out[:rows], wanted.astype(dtype), of=[inner], dtype=dtype)
    assert np.isnan(out[rows]).all()
    out[:] = np.nan
    some = min(rows, 12)
    run(
        f"for i in range(0, {some}, {some}):\n    product(c, a, b, i, {some})\nreturn ()", x, w, out
    )
    assert_close(out[:some], wanted[:some].astype(dtype), of=[inner], dtype=dtype)
    assert np.isnan(out[some:]).all()


@pytest.mark.parametrize(
    "other",
    [
        lambda x: np.asfortranarray(x),
        lambda x: x[::-1, ::-1][::-1, ::-1].copy(order="F").T.copy().T,
        lambda x: np.repeat(x, 2, axis=0)[::2],
        lambda x: x.astype(x.dtype.newbyteorder()),
        lambda x: x.astype(np.float32),
        lambda x: x.view(type("Own", (np.ndarray,), {})),
        lambda x: x.tolist(),
    ],
    ids=["Fortran", "turned", "strided", "byte order", "float32", "subclass", "list"],
)
def test_what_is_laid_out_in_another_way_is_copied(other: Any) -> None:
    x = np.arange(12.0).reshape(3, 4)
    out = np.empty((3, 4))
    text = "def run(a, b):\n    for j in range(3):\n        for k in range(4):\n"
    text += "            b[j, k] = a[j, k] * 2.0\n    return (a[2, 3], )"
    function = load(text, [type_of(x), type_of(out)])
    assert function(other(x), out) == (11.0,)
    np.testing.assert_array_equal(out, 2 * x)
    with pytest.raises(ValueError, match=r"an array is \(4, 3\); expected \(3, 4\)"):
        function(x.T, out)


def test_arrays_are_copied_into_any_layout() -> None:
    x = np.arange(6.0).reshape(2, 3)
    for strides in ((4, 8), (-24, 8), (12, -4), (-4, -40)):
        copy = _laid_out(x, Type((2, 3), np.dtype(np.float32), strides))
        assert copy.strides == strides
        np.testing.assert_array_equal(copy, x)


def test_where_elements_were_to_share_memory_others_need_not() -> None:
    x, out = np.broadcast_to(np.arange(3.0)[:, None], (3, 4)), np.empty((3, 4))
    text = "def run(a, b):\n    b[:] = a\n    return ()"
    function = load(text, [type_of(x), type_of(out)])
    for given in (x, np.arange(12.0).reshape(3, 4)):
        function(given, out)
        np.testing.assert_array_equal(out, given)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_arrays_without_elements_are_as_expected_whatever_their_strides(shape: Any) -> None:
    x = np.empty((4, 4))[: shape[0], : shape[1]]
    assert run("for j in range(0):\n    a[j, 0] = 1.0\nreturn (b, )", x, 2.0) == (2.0,)


def test_whole_numbers_of_another_name_are_converted() -> None:
    x, out = np.arange(3, dtype=np.longlong), np.empty(3)
    function = load(
        "def run(a, b):\n    for j in range(3):\n        b[a[j]] = 1.0\n    return ()",
        [type_of(x.astype(np.int_)), type_of(out)],
    )
    function(x, out)
    assert out.tolist() == [1, 1, 1]


def test_numbers_may_be_of_any_kind_that_turns_into_a_float() -> None:
    for x in (2.0, np.float64(2.0), np.float32(2.0), np.array(2.0)):
        assert run("return (a * 3.0, -a)", x) == (6.0, -2.0)
    function = load("def run(a):\n    return (a, )", [type_of(2.0)])
    with pytest.raises(TypeError, match="must be real number"):
        function("2")
    assert function(-1.0) == (-1.0,)  # which C uses to tell of an error


@pytest.mark.parametrize("kind", ["i1", "i2", "i4", "i8", "u1", "u2", "u4"])
def test_labels_may_be_of_any_whole_type(kind: str) -> None:
    labels = np.array([2, 0, 1], kind)
    x, out = np.arange(9.0).reshape(3, 3), np.empty(3)
    run("for j in range(3):\n    c[j] = b[j, a[j]]\nreturn ()", labels, x, out)
    np.testing.assert_array_equal(out, x[np.arange(3), labels])


def test_large_arrays_live_in_memory_that_stays() -> None:
    x, out = generator(0).normal(size=5000), np.empty(5000)
    lines = ["d = np.empty((5000,), np.float64)", "for j in range(5000):", "    d[j] = a[j] + c"]
    lines += ["for j in range(5000):", "    b[j] = d[4999 - j]", "return ()"]
    run("\n".join(lines), x, out, 1.0)
    np.testing.assert_array_equal(out, (x + 1)[::-1])


def test_what_becomes_of_not_a_number() -> None:
    x = np.array([np.nan, 1.0, np.inf, -np.inf, 0.0])
    out = np.empty((3, 5))
    lines = ["for j in range(5):", "    b[0, j] = larger(a[j], 0.5)"]
    lines += ["    b[1, j] = smaller(0.5, a[j])", "    b[2, j] = 1.0 if a[j] != a[j] else 0.0"]
    run("\n".join([*lines, "return ()"]), x, out)
    np.testing.assert_array_equal(out, [np.maximum(x, 0.5), np.minimum(0.5, x), np.isnan(x)])


def test_machine_code_goes_with_its_function(tmp_path: Path) -> None:
    import gc
    import weakref

    function = load("def run(a):\n    return (a, )", [type_of(2.0)])
    array, otherwise, method, engine = function.__self__  # type: ignore[attr-defined]
    gone = weakref.ref(engine)
    del function, otherwise, method, engine, array
    gc.collect()
    assert gone() is None
