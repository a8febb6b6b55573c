"""Mirrors that answer badly, and downloads that are killed: the data comes from elsewhere."""

from __future__ import annotations

import gzip
import hashlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

import nn
from nn import SubsetWarning

MODULE = sys.modules["nn.data.mnist"]
DOWNLOAD = sys.modules["nn.data.download"]
ROOT = Path(__file__).resolve().parents[2]
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def files() -> dict[str, bytes]:
    """The four files, with 3 training and 2 test images."""
    made = {}
    for part, count in (("train", 3), ("t10k", 2)):
        images = struct.pack(">4I", 0x803, count, 28, 28) + bytes(count * 784)
        made[f"{part}-images-idx3-ubyte"] = images
        made[f"{part}-labels-idx1-ubyte"] = struct.pack(">2I", 0x801, count) + bytes(count)
    return made


@pytest.fixture
def good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a mirror that has the files; the cache is empty."""
    for name, content in files().items():
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
    checksums = {name: hashlib.sha256(content).hexdigest() for name, content in files().items()}
    monkeypatch.delenv("GATEGRAD_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(MODULE, "SHA256", checksums)
    return tmp_path.as_uri() + "/{name}.gz"


def cached(folder: Path) -> list[str]:
    return sorted(file.name for file in (folder / "cache").rglob("*") if file.is_file())


Serve = Callable[[Callable[[], Iterable[bytes]]], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server on this machine that sends what it is told to, whatever it is asked."""
    sockets = []

    def start(reply: Callable[[], Iterable[bytes]]) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        sockets.append(server)
        threading.Thread(target=_answer, args=(server, reply), daemon=True).start()
        return f"http://127.0.0.1:{server.getsockname()[1]}/{{name}}.gz"

    yield start
    for server in sockets:
        server.close()


def _answer(server: socket.socket, reply: Callable[[], Iterable[bytes]]) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:  # closed: the test is over
            return
        with connection:
            try:
                connection.recv(4096)
                for part in reply():
                    connection.sendall(part)
            except OSError:  # the reader has had enough
                continue


def endless() -> Iterator[bytes]:
    yield OK + b"\r\n"
    while True:
        yield bytes(1 << 16)


def unpacks_to_much() -> Iterator[bytes]:
    packer = zlib.compressobj(9, wbits=31)
    yield OK + b"\r\n" + packer.compress(bytes(8 << 20)) + packer.flush()


BAD: dict[str, Callable[[], Iterable[bytes]]] = {
    "chunk cut off": lambda: [CHUNKED + b"400\r\nabc"],
    "chunk without a size": lambda: [CHUNKED + b"zz\r\nabc"],
    "chunk with an endless size": lambda: [CHUNKED + b"1" * 70_000],
    "no status": lambda: [b"NONSENSE\r\n\r\n"],
    "no reply": lambda: [b""],
    "status line too long": lambda: [b"HTTP/1.1 200 " + b"x" * 70_000],
    "header too long": lambda: [OK + b"X: " + b"x" * 70_000],
    "too many headers": lambda: [OK + b"X: y\r\n" * 300 + b"\r\n"],
    "cut off": lambda: [OK + b"Content-Length: 1000\r\n\r\nabc"],
    "length that is no number": lambda: [OK + b"Content-Length: many\r\n\r\nabc"],
    "not found": lambda: [b"HTTP/1.1 404 Not Found\r\n\r\n"],
    "redirect to itself": lambda: [b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"],
    "redirect to nowhere": lambda: [b"HTTP/1.1 302 Found\r\nLocation: http://[a\r\n\r\n"],
    "endless": endless,
    "unpacks to much": unpacks_to_much,
}


@pytest.mark.parametrize("case", BAD)
def test_after_a_bad_reply_the_next_mirror_is_asked(
    case: str, good: str, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DOWNLOAD, "AT_MOST", 1 << 20)
    bad = serve(BAD[case])
    monkeypatch.setattr(MODULE, "MIRRORS", [bad])
    with pytest.warns(SubsetWarning, match="download failed"):
        assert len(nn.mnist()[0][0]) == 5000
    assert cached(tmp_path) == []
    monkeypatch.setattr(MODULE, "MIRRORS", [bad, good])
    assert len(nn.mnist()[0][0]) == 3
    assert cached(tmp_path) == sorted(f"{name}.gz" for name in files())


def slowly() -> Iterator[bytes]:
    yield OK + b"Content-Length: 1000000\r\n\r\n"
    for _ in range(600):
        yield b"x"
        time.sleep(0.1)


DOWNLOADING = """
import signal, sys, nn
from nn.data import mnist
signal.signal(signal.SIGINT, signal.default_int_handler)
module = sys.modules["nn.data.mnist"]
module.MIRRORS[:] = [sys.argv[1]]
nn.mnist()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="processes are killed by signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL", "SIGINT"])
def test_a_later_run_removes_what_a_killed_one_left(
    name: str, good: str, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But not what belongs to a download that is under way."""
    with subprocess.Popen(
        [sys.executable, "-c", DOWNLOADING, serve(slowly)], cwd=ROOT, stderr=subprocess.DEVNULL
    ) as process:
        try:
            while not cached(tmp_path):
                assert process.poll() is None
                time.sleep(0.02)
            (live,) = cached(tmp_path)
            monkeypatch.setattr(MODULE, "MIRRORS", [good])
            assert len(nn.mnist()[0][0]) == 3
            assert live in cached(tmp_path)
        finally:
            process.send_signal(getattr(signal, name))
    assert len(nn.mnist(download=False)[0][0]) == 3
    assert cached(tmp_path) == sorted(f"{name}.gz" for name in files())


@pytest.mark.parametrize("cache", ["x" * 300, "file", "/dev/null"])
def test_without_a_cache_the_subset_serves(
    cache: str, good: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(MODULE, "MIRRORS", [good])
    monkeypatch.setenv("XDG_CACHE_HOME", os.path.join(tmp_path, cache))
    with pytest.warns(SubsetWarning):
        assert np.shape(nn.mnist()[0][0]) == (5000, 784)


def test_nobody_needs_to_hear_of_a_download(good: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard error may be closed, as `2>&-` leaves it: no mirror is to blame."""
    monkeypatch.setattr(MODULE, "MIRRORS", [good])
    monkeypatch.setattr("sys.stderr", None)
    assert len(nn.mnist()[0][0]) == 3
