"""Compiled functions do not go stale: every way that is known, beside the function as it is."""

from __future__ import annotations

import functools
from typing import Any

import pytest
import stale
import today

TODAY_WRONG = today.known("stale")
WAYS = stale.ways()
KINDS = list(dict.fromkeys(way.kind for way in WAYS))


@functools.cache
def verdicts(kind: str) -> list[stale.Verdict]:
    return [stale.judge(way) for way in WAYS if way.kind == kind]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_goes_stale_but_what_is_known_to(kind: str) -> None:
    """When this fails with fewer than are known, write the shorter list: stale --write."""
    wrong = {v.way.title: v.words for v in verdicts(kind) if v.end == stale.WRONG}
    known = {title for title in TODAY_WRONG if title.startswith(f"{kind}: ")}
    assert {title: words for title, words in wrong.items() if title not in known} == {}
    assert known - wrong.keys() == set(), "no longer wrong"


def test_few_are_refused() -> None:
    refused = [v.way.title for kind in KINDS for v in verdicts(kind) if v.end == stale.REFUSED]
    assert len(refused) <= 0.15 * len(WAYS)


def test_there_are_many_each_with_a_name_of_its_own() -> None:
    titles = {way.title for way in WAYS}
    assert len(titles) == len(WAYS) >= 260
    assert titles >= TODAY_WRONG


def remembering(function: Any) -> Any:
    """A compiler that goes stale whenever one can: what a call gave is given for ever."""
    known: dict[str, Any] = {}

    def call(*args: Any, **kwargs: Any) -> Any:
        key = repr((stale.snapshot(args), stale.snapshot(kwargs)))
        if key not in known:
            known[key] = function(*args, **kwargs)
        return known[key]

    return call


def test_a_change_outside_makes_a_difference() -> None:
    """Else the way could not be judged."""
    ways = [way for way in WAYS if way.kind.startswith("outside") and way.changes]
    assert len(ways) > 200
    assert [way.title for way in ways if stale.judge(way, remembering).end != stale.WRONG] == []


def test_what_the_function_changes_makes_a_difference() -> None:
    harmless = {
        "own: counters: number-given-back-to-what-it-was", "own: containers: dict-set-default",
        "own: containers: memo-of-results", "own: containers: memo-of-masks",
        "own: containers: cache-of-traced-values", "own: random: generator-made-inside",
    }  # fmt: skip
    ways = [way for way in WAYS if way.kind.startswith("own") and way.title not in harmless]
    assert [way.title for way in ways if stale.judge(way, remembering).end != stale.WRONG] == []


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (stale.ag.TraceError("this cannot be; pass it as an argument"), stale.REFUSED),
        (stale.ag.TraceError("this cannot be"), stale.WRONG),
        (AttributeError("pass it as an argument"), stale.WRONG),
    ],
)
def test_an_error_counts_as_a_refusal_if_it_is_ours_and_helps(error: Exception, end: str) -> None:
    def refusing(_: Any) -> Any:
        def call(*_: Any) -> Any:
            raise error

        return call

    assert stale.judge(WAYS[0], refusing).end == end
