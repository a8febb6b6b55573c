"""States as JSON and arrays: nested dicts, lists, numbers and strings, with arrays in them.

What JSON has stands as itself. Everything else is an object of one key that names its kind, so a
dict is {"dict": {...}}, and an array {"array": its number}.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arguments import plain

__all__ = ["DTYPES", "decode", "encode"]

Array = np.ndarray[Any, Any]
DEPTH = 64
DTYPES = frozenset(
    "|b1 |i1 |u1 <i2 <u2 <i4 <u4 <i8 <u8 <f2 <f4 <f8 <c8 <c16".split()  # noqa: SIM905
)
FLOATS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
KEYS = (str, int, float, bool, type(None))


def encode(value: Any, arrays: list[Array], name: str, depth: int = 0) -> Any:
    """`value` as JSON can hold it; its arrays are appended to `arrays`.

    Raises TypeError for what is neither plain data nor an array of numbers, ValueError for what is
    nested too deep, such as a list inside itself; `name` says where.
    """
    if depth > DEPTH:
        raise ValueError(f"{name} is nested more than {DEPTH} deep; is it inside itself?")
    kind = type(value)
    if value is None or kind in (bool, int, str):
        return value
    if kind is float:
        return value if math.isfinite(value) else {"float": str(value)}
    if kind in (list, tuple):
        inside = [encode(v, arrays, f"{name}[{k}]", depth + 1) for k, v in enumerate(value)]
        return inside if kind is list else {"tuple": inside}
    if isinstance(value, dict):
        return _encode_dict(value, arrays, name, depth)
    if isinstance(value, (np.ndarray, np.generic)):
        arrays.append(_plain(value, name))
        return {"array" if isinstance(value, np.ndarray) else "scalar": len(arrays) - 1}
    raise TypeError(
        f"{name} is a {kind.__name__}; expected plain data: numbers, strings, lists, tuples, dicts "
        "and arrays of numbers, as state_dict() gives them"
    )


def _encode_dict(value: dict[Any, Any], arrays: list[Array], name: str, depth: int) -> Any:
    for key in value:
        if type(key) not in KEYS or (type(key) is float and not math.isfinite(key)):
            raise TypeError(f"{name} has the key {key!r}; expected strings or numbers as keys")
    pairs = [(k, encode(v, arrays, f"{name}[{k!r}]", depth + 1)) for k, v in value.items()]
    if all(type(key) is str for key in value):
        return {"dict": dict(pairs)}
    return {"items": [[encode(k, arrays, name), v] for k, v in pairs]}


def _plain(value: Any, name: str) -> Array:
    array = plain(value, name)
    little = array.dtype.newbyteorder("<")
    if little.str not in DTYPES:
        raise TypeError(f"{name} holds {array.dtype}; expected numbers of at most 16 bytes")
    return np.asarray(array, little, order="C")


def decode(node: Any, arrays: Sequence[Array], depth: int = 0) -> Any:
    """What `encode` was given. Raises ValueError for anything that it does not write."""
    if depth > 2 * DEPTH:
        raise ValueError("its data is nested too deep")
    if isinstance(node, list):
        return [decode(inner, arrays, depth + 1) for inner in node]
    if not isinstance(node, dict):
        return node
    if len(node) != 1:
        raise ValueError(f"an object in its header has {len(node)} kinds; expected one")
    ((kind, held),) = node.items()
    if kind in ("array", "scalar") and type(held) is int and 0 <= held < len(arrays):
        return arrays[held] if kind == "array" else arrays[held][()]
    if kind == "float" and isinstance(held, str) and held in FLOATS:
        return FLOATS[held]
    if kind == "tuple" and isinstance(held, list):
        return tuple(decode(held, arrays, depth + 1))
    if kind == "dict" and isinstance(held, dict):
        return {key: decode(inner, arrays, depth + 1) for key, inner in held.items()}
    if kind == "items" and isinstance(held, list):
        return _decode_items(held, arrays, depth)
    raise ValueError(f"its header has an object {kind!r} that is none of its kinds")


def _decode_items(held: list[Any], arrays: Sequence[Array], depth: int) -> dict[Any, Any]:
    found = {}
    for pair in held:
        if not isinstance(pair, list) or len(pair) != 2 or type(pair[0]) not in KEYS:
            raise ValueError("its header has a dict whose items are no pairs of a key and a value")
        if pair[0] in found:
            raise ValueError(f"its header has the key {pair[0]!r} twice")
        found[pair[0]] = decode(pair[1], arrays, depth + 1)
    return found
