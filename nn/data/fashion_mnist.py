"""Fashion-MNIST: 70,000 pictures of clothes, made to be read as MNIST is (arXiv:1708.07747)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from .errors import DatasetError
from .images import Split, float_dtype, locate, split
from .places import NowhereError, find

__all__ = ["FASHION", "fashion_mnist"]

MIRRORS = [
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/{name}.gz",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/{name}.gz",
]
SHA256 = {  # of the decompressed files
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
FASHION = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker",
           "Bag", "Ankle boot")  # fmt: skip


def fashion_mnist(
    folder: str | Path | None = None,
    *,
    normalize: bool = True,
    flatten: bool = True,
    one_hot_label: bool = False,
    dtype: DTypeLike = np.float32,
    download: bool = True,
) -> tuple[Split, Split]:
    """((x_train, t_train), (x_test, t_test)), with the shapes and options of `nn.mnist`.

    The classes are named in `nn.data.FASHION`. Looked for in `folder`, else in the folder
    fashion-mnist of $GATEGRAD_DATA, else in the user's cache, else downloaded there (31 MB).
    Raises DatasetError where it is nowhere, or damaged, and DTypeError for a `dtype` that is no
    float.
    """
    dtype = float_dtype("fashion_mnist", dtype)
    files = {
        f"{name}.gz": (checksum, [mirror.format(name=name) for mirror in MIRRORS])
        for name, checksum in SHA256.items()
    }
    try:
        place = find("Fashion-MNIST", files, locate, named=folder, inner="fashion-mnist",
                     download=download)  # fmt: skip
    except NowhereError as problem:
        raise DatasetError(
            "fashion-mnist", str(problem), "put its four files into a folder and pass it, or into "
            "the folder fashion-mnist of the one that GATEGRAD_DATA names",
        ) from None  # fmt: skip
    return (
        split(place, "train", normalize, flatten, one_hot_label, dtype),
        split(place, "t10k", normalize, flatten, one_hot_label, dtype),
    )
