"""Attention, and the Transformer block that is made of it."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

import autograd
from autograd import DTypeError, Parameter, ShapeError, Tensor

from ..arguments import size
from ..module import Module
from ..rng import Seed, as_rng, spawn
from .dropout import dropped, rate
from .linear import Linear
from .normalisation import LayerNorm

__all__ = ["MultiheadAttention", "PositionalEncoding", "TransformerBlock"]


class MultiheadAttention(Module):
    """Scaled dot-product attention in several heads (Vaswani et al. 2017, arXiv:1706.03762).

    embed_dim, num_heads   features, and in how many heads they are shared out
    dropout                of the attention weights, in training
    bias                   False: no biases
    kdim, vdim             features of key and value, where they are not `embed_dim`
    batch_first            operands and output are (n, places, ...) rather than (places, n, ...)
    seed, dtype            of the random numbers; of the parameters
    Of query (L, n, embed_dim), key (S, n, kdim) and value (S, n, vdim), every head makes
    softmax(q kᵀ / √d) v, and a last affine layer mixes the heads to (L, n, embed_dim). Without key
    and value the query attends to itself; single sequences need no axis n. Parameters are named as
    in PyTorch, weights (in, out) as in `Linear`. Raises ShapeError, DTypeError.

    >>> import nn
    >>> attend = nn.MultiheadAttention(8, 2, batch_first=True, seed=0)
    >>> found, weights = attend(np.ones((3, 5, 8)), is_causal=True)
    >>> found.shape, weights.shape
    ((3, 5, 8), (3, 5, 5))
    """

    in_proj_weight: Parameter  # or, with kdim or vdim, q_, k_ and v_proj_weight
    q_proj_weight: Parameter
    k_proj_weight: Parameter
    v_proj_weight: Parameter
    in_proj_bias: Parameter  # this and the next but one: not with bias=False
    out_proj_weight: Parameter
    out_proj_bias: Parameter
    torch_names: ClassVar[Mapping[str, str]] = {
        "out_proj_weight": "out_proj.weight", "out_proj_bias": "out_proj.bias"
    }  # fmt: skip
    torch_turned: ClassVar[str] = "*_weight"

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        *,
        dropout: float = 0.0,
        bias: bool = True,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        seed: Seed = None,
        dtype: DTypeLike = float,
    ):
        self.embed_dim = size(embed_dim, "MultiheadAttention: embed_dim")
        self.num_heads = size(num_heads, "MultiheadAttention: num_heads")
        if self.embed_dim % self.num_heads:
            raise ShapeError(
                f"MultiheadAttention: embed_dim is {embed_dim} and num_heads {num_heads}; choose a "
                "number of heads that divides the features"
            )
        if np.dtype(dtype).kind != "f":
            raise DTypeError(
                f"MultiheadAttention: dtype is {np.dtype(dtype)}; weights are floats: pass float"
            )
        self.kdim = self.embed_dim if kdim is None else size(kdim, "MultiheadAttention: kdim")
        self.vdim = self.embed_dim if vdim is None else size(vdim, "MultiheadAttention: vdim")
        self.dropout = rate(dropout, "MultiheadAttention: dropout")
        self.bias, self.batch_first = bool(bias), bool(batch_first)
        self._rng = as_rng(seed)
        for name, (shape, bound) in self._shapes().items():
            setattr(self, name, Parameter(_uniform(shape, bound, self._rng, dtype), name=name))

    def _shapes(self) -> dict[str, tuple[tuple[int, ...], float]]:
        """The parameters: shape, and how far from 0 they are drawn (Glorot, Bengio 2010)."""
        d = self.embed_dim
        found: dict[str, tuple[tuple[int, ...], float]]
        if self.kdim == self.vdim == d:
            found = {"in_proj_weight": ((d, 3 * d), math.sqrt(6 / (4 * d)))}
        else:
            sizes = {"q_proj_weight": d, "k_proj_weight": self.kdim, "v_proj_weight": self.vdim}
            found = {name: ((n, d), math.sqrt(6 / (n + d))) for name, n in sizes.items()}
        found |= {"in_proj_bias": ((3 * d,), 0.0)} if self.bias else {}
        found["out_proj_weight"] = (d, d), 1 / math.sqrt(d)
        return found | ({"out_proj_bias": ((d,), 0.0)} if self.bias else {})

    def draw(self, seed: Seed) -> None:
        """Draw the weights anew, and set biases to zero."""
        self._rng = as_rng(seed)
        for name, (shape, bound) in self._shapes().items():
            parameter = getattr(self, name)
            parameter.data = _uniform(shape, bound, self._rng, parameter.dtype)

    def forward(
        self,
        query: Any,
        key: Any = None,
        value: Any = None,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """What every place of the query has found, and how it looked; None without `need_weights`.

        key_padding_mask   (n, S), True for places of the key that are to be ignored
        attn_mask          (L, S), (n, L, S) or (n · heads, L, S), True where a query may not look;
                           masks of floats are added to the scores
        is_causal          no query looks at a later place; no further mask is needed
        Weights are (n, L, S), the mean of the heads; (n, heads, L, S) with
        average_attn_weights=False. A query that may look nowhere finds zeros.
        """
        query = self._operand("query", query, self.embed_dim)
        key = query if key is None else self._operand("key", key, self.kdim)
        value = key if value is None else self._operand("value", value, self.vdim)
        self._check(query, key, value)
        single = query.ndim == 2
        p = self.dropout if self.training else 0.0
        masked = key_padding_mask is not None or attn_mask is not None
        itself = query is key is value and self.kdim == self.vdim == self.embed_dim
        if itself and not (need_weights or masked or p):
            bias = self.in_proj_bias if self.bias else None
            projected = _affine(self._batch_first(query), self.in_proj_weight, bias)
            found = autograd.self_attention(projected, heads=self.num_heads, causal=is_causal)
            return self._mixed(found, single), None
        q, k, v = (self._heads(self._batch_first(x), i) for i, x in enumerate((query, key, value)))
        q = q * q.dtype.type(1 / math.sqrt(q.shape[-1]))
        blocked, added = self._masks(q, k, single, key_padding_mask, attn_mask, is_causal)
        found, weights = _attend(q, k, v, blocked, added, p, self._rng)
        found = self._mixed(found, single)
        if not need_weights:
            return found, None
        weights = np.mean(weights, axis=1) if average_attn_weights else weights
        return found, weights[0] if single else weights

    def _mixed(self, found: Any, single: bool) -> Any:
        """The last affine layer, with the axes as those of the query."""
        found = _affine(found, self.out_proj_weight, self.out_proj_bias if self.bias else None)
        if single:
            return found[0]
        return found if self.batch_first else found.swapaxes(0, 1)

    def _batch_first(self, x: Any) -> Any:
        if x.ndim == 2:
            return np.expand_dims(x, 0)
        return x if self.batch_first else x.swapaxes(0, 1)

    def _heads(self, x: Any, i: int) -> Any:
        """The projection of query, key or value: (n, heads, places, features of a head)."""
        part = slice(i * self.embed_dim, (i + 1) * self.embed_dim)
        if self.kdim == self.vdim == self.embed_dim:
            w = self.in_proj_weight[:, part]
        else:
            w = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)[i]
        out = _affine(x, w, self.in_proj_bias[part] if self.bias else None)
        split = np.reshape(out, (*x.shape[:-1], self.num_heads, self.embed_dim // self.num_heads))
        return np.swapaxes(split, 1, 2)

    def _operand(self, name: str, x: Any, features: int) -> Any:
        x = x if isinstance(x, Tensor) else Tensor(x, requires_grad=False)
        if x.ndim not in (2, 3) or x.shape[-1] != features:
            axes = "n, places" if self.batch_first else "places, n"
            raise ShapeError(
                f"{self._path()}: {name} is {x.shape}; expected ({axes}, {features}), or "
                f"(places, {features}) for a single sequence"
            )
        if x.dtype.kind != "f":
            raise DTypeError(
                f"{self._path()}: {name} is {x.dtype}; expected floats, so use {name}.astype(float)"
            )
        return x

    def _check(self, query: Any, key: Any, value: Any) -> None:
        axis = 0 if self.batch_first else 1
        counts = {x.shape[axis] if x.ndim == 3 else None for x in (query, key, value)}
        if len(counts) > 1 or key.shape[:-1] != value.shape[:-1] or 0 in key.shape:
            raise ShapeError(
                f"{self._path()}: query is {query.shape}, key {key.shape} and value {value.shape}; "
                "expected as many sequences in all three, and as many places, at least one, in key "
                "and value"
            )

    def _masks(
        self, q: Any, k: Any, single: bool, padding: Any, given: Any, causal: bool
    ) -> tuple[Any, Any]:
        """Where a query may not look, and what is added to the scores; None if nothing."""
        count, heads, rows, _ = q.shape
        columns, blocked, added = k.shape[2], list[Any](), list[Any]()
        if causal:
            blocked.append(_later(rows, columns))
        of_places: dict[Any, Any] = {
            (columns,) if single else (count, columns): (count, 1, 1, columns)
        }
        of_pairs: dict[Any, Any] = {
            (rows, columns): (rows, columns),
            (count * heads, rows, columns): (count, heads, rows, columns),
            (count, rows, columns): (count, 1, rows, columns),
            (count, heads, rows, columns): (count, heads, rows, columns),
        }
        for name, mask, fits in (
            ("key_padding_mask", padding, of_places), ("attn_mask", given, of_pairs)
        ):  # fmt: skip
            if mask is None:
                continue
            mask = mask if isinstance(mask, (Tensor, np.ndarray)) else np.asarray(mask)
            if mask.shape not in fits:
                raise ShapeError(
                    f"{self._path()}: {name} is {mask.shape}; expected "
                    f"{' or '.join(map(str, fits))}"
                )
            if mask.dtype.kind not in "bf":
                raise DTypeError(
                    f"{self._path()}: {name} is {mask.dtype}; expected bools, True where a query "
                    "may not look, or floats that are added"
                )
            into = blocked if mask.dtype.kind == "b" else added
            into.append(np.reshape(mask, fits[mask.shape]))
        return (
            functools.reduce(np.logical_or, blocked) if blocked else None,
            functools.reduce(np.add, added) if added else None,
        )

    def _path(self) -> str:
        return f"MultiheadAttention {self._name!r}" if self._name else "MultiheadAttention"

    def __repr__(self) -> str:
        usual = {
            "dropout": 0.0, "bias": True, "kdim": self.embed_dim, "vdim": self.embed_dim,
            "batch_first": False,
        }  # fmt: skip
        options = [f", {k}={getattr(self, k)!r}" for k, v in usual.items() if getattr(self, k) != v]
        return f"MultiheadAttention({self.embed_dim}, {self.num_heads}{''.join(options)})"


def _uniform(shape: tuple[int, ...], bound: float, rng: Any, dtype: DTypeLike) -> Any:
    """Random numbers from -bound to bound; zeros for none."""
    return (rng.uniform(-bound, bound, shape) if bound else np.zeros(shape)).astype(dtype)


def _affine(x: Any, w: Any, b: Any) -> Any:
    return autograd.matmul(x, w) if b is None else autograd.affine(x, w, b)


@functools.lru_cache(maxsize=32)
def _later(rows: int, columns: int) -> Any:
    """Which places come after that of the query, (L, S)."""
    later = np.arange(columns) > np.arange(rows)[:, None]
    later.flags.writeable = False
    return autograd.frozen(later)


def _attend(
    q: Any, k: Any, v: Any, blocked: Any, added: Any, p: float, rng: Any
) -> tuple[Any, Any]:
    """softmax(q kᵀ) v of every head, side by side: (n, L, features); and the weights."""
    scores: Any = np.matmul(q, np.swapaxes(k, -1, -2))
    if added is not None:
        scores = scores + added.astype(scores.dtype)
    if blocked is not None:  # so low that its exponential is 0
        scores = np.where(blocked, np.finfo(scores.dtype).min / 2, scores)
    weights = autograd.softmax(scores)
    if blocked is not None and blocked.ndim > 2:  # there may be queries that look nowhere
        weights = np.where(np.all(blocked, axis=-1, keepdims=True), 0.0, weights)
    shown = dropped(weights, p, rng)
    heads = np.swapaxes(np.matmul(shown, v), 1, 2)  # (n, L, heads, features of a head)
    return np.reshape(heads, (*heads.shape[:2], q.shape[1] * v.shape[-1])), weights


class TransformerBlock(Module):
    """A block of a Transformer: x + attention(norm(x)), then that + mlp(norm(that)).

    embed_dim, num_heads   as of `MultiheadAttention`
    hidden                 units of the two-layer net (mlp); None for 4 · embed_dim
    activation             between its layers: a module or a function
    dropout                of attention weights, of hidden units, and of what is added to x
    eps                    of the layer normalisation (Ba et al. 2016, arXiv:1607.06450)
    seed, dtype            of the random numbers; of the parameters
    Places x (n, L, embed_dim) give the same shape. Normalisation comes first (Xiong et al. 2020,
    arXiv:2002.04745), as in PyTorch's TransformerEncoderLayer with batch_first and norm_first. The
    options of the call are the masks of `MultiheadAttention`. Raises ShapeError, DTypeError.

    >>> import nn
    >>> nn.TransformerBlock(8, 2, seed=0)(np.ones((3, 5, 8)), is_causal=True).shape
    (3, 5, 8)
    """

    torch_names: ClassVar[Mapping[str, str]] = {"attention": "self_attn"}

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        hidden: int | None = None,
        *,
        activation: Callable[[Any], Any] = autograd.relu,
        dropout: float = 0.0,
        eps: float = 1e-5,
        seed: Seed = None,
        dtype: DTypeLike = float,
    ):
        if isinstance(activation, (str, type)) or not callable(activation):
            raise TypeError(
                f"TransformerBlock: activation is {activation!r}; expected a function or a module, "
                "such as autograd.relu or nn.ReLU()"
            )
        features = size(embed_dim, "TransformerBlock: embed_dim")
        wide = 4 * features if hidden is None else size(hidden, "TransformerBlock: hidden")
        self.dropout = rate(dropout, "TransformerBlock: dropout")
        seeds = spawn(seed, 4)
        self.norm1, self.norm2 = (LayerNorm(features, eps, dtype=dtype) for _ in range(2))
        self.attention = MultiheadAttention(
            features, num_heads, dropout=dropout, batch_first=True, seed=seeds[0], dtype=dtype
        )
        self.linear1 = Linear(features, wide, seed=seeds[1], dtype=dtype)
        self.activation = activation
        self.linear2 = Linear(wide, features, seed=seeds[2], dtype=dtype)
        self._rng = seeds[3]

    def forward(self, x: Any, **masks: Any) -> Tensor:
        """The places x (n, L, embed_dim), each changed by what it has found in the others."""
        x = x if isinstance(x, Tensor) else Tensor(x, requires_grad=False)
        found, _ = self.attention(self.norm1(x), need_weights=False, **masks)
        p = self.dropout if self.training else 0.0
        x = x + dropped(found, p, self._rng)
        hidden = dropped(self.activation(self.linear1(self.norm2(x))), p, self._rng)
        return x + dropped(self.linear2(hidden), p, self._rng)  # type: ignore[no-any-return]


class PositionalEncoding(Module):
    """Adds sines and cosines that tell places apart (Vaswani et al. 2017, section 3.5).

    embed_dim    features; those with even numbers get sin(place / 10000^(k / features)), k being
                 the number, and the odd ones after them the cosine of the same angle
    max_len      places that there can be
    dropout      of the sum, in training
    Places x (n, L, embed_dim), or (L, embed_dim), give the same shape. Raises ShapeError.

    >>> import nn
    >>> nn.PositionalEncoding(4)(np.zeros((2, 4)))[0].tolist()
    [0.0, 1.0, 0.0, 1.0]
    """

    def __init__(
        self, embed_dim: int, max_len: int = 5000, *, dropout: float = 0.0, seed: Seed = None
    ):
        features = size(embed_dim, "PositionalEncoding: embed_dim")
        places = np.arange(size(max_len, "PositionalEncoding: max_len"))[:, None]
        angles = places / 10000.0 ** (np.arange(0, features, 2) / features)
        self.table = np.empty((len(places), features))
        self.table[:, 0::2], self.table[:, 1::2] = (
            np.sin(angles),
            np.cos(angles)[:, : features // 2],
        )
        self.dropout = rate(dropout, "PositionalEncoding: dropout")
        self._rng = as_rng(seed)

    def forward(self, x: Any) -> Tensor:
        """x plus the encoding of its places, in the dtype of x."""
        x = x if isinstance(x, Tensor) else Tensor(x, requires_grad=False)
        most, features = self.table.shape
        if x.ndim not in (2, 3) or x.shape[-1] != features or x.shape[-2] > most:
            raise ShapeError(
                f"PositionalEncoding: x is {x.shape}; expected (n, places, {features}) or "
                f"(places, {features}), with at most {most} places"
            )
        out = x + self.table[: x.shape[-2]].astype(x.dtype)
        p = self.dropout if self.training else 0.0
        return dropped(out, p, self._rng)  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"PositionalEncoding({self.table.shape[1]}, {self.table.shape[0]})"
