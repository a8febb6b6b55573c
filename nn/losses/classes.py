"""Losses of one class out of many: the cross-entropy of the softmax, and the multiclass SVM."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd
from autograd import LabelError, ShapeError, Tensor, check_labels, fresh, softmax_cross_entropy

from ..arguments import check_examples, plain, with_settings
from ..layers import Layer
from .common import checked_range, floats, reduced, reduction_named

__all__ = [
    "CrossEntropyLoss", "HingeLoss", "MultiMarginLoss", "NLLLoss", "SoftmaxWithLoss",
    "cross_entropy", "nll_loss", "softmax_cross_entropy", "svm_hinge",
]  # fmt: skip

Array = np.ndarray[Any, Any]


def cross_entropy(
    scores: Any,
    labels: Any,
    *,
    weight: Any = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    axis: int = 1,
    reduction: str = "mean",
) -> Any:
    """-ln softmax(scores)[label], stable for scores of any size.

    scores            (n, k), or any shape with the k classes along `axis`; (k,) for one example
    labels            class indices, in the shape of the scores without that axis; or probabilities
                      (so also one-hot) in the shape of the scores
    weight            of each class, (k,). The mean of class indices is then the weighted one
    ignore_index      a label that does not count, such as -100 of what was padded
    label_smoothing   ε: a label's probability is 1 - ε, and ε is shared by all classes (Szegedy et
                      al. 2016, arXiv:1512.00567, section 7)
    Raises ShapeError for shapes that do not fit and the mean of an empty batch, LabelError for
    labels that are no classes, and for the mean when all are ignored.

    >>> float(cross_entropy([[1e4, 0.0], [0.0, 1e4]], [1, 1]))
    5000.0
    """
    name = "cross_entropy"
    scores = floats(scores, f"{name}: scores")
    axis = _class_axis(scores.shape, axis, name)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"{name}: label_smoothing is {label_smoothing}; expected 0 to 1")
    soft = np.shape(labels) == scores.shape
    usual = weight is None and ignore_index is None and not label_smoothing
    if usual and not soft and reduction == "mean" and scores.ndim == 2 and axis == 1:
        check_examples(scores, name)
        return softmax_cross_entropy(scores, labels)
    log_probs = autograd.log_softmax(scores, axis=axis)
    if soft:
        if ignore_index is not None:
            raise TypeError(
                f"{name}: ignore_index is {ignore_index}, but the labels are probabilities; give "
                "them zeros where nothing counts, or pass class indices"
            )
        return _of_probabilities(log_probs, labels, weight, label_smoothing, axis, reduction)
    return _of_indices(
        name, log_probs, labels, weight, ignore_index, label_smoothing, axis, reduction
    )


def nll_loss(
    log_probs: Any,
    labels: Any,
    *,
    weight: Any = None,
    ignore_index: int | None = None,
    axis: int = 1,
    reduction: str = "mean",
) -> Any:
    """-log_probs[label], the negative log-likelihood of what `log_softmax` gives.

    The arguments are those of `cross_entropy`, with labels as class indices.

    >>> float(nll_loss(np.log([[0.25, 0.75]]), [0]).round(4))
    1.3863
    """
    log_probs = floats(log_probs, "nll_loss: log_probs")
    axis = _class_axis(log_probs.shape, axis, "nll_loss")
    return _of_indices("nll_loss", log_probs, labels, weight, ignore_index, 0.0, axis, reduction)


def _class_axis(shape: tuple[int, ...], axis: int, name: str) -> int:
    """The axis of the classes, counted from the front; of one example it is the only one."""
    if len(shape) == 1 and axis == 1:
        return 0
    if not -len(shape) <= axis < len(shape):
        raise ShapeError(
            f"{name}: scores of shape {shape} have no axis {axis}; expected (examples, classes), "
            "or pass the axis of the classes"
        )
    if not shape[axis]:
        raise ShapeError(f"{name}: scores of shape {shape} are of no classes")
    return axis % len(shape)


def _of_probabilities(
    log_probs: Any, labels: Any, weight: Any, smoothing: float, axis: int, reduction: str
) -> Any:
    """Labels as probabilities of all classes: -Σ w t ln p, the mean over the examples."""
    targets = floats(labels, "cross_entropy: labels", log_probs.dtype)
    targets = checked_range(targets, "cross_entropy: a label", 0, 1)
    classes = log_probs.shape[axis]
    if smoothing:
        targets = (1.0 - smoothing) * targets + smoothing / classes
    if weight is not None:
        targets = _along(_class_weights(weight, log_probs, axis), axis, log_probs.ndim) * targets
    losses = -np.sum(targets * log_probs, axis=axis)
    return reduced(losses, reduction, "cross_entropy")


def _of_indices(
    name: str,
    log_probs: Any,
    labels: Any,
    weight: Any,
    ignored: int | None,
    smoothing: float,
    axis: int,
    reduction: str,
) -> Any:
    """Labels as class indices: -w ln p[label], the mean by the weights that were met."""
    reduction_named(reduction)
    # constants, too, are tensors: what a traced program finds at `indices` is one
    log_probs = _tensor(log_probs)
    labels = labels if isinstance(labels, Tensor) else plain(labels, f"{name}: labels")
    indices: Any = fresh(
        _checked, labels, log_probs.shape, axis, ignored, name, reduction == "mean"
    )
    counts = None if ignored is None else (indices >= 0).astype(log_probs.dtype)
    if ignored is not None:
        indices = np.maximum(indices, 0)
    weights = None if weight is None else _tensor(_class_weights(weight, log_probs, axis))
    by_label = counts
    if weights is not None:
        by_label = weights[indices] if counts is None else weights[indices] * counts
    losses = -_taken(log_probs, indices, axis)
    losses = losses if by_label is None else losses * by_label
    if smoothing:
        if weights is None:
            shared = -np.mean(log_probs, axis=axis)
        else:
            shared = -np.mean(log_probs * _along(weights, axis, log_probs.ndim), axis=axis)
        shared = shared if counts is None else shared * counts
        losses = (1.0 - smoothing) * losses + smoothing * shared
    if by_label is None or reduction != "mean":
        return reduced(losses, reduction, name)
    return np.sum(losses) / np.sum(by_label)


def _tensor(x: Any) -> Any:
    return x if isinstance(x, Tensor) else Tensor(x, requires_grad=False)


def _taken(log_probs: Any, indices: Any, axis: int) -> Any:
    """Of each row along the axis the element at its index."""
    if log_probs.ndim == 1:
        return log_probs[indices]
    if log_probs.ndim == 2 and axis == 1:
        return log_probs[np.arange(log_probs.shape[0]), indices]
    return np.squeeze(
        np.take_along_axis(log_probs, np.expand_dims(indices, axis), axis=axis), axis=axis
    )


def _along(weights: Any, axis: int, ndim: int) -> Any:
    """Weights (k,) in a shape that broadcasts along the axis."""
    return np.reshape(weights, (-1,) + (1,) * (ndim - 1 - axis))


def _class_weights(weight: Any, log_probs: Any, axis: int) -> Any:
    weight = floats(weight, "weight", log_probs.dtype)
    if weight.shape != (log_probs.shape[axis],):
        raise ShapeError(
            f"weight is {weight.shape}; expected one for each of the {log_probs.shape[axis]} "
            "classes"
        )
    return weight


def _checked(
    labels: Array, shape: tuple[int, ...], axis: int, ignored: int | None, name: str, mean: bool
) -> Array:
    """Class indices, with -1 where the label is the ignored one.

    Raises LabelError for labels that are no classes; ShapeError for the mean of none.
    """
    expected, classes = shape[:axis] + shape[axis + 1 :], shape[axis]
    if labels.shape != expected:
        raise LabelError(
            f"{name}: labels of shape {labels.shape} for scores of shape {shape}; expected class "
            f"indices of shape {expected}, or probabilities in the shape of the scores"
        )
    if labels.dtype.kind not in "iu":
        raise LabelError(
            f"{name}: got {labels.dtype} labels; expected integers from 0 to {classes - 1}, so "
            "convert them with labels.astype(int)"
        )
    if mean and not labels.size:
        raise ShapeError(
            f"{name}: the batch is empty, of shape {shape}, and nothing has no mean; pass at "
            "least 1 example"
        )
    counting = np.ones(labels.shape, bool) if ignored is None else labels != ignored
    wrong = counting & ((labels < 0) | (labels >= classes))
    if wrong.any():
        at = tuple(int(k) for k in np.argwhere(wrong)[0])
        raise LabelError(
            f"{name}: label {labels[at]} at {at} is out of range; there are {classes} classes, so "
            f"labels go from 0 to {classes - 1}. What is not to count is named by ignore_index"
        )
    if mean and not counting.any():
        raise LabelError(f"{name}: all labels are {ignored}, the ignored one: nothing has no mean")
    return np.where(counting, labels, -1).astype(np.intp)


def svm_hinge(
    scores: Any,
    labels: Any,
    delta: float = 1.0,
    *,
    squared: bool = False,
    reduction: str = "mean",
) -> Any:
    """Σ max(0, s_j - s_right + delta) over the wrong classes j, the multiclass SVM hinge.

    scores (n, k); labels n class indices, or one-hot rows (n, k)
    squared   the squared hinge instead, of the L2-SVM
    Raises LabelError for labels that do not fit. A margin of exactly 0 has gradient 0 (CS231n,
    "Linear classification").

    >>> float(svm_hinge([[3.0, 5.0, -2.0]], [0]))
    3.0
    """
    if not squared and reduction == "mean":
        return autograd.svm_hinge(scores, labels, delta)
    scores = floats(scores, "svm_hinge: scores")
    if scores.ndim != 2:
        raise ShapeError(f"svm_hinge: scores are {scores.shape}; expected (examples, classes)")
    y = fresh(check_labels, labels, scores.shape)
    right = np.expand_dims(scores[np.arange(scores.shape[0]), y], 1)
    wrong = np.expand_dims(y, 1) != np.arange(scores.shape[1])
    margins = np.where(wrong, np.maximum(0, scores - right + delta), 0.0)
    losses = np.sum(np.square(margins) if squared else margins, axis=1)
    return reduced(losses, reduction, "svm_hinge")


# --- modules --------------------------------------------------------------------------------------


@with_settings
class CrossEntropyLoss(Layer):
    """The cross-entropy of the softmax, called with scores and labels; see `nn.cross_entropy`.

    The weights of the classes are a buffer, as PyTorch has them.

    >>> import nn
    >>> float(nn.CrossEntropyLoss(ignore_index=-100)([[0.0, 0.0], [1.0, 2.0]], [1, -100]).round(4))
    0.6931
    """

    weight: Tensor | None

    def __init__(
        self,
        weight: Any = None,
        *,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        axis: int = 1,
        reduction: str = "mean",
    ):
        self.register_buffer("weight", weight)
        self.ignore_index, self.axis = ignore_index, axis
        self.label_smoothing, self.reduction = label_smoothing, reduction_named(reduction)

    def forward(self, scores: Any, labels: Any) -> Tensor:
        """The loss, reduced."""
        return cross_entropy(  # type: ignore[no-any-return]
            scores,
            labels,
            weight=self.weight,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            axis=self.axis,
            reduction=self.reduction,
        )


@with_settings
class NLLLoss(Layer):
    """The negative log-likelihood, called with log-probabilities and labels; see `nn.nll_loss`.

    The weights of the classes are a buffer, as PyTorch has them.
    """

    weight: Tensor | None

    def __init__(
        self,
        weight: Any = None,
        *,
        ignore_index: int | None = None,
        axis: int = 1,
        reduction: str = "mean",
    ):
        self.register_buffer("weight", weight)
        self.ignore_index, self.axis = ignore_index, axis
        self.reduction = reduction_named(reduction)

    def forward(self, log_probs: Any, labels: Any) -> Tensor:
        """The loss, reduced."""
        return nll_loss(  # type: ignore[no-any-return]
            log_probs,
            labels,
            weight=self.weight,
            ignore_index=self.ignore_index,
            axis=self.axis,
            reduction=self.reduction,
        )


class SoftmaxWithLoss(Layer):
    """Softmax and cross-entropy in one, the mean over the batch; labels as indices or one-hot.

    Called with scores (n, k) and labels. Raises LabelError for labels that do not fit, ShapeError
    for an empty batch. The layer of "Deep Learning from Scratch" is `nn.book.SoftmaxWithLoss`;
    `nn.CrossEntropyLoss` has options.
    """

    def forward(self, scores: Any, labels: Any) -> Tensor:
        """The loss, a single number."""
        check_examples(scores, "SoftmaxWithLoss")
        return softmax_cross_entropy(scores, labels)  # type: ignore[no-any-return]


@with_settings
class HingeLoss(Layer):
    """The multiclass SVM hinge with margin delta, by default the mean over the batch.

    Called with scores (n, k) and labels; `squared` and `reduction` as of `nn.svm_hinge`. Raises
    LabelError for labels that do not fit, ShapeError for an empty batch.
    """

    def __init__(self, delta: float = 1.0, *, squared: bool = False, reduction: str = "mean"):
        self.delta, self.squared = delta, squared
        self.reduction = reduction_named(reduction)

    def forward(self, scores: Any, labels: Any) -> Tensor:
        """The loss, reduced."""
        if self.reduction == "mean":
            check_examples(scores, "HingeLoss")
        return svm_hinge(  # type: ignore[no-any-return]
            scores, labels, self.delta, squared=self.squared, reduction=self.reduction
        )


@with_settings
class MultiMarginLoss(Layer):
    """The SVM hinge as PyTorch has it: divided by the number of classes, squared for p = 2."""

    def __init__(self, p: int = 1, margin: float = 1.0, *, reduction: str = "mean"):
        if p not in (1, 2):
            raise ValueError(f"MultiMarginLoss: p is {p}; expected 1 or 2")
        self.p, self.margin, self.reduction = p, margin, reduction_named(reduction)

    def forward(self, scores: Any, labels: Any) -> Tensor:
        """The loss, reduced."""
        if self.reduction == "mean":
            check_examples(scores, "MultiMarginLoss")
        losses = svm_hinge(
            scores, labels, self.margin, squared=self.p == 2, reduction=self.reduction
        )
        return losses / np.shape(scores)[1]  # type: ignore[no-any-return]
