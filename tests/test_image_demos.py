"""The demos that learn images and signals, run for real, shortened."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from demos import classifier, digits, mnist, mnist1d

ROOT = Path(__file__).resolve().parents[1]


def table(printed: str) -> list[list[float]]:
    """The lines of a table of numbers: epoch, step, loss, accuracies; without the times."""
    rows = re.findall(r"^ *(\d+\.\d) +(\d+) +(\S+) +(\S+) +(\S+) +\d+\.\d+$", printed, re.MULTILINE)
    return [[float(x) for x in row] for row in rows]


@pytest.mark.parametrize("name", ["digits", "mnist1d"])
def test_help(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"demos.{name}", "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert f"python -m demos.{name}" in done.stdout


@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_mnist(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Compiled and eager print the same table; the same seed gives it again."""
    pytest.importorskip("matplotlib")
    found = []
    for options in (["--seed", "0"], ["--seed", "0", "--compile"], ["--seed", "1", "--compile"]):
        mnist.main(["--model", model, "--quick", "--steps", "60", *options, "--out", str(tmp_path)])
        found.append(table(capsys.readouterr().out))
    assert found[0] == found[1] != found[2]
    assert [row[1] for row in found[0]] == [50, 60]
    assert found[0][-1][-1] > 0.75
    assert (tmp_path / f"mnist-{model}.png").read_bytes().startswith(b"\x89PNG")


def test_fashion(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files of the same format in its folder; and the classes have names in the picture."""
    pytest.importorskip("matplotlib")
    shutil.copytree(Path(str(resources.files("nn.data"))) / "mnist_subset", tmp_path / "files")
    mnist.main(["--data", "fashion", "--folder", str(tmp_path / "files"), "--quick", "--steps", "3",
                "--out", str(tmp_path)])  # fmt: skip
    assert len(table(capsys.readouterr().out)) == 1
    assert (tmp_path / "fashion-two-layer.png").exists()


@pytest.mark.parametrize("options", [["--model", "cnn", "--hidden", "3"],
                                     ["--data", "fashion", "--subset"]])  # fmt: skip
def test_mnist_refuses_what_has_no_effect(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        mnist.main(options)
    assert "error: --" in capsys.readouterr().err


def test_digits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    digits.main(["--epochs", "6", "--compile", "--out", str(tmp_path)])
    (accuracy,) = re.findall(r"test accuracy (\S+)", capsys.readouterr().out)
    assert float(accuracy) > 0.94
    assert (tmp_path / "digits.png").exists()


def test_mnist1d(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("mnist1d")
    pytest.importorskip("PIL.Image", reason="no Pillow: it comes with matplotlib")
    mnist1d.main(["--quick", "--compile", "--seeds", "2", "--out", str(tmp_path)])
    rows = re.findall(r"^(.+?) +(?:as they are|shuffled) +([\d,]+) +(\S+)", capsys.readouterr().out,
                      re.MULTILINE)  # fmt: skip
    assert [name for name, *_ in rows] == [name for name in mnist1d.MODELS for _ in range(4)]
    assert {size for _, size, _ in rows} == {"410", "15,210", "5,210", "5,134"}
    assert all(float(accuracy) > 15 for *_, accuracy in rows)
    assert {path.name for path in tmp_path.iterdir()} == {"mnist1d-light.png", "mnist1d-dark.png"}


@pytest.mark.parametrize(("main", "function"), [(digits.main, "digits"), (mnist1d.main, "mnist1d")])
def test_a_missing_package_is_told(
    main: Any, function: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(**options: Any) -> None:
        raise ImportError("pip install it")

    monkeypatch.setattr(nn, function, missing)
    with pytest.raises(SystemExit, match="pip install it"):
        main(["--out", str(tmp_path)])


def test_shifted() -> None:
    """Each image moves as a whole, by its own amounts, and what leaves it is gone."""
    rng = np.random.default_rng(0)
    x = rng.random((60, 2, 5, 6))
    moved, labels = classifier.shifted(x, np.arange(60), rng, by=2)
    assert moved.shape == x.shape
    assert labels.tolist() == list(range(60))
    padded, found = np.pad(x, ((0, 0), (0, 0), (2, 2), (2, 2))), set()
    for k in range(60):
        (place,) = [(i, j) for i in range(5) for j in range(5)
                    if np.array_equal(padded[k, :, i : i + 5, j : j + 6], moved[k])]  # fmt: skip
        found.add(place)
    assert len(found) > 15


def test_evaluation_is_of_all_examples_and_leaves_the_net_in_training() -> None:
    net = nn.Sequential(nn.Linear(3, 4, seed=0), nn.Dropout(0.5, seed=0))
    x = np.random.default_rng(0).normal(size=(classifier.AT_ONCE + 7, 3))
    scores = classifier.scores_of(net, x)
    np.testing.assert_allclose(scores, x @ net[0].W.numpy() + net[0].b.numpy())
    assert net.training
