"""Random numbers from an explicit seed, or from the one that `nn.seed` set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

__all__ = [
    "Rng", "Seed", "as_rng", "common", "own_rng", "restore", "seed", "spawn", "state_of",
]  # fmt: skip

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


def own_rng(seed: Seed) -> np.random.Generator:
    """A Generator that nobody else draws from; what a number gives is what `as_rng` gives.

    >>> shared = as_rng(0)
    >>> own_rng(shared) is shared, own_rng(0).random() == as_rng(0).random()
    (False, True)
    """
    rng = as_rng(seed)
    if isinstance(rng, np.random.RandomState):
        return np.random.default_rng(rng.randint(1 << 32, size=4, dtype=np.uint64))
    # a number makes a new one; a Generator is another's, and for None one that all share may serve
    return rng.spawn(1)[0] if seed is None or isinstance(seed, np.random.Generator) else rng


def state_of(rng: Rng) -> dict[str, Any]:
    """The state of a source of random numbers: what it draws next, as numbers and arrays."""
    if isinstance(rng, np.random.RandomState):
        state: Any = rng.get_state(legacy=False)
    else:
        state = rng.bit_generator.state
    return _copy(state)  # type: ignore[no-any-return]


def restore(rng: Rng, state: Mapping[str, Any]) -> None:
    """Let a source of random numbers go on from a state of one of its kind.

    Raises ValueError for what is no such state. NumPy itself takes positions that lie outside of
    its tables, and would read there.

    >>> rng = as_rng(0)
    >>> state = state_of(rng)
    >>> first = rng.random()
    >>> restore(rng, state)
    >>> rng.random() == first
    True
    """
    kept = state_of(rng)
    if not isinstance(state, Mapping):
        raise ValueError(f"the state of a generator is a {type(state).__name__}; expected a dict")
    problem = _mismatch(kept, state, "the state of a generator")
    try:
        if problem is None:
            _put(rng, state)
    except (TypeError, ValueError, KeyError, IndexError, OverflowError) as error:
        _put(rng, kept)
        problem = f"the state of a generator is not one: {error}"
    if problem is not None:
        raise ValueError(problem)


def _put(rng: Rng, state: Any) -> None:
    if isinstance(rng, np.random.RandomState):
        rng.set_state(state)
    else:
        rng.bit_generator.state = state


MOST = {"pos": 624, "buffer_pos": 4, "has_uint32": 1, "has_gauss": 1}


def _mismatch(ours: Any, theirs: Any, path: str) -> str | None:
    """How a state differs in its form from one of the same generator, if it does."""
    if isinstance(ours, Mapping):
        if not isinstance(theirs, Mapping) or ours.keys() != theirs.keys():
            return f"{path} does not have the keys {', '.join(ours)}"
        found = (_mismatch(ours[key], theirs[key], f"{path}, {key}") for key in ours)
        return next((problem for problem in found if problem), None)
    if isinstance(ours, np.ndarray):
        fits = getattr(theirs, "shape", None) == ours.shape and theirs.dtype == ours.dtype
        return None if fits else f"{path} is not an array of {ours.shape} {ours.dtype}"
    if isinstance(ours, str):
        return None if ours == theirs else f"{path} is {theirs!r}; expected {ours!r}"
    if isinstance(ours, int):
        most = MOST.get(path.rpartition(", ")[2], (1 << 128) - 1)
        fits = type(theirs) is int and 0 <= theirs <= most
        return None if fits else f"{path} is {theirs!r}; expected an integer from 0 to {most}"
    return None if isinstance(theirs, float) else f"{path} is {theirs!r}; expected a float"


def _copy(state: Any) -> Any:
    if isinstance(state, Mapping):
        return {key: _copy(value) for key, value in state.items()}
    return state.copy() if isinstance(state, np.ndarray) else state
