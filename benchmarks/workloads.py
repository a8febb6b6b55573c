"""The work that every system does: each case is made once, and all systems get the same arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from . import course, nets

Array = np.ndarray[Any, Any]
Arrays = dict[str, Any]

FILTERS, KERNEL = 16, 5


@dataclass(frozen=True)
class Case:
    """One line of the table."""

    name: str
    kind: str  # what systems call it: the key of their RUNS
    make: Callable[[], Arrays]
    unit: str = "µs"
    per: float = 1.0  # how many of what is reported one run contains (gates of a chain)
    check: int = 1  # runs before the systems are compared
    tolerance: float = 1e-9
    rounds: int | None = None  # at most so many
    large: bool = False  # arrays are so large that the state of the allocator matters
    small: Callable[[], Arrays] | None = None  # the same in small: its memory is reported
    reference: str = "by_hand"  # the system whose time is 1


def two_layer(
    dtype: str, d: int, h: int, k: int, X: Array, y: Array, *, lr: float, reg: float
) -> Arrays:
    """A two-layer net and the batches (batch, example, feature) that it goes through."""
    rng = np.random.default_rng(0)
    weights = {name: (0.01 * rng.standard_normal(shape) if len(shape) == 2 else np.zeros(shape))
               for name, shape in
               {"W1": (d, h), "b1": (h,), "W2": (h, k), "b2": (k,)}.items()}  # fmt: skip
    arrays = {name: w.astype(dtype) for name, w in weights.items()}
    return {**arrays, "X": X.astype(dtype), "y": y, "lr": lr, "reg": reg}


def spiral(dtype: str) -> Arrays:
    """CS231n's spiral: 300 points at once, 2-100-3, with regularisation."""
    import nn

    X, y = nn.spiral(seed=0)
    return two_layer(dtype, 2, 100, 3, X[None], y[None], lr=1.0, reg=1e-3)


def mnist(dtype: str, batch: int = 100, hidden: int = 50) -> Arrays:
    """The book's net: 784-50-10, batches of 100 drawn beforehand."""
    X, y = _digits(batch)
    return two_layer(dtype, 784, hidden, 10, X, y, lr=0.1, reg=0.0)


def conv(dtype: str) -> Arrays:
    """32 images of 28 x 28, 16 filters of 5 x 5, ReLU, max pooling 2 x 2, 10 scores."""
    X, y = _digits(32)
    rng = np.random.default_rng(0)
    flat = FILTERS * ((28 - KERNEL + 1) // 2) ** 2
    W1 = rng.standard_normal((FILTERS, 1, KERNEL, KERNEL)) * np.sqrt(2 / KERNEL**2)
    W2 = rng.standard_normal((flat, 10)) * np.sqrt(2 / flat)
    weights = {"W1": W1, "b1": np.zeros(FILTERS), "W2": W2, "b2": np.zeros(10)}
    arrays = {name: w.astype(dtype) for name, w in weights.items()}
    images = X.reshape(*X.shape[:2], 1, 28, 28).astype(dtype)
    return {**arrays, "X": images, "y": y, "lr": 0.05}


def _digits(batch: int) -> tuple[Array, Array]:
    import nn

    (x, t), _ = nn.mnist(subset=True, dtype=np.float64)
    count = max(1, len(x) // batch)
    x, t = np.resize(x, (count * batch, x.shape[1])), np.resize(t, count * batch)
    order = np.random.default_rng(0).permutation(len(x))
    return x[order].reshape(count, batch, -1), t[order].reshape(count, batch)


def moons() -> Arrays:
    """Two half moons, 100 points; 2-16-16-1 of scalars, hinge loss (the example of micrograd)."""
    rng = np.random.default_rng(0)
    angle, label = rng.uniform(0, np.pi, 100), rng.integers(0, 2, 100)
    X = np.stack([np.cos(angle) + label, np.sin(angle) * (1 - 2 * label) + 0.5 * label], axis=1)
    arrays: Arrays = {"X": X + rng.normal(0, 0.1, X.shape), "y": 2.0 * label - 1}
    for k, (a, b) in enumerate([(2, 16), (16, 16), (16, 1)], start=1):
        arrays |= {f"W{k}": rng.uniform(-1, 1, (b, a)), f"b{k}": np.zeros(b)}
    return {**arrays, "lr": 0.01, "alpha": 1e-4}


def chain(gates: int) -> Arrays:
    """A scalar that is multiplied by a constant and added to, again and again."""
    return {"x": 0.5, "a": 0.9, "gates": gates}


def small_sum(size: int) -> Arrays:
    """The sum of x y + z, and its three gradients."""
    rng = np.random.default_rng(0)
    return {name: rng.standard_normal(size) for name in "xyz"}


def gradcheck(hidden: int = 50) -> Arrays:
    """The net of MNIST on 3 digits: the slope of the loss along every weight."""
    X, y = _digits(3)
    return {**two_layer("float64", 784, hidden, 10, X, y, lr=0.0, reg=0.0), "h": 1e-4}


def tanh(dtype: str, size: int = 10_000_000) -> Arrays:
    """The sum of tanh(exp(-x²) + x y), and its two gradients."""
    rng = np.random.default_rng(0)
    return {name: rng.standard_normal(size).astype(dtype) for name in "xy"}


def hessian() -> Arrays:
    """The second derivatives of a logistic loss: 1,000 examples, 50 parameters."""
    rng = np.random.default_rng(0)
    X, w = rng.standard_normal((1000, 50)), 0.1 * rng.standard_normal(50)
    return {"X": X, "y": np.sign(X @ rng.standard_normal(50)), "w": w}


def cases() -> list[Case]:
    """All lines of the table."""
    loose = 1e-3  # float32
    rows = [
        Case("spiral step float64", "spiral", partial(spiral, "float64"), check=10, large=True),
        Case("spiral step float32", "spiral", partial(spiral, "float32"), check=10, large=True,
             tolerance=loose),
        Case("mnist step float32", "mnist", partial(mnist, "float32"), check=10, large=True,
             tolerance=loose),
        Case("mnist step float64", "mnist", partial(mnist, "float64"), check=10, large=True),
        Case("conv step float32", "conv", partial(conv, "float32"), check=10, large=True,
             tolerance=loose),
        Case("moons step, scalars", "moons", moons, "ms", check=2, rounds=3),
    ]  # fmt: skip
    rows += [_chain_case(n) for n in (10_000, 100_000, 1_000_000)]
    rows += [Case(f"sum x y + z of {n}", "small_sum", partial(small_sum, n), check=3)
             for n in (1, 10, 100)]  # fmt: skip
    rows.append(Case("gradcheck of a net", "gradcheck", gradcheck, "ms", tolerance=1e-5, rounds=2))
    rows += [Case(f"tanh of 1e7 {dtype}", "tanh", partial(tanh, dtype), "ms", large=True, rounds=6,
                  small=partial(tanh, dtype, 1000), tolerance=tolerance)
             for dtype, tolerance in (("float64", 1e-9), ("float32", loose))]  # fmt: skip
    rows.append(Case("hessian, 50 parameters", "hessian", hessian, large=True))
    rows += [Case(f"{title} {dtype}", kind, partial(course.arrays, kind, dtype, _digits), check=10,
                  tolerance=tolerance)
             for kind, title in course.TITLES.items()
             for dtype, tolerance in (("float64", 1e-9), ("float32", loose))]  # fmt: skip
    rows += [Case(title, kind, partial(nets.arrays, kind, "float32", _digits), check=5,
                  tolerance=loose, large=True, reference="torch_eager")
             for kind, title in nets.TITLES.items()]  # fmt: skip
    return rows


def _chain_case(n: int) -> Case:
    return Case(f"chain of {n:.0e} gates".replace("e+0", "e"), "chain", partial(chain, n),
                "ns a gate", per=n, rounds=4, small=partial(chain, 100))  # fmt: skip


def sizes() -> Iterator[tuple[str, int, Case]]:
    """Cost against size: (what grows, how large, the case)."""
    for n in (100, 1000, 10_000, 100_000):
        yield "gates of a chain", n, _chain_case(n)
    step = partial(Case, kind="mnist", unit="µs", check=10, tolerance=1e-3)
    for n in (1, 10, 100, 1000):
        yield "batch", n, step(f"mnist, batch {n}", make=partial(mnist, "float32", n))
    for n in (10, 50, 250, 1000):
        yield "width", n, step(f"mnist, width {n}", make=partial(mnist, "float32", 100, n))


class Work:
    """The arrays of a case as attributes; read-only, so a system copies what it changes."""

    def __init__(self, arrays: Arrays):
        for name, value in arrays.items():
            array = np.asarray(value)
            array.flags.writeable = False
            setattr(self, name, array if array.ndim else array.item())

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"this case has no {name}")

    def weights(self) -> list[Array]:
        """Copies of W1, b1, W2, b2."""
        return self.copies(("W1", "b1", "W2", "b2"))

    def copies(self, names: Iterable[str]) -> list[Array]:
        """Copies of arrays."""
        return [getattr(self, name).copy() for name in names]

    def batches(self) -> list[tuple[Array, Array]]:
        """The batches one by one, each read-only."""
        return list(zip(self.X, self.y, strict=True))
