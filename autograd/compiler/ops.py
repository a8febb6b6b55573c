"""Ops: what the compiler knows of each primitive, one row for each.

A primitive is what an equation calls: a ufunc or a method of one, another function of NumPy,
indexing, Python's arithmetic on plain numbers, a helper of a gate. Passes, memory and all that
writes text look here; a language to come (another array library, a file format) is one more form
in the rows. A function without a row is called by its name, and a ufunc still works elementwise.
"""

from __future__ import annotations

import functools
import math
import operator
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from inspect import unwrap
from typing import Any

import numpy as np

from ..errors import TraceError
from ..gates.losses import check_labels
from ..gates.windows import Window, pieces_of, sum_of_pieces
from . import results, taught
from .forms import ANY, ATOM, CHOICE, COMPARISON, POWER, PRODUCT, SUM, UNARY, Form, infix
from .results import Result, asked, converted, depends_on_data, miniature, told, unknown, view
from .traced import cast

__all__ = [
    "ATOM", "CHOSEN", "FOR_FLOATS", "MEANT", "OPS", "POWER", "PRODUCT", "SUMS", "UNARY", "Form",
    "Function", "Meaning", "Op", "Out", "Reduction", "function_name", "op_of",
]  # fmt: skip

Function = Callable[..., Any]


class Out(Enum):
    """How a function is told to write its result into an array."""

    POSITIONAL = "f(x, y, array)"
    KEYWORD = "f(x, y, out=array)"
    COPY = "np.copyto(array, x)"
    CAST = "np.copyto(array, x, casting='unsafe')"


class Meaning(Enum):
    """What a function does, for passes that rewrite arithmetic; several may do the same."""

    SUM = "x + y"
    DIFFERENCE = "x - y"
    PRODUCT = "x * y"
    QUOTIENT = "x / y"
    NEGATIVE = "-x"
    TOTAL = "the sum over axes"
    SQUARE = "x ** 2"
    POWER = "x ** y"
    ROOT = "the square root of x"
    EXPONENTIAL = "e ** x"
    LOGARITHM = "the natural logarithm of x"
    LARGEST = "the largest over axes"
    LARGER = "the larger of x and y"
    CHOICE = "x where a condition is true, else y"
    ADDED_AT = "x[index] += y, also where an index is repeated"
    ITEM = "x[index]"
    WRITTEN = "x[index] = y"
    TRANSPOSED = "x.T, unless it is told an order of the axes"
    STRETCHED = "x, repeated along axes"
    COPY = "x in memory of its own"
    NUMBER = "x as one of NumPy's"


@dataclass(frozen=True, slots=True)
class Reduction:
    """How a loop reduces: from `start`, with `step` for each element."""

    step: Form
    start: str


@dataclass(frozen=True, slots=True)
class Op:
    """What is known of one primitive.

    name         as programs print it
    means        what it does, if passes for people have to know
    result       for types of operands, the type of the result, and whose memory it shows
    pure         the same operands give the same result, and nothing else happens
    elementwise  each element of the result comes from the same element of the operands
    fresh        the result never shows memory of an operand; None if it may
    out          how it writes into an array that it is given, if it can
    writes       it writes into its first operand
    boxes        of numbers it gives an array without axes, as ufuncs do not
    check        it is there for the errors that it raises

    readable     as a person writes it; None for a call of `called`
    called       the name in such a call; `given` of its arguments are written, None for all
    noun         what a person calls its result, if nothing else names it
    taught       for operands, the function of `taught.py`, and its operands and options, in sources
    method       the name of the method of an array that a person calls in its place
    augmented    the operator that updates the first operand, such as +=
    generated    as the running program writes it where it does not write into an array
    floats       on Python floats, with the same bits; None if there is no such form
    native       one element, in a loop that is compiled; None if there is no such form

    python       the function for two Python numbers, which does not widen float32
    same_bits    that one gives the bits of this one
    squared      the function that it is of an array, where the second operand is 2
    neutral      the operand that leaves the other one as it is
    masks        it takes bools beside floats: "first" (a condition), or "any" (as 0 and 1)
    two_arrays   it is quicker with two arrays than with an array and a number
    compares     it gives bools
    product      of matrices
    joins        arrays along an axis
    copies       its operand, maybe in another dtype
    reshapes     the same elements in another shape
    reduces      how, if it is a reduction that native loops know
    axis         the axis along which it reduces unless told otherwise; None for all
    over_all     as a person writes it, it reduces all axes unless told otherwise
    pairwise     it sums as `blocks.halves` does
    of_bools     the operator that does the same to bools
    direct       the method of a ufunc that a function of arrays calls after some detours
    """

    name: str
    result: Callable[..., Result]
    means: Meaning | None = None
    pure: bool = False
    elementwise: bool = False
    fresh: bool = False
    out: Out | None = None
    writes: bool = False
    boxes: bool = False
    check: bool = False
    readable: Form | None = None
    called: str = ""
    method: str = ""
    noun: str = ""
    taught: Function | None = None
    given: int | None = None
    augmented: str = ""
    generated: Form | None = None
    floats: Form | None = None
    native: Form | None = None
    python: Function | None = None
    same_bits: bool = True
    squared: Function | None = None
    neutral: int | None = None
    masks: str = ""
    two_arrays: bool = False
    compares: bool = False
    product: bool = False
    joins: bool = False
    copies: bool = False
    reshapes: bool = False
    reduces: Reduction | None = None
    axis: int | None = None
    over_all: bool = False
    pairwise: bool = False
    of_bools: Function | None = None
    direct: Function | None = None


OPS: dict[Function, Op] = {}


def op_of(function: Function) -> Op:
    """The row of a function; for one that has none, what its name and its class tell.

    A function that does the work of another in its own way has that one's row: `stands_for`.
    """
    row = OPS.get(function)
    if row is not None:
        return row
    meant = getattr(function, "stands_for", None)
    if meant is not None:
        row = OPS[function] = replace(
            op_of(meant),
            name=function_name(function),
            result=lambda x, y, *_: op_of(meant).result(x, y),
            pure=True,
            readable=None,
            called=function_name(meant),
            given=2,
        )
        return row
    return _without_row(function)


@functools.lru_cache(maxsize=1024)
def _without_row(function: Function) -> Op:
    return Op(function_name(function), **_usual(function))


def function_name(function: Function) -> str:
    """How a NumPy function is written."""
    if isinstance(function, np.ufunc):
        return f"{_home(function)}.{function.__name__}"
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        return f"{_home(owner)}.{owner.__name__}.{function.__name__}"
    if function in (operator.getitem, operator.setitem):
        return function.__name__
    if function.__class__.__name__ == "method_descriptor":
        return f"np.ndarray.{function.__name__}"
    module = getattr(function, "__module__", "") or ""
    if module.startswith("numpy"):
        return f"{module.replace('numpy', 'np', 1)}.{function.__name__}"
    return function.__name__.lstrip("_")


def _home(ufunc: np.ufunc) -> str:
    """The module where a ufunc is found: a ufunc does not tell."""
    for module in ("scipy.special", "scipy.special._ufuncs"):
        if getattr(sys.modules.get(module), ufunc.__name__, None) is ufunc:
            return module
    return "np"


def _usual(function: Function) -> dict[str, Any]:
    """What holds for all ufuncs, for their methods, and for NumPy's functions."""
    name = function_name(function)
    of_ufunc = isinstance(function, np.ufunc)
    pure = of_ufunc or (name.startswith("np.") and "random" not in name)
    pure = pure or getattr(function, "pure", False)
    facts: dict[str, Any] = {"pure": pure, "result": (asked if pure else unknown)(function)}
    if hasattr(function, "gives"):
        facts["result"] = told(function.gives)
    if isinstance(function, np.ufunc):
        facts.update(fresh=True, out=Out.POSITIONAL, elementwise=function.signature is None)
        facts["result"] = miniature(function)
    elif isinstance(getattr(function, "__self__", None), np.ufunc):
        if function.__name__ == "at":
            facts.update(writes=True, result=results.at)
            facts["means"] = Meaning.ADDED_AT if name == "np.add.at" else None
        if function.__name__ in ("reduce", "accumulate", "outer"):
            facts["result"] = miniature(function)
        if function.__name__ == "reduce":
            facts.update(out=Out.KEYWORD, axis=0)
    return facts


def _row(function: Function, **facts: Any) -> None:
    OPS[function] = Op(function_name(function), **{**_usual(function), **facts})


def _rows(rule: Callable[[Function], Callable[..., Result]], *functions: Function) -> None:
    for function in functions:
        _row(function, result=rule(function))


# --- arithmetic ----------------------------------------------------------------------------------


def _arithmetic(
    function: np.ufunc, python: Function, means: Meaning, form: Form, **facts: Any
) -> None:
    """A ufunc with an operator that gives the same bits, on arrays and on numbers."""
    forms = {"readable": form, "generated": form, "floats": form}
    _row(function, means=means, python=python, native=form, **forms, **facts)
    _row(python, means=means, pure=True, result=miniature(python), **forms)


_arithmetic(np.add, operator.add, Meaning.SUM, infix("+", SUM), augmented="+=")
_arithmetic(np.subtract, operator.sub, Meaning.DIFFERENCE, infix("-", SUM), augmented="-=",
            noun="diff")  # fmt: skip
_arithmetic(np.multiply, operator.mul, Meaning.PRODUCT, infix("*", PRODUCT), augmented="*=",
            neutral=1, masks="any")  # fmt: skip
_arithmetic(np.divide, operator.truediv, Meaning.QUOTIENT, infix("/", PRODUCT), augmented="/=")

MINUS = Form("-{}", UNARY, (UNARY,))
_row(np.negative, means=Meaning.NEGATIVE, python=operator.neg, readable=MINUS, floats=MINUS,
     native=MINUS)  # fmt: skip
_row(
    operator.neg,
    means=Meaning.NEGATIVE,
    pure=True,
    result=miniature(operator.neg),
    readable=MINUS,
    floats=MINUS,
)

FOR_FLOATS = {"float64": np.float64, "np": np, "sqrt": math.sqrt}  # names in forms of floats
CALL = Form("float({function}({}))")  # the ufunc on floats
CALL_OF_TWO = Form("float({function}({}, {}))", ATOM, (ANY, ANY))
STARS = Form("{}**{}", POWER, (ATOM, ATOM))
_row(
    np.power,
    means=Meaning.POWER,
    python=operator.pow,
    same_bits=False,
    readable=STARS,
    floats=CALL_OF_TWO,
)
# NumPy's power of scalars, as in eager, has bits of its own
_row(operator.pow, means=Meaning.POWER, pure=True, squared=np.square,
     result=miniature(operator.pow), readable=STARS, generated=STARS,
     floats=Form("float(float64({}) ** {})", ATOM, (ANY, ATOM)))  # fmt: skip


def python_power(x: Any, y: Any) -> Any:
    """Of two Python numbers, with the bits of C. Raises TraceError for a complex result."""
    found = x**y
    if isinstance(found, complex):
        raise TraceError(f"compile: {x!r} ** {y!r} is complex; use np.power, which gives NaN there")
    return found


_row(python_power, pure=True, result=miniature(python_power), readable=STARS,
     floats=Form("{function}({}, {})", ATOM, (ANY, ANY)))  # fmt: skip


def power_of_array(x: Any, y: Any) -> Any:
    """Of an array without axes, which is no scalar: NumPy's power of scalars has other bits."""
    return np.asarray(x) ** y


_row(power_of_array, means=Meaning.POWER, pure=True, result=miniature(power_of_array),
     readable=STARS)  # fmt: skip


def _of_python_numbers(symbol: str, level: int, *functions: Function, **facts: Any) -> None:
    """Operators that Python's numbers have and that are nothing else here."""
    for function in functions:
        form = infix(symbol, level)
        _row(function, pure=True, result=miniature(function), readable=form, generated=form,
             floats=Form(f"({form.text})", ATOM, form.operands), **facts)  # fmt: skip


_row(np.floor_divide, readable=infix("//", PRODUCT))
_row(np.remainder, readable=infix("%", PRODUCT))
_of_python_numbers("//", PRODUCT, operator.floordiv)
_of_python_numbers("%", PRODUCT, operator.mod)
_of_python_numbers(">", COMPARISON, operator.gt, compares=True)
_of_python_numbers(">=", COMPARISON, operator.ge, compares=True)
_of_python_numbers("<", COMPARISON, operator.lt, compares=True)
_of_python_numbers("<=", COMPARISON, operator.le, compares=True)
_of_python_numbers("==", COMPARISON, operator.eq, compares=True)
_of_python_numbers("!=", COMPARISON, operator.ne, compares=True)
for _symbol, _logic in (("&", operator.and_), ("|", operator.or_), ("^", operator.xor)):
    _row(_logic, pure=True, result=miniature(_logic),
         readable=Form(f"{{}} {_symbol} {{}}", COMPARISON, (SUM, SUM)))  # fmt: skip
_row(np.logical_and, of_bools=operator.and_)
_row(np.logical_or, of_bools=operator.or_)
_row(np.logical_not, of_bools=operator.invert)
_row(operator.invert, pure=True, result=miniature(operator.invert),
     readable=Form("~{}", UNARY, (UNARY,)))  # fmt: skip
_row(operator.abs, pure=True, result=miniature(operator.abs), readable=Form("abs({})"),
     floats=Form("abs({})"))  # fmt: skip
_row(operator.pos, pure=True, result=miniature(operator.pos), floats=Form("+{}", UNARY, (UNARY,)),
     readable=Form("+{}", UNARY, (UNARY,)))  # fmt: skip

# --- functions of one number ---------------------------------------------------------------------

_row(np.exp, means=Meaning.EXPONENTIAL, floats=CALL, native=Form("math.exp({})"))
_row(np.expm1, floats=CALL, native=Form("math.expm1({})"))
_row(np.log, means=Meaning.LOGARITHM, floats=CALL, native=Form("math.log({})"))
_row(np.log1p, floats=CALL, native=Form("math.log1p({})"))
_row(np.tanh, floats=CALL, native=Form("math.tanh({})"))
_row(np.sign, floats=CALL)
_row(np.sqrt, means=Meaning.ROOT, noun="root", floats=Form("sqrt({})"),  # a ValueError below 0
     native=Form("math.sqrt({})"))  # fmt: skip
_row(np.absolute, called="np.abs", floats=Form("abs({})"), native=Form("abs({})"))
SQUARED = Form("{0} * {0}", PRODUCT, (UNARY,), repeats=True)
_row(np.square, means=Meaning.SQUARE, readable=Form("{}**2", POWER, (ATOM,)), floats=SQUARED,
     native=SQUARED)  # fmt: skip
_row(np.reciprocal, floats=Form("1.0 / {}", PRODUCT, (PRODUCT + 1,)),
     native=Form("{one} / {}", PRODUCT, (PRODUCT + 1,)))  # fmt: skip
_row(np.float64, means=Meaning.NUMBER, result=converted(np.float64), readable=Form("{}", None),
     floats=Form("{}", None))  # fmt: skip
_row(np.int64, result=converted(np.int64))
_row(np.bool_, result=converted(np.bool_))

# --- comparisons and choices ---------------------------------------------------------------------


def _comparison(function: np.ufunc, symbol: str) -> None:
    on_floats = Form(f"({{}} {symbol} {{}})", ATOM, (SUM, SUM))
    _row(function, compares=True, readable=infix(symbol, COMPARISON),
         floats=on_floats, native=infix(symbol, COMPARISON))  # fmt: skip


_comparison(np.greater, ">")
_comparison(np.greater_equal, ">=")
_comparison(np.less, "<")
_comparison(np.less_equal, "<=")
_comparison(np.equal, "==")
_comparison(np.not_equal, "!=")


def _extreme(function: np.ufunc, symbol: str, native: Form, **facts: Any) -> None:
    """Of two numbers; NaN wins, as in NumPy, which takes a third operand only as `out=`."""
    choice = f"({{0}} if {{0}} {symbol} {{1}} or {{0}} != {{0}} else {{1}})"
    _row(function, out=Out.KEYWORD, two_arrays=True, native=native,
         floats=Form(choice, ATOM, (SUM, SUM), repeats=True), **facts)  # fmt: skip


LARGER = Form("larger({}, {})", ATOM, (ANY, ANY))  # helpers of native code
SMALLER = Form("smaller({}, {})", ATOM, (ANY, ANY))
_extreme(np.maximum, ">", LARGER, means=Meaning.LARGER)
_extreme(np.minimum, "<", SMALLER)
CHOSEN = Form("{1} if {0} else {2}", CHOICE, (CHOICE + 1, CHOICE + 1, CHOICE))
_row(np.where, means=Meaning.CHOICE, result=results.chosen(np.where), elementwise=True, fresh=True,
     masks="first", boxes=True, native=CHOSEN,
     floats=Form("({1} if {0} else {2})", ATOM, (ANY, ANY, ANY)))  # fmt: skip

# --- reductions ----------------------------------------------------------------------------------

SUMS = Reduction(infix("+", SUM), "0")
LARGEST, SMALLEST = Reduction(LARGER, "-np.inf"), Reduction(SMALLER, "np.inf")


def _reduction(called: str, *functions: Function, **facts: Any) -> None:
    for function in functions:
        _row(function, result=miniature(function), called=called, over_all=True, **facts)


_reduction("np.sum", np.sum, means=Meaning.TOTAL, reduces=SUMS, noun="total", direct=np.add.reduce)
_reduction("np.sum", np.add.reduce, means=Meaning.TOTAL, reduces=SUMS, pairwise=True,
           noun="total")  # fmt: skip
_reduction("np.max", np.maximum.reduce, means=Meaning.LARGEST, reduces=LARGEST, noun="largest")
_reduction("np.max", np.max, np.amax, means=Meaning.LARGEST, reduces=LARGEST, noun="largest",
           direct=np.maximum.reduce)  # fmt: skip
_reduction("np.min", np.minimum.reduce, reduces=SMALLEST, noun="smallest")
_reduction("np.min", np.min, np.amin, reduces=SMALLEST, noun="smallest", direct=np.minimum.reduce)
_reduction("np.prod", np.multiply.reduce)
_reduction("np.prod", np.prod, direct=np.multiply.reduce)
_reduction("np.mean", np.mean, noun="average")
_reduction("np.var", np.var)
_reduction("np.std", np.std)

# --- products of matrices ------------------------------------------------------------------------

_row(np.matmul, noun="product", product=True, readable=infix("@", PRODUCT))
_row(np.dot, result=miniature(np.dot), product=True, fresh=True, out=Out.KEYWORD)

# --- shapes, copies, indexing --------------------------------------------------------------------

TURNED = Form("{}.T", ATOM, (ATOM,))
_row(np.transpose, means=Meaning.TRANSPOSED, result=view(np.transpose), method="transpose",
     readable=TURNED, generated=TURNED)  # fmt: skip
_row(np.reshape, result=results.reshape, reshapes=True, method="reshape",
     generated=Form("{}.reshape({})", ATOM, (ATOM, ANY)))  # fmt: skip
_row(np.ravel, result=results.ravel)
_row(np.expand_dims, result=view(np.expand_dims), reshapes=True)
_row(np.squeeze, result=view(np.squeeze), reshapes=True)
_row(np.broadcast_to, means=Meaning.STRETCHED, result=view(np.broadcast_to), boxes=True)
_rows(view, np.diagonal, np.flip, np.moveaxis, np.swapaxes)
_row(np.concatenate, result=results.joined(np.concatenate), joins=True, fresh=True,
     out=Out.KEYWORD)  # fmt: skip
_row(np.stack, result=results.joined(np.stack))
_row(np.ndarray.copy, means=Meaning.COPY, result=miniature(np.ndarray.copy), copies=True,
     fresh=True, out=Out.COPY, readable=Form("{}.copy()", ATOM, (ATOM,)))  # fmt: skip
_row(cast, result=miniature(cast), copies=True, fresh=True, out=Out.CAST,
     readable=Form("{}.astype({})", ATOM, (ATOM, ANY)))  # fmt: skip
for _like in (np.empty_like, np.zeros_like, np.ones_like):
    _row(_like, result=results.like, boxes=True)
_row(operator.getitem, means=Meaning.ITEM, pure=True, noun="chosen", result=results.getitem)
_row(operator.setitem, means=Meaning.WRITTEN, writes=True, result=results.setitem)

# --- other functions of NumPy, of which nothing else needs to be known ---------------------------

_rows(
    miniature,
    np.all, np.any, np.argmax, np.argmin, np.clip, np.copy, np.count_nonzero, np.linalg.norm,
    np.median, np.ptp, np.roll, np.tril, np.triu, np.vdot,
)  # fmt: skip
# along all axes if that is None; of one operand it may be a view
_rows(asked, np.argsort, np.cumprod, np.cumsum, np.sort, np.einsum)
_row(np.round, result=converted(np.round))  # NumPy 2.3 gives integers as they are
_rows(
    depends_on_data,
    np.argwhere, np.bincount, np.extract, np.flatnonzero, np.intersect1d, np.nonzero,
    np.setdiff1d, np.trim_zeros, np.union1d, np.unique,
)  # fmt: skip

MEANT: dict[Meaning, Function] = {}  # of several functions with a meaning the first, for texts
for _function, _known in OPS.items():
    if _known.means is not None:
        MEANT.setdefault(_known.means, _function)

# --- helpers of gates ----------------------------------------------------------------------------

_row(check_labels, result=results.labels(check_labels), pure=True, check=True)


def _pieces(x: Any, window: Any, fill: Any = 0.0) -> Any:
    return np.empty((*window.size, *x.shape[:2], *window.places(x.shape)), x.dtype)


def _sum_of_pieces(x: Any, shape: Any, window: Any) -> Any:
    return np.empty(window.padded_shape(shape), x.dtype)[window.inside(shape)]


def _im2col(x: Any, rows: int, columns: int, stride: Any = (1, 1), pad: Any = ((0, 0), (0, 0)),
            dilation: Any = (1, 1), fill: float = 0) -> Any:  # fmt: skip
    return _pieces(x, Window((rows, columns), stride, dilation, pad))


def _col2im(x: Any, shape: Any, stride: Any = (1, 1), pad: Any = ((0, 0), (0, 0)),
            dilation: Any = (1, 1)) -> Any:  # fmt: skip
    return _sum_of_pieces(x, shape, Window(x.shape[:2], stride, dilation, pad))


_row(unwrap(pieces_of), result=told(_pieces), pure=True, taught=taught.pieces)
_row(unwrap(sum_of_pieces), result=told(_sum_of_pieces), pure=True, taught=taught.sum_of_pieces)
_row(taught.im2col, noun="windows", result=told(_im2col), pure=True)
_row(taught.col2im, result=told(_col2im), pure=True)
