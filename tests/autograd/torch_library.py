"""More operations for random programs: those of the library, written for NumPy and for PyTorch.

A table as that of `torch_operations.py`, which has the gates of the lecture: trigonometric and
special functions, statistics, shapes, einsum, matrices that are far from singular, Fourier
transforms, indices, and writing in all ways that NumPy has.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from torch_operations import (
    KINK,
    Fields,
    Row,
    Suits,
    _elementwise,
    _writing,
    a_full_axis,
    a_larger_shape,
    anything,
    apart,
    axes_of,
    basic,
    both,
    bounds,
    condition,
    extremes,
    far_from_0,
    index_by,
    joined,
    keeps_shape,
    no_kink,
    no_ties,
    not_0,
    of_arrays,
    of_masks,
    same_shape,
    ties,
    with_constant,
    within,
    written_by,
)

if TYPE_CHECKING:
    from torch_programs import Maker

LINALG_LIMIT = 4.0  # of the elements of a matrix, so that its condition number is moderate

# --- which inputs suit ---------------------------------------------------------------------------


def in_single_precision(make: Maker, x: np.ndarray) -> Fields | None:
    """As PyTorch computes the trigamma function: with nine digits."""
    return POSITIVE(make, x) if x.dtype == np.float32 else None


def between_steps(make: Maker, x: np.ndarray) -> Fields | None:
    """{n}: a divisor that x is no multiple of, nor nearly."""
    n = make.one(1.0, 1.5, -0.7)
    return {"n": n} if far_from_0(x / n - np.rint(x / n)) else None


def both_not_0(make: Maker, x: np.ndarray, y: np.ndarray) -> Fields | None:
    return {} if (np.abs(x) > 0.2).all() and (np.abs(y) > 0.2).all() else None


def same_or_broadcast(make: Maker, x: np.ndarray, y: np.ndarray) -> Fields | None:
    try:
        np.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        return None
    return {}


def masked(make: Maker, x: np.ndarray) -> Fields | None:
    """{c}: a mask that broadcasts to x; axes of a reduction."""
    fields = axes_of()(make, x)
    mask = make.array(make.rng.random(tuple(make.one(n, n, 1) for n in x.shape)) < 0.6)
    return None if fields is None else {**fields, "c": mask, "n": make.one(0.5, 2.0)}


def weighted(make: Maker, x: np.ndarray) -> Fields | None:
    """{w}: positive weights along one axis; {c}: the same, to be broadcast."""
    fields = a_full_axis(make, x)
    if fields is None:
        return None
    axis = fields["axis"] % x.ndim
    weights = make.rng.uniform(0.5, 1.5, x.shape[axis]).round(2).astype(x.dtype)
    whole = weights.reshape([-1 if k == axis else 1 for k in range(x.ndim)])
    return {**fields, "w": make.array(weights), "c": make.array(whole)}


def not_constant(make: Maker, x: np.ndarray) -> Fields | None:
    """Axes along which x varies, and how much less than the count the divisor is."""
    fields = axes_of(everything=False)(make, x)
    if fields is None or not x.ndim or (np.std(x, axis=fields["axis"]) < 0.1).any():
        return None
    count = math.prod(x.shape[k] for k in fields["dims"])
    return {**fields, "n": make.one(0, 1) if count > 1 else 0}


def nearly_0(x: np.ndarray) -> bool:
    """Whether an element is what rounding left of 0: PyTorch divides products by such."""
    return bool(((x != 0) & (np.abs(x) < 1e-6)).any())


def factors(make: Maker, x: np.ndarray) -> Fields | None:
    return None if nearly_0(x) else a_full_axis(make, x)


def fractions(make: Maker, x: np.ndarray) -> Fields | None:
    fields = apart(make, x)
    return None if fields is None else {**fields, "q": make.one(0.3, [0.1, 0.65], [0.0, 1.0])}


def variables(make: Maker, x: np.ndarray) -> Fields | None:
    """Two rows or more that vary."""
    if x.ndim != 2 or min(x.shape) < 2 or (np.std(x, axis=1) < 0.1).any():
        return None
    return {}


def correlated(make: Maker, x: np.ndarray) -> Fields | None:
    """The same, but not so that the correlation is 1, where rounding decides."""
    if variables(make, x) is None or (np.abs(np.corrcoef(x)[0, 1:]) > 0.99).any():
        return None
    return {}


def not_the_zero_vector(make: Maker, x: np.ndarray) -> Fields | None:
    """{axis}, along which no slice is nearly 0, nor one of its elements."""
    fields = a_full_axis(make, x)
    return fields if fields is not None and (np.abs(x) > 0.1).all() else None


def moderate_matrices(make: Maker, x: np.ndarray) -> Fields | None:
    """{c}: a diagonal that makes x xᵀ regular, with eigenvalues that differ."""
    if x.ndim < 2 or not x.size or np.abs(x).max() > LINALG_LIMIT or x.shape[-2] > 4:
        return None
    diagonal = np.diag(1.0 + 0.7 * np.arange(x.shape[-2])).astype(x.dtype)
    values = np.linalg.eigvalsh(x @ np.swapaxes(x, -1, -2) + diagonal)
    if np.diff(values, axis=-1).min(initial=1.0) < 0.2:
        return None
    return {"c": make.array(diagonal), "n": make.one(-2, -1, 2)}


def a_regular_matrix(make: Maker, x: np.ndarray) -> Fields | None:
    """{c}: added to square matrices of moderate size it makes them regular."""
    if x.ndim < 2 or not x.size or x.shape[-1] != x.shape[-2] or np.abs(x).max() > LINALG_LIMIT:
        return None
    n = x.shape[-1]
    return {"c": make.array(((LINALG_LIMIT * n + 1) * np.eye(n)).astype(x.dtype))}


def full_rank(make: Maker, x: np.ndarray) -> Fields | None:
    """Matrices with singular values that differ and are not nearly 0."""
    if x.ndim < 2 or not x.size or np.abs(x).max() > LINALG_LIMIT:
        return None
    s = np.linalg.svd(x, compute_uv=False)
    apart = -np.diff(s, axis=-1).max(initial=-1.0)
    return {} if s.min() > 0.3 and apart > 0.2 else None


def square(make: Maker, x: np.ndarray) -> Fields | None:
    return {} if x.ndim == 2 and x.shape[0] == x.shape[1] and x.size else None


def a_matrix(make: Maker, x: np.ndarray) -> Fields | None:
    if x.ndim != 2:
        return None
    k = make.below(3) - 1
    return {"k": k} if -x.shape[0] < k < x.shape[1] else None


def a_row(make: Maker, x: np.ndarray) -> Fields | None:
    return {"k": make.below(3) - 1} if x.ndim == 1 and x.size else None


def contracted(make: Maker, x: np.ndarray) -> Fields | None:
    """{spec}: random letters for the axes of x, of a new array {w}, and of the result."""
    if x.ndim > 4:
        return None
    letters = list("ijklmn")
    lengths: dict[str, int] = {}
    ours = ""
    for n in x.shape:
        known = [a for a in set(ours) if lengths[a] == n]
        letter = make.one(*sorted(known)) if known and make.chance(0.15) else letters[len(lengths)]
        lengths[letter] = n
        ours += letter
    theirs = "".join(a for a in sorted(set(ours)) if make.chance(0.5))
    if make.chance(0.5):
        theirs += letters[len(lengths)]
        lengths[theirs[-1]] = make.one(1, 2, 3)
    theirs = "".join(make.rng.permutation(list(theirs)))
    out = [a for a in make.rng.permutation(sorted(lengths)) if make.chance(0.6)]
    w = make.leaf([lengths[a] for a in theirs], x.dtype)
    return {"spec": f"{ours},{theirs}->{''.join(out)}", "w": w}


def for_tensordot(make: Maker, x: np.ndarray) -> Fields | None:
    count = make.below(min(x.ndim, 2) + 1)
    shape = (*x.shape[x.ndim - count :], *make.one((), (2,), (1, 2)))
    return {"n": count, "w": make.leaf(shape, x.dtype)}


def last_axis(make: Maker, x: np.ndarray) -> Fields | None:
    return {"w": make.leaf((make.one(1, 2), x.shape[-1]), x.dtype)} if x.ndim else None


def last_axis_of_a_matrix(make: Maker, x: np.ndarray) -> Fields | None:
    return {"w": make.leaf((x.shape[-1], make.one(1, 2)), x.dtype)} if x.ndim == 2 else None


def triples(make: Maker, x: np.ndarray) -> Fields | None:
    return {"w": make.leaf((3,), x.dtype)} if x.ndim and x.shape[-1] == 3 else None


def rolled(make: Maker, x: np.ndarray) -> Fields | None:
    if not x.ndim:
        return None
    return {"n": make.one(-1, 1, 2), "axis": make.below(2 * x.ndim) - x.ndim}


def flipped(make: Maker, x: np.ndarray) -> Fields | None:
    axes = sorted({make.below(x.ndim) for _ in range(2)}) if x.ndim else []
    return {"dims": tuple(axes)} if axes else None


def turned(make: Maker, x: np.ndarray) -> Fields | None:
    return {"n": make.below(4)} if x.ndim >= 2 else None


def repeated(make: Maker, x: np.ndarray) -> Fields | None:
    if not x.ndim:
        return None
    axis = make.below(2 * x.ndim) - x.ndim
    counts = make.array(make.rng.integers(0, 3, x.shape[axis]))
    return {"axis": axis, "c": counts, "n": make.one(1, 2), "reps": (2, *(1,) * (x.ndim - 1), 1)}


def padded(make: Maker, x: np.ndarray) -> Fields | None:
    """{pad} for np.pad, with the positions that it copies; {nested} takes them."""
    if not x.ndim or not x.size:
        return None
    mode = make.one("edge", "wrap", "symmetric")
    widths = [(make.below(3), make.below(2)) for _ in x.shape]
    widths = [(min(a, n), min(b, n)) for (a, b), n in zip(widths, x.shape, strict=True)]
    nested = "{x}"
    for k, n in enumerate(x.shape):
        places = make.array(np.pad(np.arange(n), widths[k], mode=mode))
        nested = f"torch.index_select({nested}, {k}, {places})"
    flat = tuple(int(n) for pair in reversed(widths) for n in pair)
    return {"pad": widths, "mode": mode, "nested": nested, "flat": flat}


def cut(make: Maker, x: np.ndarray) -> Fields | None:
    axes = [k for k in range(x.ndim) if x.shape[k] > 1]
    if not axes:
        return None
    axis = make.one(*axes)
    place = 1 + make.below(x.shape[axis] - 1)
    return {"axis": axis, "n": place, "rest": x.shape[axis] - place, "k": make.below(x.shape[axis])}


def positions(make: Maker, x: np.ndarray) -> Fields | None:
    """{c}: positions along {axis}, {whole}: of the shape of x but there, {flat}: of all."""
    if not x.ndim or not x.size:
        return None
    axis = make.below(x.ndim)
    shape = list(x.shape)
    shape[axis] = make.one(1, 2)
    n = x.shape[axis]
    return {
        "axis": axis,
        "c": make.array(make.rng.integers(0, n, make.one((1,), (3,)))),
        "whole": make.array(make.rng.integers(0, n, shape)),
        "flat": make.array(make.rng.integers(0, x.size, make.one((2,), (2, 2)))),
        "mask": make.array(make.rng.random(n) < 0.6),
        "every": make.array(make.rng.random(x.shape) < 0.6),
    }


def a_grid(make: Maker, x: np.ndarray) -> Fields | None:
    if x.ndim != 2 or not x.size:
        return None
    a, b = (make.rng.integers(0, n, make.one(1, 2)) for n in x.shape)
    return {"c": make.array(a), "w": make.array(b)}


def single_places(make: Maker, x: np.ndarray) -> Fields | None:
    """{flat}: different positions, {v}: values for them; {every}: a mask, {n} of it true."""
    if not x.ndim or not x.size:
        return None
    flat = make.rng.permutation(x.size)[: make.one(1, 2)]
    again = make.rng.integers(0, x.shape[0], 3)
    mask = make.rng.random(x.shape) < 0.5
    mask.flat[0] = True
    return {
        "flat": make.array(flat), "v": make.leaf(flat.shape, x.dtype),
        "again": make.array(again), "w": make.leaf((3, *x.shape[1:]), x.dtype),
        "every": make.array(mask), "u": make.leaf((int(mask.sum()),), x.dtype),
        "t": make.leaf((), x.dtype), "n": make.one(0.5, -1.0),
    }  # fmt: skip


def a_part(make: Maker, x: np.ndarray) -> Fields | None:
    """An index that is not that of a single value, which is no view here: `t[..., 0] *= 2`."""
    fields = written_by(basic)(make, x)
    if fields is None or not eval(f"x[{fields['i']}]", {"x": x}).ndim:
        return None
    return fields


def along(make: Maker, x: np.ndarray) -> Fields | None:
    """{whole}: one position for each row, {v}: what is written there."""
    if not x.ndim or not x.size:
        return None
    axis = make.below(x.ndim)
    shape = list(x.shape)
    shape[axis] = 1
    whole = make.array(make.rng.integers(0, x.shape[axis], shape))
    return {"axis": axis, "whole": whole, "v": make.leaf(shape, x.dtype)}


def transformed(make: Maker, x: np.ndarray) -> Fields | None:
    fields = a_full_axis(make, x)
    return None if fields is None else {**fields, "n": make.one(2, 3, 4), "m": 2 * make.one(1, 2)}


def transformed_all(make: Maker, x: np.ndarray) -> Fields | None:
    return {} if x.ndim and x.size and x.ndim < 4 else None


# --- the table -----------------------------------------------------------------------------------

INSIDE, POSITIVE = within(-0.9, 0.9), within(0.3, 20)


def _numpy(name: str, suits: Suits = anything, torch: str = "", of: str = "np") -> Row:
    """A function of one value, elementwise, whose name is the same there."""
    return _elementwise(name, f"{of}.{name}({{x}})", torch or f"torch.{name}({{x}})", suits)


def _pair(name: str, suits: Suits, torch: str = "") -> Row:
    return _elementwise(
        name, f"np.{name}({{x}}, {{y}})", torch or f"torch.{name}({{x}}, {{y}})", suits
    )


CUBE_ROOT = "torch.sign({x}) * torch.abs({x}) ** (1 / 3)"
ELEMENTWISE = [
    *[_numpy(name) for name in ("sin", "cos", "arctan", "arcsinh", "positive")],
    _numpy("sinc", not_0),  # of PyTorch's the second derivative at 0 is NaN
    _numpy("tan", within(-1.2, 1.2)),
    *[_numpy(name, INSIDE) for name in ("arcsin", "arccos", "arctanh")],
    *[_numpy(name, within(-3, 3)) for name in ("sinh", "cosh", "exp2")],
    _numpy("arccosh", within(1.2, 30)),
    *[_numpy(name, within(0.1, 100)) for name in ("log2", "log10")],
    _numpy("cbrt", not_0, CUBE_ROOT),
    _numpy("i0", within(-3, 3), "torch.special.i0({x})"),
    _numpy("radians", torch="torch.deg2rad({x})"),
    _numpy("fabs", no_kink, "torch.abs({x})"),
    _numpy("erf", of="special"),
    _numpy("expit", torch="torch.special.expit({x})", of="special"),
    _numpy("gammaln", in_single_precision, "torch.lgamma({x})", "special"),
    _numpy("psi", in_single_precision, "torch.digamma({x})", "special"),
    _numpy("ndtr", torch="torch.special.ndtr({x})", of="special"),
    _numpy("log_ndtr", within(-5, 5), "torch.special.log_ndtr({x})", of="special"),
    _numpy("entr", within(0.1, 20), "torch.special.entr({x})", of="special"),
    _elementwise("xlogy", "special.xlogy({x}, {y})", "torch.xlogy({x}, {y})",
                 lambda make, x, y: POSITIVE(make, y)),
    _pair("hypot", both_not_0), _pair("arctan2", both_not_0),
    _pair("logaddexp", same_or_broadcast), _pair("logaddexp2", same_or_broadcast),
    _pair("fmax", no_ties), _pair("fmin", no_ties), _pair("copysign", both_not_0),
    _elementwise("fmax, ties", "np.fmax({x}, {x} * 1.0)", "torch.fmax({x}, {x} * 1.0)"),
    _elementwise("remainder", "np.remainder({x}, {n})", "torch.remainder({x}, {n})", between_steps),
    _elementwise("fmod", "np.fmod({x}, {n}) * {x}", "torch.fmod({x}, {n}) * {x}", between_steps),
    _elementwise("modf", "np.modf({x} / {n})[0]", "torch.frac({x} / {n})", between_steps),
    _elementwise("floor", "np.floor({x} / {n}) * {x}", "torch.floor({x} / {n}) * {x}",
                 between_steps),
    _elementwise("rint", "({x} - np.rint({x}))", "({x} - torch.round({x}))",
                 lambda make, x: {} if far_from_0(x % 1 - 0.5) else None),
    _elementwise("heaviside", "np.heaviside({x}, 0.5) * {x}",
                 "torch.heaviside({x}.detach(), torch.tensor(0.5).to({x}.dtype)) * {x}", no_kink),
    _elementwise("ldexp", "np.ldexp({x}, 1)", "{x} * 2"),
    _elementwise("nan_to_num", "np.nan_to_num({x})", "torch.nan_to_num({x})"),
    _elementwise("select", "np.select([{x} > {high}, {x} > {low}], [{x} * {x}, 2.0 * {x}], 0.5)",
                 "torch.where({x} > {high}, {x} * {x}, torch.where({x} > {low}, 2.0 * {x}, 0.5))",
                 bounds),
    _elementwise("piecewise", "np.piecewise({x}, [{x} > {low}], [np.tanh, lambda z: z * z])",
                 "torch.where({x} > {low}, torch.tanh({x}), {x} * {x})", bounds),
    _elementwise("choose", "np.choose(({c} * 1), [{x}, np.sin({x})])",
                 "torch.where({c}, torch.sin({x}), {x})", condition),
    _elementwise("clip by values", "np.clip({x}, {y}, {y} + 1.5)",
                 "torch.minimum(torch.maximum({x}, {y}), {y} + 1.5)",
                 lambda make, x, y: no_ties(make, x, y) and no_ties(make, x, y + 1.5)),
    _elementwise("where, log", "np.where({x} > 0.3, np.log({x}), {x})",
                 "torch.where({x} > 0.3, torch.log(torch.where({x} > 0.3, {x}, 1.0)), {x})",
                 lambda make, x: {} if far_from_0(x - 0.3) else None),
    _elementwise("interp", "np.interp({x}, [-1.0, 0.3, 2.0], [0.5, -1.0, 1.0])",
                 "torch.where(({x} < -1) | ({x} > 2), torch.where({x} < -1, 0.5, 1.0),"
                 " torch.where({x} < 0.3, 0.5 - ({x} + 1) * (1.5 / 1.3),"
                 " -1.0 + ({x} - 0.3) * (2 / 1.7)))",
                 lambda make, x: {} if x.dtype == np.float64 and far_from_0(x + 1)
                 and far_from_0(x - 0.3) and far_from_0(x - 2) else None),
    _elementwise("polyval", "np.polyval([0.5, -1.0, 2.0], {x})", "((0.5 * {x} - 1.0) * {x} + 2.0)",
                 lambda make, x: {} if x.dtype == np.float64 else None),
    _elementwise("by its real part", "np.real(np.exp(1j * {x}) * (2 - 1j))",
                 "torch.real(torch.exp(1j * {x}) * (2 - 1j))"),
    _elementwise("absolute of complex", "np.abs({x} + 1j * {y}) + np.angle({x} + 1j * {y})",
                 "torch.abs(torch.complex({x} + 0 * {y}, {y} + 0 * {x}))"
                 " + torch.angle(torch.complex({x} + 0 * {y}, {y} + 0 * {x}))",
                 both(both_not_0, same_or_broadcast)),
]  # fmt: skip

REDUCTIONS = [
    Row("sum where", "np.sum({x}, axis={axis}, keepdims={keep}, where={c}, initial={n})",
        "torch.sum(torch.where({c}, {x}, 0.0), {dims}, {keep}) + {n}", masked),
    Row("mean where", "np.mean({x}, axis={axis}, where={c})",
        "torch.sum(torch.where({c}, {x}, 0.0), {dims}) / torch.sum({c}.expand({x}.shape), {dims})",
        masked),
    Row("nansum", "np.nansum(np.where({c}, {x}, np.nan), axis={axis})",
        "torch.nansum(torch.where({c}, {x}, torch.nan), {dims})", masked),
    Row("max initial", "np.max({x}, axis={axis}, initial=-50.0)", "torch.amax({x}, {dims})",
        extremes),
    Row("ptp", "np.ptp({x}, axis={axis}, keepdims={keep})",
        "(torch.amax({x}, {dims}, {keep}) - torch.amin({x}, {dims}, {keep}))", extremes),
    Row("nanmax", "np.nanmax({x}, axis={axis})", "torch.amax({x}, {dims})", extremes),
    Row("nanmin, ties", f"np.nanmin({KINK}, axis={{axis}}, keepdims={{keep}})",
        f"torch.amin({KINK}, {{dims}}, {{keep}})", ties),
    Row("var of axes", "np.var({x}, axis={axis}, keepdims={keep}, ddof={n})",
        "torch.var({x}, {dims}, correction={n}, keepdim={keep})", not_constant),
    Row("std of axes", "np.std({x}, axis={axis}, keepdims={keep}, ddof={n})",
        "torch.std({x}, {dims}, correction={n}, keepdim={keep})", not_constant),
    Row("average", "np.average({x}, axis={axis}, weights={w})",
        "(torch.sum({x} * {c}, {axis}) / torch.sum({w}))", weighted),
    Row("quantile", "np.quantile({x}, {q}, axis={axis})",
        "torch.quantile({x}, torch.tensor({q}, dtype={x}.dtype), {axis})", fractions),
    Row("percentile", "np.percentile({x}, 35.0, axis={axis})", "torch.quantile({x}, 0.35, {axis})",
        apart),
    Row("partition", "np.sort(np.partition({x}, 0, axis={axis}), axis={axis})",
        "torch.sort({x}, {axis})[0]", apart),
    Row("cov", "np.cov({x})", "torch.cov({x})", variables),
    Row("corrcoef", "np.corrcoef({x})[0, 1:]", "torch.corrcoef({x})[0, 1:]", correlated),
    Row("trapezoid", "np.trapezoid({x}, dx=0.5, axis={axis})",
        "torch.trapezoid({x}, dx=0.5, dim={axis})", a_full_axis),
    Row("np.gradient", "np.gradient({x}, 0.5, axis={axis})",
        "torch.gradient({x}, spacing=0.5, dim={axis})[0]", a_full_axis),
    Row("minimum.accumulate", "np.minimum.accumulate({x}, axis={axis})",
        "torch.cummin({x}, {axis})[0]", apart),
    Row("cumsum of all", "np.cumsum({x})", "torch.cumsum({x}.reshape(-1), 0)"),
    Row("cumulative_prod", "np.cumulative_prod({x}, axis={axis}, include_initial=True)",
        "torch.cat([torch.ones_like({x}).narrow({axis}, 0, 1), torch.cumprod({x}, {axis})],"
        " {axis})",
        factors),
    Row("logaddexp.reduce", "np.logaddexp.reduce({x}, axis={axis})",
        "torch.logsumexp({x}, {axis})", a_full_axis),
    Row("multiply.outer", "np.multiply.outer({x}, {y})",
        "torch.tensordot({x}, {y}, 0)", lambda make, x, y: {} if x.ndim + y.ndim < 5 else None),
    Row("norm of vectors", "np.linalg.norm({x}, axis={axis})",
        "torch.linalg.vector_norm({x}, 2, {axis})", not_the_zero_vector),
    Row("norm of order 3", "np.linalg.norm({x}, 3, axis={axis}, keepdims=True)",
        "torch.linalg.vector_norm({x}, 3, {axis}, keepdim=True)", not_the_zero_vector),
    Row("norm of order 1", "np.linalg.norm({x}, 1, axis={axis})",
        "torch.linalg.vector_norm({x}, 1, {axis})", not_the_zero_vector),
    Row("norm of all", "np.linalg.norm({x})", "torch.linalg.vector_norm({x})",
        lambda make, x: {} if x.size and np.abs(x).max() > 0.2 else None),
    Row("unwrap", "np.unwrap({x} * 0.1)", "({x} * 0.1)", lambda make, x: {} if x.ndim else None),
]  # fmt: skip

SHAPES = [
    Row("roll", "np.roll({x}, {n}, axis={axis})", "torch.roll({x}, {n}, {axis})", rolled),
    Row("roll all", "np.roll({x}, {n})", "torch.roll({x}, {n})", rolled),
    Row("flip", "np.flip({x}, {dims})", "torch.flip({x}, {dims})", flipped),
    Row("rot90", "np.rot90({x}, {n})", "torch.rot90({x}, {n})", turned),
    Row("tile", "np.tile({x}, {reps})", "torch.tile({x}, {reps})", repeated),
    Row("repeat", "np.repeat({x}, {c}, axis={axis})",
        "torch.repeat_interleave({x}, {c}, {axis})", repeated),
    Row("repeat all", "np.repeat({x}, {n})", "torch.repeat_interleave({x}, {n})", repeated),
    Row("pad", "np.pad({x}, {pad}, mode='{mode}')", "{nested}", padded),
    Row("pad constant", "np.pad({x}, {pad}, constant_values=0.5)", "F.pad({x}, {flat}, value=0.5)",
        padded),
    Row("split", "np.split({x}, [{n}], axis={axis})[1] * 2.0",
        "torch.split({x}, [{n}, {rest}], {axis})[1] * 2.0", cut),
    Row("array_split", "np.array_split({x}, 2, axis={axis})[0]",
        "torch.tensor_split({x}, 2, {axis})[0]", cut),
    Row("delete", "np.delete({x}, {k}, axis={axis})",
        "torch.cat([{x}.narrow({axis}, 0, {k}), {x}.narrow({axis}, {k} + 1,"
        " {x}.shape[{axis}] - {k} - 1)], {axis})", cut),
    Row("insert", "np.insert({x}, {k}, 0.5, axis={axis})",
        "torch.cat([{x}.narrow({axis}, 0, {k}), torch.full_like({x}.narrow({axis}, 0, 1), 0.5),"
        " {x}.narrow({axis}, {k}, {x}.shape[{axis}] - {k})], {axis})", cut),
    Row("append", "np.append({x}, {y}, axis={axis})", "torch.cat([{x}, {y}], {axis})", joined),
    Row("hstack", "np.hstack([{x}, {y}])", "torch.hstack([{x}, {y}])", same_shape),
    Row("vstack", "np.vstack([{x}, {y}])", "torch.vstack([{x}, {y}])", same_shape),
    Row("dstack", "np.dstack([{x}, {y}])", "torch.dstack([{x}, {y}])", same_shape),
    Row("column_stack", "np.column_stack([{x}, {y}])", "torch.column_stack([{x}, {y}])",
        lambda make, x, y: {} if x.shape == y.shape and x.ndim in (1, 2) else None),
    Row("block", "np.block([[{x}, {y}], [{y}, {x}]])",
        "torch.cat([torch.cat([{x}, {y}], 1), torch.cat([{y}, {x}], 1)], 0)",
        lambda make, x, y: {} if x.shape == y.shape and x.ndim == 2 else None),
    Row("diag of a matrix", "np.diag({x}, {k})", "torch.diag({x}, {k})", a_matrix),
    Row("diag of a vector", "np.diag({x}, {k})", "torch.diag({x}, {k})", a_row),
    Row("tril", "np.tril({x}, {k})", "torch.tril({x}, {k})", a_matrix),
    Row("triu", "np.triu({x}, {k})", "torch.triu({x}, {k})", a_matrix),
    Row("trace", "np.trace({x}, {k})", "torch.sum(torch.diagonal({x}, {k}))", a_matrix),
    Row("diagonal", "np.diagonal({x}, axis1=-2, axis2=-1)", "torch.diagonal({x}, 0, -2, -1)",
        lambda make, x: {} if x.ndim > 1 else None),
    Row("atleast_2d", "np.atleast_2d({x})", "torch.atleast_2d({x})"),
    Row("meshgrid", "np.meshgrid({x}, {y}, indexing='ij')[1] * 1.0",
        "torch.meshgrid({x}, {y}, indexing='ij')[1] * 1.0",
        lambda make, x, y: {} if x.ndim == y.ndim == 1 else None),
    Row("broadcast_arrays", "np.broadcast_arrays({x}, {c})[0]",
        "torch.broadcast_tensors({x}, {c})[0]", with_constant),
    Row("unstack", "sum(np.unstack({x}, axis=0))", "sum(torch.unbind({x}, 0))",
        lambda make, x: {} if x.ndim and x.shape[0] else None),
    Row("resize a view", "np.broadcast_to({x}, {shape}).copy()",
        "torch.broadcast_to({x}, {shape}).clone()", a_larger_shape),
    Row("like it", "np.ones_like({x}) * {x} - np.zeros_like({x})", "({x} * 1.0)"),
    Row("reshape in Fortran's order", "np.reshape({x}, (-1,), order='F')",
        "torch.reshape(torch.permute({x}, tuple(range({x}.ndim))[::-1]), (-1,))"),
]  # fmt: skip

GRAM = "({x} @ {x}.swapaxes(-1, -2) + {c})"
PRODUCTS = [
    Row("einsum", "np.einsum('{spec}', {x}, {w})", "torch.einsum('{spec}', {x}, {w})", contracted),
    Row("einsum of three", "np.einsum('...i,...i,i->...', {x}, {x}, {w}[0])",
        "torch.einsum('...i,...i,i->...', {x}, {x}, {w}[0])", last_axis),
    Row("tensordot", "np.tensordot({x}, {w}, {n})", "torch.tensordot({x}, {w}, {n})",
        for_tensordot),
    Row("inner", "np.inner({x}, {w})", "torch.inner({x}, {w})", last_axis),
    Row("np.outer", "np.outer({x}, {y})", "torch.outer({x}.reshape(-1), {y}.reshape(-1))",
        lambda make, x, y: {} if x.size * y.size < 200 else None),
    Row("vdot", "np.vdot({x}, {y})", "torch.sum({x} * {y})",
        lambda make, x, y: {} if x.shape == y.shape else None),
    Row("vecdot", "np.vecdot({x}, {y})", "torch.linalg.vecdot({x}, {y})",
        lambda make, x, y: {} if x.shape == y.shape and x.ndim else None),
    Row("kron", "np.kron({x}, {w})", "torch.einsum('ij,kl->ikjl', {x}, {w}).reshape("
        "{x}.shape[0] * {w}.shape[0], {x}.shape[1] * {w}.shape[1])", last_axis_of_a_matrix),
    Row("cross", "np.cross({x}, {w})", "torch.linalg.cross({x}, {w}.expand({x}.shape))", triples),
    Row("multi_dot", "np.linalg.multi_dot([{x}, {w}, {w}.T])", "({x} @ {w} @ {w}.T)",
        last_axis_of_a_matrix),
    Row("matrix_power", "np.linalg.matrix_power({x} + {c}, {n}) * 0.1",
        "torch.linalg.matrix_power({x} + {c}, {n}) * 0.1",
        lambda make, x: None if (f := a_regular_matrix(make, x)) is None
        else {**f, "n": make.one(-1, 2)}),
    Row("inv", "np.linalg.inv({x} + {c})", "torch.linalg.inv({x} + {c})", a_regular_matrix),
    Row("det", "np.linalg.det({x} + {c}) ** 0.25", "torch.linalg.det({x} + {c}) ** 0.25",
        a_regular_matrix),
    Row("slogdet", f"np.linalg.slogdet({GRAM})[1]", f"torch.linalg.slogdet({GRAM})[1]",
        moderate_matrices),
    Row("solve", f"np.linalg.solve({GRAM}, {{x}})", f"torch.linalg.solve({GRAM}, {{x}})",
        moderate_matrices),
    Row("cholesky", f"np.linalg.cholesky({GRAM})", f"torch.linalg.cholesky({GRAM})",
        moderate_matrices),
    Row("eigvalsh", f"np.sqrt(np.linalg.eigvalsh({GRAM}))",
        f"torch.sqrt(torch.linalg.eigvalsh({GRAM}))", moderate_matrices),
    Row("eigh", f"np.linalg.eigh({GRAM})[1] ** 2", f"torch.linalg.eigh({GRAM})[1] ** 2",
        moderate_matrices),
    Row("svd", "np.linalg.svd({x}, full_matrices=False)[1]", "torch.linalg.svdvals({x})",
        full_rank),
    Row("svd vectors", "np.linalg.svd({x}, full_matrices=False)[0] ** 2",
        "torch.linalg.svd({x}, full_matrices=False)[0] ** 2", full_rank),
    Row("pinv", "np.linalg.pinv({x})", "torch.linalg.pinv({x})", full_rank),
    Row("qr", "np.abs(np.linalg.qr({x})[1])", "torch.abs(torch.linalg.qr({x})[1])",
        lambda make, x: full_rank(make, x) if x.ndim > 1 and x.shape[-2] >= x.shape[-1] else None),
    Row("nuclear norm", "np.linalg.norm({x}, 'nuc', axis=(-2, -1))",
        "torch.linalg.matrix_norm({x}, 'nuc')", full_rank),
    Row("spectral norm", "np.linalg.norm({x}, 2, axis=(-2, -1))",
        "torch.linalg.matrix_norm({x}, 2)", full_rank),
    Row("fft", "np.real(np.fft.fft({x}, axis={axis}))",
        "torch.real(torch.fft.fft({x}, dim={axis}))", transformed),
    Row("fft of n", "np.imag(np.fft.ifft({x}, {n}, axis={axis}))",
        "torch.imag(torch.fft.ifft({x}, {n}, {axis}))", transformed),
    Row("rfft and back", "np.fft.irfft(np.fft.rfft({x}, axis={axis}) * (0.5 + 1j), {m},"
        " axis={axis})", "torch.fft.irfft(torch.fft.rfft({x}, dim={axis}) * (0.5 + 1j), {m},"
        " {axis})", transformed),
    Row("spectrum", "np.abs(np.fft.fftn({x}) + 0.3j) ** 2 * 0.01",
        "torch.abs(torch.fft.fftn({x}) + 0.3j) ** 2 * 0.01", transformed_all),
    Row("hfft", "np.fft.hfft({x}, {m}, axis={axis})", "torch.fft.hfft({x}, {m}, {axis})",
        transformed),
    Row("fftshift", "np.fft.fftshift({x})", "torch.fft.fftshift({x})"),
]  # fmt: skip

INDEXING = [
    Row("take", "np.take({x}, {c}, axis={axis})", "torch.index_select({x}, {axis}, {c})",
        positions),
    Row("take of all", "np.take({x}, {flat})", "torch.take({x}, {flat})", positions),
    Row("take_along_axis", "np.take_along_axis({x}, {whole}, axis={axis})",
        "torch.take_along_dim({x}, {whole}, {axis})", positions),
    Row("compress", "np.compress({mask}, {x}, axis={axis})",
        "torch.index_select({x}, {axis}, torch.nonzero({mask})[:, 0])", positions),
    Row("extract", "np.extract({every}, {x})", "torch.masked_select({x}, {every})", positions),
    Row("ix_", "{x}[np.ix_({c}, {w})]", "{x}[{c}[:, None], {w}]", a_grid),
    Row("argsort", "{x}[np.argsort({x})]", "{x}[torch.argsort({x})]",
        lambda make, x: apart(make, x) if x.ndim == 1 else None),
    Row("nonzero", "{x}[np.nonzero({x} > 0)]", "{x}[torch.nonzero({x} > 0, as_tuple=True)]",
        lambda make, x: no_kink(make, x) if x.ndim else None),
    Row("index twice", "{x}[{i}][..., None] * 1.0", "{x}[{i}][..., None] * 1.0", index_by(basic)),
    Row("item by item", "np.stack([{x}[0], {x}[-1] * 2.0])", "torch.stack([{x}[0], {x}[-1] * 2.0])",
        lambda make, x: {} if x.ndim and x.shape[0] else None),
]  # fmt: skip


def _copied(name: str, ours: str, theirs: str, suits: Suits) -> Row:
    """Writing into a copy; the lines may use {out} as often as they like."""
    return Row(name, f"{{out}} = {{x}}.copy(); {ours}",
               f"{{out}} = {{x}}.clone(memory_format=torch.contiguous_format); {theirs}",
               suits, own=True)  # fmt: skip


def _both_ways(name: str, text: str, suits: Suits) -> Row:
    return _copied(name, text, text, suits)


IN_PLACE = [
    _both_ways("write through a row", "row = {out}[:1]; row[...] = {t}; row *= {n}", single_places),
    _both_ways("write through a reshape", "flat = {out}.reshape(-1); flat[{flat}] = {v}",
               single_places),
    _copied("write through a transpose", "{out}.T[..., 0] = {n}", "{out}[0] = {n}", single_places),
    _both_ways("write through a view of a view", "part = {out}[:1][..., -1:]; part *= {n};"
               " part[...] = part + {t}", single_places),
    _copied("write twice", "{out}[0] = {t}; {out}[0] = {out}[0] * {out}[-1]",
            "{out}[0] = {t}; {out}[0] = {out}[0].clone() * {out}[-1].clone()", single_places),
    _both_ways("write, read, write", "before = {out}[0] * 1.0; {out}[0] = {t};"
               " {out}[-1] = before * {n}", single_places),
    _both_ways("write a sum into a row", "{out}[0] += {out}.sum() * 0.1", single_places),
    _copied("scaled in a loop", "\nfor k in range(2): {out}[k % {x}.shape[0]] *= {t}",
            "\nfor k in range(2): {out}[k % {x}.shape[0]] = {out}[k % {x}.shape[0]].clone() * {t}",
            single_places),
    _both_ways("overlapping", "{out}[1:] = {out}[:-1] * 1.0", single_places),
    _copied("put", "np.put({out}, {flat}, {v})", "{out}.view(-1)[{flat}] = {v}", single_places),
    _copied("place", "np.place({out}, {every}, {u})", "{out}[{every}] = {u}", single_places),
    _copied("putmask", "np.putmask({out}, {every}, {t})", "{out}[{every}] = {t}", single_places),
    _copied("copyto", "np.copyto({out}, {t}, where={every})", "{out}[{every}] = {t}",
            single_places),
    _copied("add.at", "np.add.at({out}, {again}, {w})", "{out}.index_add_(0, {again}, {w})",
            single_places),
    _copied("put_along_axis", "np.put_along_axis({out}, {whole}, {v}, axis={axis})",
            "{out}.scatter_({axis}, {whole}, {v})", along),
    _copied("fill_diagonal", "np.fill_diagonal({out}, 0.5)", "{out}.fill_diagonal_(0.5)", square),
    _copied("out=", "np.multiply({out}, {t}, out={out}); np.sin({out}, out={out})",
            "{out} = torch.sin({x} * {t})", single_places),
    _copied("where=", "np.multiply({out}, {n}, out={out}, where={every})",
            "{out} = torch.where({every}, {x} * {n}, {x})", single_places),
    _copied("sort in place", "{out}.sort(axis={axis})", "{out} = torch.sort({x}, {axis})[0]",
            apart),
    _writing("-= at integers", "{out}[{i}] -= {v}",
             "{out} = {x}.clone(); {out}[{i}] = {x}[{i}] - {v}", written_by(of_arrays)),
    _writing("*= at a basic index", "{out}[{i}] *= {n}",
             "{out} = {x}.clone(); {out}[{i}] = {x}[{i}] * {n}", a_part),
    _writing("*= at a mask", "{out}[{i}] *= {n}",
             "{out} = {x}.clone(); {out}[{i}] = {x}[{i}] * {n}", written_by(of_masks)),
    _writing("written with itself", "{out}[...] = {out} * {y}", "{x} * {y}", keeps_shape),
    Row("filled row by row", "{out} = Tensor(np.zeros_like({x}), requires_grad=False)"
        "\nfor k in range({x}.shape[0]):"
        " {out}[k] = np.sin({x}[k]) + ({out}[k - 1] if k else 0.0)",
        "{out} = torch.zeros_like({x})\nfor k in range({x}.shape[0]):"
        " {out}[k] = torch.sin({x}[k]) + ({out}[k - 1].clone() if k else 0.0)",
        lambda make, x: {} if x.ndim and x.size else None, own=True),
]  # fmt: skip

LIBRARY = [ELEMENTWISE, ELEMENTWISE, REDUCTIONS, SHAPES, PRODUCTS, INDEXING, IN_PLACE]
