"""Time to an accuracy: train nets on MNIST until they are right on so many of the test images.

`python -m benchmarks.accuracy` trains an MLP (784-256-10) to 98 % and a convolutional net to 99 %,
with gategrad and with PyTorch: the same initial weights, the same batches of 100 in the same order,
Adam with a step size of 0.001 that is 0.85 times as large after every epoch. The systems take turns
epoch by epoch, each in a process with one thread. What counts is the time that the processor has
worked on steps of training, so that others on the machine count less; batches are ready before, and
the accuracy is computed when the clock stands.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
import time
from typing import Any

import numpy as np

from . import nets
from .runner import ROOT, Options
from .systems import SYSTEMS
from .workloads import Work

TARGETS = {"mlp": 0.98, "cnn": 0.99}
TITLES = {"mlp": "MLP", "cnn": "CNN"}
TRAINED = ("torch_eager", "gategrad_eager", "gategrad_compiled", "gategrad_numba")
BATCH, DECAY, LR = 100, 0.85, 1e-3


def main() -> None:
    """Print a table; or be one of the processes."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = parser.add_argument
    add("nets", nargs="*", help=f"{', '.join(TARGETS)} (all)")
    add("--systems", default=",".join(TRAINED), metavar="A,B", help="%(default)s")
    add("--epochs", type=int, default=30, help="at most so many (%(default)s)")
    add("--child", nargs=2, metavar=("SYSTEM", "NET"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        return child(*given.child)
    for kind in given.nets or TARGETS:
        if kind not in TARGETS:
            parser.error(f"unknown net {kind!r}; there are {', '.join(TARGETS)}")
    print("| to | system | epochs | test accuracy | seconds | ratio |\n|---|---|---|---|---|---|")
    for kind in given.nets or TARGETS:
        compare(kind, given.systems.split(","), given.epochs)


def compare(kind: str, systems: list[str], epochs: int) -> None:
    """Let the systems take turns until each has reached the target; a row for each."""
    environment = Options().environment("default")
    running = {
        name: subprocess.Popen(
            [sys.executable, "-m", "benchmarks.accuracy", "--child", name, kind],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT,
        )
        for name in systems
    }  # fmt: skip
    found: dict[str, tuple[int, float, float]] = {}
    for epoch in range(1, epochs + 1):
        for name, process in list(running.items()):
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{epoch}\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            seconds = found.get(name, (0, 0.0, 0.0))[2] + answer["seconds"]
            found[name] = epoch, answer["accuracy"], seconds
            if answer["accuracy"] >= TARGETS[kind]:
                running.pop(name).communicate()
    for process in running.values():
        process.communicate()
    first = found[systems[0]][2]
    for name, (epoch, accuracy, seconds) in found.items():
        reached = "" if name not in running else " (not reached)"
        print(f"| {TITLES[kind]}, {TARGETS[kind]:.0%}{reached} | {SYSTEMS[name]} | {epoch} | "
              f"{accuracy:.2%} | {seconds:.1f} | {seconds / first:.2f} |", flush=True)  # fmt: skip


def child(system: str, kind: str) -> None:
    """Train an epoch for each line that comes in; answer with its time, and the accuracy."""
    answers, sys.stdout = sys.stdout, sys.stderr
    train, test = digits(kind)
    arrays = nets.arrays(kind, "float32", lambda size: (train[0][None, :size], train[1][None]))
    work = Work(arrays | {"lr": LR})
    step, scores, set_lr = importlib.import_module(f"benchmarks.systems.{system}").TRAIN(kind, work)
    for line in sys.stdin:
        epoch = int(line)
        order = np.random.default_rng(epoch).permutation(len(train[0]))
        batches = [tuple(a[order[k : k + BATCH]] for a in train)
                   for k in range(0, len(order), BATCH)]  # fmt: skip
        set_lr(LR * DECAY ** (epoch - 1))
        start = time.process_time()
        for X, y in batches:
            step(X, y)
        seconds = time.process_time() - start
        right = [np.argmax(scores(test[0][k : k + 1000]), axis=1) == test[1][k : k + 1000]
                 for k in range(0, len(test[0]), 1000)]  # fmt: skip
        accuracy = float(np.mean(right))
        print(json.dumps({"seconds": seconds, "accuracy": accuracy}), file=answers, flush=True)


def digits(kind: str) -> Any:
    """MNIST, as the net takes it; raises where only the small subset is at hand."""
    import nn

    found = nn.mnist(flatten=kind == "mlp", dtype=np.float32)
    if len(found[0][0]) < 60_000:
        raise SystemExit("benchmarks.accuracy: needs the whole of MNIST; set GATEGRAD_DATA")
    return found


if __name__ == "__main__":
    main()
