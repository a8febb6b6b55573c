"""What the demos share: options, an output folder, a progress bar, and words about all three."""

from __future__ import annotations

import argparse
import importlib.util
import math
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import nn
from autograd import Tensor
from autograd.draw import WriteError
from autograd.explore import DrawError, explore

from .program import program

__all__ = [
    "ACTIVATIONS", "accuracy", "can_plot", "check_losses", "decimal", "draw_into_files", "folder",
    "imported", "not_negative", "page", "parser", "positive", "program", "progress", "seed",
    "step_size", "wrote",
]  # fmt: skip

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU, "leaky-relu": nn.LeakyReLU, "elu": nn.ELU, "selu": nn.SELU, "gelu": nn.GELU,
    "silu": nn.SiLU, "softplus": nn.Softplus, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh,
    "hardtanh": nn.Hardtanh,
}  # fmt: skip
MOST = 100_000_000  # of anything that is counted; memory sets narrower limits


def parser(description: str | None, name: str) -> argparse.ArgumentParser:
    """A parser with the options that every demo has."""
    made = argparse.ArgumentParser(
        prog=f"python -m demos.{name}",
        description=(description or "").strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "--out", type=Path, default=Path("out") / name,
        help="folder for the pictures, where older ones are replaced (%(default)s)",
    )  # fmt: skip
    made.add_argument("--seed", type=seed, default=0, help="of the random numbers (%(default)s)")
    return made


def positive(text: str) -> int:
    """An argument that counts something."""
    value = int(text)
    if not 1 <= value <= MOST:
        raise argparse.ArgumentTypeError(f"{value} is not a count from 1 to {MOST:,}")
    return value


def seed(text: str) -> int:
    """An argument that random numbers begin with."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{value} is not an integer of at least 0")
    return value


def step_size(text: str) -> float:
    """An argument that is a length of steps."""
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a positive, finite number")
    return value


def not_negative(text: str) -> float:
    """An argument that is a weight, perhaps none."""
    value = float(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a finite number of at least 0")
    return value


def folder(path: Path) -> Path:
    """The output folder, made if need be; a clear word and exit code 2 if it cannot be.

    Nor if nothing can be written there, which is better known before the work than after it.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path).close()
    except OSError as error:
        print(f"cannot write to {path}: {error.strerror}; choose another --out", file=sys.stderr)
        raise SystemExit(2) from None
    return path


def progress(steps: Iterable[Any], total: int, label: str) -> Iterator[Any]:
    """The steps with a progress bar in a terminal; without tqdm a line at every tenth of them."""
    try:
        from tqdm import tqdm
    except ImportError:
        for k, step in enumerate(steps):
            if sys.stderr.isatty() and k % max(1, total // 10) == 0:
                print(f"{label}: step {k} of {total}", file=sys.stderr)
            yield step
    else:
        yield from tqdm(steps, total=total, desc=label, leave=False, disable=None)


def can_plot() -> bool:
    """Whether matplotlib is there, drawing into files only; a word where it is not."""
    if importlib.util.find_spec("matplotlib") is None:
        print('no curves: they need matplotlib, python -m pip install -e ".[demos]"',
              file=sys.stderr)  # fmt: skip
        return False
    draw_into_files()
    return True


def draw_into_files() -> None:
    """Let matplotlib draw into files alone, whatever is set for windows, even nonsense."""
    os.environ["MPLBACKEND"] = "Agg"
    import matplotlib

    matplotlib.use("Agg")


def imported(load: Callable[..., Any], **options: Any) -> Any:
    """What `load` gives; a line and exit code 1 where the package that it needs is missing."""
    try:
        return load(**options)
    except ImportError as error:
        raise SystemExit(str(error)) from None


def accuracy(scores: Any, labels: Any) -> float:
    """The share of examples whose highest score is the right one; NaN if a score is not finite."""
    scores = np.asarray(scores)
    right = scores.argmax(axis=1) == np.asarray(labels)
    return float(np.mean(right)) if np.isfinite(scores).all() else math.nan


def decimal(x: float, places: int) -> str:
    """A number with so many places, unless it is so large that these would be a long row."""
    return f"{x:.{places}f}" if abs(x) < 1e6 else f"{x:.1e}"


def check_losses(steps: Sequence[int], losses: Sequence[float], lr: float) -> None:
    """End the program, with a word, if training went astray: a loss that is not finite."""
    for step, loss in zip(steps, losses, strict=True):
        if not math.isfinite(loss):
            raise SystemExit(
                f"training went astray: the loss is {loss} from step {step} on; "
                f"try a smaller step than --lr {lr:g}"
            )


def page(result: Tensor, path: Path, title: str, **options: Any) -> None:
    """Write the page that steps through a graph; a word where it cannot be laid out."""
    try:
        explore(result, path, title=title, **options)
    except WriteError:
        raise
    except DrawError as error:
        print(error, file=sys.stderr)
    else:
        wrote(path)


def wrote(path: Path) -> None:
    """Tell where a picture is."""
    print(f"wrote {path}")
