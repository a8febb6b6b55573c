"""What the tests of damaged and hostile files share: how one is refused, and how some are made."""

from __future__ import annotations

import gzip
import sys
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import saved
from draws import generator

import nn

ROW, GOOD = 1 + 3072, "cifar-10-batches-bin/data_batch_1.bin"


class Bomb:
    """What runs when somebody unpickles it."""

    def __reduce__(self) -> Any:
        return (sys.exit, (99,))


def refused(load: Callable[[], Any], run: dict[str, Any], path: Path) -> nn.FileError:
    """The error; neither the run nor the file has changed, and little memory was used."""
    before, content = saved.digest(run), path.read_bytes() if path.is_file() else b""
    tracemalloc.start()
    try:
        with pytest.raises(nn.FileError) as raised:
            load()
        used = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert used < (40 << 20) + 20 * len(content)
    assert saved.digest(run) == before
    assert not content or path.read_bytes() == content
    assert raised.value.remedy in str(raised.value)
    return raised.value


def records(count: int, seed: int = 0) -> bytes:
    made = generator(seed).integers(0, 256, (count, ROW), dtype=np.uint8)
    made[:, 0] %= 10
    return made.tobytes()


def members() -> dict[str, bytes]:
    names = [*(f"data_batch_{k}.bin" for k in range(1, 6)), "test_batch.bin"]
    return {f"cifar-10-batches-bin/{name}": records(2, k) for k, name in enumerate(names)}


def archive(
    files: dict[str, bytes], change: Callable[[tarfile.TarInfo], Any] | None = None
) -> bytes:
    """A compressed archive; `change` gets the entry of the first batch."""
    made = b""
    for name, content in files.items():
        info = tarfile.TarInfo(name)
        info.size = len(content)
        if name == GOOD and change is not None:
            change(info)
        made += info.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512)
    return gzip.compress(made + bytes(1024))
