"""Random programs agree with PyTorch in value, gradient and second order; and this can fail."""

import warnings
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from draws import seeded

pytest.importorskip("torch", reason="no torch: the extra `bench`")

import torch_programs as tp

CHAPTERS, EACH = 10, 40
LONG, LENGTH = 5, 100  # in each chapter, programs of so many operations


@pytest.mark.parametrize("chapter", range(CHAPTERS))
def test_random_programs_agree_with_pytorch(chapter: int) -> None:
    numbers = range(chapter * EACH, (chapter + 1) * EACH)
    for number, program, _, how in tp.failures(numbers, seeded(0)):
        pytest.fail(f"program {number}: {how}\n\n{tp.smallest(program)}")


@pytest.mark.parametrize("chapter", range(CHAPTERS))
def test_programs_of_a_hundred_operations_agree_with_pytorch(chapter: int) -> None:
    numbers = range(chapter * LONG, (chapter + 1) * LONG)
    for number, program, _, how in tp.failures(numbers, seeded(0), LENGTH):
        pytest.fail(f"program {number}: {how}\n\n{tp.smallest(program)}")


def test_long_programs_use_the_library_and_are_long() -> None:
    programs = [tp.make(1, number, LENGTH) for number in range(60)]
    assert np.median([len(program.steps) for program in programs]) == LENGTH
    used = Counter(step.name for program in programs for step in program.steps)
    assert len(tp.ROWS) >= 290
    assert len({*tp.ROWS} - {*used}) < 10
    written = {row.name for row in (*tp.LECTURE[-1], *tp.LIBRARY[-1])}
    assert all(any(step.name in written for step in program.steps) for program in programs)


def test_programs_use_every_operation_share_values_and_hold_empty_arrays() -> None:
    programs = [tp.make(1, number) for number in range(600)]
    used = Counter(step.name for program in programs for step in program.steps)
    lecture = {row.name for rows in tp.LECTURE for row in rows}
    assert lecture - {*used} == set()
    assert len(lecture) >= 60
    reads = [Counter(x for s in p.steps for x in s.reads) for p in programs]
    assert sum(max(counts.values(), default=0) > 1 for counts in reads) > 300
    arrays = [[p.arrays[name] for name in p.tracked] for p in programs]
    assert sum(any(x.size == 0 for x in xs) for xs in arrays) > 20
    assert {x.dtype for xs in arrays for x in xs} == {np.dtype("f4"), np.dtype("f8")}


@pytest.mark.parametrize(
    ("kind", "theirs"),
    [
        ("value", "torch.tanh({x}) + 0.01"),
        ("gradient", "torch.tanh({x}) + 0.01 * ({x} - {x}.detach())"),
        ("second order", "torch.tanh({x}) + 0.01 * ({x} - {x}.detach()) ** 2"),
        ("dtype", "torch.tanh({x}).double()"),
    ],
)
def test_a_disagreement_is_found_and_cut_down(
    kind: str, theirs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One row is spoiled, in its value, or in nothing but its first or second derivative."""
    spoiled = [replace(tp.ROWS["tanh"], theirs=theirs)]
    monkeypatch.setattr(tp, "TABLE", [spoiled, *tp.TABLE])
    found = (f for f in tp.failures(range(500), seeded(0)) if f[2] == kind)
    _, program, _, _ = next(found)
    small = tp.smallest(program)
    assert len(small.steps) <= 2
    assert "tanh" in {step.name for step in small.steps}
    with warnings.catch_warnings():  # it can be pasted
        warnings.simplefilter("ignore")
        exec(str(small), {"print": lambda *_: None})


def test_a_wrong_product_forward_over_reverse_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = tp.ag.hvp

    def wrong(*args: Any, **options: Any) -> Any:
        product = right(*args, **options)
        return lambda *at: tuple(x * 1.001 for x in product(*at))

    monkeypatch.setattr(tp.ag, "hvp", wrong)
    found = next(tp.failures(range(20), seeded(0)))
    assert found[2] == "forward over reverse"
