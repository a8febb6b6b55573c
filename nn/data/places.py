"""Where data sets are: in a folder that was named, in the user's cache, or on a mirror."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from . import download as fetch
from .errors import DatasetError

__all__ = ["NowhereError", "find", "there"]

Locate = Callable[[Path, str], Path | None]


class NowhereError(Exception):
    """The data set is not here and could not be fetched; the message says why."""


def find(
    title: str,
    files: Mapping[str, tuple[str, Sequence[str]]],
    locate: Locate,
    *,
    named: str | Path | None,
    inner: str,
    alone: bool = False,
    download: bool = True,
    of: fetch.Checksum | None = None,
) -> Path:
    """The folder with all files of a data set; the cache is filled if it is there.

    title     of the data set, for messages
    files     what each file is called: its checksum, and where it can be had
    locate    finds a file in a folder
    named     the folder that the user gave
    inner     the data set's folder in $GATEGRAD_DATA and in the cache
    alone     the files may also lie in $GATEGRAD_DATA itself
    of        what the checksum is of, as of `download`
    Raises DatasetError for a folder that was named and is not complete, NowhereError where there is
    none and the files cannot be fetched.
    """
    if named is not None:
        return _complete(Path(named), title, files, locate, "the folder that was given")
    given = os.environ.get("GATEGRAD_DATA")
    if given:
        folder = Path(given) / inner
        if alone or os.path.isdir(folder):
            folder = folder if os.path.isdir(folder) else Path(given)
            return _complete(folder, title, files, locate, "the folder in GATEGRAD_DATA")
    try:
        cache = _cache_folder() / inner
        missing = [name for name in files if locate(cache, name) is None]
    except (DatasetError, RuntimeError) as problem:
        raise NowhereError(f"there is no place for the full data set ({problem})") from None
    if missing and not download:
        raise NowhereError("the full data set is not here, and download=False")
    targets = {name: cache / name for name in files}
    fetch.clear(targets.values())
    try:
        for name in missing:
            checksum, urls = files[name]
            fetch.download(urls, targets[name], checksum, of)
    except fetch.UnreachableError as problem:
        raise NowhereError(f"the download failed ({problem})") from None
    return cache


def _complete(
    folder: Path, title: str, files: Mapping[str, object], locate: Locate, what: str
) -> Path:
    for name in files:
        if locate(folder, name) is None:
            raise DatasetError(
                folder / name, f"missing from {what}",
                f"put the files of {title} there, or name no folder to have them downloaded",
            )  # fmt: skip
    return folder


def there(candidate: Path) -> bool:
    """A file of that name is there; DatasetError where it cannot be looked up."""
    try:
        os.stat(candidate)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DatasetError(
            candidate, f"it cannot be looked up ({reason})", "check the name of its folder"
        ) from None
    return True


def _cache_folder() -> Path:
    """Where this operating system wants programs to keep what they can fetch again."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library/Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "gategrad"
