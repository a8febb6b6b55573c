"""Fourier transforms, as `np.fft`.

A discrete Fourier transform is linear, and its matrix is symmetric: it is its own transpose, which
is what the rule of a holomorphic function asks for. The transforms of real numbers keep half of the
frequencies; a frequency that stands for its conjugate, too, counts twice (Johnson, "Notes on
FFT-based differentiation", 2011, has these weights). Those of several axes are made of these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..arrays import Array
from ..complexes import real_of
from ..declare import composed, gate
from ..errors import ShapeError
from ..numpy_api import refuse_options

__all__: list[str] = []

Axes = int | Sequence[int] | None


def _turned(norm: Any) -> Any:
    """What scales a transform forwards scales its transpose backwards."""
    return {None: "forward", "backward": "forward", "forward": "backward"}.get(norm, norm)


def _fitted(x: Array, length: int, axis: int) -> Array:
    """Cut along an axis, or filled up with zeros: what a transform of another length reads."""
    axis = normalize_axis_index(axis, x.ndim)
    missing = length - x.shape[axis]
    if missing <= 0:
        return x[(slice(None),) * axis + (slice(length),)] if missing else x
    shape = (*x.shape[:axis], missing, *x.shape[axis + 1 :])
    return np.concatenate([x, np.zeros(shape, x.dtype)], axis=axis)


def _weighted(x: Array, first: float, inner: float, length: int, axis: int) -> Array:
    """Half a spectrum, multiplied by one number at its ends and by another in between.

    The ends stand for themselves: frequency 0, and the highest one if the length is even.
    """
    axis = normalize_axis_index(axis, x.ndim)
    half, ends = x.shape[axis], (0, length / 2)
    weights = [first if k in ends else inner for k in range(half)]
    return x * np.reshape(np.array(weights, real_of(x.dtype)), (half,) + (1,) * (x.ndim - 1 - axis))


# --- along one axis ------------------------------------------------------------------------------


@gate(
    numpy=np.fft.fft,
    linear=True,
    vjp=lambda g, x_shape, axis, norm: _back(np.fft.fft, g, x_shape, axis, norm),
    says="the transposed transform of {g}",
)
def fft(x: Array, n: int | None = None, axis: int = -1, norm: Any = None) -> Array:
    """The discrete Fourier transform along an axis, as `np.fft.fft`."""
    return np.fft.fft(x, n, axis, norm)


@gate(
    numpy=np.fft.ifft,
    linear=True,
    vjp=lambda g, x_shape, axis, norm: _back(np.fft.ifft, g, x_shape, axis, norm),
    says="the transposed transform of {g}",
)
def ifft(x: Array, n: int | None = None, axis: int = -1, norm: Any = None) -> Array:
    """The inverse of the discrete Fourier transform, as `np.fft.ifft`."""
    return np.fft.ifft(x, n, axis, norm)


def _back(transform: Any, g: Array, shape: Sequence[int], axis: int, norm: Any) -> Array:
    """The transposed transform is the transform; what was cut off gets 0."""
    return _fitted(transform(g, None, axis, norm), shape[axis], axis)


def _back_to_reals(g: Array, shape: Sequence[int], n: Any, axis: int, norm: Any) -> Array:
    """The real part of what the conjugate transform of half a spectrum gives."""
    length = shape[axis] if n is None else n
    halved = _weighted(g, 1.0, 0.5, length, axis)  # irfft counts these twice
    return _fitted(np.fft.irfft(halved, length, axis, _turned(norm)), shape[axis], axis)


@gate(
    numpy=np.fft.rfft,
    linear=True,
    vjp=lambda g, x_shape, n, axis, norm: _back_to_reals(g, x_shape, n, axis, norm),
    of_complex="own",
    says="the transposed transform of {g}",
)
def rfft(x: Array, n: int | None = None, axis: int = -1, norm: Any = None) -> Array:
    """The Fourier transform of real numbers: frequencies from 0 up, as `np.fft.rfft`."""
    return np.fft.rfft(x, n, axis, norm)


def _back_to_half(g: Array, shape: Sequence[int], axis: int, norm: Any) -> Array:
    """The spectrum of the gradient; a frequency that stands for two counts twice."""
    spectrum = np.fft.rfft(g, None, axis, _turned(norm))
    return _fitted(_weighted(spectrum, 1.0, 2.0, g.shape[axis], axis), shape[axis], axis)


@gate(
    numpy=np.fft.irfft,
    linear=True,
    vjp=lambda g, x_shape, axis, norm: _back_to_half(g, x_shape, axis, norm),
    of_complex="own",
    says="the transposed transform of {g}",
)
def irfft(x: Array, n: int | None = None, axis: int = -1, norm: Any = None) -> Array:
    """Real numbers from half of their spectrum, as `np.fft.irfft`: `n` of them."""
    return np.fft.irfft(x, n, axis, norm)


@composed(np.fft.hfft)
def hfft(a: Any, n: int | None = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    """The real spectrum of a signal that is its own mirror image, conjugated: `np.fft.hfft`."""
    refuse_options("fft.hfft", {"out": out})
    return np.fft.irfft(np.conjugate(a), n, axis, _turned(norm))


@composed(np.fft.ihfft)
def ihfft(a: Any, n: int | None = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    """The inverse of `np.fft.hfft`."""
    refuse_options("fft.ihfft", {"out": out})
    return np.conjugate(np.fft.rfft(a, n, axis, _turned(norm)))


# --- along several axes, one after the other, in the order of NumPy ------------------------------


def _plan(
    name: str, x: Any, s: Sequence[int] | None, axes: Axes, mirrored: bool = False
) -> list[tuple[int, int]]:
    """(length, axis) for each axis; `mirrored`: the last one holds half of a spectrum."""
    if s is not None and axes is None:
        axes = range(-len(s), 0)
    axes = range(-x.ndim, 0) if axes is None else (axes,) if isinstance(axes, int) else axes
    lengths = [x.shape[axis] for axis in axes] if s is None else list(s)
    if len(lengths) != len(axes):
        raise ShapeError(
            f"np.fft.{name}: s is {s} and axes is {axes}; give a length for each of the axes"
        )
    if not lengths:
        return []
    if mirrored and s is None:
        lengths[-1] = 2 * (lengths[-1] - 1)
    whole = (None, -1)
    return [(x.shape[a] if n in whole else n, a) for n, a in zip(lengths, axes, strict=True)]


def _several(name: str, usual: Axes, run: Callable[..., Any]) -> None:
    """Compose a transform of several axes, and let NumPy's function of that name be it."""

    def transform(
        a: Any, s: Sequence[int] | None = None, axes: Axes = usual, norm: Any = None,
        out: Any = None,
    ) -> Any:  # fmt: skip
        refuse_options(f"fft.{name}", {"out": out})
        steps = _plan(name, a, s, axes, mirrored=name.startswith("irfft"))
        if not steps and "rfft" in name:
            raise ShapeError(f"np.fft.{name}: at least one axis is transformed, but got none")
        return run(a, steps, norm)

    transform.__name__ = name
    transform.__doc__ = f"As `np.fft.{name}`: one axis after the other."
    composed(getattr(np.fft, name))(transform)


def _all(transform: Any) -> Callable[..., Any]:
    def run(x: Any, steps: Sequence[tuple[int, int]], norm: Any) -> Any:
        for length, axis in reversed(steps):
            x = transform(x, length, axis, norm)
        return x

    return run


def _from_reals(x: Any, steps: Sequence[tuple[int, int]], norm: Any) -> Any:
    return _all(np.fft.fft)(np.fft.rfft(x, *steps[-1], norm), steps[:-1], norm)


def _to_reals(x: Any, steps: Sequence[tuple[int, int]], norm: Any) -> Any:
    for length, axis in steps[:-1]:
        x = np.fft.ifft(x, length, axis, norm)
    return np.fft.irfft(x, *steps[-1], norm)


for _ending, _usual in {"2": (-2, -1), "n": None}.items():
    _several(f"fft{_ending}", _usual, _all(np.fft.fft))
    _several(f"ifft{_ending}", _usual, _all(np.fft.ifft))
    _several(f"rfft{_ending}", _usual, _from_reals)
    _several(f"irfft{_ending}", _usual, _to_reals)


# --- the order of frequencies --------------------------------------------------------------------


@gate(
    numpy=np.fft.fftshift,
    linear=True,
    vjp=lambda g, axes: np.fft.ifftshift(g, axes),
    says="{g}, shifted back",
)
def fftshift(x: Array, axes: Axes = None) -> Array:
    """Move frequency 0 to the middle, as `np.fft.fftshift`."""
    return np.fft.fftshift(x, axes)


@gate(
    numpy=np.fft.ifftshift,
    linear=True,
    vjp=lambda g, axes: np.fft.fftshift(g, axes),
    says="{g}, shifted back",
)
def ifftshift(x: Array, axes: Axes = None) -> Array:
    """The inverse of `np.fft.fftshift`."""
    return np.fft.ifftshift(x, axes)
