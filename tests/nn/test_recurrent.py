"""Recurrent layers: PyTorch's values and gradients, options crossed, and errors."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator, seeded

import autograd as ag
import nn
from autograd import DTypeError, ShapeError, Tensor

KINDS: list[tuple[str, dict[str, Any]]] = [
    ("RNN", {}),
    ("RNN", {"nonlinearity": "relu"}),
    ("LSTM", {}),
    ("GRU", {}),
]
every_kind = pytest.mark.parametrize(("name", "own"), KINDS, ids=["tanh", "relu", "lstm", "gru"])


def made(name: str, *sizes: int, **options: Any) -> nn.Module:
    return getattr(nn, name)(*sizes, seed=seeded(0), **options)  # type: ignore[no-any-return]


def flat(outputs: Any) -> list[Any]:
    """The outputs and the states, without the nesting."""
    out, state = outputs
    return [out, *(state if isinstance(state, tuple) else [state])]


def total(outputs: Any) -> Any:
    """A number that depends on every element, and on each in another way."""
    return sum(((k + 1) * x * x).sum() for k, x in enumerate(flat(outputs)))


def in_torch(layer: Any, name: str, **options: Any) -> Any:
    """The same layer of PyTorch's, with the same weights."""
    torch = pytest.importorskip("torch")
    dtype = getattr(torch, next(iter(layer.parameters())).dtype.name)
    theirs = getattr(torch.nn, name)(
        layer.input_size, layer.hidden_size, layer.num_layers, dtype=dtype, **options
    )
    with torch.no_grad():
        for key, parameter in layer.named_parameters():
            getattr(theirs, key).copy_(torch.from_numpy(parameter.numpy().T))
    return theirs


@every_kind
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_equals_pytorch(name: str, own: dict[str, Any], dtype: Any) -> None:
    torch = pytest.importorskip("torch")
    rng = generator(1)
    for layers, bias, first, both, given in itertools.product((1, 2), *[(True, False)] * 4):
        options = {"bias": bias, "batch_first": first, "bidirectional": both, **own}
        layer: Any = made(name, 3, 4, layers, dtype=dtype, **options)
        theirs = in_torch(layer, name, **options)
        x = rng.normal(size=(2, 5, 3)).astype(dtype)
        count = 2 if first else 5
        shape = (layers * (1 + both), count, 4)
        states = [rng.normal(size=shape).astype(dtype) for _ in range(1 + (name == "LSTM"))]
        variables = [Tensor(a) for a in (x, *states)]
        others = [torch.tensor(a, requires_grad=True) for a in (x, *states)]

        def state(of: list[Any], given: bool = given) -> Any:
            return None if not given else of[1] if name != "LSTM" else tuple(of[1:])

        found = layer(variables[0], state(variables))
        expected = theirs(others[0], state(others))
        for ours, their in zip(flat(found), flat(expected), strict=True):
            assert ours.dtype == dtype
            assert_close(ours, their)
        total(found).backward()
        total(expected).backward()
        for variable, other in zip(variables, others, strict=True):
            if variable.grad is not None:
                assert_close(variable.grad, other.grad)
        for key, parameter in layer.named_parameters():
            assert_close(parameter.grad, getattr(theirs, key).grad.numpy().T)
            assert parameter.grad.dtype == dtype


@every_kind
def test_gradients_to_second_order(name: str, own: dict[str, Any]) -> None:
    layer = made(name, 2, 3, 2, bidirectional=True, **own)
    x = generator(2).normal(size=(3, 2, 2))
    ag.check_gradients(lambda x: total(layer(x)), x, order=1 if own else 2)


@every_kind
def test_compiled_gives_the_bits_of_eager(name: str, own: dict[str, Any]) -> None:
    layer = made(name, 2, 3, 2, bidirectional=True, dropout=0.25, dtype=np.float32, **own)
    rng: Any = generator(3)

    def step(x: Any) -> Any:
        layer.zero_grad()
        loss = total(layer(x))
        loss.backward()
        return loss, [p.grad for p in layer.parameters()]

    compiled = ag.compile(step)
    for _ in range(3):
        x = rng.normal(size=(4, 2, 2)).astype(np.float32)
        before = layer._rng.bit_generator.state
        loss, grads = compiled(x)
        layer._rng.bit_generator.state = before
        expected, wanted = step(x)
        np.testing.assert_array_equal(np.asarray(loss.detach()), np.asarray(expected.detach()))
        for ours, other in zip(grads, wanted, strict=True):
            np.testing.assert_array_equal(np.asarray(ours), np.asarray(other))


@every_kind
def test_a_single_sequence(name: str, own: dict[str, Any]) -> None:
    layer = made(name, 2, 3, 2, bidirectional=True, batch_first=True, **own)
    x = generator(4).normal(size=(5, 2))
    for alone, one in zip(flat(layer(x)), flat(layer(x[None])), strict=True):
        axis = 0 if one.shape[0] == 1 else 1
        np.testing.assert_array_equal(alone.numpy(), one.numpy().take(0, axis))
    again = layer(x, layer(x)[1])
    assert not np.array_equal(again[0].numpy(), layer(x)[0].numpy())


@every_kind
def test_a_sequence_in_two_parts_is_one(name: str, own: dict[str, Any]) -> None:
    layer = made(name, 2, 3, 2, **own)
    x = generator(5).normal(size=(6, 2, 2))
    first, state = layer(x[:4])
    second, _ = layer(x[4:], state)
    assert_close(np.concatenate([first, second]), layer(x)[0])


def test_dropout_is_between_layers_and_in_training_alone() -> None:
    x = np.ones((3, 2, 2))
    one, two = (made("GRU", 2, 50, layers, dropout=0.5) for layers in (1, 2))
    np.testing.assert_array_equal(one(x)[0].numpy(), one(x)[0].numpy())
    assert (two(x)[0].numpy() != two(x)[0].numpy()).any()
    object.__setattr__(two, "training", False)
    np.testing.assert_array_equal(two(x)[0].numpy(), two(x)[0].numpy())


def test_parameters_are_drawn_from_the_seed() -> None:
    first, again = made("LSTM", 2, 100), made("LSTM", 2, 100)
    for one, other in zip(first.parameters(), again.parameters(), strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
        assert 0.08 < np.abs(one.numpy()).max() <= 0.1
    again.draw(1)
    assert (first.parameters()[0].numpy() != again.parameters()[0].numpy()).any()
    names = [key for key, _ in made("GRU", 2, 3, bidirectional=True).named_parameters()]
    assert names[0] == "weight_ih_l0"
    assert names[-1] == "bias_hh_l0_reverse"


def test_repr() -> None:
    assert repr(nn.LSTM(2, 3, seed=0)) == "LSTM(2, 3)"
    layer = nn.RNN(2, 3, 2, nonlinearity="relu", bias=False, seed=0)
    assert repr(layer) == "RNN(2, 3, num_layers=2, nonlinearity='relu', bias=False)"


def test_an_lstm_learns_to_keep_the_first_element() -> None:
    rng = generator(6)
    layer, out = made("LSTM", 1, 16), nn.Linear(16, 1, seed=seeded(1))
    sgd = nn.SGD([*layer.parameters(), *out.parameters()], lr=0.2)
    for _ in range(400):
        x = rng.normal(size=(3, 32, 1))
        sgd.zero_grad()
        loss = ((out(layer(x)[0][-1]) - x[0]) ** 2).mean()
        loss.backward()
        sgd.step()
    assert loss.item() < 0.3


def test_errors() -> None:
    layer = nn.Sequential(nn.LSTM(3, 4, seed=0))[0]
    with pytest.raises(ShapeError, match=r"LSTM '0': x is \(5, 2, 4\); expected \(steps, n, 3\)"):
        layer(np.ones((5, 2, 4)))
    with pytest.raises(ShapeError, match="without an empty axis"):
        layer(np.ones((0, 2, 3)))
    with pytest.raises(DTypeError, match=r"x is int64; expected floats"):
        layer(np.ones((5, 2, 3), int))
    with pytest.raises(ShapeError, match=r"a pair \(h, c\), each \(1, 2, 4\)"):
        layer(np.ones((5, 2, 3)), np.zeros((1, 2, 4)))
    with pytest.raises(ShapeError, match=r"the state is \[\(2, 4\)\]; expected \(1, 2, 4\)"):
        nn.GRU(3, 4, seed=0)(np.ones((5, 2, 3)), np.zeros((2, 4)))
    with pytest.raises(TypeError, match=r"GRU: hidden_size is 2\.5"):
        nn.GRU(3, 2.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"dropout is 1\.5; expected a number from 0 to 1"):
        nn.GRU(3, 2, dropout=1.5)
    with pytest.raises(TypeError, match="dropout is True"):
        nn.GRU(3, 2, dropout=True)
    with pytest.raises(ValueError, match="nonlinearity is 'sin'"):
        nn.RNN(3, 2, nonlinearity="sin")
    with pytest.raises(DTypeError, match="weights are floats"):
        nn.RNN(3, 2, dtype=int)


def test_errors_of_the_functions() -> None:
    x, w = np.ones((5, 2, 12)), np.ones((3, 12))
    with pytest.raises(ShapeError, match=r"expected x \(steps, n, 4 hidden\)"):
        ag.lstm(x, np.ones((4, 12)))
    with pytest.raises(ShapeError, match=r"lstm: x is \(5, 2, 11\); expected \(5, 2, 12\)"):
        ag.lstm(x[..., :11], w)
    with pytest.raises(ShapeError, match=r"lstm: c is \(3,\); expected \(2, 3\)"):
        ag.lstm(x, w, None, np.ones(3))
    with pytest.raises(ShapeError, match="without a step"):
        ag.lstm(x[:0], w)
    with pytest.raises(DTypeError, match="gru: b is int64"):
        ag.gru(x[..., :9], w[:, :9], np.ones(9, int))
