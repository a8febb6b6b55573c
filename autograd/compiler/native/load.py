"""Load: the text of native loops as a function, whose machine code is kept on disk.

numba stands on LLVM, and brings it along (llvmlite). Loops over arrays whose types are known leave
nothing to infer, so they are handed to LLVM as they are, which takes a tenth of numba's time; what
comes out is an object file. It is kept by `store.py`, in a folder of the user's own.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import importlib
import importlib.util
import operator
import os
import re
import threading
import warnings
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ..types import Type, type_of
from . import store
from .host import host_processor
from .machine import translate
from .offsets import check

__all__ = ["load", "require_numba"]

AS_PYTHON = False  # tests run the text as it is: quicker than to compile it for a single call
MARK = b"machine code of gategrad\n"
LLVMLITE = 0, 50  # older LLVMs end the process over some of what is written here
FASTCALL = 0x80  # how CPython calls a function with an array of arguments
LOCK = threading.RLock()  # LLVM is set up once, and works on one thing at a time


def require_numba() -> None:
    """Raise ImportError if numba's compiler is not installed, or of another time."""
    if importlib.util.find_spec("llvmlite") is None:
        raise ImportError(
            'compile: backend="numba" needs numba, which is not installed; '
            'run pip install "gategrad[jit]", or leave backend out to run on NumPy alone'
        )
    found = version("llvmlite")
    if tuple(map(int, re.findall(r"\d+", found)[:2])) < LLVMLITE:
        raise ImportError(
            f'compile: backend="numba" needs llvmlite {".".join(map(str, LLVMLITE))} or newer, and '
            f'{found} is installed; run pip install --upgrade "gategrad[jit]", or leave backend '
            "out to run on NumPy alone"
        )


def load(text: str, types: Sequence[Type]) -> Callable[..., tuple[Any, ...]]:
    """The function `run` of the text, for arguments of these types.

    Machine code that was kept is used again. Whatever is wrong with the folder, the function works;
    one warning says what it was. It may have memory of its own, so one thread at a time may call
    it. Arguments that are laid out in another way than expected are copied; those that it fills
    must not be.
    """
    if AS_PYTHON:
        return _in_python(text)
    check()
    module, room = translate(text, types, host_processor().width)
    memory = [np.empty(room, np.uint8)] if room else []

    def otherwise(*args: Any) -> tuple[Any, ...]:
        """The same where an array is laid out in another way."""
        args = args[len(memory) :]
        copies = list(map(_laid_out, args, types))
        if all(map(operator.is_, args, copies)) or any(0 in type_.strides for type_ in types):
            return _in_python(text)(*args)  # elements that share memory: no copy has that
        return call(*memory, *copies)

    with LOCK:
        call = _function(_machine_code(module), otherwise)
    return functools.partial(call, *memory) if memory else call


def _in_python(text: str) -> Callable[..., tuple[Any, ...]]:
    """The function of the text as Python runs it."""
    scope: dict[str, Any] = {}
    exec(compile(text, "<native loops>", "exec"), scope)
    return scope["run"]  # type: ignore[no-any-return]


def _machine_code(text: str) -> bytes:
    """The object file of a module."""
    machine = _machine()
    name = f"{hashlib.sha256(repr((text, *machine.known)).encode()).hexdigest()}.o"
    try:
        data = store.read(_folder(), name)
        if data is not None and data.startswith(MARK):
            return data[len(MARK) :]
        if data is not None:
            _warn(ValueError(f"{name} holds no machine code"))
    except Exception as error:  # whatever is there
        _warn(error)
    data = machine.compiled(text)
    try:
        store.keep(_folder(), name, MARK + data)
    except Exception as error:  # the result is there, whatever becomes of the file
        _warn(error)
    return data


class _Machine:
    """LLVM, for the processor at hand."""

    def __init__(self) -> None:
        self.llvm = llvm = importlib.import_module("llvmlite.binding")
        self.host = host = host_processor()
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        kind = llvm.Target.from_default_triple()
        self._target = functools.partial(
            kind.create_target_machine, host.cpu, host.features, 3, jit=True
        )
        self.target = self._target()
        self.known = *host, kind.triple, version("llvmlite")

    def compiled(self, text: str) -> bytes:
        """The object file of a module."""
        module = self.llvm.parse_assembly(text)
        module.triple, module.data_layout = self.target.triple, str(self.target.target_data)
        options = self.llvm.create_pipeline_tuning_options(speed_level=3)
        options.loop_vectorization = options.slp_vectorization = options.loop_unrolling = True
        passes = self.llvm.create_pass_builder(self.target, options)
        passes.getModulePassManager().run(module, passes)
        return bytes(self.target.emit_object(module))

    def engine(self, data: bytes) -> Any:
        """What runs an object file."""
        empty = self.llvm.parse_assembly("")
        engine = self.llvm.create_mcjit_compiler(empty, self._target())  # which it owns
        engine.add_object_file(self.llvm.ObjectFileRef.from_data(data))
        engine.finalize_object()
        return engine


@functools.cache
def _machine() -> _Machine:
    return _Machine()


class _Method(ctypes.Structure):
    """CPython's PyMethodDef."""

    _fields_ = (("name", ctypes.c_char_p), ("function", ctypes.c_void_p), ("flags", ctypes.c_int),
                ("doc", ctypes.c_char_p))  # fmt: skip


def _function(
    data: bytes, otherwise: Callable[..., tuple[Any, ...]]
) -> Callable[..., tuple[Any, ...]]:
    """Machine code as a function of Python's, with the one that it calls for other layouts."""
    engine = _machine().engine(data)
    method = _Method(b"run", engine.get_function_address("run"), FASTCALL, None)
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype = ctypes.py_object
    make.argtypes = ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p
    kept = np.ndarray, otherwise, method, engine  # as long as the function is there
    return make(ctypes.addressof(method), kept, None)  # type: ignore[no-any-return]


def _laid_out(x: Any, type_: Type) -> Any:
    """An argument as it is expected: itself, or a copy in the right order."""
    same = x.__class__ is np.ndarray and type_of(x) == type_ and x.dtype.num == type_.dtype.num
    if same or not type_.shape:
        return x
    if np.shape(x) != type_.shape:
        raise ValueError(f"native code: an array is {np.shape(x)}; expected {type_.shape}")
    reach = [stride * (n - 1) for n, stride in zip(type_.shape, type_.strides, strict=True)]
    start = -sum(step for step in reach if step < 0)
    memory = np.empty(start + sum(step for step in reach if step > 0) + type_.itemsize, np.uint8)
    out = np.ndarray(type_.shape, type_.dtype, memory, start, type_.strides)
    out[...] = x
    return out


def _folder() -> Path:
    """Where machine code is kept: XDG_CACHE_HOME, or .cache in the home folder."""
    base = os.environ.get("XDG_CACHE_HOME")
    if base and Path(base).is_absolute():  # others are ignored, as the XDG specification says
        return Path(base) / "gategrad" / "native"
    return Path.home() / ".cache" / "gategrad" / "native"


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
            "It is compiled again where it is needed, which takes a moment. Remove the folder, "
            "or set XDG_CACHE_HOME to one that belongs to you and that nobody else can write to",
            RuntimeWarning,
            stacklevel=2,
        )


_warned: set[str] = set()
