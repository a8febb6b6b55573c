"""The tour of docs/tour.md is true: the plain engine takes the way that the page tells."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs/tour.md").read_text()
STOP = re.compile(r"\[`([\w/]+\.py)`\]\(\.\./autograd/\1\)\s+`([\w.<>]+)`")

# Runs in a process of its own. For each part of the way it prints the calls inside the engine: the
# file and function that calls, and those that are called.
FOLLOW = """
import json, os, sys
import numpy as np
import autograd
from autograd import Tensor

home = os.path.dirname(autograd.__file__) + os.sep

def place(frame):
    code = frame.f_code
    name = code.co_qualname.replace("<locals>.", "")
    inside = code.co_filename.startswith(home)
    return [code.co_filename[len(home):].replace(os.sep, "/"), name] if inside else None

def follow(function):
    calls = []
    def note(frame, event, _):
        if event == "call" and place(frame):
            calls.append([place(frame.f_back) or ["", ""], place(frame)])
    sys.setprofile(note)
    result = function()
    sys.setprofile(None)
    return calls, result

t = Tensor([0.0, 1.0])
forward, y = follow(lambda: np.exp(t))
method, s = follow(y.sum)
backward, _ = follow(s.backward)
print(json.dumps({"forward": forward, "sum": method, "backward": backward}))
"""

Stop = tuple[str, str]


@pytest.fixture(scope="module")
def ways() -> dict[str, list[tuple[Stop, Stop]]]:
    """The calls of each part of the way: (caller, called).

    Without comprehensions, and without attributes such as the shape of a tensor.
    """
    done = subprocess.run(
        [sys.executable, "-c", FOLLOW], cwd=ROOT, capture_output=True, text=True, check=True,
        env={**os.environ, "GATEGRAD_PLAIN": "1", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return {
        part: [
            (tuple(a), tuple(b))
            for a, b in calls
            if not re.search(r"comp>|genexpr>|\w\.<lambda>", b[1])
        ]
        for part, calls in json.loads(done.stdout).items()
    }


def section(title: str) -> str:
    """The text below a heading that starts like this."""
    (text,) = re.findall(rf"^## {re.escape(title)}.*?\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
    return text  # type: ignore[no-any-return]


def follows(named: list[Stop], way: list[Stop]) -> Stop | None:
    """The first of the named stops that the way does not come to, in this order; else None."""
    rest = iter(way)
    return next((stop for stop in named if stop not in rest), None)


@pytest.mark.parametrize("part", ["Forward", "Backward"])
def test_the_way_comes_to_the_stops_in_the_order_of_the_page(part: str, ways: dict) -> None:
    stops = STOP.findall(section(part))
    way = [called for _, called in ways[part.lower()]]
    if part == "Forward":
        way += [called for _, called in ways["sum"]]
    assert len(stops) > 10
    assert follows(stops, way) is None
    assert follows(stops[::-1], way) is not None


@pytest.mark.parametrize("part", ["Forward", "Backward"])
def test_the_page_names_every_function_by_which_the_way_enters_a_file(
    part: str, ways: dict
) -> None:
    """What a file does inside may go unnamed, not the door to it; what was met before may, too."""
    entered = [called for caller, called in ways[part.lower()] if caller[0] != called[0]]
    named = STOP.findall(section(part))
    if part == "Backward":
        named += STOP.findall(section("Forward"))
    assert [stop for stop in entered if stop not in named] == []
    assert {file for file, _ in entered} <= {file for file, _ in named}


def test_functions_named_without_a_file_are_on_the_way_too(ways: dict) -> None:
    for part, names in [("forward", ["bind", "unwrap"]),
                        ("backward", ["reachable", "Edge.apply"])]:  # fmt: skip
        called = {called[1] for _, called in ways[part]}
        for name in names:
            assert f"`{name}`" in section(part.capitalize())
            assert name in called


def test_the_plain_engine_never_comes_to_fast(ways: dict) -> None:
    files = {called[0] for way in ways.values() for _, called in way}
    assert not [file for file in files if file.startswith("fast")]


def test_the_page_tells_of_every_file() -> None:
    named = set(re.findall(r"^\| `([\w/.]+)` \|", section("What each file is"), re.M))
    files = {path.name for path in (ROOT / "autograd").glob("*.py")} - {"__init__.py"}
    folders = {f"{path.parent.name}/" for path in (ROOT / "autograd").glob("*/__init__.py")}
    assert named == files | folders


REPLACED = """
import inspect, json, re, sys
import autograd

found = []
for name, module in sorted(sys.modules.items()):
    known = re.fullmatch(r"autograd\\.(functional\\.)?[a-z_]+", name)
    if known and not hasattr(module, "__path__"):
        owners = [c for c in vars(module).values() if inspect.isclass(c) and c.__module__ == name]
        for owner in [module, *owners]:
            for attribute, value in vars(owner).items():
                place = getattr(value, "__module__", None) or ""
                if inspect.isfunction(value) and place.startswith("autograd.fast."):
                    whose = owner.__name__.removeprefix("autograd.")
                    found.append([f"{whose}.{attribute}", place[14:], value.__name__])
print(json.dumps(found))
"""


def test_the_page_tells_what_fast_replaces() -> None:
    environment = {k: v for k, v in os.environ.items() if k != "GATEGRAD_PLAIN"}
    done = subprocess.run(
        [sys.executable, "-c", REPLACED], cwd=ROOT, capture_output=True, text=True, check=True,
        env={**environment, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    told = re.findall(r"^\| `([\w.]+)` \| `fast/(\w+)\.py` `(\w+)` \|", PAGE, re.M)
    assert sorted(told) == sorted(map(tuple, json.loads(done.stdout)))
    for path in (ROOT / "autograd/fast").glob("[a-z]*.py"):
        assert f"fast/{path.name}" in PAGE


def test_the_rows_of_the_page_are_those_of_the_table() -> None:
    table = (ROOT / "autograd/gates/elementwise.py").read_text()
    (row,) = re.findall(r"^# (exp = .*)$", PAGE, re.M)
    assert row in table.splitlines()
    assert re.search(r"^tanh = gate\(np\.tanh, local=lambda out: 1\.0 - out \* out, ", table, re.M)


def test_classes_of_the_kinds_stand_in_the_files_that_the_page_names() -> None:
    rows = re.findall(r"^\| \w+ \| (`[^|]+) \|", section("Kinds of value"), re.M)
    assert len(rows) == 6
    for row in rows:
        for part in row.split(";"):
            file, *classes = re.findall(r"`([\w/.]+)`", part)
            text = (ROOT / "autograd" / file).read_text()
            for name in classes:
                assert re.search(rf"^class {name}\b", text, re.M), f"{file}: {name}"
