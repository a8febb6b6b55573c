"""The gate table: every operation that the engine can differentiate, row by row."""

from __future__ import annotations

from ..declare import gate
from . import (
    arithmetic,
    choose,
    compare,
    conv,
    elementwise,
    index,
    linear,
    losses,
    pool,
    reduce,
    shape,
    windows,
)
from .arithmetic import add, divide, multiply, negative, power, reciprocal, square, subtract
from .choose import abs, clip, maximum, minimum, where
from .conv import conv2d
from .elementwise import exp, expm1, log, log1p, relu, sigmoid, sign, sqrt, tanh
from .index import getitem, setitem
from .linear import affine, dot, matmul
from .losses import check_labels, l2_penalty, softmax_cross_entropy, svm_hinge
from .pool import avg_pool2d, max_pool2d
from .reduce import log_softmax, logsumexp, max, mean, min, prod, softmax, sum
from .shape import (
    astype,
    broadcast_to,
    concatenate,
    copy,
    expand_dims,
    moveaxis,
    ravel,
    reshape,
    squeeze,
    stack,
    sum_to,
    swapaxes,
    transpose,
)

__all__ = [
    "abs", "add", "affine", "astype", "avg_pool2d", "broadcast_to", "check_labels", "clip",
    "concatenate", "conv2d", "copy", "divide", "dot", "exp", "expand_dims", "expm1", "gate",
    "getitem", "l2_penalty", "log", "log1p", "log_softmax", "logsumexp", "matmul", "max",
    "max_pool2d", "maximum", "mean", "min", "minimum", "moveaxis", "multiply", "negative", "power",
    "prod", "ravel", "reciprocal", "relu", "reshape", "setitem", "sigmoid", "sign", "softmax",
    "softmax_cross_entropy", "sqrt", "square", "squeeze", "stack", "subtract", "sum", "sum_to",
    "svm_hinge", "swapaxes", "tanh", "transpose", "where",
]  # fmt: skip

_TABLES = (
    arithmetic, choose, compare, conv, elementwise, index, linear, losses, pool, reduce, shape,
    windows,
)  # fmt: skip
