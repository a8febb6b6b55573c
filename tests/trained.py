"""A training that saves always, killed at random moments and resumed, for the tests of Trainer."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import nn

ROOT = Path(__file__).resolve().parents[1]
EPOCHS = 5
MODES: dict[str, Any] = {"eager": False, "compiled": True, "numba": "numba"}


class Slowly(nn.Callback):
    """Gives those who kill the time to do so, and counts in a state of its own."""

    def __init__(self, seconds: float):
        self.seconds, self.losses = seconds, [0.0]

    def on_step(self, trainer: nn.Trainer) -> None:
        time.sleep(self.seconds)
        self.losses[0] += trainer.last_loss

    def state_dict(self) -> dict[str, Any]:
        return {"losses": [*self.losses]}

    def load_state_dict(self, state: Any) -> None:
        self.losses = [*state["losses"]]


def jitter(x: Any, y: Any, rng: np.random.Generator) -> Any:
    return x + 0.05 * rng.normal(size=x.shape), y


class Run:
    """All that can be in a training: what draws, what is running, what is kept."""

    def __init__(self, mode: str, path: Path | None, every: Any = 1, seconds: float = 0.0):
        nn.seed(3)
        X, y = nn.spiral(30, seed=0)
        self.net = nn.Sequential(
            nn.Linear(2, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2, seed=5),
            nn.Linear(16, 16), nn.Tanh(), nn.Dropout(0.1), nn.Linear(16, 3),
        )  # fmt: skip
        self.optimiser = nn.AdamW(self.net, lr=0.01)
        self.schedule = nn.CosineAnnealingLR(self.optimiser, 100)
        self.stopping = nn.EarlyStopping(patience=3)
        self.loader = nn.DataLoader(X, y, 13, shuffle=True, transform=jitter)
        self.held_out = nn.DataLoader(X, y, 40, shuffle=True, transform=jitter)
        self.slowly = Slowly(seconds)
        self.trainer = nn.Trainer(
            self.net, nn.CrossEntropyLoss(label_smoothing=0.1), self.optimiser,
            schedule=self.schedule, schedule_every="step", metrics=["accuracy", "f1_score"],
            compile=MODES[mode], clip=1.0, callbacks=[self.stopping, self.slowly], checkpoint=path,
            every=every, keep=2, progress=False,
        )  # fmt: skip

    def fit(self, resume: Any = False, epochs: int = EPOCHS) -> Run:
        try:
            self.trainer.fit(self.loader, epochs=epochs, validation=self.held_out, resume=resume)
        finally:
            nn.seed(None)
        return self

    def digest(self) -> str:
        """The bits of everything but the seconds."""
        trainer = self.trainer.state_dict()
        history = self.trainer.history.state_dict()
        del trainer["seconds"], history["columns"]["seconds"]
        states = [
            self.net.state_dict(), self.optimiser.state_dict(), self.schedule.state_dict(),
            self.loader.state_dict(), self.held_out.state_dict(), self.stopping.state_dict(),
            self.slowly.state_dict(), trainer, history,
            [nn.rng.state_of(rng) for _, rng in self.net.named_generators()],
        ]  # fmt: skip
        return hashlib.sha256(repr(bits(states)).encode()).hexdigest()


def bits(x: Any) -> Any:
    if isinstance(x, dict):
        return {key: bits(value) for key, value in x.items()}
    if isinstance(x, (list, tuple)):
        return [bits(value) for value in x]
    return (x.dtype.str, x.shape, x.tobytes()) if isinstance(x, np.ndarray) else x


# --- runs that are killed ----------------------------------------------------------------------


def kill(folder: Path, mode: str, signals: Sequence[signal.Signals], seed: int) -> int:
    """Let a run be ended once by each signal, at random moments, and resume it to its end.

    It has to have the bits of a run that nobody stopped. Gives how often it was stopped before it
    had come to its end.
    """
    path, rng = folder / "run.ckpt", np.random.default_rng(seed)
    command = [sys.executable, __file__, str(path), mode]
    roots = f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    environment = {**os.environ, "PYTHONPATH": roots}
    stopped = 0
    for name in signals:
        before = path.stat().st_mtime_ns if path.exists() else 0
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as process:
            while process.poll() is None:
                if path.exists() and path.stat().st_mtime_ns != before:  # it has begun to save
                    time.sleep(float(rng.uniform(0, 0.15)))
                    process.send_signal(name)
                    break
                time.sleep(0.001)
            errors = process.communicate()[1].decode()
            code = process.returncode
        assert code in (0, -name, 128 + name), errors
        stopped += code != 0
    resumed = Run(mode, path).fit(resume=True).digest()
    assert resumed == Run(mode, None).fit().digest()
    left = {"run.ckpt", "run.ckpt.1"}
    assert set(os.listdir(folder)) <= left, os.listdir(folder)
    return stopped


if __name__ == "__main__":  # tests/trained.py PATH MODE, or: python -m tests.trained kill 25 MODE
    if sys.argv[1] != "kill":
        signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background, too
        Run(sys.argv[2], Path(sys.argv[1]), seconds=0.02).fit(resume=True)
    else:
        wanted, mode, found, tries = int(sys.argv[2]), sys.argv[3], 0, 0
        while found < wanted:  # one run is killed many times, and another one follows it
            with tempfile.TemporaryDirectory() as place:
                found += kill(Path(place), mode, [signal.SIGKILL] * min(8, wanted - found), tries)
            tries += 1
        print(f"{mode}: killed {found} times in {tries} runs, the same bits in the end each time")
