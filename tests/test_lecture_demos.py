"""The demos of the lecture: activations, the sweep, the SVM, two moons; shortened."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from close import assert_close

import nn
from autograd import Tensor
from demos import activations, common, moons, spiral, svm, sweep
from nn.layers import activations as layers

Printed = pytest.CaptureFixture[str]
DOCS = Path(__file__).resolve().parents[1] / "docs"


def pictures(folder: Path, name: str) -> Any:
    """What the two pictures say to those who cannot see them: the same on both grounds."""
    image = pytest.importorskip("PIL.Image", reason="no Pillow: it comes with matplotlib")
    light, dark = (image.open(folder / f"{name}-{scheme}.png") for scheme in ("light", "dark"))
    assert light.size == dark.size
    assert light.getpixel((0, 0)) != dark.getpixel((0, 0))
    assert light.text == dark.text
    return light


# --- activations ----------------------------------------------------------------------------------


def test_every_activation_is_shown() -> None:
    assert sorted(each.name for each in activations.shown()) == sorted(layers.__all__)


@pytest.mark.parametrize("each", activations.shown(), ids=lambda each: each.name)
def test_derivatives_of_activations(each: activations.Shown) -> None:
    """Against central differences of the values, away from kinks."""
    x, h = np.linspace(-3, 3, 41) + 0.013, 1e-5
    _, slopes = activations.value_and_derivative(each.function, x)
    above, below = (np.asarray(each.function(Tensor(x + d)).data) for d in (h, -h))
    assert_close(slopes, (above - below) / (2 * h), 1e-8)


def test_kinks_of_activations_are_marked() -> None:
    """Where the slope jumps, and nowhere else, a dot shows the engine's derivative."""
    x = np.arange(-4, 4.0001, 1 / 64)
    for each in activations.shown():
        _, slopes = activations.value_and_derivative(each.function, x)
        off_kinks = ~np.isin(x, each.kinks)
        before, after = x[off_kinks][:-1], x[off_kinks][1:]
        jumps = np.abs(np.diff(slopes[off_kinks])) > 0.1
        found = {k for k in each.kinks if np.any(jumps & (before < k) & (k < after))}
        assert found == set(each.kinks), each.name
        assert np.count_nonzero(jumps) == len(each.kinks), each.name


def test_activations(tmp_path: Path, capsys: Printed) -> None:
    """The picture of the page is the one that the demo makes now."""
    pytest.importorskip("matplotlib")
    activations.main(["--out", str(tmp_path)])
    printed = capsys.readouterr().out
    assert re.search(r"^ReLU( +0\.0000){6} +0\.5000 +1\.0000 +2\.0000 +1\.0000$", printed, re.M)
    now, then = (pictures(folder, "activations") for folder in (tmp_path, DOCS / "lecture"))
    assert now.text == then.text, "python -m demos.activations --out docs/lecture"
    assert now.size == then.size


# --- the spiral -----------------------------------------------------------------------------------


def test_the_sweep_of_the_spiral(tmp_path: Path, capsys: Printed) -> None:
    pytest.importorskip("matplotlib")
    spiral.main(["--sweep", "--steps", "40", "--points", "20", "--out", str(tmp_path)])
    printed = capsys.readouterr().out
    rows = re.findall(r"^ +(\d+) +(0\.\d+) +(\d+) +(\d\.\d{4}) +(\d\.\d{3})$", printed, re.M)
    pairs = [(int(hidden), float(reg)) for hidden, reg, *_ in rows]
    assert pairs == [(3, 0.001), (6, 0.001), (20, 0.001), (20, 0.01), (20, 0.1)]
    assert [int(count) for *_, count, _, _ in rows] == [21, 39, 123, 123, 123]
    now, then = (pictures(folder, "sweep") for folder in (tmp_path, DOCS / "lecture"))
    told, expected = (re.sub(r"\d+ %", "", each.text["Description"]) for each in (now, then))
    assert told == expected, "python -m demos.spiral --sweep --out docs/lecture"
    assert now.size == then.size


def test_the_sweep_learns_as_the_eager_demo_does() -> None:
    """Its compiled descent and `demos.spiral.train` end at the same weights."""
    X, y = nn.spiral(20, seed=0)
    found = sweep.run(X, y, [(4, 0.01)], activation="tanh", lr=0.5, steps=30, seed=3)[4, 0.01]
    net = nn.TwoLayerNet(2, 4, 3, sweep.STD, activation=nn.Tanh(), seed=3)
    spiral.train(net, X, y, lr=0.5, reg=0.01, steps=30, report=lambda *_: None, record_every=30,
                 label="net")  # fmt: skip
    for ours, theirs in zip(found.net.parameters(), net.parameters(), strict=True):
        assert_close(ours.data, theirs.data)


def test_hidden_units_regularisation_and_activation(tmp_path: Path, capsys: Printed) -> None:
    """Of the sweep the options set what stays the same in each row."""
    quick = ["--steps", "5", "--points", "10", "--out", str(tmp_path)]
    spiral.main(["--sweep", "--hidden", "4", "--reg", "0.5", "--activation", "tanh", *quick])
    printed = capsys.readouterr().out
    pairs = re.findall(r"^ +(\d+) +([\d.]+) +\d+ +\d\.\d{4}", printed, re.M)
    expected = [(n, "0.5") for n in ("3", "6", "20")] + [("4", r) for r in ("0.001", "0.01", "0.1")]
    assert pairs == expected
    spiral.main(["--hidden", "4", "--activation", "sigmoid", *quick])
    assert "two-layer net, 4 hidden units" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--activation", "maxout"], "invalid choice: 'maxout'"),
        (["--hidden", "0"], "0 is not a count from 1"),
        (["--reg", "-1"], "-1 is not a finite number of at least 0"),
        (["--sweep", "--as-in-the-notes"], "not allowed with argument"),
    ],
)
def test_options_that_the_spiral_refuses(arguments: list[str], words: str, capsys: Printed) -> None:
    with pytest.raises(SystemExit) as ended:
        spiral.main(arguments)
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("main", [lambda a: spiral.main(["--sweep", *a]), svm.main, moons.main])
def test_a_training_that_goes_astray_is_told_in_a_line(main: Any, tmp_path: Path) -> None:
    quick = ["--lr", "1e8", "--steps", "200", "--points", "3", "--hidden", "2"]
    with pytest.raises(SystemExit, match=r"went astray.*smaller step than --lr 1e\+08"):
        main([*quick, "--out", str(tmp_path)])


def test_activations_below_zero_are_counted_as_such() -> None:
    pytest.importorskip("matplotlib")
    common.draw_into_files()
    axis = nn.plots.activations(np.array([[-1.0, 0.5], [-0.5, 0.25]]))
    assert axis.get_title() == "hidden: 50 % negative"
    assert sum(bar.get_height() for bar in axis.patches) == 4


# --- the SVM --------------------------------------------------------------------------------------


def test_the_losses_of_the_lecture(tmp_path: Path, capsys: Printed) -> None:
    """Those that CS231n's notes and slides print; natural logarithms, of the cat -ln 0.13."""
    svm.examples()
    rows = dict(re.findall(r"^(\w+: .*?)  +(.*)$", capsys.readouterr().out, re.M))
    told = {name: row.split() for name, row in rows.items() if name in svm.EXAMPLES}
    assert [row[1] for row in told.values()] == ["8.00", "1.58", "2.90", "0.00", "12.90"]
    assert told["notes: SVM vs. softmax"][5] == "1.04"
    assert told["lecture: the cat"][5] == "2.04"
    assert told["lecture: the frog"][2:5] == ["1.00", "1.00", "-2.00"]


@pytest.mark.parametrize("data", svm.DATA)
def test_svm(data: str, tmp_path: Path, capsys: Printed) -> None:
    pytest.importorskip("matplotlib")
    svm.main(["--data", data, "--steps", "60", "--points", "20", "--out", str(tmp_path)])
    printed = capsys.readouterr().out
    assert "the mean hinge of the lecture's three: 5.27" in printed
    rows = re.findall(r"^(SVM hinge|softmax), (\S+) +\S+ +(\S+) +\d+ of 60$", printed, re.M)
    assert [row[:2] for row in rows] == [
        (loss, kind) for loss in ("SVM hinge", "softmax") for kind in ("linear", "two-layer")
    ]
    assert all(float(accuracy) > (0.9 if data == "blobs" else 0.4) for *_, accuracy in rows)
    now, then = (pictures(folder, "svm") for folder in (tmp_path, DOCS / "lecture"))
    told, expected = (re.sub(r"[\d.]+ %", "", each.text["Description"]) for each in (now, then))
    assert told == expected, "python -m demos.svm --out docs/lecture"
    assert now.size == then.size


def test_how_far_ahead_right_scores_are() -> None:
    identity = nn.Linear(np.eye(3), np.zeros(3))
    scores = np.array([[3.0, 5.0, -2.0], [1.0, 4.0, 2.0]])
    found = svm.Trained("softmax", "linear", identity, scores, np.array([0, 1]), 0.0)
    assert found.gaps.tolist() == [-2.0, 2.0]
    assert found.accuracy == 0.5


def test_a_margin_needs_two_classes(capsys: Printed) -> None:
    with pytest.raises(SystemExit):
        svm.main(["--classes", "1"])
    assert "a margin needs at least 2 classes" in capsys.readouterr().err


# --- two moons ------------------------------------------------------------------------------------


def test_moons(tmp_path: Path, capsys: Printed) -> None:
    pytest.importorskip("matplotlib")
    quick = ["--points", "10", "--hidden", "6", "--steps", "60", "--noise", "0.05"]
    moons.main([*quick, "--out", str(tmp_path)])
    printed = capsys.readouterr().out
    assert "20 points; 25 scalars that learn, in layers of 6 and 1" in printed
    losses = [float(x) for x in re.findall(r"^ +\d+ +(\d\.\d{5})", printed, re.M)]
    assert losses[-1] < 0.6 * losses[0]
    assert re.search(r"60 steps in .* s, .* ms each", printed)
    assert list(tmp_path.glob("moons-graph.*"))
    pictures(tmp_path, "moons")


def test_scalars_learn_the_same_compiled_and_eager_and_as_matrices() -> None:
    """Bit by bit; and up to rounding as a net of two matrices with the same loss does."""
    X, y = nn.moons(5, seed=0)
    nets = [moons.ScalarNet([2, 4], np.random.default_rng(1)) for _ in range(2)]
    options = {"steps": 12, "lr": 0.5, "reg": 1e-2}
    curves = [moons.train(net, X, y, eager=k > 0, **options) for k, net in enumerate(nets)]  # type: ignore[arg-type]
    assert curves[0] == curves[1]
    assert [p.item() for p in nets[0].parameters()] == [p.item() for p in nets[1].parameters()]

    drawn = moons.ScalarNet([2, 4], np.random.default_rng(1))
    hidden, last = (
        np.array([[w.item() for w in neuron.w] for neuron in layer.neurons]).T
        for layer in drawn.layers
    )
    net = nn.Sequential(nn.Linear(hidden, np.zeros(4)), nn.ReLU(), nn.Linear(last, np.zeros(1)))
    losses = []
    for k in range(12):
        sgd = nn.SGD(net, lr=0.5 * (1 - 0.9 * k / 12))
        sgd.zero_grad()
        score = net(X)[:, 0]
        hinge = np.mean(np.maximum(0, 1 - (2.0 * y - 1) * score))
        loss = hinge + 1e-2 * sum(np.sum(p * p) for p in net.parameters())
        losses.append(loss.item())
        loss.backward()
        sgd.step()
    assert_close(curves[0]["loss"], losses, 1e-12)
    assert_close(nets[0].scores(X)[:, 1], net(X).data[:, 0] / 2, 1e-12)
