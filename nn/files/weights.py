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
from .header import is_pickled, parse
from .names import Partner, torch_names

__all__ = ["load_weights", "save_weights"]

Array = np.ndarray[Any, Any]
REMEDY = "replace it by a complete copy, or save it again"
LONGEST = 1 << 26  # bytes of a header
DTYPES = {"F16": "f2", "F32": "f4", "F64": "f8", "I8": "i1", "I16": "i2", "I32": "i4", "I64": "i8",
          "U8": "u1", "U16": "u2", "U32": "u4", "U64": "u8", "BOOL": "?"}  # fmt: skip


def save_weights(net: Module, path: str | os.PathLike[str], *, layout: str | None = None) -> None:
    """Write the parameters and buffers of a net into a file of safetensors, whole or not at all.

    layout   None: the names of `net.state_dict()` and the arrays as they are. "torch": as PyTorch
             has them, for `torch_net.load_state_dict(safetensors.torch.load_file(path))`
    NaN are written as they are. Raises OSError where the file cannot be written, ValueError where
    two arrays have one name in PyTorch, and ImportError without the package safetensors
    (`pip install "gategrad[weights]"`).
    """
    if layout not in (None, "torch"):
        raise ValueError(f'save_weights: layout is {layout!r}; expected None or "torch"')
    path, state = Path(path), _state(net)
    if layout == "torch":
        state = _for_torch(net, state)
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

    The file has the names of `net.state_dict()`, or those of PyTorch: weight for W, bias for b,
    matrices as (out, in). Where all names are the same in both, as those of a recurrent layer are,
    it is taken for PyTorch's unless `save_weights` noted in it that it is not. With strict=False,
    what has no partner on the other side is left out. All is loaded, or nothing: raises FileError
    for files that are damaged, for other architectures, dtypes that would be rounded, and NaN;
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
        state = _matched(expected, found, _partners(net, expected, found, told), strict)
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
        first = file.read(8)
        length = int.from_bytes(first, "little")
        size = os.fstat(file.fileno()).st_size
        if not 2 <= length <= min(LONGEST, size - 8):
            if is_pickled(first):
                raise ValueError(
                    "it is a zip archive or a pickle, such as torch.save writes, which is never "
                    "read; in PyTorch write safetensors.torch.save_file(net.state_dict(), path)"
                )
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


def _for_torch(net: Module, state: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays as PyTorch names and lays them out."""
    partners, arrays = torch_names(net), dict[str, Array]()
    for name, array in state.items():
        for partner in partners.get(name, [Partner(name)]):
            if partner.name in arrays:
                raise ValueError(
                    f"save_weights: {name} and another array of {type(net).__name__} are both "
                    f"{partner.name} in PyTorch; give one another name in its class: "
                    'torch_names = {"here": "there"}'
                )
            arrays[partner.name] = partner.there(array)
    return arrays


def _partners(
    net: Module, expected: Mapping[str, Array], found: Mapping[str, Array], told: Mapping[str, Any]
) -> dict[str, list[Partner]]:
    """How a file names and lays out the arrays of the net: as PyTorch does, or as here."""
    here = {name: [Partner(name)] for name in expected}
    there = here | torch_names(net)
    theirs = {partner.name for partners in there.values() for partner in partners}
    lead = len(found.keys() & (theirs - here.keys())) - len(found.keys() & (here.keys() - theirs))
    by_torch = lead > 0 or (lead == 0 and told.get("format") != "np")
    return there if by_torch else here


def _matched(
    expected: Mapping[str, Array],
    found: dict[str, Array],
    partners: Mapping[str, list[Partner]],
    strict: bool,
) -> dict[str, Array]:
    """The arrays by the net's own names; ValueError for names that are left on either side."""
    state, left = dict[str, Array](), dict(found)
    for name, usual in expected.items():
        for partner in partners[name]:
            if partner.name not in left:
                continue
            array = partner.here(left.pop(partner.name), usual.shape)
            first = state.setdefault(name, array)
            if first is not array and not np.array_equal(array, first):
                raise ValueError(f"{partner.name} is {name} in the net, and so is another of it")
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
