"""Helpers around derivatives: flat vectors, optimizers, fixed points, recorded programs."""

from .flatten import flatten
from .tracers import const_graph

__all__ = ["const_graph", "flatten"]
