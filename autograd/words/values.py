"""What to say of a value that is no array of numbers, and of operands that do not fit together.

Loaded when something has gone wrong: what happened is worked out here, in the user's terms.
"""

from __future__ import annotations

import datetime
import decimal
import fractions
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import AutogradError, DTypeError, ShapeError

__all__ = ["keyword", "misfit", "not_an_array", "not_numbers"]

EXPECTED = "a tensor holds floats, complex numbers, integers or bools"


# --- values that are no numbers ------------------------------------------------------------------


def not_numbers(value: Any, array: Any) -> DTypeError:
    """The error for a value of which NumPy makes an array of something else than numbers."""
    culprit = _culprit(value)
    where = "" if culprit is value else f" in {_a(value)}"
    told = _told(culprit) or (_told(array) if array.ndim else None)
    got = type(value).__name__ if told is None else told[0] + where
    advice = "" if told is None else "; " + told[1]
    return DTypeError(f"got {array.dtype} ({got}); {EXPECTED}{advice}")


def not_an_array(value: Any, error: Exception) -> Exception:
    """The error for a value of which NumPy makes no array at all; the given one if that tells."""
    if "inhomogeneous" in str(error):
        lengths = [np.shape(part)[:1] for part in value if not _is_ragged(part)]
        told = sorted({x[0] if x else 1 for x in lengths}) if len(lengths) == len(value) else []
        of = f", of {' and '.join(map(str, told))} values" if 1 < len(told) < 5 else ""
        return ShapeError(
            f"got a list whose parts have different lengths{of}; an array needs rows of one "
            "length: fill up the short ones, or keep a list of tensors"
        )
    if "could not convert" in str(error):
        return not_numbers(value, np.asarray(value))
    return error


def _is_ragged(part: Any) -> bool:
    try:
        np.shape(part)
    except ValueError:
        return True
    return False


def _culprit(value: Any) -> Any:
    """The first part of nested lists that is no number; else the value."""
    parts: Any = value.flat if isinstance(value, np.ndarray) and value.dtype == object else value
    if isinstance(value, (list, tuple)) or parts is not value:
        for part in parts:
            found = _culprit(part)
            if found is not part or not isinstance(part, (int, float, complex, np.number, list)):
                return found
            if isinstance(part, int) and _told(part):
                return part
    return value


def _told(value: Any) -> tuple[str, str] | None:
    """What a value is, and what to do."""
    if value is None:
        return "None", "a function without `return` gives None; to ask for it, write t is None"
    if isinstance(value, (str, bytes)):
        return f"the text {value!r}", "convert text with float(text), and classes to integers"
    if isinstance(value, dict):
        return "a dict", "give its numbers: list(d.values())"
    if isinstance(value, (decimal.Decimal, fractions.Fraction)):
        return _a(value), "write float(x)"
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return f"an integer of {value.bit_length()} bits", "NumPy's have 64 at most: write float(x)"
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind in "mM" and kind:
        return "times", "make numbers of times: (t - t[0]) / np.timedelta64(1, 's')"
    if isinstance(value, (datetime.date, datetime.timedelta)):
        return _a(value), "make a number of a time: t.timestamp(), or duration.total_seconds()"
    if isinstance(value, (set, frozenset)) or hasattr(value, "__next__"):
        return _a(value), "make a list of it: list(x)"
    if callable(value):
        name = getattr(value, "__name__", type(value).__name__)
        return f"the function {name}", "call it"
    if kind in "SU" and kind:
        return "text", "convert it with a.astype(float), and classes to integers"
    if kind == "O":
        return "an array of objects", "write a.astype(float), if all of them are numbers"
    return None


def _a(value: Any) -> str:
    """ "a list", "an array", ..."""
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIO' or name == 'ndarray' else 'a'} {name}"


# --- keywords of other libraries -----------------------------------------------------------------

NUMPYS = {
    "dim": "axis",
    "keepdim": "keepdims",
    "reduction_indices": "axis",
    "keep_dims": "keepdims",
    "unbiased": "ddof",
    "grad": "gradient",
    "grad_tensors": "gradient",
    "grad_output": "gradient",
}
NEEDLESS = {
    "retain_graph": "a graph can be gone back through again as it is",
    "inputs": "all leaves get their gradients; those of some alone are autograd.grad(f, argnums)",
}


def keyword(name: str, given: dict[str, Any], known: Sequence[str]) -> TypeError:
    """The error for keywords that a method does not have: what NumPy calls them."""
    first = next(iter(given))
    if first in NUMPYS and NUMPYS[first] in known:
        advice = f"write {NUMPYS[first]}={given[first]!r}"
    elif first in NEEDLESS:
        advice = f"leave it out: {NEEDLESS[first]}"
    else:
        advice = f"it takes {', '.join(known)}"
    return TypeError(f"{name}: got an unexpected keyword argument {first!r}; {advice}")


# --- operands that do not fit together -----------------------------------------------------------


def misfit(row: Any, values: Sequence[Any], error: Exception) -> Exception:
    """What a gate raises in place of an error of NumPy; that error if there is no more to tell."""
    if isinstance(error, AutogradError):
        return error
    if str(error).startswith("operands could not be broadcast together with shapes"):
        return _not_broadcast(row, values, error)
    if "not supported for the input types" in str(error) or "loop with signature" in str(error):
        return _not_for_these(row, values, error)
    shapes = ", ".join(str(np.shape(x)) for x in values)
    if str(error) == "all input arrays must have the same shape":
        return ShapeError(
            f"{row.name}: got arrays of shapes {shapes}, but all need the same shape; "
            "np.concatenate joins along an axis that they have"
        )
    if isinstance(error, IndexError) and str(error) == "tuple index out of range":
        return IndexError(f"{row.name}: got shape {shapes}, which has no such axis")
    if str(error) == "invalid index to scalar variable.":
        return IndexError("t[index]: t is a single value, without axes; the number is t.item()")
    if isinstance(error, AttributeError) and any(type(x) in (bool, int, float) for x in values):
        return _number_without_axes(row, values, error)
    return error


def _not_broadcast(row: Any, values: Sequence[Any], error: Exception) -> Exception:
    shapes = [np.shape(x) for x in values]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        return ShapeError(
            f"{row.name}: operands could not be broadcast together with shapes "
            f"{' '.join(map(str, shapes))}: counted from the last axis, lengths have to be equal, "
            f"or 1{_column(row.operands, shapes)}"
        )
    return error


def _column(names: Sequence[str], shapes: list[tuple[int, ...]]) -> str:
    """A way to make one vector fit the rows of a matrix, where there is one."""
    for name, shape, other in zip(names, shapes, reversed(shapes), strict=True):
        if len(shapes) == len(other) == 2 and len(shape) == 1 and shape[0] == other[0]:
            return f"; for one value of {name} in each row, write {name}[:, np.newaxis]"
    return ""


def _not_for_these(row: Any, values: Sequence[Any], error: Exception) -> Exception:
    types = "".join(x.split("->")[0] for x in getattr(row.numpy, "types", ()))
    if not types:
        return error
    got = ", ".join(str(np.result_type(x)) for x in values)
    if np.dtype(object).char in types and not set(types) - set("?bBhHiIlLqQnNpPO"):
        return DTypeError(
            f"{row.name}: got {got}, but it takes bools and integers; compare first, as in "
            "(t > 0) & (t < 1), or convert with x.astype(int)"
        )
    return DTypeError(f"{row.name}: got {got}, for which NumPy has no {row.name}")


def _number_without_axes(row: Any, values: Sequence[Any], error: Exception) -> Exception:
    """The error of a number of Python where axes are needed: what the row's shape rule says."""
    try:
        row.shape(*map(np.shape, values))
    except ShapeError as told:
        return told
    except Exception:
        return error
    return error
