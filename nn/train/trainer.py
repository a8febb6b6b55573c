"""The Trainer: a training loop, its validation, and its checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from autograd import AutogradError, ShapeError, Tensor

from .. import rng
from ..arguments import size
from ..data.loader import DataLoader
from ..files.checkpoints import Stateful
from ..module import Module
from ..optim import Optimiser, ReduceLROnPlateau, Schedule
from ..rng import Seed
from .batches import batches_of, count_of, examples_of, inputs_of, pairs, told
from .callbacks import checked_callbacks, hooks_of
from .checks import check_settings
from .errors import NotFiniteError
from .history import History
from .interrupts import Interrupts
from .metrics import Means, checked_metrics, is_mean, number
from .modes import evaluating, seeded
from .progress import Progress
from .saving import Path_, Saver, stateful
from .step import Evaluation, Step, Undo

__all__ = ["Trainer"]

SMALL, LARGE = 32, 256  # examples of a batch that is trained on, and of one that is not
STATE = "epoch", "began", "step", "batch", "trained", "stopped", "seconds"


class Trainer:
    """Trains a net: `fit`, `evaluate`, `predict`.

    net, loss, optimiser   a Module, a function loss(net(x), y), an optimiser of the net
    schedule          of the step size; it goes on after each epoch, or schedule_every="step"
    metrics           names, such as "accuracy", or functions of (scores, labels), or a dict of them
    compile           True: training and evaluation are compiled, with the bits of eager;
                      "numba": by that backend of `autograd.compile`
    clip              the largest norm of the gradients, or a function of the parameters
    callbacks         functions, called after each epoch with the trainer, or `Callback`s
    checkpoint        the path of a file from which `fit(..., resume=True)` goes on; it is written
                      after every="epoch", or so many steps, and when a run ends or is interrupted;
                      keep=3 also keeps the two before
    progress          True, False, or None: in a terminal
    diagnose          a function of a loss that is not finite; what it gives is told in the error
    While it trains, `epoch` and `step` count what is complete, `history` has what was measured.
    A step takes place as a whole or, after an error or Ctrl-C, not at all.
    Raises TypeError and ValueError for what does not fit together.

    >>> import nn
    >>> X, y = nn.spiral(seed=0)
    >>> net = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 3), seed=0)
    >>> trainer = nn.Trainer(net, nn.cross_entropy, nn.Adam(net, lr=0.01), metrics="accuracy")
    >>> history = trainer.fit(X, y, epochs=20, seed=0)
    >>> [*history], len(history["loss"])
    (['loss', 'accuracy', 'lr', 'seconds'], 20)
    >>> trainer.evaluate(X, y)["accuracy"] > 0.7
    True
    """

    def __init__(
        self,
        net: Module,
        loss: Callable[[Any, Any], Any],
        optimiser: Optimiser,
        *,
        schedule: Schedule | None = None,
        schedule_every: str = "epoch",
        metrics: Any = (),
        compile: bool | str = False,
        clip: float | Callable[[Any], Any] | None = None,
        callbacks: Any = (),
        checkpoint: Path_ | None = None,
        every: str | int = "epoch",
        keep: int = 1,
        progress: bool | None = None,
        diagnose: Callable[[Any], Any] | None = None,
    ):
        check_settings(net, loss, optimiser, schedule, schedule_every, compile, clip, every)
        self.net, self.loss, self.optimiser = net, loss, optimiser
        self.schedule, self.schedule_every = schedule, schedule_every
        self.metrics, self._compile = checked_metrics(metrics), compile
        self.callbacks, self.progress = checked_callbacks(callbacks), progress
        self.diagnose = diagnose
        self.epoch = self.step = 0  # that are complete
        self.last_loss = math.nan  # of the last step
        self.stopped: str | None = None  # the reason, once `stop` was called
        self.history = History()
        self._saver = Saver(checkpoint, every, size(keep, "Trainer: keep"))
        self._averaged = {k: f for k, f in self.metrics.items() if is_mean(f)}
        self._step = Step(
            net, loss, optimiser, compile=compile, clip=clip, scores=bool(self._averaged)
        )
        self._evaluation = Evaluation(net, loss, compile)
        self._means = Means()  # of the epoch that is under way
        self._began = 0  # the epoch at which this fit began
        self._batch = 0  # batches of this epoch that were trained on
        self._trained = False  # this epoch's training is complete, its validation is not
        self._whole = True  # no step is under way
        self._seconds, self._clock = 0.0, time.perf_counter()

    # --- training ------------------------------------------------------------------------------

    def fit(
        self,
        data: Any,
        y: Any = None,
        *,
        epochs: int,
        validation: Any = None,
        batch_size: int | None = None,
        seed: Seed = None,
        resume: bool | Path_ = False,
    ) -> History:
        """Train for so many epochs; gives the history, one number of each kind for each epoch.

        data         a DataLoader, arrays X and y, which are shuffled by `seed` and go in batches of
                     `batch_size`, usually 32, or an iterable of batches (x, y), the same at each
                     epoch
        validation   data that is evaluated after each epoch: (X, y), or batches
        resume       True: go on from the checkpoint, if there is one, to the bits that this fit
                     would have reached; a path: go on from that one
        Raises NotFiniteError when the loss is NaN or infinite. Ctrl-C and SIGTERM wait for the end
        of a step, and everything is saved before the program ends.
        """
        epochs, batch_size = size(epochs, "fit: epochs"), _batch_size("fit", batch_size)
        loader = batches_of("fit", data, y, batch_size, SMALL, shuffle=True, seed=seed)
        held_out = None
        if validation is not None:
            held_out = batches_of("validation", validation, None, None, LARGE, shuffle=False)
        self._check_metrics(held_out)
        with seeded(), Interrupts() as interrupts:
            self._saver.begin(self._parts(loader, held_out))
            if not self._resume(resume):
                self._begin(held_out)
            try:
                self._run(loader, held_out, self._began + epochs, interrupts)
            except (KeyboardInterrupt, SystemExit) as interrupt:
                if self._whole and not interrupts.insisted:
                    self._save_before_the_end(interrupt)
                raise
            self._call("on_end")
        return self.history

    def stop(self, reason: str = "a callback asked for it") -> None:
        """End the training after this step or epoch; for callbacks."""
        self.stopped = str(reason)

    def _begin(self, held_out: Any) -> None:
        self._began, self._batch, self._trained, self.stopped = self.epoch, 0, False, None
        self._seconds, self._means, self._whole = 0.0, Means(), True
        names = ["loss", *self._averaged]
        names += [f"val_{name}" for name in ("loss", *self.metrics)] if held_out is not None else []
        if not self.history.steps:
            self.history.update({name: [] for name in [*names, "lr", "seconds"]})
        self._call("on_start")

    def _run(self, loader: Any, held_out: Any, end: int, interrupts: Interrupts) -> None:
        shown = Progress(self.progress, end)
        self._clock = time.perf_counter()
        self._step.begin()
        with evaluating(self.net):
            pass  # each module now has its mode as an attribute, which compiled functions look at
        if not self.net.training:
            self.net.train()
        while self.epoch < end and self.stopped is None:
            if not self._trained:
                with shown.bar(self.epoch + 1, count_of(loader), self._batch) as bar:
                    self._train(loader, bar, interrupts)
                if self.stopped is not None:
                    break
                self._trained = True
            row = self._means.values()
            if held_out is not None:
                row |= self._validate(held_out, interrupts)
            self._end_epoch(row)
            shown.line(self.epoch, self.history.last())
            self._saver.after_epoch()
            interrupts.check()
        if self.stopped is not None:
            shown.say(f"stopped: {self.stopped}")
        self._saver.save()

    def _train(self, loader: Any, bar: Any, interrupts: Interrupts) -> None:
        """The rest of an epoch."""
        on_step = hooks_of(self.callbacks, "on_step")
        by_step = self.schedule if self.schedule_every == "step" else None
        done = 0 if isinstance(loader, Stateful) else self._batch  # a loader knows by itself
        for x, y in pairs("fit", islice(iter(loader), done, None)):
            self._whole = False
            examples = examples_of("fit", x, y)
            loss, scores = self._take(x, y)
            if by_step is not None:
                by_step.step()
            values = {"loss": loss}
            for name, metric in self._averaged.items():
                values[name] = number(name, metric(scores, y))
            self._means.add(values, examples)
            self.step, self._batch, self.last_loss = self.step + 1, self._batch + 1, loss
            self._whole = True
            for hook in on_step:
                hook(self)
            self._saver.after_step(self.step)
            if bar is not None:
                bar(loss)
            interrupts.check()
            if self.stopped is not None:
                return
        if not self._batch:
            raise ShapeError(
                "fit: the data gave no batches in this epoch; an iterable of your own has to give "
                "them anew at each `for`"
            )

    def _take(self, x: Any, y: Any) -> tuple[float, Any]:
        """A step; an error tells which, and what the batch was."""
        try:
            return self._step(x, y)
        except NotFiniteError as error:
            raise self._diverged(error, x, y) from None
        except (AutogradError, TypeError, ValueError, LookupError) as error:
            error.add_note(
                f"at step {self.step + 1}, in epoch {self.epoch + 1}: batch {self._batch + 1} is "
                f"{told((x, y))}; nothing was changed by it"
            )
            raise

    def _end_epoch(self, row: Mapping[str, float]) -> None:
        """An epoch is complete: history, schedule, callbacks."""
        self._tick()
        lr = self.optimiser.param_groups[0].lr if _has_lr(self.optimiser) else math.nan
        row = {**row, "lr": lr, "seconds": self._seconds}
        self.history.add(row, self.step)
        self.epoch, self._batch, self._trained = self.epoch + 1, 0, False
        self._seconds, self._means = 0.0, Means()
        if isinstance(self.schedule, ReduceLROnPlateau):
            self.schedule.step(row.get("val_loss", row["loss"]))
        elif self.schedule is not None and self.schedule_every == "epoch":
            self.schedule.step()
        self._call("on_epoch")

    def _call(self, name: str) -> None:
        for hook in hooks_of(self.callbacks, name):
            hook(self)

    def _tick(self) -> None:
        now = time.perf_counter()
        self._seconds, self._clock = self._seconds + now - self._clock, now

    def _diverged(self, error: NotFiniteError, x: Any, y: Any) -> NotFiniteError:
        """The error that says where it was, and what to do."""
        bad = [path for path, p in self.net.named_parameters() if not np.isfinite(p.data).all()]
        wrong = [name for name, part in (("x", x), ("y", y)) if _has_nan(part)]
        if wrong:
            remedy = f"{' and '.join(wrong)} of this batch holds NaN or infinity: clean the data"
        elif bad:
            remedy = (
                f"the step before made {bad[0]} NaN or infinite: take a smaller step size, "
                "clip=1.0, or go on from an earlier checkpoint"
            )
        else:
            remedy = "take a smaller step size, clip=1.0, or look for logs and roots of 0"
        new = NotFiniteError(
            f"fit: {error} at step {self.step + 1}, in epoch {self.epoch + 1}; the net is as it "
            f"was before that step; {remedy}"
        )
        if self.diagnose is not None:
            undo = Undo(self.net).note()
            try:
                new.add_note(str(self.diagnose(self.loss(self.net(x), y))))
            finally:
                undo()
        return new

    # --- checkpoints ---------------------------------------------------------------------------

    def _parts(self, loader: Any, held_out: Any) -> dict[str, Any]:
        """What a checkpoint consists of, besides what the user passes again."""
        return {
            "net": self.net, "optimiser": self.optimiser, "schedule": self.schedule,
            "loader": loader if isinstance(loader, Stateful) else None,
            "validation": held_out if isinstance(held_out, Stateful) else None,
            "generators": dict(self.net.named_generators()), "common": rng.common(),
            "callbacks": stateful(self.callbacks), "trainer": self, "history": self.history,
        }  # fmt: skip

    def _resume(self, resume: bool | Path_) -> bool:
        """Go on from a checkpoint; False where there is none yet."""
        if resume is False:
            return False
        path = self._saver.path if resume is True else resume
        if path is None:
            raise ValueError(
                "fit: resume=True, and the trainer has no checkpoint; write "
                'Trainer(..., checkpoint="run.ckpt")'
            )
        if resume is True and not Path(path).exists():
            return False
        self._saver.resume(path)
        return True

    def _save_before_the_end(self, interrupt: BaseException) -> None:
        if self._saver.path is None:
            return
        try:
            self._saver.save()
        except (OSError, AutogradError) as error:
            interrupt.add_note(f"the last steps could not be saved: {error}")
        else:
            interrupt.add_note(f"saved in {self._saver.path}; fit(..., resume=True) goes on there")

    def state_dict(self) -> dict[str, Any]:
        """How far it has come: a part of its checkpoints, which have the net's and all others."""
        self._tick()
        own = {name: getattr(self, _attribute(name)) for name in STATE}
        return {**own, "means": self._means.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave. Raises ValueError for what is no such state."""
        if not isinstance(state, Mapping) or state.keys() != {*STATE, "means"}:
            raise ValueError(f"Trainer: the state is {state!r:.60}; expected {', '.join(STATE)}")
        for name in STATE:
            kinds = {"trained": (bool,), "stopped": (str, type(None)), "seconds": (float,)}
            if type(state[name]) not in kinds.get(name, (int,)):
                raise ValueError(f"Trainer: the state has {name}={state[name]!r:.60}")
        self._means.load_state_dict(state["means"])
        for name in STATE:
            setattr(self, _attribute(name), state[name])
        self._clock = time.perf_counter()

    # --- evaluation ----------------------------------------------------------------------------

    def evaluate(
        self, data: Any, y: Any = None, *, batch_size: int | None = None
    ) -> dict[str, float]:
        """The mean loss over all examples, and the metrics of all of them together, by name.

        data   X and y, a DataLoader, or batches (x, y), as in `fit`
        The net is in evaluation for that, and nothing is recorded.

        >>> import nn
        >>> net = nn.Linear(2, 3, seed=0)
        >>> trainer = nn.Trainer(net, nn.cross_entropy, nn.SGD(net), metrics=["accuracy"])
        >>> sorted(trainer.evaluate(*nn.spiral(seed=0)))
        ['accuracy', 'loss']
        """
        batch_size = _batch_size("evaluate", batch_size)
        return self._evaluate(batches_of("evaluate", data, y, batch_size, LARGE, shuffle=False))

    def predict(self, X: Any, *, batch_size: int = LARGE) -> np.ndarray[Any, Any]:
        """What the net gives for X (n, ...), or for the x of a DataLoader, as one array.

        The net is in evaluation for that, and nothing is recorded.

        >>> import nn
        >>> net = nn.Linear(2, 3, seed=0)
        >>> nn.Trainer(net, nn.cross_entropy, nn.SGD(net)).predict([[0.0, 1.0]]).shape
        (1, 3)
        """
        batch_size = size(batch_size, "predict: batch_size")
        if isinstance(X, DataLoader):
            batches: Iterable[Any] = (batch if X.y is None else batch[0] for batch in X)
        else:
            inputs = inputs_of(X)
            starts = range(0, len(inputs), batch_size)
            batches = (inputs[k : k + batch_size] for k in starts)
        with evaluating(self.net):
            found = [_values(self._evaluation.predict(x)) for x in batches]
        return np.concatenate(found)

    def _evaluate(self, batches: Iterable[Any]) -> dict[str, float]:
        means, scores, labels = Means(), list[Any](), list[Any]()
        with evaluating(self.net):
            for x, y in pairs("evaluate", batches):
                loss, given = self._evaluation(x, y)
                means.add({"loss": loss}, examples_of("evaluate", x, y))
                if self.metrics:
                    scores.append(_values(given))
                    labels.append(_values(y))
        if not means.examples:
            raise ShapeError("evaluate: the data gave no batches")
        found = means.values()
        if self.metrics:
            s, t = np.concatenate(scores), np.concatenate(labels)
            found |= {name: number(name, metric(s, t)) for name, metric in self.metrics.items()}
        return found

    def _validate(self, held_out: Any, interrupts: Interrupts) -> dict[str, float]:
        """The evaluation after an epoch, which leaves nothing half done when it is interrupted."""
        undo = Undo(self.net).note()
        before = held_out.state_dict() if isinstance(held_out, Stateful) else None
        try:
            with interrupts.allowed():
                found = self._evaluate(held_out)
        except BaseException:
            undo()
            if before is not None:
                held_out.load_state_dict(before)
            raise
        return {f"val_{name}": value for name, value in found.items()}

    def _check_metrics(self, held_out: Any) -> None:
        left = [name for name in self.metrics if name not in self._averaged]
        if left and held_out is None:
            raise ValueError(
                f"fit: {', '.join(left)} cannot be put together from batches; pass validation=, of "
                "which it is measured as a whole"
            )

    def __repr__(self) -> str:
        return (
            f"Trainer({type(self.net).__name__}, {self.optimiser!r}, compile={self._compile!r}, "
            f"epoch={self.epoch}, step={self.step})"
        )


def _batch_size(name: str, value: Any) -> int | None:
    return None if value is None else size(value, f"{name}: batch_size")


def _attribute(name: str) -> str:
    return name if name in ("epoch", "step", "stopped") else f"_{name}"


def _has_lr(optimiser: Optimiser) -> bool:
    return "lr" in optimiser.SETTINGS


def _values(x: Any) -> Any:
    return x.numpy() if isinstance(x, Tensor) else np.asarray(x)


def _has_nan(part: Any) -> bool:
    values = part.data if isinstance(part, Tensor) else part
    return isinstance(values, np.ndarray) and values.dtype.kind in "fc" and not bool(
        np.isfinite(values).all()
    )  # fmt: skip
