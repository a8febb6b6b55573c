"""What a training measures: metrics by name, and means over examples."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .. import metrics

__all__ = ["Means", "checked_metrics", "is_mean", "number"]

Metric = Callable[[Any, Any], Any]

KNOWN: dict[str, Metric] = {
    name: getattr(metrics, name)
    for name in ("accuracy", "top_k_accuracy", "precision", "recall", "f1_score", "auc")
}
OF_A_SET = {KNOWN[name] for name in ("precision", "recall", "f1_score", "auc")}
RESERVED = "loss", "lr", "seconds", "epoch", "step"


def checked_metrics(given: Any) -> dict[str, Metric]:
    """Metrics by name, from names, functions of (scores, labels), a list or a dict of them."""
    if isinstance(given, str) or callable(given):
        given = [given]
    if isinstance(given, Mapping):
        pairs = [*given.items()]
    elif isinstance(given, Sequence):
        pairs = [(x if isinstance(x, str) else getattr(x, "__name__", "<?>"), x) for x in given]
    else:
        raise TypeError(
            f"Trainer: metrics is {given!r:.80}; expected names, functions of (scores, labels), or "
            "a dict of functions by name"
        )
    found: dict[str, Metric] = {}
    for name, metric in pairs:
        function = _named(metric) if isinstance(metric, str) else metric
        if not callable(function) or isinstance(function, type):
            raise TypeError(
                f"Trainer: metric {name!r} is {metric!r:.80}; expected a function(scores, labels)"
            )
        if not isinstance(name, str) or name.startswith(("val_", "<")) or name in RESERVED:
            raise ValueError(
                f"Trainer: a metric has the name {name!r}; give it one of its own in a dict, as in "
                'metrics={"right": function}'
            )
        found[name] = function
    return found


def _named(name: str) -> Metric:
    if name not in KNOWN:
        near = difflib.get_close_matches(name.lower(), KNOWN, 1)
        meant = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"Trainer: there is no metric {name!r}; expected one of {', '.join(KNOWN)}, or a "
            f"function(scores, labels){meant}"
        )
    return KNOWN[name]


def is_mean(metric: Metric) -> bool:
    """A metric of a set is the mean of those of its batches, as it is of accuracy."""
    return metric not in OF_A_SET


def number(name: str, value: Any) -> float:
    """What a metric gave, as a float. Raises TypeError for what is no single number."""
    try:
        return float(value.item() if hasattr(value, "item") else value)
    except (TypeError, ValueError):
        raise TypeError(
            f"Trainer: metric {name!r} gave a {type(value).__name__}; expected a single number"
        ) from None


class Means:
    """Means over the examples of batches: sums, and how many examples they are of."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}
        self.examples = 0

    def add(self, values: Mapping[str, float], examples: int) -> None:
        """Note the means of a batch of so many examples."""
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + value * examples
        self.examples += examples

    def values(self) -> dict[str, float]:
        """The means over all examples so far."""
        return {name: total / self.examples for name, total in self.sums.items()}

    def state_dict(self) -> dict[str, Any]:
        """The sums as plain data."""
        return {"sums": dict(self.sums), "examples": self.examples}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from sums."""
        self.sums, self.examples = dict(state["sums"]), state["examples"]
