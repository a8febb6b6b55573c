"""The state of modules: buffers, loading, training and evaluation, hooks, summaries, reprs."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from draws import generator

import autograd
import nn
from autograd import Parameter, ShapeError, Tensor
from nn import StateError


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return generator(seed).normal(size=shape)


class Net(nn.Module):
    """A list of blocks, a buffer of its own, and a head."""

    def __init__(self, seed: int = 0) -> None:
        self.blocks = [nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Dropout())]
        self.head = nn.Linear(4, 2)
        self.register_buffer("centre", [0.5, 0.0, -0.5])
        self.initialise(seed)

    def forward(self, x: Any) -> Any:
        x = x - self.centre
        for block in self.blocks:
            x = block(x)
        return self.head(x)


PATHS = ["blocks.0.0.W", "blocks.0.0.b", "blocks.0.1.gamma", "blocks.0.1.beta", "head.W", "head.b"]
BUFFERS = ["centre", "blocks.0.1.running_mean", "blocks.0.1.running_var",
           "blocks.0.1.num_batches_tracked"]  # fmt: skip


# --- buffers and loading -----------------------------------------------------------------------


def test_the_state_holds_parameters_and_buffers_by_their_paths() -> None:
    net = Net()
    assert [path for path, _ in net.named_parameters()] == PATHS
    assert [path for path, _ in net.named_buffers()] == BUFFERS
    state = net.state_dict()
    assert [*state] == PATHS + BUFFERS
    assert all(type(x) is np.ndarray and x.flags.writeable for x in state.values())
    state["head.W"][:] = 0
    assert net.head.W.numpy().any()
    assert not any(b.requires_grad for b in net.buffers())


def test_a_loaded_net_computes_the_same_bits() -> None:
    net, other, x = Net(0), Net(1), normal(8, 3)
    for _ in range(3):
        net(x)
    handles = [*other.parameters(), *other.buffers()]
    assert other.load_state_dict(net.state_dict()) == ((), ())
    assert all(
        a is b for a, b in zip(handles, [*other.parameters(), *other.buffers()], strict=True)
    )
    np.testing.assert_array_equal(net.eval()(x).numpy(), other.eval()(x).numpy())
    twin = pickle.loads(pickle.dumps(copy.deepcopy(net)))
    np.testing.assert_array_equal(net(x).numpy(), twin(x).numpy())
    assert twin.state_dict().keys() == net.state_dict().keys()


def faulty() -> dict[str, tuple[Any, str]]:
    """What is put into a state, and what is said of it."""
    W = np.ones((4, 2))
    nan, infinite = W.copy(), W.copy()
    nan[1, 1], infinite[0, 0] = np.nan, -np.inf
    return {
        "turned": (W.T, r"head\.W has shape \(2, 4\); expected \(4, 2\)"),
        "a number": (1.0, r"head\.W has shape \(\); expected"),
        "NaN": (nan, r"head\.W holds NaN, 1 of 8 values"),
        "infinity": (infinite, r"head\.W holds infinity, 1 of 8"),
        "objects": (W.astype(object), r"head\.W is a ndarray of object"),
        "text": ("weights", r"head\.W is a str"),
        "nothing": (None, r"head\.W is a NoneType of object"),
        "integers": (W.astype(int), r"has dtype int64; expected float64: .*astype\('float64'\)"),
        "complex": (W * 1j, "has dtype complex128; expected float64"),
        "masked": (np.ma.array(W), "is a MaskedArray"),
        "ragged": ([[1.0], [1.0, 2.0]], r"head\.W is no array"),
    }


@pytest.mark.parametrize("case", faulty())
def test_a_state_that_does_not_fit_changes_nothing(case: str) -> None:
    net = Net()
    before = net.state_dict()
    state = {k: x + 1 for k, x in Net(1).state_dict().items()}
    value, said = faulty()[case]
    with pytest.raises(
        StateError, match=rf"^Net\.load_state_dict: .*nothing was loaded:\n.*{said}"
    ):
        net.load_state_dict(state | {"head.W": value})
    for key, array in net.state_dict().items():
        np.testing.assert_array_equal(array, before[key])


def test_all_faults_are_told_at_once() -> None:
    net = Net()
    state = net.state_dict()
    del state["blocks.0.1.running_var"]
    state |= {"head.weight": np.ones(1), "head.b": np.ones(3), "centre": np.full(3, np.nan)}
    with pytest.raises(StateError) as caught:
        net.load_state_dict(state)
    for said in ("missing: blocks.0.1.running_var", "unexpected: head.weight; strict=False",
                 "head.b has shape (3,)", "centre holds NaN"):  # fmt: skip
        assert said in str(caught.value)
    with pytest.raises(StateError, match=r"head\.b"):
        net.load_state_dict(state, strict=False)
    many = {f"layer{k}": 1 for k in range(100)}
    with pytest.raises(StateError, match="and 92 more") as caught:
        net.load_state_dict(many)
    assert len(str(caught.value)) < 1000
    for wrong in (None, [1], net):
        with pytest.raises(StateError, match="expected a dict of arrays by path"):
            net.load_state_dict(wrong)


def test_what_matches_is_loaded_when_not_strict() -> None:
    net, given = Net(), {"head.b": np.float32([3.0, 4.0]), "other": np.ones(2)}
    found = net.load_state_dict(given, strict=False)
    assert found.unexpected == ("other",)
    assert set(found.missing) == {*PATHS, *BUFFERS} - {"head.b"}
    assert net.head.b.dtype == np.float64
    assert net.head.b.numpy().tolist() == [3.0, 4.0]
    narrow = nn.Linear(2, 2, dtype=np.float32)
    with pytest.raises(StateError, match=r"has dtype float64; expected float32.*astype"):
        narrow.load_state_dict(nn.Linear(2, 2).state_dict())


def test_infinity_in_a_buffer_is_a_value() -> None:
    net = nn.Module()
    net.register_buffer("mask", [0.0, -np.inf])
    net.load_state_dict({"mask": np.array([-np.inf, 0.0])})
    assert net.buffers()[0].numpy().tolist() == [-np.inf, 0.0]


def test_loading_that_is_interrupted_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    net, state = Net(), Net(1).state_dict()
    before, count = net.state_dict(), [0]
    put = Tensor.data.__set__  # type: ignore[attr-defined]

    def interrupted(tensor: Tensor, value: Any) -> None:
        count[0] += 1
        if count[0] == 4:
            raise KeyboardInterrupt
        put(tensor, value)

    with monkeypatch.context() as patch:
        patch.setattr(Tensor, "data", property(Tensor.data.__get__, interrupted))  # type: ignore[attr-defined]
        with pytest.raises(KeyboardInterrupt):
            net.load_state_dict(state)
    assert count[0] > 4
    for key, array in net.state_dict().items():
        np.testing.assert_array_equal(array, before[key])


def test_buffers_keep_their_kind() -> None:
    net = nn.Module()
    net.register_buffer("steps", 0)
    net.steps.data = net.steps.data + 1
    net.steps += 1
    assert net.state_dict()["steps"] == 2
    net.steps = Tensor(5, requires_grad=False)
    assert net.state_dict()["steps"] == 5
    for wrong in (np.zeros(()), 3, Tensor(1.0), Parameter(1.0)):
        with pytest.raises(TypeError, match=r"Module\.steps is a buffer.*steps\.data = array"):
            net.steps = wrong
    net.register_buffer("none", None)
    assert [name for name, _ in net.named_buffers()] == ["steps"]
    net.register_buffer("steps", [1.0])  # anew
    assert net.buffers()[0].shape == (1,)
    for name, error in (
        ("a.b", TypeError),
        ("", TypeError),
        (3, TypeError),
        ("forward", ValueError),
    ):
        with pytest.raises(error, match="register_buffer"):
            net.register_buffer(name, 1.0)
    shared = nn.Module()
    shared.one, shared.two = net, [net]
    assert [name for name, _ in shared.named_buffers()] == ["one.steps"]


# --- what is done to all inside ----------------------------------------------------------------


def test_training_and_evaluation_are_set_everywhere() -> None:
    net = Net()
    modules = [module for _, module in net.named_modules()]
    assert len(modules) == 7
    assert all(module.training for module in modules)
    assert net.eval() is net
    assert not any(module.training for module in modules)
    assert net.train(np.bool_(True)).training is True
    assert net.train(False).head.training is False
    for wrong in ("eval", 1, None):
        with pytest.raises(TypeError, match=r"train: mode is .*; expected True"):
            net.train(wrong)
    assert nn.Module.training is True


def test_frozen_parameters_stay() -> None:
    net = Net()
    before = net.state_dict()
    assert net.blocks[0].freeze() is net.blocks[0]
    net.eval()(normal(5, 3)).sum().backward()
    nn.SGD(net, lr=0.1).step()
    changed = {path for path, p in net.named_parameters() if (p.numpy() != before[path]).any()}
    assert changed == {"head.W", "head.b"}
    assert all(p.requires_grad for p in net.unfreeze().parameters())


def test_apply_goes_from_the_inside_out() -> None:
    net, seen = Net(), []
    assert net.apply(seen.append) is net
    assert [type(m).__name__ for m in seen] == [
        "Linear", "Dropout", "Tanh", "BatchNorm1d", "Linear", "Sequential", "Net",
    ]  # fmt: skip


# --- hooks -------------------------------------------------------------------------------------


def test_hooks_see_and_replace_what_is_computed() -> None:
    for layer in (nn.Linear(2, 2, seed=0), nn.Sequential(nn.Linear(2, 2, seed=0))):
        x, seen = normal(3, 2), []
        plain = layer(x).numpy()
        watching = layer.register_forward_hook(lambda *args: seen.append(args))  # noqa: B023
        doubling = layer.register_forward_hook(lambda _, __, out: out * 2)
        np.testing.assert_array_equal(layer(x).numpy(), 2 * plain)
        ((module, inputs, out),) = seen
        assert module is layer
        assert inputs[0] is x
        np.testing.assert_array_equal(out.numpy(), plain)
        np.testing.assert_array_equal(layer.forward(x).numpy(), plain)
        doubling.remove()
        doubling.remove()
        np.testing.assert_array_equal(layer(x).numpy(), plain)
        watching.remove()
        layer(x)
        assert len(seen) == 2
        with pytest.raises(TypeError, match=r"expected a function\(module, inputs, output\)"):
            layer.register_forward_hook(3)


def test_a_hook_that_is_a_module_is_no_child() -> None:
    class Watch(nn.Linear):
        def __call__(self, *_: Any) -> None:
            pass

    net = nn.Sequential(nn.Tanh())
    net.register_forward_hook(Watch(2, 2))
    assert net.parameters() == []
    assert len(net.children()) == 1


# --- looking at it -----------------------------------------------------------------------------

SHOWN = """\
Net(
  (blocks.0): Sequential(
    (0): Linear(3, 4)
    (1): BatchNorm1d(4)
    (2): Tanh()
    (3): Dropout(p=0.5)
  )
  (head): Linear(4, 2)
)"""
TABLE = """\
path        module          output  parameters  memory
            Net             (6, 2)          34   368 B
blocks.0    Sequential      (6, 4)          24   264 B
blocks.0.0  Linear(3, 4)    (6, 4)          16   128 B
blocks.0.1  BatchNorm1d(4)  (6, 4)           8   136 B
blocks.0.2  Tanh()          (6, 4)           0     0 B
blocks.0.3  Dropout(p=0.5)  (6, 4)           0     0 B
head        Linear(4, 2)    (6, 2)          10    80 B
34 parameters (10 trained), 12 buffers: 368 B; outputs: 864 B"""


def test_modules_are_shown_on_lines_of_their_own() -> None:
    net = Net()
    assert repr(net) == SHOWN == repr(net)
    assert repr(nn.Sequential()) == "Sequential()"

    class Scale(nn.Sequential):
        def extra_repr(self) -> str:
            return "factor=2"

    assert repr(Scale(nn.Tanh())) == "Scale(\n  factor=2\n  (0): Tanh()\n)"


def test_the_summary_is_a_table_and_leaves_everything_as_it_was() -> None:
    net = Net()
    net.blocks[0].freeze()
    net.head.eval()
    before = net.state_dict()
    table = net.summary(np.zeros((6, 3)))
    assert str(table) == TABLE
    assert (table.parameters, table.trained, table.memory) == (34, 10, 368)
    assert table.rows[-1].output == ((6, 2),)
    assert [m.training for _, m in net.named_modules()] == [True] * 6 + [False]
    assert not any(m.forward_hooks for _, m in net.named_modules())
    for key, array in net.state_dict().items():
        np.testing.assert_array_equal(array, before[key])
    with pytest.raises(ShapeError):
        net.summary(np.zeros((6, 4)))
    assert net.training
    assert not net.forward_hooks


def test_the_summary_shows_what_was_not_called_and_what_gives_several() -> None:
    class Pair(nn.Module):
        def __init__(self) -> None:
            self.used, self.unused = nn.Tanh(), nn.Linear(1, 1, seed=0)

        def forward(self, x: Any, scale: float) -> Any:
            return self.used(x), {"twice": [scale * x]}

    table = Pair().summary(Tensor(np.ones(3)), 2.0)
    assert [row.output for row in table.rows] == [((3,), (3,)), ((3,),), None]
    assert "-" in str(table)
    assert all(row.output is None for row in Pair().summary().rows)


# --- errors ------------------------------------------------------------------------------------


def test_errors_tell_the_path() -> None:
    net = Net()
    net.blocks.append(nn.Linear(5, 4, seed=0))
    with pytest.raises(ShapeError) as caught:
        net(normal(6, 3))
    assert caught.value.__notes__ == ["raised in blocks.1, Linear(5, 4) of Net"]
    with pytest.raises(ShapeError) as caught:
        nn.Linear(2, 3, seed=0)(normal(4, 3))
    assert caught.value.__notes__ == ["raised in Linear(2, 3)"]

    class Broken(nn.Module):
        def forward(self, x: Any) -> Any:
            return {}["key"]

    with pytest.raises(KeyError) as other:
        nn.Sequential(nn.Tanh(), Broken())(1.0)
    assert other.value.__notes__ == ["raised in 1, Broken() of Sequential"]


def test_a_class_or_an_input_in_place_of_a_layer() -> None:
    with pytest.raises(TypeError, match=r"at 1: .*ReLU.*; did you mean ReLU\(...\)\?"):
        nn.Sequential(nn.Linear(2, 2, seed=0), nn.ReLU)
    with pytest.raises(TypeError, match=r"ReLU: takes no arguments.*layer = ReLU\(\)"):
        nn.ReLU(np.ones(3))
    with pytest.raises(TypeError, match="at 0: expected a module or a function, got 3"):
        nn.Sequential(3)


# --- compiled ----------------------------------------------------------------------------------


def trained(compiler: Any, steps: int = 20) -> tuple[list[Any], dict[str, np.ndarray]]:
    """Losses and scores of a net that is trained and evaluated in turns, and its state."""
    net = nn.Sequential(
        nn.Linear(3, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.3), nn.Linear(6, 4),
        nn.LayerNorm(4), nn.RMSNorm(4), nn.BatchNorm1d(4, momentum=None), nn.Linear(4, 2), seed=0,
    )  # fmt: skip
    sgd, given = nn.SGD(net, lr=0.1), generator(1)

    def step(x: Any, labels: Any) -> Any:
        sgd.zero_grad()
        loss = nn.softmax_cross_entropy(net(x), labels)
        loss.backward()
        sgd.step()
        return loss

    step, scores = compiler(step), compiler(lambda x: net(x))
    found = []
    for k in range(steps):
        x, labels = given.normal(size=(8, 3)), given.integers(0, 2, 8)
        found.append(step(x, labels).numpy())
        if k % 5 == 2:
            net.eval()
            found.append(scores(x).numpy())
            if k % 2:
                found.append(step(x, labels).numpy())  # trained without dropout
            net.train()
            found.append(scores(x).numpy())
    return found, net.state_dict()


def test_compiled_training_has_the_bits_of_eager() -> None:
    (eager, state), (compiled, other) = trained(lambda f: f), trained(autograd.compile)
    for k, (x, y) in enumerate(zip(eager, compiled, strict=True)):
        np.testing.assert_array_equal(x, y, err_msg=f"result {k}")
    for key, array in state.items():
        np.testing.assert_array_equal(array, other[key], err_msg=key)


def test_a_compiled_function_never_takes_old_buffers_or_modes() -> None:
    net, x = Net(), normal(6, 3)
    net.eval()
    scores = autograd.compile(lambda x: net(x))

    def check() -> None:
        np.testing.assert_array_equal(scores(x).numpy(), net(x).numpy())

    check()
    net.blocks[0][1].running_mean.data = normal(4, seed=3)
    check()
    net.load_state_dict({k: a + 1 for k, a in net.state_dict().items()})
    check()
    net.register_buffer("centre", [1.0, 2.0, 3.0])
    check()
    net.head.freeze()
    check()
    hook = net.head.register_forward_hook(lambda _, __, out: out * 2.0)
    check()
    hook.remove()
    check()
    net.train()
    net.blocks[0][3].p = 0.0
    np.testing.assert_array_equal(scores(x).numpy(), net(x).numpy())
    assert net.blocks[0][1].num_batches_tracked.item() == 3


def test_compiled_dropout_follows_nn_seed() -> None:
    layer = nn.Dropout(0.5)
    step = autograd.compile(lambda x: layer(x))
    x = np.ones(20)
    try:
        nn.seed(1)
        first = [step(x).numpy() for _ in range(3)]
        nn.seed(1)
        again = [step(x).numpy() for _ in range(3)]
        nn.seed(1)
        eager = [layer(x).numpy() for _ in range(3)]
    finally:
        nn.seed(None)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first, eager)
    assert (first[0] != first[1]).any()
