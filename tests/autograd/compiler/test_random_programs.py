"""Random programs: compiled they give the bits of eager, at every call; and this can fail.

See `programs.py`, which runs as many as one likes, and has the list of what is known to be wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from compiler import program_judge, program_maker, program_operations, programs
from draws import seeded

import autograd as ag

CHAPTERS, EACH = 10, 30


@pytest.mark.parametrize("chapter", range(CHAPTERS))
def test_random_programs_give_the_bits_of_eager_at_every_call(chapter: int) -> None:
    numbers = range(chapter * EACH, (chapter + 1) * EACH)
    summary = programs.judge_many(numbers, seeded(0))
    for number, program, finding in summary.unknown.values():
        small = programs.smallest(program, finding.kind)
        pytest.fail(f"program {number}: {finding.kind}\n{finding.detail}\n\n{small}")


@pytest.mark.parametrize("number", range(3))
def test_random_programs_are_right_in_native_code(number: int) -> None:
    pytest.importorskip("numba", reason='needs numba: pip install "gategrad[jit]"')
    summary = programs.judge_many([number], seeded(0), "numba", source=False)
    for number, program, finding in summary.unknown.values():
        pytest.fail(f"program {number}: {finding.kind}\n{finding.detail}\n\n{program}")


def test_programs_have_everything_that_may_go_wrong() -> None:
    made = [program_maker.make(seeded(1), number) for number in range(250)]
    used = Counter(step.name for program in made for step in program.steps)
    assert len({*program_operations.NAMES} - {*used}) < 25
    assert {p.mode for p in made} == {*program_maker.MODES}
    roles = Counter(role for p in made for role in {p.roles[name] for name in p.arrays})
    assert {*roles} == {*program_maker.ARGUMENTS, *program_maker.OUTSIDE}
    assert min(roles.values()) > 5, roles
    forms = {form for p in made for form in p.forms.values()}
    assert forms == {*program_maker.FORMS}
    assert {kind for p in made for kind, _ in p.shared.values()} == {
        "same", "overlapping", "parameter",
    }  # fmt: skip
    updates = "\n".join(line for p in made for line in p.updates)
    assert all(x in updates for x in ("-= ", "*= ", ".data = ", "SGD", ".descend(", "no_grad"))
    assert sum(bool(p.updates) for p in made) > 40
    assert sum(p.nested for p in made) > 10
    assert {call.kind for p in made for call in p.calls} == {"moderate", "ties", "extreme"}
    changed = [[c for c in p.calls if c.lengths or c.dtype] for p in made]
    assert sum(map(bool, changed)) > 50
    assert {x.dtype.char for p in made for x in p.arrays.values()} >= {*"fdl?"}


# --- the judge can fail -----------------------------------------------------------------------


class Spoiled:
    """A compiled function that errs from its third call on, in one way."""

    def __init__(self, function: Callable[..., Any], fault: Callable[..., Any]):
        self.function, self.fault, self.count, self.why = function, fault, 0, ["first call"]
        self.kept: list[Any] = []

    def __call__(self, *args: Any) -> Any:
        self.count += 1
        if self.count < 3:
            return self.function(*args)
        return self.fault(self, *args)


def _changed(change: Callable[[np.ndarray], np.ndarray], place: int = 0) -> Callable[..., Any]:
    """One of the results is another."""

    def fault(spoiled: Spoiled, *args: Any) -> Any:
        results = [*spoiled.function(*args)]
        array = change(program_judge.plain(results[place]))
        is_tensor = isinstance(results[place], ag.Tensor)
        results[place] = ag.Tensor(array) if is_tensor else array[()]
        return tuple(results)

    return fault


def _nothing(spoiled: Spoiled, *args: Any) -> Any:
    return spoiled.function(*args)


def _raises(spoiled: Spoiled, *args: Any) -> Any:
    raise ZeroDivisionError("planted")


def _twice(spoiled: Spoiled, *args: Any) -> Any:
    spoiled.function(*args)
    return spoiled.function(*args)


def _writes(spoiled: Spoiled, *args: Any) -> Any:
    result = spoiled.function(*args)
    if args[0].flags.writeable:
        args[0][...] = 3
    return result


PLANTED: dict[str, Callable[..., Any]] = {
    "signs of zeros of result": _changed(lambda x: -x),
    "last bits of result": _changed(lambda x: np.nextafter(x, x.dtype.type(9)), 1),
    "dtype of result": _changed(lambda x: x.astype(np.float16)),
    "shape of result": _changed(lambda x: x[None]),
    "crash: ZeroDivisionError: planted": _raises,
    "numbers of value": _twice,
    "numbers of argument, afterwards": _writes,
}


def planted() -> program_maker.Compilable:
    """A small program on which every planted fault shows."""
    step = program_maker.tp.Step("zero", "v0", ("c1",), "v0 = c1 * 0.0", "")
    return program_maker.Compilable(
        arrays={"c0": np.array([0.5, 1.0]), "c1": np.array([1.0, 2.0, 3.0])},
        roles={"c0": "parameter", "c1": "array"}, outputs=["v0"], steps=[step],
        updates=["c0 *= 0.5"], returns=["c0.detach()"],
        calls=[program_maker.Call(k, form="C") for k in range(13)],
    )  # fmt: skip


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_fault_is_found_and_cut_down(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = planted()
    monkeypatch.setattr(ag, "compile", lambda f, **_: Spoiled(f, _nothing))
    fine = program_judge.judged(program)
    assert (fine.kinds, fine.calls) == (set(), 13)
    monkeypatch.setattr(ag, "compile", lambda f, **_: Spoiled(f, PLANTED[kind]))
    assert kind in program_judge.judged(program).kinds
    small = programs.smallest(program, kind)
    assert (len(small.steps), len(small.calls)) <= (1, 3)
    assert "compiled = ag.compile(step)" in str(small)


def test_a_text_that_is_wrong_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    program = replace(planted(), returns=[])

    def judged() -> set[str]:
        kinds = program_judge.judged(program, source=True).kinds
        return {kind for kind in kinds if kind.startswith("source")}

    assert judged() == set()
    right = program_judge.sealed

    def wrong(text: str, name: str) -> Any:
        return right(text.replace("0.5", "0.6"), name)

    monkeypatch.setattr(program_judge, "sealed", wrong)
    assert "source: an update: numbers" in judged()
    monkeypatch.setattr(program_judge, "sealed", lambda text, name: right("import nn", name))
    assert "source: ImportError: nn is not NumPy" in judged()
