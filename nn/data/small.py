"""Small data sets that other packages bring along: no download."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..arguments import size
from ..rng import Seed, as_rng
from .images import Split, float_dtype

__all__ = ["digits", "mnist1d"]

Array = np.ndarray[Any, Any]


def digits(
    *,
    test: int = 360,
    seed: Seed = 0,
    normalize: bool = True,
    flatten: bool = True,
    one_hot_label: bool = False,
    dtype: DTypeLike = np.float32,
) -> tuple[Split, Split]:
    """((x_train, t_train), (x_test, t_test)): scikit-learn's 1,797 digits of 8 by 8 pixels.

    test      so many are for testing; which ones, `seed` decides
    The other options are those of `nn.mnist`; the values are 0 to 16, or with `normalize` 0 to 1.
    Raises ImportError without scikit-learn, ValueError for a test part that leaves none to learn
    from.
    """
    dtype = float_dtype("digits", dtype)
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError("digits come with scikit-learn: pip install scikit-learn") from error
    images, labels = load_digits(return_X_y=True)
    test = size(test, "digits: test")
    if test >= len(images):
        raise ValueError(f"digits: test is {test}; expected less than all {len(images)}")
    x = images / 16 if normalize else images
    x = x.astype(dtype).reshape((-1, 64) if flatten else (-1, 1, 8, 8))
    t = np.eye(10, dtype=dtype)[labels] if one_hot_label else labels.astype(np.int64)
    order = as_rng(seed).permutation(len(x))
    learn, hold = order[test:], order[:test]
    return (x[learn], t[learn]), (x[hold], t[hold])


def mnist1d(*, shuffled: bool = False, dtype: DTypeLike = np.float32) -> tuple[Split, Split]:
    """((x_train, t_train), (x_test, t_test)): MNIST-1D, signals of 40 numbers in 10 classes.

    4,000 and 1,000 examples, made by the package mnist1d from its seed 42 (Greydanus and Kobak,
    arXiv:2011.14439), without a download; with `shuffled`, the 40 positions are in another order,
    one for all. Raises ImportError without the package (`pip install mnist1d`).
    """
    dtype = float_dtype("mnist1d", dtype)
    try:
        from mnist1d.data import get_dataset_args, make_dataset
    except ImportError as error:
        raise ImportError("MNIST-1D comes with its package: pip install mnist1d") from error
    options = get_dataset_args()
    options.shuffle_seq = bool(shuffled)
    kept = np.random.get_state(), random.getstate()
    try:
        made = make_dataset(options)  # which seeds the generators that all share
    finally:
        np.random.set_state(kept[0])
        random.setstate(kept[1])
    x, x_test, t, t_test = (made[name] for name in ("x", "x_test", "y", "y_test"))
    return (x.astype(dtype), t.astype(np.int64)), (x_test.astype(dtype), t_test.astype(np.int64))
