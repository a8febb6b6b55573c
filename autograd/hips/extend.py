"""The names that packages import to add functions with rules of their own."""

from . import conventions as _conventions  # noqa: F401 (from here on clients are recognized)
from .core import VSpace, vspace
from .primitives import (
    JVPNode,
    SparseObject,
    VJPNode,
    def_linear,
    defjvp,
    defjvp_argnum,
    defjvp_argnums,
    defvjp,
    defvjp_argnum,
    defvjp_argnums,
    notrace_primitive,
    primitive,
    register_notrace,
)  # fmt: skip
from .tracer import Box

__all__ = [
    "Box", "JVPNode", "SparseObject", "VJPNode", "VSpace", "def_linear", "defjvp",
    "defjvp_argnum", "defjvp_argnums", "defvjp", "defvjp_argnum", "defvjp_argnums",
    "notrace_primitive", "primitive", "register_notrace", "vspace",
]  # fmt: skip
