"""Checkpoints of a run: all that it needs to go on to the same bits."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..files import FileError, load_checkpoint, save_checkpoint
from ..files.checkpoints import Stateful
from ..module import Module
from .errors import NotFiniteError

__all__ = ["Saver", "checked_path"]

Path_ = str | os.PathLike[str]


class Saver:
    """Where and how often a run is saved, and what it consists of.

    path    of the checkpoint; None: nothing is saved
    every   "epoch", or a number of steps
    keep    how many checkpoints stay, see `save_checkpoint`
    """

    def __init__(self, path: Path_ | None, every: str | int, keep: int):
        self.path = None if path is None else checked_path(path)
        self.every, self.keep = every, keep
        self.parts: dict[str, Any] = {}
        self._began_anew = False  # a file that is there is that of another run

    def begin(self, parts: Mapping[str, Any]) -> None:
        """A run begins that consists of these parts."""
        self.parts = {name: part for name, part in parts.items() if part is not None}
        self._began_anew = True

    def resume(self, path: Path_) -> None:
        """Let the parts go on from where they were saved.

        Raises FileNotFoundError where nothing was saved, FileError for what does not fit.
        """
        names = Names(self.parts)
        try:
            load_checkpoint(path, parts=names, **self.parts)
        except FileError as error:
            if names.difference:
                reason = f"it was saved by another run: {names.difference}"
                remedy = "make the trainer as it was; nothing was changed"
                raise FileError(error.path, reason, remedy) from error
            raise
        self._began_anew = path_of(path) != self.path

    def after_step(self, step: int) -> None:
        """Save, if it is time."""
        if self.path is not None and isinstance(self.every, int) and step % self.every == 0:
            self.save()

    def after_epoch(self) -> None:
        """Save, if it is time."""
        if self.path is not None and self.every == "epoch":
            self.save()

    def save(self) -> None:
        """Save everything now; the checkpoint of another run stays under the name path.before.

        Raises NotFiniteError for parameters that are NaN or infinite, which could not be loaded
        again, and OSError where the file cannot be written: what was saved before stays.
        """
        if self.path is None:
            return
        check_finite(self.parts["net"])
        if self._began_anew and self.path.exists():
            os.replace(self.path, self.path.with_name(f"{self.path.name}.before"))
        self._began_anew = False
        save_checkpoint(self.path, keep=self.keep, parts=Names(self.parts), **self.parts)


class Names:
    """The names of what a run consists of: a part that was not saved cannot go on."""

    def __init__(self, parts: Mapping[str, Any]):
        self.names, self.difference = sorted(parts), ""

    def state_dict(self) -> list[str]:
        """The names."""
        return self.names

    def load_state_dict(self, state: Any) -> None:
        """Raise ValueError unless they are the same."""
        if state != self.names:
            self.difference = f"of {', '.join(state)}, and this one is of {', '.join(self.names)}"
            raise ValueError(self.difference)


def check_finite(net: Module) -> None:
    """Raise NotFiniteError for a parameter that is NaN or infinite, or a buffer that is NaN."""
    for path, p in [*net.named_parameters(), *net.named_buffers()]:
        if p.dtype.kind in "fc" and not np.isfinite(p.data).all():
            if not p.requires_grad and not np.isnan(p.data).any():
                continue
            raise NotFiniteError(
                f"{path} has become NaN or infinite, and was not saved; the last checkpoint is as "
                "it was. Take a smaller step size, or clip=1.0"
            )


def checked_path(path: Any) -> Path:
    """The path of a checkpoint. Raises TypeError, or OSError where no file can be made."""
    found = path_of(path)
    if found.is_dir():
        raise IsADirectoryError(
            f"Trainer: checkpoint is {str(path)!r}, a folder; expected the name of a file, such as "
            f"{str(found / 'run.ckpt')!r}"
        )
    if not found.parent.is_dir():
        raise FileNotFoundError(
            f"Trainer: checkpoint is {str(path)!r}, and there is no folder {str(found.parent)!r}; "
            "make it first"
        )
    return found


def path_of(path: Any) -> Path:
    """The path itself. Raises TypeError for what is none."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"Trainer: checkpoint is {path!r:.80}; expected the path of a file")
    return Path(path)


def stateful(callbacks: list[Any]) -> list[Any] | None:
    """Those of the callbacks that have a state."""
    return [x for x in callbacks if isinstance(x, Stateful)] or None
