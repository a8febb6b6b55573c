"""The training step with gategrad: `nn.TwoLayerNet` and `nn.SGD`."""

from __future__ import annotations

from typing import Any

import nn

from .workloads import Workload


class Net:
    """The eager engine, used as a user of `nn` does."""

    def __init__(self, work: Workload):
        W, b, W2, b2 = work.weights
        self.net = nn.TwoLayerNet(W.shape[0], W.shape[1], W2.shape[1], reg=work.reg, dtype=W.dtype)
        for name, values in {"W1": W, "b1": b, "W2": W2, "b2": b2}.items():
            self.net.params[name] = values
        self.sgd = nn.SGD(self.net, lr=work.lr)

    def step(self, X: Any, y: Any) -> float:
        """One step of gradient descent; gives the loss before it."""
        return float(self.train(X, y))

    def train(self, X: Any, y: Any) -> Any:
        """The step itself; gives the loss as a Tensor."""
        self.sgd.zero_grad()
        loss = self.net.loss(X, y)
        loss.backward()
        self.sgd.step()
        return loss
