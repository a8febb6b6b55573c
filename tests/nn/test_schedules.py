"""Schedules, clipping and L-BFGS: PyTorch's numbers, and the bits of eager when compiled."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import DTypeError, GraphError, Parameter
from tests.close import assert_close
from tests.draws import generator
from tests.nn.optimisers import Run

# by how both sides are called: each name is that of a schedule here and there
SCHEDULES: dict[str, Callable[[Any, Any], Any]] = {
    "step": lambda s, o: s.StepLR(o, step_size=3, gamma=0.5),
    "milestones": lambda s, o: s.MultiStepLR(o, milestones=[2, 5, 5, 11], gamma=0.5),
    "exponential": lambda s, o: s.ExponentialLR(o, gamma=0.9),
    "cosine": lambda s, o: s.CosineAnnealingLR(o, T_max=7, eta_min=0.001),
    "linear": lambda s, o: s.LinearLR(o, start_factor=0.1, end_factor=0.9, total_iters=6),
    "constant": lambda s, o: s.ConstantLR(o, factor=0.5, total_iters=4),
    "lambda": lambda s, o: s.LambdaLR(o, lambda t: 1 / (1 + t)),
    "warm-up, then cosine": lambda s, o: s.SequentialLR(
        o,
        [s.LinearLR(o, start_factor=0.1, total_iters=4), s.CosineAnnealingLR(o, T_max=12)],
        milestones=[4],
    ),
    "three after each other": lambda s, o: s.SequentialLR(
        o,
        [s.ConstantLR(o, factor=0.1, total_iters=9), s.ExponentialLR(o, 0.9), s.StepLR(o, 2)],
        milestones=[2, 6],
    ),
    "at once": lambda s, o: s.ChainedScheduler(
        [s.LinearLR(o, start_factor=0.5, total_iters=4), s.ExponentialLR(o, gamma=0.9)]
    ),
    "one cycle": lambda s, o: s.OneCycleLR(o, max_lr=0.2, total_steps=21),
    "one cycle, linear": lambda s, o: s.OneCycleLR(
        o, max_lr=0.2, epochs=3, steps_per_epoch=7, pct_start=0.4, anneal_strategy="linear",
        div_factor=10, final_div_factor=100, base_momentum=0.5, max_momentum=0.9,
    ),
    "one cycle, three phases": lambda s, o: s.OneCycleLR(
        o, max_lr=0.2, total_steps=25, three_phase=True, cycle_momentum=False
    ),
}  # fmt: skip


def of_torch(kind: str, lr: float) -> Any:
    torch = pytest.importorskip("torch")
    p = torch.nn.Parameter(torch.ones(2))
    p.grad = torch.zeros(2)
    if kind == "SGD":
        return torch.optim.SGD([p], lr=lr, momentum=0.9)
    return torch.optim.Adam([p], lr=lr)


def of_ours(kind: str, lr: float) -> Any:
    p = Parameter(np.ones(2))
    p.grad = np.zeros(2)
    return nn.SGD([p], lr=lr, momentum=0.9) if kind == "SGD" else nn.Adam([p], lr=lr)


@pytest.mark.filterwarnings("ignore")  # that the epoch parameter goes, and the like
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_is_that_of_pytorch(name: str, kind: str) -> None:
    torch = pytest.importorskip("torch")
    ours, theirs = of_ours(kind, 0.1), of_torch(kind, 0.1)
    one = SCHEDULES[name](nn, ours)
    other = SCHEDULES[name](torch.optim.lr_scheduler, theirs)
    for _ in range(20):
        there = theirs.param_groups[0]
        assert ours.lr == pytest.approx(there["lr"], rel=1e-9, abs=1e-15)
        assert one.get_last_lr() == [ours.lr]
        momentum = "momentum" if kind == "SGD" else "betas"
        assert_close(ours.param_groups[0][momentum], there[momentum], rtol=1e-9)
        ours.step()
        theirs.step()
        one.step()
        other.step()


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_a_compiled_step_with_a_schedule_has_the_bits_of_eager(name: str, kind: str) -> None:
    make = (lambda net: nn.SGD(net, lr=0.1, momentum=0.9)) if kind == "SGD" else nn.Adam

    def schedule(optimiser: Any) -> Any:
        return SCHEDULES[name](nn, optimiser)

    plain, made = (Run(make, np.float32, schedule) for _ in range(2))
    step = ag.compile(made.step)
    for k, x in enumerate(plain.batches[:20]):
        assert step(x).item() == plain.step(x).item()
        assert made.state() == plain.state(), k
        assert type(made.optimiser.param_groups[0].lr) is float
        assert made.net.parameters()[0].dtype == np.float32
    assert len(step.why) < 12, step.why


@pytest.mark.parametrize("name", ["warm-up, then cosine", "one cycle", "step"])
def test_a_schedule_outside_of_the_compiled_step_needs_no_other_program(name: str) -> None:
    plain, made = Run(nn.AdamW), Run(nn.AdamW)
    schedules = [SCHEDULES[name](nn, run.optimiser) for run in (plain, made)]
    step = ag.compile(made.step)
    for x in plain.batches[:20]:
        assert step(x).item() == plain.step(x).item()
        for schedule in schedules:
            schedule.step()
        assert made.state() == plain.state()
    assert len(step.why) <= 2, step.why


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
@pytest.mark.parametrize("cooldown", [0, 3])
def test_a_plateau_is_found_as_by_pytorch(mode: str, threshold_mode: str, cooldown: int) -> None:
    torch = pytest.importorskip("torch")
    ours, theirs = of_ours("SGD", 0.1), of_torch("SGD", 0.1)
    options = {"mode": mode, "patience": 2, "threshold": 0.05, "threshold_mode": threshold_mode,
               "cooldown": cooldown, "min_lr": 1e-4, "factor": 0.3}  # fmt: skip
    one = nn.ReduceLROnPlateau(ours, **options)  # type: ignore[arg-type]
    other = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, **options)
    rng = generator(6)
    for k in range(60):
        metric = float(1 / (1 + k) + 0.2 * rng.normal())
        metric = metric if mode == "min" else -metric
        one.step(ag.Tensor(metric) if k % 2 else metric)
        other.step(metric)
        assert ours.lr == pytest.approx(theirs.param_groups[0]["lr"], rel=1e-12), k
        if k == 20:  # from its state it goes on alike
            kept, lr = one.state_dict(), ours.lr
            ours = of_ours("SGD", lr)
            one = nn.ReduceLROnPlateau(ours, **options)  # type: ignore[arg-type]
            one.load_state_dict(kept)
            assert one.state_dict() == kept
    assert ours.lr < 0.1
    with pytest.raises(ValueError, match="the metric is NaN"):
        one.step(math.nan)


def test_a_schedule_goes_on_from_its_state() -> None:
    whole, part = of_ours("Adam", 0.1), of_ours("Adam", 0.1)
    one, other = (SCHEDULES["one cycle"](nn, x) for x in (whole, part))
    for _ in range(6):
        one.step()
    again = of_ours("Adam", 0.3)
    third = SCHEDULES["one cycle"](nn, again)
    third.load_state_dict(one.state_dict())
    again.load_state_dict(whole.state_dict())
    for schedule in (one, third):
        schedule.step()
    assert (again.lr, again.beta1) == (whole.lr, whole.beta1)
    with pytest.raises(KeyError, match="misses last_epoch"):
        other.load_state_dict({})
    with pytest.raises(ValueError, match="last_epoch is -1"):
        other.load_state_dict({"last_epoch": -1})


def test_a_cosine_ends_at_zero() -> None:
    sgd = of_ours("SGD", 0.1)
    schedule = nn.CosineAnnealingLR(sgd, T_max=3)
    for _ in range(3):
        schedule.step()
    assert sgd.lr == 0.0
    sgd.step()
    sgd.load_state_dict(sgd.state_dict())
    with pytest.raises(ValueError, match="positive"):
        sgd.lr = 0.0


def sgd() -> Any:
    return of_ours("SGD", 0.1)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.StepLR(0.1, 3), TypeError, "StepLR: got 0.1; expected an optimiser"),
        (lambda: nn.StepLR(nn.SGD, 3), TypeError, "got 'the class SGD'"),
        (lambda: nn.OneCycleLR(None, 0.1, 3), TypeError, "got None; expected an optimiser"),
        (lambda: nn.StepLR(sgd(), 0), ValueError, "step_size is 0"),
        (lambda: nn.StepLR(sgd(), 2.5), TypeError, "step_size is 2.5"),
        (lambda: nn.StepLR(sgd(), 2, gamma=math.nan), ValueError, "gamma is nan"),
        (lambda: nn.MultiStepLR(sgd(), [5, 2]), ValueError, "expected growing counts"),
        (lambda: nn.MultiStepLR(sgd(), 5), TypeError, "milestones is 5"),
        (lambda: nn.LambdaLR(sgd(), 0.1), TypeError, "lr_lambda is 0.1"),
        (lambda: nn.OneCycleLR(sgd(), 0.1), ValueError, "expected total_steps"),
        (lambda: nn.OneCycleLR(sgd(), 0.1, 5, pct_start=2), ValueError, "pct_start is 2"),
        (lambda: nn.OneCycleLR(sgd(), 0.1, 5, anneal_strategy="x"), ValueError, "'cos' or 'line"),
        (lambda: nn.OneCycleLR(sgd(), [0.1, 0.2], 5), ValueError, "got 2 values of max_lr"),
        (lambda: nn.OneCycleLR(nn.AdaGrad(), 0.1, 5), ValueError, "AdaGrad has no momentum"),
        (lambda: nn.SequentialLR(sgd(), [], []), TypeError, "expected a list of schedules"),
        (lambda: nn.ChainedScheduler([1]), TypeError, "expected a list of schedules"),
        (lambda: nn.ChainedScheduler([nn.ReduceLROnPlateau(sgd())]), TypeError, "told a metric"),
        (lambda: nn.ChainedScheduler([nn.StepLR(sgd(), 1)] * 2).step(), None, ""),
        (
            lambda: nn.ChainedScheduler([nn.StepLR(sgd(), 1), nn.StepLR(sgd(), 1)]),
            ValueError, "different optimisers",
        ),
        (lambda: nn.ReduceLROnPlateau(sgd(), "low"), ValueError, "mode is 'low'"),
        (lambda: nn.ReduceLROnPlateau(sgd(), factor=1.5), ValueError, "factor is 1.5"),
    ],
)  # fmt: skip
def test_what_schedules_are_given_is_checked(make: Any, error: Any, message: str) -> None:
    if error is None:
        make()
        return
    with pytest.raises(error, match=message):
        make()


def test_a_cycle_has_an_end() -> None:
    schedule = nn.OneCycleLR(sgd(), 0.1, total_steps=3)
    for _ in range(3):
        schedule.step()
    before = repr(schedule)
    with pytest.raises(ValueError, match="step 4 of a schedule of total_steps=3"):
        schedule.step()
    assert repr(schedule) == before
    assert "0x" not in before


# --- clipping -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("order", [1, 2, 2.5, math.inf])
@pytest.mark.parametrize("most", [0.5, 1e4])
def test_norms_are_clipped_as_by_pytorch(order: float, most: float, dtype: Any) -> None:
    torch = pytest.importorskip("torch")
    rng = generator(7)
    gradients = [rng.normal(size=s).astype(dtype) for s in ((3, 4), (), (5,))]
    ours = [Parameter(np.zeros_like(g)) for g in gradients] + [Parameter(1.0)]
    others = [torch.nn.Parameter(torch.tensor(np.zeros_like(g))) for g in gradients]
    for p, o, g in zip(ours, others, gradients, strict=False):
        p.grad, o.grad = g, torch.tensor(g)
    norm = nn.clip_grad_norm(ours, most, order)
    rtol = 1e-12 if dtype is np.float64 else 1e-6
    assert_close(norm, torch.nn.utils.clip_grad_norm_(others, most, order), rtol=rtol)
    for p, o in zip(ours, others, strict=False):
        assert p.grad.dtype == dtype
        assert_close(p.grad, o.grad, rtol=rtol)


def test_values_are_clipped() -> None:
    p, q = Parameter(np.zeros(3, np.float32)), Parameter([0.0])
    p.grad = np.array([-3, 0.5, 2], np.float32)
    nn.clip_grad_value([p, q], 1.0)
    assert p.grad.tolist() == [-1.0, 0.5, 1.0]
    assert p.grad.dtype == np.float32


@pytest.mark.parametrize("clip", [lambda net: nn.clip_grad_norm(net, 0.05),
                                  lambda net: nn.clip_grad_norm(net, 0.05, math.inf),
                                  lambda net: nn.clip_grad_norm(net, 0.05, 3),
                                  lambda net: nn.clip_grad_value(net, 0.01)])  # fmt: skip
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_compiled_step_that_clips_has_the_bits_of_eager(clip: Any, dtype: Any) -> None:
    def world() -> tuple[Run, Any]:
        run = Run(nn.Adam, dtype)

        def step(x: Any) -> Any:
            run.optimiser.zero_grad()
            loss = np.mean(run.net(x) ** 2)
            loss.backward()
            norm = clip(run.net)
            run.optimiser.step()
            return loss, norm

        return run, step

    (plain, f), (made, g) = world(), world()
    step = ag.compile(g)
    for x in plain.batches[:20]:
        a, b = step(x), f(x)
        assert a[0].item() == b[0].item()
        assert (a[1] is None) == (b[1] is None)
        assert a[1] is None or float(a[1]) == float(b[1])
        assert made.state() == plain.state()


def test_a_norm_that_is_not_finite_is_told() -> None:
    p, q = Parameter([0.0], name="w"), Parameter([0.0], name="b")
    p.grad, q.grad = np.ones(1), np.array([np.nan])
    with pytest.raises(GraphError, match="nan, that of b is not finite"):
        nn.clip_grad_norm([p, q], 1.0, error_if_nonfinite=True)
    assert p.grad.item() == 1.0
    with pytest.raises(TypeError, match=r"clip_grad_norm: got 0\.1"):
        nn.clip_grad_norm(0.1, 1.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="max_norm is -1"):
        nn.clip_grad_norm([p], -1.0)
    assert nn.clip_grad_norm([Parameter([1.0])], 1.0) == 0.0


# --- L-BFGS ---------------------------------------------------------------------------------------


def valley(dtype: Any) -> tuple[Parameter, nn.LBFGS, Callable[[], Any]]:
    pytest.importorskip("scipy")
    p = Parameter(np.array([-1.0, 1.0], dtype))
    lbfgs = nn.LBFGS([p], max_iter=10)

    def closure() -> Any:
        lbfgs.zero_grad()
        loss = (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2
        loss.backward()
        return loss

    return p, lbfgs, closure


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_lbfgs_goes_through_the_valley(dtype: Any) -> None:
    p, lbfgs, closure = valley(dtype)
    losses = [lbfgs.step(closure).item() for _ in range(8)]
    assert losses == sorted(losses, reverse=True)
    assert_close(p.numpy(), np.ones(2), rtol=1e-3)
    assert p.dtype == dtype
    assert lbfgs.step(ag.compile(closure)).item() < 1e-4


def test_lbfgs_puts_back_what_it_could_not_finish() -> None:
    p, lbfgs, closure = valley(np.float64)
    calls = []

    def failing() -> Any:
        calls.append(p.numpy())
        if len(calls) == 4:
            raise KeyboardInterrupt
        return closure()

    with pytest.raises(KeyboardInterrupt):
        lbfgs.step(failing)
    assert p.numpy().tolist() == [-1.0, 1.0] != calls[-1].tolist()
    with pytest.raises(GraphError, match="the loss is nan at the start"):
        lbfgs.step(lambda: closure() * np.nan)
    assert p.numpy().tolist() == [-1.0, 1.0]
    with pytest.raises(GraphError, match="no gradient after the closure"):
        lbfgs.step(lambda: lbfgs.zero_grad() or 1.0)
    with pytest.raises(TypeError, match="closure is None"):
        lbfgs.step()
    with pytest.raises(DTypeError, match="expected one dtype"):
        nn.LBFGS([Parameter([1.0]), Parameter(np.ones(1, "f4"))]).step(lambda: 1.0)
    with pytest.raises(ValueError, match="several groups"):
        nn.LBFGS([{"params": []}, {"params": []}])
