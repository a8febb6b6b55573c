"""The training step in plain NumPy, as the CS231n notes write it."""

from __future__ import annotations

from typing import Any

import numpy as np

from .workloads import Workload


class Net:
    """Forward pass, backward pass and update, each line by hand."""

    def __init__(self, work: Workload):
        self.W, self.b, self.W2, self.b2 = (w.copy() for w in work.weights)
        self.step_size, self.reg = work.lr, work.reg

    def step(self, X: Any, y: Any) -> float:
        """One step of gradient descent; gives the loss before it."""
        W, b, W2, b2, reg = self.W, self.b, self.W2, self.b2, self.reg
        num_examples = X.shape[0]
        hidden_layer = np.maximum(0, np.dot(X, W) + b)
        scores = np.dot(hidden_layer, W2) + b2
        exp_scores = np.exp(scores)
        probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
        correct_logprobs = -np.log(probs[range(num_examples), y])
        loss = np.sum(correct_logprobs) / num_examples
        if reg:
            loss += 0.5 * reg * np.sum(W * W) + 0.5 * reg * np.sum(W2 * W2)

        dscores = probs
        dscores[range(num_examples), y] -= 1
        dscores /= num_examples
        dW2 = np.dot(hidden_layer.T, dscores)
        db2 = np.sum(dscores, axis=0)
        dhidden = np.dot(dscores, W2.T)
        dhidden[hidden_layer <= 0] = 0
        dW = np.dot(X.T, dhidden)
        db = np.sum(dhidden, axis=0)
        if reg:
            dW2 += reg * W2
            dW += reg * W

        W += -self.step_size * dW
        b += -self.step_size * db
        W2 += -self.step_size * dW2
        b2 += -self.step_size * db2
        return float(loss)
