"""Backpropagation on NumPy, gate by gate.

    >>> import numpy as np
    >>> from autograd import Tensor
    >>> x, y, z = Tensor(-2.0), Tensor(5.0), Tensor(-4.0)
    >>> f = (x + y) * z
    >>> f.backward()
    >>> x.grad, y.grad, z.grad
    (array(-4.), array(-4.), array(3.))

A `Tensor` remembers how it was computed, so NumPy expressions of tensors build a computation
graph, and `backward()` applies the chain rule through its gates. Pictures of the graph:
`from autograd.draw import draw`.
"""

import os
from typing import TYPE_CHECKING, Any

if not os.environ.get("GATEGRAD_PLAIN"):
    from . import fast  # noqa: F401 (quicker ways; without the folder this line goes too)

from . import gates
from .backward import backpropagate
from .check import check_gradients, numerical_gradient
from .errors import (
    AutogradError,
    DTypeError,
    GradientCheckError,
    GraphError,
    InPlaceError,
    LabelError,
    ShapeError,
    TraceError,
    UnsupportedError,
)
from .functional import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from .gates import (
    abs,
    add,
    affine,
    astype,
    avg_pool2d,
    broadcast_to,
    check_labels,
    clip,
    concatenate,
    conv2d,
    divide,
    dot,
    exp,
    expand_dims,
    expm1,
    l2_penalty,
    log,
    log1p,
    log_softmax,
    logsumexp,
    matmul,
    max,
    max_pool2d,
    maximum,
    mean,
    min,
    minimum,
    moveaxis,
    multiply,
    negative,
    power,
    prod,
    ravel,
    reciprocal,
    relu,
    reshape,
    sigmoid,
    sign,
    softmax,
    softmax_cross_entropy,
    sqrt,
    square,
    squeeze,
    stack,
    subtract,
    sum,
    svm_hinge,
    swapaxes,
    tanh,
    transpose,
    where,
)  # fmt: skip
from .lines import source_lines
from .modes import Scope, is_recording, no_grad, scope, setting
from .node import Node
from .parameter import Parameter
from .tensor import Tensor

if TYPE_CHECKING:
    from .compiler import Compiled, compile, fresh

__version__ = "0.1.0"

__all__ = [
    "AutogradError", "Compiled", "DTypeError", "GradientCheckError", "GraphError",
    "InPlaceError", "LabelError", "Node", "Parameter", "Scope", "ShapeError", "Tensor",
    "TraceError", "UnsupportedError", "abs", "add", "affine", "astype", "avg_pool2d",
    "backpropagate", "broadcast_to", "check_gradients", "check_labels", "clip", "compile",
    "concatenate", "conv2d", "divide", "dot", "exp", "expand_dims", "expm1", "fresh", "gates",
    "grad", "hessian", "hvp", "is_recording", "jacobian", "jvp", "l2_penalty", "log", "log1p",
    "log_softmax", "logsumexp", "matmul", "max", "max_pool2d", "maximum", "mean", "min",
    "minimum", "moveaxis", "multiply", "negative", "no_grad", "numerical_gradient", "power",
    "prod", "ravel", "reciprocal", "relu", "reshape", "scope", "setting", "sigmoid", "sign",
    "softmax", "softmax_cross_entropy", "source_lines", "sqrt", "square", "squeeze", "stack",
    "subtract", "sum", "svm_hinge", "swapaxes", "tanh", "transpose", "value_and_grad", "vjp",
    "where",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """The compiler is loaded when it is first used: `import autograd` stays quick."""
    if name in ("Compiled", "compile", "fresh"):
        from . import compiler

        return getattr(compiler, name)
    raise AttributeError(f"module 'autograd' has no attribute {name!r}")
