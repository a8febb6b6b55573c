"""Random numbers from an explicit seed, or from the one that `nn.seed` set."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

__all__ = ["Rng", "Seed", "as_rng", "common", "seed", "spawn"]

Rng: TypeAlias = np.random.Generator | np.random.RandomState
Seed: TypeAlias = int | Rng | None


_COMMON: list[Rng] = []  # where everything without a seed of its own draws from, if it was set


def seed(seed: Seed) -> None:
    """Let everything in nn that is given no seed draw from this one; None ends that.

    The order of drawing then matters: the same program gives the same numbers, another one may
    not. `initialise(seed)` and `seed=` make parts that do not depend on the others.

    >>> import nn
    >>> nn.seed(0)
    >>> one = nn.Linear(2, 3)
    >>> nn.seed(0)
    >>> bool((nn.Linear(2, 3).W.data == one.W.data).all())
    True
    >>> nn.seed(None)
    """
    _COMMON[:] = [] if seed is None else [_source(seed)]


def common() -> Rng | None:
    """The source of random numbers that `nn.seed` set, if it did."""
    return _COMMON[0] if _COMMON else None


def as_rng(seed: Seed) -> Rng:
    """A source of random numbers: a new Generator for a number, a given one as it is.

    None is the one that `nn.seed` set, else a seed is drawn from the operating system. A legacy
    `RandomState` is welcome: it repeats the tables printed in course notes. Raises TypeError or
    ValueError for anything else.

    >>> int(as_rng(0).integers(100)) == int(as_rng(0).integers(100))
    True
    """
    return _COMMON[0] if seed is None and _COMMON else _source(seed)


def _source(seed: Seed) -> Rng:
    if isinstance(seed, (np.random.Generator, np.random.RandomState)):
        return seed
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, (int, np.integer))):
        raise TypeError(
            f"seed: got {seed!r}; expected an integer, None, or a NumPy Generator or RandomState"
        )
    if seed is not None and seed < 0:
        raise ValueError(f"seed: got {seed}; expected an integer of at least 0")
    return np.random.default_rng(seed)


def spawn(seed: Seed, count: int) -> list[Rng]:
    """Sources of random numbers for `count` parts of one thing: independent of one another.

    The same seed gives the same ones. A legacy `RandomState`, which cannot spawn, is shared.

    >>> one, other = spawn(0, 2)
    >>> one.random() == other.random(), one.random() == spawn(0, 2)[0].random()
    (False, False)
    """
    rng = as_rng(seed)
    return [rng] * count if isinstance(rng, np.random.RandomState) else [*rng.spawn(count)]
