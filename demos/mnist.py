"""Train the two-layer net of "Deep Learning from Scratch" on MNIST, in float32.

Without the full data set at hand (see --data, GATEGRAD_DATA) it is downloaded, and without a
network the small subset that ships with the package serves. Prints the accuracy after every
epoch, and leaves the curves, the weights of the first layer, and the most confident mistakes.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import autograd as ag
import nn
from nn import plots

from . import common

ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


def train(
    net: nn.TwoLayerNet, data: Any, *, steps: int, batch: int, lr: float, rng: np.random.Generator
) -> dict[str, list[Any]]:
    """Mini-batches drawn with replacement, as in the book; accuracies after each epoch.

    It ends early where nothing is to be learnt any more: when loss or scores are not finite.
    """
    x, t = data[0]
    sgd = nn.SGD(net, lr=lr)
    epoch = max(1, len(x) // batch)
    curves: dict[str, list[Any]] = {"step": [], "loss": [], "training": [], "test": []}
    losses: list[float] = []
    print(f"{'epoch':>5}  {'step':>6}  {'loss':>7}  {'training':>8}  {'test':>7}  {'steps/s':>8}")
    start = time.perf_counter()
    for step in common.progress(range(1, steps + 1), steps, "training"):
        chosen = rng.choice(len(x), batch)
        sgd.zero_grad()
        loss = net.loss(x[chosen], t[chosen])
        loss.backward()
        sgd.step()
        losses.append(loss.item())
        if step % epoch == 0 or step == steps:
            rate = len(losses) / (time.perf_counter() - start)
            right = [common.accuracy(net.predict(a), b) for a, b in data]
            mean_loss = float(np.mean(losses)) if np.isfinite(right).all() else np.nan
            print(f"{step / epoch:5.1f}  {step:6d}  {common.decimal(mean_loss, 4):>7}  "
                  f"{right[0]:8.4f}  {right[1]:7.4f}  {rate:8.0f}", flush=True)  # fmt: skip
            for name, value in zip(curves, (step, mean_loss, *right), strict=True):
                curves[name].append(value)
            if not np.isfinite(mean_loss):
                break
            losses, start = [], time.perf_counter()
    return curves


def picture(path: Path, net: nn.TwoLayerNet, data: Any, curves: dict[str, Any]) -> None:
    """Loss, accuracy, first-layer weights, and the digits it gets wrong most confidently."""
    if not common.can_plot():
        return
    figure, axes = plots.figure(2, 3, size=(15, 8))
    history = plots.History(curves["step"], curves["loss"])
    plots.loss_curve(history, classes=10, axis=axes[0, 0])
    both = {"training": curves["training"], "test": curves["test"]}
    plots.accuracy_curve(curves["step"], both, axis=axes[0, 1])
    axes[0, 1].set_ylim(100 * min(curves["test"]) - 5, 100.5)
    x, t = data[1]
    p = ag.softmax(net.predict(x))
    plots.confusion(t, p.argmax(axis=1), axis=axes[0, 2])
    title = "weights of the first layer, a tile a unit"
    plots.weight_tiles(net.fc1.W.numpy(), (28, 28), title, axis=axes[1, 0])
    plots.mistakes(x, t, p, (28, 28), axis=axes[1, 1])
    with ag.no_grad():
        plots.activations(net.activation(net.fc1(x)).data, axis=axes[1, 2])
    plots.save(figure, path, "two-layer net on MNIST: curves, weights, mistakes")
    common.wrote(path)


def load(folder: Path | None, subset: bool) -> Any:
    """The data in float32; a fall-back to the subset is told in a plain line."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", nn.SubsetWarning)
        data = nn.mnist(folder, subset=subset)
    for warning in caught:
        print(f"note: {warning.message}")
    return data


@common.program
@np.errstate(over="ignore", invalid="ignore")  # a training that goes astray is told in a line
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo; `arguments` as on the command line."""
    parser = common.parser(__doc__, "mnist")
    parser.add_argument(
        "--steps", type=common.positive, default=10_000, help="batches (%(default)s)"
    )
    parser.add_argument("--batch", type=common.positive, default=100, help="its size (%(default)s)")
    parser.add_argument(
        "--hidden", type=common.positive, default=50, help="hidden units (%(default)s)"
    )
    parser.add_argument(
        "--activation", choices=list(ACTIVATIONS), default="relu", help="%(default)s"
    )
    parser.add_argument("--lr", type=common.step_size, default=0.1, help="step size (%(default)s)")
    parser.add_argument("--data", type=Path, help="folder with the four MNIST files")
    parser.add_argument("--subset", action="store_true", help="use the small subset")
    options = parser.parse_args(arguments)
    out = common.folder(options.out)
    data = load(options.data, options.subset)
    (x, _), (x_test, _) = data
    print(f"{len(x):,} training and {len(x_test):,} test images, {x.dtype}")
    rng = np.random.default_rng(options.seed)
    net = nn.TwoLayerNet(784, options.hidden, 10, activation=ACTIVATIONS[options.activation](),
                         seed=rng, dtype=np.float32)  # fmt: skip
    curves = train(net, data, steps=options.steps, batch=options.batch, lr=options.lr, rng=rng)
    common.check_losses(curves["step"], curves["loss"], options.lr)
    print(f"training accuracy {curves['training'][-1]:.4f}, test accuracy {curves['test'][-1]:.4f}")
    picture(out / "mnist.png", net, data, curves)


if __name__ == "__main__":
    main()
