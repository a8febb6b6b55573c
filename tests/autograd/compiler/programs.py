"""Random programs for the compiler, many of them: what is wrong, by kind, and cut down.

    python -m tests.autograd.compiler.programs 5000 --seed 0
    python -m tests.autograd.compiler.programs 500 --numba
    python -m tests.autograd.compiler.programs 0 --only 1234

`program_operations.py` has the operations, `program_maker.py` draws programs, `program_values.py`
what they are called with, and `program_judge.py` says what is right.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [x for x in map(str, (HERE.parents[2], HERE.parents[1], HERE.parent))
                if x not in sys.path]  # fmt: skip

import numpy as np  # noqa: E402
from compiler import program_judge as judge  # noqa: E402
from compiler import program_maker as maker  # noqa: E402
from compiler.program_judge import Finding, Verdict  # noqa: E402
from compiler.program_maker import Call, Compilable  # noqa: E402
from compiler.program_values import plain  # noqa: E402
from draws import seeded  # noqa: E402
from torch_operations import words  # noqa: E402


@dataclass(frozen=True)
class Fault:
    """A fault of the compiler that is known: how its findings and its programs look."""

    kind: str
    program: str = ""

    def explains(self, program: Compilable, finding: Finding) -> bool:
        found = re.match(self.kind, finding.kind)
        return found is not None and re.search(self.program, program.text()) is not None


# The faults that are known. The list has to stay empty, or to become so again.
TODAY_WRONG: dict[str, Fault] = {}


def known(program: Compilable, finding: Finding) -> str | None:
    """The name that a finding has among the faults that are known."""
    names = (name for name, fault in TODAY_WRONG.items() if fault.explains(program, finding))
    return next(names, None)


Example = tuple[int, Compilable, Finding]  # a program, its number, and what is wrong with it

# --- many -------------------------------------------------------------------------------------


@dataclass
class Summary:
    """What many programs came to."""

    programs: int = 0
    calls: int = 0
    traces: int = 0
    sources: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, Example] = field(default_factory=dict)
    examples: dict[str, Example] = field(default_factory=dict)  # of what is refused
    used: Counter[str] = field(default_factory=Counter)

    def add(self, number: int, program: Compilable, verdict: Verdict) -> None:
        self.programs += 1
        self.calls += verdict.calls
        self.traces += verdict.traces
        self.sources += verdict.source
        self.used.update(step.name for step in program.steps)
        if verdict.refused is not None:
            kind = f"refused: {judge.general(verdict.refused)}"
            self.refused[kind] += 1
            self.examples.setdefault(kind, (number, program, Finding(kind, verdict.refused)))
        for finding in verdict.findings:
            name = known(program, finding)
            kind = finding.kind if name is None else f"known, {name}: {finding.kind}"
            self.kinds[kind] += 1
            self.wrong.setdefault(kind, (number, program, finding))

    @property
    def unknown(self) -> dict[str, Example]:
        return {kind: x for kind, x in self.wrong.items() if not kind.startswith("known, ")}

    @property
    def unseen(self) -> list[str]:
        """The known faults that did not show."""
        return [
            n for n in TODAY_WRONG if not any(k.startswith(f"known, {n}: ") for k in self.wrong)
        ]

    def __str__(self) -> str:
        lines = [
            f"{self.programs} programs, {self.calls} calls, {self.traces} traces, {self.sources} "
            f"texts, {sum(self.used.values())} steps of {len(self.used)} operations",
            f"refused: {sum(self.refused.values())}",
            *(f"  {count:5} {message}" for message, count in self.refused.most_common()),
            f"wrong: {sum(self.kinds.values())} findings of {len(self.kinds)} kinds",
            *(
                f"  {count:5} {kind}   (program {self.wrong[kind][0]})"
                for kind, count in self.kinds.most_common()
            ),
            f"known faults that did not show: {', '.join(self.unseen) or 'none'}",
        ]
        return "\n".join(lines)


def judge_many(
    numbers: Sequence[int], seed: int, backend: str = "numpy", source: bool = True
) -> Summary:
    """Make and judge the numbered programs."""
    summary = Summary()
    for number in numbers:
        program = made(seed, number, backend)
        summary.add(number, program, judge.judged(program, backend, source))
    return summary


def made(seed: int, number: int, backend: str = "numpy") -> Compilable:
    """Program `number`. Native code gets moderate numbers: roundings decide at ties."""
    program = maker.make(seed, number)
    if backend == "numba":
        program.calls = [replace(call, kind="moderate") for call in program.calls]
    return program


# --- cutting a failing program down -----------------------------------------------------------


def smallest(
    program: Compilable, kind: str, backend: str = "numpy", tries: int = 400
) -> Compilable:
    """A program with the same kind of finding that cannot be made smaller by one change."""
    source = kind.startswith("source")
    progress = True
    while progress and tries > 0:
        progress = False
        for other in _smaller(program):
            tries -= 1
            if tries < 0 or _shows(other, kind, backend, source):
                program, progress = other, tries >= 0
                break
    return program


def _shows(program: Compilable, kind: str, backend: str, source: bool) -> bool:
    with maker.quiet():
        if maker.fails(program, program.calls[0] if program.calls else Call(0)):
            return False
    try:
        verdict = judge.judged(program, backend, source)
    except Exception:  # what cutting has made of it is no program
        return False
    return kind in verdict.kinds


def _smaller(program: Compilable) -> Iterator[Compilable]:
    calls = program.calls
    for k in [1, 2, len(calls) // 2]:
        if 0 < k < len(calls):
            yield replace(program, calls=calls[:k])
    for k in range(len(calls)):
        yield replace(program, calls=calls[:k] + calls[k + 1 :])
    for part in ("updates", "before", "returns", "outputs"):
        lines = getattr(program, part)
        for k in range(len(lines)):
            yield replace(program, **{part: lines[:k] + lines[k + 1 :]}).pruned()
    yield from _fewer_steps(program)
    yield from _simpler(program)


def _fewer_steps(program: Compilable) -> Iterator[Compilable]:
    """An array in place of a step, or another output further up."""
    found = _values(program)
    text = " ".join([*program.updates, *program.before, *program.returns])
    for k, step in enumerate(program.steps):
        rest = program.steps[:k] + program.steps[k + 1 :]
        for name in step.reads:  # the step is left out
            if step.out in program.outputs and name not in program.outputs:
                outputs = [name if x == step.out else x for x in program.outputs]
                if step.out not in words(text):
                    yield replace(program, steps=rest, outputs=outputs).pruned()
        if step.out in found:
            arrays = {**program.arrays, step.out: found[step.out]}
            roles = {**program.roles, step.out: "array"}
            yield replace(program, steps=rest, arrays=arrays, roles=roles).pruned()


def _simpler(program: Compilable) -> Iterator[Compilable]:
    if program.nested:
        yield replace(program, nested=False)
    for part in ("shared", "forms"):
        for name in getattr(program, part):
            left = {k: v for k, v in getattr(program, part).items() if k != name}
            yield replace(program, **{part: left})
    calls = program.calls
    for k, call in enumerate(calls):
        for plainer in (Call(call.number), Call(call.number, call.kind)):
            if plainer != call:
                yield replace(program, calls=[*calls[:k], plainer, *calls[k + 1 :]])
    for name, role in program.roles.items():
        if name in program.arrays and role not in ("array", "float", "int"):
            yield replace(program, roles={**program.roles, name: "array"})
    if program.mode in maker.BACKWARD and program.mode != "backward":
        yield replace(program, mode="backward")
    elif program.mode in maker.WRAPPERS and program.mode != "grad":
        yield replace(program, mode="grad")
    if program.mode != "forward":
        yield replace(program, mode="forward")


def _values(program: Compilable) -> dict[str, np.ndarray]:
    """What the steps compute, where they are not inside of another function."""
    taken = [step.out for step in program.steps]
    whole = replace(
        program, mode="forward", returns=[f"dict({', '.join(f'{x}={x}' for x in taken)})"],
        before=[], updates=[], nested=False,
    )  # fmt: skip
    try:
        with maker.quiet():
            scope = maker.start(whole)
            result = scope["step"](*maker.arguments(whole, Call(0), scope))
        return {name: plain(x) for name, x in result[1].items() if plain(x).dtype.kind in "fib"}
    except Exception:  # a gate that is at home in a gradient only
        return {}


# --- the command line -------------------------------------------------------------------------


def main() -> int:
    """Judge many programs, and print a summary and one small program of each kind of finding."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", type=int, nargs="?", default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=int, default=0, help="the number of the first program")
    parser.add_argument("--only", type=int, help="the number of the only program")
    parser.add_argument("--numba", type=int, default=0, help="so many on native code, too")
    parser.add_argument("--source", action="store_true", help="run the text of each program, too")
    parser.add_argument("--show", type=int, default=5, help="how many small programs to print")
    parser.add_argument("--refused", action="store_true", help="print what is refused, too")
    parser.add_argument("--known", action="store_true", help="print those that are known, too")
    options = parser.parse_args()
    seed, bad = seeded(options.seed), False
    jobs = [("numpy", options.count), ("numba", options.numba)]
    for backend, count in jobs:
        if not count and options.only is None:
            continue
        numbers: Sequence[int] = range(options.start, options.start + count)
        numbers = numbers if options.only is None else [options.only]
        begun = time.perf_counter()
        summary = judge_many(numbers, seed, backend, options.source and backend == "numpy")
        took = time.perf_counter() - begun
        print(f"\n{backend}, seed {seed}, {took:.0f} s: {summary}\n", flush=True)
        bad |= bool(summary.unknown)
        shown = {**(summary.wrong if options.known else summary.unknown)}
        shown |= summary.examples if options.refused else {}
        for kind, (number, program, finding) in [*shown.items()][: options.show]:
            small = smallest(program, finding.kind, backend)
            print(f"--- {kind}\nprogram {number}: {finding.detail[:1500]}\n\n{small}\n", flush=True)
        if options.only is not None:
            break
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
