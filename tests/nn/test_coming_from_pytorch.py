"""What the page for users of PyTorch says: both sides of its tables are run, and give the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from close import assert_close

import autograd as ag
import nn
import nn.functional
from autograd import Tensor

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")

PAGE = Path(__file__).resolve().parents[2] / "docs" / "coming_from_pytorch.md"
TEXT = PAGE.read_text("utf-8")
ROWS = re.findall(r"^\| `(.*)` \| `(.*)` \|$", TEXT, re.MULTILINE)
VALUES, FILES = ROWS[:-2], ROWS[-2:]
A = np.array([[0.5, -1.5, 2.0], [1.0, 0.25, -0.75]])
ARRAYS = {
    "i": np.array([[2, 0], [1, 1]]),
    "labels": np.array([2, 0]),
    "padded": np.array([2, -100]),
}


def ours() -> dict[str, Any]:
    layer = nn.Linear(3, 2, seed=0)
    layer.norm = nn.LayerNorm(2)
    return {
        "ag": ag, "np": np, "nn": nn, "F": nn.functional, "Tensor": Tensor, "ours": layer,
        "f": lambda x: np.sum(np.sin(x) * x**2), "g": lambda x: np.cos(x) * x[..., :1],
        "h": lambda x: x**3, "a": Tensor(A), "b": Tensor(2 * A), "v": A[0], "w": A[1],
        "s": 0.5, **ARRAYS,
    }  # fmt: skip


def theirs() -> dict[str, Any]:
    layer = torch.nn.Linear(3, 2).double()
    layer.norm = torch.nn.LayerNorm(2).double()
    mine = ours()["ours"]
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(mine.W.numpy().T))
        layer.bias.copy_(torch.tensor(mine.b.numpy()))
    __import__("torch.utils.checkpoint")
    return {
        "torch": torch, "F": torch.nn.functional, "theirs": layer,
        "f": lambda x: (torch.sin(x) * x**2).sum(), "g": lambda x: torch.cos(x) * x[..., :1],
        "h": lambda x: x**3, "a": torch.tensor(A, requires_grad=True), "b": torch.tensor(2 * A),
        "v": torch.tensor(A[0]), "w": torch.tensor(A[1]),
        "s": torch.tensor(0.5, dtype=torch.float64),
        **{name: torch.tensor(array) for name, array in ARRAYS.items()},
    }  # fmt: skip


@pytest.mark.parametrize(("there", "here"), VALUES, ids=[there for there, _ in VALUES])
def test_both_sides_give_the_same(there: str, here: str) -> None:
    expected, found = eval(there, theirs()), eval(here, ours())
    if isinstance(expected, torch.Tensor):
        expected = expected.detach().numpy()
    if isinstance(expected, (list, tuple)):
        assert list(found) == list(expected)
    else:
        found = found.numpy() if isinstance(found, Tensor) else found
        assert_close(found, expected, dtype=np.float32)


def test_files_of_both_sides(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.torch")
    (write_there, write_here), (read_there, read_here) = FILES
    names: dict[str, Any] = {"safetensors": __import__("safetensors"), "nn": nn}
    x, path = A, tmp_path / "w"
    for write, read in ((write_there, read_here), (write_here, read_there)):
        nets = {write: theirs()["theirs"], read: ours()["ours"].initialise(seed=5)}
        if write == write_here:
            nets = {write: nets[read], read: nets[write]}
        exec(write, {**names, "net": nets[write], "path": path})
        exec(read, {**names, "net": nets[read], "path": path})
        mine, other = (nets[read], nets[write]) if read == read_here else (nets[write], nets[read])
        assert_close(mine(x), other(torch.tensor(x)))
    assert safetensors


def test_the_loop_of_pytorch_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"^```py\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    scope: dict[str, Any] = {}
    exec(block, scope)
    assert 0 <= scope["accuracy"] <= 1
