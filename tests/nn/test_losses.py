"""Losses: PyTorch's values and gradients, what is refused, and what large scores do."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator, seeded

import autograd as ag
import nn
from autograd import LabelError, ShapeError, Tensor, UnsupportedError

SHAPE = (5, 4)
DTYPES = [np.float64, np.float32]
REDUCTIONS = ["mean", "sum", "none"]


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return generator(seed).normal(size=shape)


def uniform(*shape: int, seed: int = 1) -> np.ndarray:
    return generator(seed).uniform(0.05, 0.95, shape)


def indices(*shape: int, classes: int = 4) -> np.ndarray:
    return generator(2).integers(0, classes, shape)


def probabilities(*shape: int) -> np.ndarray:
    """Of the classes along axis 1."""
    drawn = uniform(*shape, seed=3)
    return drawn / drawn.sum(axis=1, keepdims=True)


# (a name, arguments that are tracked, arguments that are not, settings of ours, PyTorch's class)
Case = tuple[str, list[np.ndarray], list[np.ndarray], dict[str, Any], Callable[[Any], Any]]


def _pairs() -> list[Case]:
    y, t = 2 * normal(*SHAPE), normal(*SHAPE, seed=1)
    found: list[Case] = []
    settings = [
        ("MSELoss", {}), ("L1Loss", {}), ("HuberLoss", {}), ("HuberLoss", {"delta": 0.7}),
        ("SmoothL1Loss", {}), ("SmoothL1Loss", {"beta": 0.5}), ("SmoothL1Loss", {"beta": 0.0}),
    ]  # fmt: skip
    for (name, options), reduction in itertools.product(settings, REDUCTIONS):
        given = {**options, "reduction": reduction}
        found.append((name, [y, t], [], given, lambda F, n=name, o=given: getattr(F, n)(**o)))
    return found


def _binary() -> list[Case]:
    found: list[Case] = []
    scores, targets = 3 * normal(*SHAPE), uniform(*SHAPE)
    hard = (targets > 0.5).astype(float)
    weights: list[Any] = [None, uniform(4, seed=5), uniform(*SHAPE, seed=6)]
    for w, p, reduction in itertools.product(weights, [None, 3 * uniform(4, seed=7)], REDUCTIONS):
        given = {"weight": w, "pos_weight": p, "reduction": reduction}
        theirs = lambda F, o=given: F.BCEWithLogitsLoss(**_in_torch(o))  # noqa: E731
        found.append(("BCEWithLogitsLoss", [scores], [hard], given, theirs))
        found.append(("BCEWithLogitsLoss", [scores, targets], [], given, theirs))
        if p is None:
            less = {"weight": w, "reduction": reduction}
            found.append(("BCELoss", [uniform(*SHAPE, seed=8)], [targets], less,
                          lambda F, o=less: F.BCELoss(**_in_torch(o))))  # fmt: skip
    return found


def _of_classes() -> list[Case]:
    found: list[Case] = []
    for shape, labels in (
        (SHAPE, indices(5)),
        ((2, 4, 3), indices(2, 3)),
        ((2, 4, 3, 2), indices(2, 3, 2)),
        ((4,), indices()),
    ):
        scores = normal(*shape)
        ignoring = np.where(np.arange(labels.size).reshape(labels.shape) == 1, -100, labels)
        for w, s, reduction in itertools.product(
            [None, uniform(4, seed=5)], [0.0, 0.2], REDUCTIONS
        ):
            given = {"weight": w, "label_smoothing": s, "reduction": reduction}
            theirs = lambda F, o=given: F.CrossEntropyLoss(**_in_torch(o))  # noqa: E731
            found.append(("CrossEntropyLoss", [scores], [labels], given, theirs))
            if labels.ndim:
                found.append(("CrossEntropyLoss", [scores], [ignoring],
                              {**given, "ignore_index": -100}, theirs))  # fmt: skip
                found.append(("CrossEntropyLoss", [scores, probabilities(*shape)], [], given,
                              theirs))  # fmt: skip
            if not s:
                less = {"weight": w, "reduction": reduction}
                found.append(("NLLLoss", [-uniform(*shape)], [labels], less,
                              lambda F, o=less: F.NLLLoss(**_in_torch(o))))  # fmt: skip
    for p, reduction in itertools.product([1, 2], REDUCTIONS):
        given = {"p": p, "margin": 0.7, "reduction": reduction}
        found.append(("MultiMarginLoss", [normal(*SHAPE)], [indices(5)], given,
                      lambda F, o=given: F.MultiMarginLoss(**o)))  # fmt: skip
    return found


def _distances() -> list[Case]:
    found: list[Case] = []
    for log_target, reduction in itertools.product([False, True], [*REDUCTIONS, "batchmean"]):
        given = {"log_target": log_target, "reduction": reduction}
        t = probabilities(*SHAPE)
        found.append(("KLDivLoss", [-uniform(*SHAPE), np.log(t) if log_target else t], [], given,
                      lambda F, o=given: F.KLDivLoss(**o)))  # fmt: skip
    three = [normal(*SHAPE, seed=s) for s in (1, 2, 3)]
    for p, swap, reduction in itertools.product([2.0, 1.0, 3.0], [False, True], REDUCTIONS):
        given = {"margin": 1.5, "p": p, "swap": swap, "reduction": reduction}
        found.append(("TripletMarginLoss", three, [], given,
                      lambda F, o=given: F.TripletMarginLoss(**o)))  # fmt: skip
    return found


def _in_torch(options: dict[str, Any]) -> dict[str, Any]:
    import torch

    dtype = options.get("dtype")
    return {
        name: torch.tensor(x, dtype=dtype) if isinstance(x, np.ndarray) else x
        for name, x in options.items()
    }


FAMILIES = {"pairs": _pairs, "binary": _binary, "classes": _of_classes, "distances": _distances}


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")  # of PyTorch, about KLDivLoss
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("family", FAMILIES)
def test_values_and_gradients_are_pytorchs(family: str, dtype: Any) -> None:
    torch = pytest.importorskip("torch")
    cases = FAMILIES[family]()
    assert len(cases) > 15
    for name, tracked, constants, options, theirs in cases:
        ours = [Tensor(x.astype(dtype)) for x in tracked]
        others = [torch.tensor(x.astype(dtype), requires_grad=True) for x in tracked]
        found = getattr(nn, name)(**options)(*ours, *constants)
        given = [torch.tensor(x if x.dtype.kind == "i" else x.astype(dtype)) for x in constants]
        expected = theirs(torch.nn).to(others[0].dtype)(*others, *given)
        told = f"{name} {options}"
        assert found.dtype == dtype, told
        assert_close(found, expected, dtype=np.float32 if dtype is np.float32 else dtype)
        weights = normal(*found.shape, seed=9).astype(dtype)
        (found * weights).sum().backward()
        (expected * torch.tensor(weights)).sum().backward()
        for a, b in zip(ours, others, strict=True):
            assert a.grad.dtype == dtype, told
            assert_close(a.grad, b.grad)


SMOOTH = [
    ("MSELoss", {}), ("HuberLoss", {"delta": 0.7}), ("SmoothL1Loss", {"beta": 0.5}),
    ("BCEWithLogitsLoss", {}), ("BCEWithLogitsLoss", {"pos_weight": uniform(4)}), ("BCELoss", {}),
    ("CrossEntropyLoss", {"label_smoothing": 0.2, "weight": uniform(4)}),
    ("CrossEntropyLoss", {"ignore_index": 1}), ("CrossEntropyLoss", {}), ("NLLLoss", {}),
    ("HingeLoss", {"squared": True}), ("MultiMarginLoss", {}), ("KLDivLoss", {}),
    ("TripletMarginLoss", {"p": 2.0}),
]  # fmt: skip


@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize(("name", "options"), SMOOTH, ids=lambda x: str(x)[:30])
def test_gradients_of_both_orders_and_compiled(
    name: str, options: dict[str, Any], reduction: str
) -> None:
    """Numerical derivatives, and the bits of eager from a compiled program, at other inputs too."""
    loss = getattr(nn, name)(**options, reduction=reduction)
    others: list[np.ndarray] = [indices(5)]
    if name == "TripletMarginLoss":
        others = [normal(*SHAPE, seed=4), normal(*SHAPE, seed=5)]
    elif not isinstance(loss, (nn.CrossEntropyLoss, nn.NLLLoss, nn.HingeLoss, nn.MultiMarginLoss)):
        others = [uniform(*SHAPE, seed=4)]
    x = uniform(*SHAPE) if name == "BCELoss" else normal(*SHAPE)

    def f(x: Any) -> Any:
        return loss(x, *others)

    ag.check_gradients(f, x, order=2, rtol=1e-4, atol=1e-6)

    def total(x: Any, *others: Any) -> Any:
        return np.sum(loss(x, *others))

    compiled = ag.compile(ag.value_and_grad(total))
    for scale in (1.0, 0.5, 0.25):
        for mine, eager in zip(
            compiled(x * scale, *others), ag.value_and_grad(total)(x * scale, *others), strict=True
        ):
            np.testing.assert_array_equal(np.asarray(mine), np.asarray(eager))
    if others[0].dtype.kind == "i":
        with pytest.raises(LabelError, match="label 7"):
            compiled(x, np.full(5, 7))
        compiled(x, others[0][::-1].copy())


# --- labels ---------------------------------------------------------------------------------------


def test_labels_of_every_kind_agree() -> None:
    scores, labels = normal(*SHAPE), indices(5)
    expected = nn.cross_entropy(scores, labels)
    for same in (labels.tolist(), labels.astype("u1"), Tensor(labels), np.eye(4)[labels],
                 np.eye(4, dtype=int)[labels], np.eye(4)[labels] > 0):  # fmt: skip
        for reduction in REDUCTIONS:
            losses = nn.cross_entropy(Tensor(scores), same, reduction=reduction)
            total = losses.sum() / (5 if reduction != "mean" else 1)
            assert_close(total, expected)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_the_classes_may_lie_along_any_axis(axis: int) -> None:
    scores, labels = normal(2, 4, 3), indices(2, 3)
    for options in ({}, {"weight": uniform(4)}, {"label_smoothing": 0.1}, {"ignore_index": 0}):
        expected = nn.cross_entropy(scores, labels, **options)
        moved = np.moveaxis(scores, 1, axis)
        places = np.moveaxis(np.expand_dims(labels, 1), 1, axis)
        found = nn.cross_entropy(Tensor(moved), np.squeeze(places, axis), axis=axis, **options)
        assert_close(found, expected)


@pytest.mark.parametrize("function", [nn.cross_entropy, nn.nll_loss])
def test_losses_of_constant_scores_are_compiled(function: Any) -> None:
    """As when a net is evaluated: nothing is tracked, and scores are plain arrays."""
    scores, labels = -uniform(*SHAPE), indices(5) % 4
    for options in ({}, {"weight": uniform(4)}, {"ignore_index": 0}, {"reduction": "none"}):
        compiled = ag.compile(lambda x, y, given=options: function(x, y, **given))
        np.testing.assert_array_equal(
            Tensor(compiled(scores, labels)).data, Tensor(function(scores, labels, **options)).data
        )


@pytest.mark.parametrize("name", ["CrossEntropyLoss", "NLLLoss"])
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1, 2, 4, 0], r"label 4 at (position 3|\(3,\)).*4 classes"),
        ([0, 1, -1, 3, 0], r"label -1 at (position 2|\(2,\)).*4 classes"),
        ([0.0, 1.0, 2.0, 3.0, 0.0], "float64 labels"),
        ([0.0, np.nan, 2.0, 3.0, 0.0], "label nan|float64 labels"),
        ([0, 1, 2], r"shape \(3,\)"),
        ([[0], [1], [2], [3], [0]], r"shape \(5, 1\)"),
    ],
)  # fmt: skip
def test_labels_that_are_no_classes(name: str, labels: Any, message: str) -> None:
    for options in ({}, {"weight": np.ones(4)}, {"reduction": "none"}):
        with pytest.raises(LabelError, match=message):
            getattr(nn, name)(**options)(Tensor(-uniform(*SHAPE)), labels)


def test_the_ignored_index_is_the_only_one_that_is_left_out() -> None:
    scores = Tensor(normal(*SHAPE))
    with pytest.raises(LabelError, match=r"label -1 at \(0,\)"):
        nn.cross_entropy(scores, [-1, -100, 0, 1, 2], ignore_index=-100)
    with pytest.raises(LabelError, match="all labels are -100"):
        nn.cross_entropy(scores, np.full(5, -100), ignore_index=-100)
    assert nn.cross_entropy(scores, [3] * 5, ignore_index=3, reduction="sum").item() == 0
    with pytest.raises(TypeError, match="labels are probabilities"):
        nn.cross_entropy(scores, np.full(SHAPE, 0.25), ignore_index=3)


@pytest.mark.parametrize("value", [-0.5, 1.5, np.nan, np.inf])
def test_targets_are_probabilities(value: float) -> None:
    targets = np.full(SHAPE, 0.5)
    targets[2, 1] = value
    x = uniform(*SHAPE)
    for loss in (nn.BCELoss(), nn.BCEWithLogitsLoss(), nn.CrossEntropyLoss()):
        with pytest.raises(LabelError, match=r"at \(2, 1\); expected numbers from 0 to 1"):
            loss(Tensor(x), targets)
    with pytest.raises(LabelError, match=r"nn\.binary_cross_entropy_with_logits"):
        nn.BCELoss()(Tensor(targets), x)
    if not value > 0:
        with pytest.raises(LabelError, match="expected numbers from 0 to inf"):
            nn.KLDivLoss()(Tensor(-x), targets)


# --- shapes and settings --------------------------------------------------------------------------

PAIRS = [nn.MSELoss(), nn.L1Loss(), nn.HuberLoss(), nn.SmoothL1Loss(), nn.SumOfSquaresLoss(),
         nn.BCELoss(), nn.BCEWithLogitsLoss(), nn.KLDivLoss()]  # fmt: skip


@pytest.mark.parametrize("loss", PAIRS, ids=repr)
def test_what_broadcasting_would_hide_is_refused(loss: nn.Module) -> None:
    y, t = uniform(20, 1), uniform(20)
    with pytest.raises(ShapeError, match=r"\(20, 1\).*\(20,\).*one shape"):
        loss(Tensor(y), t)
    with pytest.raises(ShapeError, match=r"\(20,\).*\(\)"):
        loss(Tensor(t), 0.5)
    assert loss(Tensor(y[:, 0]), t).shape == ()


def test_the_remedy_works() -> None:
    with pytest.raises(ShapeError, match=r"t\.reshape\(20, 1\)"):
        nn.mse_loss(uniform(20, 1), uniform(20))


@pytest.mark.parametrize(
    "loss",
    [
        *PAIRS,
        nn.CrossEntropyLoss(),
        nn.NLLLoss(),
        nn.HingeLoss(),
        nn.MultiMarginLoss(),
        nn.TripletMarginLoss(),
    ],
    ids=repr,
)
def test_an_empty_batch_has_no_mean(loss: Any) -> None:
    if isinstance(loss, nn.SumOfSquaresLoss):
        return
    x = np.ones((0, 3))
    of_classes = (nn.CrossEntropyLoss, nn.NLLLoss, nn.HingeLoss, nn.MultiMarginLoss)
    others = [np.zeros(0, int)] if isinstance(loss, of_classes) else [x]
    others += [x] * isinstance(loss, nn.TripletMarginLoss)
    with pytest.raises(ShapeError, match=r"batch is empty, of shape \(0,"):
        loss(Tensor(x), *others)
    assert type(loss)(reduction="sum")(Tensor(x), *others).item() == 0
    assert type(loss)(reduction="none")(Tensor(x), *others).size == 0


@pytest.mark.parametrize("loss", PAIRS, ids=repr)
def test_masked_arrays_are_refused(loss: nn.Module) -> None:
    x = uniform(3)
    if not isinstance(loss, nn.SumOfSquaresLoss):
        with pytest.raises(UnsupportedError, match="MaskedArray"):
            loss(Tensor(x), np.ma.array(x, mask=[1, 0, 0]))


def test_settings_that_cannot_be() -> None:
    scores = Tensor(normal(*SHAPE))
    for make, message in [
        (lambda: nn.MSELoss(reduction="avg"), "'mean', 'sum', 'none'"),
        (lambda: nn.mse_loss([1.0], [1.0], reduction="avg"), "'mean', 'sum', 'none'"),
        (lambda: nn.KLDivLoss("avg"), "batchmean"),
        (lambda: nn.huber_loss([1.0], [1.0], delta=0.0), "delta is 0"),
        (lambda: nn.smooth_l1_loss([1.0], [1.0], beta=-1.0), "beta is -1"),
        (lambda: nn.MultiMarginLoss(3), "p is 3"),
        (lambda: nn.TripletMarginLoss(0.0), "margin is 0"),
        (lambda: nn.cross_entropy(scores, indices(5), label_smoothing=1.5), "label_smoothing"),
    ]:
        with pytest.raises(ValueError, match=message):
            make()
    for call, message in [
        (lambda: nn.cross_entropy(scores, indices(5), weight=np.ones(3)), "the 4 classes"),
        (lambda: nn.cross_entropy(scores, indices(5), axis=2), "no axis 2"),
        (lambda: nn.binary_cross_entropy_with_logits(scores, uniform(*SHAPE), weight=np.ones(5)),
         r"weight is \(5,\)"),
        (lambda: nn.svm_hinge(Tensor(normal(3)), [0], reduction="sum"), "examples, classes"),
        (lambda: nn.triplet_margin_loss(normal(2, 3), normal(2, 3), normal(3)), "all three"),
    ]:  # fmt: skip
        with pytest.raises(ShapeError, match=message):
            call()


def test_a_loss_shows_its_settings() -> None:
    assert repr(nn.CrossEntropyLoss(ignore_index=-100)) == "CrossEntropyLoss(ignore_index=-100)"
    assert repr(nn.HingeLoss()) == "HingeLoss()"
    assert repr(nn.HuberLoss("sum", 2.0)) == "HuberLoss(reduction='sum', delta=2.0)"


# --- large and strange numbers --------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_large_scores_are_exact(dtype: Any) -> None:
    large = np.array([[1e4, -1e4], [-1e4, 1e4]], dtype)
    for options in ({}, {"weight": np.ones(2)}, {"ignore_index": 5}, {"axis": -1}):
        x = Tensor(large)
        loss = nn.cross_entropy(x, [1, 1], **options)
        assert loss.item() == 1e4
        loss.backward()
        assert x.grad.tolist() == [[0.5, -0.5], [0, 0]]
    for pos_weight in (None, np.ones(2)):
        x = Tensor(large)
        loss = nn.binary_cross_entropy_with_logits(x, np.eye(2), pos_weight=pos_weight)
        loss.backward()
        assert loss.item() == 0
        assert not x.grad.any()
        x = Tensor(large)
        wrong = nn.binary_cross_entropy_with_logits(x, 1 - np.eye(2), pos_weight=pos_weight)
        wrong.backward()
        assert wrong.item() == 1e4
        assert x.grad.tolist() == [[0.25, -0.25], [-0.25, 0.25]]


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_loss_of_a_sure_and_right_score_is_precise(dtype: Any) -> None:
    """Where the difference of two large numbers would have lost it."""
    found = nn.binary_cross_entropy_with_logits(
        Tensor(np.array([30.0, -30.0], dtype)), [1, 0], reduction="none"
    )
    np.testing.assert_allclose(found.numpy(), np.exp(-30.0), rtol=1e-5)


def test_probabilities_of_0_and_1_have_a_finite_loss() -> None:
    torch = pytest.importorskip("torch")
    p, t = np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0, 0.0])
    found = nn.binary_cross_entropy(Tensor(p), t, reduction="none")
    theirs = torch.nn.BCELoss(reduction="none")(torch.tensor(p), torch.tensor(t))
    assert found.numpy().tolist() == theirs.tolist() == [0, 0, 100, 100]


def test_a_score_of_nan_is_not_hidden() -> None:
    x = normal(*SHAPE)
    x[1, 2] = np.nan
    for loss, others in [(nn.MSELoss(), normal(*SHAPE)), (nn.CrossEntropyLoss(), indices(5)),
                         (nn.CrossEntropyLoss(np.ones(4)), indices(5)), (nn.HuberLoss(), x * 0),
                         (nn.BCEWithLogitsLoss(), uniform(*SHAPE))]:  # fmt: skip
        assert np.isnan(loss(Tensor(x), others).item())


def test_a_float64_target_leaves_a_float32_loss() -> None:
    y = Tensor(np.ones(3, np.float32))
    for loss in PAIRS[:4]:
        assert loss(y, np.zeros(3)).dtype == np.float32
        assert loss(y, np.zeros(3, int)).dtype == np.float32


# --- the SVM of the notes, and regularisation -----------------------------------------------------


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_the_hinge_is_that_of_the_notes(squared: bool, reduction: str) -> None:
    scores, labels = normal(*SHAPE), indices(5)
    losses = []
    for row, label in zip(scores, labels, strict=True):
        margins = [max(0, s - row[label] + 0.5) for j, s in enumerate(row) if j != label]
        losses.append(sum(m**2 if squared else m for m in margins))
    expected = {"mean": np.mean, "sum": np.sum, "none": np.array}[reduction](losses)  # type: ignore[operator]
    loss = nn.HingeLoss(0.5, squared=squared, reduction=reduction)
    for same in (labels, np.eye(4)[labels]):
        assert_close(loss(Tensor(scores), same), expected)


def test_penalties_of_weights_and_nets() -> None:
    net = nn.Sequential(nn.Linear(3, 4, seed=seeded(0)), nn.Linear(4, 2, seed=seeded(1)))
    W, V = net[0].W, net[1].W  # type: ignore[attr-defined]
    expected = 0.05 * ((W.numpy() ** 2).sum() + (V.numpy() ** 2).sum())
    assert_close(nn.l2_penalty(0.1, net), expected)
    assert_close(nn.l2_penalty(0.1, W, V), expected)
    nn.l1_penalty(0.1, net).backward()
    assert_close(W.grad, 0.1 * np.sign(W.numpy()))
    assert net[0].b.grad is None  # type: ignore[attr-defined]
    zero = Tensor(np.zeros(3))
    nn.l1_penalty(0.1, zero).backward()
    assert not zero.grad.any()
    with pytest.raises(TypeError, match="l1_penalty: got no weights"):
        nn.l1_penalty(0.1)
