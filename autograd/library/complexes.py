"""Parts of complex numbers: real, imag, conj, angle, and what asks for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Array
from ..declare import composed, gate, register_method
from ..gates.compare import constant

__all__: list[str] = []


# linear over the real numbers, and views of the same memory, as in NumPy


@gate(numpy=np.real, elementwise=True, linear=True, vjp=lambda g: g, of_complex="own", says="{g}")
def real(x: Array) -> Array:
    """The real part, as `np.real`."""
    return np.real(x)


@gate(
    numpy=np.imag,
    elementwise=True,
    linear=True,
    vjp=lambda g: np.multiply(1j, g),
    of_complex="own",
    says="i · {g}",
)
def imag(x: Array) -> Array:
    """The imaginary part, as `np.imag`."""
    return np.imag(x)


conj = gate(
    np.conjugate,
    name="conj",
    elementwise=True,
    vjp=lambda g: np.conjugate(g),
    of_complex="own",
    says="{g}, conjugated",
    methods=["conj", "conjugate"],
)


def _over_square(z: Array) -> Array:
    """z / |z|², which is 1 / conj(z); 0 at 0, where a phase has no derivative."""
    is_zero = z == 0
    return np.where(is_zero, z, 1.0 / np.conjugate(np.where(is_zero, z.dtype.type(1), z)))


@gate(
    name="angle",
    elementwise=True,
    vjp=lambda g, z: g * (1j * _over_square(z)),
    of_complex="own",
    symbol="∠",
    says="i · {g} ÷ conj({z})",
)
def _angle(z: Array) -> Array:
    return np.angle(z)


@composed(np.angle)
def angle(z: Any, deg: bool = False) -> Any:
    """The angle of a complex number in the plane, in radians (or degrees), as `np.angle`.

    At 0 there is no slope in any direction, and the gradient is 0.
    """
    radians = _angle(z)
    return radians * (180.0 / np.pi) if deg else radians


@gate(
    elementwise=True,
    vjp=lambda g, z, out: _across(g, z, out),
    of_complex="own",
    symbol="z/|z|",
    says="the part of {g} across {z}, ÷ |{z}|",
)
def phase(z: Array) -> Array:
    """z / |z|, and 0 at 0: the sign of a complex number, as `np.sign`."""
    return np.sign(z)


def _across(g: Array, z: Array, out: Array) -> Array:
    """Only a step across z turns its phase: g without its part along z, over |z|; 0 at 0."""
    size = np.abs(z)
    across = g - out * np.real(np.conjugate(out) * g)
    return np.where(size == 0, g.dtype.type(0), across / np.where(size == 0, size + 1, size))


@composed(np.real_if_close)
def real_if_close(a: Any, tol: float = 100) -> Any:
    """The real part, where the imaginary parts are almost 0, as `np.real_if_close`."""
    if a.dtype.kind != "c":
        return a
    limit = tol * np.finfo(a.dtype).eps if tol > 1 else tol
    return np.real(a) if bool(np.all(np.abs(np.imag(a)) < limit)) else a


constant(np.isreal, np.iscomplex)

register_method(["real"], property(real))
register_method(["imag"], property(imag))
