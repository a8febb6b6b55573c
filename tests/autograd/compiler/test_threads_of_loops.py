"""Several threads for one program: the bits of one, and nothing is lost on the way."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from draws import generator

import autograd as ag
from autograd.compiler import blocks
from autograd.compiler.threads import together


def chain(x: Any, y: Any) -> Any:
    return np.sum(np.tanh(np.exp(-x * x) + x * y))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("threads", [2, 3])
def test_the_bits_are_those_of_one_thread(
    threads: int, dtype: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("llvmlite", reason='needs numba: pip install "gategrad[jit]"')
    monkeypatch.setattr(blocks, "PIECE", 1 << 12)
    f = ag.value_and_grad(chain, (0, 1))
    one, several = ag.compile(f), ag.compile(f, backend="numba", threads=threads)
    for seed in range(3):
        x, y = generator(seed).normal(size=(2, 300_000)).astype(dtype)
        (value, grads), (wanted, wanted_grads) = several(x, y), one(x, y)
        np.testing.assert_array_equal(value, wanted)
        np.testing.assert_array_equal(grads, wanted_grads)
    assert "together" in several.generated


def test_threads_are_an_option_of_native_code() -> None:
    for threads, backend in ((2, "numpy"), (0, "numba"), (1.5, "numba")):
        with pytest.raises(ValueError, match="threads is"):
            ag.compile(chain, backend=backend, threads=threads)  # type: ignore[call-overload]


def test_all_do_their_share_and_errors_come_out() -> None:
    seen: dict[int, int] = {}

    def work(k: int) -> None:
        seen[k] = threading.get_ident()
        if k == 1:
            raise ValueError("the second")

    with pytest.raises(ValueError, match="the second"):
        together(work, 3)
    assert sorted(seen) == [0, 1, 2]
    assert seen[2] == threading.get_ident()


def test_how_numpy_treats_errors_goes_along() -> None:
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        together(lambda k: None if k else np.ones(2) / np.zeros(2), 2)
