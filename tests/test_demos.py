"""The demos, run for real, shortened."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import nn
from benchmarks import course
from demos import circuits, derive, gradcheck, mnist, optimisers, science, spiral

ROOT = Path(__file__).resolve().parents[1]
LINEAR = [1.096956, 0.917265, 0.851503, 0.822336, 0.807586, 0.799448, 0.794681, 0.791764,
          0.789920, 0.788726, 0.787938, 0.787409, 0.787049, 0.786803, 0.786633, 0.786514,
          0.786431, 0.786373, 0.786331, 0.786302]  # fmt: skip
NET = [1.098744, 0.294946, 0.259301, 0.248310, 0.246170, 0.245649, 0.245491]
NET_LATE = [0.245400, 0.245335, 0.245292]


def test_spiral_as_in_the_notes(capsys: pytest.CaptureFixture[str]) -> None:
    """The tables of CS231n's notes: to six digits, and the end of training within 1e-5."""
    spiral.main(["--as-in-the-notes"])
    printed = capsys.readouterr().out
    losses = [float(x) for x in re.findall(r"loss (\d\.\d{6})", printed)]
    assert losses[:20] == LINEAR
    assert losses[20:27] == NET
    assert losses[27:] == pytest.approx(NET_LATE, abs=1e-5)
    assert re.findall(r"training accuracy: (.*)", printed) == ["0.49", "0.98"]


def test_spiral(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    spiral.main(["--steps", "60", "--points", "20", "--hidden", "8", "--out", str(tmp_path)])
    printed = capsys.readouterr().out
    assert printed.count("wrote") == 4
    for name in ("linear.png", "net.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    assert list(tmp_path.glob("net-graph.*"))
    assert "Content-Security-Policy" in (tmp_path / "film.html").read_text()


def test_pages_to_step_through(tmp_path: Path) -> None:
    pytest.importorskip("pygraphviz")
    circuits.main(["--out", str(tmp_path), "--explore"])
    names = {circuit.file for circuit in circuits.CIRCUITS if not circuit.expand}
    assert {path.stem for path in tmp_path.glob("*.html")} == names
    assert "<mark>" not in (tmp_path / "gates.html").read_text()
    assert "demos/circuits.py:" in (tmp_path / "gates.html").read_text()
    net = nn.TwoLayerNet(2, 8, 3, seed=0)
    spiral.pages(tmp_path, net, *nn.spiral(20, 3, seed=0))
    for name in ("net-graph", "net-microscope"):
        assert 0 < (tmp_path / f"{name}.html").stat().st_size < 1_000_000


def test_circuits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    circuits.main(["--out", str(tmp_path), "--decimals", "2"])
    printed = capsys.readouterr().out
    assert "f = -12\n" in printed
    assert "df/dw0 = -0.1966119332414" in printed
    names = {path.stem for path in tmp_path.iterdir()}
    assert names == {circuit.file for circuit in circuits.CIRCUITS}


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
def test_mnist(activation: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    mnist.main(["--subset", "--steps", "300", "--activation", activation, "--lr", "0.5",
                "--out", str(tmp_path)])  # fmt: skip
    printed = capsys.readouterr().out
    accuracy = float(re.findall(r"test accuracy (\S+)", printed)[0])
    assert accuracy > 0.75
    assert (tmp_path / "mnist-two-layer.png").exists()


def test_mnist_says_what_is_wrong_with_the_data(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="missing from the folder that was given"):
        mnist.main(["--folder", str(tmp_path), "--out", str(tmp_path)])


def test_gradcheck(capsys: pytest.CaptureFixture[str]) -> None:
    gradcheck.main(["--hidden", "3"])
    rows = re.findall(r"([Wb][12]) .*\) +(\S+) +(\S+)\n", capsys.readouterr().out)
    assert [name for name, _, _ in rows] == ["W1", "b1", "W2", "b2"]
    assert all(float(mean) < 1e-9 for _, mean, _ in rows)


def test_derive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    derive.main(["--out", str(tmp_path), "--generated"])
    printed = capsys.readouterr().out
    differences = re.findall(r"# (\S+): differs from backprop by at most (\S+)", printed)
    assert len(differences) == 7
    for name, difference in differences:
        assert float(difference) < (1e-6 if name == "mnist" else 1e-14)
    assert "    hidden = np.maximum(0, X @ W1 + b1)" in printed
    assert re.search(r"    dW2 = .*hidden\.T @ dscores", printed)
    done = subprocess.run(  # NumPy alone: the project is not on the path
        [sys.executable, "-I", "-c", (tmp_path / "spiral.py").read_text()],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_science(tmp_path: Path, capsys: pytest.CaptureFixture[str], no_new_gates: None) -> None:
    """What it prints stands in the page, and its picture is the one of the page."""
    image = pytest.importorskip("PIL.Image", reason="no Pillow: it comes with matplotlib")
    science.main(["--out", str(tmp_path)])
    printed = capsys.readouterr().out
    page = science.PAGE.read_text()
    assert re.findall(r"^(\S.*)$", printed.partition("wrote")[0], re.MULTILINE) == list(
        science.sections()
    )
    for line in re.findall(r"^    (.*)$", printed, re.MULTILINE):
        assert line.strip() in page
    for scheme in ("light", "dark"):
        name = f"programs-{scheme}.png"
        assert f'="science/{name}"' in page
        now, then = image.open(tmp_path / name), image.open(science.PAGE.parent / "science" / name)
        assert now.text["Description"] == then.text["Description"], "python -m demos.science"
        assert now.size == then.size


def test_optimisers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All get down; who is quick on the saddle is as the page says; and the page plays that."""
    image = pytest.importorskip("PIL.Image", reason="no Pillow: it comes with matplotlib")
    optimisers.main(["--out", str(tmp_path)])
    printed = capsys.readouterr().out
    found = re.findall(r"^  (\w+) +at .* height +(\S+)$", printed, re.MULTILINE)
    assert [name for name, _ in found] == [*optimisers.RULES] * 2
    assert all(float(height) < 0.5 for _, height in found[:6])
    assert all(float(height) < -0.9 for _, height in found[6:])
    early = {name: optimisers.path(optimisers.SURFACES[1], name, 5)[-1, 1] for name, _ in found}
    assert min(early[name] for name in ("AdaGrad", "RMSProp", "Adam")) > 0.2
    assert max(early[name] for name in ("SGD", "momentum", "Nesterov")) < 0.1
    text = (tmp_path / "paths.html").read_text()
    data = json.loads(re.findall(r"^const data = (.*);$", text, re.MULTILINE)[0])
    assert data["rules"] == [*optimisers.RULES]
    assert {len(path) for surface in data["surfaces"] for path in surface["paths"]} == {61}
    page = ROOT / "docs" / "optimisers.md"
    for scheme in ("light", "dark"):
        name = f"paths-{scheme}.png"
        assert f'="optimisers/{name}"' in page.read_text()
        now, then = image.open(tmp_path / name), image.open(page.parent / "optimisers" / name)
        assert now.text["Description"] == then.text["Description"], "python -m demos.optimisers"
        off = [abs(m - n) for m, n in zip(now.size, then.size, strict=True)]
        assert max(off) <= 2  # versions of matplotlib differ by a pixel


@pytest.mark.parametrize(
    "name",
    ["activations", "alexnet", "charrnn", "chartransformer", "circuits", "derivations", "derive",
     "digits", "gallery", "gradcheck", "mnist", "mnist1d", "moons", "optimisers", "science",
     "spiral", "svm", "vae"],
)  # fmt: skip
def test_help(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"demos.{name}", "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert f"python -m demos.{name}" in done.stdout


def test_an_output_folder_that_cannot_be_made(tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit):
        circuits.main(["--out", str(tmp_path / "file")])
    assert "choose another --out" in capsys.readouterr().err


def test_the_benchmarks_run(tmp_path: Path) -> None:
    """Ours on every kind of work that takes no long time; a system that is not there is named."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "spiral step float64", "sum x y + z of 100", "hessian",
         *(f"{title} float64" for title in course.TITLES.values()),
         "--rounds", "1", "--seconds", "0", "--json", str(tmp_path / "times.json"),
         "--python", "hips=nowhere",
         "--systems", "by_hand,numpy_tuned,gategrad_eager,gategrad_compiled,hips"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = 3 + 1 + 3  # the spiral and the Hessian in three states of the allocator
    course_lines = len(course.TITLES)
    for system in ("gategrad, eager", "gategrad, compiled"):  # once in the head of the summary
        assert done.stdout.count(f"| {system} |") == lines + course_lines + 1
    assert done.stdout.count("| NumPy tuned by hand |") == lines + 1
    assert "- HIPS autograd, spiral step float64" in done.stdout
    assert len(json.loads((tmp_path / "times.json").read_text())) == 5 * (lines + course_lines)
