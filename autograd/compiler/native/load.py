"""Load: generated text as a module whose machine code numba keeps on disk."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

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

    The text is written to a file, because numba keeps machine code beside the file that a
    function comes from. What is executed is the text itself, whatever the file holds.
    """
    path = _folder() / f"loops_{hashlib.sha256(text.encode()).hexdigest()[:24]}.py"
    try:
        known = path.read_text()
    except (OSError, UnicodeDecodeError):
        known = ""
    if known != text:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
            file.write(text)
        Path(file.name).replace(path)
    module = types.ModuleType(f"gategrad_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # where numba looks when it brings back machine code
    exec(compile(text, str(path), "exec"), module.__dict__)
    return module.run  # type: ignore[no-any-return]


def _folder() -> Path:
    """A folder of the user's own that lasts, or else one for this process."""
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        folder = (Path(base) if base else Path.home() / ".cache") / "gategrad" / "numba"
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except (OSError, RuntimeError):  # no home, or not ours to write
        pass
    return _temporary()


def _temporary() -> Path:
    global _own
    if _own is None:
        _own = Path(tempfile.mkdtemp(prefix="gategrad-"))
    return _own


_own: Path | None = None
