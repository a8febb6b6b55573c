"""Memory that is lent again when nobody refers to it any more."""

from __future__ import annotations

import numpy as np
from draws import generator
from memory import peak_of_a_call

import autograd as ag
from autograd.fast.buffers import is_owned

rng = generator(13)


def test_the_result_of_the_last_call_is_used_again() -> None:
    f = ag.compile(ag.value_and_grad(lambda x: np.sum(np.tanh(x) * x)))
    assert peak_of_a_call(f, rng.normal(size=100_000)) < 2000


def test_an_array_is_owned_until_somebody_else_refers_to_it() -> None:
    """However many references a call adds, which differs from Python to Python."""

    def passed_on(array: np.ndarray) -> bool:
        return is_owned(array, callers=1)

    array = np.ones(3)
    alone = [is_owned(array), passed_on(array), is_owned(array[1:])]
    held = [array]
    shared = [is_owned(array), passed_on(array), is_owned(array, others=1)]
    assert alone == [True, True, False]  # a view never is
    assert (shared, len(held)) == ([False, False, True], 1)
