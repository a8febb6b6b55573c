"""Every optimiser: PyTorch's steps, the bits of eager code when compiled, all or nothing."""

from __future__ import annotations

import contextlib
import copy
import itertools
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import DTypeError, GraphError, Parameter, ShapeError
from autograd.updates import pieces
from tests.close import assert_close
from tests.draws import generator
from tests.nn.optimisers import Run

SHAPES = [(3, 4), (4,), (), (2, 1, 3)]


def crossed(**options: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [dict(zip(options, x, strict=True)) for x in itertools.product(*options.values())]


OPTIONS: list[tuple[Any, str, dict[str, Any]]] = [
    *((nn.SGD, "SGD", x) for x in crossed(
        lr=(0.05,), momentum=(0.0, 0.9), dampening=(0.0, 0.3), weight_decay=(0.0, 0.1))),
    *((nn.SGD, "SGD", x) for x in crossed(
        lr=(0.05,), momentum=(0.9,), weight_decay=(0.0, 0.1), nesterov=(True,))),
    *((nn.AdaGrad, "Adagrad", x) for x in crossed(
        lr=(0.1,), lr_decay=(0.0, 0.1), weight_decay=(0.0, 0.1),
        initial_accumulator_value=(0.0, 0.5), eps=(1e-10, 1e-3))),
    *((nn.RMSProp, "RMSprop", x) for x in crossed(
        lr=(0.02,), alpha=(0.99, 0.5), weight_decay=(0.0, 0.1), momentum=(0.0, 0.8),
        centered=(False, True))),
    *((nn.Adam, "Adam", x) for x in crossed(
        lr=(0.02,), betas=((0.9, 0.999), (0.0, 0.5)), eps=(1e-8, 1e-2), weight_decay=(0.0, 0.1),
        amsgrad=(False, True))),
    *((nn.AdamW, "AdamW", x) for x in crossed(
        lr=(0.02,), betas=((0.9, 0.99),), weight_decay=(0.0, 0.1), amsgrad=(False, True))),
]  # fmt: skip
KINDS: dict[str, Callable[[Any], nn.Optimiser]] = {
    "SGD": lambda net: nn.SGD(net, lr=0.1),
    "momentum": lambda net: nn.SGD(net, lr=0.1, momentum=0.9, dampening=0.1, weight_decay=0.01),
    "Nesterov": lambda net: nn.SGD(net, lr=0.1, momentum=0.9, nesterov=True),
    "AdaGrad": lambda net: nn.AdaGrad(net, lr=0.1, lr_decay=0.1),
    "RMSProp": lambda net: nn.RMSProp(net, lr=0.02, weight_decay=0.01),
    "RMSProp centered": lambda net: nn.RMSProp(net, lr=0.02, momentum=0.8, centered=True),
    "Adam": lambda net: nn.Adam(net, lr=0.02),
    "AMSGrad": lambda net: nn.Adam(net, lr=0.02, weight_decay=0.01, amsgrad=True),
    "AdamW": lambda net: nn.AdamW(net, lr=0.02, weight_decay=0.1),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("kind", "theirs", "options"), OPTIONS)
def test_ten_steps_are_those_of_pytorch(
    kind: Any, theirs: str, options: dict[str, Any], dtype: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With gradients that depend on the parameters; all at once, and piece by piece."""
    torch = pytest.importorskip("torch")
    rng = generator(3)
    starts = [rng.normal(size=shape).astype(dtype) for shape in SHAPES]
    pulls = [[rng.normal(size=s).astype(dtype) for s in SHAPES] for _ in range(10)]
    ours, again = ([Parameter(x) for x in starts] for _ in range(2))
    others = [torch.nn.Parameter(torch.tensor(x)) for x in starts]
    one, two = kind(ours, **options), kind(again, **options)
    other = getattr(torch.optim, theirs)(others, **options)
    for pull in pulls:
        for p, q, o, x in zip(ours, again, others, pull, strict=True):
            p.grad, q.grad = p.numpy() * 3 + x, q.numpy() * 3 + x
            o.grad = o.detach() * 3 + torch.tensor(x)
        one.step()
        with monkeypatch.context() as patch:
            patch.setattr(pieces, "PIECE", 16)
            two.step()
        other.step()
    for p, q, o in zip(ours, again, others, strict=True):
        assert p.dtype == dtype
        assert (p.numpy() == q.numpy()).all()
        assert_close(p.numpy(), o.detach().numpy(), rtol=1e-12 if dtype is np.float64 else 3e-5)


# --- compiled -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("kind", KINDS)
def test_a_compiled_step_has_the_bits_of_eager(kind: str, dtype: Any) -> None:
    plain, made = Run(KINDS[kind], dtype), Run(KINDS[kind], dtype)
    step = ag.compile(made.step)
    for x in plain.batches:
        assert step(x).item() == plain.step(x).item()
        assert made.state() == plain.state()
        assert {p.dtype for p in made.net.parameters()} == {np.dtype(dtype)}
    assert len(step.why) <= 2 + (kind == "momentum"), step.why  # whose first step is another one


def change(run: Run, k: int) -> None:
    """What somebody does between the steps."""
    optimiser = run.optimiser
    if k == 4:
        optimiser.lr = 0.07
    if k == 6:
        optimiser.weight_decay = 0.2
    if k == 8 and hasattr(type(optimiser), "beta1"):
        optimiser.betas = (0.8, 0.9)
    if k == 8 and hasattr(type(optimiser), "momentum"):
        optimiser.momentum = 0.5
    if k == 10 and hasattr(type(optimiser), "nesterov"):
        optimiser.dampening = 0.0
        optimiser.nesterov = not optimiser.nesterov
    if k == 10 and hasattr(type(optimiser), "amsgrad"):
        optimiser.amsgrad = not optimiser.amsgrad
    if k == 10 and hasattr(type(optimiser), "centered"):
        optimiser.centered = not optimiser.centered
    first = run.net.parameters()[0]
    if k == 12:
        first.requires_grad = False
    if k == 15:
        first.requires_grad = True
    if k == 17:
        run.kept = optimiser.state_dict()  # type: ignore[attr-defined]
    if k == 20:
        optimiser.load_state_dict(run.kept)  # type: ignore[attr-defined]
    if k == 21:
        optimiser.param_groups[0].eps = 1e-3 if hasattr(type(optimiser), "eps") else optimiser.lr
    if k == 22:
        optimiser.add_param_group({"params": [Parameter(np.ones(2))], "lr": 0.3})
        optimiser.params[-1].requires_grad = False


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_changed_between_the_steps_is_never_stale(kind: str) -> None:
    plain, made = Run(KINDS[kind]), Run(KINDS[kind])
    step = ag.compile(made.step)
    for k, x in enumerate(plain.batches):
        for run in (plain, made):
            with contextlib.suppress(AttributeError):
                if k == 21 and not hasattr(type(run.optimiser), "eps"):
                    continue
                change(run, k)
        assert step(x).item() == plain.step(x).item(), k
        assert made.state() == plain.state(), k


def test_settings_that_the_function_reads_itself_are_not_stale() -> None:
    p = Parameter([1.0])
    sgd = nn.SGD([p], lr=0.5)

    @ag.compile
    def step(x: Any) -> Any:
        sgd.zero_grad()
        (p * x).sum().backward()
        sgd.step()
        return x * sgd.lr if sgd.param_groups[0].lr > 0.2 else x * -sgd.lr

    for lr in (0.5, 0.25, 0.125, 0.3):
        sgd.lr = lr
        assert step(np.ones(1)).item() == (lr if lr > 0.2 else -lr)


@pytest.mark.parametrize("kind", KINDS)
def test_native_steps_agree_to_rounding(kind: str) -> None:
    pytest.importorskip("numba")
    plain, made = Run(KINDS[kind]), Run(KINDS[kind])
    step = ag.compile(made.step, backend="numba")
    for x in plain.batches[:8]:
        assert_close(step(x), plain.step(x), rtol=1e-9)
    for p, q in zip(made.net.parameters(), plain.net.parameters(), strict=True):
        assert_close(p.numpy(), q.numpy(), rtol=1e-8)


def test_a_large_parameter_steps_piece_by_piece_with_the_same_bits() -> None:
    """Whatever its layout and that of its gradient."""
    rng = generator(5)
    start, pull = rng.normal(size=(300, 200)), rng.normal(size=(300, 200))
    assert start.nbytes > pieces.PIECE
    for a, b in ((start, pull), (np.asfortranarray(start), pull), (start, pull.T.copy().T)):
        p, small = Parameter(a), Parameter(start[:5])
        one, two = nn.Adam([p], weight_decay=0.1), nn.Adam([small], weight_decay=0.1)
        compiled = ag.compile(one.step)
        for k in range(4):
            p.grad, small.grad = b, pull[:5]
            (compiled if k == 3 else one.step)()
            two.step()
            assert (p.numpy()[:5] == small.numpy()).all()


# --- all or nothing -------------------------------------------------------------------------------


class Stop(BaseException):
    """As Ctrl-C."""


@contextlib.contextmanager
def stopped_at(line: int) -> Iterator[None]:
    """Raise Stop at the n-th line of the engine or of nn."""
    left = line

    def trace(frame: Any, event: str, _: Any) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.startswith((*ag.__path__[:1], *nn.__path__)):
            return None
        left -= 1
        if left < 0:
            raise Stop
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


@pytest.mark.filterwarnings("ignore")  # generators that are interrupted while they end
@pytest.mark.parametrize("kind", ["Nesterov", "RMSProp centered", "AMSGrad"])
def test_an_interrupt_leaves_no_step_half_done(kind: str) -> None:
    run = Run(KINDS[kind])
    run.step(run.batches[0])
    ended, line, before, wanted = False, 0, run.state(), None
    start = copy.deepcopy(run.optimiser.state_dict())
    values = [p.numpy() for p in run.net.parameters()]
    run.optimiser.step()
    wanted = run.state()
    seen = set()
    while not ended:
        for p, x in zip(run.net.parameters(), values, strict=True):
            p.data = x
        run.optimiser.load_state_dict(start)
        assert run.state() == before
        try:
            with stopped_at(line):
                run.optimiser.step()
            ended = True
        except Stop:
            pass
        now = run.state()
        assert now in (before, wanted), line
        seen.add(now == wanted)
        line += 7
    assert seen == {False, True}
    assert line > 300


@pytest.mark.parametrize("missing", [0, 3])
def test_a_missing_gradient_is_named_and_nothing_steps(missing: int) -> None:
    run = Run(KINDS["Adam"])
    run.step(run.batches[0])
    run.net.parameters()[missing].grad = None
    before = run.state()
    with pytest.raises(GraphError, match=r"Adam: parameter \w has no gradient; call loss.backward"):
        run.optimiser.step()
    assert run.state() == before


# --- groups and settings --------------------------------------------------------------------------


def test_groups_have_settings_of_their_own() -> None:
    torch = pytest.importorskip("torch")
    a, b = Parameter([1.0, 2.0]), Parameter([3.0])
    adam = nn.Adam([{"params": [a], "lr": 0.5, "betas": (0.5, 0.6)}, {"params": [b]}], lr=0.1)
    x, y = (torch.nn.Parameter(torch.tensor(p.numpy())) for p in (a, b))
    theirs = torch.optim.Adam(
        [{"params": [x], "lr": 0.5, "betas": (0.5, 0.6)}, {"params": [y]}], lr=0.1
    )
    for _ in range(3):
        a.grad, b.grad = a.numpy() * 2, b.numpy() * 2
        x.grad, y.grad = x.detach() * 2, y.detach() * 2
        adam.step()
        theirs.step()
    assert_close(a.numpy(), x.detach().numpy(), rtol=1e-12)
    assert_close(b.numpy(), y.detach().numpy(), rtol=1e-12)
    assert adam.param_groups[0]["betas"] == (0.5, 0.6)
    assert adam.eps == 1e-8
    with pytest.raises(ValueError, match="the groups differ in lr"):
        adam.lr  # noqa: B018
    adam.param_groups[1]["lr"] = 0.5
    assert adam.lr == 0.5
    adam.lr = 0.25
    assert [group.lr for group in adam.param_groups] == [0.25, 0.25]


def test_who_comes_late_or_pauses_starts_anew_as_in_pytorch() -> None:
    """Corrections for the start count the steps of each parameter."""
    torch = pytest.importorskip("torch")
    ours = [Parameter([1.0]) for _ in range(3)]
    others = [torch.nn.Parameter(torch.tensor(p.numpy())) for p in ours]
    adam, theirs = nn.Adam(ours[:2], lr=0.1), torch.optim.Adam(others[:2], lr=0.1)
    for k in range(8):
        if k == 3:
            adam.add_param_group({"params": ours[2:]})
            theirs.add_param_group({"params": others[2:]})
        ours[1].requires_grad = k not in (0, 4, 5)
        for p, o in zip(ours, others, strict=True):
            o.grad = o.detach() * 2 if p.requires_grad else None
            if p.requires_grad:
                p.grad = p.numpy() * 2
        adam.step()
        theirs.step()
    for p, o in zip(ours, others, strict=True):
        assert_close(p.numpy(), o.detach().numpy(), rtol=1e-12)
    assert [x["step"] for x in adam.state_dict()["state"].values()] == [8, 5, 5]


@pytest.mark.parametrize("kind", [nn.SGD, nn.AdaGrad, nn.RMSProp, nn.Adam, nn.AdamW])
@pytest.mark.parametrize(
    ("params", "message"),
    [
        (0.1, r"got 0.1; expected a net or its parameters.*\(net, lr=0.1\)"),
        (None, "got NoneType"),
        ("net", "got 'net'"),
        (nn.Linear, r"got the class Linear; expected a net.*net = Linear\(...\)"),
        (Parameter([1.0]), "got a parameter; expected a list"),
        ([np.ones(2)], "expected parameters, got ndarray"),
        ({"params": []}, "got a dict"),
        ([{"parameters": []}], "got NoneType"),
        ([{"params": [], "rate": 1}], "a group has 'rate'.*settings, which are lr"),
        (list(nn.Linear(1, 1).named_parameters()), r"net.parameters\(\), not net.named_parameters"),
    ],
)
def test_the_wrong_thing_in_place_of_parameters(kind: Any, params: Any, message: str) -> None:
    with pytest.raises(TypeError, match=rf"{kind.__name__}: .*{message}"):
        kind(params)


def test_a_parameter_belongs_to_one_group() -> None:
    p = Parameter([1.0], name="w")
    with pytest.raises(ValueError, match="w in two groups"):
        nn.Adam([{"params": [p]}, {"params": [p]}])
    with pytest.raises(DTypeError, match="complex128; expected floats"):
        nn.Adam([Parameter([1j])])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.SGD(lr="x"), TypeError, "SGD: lr is 'x'; expected a positive number"),
        (lambda: nn.SGD(momentum=1.0), ValueError, "momentum is 1.0; expected a number from 0 to"),
        (lambda: nn.SGD(momentum=np.nan), ValueError, "momentum is nan"),
        (lambda: nn.SGD(nesterov=True), ValueError, "nesterov=True with momentum=0.0"),
        (lambda: nn.SGD(nesterov=1), TypeError, "nesterov is 1; expected True or False"),
        (lambda: nn.Adam(betas=0.9), TypeError, "betas is 0.9; expected two numbers"),
        (lambda: nn.Adam(betas=(0.9, 1.0)), ValueError, "beta2 is 1.0"),
        (lambda: nn.Adam(eps=-1e-8), ValueError, "eps is -1e-08"),
        (lambda: nn.RMSProp(weight_decay=np.inf), ValueError, "weight_decay is inf"),
        (lambda: setattr(nn.Adam(), "eps", None), TypeError, "Adam: eps is None"),
        (lambda: setattr(nn.Adam().param_groups[0], "rate", 1), AttributeError, "no setting 'rate"),
        (lambda: nn.Adam().param_groups[0]["rate"], AttributeError, "no setting 'rate'"),
    ],
)
def test_settings_are_checked(make: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_what_is_shown_is_the_same_in_every_run() -> None:
    p = Parameter(np.ones(2))
    shown = repr(nn.SGD([p], lr=0.1, momentum=0.5))
    assert shown == (
        "SGD(1 parameters, lr=0.1, momentum=0.5, dampening=0.0, weight_decay=0.0, nesterov=False)"
    )
    two = nn.AdaGrad([{"params": [p]}, {"params": [Parameter([1.0])], "lr": 0.5}])
    assert repr(two).startswith("AdaGrad([Group(1 parameters, lr=0.01, ")
    assert "0x" not in repr(two) + repr(two.param_groups[0]) + shown


# --- state ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_goes_on_from_its_state_with_the_same_bits(kind: str) -> None:
    whole, first, second = (Run(KINDS[kind]) for _ in range(3))
    for x in whole.batches[:6]:
        whole.step(x)
    for x in whole.batches[:3]:
        first.step(x)
    kept = first.optimiser.state_dict()
    for p, q in zip(second.net.parameters(), first.net.parameters(), strict=True):
        p.data = q.numpy()
    first.step(first.batches[5])  # the state holds copies
    second.optimiser.lr = 0.5  # and settings
    second.optimiser.load_state_dict(kept)
    for x in whole.batches[3:6]:
        second.step(x)
    assert second.state() == whole.state()


def changed(path: str, value: Any) -> Callable[[Any], None]:
    def change(state: Any) -> None:
        *way, last = [int(key) if key.isdigit() else key for key in path.split("/")]
        for key in way:
            state = state[key]
        if value is KeyError:
            del state[last]
        else:
            state[last] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "error", "message"),
    [
        ("state", KeyError, KeyError, "misses state"),
        ("more", 1, KeyError, "has more, which are unknown here"),
        ("state", [], TypeError, "state is a list"),
        ("state/3", KeyError, KeyError, "state misses 3"),
        ("state/4", {}, KeyError, "state has 4"),
        ("state/3", 1, TypeError, "got a int"),
        ("state/3/exp_avg", KeyError, KeyError, r"state\[3\] misses exp_avg"),
        ("state/3/exp", 1, KeyError, r"state\[3\] has exp"),
        ("state/3/exp_avg", [0.0, 0.0], TypeError, r"state\[3\]\['exp_avg'\] is a list"),
        ("state/3/exp_avg", np.ones(3), ShapeError, r"has shape \(3,\); expected \(2,\)"),
        ("state/3/exp_avg", np.ones(2, "f4"), DTypeError, "holds float32; expected float64"),
        ("state/3/exp_avg", np.array([1, np.nan]), ValueError, "holds NaN"),
        ("state/3/step", -1, ValueError, r"state\[3\]\['step'\] is -1"),
        ("state/3/step", 1.5, TypeError, "is 1.5; expected a count"),
        ("state/3/step", True, TypeError, "is True"),
        ("param_groups", [], ValueError, "got 0 groups of parameters; expected 1"),
        ("param_groups", 3, ValueError, "got 3 groups"),
        ("param_groups/0/lr", np.nan, ValueError, r"param_groups\[0\]: lr is nan"),
        ("param_groups/0/lr", "x", TypeError, "lr is 'x'"),
        ("param_groups/0/betas", (0.9, 2), ValueError, "beta2 is 2"),
        ("param_groups/0/rate", 2, KeyError, r"param_groups\[0\] has rate"),
        ("param_groups/0/eps", KeyError, KeyError, "misses eps"),
        ("param_groups/0/params", [0, 1, 2], ValueError, r"params is \[0, 1, 2\]; expected"),
        ("param_groups/0/initial_lr", -1, ValueError, "initial_lr is -1"),
    ],
)
def test_a_damaged_state_is_refused_and_nothing_changes(
    path: str, value: Any, error: Any, message: str
) -> None:
    run = Run(KINDS["Adam"])
    run.step(run.batches[0])
    damaged = run.optimiser.state_dict()
    run.step(run.batches[1])
    before = run.state()
    changed(path, value)(damaged)
    with pytest.raises(error, match=message):
        run.optimiser.load_state_dict(damaged)
    assert run.state() == before


def test_keys_that_a_file_has_made_strings_are_fine() -> None:
    run = Run(KINDS["Adam"])
    run.step(run.batches[0])
    state = run.optimiser.state_dict()
    state["state"] = {str(key): value for key, value in state["state"].items()}
    state["param_groups"][0]["betas"] = list(state["param_groups"][0]["betas"])
    before = run.state()
    run.optimiser.load_state_dict(state)
    assert run.state() == before


# --- many changes at once -------------------------------------------------------------------------


def test_all_or_none_of_many_changes() -> None:
    p, q = Parameter([1.0]), Parameter([2.0], name="q")
    for wrong in (np.ones(2), np.ones(1, np.float32)):
        with pytest.raises(ShapeError, match="data of q got"):
            ag.set_all([(p, "data", np.zeros(1)), (q, "data", wrong)])
        with pytest.raises(ShapeError, match="grad of q got"):
            ag.set_all([(p, "data", np.zeros(1)), (q, "grad", wrong)])
    assert p.item() == 1.0
    (p * q).sum().backward()
    loss = (p * p).sum()
    ag.set_all([(p, "data", np.zeros(1)), (q, "grad", np.full(1, 5.0))])
    assert (p.item(), q.grad.item()) == (0.0, 5.0)
    loss.backward()
    assert p.grad.item() == 2.0 + 2.0  # of the values that the graph was recorded with
