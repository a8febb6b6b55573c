"""Right, or an error that says what to do: never a number that is wrong without a word.

A table by the class of mistake. Where there is an oracle it is asked; else the case has to raise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from close import assert_close

from autograd import Tensor

# --- what is changed after it was recorded --------------------------------------------------------


class Holder:
    """An object of another library: it gives NumPy the very array that it goes on using."""

    def __init__(self, array: Any):
        self.array = array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self.array


def test_the_array_of_an_object_may_change_after_it_was_recorded() -> None:
    t, factors, array = Tensor([1.0, 2.0]), Holder(np.array([3.0, 4.0])), np.array([5.0, 6.0])
    of_array = Tensor(Holder(array))
    y = np.sum(t * factors * of_array)
    factors.array[:] = array[:] = 9.0
    y.backward()
    assert_close(t.grad, [15.0, 24.0])
    assert_close(of_array.numpy(), [5.0, 6.0])


@pytest.mark.parametrize("kind", [list, np.array])
def test_axes_may_change_after_they_were_recorded(kind: Callable[[Any], Any]) -> None:
    weights, axes = np.arange(6.0).reshape(3, 2), kind([1, 0])
    t = Tensor(np.ones((2, 3)))
    y = np.sum(np.transpose(t, axes) * weights)
    axes[:] = kind([0, 1])
    y.backward()
    assert_close(t.grad, weights.T)
