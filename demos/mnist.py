"""Train a net on MNIST or on Fashion-MNIST, in float32.

--model two-layer   the net of "Deep Learning from Scratch", by plain SGD
        mlp         784-512-256-10 with dropout, by Adam and the one-cycle schedule
        cnn         two convolutions and two linear layers, the same way

Without the full data set at hand (see --folder, GATEGRAD_DATA) it is downloaded, and without a
network the small subset of MNIST that ships with the package serves. Prints the accuracy after
every epoch, and leaves curves, confusion matrix, weights, and the most confident mistakes.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import autograd as ag
import nn
from nn import plots

from . import common
from .classifier import Curves, Fit, fit, scores_of

ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}
TILES = 60  # units of the first layer that are shown


def two_layer(seed: int, hidden: int = 50, activation: str = "relu") -> nn.Module:
    """784-50-10."""
    layer = ACTIVATIONS[activation]()
    return nn.TwoLayerNet(784, hidden, 10, activation=layer, seed=seed, dtype=np.float32)


def mlp(seed: int) -> nn.Module:
    """784-512-256-10."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 512, dtype=np.float32), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(512, 256, dtype=np.float32), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(256, 10, dtype=np.float32),
        seed=seed,
    )  # fmt: skip


def cnn(seed: int) -> nn.Module:
    """Twice convolution, ReLU and pooling, from 1 to 16 to 32 channels; then 512-128-10."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, dtype=np.float32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5, dtype=np.float32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(512, 128, dtype=np.float32), nn.ReLU(), nn.Dropout(0.3),
        nn.Linear(128, 10, dtype=np.float32),
        seed=seed,
    )  # fmt: skip


class Recipe(NamedTuple):
    """How a model is trained: so many batches, the largest step size, and by which rule."""

    net: Callable[..., nn.Module]
    steps: int
    lr: float
    sgd: bool = False  # or Adam, with its step size up and down again


MODELS = {
    "two-layer": Recipe(two_layer, 10_000, 0.1, sgd=True),
    "mlp": Recipe(mlp, 9_000, 2e-3),
    "cnn": Recipe(cnn, 3_000, 2e-3),
}


def train(
    net: nn.Module, recipe: Recipe, data: Any, *, batch: int, seed: int, compiled: bool
) -> Fit:
    """Train as the recipe says; a line after each epoch."""
    epoch = -(-len(data[0][0]) // batch)
    optimiser = (nn.SGD if recipe.sgd else nn.Adam)(net, lr=recipe.lr)
    cycle = None if recipe.sgd else nn.OneCycleLR(optimiser, recipe.lr, total_steps=recipe.steps)

    def tell(curves: Curves, milliseconds: float) -> None:
        step, loss, training, test = (values[-1] for values in curves)
        print(f"{step / epoch:5.1f}  {step:6d}  {common.decimal(loss, 4):>7}  {training:8.4f}  "
              f"{test:7.4f}  {milliseconds:7.2f}", flush=True)  # fmt: skip

    print(f"{'epoch':>5}  {'step':>6}  {'loss':>7}  {'training':>8}  {'test':>7}  {'ms/step':>7}")
    return fit(
        net, data, optimiser, cycle, steps=recipe.steps, every=epoch, batch=batch, seed=seed,
        compiled=compiled, tell=tell,
    )  # fmt: skip


# --- pictures -------------------------------------------------------------------------------------


def picture(
    path: Path, model: str, net: nn.Module, data: Any, curves: Curves, names: Sequence[str] | None
) -> None:
    """Curves, confusion, weights of the first layer, confident mistakes, and what units do."""
    if not common.can_plot():
        return
    figure, axes = plots.figure(2, 3, size=(15.5, 9))
    history = plots.History(curves.steps, curves.loss)
    plots.loss_curve(history, classes=10, axis=axes[0, 0])
    both = {"training": curves.training, "test": curves.test}
    plots.accuracy_curve(curves.steps, both, axis=axes[0, 1])
    axes[0, 1].set_ylim(100 * min(curves.test) - 1, 100.2)
    x, t = data[1]
    p = ag.softmax(scores_of(net, x))
    plots.confusion(t, p.argmax(axis=1), axis=axes[0, 2], names=names)
    first_layer(net, axes[1, 0])
    plots.mistakes(x, t, p, (28, 28), axis=axes[1, 1], names=names)
    units(net, x, axes[1, 2])
    plots.save(figure, path, f"{model} on images: curves, weights, mistakes")
    common.wrote(path)


def first_layer(net: nn.Module, axis: Any) -> None:
    """What each unit, or each filter, of the first layer looks for."""
    W = net.parameters()[0].numpy()
    filters = W.ndim == 4
    columns = W.reshape(len(W), -1).T if filters else W[:, :TILES]
    title = "filters of the first layer" if filters else "weights of the first layer, a tile a unit"
    if not filters and W.shape[1] > TILES:
        title = f"weights of the first layer, {TILES} of {W.shape[1]} units"
    plots.weight_tiles(columns, W.shape[2:] if filters else (28, 28), title, axis=axis)


def units(net: nn.Module, x: Any, axis: Any) -> None:
    """What a convolution makes of a digit; or how strong the units of the first layer are."""
    seen: list[Any] = []
    layers = [layer for layer in net.children() if isinstance(layer, (*ACTIVATIONS.values(),))]
    hook = layers[0].register_forward_hook(lambda module, inputs, out: seen.append(out.numpy()))
    scores_of(net, x[:2000])
    hook.remove()
    hidden = np.concatenate(seen)
    if hidden.ndim == 4:
        maps = hidden[0].reshape(len(hidden[0]), -1).T
        plots.weight_tiles(maps, hidden.shape[2:], "what they find in the first test image",
                           axis=axis)  # fmt: skip
    else:
        plots.activations(hidden, axis=axis)


# --- the program ----------------------------------------------------------------------------------


def load(options: Any) -> Any:
    """The data in float32."""
    if options.data == "fashion":
        return nn.fashion_mnist(options.folder, flatten=False)
    return read(options.folder, options.subset, flatten=False)


def read(folder: Path | None, subset: bool, *, flatten: bool) -> Any:
    """MNIST; a fall-back to the subset is told in a plain line."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", nn.SubsetWarning)
        data = nn.mnist(folder, subset=subset, flatten=flatten)
    for warning in caught:
        print(f"note: {warning.message}")
    return data


def parse(arguments: Sequence[str] | None) -> Any:
    """The options; those that are not given are as the model's recipe says."""
    parser = common.parser(__doc__, "mnist")
    parser.add_argument("--model", choices=list(MODELS), default="two-layer", help="%(default)s")
    parser.add_argument("--data", choices=["mnist", "fashion"], default="mnist", help="%(default)s")
    parser.add_argument("--folder", type=Path, help="with the four files of the data")
    parser.add_argument("--subset", action="store_true", help="use the small subset of MNIST")
    parser.add_argument("--compile", action="store_true", help="the same bits, quicker")
    parser.add_argument("--quick", action="store_true", help="a try: the subset, and 100 batches")
    usual = ", ".join(f"{name} {r.steps:,}" for name, r in MODELS.items())
    parser.add_argument("--steps", type=common.positive, help=f"batches ({usual})")
    parser.add_argument("--batch", type=common.positive, default=100, help="its size (%(default)s)")
    usual = ", ".join(f"{name} {r.lr:g}" for name, r in MODELS.items())
    parser.add_argument("--lr", type=common.step_size, help=f"the largest step size ({usual})")
    parser.add_argument("--hidden", type=common.positive, help="units of the two-layer net (50)")
    parser.add_argument("--activation", choices=list(ACTIVATIONS), help="of the same (relu)")
    options = parser.parse_args(arguments)
    if options.model != "two-layer" and (options.hidden or options.activation):
        parser.error(f"--hidden and --activation are of the two-layer net, not of {options.model}")
    if options.subset and options.data == "fashion":
        parser.error("--subset is of MNIST; Fashion-MNIST has none")
    options.subset |= options.quick and options.data == "mnist" and options.folder is None
    return options


@common.program
@np.errstate(over="ignore", invalid="ignore")  # a training that goes astray is told in a line
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo; `arguments` as on the command line."""
    options = parse(arguments)
    recipe = MODELS[options.model]
    steps = options.steps or (100 if options.quick else recipe.steps)
    recipe = recipe._replace(steps=steps, lr=options.lr or recipe.lr)
    out = common.folder(options.out)
    data = load(options)
    own = {k: v for k in ("hidden", "activation") if (v := getattr(options, k))}
    net = recipe.net(options.seed, **own)
    (x, _), (x_test, _) = data
    print(f"{len(x):,} training and {len(x_test):,} test images, {x.dtype}; {options.model}, "
          f"{sum(p.size for p in net.parameters()):,} parameters")  # fmt: skip
    found = train(net, recipe, data, batch=options.batch, seed=options.seed,
                  compiled=options.compile)  # fmt: skip
    curves = found.curves
    common.check_losses(curves.steps, curves.loss, recipe.lr)
    print(f"training accuracy {curves.training[-1]:.4f}, test accuracy {curves.test[-1]:.4f} "
          f"after {found.seconds:.1f} s of steps")  # fmt: skip
    names = nn.data.FASHION if options.data == "fashion" else None
    picture(out / f"{options.data}-{options.model}.png", options.model, net, data, curves, names)


if __name__ == "__main__":
    main()
