"""What pictures say of a gate stands in its row: no table of theirs names one."""

from __future__ import annotations

import ast
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd
import autograd as ag
from autograd import ShapeError, Tensor
from autograd.draw import blank, draw, shapes_only
from autograd.gate import GATES

FOLDER = Path(autograd.__file__).parent
WORDS = {"fold", "where"}  # options and keys that have nothing to do with a gate


def named(tree: ast.Module) -> set[str]:
    """The gates that a file names, by a text or by their NumPy function, to tell them apart."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
        elif isinstance(node, (ast.Compare, ast.Dict)):
            found |= {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)
                      and isinstance(part.value, ast.Name) and part.value.id == "np"}  # fmt: skip
    functions = {getattr(gate.numpy, "__name__", ""): name for name, gate in GATES.items()}
    return {functions.get(name, name) for name in found if name in {*GATES, *functions} - {""}}


@pytest.mark.parametrize("part", ["draw", "explore"])
def test_no_file_of_pictures_names_a_gate(part: str) -> None:
    for path in (FOLDER / part).glob("*.py"):
        assert named(ast.parse(path.read_text())) <= WORDS, path.name


def test_a_planted_table_is_found() -> None:
    assert named(ast.parse('SYMBOLS = {"matmul": "@"}')) == {"matmul"}
    assert named(ast.parse("if f is np.absolute: ...")) == {"abs"}


PRODUCTS = [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)),
            ((2, 3), (5, 3, 4)), ((5, 1, 2, 3), (7, 3, 4)), ((3,), (5, 3, 4)), ((5, 2, 3), (3,)),
            ((0, 3), (3, 4)), ((2, 0), (0, 4))]  # fmt: skip


@pytest.mark.parametrize(("x", "y"), PRODUCTS)
def test_the_shape_of_a_product(x: tuple[int, ...], y: tuple[int, ...]) -> None:
    row = GATES["matmul"]
    assert row.shape is not None
    assert row.shape(x, y) == np.matmul(np.zeros(x), np.zeros(y)).shape


def test_a_product_of_large_stacks_costs_no_memory() -> None:
    x, y = Tensor(blank((10**3, 10**4, 10**4)), name="x"), Tensor(blank((10**4, 10**4)))
    tracemalloc.start()
    try:
        with shapes_only():
            z = (x @ y).dot(y)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
    assert z.shape == x.shape
    with shapes_only(), pytest.raises(ShapeError, match="inner sizes"):
        x @ Tensor(blank((7, 10**4)))


def test_every_shape_of_a_row_is_that_of_its_kernel() -> None:
    x = Tensor(np.ones((2, 4, 9, 7)))
    w = Tensor(np.ones((6, 2, 3, 2)))
    for make in (
        lambda: ag.conv2d(x, w, stride=2, padding=1, groups=2),
        lambda: ag.max_pool2d(x, 2),
        lambda: ag.avg_pool2d(x, (3, 2), stride=1, padding=1),
        lambda: ag.affine(Tensor(np.ones((5, 3))), np.ones((3, 4)), np.ones(4)),
        lambda: ag.l2_penalty(w, 0.1),
    ):
        with shapes_only():
            outlined: Any = make()
        assert outlined.shape == make().shape


def test_gates_are_opened_as_their_rows_say() -> None:
    x, w, b = Tensor(np.ones((2, 3)), name="x"), np.ones((3, 4)), np.ones(4)
    always = draw(ag.affine(x, w, b), gradient=np.ones((2, 4)), expand=True).drawing
    assert [gate.symbol for gate in always.gates] == ["@", "+"]
    assert always.boxes == []
    asked = draw(ag.relu(x), gradient=np.ones((2, 3)), expand="relu").drawing
    assert [box.name for box in asked.boxes] == ["relu"]


def test_a_call_in_a_program_shows_what_a_gate_shows() -> None:
    x = Tensor(np.array([0.5, 2.0]), name="x")
    drawing = draw(np.sum(np.clip(x, None, 1.0)) * 2.0, backward=True).drawing
    assert "clip(−∞, 1)" in [gate.symbol for gate in drawing.gates]
