"""Clipping of gradients, between `loss.backward()` and the step of the optimiser."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd import GraphError, Parameter, set_all

from ..module import Module
from .optimiser import parameters_of
from .settings import positive

__all__ = ["clip_grad_norm", "clip_grad_value"]


def clip_grad_norm(
    params: Module | Iterable[Parameter],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> Any:
    """Scale all gradients together so that their norm is at most max_norm; gives the norm before.

    norm_type   p of the p-norm of all their elements; infinity for the largest of them
    (Pascanu, Mikolov and Bengio 2013.) With error_if_nonfinite, GraphError names the parameter when
    the norm is NaN or infinite, and no gradient is changed; without, all become NaN or 0, as in
    PyTorch. Parameters without a gradient are left out.

    >>> import nn
    >>> from autograd import Parameter
    >>> p = Parameter([1.0, 1.0])
    >>> (p * [3.0, 4.0]).sum().backward()
    >>> float(nn.clip_grad_norm([p], 1.0))
    5.0
    >>> p.grad.round(3)
    array([0.6, 0.8])
    """
    listed = [p for p in parameters_of("clip_grad_norm", params, "1.0") if p.grad is not None]
    most = positive("clip_grad_norm: max_norm", max_norm)
    order = norm_type if norm_type == math.inf else positive("clip_grad_norm: norm_type", norm_type)
    if not listed:
        return np.float64(0.0)
    norm = _norm([p.grad for p in listed], order)
    if error_if_nonfinite and not np.isfinite(norm):
        bad = next((p for p in listed if not np.isfinite(p.grad).all()), listed[0])
        raise GraphError(
            f"clip_grad_norm: the norm of the gradients is {norm}, that of {bad.name or bad.shape} "
            "is not finite; take a smaller step size, or look for the first NaN"
        )
    factor = np.minimum(most / (norm + 1e-6), 1.0)
    # a number of NumPy's would make float64 of float32
    scaled = [np.multiply(p.grad, factor.astype(p.grad.dtype)) for p in listed]
    set_all([(p, "grad", g) for p, g in zip(listed, scaled, strict=True)])
    return norm


def _norm(gradients: list[Any], order: float) -> Any:
    """The p-norm of all elements together, worked out in float64."""
    if order == math.inf:
        return np.max(np.stack([np.max(np.abs(g)) for g in gradients])).astype(np.float64)
    if order == 2:
        powers = [np.sum(np.square(g, dtype=np.float64)) for g in gradients]
        return np.sqrt(np.sum(np.stack(powers)))
    powers = [np.sum(np.abs(g).astype(np.float64) ** order) for g in gradients]
    return np.sum(np.stack(powers)) ** (1 / order)


def clip_grad_value(params: Module | Iterable[Parameter], clip_value: float) -> None:
    """Cut off each element of the gradients at -clip_value and clip_value.

    Parameters without a gradient are left out.

    >>> import nn
    >>> from autograd import Parameter
    >>> p = Parameter([1.0, 1.0])
    >>> (p * [3.0, -0.5]).sum().backward()
    >>> nn.clip_grad_value([p], 1.0)
    >>> p.grad
    array([ 1. , -0.5])
    """
    most = positive("clip_grad_value: clip_value", clip_value)
    listed = [p for p in parameters_of("clip_grad_value", params, "1.0") if p.grad is not None]
    set_all([(p, "grad", np.clip(p.grad, -most, most)) for p in listed])
