"""Make the pictures of docs/gallery.md and of the README.

Those of the gallery show what graphs look like, from a circuit to AlexNet: each is one call of
`draw` on a graph that was recorded by running ordinary code. Those of the README (readme-...) are
made twice, for light and for dark ground; one that needs what is not installed is left out, with a
word. Without arguments all are written to where the pages look for them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import autograd as ag
import nn
from autograd import Parameter, Tensor
from autograd.draw import DrawError, Picture, WriteError, draw

from . import common, front
from .alexnet import graph as alexnet
from .circuits import CIRCUITS, run
from .front import two_layer_net
from .moons import scalar_net

LOOK: dict[str, Any] = {"scheme": "auto"}  # dark where the reader's screen is dark


def circuit(file: str, **options: Any) -> Picture:
    """One of the lecture's circuits, with its numbers as on the slides."""
    (found,) = (c for c in CIRCUITS if c.file == file)
    result, _ = run(found)
    return draw(result, title=found.title, expand=found.expand, show=found.show,
                **{"decimals": 2, **LOOK, **options})  # fmt: skip


class LSTMCell(nn.Module):
    """One step of an LSTM (CS231n, "Recurrent neural networks"): gates i, f, o and the new g."""

    def __init__(self, inputs: int, hidden: int, rng: np.random.Generator) -> None:
        self.Wx = Parameter(0.1 * rng.standard_normal((inputs, 4 * hidden)))
        self.Wh = Parameter(0.1 * rng.standard_normal((hidden, 4 * hidden)))
        self.b = Parameter(np.zeros(4 * hidden))
        self.hidden = hidden

    def forward(self, x: Any, h: Any, c: Any) -> Any:
        """The next hidden state and cell state."""
        n, a = self.hidden, x @ self.Wx + h @ self.Wh + self.b
        i, f, o = (ag.sigmoid(a[:, k * n : (k + 1) * n]) for k in range(3))
        c = f * c + i * np.tanh(a[:, 3 * n :])
        return o * np.tanh(c), c


def unrolled(steps: int = 50) -> Tensor:
    """The mean squared state after that many steps of an LSTM."""
    rng = np.random.default_rng(0)
    cell = LSTMCell(4, 8, rng)
    h, c = (Tensor(np.zeros((5, 8)), requires_grad=False, name=name) for name in ("h0", "c0"))
    for _ in range(steps):
        x = Tensor(rng.standard_normal((5, 4)), requires_grad=False, name="x")
        with ag.scope("step"):
            h, c = cell(x, h, c)
    return np.mean(np.square(h))  # type: ignore[no-any-return, call-overload]


def ten_thousand_gates() -> Tensor:
    """An affine map and a tanh, again and again, without any scopes: 10,000 gates."""
    rng = np.random.default_rng(0)
    W = Parameter(0.5 * rng.standard_normal((8, 8)), name="W")
    b = Parameter(np.zeros(8), name="b")
    h = Tensor(rng.standard_normal((1, 8)), name="x")
    for _ in range(3333):
        h = np.tanh(h @ W + b)
    return np.sum(h)  # type: ignore[no-any-return, call-overload]


def deep_net(layers: int = 12) -> Tensor:
    """The loss of a net with many equal layers."""
    rng = np.random.default_rng(0)
    hidden = [layer for _ in range(layers) for layer in (nn.Linear(64, 64, seed=rng), nn.ReLU())]
    net = nn.Sequential(
        nn.Linear(784, 64, seed=rng), nn.ReLU(), *hidden, nn.Linear(64, 10, seed=rng)
    )
    scores = net(Tensor(rng.standard_normal((32, 784)), requires_grad=False, name="X"))
    return nn.softmax_cross_entropy(scores, Tensor(np.arange(32) % 10, name="y"))


def first_nan() -> Tensor:
    """A logarithm of a number that is not positive."""
    x, y = Tensor(2.0, name="x"), Tensor(3.0, name="y")
    with np.errstate(all="ignore"):
        return np.log(x - y) * x + y


def training_step() -> ag.Compiled:
    """A step of training, compiled: forward, backward, update."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((32, 4)), rng.standard_normal((32, 1))
    layer = nn.Linear(4, 1, seed=0)
    sgd = nn.SGD(layer, lr=0.1)

    @ag.compile
    def step(x: Any, y: Any) -> Any:
        sgd.zero_grad()
        error = np.tanh(layer(x)) - y
        loss = (error * error).mean()
        loss.backward()
        sgd.step()
        return loss

    step(x, y)
    return step


PICTURES: dict[str, Callable[[], Picture]] = {
    "product-of-sum": lambda: circuit("product-of-sum", decimals=None),
    "gates": lambda: circuit("gates", decimals=None),
    "neuron": lambda: circuit("neuron"),
    "neuron-expanded": lambda: circuit("neuron-expanded"),
    "neuron-backward": lambda: draw(run(CIRCUITS[2])[0], backward=True, decimals=2, **LOOK),
    "squared-norm": lambda: circuit("squared-norm"),
    "nan": lambda: draw(first_nan(), title="the first bad gate is outlined", **LOOK),
    "two-layer-net": lambda: draw(two_layer_net(), **LOOK,
                                  title="two-layer net on the spiral · 603 parameters"),
    "two-layer-net-stats": lambda: draw(two_layer_net(), show="stats", collapse="fc1",
                                        expand="softmax_cross_entropy", **LOOK),
    "deep-net": lambda: draw(deep_net(), title="12 equal layers", **LOOK),
    "lstm": lambda: draw(unrolled(), title="an LSTM, 50 steps", **LOOK),
    "moons": lambda: draw(scalar_net(), title="a point of the two moons, through 337 scalars",
                          depth=2, **LOOK),
    "ten-thousand-gates": lambda: draw(ten_thousand_gates(), title="10,000 gates", **LOOK),
    "alexnet": lambda: draw(alexnet()[0], show="outline", depth=1, direction="TB",
                            title="AlexNet: 62,378,344 parameters", **LOOK),
    "training-step": lambda: draw(training_step(), title="a compiled step of training", **LOOK),
}  # fmt: skip


def make_front(name: str, out: Path) -> None:
    """A picture of the README, for light and for dark ground; a word where it cannot be made."""
    (file,) = (Path(file) for file in front.PICTURES if Path(file).stem == name)
    for scheme in front.SCHEMES:
        path = out / f"{name}-{scheme}{file.suffix}"
        try:
            front.PICTURES[file.name](path, scheme)
        except WriteError:
            raise
        except (front.MissingError, DrawError) as problem:
            print(f"left out: {path.name}: {problem}", file=sys.stderr)
        else:
            common.wrote(path)


@common.program
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo; `arguments` as on the command line."""
    parser = common.parser(__doc__, "gallery")
    parser.set_defaults(out=front.ROOT / "docs")
    known = [*PICTURES, *(f"readme-{Path(file).stem}" for file in front.PICTURES)]
    parser.add_argument("what", nargs="*", default=known, help=f"which: {', '.join(known)} (all)")
    parser.add_argument("--format", choices=["svg", "png", "pdf"], default="svg",
                        help="of those of the gallery (%(default)s)")  # fmt: skip
    options = parser.parse_args(arguments)
    if unknown := set(options.what) - set(known):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    for name in options.what:
        if name in PICTURES:
            out = common.folder(options.out / "gallery")
            common.wrote(PICTURES[name]().save(out / f"{name}.{options.format}"))
        else:
            make_front(name.removeprefix("readme-"), common.folder(options.out / "pictures"))


if __name__ == "__main__":
    main()
