"""What is done along the way of a training: functions and objects of the user's, early stopping."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..arguments import size

if TYPE_CHECKING:
    from .trainer import Trainer

__all__ = ["Callback", "EarlyStopping"]

HOOKS = "on_start", "on_step", "on_epoch", "on_end"


class Callback:
    """What is called along the way; a subclass overrides what it needs. Each gets the trainer.

    on_start   a `fit` begins; not when it is resumed
    on_step    a step was taken: `trainer.step`, and its loss in `trainer.last_loss`
    on_epoch   an epoch is complete: `trainer.epoch`, `trainer.history`
    on_end     a `fit` has come to its end
    `trainer.stop(reason)` ends the training after that. With `state_dict()` and
    `load_state_dict(state)` of its own, a callback is saved in checkpoints and goes on from there.
    """

    def on_start(self, trainer: Trainer) -> None:
        """Before the first step."""

    def on_step(self, trainer: Trainer) -> None:
        """After each step."""

    def on_epoch(self, trainer: Trainer) -> None:
        """After each epoch, and its validation."""

    def on_end(self, trainer: Trainer) -> None:
        """After the last epoch."""


class EarlyStopping(Callback):
    """Ends a training when something has not become better for `patience` epochs.

    monitor        a name in the history; by default val_loss, or loss without validation
    mode           "min" or "max"; by default "min" for losses and "max" for everything else
    min_delta      by how much it has to become better
    restore_best   in the end the net gets the parameters and buffers of its best epoch
    `best` and `best_epoch` tell what was reached, and when.

    >>> EarlyStopping(patience=3, monitor="val_accuracy")
    EarlyStopping(patience=3, monitor='val_accuracy')
    """

    def __init__(
        self,
        patience: int = 5,
        monitor: str | None = None,
        mode: str | None = None,
        min_delta: float = 0.0,
        restore_best: bool = True,
    ):
        if mode not in (None, "min", "max"):
            raise ValueError(f"EarlyStopping: mode is {mode!r}; expected 'min' or 'max'")
        if monitor is not None and not isinstance(monitor, str):
            raise TypeError(
                f"EarlyStopping: monitor is {monitor!r}; expected a name, such as 'val_loss'"
            )
        self.patience = size(patience, "EarlyStopping: patience")
        self.monitor, self.mode = monitor, mode
        self.min_delta, self.restore_best = float(min_delta), restore_best
        self._forget()

    def _forget(self) -> None:
        self.best, self.best_epoch, self.bad_epochs = math.nan, 0, 0
        self.weights: dict[str, Any] | None = None

    def on_start(self, trainer: Trainer) -> None:
        """Begin anew. Raises ValueError for a name that nothing is measured under."""
        self._name(trainer)
        self._forget()

    def on_epoch(self, trainer: Trainer) -> None:
        """Look whether it has become better."""
        name = self._name(trainer)
        value = trainer.history[name][-1]
        if self._is_better(value, name):
            weights = trainer.net.state_dict() if self.restore_best else None
            self.best, self.best_epoch, self.bad_epochs = value, trainer.epoch, 0
            self.weights = weights
            return
        self.bad_epochs += 1
        if self.bad_epochs >= self.patience:
            trainer.stop(
                f"{name} has not become better than {self.best:.4g}, of epoch {self.best_epoch}, "
                f"for {self.patience} epochs"
            )

    def on_end(self, trainer: Trainer) -> None:
        """Give the net its best parameters."""
        if self.weights is not None:
            trainer.net.load_state_dict(self.weights)

    def _name(self, trainer: Trainer) -> str:
        known = trainer.history
        name = self.monitor or ("val_loss" if "val_loss" in known else "loss")
        if name not in known:
            hint = "; pass validation= to fit" if name.startswith("val_") else ""
            raise ValueError(
                f"EarlyStopping: monitor is {name!r}; expected one of {', '.join(known)}{hint}"
            )
        return name

    def _is_better(self, value: float, name: str) -> bool:
        if math.isnan(self.best) or math.isnan(value):
            return not math.isnan(value)
        larger = self.mode == "max" if self.mode else not name.endswith("loss")
        gain = value - self.best if larger else self.best - value
        return gain > self.min_delta

    def state_dict(self) -> dict[str, Any]:
        """What was best so far."""
        return {"best": self.best, "best_epoch": self.best_epoch, "bad_epochs": self.bad_epochs,
                "weights": self.weights}  # fmt: skip

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        if not isinstance(state, Mapping) or state.keys() != self.state_dict().keys():
            raise ValueError(f"EarlyStopping: the state is {state!r:.60}; expected best, weights")
        for name in ("best", "best_epoch", "bad_epochs"):
            if type(state[name]) not in (int, float):
                raise ValueError(f"EarlyStopping: {name} is {state[name]!r:.60}; expected a number")
        vars(self).update(state)

    def __repr__(self) -> str:
        return f"EarlyStopping(patience={self.patience}, monitor={self.monitor!r})"


def checked_callbacks(callbacks: Any) -> list[Any]:
    """The callbacks as a list. Raises TypeError for what is none, and for unknown hooks."""
    if callable(callbacks) or isinstance(callbacks, Callback):
        callbacks = [callbacks]
    if not isinstance(callbacks, Sequence) or isinstance(callbacks, str):
        raise TypeError(
            f"Trainer: callbacks is {callbacks!r:.80}; expected a list of functions and callbacks"
        )
    for k, callback in enumerate(callbacks):
        if isinstance(callback, type):
            raise TypeError(
                f"Trainer: callbacks[{k}] is the class {callback.__name__}; expected what it "
                f"makes, {callback.__name__}(...)"
            )
        unknown = [x for x in dir(callback) if x.startswith("on_") and x not in HOOKS]
        known = any(hasattr(callback, name) for name in HOOKS)
        if unknown or not (known or callable(callback)):
            told = f"has {', '.join(unknown)}" if unknown else f"is {callback!r:.80}"
            raise TypeError(
                f"Trainer: callbacks[{k}] {told}; expected a function of the trainer, which is "
                f"called after each epoch, or an object with some of {', '.join(HOOKS)}"
            )
    return [*callbacks]


def hooks_of(callbacks: Sequence[Any], name: str) -> list[Callable[[Trainer], Any]]:
    """What of the callbacks is to be called at a moment; nothing for what does nothing then."""
    found = []
    for callback in callbacks:
        hook = getattr(callback, name, None)
        if hook is None:
            plain = not any(hasattr(callback, other) for other in HOOKS)
            found += [callback] if plain and name == "on_epoch" else []
        elif getattr(hook, "__func__", None) is not getattr(Callback, name):
            found.append(hook)
    return found
