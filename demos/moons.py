"""Two moons, learnt by a net of scalars: every weight is a number of its own.

The demo of micrograd: neurons are Python loops over scalars, the loss is the hinge of the SVM with
a penalty on all weights. A point's loss is a graph of some 640 gates, whose gradients add up in the
weights over all points before these are moved. The graph is recorded once and compiled; with
--eager it is recorded anew for every point, which gives the same bits.
Prints losses, accuracies and the time, and leaves the regions with the curves, and the graph.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import autograd as ag
import nn
from autograd import Parameter, Tensor
from autograd.draw import draw
from nn import plots

from . import common, sheet

CHUNKS = 10  # lines in the table


class ScalarNeuron(nn.Module):
    """w1 x1 + w2 x2 + … + b, and the ReLU of it; each w and b is a scalar."""

    def __init__(self, inputs: int, rng: np.random.Generator, activation: nn.Module | None) -> None:
        drawn = rng.uniform(-1, 1, inputs).tolist()
        self.w = [Parameter(w, name=f"w{k}") for k, w in enumerate(drawn, start=1)]
        self.b = Parameter(0.0, name="b")
        self.activation = activation

    def forward(self, inputs: Sequence[Any]) -> Any:
        """One number out of several."""
        total: Any = self.b
        for w, x in zip(self.w, inputs, strict=True):
            total = total + w * x
        return self.activation(total) if self.activation else total


class ScalarLayer(nn.Module):
    """Neurons beside each other, all with the same inputs."""

    def __init__(self, inputs: int, outputs: int, rng: np.random.Generator, last: bool) -> None:
        activation = None if last else nn.ReLU()
        self.neurons = [ScalarNeuron(inputs, rng, activation) for _ in range(outputs)]

    def forward(self, inputs: Sequence[Any]) -> list[Any]:
        """A number from each neuron."""
        return [neuron(inputs) for neuron in self.neurons]


class ScalarNet(nn.Module):
    """Layers of scalar neurons, one after the other; the last one is a single neuron."""

    def __init__(self, sizes: Sequence[int], rng: np.random.Generator) -> None:
        pairs = list(zip(sizes, [*sizes[1:], 1], strict=True))
        self.layers = [ScalarLayer(a, b, rng, last=k == len(pairs))
                       for k, (a, b) in enumerate(pairs, start=1)]  # fmt: skip

    def forward(self, inputs: Sequence[Any]) -> Any:
        """The score: positive for class 1, negative for class 0."""
        for layer in self.layers:
            inputs = layer(inputs)
        return inputs[0]

    def scores(self, points: Any) -> Any:
        """Scores (n, 2) of points (n, 2): the same loops, on all points at once."""
        with ag.no_grad():
            score = self(list(np.asarray(points).T)).numpy()
        return np.c_[-score / 2, score / 2]


def train(
    net: ScalarNet, X: Any, y: Any, *, steps: int, lr: float, reg: float, eager: bool = False
) -> dict[str, list[Any]]:
    """Full-batch descent, the step size falling to a tenth, as in micrograd's demo."""
    sgd = nn.SGD(net, lr=lr)
    schedule = nn.LambdaLR(sgd, lambda k: 1 - 0.9 * k / steps)
    points = [(a, b, float(2 * label - 1)) for (a, b), label in zip(X.tolist(), y, strict=True)]
    parameters = net.parameters()

    def of_point(a: Any, b: Any, sign: Any) -> tuple[Any, Any]:
        """The hinge loss of a point, whose gradients are added to those that are there."""
        score = net((a, b))
        loss = ag.relu(1 - sign * score) * (1 / len(points))
        loss.backward()
        return loss, score

    def of_weights() -> Any:
        """The penalty, in the same way."""
        penalty: Any = 0.0
        for p in parameters:
            penalty = penalty + p * p
        penalty = reg * penalty
        penalty.backward()
        return penalty

    run: tuple[Callable[..., Any], ...] = (of_point, of_weights)
    if not eager:
        run = tuple(ag.compile(each) for each in run)
    curves: dict[str, list[Any]] = {"step": [], "loss": [], "accuracy": []}
    for k in common.progress(range(steps), steps, "training"):
        sgd.zero_grad()
        found = [run[0](*point) for point in points]
        loss = sum(loss.item() for loss, _ in found) + run[1]().item()
        right = [
            score.item() * sign > 0 for (_, score), (*_, sign) in zip(found, points, strict=True)
        ]
        for name, value in zip(curves, (k, loss, float(np.mean(right))), strict=True):
            curves[name].append(value)
        common.check_losses([k], [loss], lr)
        sgd.step()
        schedule.step()
    return curves


def graph(net: ScalarNet, point: Any) -> Tensor:
    """The loss of a point of class 1, with names for the picture."""
    x1, x2 = (Tensor(value, requires_grad=False, name=name)
              for value, name in zip(point.tolist(), ("x1", "x2"), strict=True))  # fmt: skip
    score = net((x1, x2))
    score.name = "score"
    loss: Tensor = ag.relu(1 - score)
    loss.name = "L"
    return loss


def scalar_net() -> Tensor:
    """The loss of a point before training, with the sizes and the seed of the demo."""
    rng = np.random.default_rng(0)
    X, _ = nn.moons(50, seed=rng)
    return graph(ScalarNet([2, 16, 16], rng), X[50])


# --- pictures -------------------------------------------------------------------------------------


def figure(look: sheet.Look, net: ScalarNet, X: Any, y: Any, curves: dict[str, list[Any]]) -> Any:
    """Regions with the lines where the score is -1, 0 and 1; loss; accuracy."""
    made, axes = sheet.grid(1, 3, (12, 3.5), widths=(1.75, 1, 1))
    regions, loss, accuracy = axes[0]
    title = f"regions: {100 * curves['accuracy'][-1]:.0f} % right"
    plots.decision_regions(X, y, net.scores, title, axis=regions, ground=look.ground)
    left, right, bottom, top = regions.images[0].get_extent()
    u, v = np.meshgrid(np.linspace(left, right, 200), np.linspace(bottom, top, 200))
    score = 2 * net.scores(np.c_[u.ravel(), v.ravel()])[:, 1].reshape(u.shape)
    regions.contour(u, v, score, levels=[-1, 0, 1], colors=[look.ink], linewidths=[1, 1.6, 1],
                    linestyles=["--", "-", "--"])  # fmt: skip
    loss.plot(curves["step"], curves["loss"], color=look.value, linewidth=2)
    loss.set(title=f"loss: {curves['loss'][-1]:.4f}", xlabel="step", yscale="log")
    accuracy.plot(curves["step"], 100 * np.array(curves["accuracy"]), color=look.value, linewidth=2)
    accuracy.set(title="right, in %", xlabel="step", ylim=(None, 101))
    return made


def picture_graph(path: Path, net: ScalarNet, point: Any) -> None:
    """What a point's loss is made of, layer by layer."""
    count = len(net.parameters())
    picture = draw(graph(net, point), title=f"two moons · {count} scalars that learn", depth=2)
    common.wrote(picture.save(path))


@common.program
@np.errstate(over="ignore", invalid="ignore")  # a training that goes astray is told in a line
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo; `arguments` as on the command line."""
    parser = common.parser(__doc__, "moons")
    for name, value, what in (("points", 50, "on each moon"), ("steps", 100, "of training")):
        parser.add_argument(f"--{name}", type=common.positive, default=value,
                            help=f"{what} (%(default)s)")  # fmt: skip
    parser.add_argument("--hidden", type=common.positive, nargs="+", default=[16, 16],
                        help="neurons in each hidden layer (16 16)")  # fmt: skip
    parser.add_argument("--noise", type=common.not_negative, default=0.1, help="(%(default)s)")
    parser.add_argument("--lr", type=common.step_size, default=1.0,
                        help="first step size (%(default)s)")  # fmt: skip
    parser.add_argument("--reg", type=common.not_negative, default=1e-4,
                        help="weight of the squares of all weights (%(default)s)")  # fmt: skip
    parser.add_argument("--eager", action="store_true", help="do not compile")
    options = parser.parse_args(arguments)
    out = common.folder(options.out)
    rng = np.random.default_rng(options.seed)
    X, y = nn.moons(options.points, noise=options.noise, seed=rng)
    net = ScalarNet([2, *options.hidden], rng)
    print(f"{len(X)} points; {len(net.parameters())} scalars that learn, in layers of "
          f"{', '.join(map(str, options.hidden))} and 1")  # fmt: skip
    start = time.perf_counter()
    curves = train(net, X, y, steps=options.steps, lr=options.lr, reg=options.reg,
                   eager=options.eager)  # fmt: skip
    seconds = time.perf_counter() - start
    print(f"{'step':>6}  {'loss':>8}  {'accuracy':>8}")
    every = max(1, options.steps // CHUNKS)
    for step, loss, right in zip(*curves.values(), strict=True):
        if step % every == 0 or step == options.steps - 1:
            print(f"{step:6d}  {common.decimal(loss, 5):>8}  {right:8.3f}")
    print(f"{options.steps} steps in {seconds:.2f} s, {1000 * seconds / options.steps:.1f} ms each"
          f"{'' if options.eager else ', with the time to compile'}")  # fmt: skip
    words = f"{len(net.parameters())} scalars\n{100 * curves['accuracy'][-1]:.0f} % right"
    sheet.write(out / "moons", lambda look: figure(look, net, X, y, curves), "two moons", words)
    upper = X[y == 1]
    hardest = upper[net.scores(upper)[:, 1].argmin()]
    picture_graph(out / "moons-graph.svg", net, hardest)


if __name__ == "__main__":
    main()
