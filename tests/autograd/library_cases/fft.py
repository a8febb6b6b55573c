"""Fourier transforms: of real inputs, and of complex ones put together from two."""

from __future__ import annotations

from typing import Any

import numpy as np
from cases import case, normal

from autograd.numpy_api import COMPOSED

from .complexes import of_pair, parts

ALONG: dict[str, dict[str, Any]] = {
    "": {}, "n": {"n": 3}, "longer": {"n": 8, "axis": 0}, "ortho": {"axis": -2, "norm": "ortho"},
    "forward": {"norm": "forward", "n": 6},
}  # fmt: skip
SEVERAL: dict[str, dict[str, Any]] = {
    "": {}, "s": {"s": (3, 6), "axes": (0, 1)}, "ortho": {"axes": (1, 0), "norm": "ortho"},
}  # fmt: skip


def in_torch(name: str, options: dict[str, Any], pair: bool) -> str:
    told = {{"axis": "dim", "axes": "dim"}.get(key, key): value for key, value in options.items()}
    call = f"T.fft.{name}({'T.complex(x, y)' if pair else 'x'}, **{told})"
    parted = f"(lambda z: z.real + 0.3 * z.imag if z.is_complex() else z)({call})"
    return f"lambda x, y: {parted}" if pair else f"lambda x: {parted}"


def add(name: str, options: dict[str, Any], tag: str, *, pair: bool = False) -> None:
    """A case of a transform of real numbers, or of complex ones."""

    def transform(x: Any) -> Any:
        return getattr(np.fft, name)(x, **options)

    f = of_pair(transform) if pair else lambda x: parts(transform(x))
    inputs = [normal(4, 5) for _ in range(1 + pair)]
    row = f"fft.{name}" if f"fft.{name}" in COMPOSED else name
    case(row, f, inputs, torch=in_torch(name, options, pair), tag=tag)


for tag, options in ALONG.items():
    for name in ("fft", "ifft", "rfft", "ihfft"):
        add(name, options, tag)
    for name in ("fft", "ifft", "irfft", "hfft"):
        add(name, options, f"complex-{tag}", pair=True)
for tag, options in SEVERAL.items():
    for ending in "2n":
        for name in ("fft", "ifft", "rfft"):
            add(name + ending, options, tag)
        for name in ("ifft", "irfft"):
            add(name + ending, options, f"complex-{tag}", pair=True)
for name in ("fftshift", "ifftshift"):
    f = getattr(np.fft, name)
    case(name, f, [normal(4, 5)], torch=f"T.fft.{name}")
    case(name, lambda x, f=f: f(x, axes=-1), [normal(2, 5)], torch=f"lambda x: T.fft.{name}(x, -1)",
         tag="axis")  # fmt: skip
