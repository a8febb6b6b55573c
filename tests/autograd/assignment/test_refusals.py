"""Assignment is refused where it would change what a graph or another tensor reads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gate_cases import CASES, Case

import autograd as ag
from autograd import DTypeError, InPlaceError, Parameter, ShapeError, Tensor, no_grad


def test_a_leaf_is_copied_first_or_written_to_inside_no_grad() -> None:
    x = Tensor([1.0, 2.0], name="x")
    with pytest.raises(InPlaceError, match=r"leaf.*t = t\.copy\(\), or update it inside"):
        x[0] = 5.0
    with pytest.raises(InPlaceError, match=r"only written into.*requires_grad=False"):
        Tensor(np.zeros(3))[0] = 5.0
    before = x * x
    with no_grad():
        x[0] = 5.0
    assert x.is_leaf
    assert x.name == "x"
    assert x.numpy().tolist() == [5.0, 2.0]
    before.sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_parameters_like_all_leaves() -> None:
    p = Parameter([1.0, 2.0, 3.0])
    with pytest.raises(InPlaceError, match="leaf"):
        p[p > 1] = 0.0
    loss = (p * p).sum()
    with no_grad():
        p[p > 1] = 0.0
    assert p.numpy().tolist() == [1.0, 0.0, 0.0]
    loss.backward()
    assert p.grad.tolist() == [2.0, 4.0, 6.0]
    p -= 0.5 * p.grad
    assert p.numpy().tolist() == [0.0, -2.0, -3.0]

    def clip(limit: Any) -> Any:
        with no_grad():
            p[p < limit] = limit
        return (p * 1.0).sum()

    compiled = ag.compile(clip)
    for limit in (-2.5, -1.0):
        assert float(compiled(np.float64(limit))) == np.maximum(p.numpy(), limit).sum()


def test_an_inner_tensor_is_not_changed_behind_its_graph() -> None:
    x = Tensor([1.0, 2.0])
    y = x * 2
    with no_grad():
        with pytest.raises(InPlaceError, match="no_grad"):
            y[0] = 1.0
        with pytest.raises(InPlaceError, match="no_grad"):
            y += 1
        z = x * 2  # made here: nobody recorded it
        z[0] = 1.0
        z += 1
    assert z.numpy().tolist() == [2.0, 5.0]


@pytest.mark.parametrize("view", ["repeated", "detached", "number", "of a leaf", "parts"])
def test_what_cannot_be_written_through_is_refused(view: str) -> None:
    x = Tensor(np.ones((2, 2)))
    t = x * 2
    words = "shares memory"
    if view == "repeated":
        shown = np.broadcast_to(t, (3, 2, 2))
    elif view == "detached":
        shown = t.detach()
    elif view == "number":
        t = x[:1, :1] * 2
        shown = np.squeeze(t)
    elif view == "of a leaf":
        t, shown, words = x, x[0], r"view of a leaf"
    else:  # which overlap, of a tensor that is gone
        shown, t = t.reshape(-1)[1:], t.reshape(-1)[:3]
    for one in (shown, t):
        if view == "of a leaf" and one is t:
            continue
        with pytest.raises(InPlaceError, match=words):
            one[...] = 0.0
        with pytest.raises(InPlaceError, match=words):
            one += 1.0
    del shown, one
    if view != "of a leaf":
        t[...] = -1.0  # nobody looks at it any more
        assert np.all(t.numpy() == -1.0)


def test_single_values_that_show_memory() -> None:
    for shape, make in [
        ((1,), np.squeeze),
        ((1, 1), lambda t: t.reshape(())),
        ((2,), lambda t: t[1, ...]),
    ]:
        t = Tensor(np.ones(shape)) * 1
        view = make(t)
        with pytest.raises(InPlaceError, match="shares memory"):
            t[0] = 5.0
        with pytest.raises(InPlaceError, match="shares memory"):
            view += 1
        with pytest.raises(InPlaceError, match="shares memory"):
            view[...] = 5.0
        number = t.sum()
        del view
        t[0] = 5.0
        assert number.item() == t.size


def test_copies_share_nothing() -> None:
    x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    t = x * 2
    others = (t[[0, 1]], t[t > 0], t.sum(axis=0), t.copy(), t + 0, t.T.copy(), t.astype(float))
    t[0] = 0.0
    assert t.numpy().tolist() == [[0.0, 0.0], [6.0, 8.0]]
    assert all(other.size for other in others)


def test_a_row_of_itself() -> None:
    t = Tensor(np.arange(3.0)) * 1
    t[1:] = t[:-1]
    assert t.numpy().tolist() == [0.0, 0.0, 1.0]


def test_memory_lent_without_a_copy() -> None:
    array = np.ones(2)
    t = Tensor(array, requires_grad=False, copy=False)
    with pytest.raises(InPlaceError, match="shares memory"):
        t[0] = 5.0
    assert array.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
@pytest.mark.parametrize("tracked", [True, False])
def test_what_shows_the_memory_of_an_operand_is_known_for_every_gate(
    case: Case, tracked: bool
) -> None:
    tensors = [Tensor(x, requires_grad=tracked) for x in case.inputs]
    result = case.f(*tensors)
    if not isinstance(result, Tensor) or not result.shape:
        return
    for t in tensors:
        if t.shape and np.may_share_memory(result.data, t.data):
            assert result._memory is not None
            assert result._memory is t._memory


@pytest.mark.parametrize(
    ("index", "value", "error", "words"),
    [
        (0, -1.5j, DTypeError, "complex"),
        (0, np.ones(3), ShapeError, r"value has shape \(3,\).*t\[index\] has shape \(2,\)"),
        (np.array([True, False]), np.ones((3, 2)), ShapeError, r"\(3, 2\).*\(1, 2\)"),
        (np.ones((2, 2), bool), np.ones((2, 2)), ShapeError, r"\(2, 2\).*\(4,\)"),
        (5, 0.0, IndexError, "out of bounds"),
        ((0, 0, 0), 0.0, IndexError, "too many indices"),
        (0.5, 0.0, DTypeError, "index of dtype float64"),
        (0, "one", DTypeError, "got <U3"),
        (0, 1j, DTypeError, "complex"),
        (0, None, DTypeError, "object"),
        (0, np.ma.masked_array([1.0, 2.0]), ag.UnsupportedError, "MaskedArray"),
        (np.array([True, False, True]), 0.0, IndexError, "boolean index"),
    ],
)
def test_bad_input_changes_nothing(index: Any, value: Any, error: Any, words: str) -> None:
    t = Tensor(np.ones((2, 2))) * 1
    node = t.node
    with pytest.raises(error, match=words):
        t[index] = value
    assert t.node is node
    assert t.numpy().tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_whole_numbers_have_to_fit() -> None:
    small = Tensor(np.array([1, 2], np.uint8))
    for value in (-1, 300):
        with pytest.raises(OverflowError):
            small[0] = value
    assert small.numpy().tolist() == [1, 2]


def test_decimals_are_not_cut_off() -> None:
    numbers = Tensor([1, 2])
    for value in (0.5, Tensor(1.0), [np.nan, 1.0]):
        with pytest.raises(DTypeError, match=r"float64 but t is int64.*astype\(float\)"):
            numbers[:] = value
