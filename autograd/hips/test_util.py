"""Checks of derivatives against finite differences, along random directions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from .core import make_jvp, make_vjp
from .vspaces import vspace
from .wrap_util import get_name, unary_to_nary

__all__ = [
    "check_equivalent",
    "check_grads",
    "check_jvp",
    "check_vjp",
    "combo_check",
    "scalar_close",
]

Function = Callable[..., Any]

TOL = RTOL = EPS = 1e-6


def scalar_close(a: Any, b: Any) -> bool:
    """Whether two numbers agree, to an absolute or to a relative 1e-6."""
    return bool(abs(a - b) < TOL or abs(a - b) / abs(a + b) < RTOL)


def make_numerical_jvp(f: Function, x: Any) -> Function:
    """The change of f along v, by a central difference."""
    space, space_of_value = vspace(x), vspace(f(x))

    def jvp(v: Any) -> Any:
        above = f(space.add(x, space.scalar_mul(v, EPS / 2)))
        below = f(space.add(x, space.scalar_mul(v, -EPS / 2)))
        difference = space_of_value.add(above, space_of_value.scalar_mul(below, -1.0))
        return space_of_value.scalar_mul(difference, 1.0 / EPS)

    return jvp


def check_vjp(f: Function, x: Any) -> None:
    """Raise AssertionError if reverse mode disagrees with the central difference."""
    vjp, value = make_vjp(f, x)
    space, space_of_value = vspace(x), vspace(value)
    v, g = space.randn(), space_of_value.randn()
    found = space.covector(vjp(space_of_value.covector(g)))
    assert vspace(found) == space, f"{get_name(f)}: the gradient is in {vspace(found)}, not {space}"
    exact = space.inner_prod(v, found)
    numeric = space_of_value.inner_prod(g, make_numerical_jvp(f, x)(v))
    assert scalar_close(numeric, exact), (
        f"Derivative (VJP) check of {get_name(f)} failed with arg {x}:\n"
        f"analytic: {exact}\nnumeric:  {numeric}"
    )


def check_jvp(f: Function, x: Any) -> None:
    """Raise AssertionError if forward mode disagrees with the central difference."""
    v = vspace(x).randn()
    check_equivalent(make_jvp(f, x)(v)[1], make_numerical_jvp(f, x)(v))


def check_equivalent(x: Any, y: Any) -> None:
    """Raise AssertionError if two values are not in one space, or differ along a direction."""
    space, other = vspace(x), vspace(y)
    assert space == other, f"VSpace mismatch:\nx: {space}\ny: {other}"
    v = space.randn()
    same = scalar_close(space.inner_prod(x, v), space.inner_prod(y, v))
    assert same, f"Value mismatch:\nx: {x}\ny: {y}"


@unary_to_nary
def check_grads(f: Function, x: Any, modes: Sequence[str] = ("fwd", "rev"), order: int = 2) -> None:
    """Check the derivatives of f up to an order, in forward ("fwd") and reverse ("rev") mode."""
    modes = ("fwd", "rev") if modes is None else modes
    assert set(modes) <= {"fwd", "rev"}, f"modes are 'fwd' and 'rev', got {modes}"
    if "fwd" in modes:
        check_jvp(f, x)
        if order > 1:
            _check_next(lambda x, v: make_jvp(f, x)(v)[1], "jvp", f, x, x, modes, order)
    if "rev" in modes:
        check_vjp(f, x)
        if order > 1:
            _check_next(lambda x, v: make_vjp(f, x)[0](v), "vjp", f, x, f(x), modes, order)


def _check_next(
    g: Function, kind: str, f: Function, x: Any, like: Any, modes: Sequence[str], order: int
) -> None:
    g.__name__ = f"{kind}_{get_name(f)}"
    check_grads(g, (0, 1), modes=modes, order=order - 1)(x, vspace(like).randn())


def combo_check(fun: Function, *args: Any, **kwargs: Any) -> Function:
    """`check_grads` for all combinations of lists of arguments, and of keyword arguments."""

    def check(*lists: Any, **named: Any) -> None:
        for given in product(*lists):
            for values in product(*named.values()):
                check_grads(fun, *args, **kwargs)(*given, **dict(zip(named, values, strict=True)))

    return check
