"""Helpers around derivatives: flat vectors, optimizers, fixed points, recorded programs."""

from .. import conventions as _conventions  # noqa: F401 (from here on clients are recognized)
from .flatten import flatten
from .tracers import const_graph

__all__ = ["const_graph", "flatten"]
