"""Attention and the Transformer block: PyTorch's values and gradients, masks, and errors."""

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


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return generator(seed).normal(size=shape)


def attention(*sizes: int, **options: Any) -> nn.MultiheadAttention:
    """With biases that are not zero."""
    layer = nn.MultiheadAttention(*sizes, seed=seeded(0), **options)
    for k, (name, parameter) in enumerate(layer.named_parameters()):
        if "bias" in name:
            parameter.data = normal(*parameter.shape, seed=k).astype(parameter.dtype)
    return layer


def copied(ours: Any, theirs: Any, names: dict[str, str]) -> dict[str, Any]:
    """Weights handed over to PyTorch; gives the parameters there, by the names here."""
    torch = pytest.importorskip("torch")
    known, found = dict(theirs.named_parameters()), {}
    with torch.no_grad():
        for name, parameter in ours.named_parameters():
            other = name
            for ours_part, their_part in names.items():
                other = other.replace(ours_part, their_part)
            known[other].copy_(torch.from_numpy(parameter.numpy().T.copy()))
            found[name] = known[other]
    return found


IN_TORCH = {"out_proj_": "out_proj."}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_equals_pytorch(dtype: Any) -> None:
    torch = pytest.importorskip("torch")
    for bias, first, cross, mean in itertools.product(*[(True, False)] * 4):
        sizes = {"kdim": 5, "vdim": 3} if cross and mean else {}
        layer = attention(4, 2, bias=bias, batch_first=first, dtype=dtype, **sizes)
        theirs = torch.nn.MultiheadAttention(
            4, 2, bias=bias, batch_first=first, dtype=getattr(torch, np.dtype(dtype).name), **sizes
        )
        parameters = copied(layer, theirs, IN_TORCH)
        shapes = [(6, 3, 4), (5, 3, layer.kdim), (5, 3, layer.vdim)]
        given = [normal(*s, seed=k).astype(dtype) for k, s in enumerate(shapes)]
        given = [x.swapaxes(0, 1).copy() if first else x for x in given]
        ours = [Tensor(x) for x in given][: 3 if cross else 1]
        others = [torch.tensor(x, requires_grad=True) for x in given][: 3 if cross else 1]
        found, weights = layer(*ours, average_attn_weights=mean)
        expected, their_weights = theirs(
            *(others if cross else 3 * others), average_attn_weights=mean
        )
        assert found.dtype == weights.dtype == dtype
        assert_close(found, expected)
        assert_close(weights, their_weights)
        ((found**2).sum() + (weights**3).sum()).backward()
        ((expected**2).sum() + (their_weights**3).sum()).backward()
        for x, y in zip(ours, others, strict=True):
            assert_close(x.grad, y.grad, dtype=dtype)
        # a bias of the keys moves all scores alike, so its gradient is what rounding has left
        scale = max(np.abs(p.grad.numpy()).max() for p in parameters.values())
        for name, parameter in layer.named_parameters():
            assert_close(parameter.grad, parameters[name].grad.numpy().T, of=[scale], dtype=dtype)


def masks(torch: Any) -> list[dict[str, Any]]:
    pairs, places = normal(6, 6) > 0.7, normal(3, 6) > 0.7
    np.fill_diagonal(pairs, False)
    pairs, places = pairs.copy(), places.copy()
    places[:, 0] = pairs[:, 0] = False
    each = np.broadcast_to(pairs, (6, 6, 6)).copy()
    return [
        {"attn_mask": pairs},
        {"attn_mask": normal(6, 6)},
        {"attn_mask": each},
        {"attn_mask": normal(6, 6, 6)},
        {"key_padding_mask": places},
        {"key_padding_mask": places, "attn_mask": pairs},
    ]


@pytest.mark.parametrize("which", range(6))
def test_masks_equal_pytorch(which: int) -> None:
    torch = pytest.importorskip("torch")
    layer = attention(4, 2, batch_first=True)
    theirs = torch.nn.MultiheadAttention(4, 2, batch_first=True, dtype=torch.float64)
    copied(layer, theirs, IN_TORCH)
    given, x = masks(torch)[which], normal(3, 6, 4)
    ours, other = Tensor(x), torch.tensor(x, requires_grad=True)
    found, weights = layer(ours, **given)
    expected, their_weights = theirs(
        other, other, other, **{k: torch.from_numpy(v) for k, v in given.items()}
    )
    assert_close(found, expected)
    assert_close(weights, their_weights)
    (found**2).sum().backward()
    (expected**2).sum().backward()
    assert_close(ours.grad, other.grad)


def test_causal_attention_does_not_see_what_comes_later() -> None:
    layer = attention(4, 2, batch_first=True)
    x = normal(2, 5, 4)
    found, weights = layer(x, is_causal=True)
    assert (np.triu(weights.numpy(), 1) == 0).all()
    same, _ = layer(x, attn_mask=np.triu(np.ones((5, 5), bool), 1))
    np.testing.assert_array_equal(found.numpy(), same.numpy())
    changed = x.copy()
    changed[:, 3:] += 1
    later, _ = layer(changed, is_causal=True)
    np.testing.assert_array_equal(found.numpy()[:, :3], later.numpy()[:, :3])


def test_who_may_look_nowhere_finds_zeros() -> None:
    layer = attention(4, 2, batch_first=True)
    nothing = np.array([[True] * 5, [False] * 5])
    x = Tensor(normal(2, 5, 4))
    found, weights = layer(x, key_padding_mask=nothing)
    assert (weights.numpy()[0] == 0).all()
    np.testing.assert_array_equal(
        found.numpy()[0], np.broadcast_to(layer.out_proj_bias.numpy(), (5, 4))
    )
    found[0].sum().backward()
    assert (x.grad == 0).all()


def test_a_single_sequence() -> None:
    layer = attention(4, 2)
    x, mask = normal(5, 4), np.array([False, True, False, False, True])
    for name in ({}, {"key_padding_mask": mask}):
        found, weights = layer(x, **name)
        many = {k: m[None] for k, m in name.items()}
        stacked, expected = layer(x[:, None], **many)
        np.testing.assert_array_equal(found.numpy(), stacked.numpy()[:, 0])
        np.testing.assert_array_equal(weights.numpy(), expected.numpy()[0])


def block(**options: Any) -> nn.TransformerBlock:
    made = nn.TransformerBlock(4, 2, 7, seed=seeded(0), **options)
    for k, parameter in enumerate(made.parameters()):
        if parameter.ndim == 1:
            parameter.data = normal(*parameter.shape, seed=k).astype(parameter.dtype)
    return made


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_block_equals_pytorch(dtype: Any) -> None:
    torch = pytest.importorskip("torch")
    ours = block(dtype=dtype)
    theirs = torch.nn.TransformerEncoderLayer(
        4, 2, 7, dropout=0.0, batch_first=True, norm_first=True,
        dtype=getattr(torch, np.dtype(dtype).name),
    )  # fmt: skip
    names = {
        "attention.": "self_attn.", "out_proj_": "out_proj.", "linear1.W": "linear1.weight",
        "linear1.b": "linear1.bias", "linear2.W": "linear2.weight", "linear2.b": "linear2.bias",
        "biasias": "bias", "norm1.gamma": "norm1.weight", "norm1.beta": "norm1.bias",
        "norm2.gamma": "norm2.weight", "norm2.beta": "norm2.bias",
    }  # fmt: skip
    parameters = copied(ours, theirs, names)
    x = normal(2, 5, 4).astype(dtype)
    later = torch.triu(torch.ones(5, 5, dtype=torch.bool), 1)
    for options, their_options in (({}, {}), ({"is_causal": True}, {"src_mask": later})):
        ours.zero_grad()
        theirs.zero_grad()
        variable, other = Tensor(x), torch.tensor(x, requires_grad=True)
        found, expected = ours(variable, **options), theirs(other, **their_options)
        assert found.dtype == dtype
        assert_close(found, expected)
        (found**2).sum().backward()
        (expected**2).sum().backward()
        assert_close(variable.grad, other.grad, dtype=dtype)
        scale = max(np.abs(p.grad.numpy()).max() for p in parameters.values())
        for name, parameter in ours.named_parameters():
            assert_close(parameter.grad, parameters[name].grad.numpy().T, of=[scale], dtype=dtype)


def test_gradients_to_second_order() -> None:
    layer, x = attention(2, 2, batch_first=True), normal(1, 2, 2)
    ag.check_gradients(lambda x: (layer(x, is_causal=True)[0] ** 2).sum(), x, order=2)
    smooth = nn.TransformerBlock(4, 2, 3, activation=np.tanh, seed=seeded(0))
    ag.check_gradients(lambda x: (smooth(x) ** 2).sum(), normal(1, 2, 4), order=2)


def test_compiled_gives_the_bits_of_eager() -> None:
    made = block(dropout=0.25, dtype=np.float32)
    padding = np.zeros((2, 5), bool)

    def step(x: Any, padding: Any) -> Any:
        made.zero_grad()
        loss = (made(x, is_causal=True, key_padding_mask=padding) ** 2).mean()
        loss.backward()
        return loss, [p.grad for p in made.parameters()]

    compiled = ag.compile(step)
    sources = [made._rng, made.attention._rng]
    for k in range(3):
        x = normal(2, 5, 4, seed=k).astype(np.float32)
        padding[:, k + 1] = True
        states = [rng.bit_generator.state for rng in sources]
        loss, grads = compiled(x, padding)
        for rng, state in zip(sources, states, strict=True):
            rng.bit_generator.state = state
        expected, wanted = step(x, padding)
        np.testing.assert_array_equal(np.asarray(loss.detach()), np.asarray(expected.detach()))
        for ours, other in zip(grads, wanted, strict=True):
            np.testing.assert_array_equal(np.asarray(ours), np.asarray(other))


def test_dropout_is_in_training_alone() -> None:
    made, x = block(dropout=0.5), normal(2, 5, 4)
    assert (made(x).numpy() != made(x).numpy()).any()
    for _, module in made.named_modules():
        object.__setattr__(module, "training", False)
    np.testing.assert_array_equal(made(x).numpy(), made(x).numpy())


def test_positions_are_told_apart_by_sines() -> None:
    layer = nn.PositionalEncoding(5, 10)
    found = layer(np.zeros((2, 7, 5), np.float32))
    assert found.dtype == np.float32
    place, feature = 3, np.arange(5)
    angle = place / 10000 ** ((feature - feature % 2) / 5)
    assert_close(found.numpy()[1, place], np.where(feature % 2, np.cos(angle), np.sin(angle)),
                 dtype=np.float32)  # fmt: skip
    with pytest.raises(ShapeError, match="at most 10 places"):
        layer(np.zeros((11, 5)))


def test_same_seed_same_weights_and_repr() -> None:
    first, again = (nn.TransformerBlock(8, 2, seed=3) for _ in range(2))
    for one, other in zip(first.parameters(), again.parameters(), strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert repr(first.attention) == "MultiheadAttention(8, 2, batch_first=True)"
    before = first.attention.in_proj_weight.numpy()
    first.initialise(4)
    assert (before != first.attention.in_proj_weight.numpy()).any()


def test_errors() -> None:
    layer = nn.Sequential(nn.MultiheadAttention(4, 2, batch_first=True, seed=0))[0]
    x = np.ones((3, 5, 4))
    with pytest.raises(ShapeError, match=r"MultiheadAttention '0': query is \(3, 5, 3\)"):
        layer(x[..., :3])
    with pytest.raises(ShapeError, match=r"key \(2, 5, 4\) .*as many sequences"):
        layer(x, x[:2])
    with pytest.raises(
        ShapeError, match=r"attn_mask is \(4, 4\); expected \(5, 5\) or \(6, 5, 5\)"
    ):
        layer(x, attn_mask=np.ones((4, 4), bool))
    with pytest.raises(DTypeError, match="attn_mask is int64; expected bools"):
        layer(x, attn_mask=np.ones((5, 5), int))
    with pytest.raises(ShapeError, match=r"key_padding_mask is \(5, 3\); expected \(3, 5\)"):
        layer(x, key_padding_mask=np.ones((5, 3), bool))
    with pytest.raises(DTypeError, match="query is int64"):
        layer(np.ones((3, 5, 4), int))
    with pytest.raises(ShapeError, match="number of heads that divides"):
        nn.MultiheadAttention(5, 2)
    with pytest.raises(TypeError, match="activation is 'gelu'; expected a function or a module"):
        nn.TransformerBlock(4, 2, activation="gelu")  # type: ignore[arg-type]
