"""t[index] = value: NumPy's values and right gradients, or an error that says what to do."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator
from gate_cases import CASES, Case

import autograd as ag
from autograd import DTypeError, InPlaceError, Parameter, ShapeError, Tensor, no_grad

# --- what a student writes -----------------------------------------------------------------------


def test_the_gradient_is_zero_where_it_was_written_over() -> None:
    x = Tensor([[1.0, -2.0], [3.0, -4.0]])
    out = x.copy()
    out[x <= 0] = 0
    (out * out).sum().backward()
    assert out.numpy().tolist() == [[1.0, 0.0], [3.0, 0.0]]
    assert x.grad.tolist() == [[2.0, 0.0], [6.0, 0.0]]


def test_the_value_gets_the_gradient_of_where_it_was_written() -> None:
    x, v = Tensor([1.0, 2.0, 3.0]), Tensor(5.0)
    y = x * 1.0
    y[:2] = v  # broadcast: what arrives is added up
    (y * np.array([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0, 100.0]
    assert float(v.grad) == 11.0


def test_of_a_repeated_index_the_last_value_counts() -> None:
    v = Tensor([1.0, 2.0, 3.0])
    y = Tensor(np.zeros(3), requires_grad=False)
    y[[0, 0, 2]] = v
    assert y.numpy().tolist() == [2.0, 0.0, 3.0]
    (y * np.array([1.0, 10.0, 100.0])).sum().backward()
    assert v.grad.tolist() == [0.0, 1.0, 100.0]


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_last_value_is_the_same_in_both_directions_however_arrays_lie(order: Any) -> None:
    """NumPy goes through index arrays and values as they lie in memory, so another may be last."""
    rng = generator(5)
    for _ in range(50):
        index = np.asarray(rng.integers(0, 3, size=(3, 4)), order=order)
        v = Tensor(np.asarray(np.arange(12.0).reshape(3, 4), order=order))
        y = Tensor(np.full(3, -1.0), requires_grad=False)
        y[index] = v
        wanted = np.full(3, -1.0)
        for place, value in zip(index.ravel(), np.arange(12.0), strict=True):
            wanted[place] = value
        assert y.numpy().tolist() == wanted.tolist()
        y.sum().backward()
        assert sorted(np.flatnonzero(v.grad.ravel())) == sorted(wanted[wanted >= 0])


def test_nan_that_was_written_over_does_not_reach_the_gradient() -> None:
    x = Tensor([-1.0, 0.0, 2.0])
    with np.errstate(all="ignore"):
        y = np.log(x)
        y[x <= 0] = 0
        y.sum().backward()
    assert x.grad.tolist() == [0.0, 0.0, 0.5]


def test_a_loop_that_fills_rows() -> None:
    """A recurrence as it is written with arrays: each row reads the one before."""
    x = np.array([0.5, -0.3, 0.8])

    def last(w: Any) -> Any:
        h = Tensor(np.zeros((4, 2)), requires_grad=False)
        for k in range(3):
            h[k + 1] = np.tanh(h[k] * w + x[k])
        return h[3].sum()

    ag.check_gradients(last, np.array([0.7, -1.2]), order=2)
    compiled = ag.compile(ag.value_and_grad(last))
    for w in (np.array([0.7, -1.2]), np.array([0.1, 0.4])):
        for ours, theirs in zip(compiled(w), ag.value_and_grad(last)(w), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_augmented_assignment_to_a_part() -> None:
    x = Tensor([1.0, 2.0, 3.0])
    y = x * 1.0
    y[0] *= x[2]
    with pytest.raises(InPlaceError, match=r"for a part of it t\[index\] = t\[index\] - "):
        y[1:] -= x[:2]
    y[1:] = y[1:] - x[:2]
    y[[0, 2]] += 1.0
    assert y.numpy().tolist() == [4.0, 1.0, 2.0]
    (y * np.array([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad.tolist() == [3.0 - 10.0, 10.0 - 100.0, 100.0 + 1.0]


def test_graphs_of_before_keep_their_values() -> None:
    x = Tensor([1.0, 2.0])
    y = x * 3
    alias, kept = y, y * y
    y[0] = 0.0
    assert alias is y
    kept.sum().backward()
    assert kept.numpy().tolist() == [9.0, 36.0]
    assert x.grad.tolist() == [18.0, 36.0]


def test_values_of_all_kinds() -> None:
    y = Tensor(np.zeros((2, 3)), requires_grad=False)
    y[0] = [1, 2, 3]
    y[1, ...] = range(3)
    y[:, 1:] = np.ones((1, 2, 2), np.float32)  # axes of length 1 in front, as NumPy has it
    y[1, 0] = np.float32(0.5)
    assert y.numpy().tolist() == [[1.0, 1.0, 1.0], [0.5, 1.0, 1.0]]
    assert y.dtype == np.float64
    small = Tensor(np.zeros(2, np.float32))
    small = small * 1
    small[0] = Tensor(0.1)
    assert small.dtype == np.float32
    numbers, mask = Tensor([1, 2, 3]), Tensor([True, False])
    numbers[1] = 7
    mask[1] = True
    assert numbers.numpy().tolist() == [1, 7, 3]
    assert mask.numpy().tolist() == [True, True]


@pytest.mark.parametrize("index", [..., (), np.True_, np.False_], ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_an_array_without_axes_is_written_to_as_a_whole(index: Any, dtype: Any) -> None:
    def written(x: Any, value: Any) -> Any:
        out = np.copy(x)
        alias = out
        out[index] = value * value
        assert alias is out
        return out * out * x

    x, value = dtype(0.7), dtype(-1.3)
    assert written(Tensor(x), Tensor(value)).dtype == dtype
    np.testing.assert_array_equal(written(Tensor(x), Tensor(value)).numpy(), written(x, value))
    ag.check_gradients(written, 0.7, -1.3, order=2)
    compiled = ag.compile(written)
    for factor in (1.0, -0.5, 2.0):
        np.testing.assert_array_equal(compiled(x, dtype(factor)).numpy(), written(x, dtype(factor)))


def test_numbers_never_change() -> None:
    """As in NumPy: `a = b` and then `a += 1` leaves b as it is, if b is a single value."""
    x = Tensor([1.0, 2.0])
    running, history = x[0], []
    for _ in range(3):
        running += x[1]
        history.append(running)
    assert [h.item() for h in history] == [3.0, 5.0, 7.0]
    data_loss = loss = np.sum(x * x)
    loss += 0.5 * np.sum(x)
    assert data_loss.item() == 5.0
    loss.backward()
    assert x.grad.tolist() == [2.5, 4.5]
    with pytest.raises(InPlaceError, match="t is a number, as in NumPy"):
        loss[...] = 3.0
    kept = np.sum(x)
    kept.retain_grad()
    kept += 1
    kept.backward()
    assert float(kept.grad) == 1.0


def test_other_in_place_operators() -> None:
    mask = Tensor([True, True])
    alias = mask
    mask &= np.array([False, True])
    mask |= np.array([False, False])
    assert alias.numpy().tolist() == [False, True]
    y = Tensor(np.eye(2)) * 1
    same = y
    y @= np.array([[1.0, 2.0], [3.0, 4.0]])
    assert same.numpy().tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_the_gradient_of_a_value_has_its_dtype() -> None:
    x, v = Tensor(np.ones(3, np.float32)), Tensor(np.ones(2))
    y = x * 1
    y[1:] = v
    y.sum().backward()
    assert (x.grad.dtype, v.grad.dtype) == (np.float32, np.float64)


def test_an_untracked_tensor_becomes_tracked() -> None:
    out = Tensor(np.zeros(2), requires_grad=False, name="out")
    x = Tensor(3.0)
    out[0] = x * x
    assert out.requires_grad
    assert out.name == "out"
    out.sum().backward()
    assert float(x.grad) == 6.0


def test_retained_gradients_are_those_of_the_value_that_the_tensor_has_now() -> None:
    x = Tensor([1.0, 2.0])
    y = x * 2
    y.retain_grad()
    y[0] = 5.0
    y += 1
    (y * y).sum().backward()
    assert y.grad.tolist() == [12.0, 10.0]
    assert x.grad.tolist() == [0.0, 20.0]


def test_copies() -> None:
    x = Tensor(np.arange(6.0).reshape(2, 3))
    for made in (x.copy(), np.copy(x), x.T.copy().T, np.copy(x, order="F"), x.copy("K")):
        np.testing.assert_array_equal(made.numpy(), x.numpy())
        assert not np.may_share_memory(made.data, x.data)
    x.copy().sum().backward()
    assert x.grad.tolist() == [[1.0] * 3] * 2
    assert not Tensor([1, 2]).copy().requires_grad
    assert Tensor(2.0).copy().item() == 2.0
    with pytest.raises(ag.UnsupportedError, match=r"t\.copy\(\)"):
        copy.copy(x)


def test_what_numpy_copies_is_another_tensor() -> None:
    t = Tensor([1.0, 2.0]) * 1
    for made in (+t, t.clip(), np.clip(t, None, None)):
        made += 1
        made[0] = 7.0
    assert t.numpy().tolist() == [1.0, 2.0]


def test_gradients_are_values_of_their_own() -> None:
    """One that arrives at two places is not one tensor with two names."""
    x, y = Tensor([1.0, 2.0]), Tensor([0.3, 0.4])
    np.tanh(x + y).sum().backward(create_graph=True)
    before = y.grad.numpy()
    x.grad *= 10
    x.grad[0] = 0.0
    np.testing.assert_array_equal(y.grad.numpy(), before)

    def silenced(x: Any, y: Any) -> Any:
        gx, gy = ag.grad(lambda x, y: np.sum(np.tanh(x + y)), (0, 1))(x, y)
        gx[0] = 0.0
        return np.sum(gy) + np.sum(gx)

    ag.check_gradients(silenced, np.array([1.0, 2.0]), np.array([0.3, 0.4]))

    def seeded(w: Any) -> Any:
        v = w * 1
        ag.vjp(lambda x: x + 0.0)(Tensor([1.0, 2.0]), v)[0] = 100.0
        return np.sum(v)

    assert ag.grad(seeded)(np.ones(2)).tolist() == [1.0, 1.0]


def test_dot_is_a_method() -> None:
    x, w = Tensor(np.arange(6.0).reshape(2, 3)), Tensor(np.ones((3, 2)))
    np.testing.assert_array_equal(x.dot(w).numpy(), x.numpy().dot(w.numpy()))
    assert Tensor([1.0, 2.0]).dot(np.array([3.0, 4.0])).item() == 11.0
    assert Tensor(2.0).dot(3.0).item() == 6.0
    with pytest.raises(ag.UnsupportedError, match=r"np\.dot\(X, t\)"):
        np.ones((1, 2)).dot(x)


# --- what is refused -----------------------------------------------------------------------------


def test_a_leaf_is_copied_first_or_written_to_inside_no_grad() -> None:
    x = Tensor([1.0, 2.0], name="x")
    with pytest.raises(InPlaceError, match=r"leaf.*t = t\.copy\(\), or update it inside"):
        x[0] = 5.0
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


VIEWS: dict[str, Callable[[Any], Any]] = {
    "transposed": lambda t: t.T,
    "reshaped": lambda t: t.reshape(4),
    "flat": np.ravel,
    "row": lambda t: t[0],
    "slice": lambda t: t[:, ::-1],
    "new axis": lambda t: t[None],
    "expanded": lambda t: np.expand_dims(t, 0),
    "squeezed": np.squeeze,
    "repeated": lambda t: np.broadcast_to(t, (3, 2, 2)),
    "of a view": lambda t: t.T[1:],
    "detached": lambda t: t.detach(),
}


@pytest.mark.parametrize("make", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("large", [True, False])
def test_one_of_two_that_share_memory_refuses(make: Any, recorded: bool, large: bool) -> None:
    size = 200 if large else 2  # large arrays come from memory that is lent
    base = Tensor(np.arange(4.0).repeat(size * size // 4).reshape(size, size))

    def inner() -> Any:
        t = base * 2 if recorded else Tensor(base.numpy() * 2, requires_grad=False)
        return t.reshape(-1)[:4].copy().reshape(2, 2) if not large else t

    if large and make in (VIEWS["reshaped"], VIEWS["repeated"]):
        pytest.skip("made for the small one")
    t = inner()
    view = make(t)
    for one in (t, view):
        with pytest.raises(InPlaceError, match="shares memory"):
            one[..., :1] = 0.0
        with pytest.raises(InPlaceError, match="shares memory"):
            one += 1.0
    values = view.numpy()
    del view, one
    t[0] = -1.0  # nobody looks at it any more
    alone = make(inner())
    alone[...] = 7.0
    assert np.all(alone.numpy() == 7.0)
    assert values.shape == alone.shape


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


def test_a_row_of_itself_wants_a_copy() -> None:
    t = Tensor(np.arange(3.0)) * 1
    with pytest.raises(InPlaceError, match=r"shares memory.*copy"):
        t[1:] = t[:-1]
    t[1:] = t[:-1].copy()
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


# --- random programs -----------------------------------------------------------------------------

INDICES: list[Callable[[np.random.Generator, tuple[int, ...]], Any]] = [
    lambda rng, shape: int(rng.integers(-shape[0], shape[0])),
    lambda rng, shape: slice(*sorted(rng.integers(0, shape[0] + 1, size=2).tolist())),
    lambda rng, shape: slice(None, None, -1),
    lambda rng, shape: (..., int(rng.integers(shape[-1]))),
    lambda rng, shape: (slice(None),) * (len(shape) - 1) + (None, slice(1, None)),
    lambda rng, shape: rng.integers(-shape[0], shape[0], size=rng.integers(0, 4)),
    lambda rng, shape: rng.integers(0, shape[0], size=(2, 2)),
    lambda rng, shape: tuple(rng.integers(0, n, size=3) for n in shape),
    lambda rng, shape: tuple(rng.integers(0, n, size=(2, 1)[:k]) for k, n in enumerate(shape, 1)),
    lambda rng, shape: rng.random(shape) < 0.5,
    lambda rng, shape: rng.random(shape[0]) < 0.5,
    lambda rng, shape: (slice(None),) * (len(shape) - 1) + ([0, -1],),
]


def random_program(rng: np.random.Generator) -> Callable[..., Any]:
    """A function that computes, reads and writes; the same on arrays and on tensors."""
    shape = tuple(rng.integers(2, 4, size=rng.integers(1, 4)).tolist())
    steps: list[Callable[[list[Any]], None]] = []
    example = [np.ones(shape) for _ in range(2)]

    def add(step: Callable[[list[Any]], None]) -> None:
        step(example)
        steps.append(step)

    for _ in range(rng.integers(2, 8)):
        i, j = rng.integers(len(example), size=2)
        index = INDICES[rng.integers(len(INDICES))](rng, shape)
        kind = rng.integers(6)
        factor = float(rng.normal())
        if kind == 0:
            add(lambda v, i=i, j=j, f=factor: v.append(np.tanh(v[i] * f) + v[j] * 0.5))
        elif kind == 1:
            add(lambda v, i=i, j=j: v.append(np.copy(v[i]) * v[j]))
        elif kind == 2:  # a number
            add(lambda v, i=i, k=index, f=factor: _write(v, i, k, f))
        elif kind == 3:  # values that were taken there, which fit
            add(lambda v, i=i, j=j, k=index: _write(v, i, k, v[j][k] * 2.0))
        elif kind == 4:  # one that is broadcast
            add(lambda v, i=i, j=j, k=index: _write(v, i, k, np.sum(v[j] * v[j]) * 0.1))
        else:

            def augment(v: list[Any], i: Any = i, j: Any = j, k: Any = index) -> None:
                v[i] = np.copy(v[i])
                v[i][k] = v[i][k] * np.tanh(v[j][k])

            add(augment)

    def run(*inputs: Any) -> Any:
        values = [x * 1.0 for x in inputs]
        for step in steps:
            step(values)
        return sum(np.sum(v * v * (0.5 + k)) for k, v in enumerate(values))

    run.shape = shape  # type: ignore[attr-defined]
    return run


def _write(values: list[Any], which: int, index: Any, value: Any) -> None:
    values[which] = np.copy(values[which])
    values[which][index] = value


@pytest.mark.parametrize("chapter", range(8))
def test_random_programs(chapter: int) -> None:
    """Values are NumPy's; gradients and second derivatives are the numerical ones; compiled too.

    And the source of the compiled program gives the same with NumPy alone.
    """
    rng = generator(chapter)
    for _ in range(10):
        run = random_program(rng)
        inputs = [rng.normal(size=run.shape) for _ in range(2)]  # type: ignore[attr-defined]
        wanted = run(*inputs)
        value, grads = ag.value_and_grad(run, (0, 1))(*inputs)
        assert_close(value, wanted)
        ag.check_gradients(run, *inputs, order=2, rtol=1e-4, atol=1e-5 * max(1, abs(wanted)))
        compiled = ag.compile(ag.value_and_grad(run, (0, 1)))
        for _ in range(3):
            value, grads = ag.value_and_grad(run, (0, 1))(*inputs)
            found, found_grads = compiled(*inputs)
            np.testing.assert_array_equal(found, value)
            for ours, theirs in zip(found_grads, grads, strict=True):
                np.testing.assert_array_equal(ours, theirs)
            inputs = [rng.normal(size=x.shape) for x in inputs]
        assert compiled.why == ["first call"]
        scope: dict[str, Any] = {}
        exec(compiled.source, scope)
        value, grads = compiled(*inputs)
        found = scope["run"](*inputs, *compiled.constants.values())
        for ours, theirs in zip(found, [value, *grads], strict=True):
            assert_close(ours, theirs, rtol=1e-10)


# --- compiled and drawn --------------------------------------------------------------------------


def test_tensors_that_a_compiled_function_makes_are_made_anew_at_every_call() -> None:
    def add_to_zeros(x: Any) -> Any:
        total = Tensor(np.zeros(2), requires_grad=False)
        total += x
        total[0] = total[1] * 2
        return total

    compiled = ag.compile(add_to_zeros)
    for _ in range(3):
        assert compiled(np.array([1.0, 2.0])).numpy().tolist() == [4.0, 2.0]
    assert compiled.why == ["first call"]


def test_compiled_with_masks_of_other_counts() -> None:
    """One value for all places where a mask is true, however many there are."""

    def loss(x: Any, v: Any, mask: Any) -> Any:
        y = np.tanh(x)
        y[mask] = np.tanh(v) * 2
        y[mask[:, 0]] = v
        return np.mean(y * y * y)

    rng = generator(1)
    x = rng.normal(size=(5, 6))
    masks = [np.arange(30).reshape(5, 6) < count for count in (1, 6, 0, 30, 13)]
    for shape in ((), (1,)):
        v = np.full(shape, 0.5)
        eager = ag.value_and_grad(loss, (0, 1))
        ag.check_gradients(lambda x, v: loss(x, v, masks[1]), x, v)
        for backend in ("numpy", "numba"):
            if backend == "numba":
                pytest.importorskip("numba")
            compiled = ag.compile(eager, backend=backend)
            for mask in masks:
                (value, grads), (wanted, wanted_grads) = compiled(x, v, mask), eager(x, v, mask)
                assert_close(value, wanted)
                for ours, theirs in zip(grads, wanted_grads, strict=True):
                    assert_close(ours, theirs)
            assert compiled.why == ["first call"]


def test_compiled_where_only_the_index_is_an_argument() -> None:
    def loss(x: Any, v: Any, index: Any) -> Any:
        y = x * 1
        y[index] = v
        return np.sum(y)

    eager = ag.grad(loss, (0, 1))
    compiled = ag.compile(eager)
    for index in (np.array([0, 2]), np.array([1, 1])):
        for ours, theirs in zip(compiled(np.ones(3), np.ones(2), index),
                                eager(np.ones(3), np.ones(2), index), strict=True):  # fmt: skip
            np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(ag.TraceError, match=r"np\.where\(mask, t"):
        ag.compile(lambda x, mask: np.sum(x[mask] * 2))(np.ones(3), np.array([True, False, True]))


def test_arguments_of_compiled_functions_are_not_written_to() -> None:
    """What was written would not reach the caller."""

    def step(x: Any) -> Any:
        x[x < 0] = 0
        return np.sum(x)

    with pytest.raises(InPlaceError, match=r"t = t\.copy\(\)"):
        ag.compile(step)(np.ones(3))
    with pytest.raises(ag.InPlaceError):
        ag.compile(lambda x: x.__iadd__(1))(np.ones(3))


def test_compiled_functions_that_replace_values() -> None:
    w = Parameter(np.ones(3))
    buffer = Tensor(np.ones(3), requires_grad=False).detach()

    def step(x: Any) -> Any:
        w.data = np.full(3, 2.0)
        old = buffer.detach().copy()
        buffer.name = "buffer"
        buffer[0] = w[0] * x[0]
        with no_grad():
            w[1] = x[1]
        return np.sum(w * x) + np.sum(old)

    def run(function: Any) -> list[float]:
        w.data, buffer.data = np.ones(3), np.ones(3)
        buffer.requires_grad = False
        values = []
        for k in range(4):
            values.append(float(function(np.full(3, k + 1.0))))
            buffer.data = buffer.numpy()
            values += [*w.numpy(), *buffer.numpy()]
        return values

    with no_grad():  # in eager code the buffer would become part of a graph
        wanted = run(step)
    assert run(ag.compile(step)) == wanted
    assert not buffer.requires_grad


def test_tensors_that_a_compiled_function_makes_are_joined_to_others() -> None:
    joined = ag.compile(lambda x: np.concatenate([Tensor(np.zeros(2)), x, np.ones(1)]))
    for k in range(3):
        assert joined(np.full(2, float(k))).numpy().tolist() == [0.0, 0.0, k, k, 1.0]


def test_tensors_with_gradients_that_a_compiled_function_makes() -> None:
    w = Parameter(np.ones(3))

    @ag.compile
    def step(x: Any) -> Any:
        w.zero_grad()
        scale = Tensor([2.0, 3.0, 4.0])
        loss = np.sum(w * scale * x)
        loss.backward()
        return scale.grad * 1.0

    for k in range(3):
        assert step(np.full(3, k + 1.0)).tolist() == [k + 1.0] * 3
        assert w.grad.tolist() == [2.0 * (k + 1), 3.0 * (k + 1), 4.0 * (k + 1)]
    assert step.why == ["first call"]


def test_what_fresh_functions_are_given_cannot_be_written_to() -> None:
    def sorts(z: Any) -> Any:
        z.sort()
        return z

    t = Tensor([3.0, 1.0], requires_grad=False)
    for function in (lambda t: ag.fresh(sorts, t), ag.compile(lambda t: ag.fresh(sorts, t * 1))):
        with pytest.raises(ValueError, match="read-only"):
            function(t)
    assert t.numpy().tolist() == [3.0, 1.0]


def test_large_transposed_arrays_have_the_bits_of_eager_when_compiled() -> None:
    def f(x: Any) -> Any:
        v = np.moveaxis(x * 1, 0, -1)
        return np.sum(np.exp(0.1 * v) - v * v)

    x = generator(0).normal(size=(96, 96))
    eager, compiled = ag.value_and_grad(f), ag.compile(ag.value_and_grad(f))
    for _ in range(2):
        for ours, theirs in zip(compiled(x), eager(x), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_the_source_is_what_was_written() -> None:
    def step(x: Any) -> Any:
        out = np.tanh(x)
        mask = out <= 0
        out[mask] = 0
        return np.sum(out * out)

    compiled = ag.compile(ag.grad(step))
    x = np.linspace(-1, 1, 5)
    gradient = compiled(x)
    assert "    out[mask] = 0\n" in compiled.source
    scope: dict[str, Any] = {}
    exec(compiled.source, scope)
    assert_close(scope["step"](x), gradient)


def test_a_compiled_relu_writes_into_one_buffer() -> None:
    """The copy that assignment makes is left out where nobody reads what is copied."""

    def loss(x: Any) -> Any:
        out = np.tanh(x)
        out[out <= 0] = 0
        return np.sum(out)

    compiled = ag.compile(loss)
    compiled(np.ones((50, 50)))
    assert not any("copy" in str(equation) for equation in compiled.program.equations)


def test_what_was_written_to_keeps_the_name_of_its_variable() -> None:
    from autograd.draw import draw

    x = Tensor([1.0, -2.0, 3.0], name="x")
    with ag.source_lines():
        out = np.tanh(x)
        out[out <= 0] = 0
        out[0] *= 3.0
        loss = np.sum(out)
    gates = draw(loss).drawing.gates
    shown = {gate.symbol: [value.label for value in gate.outputs] for gate in gates}
    assert shown["tanh"] == shown["[⋯] = 0"] == shown["[0] ="] == ["out"]
    assert shown["[0]"] == [""]


def test_pictures_show_where_it_was_written() -> None:
    from autograd.draw import draw

    x = Tensor([1.0, 2.0], name="x")
    y = x * 2
    y[0] = 5.0
    picture = draw(y.sum())
    assert any(gate.symbol == "[0] = 5" for gate in picture.drawing.gates)
    of_program = draw((y * y).sum(), backward=True)
    assert sum(gate.symbol == "[0] =" for gate in of_program.drawing.gates) == 2
