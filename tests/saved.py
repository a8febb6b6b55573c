"""What the tests of files save: a net and an optimiser with states, and a run that saves always."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import nn

Array = np.ndarray
ROOT = Path(__file__).resolve().parents[1]


class Net(nn.Module):
    """Two affine layers and filters, which loads all or nothing."""

    def __init__(self, seed: int = 0, hidden: int = 4, dtype: Any = float):
        self.fc1 = nn.Linear(3, hidden, seed=seed, dtype=dtype)
        self.fc2 = nn.Linear(hidden, 2, seed=seed + 1, dtype=dtype)
        self.conv = nn.Conv2d(1, 2, 2, seed=seed + 2, dtype=dtype)

    def forward(self, x: Any) -> Any:
        return self.fc2(nn.Tanh()(self.fc1(x)))

    def state_dict(self) -> dict[str, Array]:
        return {name: p.numpy().copy() for name, p in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> None:
        ours = dict(self.named_parameters())
        if strict and state.keys() != ours.keys():
            raise ValueError(f"the names are {sorted(state)}; expected {sorted(ours)}")
        for name in state:
            value, p = state[name], ours[name]
            if value.shape != p.shape or not np.can_cast(value.dtype, p.dtype, "safe"):
                raise ValueError(f"{name} is {value.shape} {value.dtype}; expected {p.shape}")
            if not np.isfinite(value).all():
                raise ValueError(f"{name} has NaN or infinity")
        for name, value in state.items():
            ours[name].data = value.astype(ours[name].dtype)


class Momentum:
    """SGD with momentum: its state has arrays by number, and plain numbers."""

    def __init__(self, net: nn.Module, lr: float = 0.05):
        self.params, self.lr, self.steps = net.parameters(), lr, 0
        self.velocity = {k: np.zeros(p.shape) for k, p in enumerate(self.params)}

    def step(self) -> None:
        self.steps += 1
        for k, p in enumerate(self.params):
            if p.grad is not None:
                self.velocity[k] = 0.9 * self.velocity[k] - self.lr * p.grad
                p.data = p.data + self.velocity[k]
                p.zero_grad()

    def state_dict(self) -> dict[str, Any]:
        return {"lr": self.lr, "steps": self.steps, "velocity": self.velocity}

    def load_state_dict(self, state: Any) -> None:
        if set(state) != {"lr", "steps", "velocity"} or set(state["velocity"]) != set(
            self.velocity
        ):
            raise ValueError("the state of Momentum has other keys")
        if any(state["velocity"][k].shape != v.shape for k, v in self.velocity.items()):
            raise ValueError("the velocities have other shapes")
        self.lr, self.steps = state["lr"], state["steps"]
        self.velocity = {k: v.copy() for k, v in state["velocity"].items()}


def parts(seed: int = 0) -> dict[str, Any]:
    """All that a run consists of."""
    data = np.random.default_rng(7)
    net = Net(seed)
    return {
        "net": net,
        "optimiser": Momentum(net),
        "loader": nn.DataLoader(
            data.normal(size=(10, 3)), data.integers(0, 2, 10), 3, shuffle=True, seed=seed,
            transform=lambda x, y, rng: (x + 0.01 * rng.normal(size=x.shape), y),
        ),
        "rng": np.random.default_rng(seed),
    }  # fmt: skip


def digest(run: Mapping[str, Any]) -> str:
    """The bits of a run, wherever it stands."""
    state = {**run["net"].state_dict(), **run["optimiser"].velocity}
    told = hashlib.sha256(repr(run["loader"].state_dict()).encode())
    told.update(repr(run["rng"].bit_generator.state).encode())
    for name in state:
        told.update(state[name].tobytes())
    return told.hexdigest()


def train(path: Path, steps: int, seed: int = 0, save: bool = True) -> dict[str, Any]:
    """Train that many steps in all, from the checkpoint on if there is one; save after each."""
    run = parts(seed)
    net, optimiser, loader, rng = run.values()
    step = 0
    if save:
        try:
            step = nn.load_checkpoint(path, **run)["step"]
        except FileNotFoundError:
            nn.save_checkpoint(path, **run, extra={"step": 0}, keep=2)
    while step < steps:
        for x, y in loader:
            noise = 0.1 * rng.normal(size=x.shape)
            nn.softmax_cross_entropy(net(x + noise), y).backward()
            optimiser.step()
            step += 1
            if save:
                nn.save_checkpoint(path, **run, extra={"step": step}, keep=2)
            if step >= steps:
                break
    return run


# --- runs that are killed ----------------------------------------------------------------------


def kill(folder: Path, signals: list[signal.Signals], seed: int) -> list[float]:
    """Kill a run once with each signal, at a random moment, and let it come to its end.

    After each the checkpoint must load, and the end must have the bits of a run without saving.
    Gives the moments, in seconds after the run had saved something.
    """
    path, rng = folder / "run.ckpt", np.random.default_rng(seed)
    command = [sys.executable, __file__, str(path)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH')}"}
    moments = []
    for name in signals:
        before = path.stat().st_mtime_ns if path.exists() else 0
        with subprocess.Popen(
            [*command, str(10**9)], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
        ) as process:
            while not path.exists() or path.stat().st_mtime_ns == before:
                assert process.poll() is None
                time.sleep(0.001)
            moments.append(float(rng.uniform(0, 0.3)))
            time.sleep(moments[-1])
            process.send_signal(name)
            process.wait(60)
        run = parts()
        reached = nn.load_checkpoint(path, **run)["step"]
        assert digest(run) == digest(train(path, reached, save=False)), reached
    assert digest(train(path, reached + 5)) == digest(train(path, reached + 5, save=False))
    assert sorted(os.listdir(folder)) == ["run.ckpt", "run.ckpt.1"]
    return moments


if __name__ == "__main__":  # python tests/saved.py PATH STEPS, or python -m tests.saved kill 25
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
    if sys.argv[1] != "kill":
        print(digest(train(Path(sys.argv[1]), int(sys.argv[2]))))
    else:
        with tempfile.TemporaryDirectory() as place:
            times = kill(Path(place), [signal.SIGKILL] * int(sys.argv[2]), seed=0)
        print(f"killed {len(times)} times, resumed {len(times)} times, the same bits in the end")
