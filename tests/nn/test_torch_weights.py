"""Weights between here and PyTorch: every module with a state, alone and in a net, both ways."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
import nn

torch = pytest.importorskip("torch")
safetensors_torch = pytest.importorskip("safetensors.torch")

F32, F64 = np.float32, np.float64
Make = Callable[..., Any]


def first(out: Any) -> Any:
    """Of the outputs of a recurrent or attention layer the first."""
    return out[0] if isinstance(out, tuple) else out


def floats(*shape: int) -> Any:
    return generator(5).normal(size=shape)


def indices(*shape: int) -> Any:
    return generator(6).integers(0, 7, shape)


# by name: the module here, that of PyTorch, an input
PAIRS: dict[str, tuple[Make, Make, Any]] = {
    "Linear": (lambda **k: nn.Linear(4, 3, **k), lambda: torch.nn.Linear(4, 3), floats(5, 4)),
    "Linear, square": (
        lambda **k: nn.Linear(4, 4, **k), lambda: torch.nn.Linear(4, 4), floats(5, 4)),
    "Linear, no bias": (
        lambda **k: nn.Linear(4, 3, bias=False, **k),
        lambda: torch.nn.Linear(4, 3, bias=False), floats(2, 5, 4)),
    "Linear, b as a row": (
        lambda seed, dtype: nn.Linear(np.full((4, 3), 0.5, dtype), np.ones((1, 3), dtype)),
        lambda: torch.nn.Linear(4, 3), floats(5, 4)),
    "Conv1d": (
        lambda **k: nn.Conv1d(4, 6, 3, groups=2, **k),
        lambda: torch.nn.Conv1d(4, 6, 3, groups=2), floats(2, 4, 8)),
    "Conv2d": (
        lambda **k: nn.Conv2d(2, 3, (3, 2), stride=2, padding=1, **k),
        lambda: torch.nn.Conv2d(2, 3, (3, 2), stride=2, padding=1), floats(2, 2, 7, 7)),
    "ConvTranspose2d": (
        lambda **k: nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2, **k),
        lambda: torch.nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2), floats(2, 4, 5, 5)),
    "Embedding": (
        lambda **k: nn.Embedding(7, 7, padding_idx=2, **k),
        lambda: torch.nn.Embedding(7, 7, padding_idx=2), indices(3, 4)),
    "BatchNorm1d": (
        lambda seed, dtype: nn.BatchNorm1d(4, dtype=dtype), lambda: torch.nn.BatchNorm1d(4),
        floats(5, 4)),
    "BatchNorm2d": (
        lambda seed, dtype: nn.BatchNorm2d(3, dtype=dtype), lambda: torch.nn.BatchNorm2d(3),
        floats(2, 3, 4, 4)),
    "BatchNorm2d, not affine": (
        lambda seed, dtype: nn.BatchNorm2d(3, affine=False, dtype=dtype),
        lambda: torch.nn.BatchNorm2d(3, affine=False), floats(2, 3, 4, 4)),
    "BatchNorm1d, no statistics": (
        lambda seed, dtype: nn.BatchNorm1d(4, track_running_stats=False, dtype=dtype),
        lambda: torch.nn.BatchNorm1d(4, track_running_stats=False), floats(5, 4)),
    "LayerNorm": (
        lambda seed, dtype: nn.LayerNorm((3, 4), dtype=dtype),
        lambda: torch.nn.LayerNorm((3, 4)), floats(5, 3, 4)),
    "LayerNorm, no bias": (
        lambda seed, dtype: nn.LayerNorm(4, bias=False, dtype=dtype),
        lambda: torch.nn.LayerNorm(4, bias=False), floats(5, 4)),
    "RMSNorm": (
        lambda seed, dtype: nn.RMSNorm(4, dtype=dtype), lambda: torch.nn.RMSNorm(4),
        floats(5, 4)),
    "PReLU": (
        lambda seed, dtype: nn.PReLU(3, dtype=dtype), lambda: torch.nn.PReLU(3),
        floats(2, 3, 4)),
    "RNN": (
        lambda **k: nn.RNN(4, 5, num_layers=2, bidirectional=True, **k),
        lambda: torch.nn.RNN(4, 5, num_layers=2, bidirectional=True), floats(6, 2, 4)),
    "RNN, square": (
        lambda **k: nn.RNN(4, 4, nonlinearity="relu", **k),
        lambda: torch.nn.RNN(4, 4, nonlinearity="relu"), floats(6, 2, 4)),
    "LSTM": (
        lambda **k: nn.LSTM(4, 5, num_layers=2, batch_first=True, **k),
        lambda: torch.nn.LSTM(4, 5, num_layers=2, batch_first=True), floats(2, 6, 4)),
    "LSTM, no bias": (
        lambda **k: nn.LSTM(8, 2, bias=False, bidirectional=True, **k),
        lambda: torch.nn.LSTM(8, 2, bias=False, bidirectional=True), floats(6, 2, 8)),
    "GRU": (
        lambda **k: nn.GRU(4, 5, num_layers=2, bidirectional=True, **k),
        lambda: torch.nn.GRU(4, 5, num_layers=2, bidirectional=True), floats(6, 2, 4)),
    "GRU, square": (
        lambda **k: nn.GRU(9, 3, **k), lambda: torch.nn.GRU(9, 3), floats(6, 2, 9)),
    "MultiheadAttention": (
        lambda **k: nn.MultiheadAttention(8, 2, batch_first=True, **k),
        lambda: SelfAttention(8, 2, batch_first=True), floats(2, 5, 8)),
    "MultiheadAttention, no bias": (
        lambda **k: nn.MultiheadAttention(8, 2, bias=False, **k),
        lambda: SelfAttention(8, 2, bias=False), floats(5, 2, 8)),
    "TransformerBlock": (
        lambda **k: nn.TransformerBlock(8, 2, 12, **k),
        lambda: torch.nn.TransformerEncoderLayer(
            8, 2, 12, dropout=0.0, batch_first=True, norm_first=True), floats(2, 5, 8)),
    "TransformerBlock, square": (
        lambda **k: nn.TransformerBlock(8, 2, 8, **k),
        lambda: torch.nn.TransformerEncoderLayer(
            8, 2, 8, dropout=0.0, batch_first=True, norm_first=True), floats(2, 5, 8)),
    "Maxout": (
        lambda **k: nn.Maxout(4, 3, pieces=2, **k), lambda: TheirMaxout(4, 3, 2), floats(5, 4)),
    "Neuron": (lambda **k: nn.Neuron(4, **k), lambda: TheirNeuron(4), floats(5, 4)),
    "TwoLayerNet": (
        lambda **k: nn.TwoLayerNet(4, 5, 3, **k), lambda: TheirTwoLayers(4, 5, 3), floats(2, 4)),
    "Sequential": (
        lambda **k: nn.Sequential(
            nn.Sequential(nn.Conv2d(1, 3, 3, **k), nn.ReLU(), nn.BatchNorm2d(3, dtype=k["dtype"])),
            nn.Flatten(), nn.Sequential(nn.Sequential(nn.Linear(48, 48, **k), nn.Tanh()),
                                        nn.Linear(48, 2, **k))),
        lambda: torch.nn.Sequential(
            torch.nn.Sequential(torch.nn.Conv2d(1, 3, 3), torch.nn.ReLU(),
                                torch.nn.BatchNorm2d(3)),
            torch.nn.Flatten(), torch.nn.Sequential(
                torch.nn.Sequential(torch.nn.Linear(48, 48), torch.nn.Tanh()),
                torch.nn.Linear(48, 2))), floats(2, 1, 6, 6)),
    "a net": (lambda **k: Reader(**k), lambda: TheirReader(), indices(2, 5)),
}  # fmt: skip

# modules without a state, and what they are made with
STATELESS: dict[str, tuple[Any, ...]] = {
    "AdaptiveAvgPool1d": (2,), "AdaptiveAvgPool2d": (2,), "AvgPool1d": (2,), "AvgPool2d": (2,),
    "MaxPool1d": (2,), "MaxPool2d": (2,), "PositionalEncoding": (4,), "Unflatten": (1, (2, 2)),
}  # fmt: skip


class SelfAttention(torch.nn.MultiheadAttention):
    def forward(self, x: Any) -> Any:
        return super().forward(x, x, x)


class TheirMaxout(torch.nn.Module):
    def __init__(self, ins: int, outs: int, pieces: int):
        super().__init__()
        self.maps, self.pieces = torch.nn.Linear(ins, outs * pieces), pieces

    def forward(self, x: Any) -> Any:
        return self.maps(x).reshape(len(x), self.pieces, -1).amax(1)


class TheirNeuron(torch.nn.Module):
    def __init__(self, inputs: int):
        super().__init__()
        self.weights = torch.nn.Parameter(torch.randn(inputs))
        self.bias = torch.nn.Parameter(torch.randn(()))

    def forward(self, x: Any) -> Any:
        return torch.sigmoid(x @ self.weights + self.bias)


class TheirTwoLayers(torch.nn.Module):
    def __init__(self, ins: int, hidden: int, outs: int):
        super().__init__()
        self.fc1, self.fc2 = torch.nn.Linear(ins, hidden), torch.nn.Linear(hidden, outs)

    def forward(self, x: Any) -> Any:
        return self.fc2(torch.relu(self.fc1(x)))


class Reader(nn.Module):
    """A net of layers of both orders, in lists and dicts, with one block that is there twice."""

    def __init__(self, seed: int, dtype: Any):
        k: Any = {"seed": seed, "dtype": dtype}
        self.table, self.places = nn.Embedding(7, 8, **k), nn.PositionalEncoding(8)
        block = nn.TransformerBlock(8, 2, 8, **k)
        self.blocks = [block, nn.TransformerBlock(8, 2, **k), block]
        self.heads = {"norm": nn.RMSNorm(8, dtype=dtype), "out": nn.Linear(8, 8, **k)}
        self.memory = nn.LSTM(8, 2, **k)

    def forward(self, x: Any) -> Any:
        x = self.places(self.table(x))
        for block in self.blocks:
            x = block(x)
        return self.memory(self.heads["out"](self.heads["norm"](x)))[0]


class TheirReader(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = torch.nn.Embedding(7, 8)
        one, two = (
            torch.nn.TransformerEncoderLayer(
                8, 2, wide, dropout=0.0, batch_first=True, norm_first=True)
            for wide in (8, 32)
        )  # fmt: skip
        self.blocks = torch.nn.ModuleList([one, two, one])
        self.heads = torch.nn.ModuleDict(
            {"norm": torch.nn.RMSNorm(8), "out": torch.nn.Linear(8, 8)}
        )
        self.memory = torch.nn.LSTM(8, 2)

    def forward(self, x: Any) -> Any:
        x = self.table(x)
        x = x + torch.tensor(nn.PositionalEncoding(8).table[: x.shape[1]]).to(x.dtype)
        for block in self.blocks:
            x = block(x)
        return self.memory(self.heads["out"](self.heads["norm"](x)))[0]


def shaken(ours: Any) -> Any:
    """The net with another number in every place, so that nothing passes for something else."""
    rng = generator(7)
    for _, tensor in (*ours.named_parameters(), *ours.named_buffers()):
        if tensor.dtype.kind == "f":
            drawn = rng.uniform(0.1, 1.0, tensor.shape)
            tensor.data = drawn.astype(tensor.dtype)
    return ours


def agree(ours: Any, theirs: Any, x: Any, dtype: Any) -> None:
    """Both give the same, in evaluation; and neither gives the same for all places."""
    x = x.astype(dtype) if x.dtype.kind == "f" else x
    with torch.no_grad(), ag.no_grad():
        expected = first(theirs.eval()(torch.tensor(x))).numpy()
        found = first(ours.eval()(x))
    assert expected.dtype == found.dtype == dtype
    assert np.ptp(expected) > 0
    assert_close(found, expected, 1e-4 if dtype == F32 else 1e-10)


@pytest.mark.parametrize("dtype", [F32, F64])
@pytest.mark.parametrize("case", PAIRS)
def test_weights_from_here_load_in_pytorch(case: str, dtype: Any, tmp_path: Path) -> None:
    mine, other, x = PAIRS[case]
    ours, theirs = shaken(mine(seed=1, dtype=dtype)), other().to(torch.tensor(dtype(0)).dtype)
    nn.save_weights(ours, tmp_path / "w", layout="torch")
    theirs.load_state_dict(safetensors_torch.load_file(tmp_path / "w"), strict=True)
    agree(ours, theirs, x, dtype)
    again = mine(seed=2, dtype=dtype)  # and what was written for PyTorch is read here
    nn.load_weights(again, tmp_path / "w")
    for name, value in ours.state_dict().items():
        np.testing.assert_array_equal(again.state_dict()[name], value)


@pytest.mark.parametrize("dtype", [F32, F64])
@pytest.mark.parametrize("case", PAIRS)
def test_weights_of_pytorch_load_here(case: str, dtype: Any, tmp_path: Path) -> None:
    mine, other, x = PAIRS[case]
    torch.manual_seed(3)
    ours, theirs = mine(seed=1, dtype=dtype), other().to(torch.tensor(dtype(0)).dtype)
    with torch.no_grad():
        for value in theirs.state_dict().values():
            if value.dtype.is_floating_point:
                value.uniform_(0.1, 1.0)
    separate = {name: value.clone() for name, value in theirs.state_dict().items()}
    for save in (
        lambda: safetensors_torch.save_file(separate, tmp_path / "w"),
        lambda: safetensors_torch.save_model(theirs, str(tmp_path / "w")),  # shared ones once
    ):
        save()
        nn.load_weights(ours, tmp_path / "w")
        agree(ours, theirs, x, dtype)
        ours = mine(seed=2, dtype=dtype)


@pytest.mark.parametrize("case", PAIRS)
def test_weights_in_the_layout_of_here_come_back(case: str, tmp_path: Path) -> None:
    """Also where all names, and all shapes, are the same in PyTorch."""
    mine, _, _ = PAIRS[case]
    net, other = shaken(mine(seed=1, dtype=F64)), mine(seed=2, dtype=F64)
    nn.save_weights(net, tmp_path / "w")
    nn.load_weights(other, tmp_path / "w")
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[name], value)


def test_every_module_with_a_state_is_here() -> None:
    told = {case.partition(",")[0] for case in PAIRS}
    for name in nn.__all__:
        kind = getattr(nn, name)
        if inspect.isclass(kind) and issubclass(kind, nn.Module) and name not in told:
            assert not kind(*STATELESS.get(name, ())).state_dict(), name


LOSSES: dict[str, tuple[Any, dict[str, Any]]] = {  # targets, and weights
    "CrossEntropyLoss": (indices(5) % 3, {"weight": [1.0, 2.0, 3.0]}),
    "NLLLoss": (indices(5) % 3, {"weight": [1.0, 2.0, 3.0]}),
    "BCELoss": (generator(8).random((5, 3)), {"weight": [1.0, 2.0, 3.0]}),
    "BCEWithLogitsLoss": (
        generator(8).random((5, 3)),
        {"weight": [1.0, 2.0, 3.0], "pos_weight": [3.0, 1.0, 2.0]},
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_weights_of_losses_are_buffers_as_in_pytorch(name: str, tmp_path: Path) -> None:
    targets, weights = LOSSES[name]
    theirs = getattr(torch.nn, name)(**{k: torch.tensor(v).double() for k, v in weights.items()})
    ours = getattr(nn, name)(**{k: np.ones(len(v)) for k, v in weights.items()})
    assert [*ours.state_dict()] == [*theirs.state_dict()] == [*weights]
    x = generator(9).random((5, 3))
    scores = ag.Tensor(x)
    step = ag.compile(lambda y: ours(scores, y))
    step(targets)
    safetensors_torch.save_file(theirs.state_dict(), tmp_path / "w")
    nn.load_weights(ours, tmp_path / "w")
    expected = theirs(torch.tensor(x), torch.tensor(targets))
    assert_close(ours(x, targets), expected)
    np.testing.assert_array_equal(step(targets).numpy(), ours(scores, targets).numpy())
    nn.save_weights(ours, tmp_path / "w", layout="torch")
    again = getattr(torch.nn, name)(**{k: torch.ones(len(v)).double() for k, v in weights.items()})
    again.load_state_dict(safetensors_torch.load_file(tmp_path / "w"))
    assert_close(again(torch.tensor(x), torch.tensor(targets)), expected)
    assert not getattr(nn, name)().state_dict()


def test_what_is_shared_has_to_be_equal(tmp_path: Path) -> None:
    _, other, _ = PAIRS["a net"]
    state = {name: value.clone() for name, value in other().state_dict().items()}
    state["blocks.2.linear1.bias"] += 1
    safetensors_torch.save_file(state, tmp_path / "w")
    ours = Reader(seed=1, dtype=F32)
    before = ours.state_dict()
    with pytest.raises(nn.FileError, match=r"blocks.2.linear1.bias is blocks.0.linear1.b in the n"):
        nn.load_weights(ours, tmp_path / "w")
    for name, value in ours.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_weights_of_pytorch_are_in_the_order_of_c_here(tmp_path: Path) -> None:
    safetensors_torch.save_file(torch.nn.Linear(4, 3).state_dict(), tmp_path / "w")
    ours = nn.Linear(4, 3, dtype=F32)
    nn.load_weights(ours, tmp_path / "w")
    assert ours.W.data.flags.c_contiguous
