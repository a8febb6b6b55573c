"""Activations: what stands between the affine layers of a net, elementwise but for the last few.

Each is a function, for programs that write their forward pass themselves, and a layer. At a kink
the gradient is that of the side of the smaller numbers, as in PyTorch; so it is 0 for ReLU.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

import autograd
from autograd import Parameter, ShapeError, Tensor

from .. import init
from ..arguments import plain, size, with_settings
from ..rng import Seed, as_rng
from .layer import Layer
from .linear import Init, Linear

__all__ = [
    "ELU", "GELU", "SELU", "Hardtanh", "LeakyReLU", "LogSoftmax", "Maxout", "PReLU", "RReLU",
    "ReLU", "SiLU", "Sigmoid", "Softmax", "Softplus", "Tanh",
]  # fmt: skip

# the fixed point of mean 0 and variance 1 (Klambauer et al. 2017, arXiv:1706.02515, eq. 14)
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def _floats(x: Any) -> Any:
    """A Tensor or an array of floats, for functions that are made of NumPy calls."""
    x = x if isinstance(x, Tensor) else plain(x, "activation: x")
    return x if x.dtype.kind in "fc" else x.astype(float)


def leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    """x for positive x, and `negative_slope` times x for others (Maas et al. 2013).

    >>> leaky_relu([-2.0, 3.0])
    array([-0.02,  3.  ])
    """
    x = _floats(x)
    positive = (x > 0).astype(x.dtype)
    if 0 <= negative_slope <= 1:  # several times as quick as the choice by `where`
        return x * np.maximum(positive, negative_slope)
    return x * np.where(positive, x.dtype.type(1), x.dtype.type(negative_slope))


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x for positive x, alpha (exp(x) - 1) for others (Clevert et al. 2015, arXiv:1511.07289).

    >>> elu([-1.0, 2.0]).round(4)
    array([-0.6321,  2.    ])
    """
    return autograd.elu(_floats(x), alpha=alpha)


def selu(x: Any) -> Any:
    """1.0507 times the ELU with alpha 1.6733, which keeps mean 0 and variance 1 (Klambauer 2017).

    >>> selu([-1.0, 2.0]).round(4)
    array([-1.1113,  2.1014])
    """
    return SELU_SCALE * elu(x, SELU_ALPHA)


def gelu(x: Any, approximate: str = "none") -> Any:
    """x Φ(x), Φ being the normal distribution (Hendrycks, Gimpel 2016, arXiv:1606.08415).

    approximate   "tanh": ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))) instead, as GPT-2 has it
    Raises ValueError for another word.

    >>> gelu([-1.0, 2.0]).round(4), gelu([-1.0, 2.0], "tanh").round(4)
    (array([-0.1587,  1.9545]), array([-0.1588,  1.9546]))
    """
    x = _floats(x)
    if _check_approximate(approximate) == "none":
        return x * autograd.normal_cdf(x)
    inner = math.sqrt(2.0 / math.pi) * x * (1.0 + 0.044715 * x * x)
    return 0.5 * x * (1.0 + np.tanh(inner))


def _check_approximate(word: str) -> str:
    if word not in ("none", "tanh"):
        raise ValueError(f'gelu: approximate is {word!r}; expected "none" or "tanh"')
    return word


def silu(x: Any) -> Any:
    """x σ(x), also called swish (Hendrycks, Gimpel 2016; Ramachandran et al. 2017).

    >>> silu([-1.0, 2.0]).round(4)
    array([-0.2689,  1.7616])
    """
    x = _floats(x)
    return x * autograd.sigmoid(x)


def softplus(x: Any, beta: float = 1.0) -> Any:
    """ln(1 + exp(beta x)) / beta, a smooth ReLU, for x of any size; its gradient is σ(beta x).

    >>> softplus([-1e4, 0.0, 1.0]).round(4)
    array([0.    , 0.6931, 1.3133])
    """
    x = _floats(x)
    return autograd.log1pexp(x) if beta == 1 else autograd.log1pexp(beta * x) / beta


def hardtanh(x: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """x limited to the interval from `min_val` to `max_val`; the gradient at both is 0.

    >>> hardtanh([-2.0, 0.5])
    array([-1. ,  0.5])
    """
    return np.clip(_floats(x), min_val, max_val)


# --- layers ---------------------------------------------------------------------------------------


class ReLU(Layer):
    """max(0, x), elementwise; the gradient at 0 is 0."""

    def forward(self, x: Any) -> Tensor:
        """max(0, x) of a tensor of any shape."""
        return autograd.relu(x)  # type: ignore[no-any-return]


class Sigmoid(Layer):
    """1 / (1 + exp(-x)), elementwise."""

    def forward(self, x: Any) -> Tensor:
        """The sigmoid of a tensor of any shape."""
        return autograd.sigmoid(x)  # type: ignore[no-any-return]


class Tanh(Layer):
    """tanh(x), elementwise."""

    def forward(self, x: Any) -> Tensor:
        """The hyperbolic tangent of a tensor of any shape."""
        return autograd.tanh(x)  # type: ignore[no-any-return]


@with_settings
class LeakyReLU(Layer):
    """x for positive x, `negative_slope` times x for others; see `nn.functional.leaky_relu`."""

    def __init__(self, negative_slope: float = 0.01):
        self.negative_slope = negative_slope

    def forward(self, x: Any) -> Tensor:
        """The same shape as x."""
        return leaky_relu(x, self.negative_slope)  # type: ignore[no-any-return]


@with_settings
class PReLU(Layer):
    """x for positive x, a learnt slope times x for others (He et al. 2015, arXiv:1502.01852).

    num_parameters   1, a slope for all; or one for each channel along `axis`
    init             the slopes to begin with
    Raises ShapeError for inputs with another number of channels.

    >>> import nn
    >>> nn.PReLU(2)(np.full((1, 2, 3), -1.0)).shape
    (1, 2, 3)
    """

    weight: Parameter

    def __init__(
        self,
        num_parameters: int = 1,
        init: float = 0.25,
        *,
        axis: int = 1,
        dtype: DTypeLike = float,
    ):
        self.num_parameters = size(num_parameters, "PReLU: num_parameters")
        self.init, self.axis = init, axis
        self.weight = Parameter(np.full(self.num_parameters, init, dtype), name="weight")

    def forward(self, x: Any) -> Tensor:
        """The same shape as x."""
        x = _floats(x)
        slopes: Any = self.weight
        if self.num_parameters > 1:
            slopes = np.reshape(slopes, self._beside(x.shape))
        return np.where(x > 0, x, slopes * x)  # type: ignore[no-any-return]

    def _beside(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of slopes that lie along the axis of the channels."""
        axis = self.axis + len(shape) if self.axis < 0 else self.axis
        if not 0 <= axis < len(shape) or shape[axis] != self.num_parameters:
            raise ShapeError(
                f"PReLU: x is {shape}, and there are {self.num_parameters} slopes for axis "
                f"{self.axis}; expected as many channels there: set num_parameters, or axis"
            )
        return (-1,) + (1,) * (len(shape) - 1 - axis)


@with_settings
class RReLU(Layer):
    """x for positive x, a random slope times x for others (Xu et al. 2015, arXiv:1505.00853).

    In training each element has its own slope, uniform between `lower` and `upper`; after
    `eval()`, all have the mean of both.

    >>> import nn
    >>> layer = nn.RReLU(seed=0)
    >>> layer.training = False
    >>> layer([-24.0, 1.0]).round(4)
    array([-5.5,  1. ])
    """

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, *, seed: Seed = None):
        if not lower <= upper:
            raise ValueError(f"RReLU: lower is {lower} and upper is {upper}; exchange them")
        self.lower, self.upper = lower, upper
        self._rng = as_rng(seed)

    def forward(self, x: Any) -> Tensor:
        """The same shape as x."""
        x = _floats(x)
        if not self.training:
            return leaky_relu(x, (self.lower + self.upper) / 2)  # type: ignore[no-any-return]
        slopes = autograd.fresh(self._rng.uniform, self.lower, self.upper, x.shape)
        return x * np.where(x > 0, x.dtype.type(1), slopes.astype(x.dtype))  # type: ignore[no-any-return]


@with_settings
class ELU(Layer):
    """x for positive x, alpha (exp(x) - 1) for others; see `nn.functional.elu`."""

    def __init__(self, alpha: float = 1.0):
        self.alpha = alpha

    def forward(self, x: Any) -> Tensor:
        """The same shape as x."""
        return elu(x, self.alpha)  # type: ignore[no-any-return]


class SELU(Layer):
    """The ELU that keeps mean 0 and variance 1; see `nn.functional.selu`."""

    def forward(self, x: Any) -> Tensor:
        """The same shape as x."""
        return selu(x)  # type: ignore[no-any-return]


@with_settings
class GELU(Layer):
    """x Φ(x), or its approximation by "tanh"; see `nn.functional.gelu`."""

    def __init__(self, approximate: str = "none"):
        self.approximate = _check_approximate(approximate)

    def forward(self, x: Any) -> Tensor:
        """The same shape as x."""
        return gelu(x, self.approximate)  # type: ignore[no-any-return]


class SiLU(Layer):
    """x σ(x), elementwise; also called swish."""

    def forward(self, x: Any) -> Tensor:
        """The same shape as x."""
        return silu(x)  # type: ignore[no-any-return]


@with_settings
class Softplus(Layer):
    """ln(1 + exp(beta x)) / beta, elementwise, for x of any size."""

    def __init__(self, beta: float = 1.0):
        if not beta > 0:
            raise ValueError(f"Softplus: beta is {beta}; expected a positive number")
        self.beta = beta

    def forward(self, x: Any) -> Tensor:
        """The same shape as x."""
        return softplus(x, self.beta)  # type: ignore[no-any-return]


@with_settings
class Hardtanh(Layer):
    """x limited to the interval from `min_val` to `max_val`."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0):
        if not min_val < max_val:
            raise ValueError(f"Hardtanh: min_val is {min_val} and max_val is {max_val}; expected "
                             "the smaller one first")  # fmt: skip
        self.min_val, self.max_val = min_val, max_val

    def forward(self, x: Any) -> Tensor:
        """The same shape as x."""
        return hardtanh(x, self.min_val, self.max_val)  # type: ignore[no-any-return]


@with_settings
class Softmax(Layer):
    """exp(x) / Σ exp(x) along `axis`: probabilities. Losses take the scores before it."""

    def __init__(self, axis: int = -1):
        self.axis = axis

    def forward(self, x: Any) -> Tensor:
        """The same shape as x."""
        return autograd.softmax(_floats(x), axis=self.axis)  # type: ignore[no-any-return]


@with_settings
class LogSoftmax(Layer):
    """ln softmax(x) along `axis`, which `nn.NLLLoss` takes."""

    def __init__(self, axis: int = -1):
        self.axis = axis

    def forward(self, x: Any) -> Tensor:
        """The same shape as x."""
        return autograd.log_softmax(_floats(x), axis=self.axis)  # type: ignore[no-any-return]


class Maxout(Layer):
    """The largest of a few affine maps, x @ W_k + b_k (Goodfellow et al. 2013, arXiv:1302.4389).

    in_features, out_features   sizes of the input and of the output
    pieces                      how many maps; W is (in, pieces · out) and b (pieces · out,), the
                                outputs of one map beside each other
    bias, init, seed, dtype     as of `nn.Linear`
    Inputs (..., in) give (..., out). Maps that are equally large share the gradient.

    >>> import nn
    >>> nn.Maxout(3, 5, seed=0)(np.ones((2, 3))).shape
    (2, 5)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        pieces: int = 2,
        *,
        bias: bool = True,
        init: Init = init.he,
        seed: Seed = None,
        dtype: DTypeLike = float,
    ):
        self.out_features = size(out_features, "Maxout: out_features")
        self.pieces = size(pieces, "Maxout: pieces")
        width = self.pieces * self.out_features
        self.maps = Linear(in_features, width, bias=bias, init=init, seed=seed, dtype=dtype)

    def forward(self, x: Any) -> Tensor:
        """(..., in) to (..., out)."""
        outputs = self.maps(x)
        apart = np.reshape(outputs, (*np.shape(x)[:-1], self.pieces, self.out_features))
        return np.max(apart, axis=-2)  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"Maxout({self.maps.W.shape[0]}, {self.out_features}, pieces={self.pieces})"
