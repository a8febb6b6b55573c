"""The table of primitives: every form of a row gives the bits of the function it stands for."""

from __future__ import annotations

import ast
import itertools
import math
import operator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd.compiler import ops
from autograd.compiler.forms import Form, Written
from autograd.compiler.ops import OPS, Op, Out, function_name, op_of

NUMBERS = [0.0, -0.0, 1.0, -1.0, 0.3, -2.5, 7.0, 1e300, -1e-300, math.inf, -math.inf, math.nan]
HELPERS = {
    **ops.FOR_FLOATS, "math": math,
    "larger": lambda a, b: a if a > b or a != a else b,
    "smaller": lambda a, b: a if a < b or a != a else b,
}  # fmt: skip


def named(rows: list[tuple[Any, Any]]) -> list[Any]:
    return [pytest.param(*row, id=function_name(row[0])) for row in rows]


def on_all_numbers(form: Form, function: Any, text: str, make: Any) -> None:
    """The text on all combinations of numbers, where Python does not raise, beside NumPy."""
    scope = {**HELPERS, "function": function}
    code = compile(text.strip(), "<form>", "eval")
    names = "xyz"[: text_operands(text)]
    for values in itertools.product(NUMBERS, repeat=len(names)):
        given = [make(v) for v in values]
        with np.errstate(all="ignore"):
            try:
                out = eval(code, dict(zip(names, given, strict=True)), scope)
            except (ZeroDivisionError, OverflowError, ValueError, ag.TraceError):
                continue  # the call is done again with NumPy's scalars
            expected = function(*given)
        assert same(out, expected), (text, values, out, expected)


def text_operands(text: str) -> int:
    return len({n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)} & set("xyz"))


def same(a: Any, b: Any) -> bool:
    if isinstance(b, (bool, np.bool_)):
        return bool(a) is bool(b)
    return np.float64(a).tobytes() == np.float64(b).tobytes() or (a != a and b != b)


@pytest.mark.parametrize(
    ("function", "op"), named([(f, op) for f, op in OPS.items() if op.floats is not None])
)
def test_forms_on_floats_give_the_bits_of_numpy(function: Any, op: Op) -> None:
    form = op.floats
    assert form is not None
    if function is np.where:
        pytest.skip("its condition is a bool; see the programs of numbers")
    text = form.text.format(*"xyz", function="function")
    numpy = operator.pow if function is operator.pow else function
    make = np.float64 if function is operator.pow else float
    on_all_numbers(form, numpy, text, make)
    assert form.repeats == any(text.count(x) > 1 for x in "xyz"[: len(form.operands)])


SERIES = (np.exp, np.expm1, np.log, np.log1p, np.tanh)  # to rounding: see mathematics.py


@pytest.mark.parametrize(
    ("function", "op"),
    named([(f, op) for f, op in OPS.items() if op.native and f not in (np.where, *SERIES)]),
)
def test_native_forms_give_the_bits_of_numpy(function: Any, op: Op) -> None:
    assert op.native is not None
    form = op.native
    text = form.of([*map(Written, "xyz"[: len(form.operands)])], one="np.float64(1)").text
    on_all_numbers(form, function, text, np.float64)


@pytest.mark.parametrize(
    ("function", "op"), named([(f, op) for f, op in OPS.items() if op.python is not None])
)
def test_python_arithmetic_gives_the_same_bits_or_says_that_it_does_not(
    function: Any, op: Op
) -> None:
    python = op.python
    assert python is not None
    equal = []
    for values in itertools.product(NUMBERS, repeat=function.nin):
        with np.errstate(all="ignore"):
            given = map(np.float64, values)
            equal.append(same(python(*given), function(*map(np.float64, values))))
    assert all(equal) or not op.same_bits


TRUTH = np.array([True, False, True, True])
SHAPES: dict[Any, tuple[Any, ...]] = {
    np.matmul: (np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(3, 2)),
    np.transpose: (np.arange(6.0).reshape(2, 3),),
    np.reshape: (np.arange(6.0).reshape(2, 3), (3, 2)),
    np.ndarray.copy: (np.arange(3.0),),
    ops.cast: (np.arange(3.0), np.dtype(np.float32)),
    np.float64: (np.float64(3.0),),
    operator.invert: (TRUTH,),
    **dict.fromkeys([operator.and_, operator.or_, operator.xor], (TRUTH, TRUTH[::-1])),
}


@pytest.mark.parametrize("which", ["readable", "generated"])
@pytest.mark.parametrize(("function", "op"), named(list(OPS.items())))
def test_texts_on_arrays_give_what_the_function_gives(function: Any, op: Op, which: str) -> None:
    form: Form | None = getattr(op, which)
    if form is None:
        return
    count = len(form.operands)
    args = SHAPES.get(function, (np.array([0.5, 2.0, 3.0]), np.array([2.0, 2.0, -1.5]))[:count])
    text = form.text.format(*"xyz"[:count])
    out = eval(text, dict(zip("xyz", args, strict=False)))
    expected = function(*args)
    assert np.asarray(out).dtype == np.asarray(expected).dtype
    assert np.array_equal(out, expected)


@pytest.mark.parametrize("which", ["readable", "floats", "native"])
def test_parentheses_stand_where_the_levels_ask_for_them(which: str) -> None:
    """Every form in every place of every other one: the text means the nested calls."""
    rows = [(f, getattr(op, which)) for f, op in OPS.items() if isinstance(f, np.ufunc)]
    rows = [(f, form) for f, form in rows if form is not None and f is not np.matmul]
    values = {"x": 1.25, "y": 0.75, "z": -0.5}
    for (outer, form), (inner, part) in itertools.product(rows, rows):
        if which != "readable" and OPS[inner].compares:
            continue  # bools in arithmetic are no program of floats
        told = {"function": "inner", "one": "1.0"}
        within = part.of([*map(Written, "xy"[: len(part.operands)])], **told)
        for k in range(len(form.operands)):
            operands = [Written("z")] * len(form.operands)
            operands[k] = within
            text = form.of(operands, function="outer", one="1.0").text
            scope = {**HELPERS, "inner": inner, "outer": outer}
            scope |= {name: np.float64(v) for name, v in values.items()}
            with np.errstate(all="ignore"):
                value = inner(*[scope[x] for x in "xy"[: len(part.operands)]])
                given = [scope["z"]] * len(form.operands)
                given[k] = value
                try:
                    expected, out = outer(*given), eval(text, scope)
                except (TypeError, ValueError):  # minus a bool, a root of a negative float
                    continue
            near = which != "floats" and np.isclose(out, expected, rtol=1e-14)  # powers, series
            assert near or same(out, expected), text


@pytest.mark.parametrize(("function", "op"), named([(f, op) for f, op in OPS.items() if op.fresh]))
def test_what_is_called_fresh_shows_no_memory_of_its_operands(function: Any, op: Op) -> None:
    x = np.arange(1.0, 5.0).reshape(2, 2)
    args: dict[Any, tuple[Any, ...]] = {
        np.where: (x > 2, x, x), np.dot: (x, x), np.concatenate: ([x, x],),
        ops.cast: (x, x.dtype),
    }  # fmt: skip
    like = (x, x, 1) if hasattr(function, "stands_for") else (x,) * getattr(function, "nin", 1)
    given = args.get(function, like)
    assert not np.may_share_memory(function(*given), x)


@pytest.mark.parametrize(
    ("function", "op"), named([(f, op) for f, op in OPS.items() if op.out is not None])
)
def test_functions_write_where_they_are_told(function: Any, op: Op) -> None:
    x = np.arange(1.0, 5.0).reshape(2, 2)
    args: dict[Any, tuple[Any, ...]] = {
        np.concatenate: ([x, x],), ops.cast: (x, np.dtype(np.float32)),
    }  # fmt: skip
    owner = getattr(function, "__self__", None)
    count = 1 if isinstance(owner, np.ufunc) else 2 if function is np.dot else 1
    like = (x,) * getattr(function, "nin", count)
    given = args.get(function, (x, x, 1) if hasattr(function, "stands_for") else like)
    expected = function(*given)
    out = np.empty_like(expected)
    if op.out is Out.POSITIONAL:
        function(*given, out)
    elif op.out is Out.KEYWORD:
        function(*given, out=out)
    else:
        np.copyto(out, x, casting="unsafe" if op.out is Out.CAST else "same_kind")
    assert out.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y: ((x > y) + (y > 0)) * x,
        lambda x, y: (x > y) * (y > 0) * x,
        lambda x, y: np.maximum(x > y, y > 0) * x,
        lambda x, y: np.where(x > y, x > 0, y > 0) * x,
        lambda x, y: (x > y) * x + y * (y > 0),
    ],
    ids=["sum", "product", "maximum", "where", "mask"],
)
def test_bools_in_programs_of_numbers(function: Any) -> None:
    compiled = ag.compile(function)
    compiled(np.float64(1), np.float64(-1))
    for x, y in itertools.product([2.0, 1.0, -3.0], repeat=2):
        out, expected = (f(np.float64(x), np.float64(y)) for f in (compiled, function))
        assert float(out) == float(expected)


def test_functions_without_a_row() -> None:
    arctan = op_of(np.arctan)
    assert arctan.name == "np.arctan"
    assert (arctan.pure, arctan.elementwise, arctan.out) == (True, True, Out.POSITIONAL)
    assert op_of(np.logical_and.reduce).axis == 0
    assert op_of(np.add.at).writes
    assert not op_of(np.random.normal).pure
    assert not op_of(lambda x: x).pure


@pytest.mark.parametrize("name", ["exp", "add", "maximum", "tanh", "where", "sum", "dot"])
def test_the_table_is_the_only_place_of_the_compiler_that_names_a_primitive(name: str) -> None:
    folder = Path(ops.__file__).parent
    found = []
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr == name:
                of_numpy = isinstance(node.value, ast.Name) and node.value.id in ("np", "operator")
                called = path.name != "ops.py" and _is_called(path, node)
                if of_numpy and not called:
                    found.append(path.name)
    methods = {"traced.py", "lookalikes.py", "numbers.py"}  # of arrays, and Python's operators
    assert set(found) <= {"ops.py", *methods}


PLAIN = ["blocks", "emit", "loops", "memory", "passes", "scalars", "native/choose", "native/write"]


@pytest.mark.parametrize("name", PLAIN)
def test_what_runs_programs_asks_the_table_alone(name: str) -> None:
    tree = ast.parse((Path(ops.__file__).parent / f"{name}.py").read_text())
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    scope = {"np": np, "operator": operator}
    named = [
        (node.lineno, ast.unparse(node), eval(ast.unparse(node), scope))
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and id(node) not in called
        and ast.unparse(node).split(".")[0] in scope
    ]  # fmt: skip
    tables = {function for function in OPS if not isinstance(function, type)}
    assert [(line, text) for line, text, f in named if callable(f) and f in tables] == []


def _is_called(path: Path, name: ast.Attribute) -> bool:
    """The compiler itself may of course compute with NumPy."""
    calls = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
    return any(ast.dump(call.func) == ast.dump(name) for call in calls)
