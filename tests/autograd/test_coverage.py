"""The page of coverage is true, and what makes it sees what it should."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd.coverage.examples import examples, operands
from autograd.coverage.judge import NO_EXAMPLE, Verdict, verdict
from autograd.coverage.names import aside, counted
from autograd.coverage.page import TITLES, page, rows
from autograd.coverage.survey import Survey, ours, recorded
from autograd.coverage.systems import Ours

PAGE = (Path(__file__).parents[2] / "docs/coverage.md").read_text()
FOUND_WITH = re.search(r"^Found with NumPy (\S+)\.$", PAGE, re.MULTILINE)
CELL = re.compile(r"`(\w+)` \| ([^|]+) \|")


@pytest.fixture(scope="module")
def survey() -> Survey:
    return ours()


def shown() -> dict[str, str]:
    """The marks of each function on the page."""
    namespaces = {title: namespace for namespace, title in TITLES.items()}
    found = {}
    for section in PAGE.split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        for name, marks in CELL.findall(text) if title in namespaces else ():
            found[f"{namespaces[title]}.{name}"] = marks.strip()
    return found


def known(survey: Survey) -> Survey:
    """Without the functions that nobody knew how to call."""
    return {
        namespace: {name: v for name, v in of.items() if v.reason != NO_EXAMPLE}
        for namespace, of in survey.items()
    }


def test_the_page_is_what_is_found(survey: Survey) -> None:
    """Other versions of NumPy lack some functions, have more, or do not tell their parameters."""
    marks, on_page = rows(known(survey), recorded()), shown()
    both = marks.keys() & on_page.keys()
    assert len(both) > 600
    assert {n: marks[n] for n in both} == {n: on_page[n] for n in both}, (
        "docs/coverage.md is out of date: python -m autograd.coverage --write"
    )
    assert FOUND_WITH is not None
    if FOUND_WITH[1] == np.__version__:
        assert page(survey, recorded()) == PAGE, "python -m autograd.coverage --write"
        assert known(survey) == survey


def test_all_that_can_be_differentiated_is(survey: Survey) -> None:
    least = {"np": 0.99, "np.linalg": 1.0, "np.fft": 1.0, "ndarray": 0.92}
    for namespace, share in least.items():
        verdicts = known(survey)[namespace]
        good = [v for v in verdicts.values() if v.status in ("differentiable", "constant")]
        assert len(good) >= share * len(verdicts), namespace
    assert not [n for of in survey.values() for n, v in of.items() if v.status == "silent"]


def test_what_is_counted() -> None:
    """Every public function of the main namespace counts, or is listed as one that does not."""
    functions = {n for n in dir(np) if n[0] != "_" and callable(getattr(np, n))}
    classes = {n for n in functions if isinstance(getattr(np, n), type)}
    assert {*counted("np"), *aside()} == functions - classes
    assert {"test", "seterr", "load"} <= aside().keys()


def test_examples_are_smooth_and_many() -> None:
    for name in ("norm", "solve", "eigh"):
        f = getattr(np.linalg, name)
        found = list(examples(f"np.linalg.{name}", f, f))
        assert len(found) > 1
        assert {x.dtype.kind for x in operands(found[0])} == {"f"}


# --- it sees what is wrong -----------------------------------------------------------------------


class Planted(Ours):
    """The system with another function in the place of one."""

    def __init__(self, function: Any):
        super().__init__()
        self.planted = function

    def function(self, namespace: str, name: str) -> Any:
        return self.planted


def test_a_result_that_has_lost_its_gradient_is_seen() -> None:
    assert verdict(Ours(), "np", "tanh") == Verdict("differentiable")
    cut = Planted(lambda x: np.tanh(x.detach()))
    assert verdict(cut, "np", "tanh").status == "silent"
    plain = Planted(lambda x: np.tanh(x.numpy()))
    assert verdict(plain, "np", "tanh").status == "silent"


def test_a_result_of_several_that_has_lost_its_gradient_is_seen() -> None:
    half = Planted(lambda x: (np.linalg.eigh(x)[0], np.linalg.eigh(x.numpy())[1]))
    assert verdict(half, "np.linalg", "eigh").status == "silent"


def test_a_wrong_gradient_is_seen() -> None:
    slower = Planted(lambda x: np.tanh(x) * 0.5 + np.tanh(x.detach()) * 0.5)
    assert verdict(slower, "np", "tanh").status == "silent"


def test_errors_are_reasons() -> None:
    def refuse(x: Any) -> Any:
        raise ag.UnsupportedError("no; not at all")

    assert verdict(Planted(refuse), "np", "tanh") == Verdict("unsupported", "no")


def test_what_is_written_in_place_is_seen() -> None:
    assert verdict(Ours(), "np", "fill_diagonal").status == "differentiable"
    nothing = Planted(lambda a, val: None)
    assert verdict(nothing, "np", "fill_diagonal").status == "silent"
