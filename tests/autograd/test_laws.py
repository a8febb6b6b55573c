"""The laws of the house: no wrong gradients, no recursion, no cycles, imports in one direction."""

from __future__ import annotations

import ast
import functools
import gc
import io
import math
import os
import re
import subprocess
import sys
import tokenize
import tomllib
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator
from gate_cases import CASES, Case
from memory import kept_by
from places import places
from reads import FOLLOWED, faults
from sealed import LookedAtError, seal, unsealed

import autograd as ag
from autograd import Tensor
from autograd.backward import reachable
from autograd.gate import GATES
from autograd.gates.underflow import vanishing
from autograd.standins import concrete

ROOT = Path(__file__).resolve().parents[2]


# --- law 1: rules are programs of arrays, never of frozen values ------------------------------


def _rules() -> Iterator[tuple[str, Any]]:
    """The rules of all gates, in the rows and registered by accelerators."""
    for gate in GATES.values():
        for position, rule in enumerate(gate.rules):
            if callable(rule):
                (edge,) = gate.plan((position,)).edges
                yield gate.name, rule
                yield gate.name, getattr(edge, "quick_rule", rule)
        yield from ((gate.name, live) for live in gate.live if live is not None)


def test_rules_and_their_helpers_look_into_no_tensor_and_read_nothing_that_changes() -> None:
    assert {name: wrong for name, rule in _rules() if (wrong := faults(rule))} == {}


COUNTS: dict[str, int] = {"calls": 0}


def _looks_inside(x: Any) -> Any:
    return x * x.data


def _counts(x: Any) -> Any:
    return x * COUNTS["calls"]


def _with_a_list(numbers: Any) -> Any:
    return lambda x: x * numbers[0]


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        (lambda x: x._array, "asks for ._array"),
        (lambda x: _looks_inside(x), "_looks_inside asks for .data"),
        (vanishing(_looks_inside), "_looks_inside asks for .data"),
        (functools.lru_cache(_looks_inside), "_looks_inside asks for .data"),
        (lambda xs: [x.data for x in xs], "asks for .data"),
        (lambda x: _counts(x), "_counts reads COUNTS, of dict"),
        (_with_a_list([2.0]), "reads numbers, of list"),
        (_with_a_list(np.ones(1)), "reads numbers, of ndarray"),
        (lambda x, seen=[]: x * len(seen), "reads a default, of list"),
    ],
)
def test_a_rule_that_looks_where_it_must_not_is_found(rule: Any, fault: str) -> None:
    assert fault in " ".join(faults(rule, (*FOLLOWED, __name__)))


def test_helpers_of_helpers_are_followed() -> None:
    ours = (*FOLLOWED, __name__)
    assert faults(lambda x: x + 1, ours) == faults(lambda x: _with_a_list(2.0), ours) == []
    assert faults(lambda x: (lambda y: _looks_inside(y))(x), ours)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rules_never_ask_for_a_value(case: Case) -> None:
    """They give the same without any way from an array to a number or a bool of Python."""
    out = case.f(*[Tensor(x) for x in case.inputs])
    for node in reachable(out.node):
        g = np.linspace(0.5, 1.5, math.prod(node.shape)).reshape(node.shape).astype(node.dtype)
        sealed = SimpleNamespace(parents=node.parents, saved=seal(node.saved))
        for edge in node.plan.edges:
            known, hidden = edge.arguments(node), edge.arguments(sealed)
            try:
                edge.back(node, g[()])
            except np.linalg.LinAlgError:  # it has none for this gradient
                continue
            assert_close(unsealed(edge.back(sealed, seal(g[()]))), edge.back(node, g[()]))
            assert_close(unsealed(edge.apply(seal(g[()]), hidden)), edge.apply(g[()], known))
            if edge.live is not None:
                live = edge.live(*[hidden[k] for k in edge.live_args])
                expected = edge.live(*[known[k] for k in edge.live_args])
                np.testing.assert_array_equal(unsealed(live), expected)


def _as_large(x: Any) -> Any:
    return x if x.sum() > 0 else -x


@pytest.mark.parametrize(
    "rule",
    [
        lambda g, x: g if x[0] > 0 else -g,
        lambda g, x: g if np.all(x) else -g,
        lambda g, x: g if (x > 0).all() else -g,
        lambda g, x: g * _as_large(x),
        lambda g, x: g * ((x[0] > 0 and x[1]) or 1.0),
        lambda g, x: g * (1.0 if not x[0] else x),
        lambda g, x: g * float(x[0]),
        lambda g, x: g * int(np.sum(x)),
        lambda g, x: g * math.exp(x[0]),
        lambda g, x: g * max(x),
        lambda g, x: g * sum(x),
        lambda g, x: g * x.item(0),
        lambda g, x: g * x.tolist(),
        lambda g, x: g * x.data,
        lambda g, x: g * np.asarray(x),
        lambda g, x: g * np.where(concrete(x) > 0, 1.0, 0.0),
        lambda g, x: g * range(4)[np.argmax(x)],
        lambda g, x: g * (0.0 in x),
        lambda g, x: g * len(f"{x}"),
        lambda g, x: g * {x: 1.0}[x],
    ],
)
def test_a_rule_that_asks_for_a_value_is_found(rule: Any) -> None:
    x = np.array([1.0, 2.0])
    with pytest.raises(LookedAtError):
        rule(seal(x), seal(x))


def test_what_a_rule_may_ask_tells_no_value() -> None:
    x = seal(np.ones((2, 3)))
    assert (x.shape, x.ndim, x.size, len(x), x.dtype) == ((2, 3), 2, 6, 2, np.dtype(float))
    assert_close(unsealed(2.0 - x.T[0] * np.sum(x, axis=0)[:2]), np.zeros(2))


def test_a_mask_is_worked_out_anew_for_each_run() -> None:
    for values in ([1.0, -1.0], [-1.0, 1.0]):
        x = Tensor(values)
        np.maximum(0, x).sum().backward()
        np.testing.assert_array_equal(x.grad, np.array(values) > 0)


# --- law 3: no recursion, no walking of paths -------------------------------------------------


def test_a_chain_of_a_hundred_thousand_gates() -> None:
    limit = sys.getrecursionlimit()
    gc.collect()
    tracemalloc.start()
    x = Tensor(1.0)
    y = x
    for _ in range(100_000):
        y = y * 1.0
    used, _ = tracemalloc.get_traced_memory()
    y.backward()
    assert x.grad == 1.0
    del y
    left, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used / 100_000 <= 400  # bytes a gate
    assert left < used / 50  # all of it was freed
    assert sys.getrecursionlimit() == limit


def test_doubling_sixty_times() -> None:
    x = Tensor(1.0)
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad == 2.0**60


def test_second_order_through_a_long_chain() -> None:
    x = Tensor(0.5)
    y = x
    for _ in range(3000):
        y = y + 1e-4 * y * y
    y.backward(create_graph=True)
    g, x.grad = x.grad, None
    g.backward()
    h = 1e-4
    numerical = (_chain(0.5 + h) - 2 * _chain(0.5) + _chain(0.5 - h)) / h**2
    assert x.grad == pytest.approx(numerical, rel=1e-5)


def _chain(y: float) -> float:
    for _ in range(3000):
        y = y + 1e-4 * y * y
    return y


# --- law 4: no reference cycles ---------------------------------------------------------------


def _step(w: ag.Parameter, X: np.ndarray, y: np.ndarray) -> None:
    loss = ag.softmax_cross_entropy(ag.relu(X @ w), y) + np.sum(w * w)
    w.zero_grad()
    loss.backward()
    w.descend(w.grad, 0.1)


def test_memory_is_flat_over_training_steps_without_the_collector() -> None:
    rng = generator(0)
    w = ag.Parameter(rng.normal(size=(4, 3)))
    X, y = rng.normal(size=(20, 4)), rng.integers(0, 3, 20)
    assert kept_by(lambda: _step(w, X, y), 300) < 300 * 20


def test_create_graph_leaves_no_cycle_once_grad_is_cleared() -> None:
    gc.collect()
    gc.disable()
    try:
        x = Tensor(2.0)
        y = x * x * x
        y.backward(create_graph=True)
        x.grad = None
        del y
        assert gc.collect() == 0
    finally:
        gc.enable()


# --- law 6: the direction of imports ----------------------------------------------------------


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


ORDER = [
    "errors", "words", "values", "standins", "modes", "lines", "node", "leaf", "arrays", "sharing",
    "numpy_api", "tensor", "parameter", "captions", "unrecorded", "complexes", "gate", "call",
    "declare", "gates", "interop", "masks", "hooks", "backward", "replay", "functional",
]  # fmt: skip


def test_a_file_of_the_engine_imports_only_from_those_above_it() -> None:
    for path in (ROOT / "autograd").glob("*.py"):
        if path.stem == "__init__":
            continue
        assert path.stem in ORDER, f"{path.stem}: say where it stands"
        module = ast.parse(path.read_text())
        for node in module.body:  # not those inside `if TYPE_CHECKING:`
            if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module:
                name = node.module.split(".")[0]
                assert ORDER.index(name) < ORDER.index(path.stem), f"{path.stem} imports {name}"


def test_the_tour_lists_the_files_in_this_order() -> None:
    page = (ROOT / "docs/tour.md").read_text()
    listed = re.findall(r"^\| `(\w+)(?:\.py|/)` \|", page, re.M)
    assert listed == [
        *ORDER, "diagnosis", "fast", "updates", "library", "array_api", "compiler", "draw",
        "explore", "coverage", "hips",
    ]  # fmt: skip


def test_the_engine_needs_numpy_alone_and_knows_no_pictures() -> None:
    allowed = set(sys.stdlib_module_names) | {"numpy", ""}
    for path in [*(ROOT / "autograd").glob("*.py"), *(ROOT / "autograd/gates").glob("*.py")]:
        for name in _imports(path):
            if not name.startswith("."):
                assert name.split(".")[0] in allowed, f"{path.name} imports {name}"
            assert "draw" not in name
            assert "explore" not in name


WITHOUT_FAST = """
import importlib, pkgutil, sys

sys.modules["autograd.fast"] = None  # now all imports of it, and from it, raise

import numpy as np
import autograd as ag
from autograd.draw import draw
from autograd.explore import explain

for module in pkgutil.walk_packages(ag.__path__, "autograd.", onerror=lambda name: None):
    if not module.name.startswith("autograd.fast"):
        importlib.import_module(module.name)
try:
    import autograd.fast.buffers
except ImportError:
    pass
else:
    raise AssertionError("it could be imported")

x, w = np.linspace(-1.0, 1.0, 32).reshape(2, 1, 4, 4), np.linspace(0.1, 1.0, 9).reshape(1, 1, 3, 3)
loss = lambda x, w: np.sum(ag.sigmoid(ag.max_pool2d(ag.conv2d(x, w, padding=1), 2)) ** 2)
ag.check_gradients(loss, x, w, order=2)
np.testing.assert_allclose(ag.hessian(lambda x: np.sum(x**3))(np.ones(2)), 6 * np.eye(2))
np.testing.assert_array_equal(ag.compile(ag.grad(loss))(x, w), ag.grad(loss)(x, w))
y = np.exp(ag.Tensor(1.0, name="x"))
assert "exp" in draw(y).text and "exp" in explain(y)
"""


def test_the_engine_works_without_its_accelerators() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_FAST], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "GATEGRAD_PLAIN": "1", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_nn_and_demos_use_only_what_autograd_exports() -> None:
    for path in [*(ROOT / "nn").rglob("*.py"), *(ROOT / "demos").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("autograd"):
                modules = ("autograd", "autograd.draw", "autograd.explore")
                assert node.module in modules, f"{path}: {node.module}"
                for alias in node.names:
                    assert not alias.name.startswith("_")
                    if node.module == "autograd":
                        assert alias.name in (*ag.__all__, "draw"), f"{path}: {alias.name}"
            if isinstance(node, ast.ImportFrom) and "nn" in path.parts and node.module:
                assert not node.module.startswith("demos")


def _setuptools() -> dict[str, Any]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return project["tool"]["setuptools"]  # type: ignore[no-any-return]


def test_every_file_of_a_package_is_installed() -> None:
    """Whatever is no Python lies in a package, and is named there as its data."""
    named = _setuptools()["package-data"]
    for name in ("autograd", "nn"):
        for path in (ROOT / name).rglob("*"):
            if path.is_dir() or path.suffix in (".py", ".pyc"):
                continue
            around = [p for p in path.parents if (p / "__init__.py").exists()]
            package = ".".join(around[0].relative_to(ROOT).parts)
            inside = path.relative_to(around[0])
            patterns = named.get(package, [])
            assert any(inside.match(pattern) for pattern in patterns), f"{package}: {inside}"


def test_every_package_is_installed() -> None:
    listed = _setuptools()["packages"]
    found = [path.parent.relative_to(ROOT) for name in ("autograd", "nn")
             for path in (ROOT / name).rglob("__init__.py")]  # fmt: skip
    assert sorted(listed) == sorted(".".join(path.parts) for path in found)


# --- one place for each thing -----------------------------------------------------------------

OF_THE_KINDS = (
    "compiler/", "values.py", "standins.py", "fast/stacked.py", "masks.py", "draw/outline.py",
    "hips/",  # where clients find a module called tracer
)  # fmt: skip


def _names_in(text: str) -> set[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {token.string for token in tokens if token.type == tokenize.NAME}


def test_only_the_files_of_the_kinds_know_them() -> None:
    """Elsewhere rules and gates never ask what they hold."""
    kinds = re.compile(r"Traced|Stacked\w*|\w*[tT]racer\w*")
    for path in (ROOT / "autograd").rglob("*.py"):
        file = path.relative_to(ROOT / "autograd").as_posix()
        known = {name for name in _names_in(path.read_text()) if kinds.fullmatch(name)}
        assert not known or file.startswith(OF_THE_KINDS), f"{file} names {known}"


@pytest.mark.parametrize(
    ("row", "names", "most"),
    [
        ("gates/elementwise.py", {"exp"}, 2),
        ("gates/arithmetic.py", {"add"}, 5),
        ("gates/linear.py", {"matmul"}, 4),
        ("gates/conv.py", {"conv2d", "conv2d_gate"}, 2),
    ],
    ids=["exp", "add", "matmul", "conv2d"],
)
def test_a_gate_is_told_of_in_its_row(row: str, names: set[str], most: int) -> None:
    """Elsewhere only LLVM's instructions, functions of `math`, and those of the array API standard
    are called by the same names."""
    others = "compiler/native/machine.py", "compiler/native/mathematics.py"
    found = [
        place
        for place in places(ROOT / "autograd", names, row)
        if place.partition(":")[0] not in others and not place.startswith("array_api/")
    ]
    assert (ROOT / "autograd" / row).exists()
    assert len(found) <= most, "\n".join([f"{len(found)} places, at most {most}:", *found])


def test_places_are_tables_conditions_imports_and_strings(tmp_path: Path) -> None:
    (tmp_path / "row.py").write_text('__all__ = ["exp"]\n')
    (tmp_path / "other.py").write_text(
        "from row import exp\n"  # a place
        'TABLE = {np.exp: 1, "exp": 2}\n'  # one place
        "def f(x):\n"
        "    y = exp(np.exp(x)) + np.exp.at(x)\n"
        "    if x is np.exp:\n"  # a place
        "        return apply(np.exp, x)\n"
        "    return {'exp': x, np.exp: y}\n"  # a place
        "accelerate(gates.exp, quick)\n"  # a place
        "gate(rule=lambda x: np.exp(x) + each(np.exp, x), says='exp of x')\n"
    )
    lines = [place.split(":")[1] for place in places(tmp_path, {"exp"}, "row.py")]
    assert lines == ["1", "2", "5", "7", "8"]


def _sources(files: Iterable[str]) -> list[str]:
    """The text of some files of the engine."""
    return [(ROOT / "autograd" / f).read_text() for f in files]


def _code(source: str) -> int:
    """How many lines of code a file has: blank ones, comments and docstrings do not count."""
    documented, told = (ast.Module, ast.ClassDef, ast.FunctionDef), set[int]()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, documented) and ast.get_docstring(node):
            text = node.body[0]
            told.update(range(text.lineno, (text.end_lineno or text.lineno) + 1))
    lines = [line.strip() for line in source.splitlines()]
    return sum(
        bool(line) and not line.startswith("#") and number not in told
        for number, line in enumerate(lines, 1)
    )


def test_the_heart_of_the_engine_is_small() -> None:
    """All its lines together, blank ones and documentation too."""
    heart = _sources(["values.py", "node.py", "gate.py", "call.py", "backward.py"])
    assert sum(len(text.splitlines()) for text in heart) <= 650


def test_the_core_of_the_engine_is_small() -> None:
    """The lines of code of everything that is not in a room of its own."""
    core = _sources(path.name for path in (ROOT / "autograd").glob("*.py"))
    assert _code("# a\n\nx = 1  # b\n") == 1
    assert sum(map(_code, core)) <= 2000


# --- law 7: same seed, same bits --------------------------------------------------------------


def test_same_seed_same_bits() -> None:
    import nn

    def run() -> bytes:
        X, y = nn.spiral(20, 3, seed=1)
        net = nn.TwoLayerNet(2, 10, 3, seed=2)
        for _ in range(20):
            for name, g in net.gradient(X, y).items():
                net.params[name] -= g
        return b"".join(p.numpy().tobytes() for p in net.parameters())

    assert run() == run()
