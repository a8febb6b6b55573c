"""The numerical gradient of a two-layer net in a fraction of the time, without backpropagation.

`autograd.numerical_gradient` computes the loss twice for each weight. But a weight changes a single
column of its layer's output, so the losses of all weights that lead to one column can be worked out
together, from there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["numerical_slopes"]

Array = np.ndarray[Any, Any]
Losses = Callable[[int, Array], Array]  # of a column, moved in several ways: one loss for each


def numerical_slopes(
    weights: tuple[Array, Array, Array, Array],
    activation: Callable[[Array], Array],
    reg: float,
    x: Array,
    labels: Array,
    h: float,
) -> list[Array]:
    """(loss(w + h) - loss(w - h)) / 2h for every weight of W1, b1, W2, b2.

    x (n, D), labels n class indices; the loss is the mean cross-entropy plus ½ λ (‖W1‖² + ‖W2‖²),
    λ being `reg`.
    """
    W1, b1, W2, b2 = weights
    before = x @ W1 + b1
    hidden = activation(before)
    scores = hidden @ W2 + b2

    def by_hidden(j: int, moved: Array) -> Array:
        """Losses when column j of the first output is `moved` (variants, n)."""
        change = activation(before[:, j] + moved) - hidden[:, j]
        return _cross_entropies(scores + change[..., None] * W2[j], labels)

    def by_score(k: int, moved: Array) -> Array:
        """Losses when column k of the scores is `moved` (variants, n)."""
        return _cross_entropies(scores + moved[..., None] * np.eye(len(b2))[k], labels)

    dW1, db1 = _slopes(by_hidden, len(b1), x, h)
    dW2, db2 = _slopes(by_score, len(b2), hidden, h)
    for slope, W in ((dW1, W1), (dW2, W2)):
        slope += reg * ((W + h) ** 2 - (W - h) ** 2) / (4 * h)
    return [g.astype(W1.dtype, copy=False) for g in (dW1, db1, dW2, db2)]


def _slopes(losses: Losses, columns: int, inputs: Array, h: float) -> tuple[Array, Array]:
    """The differences for all weights and biases of a layer with these inputs (n, d)."""
    steps = np.concatenate([inputs.T, np.ones((1, len(inputs)), inputs.dtype)])  # the last: bias
    both = [losses(j, h * steps) - losses(j, -h * steps) for j in range(columns)]
    table = np.stack(both, axis=1) / (2 * h)
    return table[:-1], table[-1]


def _cross_entropies(scores: Array, labels: Array) -> Array:
    """The mean cross-entropy of every variant of scores (variants, n, classes)."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    right = np.take_along_axis(shifted, labels[None, :, None], axis=-1)[..., 0]
    losses: Array = np.mean(np.log(np.exp(shifted).sum(axis=-1)) - right, axis=-1)
    return losses
