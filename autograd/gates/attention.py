"""Self-attention: one gate from the projections of a sequence to what its places have found."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays import Array
from ..declare import gate
from .reduce import softmax

__all__ = ["self_attention"]


def _parts(x: Any, heads: int) -> tuple[Any, Any, Any]:
    """Query, key and value: each (n, heads, places, features of a head)."""
    count, places, width = x.shape
    apart = np.reshape(x, (count, places, 3, heads, width // (3 * heads)))
    query, key, value = (np.swapaxes(apart[:, :, k], 1, 2) for k in range(3))
    return query, key, value


def _joined(x: Any) -> Any:
    """(n, heads, places, features) to (n, places, heads, features)."""
    return np.swapaxes(x, 1, 2)


def later(places: int) -> Array:
    """Which places come after that of the query."""
    return np.arange(places) > np.arange(places)[:, None]


def _weights(query: Any, key: Any, causal: bool) -> Any:
    """How much each place looks at the others."""
    scores = np.matmul(query, np.swapaxes(key, -1, -2)) / math.sqrt(query.shape[-1])
    if causal:
        scores = np.where(later(query.shape[2]), -math.inf, scores)
    return softmax(scores)


def _attend(x: Any, heads: int, causal: bool) -> Any:
    query, key, value = _parts(x, heads)
    found = _joined(np.matmul(_weights(query, key, causal), value))
    return np.reshape(found, (*x.shape[:2], x.shape[2] // 3))


def _attend_back(g: Any, x: Any, heads: int, causal: bool) -> Any:
    """From what was found to the values and the weights, through the softmax to query and key."""
    query, key, value = _parts(x, heads)
    weights = _weights(query, key, causal)
    g = np.swapaxes(np.reshape(g, (*x.shape[:2], heads, value.shape[-1])), 1, 2)
    by_weights = np.matmul(g, np.swapaxes(value, -1, -2))
    by_scores = weights * (by_weights - np.sum(by_weights * weights, axis=-1, keepdims=True))
    by_scores = by_scores / math.sqrt(query.shape[-1])
    by_query = np.matmul(by_scores, key)
    by_key = np.matmul(np.swapaxes(by_scores, -1, -2), query)
    by_value = np.matmul(np.swapaxes(weights, -1, -2), g)
    found = np.stack([_joined(by_query), _joined(by_key), _joined(by_value)], axis=2)
    return np.reshape(found, x.shape)


@gate(
    symbol="attention",
    role="switcher",
    vjp=lambda g, x, heads, causal: _attend_back(g, x, heads, causal),
    expand=lambda x, heads, causal=False: _attend(x, heads, causal),
    opened="asked for",
    shape=lambda x, heads, causal=False: (*x[:2], x[2] // 3),
    says="{g}, back through the values, the softmax, and query · key",
)
def self_attention(x: Array, heads: int, causal: bool = False) -> Array:
    """softmax(q kᵀ / √d) v of every head (Vaswani et al. 2017, arXiv:1706.03762, eq. 1).

    x        (n, places, 3 · features): query, key and value of every place, one after the other,
             each of them `heads` parts of d features
    causal   no place looks at later ones
    Gives (n, places, features), the heads side by side.

    >>> import numpy as np
    >>> self_attention(np.ones((2, 5, 24)), heads=4).shape
    (2, 5, 8)
    """
    return _attend(x, heads, causal)
