"""Weights as safetensors: to the bit here, and between here and PyTorch in both directions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import saved

import nn
from autograd import Parameter

safetensors_numpy = pytest.importorskip("safetensors.numpy")


def equal(one: Any, other: Any) -> None:
    ours, theirs = one.state_dict(), other.state_dict()
    assert list(ours) == list(theirs)
    for name in ours:
        np.testing.assert_array_equal(ours[name], theirs[name])
        assert ours[name].dtype == theirs[name].dtype


@pytest.mark.parametrize("layout", [None, "torch"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_weights_come_back_to_the_bit(dtype: Any, layout: str | None, tmp_path: Path) -> None:
    net, other = saved.Net(1, dtype=dtype), saved.Net(2, dtype=dtype)
    nn.save_weights(net, tmp_path / "w.safetensors", layout=layout)
    assert nn.load_weights(other, tmp_path / "w.safetensors") is None
    equal(net, other)
    assert os.listdir(tmp_path) == ["w.safetensors"]


def test_the_library_reads_the_names_of_the_net(tmp_path: Path) -> None:
    net = saved.Net(1)
    nn.save_weights(net, tmp_path / "w")
    found = safetensors_numpy.load_file(tmp_path / "w")
    assert found.keys() == net.state_dict().keys()
    np.testing.assert_array_equal(found["fc1.W"], net.fc1.W.data)


def test_smaller_floats_are_taken_and_larger_are_not_rounded(tmp_path: Path) -> None:
    nn.save_weights(saved.Net(1, dtype=np.float32), tmp_path / "w")
    wide = saved.Net(2)
    nn.load_weights(wide, tmp_path / "w")
    np.testing.assert_array_equal(wide.fc1.W.data, saved.Net(1, dtype=np.float32).fc1.W.data)
    nn.save_weights(saved.Net(1), tmp_path / "w")
    with pytest.raises(nn.FileError, match="it does not fit Net"):
        nn.load_weights(saved.Net(2, dtype=np.float32), tmp_path / "w")


def test_strict_false_takes_what_both_have(tmp_path: Path) -> None:
    net, other = saved.Net(1), saved.Net(2)
    safetensors_numpy.save_file({"fc1.W": net.fc1.W.numpy(), "more": np.ones(3)}, tmp_path / "w")
    before = other.fc2.W.numpy().copy()
    with pytest.raises(nn.FileError, match=r"lacks fc1.b, fc2.W, .*; the net has no more"):
        nn.load_weights(other, tmp_path / "w")
    nn.load_weights(other, tmp_path / "w", strict=False)
    np.testing.assert_array_equal(other.fc1.W.data, net.fc1.W.data)
    np.testing.assert_array_equal(other.fc2.W.data, before)


def test_what_does_not_fit_is_told(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="expected a net"):
        nn.save_weights(saved.Net, tmp_path / "w")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="layout is 'onnx'"):
        nn.save_weights(saved.Net(), tmp_path / "w", layout="onnx")
    with pytest.raises(FileNotFoundError):
        nn.load_weights(saved.Net(), tmp_path / "w")
    assert os.listdir(tmp_path) == []


def test_without_the_library_the_way_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "safetensors.numpy", None)
    with pytest.raises(ImportError, match=r"gategrad\[weights\]"):
        nn.save_weights(saved.Net(), tmp_path / "w")


# --- names of PyTorch ---------------------------------------------------------------------------


def test_pytorch_counts_batches_and_nobody_misses_it(tmp_path: Path) -> None:
    state = saved.Net(1).state_dict()
    safetensors_numpy.save_file({**state, "bn.num_batches_tracked": np.array(3)}, tmp_path / "w")
    net = saved.Net(2)
    nn.load_weights(net, tmp_path / "w")
    equal(net, saved.Net(1))


def test_modules_may_have_names_of_their_own(tmp_path: Path) -> None:
    """What a class says of PyTorch's names counts; what it does not tell of has the same there."""

    class Norm(nn.Module):
        torch_names = {"inner": "first", "deep": "layers", "W": "kernel"}  # noqa: RUF012
        torch_turned = "W"

        def __init__(self, value: float):
            self.gamma, self.W = Parameter([value]), Parameter([[value, 1.0, 2.0]])
            self.inner = Scale(value)
            self.deep = [Scale(value), {"a": Scale(value + 1)}]

    class Scale(nn.Module):
        torch_names = {"scale": "weight"}  # noqa: RUF012

        def __init__(self, value: float):
            self.scale = Parameter([value + 2])

    nn.save_weights(Norm(1.0), tmp_path / "w", layout="torch")
    found = safetensors_numpy.load_file(tmp_path / "w")
    assert set(found) == {
        "gamma", "kernel", "first.weight", "layers.0.weight", "layers.1.a.weight"
    }  # fmt: skip
    assert found["kernel"].shape == (3, 1)
    net = Norm(5.0)
    nn.load_weights(net, tmp_path / "w")
    equal(net, Norm(1.0))


def test_two_arrays_have_no_one_name(tmp_path: Path) -> None:
    class Weighted(nn.Linear):
        def __init__(self, seed: int):
            super().__init__(2, 3, seed=seed)
            self.weight = Parameter(np.full(2, float(seed)))

    with pytest.raises(ValueError, match="weight and another array of Weighted are both weight"):
        nn.save_weights(Weighted(0), tmp_path / "w", layout="torch")
    assert os.listdir(tmp_path) == []
    nn.save_weights(Weighted(1), tmp_path / "w")
    net = Weighted(2)
    nn.load_weights(net, tmp_path / "w")
    equal(net, Weighted(1))
