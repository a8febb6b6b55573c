"""The spiral and MNIST: facts, options, and every kind of damaged file."""

from __future__ import annotations

import gzip
import os
import pickle
import struct
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from draws import generator

import nn
from autograd import DTypeError, ShapeError, UnsupportedError
from nn import DatasetError, SubsetWarning
from nn.rng import as_rng

ROOT = Path(__file__).resolve().parents[2]
NAMES = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
         "t10k-labels-idx1-ubyte"]  # fmt: skip


# --- spiral -----------------------------------------------------------------------------------


def test_spiral_is_the_one_of_the_notes() -> None:
    np.random.seed(0)
    N, D, K = 100, 2, 3
    X, y = np.zeros((N * K, D)), np.zeros(N * K, dtype="uint8")
    for j in range(K):
        ix = range(N * j, N * (j + 1))
        r = np.linspace(0.0, 1, N)
        t = np.linspace(j * 4, (j + 1) * 4, N) + np.random.randn(N) * 0.2
        X[ix] = np.c_[r * np.sin(t), r * np.cos(t)]
        y[ix] = j
    ours, labels = nn.spiral(seed=np.random.RandomState(0))
    np.testing.assert_array_equal(ours, X)
    np.testing.assert_array_equal(labels, y)
    assert (ours[::100] == 0).all()  # the first point of each class is the origin


def test_spiral_options() -> None:
    X, y = nn.spiral(7, 4, seed=3, dtype=np.float32)
    assert (X.shape, X.dtype, y.shape) == ((28, 2), np.float32, (28,))
    np.testing.assert_array_equal(X, nn.spiral(7, 4, seed=3, dtype=np.float32)[0])
    assert not np.array_equal(X, nn.spiral(7, 4, seed=4, dtype=np.float32)[0])
    for bad in ({"points": 0}, {"classes": 0}, {"noise": -1.0}, {"noise": float("nan")},
                {"noise": float("inf")}, {"dtype": int}):  # fmt: skip
        with pytest.raises(ValueError, match="spiral"):
            nn.spiral(**bad)  # type: ignore[arg-type]
    for wrong in ({"points": 2.5}, {"classes": "3"}, {"noise": "loud"}, {"noise": None}):
        with pytest.raises(TypeError, match="spiral"):
            nn.spiral(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int64])
def test_small_kinds_of_integers_are_counts(kind: type) -> None:
    X, y = nn.spiral(kind(100), kind(3), seed=0)  # type: ignore[call-arg]
    np.testing.assert_array_equal(X, nn.spiral(100, 3, seed=0)[0])
    assert np.bincount(y).tolist() == [100, 100, 100]
    sizes = [len(t) for _, t in nn.batches(np.ones((250, 784)), np.ones(250), kind(100))]  # type: ignore[call-arg]
    assert sizes == [100, 100, 50]


def test_seeds() -> None:
    rng = generator(1)
    assert as_rng(rng) is rng
    with pytest.raises(TypeError, match="seed"):
        as_rng(1.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="seed"):
        as_rng(True)
    with pytest.raises(ValueError, match="at least 0"):
        as_rng(-1)


# --- MNIST: what is read ----------------------------------------------------------------------


def idx(values: np.ndarray) -> bytes:
    values = np.asarray(values, np.uint8)
    return (
        struct.pack(f">{1 + values.ndim}I", 0x800 + values.ndim, *values.shape) + values.tobytes()
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = generator(0)
    for part, count in (("train", 20), ("t10k", 10)):
        images = rng.integers(0, 256, (count, 28, 28))
        (tmp_path / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
        labels = rng.integers(0, 10, count)
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(idx(labels))
    return tmp_path


def test_options_of_the_book(folder: Path) -> None:
    (x, t), (x_test, t_test) = nn.mnist(folder)
    assert (x.shape, x.dtype, x_test.shape) == ((20, 784), np.float32, (10, 784))
    assert (t.shape, t.dtype, t_test.shape) == ((20,), np.int64, (10,))
    assert 0 <= x.min() < x.max() <= 1
    (raw, one_hot), _ = nn.mnist(folder, normalize=False, flatten=False, one_hot_label=True)
    assert (raw.shape, raw.dtype, one_hot.shape) == ((20, 1, 28, 28), np.uint8, (20, 10))
    np.testing.assert_array_equal(raw.reshape(20, 784) / np.float32(255), x)
    np.testing.assert_array_equal(one_hot.argmax(axis=1), t)
    assert nn.mnist(folder, dtype=np.float64)[0][0].dtype == np.float64


@pytest.mark.parametrize("dtype", [int, bool, np.uint8, str, complex, object, "M8[s]", "nosuch"])
def test_pixels_are_floats(dtype: object) -> None:
    with pytest.raises(DTypeError, match=r"mnist: got dtype .* expected a kind of float"):
        nn.mnist(subset=True, dtype=dtype)  # type: ignore[call-overload]


def test_the_other_spelling(folder: Path) -> None:
    os.rename(folder / NAMES[1], folder / "train-labels.idx1-ubyte")
    assert nn.mnist(folder)[0][1].shape == (20,)


def test_environment_variable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEGRAD_DATA", str(folder))
    assert nn.mnist()[0][0].shape == (20, 784)
    inner = folder / "mnist"
    inner.mkdir()
    for file in [f for f in folder.iterdir() if f.is_file()]:
        file.rename(inner / file.name)
    assert nn.mnist()[0][0].shape == (20, 784)
    next(inner.iterdir()).unlink()
    with pytest.raises(DatasetError, match="missing from the folder in GATEGRAD_DATA"):
        nn.mnist()


def test_the_subset_is_genuine() -> None:
    (x, t), (x_test, t_test) = nn.mnist(subset=True, normalize=False)
    assert (len(x), len(t), len(x_test), len(t_test)) == (5000, 5000, 1000, 1000)
    assert t[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    full = os.environ.get("GATEGRAD_DATA")
    if not full:
        pytest.skip("GATEGRAD_DATA does not name the real files to compare with")
    (x_full, t_full), (x_test_full, t_test_full) = nn.mnist(normalize=False)
    np.testing.assert_array_equal(x, x_full[:5000])
    np.testing.assert_array_equal(t, t_full[:5000])
    np.testing.assert_array_equal(x_test, x_test_full[:1000])
    np.testing.assert_array_equal(t_test, t_test_full[:1000])


# --- MNIST: damaged files ---------------------------------------------------------------------

IMAGES = idx(generator(5).integers(0, 256, (20, 28, 28)))
FLIPPED = bytearray(gzip.compress(IMAGES))
FLIPPED[5000] ^= 1  # still gzip, but the checksum at its end does not agree
LABELS = idx(np.zeros(20))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (NAMES[0], gzip.compress(IMAGES)[:-300], "damaged or cut off"),
        (NAMES[0], bytes(FLIPPED), "damaged"),
        (NAMES[0], b"<!DOCTYPE html><html>404", "HTML page"),
        (NAMES[0], gzip.compress(b"\n  <html>busy</html>"), "HTML page"),
        (NAMES[0], b"", "empty"),
        (NAMES[0], b"\0\0\x08\x03\0\0", "within its header"),
        (NAMES[0], LABELS, "magic number is 2049, expected 2051"),
        (NAMES[1], IMAGES, "magic number is 2051, expected 2049"),
        (NAMES[0], IMAGES[:-1], "holds only 15,679"),
        (NAMES[0], IMAGES + b"\0", "holds more"),
        (NAMES[0], struct.pack(">4I", 2051, 2**32 - 1, 28, 28), "promises 3,367,254,359,280"),
        (NAMES[0], struct.pack(">4I", 2051, 0, 2**32 - 1, 2**32 - 1), "4294967295, not 28 x 28"),
        (NAMES[0], struct.pack(">4I", 2051, 0, 28, 28), "promises 0 examples"),
        (NAMES[1], struct.pack(">2I", 2049, 0), "promises 0 examples"),
        (NAMES[0], gzip.compress(struct.pack(">4I", 2051, 20, 28, 28)), "holds only 0"),
        (NAMES[0], idx(np.zeros((20, 32, 32))), "32 x 32, not 28 x 28"),
        (NAMES[1], idx(np.zeros(19)), "19 labels for 20 images"),
        (NAMES[1], idx([0] * 7 + [10] + [0] * 12), "label 10 at position 7"),
        (NAMES[1], None, "missing from the folder"),
    ],
    ids=lambda value: "content" if isinstance(value, bytes) else str(value)[:40],
)  # fmt: skip
def test_damaged_files(folder: Path, name: str, content: bytes | None, reason: str) -> None:
    for file in folder.glob(f"{name}*"):
        file.unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(DatasetError, match=reason) as raised:
        nn.mnist(folder)
    assert raised.value.path.name.startswith(name)
    assert raised.value.remedy in str(raised.value)
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)


@pytest.mark.parametrize("kind", ["a folder", "a pipe", "a device", "a loop of links"])
def test_what_is_no_regular_file_is_not_read(folder: Path, kind: str) -> None:
    """A pipe that nobody writes to has no end to wait for, and /dev/zero has none at all."""
    (folder / f"{NAMES[0]}.gz").unlink()
    path = folder / NAMES[0]
    try:
        {"a folder": path.mkdir, "a pipe": lambda: os.mkfifo(path),
         "a device": lambda: path.symlink_to("/dev/zero"),
         "a loop of links": lambda: path.symlink_to(path)}[kind]()  # fmt: skip
    except (OSError, AttributeError):
        pytest.skip(f"no {kind} here")
    code = (
        "import sys, nn\n"
        "try: nn.mnist(sys.argv[1])\n"
        "except nn.DatasetError as error: print(error.reason)\n"
    )
    done = subprocess.run(  # a process of its own: this one would wait
        [sys.executable, "-c", code, str(folder)], cwd=ROOT, capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
    assert "cannot be" in done.stdout, done.stderr
    if kind != "a loop of links":
        assert f"it is {kind}" in done.stdout


@pytest.mark.parametrize("name", ["x" * 300, "y/" * 3000, "a\0b", "a\ud800b"])
def test_names_that_no_folder_can_have(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DatasetError):
        nn.mnist(name)
    if "\0" not in name:
        monkeypatch.setenv("GATEGRAD_DATA", name.replace("\ud800", ""))
        with pytest.raises(DatasetError):
            nn.mnist()


@pytest.mark.parametrize(
    ("header", "size"),
    [((2051, 60, 1024, 1024), 60 << 20), ((2051, 20, 28, 28), 60 << 20),
     ((2051, 80_000, 28, 28), 80_000 * 784)],
    ids=["large images", "more than its header says", "more images than labels"],
)  # fmt: skip
def test_a_small_archive_does_not_fill_the_memory(
    folder: Path, header: tuple[int, ...], size: int
) -> None:
    packer = zlib.compressobj(9, wbits=31)
    parts = [packer.compress(struct.pack(">4I", *header))]
    parts += [packer.compress(bytes(1 << 20)) for _ in range(size >> 20)]
    parts += [packer.compress(bytes(size % (1 << 20))), packer.flush()]
    (folder / f"{NAMES[0]}.gz").write_bytes(b"".join(parts))
    del parts
    tracemalloc.start()
    try:
        with pytest.raises(DatasetError):
            nn.mnist(folder)
        assert tracemalloc.get_traced_memory()[1] < 10 << 20
    finally:
        tracemalloc.stop()


# --- MNIST: download --------------------------------------------------------------------------


@pytest.fixture
def mirror(folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch) -> Path:  # type: ignore[no-untyped-def]
    """A mirror in a folder, and an empty cache; its checksums are the expected ones."""
    import hashlib

    module = __import__("sys").modules["nn.data.mnist"]
    place = tmp_path_factory.mktemp("mirror")
    checksums = {}
    for name in NAMES:
        source = next(folder.glob(f"{name}*"))
        data = source.read_bytes()
        plain = gzip.decompress(data) if source.suffix == ".gz" else data
        (place / f"{name}.gz").write_bytes(gzip.compress(plain))
        checksums[name] = hashlib.sha256(plain).hexdigest()
    monkeypatch.delenv("GATEGRAD_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "cache"))
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(module, "SHA256", checksums)
    monkeypatch.setattr(module, "MIRRORS", [place.as_uri() + "/{name}.gz"])
    return place


def cached(mirror: Path) -> list[str]:
    return sorted(file.name for file in (mirror / "cache").rglob("*") if file.is_file())


def test_download_into_the_cache_once(mirror: Path) -> None:
    assert nn.mnist()[0][0].shape == (20, 784)
    assert cached(mirror) == sorted(f"{name}.gz" for name in NAMES)
    for file in mirror.glob("*.gz"):
        file.unlink()
    assert nn.mnist()[0][0].shape == (20, 784)


def test_the_next_mirror_is_tried(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = __import__("sys").modules["nn.data.mnist"]
    monkeypatch.setattr(module, "MIRRORS", ["file:///nowhere/{name}.gz", *module.MIRRORS])
    assert nn.mnist()[0][0].shape == (20, 784)


@pytest.mark.parametrize("content", [b"<html>", gzip.compress(b"other"), b"\x1f\x8b broken"],
                         ids=["html", "other", "broken"])  # fmt: skip
def test_a_wrong_download_is_thrown_away(mirror: Path, content: bytes) -> None:
    (mirror / f"{NAMES[0]}.gz").write_bytes(content)
    with pytest.warns(SubsetWarning, match="GATEGRAD_DATA"):
        (x, _), _ = nn.mnist()
    assert len(x) == 5000
    assert f"{NAMES[0]}.gz" not in cached(mirror)
    assert not any(name.startswith(".") for name in cached(mirror))


def test_an_interrupted_download_leaves_nothing(mirror: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    module = __import__("sys").modules["nn.data.download"]

    def interrupted(url: str, file: object, label: str) -> None:
        file.write(b"half")  # type: ignore[attr-defined]
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "_copy", interrupted)
    with pytest.raises(KeyboardInterrupt):
        nn.mnist()
    assert cached(mirror) == []


def test_offline_without_download(mirror: Path) -> None:
    with pytest.warns(SubsetWarning, match="download=False"):
        assert len(nn.mnist(download=False)[0][0]) == 5000
    assert cached(mirror) == []


def test_batches_go_through_all_examples_once() -> None:
    x, t = np.arange(14.0).reshape(7, 2), np.arange(7)
    seen = list(nn.batches(x, t, 3, seed=0))
    assert [len(labels) for _, labels in seen] == [3, 3, 1]
    order = np.concatenate([labels for _, labels in seen])
    assert sorted(order) == list(t)
    assert list(order) != list(t)
    for batch, labels in seen:
        np.testing.assert_array_equal(batch, x[labels])
        assert not batch.flags.writeable


def test_batches_are_gathered_in_parts_and_repeat_with_the_seed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = generator(0).normal(size=(50, 4))
    whole = [b.copy() for b, _ in nn.batches(x, np.arange(50), 8, seed=3)]
    monkeypatch.setattr("nn.data.mini_batches.GATHERED", 16 * x[:1].nbytes)
    for part, (batch, _) in zip(whole, nn.batches(x, np.arange(50), 8, seed=3), strict=True):
        np.testing.assert_array_equal(part, batch)


def test_passes_with_one_generator_differ() -> None:
    rng, t = generator(0), np.arange(20)
    first, second = (np.concatenate([b for b, _ in nn.batches(t, t, 6, seed=rng)]) for _ in "ab")
    assert list(first) != list(second)


def test_batches_say_what_does_not_fit() -> None:
    with pytest.raises(ShapeError, match=r"x is \(3, 2\) and t is \(4,\)"):
        nn.batches(np.ones((3, 2)), np.ones(4))
    with pytest.raises(ValueError, match="size is 0"):
        nn.batches(np.ones(3), np.ones(3), 0)
    for size in (2.5, "3", None, np.ones(2)):
        with pytest.raises(TypeError, match=r"size is .* expected an integer"):
            nn.batches(np.ones(3), np.ones(3), size)  # type: ignore[arg-type]
    masked = np.ma.array(np.ones(3), mask=[0, 1, 0])
    for x, t in ((masked, np.ones(3)), (np.ones(3), masked)):
        with pytest.raises(UnsupportedError, match="MaskedArray"):
            nn.batches(x, t)
