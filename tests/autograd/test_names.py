"""Names and types: what the package exports, once each, and what a type checker knows of it."""

from __future__ import annotations

import ast
import inspect
import os
import runpy
import subprocess
import sys
import typing
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_origin

import pytest

import autograd as ag
from autograd import Tensor
from autograd.gates.methods import Methods
from autograd.words.late import Elsewhere, Late

ROOT = Path(__file__).resolve().parents[2]
TYPES = Path(__file__).with_name("types_of_results.py")


# --- exports -----------------------------------------------------------------------------------


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    paths = {"PYTHONPATH": str(ROOT), "MYPYPATH": str(ROOT)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, env=os.environ | paths, capture_output=True, text=True)


def test_what_is_loaded_later_is_listed() -> None:
    program = "import sys, autograd; print('autograd.compiler' in sys.modules, dir(autograd))"
    loaded, _, names = python("-c", program).stdout.partition(" ")
    assert loaded == "False"  # so that the import is quick
    assert {"Compiled", "compile", "fresh", *ag.__all__} <= set(ast.literal_eval(names))


def test_exports_are_there() -> None:
    import nn

    for module in (ag, nn):
        for name in module.__all__:
            assert hasattr(module, name), f"{module.__name__}.{name}"
    assert not {"Any", "os", "TYPE_CHECKING"} & set(ag.__all__)


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match=r"^module 'autograd' has no attribute 'nosuch'$"):
        ag.nosuch  # type: ignore[attr-defined]  # noqa: B018


def exporting_lists() -> Iterator[str]:
    """Every name that stands in an `__all__`, or in an import list of an `__init__.py`."""
    for path in [*(ROOT / "autograd").glob("*.py"), *(ROOT / "autograd/gates").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and path.name == "__init__.py":
                yield from (alias.name for alias in node.names)
            if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                if isinstance(target, ast.Name) and target.id == "__all__":
                    found = ast.walk(node.value or target)
                    yield from (x.value for x in found if isinstance(x, ast.Constant))


def test_a_gate_is_exported_in_one_place() -> None:
    places = Counter(exporting_lists())
    modules = {x: getattr(getattr(ag, x), "__module__", "") for x in ag.__all__}
    functions = [x for x, module in modules.items() if module.startswith("autograd.gates")]
    assert {"exp", "clip"} <= set(functions)
    for name in functions:
        assert places[name] == 1, f"{name} stands in {places[name]} lists"


# --- what the gate table attaches to Tensor ----------------------------------------------------


class Empty:
    """What every class has."""

    __slots__ = ("__weakref__",)
    attribute: int


def written(path: Path, name: str) -> set[str]:
    """What the body of a class defines."""
    tree = ast.parse(path.read_text())
    (body,) = [x.body for x in tree.body if isinstance(x, ast.ClassDef) and x.name == name]
    assigned = [x.targets[0] for x in body if isinstance(x, ast.Assign)]
    functions = {x.name for x in body if isinstance(x, ast.FunctionDef)}
    return functions | {x.id for x in assigned if isinstance(x, ast.Name)}


def test_what_gates_attach_is_declared_for_type_checkers() -> None:
    own = written(ROOT / "autograd/tensor.py", "Tensor")
    import autograd.library  # noqa: F401 (attaches the others)

    mine = {name for name, x in vars(Tensor).items() if not isinstance(x, Elsewhere)}
    attached = mine - own - set(vars(Empty)) - set(Tensor.__slots__)
    declared = written(ROOT / "autograd/gates/methods.py", "Methods")
    assert {"__add__", "dot", "T", "backward"} <= attached
    of_clients = {"_value"}  # where the names that other code asks for have been loaded
    assert declared == attached - of_clients
    assert not any(isinstance(x, Late) for x in vars(Tensor).values())


def parameters(method: Any) -> list[Any]:
    """Names, kinds and defaults, without those of the object and of what is refused anyway."""
    found = list(inspect.signature(method).parameters.values())[1:]
    return [(p.name, p.kind, p.default) for p in found if p.kind != p.VAR_KEYWORD]


@pytest.mark.parametrize("name", [x for x, f in vars(Methods).items() if inspect.isfunction(f)])
def test_declared_parameters_are_those_of_the_method(name: str) -> None:
    declared, real = parameters(vars(Methods)[name]), parameters(getattr(Tensor, name))
    if name.startswith("__"):  # called by Python, by position
        assert len(declared) <= max(len(real), 1)
    else:
        assert declared == real


# --- types -------------------------------------------------------------------------------------


def test_mypy_knows_the_types_of_results() -> None:
    pytest.importorskip("mypy")
    found = python("-m", "mypy", "--strict", str(TYPES))
    assert not found.returncode, found.stdout + found.stderr


def test_results_have_those_types(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = []

    def check(value: Any, kind: Any) -> Any:
        kind = get_origin(kind) or kind
        assert kind is Any or isinstance(value, kind)
        checked.append(kind)

    monkeypatch.setattr(typing, "assert_type", check)
    runpy.run_path(str(TYPES))
    assert Tensor in checked
