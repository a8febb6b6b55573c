"""Formulas are read off the rows: a kernel or a rule, run on symbols, is what it computes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Tensor
from autograd.draw.algebra import Symbol, forward, live, local, row_of, rule_on_symbols
from autograd.draw.notation import in_words
from autograd.draw.symbols import face, folded, is_ordered, with_constant
from autograd.explore import explain, microscope
from autograd.explore.javascript import gate_in_javascript
from autograd.gate import GATES, Gate
from autograd.gates import setitem

SCALAR = [name for name, gate in GATES.items() if gate.times and not gate.statics]
X, Y = Symbol("x"), Symbol("y")


@pytest.fixture
def declared() -> Iterator[Any]:
    """Declares gates for one test only."""
    from autograd.numpy_api import NUMPY_FUNCTIONS

    rows, functions = dict(GATES), dict(NUMPY_FUNCTIONS)
    yield ag.gates.gate
    for table, before in ((GATES, rows), (NUMPY_FUNCTIONS, functions)):
        table.clear()
        table.update(before)


def words(gate: Gate, tracked: int = 2) -> list[str]:
    operands = [Symbol(name) for name in gate.operands]
    found = [local(gate, k, operands, {}, tracked) for k in range(len(operands))]
    return [in_words(formula, {}) for formula in found if formula is not None]


@pytest.mark.parametrize("name", SCALAR)
@pytest.mark.parametrize("tie", [False, True])
def test_a_formula_is_what_the_gate_computes(name: str, tie: bool) -> None:
    """Kernel and rules, worked out from their formulas, against the gate on numbers."""
    gate = GATES[name]
    operands = [Symbol(operand) for operand in gate.operands]
    made = forward(gate, operands, {})
    for x in (0.3, 1.7):
        for y in (x,) if tie else (0.9, -1.2):
            values = [np.float64(v) for v in (x, y, 0.4)][: len(operands)]
            known_rules = [rule is not None for rule in gate.rules]
            known: dict[str, Any] = dict(zip(gate.operands, values, strict=True))
            if gate.name == "scipy.special.expn":  # whose order is a whole number
                values[0] = known["x"] = np.int64(2)
            with np.errstate(invalid="ignore"):  # outside of its domain a function gives NaN
                known["out"] = gate.kernel(*values)
                assert made is not None
                assert made.value(known) == pytest.approx(known["out"], rel=1e-14, nan_ok=True)
                tensors = [Tensor(v, wanted) for v, wanted in zip(values, known_rules, strict=True)]
                call = gate.numpy or getattr(ag, name)
                call(*tensors).backward()
            for k, t in enumerate(tensors):
                if not known_rules[k]:
                    continue
                slope = local(gate, k, operands, {}, sum(known_rules))
                assert slope is not None
                with np.errstate(invalid="ignore"):
                    found = float(slope.value(known))
                assert found == pytest.approx(float(t.grad), rel=1e-13, nan_ok=True)
    assert made is not None


def test_formulas_are_written_as_in_the_lecture() -> None:
    assert words(GATES["divide"]) == ["1 / y", "−out / y"]
    assert words(GATES["power"]) == ["y · x^(y − 1)", "out · log(x)"]
    assert words(GATES["tanh"]) == ["1 − out · out"]
    assert words(GATES["sigmoid"]) == ["(1 − out) · out"]
    assert GATES["maximum"].says == ("[{x} > {y}]", "[{y} > {x}]")
    assert words(GATES["log1p"]) == ["1 / (1 + x)"]
    assert words(GATES["abs"]) == ["sign(x)"]


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (X - (Y - 1), "x − (y − 1)"),
        (X - Y - 1, "x − y − 1"),
        (X * (Y + 2) / 3, "x · (y + 2) / 3"),
        (X / (Y * 2), "x / (y · 2)"),
        (-(X + Y), "−(x + y)"),
        (-X * Y, "−x · y"),
        (X * -Y, "x · (−y)"),
        ((X + 1) ** 2.0, "(x + 1)^2"),
        (np.square(X * Y), "(x · y)²"),
        (np.abs(X + Y), "|x + y|"),
        (np.sqrt(X + Y), "√(x + y)"),
        (np.exp(X) ** -Y, "exp(x)^(−y)"),
        (X**-1.5, "x^−1.5"),
        (Symbol(-1.5) ** X, "(−1.5)^x"),
        (X + -1.5, "x − 1.5"),
        (X - -1.5, "x + 1.5"),
        (np.arctan2(X, Y + 1), "arctan2(x, y + 1)"),
        (X * (Y > 0), "x · [y > 0]"),
        (np.logical_not(X <= Y), "[not x ≤ y]"),
        (np.logical_not(np.logical_and(X > 0, Y > 0)), "[not (x > 0 and y > 0)]"),
        (np.logical_or(X > 0, np.isnan(X)), "[x > 0 or isnan(x)]"),
        (np.where(X > 0, X, 0.5 * Y), "x where x > 0, else 0.5 · y"),
        (1 + np.where(X > 0, X, Y), "1 + (x where x > 0, else y)"),
        (X * np.where(Y == 0, 1.0, Y - 1), "x · (y − 1)"),
        (np.zeros_like(X) + 2.0, "2"),
        (np.log(Symbol(2.0)) * 1.5, "log(2) · 1.5"),
    ],
)
def test_brackets_and_signs(formula: Symbol, text: str) -> None:
    assert in_words(formula, {}) == text


def test_names_that_are_formulas_are_put_in_brackets() -> None:
    names = {"x": "a + b", "y": "w[0, 1]"}
    assert in_words(X * Y, names) == "(a + b) · w[0, 1]"
    assert in_words(np.exp(X), names) == "exp(a + b)"
    assert in_words(X, names) == "a + b"
    assert in_words(X * Y**2, {"x": "√a", "y": "b^c"}) == "√a · (b^c)^2"
    assert in_words(X * Y, {"x": "1/a", "y": "σ(1/a)"}) == "(1/a) · σ(1/a)"


def test_a_symbol_does_not_decide_and_is_no_array() -> None:
    with pytest.raises(TypeError, match="does not decide"):
        bool(X > 0)
    with pytest.raises(TypeError, match="no formula with ndarray"):
        X * np.ones(3)
    with pytest.raises(TypeError):
        np.add.reduce(X)


def test_gates_that_users_declare_have_formulas(declared: Any) -> None:
    wave = declared(lambda x: np.sin(x), name="wave", local=lambda x: np.cos(x))
    soft = declared(
        lambda x: np.log1p(np.exp(x)), name="softplus", local=lambda x: 1 / (1 + np.exp(-x))
    )
    scaled = declared(lambda x, k=2.0: k * x, name="scaled", vjp=lambda g, k: k * g)
    x, v = Tensor(0.5, name="x"), Tensor([1.0, 2.0], name="v")
    assert "x: local cos(x) = 0.8776 × upstream 1" in explain(wave(x))
    assert "dv = dout ⊙ cos(v)" in explain(np.sum(wave(v)))
    assert "x: local 1 / (1 + exp(−x)) = " in explain(soft(x))
    assert "dv = 3 ⊙ dout" in explain(np.sum(scaled(v, k=3.0)))
    for made in (wave(x), soft(x)):
        assert "Math." in (gate_in_javascript(made.node) or "")
    assert gate_in_javascript(scaled(x).node) is None  # no local gradient


def test_a_rule_that_is_no_formula_is_told_in_words(declared: Any) -> None:
    def slope(x: Any) -> Any:
        return np.where(x > 0, 1.0, 2.0) if np.ndim(x) else (1.0 if x > 0 else 2.0)

    bent = declared(lambda x: x * slope(x), name="bent", local=slope)
    told = declared(lambda x: x, name="told", vjp=lambda g, x_shape: g, says="{g}, as {x} is")
    mute = declared(lambda x: x, name="mute", vjp=lambda g, x_shape: g)
    x, v = Tensor(0.5, name="x"), Tensor([1.0, 2.0], name="v")
    assert "x: local bent′(x) = 1" in explain(bent(x))
    assert "dv = dout ⊙ bent′(v)" in explain(np.sum(bent(v)))
    assert "dv = dout, as v is" in explain(np.sum(told(v)))
    assert "dv = what mute makes of dout" in explain(np.sum(mute(v)))
    assert gate_in_javascript(bent(x).node) is None


def test_what_is_said_names_operands_only() -> None:
    for gate in GATES.values():
        for text in gate.says:
            text.format(g="g", out="out", **dict.fromkeys(gate.operands, "x"))


def test_every_gate_has_a_formula_or_words() -> None:
    for gate in GATES.values():
        for k, rule in enumerate(gate.rules):
            if rule is not None and not gate.times and not any(gate.says):
                operands = [Symbol(name) for name in gate.operands]
                static = dict.fromkeys(gate.statics)
                told = rule_on_symbols(gate, rule, k, operands, static, 1, Symbol("g"))
                assert told is not None, f"{gate.name}, operand {k}: add says="


def test_selecting_gates_say_what_they_used() -> None:
    used = live(GATES["maximum"], 0, [X, Y])
    assert used is not None
    assert in_words(used, {}) == "[x ≥ y]"
    assert row_of(np.maximum) is GATES["maximum"]


def test_a_gate_with_a_constant_knows_what_it_does() -> None:
    x = Tensor(2.0, name="x")
    assert "+5: passes the gradient on" in explain(x + 5.0)
    assert "−5: passes the gradient on" in explain(x - 5.0)
    assert "5−x: turns the sign" in explain(5.0 - x)
    assert "×5: scales the gradient" in explain(x * 5.0)
    assert "×−1: turns the sign" in explain(-x)
    assert "x: local 3 · x^2 = 12" in explain(x**3.0)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda x: x + 2.0, "+2"),
        (lambda x: 2.0 + x, "+2"),
        (lambda x: x + -2.5, "−2.5"),
        (lambda x: x - -2.5, "+2.5"),
        (lambda x: 2.0 - x, "2−x"),
        (lambda x: -2.0 * x, "×−2"),
        (lambda x: x / 2.0, "÷2"),
        (lambda x: 1.0 / x, "1/x"),
        (lambda x: x**3.0, "^3"),
        (lambda x: x**-0.5, "^−0.5"),
        (lambda x: 2.0**x, "2^x"),
        (lambda x: np.maximum(x, 0.0), "max(x, 0)"),
        (lambda x: np.maximum(0.0, x), "max(0, x)"),
        (lambda x: np.clip(x, 0.0, None), "clip(0, ∞)"),
        (lambda x: np.clip(x, None, 1.0), "clip(−∞, 1)"),
        (lambda x: np.clip(x, np.array(0.25), None), "clip(0.25, ∞)"),
        (lambda x: np.clip(x, np.zeros(3), None), "clip(⋯, ∞)"),
        (lambda x: x[1:], "[1:]"),
        (lambda x: x[:, None], "[:, None]"),
        (lambda x: x[np.array([0, 1])], "[⋯]"),
        (lambda x: setitem(x, (0, 1), 3.0), "[0, 1] = 3"),
        (lambda x: setitem(x, 0, x[1]), "[0] ="),
        (lambda x: x.astype(np.float32), "astype"),
    ],
)
def test_what_stands_on_a_gate(make: Any, text: str) -> None:
    x = Tensor(np.ones((2, 3)), name="x")
    made = make(x).node
    assert face(made, folded(made)).symbol == text


def test_comparisons_with_a_constant() -> None:
    greater = GATES["greater"]
    assert with_constant(greater, 1, 2.0) == "> 2"
    assert with_constant(greater, 0, 2.0) == "2 > x"
    assert with_constant(GATES["logical_and"], 1, True) == "and True"
    assert with_constant(greater, 1, None) == with_constant(GATES["exp"], 0, 2.0) == ""


def test_of_which_gates_the_operands_have_an_order() -> None:
    ordered = {name for name, gate in GATES.items() if is_ordered(gate) and len(gate.operands) == 2}
    assert ordered == {"subtract", "divide", "floor_divide", "power"}


def test_labels_of_values_without_a_name() -> None:
    x, y = Tensor(2.0, name="x"), Tensor(3.0, name="y")
    for value, label in [
        (x * y, "x × y"), (x - y, "x − y"), (x / y, "x ÷ y"), (x**y, "x^y"), (-x, "−x"),
        (np.square(x), "x²"), (np.reciprocal(x), "1/x"), (np.abs(x), "|x|"), (np.sqrt(x), "√x"),
        (np.maximum(x, y), "max(x, y)"), (ag.sigmoid(x), "σ(x)"), (ag.relu(x), "ReLU(x)"),
        (np.exp(x), "exp(x)"), (x + -3.0, "x − 3"),
        (np.where(x > 1, x, y), "where(condition, x, y)"),
    ]:  # fmt: skip
        assert f"→ {label} = " in explain(value * 1.0), label
    v, m = Tensor(np.ones((2, 2)), name="v"), Tensor(np.ones((2, 2)), name="m")
    for value, label in [
        (v @ m, "v @ m"), (v.T, "vᵀ"), (v.sum(), "Σ v"), (v[0], "v[0]"), (np.prod(v), "prod(v)"),
        (np.clip(v, 0.0, 1.0), "clip(v)"), (np.concatenate([v, m]), "concatenate(v, m)"),
    ]:  # fmt: skip
        assert f"→ {label} " in explain(np.sum(value * 1.0)), label


def test_the_factor_of_a_product_keeps_its_name() -> None:
    w, X = Tensor([0.5, -0.2], name="w"), np.array([[0.2, 0.4], [0.1, 0.3]])
    circuit = microscope(np.sum(np.square(X @ w)), w, 1, names={"X": X})
    assert "X[0, 1]" in explain(circuit)
    assert "X[1, 1]" in explain(circuit)


def test_a_sum_of_factors_has_no_name_of_one(declared: Any) -> None:
    row = declared(
        lambda x, y: x * np.sum(y),
        name="times_sum",
        role="switcher",
        vjp=(lambda g, y: g * np.sum(y), lambda g, x, y: np.sum(g * x) * np.ones_like(y)),
    )
    x, y = Tensor([0.5, -0.2], name="x"), np.array([2.0, 3.0])
    circuit = microscope(np.sum(np.square(row(x, y))), x, 0, names={"y": y})
    assert "y[" not in explain(circuit)
    assert "×5" in explain(circuit)
