"""Memory that is lent again when nobody refers to it any more."""

from __future__ import annotations

import numpy as np
from draws import generator
from memory import peak_of_a_call

import autograd as ag

rng = generator(13)


def test_the_result_of_the_last_call_is_used_again() -> None:
    f = ag.compile(ag.value_and_grad(lambda x: np.sum(np.tanh(x) * x)))
    assert peak_of_a_call(f, rng.normal(size=100_000)) < 2000
