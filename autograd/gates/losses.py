"""Fused gates for training: cross-entropies, the multiclass SVM hinge, the L2 penalty.

Each is one gate with a short gradient where the chain of primitive gates would be long; `expand`
gives that chain. The local gradient is worked out together with the loss, since both need the
same intermediate values.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..arrays import Array, check_plain
from ..declare import gate
from ..errors import LabelError, ShapeError
from ..standins import StandIn
from ..tensor import Tensor
from .activations import log1pexp
from .reduce import log_softmax, softmax
from .underflow import vanishing

__all__ = [
    "check_labels", "l2_penalty", "sigmoid_cross_entropy", "softmax_cross_entropy", "svm_hinge",
]  # fmt: skip


INDEX, UNSIGNED = np.dtype(np.intp), np.dtype(np.uintp)


def check_labels(labels: Any, scores_shape: tuple[int, ...]) -> Array:
    """The labels as class indices (n,), given as indices or one-hot rows, for scores (n, k).

    Raises LabelError for labels that are negative, too large, no integers, NaN, or not n.
    """
    if type(labels) is not np.ndarray or labels.dtype is not INDEX or labels.ndim != 1:
        labels = labels._current() if isinstance(labels, Tensor) else labels
        if isinstance(labels, StandIn):  # checked anew whenever a compiled program runs
            return labels.call(check_labels, (labels, scores_shape), {})
        labels = _as_indices(labels, scores_shape)
    if labels.shape != scores_shape[:-1]:
        _refuse_shape(labels, scores_shape)
    # read as unsigned, a negative label is a huge one: a single pass finds both
    unsigned = labels.view(UNSIGNED)
    if len(labels) and unsigned[unsigned.argmax()] >= scores_shape[1]:
        classes = scores_shape[1]
        at = int(np.flatnonzero((labels < 0) | (labels >= classes))[0])
        raise LabelError(
            f"labels: label {labels[at]} at position {at} is out of range; there are {classes} "
            f"classes, so labels go from 0 to {classes - 1}"
        )
    return labels


def _as_indices(labels: Any, scores_shape: tuple[int, ...]) -> Array:
    """Labels of other kinds as one integer each."""
    labels = np.asarray(check_plain(labels))
    classes = scores_shape[-1] if len(scores_shape) == 2 else 0
    if labels.ndim == 2 and labels.shape == scores_shape and classes > 1:
        return _from_one_hot(labels, classes)
    if labels.shape != scores_shape[:-1] or labels.ndim != 1:
        _refuse_shape(labels, scores_shape)
    if labels.dtype.kind not in "iu":
        _refuse_dtype(labels, classes)
    return labels.astype(np.intp)


def _refuse_shape(labels: Array, scores_shape: tuple[int, ...]) -> None:
    if len(scores_shape) != 2:
        raise ShapeError(
            f"labels: the scores have shape {scores_shape}; expected (examples, classes)"
        )
    raise LabelError(
        f"labels: got shape {labels.shape} for scores of shape {scores_shape}; expected "
        f"{scores_shape[0]} class indices, or one-hot rows of shape {scores_shape}"
    )


def _refuse_dtype(labels: Array, classes: int) -> None:
    value = labels.flat[0] if labels.size else labels.dtype
    for at in np.flatnonzero(np.isnan(labels)) if labels.dtype.kind == "f" else ():
        raise LabelError(
            f"labels: label nan at position {at}; expected integers from 0 to {classes - 1} "
            f"for {classes} classes"
        )
    raise LabelError(
        f"labels: got {labels.dtype} labels such as {value}; expected integers from 0 to "
        f"{classes - 1} for {classes} classes, so convert them with labels.astype(int)"
    )


def _from_one_hot(rows: Array, classes: int) -> Array:
    ones = rows == 1
    bad = np.flatnonzero((ones.sum(axis=1) != 1) | ((rows != 0) & ~ones).any(axis=1))
    if bad.size:
        raise LabelError(
            f"labels: row {bad[0]} is {rows[bad[0]].tolist()}; a one-hot row has a single 1 and "
            f"else 0 for its {classes} classes"
        )
    return np.argmax(ones, axis=1)


@vanishing
def _cross_entropy_back(g: Array, scores: Array, labels: Array) -> Array:
    """softmax - one-hot, times g / n (CS231n, "Putting it together", dscores)."""
    y = check_labels(labels, scores.shape)
    probs = softmax(scores, axis=1)
    probs[_counting(scores.shape[0]), y] -= 1
    return probs * g / scores.shape[0]


@functools.lru_cache(maxsize=8)
def _counting(count: int) -> Array:
    return np.arange(count)


@gate(
    symbol="softmax\ncross-entropy",
    says="(softmax({scores}) − one-hot({labels})) · {g} ÷ n",
    vjp=(
        lambda g, scores, labels: _cross_entropy_back(g, scores, labels),
        None,
    ),
    expand=lambda scores, labels: (
        -np.mean(
            log_softmax(scores)[np.arange(scores.shape[0]), check_labels(labels, scores.shape)]
        )
    ),
)
@vanishing
def softmax_cross_entropy(scores: Array, labels: Array) -> Array:
    """The mean over the batch of -ln softmax(scores)[label], stable for scores of any size.

    scores (n, k) floats; labels n class indices, or one-hot rows (n, k). Gives a single number.
    Raises LabelError for labels that do not fit (see `check_labels`), ShapeError for scores.
    The gradient is (softmax - one-hot) / n (CS231n, "Putting it together").
    """
    y = check_labels(labels, check_scores(scores).shape)
    shifted = scores - np.max(scores, axis=1, keepdims=True)
    exp_scores = np.exp(shifted)
    sums = np.sum(exp_scores, axis=1, keepdims=True)
    logprobs = shifted - np.log(sums)
    return -np.sum(logprobs[_counting(scores.shape[0]), y]) / scores.shape[0]


@gate(
    symbol="σ\ncross-entropy",
    # σ(s) - t, where σ(s) = ½ (1 + tanh(½ s))
    local=(
        lambda scores, targets: 0.5 * np.tanh(0.5 * scores) + (0.5 - targets),
        lambda scores: -scores,
    ),
    expand=lambda scores, targets: log1pexp(scores) - targets * scores,
)
@vanishing
def sigmoid_cross_entropy(scores: Array, targets: Array) -> Array:
    """-t ln σ(s) - (1 - t) ln(1 - σ(s)), elementwise, stable for scores of any size.

    targets are probabilities from 0 to 1. The gradient with respect to the scores is σ(s) - t.
    What is nearly 0, the loss of a sure and right score, is as precise as other values are.
    """
    right = np.maximum(scores, 0) - targets * scores  # 0 where score and target (0 or 1) agree
    return right + np.log1p(np.exp(-np.abs(scores)))


def _margins(scores: Array, labels: Array, delta: float) -> Array:
    """max(0, score - right score + delta), and 0 for the right class itself."""
    y, rows = check_labels(labels, scores.shape), _counting(scores.shape[0])
    right = np.expand_dims(scores[rows, y], 1)
    margins = np.maximum(0, scores - right + float(delta))
    margins[rows, y] = 0
    return margins


def _hinge_back(g: Array, scores: Array, labels: Array, delta: float) -> Array:
    """Each violated margin pulls its score down and the right score up, by g / n."""
    y, rows = check_labels(labels, scores.shape), _counting(scores.shape[0])
    violated = (_margins(scores, labels, delta) > 0).astype(scores.dtype)
    violated[rows, y] = -np.sum(violated, axis=1)
    return violated * g / scores.shape[0]


@gate(
    symbol="SVM hinge",
    vjp=(lambda g, scores, labels, delta: _hinge_back(g, scores, labels, delta), None),
    expand=lambda scores, labels, delta=1.0: np.mean(
        np.sum(_margins(scores, labels, delta), axis=1)
    ),
    says="(violated margins: +1 to wrong, −1 to right class) · {g} ÷ n",
)
def svm_hinge(scores: Array, labels: Array, delta: float = 1.0) -> Array:
    """The mean over the batch of Σ max(0, s_j - s_right + delta) over the wrong classes j.

    scores (n, k) floats; labels n class indices, or one-hot rows (n, k). Gives a single number.
    Raises LabelError for labels that do not fit. A margin of exactly 0 has gradient 0
    (CS231n, "Linear classification", multiclass support vector machine loss).
    """
    margins = _margins(check_scores(scores), labels, delta)
    return np.sum(margins) / scores.shape[0]


def check_scores(scores: Array) -> Array:
    if np.ndim(scores) != 2 or scores.dtype.kind != "f":
        raise ShapeError(
            f"scores: got shape {np.shape(scores)}; expected floats of shape (examples, classes)"
        )
    return scores


@gate(
    symbol="½λΣw²",
    shape=lambda w, strength: (),
    says="λ · {w} · {g}",
    vjp=(lambda g, w, strength: (strength * g) * w, None),
    expand=lambda w, strength: 0.5 * strength * np.sum(w * w),
)
def l2_penalty(w: Array, strength: float) -> Array:
    """½ λ Σ w², the regularisation of the CS231n notes, λ being `strength`; its gradient is λ w."""
    return 0.5 * strength * np.sum(w * w)
