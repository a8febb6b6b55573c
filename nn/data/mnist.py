"""MNIST: 70,000 handwritten digits of 28 by 28 pixels."""

from __future__ import annotations

import importlib.resources
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from .errors import SubsetWarning
from .images import Split, float_dtype, locate, split
from .places import NowhereError, find

__all__ = ["mnist"]

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
    dtype = float_dtype("mnist", dtype)
    place = _subset_folder() if subset else _find(folder, download)
    return (
        split(place, "train", normalize, flatten, one_hot_label, dtype),
        split(place, "t10k", normalize, flatten, one_hot_label, dtype),
    )


def _find(folder: str | Path | None, download: bool) -> Path:
    """The folder to read from; that of the subset if there is no other."""
    files = {
        f"{name}.gz": (checksum, [mirror.format(name=name) for mirror in MIRRORS])
        for name, checksum in SHA256.items()
    }
    try:
        return find("MNIST", files, locate, named=folder, inner="mnist", alone=True,
                    download=download)  # fmt: skip
    except NowhereError as problem:
        warnings.warn(
            f"mnist: {problem}. Using the subset that ships with the package, 5,000 training and "
            "1,000 test images. For all 70,000 put the four files into a folder and pass it, or "
            "name it in GATEGRAD_DATA",
            SubsetWarning,
            stacklevel=3,
        )
        return _subset_folder()


def _subset_folder() -> Path:
    return Path(str(importlib.resources.files("nn.data") / "mnist_subset"))
