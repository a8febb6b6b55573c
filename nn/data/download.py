"""Fetch a file from one of its mirrors: checked, and complete or not at all."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.client
import sys
import urllib.request
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..files.atomic import clear, replacing
from .errors import DatasetError
from .idx import AT_MOST

__all__ = ["Checksum", "UnreachableError", "clear", "download", "file_sha256", "payload_sha256"]

Checksum = Callable[[Path], str]

CHUNK = 1 << 16
TIMEOUT = 20  # seconds without an answer


class UnreachableError(Exception):
    """No mirror gave the file; the message says why, for each."""


def download(urls: Sequence[str], target: Path, sha256: str, of: Checksum | None = None) -> None:
    """Fetch the first of `urls` whose content has the checksum into `target`.

    The checksum is of the decompressed content, or what the function `of` makes of the file.
    It is written to a temporary file beside the target and renamed when it is complete and
    right, so an interruption leaves nothing behind; what a killed process left, `clear` removes.
    Raises UnreachableError when all mirrors fail.
    """
    problems = []
    for url in urls:
        try:
            _fetch(url, target, sha256, of or payload_sha256)
            return
        except DatasetError as error:
            problems.append(f"{url}: {error.reason}")
        except (OSError, ValueError, http.client.HTTPException) as error:
            problems.append(f"{url}: {str(error) or type(error).__name__}")
    raise UnreachableError("; ".join(problems))


def _fetch(url: str, target: Path, sha256: str, of: Checksum) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as file:
        _copy(url, file, target.name)
        file.flush()
        found = of(Path(file.name))
        if found != sha256:
            raise DatasetError(
                url, f"its content has SHA-256 {found}, expected {sha256}", "skip it"
            )


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


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file as it is."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
