"""What a Trainer is made of: the right things in their places."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from ..module import Module
from ..optim import LBFGS, Optimiser, ReduceLROnPlateau, Schedule

__all__ = ["check_settings"]

ORDER = "expected Trainer(net, loss, optimiser)"
BACKENDS = False, True, "numpy", "numba"


def check_settings(
    net: Any,
    loss: Any,
    optimiser: Any,
    schedule: Any,
    schedule_every: Any,
    compile: Any,
    clip: Any,
    every: Any,
) -> None:
    """Raise TypeError or ValueError unless a training can be made of these."""
    for name, given, kind, example in (
        ("net", net, Module, "net = nn.Sequential(...)"),
        ("optimiser", optimiser, Optimiser, "nn.Adam(net, lr=0.001)"),
    ):
        if not isinstance(given, kind):
            raise TypeError(f"Trainer: {name} is {_told(given)}; {ORDER}, such as {example}")
    if isinstance(loss, (type, Optimiser, str)) or not callable(loss):
        raise TypeError(
            f"Trainer: loss is {_told(loss)}; {ORDER}, a function loss(net(x), y) such as "
            "nn.CrossEntropyLoss() or nn.cross_entropy"
        )
    _check_optimiser(net, optimiser)
    _check_schedule(optimiser, schedule, schedule_every)
    if not isinstance(compile, (bool, str)) or compile not in BACKENDS:
        raise ValueError(
            f"Trainer: compile is {compile!r}; expected False, True, or 'numba', a backend of "
            "autograd.compile"
        )
    if compile and isinstance(optimiser, LBFGS):
        raise ValueError(
            "Trainer: LBFGS asks for the loss several times in a step, which no program can; "
            "write compile=False"
        )
    if clip is not None and not callable(clip):
        if not isinstance(clip, Real) or isinstance(clip, bool):
            raise TypeError(f"Trainer: clip is {clip!r}; expected a norm, such as 1.0")
        if not 0 < float(clip) < math.inf:
            raise ValueError(f"Trainer: clip is {clip}; expected a positive, finite norm")
    steps = isinstance(every, int) and not isinstance(every, bool) and every > 0
    if every != "epoch" and not steps:
        raise ValueError(f"Trainer: every is {every!r}; expected 'epoch' or a number of steps")


def _check_optimiser(net: Module, optimiser: Optimiser) -> None:
    own = {id(p) for p in net.parameters()}
    if not own:
        raise ValueError(f"Trainer: {type(net).__name__} has no parameters to train")
    if not any(id(p) in own for p in optimiser.params):
        kind = type(optimiser).__name__
        raise ValueError(
            f"Trainer: {kind} has none of the parameters of this {type(net).__name__}; was it made "
            f"for another net? Write nn.{kind}(net, ...)"
        )


def _check_schedule(optimiser: Optimiser, schedule: Any, every: Any) -> None:
    if every not in ("epoch", "step"):
        raise ValueError(f"Trainer: schedule_every is {every!r}; expected 'epoch' or 'step'")
    if schedule is None:
        return
    if not isinstance(schedule, Schedule):
        raise TypeError(
            f"Trainer: schedule is {_told(schedule)}; expected one such as "
            "nn.CosineAnnealingLR(optimiser, 10)"
        )
    if schedule.optimiser is not optimiser:
        raise ValueError("Trainer: the schedule is that of another optimiser; make it of this one")
    if isinstance(schedule, ReduceLROnPlateau) and every == "step":
        raise ValueError(
            "Trainer: ReduceLROnPlateau goes by what an epoch has reached; write "
            "schedule_every='epoch'"
        )


def _told(given: Any) -> str:
    if isinstance(given, type):
        return f"the class {given.__name__}, did you mean {given.__name__}(...)?"
    return f"{given!r:.80}" if not isinstance(given, Module) else f"a {type(given).__name__}"
