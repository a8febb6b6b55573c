"""Normalisation: values with mean 0 and deviation 1, over the batch or over each example."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

import autograd
from autograd import Parameter, ShapeError, Tensor

from ..arguments import size
from .layer import Layer

__all__ = ["BatchNorm1d", "BatchNorm2d", "LayerNorm", "RMSNorm"]

TORCH_NAMES = {"gamma": "weight", "beta": "bias"}


class _BatchNorm(Layer):
    """Normalisation of each channel over the batch.

    num_features          the number of channels, c
    eps                   added to the variance
    momentum              the weight of the newest batch in the running statistics; None: the mean
                          over all batches
    affine                False: without gamma and beta
    track_running_stats   False: without running statistics; the batch's serve in evaluation, too
    """

    gamma: Parameter  # or None, with affine=False
    beta: Parameter
    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor
    torch_names: ClassVar[Mapping[str, str]] = TORCH_NAMES

    _shapes: tuple[str, ...]  # of inputs, for errors

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        dtype: DTypeLike = float,
    ):
        name = type(self).__name__
        self.num_features = size(num_features, f"{name}: num_features")
        self.eps = _positive(eps, f"{name}: eps")
        self.momentum = None if momentum is None else _share(momentum, f"{name}: momentum")
        _scale_and_shift(self, (self.num_features,), affine, affine, dtype)
        count, tracks = self.num_features, track_running_stats
        self.register_buffer("running_mean", np.zeros(count, dtype) if tracks else None)
        self.register_buffer("running_var", np.ones(count, dtype) if tracks else None)
        self.register_buffer("num_batches_tracked", np.array(0) if tracks else None)

    def forward(self, x: Any) -> Tensor:
        """The channels of x (n, c, ...), each with mean 0 and deviation 1, times gamma plus beta.

        In training with the statistics of the batch, which go into the running ones; in evaluation
        with those.
        """
        shape = self._checked(np.shape(x))
        wide = (self.num_features, *(1 for _ in shape[2:]))
        if self.training or self.running_mean is None:
            axes = (0, *range(2, len(shape)))
            if self.training and self.running_mean is not None:
                mean, var = autograd.moments(_values(x), axis=axes)
                self._track(mean, var, math.prod(shape) // self.num_features)
            return _normalised(self, x, axes, wide)
        centred = autograd.subtract(x, self.running_mean.reshape(wide))
        return _scaled(self, centred, self.running_var.reshape(wide), wide)

    def _track(self, mean: Any, var: Any, count: int) -> None:
        """Let a batch into the running statistics; the variance is the one without bias."""
        batches = self.num_batches_tracked.data + 1
        new = self.momentum if self.momentum is not None else 1 / batches
        var = var * (count / (count - 1))
        self.running_mean.data = (1 - new) * self.running_mean.data + new * mean
        self.running_var.data = (1 - new) * self.running_var.data + new * var
        self.num_batches_tracked.data = batches

    def _checked(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of an input; raises ShapeError unless it can be normalised."""
        name, features = type(self).__name__, self.num_features
        if len(shape) not in map(len, self._shapes) or shape[1] != features:
            expected = " or ".join(
                f"({', '.join(s).replace('c', str(features))})" for s in self._shapes
            )
            raise ShapeError(f"{name}: x has shape {shape}; expected {expected}")
        if 0 in shape:
            raise ShapeError(f"{name}: x has shape {shape}, and nothing has no mean")
        if self.training and math.prod(shape) == features:
            raise ShapeError(
                f"{name}: x has shape {shape}, a single value for each channel, which training "
                "cannot normalise; pass at least 2 examples, or call eval() first"
            )
        return shape

    def extra_repr(self) -> str:
        """The number of channels, and the settings that are not as usual."""
        usual = {"eps": 1e-5, "momentum": 0.1}
        settings = [f"{k}={v!r}" for k in usual if (v := getattr(self, k)) != usual[k]]
        settings += [] if self.gamma is not None else ["affine=False"]
        settings += [] if self.running_mean is not None else ["track_running_stats=False"]
        return ", ".join([str(self.num_features), *settings])


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of (n, c) or (n, c, length): each channel with mean 0 and deviation 1.

    num_features          the number of channels, c
    eps                   added to the variance
    momentum              the weight of the newest batch in the running statistics; None: the mean
                          over all batches
    affine                False: without gamma and beta (c,), by which the result is scaled, shifted
    track_running_stats   False: the statistics of the batch serve in evaluation, too
    Raises ShapeError for other shapes, and in training for a single value in each channel.
    Source: Ioffe, Szegedy 2015, arXiv:1502.03167, algorithms 1 and 2.

    >>> layer = BatchNorm1d(2)
    >>> layer([[1.0, 10.0], [3.0, 30.0]]).numpy().round(3)
    array([[-1., -1.],
           [ 1.,  1.]])
    >>> layer.running_mean.numpy()
    array([0.2, 2. ])
    """

    _shapes = ("nc", "ncl")


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of images (n, c, h, w), each channel over the batch and all pixels.

    The options, errors and running statistics are those of `BatchNorm1d`.

    >>> BatchNorm2d(3)(np.ones((2, 3, 4, 4))).shape
    (2, 3, 4, 4)
    """

    _shapes = ("nchw",)


class LayerNorm(Layer):
    """Normalisation of each example: mean 0 and deviation 1 over its last axes.

    normalized_shape     the lengths of these axes; a number for the last one alone
    eps                  added to the variance
    elementwise_affine   False: without gamma and beta, of that shape
    bias                 False: without beta
    Inputs (..., *normalized_shape) keep their shape; raises ShapeError for others.
    Source: Ba, Kiros, Hinton 2016, arXiv:1607.06450.

    >>> LayerNorm(2)([[1.0, 3.0], [10.0, 30.0]]).numpy().round(3)
    array([[-1.,  1.],
           [-1.,  1.]])
    """

    gamma: Parameter  # or None
    beta: Parameter
    torch_names: ClassVar[Mapping[str, str]] = TORCH_NAMES

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: DTypeLike = float,
    ):
        self.normalized_shape = _lengths(normalized_shape, "LayerNorm: normalized_shape")
        self.eps = _positive(eps, "LayerNorm: eps")
        affine = bool(elementwise_affine)
        _scale_and_shift(self, self.normalized_shape, affine, affine and bias, dtype)

    def forward(self, x: Any) -> Tensor:
        """x (..., *normalized_shape), normalised, times gamma plus beta."""
        axes = _last_axes("LayerNorm", np.shape(x), self.normalized_shape)
        return _normalised(self, x, axes)

    def extra_repr(self) -> str:
        """The lengths of the axes, and the settings that are not as usual."""
        eps = "" if self.eps == 1e-5 else f", eps={self.eps!r}"
        if self.gamma is None:
            return f"{_short(self.normalized_shape)}{eps}, elementwise_affine=False"
        return (
            f"{_short(self.normalized_shape)}{eps}{'' if self.beta is not None else ', bias=False'}"
        )


class RMSNorm(Layer):
    """Division of each example by the root of its mean square, over its last axes.

    normalized_shape     the lengths of these axes; a number for the last one alone
    eps                  added to the mean square; None: the spacing of x's floats at 1
    elementwise_affine   False: without gamma, of that shape
    Inputs (..., *normalized_shape) keep their shape; raises ShapeError for others.
    Source: Zhang, Sennrich 2019, arXiv:1910.07467, eq. 4.

    >>> RMSNorm(2)([[3.0, 4.0]]).numpy().round(3)
    array([[0.849, 1.131]])
    """

    gamma: Parameter  # or None
    beta: Parameter  # None
    torch_names: ClassVar[Mapping[str, str]] = TORCH_NAMES

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        *,
        dtype: DTypeLike = float,
    ):
        self.normalized_shape = _lengths(normalized_shape, "RMSNorm: normalized_shape")
        self.eps = None if eps is None else _positive(eps, "RMSNorm: eps")
        _scale_and_shift(self, self.normalized_shape, bool(elementwise_affine), False, dtype)

    def forward(self, x: Any) -> Tensor:
        """x (..., *normalized_shape), divided, times gamma."""
        axes = _last_axes("RMSNorm", np.shape(x), self.normalized_shape)
        square = autograd.mean(autograd.square(x), axis=axes, keepdims=True)
        eps = float(np.finfo(square.dtype).eps) if self.eps is None else self.eps
        return _scaled(self, x, square, eps=eps)

    def extra_repr(self) -> str:
        """The lengths of the axes, and the settings that are not as usual."""
        eps = "" if self.eps is None else f", eps={self.eps!r}"
        affine = "" if self.gamma is not None else ", elementwise_affine=False"
        return f"{_short(self.normalized_shape)}{eps}{affine}"


def _scale_and_shift(
    layer: Any, shape: tuple[int, ...], scale: bool, shift: bool, dtype: DTypeLike
) -> None:
    """Give the layer its gamma of ones, and its beta of zeros; None where it has none."""
    layer.gamma = Parameter(np.ones(shape, dtype), name="gamma") if scale else None
    layer.beta = Parameter(np.zeros(shape, dtype), name="beta") if shift else None


def _normalised(layer: Any, x: Any, axes: tuple[int, ...], wide: Any = None) -> Tensor:
    """x with its own mean and variance, times gamma plus beta, in one gate."""
    gamma, beta = _beside(layer, wide)
    return autograd.normalise(  # type: ignore[no-any-return]
        x, 1.0 if gamma is None else gamma, 0.0 if beta is None else beta, axis=axes, eps=layer.eps
    )


def _beside(layer: Any, wide: Any) -> list[Any]:
    """gamma and beta in the shape that they have beside the values; None for what there is not."""
    return [
        p if p is None or wide is None or p.shape == wide else p.reshape(wide)
        for p in (layer.gamma, layer.beta)
    ]


def _scaled(
    layer: Any, centred: Any, var: Any, wide: Any = None, eps: float | None = None
) -> Tensor:
    """gamma · centred / √(var + eps) + beta; `wide` is their shape beside the values."""
    deviation = autograd.sqrt(autograd.add(var, layer.eps if eps is None else eps))
    gamma, beta = _beside(layer, wide)
    inverse = autograd.divide(1.0, deviation)  # small, where a division of all values is slow
    if gamma is None:
        out: Tensor = autograd.multiply(centred, inverse)
    elif wide is not None:  # both are small: one for each channel
        out = autograd.multiply(centred, autograd.multiply(gamma, inverse))
    else:
        out = autograd.multiply(autograd.multiply(centred, inverse), gamma)
    return out if beta is None else autograd.add(out, beta)


def _values(x: Any) -> Any:
    """The values of a tensor, or an array as it is."""
    return x.data if isinstance(x, Tensor) else x


def _last_axes(name: str, shape: tuple[int, ...], normalized: tuple[int, ...]) -> tuple[int, ...]:
    """The axes to normalise over; raises ShapeError unless they have these lengths."""
    count = len(normalized)
    if shape[-count:] != normalized:
        inner = ", ".join(map(str, normalized))
        raise ShapeError(f"{name}: x has shape {shape}; expected (..., {inner})")
    return tuple(range(-count, 0))


def _lengths(value: Any, name: str) -> tuple[int, ...]:
    lengths = tuple(size(k, name) for k in (value if np.ndim(value) else [value]))
    if not lengths:
        raise ValueError(f"{name} is {value!r}; expected the lengths of the last axes")
    return lengths


def _short(lengths: tuple[int, ...]) -> Any:
    return lengths[0] if len(lengths) == 1 else lengths


def _number(value: Any, name: str, expected: str) -> float:
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}; expected {expected}")
    return float(value)


def _positive(value: Any, name: str) -> float:
    """A small number that keeps a divisor from zero."""
    number = _number(value, name, "a small number, such as 1e-5")
    if not 0 <= number < math.inf:
        raise ValueError(f"{name} is {value}; expected a small number, such as 1e-5")
    return number


def _share(value: Any, name: str) -> float:
    number = _number(value, name, "a number from 0 to 1, or None")
    if not 0 <= number <= 1:
        raise ValueError(f"{name} is {value}; expected a number from 0 to 1, or None")
    return number
