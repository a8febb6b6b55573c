"""What the demos that train a model share: eager or compiled, quick or not, and the schedule."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import autograd as ag
import nn

from . import common

__all__ = ["add_options", "compiled", "one_cycle", "parsed"]


def add_options(parser: argparse.ArgumentParser, lr: float, batch: int) -> None:
    """The options of all of them."""
    add = parser.add_argument
    add("--batch", type=common.positive, default=batch, help="examples in a step (%(default)s)")
    add("--lr", type=common.step_size, default=lr, help="largest step size (%(default)s)")
    add("--quick", action="store_true", help="a small model and few steps, to see it run")
    add(
        "--compile", nargs="?", const="numpy", choices=["numpy", "numba"], metavar="BACKEND",
        help="compile the step of training, to NumPy (as it is without a name) or by numba",
    )  # fmt: skip


def parsed(
    parser: argparse.ArgumentParser, arguments: Any, quick: dict[str, Any]
) -> argparse.Namespace:
    """The options that were given; for --quick, others in the place of defaults."""
    options = parser.parse_args(arguments)
    for name, value in quick.items() if options.quick else ():
        if getattr(options, name) == parser.get_default(name):
            setattr(options, name, value)
    return options


def compiled(step: Callable[..., Any], backend: str | None) -> Callable[..., Any]:
    """The function as it is, or compiled; a word and exit code 1 where numba is not there."""
    if backend is None:
        return step
    try:
        made: Callable[..., Any] = ag.compile(step, backend=backend)
    except ImportError as error:
        raise SystemExit(f"--compile {backend}: {error}") from None
    return made


def one_cycle(optimiser: nn.optim.Optimiser, lr: float, steps: int) -> Any:
    """The step size: up to lr in the first tenth of the steps, then down by a cosine."""
    warm = max(1, steps // 10)
    up = nn.LinearLR(optimiser, start_factor=0.1, total_iters=warm)
    down = nn.CosineAnnealingLR(optimiser, T_max=max(1, steps - warm), eta_min=lr / 100)
    return nn.SequentialLR(optimiser, [up, down], milestones=[warm])
