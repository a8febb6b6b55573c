"""A variational autoencoder (Kingma and Welling 2014, arXiv:1312.6114) on MNIST, in float32.

An encoder makes of an image the mean and the variance of a few numbers z, a decoder makes of z
the probability that each pixel is white. What is maximised bounds ln p(image) from below, the ELBO
in nats: E ln p(image | z), a sum over pixels (grey ones count as probabilities), minus the
divergence KL(q(z | image) ‖ N(0, 1)). The gradient comes through z = mean + deviation · noise.

With 20 numbers and ten epochs PyTorch's example, which is the same net, comes to an ELBO of about
-105.6 on the test images. With 2 the numbers are a map, which is drawn. Without the full data set
at hand (see --data, GATEGRAD_DATA) it is downloaded, and without a network the small subset that
ships with the package serves.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

import autograd as ag
import nn
from nn import plots
from nn.plots.style import GRADIENT, MUTED, STYLE, VALUE

from . import common, training
from .mnist import read

QUICK = {"epochs": 2, "hidden": 100, "subset": True}
DIGIT = (28, 28)
CHUNK = 500  # images that are measured at a time


class VAE(nn.Module):
    """Encoder and decoder, of one hidden layer each, for images (n, pixels) from 0 to 1."""

    def __init__(self, pixels: int, hidden: int, latent: int) -> None:
        f4, plain = np.float32, nn.init.xavier
        self.encoder = nn.Sequential(nn.Linear(pixels, hidden, dtype=f4), nn.ReLU())
        self.mean = nn.Linear(hidden, latent, init=plain, dtype=f4)
        self.log_variance = nn.Linear(hidden, latent, init=plain, dtype=f4)
        self.decoder = nn.Sequential(
            nn.Linear(latent, hidden, dtype=f4), nn.ReLU(),
            nn.Linear(hidden, pixels, init=plain, dtype=f4),
        )  # fmt: skip

    def forward(self, x: Any, noise: Any) -> tuple[Any, Any]:
        """The two parts of the negative ELBO, sums over all images: error, and divergence.

        noise (n, latent) is drawn from N(0, 1).
        """
        hidden = self.encoder(x)
        mean, log_variance = self.mean(hidden), self.log_variance(hidden)
        z = mean + np.exp(0.5 * log_variance) * noise
        error = nn.binary_cross_entropy_with_logits(self.decoder(z), x, reduction="sum")
        divergence = 0.5 * np.sum(mean**2 + np.exp(log_variance) - log_variance - 1.0)
        return error, divergence

    def images(self, z: Any) -> Any:
        """The probabilities of white (n, pixels) for numbers z (n, latent), as an array."""
        with ag.no_grad():
            return ag.sigmoid(self.decoder(np.asarray(z, np.float32))).numpy()

    def means(self, x: Any) -> Any:
        """The most probable z of images, as an array."""
        with ag.no_grad():
            return self.mean(self.encoder(x)).numpy()


@dataclass
class Run:
    """The ELBO in nats, of each epoch."""

    latent: int
    training: list[float] = field(default_factory=list)
    test: list[float] = field(default_factory=list)
    seconds: float = 0.0


def train(net: VAE, data: Any, options: Any, run: Run, rng: np.random.Generator) -> None:
    """So many passes over the images, shuffled anew each time."""
    (x, _), (x_test, _) = data
    adam = nn.Adam(net, lr=options.lr)

    def step(images: Any) -> Any:
        adam.zero_grad()
        noise = ag.fresh(rng.standard_normal, (len(images), run.latent), np.float32)
        error, divergence = net(images, noise)
        loss = (error + divergence) / len(images)
        loss.backward()
        adam.step()
        return loss

    take = training.compiled(step, options.compile)
    print(f"{'epoch':>5}  {'CPU s':>7}  {'training':>9}  {'test':>9} = {'-error':>9} - KL")
    for epoch in common.progress(range(1, options.epochs + 1), options.epochs, "training"):
        start, total, order = time.process_time(), 0.0, rng.permutation(len(x))
        for k in range(0, len(x), options.batch):
            images = x[order[k : k + options.batch]]
            total += take(images).item() * len(images)
        run.seconds += time.process_time() - start
        run.training.append(-total / len(x))
        common.check_losses([epoch], run.training[-1:], options.lr)
        error, divergence = measure(net, x_test, run.latent)
        run.test.append(-error - divergence)
        print(f"{epoch:5d}  {run.seconds:7.1f}  {run.training[-1]:9.3f}  {run.test[-1]:9.3f} = "
              f"{-error:9.3f} - {divergence:.3f}", flush=True)  # fmt: skip


def measure(net: VAE, x: Any, latent: int) -> tuple[float, float]:
    """Error and divergence of an image, in nats; always with the same noise."""
    rng, total = np.random.default_rng(0), np.zeros(2)
    for k in range(0, len(x), CHUNK):
        part = x[k : k + CHUNK]
        with ag.no_grad():
            parts = net(part, rng.standard_normal((len(part), latent), np.float32))
        total += [part.item() for part in parts]
    error, divergence = total / len(x)
    return float(error), float(divergence)


# --- pictures -----------------------------------------------------------------------------------


def picture(path: Path, net: VAE, data: Any, run: Run, seed: int) -> None:
    """What the net draws by itself, what it makes of digits, and the ELBO on its way."""
    import matplotlib.pyplot as plt

    on_map = run.latent == 2
    places = [["drawn", "map", "made"], ["drawn", "map", "curve"]]
    places = places if on_map else [[row[0], row[2]] for row in places]
    with plt.rc_context(STYLE):
        figure, axes = plt.subplot_mosaic(
            places, figsize=(17, 6.4) if on_map else (12, 6.4), layout="constrained",
            width_ratios=[1, 1, 0.8] if on_map else [1, 0.85],
        )  # fmt: skip
        if on_map:
            tiles(axes["drawn"], net.images(quantiles(20)), 20, "images from all over the map")
            _map(axes["map"], net, *data[1])
        else:
            z = np.random.default_rng(seed).standard_normal((144, run.latent))
            tiles(axes["drawn"], net.images(z), 12, "digits that it has thought up")
        x = _of_each_digit(*data[1])
        made = net.images(net.means(x))
        rows = np.concatenate([x[:10], made[:10], x[10:], made[10:]])
        tiles(axes["made"], rows, 10, "test images, and below them what is left of them", gap=2)
        _curve(axes["curve"], run)
    title = f"variational autoencoder with {run.latent} numbers: an ELBO of {run.test[-1]:.2f} nats"
    plots.save(figure, path, title)


def quantiles(across: int) -> Any:
    """A grid (across², 2) of places that split N(0, 1) evenly, highest row first."""
    at = [NormalDist().inv_cdf((k + 0.5) / across) for k in range(across)]
    u, v = np.meshgrid(at, at[::-1])
    return np.c_[u.ravel(), v.ravel()]


def tiles(axis: Any, images: Any, across: int, title: str, gap: int = 0) -> None:
    """Images (n, pixels) side by side, dark on light."""
    down, (height, width) = -(-len(images) // across), DIGIT
    sheet = np.zeros((down, height + gap, across, width + gap), np.float32)
    for k, image in enumerate(images):
        sheet[k // across, :height, k % across, :width] = image.reshape(DIGIT)
    sheet = sheet.reshape(down * (height + gap), across * (width + gap))
    axis.imshow(1 - sheet, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axis.set(xticks=[], yticks=[], title=title)
    axis.spines[:].set_visible(False)


def _map(axis: Any, net: VAE, x: Any, t: Any) -> None:
    """Where the test images lie, each class with its digit."""
    from matplotlib.patheffects import withStroke

    z, colours = net.means(x[:5000]), _ten_colours()
    for digit in range(10):
        of_digit = z[t[:5000] == digit]
        axis.plot(*of_digit.T, ".", color=colours[digit], ms=3, alpha=0.6, mew=0)
    for digit in range(10):  # above all points
        of_digit = z[t[:5000] == digit]
        if len(of_digit):
            axis.text(*np.median(of_digit, axis=0), str(digit), fontsize=15, weight="bold",
                      color=colours[digit], ha="center", va="center",
                      path_effects=[withStroke(linewidth=4, foreground="white")])  # fmt: skip
    most = max(3.0, float(np.quantile(np.abs(z), 0.995)))
    axis.set(xlim=(-most, most), ylim=(-most, most), aspect="equal", xlabel="z₁", ylabel="z₂",
             title="where test images lie on the map")  # fmt: skip


def _ten_colours() -> list[Any]:
    import matplotlib

    return list(matplotlib.colormaps["tab10"].colors)


def _of_each_digit(x: Any, t: Any) -> Any:
    """Two images of each digit, in order: the first ones of 0 to 9, then the second ones."""
    chosen = [np.flatnonzero(t == digit)[k] for k in (0, 1) for digit in range(10)]
    return x[chosen]


def _curve(axis: Any, run: Run) -> None:
    epochs = range(1, len(run.test) + 1)
    axis.plot(epochs, run.training, "--", color=MUTED, lw=2, label="training, on the way")
    axis.plot(epochs, run.test, "-", color=VALUE, lw=2, label="test")
    axis.annotate(f"{run.test[-1]:.2f}", (epochs[-1], run.test[-1]), (0, 7), color=GRADIENT,
                  textcoords="offset points", ha="right", weight="bold")  # fmt: skip
    axis.legend(loc="lower right")
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.set(title=f"ELBO in nats, {run.latent} numbers an image", xlabel="epoch")


@common.program
@np.errstate(over="ignore", invalid="ignore")  # a training that goes astray is told in a line
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo; `arguments` as on the command line."""
    parser = common.parser(__doc__, "vae")
    add = parser.add_argument
    add("--epochs", type=common.positive, default=10, help="passes (%(default)s)")
    training.add_options(parser, lr=0.001, batch=128)
    add("--latent", type=common.positive, nargs="+", default=[2, 20], metavar="NUMBERS",
        help="that an image becomes; of several, one net each (2 20)")  # fmt: skip
    add("--hidden", type=common.positive, default=400, help="hidden units (%(default)s)")
    add("--data", type=Path, help="folder with the four MNIST files")
    add("--subset", action="store_true", help="use the small subset")
    options = training.parsed(parser, arguments, QUICK)
    out = common.folder(options.out)
    data = read(options.data, options.subset, flatten=True)
    (x, _), (x_test, _) = data
    print(f"{len(x):,} training and {len(x_test):,} test images, {x.dtype}")
    for latent in options.latent:
        rng, run = np.random.default_rng(options.seed), Run(latent)
        net = VAE(x.shape[1], options.hidden, latent).initialise(rng)
        count = sum(p.size for p in net.parameters())
        print(f"\n{latent} numbers an image: {count:,} parameters")
        train(net, data, options, run, rng)
        print(f"test ELBO {run.test[-1]:.2f} nats, {-run.test[-1] / 784 / np.log(2):.4f} bits a "
              f"pixel, after {run.seconds:.0f} s")  # fmt: skip
        if common.can_plot():
            picture(out / f"vae-{latent}.png", net, data, run, options.seed)
            common.wrote(out / f"vae-{latent}.png")


if __name__ == "__main__":
    main()
