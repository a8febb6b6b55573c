"""The toy training of CS231n's first assignment ends at the loss that the assignment prints."""

from __future__ import annotations

import numpy as np
import pytest

import autograd as ag
import nn

PRINTED = 0.0171496079387  # "Final training loss", in two_layer_net.ipynb


@pytest.mark.parametrize("compiled", [False, True])
def test_final_loss_of_the_toy_training(compiled: bool) -> None:
    """100 steps on batches of 200, drawn with replacement from five examples.

    The batches come from the stream that the weights were drawn from. λ is the assignment's, whose
    penalty is λ‖W‖²: without the half.
    """
    rng = np.random.RandomState(0)  # the stream of np.random.seed(0)
    net = nn.TwoLayerNet(4, 10, 3, weight_init_std=0.1, reg=2 * 5e-6, seed=rng)
    X, y = 10 * np.random.RandomState(1).randn(5, 4), np.array([0, 1, 2, 2, 1])
    sgd = nn.SGD(net, lr=0.1)
    schedule = nn.ExponentialLR(sgd, gamma=0.95)

    def step(X, y):  # type: ignore[no-untyped-def]
        sgd.zero_grad()
        loss = net.loss(X, y)
        loss.backward()
        sgd.step()
        schedule.step()
        return loss

    run = ag.compile(step) if compiled else step
    for _ in range(100):
        chosen = rng.choice(5, 200)
        loss = run(X[chosen], y[chosen])
    assert sgd.lr == pytest.approx(0.1 * 0.95**100, rel=1e-12)
    assert loss.item() == pytest.approx(PRINTED, abs=5e-14)
