"""DataLoader: batches, epoch after epoch, that can go on from where they stopped."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from autograd import ShapeError

from ..arguments import plain, size
from ..rng import Seed, own_rng, restore, state_of
from .mini_batches import gathered

__all__ = ["DataLoader"]

Array = np.ndarray[Any, Any]
SETTINGS = ("examples", "batch_size", "shuffle", "drop_last")


class DataLoader:
    """The examples x (n, ...), and their y (n, ...), in batches; each `for` is one epoch.

    batch_size   examples of a batch; the last one of an epoch may be smaller
    shuffle      each epoch in a new order, drawn by a generator of the loader's own from `seed`
    drop_last    leave out a last batch that is smaller
    transform    a function of a batch, `transform(x, y, rng)`, or `transform(x, rng)` without y,
                 that gives the batch to use; what it draws from rng is the same after a resumption
    Gives pairs (x, y), or x alone without y; they are read-only, so recording them needs no copy.
    `epoch` counts the epochs that are complete. With `state_dict()` and `load_state_dict()` another
    loader of the same data gives exactly the rest of the epoch, and the same epochs after it.
    With an integer as seed the orders are those of `nn.batches` with `seed=as_rng(integer)`.
    Raises ShapeError unless x and y hold equally many, and at least one batch.

    >>> loader = DataLoader(np.eye(5), np.arange(5), 2, shuffle=True, seed=0)
    >>> len(loader), [y.tolist() for x, y in loader]
    (3, [[2, 4], [3, 0], [1]])
    """

    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike | None = None,
        batch_size: int = 1,
        *,
        shuffle: bool = False,
        seed: Seed = None,
        drop_last: bool = False,
        transform: Callable[..., Any] | None = None,
    ):
        self.x = plain(x, "DataLoader: x")
        self.y = None if y is None else plain(y, "DataLoader: y")
        arrays = [self.x] if self.y is None else [self.x, self.y]
        lengths = [array.shape[:1] for array in arrays]
        if () in lengths or len(set(lengths)) != 1:
            raise ShapeError(
                f"DataLoader: x is {self.x.shape} and y is {arrays[-1].shape}; expected "
                "equal lengths"
            )
        if transform is not None and not callable(transform):
            raise TypeError(f"DataLoader: transform is {transform!r}; expected a function")
        self.batch_size = size(batch_size, "DataLoader: batch_size")
        self.shuffle, self.drop_last = bool(shuffle), bool(drop_last)
        self.transform = transform
        if not len(self):
            raise ShapeError(
                f"DataLoader: {len(self.x)} examples make no batch of {self.batch_size}"
                f"{' with drop_last=True' if self.drop_last else ''}; pass more, or smaller batches"
            )
        self.epoch = 0
        self._rng = own_rng(seed)
        self._began = state_of(self._rng)  # the generator, when this epoch began
        self._given = 0  # batches of this epoch
        self._resumed = False
        self._pass = 0  # which `for` the position is of

    def __len__(self) -> int:
        whole, rest = divmod(len(self.x), self.batch_size)
        return whole + bool(rest and not self.drop_last)

    def __iter__(self) -> Iterator[Any]:
        """An epoch from its beginning; after `load_state_dict` the rest of that epoch."""
        if not self._resumed:
            self._given = 0
            self._began = state_of(self._rng)
        self._resumed = False
        self._pass += 1
        order, key = self._drawn()
        return self._batches(order, key, self._given, self._pass)

    def _drawn(self) -> tuple[Array, int]:
        """The order of an epoch, and a number for what its transforms draw."""
        count = len(self.x)
        key = int(copy.deepcopy(self._rng).integers(1 << 63))  # a draw that moves nothing
        order = self._rng.permutation(count) if self.shuffle else np.arange(count)
        return order[: len(self) * self.batch_size], key

    def _batches(self, order: Array, key: int, first: int, number: int) -> Iterator[Any]:
        arrays = [self.x] if self.y is None else [self.x, self.y]
        rest = gathered(arrays, order[first * self.batch_size :], self.batch_size)
        for k, batch in enumerate(rest, first):
            if self.transform is not None:
                batch = self._transformed(batch, np.random.default_rng([key, self.epoch, k]))
            if number == self._pass:
                self._given = k + 1
            yield batch[0] if self.y is None else tuple(batch)
        if number == self._pass:
            self.epoch += 1
            self._given = 0
            self._began = state_of(self._rng)

    def _transformed(self, batch: list[Array], rng: np.random.Generator) -> list[Array]:
        made = self.transform(*batch, rng)  # type: ignore[misc]
        several = [made] if self.y is None else made
        if not isinstance(several, (tuple, list)) or len(several) != len(batch):
            raise TypeError(
                f"DataLoader: transform gave a {type(made).__name__}; expected (x, y), as it got"
            )
        return [_read_only(plain(a, "DataLoader: what transform gave")) for a in several]

    def state_dict(self) -> dict[str, Any]:
        """Where it stands: after so many batches of an epoch, and what the epoch was drawn from."""
        settings = {name: self._setting(name) for name in SETTINGS}
        return {
            **settings, "epoch": self.epoch, "position": self._given, "generator": self._began
        }  # fmt: skip

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where another loader of the same data stood: the next `for` gives the rest.

        When all batches of the epoch had been given and its `for` had not ended, the rest is empty.
        Raises ValueError, and changes nothing, for a state that is none, or of other settings.
        """
        expected = self.state_dict()
        if not isinstance(state, Mapping) or state.keys() != expected.keys():
            raise ValueError(
                f"DataLoader: the state is {state!r:.60}; expected a dict with "
                f"{', '.join(expected)}"
            )
        for name in SETTINGS:
            if type(state[name]) is not type(expected[name]) or state[name] != expected[name]:
                raise ValueError(
                    f"DataLoader: the state has {name}={state[name]!r:.60}, and this loader "
                    f"{expected[name]!r}; make it as the one that was saved"
                )
        for name, most in (("epoch", 1 << 62), ("position", len(self))):
            if type(state[name]) is not int or not 0 <= state[name] <= most:
                raise ValueError(
                    f"DataLoader: the state has {name}={state[name]!r:.60}; expected an integer "
                    f"from 0 to {most}"
                )
        restore(self._rng, state["generator"])
        self._began = state_of(self._rng)
        self.epoch, self._given = state["epoch"], state["position"]
        self._resumed = True
        self._pass += 1  # a `for` that is under way has no say any more

    def _setting(self, name: str) -> int | bool:
        return len(self.x) if name == "examples" else getattr(self, name)

    def __repr__(self) -> str:
        options = "".join(
            f", {name}=True" for name in ("shuffle", "drop_last") if getattr(self, name)
        )
        return f"DataLoader({len(self.x)} examples, batch_size={self.batch_size}{options})"


def _read_only(array: Array) -> Array:
    view = array.view()
    view.flags.writeable = False
    return view
