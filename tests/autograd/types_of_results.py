"""What a type checker knows of the engine: mypy reads this file, and then it is run.

Each `assert_type` names the type that mypy must find; when the file runs, the value has to be of
that type (see test_names.py). An ignored error that is none is an error too.
"""

from __future__ import annotations

from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

import autograd as ag
import autograd.gates as table
from autograd import Tensor, compile, exp

t = Tensor([1.0, 2.0])
m = Tensor(np.eye(2))
images = Tensor(np.ones((1, 1, 4, 4)))
array = np.ones(2)

# gates of one operand, of two, and of many
assert_type(exp(t), Tensor)
assert_type(ag.exp(t), Tensor)
assert_type(table.exp(t), Tensor)
assert_type(ag.relu(t), Tensor)
assert_type(ag.add(t, 1.0), Tensor)
assert_type(ag.add(1.0, t), Tensor)
assert_type(ag.maximum(array, t), Tensor)
assert_type(ag.power(t, 3), Tensor)
assert_type(ag.matmul(array, m), Tensor)
assert_type(ag.dot(m, t), Tensor)
assert_type(ag.sum(t, axis=0, keepdims=True), Tensor)
assert_type(ag.softmax(t, -1), Tensor)
assert_type(ag.reshape(t, (2, 1)), Tensor)
assert_type(ag.swapaxes(m, 0, 1), Tensor)
assert_type(ag.clip(t, 0.0, 1.5), Tensor)
assert_type(ag.clip(t, max=1.5), Tensor)
assert_type(ag.where(t > 1, t, 0.0), Tensor)
assert_type(ag.affine(m, m, t), Tensor)
assert_type(ag.softmax_cross_entropy(m, labels=[0, 1]), Tensor)
assert_type(ag.max_pool2d(images, 2, padding=0), Tensor)
assert_type(ag.concatenate([t, t], axis=0), Tensor)
assert_type(ag.stack((t, t)), Tensor)

# without a Tensor they are NumPy's functions
assert_type(ag.exp(array), Any)
assert_type(ag.add(array, array), Any)
assert_type(ag.concatenate([array, t]), Any)

# operators, methods, properties
assert_type(t + 1, Tensor)
assert_type(2.0 * t, Tensor)
assert_type(np.float64(2.0) * t, Tensor)
assert_type(t / array, Tensor)
assert_type(-(t**2), Tensor)
assert_type(m @ t, Tensor)
assert_type(abs(t), Tensor)
assert_type(t > 0, Tensor)
assert_type(t == t, Tensor)
assert_type(~(t > 0), Tensor)
assert_type(True & (t > 0), Tensor)
assert_type(t[0], Tensor)
assert_type(next(iter(m)), Tensor)
assert_type(m.T, Tensor)
assert_type(m.sum(axis=0).mean(), Tensor)
assert_type(t.argmax(keepdims=True), Tensor)
assert_type(t.dot(t), Tensor)
assert_type(t.clip(0.0, 1.0), Tensor)
assert_type(t.detach(), Tensor)
assert_type(t.shape, tuple[int, ...])
assert_type(t.ndim, int)
assert_type(t.size, int)
assert_type(t.dtype, np.dtype[Any])
assert_type(t.numpy(), np.ndarray[Any, Any])


# functions of functions
def loss(x: Tensor, power: int) -> Tensor:
    return (x**power).sum()


def scaled(x: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    return x * factor


@ag.no_grad()
def size(x: Tensor) -> int:
    return x.size


assert_type(ag.value_and_grad(loss)(array, 2), tuple[Any, Any])
assert_type(ag.grad(loss)(array, 2), Any)
assert_type(size(t), int)
assert_type(compile(scaled)(array, factor=2.0), Any)
assert_type(ag.compile(backend="numpy")(scaled)(array, 2.0), Any)
assert_type(ag.fresh(np.ones, 2), Tensor)
assert_type(ag.frozen([1.0]), np.ndarray[Any, Any])


def wrong() -> None:
    """Never called: each line is an error, which mypy sees."""
    _ = ag.nosuch  # type: ignore[attr-defined]
    _ = table.nosuch  # type: ignore[attr-defined]
    _ = ag.setitem  # type: ignore[attr-defined]
    t.nosuch()  # type: ignore[attr-defined]
    ag.exp(t, t)  # type: ignore[call-overload]
    ag.softmax(t, axes=0)  # type: ignore[call-overload]
    ag.sum(t, axis="rows")  # type: ignore[call-overload]
    t.sum(axes=0)  # type: ignore[call-arg]
    ag.compile(scaled)(array, 2.0, 3.0)  # type: ignore[call-arg]
