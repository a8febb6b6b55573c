"""The diagnosis of a net that does not learn, under the names of its parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import autograd
from autograd import Diagnosis, Tensor

from .module import Module

__all__ = ["diagnose"]


def diagnose(
    loss: Any, net: Module | Mapping[str, Tensor] | Iterable[Tensor] | None = None
) -> Diagnosis:
    """Say of each parameter of a net whether its gradient is healthy, and where it died if not.

    As `autograd.diagnose`, with the paths of the net's parameters; parameters that the loss does
    not depend on are found only if they are given.
    """
    if isinstance(net, type):
        raise TypeError(f"diagnose: got the class {net.__name__}; expected a net, made by it")
    return autograd.diagnose(loss, dict(net.named_parameters()) if isinstance(net, Module) else net)
