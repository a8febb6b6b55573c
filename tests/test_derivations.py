"""The gallery of derivations: every text runs on NumPy alone and gives the function's numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import Parameter
from demos import derivations
from demos.derivations import PAGE, PROGRAMS, Derived, Made, Program, derive, distance, main, page

NOT_YET: dict[str, str] = {}


@pytest.fixture(scope="module")
def found() -> dict[str, Derived]:
    return {name: derive(entry.make) for name, entry in PROGRAMS.items()}


def marked(name: str) -> Any:
    """A program, as one that is expected to fail where that is known."""
    reason = NOT_YET.get(name)
    marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
    return pytest.param(name, marks=marks)


@pytest.mark.parametrize("name", [marked(name) for name in PROGRAMS])
def test_the_source_is_right(name: str, found: dict[str, Derived]) -> None:
    assert found[name].problems == []


def test_there_are_as_many_as_the_page_says() -> None:
    assert len(PROGRAMS) == 18
    assert derivations.HEAD.count("Eighteen") == 1


def test_the_page_is_that_of_today(found: dict[str, Derived]) -> None:
    assert PAGE.read_text() == page(found), "run python -m demos.derivations"


def branching(draws: np.random.Generator) -> Made:
    def f(x: Any) -> Any:
        return x * 2 if x > 1 else x

    return Made(f, (2.0,), wrt=(0,))


def test_check_names_what_is_wrong_and_what_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fine = PROGRAMS["circuit"]
    monkeypatch.setattr(derivations, "PROGRAMS", {"fine": fine})
    place = ["--out", str(tmp_path)]
    with pytest.raises(SystemExit):
        main(["--check", *place])
    assert "is not what it would be now" in capsys.readouterr().err
    main(place)
    main(["--check", *place])
    assert "1 of 1 programs are right" in capsys.readouterr().out

    monkeypatch.setattr(
        derivations, "PROGRAMS", {"fine": fine, "branching": Program("", "", branching)}
    )
    with pytest.raises(SystemExit):
        main(["--check", *place])
    printed = capsys.readouterr()
    assert "1 of 2 programs are right" in printed.out
    assert "branching: TraceError" in printed.err
    assert "fine:" not in printed.err


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ("w -= lr * dw", "w -= 0.9 * lr * dw", "other numbers"),
        ("w -= lr * dw", "w = w - lr * dw", "other numbers"),  # the caller's array stays behind
        ("return loss", "return loss + 1e-11", "other numbers"),
        ("return loss", "return loss * np.nan", "other numbers"),
        ("return loss", "return loss, loss", "other numbers"),
        ("import numpy", "import autograd\nimport numpy", "imports autograd"),
        ("lr, w", "lr, w, more", "nobody knows: more"),
        ("lr * dw", "lr * dW", "NameError: name 'dW'"),
    ],
)
def test_a_wrong_source_is_found(
    right: str, wrong: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made(draws: np.random.Generator) -> Made:
        w = Parameter(np.array([1.0, 2.0]), name="w")

        def step(x: Any, lr: float) -> Any:
            w.zero_grad()
            loss = np.sum((x - w) ** 2)
            loss.backward()
            w.descend(w.grad, lr)
            return loss

        return Made(step, (np.array([3.0, 5.0]), 0.1), [w])

    assert derive(made).problems == []
    text = derive(made).text
    assert right in text
    changed = text.replace(right, wrong)
    monkeypatch.setattr(derivations.ag.Compiled, "source", property(lambda compiled: changed))
    assert problem in " ".join(derive(made).problems)


def test_distances() -> None:
    assert distance([1.0, (2.0, np.ones(3))], (1.0, [2.0, np.ones(3)])) == 0
    assert distance([1e6], [1e6 + 1]) == pytest.approx(1e-6)
    assert distance([1e-6], [2e-6]) == pytest.approx(1e-6)
    assert distance([1.0], [1.0, 2.0]) == np.inf
    assert distance(np.ones(3), np.ones((3, 1))) == np.inf
    assert np.isnan(distance([1.0, np.nan], [1.0, 2.0]))
    assert distance([], []) == 0
