"""Convolution of sequences (n, c, length) and images (n, c, h, w), and the step down to vectors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

import autograd
from autograd import Parameter, ShapeError, Tensor

from .. import init
from ..arguments import size
from ..rng import Seed
from .layer import Layer
from .linear import Array, Init

__all__ = ["Conv1d", "Conv2d", "ConvTranspose2d"]

Size = int | Sequence[int]
Padding = int | str | Sequence[Any]


class _Convolution(Layer):
    """What the convolutions have in common: filters W and biases b, given or drawn, and options."""

    _sizes: tuple[str, ...] = ("rows", "columns")  # of a filter
    _options: ClassVar[dict[str, Any]] = {  # by name, with what is usual
        "stride": 1, "padding": 0, "dilation": 1, "groups": 1,
    }  # fmt: skip

    W: Parameter
    b: Parameter  # or None, with bias=False
    stride: Any
    padding: Any
    output_padding: Any
    dilation: Any
    torch_names: ClassVar[Mapping[str, str]] = {"W": "weight", "b": "bias"}

    def _build(
        self, in_channels: Any, out_channels: Any, kernel_size: Any, bias: Any, init: Init,
        seed: Seed, dtype: DTypeLike, **options: Any,
    ) -> None:  # fmt: skip
        name = type(self).__name__
        self.groups = size(options.pop("groups"), f"{name}: groups")
        for option, value in options.items():
            setattr(self, option, value)
        self._init = None if np.ndim(in_channels) else init
        weights, biases = in_channels, out_channels
        if self._init is not None:
            shape = self._filter_shape(in_channels, out_channels, kernel_size)
            weights = self._filters(shape, seed, dtype)
            outs = size(out_channels, f"{name}: out_channels")
            biases = np.zeros(outs, dtype) if bias else None
        if bool(bias) is (biases is None):
            raise TypeError(
                f"{name}: got W, {'b' if biases is not None else 'no b'} and bias={bool(bias)}; "
                f"expected {name}(W, b) or {name}(W, bias=False)"
            )
        self._check(np.shape(weights), None if biases is None else np.shape(biases))
        self.W = weights if isinstance(weights, Parameter) else Parameter(weights, name="W")
        if biases is not None and not isinstance(biases, Parameter):
            biases = Parameter(biases, name="b")
        self.b = biases

    def _check(self, W: tuple[int, ...], b: tuple[int, ...] | None) -> None:
        check_filters(type(self).__name__, W, W[:1] if b is None else b, self._sizes)

    def _filter_shape(
        self, in_channels: Any, out_channels: Any, kernel_size: Any
    ) -> tuple[int, ...]:
        """The shape of filters (out, in / groups, rows, columns)."""
        name = type(self).__name__
        ins = size(in_channels, f"{name}: in_channels")
        outs = size(out_channels, f"{name}: out_channels")
        if kernel_size is None:
            raise TypeError(
                f"{name}: got {ins} and {outs} channels, and no kernel_size; expected "
                f"{name}(in_channels, out_channels, kernel_size), or the arrays {name}(W, b)"
            )
        if ins % self.groups or outs % self.groups:
            raise ShapeError(
                f"{name}: groups is {self.groups}, which does not divide {ins} and {outs} "
                "channels; choose a number that divides both"
            )
        return outs, ins // self.groups, *_each(name, kernel_size, self._sizes)

    def _filters(self, shape: tuple[int, ...], seed: Seed, dtype: DTypeLike) -> Array:
        """Random filters; the fan-in is the number of elements of one filter."""
        assert self._init is not None
        drawn = self._init(math.prod(shape[1:]), shape[0], seed=seed, dtype=dtype)
        return np.ascontiguousarray(drawn.T).reshape(shape)

    def draw(self, seed: Seed) -> None:
        """Draw W anew and set b to zero, unless they were given."""
        if self._init is not None:
            self.W.data = self._filters(self.W.shape, seed, self.W.dtype)
            if self.b is not None:
                self.b.data = np.zeros(self.b.shape)

    def _channels(self) -> tuple[int, int]:
        """In and out, of all groups."""
        return self.W.shape[1] * self.groups, self.W.shape[0]

    def __repr__(self) -> str:
        options = [
            f"{name}={getattr(self, name)!r}"
            for name, usual in self._options.items()
            if getattr(self, name) != usual
        ]
        options += ["bias=False"] if self.b is None else []
        inside = [*self._channels(), _short(self.W.shape[2:]), *options]
        return f"{type(self).__name__}({', '.join(map(str, inside))})"


class Conv2d(_Convolution):
    """Convolution with filters W (out, in / groups, rows, columns), plus a bias b (out,) for each.

    in_channels, out_channels   of the images; or copies of given arrays: `Conv2d(W, b)`
    kernel_size                 of the filters: a number, or two for rows and columns
    stride, padding, dilation, groups   as of `autograd.conv2d`
    bias                        False: no b; `Conv2d(W, bias=False)`
    init                        how W is drawn, from fan-in and fan-out (`nn.init.he`); b is zeros
    seed, dtype                 of the random numbers; of the parameters
    Images (n, in, h, w) give (n, out, down, across). Raises ShapeError for anything else.

    >>> import nn
    >>> nn.Conv2d(1, 16, 5, seed=0)(np.zeros((32, 1, 28, 28))).shape
    (32, 16, 24, 24)
    """

    def __init__(
        self,
        in_channels: int | ArrayLike | Parameter,
        out_channels: int | ArrayLike | Parameter | None = None,
        kernel_size: Size | None = None,
        stride: Size = 1,
        padding: Padding = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        init: Init = init.he,
        seed: Seed = None,
        dtype: DTypeLike = float,
    ):
        self._build(
            in_channels, out_channels, kernel_size, bias, init, seed, dtype,
            stride=stride, padding=padding, dilation=dilation, groups=groups,
        )  # fmt: skip

    def forward(self, x: Any) -> Tensor:
        """The convolution of images x (n, in, h, w)."""
        out: Tensor = autograd.conv2d(
            x, self.W, self.b, self.stride, self.padding, self.dilation, self.groups
        )
        return (self._box or self._make_box()).put(out)


class Conv1d(_Convolution):
    """Convolution of sequences with filters W (out, in / groups, length), plus a bias b (out,).

    The arguments are those of `Conv2d`, with one number where it takes two. Sequences
    (n, in, length) give (n, out, places). Raises ShapeError for anything else.

    >>> import nn
    >>> nn.Conv1d(2, 8, 5, padding="same", seed=0)(np.zeros((32, 2, 40))).shape
    (32, 8, 40)
    """

    _sizes = ("length",)

    def __init__(
        self,
        in_channels: int | ArrayLike | Parameter,
        out_channels: int | ArrayLike | Parameter | None = None,
        kernel_size: int | None = None,
        stride: int = 1,
        padding: Padding = 0,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        init: Init = init.he,
        seed: Seed = None,
        dtype: DTypeLike = float,
    ):
        self._build(
            in_channels, out_channels, kernel_size, bias, init, seed, dtype,
            stride=stride, padding=padding, dilation=dilation, groups=groups,
        )  # fmt: skip

    def forward(self, x: Any) -> Tensor:
        """The convolution of sequences x (n, in, length)."""
        return autograd.conv1d(  # type: ignore[no-any-return]
            x, self.W, self.b, self.stride, self.padding, self.dilation, self.groups
        )


class ConvTranspose2d(_Convolution):
    """The transposed convolution, which makes images larger: W (in, out / groups, rows, columns).

    in_channels, out_channels, kernel_size, bias, init, seed, dtype   as of `Conv2d`
    stride, padding, output_padding, groups, dilation   as of `autograd.conv_transpose2d`
    Images (n, in, h, w) give (n, out, (h - 1) * stride - 2 padding + dilation * (rows - 1) +
    output_padding + 1, the same for w). Raises ShapeError for anything else.

    >>> import nn
    >>> nn.ConvTranspose2d(16, 8, 4, stride=2, padding=1, seed=0)(np.zeros((3, 16, 7, 7))).shape
    (3, 8, 14, 14)
    """

    _options: ClassVar[dict[str, Any]] = {
        "stride": 1, "padding": 0, "output_padding": 0, "groups": 1, "dilation": 1
    }  # fmt: skip

    def __init__(
        self,
        in_channels: int | ArrayLike | Parameter,
        out_channels: int | ArrayLike | Parameter | None = None,
        kernel_size: Size | None = None,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
        *,
        init: Init = init.he,
        seed: Seed = None,
        dtype: DTypeLike = float,
    ):
        self._build(
            in_channels, out_channels, kernel_size, bias, init, seed, dtype, stride=stride,
            padding=padding, output_padding=output_padding, groups=groups, dilation=dilation,
        )  # fmt: skip

    def _filter_shape(
        self, in_channels: Any, out_channels: Any, kernel_size: Any
    ) -> tuple[int, ...]:
        """The shape of filters (in, out / groups, rows, columns)."""
        outs, ins, *rest = super()._filter_shape(in_channels, out_channels, kernel_size)
        return ins * self.groups, outs // self.groups, *rest

    def _filters(self, shape: tuple[int, ...], seed: Seed, dtype: DTypeLike) -> Array:
        """Random filters; every channel that comes in reaches an element of the result."""
        assert self._init is not None
        fan_in = shape[0] // self.groups * math.prod(shape[2:])
        drawn = self._init(fan_in, shape[1] * self.groups, seed=seed, dtype=dtype)
        return np.ascontiguousarray(drawn.T).reshape(shape)

    def _check(self, W: tuple[int, ...], b: tuple[int, ...] | None) -> None:
        outs = W[1:2] and (W[1] * self.groups,)
        if len(W) != 4 or b not in (None, outs) or W[0] % self.groups:
            raise ShapeError(
                f"ConvTranspose2d: W is {W} and b is {b}; expected W (in, out / groups, rows, "
                "columns) and b (out,)"
            )

    def _channels(self) -> tuple[int, int]:
        """In and out, of all groups."""
        return self.W.shape[0], self.W.shape[1] * self.groups

    def forward(self, x: Any) -> Tensor:
        """The transposed convolution of images x (n, in, h, w)."""
        return autograd.conv_transpose2d(  # type: ignore[no-any-return]
            x, self.W, self.b, self.stride, self.padding, self.output_padding, self.groups,
            self.dilation,
        )  # fmt: skip


def check_filters(
    name: str,
    W: tuple[int, ...],
    b: tuple[int, ...],
    sizes: Sequence[str] = ("rows", "columns"),
) -> None:
    """Raise ShapeError unless the shapes of filters and biases fit together."""
    if len(W) != 2 + len(sizes) or b != W[:1]:
        raise ShapeError(
            f"{name}: W is {W} and b is {b}; expected W (out, in, {', '.join(sizes)}) and b (out,)"
        )


def _each(name: str, kernel: Any, sizes: Sequence[str]) -> tuple[int, ...]:
    """The size of a filter along each of its axes, from one number or several."""
    each = (kernel,) * len(sizes) if np.ndim(kernel) == 0 else tuple(kernel)
    if len(each) != len(sizes):
        more = ", or two for rows and columns" if len(sizes) == 2 else ""
        raise TypeError(f"{name}: kernel_size is {kernel!r}; expected an integer{more}")
    return tuple(size(k, f"{name}: kernel_size") for k in each)


def _short(size: Sequence[int]) -> Any:
    return size[0] if len({*size}) == 1 else tuple(size)
