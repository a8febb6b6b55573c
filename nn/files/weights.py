"""Weights of nets as safetensors: a file of named arrays that PyTorch and others read too."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..module import Module
from .atomic import check_regular, clear, replacing
from .errors import FileError
from .header import parse
from .names import Turned, torch_names

__all__ = ["load_weights", "save_weights"]

Array = np.ndarray[Any, Any]
REMEDY = "replace it by a complete copy, or save it again"
LONGEST = 1 << 26  # bytes of a header
DTYPES = {"F16": "f2", "F32": "f4", "F64": "f8", "I8": "i1", "I16": "i2", "I32": "i4", "I64": "i8",
          "U8": "u1", "U16": "u2", "U32": "u4", "U64": "u8", "BOOL": "?"}  # fmt: skip


def save_weights(net: Module, path: str | os.PathLike[str], *, layout: str | None = None) -> None:
    """Write the parameters and buffers of a net into a file of safetensors, whole or not at all.

    layout   None: the names of `net.state_dict()` and the arrays as they are. "torch": the names of
             PyTorch, and W of Linear as (out, in), for `torch_net.load_state_dict(load_file(path))`
    NaN are written as they are. Raises OSError where the file cannot be written, ImportError
    without the package safetensors (`pip install "gategrad[weights]"`).
    """
    if layout not in (None, "torch"):
        raise ValueError(f'save_weights: layout is {layout!r}; expected None or "torch"')
    path, state = Path(path), _state(net)
    if layout == "torch":
        names = torch_names(net)
        state = {names[name].name: names[name].there(array) for name, array in state.items()}
    # the library writes the memory of an array as it lies there
    state = {name: np.asarray(array, order="C") for name, array in state.items()}
    for name, array in state.items():
        if array.dtype.newbyteorder("=").str[1:] not in {*DTYPES.values(), "b1"}:
            raise TypeError(f"save_weights: {name} holds {array.dtype}, which safetensors has not")
    told = {"format": "pt" if layout else "np", "sha256": _checksum(state)}
    data = _library().numpy.save(state, told)
    clear([path])
    try:
        with replacing(path) as file:
            file.write(data)
    except OSError as error:
        error.add_note(f"{path} was not written; a file that was there is as it was")
        raise


def load_weights(net: Module, path: str | os.PathLike[str], *, strict: bool = True) -> None:
    """Put the arrays of a file of safetensors into a net of the same architecture.

    Arrays are found by the names of `net.state_dict()`, or by those that PyTorch has for them:
    weight for W, bias for b; the weight (out, in) of a Linear is turned. With strict=False, what
    has no partner on the other side is left out. All is loaded, or nothing: raises FileError for
    files that are damaged, for other architectures, dtypes that would be rounded, and NaN;
    FileNotFoundError, and ImportError without the package safetensors.
    """
    path = Path(path)
    check_regular(path, REMEDY)
    library = _library()
    taker: Any = net
    expected = _state(net)
    try:
        told, dtypes = _header(path)
        with library.safe_open(path, "numpy") as file:
            found = {name: _tensor(file, name, dtypes[name]) for name in file.keys()}  # noqa: SIM118
        if "sha256" in told and told["sha256"] != _checksum(found):
            raise ValueError("it is damaged: its checksum does not agree with what it holds")
        state = _matched(expected, found, torch_names(net), strict)
    except (ValueError, MemoryError, library.SafetensorError) as error:
        raise FileError(path, str(error) or "it holds more than the memory does", REMEDY) from None
    try:
        taker.load_state_dict(state, strict=strict)
    except (ValueError, TypeError, KeyError) as error:
        raise FileError(
            path, f"it does not fit {type(net).__name__}: {error}",
            "load it into a net of the architecture that was saved; nothing was changed",
        ) from error  # fmt: skip


def _library() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            'weights need the package safetensors: pip install "gategrad[weights]"'
        ) from error
    return safetensors


def _state(net: Any) -> dict[str, Array]:
    if not isinstance(net, Module):
        raise TypeError(f"weights: got {net!r:.80}; expected a net, nn.save_weights(net, path)")
    holder: Any = net
    return holder.state_dict()  # type: ignore[no-any-return]


def _header(path: Path) -> tuple[Mapping[str, Any], dict[str, str]]:
    """What the file says of itself, and the dtype of each array.

    The library checks that shapes and places agree with what is there, but lets a name stand twice.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        size = os.fstat(file.fileno()).st_size
        if not 2 <= length <= min(LONGEST, size - 8):
            raise ValueError(
                f"it is no file of safetensors, or cut off: its header would take {length:,} bytes "
                f"of {size:,}"
            )
        header = parse(file.read(length))
    told = header.pop("__metadata__", {})
    if not isinstance(told, dict):
        raise ValueError("what its header says of the file is no object")
    for name, row in header.items():
        kind = row.get("dtype") if isinstance(row, dict) else row
        if not isinstance(kind, str) or kind not in DTYPES:
            raise ValueError(
                f"{name} holds {kind!r:.80}, which NumPy has not; expected one of "
                f"{', '.join(DTYPES)}"
            )
    return told, {name: row["dtype"] for name, row in header.items()}


def _tensor(file: Any, name: str, dtype: str) -> Array:
    array: Array = file.get_tensor(name)
    if array.dtype != np.dtype(DTYPES[dtype]):
        raise ValueError(f"{name} holds {dtype}, which was read as {array.dtype}")
    return array


def _checksum(state: Mapping[str, Array]) -> str:
    """The SHA-256 of all names, dtypes, shapes and values, in any order of the arrays."""
    digest = hashlib.sha256()
    for name in sorted(state):
        array: Any = np.asarray(state[name], order="C")
        digest.update(f"{len(name)} {name} {array.dtype.str} {array.shape} ".encode())
        digest.update(memoryview(array.reshape(-1).view(np.uint8)))
    return digest.hexdigest()


def _matched(
    expected: Mapping[str, Array],
    found: dict[str, Array],
    names: Mapping[str, Turned],
    strict: bool,
) -> dict[str, Array]:
    """The arrays by the net's own names; ValueError for names that are left on either side."""
    state, left = {}, dict(found)
    for name in expected:
        other = names[name]
        if name in left and other.name in left and other.name != name:
            raise ValueError(f"it has both {name} and {other.name}, which are the same in the net")
        if name in left:
            state[name] = left.pop(name)
        elif other.name in left:
            state[name] = other.here(left.pop(other.name))
    missing = [name for name in expected if name not in state]
    # PyTorch counts the batches of its batch normalisation, which nothing depends on
    surplus = [name for name in left if not name.endswith("num_batches_tracked")]
    for name, array in state.items():
        if array.dtype.kind != expected[name].dtype.kind:
            raise ValueError(f"{name} holds {array.dtype}, and the net {expected[name].dtype}")
    if strict and (missing or surplus):
        raise ValueError(
            f"it was saved from another architecture: it lacks {_listed(missing)}; the net has no "
            f"{_listed(surplus)}"
        )
    return state


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return (", ".join(names[:5]) or "nothing") + more
