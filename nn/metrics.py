"""Metrics: how good predictions are, in numbers that people read. They carry no gradient.

Scores (n, k) and labels may be tensors or arrays; labels are class indices or one-hot rows.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Literal

import numpy as np

from autograd import LabelError, ShapeError, Tensor

from .arguments import check_examples, plain, size

__all__ = [
    "accuracy", "auc", "confusion_matrix", "f1_score", "precision", "recall", "roc_curve",
    "top_k_accuracy",
]  # fmt: skip

Array = np.ndarray[Any, Any]
Average = Literal["macro", "micro", "weighted"] | None


def accuracy(scores: Any, labels: Any) -> float:
    """The share of examples whose largest score is that of their label; NaN if a score is.

    Of equally large scores the first one is taken. Scores (n,) of a single output are of yes or
    no: yes above 0. Raises ShapeError for no examples and shapes that do not fit.

    >>> accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1])
    0.5
    """
    scores = _array(scores, "accuracy: scores")
    check_examples(scores, "accuracy")
    if np.isnan(scores).any():
        return float("nan")
    if scores.ndim == 1:
        right = _array(labels, "accuracy: labels")
        _same(right.shape, scores.shape, "accuracy")
        return float(np.mean((scores > 0) == (right > 0.5)))
    return float(np.mean(np.argmax(scores, axis=-1) == _labels(labels, scores.shape, "accuracy")))


def top_k_accuracy(scores: Any, labels: Any, k: int = 5) -> float:
    """The share of examples whose label is among the k largest scores; NaN if a score is.

    A label whose score is as large as others counts if fewer than k are larger or, of equal ones,
    come first. Raises ShapeError for no examples, shapes that do not fit and too large a k.

    >>> top_k_accuracy([[0.1, 0.5, 0.4], [0.6, 0.3, 0.1]], [2, 2], k=2)
    0.5
    """
    scores = _array(scores, "top_k_accuracy: scores")
    check_examples(scores, "top_k_accuracy")
    y = _labels(labels, scores.shape, "top_k_accuracy")[..., None]
    if size(k, "top_k_accuracy: k") > scores.shape[-1]:
        raise ShapeError(f"top_k_accuracy: k is {k}, but there are {scores.shape[-1]} classes")
    if np.isnan(scores).any():
        return float("nan")
    own = np.take_along_axis(scores, y, axis=-1)
    before = np.arange(scores.shape[-1]) < y
    ahead = np.sum((scores > own) | ((scores == own) & before), axis=-1)
    return float(np.mean(ahead < k))


def confusion_matrix(predicted: Any, labels: Any, classes: int | None = None) -> Array:
    """How often a label (row) was predicted as a class (column): counts (classes, classes).

    predicted   class indices, or scores (n, k), of which the largest counts
    classes     how many there are; by default up to the largest that occurs
    Raises ShapeError unless there are as many predictions as labels, LabelError for what is no
    class.

    >>> confusion_matrix([0, 1, 1], [0, 0, 1])
    array([[1, 1],
           [0, 1]])
    """
    name = "confusion_matrix"
    predicted = _array(predicted, f"{name}: predicted")
    if predicted.dtype.kind == "f" and predicted.ndim > 1:
        classes = predicted.shape[-1] if classes is None else classes
        labels = _labels(labels, predicted.shape, name)
        predicted = np.argmax(predicted, axis=-1)
    y = _array(labels, f"{name}: labels")
    _same(y.shape, predicted.shape, name)
    for what, x in (("predicted", predicted), ("labels", y)):
        if x.dtype.kind not in "iub":
            raise LabelError(f"{name}: {what} holds {x.dtype}; expected class indices")
    y, predicted = y.ravel().astype(np.intp), predicted.ravel().astype(np.intp)
    largest = int(max(y.max(initial=-1), predicted.max(initial=-1)))
    count = largest + 1 if classes is None else size(classes, f"{name}: classes")
    least = int(min(y.min(initial=0), predicted.min(initial=0)))
    if least < 0 or largest >= count:
        wrong = least if least < 0 else largest
        raise LabelError(
            f"{name}: class {wrong} is out of range; there are {count} classes, from 0 to "
            f"{count - 1}"
        )
    return np.bincount(y * count + predicted, minlength=count * count).reshape(count, count)


def precision(
    predicted: Any, labels: Any, average: Average = "macro", *, classes: int | None = None
) -> Any:
    """Of what was predicted as a class, the share that is of it; 0 where nothing was.

    average   "macro": the mean over the classes; "weighted": by how often they occur as labels;
              "micro": of all predictions together; None: an array with one for each class
    The other arguments are those of `confusion_matrix`.

    >>> precision([0, 1, 1], [0, 0, 1], None)
    array([1. , 0.5])
    """
    right, predictions, labelled = _counts(predicted, labels, classes, average)
    return _averaged(_share(right, predictions), labelled, average)


def recall(
    predicted: Any, labels: Any, average: Average = "macro", *, classes: int | None = None
) -> Any:
    """Of what is of a class, the share that was predicted as it; 0 for a class without examples.

    The arguments are those of `precision`.

    >>> recall([0, 1, 1], [0, 0, 1], None)
    array([0.5, 1. ])
    """
    right, _, labelled = _counts(predicted, labels, classes, average)
    return _averaged(_share(right, labelled), labelled, average)


def f1_score(
    predicted: Any, labels: Any, average: Average = "macro", *, classes: int | None = None
) -> Any:
    """2 P R / (P + R), the harmonic mean of precision P and recall R; 0 where both are.

    The arguments are those of `precision`.

    >>> f1_score([0, 1, 1], [0, 0, 1], None).round(4)
    array([0.6667, 0.6667])
    """
    right, predictions, labelled = _counts(predicted, labels, classes, average)
    return _averaged(_share(2 * right, predictions + labelled), labelled, average)


def roc_curve(scores: Any, labels: Any) -> tuple[Array, Array, Array]:
    """False positive rates, true positive rates and thresholds, by scikit-learn's `roc_curve`.

    scores (n,) of yes, labels (n,) 0 and 1. Raises ImportError without scikit-learn.
    """
    y, s = _binary(scores, labels, "roc_curve")
    return _sklearn().roc_curve(y, s)  # type: ignore[no-any-return]


def auc(scores: Any, labels: Any) -> float:
    """The area under the ROC curve: how likely a yes has a larger score than a no.

    scores (n,) of yes, labels (n,) 0 and 1. Raises ImportError without scikit-learn.
    """
    y, s = _binary(scores, labels, "auc")
    return float(_sklearn().roc_auc_score(y, s))


def _sklearn() -> Any:
    try:
        return import_module("sklearn.metrics")
    except ImportError as error:
        raise ImportError(
            "nn.metrics: ROC curves need scikit-learn; install it: pip install scikit-learn"
        ) from error


def _binary(scores: Any, labels: Any, name: str) -> tuple[Array, Array]:
    s, y = _array(scores, f"{name}: scores"), _array(labels, f"{name}: labels")
    _same(y.shape, s.shape, name)
    if s.ndim != 1:
        raise ShapeError(f"{name}: scores are {s.shape}; expected (n,), one for each example")
    found = set(np.unique(y).tolist())
    if found != {0, 1}:
        raise LabelError(f"{name}: the labels are {sorted(found)[:5]}; expected both 0 and 1")
    return y, s


def _array(x: Any, name: str) -> Array:
    return x.numpy() if isinstance(x, Tensor) else plain(x, name)


def _same(labels: tuple[int, ...], others: tuple[int, ...], name: str) -> None:
    if labels != others:
        raise ShapeError(f"{name}: labels are {labels} for {others}; give both one shape")


def _labels(labels: Any, shape: tuple[int, ...], name: str) -> Array:
    """Labels as class indices, for scores of this shape."""
    y = _array(labels, f"{name}: labels")
    if y.shape == shape:
        y = np.argmax(y, axis=-1)
    _same(y.shape, shape[:-1], name)
    if y.dtype.kind not in "iub":
        raise LabelError(f"{name}: labels hold {y.dtype}; expected class indices or one-hot rows")
    if y.size and (y.min() < 0 or y.max() >= shape[-1]):
        wrong = y.min() if y.min() < 0 else y.max()
        raise LabelError(f"{name}: label {wrong} is out of range; there are {shape[-1]} classes")
    return y.astype(np.intp)


def _counts(
    predicted: Any, labels: Any, classes: int | None, average: Average
) -> tuple[Array, Array, Array]:
    """For each class: predicted rightly, predicted, labelled; all together for "micro"."""
    if average not in ("macro", "micro", "weighted", None):
        raise ValueError(f'average is {average!r}; expected "macro", "micro", "weighted" or None')
    matrix = confusion_matrix(predicted, labels, classes)
    if not matrix.sum():
        raise ShapeError("there are no examples to judge; pass at least 1")
    found = np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)
    if average != "micro":
        return found
    right, predictions, labelled = (x.sum(keepdims=True) for x in found)
    return right, predictions, labelled


def _share(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)


def _averaged(shares: Array, labelled: Array, average: Average) -> Any:
    if average is None:
        return shares
    weights = labelled if average == "weighted" else None
    return float(np.average(shares, weights=weights))
