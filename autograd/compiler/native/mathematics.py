"""Mathematics: exp, log, tanh and their like as plain arithmetic, which processors do in vectors.

Calls of C's library would end that: they take one number at a time. Each is a reduction to a small
interval and a series there (Abramowitz and Stegun, Handbook of Mathematical Functions, 4.1.27 and
4.2.1), good to about a unit in the last place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

__all__ = ["FUNCTIONS", "function"]


class Register(Protocol):
    """A number in the code that is written."""

    @property
    def text(self) -> str:
        """How it is written there."""


class _Format(NamedTuple):
    """A floating-point format.

    least, most   what exp makes 0 and infinity of
    ln2           its upper bits, so that a multiple of it is exact, and the rest
    exp, log      terms of the series
    flat          from there on tanh is 1
    """

    whole: str
    digits: int
    bias: int
    least: float
    most: float
    ln2: tuple[float, float]
    exp: int
    log: int
    flat: float


FORMATS = {
    "float": _Format("i32", 23, 127, -104, 89, (0.693359375, -2.12194440054690583e-4), 7, 5, 10),
    "double": _Format("i64", 52, 1023, -746, 710,
                      (0.6931471803691238, 1.9082149292705877e-10), 13, 11, 20),
}  # fmt: skip


class _Writer:
    """Arithmetic on registers, whose order is kept."""

    def __init__(self, emit: Callable[[str, str], Any], number: Callable[[float], Any], kind: str):
        self.write, self._number, self.kind = emit, number, kind
        self.format = FORMATS[kind]

    def two(self, op: str, x: Any, y: Any) -> Any:
        x, y = (self._number(v) if isinstance(v, (int, float)) else v for v in (x, y))
        return self.write(self.kind, f"{op} contract {self.kind} {x.text}, {y.text}")

    def add(self, x: Any, y: Any) -> Any:
        return self.two("fadd", x, y)

    def subtract(self, x: Any, y: Any) -> Any:
        return self.two("fsub", x, y)

    def multiply(self, x: Any, y: Any) -> Any:
        return self.two("fmul", x, y)

    def divide(self, x: Any, y: Any) -> Any:
        return self.two("fdiv", x, y)

    def if_(self, condition: str, x: Any, y: Any, yes: Any, no: Any) -> Any:
        """yes or no, as x compares with y."""
        x, y, yes, no = (
            self._number(v) if isinstance(v, (int, float)) else v for v in (x, y, yes, no)
        )
        found = self.write("i1", f"fcmp {condition} {self.kind} {x.text}, {y.text}")
        text = f"select i1 {found.text}, {self.kind} {yes.text}, {self.kind} {no.text}"
        return self.write(self.kind, text)

    def whole(self, op: str, x: Any, y: Any) -> Any:
        """Arithmetic of whole numbers as wide as the format."""
        x, y = (v if isinstance(v, (int, str)) else v.text for v in (x, y))
        return self.write(self.format.whole, f"{op} {self.format.whole} {x}, {y}")

    def bits(self, x: Any) -> Any:
        return self.write(self.format.whole, f"bitcast {self.kind} {x.text} to {self.format.whole}")

    def from_bits(self, x: Any) -> Any:
        return self.write(self.kind, f"bitcast {self.format.whole} {x.text} to {self.kind}")

    def power_of_two(self, n: Any) -> Any:
        """2^n, for exponents of normal numbers."""
        biased = self.whole("add", n, self.format.bias)
        return self.from_bits(self.whole("shl", biased, self.format.digits))

    def series(self, x: Any, coefficients: Sequence[float]) -> Any:
        """c0 + c1 x + c2 x² + …"""
        *rest, total = coefficients
        found: Any = total
        for c in reversed(rest):
            found = self.add(self.multiply(found, x), c)
        return found

    def absolute(self, x: Any) -> Any:
        return self.from_bits(self.whole("and", self.bits(x), (1 << self.width) - 1))

    @property
    def width(self) -> int:
        """Bits, without the sign."""
        return 31 if self.kind == "float" else 63

    def with_sign(self, x: Any, of: Any) -> Any:
        sign = self.whole("and", self.bits(of), -1 << self.width)
        return self.from_bits(self.whole("or", self.bits(x), sign))

    def reduced(self, x: Any) -> tuple[Any, Any]:
        """n and exp(r) - 1, where x is n ln 2 + r; for x within the bounds."""
        # adding and taking off 1.5 · 2^digits rounds to a whole number
        magic = 1.5 * 2.0**self.format.digits
        n = self.subtract(self.add(self.multiply(x, 1 / math.log(2)), magic), magic)
        r = x
        for part in self.format.ln2:
            r = self.subtract(r, self.multiply(n, part))
        rest = self.series(r, [1 / math.factorial(k) for k in range(2, self.format.exp + 1)])
        exponent = self.write("i32", f"fptosi {self.kind} {n.text} to i32")
        if self.kind == "double":
            exponent = self.write("i64", f"sext i32 {exponent.text} to i64")
        return exponent, self.add(r, self.multiply(self.multiply(r, r), rest))

    def bounded(self, x: Any) -> Any:
        """x where exp is neither 0 nor infinite; NaN becomes a bound."""
        x = self.if_("olt", x, self.format.most, x, self.format.most)
        return self.if_("ogt", x, self.format.least, x, self.format.least)


def exp(w: _Writer, x: Any) -> Any:
    """2^n (1 + (exp(r) - 1)), in two steps, for 2^n alone may be too large or too small."""
    n, rest = w.reduced(w.bounded(x))
    half = w.whole("ashr", n, 1)
    found = w.add(w.multiply(rest, w.power_of_two(half)), w.power_of_two(half))
    found = w.multiply(found, w.power_of_two(w.whole("sub", n, half)))
    return w.if_("uno", x, x, x, found)


def expm1(w: _Writer, x: Any) -> Any:
    """2^n (exp(r) - 1) + (2^n - 1), which is exact about 0."""
    n, rest = w.reduced(w.bounded(x))
    half = w.whole("ashr", n, 1)
    other = w.whole("sub", n, half)
    first = w.power_of_two(half)
    one = w.power_of_two(w.whole("sub", 0, other))
    found = w.add(w.multiply(rest, first), w.subtract(first, one))
    found = w.multiply(found, w.power_of_two(other))
    found = w.if_("olt", w.absolute(x), 1e-30, x, found)  # and -0 stays -0
    return w.if_("uno", x, x, x, found)


def tanh(w: _Writer, x: Any) -> Any:
    """e / (e + 2), where e is exp(2 |x|) - 1; and the sign."""
    size = w.absolute(x)
    size = w.if_("olt", size, w.format.flat, size, w.format.flat)
    n, rest = w.reduced(w.add(size, size))
    power = w.power_of_two(n)
    e = w.add(w.multiply(rest, power), w.subtract(power, 1))
    found = w.with_sign(w.divide(e, w.add(e, 2)), x)
    return w.if_("uno", x, x, x, found)


def log(w: _Writer, x: Any) -> Any:
    """n ln 2 + log(m), with m between √½ and √2 and s = (m - 1) / (m + 1): 2 (s + s³/3 + …)."""
    digits, bias = w.format.digits, w.format.bias
    tiny = 2.0 ** (2 - bias)
    small = w.if_("olt", x, tiny, w.multiply(x, 2.0 ** (digits + 2)), x)
    fewer = w.if_("olt", x, tiny, float(digits + 2), 0.0)
    shifted = w.whole("sub", w.bits(small), _bits_of_root(w.kind))  # √½ begins a new power of 2
    n = w.whole("ashr", shifted, digits)
    rest = w.whole("add", w.whole("and", shifted, (1 << digits) - 1), _bits_of_root(w.kind))
    f = w.subtract(w.from_bits(rest), 1)
    s = w.divide(f, w.add(f, 2))
    square = w.multiply(s, s)
    series = w.series(square, [2 / (2 * k + 1) for k in range(1, w.format.log)])
    count = w.subtract(w.write(w.kind, f"sitofp {w.format.whole} {n.text} to {w.kind}"), fewer)
    upper, lower = w.format.ln2
    # 2 s is f - s f, and f is exact
    found = w.multiply(s, w.subtract(w.multiply(square, series), f))
    found = w.add(f, w.add(found, w.multiply(count, lower)))
    found = w.add(w.multiply(count, upper), found)
    found = w.if_("oeq", x, 0, -math.inf, found)
    found = w.if_("olt", x, 0, math.nan, found)
    return w.if_("ult", x, math.inf, w.if_("uno", x, x, x, found), x)


def log1p(w: _Writer, x: Any) -> Any:
    """log(u) + (x - (u - 1)) / u, where u is what rounding leaves of 1 + x."""
    u = w.add(x, 1)
    lost = w.divide(w.subtract(x, w.subtract(u, 1)), u)
    whole = log(w, u)
    found = w.if_("ogt", u, 0, w.add(whole, lost), whole)
    found = w.if_("olt", w.absolute(x), 1e-30, x, found)
    return w.if_("olt", u, math.inf, found, whole)


def _bits_of_root(kind: str) -> int:
    """The bits of √½."""
    return 0x3F3504F3 if kind == "float" else 0x3FE6A09E667F3BCD


FUNCTIONS = {"exp": exp, "expm1": expm1, "tanh": tanh, "log": log, "log1p": log1p}


def function(
    name: str, emit: Callable[[str, str], Any], number: Callable[[float], Any], kind: str, x: Any
) -> Any:
    """A function of x: `emit` writes an instruction, `number` gives a constant."""
    return FUNCTIONS[name](_Writer(emit, number, kind), x)
