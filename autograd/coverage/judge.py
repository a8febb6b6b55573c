"""What a system makes of a function: a gradient, a constant, or an error.

A gradient counts when it agrees with the numerical derivative of NumPy's own function. A result
that depends smoothly on the operands, and yet is no longer tracked, is as wrong as a gradient that
does not agree: both are "silent", for no error tells of it.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import operator
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from .examples import examples, operands, replaced

__all__ = ["NO_EXAMPLE", "STATUSES", "System", "Verdict", "member", "verdict", "weighted"]

STATUSES = ("differentiable", "constant", "unsupported", "silent")
NO_EXAMPLE = "no example is known"
FLOATS = ("float", "complex")
STEP = 1e-4
STENCIL = ((-2, 1 / 12), (-1, -2 / 3), (1, 2 / 3), (2, -1 / 12))  # as in functional/check.py


class Verdict(NamedTuple):
    """What was found of a function, and why."""

    status: str
    reason: str = ""


class System(Protocol):
    """How functions are called, and differentiated, by one package."""

    def function(self, namespace: str, name: str) -> Callable[..., Any]:
        """Its counterpart of a function of NumPy; raises LookupError if there is none."""
        ...

    def gradients(
        self, call: Callable[..., Any], arrays: list[Any], weights: Sequence[Any]
    ) -> tuple[list[bool], list[Any]]:
        """Which floating results are tracked; the gradients of their weighted sum.

        `call` takes a list of tensors, and gives the floating results.
        """
        ...

    def constant(self, array: Any) -> Any:
        """A tensor that is not tracked, where there are such."""
        ...

    def writable(self, tensor: Any) -> Any:
        """A tensor of the same value that may be written to."""
        ...


# --- the functions -------------------------------------------------------------------------------


def member(name: str) -> Callable[..., Any]:
    """A method, attribute or operator of arrays as a function of the array."""
    bare = name.strip("_")
    if name == "flat":
        return lambda a: a.flat[:]
    if bare == name:
        return lambda x, *args: got(*args) if callable(got := getattr(x, name)) else got
    if bare == "iter":
        return lambda a: list(iter(a))
    if bare == "divmod":
        return lambda a, b: divmod(a, b)
    if bare in ("bool", "int", "float", "complex", "len"):
        return lambda a: getattr(builtins, bare)(a)
    if hasattr(operator, name):
        function: Callable[..., Any] = getattr(operator, name)
        return function
    plain = divmod if bare == "rdivmod" else getattr(operator, f"__{bare[1:]}__")
    return lambda a, left: plain(left, a)


def of_numpy(namespace: str, name: str) -> Callable[..., Any]:
    """NumPy's own function of that name, or of the nearest one in the array API."""
    if namespace == "ndarray":
        return member(name)
    module: Any = np
    for part in namespace.split(".")[1:]:
        module = getattr(module, part)
    found: Callable[..., Any] = getattr(module, name)
    return found


def described(namespace: str, name: str, function: Any) -> Any:
    """The function whose parameters tell with which arguments to call."""
    if namespace != "ndarray":
        return function
    return function if name.startswith("__") else getattr(np, name, None)


# --- results -------------------------------------------------------------------------------------


def floats(result: Any) -> Iterator[Any]:
    """The arrays, or tensors, of floats in a result: in tuples, in lists, one after the other."""
    if isinstance(result, (tuple, list)) or type(result).__name__ == "SequenceBox":
        for part in result:
            yield from floats(part)
    elif isinstance(result, type):
        return  # a dtype
    elif hasattr(result, "__next__"):
        yield from floats(list(result))
    elif hasattr(result, "shape") and str(getattr(result, "dtype", "")).startswith(FLOATS):
        yield result


def weighted(result: Any, weight: Any, real: Any, imag: Any) -> Any:
    """A result as a single real number."""
    if result.dtype.kind == "c":
        return (real(result) * weight.real).sum() + (imag(result) * weight.imag).sum()
    return (result * weight.real).sum()


def _weights(results: Sequence[Any]) -> list[Any]:
    rng = np.random.default_rng(5)
    return [rng.uniform(0.5, 1.5, x.shape) + 1j * rng.uniform(0.5, 1.5, x.shape) for x in results]


def _call(function: Callable[..., Any], args: Any, given: Sequence[Any]) -> list[Any]:
    """The floats that a function gives; if it gives nothing, those of its first operand."""
    queue = iter(given)
    filled = replaced(args, lambda _: next(queue))
    with contextlib.redirect_stdout(io.StringIO()):
        result = function(*filled)
    return list(floats(filled[:1] if result is None else result))


# --- verdicts ------------------------------------------------------------------------------------


def verdict(system: System, namespace: str, name: str) -> Verdict:
    """What a system makes of a function of NumPy."""
    try:
        function = system.function(namespace, name)
    except LookupError as error:
        return Verdict("unsupported", str(error.args[0]))
    of_array_api = namespace.startswith("xp")
    try:
        plain = of_numpy(namespace, name)
    except AttributeError:
        return Verdict("constant", "no arrays")
    meant = described(namespace, name, function if of_array_api else plain)
    found: list[Verdict] = []
    for args in examples(f"{namespace}.{name}", plain, meant):
        found.append(_of_example(system, function, plain, args))
        if found[-1].status in ("differentiable", "silent"):
            return found[-1]
    return found[0] if found else Verdict("unsupported", NO_EXAMPLE)


def _of_example(system: System, function: Any, plain: Any, args: Any) -> Verdict:
    arrays = list(operands(args))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        everything = [k for k, x in enumerate(arrays) if x.dtype.kind in "fc"]
        found = _of_tracked(system, function, plain, args, arrays, everything)
        if found.status == "unsupported" and len(everything) > 1:
            for k in everything:
                alone = _of_tracked(system, function, plain, args, arrays, [k])
                if alone.status == "differentiable":
                    return Verdict("differentiable", f"by operand {k + 1} alone")
    return found


def _of_tracked(
    system: System, function: Any, plain: Any, args: Any, arrays: Any, tracked: list[int]
) -> Verdict:
    """The verdict when some of the operands are tracked."""
    given = [np.copy(x) for x in arrays]
    results = _call(plain, args, given)
    writes = bool(arrays) and not np.array_equal(given[0], arrays[0])
    weights = _weights(results)

    def call(tensors: list[Any]) -> list[Any]:
        given = [np.copy(x) for x in arrays]
        if arrays:
            given[0] = system.constant(given[0])
        for k, tensor in zip(tracked, tensors, strict=True):
            given[k] = system.writable(tensor) if k == 0 and writes else tensor
        return _call(function, args, given)

    try:
        kept, gradients = system.gradients(call, [arrays[k] for k in tracked], weights)
    except Exception as error:
        return Verdict("unsupported", _in_short(error))
    if not results or plain in (np.empty, np.empty_like):  # what these give is no value yet
        return Verdict("constant", "no floats")
    slopes = _numerical(plain, args, arrays, tracked, weights)
    if len(kept) != len(results):
        return Verdict("unsupported", f"gives {len(kept)} arrays of floats, NumPy {len(results)}")
    return _compared(slopes, kept, gradients)


def _compared(slopes: list[Any], kept: list[bool], gradients: list[Any]) -> Verdict:
    """Numerical derivatives of each result, by each operand, beside the gradients of a system."""
    expected = [sum(s for s, k in zip(of, kept, strict=True) if k) for of in slopes]
    lost = any(np.any(np.abs(s) > 1e-6) for of in slopes for s, k in zip(of, kept, strict=True)
               if not k)  # fmt: skip
    if lost:
        return Verdict("silent", "the result depends on the operands, but is not tracked")
    for wanted, g in zip(expected, gradients, strict=True):
        if not np.allclose(0.0 if g is None else g, wanted, rtol=1e-5, atol=1e-7):
            return Verdict("silent", "the gradient is not the numerical derivative")
    if any(np.any(np.abs(x) > 1e-9) for x in expected):
        return Verdict("differentiable")
    return Verdict("constant", "piecewise constant")


def _numerical(plain: Any, args: Any, arrays: Any, tracked: list[int], weights: Any) -> list[Any]:
    """The derivative of each weighted result by each tracked operand."""

    def values(given: Any) -> Any:
        results = _call(plain, args, [np.copy(x) for x in given])
        pairs = zip(results, weights, strict=True)
        return np.array([float(weighted(x, w, np.real, np.imag)) for x, w in pairs])

    found = []
    for k in tracked:
        x = arrays[k]
        slope = np.zeros((len(weights), *x.shape), x.dtype)
        for index in np.ndindex(x.shape):
            for unit in (1.0, 1j) if x.dtype.kind == "c" else (1.0,):
                for steps, factor in STENCIL:
                    moved = [np.copy(y) for y in arrays]
                    moved[k][index] += steps * STEP * unit
                    slope[(slice(None), *index)] += unit * factor * values(moved) / STEP
        found.append(list(slope))
    return found


def _in_short(error: Exception) -> str:
    """The first clause of a message."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text.split(";")[0][:120].rstrip()
