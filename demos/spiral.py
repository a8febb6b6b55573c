"""Train on the spiral of CS231n: a linear classifier, which fails, and a two-layer net.

Prints loss and accuracy, and leaves pictures: the curves and decision regions of both, the
computation graph of the net's loss, and a page that plays how the net learns. With
--as-in-the-notes the tables printed in the notes ("Putting it together: minimal neural network
case study") come out digit by digit. With --sweep nets of 3, 6 and 20 hidden units are trained, and
nets with a regularisation of 0.001, 0.01 and 0.1, and their regions are drawn side by side.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import autograd as ag
import nn
from autograd.draw import draw
from autograd.explore import microscope
from nn import plots

from . import common, sweep

CHUNKS = 20  # lines in the table of a run
FRAMES = 90  # pictures in the film


def train(
    net: nn.Module,
    X: Any,
    y: Any,
    *,
    lr: float,
    reg: float,
    steps: int,
    report: Callable[[int, float, float], None],
    record_every: int,
    label: str,
    film: plots.Film | None = None,
) -> plots.History:
    """Full-batch gradient descent; `report` is told step, loss and accuracy before the update.

    The film, if there is one, gets a picture ever less often: most happens in the beginning.
    """
    sgd = nn.SGD(net, lr=lr)
    weights = [p for p in net.parameters() if p.name and p.name.startswith("W")]
    history = plots.History()
    filmed = set(np.unique(np.rint(np.geomspace(1, steps, FRAMES)).astype(int) - 1))
    for step in common.progress(range(steps), steps, label):
        sgd.zero_grad()
        scores = net(X)
        data_loss = nn.softmax_cross_entropy(scores, y)
        penalty = nn.l2_penalty(reg, *weights)
        loss = data_loss + penalty
        loss.backward()
        last = step == steps - 1
        if step % record_every == 0 or last:
            accuracy = common.accuracy(scores.data, y)
            history.record(step, data_loss.item(), penalty.item(), accuracy, net=net, lr=lr)
            report(step, loss.item(), accuracy)
        if film is not None and step in filmed:
            film.add(step, scores_of(net), data_loss.item())
        sgd.step()
    return history


def scores_of(net: nn.Module) -> Callable[[Any], Any]:
    """The net as a function from points to scores, which records nothing."""

    def scores(points: Any) -> Any:
        with ag.no_grad():
            return net(points).numpy()

    return scores


def table(steps: int) -> Callable[[int, float, float], None]:
    """Print every so often, as a table."""
    every = max(1, steps // CHUNKS)
    print(f"{'step':>8}  {'loss':>9}  {'accuracy':>8}")

    def report(step: int, loss: float, accuracy: float) -> None:
        if step % every == 0 or step == steps - 1:
            print(f"{step:8d}  {common.decimal(loss, 6):>9}  {accuracy:8.3f}", flush=True)

    return report


def accuracy(net: nn.Module, X: Any, y: Any) -> float:
    """The share of examples whose highest score is the right one."""
    with ag.no_grad():
        return common.accuracy(net(X).data, y)


# --- the run of the notes ---------------------------------------------------------------------


def as_in_the_notes(net_steps: int = 10_000) -> tuple[list[float], list[float]]:
    """The notes' two runs on one random stream; prints their tables, gives their losses."""
    rng = np.random.RandomState(0)
    X, y = nn.spiral(seed=rng)
    rng.standard_normal(18)  # the notes drew these in between

    linear = nn.Linear(2, 3, init=nn.init.normal, seed=rng)
    print("linear classifier")
    first = _losses(linear, X, y, steps=200, every=10)
    print(f"training accuracy: {accuracy(linear, X, y):.2f}")

    net = nn.TwoLayerNet(2, 100, 3, seed=rng)
    print("two-layer net")
    second = _losses(net, X, y, steps=net_steps, every=1000)
    print(f"training accuracy: {accuracy(net, X, y):.2f}")
    return first, second


def _losses(net: nn.Module, X: Any, y: Any, steps: int, every: int) -> list[float]:
    losses = []

    def report(step: int, loss: float, _: float) -> None:
        if step % every == 0:
            losses.append(loss)
            print(f"iteration {step}: loss {loss:f}", flush=True)

    train(net, X, y, lr=1.0, reg=1e-3, steps=steps, report=report, record_every=every,
          label="training")  # fmt: skip
    return losses


# --- pictures ---------------------------------------------------------------------------------


def picture_linear(path: Path, net: nn.Module, X: Any, y: Any, history: plots.History) -> None:
    """Loss, accuracy and decision regions in a row."""
    if not common.can_plot():
        return
    figure, axes = plots.figure(1, 3, size=(12.5, 3.9))
    _first_row(axes[0], net, X, y, history)
    plots.save(figure, path, "linear classifier on the spiral: loss, accuracy, regions")
    common.wrote(path)


def picture_net(path: Path, net: nn.TwoLayerNet, X: Any, y: Any, history: plots.History) -> None:
    """The same for the net, and below it how healthy the training was."""
    if not common.can_plot():
        return
    figure, axes = plots.figure(2, 3, size=(12.5, 7.6))
    _first_row(axes[0], net, X, y, history)
    plots.gradient_norms(history, axis=axes[1, 0])
    plots.update_ratios(history, axis=axes[1, 1])
    with ag.no_grad():
        plots.activations(net.activation(net.fc1(X)).data, axis=axes[1, 2])
    plots.save(figure, path, "two-layer net on the spiral: the training run")
    common.wrote(path)


def _first_row(axes: Any, net: nn.Module, X: Any, y: Any, history: plots.History) -> None:
    plots.loss_curve(history, classes=int(y.max()) + 1, axis=axes[0])
    plots.accuracy_curve(history.steps, {"training": history.accuracy}, axis=axes[1])
    regions = "regions (strength = confidence)"
    plots.decision_regions(X, y, scores_of(net), regions, axis=axes[2])


def picture_graph(path: Path, net: nn.TwoLayerNet, X: Any, y: Any) -> None:
    """The computation graph of the loss, module by module, with shapes and gradients."""
    count = sum(p.size for p in net.parameters())
    picture = draw(_loss(net, X, y), title=f"two-layer net on the spiral · {count} parameters")
    common.wrote(picture.save(path))


def pages(out: Path, net: nn.TwoLayerNet, X: Any, y: Any) -> None:
    """Pages to step through: the whole net, and one number of W1 under the microscope."""
    loss = _loss(net, X, y)
    common.page(loss, out / "net-graph.html", "two-layer net on the spiral")
    hidden = int(np.argmax(np.abs(net.params["W1"].data[0])))
    circuit = microscope(loss, net.params["W1"], (0, hidden), paths=2)
    common.page(circuit, out / "net-microscope.html", f"where the gradient of W1[0, {hidden}] "
                "comes from")  # fmt: skip


def _loss(net: nn.TwoLayerNet, X: Any, y: Any) -> ag.Tensor:
    with ag.source_lines():
        inputs = ag.Tensor(X, requires_grad=False, name="X")
        labels = ag.Tensor(y, name="y")
        scores = net(inputs)
        scores.name = "scores"
        loss: ag.Tensor = nn.softmax_cross_entropy(scores, labels)
        loss.name = "L"
    return loss


def sweep_of(X: Any, y: Any, options: argparse.Namespace, out: Path) -> None:
    """More hidden units in the first row of the figure, more regularisation in the second."""
    by_size = [(hidden, options.reg) for hidden in sweep.SIZES]
    by_reg = [(options.hidden or sweep.SIZES[-1], reg) for reg in sweep.REGS]
    nets = sweep.run(X, y, by_size + by_reg, activation=options.activation, lr=options.lr,
                     steps=options.steps, seed=options.seed)  # fmt: skip
    rows = ([nets[pair] for pair in pairs] for pairs in (by_size, by_reg))
    sweep.picture(out / "sweep", X, y, *rows)


@common.program
@np.errstate(over="ignore", invalid="ignore")  # a training that goes astray is told in a line
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo; `arguments` as on the command line."""
    parser = common.parser(__doc__, "spiral")
    parser.add_argument(
        "--steps", type=common.positive, default=10_000, help="of the net (%(default)s)"
    )
    parser.add_argument(
        "--points", type=common.positive, default=100, help="per class (%(default)s)"
    )
    parser.add_argument(
        "--classes", type=common.positive, default=3, help="spiral arms (%(default)s)"
    )
    parser.add_argument("--hidden", type=common.positive,
                        help="hidden units (100; in the second row of the sweep 20)")  # fmt: skip
    parser.add_argument("--activation", choices=list(common.ACTIVATIONS), default="relu",
                        help="of the hidden units: %(choices)s (%(default)s)",
                        metavar="NAME")  # fmt: skip
    parser.add_argument("--lr", type=common.step_size, default=1.0, help="step size (%(default)s)")
    parser.add_argument("--reg", type=common.not_negative, default=1e-3,
                        help="weight of ½‖W‖² (%(default)s)")  # fmt: skip
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument(
        "--as-in-the-notes", action="store_true", help="repeat the tables that the notes print"
    )
    instead.add_argument("--sweep", action="store_true", help="the sweep of the lecture instead, "
                         "as one figure")  # fmt: skip
    parser.add_argument(
        "--explore", action="store_true", help="write pages that step through the net, too"
    )
    options = parser.parse_args(arguments)
    if options.as_in_the_notes:
        as_in_the_notes(options.steps)
        return
    out = common.folder(options.out)
    rng = np.random.default_rng(options.seed)
    X, y = nn.spiral(options.points, options.classes, seed=rng)
    if options.sweep:
        sweep_of(X, y, options, out)
        return
    hidden = options.hidden or 100

    print(f"linear classifier, {len(X)} points of {options.classes} classes")
    linear = nn.Linear(2, options.classes, init=nn.init.normal, seed=rng)
    first = train(linear, X, y, lr=options.lr, reg=options.reg, steps=200, report=table(200),
                  record_every=1, label="linear")  # fmt: skip
    print(f"training accuracy: {accuracy(linear, X, y):.3f}\n")
    picture_linear(out / "linear.png", linear, X, y, first)

    print(f"\ntwo-layer net, {hidden} hidden units")
    activation = common.ACTIVATIONS[options.activation]()
    net = nn.TwoLayerNet(2, hidden, options.classes, activation=activation, seed=rng)
    film = plots.Film(X, y)
    history = train(net, X, y, lr=options.lr, reg=options.reg, steps=options.steps,
                    report=table(options.steps), record_every=max(1, options.steps // 1000),
                    label="net", film=film)  # fmt: skip
    print(f"training accuracy: {accuracy(net, X, y):.3f}\n")
    picture_net(out / "net.png", net, X, y, history)
    picture_graph(out / "net-graph.svg", net, X, y)
    if options.explore:
        pages(out, net, X, y)
    title = f"two-layer net on the spiral, {hidden} hidden units"
    common.wrote(plots.player(film, out / "film.html", title=title, history=history))
    for run in (first, history):
        common.check_losses(run.steps, run.data_loss, options.lr)


if __name__ == "__main__":
    main()
