"""The net of the half moons with Python floats and nothing else, backward pass by hand."""

from __future__ import annotations

from typing import Any

from .common import Run, repeat

Row = list[float]


def run(work: Any) -> Run:
    """Training steps of the net."""
    return repeat(Net(work).step)


class Net:
    """Lists of floats, one point after the other."""

    def __init__(self, work: Any):
        self.W = [w.tolist() for w in (work.W1, work.W2, work.W3)]
        self.b = [b.tolist() for b in (work.b1, work.b2, work.b3)]
        self.X, self.y = work.X.tolist(), work.y.tolist()
        self.lr, self.alpha = work.lr, work.alpha

    def step(self) -> float:
        """One step of gradient descent; gives the loss before it."""
        alpha, lr = self.alpha, self.lr
        rows = [row for W in self.W for row in W] + self.b
        loss = alpha * sum(v * v for row in rows for v in row)
        dW = [[[2 * alpha * v for v in row] for row in W] for W in self.W]
        db = [[2 * alpha * v for v in row] for row in self.b]
        for x, y in zip(self.X, self.y, strict=True):
            loss += self.point(x, y, dW, db)
        for row, drow in zip(rows, [row for W in dW for row in W] + db, strict=True):
            for k, d in enumerate(drow):
                row[k] -= lr * d
        return loss

    def point(self, x: Row, y: float, dW: list[list[Row]], db: list[Row]) -> float:
        """The loss of one point; adds to the gradients."""
        (W1, W2, W3), (b1, b2, b3), n = self.W, self.b, len(self.X)
        hidden1 = layer(W1, b1, x)
        hidden2 = layer(W2, b2, hidden1)
        score = b3[0]
        for w, v in zip(W3[0], hidden2, strict=True):
            score += w * v
        margin = 1 - y * score
        if margin <= 0:
            return 0.0
        ds = -y / n
        db[2][0] += ds
        dhidden2, dW3 = [0.0] * len(hidden2), dW[2][0]
        for k, v in enumerate(hidden2):
            if v > 0:
                dW3[k] += ds * v
                dhidden2[k] = ds * W3[0][k]
        dhidden1 = [0.0] * len(hidden1)
        for j, g in enumerate(dhidden2):
            if g:
                db[1][j] += g
                weights, dweights = W2[j], dW[1][j]
                for k, v in enumerate(hidden1):
                    dweights[k] += g * v
                    dhidden1[k] += g * weights[k]
        for j, g in enumerate(dhidden1):
            if hidden1[j] > 0:
                db[0][j] += g
                dW[0][j][0] += g * x[0]
                dW[0][j][1] += g * x[1]
        return margin / n


def layer(W: list[Row], b: Row, x: Row) -> Row:
    """ReLU of an affine map."""
    out = []
    for row, s in zip(W, b, strict=True):
        for w, v in zip(row, x, strict=True):
            s += w * v
        out.append(s if s > 0 else 0.0)
    return out
