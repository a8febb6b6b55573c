"""Parts of complex numbers: real, imag, conj, angle."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Array
from ..declare import composed, gate, register_method

__all__: list[str] = []


@gate(numpy=np.real, elementwise=True, vjp=lambda g: g, of_complex="own", says="{g}")
def real(x: Array) -> Array:
    """The real part, as `np.real`."""
    return np.real(x)


@gate(numpy=np.imag, elementwise=True, vjp=lambda g: 1j * g, of_complex="own", says="i · {g}")
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


@composed(np.angle)
def angle(z: Any, deg: bool = False) -> Any:
    """The angle of a complex number in the plane, in radians (or degrees), as `np.angle`."""
    radians = np.arctan2(np.imag(z), np.real(z))
    return radians * (180.0 / np.pi) if deg else radians


register_method(["real"], property(real))
register_method(["imag"], property(imag))
