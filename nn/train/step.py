"""One step of training, eager or compiled: all of it takes place, or nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd
from autograd import Tensor, fresh

from ..module import Module
from ..optim import LBFGS, Optimiser, clip_grad_norm
from ..rng import common
from .errors import NotFiniteError

__all__ = ["Evaluation", "Step", "Undo"]

ATTEMPTS = 5  # traces until a program is that of all later calls


class Undo:
    """What a step changes besides parameters: buffers, such as running means, and generators.

    Optimisers and compiled programs put their changes in place as a whole, or not at all. Running
    means and what dropout draws are there before: after an error they are put back.
    """

    def __init__(self, net: Module, compiled: bool = False):
        self.buffers = [] if compiled else net.buffers()
        found = [rng for _, rng in net.named_generators()]
        found += [shared] if (shared := common()) is not None else []
        self.old = [rng for rng in found if isinstance(rng, np.random.RandomState)]
        self.bits = [rng.bit_generator for rng in found if isinstance(rng, np.random.Generator)]

    def note(self) -> Callable[[], None]:
        """Note how things are; gives the function that makes them so again."""
        arrays = [buffer.data for buffer in self.buffers]
        states = [bits.state for bits in self.bits]  # quicker than `state_of`, and only for here
        old = [rng.get_state() for rng in self.old]

        def undo() -> None:
            for buffer, array in zip(self.buffers, arrays, strict=True):
                buffer.data = array
            for bits, state in zip(self.bits, states, strict=True):
                bits.state = state
            for rng, before in zip(self.old, old, strict=True):
                rng.set_state(before)

        return undo


class Step:
    """A step: clear the gradients, loss, backward, clip, move the parameters.

    compile   False, True, or a backend of `autograd.compile`
    clip      the largest norm of all gradients together, or a function of the parameters
    scores    True: what the net gave is wanted, for metrics
    """

    def __init__(
        self,
        net: Module,
        loss: Callable[[Any, Any], Any],
        optimiser: Optimiser,
        *,
        compile: bool | str,
        clip: float | Callable[[Any], Any] | None,
        scores: bool,
    ):
        self.net, self.loss, self.optimiser = net, loss, optimiser
        plain = Plain(net, loss, optimiser, clip, scores, bool(compile))
        by_lbfgs = isinstance(optimiser, LBFGS)
        self.compiled = bool(compile)
        self.compute: Any = self._of_lbfgs if by_lbfgs else compiled(plain.step, compile)
        self._settles = compile == "numba"
        self._settled: set[Any] = set()  # kinds of batches whose program is the last one
        self.begin()

    def begin(self) -> None:
        """A run begins: see what the net consists of now."""
        self.undo = Undo(self.net, self.compiled)

    def __call__(self, x: Any, y: Any) -> tuple[float, Any]:
        """The loss of the batch, before the step, and the scores or None.

        Raises NotFiniteError for a loss that is NaN or infinite. After an error everything is as it
        was before.
        """
        undo = self.undo.note()
        try:
            if self._settles and (kind := kind_of((x, y))) not in self._settled:
                loss, scores = self._settle(undo, x, y)
                self._settled.add(kind)
            else:
                loss, scores = self.compute(x, y)
        except BaseException:
            undo()
            raise
        return loss.item(), scores

    def _settle(self, undo: Callable[[], None], x: Any, y: Any) -> Any:
        """The step by the program that all later ones of this kind have.

        A function is first run as it is, and then traced with what it changes: native code rounds
        otherwise, and a run that is resumed has its first steps elsewhere.
        """
        net, optimiser = self.net.state_dict(), self.optimiser.state_dict()
        for _ in range(ATTEMPTS):
            before = [*self.compute.why]
            result = self.compute(x, y)
            if self.compute.why == before:
                break
            self.net.load_state_dict(net)
            self.optimiser.load_state_dict(optimiser)
            undo()
        else:
            result = self.compute(x, y)
        return result

    def _of_lbfgs(self, x: Any, y: Any) -> Any:
        """A step of an optimiser that asks for the loss several times."""
        seen: list[Any] = []

        def closure() -> Any:
            self.optimiser.zero_grad()
            scores = self.net(x)
            loss = checked_loss(self.loss(scores, y), False)
            loss.backward()
            seen.append(scores)
            return loss

        optimiser: Any = self.optimiser
        return optimiser.step(closure), seen[0]


class Plain:
    """A step as one writes it.

    An object that has what the step needs, and nothing else: `compile` looks into those of nn for
    what may change between calls, and not into the variables of functions in packages.
    """

    def __init__(self, net: Any, loss: Any, optimiser: Any, clip: Any, wanted: bool, traced: bool):
        self.net, self.loss, self.optimiser = net, loss, optimiser
        self.clip, self.wanted, self.traced = clip, wanted, traced

    def step(self, x: Any, y: Any) -> Any:
        """The loss, and the scores or None."""
        self.optimiser.zero_grad()
        scores = self.net(x)
        loss = checked_loss(self.loss(scores, y), self.traced)
        loss.backward()
        if callable(self.clip):
            self.clip(self.optimiser.params)
        elif self.clip is not None:
            clip_grad_norm(self.optimiser.params, self.clip)
        self.optimiser.step()
        return loss, scores if self.wanted else None

    def evaluate(self, x: Any, y: Any) -> Any:
        """The loss and the scores, unrecorded."""
        with autograd.no_grad():
            scores = self.net(x)
            return self.loss(scores, y), scores

    def predict(self, x: Any) -> Any:
        """The scores, unrecorded."""
        with autograd.no_grad():
            return self.net(x)


class Evaluation:
    """The scores of a batch, and their loss, without recording."""

    def __init__(self, net: Module, loss: Callable[[Any, Any], Any], compile: bool | str):
        plain = Plain(net, loss, None, None, True, bool(compile))
        self._settles = compile == "numba"
        self._evaluate = compiled(plain.evaluate, compile)
        self._predict = compiled(plain.predict, compile)

    def __call__(self, x: Any, y: Any) -> tuple[float, Any]:
        """The loss of a batch, and its scores."""
        loss, scores = self._settled(self._evaluate, x, y)
        if getattr(loss, "shape", ()) != ():
            raise _no_number(loss)
        return float(loss.item() if hasattr(loss, "item") else loss), scores

    def predict(self, x: Any) -> Any:
        """The scores of a batch."""
        return self._settled(self._predict, x)

    def _settled(self, function: Any, *inputs: Any) -> Any:
        """By the last program, see `Step._settle`; there is nothing to undo."""
        for _ in range(ATTEMPTS if self._settles else 0):
            before = [*function.why]
            result = function(*inputs)
            if function.why == before:
                return result
        return function(*inputs)


def compiled(function: Any, how: bool | str) -> Any:
    """The function as the trainer's one switch says."""
    if how is False:
        return function
    return autograd.compile(function, backend="numpy" if how is True else str(how))


def checked_loss(value: Any, traced: bool) -> Tensor:
    """The loss, if there is a number to go downhill; raises NotFiniteError at each step that has
    none, in compiled programs, too."""
    if not isinstance(value, Tensor):
        raise TypeError(
            f"Trainer: the loss is a {type(value).__name__}; expected a Tensor, computed from what "
            "the net gave: loss(net(x), y)"
        )
    if value.shape != ():
        raise _no_number(value)
    if traced:
        fresh(_check_finite, value.detach())
    else:
        _check_finite(value.item())
    return value


def _check_finite(value: Any) -> Any:
    if not math.isfinite(value):
        raise NotFiniteError(f"the loss is {float(value)}")
    return value


def _no_number(value: Any) -> Exception:
    return autograd.ShapeError(
        f"Trainer: the loss has shape {tuple(value.shape)}; expected a single number, such as the "
        'mean over the batch: reduction="mean"'
    )


def kind_of(value: Any) -> Any:
    """What of a batch decides which program computes it: containers, shapes and dtypes."""
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return str(value.dtype), tuple(value.shape)
    if isinstance(value, (tuple, list)):
        return type(value), tuple(map(kind_of, value))
    if isinstance(value, dict):
        return tuple((key, kind_of(inner)) for key, inner in value.items())
    return type(value)
