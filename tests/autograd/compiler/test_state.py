"""What a compiled function itself changes outside is carried, right at every call."""

from __future__ import annotations

import contextvars
import itertools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import interrupts
import numpy as np
import pytest
import stale

import autograd as ag
import nn
from tests.close import assert_close
from tests.draws import generator

CALLS = 13
FIRST_WITH_A_PROGRAM = 4  # calls after which nothing is traced any more, at most


class Optimizer:
    """What a user writes: plain NumPy arrays beside the parameters."""

    def __init__(self, params: list[ag.Parameter], lr: float = 0.1):
        self.params, self.lr, self.t = params, lr, 0

    def state(self) -> Any:
        return {k: v for k, v in vars(self).items() if k != "params"}


class Momentum(Optimizer):
    def __init__(self, params: Any):
        super().__init__(params)
        self.v = [np.zeros(p.shape) for p in params]

    def step(self) -> None:
        for k, p in enumerate(self.params):
            self.v[k] = 0.9 * self.v[k] - self.lr * p.grad
            p += self.v[k]


class MomentumInPlace(Momentum):
    def step(self) -> None:
        for p, v in zip(self.params, self.v, strict=True):
            v *= 0.9
            v -= self.lr * p.grad
            p.data = p.data + v


class Nesterov(Momentum):
    def step(self) -> None:
        for k, p in enumerate(self.params):
            before = self.v[k].copy()
            self.v[k] *= 0.9
            self.v[k] -= self.lr * p.grad
            p.data += -0.9 * before + 1.9 * self.v[k]


class LazyMomentum(Optimizer):
    v: Any = None

    def step(self) -> None:
        if self.v is None:
            self.v = [np.zeros_like(p.data) for p in self.params]
        for v, p in zip(self.v, self.params, strict=True):
            v *= 0.9
            v += p.grad
            p -= self.lr * v


class MomentumInTuples(Optimizer):
    def __init__(self, params: Any):
        super().__init__(params)
        self.pairs = [(p, np.zeros(p.shape)) for p in params]

    def state(self) -> Any:
        return [v for _, v in self.pairs]

    def step(self) -> None:
        for p, v in self.pairs:
            v *= 0.9
            v -= self.lr * p.grad
            p += v


class AdaGrad(Optimizer):
    def __init__(self, params: Any):
        super().__init__(params)
        self.cache = {k: np.zeros(p.shape) for k, p in enumerate(params)}

    def step(self) -> None:
        for k, p in enumerate(self.params):
            self.cache[k] += p.grad**2
            p -= self.lr * p.grad / (np.sqrt(self.cache[k]) + 1e-7)


class RMSProp(Optimizer):
    def step(self) -> None:
        for k, p in enumerate(self.params):
            cache = getattr(self, f"cache_{k}", np.zeros(p.shape))
            cache = 0.99 * cache + 0.01 * p.grad * p.grad
            setattr(self, f"cache_{k}", cache)
            p.data = p.data - self.lr * p.grad / (np.sqrt(cache) + 1e-8)


class Adam(Optimizer):
    def __init__(self, params: Any):
        super().__init__(params)
        self.m = {id(p): np.zeros(p.shape) for p in params}
        self.v = {id(p): np.zeros(p.shape) for p in params}

    def state(self) -> Any:
        return self.t, self.lr, list(self.m.values()), list(self.v.values())

    def step(self) -> None:
        self.t += 1
        rate = self.lr * np.sqrt(1 - 0.999**self.t) / (1 - 0.9**self.t)
        for p in self.params:
            m, v = self.m[id(p)], self.v[id(p)]
            m *= 0.9
            m += 0.1 * p.grad
            v *= 0.999
            v += 0.001 * p.grad * p.grad
            p -= rate * m / (np.sqrt(v) + 1e-8)


class AdamRebound(Adam):
    def step(self) -> None:
        self.t += 1
        for p in self.params:
            k = id(p)
            self.m[k] = 0.9 * self.m[k] + (1 - 0.9) * p.grad
            self.v[k] = 0.999 * self.v[k] + (1 - 0.999) * p.grad**2
            m, v = self.m[k] / (1 - 0.9**self.t), self.v[k] / (1 - 0.999**self.t)
            p.data -= self.lr * m / (np.sqrt(v) + 1e-8)
        self.lr *= 0.99


class Scheduled(Momentum):
    def step(self) -> None:
        self.t += 1
        if self.t % 5 == 0:
            self.lr *= 0.5
        super().step()


OPTIMIZERS = [
    Momentum, MomentumInPlace, Nesterov, LazyMomentum, MomentumInTuples, AdaGrad, RMSProp, Adam,
    AdamRebound, Scheduled,
]  # fmt: skip


def training(kind: type[Optimizer], layers: int = 2) -> SimpleNamespace:
    """A small net, its optimizer and a step of training."""
    rng = generator(11)
    sizes = [3, 5, 4, 6, 2][: layers + 1]
    ws = [ag.Parameter(rng.normal(size=s)) for s in itertools.pairwise(sizes)]
    opt = kind(ws)
    losses: list[Any] = []

    def step(x: Any) -> Any:
        for w in ws:
            w.zero_grad()
        h = x
        for w in ws:
            h = np.tanh(h @ w)
        loss = np.mean(h**2)
        loss.backward()
        opt.step()
        losses.append(loss.data)
        return loss

    return SimpleNamespace(step=step, see=lambda: (ws, opt.state(), losses), opt=opt, ws=ws)


def batches() -> list[Any]:
    rng = generator(12)
    return [rng.normal(size=(7, 3)) for _ in range(CALLS)]


def run(made: Any, step: Callable[..., Any], between: Callable[..., Any] = lambda *_: None) -> Any:
    log = []
    for k, x in enumerate(batches()):
        between(made, k)
        log.append(stale.snapshot((step(x), made.see())))
    return log


@pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("layers", [1, 2, 4])
def test_optimizers_written_by_hand(kind: Any, layers: int) -> None:
    plain, made = training(kind, layers), training(kind, layers)
    step = ag.compile(made.step)
    assert run(made, step) == run(plain, plain.step)
    if kind is not Scheduled:  # which has another program for each fifth step
        assert len(step.why) <= FIRST_WITH_A_PROGRAM, step.why


@pytest.mark.parametrize("kind", [Adam, AdamRebound, MomentumInPlace, RMSProp])
def test_optimizers_in_native_code(kind: Any) -> None:
    pytest.importorskip("numba")
    plain, made = training(kind), training(kind)
    step = ag.compile(made.step, backend="numba")
    for x in batches():
        assert_close(step(x), plain.step(x), rtol=1e-10)
        for found, expected in zip(made.ws, plain.ws, strict=True):
            assert_close(found, expected, rtol=1e-10)
        assert (made.opt.t, made.opt.lr) == (plain.opt.t, plain.opt.lr)


@pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda kind: kind.__name__)
def test_what_the_user_changes_between_the_calls(kind: Any) -> None:
    def change(made: Any, k: int) -> None:
        opt = made.opt
        if k == 5:
            opt.lr = 0.05
        if k == 7:
            opt.t = 0
        if k == 8 and isinstance(getattr(opt, "v", None), list):
            opt.v[0] = np.ones(opt.v[0].shape)
        if k == 9 and isinstance(getattr(opt, "v", None), list):
            opt.v[0] *= 2
        if k == 10:
            opt.lr = np.float64(0.2)
        if k == 11:
            opt.lr = 1

    plain, made = training(kind), training(kind)
    assert run(made, ag.compile(made.step), change) == run(plain, plain.step, change)


@pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda kind: kind.__name__)
def test_a_step_that_fails_changes_nothing(kind: Any) -> None:
    """The step itself leaves counters and arrays as they were, whether it is traced or not."""
    made = training(kind)
    armed = [False]

    def check() -> Any:
        if armed[0]:
            raise KeyError("no more data")
        return np.ones(1)

    def checked(x: Any) -> Any:
        loss = made.step(x)
        return loss * ag.fresh(check)

    step = ag.compile(checked)
    for x in batches()[:8]:
        step(x)
        before = stale.snapshot(made.see())
        armed[0] = True
        with pytest.raises(KeyError):
            step(x)
        armed[0] = False
        assert stale.snapshot(made.see()) == before
        no_stand_ins(made.see())


def no_stand_ins(x: Any) -> None:
    assert "that cannot be read" not in repr(stale.snapshot(x))


def test_the_names_of_numbers_stay_python() -> None:
    big = SimpleNamespace(t=2**62, x=1.5)

    def f(x: Any) -> Any:
        big.t = big.t * 3 - 1
        big.x /= 3
        return x * (big.t % 10) + big.t // 2**60

    c = ag.compile(f)
    t, y = big.t, big.x
    for _ in range(CALLS):
        out = c(np.ones(2))
        t, y = t * 3 - 1, y / 3
        assert (big.t, type(big.t)) == (t, int)
        assert (big.x, type(big.x)) == (y, float)
        assert np.array_equal(out, np.ones(2) * (t % 10) + t // 2**60)
    assert len(c.why) <= 2


@pytest.mark.parametrize(
    "make",
    [
        lambda t: -t, lambda t: abs(-t), lambda t: t // 3, lambda t: t % 3, lambda t: 7 % (t + 1),
        lambda t: t**2, lambda t: 2**t, lambda t: 0.9**t, lambda t: (-2.0) ** t, lambda t: t**0.5,
        lambda t: t / 7, lambda t: 1 / (t + 1), lambda t: divmod(t, 3)[1], lambda t: t - 5,
        lambda t: (t > 3) * 1.0, lambda t: 2 if t > 3 else 1, lambda t: min(t, 4), lambda t: -3 * t,
        lambda t: (-3) ** (t + 1), lambda t: np.sqrt(t), lambda t: np.minimum(t, 3.0),
        lambda t: np.exp(-t) + t, lambda t: 1.5 * t - np.float64(2), lambda t: t == 4,
        lambda t: not t, lambda t: t and 2, lambda t: +t, lambda t: 2 ** -t,
    ],
)  # fmt: skip
@pytest.mark.parametrize("start", [0, 0.0, 0.25, True])
def test_arithmetic_on_a_counter(make: Any, start: Any) -> None:
    """The same type and the same bits as Python and NumPy give, in a place and in arrays."""

    def world() -> tuple[Any, Any]:
        m = SimpleNamespace(t=start, y=None)

        def f(x: Any) -> Any:
            m.t += 1
            m.y = make(m.t)
            return x * m.y

        return m, f

    (plain, f), (m, g) = world(), world()
    c = ag.compile(g)
    for k in range(9):
        x = np.arange(3, dtype=[np.float64, np.float32, np.int64][k % 3])
        expected, found = outcome(f, x), outcome(c, x)
        if "complex" in repr(found):  # of which there are no tensors
            return
        assert found == expected, k
        assert (type(m.t), m.t) == (type(plain.t), plain.t)
        assert (type(m.y), repr(m.y)) == (type(plain.y), repr(plain.y)), k


def outcome(f: Any, x: Any) -> Any:
    try:
        return stale.snapshot(f(x))
    except Exception as error:
        return repr(error)


def test_a_list_of_losses_grows_without_being_traced_anew() -> None:
    history: dict[str, list[Any]] = {"loss": [], "norm": []}
    W = ag.Parameter(np.ones(3))

    def f(x: Any) -> Any:
        W.zero_grad()
        loss = np.sum((W * x) ** 2)
        loss.backward()
        W.descend(W.grad, 0.1)
        history["loss"].append(loss.data)
        history["norm"] += [np.sum(W.grad**2), 1]
        return loss

    c = ag.compile(f)
    found = [float(c(np.ones(3) * k)) for k in range(CALLS)]
    assert list(map(float, history["loss"])) == found
    assert len(history["norm"]) == 2 * CALLS
    assert len(c.why) <= 3, c.why


def test_a_list_that_is_read_is_seen_to_grow() -> None:
    losses: list[float] = []

    def f(x: Any) -> Any:
        losses.append(2.0)
        return x * len(losses) + losses[-1]

    c = ag.compile(f)
    assert [float(c(np.float64(1))) for _ in range(6)] == [k + 2 for k in range(1, 7)]


def test_the_same_array_in_two_places() -> None:
    shared = np.zeros(3)
    a, b = SimpleNamespace(v=shared), [shared]

    def f(x: Any) -> Any:
        a.v *= 0.5
        b[0] += 1.0
        return x + a.v

    def same(x: Any) -> Any:
        plain.a *= 0.5
        plain.b += 1.0
        return x + plain.a

    mine = np.zeros(3)
    plain = SimpleNamespace(a=mine, b=mine)
    c = ag.compile(f)
    for k in range(8):
        if k == 5:  # from now on they are two
            b[0], plain.b = shared.copy(), mine.copy()
        assert np.array_equal(c(np.ones(3)), same(np.ones(3)))
        assert np.array_equal(a.v, plain.a)
        assert np.array_equal(b[0], plain.b)


def test_views_of_what_is_written_to_are_refused() -> None:
    m = SimpleNamespace(v=np.zeros(6))
    m.part = m.v[:2]

    def f(x: Any) -> Any:
        m.v += 1.0
        return x * m.part

    c = ag.compile(f)
    c(np.ones(2))
    with pytest.raises(ag.TraceError, match="shares memory"):
        c(np.ones(2))
    assert np.array_equal(m.v, np.ones(6))
    assert m.part.base is m.v


def test_two_arrays_of_the_same_memory_are_refused() -> None:
    m = SimpleNamespace()

    def f(x: Any) -> Any:
        m.a = np.tanh(x)
        m.b = m.a[:1]
        return x

    with pytest.raises(ag.TraceError, match="copy"):
        ag.compile(f)(np.ones(2))
    assert not vars(m)


def test_an_argument_that_is_written_to_by_another_name_is_refused() -> None:
    m = SimpleNamespace(v=np.zeros(3))

    def f(x: Any) -> Any:
        m.v += 1.0
        return x * 1.0

    c = ag.compile(f)
    for _ in range(4):
        c(np.ones(3))
    for x in (m.v, m.v[::-1]):
        with pytest.raises(ag.TraceError, match="shares memory with an argument"):
            c(x)
        assert np.array_equal(m.v, np.full(3, 4.0))


def test_an_optimizer_made_anew_in_a_cell() -> None:
    space: dict[str, Any] = {"np": np, "ag": ag, "Adam": Adam, "W": ag.Parameter(np.ones(3))}
    cell = "opt = Adam([W])"
    exec(cell, space)
    exec(
        "def f(x):\n W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); opt.step()\n"
        " return loss\n",
        space,
    )
    eager: dict[str, Any] = {**space, "W": ag.Parameter(np.ones(3))}
    exec(cell, eager)
    exec(
        "def f(x):\n W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); opt.step()\n"
        " return loss\n",
        eager,
    )
    c = ag.compile(space["f"])
    for k in range(CALLS):
        if k in (4, 9):
            exec(cell, space)
            exec(cell, eager)
        x = np.arange(3.0) + k
        assert stale.snapshot(c(x)) == stale.snapshot(eager["f"](x))
        assert space["opt"].t == eager["opt"].t
        assert stale.snapshot(space["W"]) == stale.snapshot(eager["W"])


def test_arrays_of_another_shape_are_traced_anew() -> None:
    m = SimpleNamespace(h=np.zeros((2, 3)))

    def f(x: Any) -> Any:
        m.h = 0.5 * m.h + x
        return m.h * 2

    c = ag.compile(f)
    for _ in range(4):
        c(np.ones(3))
    m.h = np.zeros((4, 3))
    assert c(np.ones(3)).shape == (4, 3)
    m.h = np.zeros((4, 3), np.float32)
    assert c(np.ones(3, np.float32)).dtype == np.float32
    m.h = np.zeros((3, 4)).T
    assert np.array_equal(c(np.ones(3)), np.full((4, 3), 2.0))


def test_a_cache_of_the_forward_pass_as_in_the_course() -> None:
    class Layer:
        cache: Any = None
        w = np.eye(3)

        def forward(self, x: Any) -> Any:
            h = np.tanh(x @ self.w)
            self.cache = (x, h)
            return h

        def backward(self, g: Any) -> Any:
            x, h = self.cache
            g = g * (1 - h * h)
            self.dw = x.T @ g
            return g @ self.w.T

    def world() -> tuple[Layer, Any]:
        layer = Layer()
        return layer, lambda x: layer.backward(layer.forward(x) - 1)

    (one, f), (two, g) = world(), world()
    c = ag.compile(g)
    for x in batches():
        assert stale.snapshot(c(x)) == stale.snapshot(f(x))
        assert stale.snapshot((two.dw, two.cache)) == stale.snapshot((one.dw, one.cache))
    assert len(c.why) <= FIRST_WITH_A_PROGRAM


def test_fresh_must_not_read_what_is_carried() -> None:
    m = SimpleNamespace(t=0)

    def f(x: Any) -> Any:
        m.t += 1
        return x * ag.fresh(lambda: np.full(2, float(m.t)))

    c = ag.compile(f)
    assert np.array_equal(c(np.ones(2)), [1.0, 1.0])
    with pytest.raises(ag.TraceError, match="argument"):
        c(np.ones(2))
    assert m.t == 1


def test_with_fallback_what_cannot_be_carried_runs() -> None:
    m = SimpleNamespace(t=0)

    def f(x: Any) -> Any:
        m.t += 1
        return x * float(m.t)

    c = ag.compile(f, fallback=True)
    assert [float(c(np.ones(1))[0]) for _ in range(5)] == [1, 2, 3, 4, 5]


def test_iterators_are_refused_before_an_item_is_gone() -> None:
    it = iter(range(5))
    c = ag.compile(lambda x: x * next(it))
    with pytest.raises(ag.TraceError, match="draws from it"):
        c(np.ones(2))
    assert next(it) == 0
    drawn = ag.compile(lambda x: x * ag.fresh(next, it))
    assert [float(drawn(np.ones(1))[0]) for _ in range(4)] == [1, 2, 3, 4]


def test_a_step_size_of_an_optimizer_of_nn() -> None:
    def world() -> Any:
        W = ag.Parameter(np.ones(3))
        opt = nn.SGD([W], lr=0.5)

        def f(x: Any) -> Any:
            opt.zero_grad()
            loss = np.sum((W * x) ** 2)
            loss.backward()
            opt.step()
            opt.lr *= 0.9
            return loss

        return SimpleNamespace(step=f, see=lambda: (W, opt.lr))

    plain, made = world(), world()
    step = ag.compile(made.step)
    assert run(made, step) == run(plain, plain.step)
    assert len(step.why) <= 2


class Stop(BaseException):
    """As Ctrl-C, which nobody swallows."""


@pytest.mark.filterwarnings("ignore")  # generators that are interrupted while they end
@pytest.mark.parametrize("kind", [AdamRebound, MomentumInTuples, LazyMomentum, Scheduled])
@pytest.mark.parametrize("every", [307, 1511])
def test_interrupts_leave_no_step_half_done(
    kind: Any, every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At lines of the compiler, and of the programs that it writes, while it traces and runs."""
    monkeypatch.setattr(interrupts, "Interrupt", Stop)
    plain, made = training(kind, 1), training(kind, 1)
    step = ag.compile(made.step)
    x = batches()[0]
    steps = [stale.snapshot(plain.see())]
    done, line = 0, every // 2
    while done < 6:
        ended = True
        try:
            with interrupts.at_line(line):
                contextvars.copy_context().run(step, x)
        except Stop:
            ended = False
        now = stale.snapshot(made.see())
        while len(steps) < done + 2:
            plain.step(x)
            steps.append(stale.snapshot(plain.see()))
        assert now in ([steps[done + 1]] if ended else steps[done : done + 2]), (done, line)
        done += now != steps[done]
        line = every // 2 if ended else line + every
    assert stale.snapshot((step(x), made.see())) == stale.snapshot((plain.step(x), plain.see()))
