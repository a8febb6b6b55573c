"""Images and their labels in the four files of MNIST's format, as arrays in the form asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autograd import DTypeError

from .errors import DatasetError
from .idx import idx_shape, read_idx
from .places import there

__all__ = ["Split", "float_dtype", "locate", "shaped", "split"]

Array = np.ndarray[Any, Any]
Split = tuple[Array, Array]
CHECK = "replace the file by a genuine copy, or delete it to have it downloaded again"


def float_dtype(name: str, dtype: DTypeLike) -> np.dtype[Any]:
    """The dtype, which must be able to hold pixels from 0 to 1, and gradients by them."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = None
    if found is None or found.kind != "f":
        raise DTypeError(
            f"{name}: got dtype {found or dtype!r}; expected a kind of float, such as np.float32; "
            "normalize=False gives the bytes themselves"
        )
    return found


def locate(folder: Path, name: str) -> Path | None:
    """The file, compressed or not, in either of the spellings in use."""
    name = name.removesuffix(".gz")
    stem, ubyte = name.rsplit("-idx", 1)
    for spelling in (name, f"{stem}.idx{ubyte}"):
        for candidate in (folder / f"{spelling}.gz", folder / spelling):
            if there(candidate):
                return candidate
    return None


def split(
    folder: Path, part: str, normalize: bool, flatten: bool, one_hot: bool, dtype: DTypeLike
) -> Split:
    """Images and labels of the training or the test part, checked and in the form asked for."""
    image_file = locate(folder, f"{part}-images-idx3-ubyte")
    label_file = locate(folder, f"{part}-labels-idx1-ubyte")
    assert image_file is not None
    assert label_file is not None
    images, labels = _read(image_file, label_file)
    return shaped(images[:, None], labels, normalize, flatten, one_hot, dtype)


def shaped(
    images: Array, labels: Array, normalize: bool, flatten: bool, one_hot: bool, dtype: DTypeLike
) -> Split:
    """Bytes (n, channels, rows, columns) and labels from 0 to 9, in the form asked for."""
    x = images.reshape(len(images), -1) if flatten else images
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
