"""AlexNet as the lecture lists it (CS231n, "CNN Architectures"): every layer with its shapes.

The net has 62 million weights, and none of them is needed for the picture: inside
`shapes_only()` gates work out shapes and nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

import autograd as ag
import nn
from autograd import Tensor
from autograd.draw import blank, draw, shapes_only

from . import common

Layers = dict[str, list[nn.Module]]


def no_numbers(fan_in: int, fan_out: int, *, seed: Any = None, dtype: Any = float) -> Any:
    """Weights of the right shape that take no memory."""
    return blank((fan_in, fan_out), dtype)


class AlexNet(nn.Module):
    """Five convolutions and three affine layers (Krizhevsky, Sutskever, Hinton 2012).

    As on the slides: for images of 227 x 227, in one piece (the original was split over two
    graphics cards), without the normalisation layers, which nobody uses any more.
    """

    def __init__(self) -> None:
        def conv(inputs: int, filters: int, size: int, stride: int, padding: int) -> list[Any]:
            layer = nn.Conv2d(inputs, filters, size, stride=stride, padding=padding,
                              init=no_numbers, dtype=np.float32)  # fmt: skip
            return [layer, nn.ReLU()]

        def affine(inputs: int, outputs: int) -> nn.Linear:
            return nn.Linear(inputs, outputs, init=no_numbers, dtype=np.float32)

        self.stages: Layers = {
            "conv1": conv(3, 96, 11, stride=4, padding=0), "pool1": [nn.MaxPool2d(3, 2)],
            "conv2": conv(96, 256, 5, stride=1, padding=2), "pool2": [nn.MaxPool2d(3, 2)],
            "conv3": conv(256, 384, 3, stride=1, padding=1),
            "conv4": conv(384, 384, 3, stride=1, padding=1),
            "conv5": conv(384, 256, 3, stride=1, padding=1), "pool3": [nn.MaxPool2d(3, 2)],
            "fc6": [nn.Flatten(), affine(256 * 6 * 6, 4096), nn.ReLU()],
            "fc7": [affine(4096, 4096), nn.ReLU()],
            "fc8": [affine(4096, 1000)],
        }  # fmt: skip
        self.layers = [layer for stage in self.stages.values() for layer in stage]

    def forward(self, x: Any) -> Any:
        """The scores of images (n, 3, 227, 227) for 1000 classes."""
        for name, stage in self.stages.items():
            with ag.scope(name, note=describe(stage)):
                for layer in stage:
                    x = layer(x)
        return x


def describe(stage: list[nn.Module]) -> str:
    """What a stage is, in a few words: its window, its stride, its parameters."""
    words = []
    for layer in stage:
        if isinstance(layer, nn.Conv2d):
            rows, columns = layer.W.shape[2:]
            words.append(f"{layer.W.shape[0]} filters {rows} × {columns}")
            words += [f"stride {layer.stride}"] * (layer.stride != 1)
    count = sum(p.size for layer in stage for p in layer.parameters())
    return " · ".join([*words, *([f"{count:,} params"] if count else [])])


def graph(examples: int = 1) -> tuple[Tensor, AlexNet]:
    """The scores of a batch, recorded as shapes alone, and the net."""
    net = AlexNet()
    images = Tensor(blank((examples, 3, 227, 227), np.float32), requires_grad=False, name="image")
    with shapes_only():
        scores = net(images)
    scores.name = "scores"
    return scores, net


@common.program
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo; `arguments` as on the command line."""
    parser = common.parser(__doc__, "alexnet_graph")
    parser.add_argument("--expand", nargs="*", default=[], metavar="LAYER",
                        help="layers to show gate by gate, such as conv1")  # fmt: skip
    parser.add_argument("--direction", choices=["LR", "TB"], default="TB", help="%(default)s")
    options = parser.parse_args(arguments)
    out = common.folder(options.out)
    before = peak()
    scores, net = graph()
    weights = sum(p.size for p in net.parameters())
    for name, stage in net.stages.items():
        count = sum(p.size for layer in stage for p in layer.parameters())
        print(f"{name:6} {count:>12,} parameters   {describe(stage)}")
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


if __name__ == "__main__":
    main()
