"""DataLoader: batches, and the rest of an epoch after a resumption at any place."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from draws import generator, seeded

import nn
from autograd import ShapeError, UnsupportedError
from nn.rng import as_rng, own_rng, restore, state_of

X, Y = np.arange(14.0).reshape(7, 2), np.arange(7)


def shaken(x: Any, y: Any, rng: np.random.Generator) -> Any:
    return x + rng.normal(size=x.shape), y


def loader(seed: Any = 5, **options: Any) -> nn.DataLoader:
    return nn.DataLoader(X, Y, 3, **{"shuffle": True, "seed": seed, **options})


def labels(epoch: Any) -> list[list[int]]:
    return [y.tolist() for _, y in epoch]


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
def test_an_epoch_has_all_examples_in_batches(shuffle: bool, drop_last: bool) -> None:
    made = loader(shuffle=shuffle, drop_last=drop_last)
    for _ in range(3):
        epoch = list(made)
        assert [len(y) for _, y in epoch] == [3, 3, 1][: len(made)]
        seen = np.concatenate([y for _, y in epoch])
        assert sorted({*seen}) == sorted(seen)
        assert drop_last or len(seen) == 7
        for x, y in epoch:
            np.testing.assert_array_equal(x, X[y])
            assert not x.flags.writeable
            assert not y.flags.writeable
        if not shuffle:
            assert seen.tolist() == list(range(7))[: len(seen)]
    assert made.epoch == 3


def test_the_orders_are_those_of_batches() -> None:
    seed, made = seeded(5), loader(seeded(5))
    rng = as_rng(seed)
    epochs = [labels(made) for _ in range(4)]
    assert epochs == [labels(nn.batches(X, Y, 3, seed=rng)) for _ in range(4)]
    assert len({str(epoch) for epoch in epochs}) > 1


def test_its_generator_is_its_own() -> None:
    for shared in (generator(1), np.random.RandomState(1)):
        made = loader(shared)
        first = state_of(shared)
        list(made)
        assert str(first) == str(state_of(shared))
    assert labels(loader(generator(1))) == labels(loader(generator(1)))


def test_without_y_and_with_one_batch() -> None:
    made = nn.DataLoader(X, batch_size=100)
    (only,) = made
    np.testing.assert_array_equal(only, X)
    assert len(nn.DataLoader(X, batch_size=7, drop_last=True)) == 1
    shifted = nn.DataLoader(X, batch_size=4, transform=lambda x, rng: x + 1)
    np.testing.assert_array_equal(np.concatenate(list(shifted)), X + 1)
    assert repr(made) == "DataLoader(7 examples, batch_size=100)"


@pytest.mark.parametrize("options", [{}, {"transform": shaken}, {"shuffle": False},
                                     {"shuffle": False, "transform": shaken}, {"drop_last": True}],
                         ids=["usual", "transform", "in-order", "both", "drop-last"])  # fmt: skip
@pytest.mark.parametrize("before", [0, 1, 2, 3, 4, 6, 8])
def test_a_resumed_loader_gives_exactly_the_rest(before: int, options: dict[str, Any]) -> None:
    first, given, state = loader(**options), 0, None
    rest: list[list[Any]] = []
    for _ in range(5):
        if given == before and state is None:  # between two epochs
            state = first.state_dict()
        epoch = []
        for batch in first:
            epoch.append(batch)
            given += 1
            if given == before and state is None:
                state, epoch = first.state_dict(), []
        rest.append(epoch) if state is not None else None
    second = loader(seed=99, **options)
    list(second)
    second.load_state_dict(state)  # type: ignore[arg-type]
    assert str(second.state_dict()) == str(state)
    for expected in rest:
        found = list(second)
        assert labels(found) == labels(expected)
        for (x, _), (x_expected, _) in zip(found, expected, strict=True):
            np.testing.assert_array_equal(x, x_expected)
    assert (second.epoch, str(second.state_dict())) == (first.epoch, str(first.state_dict()))


def test_another_for_begins_a_new_epoch() -> None:
    """As PyTorch's: a look at the first batch, or `break`, does not shorten the next epoch."""
    made = loader()
    next(iter(made))
    assert len(labels(made)) == 3
    assert made.epoch == 1
    for _ in made:
        break
    assert made.state_dict()["position"] == 1
    outer = iter(made)
    assert len([1 for _ in zip(outer, made, strict=True)]) == 3
    assert made.epoch == 2  # the inner one ended


def test_transforms_draw_other_numbers_in_each_epoch() -> None:
    made = loader(transform=shaken, shuffle=False)
    one, other = np.concatenate([x for x, _ in made]), np.concatenate([x for x, _ in made])
    assert (one != other).all()
    assert len(np.unique((one - X).round(12))) == one.size
    again = loader(transform=shaken, shuffle=False)
    np.testing.assert_array_equal(np.concatenate([x for x, _ in again]), one)


def test_states_are_plain_and_are_not_changed_by_what_follows() -> None:
    made = loader()
    next(iter(made))
    state = made.state_dict()
    told = json.dumps(state)
    list(made)
    assert json.dumps(state) == told
    other = loader()
    other.load_state_dict(json.loads(told))
    assert len(labels(other)) == 2


STATE = loader().state_dict()
BAD_STATES = {
    "no dict": 3, "empty": {}, "a key more": {**STATE, "more": 1},
    "other data": {**STATE, "examples": 8}, "other size": {**STATE, "batch_size": 4},
    "other shuffle": {**STATE, "shuffle": 1}, "other drop_last": {**STATE, "drop_last": True},
    "position": {**STATE, "position": 4}, "before": {**STATE, "position": -1},
    "epoch": {**STATE, "epoch": 1.0}, "no position": {**STATE, "position": True},
    "no generator": {**STATE, "generator": None},
    "other generator": {**STATE, "generator": state_of(np.random.Generator(np.random.SFC64(0)))},
    "part of a generator": {**STATE, "generator": {"bit_generator": "PCG64"}},
    "numbers": {**STATE, "generator": {**STATE["generator"], "uinteger": -1}},
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_STATES)
def test_a_state_that_does_not_fit_changes_nothing(case: str) -> None:
    made = loader()
    next(iter(made))
    before = str(made.state_dict())
    with pytest.raises(ValueError, match=r"DataLoader: the state|the state of a generator"):
        made.load_state_dict(BAD_STATES[case])  # type: ignore[arg-type]
    assert str(made.state_dict()) == before


def test_what_does_not_fit_is_told() -> None:
    with pytest.raises(ShapeError, match=r"x is \(7, 2\) and y is \(3,\)"):
        nn.DataLoader(X, np.ones(3), 2)
    with pytest.raises(ShapeError, match="equal lengths"):
        nn.DataLoader(np.float64(3), None, 2)
    with pytest.raises(ShapeError, match=r"7 examples make no batch of 8 with drop_last=True"):
        nn.DataLoader(X, Y, 8, drop_last=True)
    with pytest.raises(ShapeError, match="0 examples make no batch"):
        nn.DataLoader(X[:0], Y[:0], 8)
    with pytest.raises(TypeError, match="batch_size is"):
        nn.DataLoader(X, Y, 2.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="transform is 3"):
        nn.DataLoader(X, Y, 2, transform=3)  # type: ignore[arg-type]
    with pytest.raises(UnsupportedError, match="MaskedArray"):
        nn.DataLoader(np.ma.array(X), Y, 2)
    with pytest.raises(TypeError, match="transform gave a ndarray"):
        list(loader(transform=lambda x, y, rng: x))


# --- the states of generators -----------------------------------------------------------------

KINDS = [np.random.MT19937, np.random.PCG64, np.random.PCG64DXSM, np.random.Philox,
         np.random.SFC64]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_generator_goes_on(kind: Any) -> None:
    rng, other = np.random.Generator(kind(1)), np.random.Generator(kind(2))
    rng.integers(5, dtype=np.int32)
    state = state_of(rng)
    expected = rng.random(700), rng.integers(9, dtype=np.int32)
    restore(other, state)
    np.testing.assert_array_equal(other.random(700), expected[0])
    assert other.integers(9, dtype=np.int32) == expected[1]
    restore(other, state)
    np.testing.assert_array_equal(other.random(700), expected[0])


def test_a_legacy_generator_goes_on() -> None:
    rng, other = np.random.RandomState(1), np.random.RandomState(2)
    rng.standard_normal()
    state = state_of(rng)
    expected = rng.standard_normal(3)
    restore(other, state)
    np.testing.assert_array_equal(other.standard_normal(3), expected)
    assert own_rng(rng) is not rng


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [(np.random.MT19937, ("state", "pos"), 10**6), (np.random.MT19937, ("state", "pos"), -1),
     (np.random.MT19937, ("state", "key"), np.zeros(3, np.uint32)),
     (np.random.Philox, ("buffer_pos",), -7), (np.random.Philox, ("buffer_pos",), 400),
     (np.random.PCG64, ("state", "inc"), -1), (np.random.PCG64, ("state", "inc"), 1 << 200),
     (np.random.PCG64, ("bit_generator",), "MT19937"), (np.random.PCG64, ("state",), None),
     (np.random.SFC64, ("has_uint32",), 2)],
)  # fmt: skip
def test_states_that_would_read_beyond_a_table_are_refused(
    kind: Any, path: tuple[str, ...], value: Any
) -> None:
    rng = np.random.Generator(kind(1))
    before, state = str(state_of(rng)), state_of(rng)
    inner: Any = state
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(ValueError, match="the state of a generator"):
        restore(rng, state)
    assert str(state_of(rng)) == before
