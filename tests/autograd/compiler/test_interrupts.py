"""Interrupts leave no step half done; threads and re-entrance change no bit. See interrupts.py."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import interrupts
import numpy as np
import pytest
import today
from interrupts import apart

TODAY_WRONG = today.known("interrupts")
SURE: dict[str, Callable[[], Any]] = {  # the same at every run
    "by line": lambda: apart(interrupts.interrupted, 60, "line").wrong,
    "in the first call": lambda: apart(interrupts.in_the_first_call, 25).wrong,
    "in a fresh call": lambda: apart(interrupts.in_a_fresh_call),
    "in a fresh call of its own": lambda: apart(interrupts.in_a_fresh_call_of_its_own),
}
BY_CHANCE: dict[str, Callable[[], Any]] = {
    "by signal": lambda: apart(interrupts.interrupted, 60, "signal").wrong,
    "by another thread": lambda: apart(interrupts.interrupted, 30, "thread").wrong,
    "threads that train": lambda: apart(interrupts.threads, 4, 10),
    "threads that share a function": lambda: apart(interrupts.threads, 4, 10, shared=True),
}


@pytest.mark.parametrize("name", SURE)
def test_nothing_is_wrong_but_what_is_known_to_be(name: str) -> None:
    assert bool(wrong := SURE[name]()) == (name in TODAY_WRONG), wrong


@pytest.mark.parametrize("name", BY_CHANCE)
def test_nor_by_chance(name: str) -> None:
    wrong = BY_CHANCE[name]()
    if name not in TODAY_WRONG:
        assert not wrong


def test_many_shapes_give_the_right_results() -> None:
    grown = interrupts.shapes(24)
    assert grown.wrong == []
    assert len(grown.megabytes) == 4


def test_the_list_names_tests() -> None:
    assert {*SURE, *BY_CHANCE} >= TODAY_WRONG


class HalfDone(interrupts.Interrupt):
    """What the spoiled step below raises."""


def test_the_judge_finds_a_step_half_done(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextlib.contextmanager
    def spoil(_: int) -> Iterator[None]:
        yield
        trainers[-1].net.parameters()[0].data = np.zeros((2, 16))
        raise HalfDone

    trainers: list[interrupts.Trainer] = []
    make = interrupts.Trainer.__init__

    def seen(self: Any, *args: Any) -> None:
        make(self, *args)
        trainers.append(self)

    monkeypatch.setattr(interrupts, "at_line", spoil)
    monkeypatch.setattr(interrupts.Trainer, "__init__", seen)
    ends, wrong = interrupts.interrupted(3, "line", lambda f: f)
    assert ends == {"half done": 3}
    assert wrong[0].startswith("interrupt 0 (interrupted), half done: neither new new")
