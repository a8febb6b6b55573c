"""Checkpoints: what goes in comes out to the bit; nothing is lost, and nothing half loaded."""

from __future__ import annotations

import errno
import math
import os
import pickle
import signal
import subprocess
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import saved
from draws import generator

import nn
from nn.files import atomic

ROOT = Path(__file__).resolve().parents[2]


class Holder:
    """A part whose state is what it was given."""

    def __init__(self, state: Any = None):
        self.state = state

    def state_dict(self) -> Any:
        return self.state

    def load_state_dict(self, state: Any) -> None:
        self.state = state


def same(a: Any, b: Any) -> bool:
    """Equal in kind and to the bit, all the way down."""
    if isinstance(a, np.ndarray | np.generic):
        return (type(a), a.dtype, a.shape, a.tobytes()) == (type(b), b.dtype, b.shape, b.tobytes())
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b) or (a != a and b != b)


DATA = generator(3).normal(size=(3, 4))
STATES: dict[str, Any] = {
    "nothing": None, "numbers": [0, -1, 1 << 200, True, False, 0.1, -0.0, 1e308, 5e-324],
    "not finite": [math.nan, math.inf, -math.inf], "texts": ["", "é\0\n", "\ud800", "dict"],
    "containers": {"list": [[], [1, [2]]], "tuple": ((), (1, (2,))), "empty": {}},
    "keys": {1: "a", "1": "b", 2.5: "c", None: "d", -3: "e"}, "a name of ours": {"array": 0},
    "arrays": {str(np.dtype(d)): DATA.astype(d) for d in "?bBhHiIlLqQefdFD"},
    "shapes": [np.zeros(()), np.zeros((0,)), np.zeros((2, 0, 3)), np.arange(6).reshape(1, 2, 3)],
    "layouts": [DATA.T, DATA[::2, ::-1], DATA.astype(">f8"), np.broadcast_to(1.5, (2, 2))],
    "scalars": [np.float32(1.5), np.int8(-3), np.bool_(True), np.complex64(1j)],
    "nan in arrays": np.array([math.nan, -math.nan, math.inf]),
    "shared": [DATA, DATA],
}  # fmt: skip


@pytest.mark.parametrize("case", STATES)
def test_states_come_back_as_they_were(case: str, tmp_path: Path) -> None:
    part, state = Holder(), STATES[case]
    nn.save_checkpoint(tmp_path / "c", part=Holder(state), extra=state)
    extra = nn.load_checkpoint(tmp_path / "c", part=part)
    if case == "layouts":  # of which memory and byte order are no part
        state = [np.array(a, a.dtype.newbyteorder("="), order="C") for a in state]
    assert same(part.state, state)
    assert same(extra, state)
    arrays = [a for a in (extra if isinstance(extra, list) else []) if isinstance(a, np.ndarray)]
    assert all(a.flags.writeable for a in arrays)


def test_ordered_dicts_are_dicts(tmp_path: Path) -> None:
    nn.save_checkpoint(tmp_path / "c", extra=OrderedDict(b=1, a=2))
    assert list(nn.load_checkpoint(tmp_path / "c").items()) == [("b", 1), ("a", 2)]


def test_generators_and_collections_of_parts(tmp_path: Path) -> None:
    def made(seed: int) -> dict[str, Any]:
        return {
            "rng": np.random.default_rng(seed), "old": np.random.RandomState(seed),
            "several": [Holder(seed), np.random.Generator(np.random.MT19937(seed))],
            "named": {"a": Holder([seed]), "b": saved.Net(seed)}, "none": None,
        }  # fmt: skip

    one, other = made(1), made(2)
    one["old"].standard_normal()
    nn.save_checkpoint(tmp_path / "c", **one)
    assert nn.load_checkpoint(tmp_path / "c", **other) is None
    for rng in ("rng", "old"):
        assert one[rng].standard_normal() == other[rng].standard_normal()
    assert one["several"][1].random() == other["several"][1].random()
    assert (other["several"][0].state, other["named"]["a"].state) == (1, [1])
    assert same(one["named"]["b"].state_dict(), other["named"]["b"].state_dict())


@pytest.mark.parametrize(
    ("extra", "told"),
    [({"a": [object()]}, r"extra\['a'\]\[0\] is a object"), (np.array([None]), "object"),
     (np.array("text"), "<U4"), (np.zeros(2, "M8[s]"), "datetime64"), ({(1, 2): 3}, "the key"),
     ({math.nan: 3}, "the key nan"), (np.ma.array([1]), "MaskedArray"), (lambda: 0, "function"),
     (np.longdouble(1), "float128|longdouble|expected"), (b"bytes", "bytes"), ({1, 2}, "set")],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_is_no_plain_data_is_not_saved(extra: Any, told: str, tmp_path: Path) -> None:
    if isinstance(extra, np.longdouble) and extra.itemsize == 8:
        pytest.skip("long double is double here")
    nn.save_checkpoint(tmp_path / "c", extra=1)
    with pytest.raises(TypeError, match=told):
        nn.save_checkpoint(tmp_path / "c", extra=extra)
    assert nn.load_checkpoint(tmp_path / "c") == 1
    assert os.listdir(tmp_path) == ["c"]


def test_what_is_inside_itself_is_not_saved(tmp_path: Path) -> None:
    ring: list[Any] = []
    ring.append(ring)
    with pytest.raises(ValueError, match="nested more than"):
        nn.save_checkpoint(tmp_path / "c", extra=ring)
    with pytest.raises(TypeError, match=r"net is <class .*expected something with state_dict"):
        nn.save_checkpoint(tmp_path / "c", net=saved.Net)
    with pytest.raises(TypeError, match=r"steps is 3; .*extra="):
        nn.save_checkpoint(tmp_path / "c", steps=3)
    assert os.listdir(tmp_path) == []


# --- all or nothing ---------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, KeyError, RuntimeError])
def test_a_part_that_refuses_leaves_all_as_they_were(error: type, tmp_path: Path) -> None:
    path = tmp_path / "c"
    nn.save_checkpoint(path, **saved.parts(1), last=Holder(1), extra=0)
    run = saved.parts(2)
    before = saved.digest(run)

    class Last(Holder):
        def load_state_dict(self, state: Any) -> None:
            self.state = state
            if state != 2:
                raise error("it does not fit")

    last = Last(2)
    with pytest.raises(nn.FileError if issubclass(error, Exception) else error) as raised:
        nn.load_checkpoint(path, **run, last=last)
    assert (saved.digest(run), last.state) == (before, 2)
    if error is ValueError:
        assert "last does not take its state" in str(raised.value)
        assert "nothing was changed" in str(raised.value)
        assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)


@pytest.mark.parametrize(
    "parts",
    [{"net": saved.Net(hidden=5)}, {"net": nn.DataLoader([1])}, {"loader": nn.DataLoader([1, 2])},
     {"rng": np.random.RandomState(0)}, {"rng": [np.random.default_rng()]}, {"ema": saved.Net()},
     {"rng": {"a": np.random.default_rng()}}, {"optimiser": saved.Momentum(nn.Linear(3, 3))}],
    ids=lambda parts: "-".join(f"{k}-{type(v).__name__}" for k, v in parts.items()),
)  # fmt: skip
def test_a_checkpoint_of_another_run_is_refused(parts: dict[str, Any], tmp_path: Path) -> None:
    nn.save_checkpoint(tmp_path / "c", **saved.parts())
    run = saved.parts(2)
    before = saved.digest(run)
    with pytest.raises(nn.FileError):
        nn.load_checkpoint(tmp_path / "c", **{**run, **parts})
    assert saved.digest(run) == before


def test_a_missing_checkpoint_is_told_as_the_system_tells_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        nn.load_checkpoint(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        nn.save_checkpoint(tmp_path / "nowhere" / "c")


def test_the_former_ones_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "run[1].ckpt"
    for step in range(5):
        nn.save_checkpoint(path, extra=step, keep=3)
    names = [path, *(path.with_name(f"{path.name}.{k}") for k in (1, 2))]
    assert [nn.load_checkpoint(name) for name in names] == [4, 3, 2]
    assert len(os.listdir(tmp_path)) == 3
    with pytest.raises(ValueError, match="keep is 0"):
        nn.save_checkpoint(path, keep=0)


def test_a_link_stays_and_rights_are_usual(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "inner" / "c")
    nn.save_checkpoint(tmp_path / "link", extra=3)
    assert (tmp_path / "link").is_symlink()
    assert nn.load_checkpoint(tmp_path / "inner" / "c") == 3
    (tmp_path / "other").write_bytes(b"")
    modes = [(tmp_path / name).stat().st_mode for name in ("inner/c", "other")]
    assert modes[0] == modes[1]


# --- faults while it is written ----------------------------------------------------------------


class Faulty:
    """The file that is written, and the system's calls after it; the n-th of them fails."""

    def __init__(self, at: int, error: BaseException):
        self.left, self.error = at, error

    def call(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                raise self.error
            return function(*arguments)

        return called


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, BaseException], Faulty]]:
    create = atomic._create

    def start(at: int, error: BaseException) -> Faulty:
        faulty = Faulty(at, error)

        class File:
            def __init__(self, file: Any):
                self.file, self.write = file, faulty.call(file.write)

            def __getattr__(self, name: str) -> Any:
                return getattr(self.file, name)

            def __enter__(self) -> Any:
                return self

            def __exit__(self, *_: object) -> None:
                self.file.close()

        for name in ("fsync", "replace", "link"):
            monkeypatch.setattr(os, name, faulty.call(getattr(os, name)))
        monkeypatch.setattr(atomic, "_create", lambda target: File(create(target)))
        return faulty

    yield start
    monkeypatch.undo()


@pytest.mark.parametrize("kind", ["disk full", "Ctrl-C"])
@pytest.mark.parametrize("what", ["checkpoint", "weights"])
def test_a_fault_at_any_moment_leaves_the_old_or_the_new(
    what: str, kind: str, tmp_path: Path, failing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if what == "weights":
        pytest.importorskip("safetensors")
    old, new, path = saved.Net(1), saved.Net(2), tmp_path / "file"
    at, faults, notes = 0, 0, ["as it was"]
    while True:
        at += 1
        save(what, old, path, keep=1)
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        faulty = failing(at, full if kind == "disk full" else KeyboardInterrupt())
        try:
            save(what, new, path, keep=2 if what == "checkpoint" else 1)
            done = True
        except KeyboardInterrupt:
            done, faults = False, faults + 1
        except OSError as error:
            done, faults, notes = False, faults + 1, error.__notes__
        finally:
            monkeypatch.undo()
        assert done or "as it was" in notes[0]
        found = saved.Net(3)
        load(what, found, path)
        expected = [new] if done else [old, new]
        assert any(same(found.state_dict(), net.state_dict()) for net in expected)
        assert not list(tmp_path.glob(".*"))
        for former in tmp_path.glob("file.*"):
            load(what, saved.Net(3), former)
            former.unlink()
        if faulty.left > 0:  # there were not so many calls
            break
    assert faults >= 3


def save(what: str, net: Any, path: Path, keep: int) -> None:
    if what == "checkpoint":
        nn.save_checkpoint(path, net=net, keep=keep)
    else:
        nn.save_weights(net, path)


def load(what: str, net: Any, path: Path) -> None:
    if what == "checkpoint":
        nn.load_checkpoint(path, net=net)
    else:
        nn.load_weights(net, path)


FULL = """
import resource, signal, sys
sys.path.insert(0, "tests")
import nn, saved
path = sys.argv[1]
nn.save_checkpoint(path, **saved.parts(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try: nn.save_checkpoint(path, **saved.parts(2))
except OSError as error: print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of the size of files")
def test_a_file_that_the_system_cuts_short_is_not_the_checkpoint(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "c")], cwd=ROOT, capture_output=True, text=True
    )
    assert "File too large" in done.stdout, done.stderr
    assert os.listdir(tmp_path) == ["c"]
    run = saved.parts(3)
    nn.load_checkpoint(tmp_path / "c", **run)
    assert saved.digest(run) == saved.digest(saved.parts(1))


# --- runs that are killed ----------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="processes are killed by signals")
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_a_killed_run_goes_on_to_the_same_bits(name: str, tmp_path: Path) -> None:
    saved.kill(tmp_path, [getattr(signal, name)], seed=time.time_ns() % (1 << 32))
