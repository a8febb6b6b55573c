"""CIFAR-10: 60,000 colour photographs of 32 by 32 pixels (Krizhevsky 2009)."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from . import download as fetch
from .errors import DatasetError
from .idx import AT_MOST, open_payload
from .images import CHECK, Split, float_dtype, shaped
from .places import NowhereError, find, there
from .tar import entries

__all__ = ["CIFAR10", "cifar10"]

Array = np.ndarray[Any, Any]
ARCHIVE, FOLDER = "cifar-10-binary.tar.gz", "cifar-10-batches-bin"
URLS = [f"https://www.cs.toronto.edu/~kriz/{ARCHIVE}"]
SHA256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"  # of the archive
TRAIN, TEST = tuple(f"data_batch_{k}.bin" for k in range(1, 6)), ("test_batch.bin",)
RECORD, MOST = 1 + 3 * 32 * 32, 10_000  # bytes of a label and its image; images of a file
CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship",
           "truck")  # fmt: skip


def cifar10(
    folder: str | Path | None = None,
    *,
    normalize: bool = True,
    flatten: bool = False,
    one_hot_label: bool = False,
    dtype: DTypeLike = np.float32,
    download: bool = True,
) -> tuple[Split, Split]:
    """((x_train, t_train), (x_test, t_test)): images (n, 3, 32, 32), 50,000 and 10,000 of them.

    The options are those of `nn.mnist`; the classes are named in `nn.data.CIFAR10`. The binary
    version is looked for in `folder` (the archive, or its unpacked .bin files), else in the folder
    cifar-10 of $GATEGRAD_DATA, else in the user's cache, else downloaded there (170 MB). The
    archive is read where it lies; nothing is unpacked to the disk, and the version for Python,
    which is made of pickles, is not read. Raises DatasetError where it is nowhere, or damaged, and
    DTypeError for a `dtype` that is no float.
    """
    dtype = float_dtype("cifar10", dtype)
    try:
        place = find("CIFAR-10", {ARCHIVE: (SHA256, URLS)}, _locate, named=folder,
                     inner="cifar-10", download=download, of=fetch.file_sha256)  # fmt: skip
    except NowhereError as problem:
        raise DatasetError(
            ARCHIVE, str(problem), "put it into a folder and pass that, or into the folder "
            "cifar-10 of the one that GATEGRAD_DATA names",
        ) from None  # fmt: skip
    found = _locate(place, ARCHIVE)
    assert found is not None
    parts = _unpacked(found) if found.suffix == ".bin" else _archived(found)
    del found
    return (
        _joined([parts[name] for name in TRAIN], normalize, flatten, one_hot_label, dtype),
        _joined([parts[name] for name in TEST], normalize, flatten, one_hot_label, dtype),
    )


def _locate(folder: Path, name: str) -> Path | None:
    """The archive, or the first of its files where it is unpacked."""
    first = TRAIN[0]
    for candidate in (folder / name, folder / first, folder / FOLDER / first):
        if there(candidate):
            return candidate
    if there(folder / "cifar-10-python.tar.gz") or there(folder / "cifar-10-batches-py"):
        raise DatasetError(
            folder, "it holds CIFAR-10 for Python, which is made of pickles and never read",
            f"put the binary version, {ARCHIVE}, there",
        )  # fmt: skip
    return None


def _unpacked(first: Path) -> dict[str, Array]:
    """The records of the files beside the first."""
    found = {}
    for name in TRAIN + TEST:
        path = first.with_name(name)
        if not there(path):
            raise DatasetError(path, "missing from the folder of the others", CHECK)
        try:
            with open_payload(path) as file:
                data = file.read(MOST * RECORD + 1)
        except (OSError, EOFError, zlib.error) as error:  # one that seems to be compressed
            raise _damaged(path, error) from None
        found[name] = _records(path, name, data)
    return found


def _archived(path: Path) -> dict[str, Array]:
    """The records of the files in the archive; everything else in it is passed over."""
    found: dict[str, Array] = {}
    try:
        with open_payload(path) as payload:
            limited: Any = _Limited(path, payload)
            for entry in entries(limited):
                name = entry.name.removeprefix("./").removeprefix(f"{FOLDER}/")
                if name not in TRAIN + TEST:
                    continue
                if not entry.is_file or entry.size > MOST * RECORD or name in found:
                    raise DatasetError(
                        path, f"its {name} is no file of at most {MOST * RECORD:,} bytes, or there "
                        "twice", CHECK,
                    )  # fmt: skip
                found[name] = _records(path, name, entry.read())
            while limited.read(1 << 20):  # the checksum of what was compressed is at its end
                continue
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise _damaged(path, error) from None
    missing = [name for name in TRAIN + TEST if name not in found]
    if missing:
        raise DatasetError(path, f"it has no {', '.join(missing)}", CHECK)
    return found


def _damaged(path: Path, error: Exception) -> DatasetError:
    return DatasetError(path, f"it is damaged or cut off ({error})", CHECK)


class _Limited:
    """What an archive unpacks to, up to so much: a small file may unpack to any amount."""

    def __init__(self, path: Path, file: Any):
        self.path, self.file, self.left = path, file, AT_MOST

    def read(self, count: int) -> bytes:
        """The next bytes; DatasetError beyond the limit."""
        data: bytes = self.file.read(min(count, self.left + 1))
        self.left -= len(data)
        if self.left < 0:
            raise DatasetError(self.path, f"it unpacks to more than {AT_MOST:,} bytes", CHECK)
        return data


def _records(path: Path, name: str, data: bytes) -> Array:
    """Rows of a label and an image each."""
    count, rest = divmod(len(data), RECORD)
    if rest or not 1 <= count <= MOST:
        raise DatasetError(
            path, f"{name} holds {len(data):,} bytes, expected {RECORD:,} for each of 1 to "
            f"{MOST:,} images", CHECK,
        )  # fmt: skip
    records = np.frombuffer(data, np.uint8).reshape(count, RECORD)
    bad = np.flatnonzero(records[:, 0] > 9)
    if bad.size:
        raise DatasetError(
            path, f"{name} has label {records[bad[0], 0]} at position {bad[0]}, expected 0 to 9",
            CHECK,
        )  # fmt: skip
    return records


def _joined(
    parts: list[Array], normalize: bool, flatten: bool, one_hot: bool, dtype: DTypeLike
) -> Split:
    records = np.concatenate(parts)
    images = records[:, 1:].reshape(-1, 3, 32, 32)
    return shaped(images, records[:, 0], normalize, flatten, one_hot, dtype)
