"""Every activation of nn with its derivative, in one figure.

The derivatives are those that the engine computes by backprop, not formulas. Where a function has
a kink a dot marks the derivative that the engine gives there. Prints values and derivatives at a
few places, and leaves the figure, for light and for dark ground.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

import nn
from autograd import Tensor

from . import common, sheet

PLACES = (-2.0, -0.5, 0.0, 0.5, 2.0)  # of the table
COLUMNS = 5


class Shown(NamedTuple):
    """An activation as it is drawn: numbers (n,) to numbers (n,)."""

    name: str
    function: Callable[[Any], Any]
    note: str = ""  # below the name: settings, or which part of a function of several numbers
    kinks: tuple[float, ...] = ()


def maxout() -> nn.Maxout:
    """The largest of three lines."""
    layer = nn.Maxout(1, 1, pieces=3)
    layer.maps.W.data = np.array([[-0.5, 0.25, 1.0]])
    layer.maps.b.data = np.array([-0.25, 0.5, -1.0])
    return layer


def first_of(layer: nn.Module, others: Sequence[float]) -> Callable[[Any], Any]:
    """The first output, as a function of the first input, beside other inputs that stay."""

    def function(x: Any) -> Any:
        fixed = np.tile(np.array(others), (np.shape(x)[0], 1))
        return layer(np.concatenate([np.reshape(x, (-1, 1)), fixed], axis=1))[:, 0]

    return function


def shown() -> list[Shown]:
    """All activations, those that are alike beside each other."""
    column, tent = (lambda x: np.reshape(x, (-1, 1))), maxout()
    return [
        Shown("ReLU", nn.ReLU(), kinks=(0,)),
        Shown("LeakyReLU", nn.LeakyReLU(), "slope 0.01", kinks=(0,)),
        Shown("PReLU", nn.PReLU(), "slope learnt, from 0.25", kinks=(0,)),
        Shown("RReLU", nn.RReLU(seed=0).eval(), "slope ⅛ to ⅓, drawn", kinks=(0,)),
        Shown("Maxout", lambda x: tent(column(x))[:, 0], "of three lines", kinks=(-1, 2)),
        Shown("ELU", nn.ELU()),
        Shown("SELU", nn.SELU(), kinks=(0,)),
        Shown("Softplus", nn.Softplus()),
        Shown("SiLU", nn.SiLU()),
        Shown("GELU", nn.GELU()),
        Shown("Sigmoid", nn.Sigmoid()),
        Shown("Tanh", nn.Tanh()),
        Shown("Hardtanh", nn.Hardtanh(), kinks=(-1, 1)),
        Shown("Softmax", first_of(nn.Softmax(), (0, 0)), "1st of (x, 0, 0)"),
        Shown("LogSoftmax", first_of(nn.LogSoftmax(), (0, 0)), "1st of (x, 0, 0)"),
    ]


def value_and_derivative(function: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
    """What an elementwise function gives for numbers (n,), and its derivative there."""
    places = Tensor(x)
    values = function(places)
    values.backward(np.ones(len(x)))
    return values.numpy(), places.grad


# --- the figure -----------------------------------------------------------------------------------


def figure(look: sheet.Look, functions: Sequence[Shown], reach: float) -> Any:
    """A panel for each: the function, and its derivative as a dashed line."""
    rows = -(-len(functions) // COLUMNS)
    made, axes = sheet.grid(rows, COLUMNS, (11, 0.5 + 2.35 * rows))
    for axis, each in zip(axes.flat, functions, strict=True):
        panel(axis, each, reach, look)
    lines, names = axes[0, 0].get_legend_handles_labels()
    made.legend(lines, names, loc="outside lower center", ncols=3)
    return made


def panel(axis: Any, each: Shown, reach: float, look: sheet.Look) -> None:
    """One activation on the interval from -reach to reach."""
    x = np.union1d(np.linspace(-reach, reach, 801), each.kinks)
    values, slopes = value_and_derivative(each.function, x)
    axis.axhline(0, color=look.muted, linewidth=0.6, alpha=0.6)
    axis.axvline(0, color=look.muted, linewidth=0.6, alpha=0.6)
    if each.name == "RReLU":
        steepest, flattest = (np.minimum(x, 0) * slope for slope in (1 / 3, 1 / 8))
        axis.fill_between(x, steepest, flattest, where=x <= 0, color=look.value, alpha=0.2, lw=0)
    axis.plot(x, values, color=look.value, linewidth=2.2, label="the function")
    line = np.where(np.isin(x, each.kinks), np.nan, slopes)  # with a gap at each kink
    axis.plot(x, line, "--", color=look.gradient, linewidth=1.8,
              label="its derivative, by backprop")  # fmt: skip
    at_kinks = slopes[np.searchsorted(x, each.kinks)]
    axis.plot(each.kinks, at_kinks, "o", color=look.gradient, markersize=5.5,
              markeredgecolor=look.ground, label="the derivative at a kink")  # fmt: skip
    axis.set(xlim=(-reach, reach), ylim=(-1.7, 2.4), yticks=(-1, 0, 1, 2))
    axis.set_title(each.name)
    axis.text(0.98, 0.04, each.note, transform=axis.transAxes, ha="right", fontsize=8.5,
              color=look.muted)  # fmt: skip


@common.program
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo; `arguments` as on the command line."""
    parser = common.parser(__doc__, "activations")
    parser.add_argument("--reach", type=common.step_size, default=3.5,
                        help="how far the axis goes, to both sides (%(default)s)")  # fmt: skip
    options = parser.parse_args(arguments)
    out = common.folder(options.out)
    functions = shown()
    heads = "".join(f"{f'at {x:g}':>18}" for x in PLACES)
    print(f"{'':12}{heads}\n{'':12}" + f"{'value':>10}{'slope':>8}" * len(PLACES))
    for each in functions:
        pairs = zip(*value_and_derivative(each.function, np.array(PLACES)), strict=True)
        numbers = "".join(f"{value:10.4f}{slope:8.4f}" for value, slope in pairs)
        print(f"{each.name:12}{numbers}")
    words = "\n".join(each.name for each in functions)
    sheet.write(out / "activations", lambda look: figure(look, functions, options.reach),
                "activations and their derivatives", words)  # fmt: skip


if __name__ == "__main__":
    main()
