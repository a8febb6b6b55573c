"""Fetch a file from one of its mirrors: checked, and complete or not at all."""

from __future__ import annotations

import gzip
import hashlib
import os
import sys
import tempfile
import urllib.error
import urllib.request
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .errors import DatasetError

__all__ = ["UnreachableError", "download", "payload_sha256"]

CHUNK = 1 << 16
TIMEOUT = 20  # seconds without an answer


class UnreachableError(Exception):
    """No mirror gave the file; the message says why, for each."""


def download(urls: Sequence[str], target: Path, sha256: str) -> None:
    """Fetch the first of `urls` whose decompressed content has the checksum into `target`.

    It is written to a temporary file beside the target and renamed when it is complete and
    right, so an interruption leaves nothing behind. Raises UnreachableError when all mirrors
    fail.
    """
    problems = []
    for url in urls:
        try:
            _fetch(url, target, sha256)
            return
        except (OSError, ValueError, DatasetError) as error:
            problems.append(f"{url}: {error}")
    raise UnreachableError("; ".join(problems))


def _fetch(url: str, target: Path, sha256: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
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


def _copy(url: str, file: Any, label: str) -> None:
    with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
        size = int(answer.headers.get("Content-Length") or 0)
        with _progress(label, size) as bar:
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                bar.update(len(chunk))


def payload_sha256(path: Path) -> str:
    """The SHA-256 of a file's content after decompression, so that any compression will do."""
    digest = hashlib.sha256()
    try:
        with gzip.open(path, "rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(
            path, f"not a complete gzip file ({error})", "try another mirror"
        ) from None
    return digest.hexdigest()


class _Line:
    """What is shown without tqdm: one line, when the download begins."""

    def __init__(self, label: str, size: int):
        print(f"downloading {label} ({size / 1e6:.1f} MB)", file=sys.stderr)

    def __enter__(self) -> _Line:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, count: int) -> None:
        pass


def _progress(label: str, size: int) -> Any:
    try:
        from tqdm import tqdm  # type: ignore[import-untyped]
    except ImportError:
        return _Line(label, size)
    return tqdm(total=size or None, desc=label, unit="B", unit_scale=True, leave=False)
