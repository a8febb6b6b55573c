"""Modules: one meaning of `forward`, parameters in containers, sizes, and seeds."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator, seeded

import nn
from autograd import DTypeError, Parameter, ShapeError, Tensor, UnsupportedError
from nn import init


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return generator(seed).normal(size=shape)


# --- one meaning of forward -------------------------------------------------------------------

IMAGES, ROWS, LABELS = (normal(2, 2, 6, 6), normal(4, 3), np.array([0, 2, 1, 1]))
ACTIVATIONS = ("ELU", "GELU", "Hardtanh", "LeakyReLU", "LogSoftmax", "PReLU", "SELU", "SiLU",
               "Softmax", "Softplus")  # fmt: skip
OF_CLASSES = ("CrossEntropyLoss", "HingeLoss", "MultiMarginLoss", "NLLLoss", "SoftmaxWithLoss")
OF_PAIRS = ("BCEWithLogitsLoss", "HuberLoss", "KLDivLoss", "L1Loss", "MSELoss", "SmoothL1Loss",
            "SumOfSquaresLoss")  # fmt: skip
SEQUENCES = normal(2, 5, 4)
MODULES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "Linear": (nn.Linear(3, 2, seed=seeded(0)), (ROWS,)),
    "ReLU": (nn.ReLU(), (ROWS,)),
    "Sigmoid": (nn.Sigmoid(), (ROWS,)),
    "Tanh": (nn.Tanh(), (ROWS,)),
    "Conv2d": (nn.Conv2d(2, 3, 3, seed=seeded(0)), (IMAGES,)),
    "MaxPool2d": (nn.MaxPool2d(2), (IMAGES,)),
    "AvgPool2d": (nn.AvgPool2d(2), (IMAGES,)),
    "Conv1d": (nn.Conv1d(5, 3, 2, seed=seeded(0)), (SEQUENCES,)),
    "ConvTranspose2d": (nn.ConvTranspose2d(2, 3, 3, seed=seeded(0)), (IMAGES,)),
    "MaxPool1d": (nn.MaxPool1d(2), (SEQUENCES,)),
    "AvgPool1d": (nn.AvgPool1d(2), (SEQUENCES,)),
    "AdaptiveAvgPool1d": (nn.AdaptiveAvgPool1d(3), (SEQUENCES,)),
    "AdaptiveAvgPool2d": (nn.AdaptiveAvgPool2d(4), (IMAGES,)),
    "GlobalAvgPool": (nn.GlobalAvgPool(), (IMAGES,)),
    "GlobalMaxPool": (nn.GlobalMaxPool(), (IMAGES,)),
    "RNN": (nn.RNN(4, 3, seed=seeded(0)), (SEQUENCES,)),
    "LSTM": (nn.LSTM(4, 3, seed=seeded(0)), (SEQUENCES,)),
    "GRU": (nn.GRU(4, 3, seed=seeded(0)), (SEQUENCES,)),
    "MultiheadAttention": (nn.MultiheadAttention(4, 2, seed=seeded(0)), (SEQUENCES,)),
    "TransformerBlock": (nn.TransformerBlock(4, 2, seed=seeded(0)), (SEQUENCES,)),
    "PositionalEncoding": (nn.PositionalEncoding(4), (SEQUENCES,)),
    "Flatten": (nn.Flatten(), (IMAGES,)),
    "Unflatten": (nn.Unflatten(1, (2, 1)), (IMAGES,)),
    "Identity": (nn.Identity(), (ROWS,)),
    "SoftmaxWithLoss": (nn.SoftmaxWithLoss(), (ROWS, LABELS)),
    "HingeLoss": (nn.HingeLoss(), (ROWS, LABELS)),
    "Dropout": (nn.Dropout(0.5).eval(), (ROWS,)),
    "Embedding": (nn.Embedding(3, 2, seed=seeded(0)), (LABELS,)),
    "BatchNorm1d": (nn.BatchNorm1d(3), (ROWS,)),
    "BatchNorm2d": (nn.BatchNorm2d(2), (IMAGES,)),
    "LayerNorm": (nn.LayerNorm(3), (ROWS,)),
    "RMSNorm": (nn.RMSNorm(3), (ROWS,)),
    "Neuron": (nn.Neuron(3, seed=seeded(0)), (ROWS,)),
    **{name: (getattr(nn, name)(), (ROWS,)) for name in ACTIVATIONS},
    "RReLU": (nn.RReLU(0.2, 0.2), (ROWS,)),
    "Maxout": (nn.Maxout(3, 2, seed=seeded(0)), (ROWS,)),
    **{name: (getattr(nn, name)(), (ROWS, LABELS)) for name in OF_CLASSES},
    **{name: (getattr(nn, name)(), (ROWS, np.abs(ROWS) / 9)) for name in OF_PAIRS},
    "BCELoss": (nn.BCELoss(), (np.abs(ROWS) / 9, np.abs(ROWS) / 9)),
    "TripletMarginLoss": (nn.TripletMarginLoss(), (ROWS, 2 * ROWS, ROWS**2)),
    "Sequential": (nn.Sequential(nn.Linear(3, 4, seed=seeded(0)), nn.Tanh()), (ROWS,)),
    "TwoLayerNet": (nn.TwoLayerNet(3, 4, 2, seed=seeded(0)), (ROWS,)),
}


def test_every_module_is_in_the_table() -> None:
    public = {name for name in nn.__all__ if isinstance(getattr(nn, name), type)}
    modules = {name for name in public if issubclass(getattr(nn, name), nn.Module)}
    assert modules - {"Module", "Layer"} == MODULES.keys()


@pytest.mark.parametrize("name", MODULES)
def test_forward_is_what_calling_does(name: str) -> None:
    """The same values, and the same gradients of the input and of every parameter."""
    module, (x, *rest) = MODULES[name]
    values, grads = [], []
    for way in (module, module.forward):
        variable = Tensor(x) if np.asarray(x).dtype.kind == "f" else Tensor(x, requires_grad=False)
        module.zero_grad()
        out = way(variable, *rest)
        out = out[0] if isinstance(out, tuple) else out
        out.sum().backward()
        values.append(out.numpy())
        leaves = [variable] if variable.requires_grad else []
        grads.append([x.grad for x in (*leaves, *module.parameters())])
        assert type(way(x, *rest)) is type(module(x, *rest))
    np.testing.assert_array_equal(*values)
    for called, forward in zip(*grads, strict=True):
        assert forward is not None
        np.testing.assert_array_equal(called, forward)


def test_options_reach_forward() -> None:
    class Scale(nn.Module):
        def forward(self, x: Any, factor: float = 1.0) -> Any:
            return factor * x

    assert Scale()(Tensor(2.0), factor=3.0).item() == 6.0


# --- parameters and modules are found ---------------------------------------------------------


def test_parameters_are_found_once_and_named() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            self.first = nn.Linear(2, 3, seed=0)
            self.rest = [nn.ReLU(), nn.Linear(3, 1, seed=1)]
            self.again = self.first
            self.scale = Parameter(2.0)

        def forward(self, x):  # type: ignore[no-untyped-def]
            for layer in (self.first, *self.rest):
                x = layer(x)
            return self.scale * x

    net = Net()
    names = [name for name, _ in net.named_parameters()]
    assert names == ["scale", "first.W", "first.b", "rest.1.W", "rest.1.b"]
    net(np.ones((4, 2))).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    assert net.scale.name == "scale"
    with pytest.raises(NotImplementedError, match="forward"):
        nn.Module()(1.0)


def test_parameters_are_found_in_containers() -> None:
    pair = namedtuple("pair", "left right")
    net, shared = nn.Module(), Parameter(1.0)
    net.listed = [Parameter(1.0), shared]  # type: ignore[attr-defined]
    net.nested = [[Parameter(1.0)], (nn.Linear(1, 1, seed=0), {"deep": shared})]  # type: ignore[attr-defined]
    net.stages = OrderedDict(one=[nn.Linear(1, 1, seed=0)], two={3: nn.ReLU()})  # type: ignore[attr-defined]
    net.pair = pair(Parameter(1.0), nn.Tanh())  # type: ignore[attr-defined]
    assert [name for name, _ in net.named_parameters()] == [
        "listed.0", "listed.1", "nested.0.0", "pair.0",
        "nested.1.0.W", "nested.1.0.b", "stages.one.0.W", "stages.one.0.b",
    ]  # fmt: skip
    assert [name for name, _ in net.named_children()] == [
        "nested.1.0", "stages.one.0", "stages.two.3", "pair.1",
    ]  # fmt: skip
    before = [p.item() for p in net.parameters()]
    for p in net.parameters():
        p.grad = np.ones(p.shape)
    nn.SGD(net, lr=0.5).step()
    assert [p.item() for p in net.parameters()] == [value - 0.5 for value in before]


def test_loops_among_modules_and_lists_end() -> None:
    parent, child = nn.Module(), nn.Linear(1, 2, seed=0)
    child.parent = parent  # type: ignore[attr-defined]
    parent.child = child  # type: ignore[attr-defined]
    parent.items = [child]  # type: ignore[attr-defined]
    parent.items.append(parent.items)  # type: ignore[attr-defined]
    assert [name for name, _ in parent.named_parameters()] == ["child.W", "child.b"]
    other = nn.Module()
    other.parent = parent  # type: ignore[attr-defined]
    parent.other = other  # type: ignore[attr-defined]
    assert "(parent): ..." in repr(parent)
    assert [name for name, _ in parent.named_modules()] == ["", "child", "other"]


def test_a_chain_of_modules_is_followed_to_its_end() -> None:
    first = last = nn.Module()
    for _ in range(5_000):
        last.next = nn.Module()  # type: ignore[attr-defined]
        last = last.next  # type: ignore[attr-defined]
    last.p = Parameter(1.0)  # type: ignore[attr-defined]
    assert len(first.parameters()) == 1


def test_a_set_of_parameters_is_refused() -> None:
    net = nn.Module()
    net.numbers = {1, 2}  # type: ignore[attr-defined]
    assert net.parameters() == []
    net.layers = {nn.Linear(1, 1, seed=0)}  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="layers is a set of parameters or modules"):
        net.parameters()


def test_sequential_and_scopes() -> None:
    net = nn.Sequential(nn.Linear(2, 4, seed=0), nn.Tanh(), nn.Linear(4, 3, seed=1), nn.Sigmoid())
    out = net(normal(5, 2))
    assert out.shape == (5, 3)
    assert len(net) == 4
    affine = out.parents[0]
    assert [s.name for s in affine.scope.path] == ["Sequential", "2"]
    assert affine.scope.note == "15 params"


def test_boxes_count_parameters_in_lists_once() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            self.p = Parameter([1.0, 2.0])
            self.all = [self.p, Parameter(3.0)]

        def forward(self, x: Any) -> Any:
            return x * self.p

    assert Net()(1.0).node.scope.note == "3 params"


# --- linear -----------------------------------------------------------------------------------


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4), (0, 3, 4), (2, 1, 3, 4)])
def test_linear_acts_on_the_last_axis(shape: tuple[int, ...], bias: bool) -> None:
    layer = nn.Linear(4, 5, bias=bias, seed=seeded(0))
    if bias:
        layer.b.data = normal(5, seed=1)
    x, dout = Tensor(normal(*shape)), normal(*shape[:-1], 5, seed=2)
    out = layer(x)
    W, b = layer.W.numpy(), layer.b.numpy() if bias else np.zeros(5)
    assert_close(out.numpy(), x.numpy() @ W + b)
    (out * dout).sum().backward()
    rows, upstream = x.numpy().reshape(-1, 4), dout.reshape(-1, 5)
    assert_close(x.grad, dout @ W.T)
    assert_close(layer.W.grad, rows.T @ upstream, of=[dout])
    if bias:
        assert_close(layer.b.grad, upstream.sum(axis=0), of=[dout])


def test_linear_without_bias() -> None:
    layer = nn.Linear(2, 3, bias=False, seed=0)
    assert [name for name, _ in layer.named_parameters()] == ["W"]
    assert repr(layer) == "Linear(2, 3, bias=False)"
    np.testing.assert_array_equal(layer.W.numpy(), nn.Linear(2, 3, seed=0).W.numpy())
    assert layer(np.ones((4, 2))).node.scope.note == "6 params"
    W = normal(2, 3)
    given = nn.Linear(W, bias=False)
    np.testing.assert_array_equal(given(np.eye(2)).numpy(), np.eye(2) @ W)
    with pytest.raises(TypeError, match=r"no b and bias=True.*Linear\(W, bias=False\)"):
        nn.Linear(W)
    with pytest.raises(TypeError, match="bias=False"):
        nn.Linear(W, np.zeros(3), bias=False)


def test_linear_checks_shapes_and_suggests_flatten() -> None:
    with pytest.raises(ShapeError, match=r"affine.*Did you mean nn\.Flatten\(\)"):
        nn.Linear(12, 5, seed=0)(normal(2, 3, 4))
    with pytest.raises(ShapeError, match=r"matmul.*Did you mean nn\.Flatten\(\)"):
        nn.Linear(12, 5, bias=False, seed=0)(normal(2, 3, 4))
    with pytest.raises(ShapeError, match="affine") as caught:
        nn.Linear(12, 5, seed=0)(normal(2, 11))
    assert "Flatten" not in str(caught.value)
    with pytest.raises(ShapeError, match="expected W"):
        nn.Linear(normal(3, 4), normal(3))
    with pytest.raises(ShapeError, match="expected W"):
        nn.Linear(normal(3, 4, 2), normal(4))


# --- sizes ------------------------------------------------------------------------------------

BAD_SIZES = [(0, ValueError), (-1, ValueError), (2.0, TypeError), ("3", TypeError),
             (None, TypeError), (True, TypeError), (np.float64(3), TypeError)]  # fmt: skip


@pytest.mark.parametrize(("size", "error"), BAD_SIZES, ids=str)
def test_sizes_are_positive_integers(size: Any, error: type[Exception]) -> None:
    expected = r"is .*expected an integer of at least 1"
    for make in (
        lambda: nn.Linear(size, 3), lambda: nn.Linear(3, size), lambda: nn.Conv2d(size, 3, 3),
        lambda: nn.Conv2d(3, size, 3), lambda: nn.Conv2d(3, 3, (2, size)),
        lambda: nn.Conv2d(3, 3, 3, groups=size), lambda: init.he(size, 3),
        lambda: init.xavier(3, size), lambda: init.normal(size, size), lambda: init.zeros(size),
        lambda: nn.batches(np.ones(3), np.ones(3), size),
    ):  # fmt: skip
        with pytest.raises(error, match=expected):
            make()
    if size is not None:
        with pytest.raises(error, match=expected):
            nn.Conv2d(3, 3, size)


def test_integers_of_numpy_are_sizes() -> None:
    for kind in (np.int8, np.int64, np.uint16, np.array):
        assert nn.Linear(kind(2), kind(3), seed=0).W.shape == (2, 3)
        assert nn.Conv2d(kind(2), kind(4), kind(3), groups=kind(2), seed=0).W.shape == (4, 1, 3, 3)
        assert nn.Conv2d(2, 4, (kind(3), kind(1)), seed=0).W.shape == (4, 2, 3, 1)
    layer = nn.Conv2d(2, 3, np.int64(3), stride=np.int8(2), padding=np.int64(1), seed=0)
    assert layer(IMAGES).shape == (2, 3, 3, 3)
    assert nn.MaxPool2d(np.int64(2))(IMAGES).shape == (2, 2, 3, 3)
    parts = [len(t) for _, t in nn.batches(np.ones((300, 2)), np.ones(300), np.int8(100))]
    assert parts == [100, 100, 100]


def test_a_kernel_has_two_sizes() -> None:
    with pytest.raises(TypeError, match=r"kernel_size is \(1, 2, 3\)"):
        nn.Conv2d(1, 1, (1, 2, 3))


def test_batches_of_masked_arrays_are_refused() -> None:
    masked = np.ma.array([0, 1], mask=[1, 0])
    for x, t in (
        (masked, np.ones(2)),
        (np.ones(2), masked),
        (np.eye(2).view(np.matrix), np.ones(2)),
    ):
        with pytest.raises(UnsupportedError, match=r"batches: [xt] is a (MaskedArray|matrix)"):
            nn.batches(x, t)


@pytest.mark.parametrize("name", MODULES)
def test_layers_refuse_masked_arrays(name: str) -> None:
    module, (x, *rest) = MODULES[name]
    with pytest.raises(UnsupportedError, match="MaskedArray"):
        module(np.ma.array(x, mask=x > 0), *rest)
    with pytest.raises(UnsupportedError, match="MaskedArray"):
        module.forward(np.ma.array(x, mask=x > 0), *rest)


# --- initial weights --------------------------------------------------------------------------


def test_initial_weights() -> None:
    assert init.he(1000, 500, seed=0).std() == pytest.approx(np.sqrt(2 / 1000), rel=0.01)
    assert init.xavier(1000, 500, seed=0).std() == pytest.approx(np.sqrt(2 / 1500), rel=0.01)
    assert init.normal(1000, 500, seed=0).std() == pytest.approx(0.01, rel=0.01)
    np.testing.assert_array_equal(init.he(3, 4, seed=1), init.he(3, 4, seed=1))
    assert init.he(3, 4, seed=1, dtype=np.float32).dtype == np.float32
    with pytest.raises(DTypeError, match="dtype is int64; weights are floats"):
        init.he(3, 4, dtype=int)


def net_of(seed: Any) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(4, 4), nn.ReLU(), nn.Sequential(nn.Linear(4, 4), nn.Conv2d(1, 4, (2, 2))),
        nn.Linear(4, 4), seed=seed,
    )  # fmt: skip


def test_the_layers_of_a_seeded_net_differ() -> None:
    weights = [p.numpy().ravel() for p in net_of(0).parameters() if p.ndim > 1]
    assert len({w.tobytes() for w in weights}) == len(weights) == 4


def test_the_same_seed_gives_the_same_net() -> None:
    for one, other in ((0, 0), (generator(3), generator(3)),
                       (np.random.RandomState(3), np.random.RandomState(3))):  # fmt: skip
        for p, q in zip(net_of(one).parameters(), net_of(other).parameters(), strict=True):
            np.testing.assert_array_equal(p.numpy(), q.numpy())
    assert (net_of(0).parameters()[0].numpy() != net_of(1).parameters()[0].numpy()).any()


def test_initialise_keeps_parameters_given_arrays_and_dtypes() -> None:
    W = normal(2, 2)
    layers = nn.Linear(W, np.ones(2)), nn.Linear(2, 3, dtype=np.float32, init=init.xavier)
    net = nn.Sequential(*layers)
    parameters = net.parameters()
    layers[1].b.data = [1.0, 2.0, 3.0]
    assert net.initialise(seed=0) is net
    assert all(p is q for p, q in zip(net.parameters(), parameters, strict=True))
    np.testing.assert_array_equal(layers[0].W.numpy(), W)
    assert layers[0].b.numpy().tolist() == [1.0, 1.0]
    assert layers[1].b.numpy().tolist() == [0.0] * 3
    assert layers[1].W.dtype == layers[1].b.dtype == np.float32


def test_initialise_draws_the_two_layer_net_as_it_was_made() -> None:
    net = nn.TwoLayerNet(100, 50, 3, weight_init_std=0.5, seed=0)
    before = net.fc1.W.numpy()
    net.initialise(seed=1)
    after = net.fc1.W.numpy()
    assert (before != after).all()
    assert 0.45 < after.std() < 0.55
    assert net.fc1.W.name == "W1"


def test_a_layer_that_occurs_twice_is_drawn_once() -> None:
    layer = nn.Linear(2, 2)
    nn.Sequential(layer, nn.ReLU(), layer, seed=5)
    alone = nn.Linear(2, 2)
    nn.Sequential(alone, seed=5)
    np.testing.assert_array_equal(layer.W.numpy(), alone.W.numpy())


def test_parts_of_a_sequential_are_shared() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), seed=0)
    part = net[:-1]
    assert isinstance(part, nn.Sequential)
    assert part.modules() == [part, net[0], net[1]]
    assert net.modules() == [net, *net]
    assert [*part.state_dict()] == ["0.W", "0.b"]
    part[0].b.data = np.ones(3)
    np.testing.assert_array_equal(net.state_dict()["0.b"], np.ones(3))


def test_axes_are_taken_apart() -> None:
    x = Tensor(np.arange(48.0).reshape(2, 24))
    nested = nn.Sequential(nn.Unflatten(1, (2, -1, 4)), nn.Identity(), nn.Flatten())
    np.testing.assert_array_equal(nested(x).data, x.data)
    nested(x).sum().backward()
    np.testing.assert_array_equal(x.grad, np.ones((2, 24)))
    for axis, sizes in ((-1, (4, 6)), (1, [24, 1]), (0, (-1, 2)), (0, (1, 2, 1))):
        shape = nn.Unflatten(axis, sizes)(x).shape
        assert shape == (*x.shape[:axis], *np.abs(sizes), *x.shape[axis:][1:])
    for axis, sizes in ((2, (1,)), (1, (5, -1)), (1, (-1, -1)), (1, (0, -1)), (1, ()), (1, (-24,))):
        with pytest.raises(ShapeError, match=r"Unflatten: x has shape \(2, 24\); expected an axi"):
            nn.Unflatten(axis, sizes)(x)
