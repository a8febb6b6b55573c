"""Fetch a file from one of its mirrors: checked, and complete or not at all."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.client
import os
import sys
import tempfile
import urllib.request
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from .errors import DatasetError
from .idx import AT_MOST

try:
    import fcntl
except ImportError:  # Windows, where a file that is open cannot be removed
    fcntl = None  # type: ignore[assignment]

__all__ = ["UnreachableError", "clear", "download", "payload_sha256"]

CHUNK = 1 << 16
TIMEOUT = 20  # seconds without an answer


class UnreachableError(Exception):
    """No mirror gave the file; the message says why, for each."""


def download(urls: Sequence[str], target: Path, sha256: str) -> None:
    """Fetch the first of `urls` whose decompressed content has the checksum into `target`.

    It is written to a temporary file beside the target and renamed when it is complete and
    right, so an interruption leaves nothing behind; what a killed process left, `clear` removes.
    Raises UnreachableError when all mirrors fail.
    """
    problems = []
    for url in urls:
        try:
            _fetch(url, target, sha256)
            return
        except DatasetError as error:
            problems.append(f"{url}: {error.reason}")
        except (OSError, ValueError, http.client.HTTPException) as error:
            problems.append(f"{url}: {str(error) or type(error).__name__}")
    raise UnreachableError("; ".join(problems))


def clear(targets: Iterable[Path]) -> None:
    """Remove the temporary files of downloads to these targets whose processes were killed.

    A download that is under way holds a lock on its file, which the system releases when its
    process ends, however that happens.
    """
    for target in targets:
        with _alone_in(target.parent):
            for left in target.parent.glob(f".{target.name}.*"):
                try:
                    with left.open("r+b") as file:
                        _lock(file)
                    left.unlink(missing_ok=True)
                except OSError:  # in use, or not ours to remove
                    continue


def _fetch(url: str, target: Path, sha256: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with _alone_in(target.parent):  # or `clear` might meet the file before it is locked
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with contextlib.suppress(OSError):  # a file system without locks
            _lock(handle)
    try:
        with os.fdopen(handle, "wb") as file:
            _copy(url, file, target.name)
            file.flush()
            os.fsync(file.fileno())
            found = payload_sha256(Path(name))
        if found != sha256:
            raise DatasetError(
                url, f"its content has SHA-256 {found}, expected {sha256}", "skip it"
            )
        os.replace(name, target)
    except BaseException:  # an interruption too must not leave half a file
        Path(name).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """While temporary files are made or removed in a folder, nobody else does so."""
    try:
        handle = os.open(folder, os.O_RDONLY) if fcntl is not None else None
    except OSError:
        handle = None
    try:
        if handle is not None:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _lock(file: Any) -> None:
    """Lock a file until it is closed; OSError where another process holds it."""
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _copy(url: str, file: Any, label: str) -> None:
    """Copy what a server sends; ValueError when it sends more than such a file can have."""
    received = 0
    with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
        size = int(answer.headers.get("Content-Length") or 0)
        with _progress(label, max(0, size)) as bar:
            while chunk := answer.read(CHUNK):
                received += len(chunk)
                if received > AT_MOST:
                    raise ValueError(f"it sends more than {AT_MOST:,} bytes")
                file.write(chunk)
                bar.update(len(chunk))


def payload_sha256(path: Path) -> str:
    """The SHA-256 of a file's content after decompression, so that any compression will do.

    Raises DatasetError for a file that is no complete gzip file, or unpacks to more than AT_MOST.
    """
    digest, unpacked = hashlib.sha256(), 0
    try:
        with gzip.open(path, "rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                unpacked += len(chunk)
                if unpacked > AT_MOST:
                    raise DatasetError(
                        path, f"it unpacks to more than {AT_MOST:,} bytes", "try another mirror"
                    )
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(
            path, f"not a complete gzip file ({error})", "try another mirror"
        ) from None
    return digest.hexdigest()


class _Line:
    """What is shown without tqdm: one line, when the download begins."""

    def __init__(self, label: str, size: int):
        if sys.stderr is None:  # closed, or a program without a console
            return
        with contextlib.suppress(OSError):  # nobody reads it
            print(f"downloading {label} ({size / 1e6:.1f} MB)", file=sys.stderr, flush=True)

    def __enter__(self) -> _Line:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, count: int) -> None:
        """Count bytes that came."""


def _progress(label: str, size: int) -> Any:
    """A bar in a terminal, if there is tqdm; else a line."""
    try:
        from tqdm import tqdm  # type: ignore[import-untyped]
    except ImportError:
        return _Line(label, size)
    if sys.stderr is None or not sys.stderr.isatty():
        return _Line(label, size)
    return tqdm(total=size or None, desc=label, unit="B", unit_scale=True, leave=False)
