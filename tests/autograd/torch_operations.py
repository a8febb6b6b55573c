"""One table of operations: how each is written for autograd, how for PyTorch, which inputs suit.

In the texts {x}, {y} are values that the program has; other names are filled in by what says
whether the operands suit: axes, indices, constants and new arrays that fit them. Kinks, where the
two have different conventions or a rounding decides, are kept away from, or met on purpose.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch_programs import Maker

Fields = dict[str, Any]
Suits = Callable[..., "Fields | None"]

MARGIN = 1e-2  # so far from a kink, unless it is met on purpose
KINK = "({x} - {x}.detach() + {c})"  # exactly {c}, whatever x was rounded to


def words(text: str) -> set[str]:
    """The names in a text."""
    return {*re.findall(r"\w+", text)}


# --- which inputs suit ---------------------------------------------------------------------------


def anything(make: Maker, *_: Any) -> Fields | None:
    return {}


def within(low: float, high: float) -> Suits:
    """All elements lie between these."""

    def suits(make: Maker, x: np.ndarray, *_: Any) -> Fields | None:
        return {} if x.min(initial=high) >= low and x.max(initial=low) <= high else None

    return suits


def far_from_0(x: Any) -> bool:
    return bool((np.abs(x) > MARGIN).all())


def not_0(make: Maker, *operands: np.ndarray) -> Fields | None:
    """The last operand has no element near 0."""
    return {} if (np.abs(operands[-1]) > 0.2).all() else None


def no_kink(make: Maker, x: np.ndarray) -> Fields | None:
    return {} if far_from_0(x) else None


def no_ties(make: Maker, x: np.ndarray, y: np.ndarray) -> Fields | None:
    """Nowhere nearly equal; and of shapes that broadcast."""
    try:
        return {} if far_from_0(x - y) else None
    except ValueError:
        return None


def both(first: Suits, second: Suits) -> Suits:
    def suits(make: Maker, *operands: Any) -> Fields | None:
        a, b = first(make, *operands), second(make, *operands)
        return None if a is None or b is None else {**a, **b}

    return suits


def with_constant(make: Maker, x: np.ndarray) -> Fields | None:
    """{c}: an array that broadcasts with x; {n}: a number."""
    shape = tuple(make.one(n, 1) for n in x.shape[make.below(2) :])
    c = make.rng.normal(size=shape).round(2)
    return {"c": make.array(c.astype(x.dtype)), "n": make.one(2.0, -0.5, 3, 1.5, 0.3)}


def on_kinks(make: Maker, x: np.ndarray) -> Fields | None:
    """{c}: here and there 0, elsewhere far from it, for x - x.detach() + {c}; {low}, {high}."""
    c = make.rng.choice([0.0, 0.0, 1.0, -1.0, 1.5, -0.5], size=x.shape).astype(x.dtype)
    low, high = make.one((-1.0, 1.0), (0.0, 1.5), (-0.5, 0.0))
    return {"c": make.array(c), "low": low, "high": high}


def bounds(make: Maker, x: np.ndarray) -> Fields | None:
    low, high = sorted(make.rng.normal(size=2).round(1))
    if high - low < 0.1 or not (far_from_0(x - low) and far_from_0(x - high)):
        return None
    return {"low": float(low), "high": float(high)}


def condition(make: Maker, x: np.ndarray, y: Any = None) -> Fields | None:
    shape = tuple(make.one(n, 1) for n in x.shape)
    return {"c": make.array(make.rng.random(shape) < 0.5), "n": make.one(0.0, 1.5)}


def axes_of(several: bool = True, none: bool = True, everything: bool = True) -> Suits:
    """{axis} and {keep} for a reduction; {dims} are the same axes, all written out."""

    def suits(make: Maker, x: np.ndarray) -> Fields | None:
        if not x.ndim:
            return {"axis": None, "keep": False, "dims": "()"} if none else None
        count = make.one(0, 1, 1, 2) if several else make.one(0, 1, 1)
        chosen = [int(k) for k in make.rng.permutation(x.ndim)[:count]]
        if not everything and math.prod(x.shape[k] for k in chosen or range(x.ndim)) == 0:
            return None
        if not count:
            axis, dims = (None, tuple(range(x.ndim))) if none else (-1, (x.ndim - 1,))
        else:
            chosen = [k - x.ndim if make.chance(0.4) else k for k in chosen]
            axis, dims = (chosen[0] if count == 1 else tuple(chosen)), tuple(chosen)
        dim = dims[0] if len(dims) == 1 else dims
        return {"axis": axis, "keep": make.chance(0.4), "dims": dims, "dim": dim}

    return suits


def extremes(make: Maker, x: np.ndarray) -> Fields | None:
    """Axes along which the largest, and the smallest, stand out."""
    fields = axes_of(everything=False)(make, x)
    if fields is None or not x.size:
        return None
    for best in (np.max, np.min):
        gap = np.abs(x - best(x, fields["axis"], keepdims=True))
        if (np.sum(gap <= MARGIN, fields["axis"]) > 1).any():
            return None
    return fields


def ties(make: Maker, x: np.ndarray) -> Fields | None:
    """Axes, for what has several that are the largest."""
    fields = axes_of(everything=False)(make, x)
    return None if fields is None or not x.size else {**fields, **on_kinks(make, x)}


def products(make: Maker, x: np.ndarray) -> Fields | None:
    """One axis or several of a product; PyTorch takes one axis after the other."""
    fields = axes_of()(make, x)
    if fields is None or not x.ndim:
        return None
    order = sorted((k % x.ndim for k in fields["dims"]), reverse=True)
    nested = "{x}"
    for k in order:
        nested = f"torch.prod({nested}, {k}, {fields['keep']})"
    return {**fields, "nested": nested}


def products_with_zeros(make: Maker, x: np.ndarray) -> Fields | None:
    fields = products(make, x)
    if fields is None:
        return None
    nested = fields["nested"].replace("{x}", KINK)
    return {**fields, **on_kinks(make, x), "nested": nested}


def one_axis(make: Maker, x: np.ndarray) -> Fields | None:
    if not x.ndim or 0 in x.shape:
        return None
    return {"axis": make.below(2 * x.ndim) - x.ndim}


def any_axis(make: Maker, *operands: np.ndarray) -> Fields | None:
    ndim = operands[0].ndim
    return {"axis": make.below(2 * ndim) - ndim} if ndim else None


def a_full_axis(make: Maker, x: np.ndarray) -> Fields | None:
    """An axis, of what has elements."""
    return any_axis(make, x) if x.size else None


def apart(make: Maker, x: np.ndarray) -> Fields | None:
    """An axis along which no two elements are nearly equal."""
    fields = a_full_axis(make, x)
    if fields is None:
        return None
    gaps = np.diff(np.sort(x, axis=fields["axis"]), axis=fields["axis"])
    return fields if gaps.min(initial=1.0) > MARGIN else None


def on_zeros(make: Maker, x: np.ndarray) -> Fields | None:
    fields = a_full_axis(make, x)
    return None if fields is None else {**on_kinks(make, x), **fields}


# --- shapes --------------------------------------------------------------------------------------


def another_shape(make: Maker, x: np.ndarray) -> Fields | None:
    size, shape = x.size, []
    if not size:
        return {"shape": make.one((0,), (0, 2), (3, 0, 1))}
    for _ in range(make.below(3)):
        length = make.one(*[n for n in range(1, size + 1) if not size % n])
        shape.append(length)
        size //= length
    shape.append(make.one(size, -1))
    return {"shape": tuple(shape)}


def an_order(make: Maker, x: np.ndarray) -> Fields | None:
    order = make.rng.permutation(x.ndim)
    k, j = (make.below(2 * x.ndim) - x.ndim for _ in "kj") if x.ndim else (0, 0)
    order = [int(a) - x.ndim if make.chance(0.3) else int(a) for a in order]
    return {"order": tuple(order), "k": k, "j": j} if x.ndim else None


def a_place(make: Maker, x: np.ndarray) -> Fields | None:
    return {"axis": make.below(2 * x.ndim + 2) - x.ndim - 1}


def a_single_axis(make: Maker, x: np.ndarray) -> Fields | None:
    axes = [k for k in range(-x.ndim, x.ndim) if x.shape[k] == 1]
    return {"axis": make.one(*axes)} if axes else None


def a_larger_shape(make: Maker, x: np.ndarray) -> Fields | None:
    front = tuple(make.one(1, 2, 3) for _ in range(make.below(3)))
    return {"shape": (*front, *(make.one(1, 2, 3) if n == 1 else n for n in x.shape))}


def joined(make: Maker, x: np.ndarray, y: np.ndarray) -> Fields | None:
    """x, y and a new array of lengths that fit along one axis."""
    if not x.ndim or x.ndim != y.ndim:
        return None
    axis = make.below(2 * x.ndim) - x.ndim
    shape = list(x.shape)
    shape[axis] = make.one(0, 1, 2)
    fits = [
        n == m for k, (n, m) in enumerate(zip(x.shape, y.shape, strict=True)) if k != axis % x.ndim
    ]
    return {"axis": axis, "w": make.leaf(shape, x.dtype)} if all(fits) else None


def same_shape(make: Maker, x: np.ndarray, y: np.ndarray) -> Fields | None:
    return {"axis": make.below(2 * x.ndim + 2) - x.ndim - 1} if x.shape == y.shape else None


# --- products ------------------------------------------------------------------------------------


def a_factor(make: Maker, x: np.ndarray) -> Fields | None:
    """{w}: what x can be multiplied with as a matrix, from the right; {u}: from the left."""
    if not x.ndim:
        return None
    rank = make.one(1, 2, 2, 3)
    front = tuple(make.one(n, 1) for n in x.shape[:-2][-1:]) if rank == 3 else ()
    front = front or ((2,) if rank == 3 else ())
    n, k = make.one(1, 2, 3, *make.lengths), x.shape[-1]
    w = make.leaf((k,) if rank == 1 else (*front, k, n), x.dtype)
    k = x.shape[-2] if x.ndim > 1 else x.shape[0]
    u = make.leaf((k,) if rank == 1 else (*front, n, k), x.dtype)
    return {"w": w, "u": u}


def a_layer(make: Maker, x: np.ndarray) -> Fields | None:
    if not x.ndim:
        return None
    n = make.one(1, 2, 3)
    return {"w": make.leaf((x.shape[-1], n), x.dtype), "b": make.leaf((n,), x.dtype)}


def of_more_axes(make: Maker, x: np.ndarray) -> Fields | None:
    if not x.ndim:
        return None
    return {"w": make.leaf((make.one(1, 2), x.shape[-1], make.one(1, 2, 3)), x.dtype)}


# --- losses, images ------------------------------------------------------------------------------


def labelled(make: Maker, x: np.ndarray) -> Fields | None:
    if x.ndim != 2 or not x.size or x.shape[1] < 2:
        return None
    labels = make.rng.integers(x.shape[1], size=len(x))
    margins = x - x[np.arange(len(x)), labels][:, None] + 1
    if not far_from_0(margins):
        return None
    return {"labels": make.array(labels), "n": make.one(0.1, 2.0)}


def _images(x: np.ndarray) -> bool:
    return x.ndim == 4 and x.size > 0


def filtered(make: Maker, x: np.ndarray) -> Fields | None:
    if not _images(x):
        return None
    groups = make.one(1, x.shape[1])
    filters = groups * make.one(1, 2)
    rows, columns = make.one((1, 1), (2, 2), (3, 2), (2, 1))
    w = make.leaf((filters, x.shape[1] // groups, rows, columns), x.dtype)
    return {
        "w": w, "b": make.leaf((filters,), x.dtype), "groups": groups,
        "stride": make.one(1, 1, 2, (2, 1)), "padding": make.one(0, 0, 1, (1, 0)),
        "dilation": make.one(1, 1, 1, 2),
    }  # fmt: skip


def pooled(make: Maker, x: np.ndarray) -> Fields | None:
    if not _images(x) or np.diff(np.sort(x, axis=None)).min(initial=1.0) < 1e-4:
        return None
    size = make.one(1, 2, 2, (2, 1), 3)
    return {
        "size": size, "stride": make.one(size, 1, 2), "dilation": make.one(1, 1, 2),
        "padding": make.one(0, 0, 1), "counts": make.chance(0.5),
    }  # fmt: skip


# --- indices -------------------------------------------------------------------------------------


def _basic_part(make: Maker, length: int) -> str:
    start, stop = (make.one("", "", make.below(2 * length + 1) - length) for _ in "ab")
    step = make.one("", "", ":2", ":1")
    return make.one(
        f"{start}:{stop}{step}", ":", str(make.below(2 * length) - length) if length else ":"
    )


def basic(make: Maker, x: np.ndarray) -> str | None:
    """Slices, integers, None and ..."""
    parts = [_basic_part(make, n) for n in x.shape[: make.below(x.ndim + 1)]]
    if make.chance(0.3):
        parts.insert(make.below(len(parts) + 1), "None")
    if make.chance(0.3) or not parts:
        parts.insert(make.one(0, len(parts)), "...")
    if "..." in parts and parts.index("...") < len(parts) - 1:
        kept = (":", "None", "::2", *(["-1"] if x.size else []))  # on whatever axis it will be
        parts = ["...", *[p for p in parts if p in kept], ":"][: x.ndim + 1]
    return ", ".join(parts)


def of_arrays(make: Maker, x: np.ndarray) -> str | None:
    """One or two arrays of integers, that broadcast, beside slices.

    No integers beside them: NumPy counts those as arrays when it orders the axes, PyTorch does not.
    """
    if not x.ndim or 0 in x.shape:
        return None
    parts = [make.one(":", ":", "1:", "::2") for _ in range(1 + make.below(x.ndim))]
    places = {make.below(len(parts)) for _ in range(make.one(1, 1, 2))}
    shape = make.one((1,), (2,), (3,), (2, 2), (0,))
    for k in places:
        some = make.one(shape, shape[-1:], (1,)) if len(places) > 1 else make.one(shape, ())
        parts[k] = make.array(make.rng.integers(-x.shape[k], x.shape[k], size=some))
    return ", ".join(parts)


def of_masks(make: Maker, x: np.ndarray) -> str | None:
    """A mask over the first axes, or beside a slice."""
    if not x.ndim:
        return None
    count = 1 + make.below(x.ndim)
    share = make.one(0.0, 0.5, 0.5, 1.0)
    mask = make.array(make.rng.random(x.shape[:count]) < share)
    if count == 1 and x.ndim > 1 and make.chance(0.4):
        mask = make.array(make.rng.random(x.shape[1]) < share)
        return f":, {mask}"
    return mask


def index_by(kind: Callable[[Maker, np.ndarray], str | None]) -> Suits:
    """{i}: an index of this kind."""

    def suits(make: Maker, x: np.ndarray, *_: Any) -> Fields | None:
        index = kind(make, x)
        return None if index is None else {"i": index}

    return suits


def written_by(kind: Callable[[Maker, np.ndarray], str | None]) -> Suits:
    """{i} and {v}: an index, without repeats, and a new array that fits there."""

    def suits(make: Maker, x: np.ndarray, *_: Any) -> Fields | None:
        index = kind(make, x)
        if index is None:
            return None
        names = {name: make.program.arrays[name] for name in words(index) if name[0] == "c"}
        place = eval(f"np.s_[{index}]", {"np": np, **names})
        try:
            taken = np.arange(x.size).reshape(x.shape)[place]
        except IndexError:
            return None
        if len(np.unique(taken)) != taken.size:
            return None
        shape = tuple(make.one(n, 1) for n in taken.shape[make.below(2) :])
        if kind is of_masks:
            shape = taken.shape if make.chance(0.5) else ()
        return {"i": index, "v": make.leaf(shape, x.dtype), "n": make.one(0.5, -1, 2.0)}

    return suits


def keeps_shape(make: Maker, x: np.ndarray, y: np.ndarray) -> Fields | None:
    """y broadcasts to the shape of x."""
    try:
        return {} if np.broadcast_shapes(x.shape, y.shape) == x.shape else None
    except ValueError:
        return None


def reversed_axis(make: Maker, x: np.ndarray) -> Fields | None:
    if not x.ndim:
        return None
    k = make.below(x.ndim)
    return {"i": ", ".join([":"] * k + ["::-1"]), "k": k}


def lists(make: Maker, x: np.ndarray) -> Fields | None:
    if not x.ndim or not x.shape[0]:
        return None
    return {"i": [make.below(x.shape[0]) for _ in range(make.one(1, 2, 3))]}


def a_vector(make: Maker, x: np.ndarray) -> Fields | None:
    stands_out = x.size > 1 and np.diff(np.sort(x, axis=None)).min() > MARGIN
    return {} if x.ndim == 1 and (x.size == 1 or stands_out) else None


# --- the table -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """An operation: how it is written for autograd, how for PyTorch, which inputs suit.

    own     the result has memory of its own, so that it may be written to
    writes  the first operand is written to, and is not read after that
    """

    name: str
    ours: str
    theirs: str
    suits: Suits = anything
    own: bool = False
    writes: bool = False


def _elementwise(name: str, ours: str, theirs: str, suits: Suits = anything) -> Row:
    return Row(name, ours, theirs, suits, own=True)


def _same(name: str, text: str, suits: Suits = anything, own: bool = True) -> Row:
    return Row(name, text, text, suits, own=own)


INSIDE = f"(({KINK}) > {{low}}) & (({KINK}) < {{high}})"
CLIPPED = f"torch.where({INSIDE}, {KINK}, torch.clamp({KINK}, {{low}}, {{high}}).detach())"
OTHER = "({x}.detach() + {c})"
HINGE = (
    "(torch.relu({x} - {x}.gather(1, {labels}[:, None]) + 1.0).sum() - {x}.shape[0]) / {x}.shape[0]"
)

ELEMENTWISE = [
    _elementwise("exp", "np.exp({x})", "torch.exp({x})", within(-20, 3)),
    _elementwise("expm1", "np.expm1({x})", "torch.expm1({x})", within(-20, 3)),
    _elementwise("log", "np.log({x})", "torch.log({x})", within(0.1, 100)),
    _elementwise("log1p", "np.log1p({x})", "torch.log1p({x})", within(-0.8, 100)),
    _elementwise("sqrt", "np.sqrt({x})", "torch.sqrt({x})", within(0.1, 100)),
    _elementwise("tanh", "np.tanh({x})", "torch.tanh({x})"),
    _elementwise("sigmoid", "ag.sigmoid({x})", "torch.sigmoid({x})"),
    _elementwise("log1pexp", "ag.log1pexp({x})", "F.softplus({x})"),
    _elementwise("normal_cdf", "ag.normal_cdf({x})", "torch.special.ndtr({x})"),
    _elementwise("relu", "ag.relu({x})", "torch.relu({x})", no_kink),
    _elementwise("relu at 0", f"ag.relu({KINK})", f"torch.relu({KINK})", on_kinks),
    _elementwise("abs", "np.abs({x})", "torch.abs({x})", no_kink),
    _same("abs at 0", f"abs({KINK})", on_kinks),
    _elementwise("sign", "np.sign({x}) * {x}", "torch.sign({x}) * {x}", no_kink),
    _elementwise("square", "np.square({x})", "torch.square({x})"),
    _elementwise("negative", "-{x}", "-{x}"),
    _elementwise("reciprocal", "np.reciprocal({x})", "torch.reciprocal({x})", not_0),
    _same("power of an integer", "{x} ** 3"),
    _same("power 2", "{x} ** 2"),
    _same("power 0", "{x} ** 0"),
    _same("power -1", "{x} ** -1", not_0),
    _same("power 0.5", "{x} ** 0.5", within(0.1, 100)),
    _same("power of a number", "2.0 ** {x}", within(-20, 4)),
    _same("power", "{x} ** {y}", both(within(0.2, 5), not_0)),  # PyTorch errs at an exponent 0
    _same("power of an array", "{x} ** {c}", both(within(0.2, 5), with_constant)),
    _same("plus a number", "{x} + {n}", with_constant),
    _same("a number minus", "{n} - {x}", with_constant),
    _same("times an array", "{x} * {c}", with_constant),
    _same("over a number", "{x} / {n}", with_constant),
    _same("a number over", "{n} / {x}", both(not_0, with_constant)),
    _same("add", "{x} + {y}"),
    _same("subtract", "{x} - {y}"),
    _same("multiply", "{x} * {y}"),
    _same("multiply by itself", "{x} * {x} + {x}"),
    _same("divide", "{x} / {y}", not_0),
    _elementwise("maximum", "np.maximum({x}, {y})", "torch.maximum({x}, {y})", no_ties),
    _elementwise("minimum", "np.minimum({x}, {y})", "torch.minimum({x}, {y})", no_ties),
    _elementwise("maximum, ties", "np.maximum({x}, {x} * 1.0)", "torch.maximum({x}, {x} * 1.0)"),
    _elementwise(
        "maximum, tied constant",
        f"np.maximum({{x}}, {OTHER})",
        f"torch.where({{x}} > {OTHER}, {{x}}, {OTHER})",
        on_kinks,
    ),
    _elementwise(
        "minimum, tied constant",
        f"np.minimum({OTHER}, {{x}})",
        f"torch.where({{x}} < {OTHER}, {{x}}, {OTHER})",
        on_kinks,
    ),
    _elementwise("clip", "np.clip({x}, {low}, {high})", "torch.clamp({x}, {low}, {high})", bounds),
    _elementwise("clip below", "np.clip({x}, {low}, None)", "torch.clamp({x}, min={low})", bounds),
    _elementwise("clip at a bound", f"np.clip({KINK}, {{low}}, {{high}})", CLIPPED, on_kinks),
    _elementwise("where", "np.where({c}, {x}, {y})", "torch.where({c}, {x}, {y})", condition),
    _elementwise("where, number", "np.where({c}, {x}, {n})", "torch.where({c}, {x}, {n})",
                 condition),
    _elementwise("where larger", "np.where({x} > {y}, {x}, {y} * {y})",
                 "torch.where({x} > {y}, {x}, {y} * {y})", no_ties),
    _elementwise("where, unused root", "np.where({x} > 0, np.sqrt(np.abs({x})), {n})",
                 "torch.where({x} > 0, torch.sqrt(torch.abs({x})), {n})",
                 both(no_kink, condition)),
    _same("times a comparison", "({x} > {y}) * {x}", no_ties),
    _elementwise("float32", "{x}.astype(np.float32)", "{x}.float()"),
    _elementwise("float64", "{x}.astype(np.float64)", "{x}.double()"),
    _elementwise("copy", "np.copy({x})", "{x}.clone()"),
    _same("detach", "{x}.detach() * {x}"),
]  # fmt: skip

REDUCTIONS = [
    Row("sum", "np.sum({x}, axis={axis}, keepdims={keep})", "torch.sum({x}, {dims}, {keep})",
        axes_of()),
    Row("sum, method", "{x}.sum({axis})", "torch.sum({x}, {dims})", axes_of()),
    Row("mean", "np.mean({x}, axis={axis}, keepdims={keep})", "torch.mean({x}, {dims}, {keep})",
        axes_of(everything=False)),
    Row("max", "np.max({x}, axis={axis}, keepdims={keep})", "torch.amax({x}, {dims}, {keep})",
        extremes),
    Row("min", "{x}.min(axis={axis}, keepdims={keep})", "torch.amin({x}, {dims}, {keep})",
        extremes),
    Row("max, ties", f"np.max({KINK}, axis={{axis}}, keepdims={{keep}})",
        f"torch.amax({KINK}, {{dims}}, {{keep}})", ties),
    Row("min, ties", f"np.min({KINK}, axis={{axis}}, keepdims={{keep}})",
        f"torch.amin({KINK}, {{dims}}, {{keep}})", ties),
    Row("prod", "np.prod({x}, axis={axis}, keepdims={keep})", "{nested}", products),
    Row("prod with zeros", f"np.prod({KINK}, axis={{axis}}, keepdims={{keep}})", "{nested}",
        products_with_zeros),
    Row("logsumexp", "ag.logsumexp({x}, axis={axis}, keepdims={keep})",
        "torch.logsumexp({x}, {dims}, {keep})", axes_of(everything=False)),
    Row("softmax", "ag.softmax({x}, axis={axis})", "torch.softmax({x}, {axis})", one_axis),
    Row("log_softmax", "ag.log_softmax({x}, axis={axis})", "torch.log_softmax({x}, {axis})",
        one_axis),
    Row("add.reduce", "np.add.reduce({x}, axis={axis})", "torch.sum({x}, {axis})", any_axis),
    Row("maximum.reduce", "np.maximum.reduce({x}, axis={axis})", "torch.amax({x}, {dims})",
        extremes),
    Row("var", "np.var({x}, axis={axis})", "torch.var({x}, {axis}, correction=0)", a_full_axis),
    Row("cumsum", "np.cumsum({x}, axis={axis})", "torch.cumsum({x}, {axis})", any_axis),
    Row("cumprod", f"np.cumprod({KINK}, axis={{axis}})", f"torch.cumprod({KINK}, {{axis}})",
        on_zeros),
    Row("maximum.accumulate", "np.maximum.accumulate({x}, axis={axis})",
        "torch.cummax({x}, {axis})[0]", apart),
    Row("diff", "np.diff({x}, axis={axis})", "torch.diff({x}, dim={axis})", a_full_axis),
    Row("sort", "np.sort({x}, axis={axis})", "torch.sort({x}, {axis})[0]", apart),
    Row("median", "np.median({x}, axis={axis})", "torch.quantile({x}, 0.5, {axis})", apart),
]  # fmt: skip

SHAPES = [
    Row("reshape", "np.reshape({x}, {shape})", "torch.reshape({x}, {shape})", another_shape),
    Row("reshape, method", "{x}.reshape({shape})", "{x}.reshape({shape})", another_shape),
    Row("ravel", "np.ravel({x})", "torch.reshape({x}, (-1,))"),
    Row("flatten", "{x}.flatten() * 2.0", "{x}.flatten() * 2.0"),
    Row("transpose", "np.transpose({x}, {order})", "torch.permute({x}, {order})", an_order),
    Row("T", "{x}.T", "torch.permute({x}, tuple(range({x}.ndim))[::-1])"),
    Row("swapaxes", "np.swapaxes({x}, {k}, {j})", "torch.swapaxes({x}, {k}, {j})", an_order),
    Row("moveaxis", "np.moveaxis({x}, {k}, {j})", "torch.moveaxis({x}, {k}, {j})", an_order),
    Row("expand_dims", "np.expand_dims({x}, {axis})", "torch.unsqueeze({x}, {axis})", a_place),
    Row("squeeze", "np.squeeze({x})", "torch.squeeze({x})"),
    Row("squeeze an axis", "{x}.squeeze({axis})", "torch.squeeze({x}, {axis})", a_single_axis),
    Row("broadcast_to", "np.broadcast_to({x}, {shape})", "torch.broadcast_to({x}, {shape})",
        a_larger_shape),
    Row("concatenate", "np.concatenate([{x}, {y}, {w}, {x}], axis={axis})",
        "torch.cat([{x}, {y}, {w}, {x}], {axis})", joined),
    Row("concatenate flat", "np.concatenate([{x}, {y}], axis=None)",
        "torch.cat([{x}.reshape(-1), {y}.reshape(-1)])"),
    Row("stack", "np.stack([{x}, {y}, {x}], axis={axis})", "torch.stack([{x}, {y}, {x}], {axis})",
        same_shape),
]  # fmt: skip

PRODUCTS = [
    _same("matmul", "{x} @ {y}"),
    _same("matmul, right", "{x} @ {w}", a_factor),
    _same("matmul, left", "{u} @ {x}", a_factor),
    _elementwise("np.matmul", "np.matmul({x}, {w})", "torch.matmul({x}, {w})", a_factor),
    _elementwise("dot", "np.dot({x}, {w})", "torch.tensordot({x}, {w}, ([-1], [-2]))",
                 of_more_axes),
    _elementwise("affine", "ag.affine({x}, {w}, {b})", "({x} @ {w} + {b})", a_layer),
    _same("outer", "{x}[..., None] * {y}"),
    _same("gram", "{x} @ {x}.swapaxes(-1, -2)"),
]  # fmt: skip

LOSSES = [
    Row("softmax_cross_entropy", "ag.softmax_cross_entropy({x}, {labels})",
        "F.cross_entropy({x}, {labels})", labelled),
    Row("sigmoid_cross_entropy", "ag.sigmoid_cross_entropy({x}, 0.3)",
        "F.binary_cross_entropy_with_logits({x}, 0.3 + 0 * {x}.detach(), reduction='none')",
        within(-100, 100)),
    Row("svm_hinge", "ag.svm_hinge({x}, {labels})", HINGE, labelled),
    Row("l2_penalty", "ag.l2_penalty({x}, {n})", "0.5 * {n} * torch.sum({x} * {x})", condition),
    Row("squared error", "np.mean(({x} - {c}) ** 2)",
        "F.mse_loss({x} + 0 * {c}, {c} + 0 * {x}.detach())",
        both(with_constant, within(-100, 100))),
]  # fmt: skip

IMAGES = [
    Row("conv2d",
        "ag.conv2d({x}, {w}, {b}, stride={stride}, padding={padding}, dilation={dilation},"
        " groups={groups})",
        "F.conv2d({x}, {w}, {b}, {stride}, {padding}, {dilation}, {groups})", filtered, own=True),
    Row("conv2d without b",
        "ag.conv2d({x}, {w}, stride={stride}, padding={padding}, groups={groups})",
        "F.conv2d({x}, {w}, None, {stride}, {padding}, 1, {groups})", filtered, own=True),
    Row("max_pool2d",
        "ag.max_pool2d({x}, {size}, {stride}, padding={padding}, dilation={dilation})",
        "F.max_pool2d({x}, {size}, {stride}, {padding}, {dilation})", pooled, own=True),
    Row("avg_pool2d", "ag.avg_pool2d({x}, {size}, {stride}, {padding}, {counts})",
        "F.avg_pool2d({x}, {size}, {stride}, {padding}, False, {counts})", pooled, own=True),
]  # fmt: skip

INDEXING = [
    Row("basic index", "{x}[{i}]", "{x}[{i}]", index_by(basic)),
    Row("index of integers", "{x}[{i}]", "{x}[{i}]", index_by(of_arrays)),
    Row("index by a mask", "{x}[{i}]", "{x}[{i}]", index_by(of_masks)),
    Row("reversed", "{x}[{i}]", "torch.flip({x}, ({k},))", reversed_axis),
    Row("index by a list", "{x}[{i}]", "{x}[{i}]", lists),
    Row("index by a comparison", "{x}[{x} > 0]", "{x}[{x} > 0]", no_kink),
    Row("index by argmax", "{x}[np.argmax({x})]", "{x}[torch.argmax({x})]", a_vector),
]  # fmt: skip


def _writing(name: str, ours: str, theirs: str, suits: Suits = anything) -> Row:
    """PyTorch copies: it refuses to write to what a gradient needs."""
    return Row(name, f"{{out}} = {{x}}; {ours}", theirs, suits, own=True, writes=True)


_WRITTEN = "{out} = {x}.clone(); {out}[{i}] = {v}"
IN_PLACE = [
    _writing("+=", "{out} += {c}", "{x} + {c}", with_constant),
    _writing("-= a value", "{out} -= {y}", "{x} - {y}", keeps_shape),
    _writing("*= a value", "{out} *= {y}", "{x} * {y}", keeps_shape),
    _writing("/=", "{out} /= {n}", "{x} / {n}", with_constant),
    _writing("**=", "{out} **= 2", "{x} ** 2"),
    _writing("write at a basic index", "{out}[{i}] = {v}", _WRITTEN, written_by(basic)),
    _writing("write at integers", "{out}[{i}] = {v}", _WRITTEN, written_by(of_arrays)),
    _writing("write at a mask", "{out}[{i}] = {v}", _WRITTEN, written_by(of_masks)),
    _writing("write a number", "{out}[{i}] = {n}", "{out} = {x}.clone(); {out}[{i}] = {n}",
             written_by(basic)),
    _writing("add at an index", "{out}[{i}] += {v}",
             "{out} = {x}.clone(); {out}[{i}] = {x}[{i}] + {v}",
             written_by(of_masks)),
    _writing("scale at integers", "{out}[{i}] = {out}[{i}] * {n}",
             "{out} = {x}.clone(); {out}[{i}] = {x}[{i}] * {n}", written_by(of_arrays)),
    Row("write to a copy", "{out} = {x}.copy(); {out}[{i}] = {n}",
        "{out} = {x}.clone(); {out}[{i}] = {n}", written_by(of_masks), own=True),
    Row("rows in a loop", "{out} = 0.0\nfor row in {x}: {out} = {out} * 0.5 + row",
        "{out} = 0.0\nfor row in {x}: {out} = {out} * 0.5 + row", lists),
]  # fmt: skip

TABLE = [
    ELEMENTWISE, ELEMENTWISE, REDUCTIONS, SHAPES, PRODUCTS, LOSSES, IMAGES, INDEXING, IN_PLACE,
]  # fmt: skip
ROWS = {row.name: row for rows in TABLE for row in rows}
