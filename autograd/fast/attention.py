"""Self-attention in few passes: the weights are computed once, and kept for the way back.

Query, key and value are read where they lie, and their gradients are written where they belong. A
softmax takes off the largest score of each row so that no exponential is infinite; where no score
is far from 0, there is nothing to fear.
"""

from __future__ import annotations

import functools
import math
from inspect import unwrap
from typing import Any

import numpy as np

from .. import gates
from ..arrays import Array
from ..gates.attention import later
from ..standins import as_one_call
from .buffers import empty, filled
from .quick import accelerate

MODEST = 40.0  # scores whose exponentials, and their sums, are floats of any kind


def _parts(x: Array, heads: int) -> Array:
    """Query, key and value, each (n, heads, places, features of a head): views."""
    count, places, width = x.shape
    return x.reshape(count, places, 3, heads, width // (3 * heads)).transpose(2, 0, 3, 1, 4)


def _heads(g: Array, heads: int) -> Array:
    count, places, width = g.shape
    return g.reshape(count, places, heads, width // heads).transpose(0, 2, 1, 3)


@functools.lru_cache(maxsize=32)
def _earlier(places: int, dtype: Any) -> Array:
    """1 where a query may look, else 0."""
    seen = (~later(places)).astype(dtype)
    seen.flags.writeable = False
    return seen


@as_one_call
def _attention_weights(x: Array, heads: int, causal: bool) -> Array:
    """softmax(q kᵀ / √d): (n, heads, places, places)."""
    query, key, _ = _parts(x, heads)
    count, _, places, features = query.shape
    weights = empty((count, heads, places, places), x.dtype)
    np.matmul(query * x.dtype.type(1 / math.sqrt(features)), key.swapaxes(-1, -2), out=weights)
    if weights.min(initial=0) > -MODEST and weights.max(initial=0) < MODEST:
        np.exp(weights, out=weights)
        if causal:
            weights *= _earlier(places, x.dtype)
    else:
        if causal:
            np.copyto(weights, -math.inf, where=later(places))
        weights -= np.maximum.reduce(weights, axis=-1, keepdims=True, initial=-math.inf)
        with np.errstate(under="ignore"):  # what is too small for a float is 0
            np.exp(weights, out=weights)
    sums = np.dot(weights.reshape(-1, places), filled((places,), x.dtype, 1.0))
    weights *= np.divide(1, sums, out=sums).reshape(count, heads, places, 1)
    return weights


@as_one_call
def _attention_found(x: Array, weights: Array) -> Array:
    """The values, by these weights: (n, places, features)."""
    count, heads, places, _ = weights.shape
    out = empty((count, places, x.shape[2] // 3), x.dtype)
    np.matmul(weights, _parts(x, heads)[2], out=_heads(out, heads))
    return out


@as_one_call
def _attention_back(g: Array, x: Array, weights: Array) -> Array:
    heads = weights.shape[1]
    query, key, value = _parts(x, heads)
    found = empty(x.shape, x.dtype)
    by_query, by_key, by_value = _parts(found, heads)
    g = _heads(g, heads)
    np.matmul(weights.swapaxes(-1, -2), g, out=by_value)
    scale = x.dtype.type(1 / math.sqrt(query.shape[-1]))
    by_scores = np.matmul(g * scale, value.swapaxes(-1, -2), out=empty(weights.shape, x.dtype))
    places = weights.shape[-1]
    rows = by_scores.reshape(-1, places)
    along = np.einsum("ij,ij->i", rows, weights.reshape(-1, places))
    rows -= along[:, None]
    by_scores *= weights
    np.matmul(by_scores, key, out=by_query)
    np.matmul(by_scores.swapaxes(-1, -2), query, out=by_key)
    return found


def _attend(x: Array, heads: int, causal: bool = False) -> tuple[Array, tuple[Array]]:
    weights = _attention_weights(x, heads, causal)
    return _attention_found(x, weights), (weights,)


def _like_weights(x: Array, heads: int, causal: bool) -> Array:
    return np.empty((x.shape[0], heads, x.shape[1], x.shape[1]), x.dtype)


def _like_found(x: Array, weights: Array) -> Array:
    return np.empty((*x.shape[:2], x.shape[2] // 3), x.dtype)


setattr(unwrap(_attention_weights), "gives", _like_weights)  # noqa: B010
setattr(unwrap(_attention_found), "gives", _like_found)  # noqa: B010
setattr(unwrap(_attention_back), "gives", lambda g, x, _: np.empty(x.shape, x.dtype))  # noqa: B010

accelerate(
    gates.self_attention,
    lambda x, heads, causal=False: _attend(x, heads, causal)[0],
    fused=_attend,
    keeps=("weights",),
    vjp=(lambda g, x, weights: _attention_back(g, x, weights),),
    alone=True,
)
