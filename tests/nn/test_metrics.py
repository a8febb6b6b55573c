"""Metrics, against scikit-learn's where it is installed, and what is refused."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

from autograd import LabelError, ShapeError, Tensor
from nn import metrics


def data(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = generator(seed)
    return rng.normal(size=(60, 5)), rng.integers(0, 5, 60)


@pytest.mark.parametrize("average", ["macro", "micro", "weighted", None])
def test_scikit_learn_says_the_same(average: Any) -> None:
    theirs = pytest.importorskip("sklearn.metrics")
    scores, y = data()
    predicted = scores.argmax(axis=1)
    predicted[predicted == 3] = 0  # a class that is never predicted
    options = {"average": average, "zero_division": 0}
    for ours, other in [(metrics.precision, theirs.precision_score),
                        (metrics.recall, theirs.recall_score),
                        (metrics.f1_score, theirs.f1_score)]:  # fmt: skip
        assert_close(ours(predicted, y, average), other(y, predicted, **options))
    np.testing.assert_array_equal(
        metrics.confusion_matrix(predicted, y), theirs.confusion_matrix(y, predicted)
    )
    assert_close(metrics.accuracy(scores, y), theirs.accuracy_score(y, scores.argmax(axis=1)))
    for k in (1, 2, 4):
        assert_close(
            metrics.top_k_accuracy(scores, y, k), theirs.top_k_accuracy_score(y, scores, k=k)
        )
    yes = (y > 2).astype(int)
    assert_close(metrics.auc(scores[:, 0], yes), theirs.roc_auc_score(yes, scores[:, 0]))
    assert len(metrics.roc_curve(Tensor(scores[:, 0]), yes)) == 3


def test_counts_by_hand() -> None:
    predicted, y = [0, 1, 1, 2, 0], [0, 0, 1, 1, 0]
    assert metrics.confusion_matrix(predicted, y).tolist() == [[2, 1, 0], [0, 1, 1], [0, 0, 0]]
    assert metrics.confusion_matrix(predicted, y, 4).shape == (4, 4)
    assert metrics.precision(predicted, y, None).tolist() == [1.0, 0.5, 0.0]
    assert_close(metrics.recall(predicted, y, None), [2 / 3, 0.5, 0.0])
    assert_close(metrics.f1_score(predicted, y, None), [0.8, 0.5, 0.0])
    assert metrics.precision(predicted, y, "micro") == 0.6


def test_scores_and_labels_of_every_kind() -> None:
    scores, y = data()
    expected = metrics.accuracy(scores, y)
    for s in (scores, Tensor(scores), scores.tolist()):
        for labels in (y, y.tolist(), Tensor(y), np.eye(5)[y], y.astype("u1")):
            assert metrics.accuracy(s, labels) == metrics.top_k_accuracy(s, labels, 1) == expected
    assert metrics.confusion_matrix(scores, np.eye(5)[y]).trace() == round(expected * 60)
    assert metrics.accuracy([-1.0, 2.0, 0.5], [0, 1, 0]) == pytest.approx(2 / 3)


def test_equal_scores_count_once() -> None:
    scores = np.zeros((4, 4))
    assert metrics.accuracy(scores, [0, 1, 2, 3]) == 0.25
    assert [metrics.top_k_accuracy(scores, [0, 1, 2, 3], k) for k in (1, 2, 4)] == [0.25, 0.5, 1.0]


def test_scores_of_nan_are_not_judged() -> None:
    scores, y = data()
    scores[3, 1] = np.nan
    assert np.isnan(metrics.accuracy(scores, y))
    assert np.isnan(metrics.top_k_accuracy(scores, y, 2))


def test_what_does_not_fit_is_refused() -> None:
    scores, y = data()
    for error, message, call in [
        (ShapeError, "batch is empty", lambda: metrics.accuracy(np.ones((0, 5)), [])),
        (ShapeError, r"labels are \(59,\)", lambda: metrics.accuracy(scores, y[:-1])),
        (ShapeError, r"labels are \(60, 1\)", lambda: metrics.accuracy(scores, y[:, None])),
        (LabelError, "label 5 is out of range", lambda: metrics.accuracy(scores, y * 0 + 5)),
        (LabelError, "labels hold float64", lambda: metrics.accuracy(scores, y * 1.0)),
        (ShapeError, "k is 6", lambda: metrics.top_k_accuracy(scores, y, 6)),
        (LabelError, "class -1", lambda: metrics.confusion_matrix(y - 1 - y, y)),
        (LabelError, "class 4 is out", lambda: metrics.confusion_matrix([4], [0], classes=3)),
        (ShapeError, "no examples", lambda: metrics.f1_score(np.zeros(0, int), np.zeros(0, int))),
        (ValueError, "average is 'mean'", lambda: metrics.recall(y, y, "mean")),  # type: ignore[arg-type]
        (LabelError, "expected both 0 and 1", lambda: metrics.auc(scores[:, 0], y * 0)),
    ]:  # fmt: skip
        with pytest.raises(error, match=message):
            call()


def test_without_scikit_learn_its_absence_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.metrics", None)
    with pytest.raises(ImportError, match="pip install scikit-learn"):
        metrics.auc([0.1, 0.9], [0, 1])
