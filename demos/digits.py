"""Learn scikit-learn's 1,797 digits of 8 by 8 pixels in seconds: nothing is downloaded.

A small convolutional net, by Adam and the one-cycle schedule, in float32. 360 digits, drawn by
--seed, are for testing and the other 1,437 for training. Prints the accuracies, and leaves their
curves, the confusion matrix, and what the net gets wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import autograd as ag
import nn
from nn import plots

from . import common
from .classifier import Curves, fit, scores_of, shifted

BATCH, LR, EPOCHS = 50, 5e-3, 30


def cnn(seed: int) -> nn.Module:
    """Two convolutions, from 1 to 16 to 32 channels, a pooling, and 512-64-10."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, dtype=np.float32), nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1, dtype=np.float32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.3),
        nn.Linear(512, 64, dtype=np.float32), nn.ReLU(), nn.Dropout(0.3),
        nn.Linear(64, 10, dtype=np.float32),
        seed=seed,
    )  # fmt: skip


def picture(path: Path, net: nn.Module, data: Any, curves: Curves) -> None:
    """Accuracies, the confusion matrix, and the mistakes."""
    if not common.can_plot():
        return
    figure, axes = plots.figure(1, 3, size=(15, 4.8))
    both = {"training": curves.training, "test": curves.test}
    plots.accuracy_curve(curves.steps, both, axis=axes[0, 0])
    axes[0, 0].set_ylim(min(90, 100 * min(curves.test[len(curves.test) // 3 :])), 100.2)
    x, t = data[1]
    p = ag.softmax(scores_of(net, x))
    plots.confusion(t, p.argmax(axis=1), axis=axes[0, 1])
    plots.mistakes(x, t, p, (8, 8), "mistakes", axis=axes[0, 2], count=9, across=3)
    plots.save(figure, path, "digits of 8 by 8 pixels: accuracy, confusion, mistakes")
    common.wrote(path)


@common.program
@np.errstate(over="ignore", invalid="ignore")  # a training that goes astray is told in a line
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo; `arguments` as on the command line."""
    parser = common.parser(__doc__, "digits")
    parser.add_argument("--compile", action="store_true", help="the same bits, quicker")
    parser.add_argument("--quick", action="store_true", help="two epochs")
    parser.add_argument("--epochs", type=common.positive, default=EPOCHS, help="(%(default)s)")
    parser.add_argument("--lr", type=common.step_size, default=LR,
                        help="the largest step size (%(default)s)")  # fmt: skip
    options = parser.parse_args(arguments)
    out = common.folder(options.out)
    data = common.imported(nn.digits, seed=options.seed, flatten=False)
    (x, _), (x_test, _) = data
    print(f"{len(x):,} training and {len(x_test):,} test images, {x.dtype}")
    net = cnn(options.seed)
    epoch = -(-len(x) // BATCH)
    steps = epoch * (2 if options.quick else options.epochs)
    adam = nn.Adam(net, lr=options.lr)
    cycle = nn.OneCycleLR(adam, options.lr, total_steps=steps)
    found = fit(net, data, adam, cycle, steps=steps, every=epoch, batch=BATCH, seed=options.seed,
                transform=shifted, compiled=options.compile)  # fmt: skip
    curves = found.curves
    common.check_losses(curves.steps, curves.loss, options.lr)
    print(f"training accuracy {curves.training[-1]:.4f}, test accuracy {curves.test[-1]:.4f} after "
          f"{found.seconds:.1f} s, {found.milliseconds:.2f} ms a step")  # fmt: skip
    picture(out / "digits.png", net, data, curves)


if __name__ == "__main__":
    main()
