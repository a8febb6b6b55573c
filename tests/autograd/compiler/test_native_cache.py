"""Machine code on disk: used again, private, and never a reason to fail or to run others' code."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd.compiler.native import load, store
from autograd.compiler.native.load import _Machine, _machine
from autograd.compiler.types import type_of

pytest.importorskip("llvmlite", reason='needs numba: pip install "gategrad[jit]"')
TEXT = """
def run(x):
    return (x * 3.0, )
"""
OTHER = """
def run(x):
    return (x * 5.0, )
"""
FLOAT = [type_of(2.0)]
PROGRAM = """
import sys, numpy as np, autograd as ag
from autograd.compiler.native.load import _Machine

compiled, compile_it = [], _Machine.compiled
_Machine.compiled = lambda *args: compiled.append(1) or compile_it(*args)
f = ag.compile(ag.grad(lambda w, X: np.sum(np.maximum(0, X @ w) ** 2 * 2.0)), backend="numba")
for _ in range(2):
    g = f(np.ones((3, 2)), np.ones((20, 3)))
print(g.sum())
print(len(compiled))
"""
posix = pytest.mark.skipif(os.name == "nt", reason="owners and modes are those of POSIX")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where machine code is kept in this test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/gategrad/native"


def hits(result: float = 6.0) -> int:
    """Load the text as a process that sees it for the first time; 1 if machine code was there."""
    compiled = []
    with pytest.MonkeyPatch.context() as patch:
        compile_it = _Machine.compiled

        def noted(machine: _Machine, text: str) -> bytes:
            compiled.append(text)
            return compile_it(machine, text)

        patch.setattr(_Machine, "compiled", noted)
        assert load(TEXT, FLOAT)(2.0) == (result,)
    return 1 - len(compiled)


def hits_with_warning(words: str) -> int:
    with pytest.warns(RuntimeWarning, match=words) as caught:
        found = hits()
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert hits() in (0, 1)  # no second warning, and still the right result
    return found


def only(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def plant(folder: Path) -> Path:
    """Put machine code of another text where that of this one is looked for."""
    load(OTHER, FLOAT)
    other = only(folder)
    data = store.read(folder, other.name)
    assert data is not None
    other.unlink()
    hits()
    file = only(folder)
    store.keep(folder, file.name, data)
    return file


def test_machine_code_is_used_again(folder: Path) -> None:
    assert hits() == 0
    assert hits() == 1
    assert hits() == 1


@posix
def test_folders_and_files_are_private_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        hits()
    finally:
        os.umask(before)
    for path in (folder, folder.parent, folder.parent.parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE(only(folder).stat().st_mode) == 0o600


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda text: b"",
    "half of it": lambda text: text[: len(text) // 2],
    "the last byte is missing": lambda text: text[:-1],
    "one bit": lambda text: text[:-9] + bytes([text[-9] ^ 1]) + text[-8:],
    "something else": lambda text: b"import os\n" * 1000,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_compiled_again_and_replaced(folder: Path, damage: str) -> None:
    hits()
    file = only(folder)
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    assert hits_with_warning("is damaged") == 0
    assert hits() == 1


@pytest.mark.parametrize("content", [b"", b"no object file", b"\x7fELF"])
def test_what_is_no_machine_code_is_compiled_again(folder: Path, content: bytes) -> None:
    hits()
    store.keep(folder, only(folder).name, content)
    assert hits_with_warning("compiled again") == 0
    assert hits() == 1


def test_a_planted_file_would_be_seen(folder: Path) -> None:
    """The tests below can fail: what lies in a private folder is trusted."""
    plant(folder)
    assert hits(10.0) == 1


@posix
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702, 0o1777])
def test_a_folder_that_others_can_write_to_is_not_read(
    folder: Path, tmp_path: Path, mode: int
) -> None:
    plant(folder)
    folder.chmod(mode)
    assert hits_with_warning(rf"written to by other users \(mode {mode:o}\)") == 0


@posix
@pytest.mark.parametrize("mode", [0o666, 0o620, 0o602])
def test_a_file_that_others_can_write_to_is_not_read(
    folder: Path, tmp_path: Path, mode: int
) -> None:
    plant(folder).chmod(mode)
    assert hits_with_warning(rf"written to by other users \(mode {mode:o}\)") == 0
    assert hits() == 1  # it was replaced by one that is private


@posix
def test_a_folder_of_another_user_is_not_read(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(folder)
    somebody = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: somebody)
    assert hits_with_warning("belongs to another user") == 0


@posix
def test_a_file_of_another_user_in_a_folder_of_ones_own_is_not_read(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(folder)
    status = os.fstat

    def of_another(descriptor: int) -> os.stat_result:
        found = list(status(descriptor))
        if stat.S_ISREG(found[0]):
            found[4] += 1
        return os.stat_result(found)

    monkeypatch.setattr(os, "fstat", of_another)
    assert hits_with_warning("belongs to another user") == 0


@posix
def test_links_are_not_followed(folder: Path, tmp_path: Path) -> None:
    file = plant(folder)
    planted = file.read_bytes()
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert hits_with_warning("symbolic links") == 0
    assert not file.is_symlink()  # it was replaced, and what it led to is as it was
    assert (tmp_path / "elsewhere").read_bytes() == planted


@posix
def test_a_file_that_has_two_names_is_not_read(folder: Path, tmp_path: Path) -> None:
    file = plant(folder)
    (tmp_path / "elsewhere").hardlink_to(file)
    assert hits_with_warning("hard link") == 0


@posix
def test_a_folder_that_is_a_link_is_not_read(folder: Path, tmp_path: Path) -> None:
    plant(folder)
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    assert hits_with_warning("compiled again") == 0


@posix
def test_a_cache_folder_that_is_a_link_serves(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "cache").symlink_to(tmp_path / "disk")
    assert (hits(), hits()) == (0, 1)


@posix
def test_a_pipe_in_place_of_a_file_does_not_block(folder: Path) -> None:
    hits()
    file = only(folder)
    file.unlink()
    os.mkfifo(file)
    assert hits_with_warning("neither a file nor a folder") == 0
    assert hits() == 1


@posix
def test_a_folder_that_is_exchanged_is_still_the_one_that_was_checked(
    folder: Path, tmp_path: Path
) -> None:
    store.keep(folder, "a", b"ours")
    checked = store._check

    def exchange(status: os.stat_result, path: Path) -> None:
        checked(status, path)
        if path == folder:
            folder.rename(tmp_path / "away")
            store.keep(tmp_path / "theirs", "a", b"theirs")
            (tmp_path / "theirs").rename(folder)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_check", exchange)
        assert store.read(folder, "a") == b"ours"
    assert store.read(folder, "a") == b"theirs"


@posix
def test_a_full_disk_leaves_nothing_behind(folder: Path) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    store.keep(folder, "known", b"as it was")
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))  # as if 1000 bytes were free
        with pytest.raises(OSError, match="too large"):
            store.keep(folder, "known", bytes(10_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert only(folder).name == "known"
    assert store.read(folder, "known") == b"as it was"


def test_a_full_disk_is_no_reason_to_fail(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any, **options: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert hits_with_warning("No space left on device") == 0
    assert list(folder.iterdir()) == []


def test_a_home_that_cannot_be_written_to(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(path: Any, *args: Any, **options: Any) -> None:
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr(os, "mkdir", read_only)
    assert hits_with_warning("Read-only file system") == 0


def test_a_cache_folder_that_is_a_file(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("mine")
    assert hits_with_warning("Not a directory|not a directory|exists") == 0
    assert (tmp_path / "cache").read_text() == "mine"


def test_a_user_without_a_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", homeless)
    assert hits_with_warning("home directory") == 0


def test_where_it_is_kept(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # not allowed by the specification
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    hits()
    assert only(tmp_path / "home/.cache/gategrad/native")
    assert not folder.exists()


def test_other_types_have_other_machine_code(folder: Path) -> None:
    for _ in range(2):
        for x in (2.0, np.float32(2.0)):
            assert load(TEXT, [type_of(x)])(x) == (6.0,)
    assert len(list(folder.iterdir())) == 2


def test_other_settings_of_the_compiler_have_other_machine_code(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hits() == 0
    monkeypatch.setattr(_machine(), "known", (*_machine().known, "another processor"))
    assert hits() == 0
    assert hits() == 1


def test_where_files_are_named_by_their_paths(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows cannot hold a folder open; there is no other use of this branch."""
    monkeypatch.setattr(store, "RELATIVE", False)
    assert (hits(), hits()) == (0, 1)
    assert only(folder).suffix == ".o"


# --- in processes of their own ------------------------------------------------------------------


def start(program: str, folder: Path, **settings: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder), **settings}
    return subprocess.Popen(
        [sys.executable, "-c", program], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> list[str]:
    """The lines it printed; there were no errors and no warnings."""
    out, errors = process.communicate(timeout=300)
    assert (process.returncode, errors) == (0, "")
    return out.splitlines()


def test_processes_at_once_and_another_one_later(tmp_path: Path) -> None:
    together = [start(PROGRAM, tmp_path) for _ in range(3)]
    assert {finish(process)[0] for process in together} == {"1440.0"}
    assert only(tmp_path / "gategrad/native").suffix == ".o"  # nothing else is left
    assert finish(start(PROGRAM, tmp_path)) == ["1440.0", "0"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_uses_what_its_parent_compiled(tmp_path: Path) -> None:
    program = (
        PROGRAM
        + """
import os
child = os.fork()
again = f(np.ones((3, 2)), np.ones((20, 3))).sum()
for _ in range(2):
    other = f(np.ones((3, 2)), np.ones((24, 3))).sum()  # traced and compiled in each of the two
if child == 0:
    os._exit(0 if (again, other) == (1440.0, 1728.0) else 1)
assert (again, other) == (1440.0, 1728.0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
    )
    assert finish(start(program, tmp_path)) == ["1440.0", "1"]
    assert len(list((tmp_path / "gategrad/native").iterdir())) == 2
