"""MNIST: 70,000 handwritten digits of 28 by 28 pixels."""

from __future__ import annotations

import importlib.resources
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autograd import DTypeError

from . import download as fetch
from .errors import DatasetError, SubsetWarning
from .idx import idx_shape, read_idx

__all__ = ["mnist"]

Array = np.ndarray[Any, Any]
Split = tuple[Array, Array]

MIRRORS = [
    "https://ossci-datasets.s3.amazonaws.com/mnist/{name}.gz",
    "https://storage.googleapis.com/cvdf-datasets/mnist/{name}.gz",
]
SHA256 = {  # of the decompressed files, so any mirror's compression is fine
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
CHECK = "replace the file by a genuine copy, or delete it to have it downloaded again"


def mnist(
    folder: str | Path | None = None,
    *,
    normalize: bool = True,
    flatten: bool = True,
    one_hot_label: bool = False,
    dtype: DTypeLike = np.float32,
    subset: bool = False,
    download: bool = True,
) -> tuple[Split, Split]:
    """((x_train, t_train), (x_test, t_test)), with the options of "Deep Learning from Scratch".

    normalize      pixels from 0 to 1 as `dtype`; False: the bytes, 0 to 255
    flatten        images as (n, 784); False: (n, 1, 28, 28)
    one_hot_label  labels as rows (n, 10) of 0 and 1; False: integers (n,)
    Looked for in `folder`, else in $GATEGRAD_DATA, else in the user's cache, else downloaded
    there; without a network the small subset that ships with the package serves, and a
    SubsetWarning says so (`subset=True` asks for it). Raises DatasetError for a file that is
    missing from a folder that was named, damaged, or not what it should be, and DTypeError for a
    `dtype` that is no float.

    >>> (x_train, t_train), (x_test, t_test) = mnist(subset=True)
    >>> x_train.shape, t_test.shape
    ((5000, 784), (1000,))
    """
    dtype = _float(dtype)
    place = _subset_folder() if subset else _find(folder, download)
    return (
        _split(place, "train", normalize, flatten, one_hot_label, dtype),
        _split(place, "t10k", normalize, flatten, one_hot_label, dtype),
    )


def _float(dtype: DTypeLike) -> np.dtype[Any]:
    """The dtype, which must be able to hold pixels from 0 to 1, and gradients by them."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = None
    if found is None or found.kind != "f":
        raise DTypeError(
            f"mnist: got dtype {found or dtype!r}; expected a kind of float, such as np.float32; "
            "normalize=False gives the bytes themselves"
        )
    return found


# --- where the files are ----------------------------------------------------------------------


def _find(folder: str | Path | None, allowed: bool) -> Path:
    """The folder to read from; named ones must be complete, the cache is filled if it is not."""
    if folder is not None:
        return _complete(Path(folder), "the folder that was given")
    named = os.environ.get("GATEGRAD_DATA")
    if named:
        inner = Path(named) / "mnist"
        return _complete(
            inner if os.path.isdir(inner) else Path(named), "the folder in GATEGRAD_DATA"
        )
    try:
        cache = _cache_folder()
        missing = [name for name in SHA256 if _locate(cache, name) is None]
    except (DatasetError, RuntimeError) as problem:
        return _fall_back(f"there is no place for the full data set ({problem})")
    fetch.clear(cache / f"{name}.gz" for name in SHA256)
    try:
        for name in missing if allowed else ():
            urls = [mirror.format(name=name) for mirror in MIRRORS]
            fetch.download(urls, cache / f"{name}.gz", SHA256[name])
    except fetch.UnreachableError as problem:
        return _fall_back(f"the download failed ({problem})")
    if missing and not allowed:
        return _fall_back("the full data set is not here, and download=False")
    return cache


def _fall_back(reason: str) -> Path:
    warnings.warn(
        f"mnist: {reason}. Using the subset that ships with the package, 5,000 training and 1,000 "
        "test images. For all 70,000 put the four files into a folder and pass it, or name it in "
        "GATEGRAD_DATA",
        SubsetWarning,
        stacklevel=4,
    )
    return _subset_folder()


def _complete(folder: Path, what: str) -> Path:
    for name in SHA256:
        if _locate(folder, name) is None:
            raise DatasetError(
                folder / f"{name}.gz", f"missing from {what}",
                "put the four MNIST files there (NAME or NAME.gz), or name no folder to have them "
                "downloaded",
            )  # fmt: skip
    return folder


def _locate(folder: Path, name: str) -> Path | None:
    """The file, compressed or not, in either of the spellings in use."""
    stem, ubyte = name.rsplit("-idx", 1)
    for spelling in (name, f"{stem}.idx{ubyte}"):
        for candidate in (folder / f"{spelling}.gz", folder / spelling):
            try:
                os.stat(candidate)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                raise DatasetError(
                    candidate, f"it cannot be looked up ({reason})", "check the name of its folder"
                ) from None
            return candidate
    return None


def _cache_folder() -> Path:
    """Where this operating system wants programs to keep what they can fetch again."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library/Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "gategrad" / "mnist"


def _subset_folder() -> Path:
    return Path(str(importlib.resources.files("nn.data") / "mnist_subset"))


# --- from files to arrays ---------------------------------------------------------------------


def _split(
    folder: Path, part: str, normalize: bool, flatten: bool, one_hot: bool, dtype: DTypeLike
) -> Split:
    """Images and labels of the training or the test part, checked and in the form asked for."""
    image_file = _locate(folder, f"{part}-images-idx3-ubyte")
    label_file = _locate(folder, f"{part}-labels-idx1-ubyte")
    assert image_file is not None
    assert label_file is not None
    images, labels = _read(image_file, label_file)
    x = images.reshape((len(images), -1) if flatten else (len(images), 1, 28, 28))
    if normalize:
        x = x.astype(dtype)
        x /= 255
    else:
        x = x.copy()
    t = labels.astype(np.int64)
    return x, np.eye(10, dtype=dtype)[t] if one_hot else t


def _read(image_file: Path, label_file: Path) -> Split:
    """The bytes of both files, which must fit together; the headers are compared first."""
    count, (named,) = idx_shape(image_file, (28, 28))[0], idx_shape(label_file, ())
    if count != named:
        raise DatasetError(label_file, f"it holds {named} labels for {count} images", CHECK)
    images, labels = read_idx(image_file, (28, 28)), read_idx(label_file, ())
    bad = np.flatnonzero(labels > 9)
    if bad.size:
        raise DatasetError(
            label_file, f"label {labels[bad[0]]} at position {bad[0]} is not from 0 to 9", CHECK
        )
    return images, labels
