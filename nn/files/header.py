"""JSON that begins a file: read more strictly than Python reads it."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["is_pickled", "parse"]


def parse(text: bytes) -> dict[str, Any]:
    """The JSON object in UTF-8. Raises ValueError for anything else, and for names given twice."""
    try:
        found = json.loads(
            text.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant
        )
    except RecursionError:
        raise ValueError("its header is nested too deep") from None
    except UnicodeDecodeError:
        raise ValueError("its header is not text") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"its header is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"its header is a {type(found).__name__}, expected an object")
    return found


def is_pickled(first: bytes) -> bool:
    """A file that begins so may be a zip archive or a pickle, as `torch.save` writes them."""
    return first[:2] in (b"PK", *(b"\x80" + bytes([protocol]) for protocol in range(2, 6)))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        left = dict.fromkeys(found, 1)
        twice = next(name for name, _ in pairs if not left.pop(name, 0))
        raise ValueError(f"its header has the name {twice!r} twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"its header has the constant {name}, which JSON has not")
