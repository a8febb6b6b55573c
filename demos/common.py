"""What the demos share: an output folder, a progress bar, and a word when something is missing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from autograd import Tensor
from autograd.explore import DrawError, explore


def parser(description: str | None, name: str) -> argparse.ArgumentParser:
    """A parser with the options that every demo has."""
    made = argparse.ArgumentParser(
        prog=f"python -m demos.{name}",
        description=(description or "").strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "--out", type=Path, default=Path("out") / name, help="folder for the pictures (%(default)s)"
    )
    made.add_argument("--seed", type=int, default=0, help="of the random numbers (%(default)s)")
    return made


def positive(text: str) -> int:
    """An argument that counts something."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not a positive number")
    return value


def folder(path: Path) -> Path:
    """The output folder, made if need be; a clear word and exit code 2 if it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
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
    try:
        import matplotlib
    except ImportError:
        print('no curves: they need matplotlib, python -m pip install -e ".[demos]"',
              file=sys.stderr)  # fmt: skip
        return False
    matplotlib.use("Agg")
    return True


def page(result: Tensor, path: Path, title: str, **options: Any) -> None:
    """Write the page that steps through a graph; a word where it cannot be laid out."""
    try:
        explore(result, path, title=title, **options)
    except DrawError as error:
        print(error, file=sys.stderr)
    else:
        wrote(path)


def wrote(path: Path) -> None:
    """Tell where a picture is."""
    print(f"wrote {path}")
