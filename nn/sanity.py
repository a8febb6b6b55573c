"""The checks to make before training, in the order of the CS231n notes ("babysitting")."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd import GraphError, Tensor, no_grad

from .losses import l2_penalty
from .module import Module
from .optim import Adam, Optimiser
from .rng import common, restore, state_of

__all__ = ["Check", "SanityChecks", "sanity_checks"]

Array = np.ndarray[Any, Any]
Loss = Callable[[Any, Any], Any]

NEAR = 0.5  # the first loss may differ from that of equal scores by this share
SMALL = 0.05  # of the loss of equal scores: overfitted
RATES = 1e-2, 1e-3, 1e-1  # step sizes to overfit with, in turn
STEPS = 1e-3, 1e-4, 1e-5, 1e-2  # of numerical derivatives: a kink lies within few of them
JITTER = 1e-2  # what weights are moved by before derivatives are compared
RATIO = 1e-4, 1e-2  # of updates to weights: near 1e-3


@dataclass(frozen=True)
class Check:
    """One check: what was found, what was expected, and what to do if they differ.

    passed   None for a check that was left out
    """

    name: str
    passed: bool | None
    found: str
    expected: str
    remedy: str = ""


@dataclass(frozen=True, repr=False)
class SanityChecks:
    """The checks in their order; its text is the table, and it is true when none has failed."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether no check has failed."""
        return all(check.passed is not False for check in self.checks)

    def __bool__(self) -> bool:
        return self.ok

    def __getitem__(self, name: str) -> Check:
        """The check of that name. Raises KeyError."""
        found = {check.name: check for check in self.checks}
        if name not in found:
            raise KeyError(f"{name!r} is none of {', '.join(found)}")
        return found[name]

    def __repr__(self) -> str:
        words = {True: "passed", False: "FAILED", None: "left out"}
        lines = [("check", "", "found", "expected")]
        lines += [(c.name, words[c.passed], c.found, c.expected) for c in self.checks]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        text += [f"{c.name}: {c.remedy}" for c in self.checks if c.passed is False]
        return "\n".join(text)


def sanity_checks(
    net: Module,
    loss_function: Loss,
    X: Any,
    y: Any,
    *,
    optimiser: Optimiser | None = None,
    lr: float | None = None,
    penalty: float | Callable[[Module], Any] | None = None,
    examples: int = 20,
    steps: int = 200,
) -> SanityChecks:
    """Check a net before it is trained: its first loss, penalty, gradients, and a tiny data set.

    loss_function      of the net's scores and the labels y, such as nn.CrossEntropyLoss()
    X, y               a batch of examples
    optimiser, or lr   what will be trained with, or the step size of SGD, for the size of updates
    penalty            the regularisation: a function of the net, or λ of nn.l2_penalty
    examples, steps    how many examples are to be overfitted, and in how many steps at most
    In order, after https://cs231n.github.io/neural-networks-3/: the first loss is near that of
    equal scores (ln K of K classes); the penalty raises it; backprop agrees with numerical
    derivatives along random directions; 20 examples can be learnt by heart, without dropout and
    penalty; updates are near a thousandth of the weights.
    The net, the optimiser and the generators of random numbers are left as they were.

    >>> import nn
    >>> X, y = nn.spiral(seed=0)
    >>> net = nn.TwoLayerNet(2, 50, 3, seed=0)
    >>> sanity_checks(net, nn.CrossEntropyLoss(), X, y)["initial loss"].expected
    '1.0986'
    """
    _check_arguments(net, loss_function, X, y)
    with _left_as_it_was(net, optimiser):
        checks = [
            _initial_loss(net, loss_function, X, y),
            _penalty(net, loss_function, X, y, penalty),
            _gradients(net, loss_function, *_few(X, y, examples)),
            _overfits(net, loss_function, *_few(X, y, examples), steps),
            _updates(net, loss_function, X, y, optimiser, lr),
        ]
    return SanityChecks(tuple(checks))


def _check_arguments(net: Any, loss_function: Any, X: Any, y: Any) -> None:
    if not isinstance(net, Module):
        raise TypeError(f"sanity_checks: net is {net!r}; expected a Module, made by its class")
    if isinstance(loss_function, type) or not callable(loss_function):
        raise TypeError(
            f"sanity_checks: loss_function is {loss_function!r}; expected a function of scores and "
            "labels, such as nn.CrossEntropyLoss()"
        )
    if len(X) != len(y) or not len(X):
        raise ValueError(f"sanity_checks: X has {len(X)} examples and y has {len(y)}")
    if not any(p.requires_grad for p in net.parameters()):
        raise GraphError("sanity_checks: the net has no parameters that are trained")


# --- the checks -----------------------------------------------------------------------------------


def _initial_loss(net: Module, loss_function: Loss, X: Any, y: Any) -> Check:
    """The first loss beside that of equal scores."""
    net.eval()
    with no_grad():
        scores = net(X)
        found = _value(loss_function(scores, y))
        expected = _value(loss_function(_zeros(scores), y))
    net.train()
    near = abs(found - expected) <= NEAR * max(abs(expected), 1e-12)
    small = found < expected
    return Check(
        "initial loss", near, f"{found:.5g}", f"{expected:.5g}",
        "it is lower than by chance: is the net trained already, are the labels in the inputs?"
        if small
        else "the first scores are too far apart, or the loss is no mean: draw smaller weights, "
        "scale the inputs to deviation 1, look at the labels",
    )  # fmt: skip


def _penalty(net: Module, loss_function: Loss, X: Any, y: Any, penalty: Any) -> Check:
    """The penalty raises the loss, and its gradient reaches a parameter."""
    name = "penalty raises loss"
    if penalty is None:
        return Check(name, None, "-", "penalty=")
    cost = penalty(net) if callable(penalty) else l2_penalty(penalty, net)
    loss = loss_function(net(X), y)
    found, reached = _value(loss + cost) - _value(loss), isinstance(cost, Tensor)
    fits = bool(found > 0 and reached and cost.requires_grad)
    return Check(
        name, fits, f"by {found:.3g}", "more than 0",
        "the penalty is no tensor with a gradient, or its strength is 0 or negative",
    )  # fmt: skip


def _gradients(net: Module, loss_function: Loss, X: Any, y: Any) -> Check:
    """Backprop beside numerical derivatives, along a random direction of each parameter."""
    _rest(net)
    params = [(name, p) for name, p in net.named_parameters() if p.requires_grad]
    rng, worst = np.random.default_rng(0), (0.0, "")
    start_values = [(p, p.data) for _, p in params]
    for p, value in start_values:  # away from kinks: biases of 0 and inputs of 0 meet in them
        jitter = JITTER * rng.normal(size=p.shape) * max(1.0, float(np.std(value)))
        p.data = (value + jitter).astype(p.dtype)
    gradients = _gradients_of(net, loss_function, X, y)
    single = any(p.dtype.itemsize < 8 for _, p in params)
    tolerance = 3e-2 if single else 1e-4
    for name, p in params:
        g, start = gradients[name], p.data
        direction = rng.normal(size=p.shape)
        direction /= max(float(np.linalg.norm(direction)), 1e-300)
        backprop = float(np.sum(g * direction))
        error = math.inf
        for h in STEPS:
            h = h * 10 if single else h
            numerical = _along(net, loss_function, X, y, p, direction, h)
            p.data = start
            noise = float(np.finfo(p.dtype).eps) * 10 / h
            largest = max(abs(backprop), abs(numerical), noise)
            error = min(error, abs(backprop - numerical) / largest)
            if error < tolerance / 10:
                break
        if not error <= worst[0]:
            worst = error, name
    for p, value in start_values:
        p.data = value
    return Check(
        "gradient check", worst[0] <= tolerance, f"{worst[0]:.1e}" + (f" ({worst[1]})" * (
            worst[0] > tolerance)), f"below {tolerance:.0e}",
        "a gradient is wrong or cut off on the way: look at nn.diagnose(loss, net), at gates of "
        "your own with ag.check_gradients, and for random numbers in the forward pass",
    )  # fmt: skip


def _along(
    net: Module, loss_function: Loss, X: Any, y: Any, p: Any, direction: Array, h: float
) -> float:
    """The derivative of the loss when a parameter moves, (L(w + hd) - L(w - hd)) / 2h."""
    start, found = p.data, []
    for sign in (1, -1):
        p.data = (start + sign * h * direction).astype(p.dtype)
        with no_grad():
            found.append(_value(loss_function(net(X), y)))
    p.data = start
    return (found[0] - found[1]) / (2 * h)


def _overfits(net: Module, loss_function: Loss, X: Any, y: Any, steps: int) -> Check:
    """The loss and the accuracy after training on a few examples alone."""
    _rest(net)
    with no_grad():
        chance = abs(_value(loss_function(_zeros(net(X)), y)))
    start = net.state_dict()
    best, labels = (math.inf, 0.0), _labels(y)
    for lr in RATES:
        net.load_state_dict(start)
        best = min(best, _trained(net, loss_function, X, y, lr, steps, SMALL * chance, labels))
        if best[0] <= SMALL * chance:
            break
    loss, accuracy = best
    fits = loss <= SMALL * chance and (labels is None or accuracy == 1)
    share = "" if labels is None else f", {accuracy:.0%} right"
    return Check(
        f"overfits {len(y)} examples", fits, f"loss {loss:.2g}{share}",
        f"below {SMALL * chance:.2g}" + ("" if labels is None else ", 100%"),
        "a net that cannot learn a few examples by heart has a fault: look at nn.diagnose(loss, "
        "net), at whether y belongs to X, and whether the net is large enough",
    )  # fmt: skip


def _trained(
    net: Module,
    loss_function: Loss,
    X: Any,
    y: Any,
    lr: float,
    steps: int,
    enough: float,
    labels: Array | None,
) -> tuple[float, float]:
    """The loss, and the share of examples that are right, after steps of Adam."""
    optimiser = Adam(net, lr=lr)
    value, right = math.inf, 0.0
    with np.errstate(all="ignore"):
        for step in range(steps + 1):
            net.zero_grad()
            scores = net(X)
            loss = loss_function(scores, y)
            value = _value(loss)
            if not math.isfinite(value):
                return math.inf, 0.0
            right = _share(scores, labels)
            if step == steps or not loss.requires_grad or (value <= enough and right == 1):
                break
            loss.backward()
            for p in net.parameters():  # what the loss does not depend on stays
                if p.requires_grad and p.grad is None:
                    p.grad = np.zeros(p.shape, p.dtype)
            optimiser.step()
    return value, right


def _updates(
    net: Module, loss_function: Loss, X: Any, y: Any, optimiser: Optimiser | None, lr: Any
) -> Check:
    """The size of updates beside that of the weights."""
    name = "update : weight"
    if optimiser is None and lr is None:
        return Check(name, None, "-", "optimiser= or lr=")
    weights = {k: p for k, p in net.named_parameters() if p.ndim > 1 and p.requires_grad}
    before = {k: p.numpy() for k, p in weights.items()}
    net.train()
    gradients = _gradients_of(net, loss_function, X, y)
    if optimiser is not None:
        for k, p in net.named_parameters():
            if p.requires_grad:
                p.grad = gradients[k]
        optimiser.step()
        moved = {k: p.numpy() - before[k] for k, p in weights.items()}
    else:
        moved = {k: float(lr) * gradients[k] for k in weights}
    ratios = {
        k: float(np.linalg.norm(moved[k]) / size)
        for k in weights
        if (size := float(np.linalg.norm(before[k])))
    }
    if not ratios:
        return Check(name, None, "-", "weights that are not 0")
    middle = float(np.exp(np.mean(np.log([max(r, 1e-300) for r in ratios.values()]))))
    low, high = min(ratios, key=ratios.__getitem__), max(ratios, key=ratios.__getitem__)
    return Check(
        name, RATIO[0] <= middle <= RATIO[1],
        f"{middle:.1e} ({ratios[low]:.1e} {low} to {ratios[high]:.1e} {high})", "near 1e-3",
        "the step size is too small" if middle < RATIO[0] else "the step size is too large",
    )  # fmt: skip


# --- what they share ------------------------------------------------------------------------------


def _few(X: Any, y: Any, count: int) -> tuple[Any, Any]:
    """Examples from all over the batch, which may be sorted by class."""
    chosen = np.unique(np.linspace(0, len(y) - 1, min(count, len(y))).round().astype(int))
    return _at(X, chosen), _at(y, chosen)


def _at(x: Any, chosen: Array) -> Any:
    return x[chosen] if isinstance(x, (np.ndarray, Tensor)) else np.asarray(x)[chosen]


def _labels(y: Any) -> Array | None:
    """The labels, if these are class indices."""
    array = y.numpy() if isinstance(y, Tensor) else np.asarray(y)
    return array if array.ndim == 1 and array.dtype.kind in "iu" else None


def _share(scores: Any, labels: Array | None) -> float:
    """The share of examples whose highest score is at the label; 1 where there are no classes."""
    array = scores.numpy() if isinstance(scores, Tensor) else np.asarray(scores)
    if labels is None or array.ndim != 2 or array.shape[1] < 2:
        return 1.0
    return float(np.mean(np.argmax(array, axis=1) == labels))


def _zeros(scores: Any) -> Tensor:
    return Tensor(np.zeros(scores.shape, scores.dtype), requires_grad=False)


def _value(loss: Any) -> float:
    return float(loss.item() if isinstance(loss, Tensor) else loss)


def _gradients_of(net: Module, loss_function: Loss, X: Any, y: Any) -> dict[str, Array]:
    """The gradient of the loss by each parameter; zeros where none arrives."""
    net.zero_grad()
    loss = loss_function(net(X), y)
    if not isinstance(loss, Tensor):
        raise TypeError(
            f"sanity_checks: loss_function gave a {type(loss).__name__}; expected a Tensor: "
            ".item() and .numpy() leave the graph"
        )
    if loss.requires_grad:
        loss.backward()
    found = {
        name: np.zeros(p.shape, p.dtype) if p.grad is None else np.asarray(p.grad)
        for name, p in net.named_parameters()
        if p.requires_grad
    }
    net.zero_grad()
    return found


def _rest(net: Module) -> None:
    """Training, but nothing at random: only what has running statistics is as in training."""
    for _, module in net.named_modules():
        object.__setattr__(module, "training", bool(module._buffers))


@contextlib.contextmanager
def _left_as_it_was(net: Module, optimiser: Optimiser | None) -> Iterator[None]:
    """Put back values, gradients, modes, random numbers and the optimiser's state at the end."""
    tensors = [*net.parameters(), *net.buffers()]
    if optimiser is not None:
        tensors += [p for p in optimiser.params if all(p is not x for x in tensors)]
    values = [x.data for x in tensors]
    grads = [x.grad for x in tensors]
    modes = [(module, module.training) for _, module in net.named_modules()]
    shared = common()
    generators = [rng for _, rng in net.named_generators()] + ([shared] if shared else [])
    states = [(rng, state_of(rng)) for rng in generators]
    numpys = np.random.get_state()  # which modules of the user's draw from
    kept = optimiser.state_dict() if optimiser is not None else None
    try:
        yield
    finally:
        for x, value, grad in zip(tensors, values, grads, strict=True):
            x.data = value
            if x.requires_grad:
                x.grad = grad
        for module, training in modes:
            object.__setattr__(module, "training", training)
        for rng, state in states:
            restore(rng, state)
        np.random.set_state(numpys)
        if optimiser is not None and kept is not None:
            optimiser.load_state_dict(kept)
