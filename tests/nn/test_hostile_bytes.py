"""Every kind of file that is read, cut off at every 97th byte, and with other bytes in it."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import saved
from draws import generator
from hostile import GOOD, archive, members, refused

import nn

Load = Callable[[], Any]


def idx(values: Any) -> bytes:
    header = struct.pack(f">{1 + values.ndim}I", 0x800 + values.ndim, *values.shape)
    return header + values.astype(np.uint8).tobytes()


def checkpoint(folder: Path) -> Path:
    nn.save_checkpoint(folder / "c", **saved.parts(1), extra={"step": 3})
    return folder / "c"


def weights(folder: Path, layout: str | None = None) -> Path:
    pytest.importorskip("safetensors")
    nn.save_weights(saved.Net(1), folder / "w", layout=layout)
    return folder / "w"


def mnist(folder: Path, name: str, suffix: str = "") -> Path:
    rng = generator(0)
    for part, count in (("train", 3), ("t10k", 2)):
        for kind, values in (
            ("images-idx3", rng.integers(0, 256, (count, 28, 28))),
            ("labels-idx1", rng.integers(0, 10, count)),
        ):
            content = idx(values)
            path = folder / f"{part}-{kind}-ubyte{suffix}"
            path.write_bytes(gzip.compress(content) if suffix else content)
    return folder / f"{name}-ubyte{suffix}"


def cifar(folder: Path, packed: bool) -> Path:
    if packed:
        (folder / "cifar-10-binary.tar.gz").write_bytes(archive(members()))
        return folder / "cifar-10-binary.tar.gz"
    (folder / GOOD).parent.mkdir()
    for name, content in members().items():
        (folder / name).write_bytes(content)
    return folder / GOOD


# how one is made, how its folder is read, and whether a checksum in it guards the data
KINDS: dict[str, tuple[Callable[[Path], Path], Callable[[Path, dict[str, Any]], Any], bool]] = {
    "checkpoint": (checkpoint, lambda p, run: nn.load_checkpoint(p, **run), True),
    "weights": (weights, lambda p, run: nn.load_weights(run["net"], p), True),
    "weights for PyTorch": (
        lambda f: weights(f, "torch"), lambda p, run: nn.load_weights(run["net"], p), True),
    "images": (lambda f: mnist(f, "train-images-idx3"), lambda p, run: nn.mnist(p.parent), False),
    "labels": (lambda f: mnist(f, "t10k-labels-idx1"), lambda p, run: nn.mnist(p.parent), False),
    "images, gzip": (
        lambda f: mnist(f, "train-images-idx3", ".gz"), lambda p, run: nn.mnist(p.parent), True),
    "labels, gzip": (
        lambda f: mnist(f, "t10k-labels-idx1", ".gz"),
        lambda p, run: nn.fashion_mnist(p.parent), True),
    "CIFAR-10, an archive": (
        lambda f: cifar(f, packed=True), lambda p, run: nn.cifar10(p.parent), True),
    "CIFAR-10, a file": (
        lambda f: cifar(f, packed=False), lambda p, run: nn.cifar10(p.parent), False),
}  # fmt: skip


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    make, load, guarded = KINDS[request.param]
    path = make(tmp_path)
    load(path, saved.parts(1))  # whole, it is read
    return path, load, guarded


def test_cut_off_at_every_97th_byte(kind: Any) -> None:
    path, load, _ = kind
    whole, run = path.read_bytes(), saved.parts(2)
    for length in {*range(0, len(whole), 97), len(whole) - 1}:
        if path.name == Path(GOOD).name and length and length % 3073 == 0:
            continue  # a whole number of images
        path.write_bytes(whole[:length])
        refused(lambda: load(path, run), run, path)


def test_twice_or_turned_round_or_packed(kind: Any) -> None:
    path, load, _ = kind
    whole, run = path.read_bytes(), saved.parts(2)
    packed = gzip.compress(whole)
    made = [whole[::-1], packed[:-5], b"\x1f\x8b\x08\0" + bytes(100), b"\x1f\x8b" + whole]
    made += [whole + whole] if "cifar" not in str(path) else []  # which has the same images
    for content in made:
        path.write_bytes(content)
        refused(lambda: load(path, run), run, path)


def test_other_bytes_in_it(kind: Any) -> None:
    """Refused, or they tell of nothing that is read, or stand in data that no checksum guards."""
    path, load, guarded = kind
    whole, run, rng = path.read_bytes(), saved.parts(2), generator(11)
    right = saved.parts(1)
    wanted = load(path, right)
    for k in range(60):
        damaged = bytearray(whole)
        places = rng.integers(0, min(len(whole), 200 if k % 2 else len(whole)), 1 + k % 3)
        for place in places:
            damaged[place] = int(rng.integers(256))
        path.write_bytes(damaged)
        before = saved.digest(run)
        try:
            found = load(path, run)
        except nn.FileError:
            assert saved.digest(run) == before
            continue
        if not guarded:
            for part, other in zip(found, wanted, strict=True):
                assert [x.shape[1:] for x in part] == [x.shape[1:] for x in other]
                assert part[0].min() >= 0
                assert part[0].max() <= 1
                assert set(part[1]) <= set(range(10))
        elif wanted is None or isinstance(wanted, dict):
            for name, value in right["net"].state_dict().items():
                np.testing.assert_array_equal(run["net"].state_dict()[name], value)
            run = saved.parts(2)
        else:
            for part, other in zip(found, wanted, strict=True):
                for x, y in zip(part, other, strict=True):
                    np.testing.assert_array_equal(x, y)
