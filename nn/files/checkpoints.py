"""Checkpoints: all that a training run needs to go on, in one file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from ..arguments import size
from ..rng import restore, state_of
from .atomic import clear, replacing
from .container import REMEDY, read, write
from .errors import FileError
from .tree import decode, encode

__all__ = ["Stateful", "load_checkpoint", "save_checkpoint"]


@runtime_checkable
class Stateful(Protocol):
    """What has a state: a net, an optimiser, a schedule, a loader, or a class of your own.

    Its state is plain data: arrays, numbers, strings, lists, tuples and dicts. `load_state_dict`
    checks all of it before it changes anything.
    """

    def state_dict(self) -> Any:
        """The state as plain data."""

    def load_state_dict(self, state: Any) -> Any:
        """Go on from a state."""


RNG = (np.random.Generator, np.random.RandomState)


def save_checkpoint(
    path: str | os.PathLike[str], *, extra: Any = None, keep: int = 1, **parts: Any
) -> None:
    """Write the states of `parts` into the file `path`, whole or not at all.

    parts   what is saved, by names of your choice: net=, optimiser=, schedule=, loader=, rng=...
            Each has `state_dict()` and `load_state_dict(state)`, or is a NumPy generator, or is
            a dict or list of those; None is left out
    extra   plain data, such as the number of the step: `load_checkpoint` returns it
    keep    so many files are kept: `path` is the newest, `path.1` the one before, and so on
    A process that is killed, or a disk that is full, leaves the former checkpoint as it was. The
    file is checksummed, and holds numbers and text alone, no pickles. Raises TypeError and
    ValueError for a state that is no plain data, OSError where it cannot be written.

    >>> import nn, tempfile
    >>> rng, other = np.random.default_rng(0), np.random.default_rng(1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     nn.save_checkpoint(f"{folder}/run.ckpt", rng=rng, extra={"step": 3})
    ...     nn.load_checkpoint(f"{folder}/run.ckpt", rng=other)
    {'step': 3}
    >>> rng.random() == other.random()
    True
    """
    path, keep = Path(path), size(keep, "save_checkpoint: keep")
    arrays: list[np.ndarray[Any, Any]] = []
    states = {name: _state(part, name) for name, part in parts.items() if part is not None}
    header = {
        "parts": {name: encode(state, arrays, name) for name, state in states.items()},
        "extra": encode(extra, arrays, "extra"),
    }
    clear([path])
    try:
        with replacing(path, keep=keep) as file:
            write(file, header, arrays)
    except OSError as error:
        error.add_note(f"{path} was not written; a checkpoint that was there is as it was")
        raise


def load_checkpoint(path: str | os.PathLike[str], **parts: Any) -> Any:
    """Let the parts go on from where `save_checkpoint(path, ...)` saved them; gives its `extra`.

    The parts are named as they were when they were saved; some may be left out. All of them are
    loaded or none: if one does not take its state, those before it get theirs back. Raises
    FileError for a file that is damaged, that is no checkpoint, or that does not fit the parts, and
    FileNotFoundError where there is none yet.
    """
    path = Path(path)
    header, arrays = read(path)
    wanted = {name: part for name, part in parts.items() if part is not None}
    try:
        states, extra = _decoded(header, arrays, wanted)
    except ValueError as error:
        raise FileError(path, str(error), REMEDY) from None
    loaded: list[tuple[Any, Any]] = []
    name = ""
    try:
        for name, part in wanted.items():
            loaded.append((part, _copied(_state(part, name))))
            _load(part, states[name], name)
    except BaseException as error:  # an interruption too must not leave half of it loaded
        for part, before in reversed(loaded):
            _load(part, before, name)
        if not isinstance(error, Exception):
            raise
        raise FileError(
            path, f"{name} does not take its state from it: {error}",
            "load it into parts that are made as those that were saved; nothing was changed",
        ) from error  # fmt: skip
    return extra


def _decoded(
    header: dict[str, Any], arrays: list[Any], wanted: Mapping[str, Any]
) -> tuple[dict[str, Any], Any]:
    """The states of the wanted parts, and what else was saved."""
    held = header.get("parts")
    if not isinstance(held, dict) or header.keys() != {"arrays", "parts", "extra"}:
        raise ValueError("its header does not tell of parts, arrays and what else was saved")
    missing = [name for name in wanted if name not in held]
    if missing:
        raise ValueError(
            f"it has no {', '.join(missing)}, but {', '.join(held) or 'nothing at all'}"
        )
    states = {name: decode(node, arrays) for name, node in held.items()}
    return {name: states[name] for name in wanted}, decode(header["extra"], arrays)


# --- the states of parts ----------------------------------------------------------------------


def _state(part: Any, name: str) -> Any:
    if isinstance(part, RNG):
        return state_of(part)
    if isinstance(part, Stateful) and not isinstance(part, type):
        return part.state_dict()
    if isinstance(part, Mapping):
        return {key: _state(inner, f"{name}[{key!r}]") for key, inner in part.items()}
    if isinstance(part, (list, tuple)):
        return [_state(inner, f"{name}[{k}]") for k, inner in enumerate(part)]
    raise TypeError(
        f"checkpoint: {name} is {part!r:.80}; expected something with state_dict() and "
        "load_state_dict(), a NumPy generator, or a dict or list of those; plain data goes into "
        "extra="
    )


def _copied(state: Any) -> Any:
    """A state whose arrays do not change with what it is the state of."""
    if isinstance(state, np.ndarray):
        return state.copy()
    if isinstance(state, Mapping):
        return {key: _copied(value) for key, value in state.items()}
    if type(state) in (list, tuple):
        return type(state)(_copied(value) for value in state)
    return state


def _load(part: Any, state: Any, name: str) -> None:
    if isinstance(part, RNG):
        restore(part, state)
    elif isinstance(part, Stateful):
        part.load_state_dict(state)
    else:
        keyed = isinstance(part, Mapping)
        if type(state) is not (dict if keyed else list) or len(state) != len(part):
            raise ValueError(f"{name} has other parts in it than were saved")
        for key in part if keyed else range(len(part)):
            if keyed and key not in state:
                raise ValueError(f"{name} has {key!r}, which was not saved")
            _load(part[key], state[key], f"{name}[{key!r}]")
