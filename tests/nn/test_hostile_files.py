"""Files that are damaged or meant to do harm: refused with one error class, nothing changed."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import saved
from draws import generator
from hostile import GOOD, ROW, Bomb, archive, members, records, refused

import nn
from nn.files.container import MAGIC

# --- checkpoints ------------------------------------------------------------------------------


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    nn.save_checkpoint(tmp_path / "c", **saved.parts(1), extra={"step": 3})
    return tmp_path / "c"


def loaded(path: Path) -> tuple[Callable[[], Any], dict[str, Any], Path]:
    run = saved.parts(2)
    return lambda: nn.load_checkpoint(path, **run), run, path


def test_a_checkpoint_that_is_cut_off_anywhere_is_refused(checkpoint: Path) -> None:
    whole, rng = checkpoint.read_bytes(), generator(1)
    lengths = {0, 1, 21, 22, 25, 30, 31, 100, len(whole) - 1, len(whole) - 32, len(whole) - 33}
    for length in lengths | {*rng.integers(0, len(whole), 60).tolist()}:
        checkpoint.write_bytes(whole[:length])
        refused(*loaded(checkpoint))
    for more in (b"\0", whole, bytes(32)):
        checkpoint.write_bytes(whole + more)
        refused(*loaded(checkpoint))


def test_a_checkpoint_with_any_bit_flipped_is_refused(checkpoint: Path) -> None:
    whole, rng = checkpoint.read_bytes(), generator(2)
    places = {*range(0, 40), *rng.integers(0, len(whole), 120).tolist(), len(whole) - 1}
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        checkpoint.write_bytes(damaged)
        refused(*loaded(checkpoint))
    run = saved.parts(2)
    checkpoint.write_bytes(whole)
    nn.load_checkpoint(checkpoint, **run)
    assert saved.digest(run) == saved.digest(saved.parts(1))


def sealed(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    """A file whose checksum is right, whatever is in it."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    content = MAGIC + struct.pack("<Q", len(text) if length is None else length) + text + data
    return content + hashlib.sha256(content).digest()


def only(node: Any, table: Any = ()) -> dict[str, Any]:
    return {"arrays": list(table), "parts": {"part": node}, "extra": None}


F8, EIGHT = [["<f8", []]], bytes(8)
SEALED: dict[str, bytes] = {
    "header is no JSON": sealed(b"{"), "header is no text": sealed(b"\xff\xfe"),
    "header is a list": sealed([]), "header is empty": sealed(b""),
    "header without parts": sealed({"arrays": []}), "more than its keys": sealed(
        {**only(1), "code": "import os"}),
    "parts is a list": sealed({"arrays": [], "parts": [], "extra": None}),
    "NaN": sealed(b'{"arrays": [], "parts": {"part": NaN}, "extra": null}'),
    "Infinity": sealed(b'{"arrays": [], "parts": {"part": -Infinity}, "extra": null}'),
    "a name twice": sealed(b'{"arrays": [], "parts": {"part": 1, "part": 2}, "extra": null}'),
    "a key twice": sealed(b'{"arrays": [], "parts": {"part": {"dict": {"a": 1, "a": 2}}}, '
                          b'"extra": null}'),
    "an item twice": sealed(only({"items": [[1, 2], [1, 3]]})),
    "items of three": sealed(only({"items": [[1, 2, 3]]})),
    "a list as a key": sealed(only({"items": [[[1], 2]]})),
    "header nested deep": sealed(b"[" * 100_000),
    "data nested deep": sealed(b'{"arrays": [], "parts": {"part": ' + b"[" * 500 + b"]" * 500
                               + b'}, "extra": null}'),
    "a number of many digits": sealed(b'{"arrays": [], "parts": {"part": ' + b"9" * 10_000
                                      + b'}, "extra": null}'),
    "a kind of its own": sealed(only({"object": "os.system"})),
    "a reduce": sealed(only({"__reduce__": ["os.system", ["true"]]})),
    "two kinds": sealed(only({"dict": {}, "tuple": []})),
    "an array that is not there": sealed(only({"array": 0})),
    "array -1": sealed(only({"array": -1}, F8), EIGHT),
    "array by a name": sealed(only({"array": "0"}, F8), EIGHT),
    "array true": sealed(only({"array": True}, F8), EIGHT),
    "a float of its own": sealed(only({"float": "1e5"})),
    "a tuple of text": sealed(only({"tuple": "ab"})),
    "no table": sealed({"arrays": {}, "parts": {}, "extra": None}),
    "a row of three": sealed(only(0, [["<f8", [], 0]]), EIGHT),
    "objects": sealed(only({"array": 0}, [["|O", [1]]]), EIGHT),
    "structures": sealed(only({"array": 0}, [["V8", [1]]]), EIGHT),
    "dtype by a list": sealed(only({"array": 0}, [[["<f8"], [1]]]), EIGHT),
    "dates": sealed(only({"array": 0}, [["<M8[s]", [1]]]), EIGHT),
    "texts": sealed(only({"array": 0}, [["<U2", [1]]]), EIGHT),
    "many axes": sealed(only({"array": 0}, [["<f8", [1] * 65]]), EIGHT),
    "a negative size": sealed(only({"array": 0}, [["<f8", [-1]]]), EIGHT),
    "two negative sizes": sealed(only({"array": 0}, [["<f8", [-1, -1]]]), EIGHT),
    "a broken size": sealed(only({"array": 0}, [["<f8", [1.0]]]), EIGHT),
    "a size true": sealed(only({"array": 0}, [["<f8", [True]]]), EIGHT),
    "a huge array": sealed(only({"array": 0}, [["<f8", [1 << 40]]]), EIGHT),
    "a size that wraps": sealed(only({"array": 0}, [["<f8", [1 << 32, 1 << 32]]]), EIGHT),
    "a size beyond": sealed(only({"array": 0}, [["<f8", [0, 1 << 62]]])),
    "too many axes of nothing": sealed(only({"array": 0}, [["<f8", [0, *[1 << 47] * 5]]])),
    "less than promised": sealed(only({"array": 0}, [["<f8", [2]]]), EIGHT),
    "more than promised": sealed(only({"array": 0}, F8), EIGHT * 2),
    "a truth value of 7": sealed(only({"array": 0}, [["|b1", [1]]]), b"\x07"),
    "a huge header": sealed(only(1), length=1 << 62),
    "a longer header": sealed(only(1), length=999),
    "version 2": sealed(only(1)).replace(b"checkpoint 1", b"checkpoint 2"),
    "a pickle": pickle.dumps(Bomb()), "a pickle after the name": MAGIC + pickle.dumps(Bomb()),
    "nothing": b"", "text": b"hello", "a page": b"<!DOCTYPE html><html>404</html>",
    "only zeros": bytes(1000),
}  # fmt: skip


@pytest.mark.parametrize("case", SEALED)
def test_a_checkpoint_with_the_right_checksum_and_wrong_content(case: str, tmp_path: Path) -> None:
    path, run = tmp_path / "c", saved.parts()
    path.write_bytes(SEALED[case])
    taken: list[Any] = []

    class Part:
        def state_dict(self) -> Any:
            return None

        load_state_dict = taken.append

    refused(lambda: nn.load_checkpoint(path, part=Part()), run, path)
    assert not [state for state in taken if state is not None]


@pytest.mark.parametrize("what", ["checkpoint", "weights"])
def test_archives_and_pickles_are_not_read(what: str, tmp_path: Path) -> None:
    if what == "weights":
        pytest.importorskip("safetensors")
    with zipfile.ZipFile(tmp_path / "bomb", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("../../escaped", bytes(50 << 20))
        packed.writestr("data.pkl", pickle.dumps(Bomb()))
    np.savez(tmp_path / "a.npz", a=np.array([Bomb()], object), allow_pickle=True)
    np.save(tmp_path / "a.npy", np.array([Bomb()], object), allow_pickle=True)
    (tmp_path / "gz").write_bytes(gzip.compress(bytes(1 << 20)))
    (tmp_path / "tar").write_bytes(archive({"../../escaped": b"1"}))
    for protocol in range(6):
        (tmp_path / f"pickle{protocol}").write_bytes(pickle.dumps(Bomb(), protocol))
    load = loaded if what == "checkpoint" else net_of
    for path in sorted(tmp_path.iterdir()):
        error = refused(*load(path))
        if path.name in ("bomb", "a.npz", "pickle2", "pickle5"):
            assert "a zip archive or a pickle, such as torch.save writes" in str(error)
    assert not (tmp_path.parent.parent / "escaped").exists()


@pytest.mark.parametrize("what", ["checkpoint", "weights"])
def test_what_is_no_regular_file_is_not_read(what: str, tmp_path: Path) -> None:
    if what == "weights":
        pytest.importorskip("safetensors")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("/dev/zero")
    places = [tmp_path / "folder", tmp_path / "link", Path("/dev/zero")]
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        places.append(tmp_path / "pipe")
    load = loaded if what == "checkpoint" else net_of
    for path in places:
        assert "expected a regular file" in str(refused(*load(path)))
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert "it is a loop of links" in str(refused(*load(tmp_path / "loop")))


# --- weights ----------------------------------------------------------------------------------


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    pytest.importorskip("safetensors")
    nn.save_weights(saved.Net(1), tmp_path / "w.safetensors")
    return tmp_path / "w.safetensors"


def net_of(path: Path) -> tuple[Callable[[], Any], dict[str, Any], Path]:
    run = saved.parts(2)
    return lambda: nn.load_weights(run["net"], path), run, path


def test_weights_that_are_cut_off_anywhere_are_refused(weights: Path) -> None:
    whole = weights.read_bytes()
    lengths = {0, 1, 7, 8, 9, 100, len(whole) - 1}
    for length in lengths | {*generator(3).integers(0, len(whole), 30).tolist()}:
        weights.write_bytes(whole[:length])
        refused(*net_of(weights))
    for more in (b"\0", whole):
        weights.write_bytes(whole + more)
        refused(*net_of(weights))


def test_a_flipped_bit_changes_no_weight(weights: Path) -> None:
    """In the numbers it is refused; in the header it may be in a remark, which nothing reads."""
    whole, rng, wanted = weights.read_bytes(), generator(4), saved.Net(1).state_dict()
    begins = 8 + struct.unpack("<Q", whole[:8])[0]
    places = rng.integers(0, begins, 80).tolist() + rng.integers(begins, len(whole), 80).tolist()
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        weights.write_bytes(damaged)
        net = saved.Net(2)
        try:
            nn.load_weights(net, weights)
        except nn.FileError:
            wanted_now = saved.Net(2).state_dict()
        else:
            assert place < begins
            wanted_now = wanted
        for name, value in net.state_dict().items():
            np.testing.assert_array_equal(value, wanted_now[name])


def raw(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def changed(**rows: Any) -> bytes:
    """The file of a net, with other rows in its header; None takes one out."""
    state = saved.Net(1).state_dict()
    header, data = {}, b""
    for name, value in state.items():
        row = rows.pop(name.replace(".", "_"), value)
        if row is None:
            continue
        if isinstance(row, dict):
            row = {"dtype": "F64", "shape": list(value.shape),
                   "data_offsets": [len(data), len(data) + value.nbytes], **row}  # fmt: skip
            data += value.tobytes()
        else:
            end = len(data) + row.nbytes
            kind = {"f2": "F16", "f4": "F32", "f8": "F64", "i8": "I64", "b1": "BOOL"}[
                row.dtype.str[1:]
            ]
            row = {"dtype": kind, "shape": list(np.shape(row)), "data_offsets": [len(data), end],
                   "_": row.tobytes()}  # fmt: skip
            data += row.pop("_")
        header[name] = row
    for name, value in rows.items():
        header[name] = {"dtype": "F64", "shape": [1], "data_offsets": [len(data), len(data) + 8]}
        data += np.float64(value).tobytes()
    return raw(header, data)


W = saved.Net(1).state_dict()["fc1.W"]
NAN, INF = W.copy(), W.copy()
NAN[0, 0], INF[1, 1] = np.nan, -np.inf
ROW_OF = {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}
WEIGHTS: dict[str, Callable[[], bytes]] = {
    "NaN": lambda: changed(fc1_W=NAN), "infinity": lambda: changed(fc1_W=INF),
    "a name missing": lambda: changed(fc1_b=None), "a name more": lambda: changed(other=1.0),
    "another shape": lambda: changed(fc1_W=W[:, :2]), "turned": lambda: changed(fc1_W=W.T.copy()),
    "an axis more": lambda: changed(fc1_W=W[None]),
    "integers": lambda: changed(fc1_W=W.astype(int)),
    "truth values": lambda: changed(fc1_W=W > 0), "BF16": lambda: changed(fc1_W={"dtype": "BF16"}),
    "an unknown dtype": lambda: changed(fc1_W={"dtype": "F99"}),
    "dtype object": lambda: changed(fc1_W={"dtype": "O"}),
    "a dtype that is a list": lambda: changed(fc1_W={"dtype": ["F64"]}),
    "places that overlap": lambda: changed(fc1_b={"data_offsets": [0, 32]}),
    "places beyond the end": lambda: changed(fc1_b={"data_offsets": [1 << 40, (1 << 40) + 32]}),
    "negative places": lambda: changed(fc1_b={"data_offsets": [-32, 0]}),
    "places backwards": lambda: changed(fc1_b={"data_offsets": [32, 0]}),
    "a shape that wraps": lambda: changed(fc1_W={"shape": [1 << 62, 4]}),
    "a negative shape": lambda: changed(fc1_W={"shape": [-3, -4]}),
    "many axes": lambda: changed(fc1_W={"shape": [3, 4, *[1] * 90]}),
    "a name twice": lambda: raw(
        b'{"a": %b, "a": %b}' % ((json.dumps(ROW_OF).encode(),) * 2), EIGHT),
    "a row that is a number": lambda: raw({"a": 3}), "a list": lambda: raw([1, 2]),
    "remarks that are a list": lambda: raw({"__metadata__": [1], "a": ROW_OF}, EIGHT),
    "no JSON": lambda: raw(b"{'a': 1}"), "no text": lambda: raw(b"\xff\xff\xff"),
    "nested deep": lambda: raw(b"[" * 200_000), "nothing in it": lambda: raw({}),
    "a huge header": lambda: raw({"a": ROW_OF}, EIGHT, 1 << 62),
    "a header of 2^64": lambda: raw({"a": ROW_OF}, EIGHT, (1 << 64) - 1),
    "a header longer than the file": lambda: raw({"a": ROW_OF}, EIGHT, 10_000),
    "a path as a name": lambda: raw({"../../etc/passwd": ROW_OF}, EIGHT),
    "a pickle": lambda: pickle.dumps(Bomb()), "a page": lambda: b"<html>" * 100,
    "the same twice": lambda: changed(**{"fc1.weight": 1.0}),
}  # fmt: skip


@pytest.mark.parametrize("case", WEIGHTS)
def test_weights_that_do_not_fit_or_do_harm(case: str, tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    path = tmp_path / "w"
    path.write_bytes(WEIGHTS[case]())
    refused(*net_of(path))


def test_what_is_changed_is_otherwise_right(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    (tmp_path / "w").write_bytes(changed())
    net = saved.Net(2)
    nn.load_weights(net, tmp_path / "w")
    np.testing.assert_array_equal(net.fc1.W.data, W)


def test_a_checkpoint_is_no_weights_and_the_reverse(checkpoint: Path, weights: Path) -> None:
    refused(*net_of(checkpoint))
    refused(*loaded(weights))


# --- CIFAR-10 ---------------------------------------------------------------------------------


def bomb(kind: bytes = tarfile.REGTYPE) -> bytes:
    """An archive of 300 MB of zeros before anything of use."""
    info = tarfile.TarInfo("readme.html")
    info.size, info.type = 300 << 20, kind
    packer = zlib.compressobj(9, wbits=31)
    parts = [packer.compress(info.tobuf(tarfile.GNU_FORMAT))]
    parts += [packer.compress(bytes(1 << 20)) for _ in range(300)]
    return b"".join([*parts, packer.flush()])


def entries_of(kind: bytes, content: bytes) -> bytes:
    """An archive of 5,000 entries that all tell of the one after them."""
    info = tarfile.TarInfo("x")
    info.size, info.type = len(content), kind
    return gzip.compress(5000 * (info.tobuf(tarfile.GNU_FORMAT) + content.ljust(512, b"\0")), 1)


def broken(files: dict[str, bytes], **other: bytes) -> dict[str, bytes]:
    return {**files, **{f"cifar-10-batches-bin/{k}.bin": v for k, v in other.items()}}


BAD_LABEL = bytes([10]) + bytes(ROW - 1)
ARCHIVES: dict[str, Callable[[], bytes]] = {
    "cut off": lambda: archive(members())[:-5000], "no gzip": lambda: b"hello" * 1000,
    "empty": lambda: b"", "a page": lambda: b"<html>404</html>",
    "gzip of nothing": lambda: gzip.compress(b""),
    "flipped": lambda: bytes(b ^ (k == 3000) for k, b in enumerate(archive(members()))),
    "a file missing": lambda: archive({k: v for k, v in members().items() if "test" not in k}),
    "a byte short": lambda: archive(broken(members(), data_batch_1=records(2)[:-1])),
    "no images": lambda: archive(broken(members(), data_batch_1=b"")),
    "label 10": lambda: archive(broken(members(), test_batch=BAD_LABEL)),
    "a link": lambda: archive(members(), lambda i: vars_of(i, type=tarfile.SYMTYPE, size=0,
                                                           linkname="/etc/passwd")),
    "a hard link": lambda: archive(members(), lambda i: vars_of(i, type=tarfile.LNKTYPE, size=0,
                                                                linkname="/etc/passwd")),
    "a device": lambda: archive(members(), lambda i: vars_of(i, type=tarfile.CHRTYPE, size=0)),
    "a pipe": lambda: archive(members(), lambda i: vars_of(i, type=tarfile.FIFOTYPE, size=0)),
    "a huge size": lambda: archive(members(), lambda i: vars_of(i, size=1 << 40)),
    "another path": lambda: archive(members(), lambda i: vars_of(i, name="../data_batch_1.bin")),
    "an absolute path": lambda: archive(members(), lambda i: vars_of(i, name="/data_batch_1.bin")),
    "a file twice": lambda: archive({**members(), "data_batch_1.bin": records(2)}),
    "names that go on for ever": lambda: entries_of(tarfile.GNUTYPE_LONGNAME, b"abc\0"),
    "headers that go on for ever": lambda: entries_of(tarfile.XHDTYPE, b"11 path=ab\n"),
    "a long name": lambda: bomb(tarfile.GNUTYPE_LONGNAME),
    "a header": lambda: bomb(tarfile.XHDTYPE),
    "a global header": lambda: bomb(tarfile.XGLTYPE),
    "holes": lambda: archive(members(), lambda i: vars_of(i, type=tarfile.GNUTYPE_SPARSE, size=0)),
    "a size below zero": lambda: archive(members(), lambda i: vars_of(i, size=-512)),
    "a size in another number system": lambda: archive(
        members(), lambda i: vars_of(i, size=1 << 60)),
    "a header that disagrees with its checksum": lambda: gzip.compress(
        gzip.decompress(archive(members())).replace(b"data_batch_2", b"data_batch_1")),
    "a header that is not whole": lambda: gzip.compress(gzip.decompress(archive(members()))[:700]),
    "no end": lambda: gzip.compress(gzip.decompress(archive(members()))[:-1024]),
    "a zip archive": lambda: b"PK\3\4" + bytes(1000),
    "a bomb": bomb, "a pickle": lambda: gzip.compress(pickle.dumps(Bomb())),
}  # fmt: skip


def vars_of(info: tarfile.TarInfo, **values: Any) -> None:
    for name, value in values.items():
        setattr(info, name, value)


def test_cifar10_is_read_from_the_archive_and_from_its_files(tmp_path: Path) -> None:
    made = archive({"./cifar-10-batches-bin/readme.html": b"hello", **members()})
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(made)
    (x, t), (x_test, _) = nn.cifar10(tmp_path)
    assert (x.shape, x.dtype, t.shape, x_test.shape) == (
        (10, 3, 32, 32), np.float32, (10,), (2, 3, 32, 32))  # fmt: skip
    first = np.frombuffer(records(2, 0), np.uint8).reshape(2, ROW)
    np.testing.assert_array_equal(t[:2], first[:, 0])
    np.testing.assert_array_equal(x[:2], first[:, 1:].reshape(2, 3, 32, 32) / np.float32(255))
    (raw_bytes, _), (_, one_hot) = nn.cifar10(
        tmp_path, normalize=False, flatten=True, one_hot_label=True
    )
    assert (raw_bytes.dtype, raw_bytes.shape, one_hot.shape) == (np.uint8, (10, 3072), (2, 10))
    other = tmp_path / "other"
    for name, content in members().items():
        (other / name).parent.mkdir(parents=True, exist_ok=True)
        (other / name).write_bytes(content)
    np.testing.assert_array_equal(nn.cifar10(other)[0][0], x)
    (other / GOOD).with_name("data_batch_3.bin").write_bytes(records(1)[:-1])
    with pytest.raises(nn.FileError, match=r"data_batch_3.bin holds 3,072 bytes"):
        nn.cifar10(other)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_archives_as_python_makes_them_are_read(form: int, tmp_path: Path) -> None:
    """Also those whose entries have times that only an extension of the format can hold."""
    with tarfile.open(tmp_path / "cifar-10-binary.tar.gz", "w:gz", format=form) as packed:
        for name, content in {"cifar-10-batches-bin/" + "x" * 120: b"1", **members()}.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 1.5
            if form != tarfile.USTAR_FORMAT or len(name) < 100:
                packed.addfile(info, io.BytesIO(content))
    (x, t), _ = nn.cifar10(tmp_path, normalize=False, flatten=True)
    first = np.frombuffer(members()[GOOD], np.uint8).reshape(2, ROW)
    np.testing.assert_array_equal(np.c_[t[:2], x[:2]], first)


@pytest.mark.parametrize("case", ARCHIVES)
def test_archives_that_are_damaged_or_do_harm(case: str, tmp_path: Path) -> None:
    path = tmp_path / "cifar-10-binary.tar.gz"
    path.write_bytes(ARCHIVES[case]())
    error = refused(lambda: nn.cifar10(tmp_path), saved.parts(), path)
    assert isinstance(error, nn.DatasetError)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_pickles_of_cifar10_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(
        archive({"data_batch_1": pickle.dumps(Bomb())})
    )
    with pytest.raises(nn.FileError, match="made of pickles"):
        nn.cifar10(tmp_path)
