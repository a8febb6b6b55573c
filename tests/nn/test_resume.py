"""A training that ends at any moment, by any means, and is resumed, ends with the same bits."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trained
from trained import Run

import nn
from nn.files import atomic

ROOT = Path(__file__).resolve().parents[2]
MODES = [*trained.MODES]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="processes are ended by signals")


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is flushed to the disk, which takes time and matters to a loss of power alone."""
    monkeypatch.setattr(atomic.os, "fsync", lambda file: None)


@pytest.fixture(autouse=True)
def usual_ctrl_c() -> Iterator[None]:
    """As in a program that a person has started; jobs in the background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def need(mode: str) -> None:
    if mode == "numba":
        pytest.importorskip("numba")


@pytest.fixture(scope="module")
def whole() -> Any:
    """The digest of a run that nobody stops, by mode."""
    found: dict[str, str] = {}

    def digest(mode: str) -> str:
        if mode not in found:
            found[mode] = Run(mode, None).fit().digest()
        return found[mode]

    return digest


def test_compiled_runs_have_the_bits_of_eager_ones(whole: Any) -> None:
    assert whole("compiled") == whole("eager")
    assert Run("eager", None).fit(epochs=4).digest() != whole("eager")


class Stop(nn.Callback):
    """Raises, or sends a signal, after so many steps."""

    def __init__(self, step: int, what: Any):
        self.left, self.what = step, what

    def on_step(self, trainer: nn.Trainer) -> None:
        self.left -= 1
        if self.left == 0:
            if isinstance(self.what, signal.Signals):
                signal.raise_signal(self.what)
            else:
                raise self.what


class BrokenError(Exception):
    pass


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("every", [1, 3, "epoch"])
@pytest.mark.parametrize("at", [1, 4, 7, 11, 14])
def test_resumed_after_an_error_at_any_step(
    at: int, every: Any, mode: str, whole: Any, tmp_path: Path
) -> None:
    need(mode)
    if mode == "numba" and (at, every) != (11, 3):
        pytest.skip("native code is tried once")
    run = Run(mode, tmp_path / "c", every)
    run.trainer.callbacks.append(Stop(at, BrokenError()))
    with pytest.raises(BrokenError):
        run.fit()
    assert (tmp_path / "c").exists() == (at > (7 if every == "epoch" else every))
    assert Run(mode, tmp_path / "c", every).fit(resume=True).digest() == whole(mode)


@POSIX
@pytest.mark.parametrize("mode", ["eager", "compiled"])
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("at", [1, 6, 7, 9])
def test_ctrl_c_and_sigterm_lose_nothing(
    at: int, name: str, mode: str, whole: Any, tmp_path: Path
) -> None:
    """The step is completed and saved, whatever `every` says."""
    number = getattr(signal, name)
    run = Run(mode, tmp_path / "c", "epoch")
    run.trainer.callbacks.append(Stop(at, number))
    handlers = [signal.getsignal(x) for x in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(KeyboardInterrupt if name == "SIGINT" else SystemExit) as raised:
        run.fit()
    if name == "SIGTERM":
        assert raised.value.code == 128 + number
    assert handlers == [signal.getsignal(x) for x in (signal.SIGINT, signal.SIGTERM)]
    assert "resume=True" in raised.value.__notes__[0]
    assert run.trainer.step == at
    other = Run(mode, tmp_path / "c", "epoch")
    nn.load_checkpoint(tmp_path / "c", trainer=other.trainer)
    assert other.trainer.step == at
    assert other.fit(resume=True).digest() == whole(mode)


@POSIX
@pytest.mark.parametrize("where", ["net", "loss", "transform", "metric", "validation", "epoch"])
@pytest.mark.parametrize("mode", ["eager", "compiled"])
def test_ctrl_c_anywhere(where: str, mode: str, whole: Any, tmp_path: Path) -> None:
    """Not between steps, but in the middle: it waits, or what had begun is undone."""
    run = Run(mode, tmp_path / "c", "epoch")
    left = [3]

    def interrupt(*_: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            signal.raise_signal(signal.SIGINT)

    def after(function: Any) -> Any:
        def called(*args: Any) -> Any:
            result = function(*args)
            interrupt()
            return result

        return called

    trainer = run.trainer
    if where == "net" and mode == "eager":
        run.net[2].register_forward_hook(interrupt)
    elif where in ("net", "loss"):
        trainer._step.compute = after(trainer._step.compute)
    elif where == "transform":
        run.loader.transform = after(run.loader.transform)
    elif where == "validation":
        run.held_out.transform = after(run.held_out.transform)
    elif where == "metric":
        trainer._averaged["accuracy"] = after(trainer._averaged["accuracy"])
    else:
        trainer.callbacks.append(interrupt)
    with pytest.raises(KeyboardInterrupt):
        run.fit()
    assert left[0] <= 0
    assert Run(mode, tmp_path / "c", "epoch").fit(resume=True).digest() == whole(mode)


@POSIX
def test_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    run = Run("eager", tmp_path / "c", 1)
    seen: list[int] = []

    def hang(trainer: nn.Trainer) -> None:
        while True:
            signal.raise_signal(signal.SIGINT)
            seen.append(trainer.step)

    run.trainer.callbacks.append(hang)
    with pytest.raises(KeyboardInterrupt) as raised:
        run.fit()
    assert len(seen) == 1
    assert not getattr(raised.value, "__notes__", [])


def test_in_another_thread_there_are_no_signals(whole: Any) -> None:
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(Run("eager", None).fit().digest()))
    thread.start()
    thread.join()
    assert found == [whole("eager")]


@POSIX
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_a_killed_run_goes_on_to_the_same_bits(name: str, mode: str, tmp_path: Path) -> None:
    need(mode)
    if mode != "eager" and name != "SIGKILL":
        pytest.skip("signals that wait do so in the same way")
    times = int(os.environ.get("GATEGRAD_KILLS", "3"))
    number = getattr(signal, name)
    assert trained.kill(tmp_path, mode, [number] * times, time.time_ns() % (1 << 32))


# --- the disk is full ------------------------------------------------------------------------


@pytest.mark.parametrize("at", [3, 9, 15])
def test_a_full_disk_loses_nothing_saved(
    at: int, whole: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkpoint of the step before is there, and the run goes on from it."""
    saved = []

    def full(file: int) -> None:
        saved.append(file)
        if len(saved) == at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as raised:
        Run("eager", tmp_path / "c", 1).fit()
    monkeypatch.undo()
    assert "as it was" in raised.value.__notes__[0]
    assert not list(tmp_path.glob(".*"))
    assert Run("eager", tmp_path / "c", 1).fit(resume=True).digest() == whole("eager")


FULL = """
import resource, signal, sys
sys.path.insert(0, "tests")
import nn, trained
from pathlib import Path
def limit(trainer):
    if trainer.epoch == 2:
        resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
run = trained.Run("eager", Path(sys.argv[1]), 1)
run.trainer.callbacks.append(limit)
try: run.fit()
except OSError as error: print(error, run.trainer.step)
"""


@POSIX
def test_a_file_that_the_system_cuts_short(whole: Any, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "c")], cwd=ROOT, capture_output=True, text=True
    )
    assert "File too large" in done.stdout, done.stderr
    assert Run("eager", tmp_path / "c", 1).fit(resume=True).digest() == whole("eager")


def test_ctrl_c_when_the_disk_is_full_is_still_ctrl_c(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run("eager", tmp_path / "c", "epoch")
    run.trainer.callbacks.append(Stop(3, KeyboardInterrupt()))
    monkeypatch.setattr(atomic.os, "fsync", lambda _: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(KeyboardInterrupt) as raised:
        run.fit()
    assert "could not be saved: full" in raised.value.__notes__[0]


# --- what else resuming means ------------------------------------------------------------------


def test_a_run_that_had_come_to_its_end_stays_as_it_is(whole: Any, tmp_path: Path) -> None:
    Run("eager", tmp_path / "c").fit(epochs=3)
    run = Run("eager", tmp_path / "c").fit(resume=True, epochs=3)
    assert run.digest() == Run("eager", None).fit(epochs=3).digest()
    assert run.fit(resume=True).digest() == whole("eager")  # more epochs than before
    assert Run("eager", tmp_path / "c").fit(resume=True).digest() == whole("eager")


def test_a_run_that_was_stopped_early_stays_stopped(tmp_path: Path) -> None:
    def fit(path: Path | None, resume: bool) -> Run:
        run = Run("eager", path)
        run.stopping.patience, run.stopping.min_delta = 1, 10.0
        return run.fit(resume=resume)

    whole = fit(None, False)
    assert whole.trainer.epoch == 2
    fit(tmp_path / "c", False)
    run = fit(tmp_path / "c", True)
    assert (run.digest(), run.trainer.stopped) == (whole.digest(), whole.trainer.stopped)


def test_another_runs_checkpoint_is_kept(tmp_path: Path) -> None:
    Run("eager", tmp_path / "c", "epoch").fit(epochs=1)
    former = (tmp_path / "c").read_bytes()
    Run("eager", tmp_path / "c", "epoch").fit(epochs=1)
    assert (tmp_path / "c.before").read_bytes() == former
    assert Run("eager", tmp_path / "c").fit(resume=tmp_path / "c.before").trainer.epoch == 5


def test_without_any_seed_a_run_goes_on_as_it_began(tmp_path: Path) -> None:
    """Dropout that draws from nowhere in particular does so from something that is saved."""
    nn.seed(None)
    X, y = nn.spiral(20, seed=0)

    def made(path: Path) -> nn.Trainer:
        net = nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.5), nn.Linear(8, 3))
        return nn.Trainer(net, nn.cross_entropy, nn.SGD(net, lr=0.1), checkpoint=path, every=1)

    first = made(tmp_path / "c")
    first.callbacks.append(Stop(3, BrokenError()))
    with pytest.raises(BrokenError):
        first.fit(X, y, epochs=3)
    assert nn.rng.common() is None
    states = []
    for _ in range(2):
        (tmp_path / "d").write_bytes((tmp_path / "c").read_bytes())
        trainer = made(tmp_path / "d")
        trainer.fit(X, y, epochs=3, resume=True)
        states.append(trainer.net.state_dict())
    for name, array in states[0].items():
        np.testing.assert_array_equal(array, states[1][name])


@pytest.mark.parametrize("change", ["schedule", "validation", "callbacks", "net", "loader"])
def test_a_checkpoint_of_another_run_is_refused(change: str, tmp_path: Path) -> None:
    Run("eager", tmp_path / "c").fit(epochs=1)
    run = Run("eager", tmp_path / "c")
    if change == "schedule":
        run.trainer.schedule = None
    elif change == "callbacks":
        run.trainer.callbacks = []
    elif change == "net":
        net = nn.Sequential(nn.Linear(2, 16), nn.Linear(16, 3))
        run.trainer = nn.Trainer(net, nn.cross_entropy, nn.SGD(net), checkpoint=tmp_path / "c")
    elif change == "loader":
        run.loader = nn.DataLoader(run.loader.x, run.loader.y, 14, shuffle=True)
    else:
        run.held_out = None
        run.trainer.metrics.pop("f1_score")
    before = run.trainer.net.state_dict()
    with pytest.raises(nn.FileError, match=r"nothing was changed|made as|it has no"):
        run.fit(resume=True)
    for name, array in run.trainer.net.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_resuming_needs_a_checkpoint(tmp_path: Path) -> None:
    run = Run("eager", None)
    with pytest.raises(ValueError, match="the trainer has no checkpoint; write"):
        run.fit(resume=True)
    with pytest.raises(FileNotFoundError):
        run.fit(resume=tmp_path / "nothing")


def test_nan_parameters_are_not_saved(tmp_path: Path) -> None:
    """They could not be loaded again, and would take the place of a checkpoint that can."""
    run = Run("eager", tmp_path / "c", 1)

    def spoil(trainer: nn.Trainer) -> None:
        if trainer.epoch == 2:
            run.net[0].W.data = np.full((2, 16), np.nan)

    run.trainer.callbacks.append(spoil)
    with pytest.raises(nn.NotFiniteError, match=r"fit: .*the step before made 0\.W NaN"):
        run.fit()
    run = Run("eager", tmp_path / "c", "epoch")
    run.trainer.callbacks.append(spoil)
    with pytest.raises(nn.NotFiniteError, match=r"0\.W has become NaN .* was not saved"):
        run.fit()


@pytest.mark.parametrize("kind", ["list", "of its own"])
def test_batches_of_ones_own(kind: str, tmp_path: Path) -> None:
    X, y = nn.spiral(10, seed=0)
    batches = [(X[k : k + 7], y[k : k + 7]) for k in range(0, 30, 7)]

    class Own:
        def __iter__(self) -> Any:
            return iter(batches)

    def made(path: Path | None) -> nn.Trainer:
        net = nn.Sequential(nn.Linear(2, 8, seed=0), nn.Tanh(), nn.Linear(8, 3, seed=1))
        return nn.Trainer(net, nn.cross_entropy, nn.Adam(net), checkpoint=path, every=1)

    data: Any = batches if kind == "list" else Own()
    first = made(tmp_path / "c")
    first.callbacks.append(Stop(8, BrokenError()))
    with pytest.raises(BrokenError):
        first.fit(data, epochs=4)
    resumed, whole = made(tmp_path / "c"), made(None)
    resumed.fit(data, epochs=4, resume=True)
    whole.fit(data, epochs=4)
    assert resumed.step == whole.step == 20
    for name, array in whole.net.state_dict().items():
        np.testing.assert_array_equal(resumed.net.state_dict()[name], array)
