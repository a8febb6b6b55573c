"""Run code of others that was written for HIPS autograd, or micrograd, with this in its place.

An environment of its own is made (once) with lifelines, pymanopt and autograd-gamma from the
package registry, without HIPS autograd; then `python -m benchmarks.clients --environment DIR` fits
a Weibull model with lifelines, and runs the tests in checkouts that are given:

    --hips DIR             HIPS autograd: its own tests, against this package
    --pymanopt DIR         the parts of its tests that concern its autograd backend
    --autograd-gamma DIR   all of its tests
    --lifelines DIR        the fits by maximum likelihood among its tests (minutes)

`python -m benchmarks.clients --micrograd DIR` needs no environment, but PyTorch, scikit-learn and
matplotlib: it runs micrograd's tests, and the moons of its notebook, whose first steps it compares
with those of micrograd's own engine.

The tests run in copies of the checkouts. Exits with 1 if a fit is wrong, or if fewer tests pass
than are expected.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = "lifelines pymanopt autograd-gamma pytest pytest-cov pytest-xdist flaky jinja2 xarray"

FIT = """
from lifelines import WeibullAFTFitter
from lifelines.datasets import load_rossi
fit = WeibullAFTFitter().fit(load_rossi(), "week", "arrest")
print(fit.log_likelihood_)
print(fit.params_)
assert abs(fit.log_likelihood_ + 679.9165639) < 1e-6
"""

# for each checkout: its tests that concern autograd, and how many have to pass
TESTS = {
    "hips": (["tests"], 600),
    "pymanopt": (["tests/manifolds", "tests/optimizers", "tests/backends/test_autograd.py"], 319),
    "autograd_gamma": (["tests"], 9),
    "lifelines": (["lifelines/tests/test_estimation.py", "-k", "AFT or Parametric or Custom"], 50),
}


def main() -> None:
    """Make the environment if there is none, and run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--environment", type=Path, help="where it is, or goes")
    parser.add_argument("--micrograd", type=Path, help="a checkout of micrograd")
    for name in TESTS:
        parser.add_argument(f"--{name.replace('_', '-')}", type=Path, help=f"a checkout of {name}")
    given = parser.parse_args()
    right = [] if given.micrograd is None else [micrograd(given.micrograd)]
    if given.environment is not None:
        python = environment(given.environment)
        right.append(run(python, ["-W", "ignore", "-c", FIT], ROOT).returncode == 0)
        for name, (arguments, least) in TESTS.items():
            if (checkout := getattr(given, name)) is not None:
                right.append(tests(python, checkout, arguments, least))
    sys.exit(not (right and all(right)))


def environment(folder: Path) -> Path:
    """Its Python, with the clients and without HIPS autograd."""
    python = folder / "bin/python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES.split()], check=True)
    subprocess.run([python, "-m", "pip", "uninstall", "-q", "-y", "autograd"], check=True)
    return python


def run(
    python: Path, arguments: list[str], folder: Path, *places: Path
) -> subprocess.CompletedProcess[str]:
    """Run Python there with this package first among the places where modules are found."""
    paths = os.pathsep.join(map(str, (ROOT, *places)))
    done = subprocess.run(
        [python, *arguments], cwd=folder, text=True, capture_output=True,
        env={**os.environ, "PYTHONPATH": paths, "MPLBACKEND": "Agg"},
    )  # fmt: skip
    print(done.stdout, end="")
    if done.returncode:
        print(done.stderr, file=sys.stderr)
    return done


def tests(python: Path, checkout: Path, arguments: list[str], least: int) -> bool:
    """Whether enough tests pass: in a copy, so that their package is not the one that is found."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(checkout, copy, ignore=shutil.ignore_patterns(".git", "autograd"))
        _without_other_engines(copy)
        options = ["-q", "-n0", "-o", "addopts=", "-p", "no:cacheprovider", "--tb=no"]
        done = run(python, ["-m", "pytest", *options, *arguments], copy, copy / "tests")
    passed = re.search(r"(\d+) passed", done.stdout)
    print(f"{checkout.name}: {passed[0] if passed else 'nothing passed'}, expected {least}\n")
    return passed is not None and int(passed[1]) >= least


# --- micrograd -----------------------------------------------------------------------------------


def micrograd(checkout: Path) -> bool:
    """Whether micrograd's tests pass, and its demo learns the moons, with Tensor as its Value."""
    here = Path(sys.executable)
    with tempfile.TemporaryDirectory() as folder:
        theirs, ours = Path(folder) / "theirs", Path(folder) / "ours"
        for copy in theirs, ours:
            shutil.copytree(checkout, copy, ignore=shutil.ignore_patterns(".git"))
            (copy / "demo.py").write_text(_cells(checkout / "demo.ipynb"))
        (ours / "micrograd/engine.py").write_text("from autograd import Tensor as Value\n")
        net = ours / "micrograd/nn.py"  # integers carry no gradient here: a bias begins at 0.0
        net.write_text(net.read_text().replace("Value(0)", "Value(0.0)"))
        passed = run(here, ["-m", "pytest", "-q", "-o", "addopts=", "test"], ours, ours)
        learned = _losses(run(here, ["demo.py"], ours, ours).stdout)
        slow = theirs / "demo.py"
        slow.write_text(slow.read_text().replace("range(100)", "range(5)"))
        expected = _losses(run(here, ["demo.py"], theirs, theirs).stdout)
    same = all(math.isclose(*pair, rel_tol=1e-9) for pair in zip(learned, expected, strict=False))
    print(f"micrograd: loss {learned[-1:]} after {len(learned)} steps; as its own engine: {same}\n")
    return not passed.returncode and same and len(learned) == 100 and learned[-1] < 0.02


def _cells(notebook: Path) -> str:
    """The code of a notebook, without what only notebooks understand."""
    cells = [x["source"] for x in json.loads(notebook.read_text())["cells"] if "outputs" in x]
    return "\n".join(line.rstrip("\n") for cell in cells for line in cell if line[:1] != "%")


def _losses(printed: str) -> list[float]:
    return [float(x) for x in re.findall(r"^step \d+ loss (\S+),", printed, re.M)]


def _without_other_engines(copy: Path) -> None:
    """Let pymanopt's tests begin without TensorFlow and PyTorch, which they seed."""
    settings = copy / "tests/conftest.py"
    if settings.exists():
        lines = settings.read_text().splitlines()
        unwanted = re.compile(r"\b(tensorflow|torch|tf)\b")
        settings.write_text("\n".join(x for x in lines if not unwanted.search(x)) + "\n")


if __name__ == "__main__":
    main()
