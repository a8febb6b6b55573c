"""Schedules: how the step size changes from step to step.

Each says in closed form what the step size is after t steps, so a schedule can be put together of
others, and a compiled step carries it. Arithmetic is that of Python's numbers alone.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograd import Tensor, set_all

from .optimiser import Optimiser
from .settings import count, not_negative, positive
from .state import check_count, check_keys

__all__ = [
    "ChainedScheduler", "ConstantLR", "CosineAnnealingLR", "ExponentialLR", "LambdaLR", "LinearLR",
    "MultiStepLR", "OneCycleLR", "ReduceLROnPlateau", "Schedule", "SequentialLR", "StepLR",
]  # fmt: skip

Change = tuple[Any, str, Any]


class Schedule(ABC):
    """The base class of schedules. Call `step()` after the optimiser's, once for each unit of time.

    What counts as time, epochs or steps, is your choice. A schedule computes the step size anew
    from that which each group had when its first schedule was made (`group.initial_lr`).

    A subclass says in `lr_at` what the step size is after t steps. `last_epoch` is t.
    """

    def __init__(self, optimiser: Optimiser):
        if not isinstance(optimiser, Optimiser):
            got = f"the class {optimiser.__name__}" if isinstance(optimiser, type) else optimiser
            raise TypeError(
                f"{type(self).__name__}: got {got!r}; expected an optimiser, such as nn.SGD(net)"
            )
        self.optimiser, self.last_epoch = optimiser, 0
        for group in optimiser.param_groups:
            if group.initial_lr is None:
                group.initial_lr = group.lr
        set_all(self.changes(0))

    @abstractmethod
    def lr_at(self, t: int, base: float, group: int = 0) -> float:
        """The step size of a group after t steps; `base` is the one that it began with."""

    def changes(self, t: int) -> list[Change]:
        """What is to be set after t steps, as changes for `set_all`."""
        groups = enumerate(self.optimiser.param_groups)
        return [group.set("lr", self.lr_at(t, group.initial_lr, k)) for k, group in groups]

    def step(self) -> None:
        """Go on by one: all groups have their new step sizes, or none."""
        t = self.last_epoch + 1
        set_all([(self, "last_epoch", t), *self.changes(t)])

    def get_last_lr(self) -> list[float]:
        """The step size of each group now."""
        return [group.lr for group in self.optimiser.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """What a run needs to go on, beside the state of the optimiser."""
        return {"last_epoch": self.last_epoch}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave; load that of the optimiser, too.

        Raises KeyError, TypeError or ValueError, and changes nothing then.
        """
        name = f"{type(self).__name__}.load_state_dict"
        check_keys(name, state, {"last_epoch"})
        self.last_epoch = check_count(f"{name}: last_epoch", state["last_epoch"])

    def __repr__(self) -> str:
        own = ((k, x) for k, x in vars(self).items() if k != "optimiser" and not k.startswith("_"))
        return f"{type(self).__name__}({', '.join(f'{k}={x!r}' for k, x in own)})"


# --- by a factor ----------------------------------------------------------------------------------


class StepLR(Schedule):
    """The step size times gamma after every `step_size` steps.

    >>> import nn
    >>> sgd = nn.SGD([nn.Parameter([1.0])], lr=1.0)
    >>> schedule = nn.StepLR(sgd, step_size=2, gamma=0.5)
    >>> for _ in range(4):
    ...     print(sgd.lr)
    ...     schedule.step()
    1.0
    1.0
    0.5
    0.5
    """

    def __init__(self, optimiser: Optimiser, step_size: int, gamma: float = 0.1):
        self.step_size = count("StepLR: step_size", step_size)
        self.gamma = positive("StepLR: gamma", gamma)
        super().__init__(optimiser)

    def lr_at(self, t: int, base: float, group: int = 0) -> float:
        """base * gamma to the number of times that step_size fits into t."""
        return base * self.gamma ** (t // self.step_size)


class MultiStepLR(Schedule):
    """The step size times gamma at each of the milestones."""

    def __init__(self, optimiser: Optimiser, milestones: Sequence[int], gamma: float = 0.1):
        self.milestones = _milestones("MultiStepLR", milestones)
        self.gamma = positive("MultiStepLR: gamma", gamma)
        super().__init__(optimiser)

    def lr_at(self, t: int, base: float, group: int = 0) -> float:
        """base * gamma to the number of milestones that lie behind."""
        passed: int = sum(milestone <= t for milestone in self.milestones)
        return base * self.gamma**passed


class ExponentialLR(Schedule):
    """The step size times gamma after every step."""

    def __init__(self, optimiser: Optimiser, gamma: float):
        self.gamma = positive("ExponentialLR: gamma", gamma)
        super().__init__(optimiser)

    def lr_at(self, t: int, base: float, group: int = 0) -> float:
        """base * gamma ** t."""
        return base * self.gamma**t


class ConstantLR(Schedule):
    """The step size times a factor for `total_iters` steps, then itself."""

    def __init__(self, optimiser: Optimiser, factor: float = 1 / 3, total_iters: int = 5):
        self.factor = positive("ConstantLR: factor", factor)
        self.total_iters = count("ConstantLR: total_iters", total_iters)
        super().__init__(optimiser)

    def lr_at(self, t: int, base: float, group: int = 0) -> float:
        """base * factor before total_iters."""
        return base * self.factor if t < self.total_iters else base


class LinearLR(Schedule):
    """A warm-up: the step size goes from base * start_factor to base * end_factor on a line.

    It takes `total_iters` steps, and stays there. What comes after it: see `SequentialLR`.

    >>> import nn
    >>> sgd = nn.SGD([nn.Parameter([1.0])], lr=1.0)
    >>> schedule = nn.LinearLR(sgd, start_factor=0.25, total_iters=3)
    >>> for _ in range(5):
    ...     print(sgd.lr)
    ...     schedule.step()
    0.25
    0.5
    0.75
    1.0
    1.0
    """

    def __init__(
        self,
        optimiser: Optimiser,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
    ):
        self.start_factor = not_negative("LinearLR: start_factor", start_factor)
        self.end_factor = not_negative("LinearLR: end_factor", end_factor)
        self.total_iters = count("LinearLR: total_iters", total_iters)
        super().__init__(optimiser)

    def lr_at(self, t: int, base: float, group: int = 0) -> float:
        """On the line through the factors at 0 and total_iters."""
        way = (t if t < self.total_iters else self.total_iters) / self.total_iters
        return base * (self.start_factor + (self.end_factor - self.start_factor) * way)


class LambdaLR(Schedule):
    """The step size times a function of the number of steps.

    In a compiled step the function has to do with the number what a program can do.
    """

    def __init__(self, optimiser: Optimiser, lr_lambda: Callable[[int], float]):
        if not callable(lr_lambda):
            raise TypeError(f"LambdaLR: lr_lambda is {lr_lambda!r}; expected a function of t")
        self._lr_lambda = lr_lambda
        super().__init__(optimiser)

    def lr_at(self, t: int, base: float, group: int = 0) -> float:
        """base * lr_lambda(t)."""
        return base * self._lr_lambda(t)


# --- along a cosine -------------------------------------------------------------------------------


def falling(x: float) -> float:
    """(1 + cos(pi * x)) / 2, from 1 at 0 to 0 at 1, with Python's arithmetic alone.

    It is the square of the sine of pi/2 * (1 - x), that by its series at a third of the angle.

    >>> falling(0.0), round(falling(1 / 3), 15), round(falling(0.5), 15), falling(1.0)
    (1.0, 0.75, 0.5, 0.0)
    """
    angle = math.pi / 6 * (1 - x)
    square, series = angle * angle, 1.0
    for k in range(14, 0, -2):
        series = 1 - square * series / (k * (k + 1))
    third = angle * series
    left = 1 - 2 * third
    sine = 1 - left * left * (1 + third)  # 3 third - 4 third³, so that 1 comes out exactly
    return sine * sine


class CosineAnnealingLR(Schedule):
    """Half a cosine from the step size down to eta_min in T_max steps, then up again, and so on.

    Loshchilov and Hutter 2017, "SGDR: Stochastic gradient descent with warm restarts", without
    the restarts.
    """

    def __init__(self, optimiser: Optimiser, T_max: int, eta_min: float = 0.0):
        self.T_max = count("CosineAnnealingLR: T_max", T_max)
        self.eta_min = not_negative("CosineAnnealingLR: eta_min", eta_min)
        super().__init__(optimiser)

    def lr_at(self, t: int, base: float, group: int = 0) -> float:
        """eta_min + (base - eta_min) * (1 + cos(pi * t / T_max)) / 2."""
        way = abs((t + self.T_max) % (2 * self.T_max) - self.T_max) / self.T_max  # there and back
        return self.eta_min + (base - self.eta_min) * falling(way)


class OneCycleLR(Schedule):
    """Up from max_lr / div_factor to max_lr, then down to a step size far below the first one.

    Momentum, or beta1 of Adam, goes the other way (Smith and Topin 2018, "Super-convergence").
    total_steps      or epochs and steps_per_epoch; more steps raise ValueError
    pct_start        the share of them in which the step size grows
    anneal_strategy  "cos" or "linear"
    three_phase      down to the first step size, before down to the last
    """

    def __init__(
        self,
        optimiser: Optimiser,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
    ):
        name = "OneCycleLR"
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError(f"{name}: expected total_steps, or epochs and steps_per_epoch")
            total_steps = count(f"{name}: epochs", epochs) * count(
                f"{name}: steps_per_epoch", steps_per_epoch
            )
        self.total_steps = count(f"{name}: total_steps", total_steps)
        self.pct_start = not_negative(f"{name}: pct_start", pct_start)
        if self.pct_start > 1:
            raise ValueError(f"{name}: pct_start is {pct_start}; expected a share, from 0 to 1")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"{name}: anneal_strategy is {anneal_strategy!r}; expected 'cos' or 'linear'"
            )
        if not isinstance(optimiser, Optimiser):
            super().__init__(optimiser)  # which tells
        groups = len(optimiser.param_groups)
        peaks = list(max_lr) if isinstance(max_lr, (list, tuple)) else [max_lr] * groups
        if len(peaks) != groups:
            raise ValueError(
                f"{name}: got {len(peaks)} values of max_lr; expected {groups}, one a group"
            )
        self.max_lr = [positive(f"{name}: max_lr", x) for x in peaks]
        self.anneal_strategy, self.three_phase = anneal_strategy, bool(three_phase)
        self.base_momentum = not_negative(f"{name}: base_momentum", base_momentum)
        self.max_momentum = not_negative(f"{name}: max_momentum", max_momentum)
        self.div_factor = positive(f"{name}: div_factor", div_factor)
        self.final_div_factor = positive(f"{name}: final_div_factor", final_div_factor)
        names = [x for x in ("momentum", "beta1") if x in optimiser.SETTINGS]
        self.cycled = names[0] if cycle_momentum and names else None
        if cycle_momentum and not names:
            raise ValueError(
                f"{name}: {type(optimiser).__name__} has no momentum; expected cycle_momentum=False"
            )
        super().__init__(optimiser)
        if self.cycled:  # whose arrays are there from the start
            for group in optimiser.param_groups:
                group.prepare()

    def _phases(self) -> list[tuple[float, int, int]]:
        """Where each phase ends; between which of the step sizes (first, highest, last) it goes."""
        up = self.pct_start * self.total_steps - 1
        last = self.total_steps - 1
        if self.three_phase:
            return [(up, 0, 1), (2 * up, 1, 0), (last, 0, 2)]
        return [(up, 0, 1), (last, 1, 2)]

    def _between(self, t: int, values: Sequence[float]) -> float:
        start: float = 0
        for end, first, second in self._phases():
            if t <= end or end == self.total_steps - 1:
                way = (t - start) / (end - start) if end != start else 1.0
                rest = 1 - way if self.anneal_strategy == "linear" else falling(way)
                return values[second] + (values[first] - values[second]) * rest
            start = end
        raise AssertionError

    def lr_at(self, t: int, base: float, group: int = 0) -> float:
        """Along the phases. Raises ValueError beyond the last of total_steps."""
        if t > self.total_steps:
            raise ValueError(
                f"OneCycleLR: step {t} of a schedule of total_steps={self.total_steps}; expected "
                "no more steps, or a schedule that is made for more"
            )
        first = self.max_lr[group] / self.div_factor
        return self._between(t, (first, self.max_lr[group], first / self.final_div_factor))

    def changes(self, t: int) -> list[Change]:
        """The step sizes, and momentum."""
        changes = super().changes(t)
        if self.cycled:
            high, low = self.max_momentum, self.base_momentum
            momentum = self._between(t, (high, low, high))
            changes += [g.set(self.cycled, momentum) for g in self.optimiser.param_groups]
        return changes


# --- put together ---------------------------------------------------------------------------------


class SequentialLR(Schedule):
    """One schedule after the other: the next one begins, at its own start, at each milestone.

    >>> import nn
    >>> sgd = nn.SGD([nn.Parameter([1.0])], lr=1.0)
    >>> warm_up = nn.LinearLR(sgd, start_factor=0.5, total_iters=2)
    >>> then = nn.ExponentialLR(sgd, gamma=0.5)
    >>> schedule = nn.SequentialLR(sgd, [warm_up, then], milestones=[2])
    >>> for _ in range(5):
    ...     print(sgd.lr)
    ...     schedule.step()
    0.5
    0.75
    1.0
    0.5
    0.25
    """

    def __init__(
        self, optimiser: Optimiser, schedulers: Sequence[Schedule], milestones: Sequence[int]
    ):
        self.schedulers = _schedulers("SequentialLR", schedulers)
        self.milestones = _milestones("SequentialLR", milestones)
        if len(self.milestones) != len(self.schedulers) - 1:
            raise ValueError(
                f"SequentialLR: got {len(self.schedulers)} schedules and {len(self.milestones)} "
                "milestones; expected a milestone between each two schedules"
            )
        super().__init__(optimiser)

    def lr_at(self, t: int, base: float, group: int = 0) -> float:
        """That of the schedule whose turn it is, counted from its milestone."""
        schedule, start = self.schedulers[0], 0
        for later, milestone in zip(self.schedulers[1:], self.milestones, strict=True):
            if t >= milestone:
                schedule, start = later, milestone
        return schedule.lr_at(t - start, base, group)


class ChainedScheduler(Schedule):
    """Several schedules at once: the product of their factors."""

    def __init__(self, schedulers: Sequence[Schedule]):
        self.schedulers = _schedulers("ChainedScheduler", schedulers)
        super().__init__(self.schedulers[0].optimiser)

    def lr_at(self, t: int, base: float, group: int = 0) -> float:
        """base times what each schedule makes of 1."""
        lr = base
        for schedule in self.schedulers:
            lr = schedule.lr_at(t, lr, group)
        return lr


# --- by what has been reached ---------------------------------------------------------------------


class ReduceLROnPlateau(Schedule):
    """The step size times a factor when a metric has not improved for `patience` steps.

    mode            "min" for losses, "max" for accuracies
    threshold       by how much the best is to be exceeded: of it ("rel") or in itself ("abs")
    cooldown        steps after a reduction in which nothing is counted
    min_lr, eps     no step size goes below the first, and none changes by less than the second
    `step(metric)` takes a number and so belongs outside of compiled functions.
    """

    def __init__(
        self,
        optimiser: Optimiser,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
        eps: float = 1e-8,
    ):
        name = "ReduceLROnPlateau"
        if mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            raise ValueError(
                f"{name}: mode is {mode!r} and threshold_mode {threshold_mode!r}; expected "
                "'min' or 'max', and 'rel' or 'abs'"
            )
        self.mode, self.threshold_mode = mode, threshold_mode
        self.factor = positive(f"{name}: factor", factor)
        if self.factor >= 1:
            raise ValueError(f"{name}: factor is {factor}; expected a number below 1")
        self.patience = check_count(f"{name}: patience", patience)
        self.cooldown = check_count(f"{name}: cooldown", cooldown)
        self.threshold = not_negative(f"{name}: threshold", threshold)
        self.min_lr, self.eps = (not_negative(f"{name}: lr", x) for x in (min_lr, eps))
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = 0
        super().__init__(optimiser)

    def lr_at(self, t: int, base: float, group: int = 0) -> float:
        """As it is."""
        return self.optimiser.param_groups[group].lr  # type: ignore[no-any-return]

    def step(self, metric: Any = None) -> None:
        """Go on by one, with what has been reached. Raises ValueError for NaN."""
        value = float(metric.item() if isinstance(metric, Tensor) else metric)
        if math.isnan(value):
            raise ValueError(
                "ReduceLROnPlateau.step: the metric is NaN, by which nothing can be told; look for "
                "the step that went astray"
            )
        best, bad, cooling = self.best, self.num_bad_epochs + 1, self.cooldown_counter
        if self._is_better(value):
            best, bad = value, 0
        if cooling > 0:
            cooling, bad = cooling - 1, 0
        changes: list[Change] = []
        if bad > self.patience:
            cooling, bad = self.cooldown, 0
            for group in self.optimiser.param_groups:
                lr = max(group.lr * self.factor, self.min_lr)
                if group.lr - lr > self.eps:
                    changes.append(group.set("lr", lr))
        names = ("last_epoch", "best", "num_bad_epochs", "cooldown_counter")
        values = (self.last_epoch + 1, best, bad, cooling)
        set_all([*zip([self] * 4, names, values, strict=True), *changes])

    def _is_better(self, value: float) -> bool:
        sign = 1 if self.mode == "max" else -1
        if math.isinf(self.best):
            return value != self.best
        margin = self.threshold * (self.best if self.threshold_mode == "rel" else 1)
        return sign * value > sign * self.best + margin

    def state_dict(self) -> dict[str, Any]:
        """What a run needs to go on, beside the state of the optimiser."""
        counts = {"num_bad_epochs": self.num_bad_epochs, "cooldown_counter": self.cooldown_counter}
        return {**super().state_dict(), "best": self.best, **counts}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave; load that of the optimiser, too."""
        name = "ReduceLROnPlateau.load_state_dict"
        check_keys(name, state, set(self.state_dict()))
        best = state["best"]
        if not isinstance(best, (int, float)) or math.isnan(best):
            raise ValueError(f"{name}: best is {best!r}; expected a number")
        counts = "last_epoch", "num_bad_epochs", "cooldown_counter"
        checked = [(self, key, check_count(f"{name}: {key}", state[key])) for key in counts]
        set_all([(self, "best", float(best)), *checked])


# --- what they are given --------------------------------------------------------------------------


def _milestones(name: str, milestones: Any) -> list[int]:
    if not isinstance(milestones, Sequence):
        raise TypeError(f"{name}: milestones is {milestones!r}; expected a list of counts")
    counts = [check_count(f"{name}: a milestone", x) for x in milestones]
    if counts != sorted(counts):
        raise ValueError(f"{name}: milestones is {milestones!r}; expected growing counts")
    return counts


def _schedulers(name: str, schedulers: Any) -> list[Schedule]:
    listed = list(schedulers) if isinstance(schedulers, Sequence) else []
    if not listed or not all(isinstance(x, Schedule) for x in listed):
        raise TypeError(f"{name}: got {schedulers!r}; expected a list of schedules")
    if any(isinstance(x, ReduceLROnPlateau) for x in listed):
        raise TypeError(f"{name}: got ReduceLROnPlateau, which is told a metric; step it by itself")
    if any(x.optimiser is not listed[0].optimiser for x in listed):
        raise ValueError(f"{name}: the schedules are of different optimisers; expected one")
    return listed
