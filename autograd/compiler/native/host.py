"""Host: the processor that native code is for."""

from __future__ import annotations

import functools
import importlib
from typing import NamedTuple

__all__ = ["Host", "host_processor"]


class Host(NamedTuple):
    """What LLVM calls it and its features.

    width   bytes of a vector that it multiplies and adds in one go, with some lanes left out if
            need be; 0 if it cannot
    """

    cpu: str
    features: str
    width: int


@functools.cache
def host_processor() -> Host:
    """The processor at hand."""
    llvm = importlib.import_module("llvmlite.binding")
    found = llvm.get_host_cpu_features()
    wide, usual = found.get("avx512f"), found.get("avx2") and found.get("fma")
    return Host(llvm.get_host_cpu_name(), found.flatten(), 64 if wide else 32 if usual else 0)
