"""The extension for Fourier transforms."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor
from .calls import applied, check_device

__all__ = [
    "fft", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifftn", "ifftshift", "ihfft", "irfft",
    "irfftn", "rfft", "rfftfreq", "rfftn",
]  # fmt: skip


def fft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Tensor:
    """The discrete Fourier transform along an axis."""
    return applied(np.fft.fft, x, n=n, axis=axis, norm=norm)


def ifft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Tensor:
    """The inverse of `fft`."""
    return applied(np.fft.ifft, x, n=n, axis=axis, norm=norm)


def rfft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Tensor:
    """The transform of real numbers: the half of it that tells the other."""
    return applied(np.fft.rfft, x, n=n, axis=axis, norm=norm)


def irfft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Tensor:
    """The inverse of `rfft`."""
    return applied(np.fft.irfft, x, n=n, axis=axis, norm=norm)


def hfft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Tensor:
    """The transform, which is real, of numbers of which the half is given."""
    return applied(np.fft.hfft, x, n=n, axis=axis, norm=norm)


def ihfft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Tensor:
    """The inverse of `hfft`."""
    return applied(np.fft.ihfft, x, n=n, axis=axis, norm=norm)


def fftn(x: Any, /, *, s: Any = None, axes: Any = None, norm: str = "backward") -> Tensor:
    """The transform along several axes."""
    return _along(np.fft.fftn, x, s, axes, norm)


def ifftn(x: Any, /, *, s: Any = None, axes: Any = None, norm: str = "backward") -> Tensor:
    """The inverse of `fftn`."""
    return _along(np.fft.ifftn, x, s, axes, norm)


def rfftn(x: Any, /, *, s: Any = None, axes: Any = None, norm: str = "backward") -> Tensor:
    """The transform of real numbers along several axes: half of it in the last one."""
    return _along(np.fft.rfftn, x, s, axes, norm)


def irfftn(x: Any, /, *, s: Any = None, axes: Any = None, norm: str = "backward") -> Tensor:
    """The inverse of `rfftn`."""
    return _along(np.fft.irfftn, x, s, axes, norm)


def _along(function: Any, x: Any, s: Any, axes: Any, norm: str) -> Tensor:
    if axes is None and s is not None:
        axes = tuple(range(-len(s), 0))
    return applied(function, x, s=s, axes=axes, norm=norm)


def fftshift(x: Any, /, *, axes: Any = None) -> Tensor:
    """The transform with frequency 0 in the middle."""
    return applied(np.fft.fftshift, x, axes=axes)


def ifftshift(x: Any, /, *, axes: Any = None) -> Tensor:
    """The inverse of `fftshift`."""
    return applied(np.fft.ifftshift, x, axes=axes)


def fftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Tensor:
    """The frequencies of `fft`, for samples at a distance of d."""
    check_device(device)
    return Tensor(np.fft.fftfreq(n, d), dtype=dtype, requires_grad=False)


def rfftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Tensor:
    """The frequencies of `rfft`, for samples at a distance of d."""
    check_device(device)
    return Tensor(np.fft.rfftfreq(n, d), dtype=dtype, requires_grad=False)
