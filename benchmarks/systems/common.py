"""What the systems share: repeating a step, and programs of scalars written once for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

Run = Callable[[int], Any]


def repeat(step: Callable[..., Any], batches: Sequence[tuple[Any, ...]] = ((),)) -> Run:
    """A run of `step` on one batch after the other, beginning again at the end."""
    count, at = len(batches), 0

    def run(n: int) -> Any:
        nonlocal at
        result = None
        for _ in range(n):
            result = step(*batches[at])
            at = (at + 1) % count
        return result

    return run


def chain(x: Any, a: float, gates: int) -> Any:
    """y ← a y and y ← y + x in turn; its derivative is a geometric series."""
    y = x
    for _ in range(gates // 2):
        y = y * a
        y = y + x
    return y


class ScalarNet:
    """The net of the half moons, every weight a scalar of its own."""

    def __init__(self, work: Any, leaf: Callable[[float], Any], relu: Callable[[Any], Any]):
        self.layers = [
            ([[leaf(v) for v in row] for row in W.tolist()], [leaf(v) for v in b.tolist()])
            for W, b in ((work.W1, work.b1), (work.W2, work.b2), (work.W3, work.b3))
        ]
        self.relu, self.alpha = relu, work.alpha
        self.X, self.y = work.X.tolist(), work.y.tolist()

    def parameters(self) -> list[Any]:
        """All weights and biases, one after the other."""
        return [p for W, b in self.layers for p in [*(w for row in W for w in row), *b]]

    def score(self, x: Sequence[float]) -> Any:
        """The score of one point."""
        hidden: Sequence[Any] = x
        for k, (W, b) in enumerate(self.layers):
            sums = [dot(row, hidden, bias) for row, bias in zip(W, b, strict=True)]
            hidden = sums if k == 2 else [self.relu(s) for s in sums]
        return hidden[0]

    def loss(self) -> Any:
        """The mean hinge loss and the penalty."""
        n = len(self.X)
        terms = [self.relu(1 - self.score(x) * y) * (1 / n)
                 for x, y in zip(self.X, self.y, strict=True)]  # fmt: skip
        return total(terms) + total(p * p for p in self.parameters()) * self.alpha


def dot(weights: Iterable[Any], values: Iterable[Any], start: Any) -> Any:
    """start + w₁ v₁ + w₂ v₂ + ..., one gate after the other."""
    for w, v in zip(weights, values, strict=True):
        start = start + w * v
    return start


def total(terms: Iterable[Any]) -> Any:
    """The sum, from the left; without the 0 that Python's own begins with."""
    terms = iter(terms)
    result = next(terms)
    for term in terms:
        result = result + term
    return result
