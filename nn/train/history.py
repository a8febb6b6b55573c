"""What a training leaves behind: a list of numbers for each thing that was measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["History"]


class History(dict[str, list[float]]):
    """Lists by name, with one number for each epoch: a dict, as it is.

    loss, val_loss       means over the examples of training and validation
    accuracy, ...        metrics of the training batches, as the epoch went on
    val_accuracy, ...    metrics of the whole validation set
    lr, seconds          the step size, and the time that the epoch took
    `steps` has the number of steps that had been taken at the end of each epoch, so that
    `nn.plots.loss_curve(history)` draws it.

    >>> history = History(["loss", "val_loss"])
    >>> history.add({"loss": 1.25, "val_loss": 1.5}, step=10)
    >>> history["loss"], history.steps, len(history.epochs)
    ([1.25], [10], 1)
    >>> print(history)
    epoch   loss  val_loss
        1   1.25       1.5
    """

    def __init__(self, names: Iterable[str] = ()):
        super().__init__({name: [] for name in names})
        self.steps: list[int] = []

    @property
    def epochs(self) -> list[int]:
        """The numbers of the epochs, from 1."""
        return [*range(1, len(self.steps) + 1)]

    @property
    def data_loss(self) -> list[float]:
        """The losses of training, as `nn.plots` calls them."""
        return self["loss"]

    @property
    def penalty(self) -> list[float]:
        """No regularisation apart from the loss."""
        return []

    def add(self, row: Mapping[str, float], step: int) -> None:
        """Note an epoch; names that are new, or missing in the row, have NaN at the others."""
        for name in [*self, *row]:
            column = self.setdefault(name, [float("nan")] * len(self.steps))
            if len(column) == len(self.steps):
                column.append(row.get(name, float("nan")))
        self.steps.append(step)

    def last(self) -> dict[str, float]:
        """The newest epoch, by name; empty before there is one."""
        return {name: column[-1] for name, column in self.items() if column}

    def state_dict(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {"columns": {name: [*column] for name, column in self.items()},
                "steps": [*self.steps]}  # fmt: skip

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Be what another history was."""
        columns, steps = state["columns"], state["steps"]
        if any(len(column) != len(steps) for column in columns.values()):
            raise ValueError("History: the columns of the state have different lengths")
        self.clear()
        self.update({name: [*column] for name, column in columns.items()})
        self.steps = [*steps]

    def __str__(self) -> str:
        """A table with a line for each epoch."""
        rows = zip(self.epochs, *self.values(), strict=True)
        lines = [["epoch", *self], *([str(k), *map(_short, row)] for k, *row in rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(text.rjust(max(width, 5)) for text, width in zip(line, widths, strict=True))
            for line in lines
        )


def _short(value: float) -> str:
    return f"{value:.4g}"
