"""The rows of the table: functions, and the points where they have a kink, a tie, a pole, an end.

An expression of x, y and z is that of NumPy, JAX and HIPS autograd; PyTorch has its own text, and
so have the others where they have another name for it. None: it has no such function.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SAME: Any = "as NumPy's"


@dataclass(frozen=True)
class Row:
    """An expression, a point for each of its variables, and how others write it.

    is_kink     the function is piecewise smooth there, so that its subgradient of minimum norm can
                be found by looking around; not so at poles, at ends, and where the value is NaN
    why         a note: why the value is what it is, where that needs saying
    """

    text: str
    at: tuple[str, ...]
    torch: str | None = None
    is_kink: bool = True
    why: str = ""
    jax: str | None = SAME
    hips: str | None = SAME

    def text_for(self, system: str) -> str | None:
        """How the expression is written for a system."""
        texts = {"pytorch": self.torch, "jax": self.jax, "hips": self.hips}
        text = texts.get(system, SAME)
        return self.text if text is SAME else text

    @property
    def point(self) -> str:
        """The point, as it stands in the table."""
        return ", ".join(self.at).replace("np.", "")

    @property
    def key(self) -> str:
        """Its name in the record."""
        return f"{self.text} at {self.point}"


def row(text: str, *at: str, torch: str | None = None, **more: Any) -> Row:
    """A kink: a row whose gradient is the subgradient of minimum norm."""
    return Row(text, at, torch, **more)


def point(text: str, *at: str, torch: str | None = None, **more: Any) -> Row:
    """A pole, an end of the domain, or another special point."""
    return Row(text, at, torch, is_kink=False, **more)


ZERO, EYE, ONES = "np.zeros((2, 2))", "np.eye(2)", "np.ones((2, 2))"
SINGULAR = "[[1.0, 2.0], [2.0, 4.0]]"
WEIGHTS = "np.array([1.0, 2.0, 4.0])"
T_WEIGHTS = "torch.tensor([1.0, 2.0, 4.0], dtype=x.dtype)"
OURS_ALONE = {"jax": None, "hips": None}
PAIRWISE = "each maximum by itself has the one of minimum norm; `np.max(np.stack(...))` shares all"
PERMUTED = (
    "the transpose of the permutation that was used, without a search for ties: one of the "
    "subgradients, but not the shortest; median, quantile, max and min share"
)

TABLE: dict[str, list[Row]] = {
    "Absolute values, signs and steps": [
        row("np.abs(x)", "0.0", torch="torch.abs(x)"),
        row("np.fabs(x)", "0.0", torch="torch.abs(x)"),
        row("np.abs(x)", "0j", torch="torch.abs(x)"),
        row("np.sign(x)", "0.0", torch="torch.sign(x)"),
        point("np.sign(x)", "0j", torch="torch.sgn(x)", why="a phase has no slope at 0"),
        point("np.angle(x)", "0j", torch="torch.angle(x)", why="nor has an angle"),
        row("np.copysign(x, y)", "0.0", "1.0", torch="torch.copysign(x, y)"),
        row("np.copysign(x, y)", "2.0", "0.0", torch="torch.copysign(x, y)", is_kink=False),
        row("np.heaviside(x, 0.5)", "0.0",
            torch="torch.heaviside(x, torch.tensor(0.5).double())"),
        row("ag.relu(x)", "0.0", torch="torch.relu(x)", jax="jax.nn.relu(x)", hips=None),
        row("np.where(x > 0, x, 0.1 * x)", "0.0", torch="torch.where(x > 0, x, 0.1 * x)",
            is_kink=False, why="a condition of the program chooses the piece"),
        row("np.floor(x)", "2.0", torch="torch.floor(x)"),
        row("np.ceil(x)", "2.0", torch="torch.ceil(x)"),
        row("np.trunc(x)", "2.0", torch="torch.trunc(x)"),
        row("np.rint(x)", "2.5", torch="torch.round(x)"),
        row("np.round(x)", "2.5", torch="torch.round(x)"),
        row("np.floor_divide(x, y)", "4.0", "2.0", torch="torch.floor_divide(x, y)"),
        point("np.mod(x, y)", "4.0", "2.0", torch="torch.remainder(x, y)",
              why="the slopes of the piece that the value belongs to"),
        point("np.fmod(x, y)", "4.0", "2.0", torch="torch.fmod(x, y)",
              why="the slopes of the piece that the value belongs to"),
        point("np.unwrap(x) * np.array([1.0, 2.0])", "[0.0, pi]",
              why="a jump by a constant does not show in the slope"),
    ],
    "The larger of two": [
        row("np.maximum(x, y)", "2.0", "2.0", torch="torch.maximum(x, y)"),
        row("np.minimum(x, y)", "2.0", "2.0", torch="torch.minimum(x, y)"),
        row("np.maximum(x, 0.0)", "0.0", torch="torch.clamp(x, min=0.0)"),
        row("np.maximum(x, x)", "2.0", torch="torch.maximum(x, x)"),
        row("np.fmax(x, y)", "2.0", "2.0", torch="torch.fmax(x, y)"),
        row("np.fmin(x, y)", "2.0", "2.0", torch="torch.fmin(x, y)"),
        row("np.fmax(x, 2.0)", "2.0", torch="torch.fmax(x, torch.tensor(2.0).double())"),
        point("np.maximum(x, y)", "nan", "1.0", torch="torch.maximum(x, y)",
              why="NaN equals nothing, and passes the gradient on"),
        point("np.fmax(x, y)", "nan", "1.0", torch="torch.fmax(x, y)", why="the result is y"),
        point("np.maximum(np.maximum(x, y), z)", "1.0", "1.0", "1.0",
              torch="torch.maximum(torch.maximum(x, y), z)", why=PAIRWISE),
        row("np.max(np.stack([x, y, z]))", "1.0", "1.0", "1.0",
            torch="torch.amax(torch.stack([x, y, z]))"),
        row("np.clip(x, 0.0, 1.0)", "0.0", torch="torch.clamp(x, 0.0, 1.0)"),
        row("np.clip(x, 0.0, 1.0)", "1.0", torch="torch.clamp(x, 0.0, 1.0)"),
        row("np.clip(x, y, 2.0)", "1.0", "1.0",
            torch="torch.clamp(x, y, torch.tensor(2.0).double())"),
    ],
    "The largest of many, order": [
        row("np.max(x)", "[1.0, 2.0, 2.0]", torch="torch.amax(x)"),
        row("np.max(x)", "[2.0, 2.0, 2.0]", torch="torch.max(x)"),
        row("np.min(x)", "[2.0, 2.0, 2.0]", torch="torch.amin(x)"),
        point("np.max(x)", "[nan, 1.0]", torch="torch.amax(x)",
              why="nothing equals NaN, so there is no winner: what is NaN shows"),
        row("np.nanmax(x)", "[2.0, 2.0, nan]"),
        row("np.ptp(x)", "[1.0, 1.0]", torch="torch.amax(x) - torch.amin(x)"),
        row("ag.max_pool2d(x, 2)", "np.ones((1, 1, 2, 2))", torch="F.max_pool2d(x, 2)",
            **OURS_ALONE),
        row("np.median(x)", "[1.0, 1.0, 3.0]", torch="torch.median(x)"),
        row("np.median(x)", "[1.0, 2.0, 2.0, 3.0]", torch="torch.quantile(x, 0.5)"),
        row("np.percentile(x, 75)", "[1.0, 2.0, 2.0, 2.0, 3.0]", torch="torch.quantile(x, 0.75)"),
        point(f"np.sort(x) * {WEIGHTS}", "[1.0, 1.0, 1.0]",
              torch=f"torch.sort(x)[0] * {T_WEIGHTS}", why=PERMUTED),
        point(f"np.partition(x, 1) * {WEIGHTS}", "[1.0, 1.0, 1.0]", why=PERMUTED),
        point("np.maximum.accumulate(x)", "[1.0, 1.0, 1.0]", torch="torch.cummax(x, 0)[0]",
              jax="jax.lax.cummax(x)", why="each running maximum by itself shares equally"),
    ],
    "Norms": [
        row("np.linalg.norm(x)", "[0.0, 0.0]", torch="torch.linalg.norm(x)"),
        row("np.linalg.norm(x)", "np.zeros(2) * 1j", torch="torch.linalg.norm(x)"),
        row("np.linalg.norm(x, 1)", "[0.0, 2.0]", torch="torch.linalg.norm(x, 1)"),
        row("np.linalg.norm(x, 3)", "[0.0, 0.0]", torch="torch.linalg.norm(x, 3)"),
        point("np.linalg.norm(x, 0.5)", "[0.0, 2.0]", torch="torch.linalg.norm(x, 0.5)",
              why="below order 1 the slope grows without limit towards 0, on both sides of it"),
        row("np.linalg.norm(x, np.inf)", "[1.0, -1.0]", torch="torch.linalg.norm(x, inf)"),
        row("np.linalg.norm(x, np.inf)", "[0.0, 0.0]", torch="torch.linalg.norm(x, inf)"),
        row("np.linalg.norm(x, -np.inf)", "[1.0, -1.0]", torch="torch.linalg.norm(x, -inf)"),
        point("np.linalg.norm(x, 0)", "[0.0, 2.0]", torch="torch.linalg.norm(x, 0)",
              why="a count, constant but for steps"),
        row("np.linalg.norm(x)", ZERO, torch="torch.linalg.norm(x)"),
        row("np.linalg.norm(x, 1)", ONES, torch="torch.linalg.norm(x, 1)"),
        row("np.linalg.norm(x, 2)", ZERO, torch="torch.linalg.norm(x, 2)"),
        row("np.linalg.norm(x, 2)", EYE, torch="torch.linalg.norm(x, 2)"),
        row("np.linalg.norm(x, 'nuc')", ONES, torch="torch.linalg.norm(x, 'nuc')"),
        row("np.linalg.norm(x, 'nuc')", ZERO, torch="torch.linalg.norm(x, 'nuc')"),
        row("np.hypot(x, y)", "0.0", "0.0", torch="torch.hypot(x, y)"),
        point("np.arctan2(x, y)", "0.0", "0.0", torch="torch.atan2(x, y)",
              why="no slope in any direction"),
        row("np.std(x)", "[1.0, 1.0]", torch="torch.std(x, correction=0)"),
        row("np.var(x)", "[1.0, 1.0]", torch="torch.var(x, correction=0)"),
        point("np.sqrt(np.sum(x * x))", "[0.0, 0.0]", torch="torch.sqrt(torch.sum(x * x))",
              why="infinity times 0 by the chain rule; `np.linalg.norm` knows better"),
    ],
    "Roots and powers": [
        point("np.sqrt(x)", "0.0", torch="torch.sqrt(x)", why="the one-sided derivative"),
        point("np.sqrt(x)", "0j", torch="torch.sqrt(x)", why="the derivative is infinite"),
        point("np.cbrt(x)", "0.0", why="the derivative is infinite"),
        point("np.sqrt(x)", "-1.0", torch="torch.sqrt(x)", why="outside of the domain"),
        point("np.power(x, y)", "0.0", "0.0", torch="torch.pow(x, y)",
              why="x⁰ is constant; by the exponent 0 is taken, as for all positive ones"),
        point("np.power(x, y)", "0.0", "2.0", torch="torch.pow(x, y)"),
        point("np.power(x, y)", "0.0", "1.0", torch="torch.pow(x, y)"),
        point("np.power(x, y)", "0.0", "-1.0", torch="torch.pow(x, y)",
              why="a pole; by the exponent infinity times the logarithm of 0"),
        point("np.power(x, y)", "-2.0", "2.0", torch="torch.pow(x, y)",
              why="of a negative base only whole powers are real"),
        point("x ** 0", "0.0", torch="x ** 0"),
        point("x ** 1", "0.0", torch="x ** 1"),
        point("x ** 3", "-2.0", torch="x ** 3"),
        point("x ** 0.5", "0.0", torch="x ** 0.5", why="the one-sided derivative"),
        point("x ** 1.5", "0.0", torch="x ** 1.5"),
        point("x ** -1", "0.0", torch="x ** -1", why="a pole"),
        point("0.0 ** x", "0.0", torch="0.0 ** x", why="as by the exponent above"),
        point("0.0 ** x", "2.0", torch="0.0 ** x"),
        point("np.reciprocal(x)", "0.0", torch="torch.reciprocal(x)", why="a pole"),
        point("x / y", "1.0", "0.0", torch="x / y", why="a pole"),
        point("x / y", "0.0", "0.0", torch="x / y", why="the value is NaN"),
    ],
    "Products": [
        point("np.prod(x)", "[0.0, 2.0, 3.0]", torch="torch.prod(x)"),
        point("np.prod(x)", "[0.0, 0.0, 3.0]", torch="torch.prod(x)"),
        point("np.cumprod(x)", "[0.0, 2.0, 3.0]", torch="torch.cumprod(x, 0)"),
        point("np.cumprod(x)", "[2.0, 0.0, 0.0]", torch="torch.cumprod(x, 0)"),
        point("np.nanprod(x)", "[0.0, 2.0, nan]"),
    ],
    "Exponentials and logarithms": [
        point("np.log(x)", "0.0", torch="torch.log(x)", why="a pole"),
        point("np.log(x)", "0j", torch="torch.log(x)", why="a pole"),
        point("np.log1p(x)", "-1.0", torch="torch.log1p(x)", why="a pole"),
        point("np.exp(x)", "1000.0", torch="torch.exp(x)", why="too large for a float"),
        point("np.expm1(x)", "complex(inf, 0)", torch="torch.expm1(x)",
              why="infinite; times 1 + 0i, the product of NumPy has NaN for an imaginary part"),
        point("np.logaddexp(x, y)", "-inf", "-inf", torch="torch.logaddexp(x, y)",
              why="nothing is added to nothing: constant around it"),
        point("np.logaddexp(x, y)", "inf", "inf", torch="torch.logaddexp(x, y)",
              why="both have the same part in the sum"),
        point("np.logaddexp(x, y)", "inf", "1.0", torch="torch.logaddexp(x, y)"),
        point("np.logaddexp(x, y)", "-inf", "1.0", torch="torch.logaddexp(x, y)"),
        point("np.logaddexp2(x, y)", "inf", "inf", torch="torch.logaddexp2(x, y)",
              why="both have the same part in the sum"),
        point("np.logaddexp.reduce(x)", "[-inf, -inf]", torch="torch.logsumexp(x, 0)",
              why="constant around it"),
        *[point("ag.logsumexp(x)", at, torch="torch.logsumexp(x, 0)", jax="special.logsumexp(x)",
                hips="special.logsumexp(x)", why=why)
          for at, why in {"[-inf, -inf]": "constant around it", "[-inf, 1.0]": "",
                          "[inf, 1.0]": "", "[inf, inf]": "the infinite ones share"}.items()],
        point("ag.softmax(x) * np.array([1.0, 2.0])", "[-inf, 1.0]",
              torch="torch.softmax(x, 0) * torch.tensor([1.0, 2.0]).double()",
              jax="jax.nn.softmax(x) * np.array([1.0, 2.0])", hips=None),
        point("ag.softmax(x) * np.array([1.0, 2.0])", "[inf, 1.0]",
              torch="torch.softmax(x, 0) * torch.tensor([1.0, 2.0]).double()",
              jax="jax.nn.softmax(x) * np.array([1.0, 2.0])", hips=None,
              why="the value is NaN: infinity less infinity"),
        point("ag.sigmoid(x)", "-1000.0", torch="torch.sigmoid(x)", jax="jax.nn.sigmoid(x)",
              hips="special.expit(x)"),
        point("1 / (1 + np.exp(-x))", "-1000.0", torch="1 / (1 + torch.exp(-x))",
              why="infinity times 0 by the chain rule; `ag.sigmoid` knows better"),
        point("np.tanh(x)", "inf", torch="torch.tanh(x)"),
        point("special.xlogy(x, y)", "0.0", "0.0", torch="torch.xlogy(x, y)",
              why="0 log 0 is taken for 0, and so is the logarithm there"),
        point("special.xlogy(x, y)", "0.0", "1.0", torch="torch.xlogy(x, y)"),
        point("special.xlog1py(x, y)", "0.0", "-1.0", torch="torch.special.xlog1py(x, y)"),
        point("special.entr(x)", "0.0", torch="torch.special.entr(x)",
              why="the one-sided derivative"),
        point("special.rel_entr(x, y)", "0.0", "1.0", why="the one-sided derivative"),
        point("special.rel_entr(x, y)", "0.0", "0.0", why="as where x and y are equal"),
        point("special.kl_div(x, y)", "0.0", "1.0", why="the one-sided derivative"),
        point("special.kl_div(x, y)", "0.0", "0.0", why="as where x and y are equal"),
        point("special.gammaln(x)", "0.0", torch="torch.lgamma(x)", why="a pole"),
        point("special.erfinv(x)", "1.0", torch="torch.erfinv(x)", why="a pole"),
    ],
    "Trigonometry": [
        point("np.arcsin(x)", "1.0", torch="torch.arcsin(x)", why="the one-sided derivative"),
        point("np.arcsin(x)", "-1.0", torch="torch.arcsin(x)", why="the one-sided derivative"),
        point("np.arccos(x)", "1.0", torch="torch.arccos(x)", why="the one-sided derivative"),
        point("np.arccosh(x)", "1.0", torch="torch.arccosh(x)", why="the one-sided derivative"),
        point("np.arctanh(x)", "1.0", torch="torch.arctanh(x)", why="a pole"),
        point("np.arcsin(x)", "2.0", torch="torch.arcsin(x)", why="outside of the domain"),
        point("np.sinc(x)", "0.0", torch="torch.sinc(x)"),
        point("np.i0(x)", "0.0", torch="torch.special.i0(x)"),
    ],
    "Branches that are not taken": [
        point("np.where(x > 0, np.log(x), 0.0)", "0.0",
              torch="torch.where(x > 0, torch.log(x), 0.0)", why="a pole that nobody uses"),
        point("np.where(x > 0, np.sqrt(x), x)", "-1.0",
              torch="torch.where(x > 0, torch.sqrt(x), x)"),
        point("np.where(x != 0, 1 / x, 0.0)", "0.0", torch="torch.where(x != 0, 1 / x, 0.0)"),
        point("np.where(x == x, x, 0.0)", "nan", torch="torch.where(x == x, x, 0.0)"),
        point("np.nan_to_num(x)", "nan", torch="torch.nan_to_num(x)"),
        point("np.nan_to_num(x)", "inf", torch="torch.nan_to_num(x)"),
        point("np.nansum(x)", "[nan, 1.0]", torch="torch.nansum(x)"),
        point("np.sqrt(x)[1:]", "[0.0, 4.0]", torch="torch.sqrt(x)[1:]"),
        row("np.interp(x, np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 3.0]))", "1.0"),
        row("np.interp(x, np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 0.0]))", "1.0"),
        row("np.interp(x, np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 3.0]))", "0.0"),
    ],
    "Matrices": [
        point("np.linalg.det(x)", SINGULAR, torch="torch.linalg.det(x)",
              why="the cofactors, which exist for every matrix"),
        point("np.linalg.det(x)", "np.zeros((3, 3))", torch="torch.linalg.det(x)"),
        point("np.linalg.inv(x)", SINGULAR, torch="torch.linalg.inv(x)"),
        point("np.linalg.slogdet(x)[1]", SINGULAR, torch="torch.linalg.slogdet(x)[1]",
              why="a pole"),
        row("np.linalg.svd(x, compute_uv=False) * np.array([2.0, 1.0])", EYE,
            torch="torch.linalg.svdvals(x) * torch.tensor([2.0, 1.0]).double()"),
        point("np.linalg.svd(x, compute_uv=False)", ONES, torch="torch.linalg.svdvals(x)",
              why="the nuclear norm: a kink at the singular value 0"),
        point("np.linalg.svd(x)[0][0, 0]", EYE, torch="torch.linalg.svd(x)[0][0, 0]",
              why="vectors of equal values are any basis of their plane"),
        row("np.linalg.eigvalsh(x) * np.array([1.0, 2.0])", EYE,
            torch="torch.linalg.eigvalsh(x) * torch.tensor([1.0, 2.0]).double()",
            is_kink=False, why="equal eigenvalues share; NumPy reads the lower triangle alone"),
        point("np.linalg.eigh(x)[1][0, 0]", EYE, torch="torch.linalg.eigh(x)[1][0, 0]",
              why="vectors of equal values are any basis of their plane"),
        point("np.real(np.linalg.eigvals(x)) * np.array([1.0, 2.0])", EYE,
              torch="torch.linalg.eigvals(x).real * torch.tensor([1.0, 2.0]).double()",
              why="equal eigenvalues share"),
        point("np.linalg.cholesky(x)", "[[1.0, 1.0], [1.0, 1.0]]",
              torch="torch.linalg.cholesky(x)", why="no factor of full rank"),
        point("np.linalg.lstsq(x, np.array([1.0, 2.0]), rcond=1e-9)[0]", ONES,
              torch="torch.linalg.lstsq(x, torch.tensor([[1.0], [2.0]]).double(), rcond=1e-9,"
              " driver='gelsd')[0]", why="as of pinv"),
        point("np.linalg.pinv(x)", ONES, torch="torch.linalg.pinv(x)",
              why="the derivative among matrices of the same rank; there is no other"),
        row("np.linalg.cond(x)", EYE, torch="torch.linalg.cond(x)"),
        point("np.corrcoef(x)[0, 1]", "[[1.0, 2.0, 4.0], [1.0, 2.0, 4.0]]",
              torch="torch.corrcoef(x)[0, 1]"),
    ],
}  # fmt: skip
ROWS = [row for rows in TABLE.values() for row in rows]
