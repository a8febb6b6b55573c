"""The other data sets: formulas, shapes, downloads from this machine, and the text."""

from __future__ import annotations

import gzip
import hashlib
import importlib
import io
import itertools
import random
import re
import struct
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import nn
from autograd import DTypeError

POINTS: dict[str, tuple[Callable[..., Any], int]] = {
    "moons": (nn.moons, 2), "circles": (nn.circles, 2), "xor": (nn.xor, 4), "blobs": (nn.blobs, 3),
}  # fmt: skip


@pytest.mark.parametrize("name", POINTS)
def test_points_have_their_shapes_seeds_and_noise(name: str) -> None:
    make, parts = POINTS[name]
    X, y = make(400, noise=0.1, seed=3)
    clean, labels = make(400, noise=0, seed=3)
    assert (X.shape, X.dtype, y.shape) == ((400 * parts, 2), np.float64, (400 * parts,))
    np.testing.assert_array_equal(y, labels)
    assert np.abs((X - clean).std() - 0.1) < 0.02
    np.testing.assert_array_equal(X, make(400, noise=0.1, seed=3)[0])
    assert (make(400, noise=0.1, seed=4)[0] != X).any()
    assert make(2, dtype=np.float32)[0].dtype == np.float32
    for bad in ({"points": 0}, {"noise": -1.0}, {"noise": float("nan")}, {"dtype": int}):
        with pytest.raises(ValueError, match=name):
            make(**bad)
    for wrong in ({"points": 2.5}, {"noise": "loud"}):
        with pytest.raises(TypeError, match=name):
            make(**wrong)


def test_points_are_those_of_their_formulas() -> None:
    (moons, y), t = nn.moons(50, noise=0), np.linspace(0, np.pi, 50)
    assert_close(moons[y == 0], np.stack([np.cos(t), np.sin(t)], 1))
    assert_close(moons[y == 1], np.stack([1 - np.cos(t), 0.5 - np.sin(t)], 1))
    circles, y = nn.circles(50, factor=0.3, noise=0)
    assert_close(np.linalg.norm(circles, axis=1), np.where(y == 0, 1, 0.3))
    X, y = nn.xor(20, noise=0)
    np.testing.assert_array_equal(y, X[:, 0].astype(int) ^ X[:, 1].astype(int))
    blobs, y = nn.blobs(5, 4, noise=0)
    assert_close(blobs, np.stack([np.cos(np.pi / 2 * y), np.sin(np.pi / 2 * y)], 1))
    with pytest.raises(ValueError, match="factor is 2"):
        nn.circles(factor=2)


def test_moons_and_circles_are_those_of_scikit_learn() -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    assert_close(nn.moons(50, noise=0)[0], datasets.make_moons(100, shuffle=False)[0])
    expected = datasets.make_circles(100, shuffle=False, factor=0.5)[0]
    assert_close(nn.circles(50, noise=0)[0], expected)


# --- what other packages bring ------------------------------------------------------------------


def test_digits() -> None:
    pytest.importorskip("sklearn")
    (x, t), (x_test, t_test) = nn.digits()
    assert (x.shape, x.dtype, x_test.shape) == ((1437, 64), np.float32, (360, 64))
    assert (t.dtype, x.min(), x.max()) == (np.int64, 0, 1)
    images, labels = sys.modules["sklearn.datasets"].load_digits(return_X_y=True)
    ours = {
        (*row, label) for row, label in zip(np.r_[x, x_test] * 16, np.r_[t, t_test], strict=True)
    }
    assert ours == {(*row, label) for row, label in zip(images, labels, strict=True)}
    (raw, one_hot), _ = nn.digits(
        normalize=False, flatten=False, one_hot_label=True, test=7, seed=2
    )
    assert (raw.shape, one_hot.shape, raw.max()) == ((1790, 1, 8, 8), (1790, 10), 16)
    with pytest.raises(ValueError, match="less than all 1797"):
        nn.digits(test=1797)
    with pytest.raises(DTypeError, match="digits"):
        nn.digits(dtype=int)


def test_mnist1d_leaves_the_shared_generators_alone() -> None:
    pytest.importorskip("mnist1d")
    np.random.seed(5)
    random.seed(5)
    expected = np.random.RandomState(5).random(), random.Random(5).random()
    (x, t), (x_test, t_test) = nn.mnist1d()
    assert (np.random.random(), random.random()) == expected
    assert (x.shape, x.dtype, x_test.shape) == ((4000, 40), np.float32, (1000, 40))
    assert (t.dtype, t_test.shape) == (np.int64, (1000,))
    (other, t_other), _ = nn.mnist1d(shuffled=True)
    np.testing.assert_array_equal(t, t_other)
    assert (other != x).any()
    assert_close(np.sort(other, axis=1), np.sort(x, axis=1), dtype=np.float32)


@pytest.mark.parametrize(("call", "package"), [(nn.digits, "sklearn"), (nn.mnist1d, "mnist1d")])
def test_without_their_packages_the_way_is_told(
    call: Any, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (package, f"{package}.datasets", f"{package}.data"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match="pip install"):
        call()


# --- downloads, from this machine ---------------------------------------------------------------


def idx(values: Any) -> bytes:
    values = np.asarray(values, np.uint8)
    head = struct.pack(f">{1 + values.ndim}I", 0x800 + values.ndim, *values.shape)
    return head + values.tobytes()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("GATEGRAD_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("sys.platform", "linux")
    return tmp_path


def test_fashion_mnist_is_downloaded_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, rng, sums = sys.modules["nn.data.fashion_mnist"], generator(0), {}
    for part, count in (("train", 5), ("t10k", 3)):
        for kind, made in (("images-idx3", rng.integers(0, 256, (count, 28, 28))),
                           ("labels-idx1", rng.integers(0, 10, count))):  # fmt: skip
            name = f"{part}-{kind}-ubyte"
            (place / f"{name}.gz").write_bytes(gzip.compress(idx(made)))
            sums[name] = hashlib.sha256(idx(made)).hexdigest()
    monkeypatch.setattr(module, "SHA256", sums)
    monkeypatch.setattr(module, "MIRRORS", ["file:///nowhere/{name}.gz"])
    with pytest.raises(nn.DatasetError, match="the download failed"):
        nn.fashion_mnist()
    with pytest.raises(nn.DatasetError, match="download=False"):
        nn.fashion_mnist(download=False)
    monkeypatch.setattr(module, "MIRRORS", [place.as_uri() + "/{name}.gz"])
    (x, t), (x_test, _) = nn.fashion_mnist()
    assert (x.shape, t.shape, x_test.shape) == ((5, 784), (5,), (3, 784))
    monkeypatch.setattr(module, "MIRRORS", [])
    np.testing.assert_array_equal(nn.fashion_mnist(download=False)[0][0], x)
    np.testing.assert_array_equal(nn.fashion_mnist(place)[0][0], x)
    cached = place / "cache" / "gategrad" / "fashion-mnist"
    assert sorted(p.name for p in cached.iterdir()) == sorted(f"{name}.gz" for name in sums)
    assert len(nn.data.FASHION) == len(nn.data.CIFAR10) == 10


def test_fashion_mnist_is_not_mistaken_for_mnist(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files have the same names: of $GATEGRAD_DATA only its own folder is looked at."""
    monkeypatch.setenv("GATEGRAD_DATA", str(place))
    for part, count in (("train", 5), ("t10k", 3)):
        (place / f"{part}-images-idx3-ubyte").write_bytes(idx(np.zeros((count, 28, 28))))
        (place / f"{part}-labels-idx1-ubyte").write_bytes(idx(np.zeros(count)))
    assert len(nn.mnist()[0][0]) == 5
    with pytest.raises(nn.DatasetError, match="download=False"):
        nn.fashion_mnist(download=False)
    (place / "fashion-mnist").mkdir()
    with pytest.raises(nn.DatasetError, match="missing from the folder in GATEGRAD_DATA"):
        nn.fashion_mnist(download=False)


def test_cifar10_is_downloaded_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, made = sys.modules["nn.data.cifar10"], io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for name in module.TRAIN + module.TEST:
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = 3073
            tar.addfile(info, io.BytesIO(bytes(3073)))
    (place / module.ARCHIVE).write_bytes(made.getvalue())
    monkeypatch.setattr(module, "URLS", [(place / module.ARCHIVE).as_uri()])
    with pytest.raises(nn.DatasetError, match=r"the download failed .* expected c4a38c50"):
        nn.cifar10()
    monkeypatch.setattr(module, "SHA256", hashlib.sha256(made.getvalue()).hexdigest())
    (x, _), (x_test, _) = nn.cifar10()
    assert (x.shape, x_test.shape) == ((5, 3, 32, 32), (1, 3, 32, 32))
    (place / module.ARCHIVE).unlink()
    assert len(nn.cifar10()[0][0]) == 5
    with pytest.raises(DTypeError, match="cifar10"):
        nn.cifar10(dtype=int)


# --- the text -----------------------------------------------------------------------------------


def test_tales_are_the_same_everywhere_and_well_formed() -> None:
    text = nn.tales()
    assert len(text) == 100_000
    assert text[:5000] == nn.tales(5000)
    assert text[:1000] != nn.tales(1000, seed=1)
    assert text.isascii()
    assert not re.search(r"[{}]|[.] [a-z]|NAME|THE[YMI]|\ba [aeiou]|  ", text)
    tales = text.split("\n\n")[:-1]
    assert len(set(tales)) == len(tales) > 200
    for tale in tales:  # she or he, and no other one
        words = set(re.findall(r"[a-z]+", tale.lower()))
        assert not (words & {"she", "her"} and words & {"he", "him", "his"}), tale
    numbers, alphabet = nn.data.characters(text)
    assert "".join(alphabet[k] for k in numbers[:200]) == text[:200]
    assert len(alphabet) < 64
    with pytest.raises(ValueError, match="length is 0"):
        nn.tales(0)
    with pytest.raises(TypeError, match="expected a text"):
        nn.data.characters(b"abc")  # type: ignore[arg-type]


def test_the_entropy_of_the_tales(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is what the choices of many tales tell, each by its number of lines."""
    module = importlib.import_module("nn.data.tales")
    bits, genuine = list[float](), module._one

    def counted(lines: list[str], rng: np.random.RandomState) -> str:
        bits.append(np.log2(len(lines)))
        return genuine(lines, rng)

    monkeypatch.setattr(module, "_one", counted)
    rng = np.random.RandomState(int(generator(13).integers(1 << 31)))
    rates, length, entropy = list[float](), 0, nn.data.tales_entropy()
    for _ in range(3000):
        bits.clear()
        tale = module._tale(rng)
        rates.append(sum(bits) - entropy * len(tale))
        length += len(tale)
    error = np.std(rates) / len(rates) ** 0.5  # of the mean of what is 0 on average
    assert abs(np.mean(rates)) < 5 * error
    assert error * len(rates) / length < 1e-3


def test_a_text_of_the_tales_grows_in_one_way_only() -> None:
    """Then the entropy of a text is that of the choices that made it."""
    grammar = importlib.import_module("nn.data.tales").GRAMMAR

    def grown(symbol: str) -> list[str]:
        texts = []
        for line in grammar[symbol]:
            parts = [grown(x) if k % 2 else [x] for k, x in enumerate(re.split(r"{(\w+)}", line))]
            texts += ["".join(p) for p in itertools.product(*parts)]
        return texts

    for symbol in grammar.keys() - {"tale", "try"}:
        texts = grown(symbol)
        assert len(set(texts)) == len(texts), symbol
