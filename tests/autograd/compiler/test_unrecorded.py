"""What a compiled function gives was not recorded: where a gradient would lack it, gates refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from draws import seeded

import autograd as ag
import nn
from autograd import GraphError, Parameter, Tensor

MEETINGS: dict[str, Callable[[Any, Tensor], Any]] = {
    "sum": lambda given, t: given + t.sum(),
    "reflected": lambda given, t: t.sum() - given,
    "of what was computed": lambda given, t: np.exp(0.1 * given) * t.sum(),
    "joined": lambda given, t: np.stack([given, t.sum()]),
    "chosen": lambda given, t: np.where(t > 0.0, t, given),
    "library": lambda given, t: np.hypot(np.reshape(given, (1,)), t),
    "written into": lambda given, t: np.zeros_like(t) + t * given,
    "kept in place": lambda given, t: (
        _added_to(Tensor(np.zeros(()), requires_grad=False), given) * t
    ),
    "with a keyword": lambda given, t: np.sum(np.multiply(t, np.sum(given, keepdims=True)), axis=0),
    "in a function": lambda given, t: ag.grad(lambda x: np.sum(x * given))(np.ones(3)),
}


def _added_to(total: Tensor, given: Any) -> Tensor:
    total += given
    return total


@pytest.mark.parametrize("meets", MEETINGS.values(), ids=MEETINGS)
def test_a_gradient_that_would_lack_a_part_is_refused(meets: Callable[..., Any]) -> None:
    @ag.compile
    def squares(x: Any) -> Any:
        return np.sum(x * x)

    t = Tensor(np.arange(3.0))
    with pytest.raises(GraphError, match=r"compiled function squares, .* use t\.detach\(\)"):
        meets(squares(t), t)
    for constant in (squares(t).detach(), squares(np.arange(3.0)), squares(t).numpy()):
        meets(constant, t)
    with ag.no_grad():
        meets(squares(t), t) if meets is not MEETINGS["in a function"] else None
        nothing_asked = squares(t)
    meets(nothing_asked, t)


def test_a_net_that_is_compiled_alone_is_for_looking_at() -> None:
    net = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 3), seed=seeded(0))
    X, y = nn.spiral(5, 3, seed=seeded(0))
    scores = ag.compile(net)(X)
    assert not scores.requires_grad
    assert np.argmax(scores, axis=1).shape == (15,)
    assert np.isclose(
        nn.softmax_cross_entropy(scores, y).item(), nn.softmax_cross_entropy(net(X), y).item()
    )
    with pytest.raises(GraphError, match="compiled function"):
        _ = nn.softmax_cross_entropy(scores, y) + 0.1 * np.sum(net[0].W ** 2)
    with pytest.raises(GraphError, match="a compiled call"):
        nn.softmax_cross_entropy(scores, y).backward()


def test_losses_of_a_compiled_step_are_numbers_as_before() -> None:
    w = Parameter(np.ones(3))

    @ag.compile
    def step(x: Any) -> Any:
        w.zero_grad()
        loss = np.sum((w * x) ** 2)
        loss.backward()
        w.data -= 0.1 * w.grad
        return loss

    mean: Any = 0.0
    for _ in range(3):
        mean = 0.9 * mean + 0.1 * step(np.ones(3))
    assert isinstance(mean, Tensor)
    assert float(mean) > 0.0
    assert not mean.requires_grad
