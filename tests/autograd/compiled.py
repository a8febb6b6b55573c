"""What the tests of the compiler share: the comparison of bits, and a net that trains."""

from __future__ import annotations

from typing import Any

import numpy as np
from draws import seeded

import nn
from autograd import Tensor


def same(a: Any, b: Any) -> None:
    """Equal to the last bit, dtype included."""
    a, b = (x.numpy() if isinstance(x, Tensor) else np.asarray(x) for x in (a, b))
    assert a.dtype == b.dtype
    np.testing.assert_array_equal(a, b)


def trainer(dtype: Any = float, activation: Any = None) -> tuple[nn.TwoLayerNet, Any]:
    net = nn.TwoLayerNet(2, 16, 3, reg=1e-3, seed=seeded(0), dtype=dtype, activation=activation)
    sgd = nn.SGD(net, lr=0.7)

    def step(X: Any, y: Any) -> Any:
        sgd.zero_grad()
        loss = net.loss(X, y)
        loss.backward()
        sgd.step()
        return loss

    step.sgd = sgd  # type: ignore[attr-defined]
    return net, step
