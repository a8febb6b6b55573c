"""AlexNet as the lecture lists it (CS231n, "CNN Architectures"): drawn, and trained for a step.

The net has 61 million weights as it was trained, in two towers that each see half of the channels
of conv2, conv4 and conv5; in one piece it has 62 million. None of them is needed for the picture:
inside `shapes_only()` gates work out shapes and nothing else. Then the weights are drawn at random
and a step of training is taken, on noise in the place of photographs: the loss begins near ln 1000,
and on the same images it is lower after the step. --size 67 --towers 1 make it quick.
"""

from __future__ import annotations

import argparse
import functools
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import autograd as ag
import nn
from autograd import Tensor
from autograd.draw import blank, draw, shapes_only
from nn import plots

from . import common, training

Layers = dict[str, list[nn.Module]]
CLASSES = 1000
QUICK = {"size": 67}
LEAST = 67  # of an image: less, and the last pooling has nothing left


def no_numbers(fan_in: int, fan_out: int, *, seed: Any = None, dtype: Any = float) -> Any:
    """Weights of the right shape that take no memory."""
    return blank((fan_in, fan_out), dtype)


class AlexNet(nn.Module):
    """Five convolutions and three affine layers (Krizhevsky, Sutskever, Hinton 2012).

    towers   2: conv2, conv4 and conv5 see half of the channels each, as on two graphics cards;
             1: in one piece, as on the slides
    size     of the images, (n, 3, size, size): 227, or less
    drawn    False: weights that take no memory, to be looked at
    Without dropout, and without the normalisation layers, which nobody uses any more.
    """

    def __init__(self, towers: int = 1, size: int = 227, *, drawn: bool = False) -> None:
        def conv(inputs: int, filters: int, size: int, **options: Any) -> list[nn.Module]:
            init = nn.init.he if drawn else no_numbers
            return [nn.Conv2d(inputs, filters, size, init=init, dtype=np.float32, **options),
                    nn.ReLU()]  # fmt: skip

        def affine(inputs: int, outputs: int, std: float = 0.01) -> nn.Linear:  # as in the paper
            init = functools.partial(nn.init.normal, std=std) if drawn else no_numbers
            return nn.Linear(inputs, outputs, init=init, dtype=np.float32)

        left = (size - 11) // 4 + 1  # rows that conv1 leaves, then the three poolings
        for _ in range(3):
            left = (left - 3) // 2 + 1
        self.stages: Layers = {
            "conv1": conv(3, 96, 11, stride=4), "pool1": [nn.MaxPool2d(3, 2)],
            "conv2": conv(96, 256, 5, padding=2, groups=towers), "pool2": [nn.MaxPool2d(3, 2)],
            "conv3": conv(256, 384, 3, padding=1),
            "conv4": conv(384, 384, 3, padding=1, groups=towers),
            "conv5": conv(384, 256, 3, padding=1, groups=towers), "pool3": [nn.MaxPool2d(3, 2)],
            "fc6": [nn.Flatten(), affine(256 * left * left, 4096), nn.ReLU()],
            "fc7": [affine(4096, 4096), nn.ReLU()],
            "fc8": [affine(4096, CLASSES, std=0.001)],  # at first no class is likelier than others
        }  # fmt: skip

    def forward(self, x: Any) -> Any:
        """The scores of images (n, 3, size, size) for 1000 classes."""
        for name, stage in self.stages.items():
            with ag.scope(name, note=describe(stage)):
                for layer in stage:
                    x = layer(x)
        return x


def parameters(stage: list[nn.Module]) -> int:
    """How many a stage has."""
    return sum(p.size for layer in stage for p in layer.parameters())


def describe(stage: list[nn.Module]) -> str:
    """What a stage is, in a few words: its window, its stride, its parameters."""
    words = []
    for layer in stage:
        if isinstance(layer, nn.Conv2d):
            rows, columns = layer.W.shape[2:]
            words.append(f"{layer.W.shape[0]} filters {rows} × {columns}")
            words += [f"stride {layer.stride}"] * (layer.stride != 1)
            words += [f"{layer.groups} towers"] * (layer.groups != 1)
    count = parameters(stage)
    return " · ".join([*words, *([f"{count:,} params"] if count else [])])


def graph(examples: int = 1, towers: int = 1, size: int = 227) -> tuple[Tensor, AlexNet]:
    """The scores of a batch, recorded as shapes alone, and the net."""
    net = AlexNet(towers, size)
    images = Tensor(blank((examples, 3, size, size), np.float32), requires_grad=False, name="image")
    with shapes_only():
        scores = net(images)
    scores.name = "scores"
    return scores, net


def drawing(options: argparse.Namespace, out: Path) -> None:
    """Print the layers, and draw the net."""
    before = peak()
    scores, net = graph(1, options.towers, options.size)
    weights = sum(map(parameters, net.stages.values()))
    for name, stage in net.stages.items():
        print(f"{name:6} {parameters(stage):>12,} parameters   {describe(stage)}")
    print(f"total  {weights:>12,} parameters, {4 * weights / 2**20:.0f} MiB as float32")
    title = f"AlexNet: {weights:,} parameters"
    picture = draw(scores, show="outline", depth=1, expand=options.expand,
                   direction=options.direction, title=title)  # fmt: skip
    path = picture.save(out / "alexnet.svg")
    if before is not None:
        print(
            f"memory: {peak():.0f} MiB at most, of which {before:.0f} MiB before the net was made"
        )
    common.wrote(path)


def peak() -> float | None:
    """The most memory that this process has had, in MiB; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


# --- a step of training -------------------------------------------------------------------------


def train(options: argparse.Namespace) -> AlexNet:
    """Steps of training on one batch of noise; tells what became of loss and parameters."""
    rng = np.random.default_rng(options.seed)
    net = AlexNet(options.towers, options.size, drawn=True).initialise(rng)
    shape = (options.batch, 3, options.size, options.size)
    images, labels = rng.standard_normal(shape, np.float32), rng.integers(0, CLASSES, options.batch)
    print(f"\n{net.summary(images)}\n")
    sgd = nn.SGD(net, lr=options.lr, momentum=0.9, weight_decay=5e-4)  # those of the paper

    def step(x: Any, y: Any) -> Any:
        sgd.zero_grad()
        loss = nn.cross_entropy(net(x), y)
        loss.backward()
        sgd.step()
        return loss

    take, losses = training.compiled(step, options.compile), list[float]()
    before = {path: p.numpy() for path, p in net.named_parameters()}
    print(f"batch {shape}; a loss of ln 1000 = {math.log(CLASSES):.4f} is that of guessing")
    for k in range(1, options.steps + 1):
        start = time.process_time()
        losses.append(take(images, labels).item())
        print(f"step {k}: loss {losses[-1]:.4f} before it, {time.process_time() - start:.2f} CPU s")
        common.check_losses([k], losses[-1:], options.lr)
        if k == 1:
            changes(net, before)
            before.clear()
    with ag.no_grad():
        print(f"loss {nn.cross_entropy(net(images), labels).item():.4f} after it")
    return net


def changes(net: AlexNet, before: dict[str, Any]) -> None:
    """Tell how much the first step has changed each parameter; a word where it has not."""
    print(f"  {'parameter':18} {'shape':>20} {'‖update‖ / ‖W‖':>14}  {'changed':>8}")
    for path, p in net.named_parameters():
        old, new = before[path], p.data
        size = np.linalg.norm(old)
        ratio = f"{np.linalg.norm(new - old) / size:.1e}" if size else "from 0"
        changed = float(np.mean(new != old))
        print(f"  {path.removeprefix('stages.'):18} {p.shape!s:>20} {ratio:>14}  {changed:8.2%}")
        if not changed:
            raise SystemExit(f"the step has left {path} as it was")


# --- where weights and work are -----------------------------------------------------------------


def cost(options: argparse.Namespace) -> dict[str, tuple[int, int, int]]:
    """Of each stage with weights: parameters, multiplications of an image, and numbers it gives."""
    found, net = {}, AlexNet(options.towers, options.size)
    x = Tensor(blank((1, 3, options.size, options.size), np.float32), requires_grad=False)
    with shapes_only():
        for name, stage in net.stages.items():
            for layer in stage:
                x = layer(x)
            weights = sum(p.size for layer in stage for p in layer.parameters() if p.ndim > 1)
            if weights:
                places = math.prod(x.shape[2:])  # a filter is used at each of them
                found[name] = parameters(stage), weights * places, math.prod(x.shape[1:])
    return found


def picture(path: Path, options: argparse.Namespace) -> None:
    """Bars: the parameters are in the affine layers, the work is in the convolutions."""
    rows = cost(options)
    titles = ("parameters", "multiplications of an image", "activations of an image")
    figure, axes = plots.figure(1, 3, size=(12, 3.6))
    for k, (axis, title) in enumerate(zip(axes[0], titles, strict=True)):
        values = [row[k] for row in rows.values()]
        colours = [plots.CLASS_COLOURS[0 if name.startswith("conv") else 4] for name in rows]
        bars = axis.barh(list(rows), values, color=colours)
        share = [f" {v / sum(values):.1%}" for v in values]
        axis.bar_label(bars, share, fontsize=9)
        axis.invert_yaxis()
        axis.set(xticks=[], xlim=(0, 1.2 * max(values)))
        axis.set_title(f"{title}: {sum(values):,}", size=10.5, weight="bold")
        axis.spines[["bottom", "left"]].set_visible(False)
        axis.tick_params(left=False)
    plots.save(figure, path, "AlexNet: where its weights and its work are")


@common.program
@np.errstate(over="ignore", invalid="ignore")  # a training that goes astray is told in a line
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo; `arguments` as on the command line."""
    parser = common.parser(__doc__, "alexnet")
    add = parser.add_argument
    add("--towers", type=int, choices=[1, 2], default=2,
        help="2: 60,965,224 parameters, as trained; 1: 62,378,344 (%(default)s)")  # fmt: skip
    add("--size", type=common.positive, default=227, help="of the images (%(default)s)")
    add("--steps", type=common.positive, default=1, help="of training (%(default)s)")
    training.add_options(parser, lr=0.01, batch=2)
    add("--draw-only", action="store_true", help="no training: shapes alone, in little memory")
    add("--expand", nargs="*", default=[], metavar="LAYER",
        help="layers to show gate by gate, such as conv1")  # fmt: skip
    add("--direction", choices=["LR", "TB"], default="TB", help="%(default)s")
    options = training.parsed(parser, arguments, QUICK)
    if options.size < LEAST:
        parser.error(f"--size {options.size}: the last pooling would have nothing left; images "
                     f"have {LEAST} rows or more")  # fmt: skip
    out = common.folder(options.out)
    drawing(options, out)
    if options.draw_only:
        return
    train(options)
    if common.can_plot():
        picture(out / "alexnet-cost.png", options)
        common.wrote(out / "alexnet-cost.png")


if __name__ == "__main__":
    main()
