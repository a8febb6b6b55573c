"""Names do not matter: compiled functions run, and their source is right, under any."""

from __future__ import annotations

from typing import Any

import names
import pytest
import today

TODAY_WRONG = today.known("names")
CASES = list(names.cases())
ROLES = list(dict.fromkeys(case.title.partition(":")[0] for case in CASES))


@pytest.mark.parametrize("role", ROLES)
def test_nothing_is_wrong_but_what_is_known_to_be(role: str) -> None:
    """When this fails with fewer than are known, write the shorter list: names --write."""
    own = [case for case in CASES if case.title.startswith(f"{role}:")]
    wrong = {v.case.title: v.words for v in map(names.judge, own) if v.words}
    known = {title for title in TODAY_WRONG if title.startswith(f"{role}:")}
    assert {title: words for title, words in wrong.items() if title not in known} == {}
    assert known - wrong.keys() == set(), "no longer wrong"


def test_there_are_many_names_in_every_role() -> None:
    assert len(set(names.NAMES)) == len(names.NAMES) >= 60
    assert len({case.title for case in CASES}) == len(CASES)
    assert {case.title for case in CASES} >= TODAY_WRONG


class Spoiled:
    """A compiled function whose source somebody has written."""

    constants: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, source: str, function: Any):
        self.source, self.function = source, function

    def __call__(self, *args: Any) -> Any:
        return self.function(*args)


RIGHT = """
import numpy as np
C = np.array([0.1, 0.2, 0.3])
def step(x, W, V):
    inner = [np.where(x > 0, x * p * k, np.maximum(p, C)) for k, p in [(1, W), (2, V)]]
    loss = np.sum(np.tanh(inner[0]) + np.tanh(inner[1]))
    slope = [np.where(x > 0, x * k, p > C) for k, p in [(1, W), (2, V)]]
    dW, dV = (s * (1 - np.tanh(i)**2) for s, i in zip(slope, inner))
    W -= 0.1 * dW
    V -= 0.1 * dV
    return loss
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("", "", ""),
        ("(2, V)", "(3, V)", "other numbers"),
        ("V -= 0.1", "V -= 0.2", "other numbers"),
        ("return loss", "return loss + 1e-9", "other numbers"),
        ("np.sum", "np.some", "the source fails"),
        ("W, V)", "W, V]", "no Python"),
        ("W, V)", "W, V=planted())", "holds code"),
        ("return", "eval('planted()')\n    return", "was run"),
    ],
)
def test_the_judge_finds_a_wrong_source(old: str, new: str, words: str) -> None:
    text = RIGHT.replace(old, new, 1)
    found = names.judge(CASES[0], lambda function: Spoiled(text, function)).words
    assert words in found
    assert bool(words) == bool(found)


def test_the_judge_finds_a_wrong_call() -> None:
    wrong = names.judge(CASES[0], lambda f: lambda x: f(x) + 1).words
    assert "another loss" in wrong
    wrong = names.judge(CASES[0], lambda f: lambda x: (f(x), f(x))[0]).words
    assert "another update" in wrong
