"""The laws of the house: no wrong gradients, no recursion, no cycles, imports in one direction."""

from __future__ import annotations

import ast
import gc
import sys
import tomllib
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from draws import generator
from memory import kept_by

import autograd as ag
from autograd import Tensor
from autograd.gate import GATES

ROOT = Path(__file__).resolve().parents[2]


# --- law 1: rules are programs of arrays, never of frozen values ------------------------------


def test_rules_never_touch_data_and_close_over_nothing_that_changes() -> None:
    constants = (int, float, str, tuple, type(None), np.dtype)
    for gate in GATES.values():
        for rule in gate.rules:
            if not callable(rule):
                continue
            assert "data" not in rule.__code__.co_names, gate
            for cell in rule.__closure__ or ():
                assert callable(cell.cell_contents) or isinstance(cell.cell_contents, constants)


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
    "errors", "values", "standins", "modes", "lines", "node", "leaf", "arrays", "sharing",
    "numpy_api", "tensor", "parameter", "captions", "gate", "call", "declare",
    "gates", "masks", "backward", "functional", "replay", "check",
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


def test_the_engine_needs_numpy_alone_and_knows_no_pictures() -> None:
    allowed = set(sys.stdlib_module_names) | {"numpy", ""}
    for path in [*(ROOT / "autograd").glob("*.py"), *(ROOT / "autograd/gates").glob("*.py")]:
        for name in _imports(path):
            if not name.startswith("."):
                assert name.split(".")[0] in allowed, f"{path.name} imports {name}"
            assert "draw" not in name
            assert "explore" not in name


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
