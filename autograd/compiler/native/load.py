"""Load: generated text as a function whose machine code is kept on disk.

numba has files for machine code too, but it unpickles whatever lies where it looks. So it is asked
to keep nothing, and what it compiles is kept by `store.py`, in a folder of the user's own.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import pickle
import sys
import types
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from . import store

__all__ = ["load", "require_numba"]


def require_numba() -> None:
    """Raise ImportError if numba is not installed."""
    if importlib.util.find_spec("numba") is None:
        raise ImportError(
            'compile: backend="numba" needs numba, which is not installed; '
            'run pip install "gategrad[jit]", or leave backend out to run on NumPy alone'
        )


def load(text: str) -> Callable[..., tuple[Any, ...]]:
    """The function `run` of the text; it is compiled when it is first called.

    Machine code that was kept is used again. Whatever is wrong with the folder, the function works;
    one warning says what it was.
    """
    text = text.replace("cache=True, ", "")  # numba's own files
    name = f"gategrad_native_{hashlib.sha256(text.encode()).hexdigest()[:24]}"
    module = types.ModuleType(name)
    sys.modules[name] = module  # where numba looks when it brings back machine code
    exec(compile(text, f"<{name}>", "exec"), module.__dict__)
    if hasattr(module.run, "_cache"):  # not a plain function, as it is with NUMBA_DISABLE_JIT
        module.run._cache = _MachineCode(text)
    return module.run  # type: ignore[no-any-return]


class _MachineCode:
    """What numba asks before it compiles, and tells afterwards (numba.core.caching._Cache)."""

    def __init__(self, text: str):
        self.text = text

    @property
    def cache_path(self) -> str:
        """The folder, for those who ask numba for its statistics."""
        return _folder_in_words()

    def load_overload(self, signature: Any, target: Any) -> Any:
        """What numba compiled for the types of a signature; None if it is not there."""
        compiler = _numba("core.compiler")
        target.refresh()  # what a cache of numba's does first: the machine code may call it
        try:
            data = store.read(_folder(), self._name(signature, target.codegen()))
            if data is None:
                return None
            return compiler.CompileResult._rebuild(target, *pickle.loads(data))
        except Exception as error:  # a file may hold anything
            _warn(error)
            return None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep what numba compiled."""
        if compiled.library.has_dynamic_globals or compiled.lifted:
            return  # it holds addresses of this process
        try:
            data = _numba("core.serialize").dumps(compiled._reduce())
            store.keep(_folder(), self._name(signature, compiled.library.codegen), data)
        except Exception as error:  # the result is there, whatever becomes of the file
            _warn(error)

    def flush(self) -> None:
        """Nothing waits to be written."""

    def _name(self, signature: Any, codegen: Any) -> str:
        """The name of a file: other text, types, processor or versions have another one."""
        settings = sorted(x for x in os.environ.items() if x[0].startswith("NUMBA_"))
        python = sys.implementation.cache_tag, getattr(sys, "abiflags", "")
        versions = version("numba"), version("llvmlite"), _numba("core.config").USING_SVML
        known = self.text, str(signature), codegen.magic_tuple(), python, versions, settings
        return f"{hashlib.sha256(repr(known).encode()).hexdigest()}.pickle"


def _folder() -> Path:
    """Where machine code is kept: NUMBA_CACHE_DIR, XDG_CACHE_HOME, or .cache in the home folder."""
    for base in (_numba("core.config").CACHE_DIR, os.environ.get("XDG_CACHE_HOME")):
        if base and Path(base).is_absolute():  # others are ignored, as the XDG specification says
            return Path(base) / "gategrad" / "native"
    return Path.home() / ".cache" / "gategrad" / "native"


def _numba(part: str) -> Any:
    """A module of numba, which is imported when it is needed and not before."""
    return importlib.import_module(f"numba.{part}")


def _folder_in_words() -> str:
    try:
        return str(_folder())
    except RuntimeError:  # the user has no home folder
        return "a cache folder"


def _warn(error: Exception) -> None:
    """Say once for each folder why machine code is not kept there."""
    folder = _folder_in_words()
    if folder not in _warned:
        _warned.add(folder)
        warnings.warn(
            f"compile: machine code is not read from {folder} or not kept there: {error}. "
            "It is compiled again where it is needed, which takes some seconds. Remove the folder, "
            "or set XDG_CACHE_HOME to one that belongs to you and that nobody else can write to",
            RuntimeWarning,
            stacklevel=2,
        )


_warned: set[str] = set()
