"""The formulas of the gates: in words for readers, and in JavaScript for the page.

A row of SCALAR is written so that JavaScript runs it and people read it. Operands are `x` and
`y`, the result is `out`. The tests compare each row with the gate of that name.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..gate import Gate

__all__ = ["SCALAR", "Scalar", "javascript", "local_text", "role_text", "shape_text", "vjp_text"]

Shape = tuple[int, ...]


class Scalar(NamedTuple):
    """A gate on numbers: the forward pass, and a local gradient for each operand."""

    forward: str
    local: tuple[str, ...]
    used: tuple[str, ...] = ()  # whether an operand was used at all, for gates that select


SCALAR = {
    "add": Scalar("x + y", ("1", "1")),
    "subtract": Scalar("x - y", ("1", "-1")),
    "multiply": Scalar("x * y", ("y", "x")),
    "divide": Scalar("x / y", ("1 / y", "-out / y")),
    "negative": Scalar("-x", ("-1",)),
    "square": Scalar("x * x", ("2 * x",)),
    "reciprocal": Scalar("1 / x", ("-out * out",)),
    "power": Scalar("pow(x, y)", ("times(y, pow(x, y - 1))", "out * ln(x)")),
    "exp": Scalar("exp(x)", ("out",)),
    "expm1": Scalar("expm1(x)", ("exp(x)",)),
    "log": Scalar("log(x)", ("1 / x",)),
    "log1p": Scalar("log1p(x)", ("1 / (1 + x)",)),
    "sqrt": Scalar("sqrt(x)", ("0.5 / out",)),
    "tanh": Scalar("tanh(x)", ("1 - out * out",)),
    "sigmoid": Scalar("1 / (1 + exp(-x))", ("(1 - out) * out",)),
    "relu": Scalar("max(0, x)", ("wins(x, 0, 0)",), ("x > 0",)),
    "abs": Scalar("abs(x)", ("sign(x)",)),
    "sign": Scalar("sign(x)", ("0",)),
    "maximum": Scalar("max(x, y)", ("wins(x, y, tie)", "wins(y, x, tie)"), ("x >= y", "y >= x")),
    "minimum": Scalar("min(x, y)", ("wins(y, x, tie)", "wins(x, y, tie)"), ("x <= y", "y <= x")),
}

# the vector-Jacobian products of the other gates: {g} is the upstream gradient, {0} the first
# operand, {1} the second, {out} the result
VJP: dict[str, tuple[str, ...]] = {
    "matmul": ("{g} · {1}ᵀ", "{0}ᵀ · {g}"),
    "affine": ("{g} · {1}ᵀ", "{0}ᵀ · {g}", "Σ {g} over the rows"),
    "sum": ("{g}, for each summand",),
    "mean": ("{g} ÷ (number of terms), for each term",),
    "prod": ("{g} ⊙ (product of all other factors)",),
    "max": ("{g} to the largest, 0 to the others",),
    "min": ("{g} to the smallest, 0 to the others",),
    "logsumexp": ("{g} ⊙ softmax({0})",),
    "softmax": ("{out} ⊙ ({g} − Σ {g} ⊙ {out})",),
    "log_softmax": ("{g} − softmax({0}) ⊙ Σ {g}",),
    "softmax_cross_entropy": ("(softmax({0}) − one-hot({1})) · {g} ÷ n",),
    "svm_hinge": ("(violated margins: +1 to wrong, −1 to right class) · {g} ÷ n",),
    "l2_penalty": ("λ · {0} · {g}",),
    "reshape": ("{g}, in the shape of {0}",),
    "expand_dims": ("{g}, in the shape of {0}",),
    "squeeze": ("{g}, in the shape of {0}",),
    "transpose": ("{g}, with the axes put back",),
    "broadcast_to": ("Σ {g} over the copies",),
    "sum_to": ("{g}, for each summand",),
    "astype": ("{g}",),
    "getitem": ("{g} where it was taken from, 0 elsewhere",),
    "setitem": ("{g}, 0 where it was written over", "{g} from where it was written"),
    "scatter": ("{g} from where it was put",),
    "concatenate": ("the part of {g} that belongs to it",),
    "stack": ("the part of {g} that belongs to it",),
    "where": ("", "{g} where it was taken, 0 elsewhere", "{g} where it was taken, 0 elsewhere"),
    "clip": ("{g} inside of the bounds, 0 on and outside of them",),
    "conv2d": ("{g} ∗ {1}, turned by 180°", "windows of {0} · {g}", "Σ {g} over images and places"),
    "max_pool2d": ("{g} to the largest of each window",),
    "avg_pool2d": ("{g} ÷ (size of a window), to each of the window",),
    "conv2d_transpose": ("{g} ∗ {1}", "windows of {g} · {0}"),
    "conv2d_filters": ("{g} ∗ {1}", "{g} ∗ {0}"),
    "unfold": ("Σ {g} over the windows that hold a place",),
    "fold": ("{g}, window by window",),
}

ROLES = {
    "distributor": "distributor: hands its upstream gradient to every input, unchanged",
    "switcher": "switcher: each input's local gradient is the other input's value",
    "router": "router: the gradient goes to the input that was taken, the others get 0",
}
MATRIX_SWITCHER = "switcher: each input's gradient is made with the other input, transposed"
SCALED = "scales the gradient: the one input's local gradient is the constant"
PASSED = "passes the gradient on, unchanged: the local gradient is 1"
PLAIN = "multiplies the gradient by its slope at the input"
TURNED = "turns the sign of the gradient: the local gradient is −1"
ARRAYS = "one formula gives local gradient times upstream gradient for the whole array"
SUMMED = "distributor: every summand gets the upstream gradient"


def role_text(gate: Gate, tracked: int, single: bool) -> str:
    """What a gate does to gradients, in the words of the lecture, in one sentence."""
    if gate.name in ("sum", "mean"):
        return SUMMED if gate.name == "sum" else f"{SUMMED}, divided by their number"
    if gate.name == "matmul":
        return MATRIX_SWITCHER
    if tracked == 1 and single and gate.name in ("add", "multiply"):
        return PASSED if gate.name == "add" else SCALED
    known, _, rest = gate.role.partition(",") if gate.role else ("", "", "")
    if known in ROLES:
        return ROLES[known].replace(", unchanged", "") + "," + rest if rest else ROLES[known]
    if gate.name == "negative":
        return TURNED
    return gate.role or (PLAIN if gate.times else ARRAYS)


def local_text(gate: Gate, position: int, operands: list[str], out: str) -> str:
    """The local gradient at an operand as a formula; empty for gates that have none."""
    row = SCALAR.get(gate.name)
    if not gate.times:
        return ""
    if row is None:  # a gate that is not in the table: its derivative, by name
        return f"{gate.name}′({', '.join(operands)})"
    names = {"x": operands[0], "y": operands[-1], "out": out}
    return _readable(row.local[position], names)


def vjp_text(gate: Gate, position: int, operands: list[str], out: str, g: str) -> str:
    """The gradient at an operand of a gate on arrays, as a formula of the upstream gradient."""
    local = local_text(gate, position, operands, out)
    if local:
        return {"1": g, "−1": f"−{g}"}.get(local) or f"{g} ⊙ {_grouped(local)}"
    rules = VJP.get(gate.name, ())
    rule = rules[min(position, len(rules) - 1)] if rules else f"what {gate.name} makes of {{g}}"
    given = operands if len(operands) > 1 else [*operands, *operands]
    return rule.format(*given, g=g, out=out)


def _readable(formula: str, names: dict[str, str]) -> str:
    """JavaScript as people write it: 2 * x becomes 2 · w0."""
    formula = re.sub(r"wins\((\w+), (\w+), \w+\)", r"[\1 > \2]", formula)
    formula = re.sub(r"times\((\w+), (.*)\)", r"\1 * \2", formula)
    formula = re.sub(r"pow\(x, ([^)]*)\)", r"x^(\1)", formula).replace("-", "−").replace("*", "·")
    alone = formula in names
    return re.sub(r"\b(x|y|out)\b", lambda found: _whole(names[found[0]], alone), formula)


def _whole(name: str, alone: bool) -> str:
    """A name as a part of a formula: in brackets if it is a formula itself."""
    return name if alone or " " not in name.replace(", ", ",") else f"({name})"


def _grouped(formula: str) -> str:
    return f"({formula})" if re.search(r" [−+/] ", formula) else formula


ARROW = "(x, y, out, tie) => "


def javascript() -> str:
    """SCALAR as a JavaScript table of functions."""
    rows = []
    for name, row in SCALAR.items():
        local, used = (", ".join(ARROW + formula for formula in part) for part in row[1:])
        rows.append(
            f"  {name}: {{forward: {ARROW}{row.forward}, local: [{local}], used: [{used}]}},"
        )
    return "const GATES = {\n" + "\n".join(rows) + "\n};\n"


def shape_text(gate: Gate, position: int, shapes: list[Shape], out: Shape) -> str:
    """The check of shapes for the gradient at an operand: (300, 3)·(3, 100) = (300, 100)."""
    result = shapes[position]
    if gate.name in ("matmul", "affine") and all(len(s) == 2 for s in shapes[:2]):
        if position == 0:
            return f"{out}·{shapes[1][::-1]} = {result}"
        if position == 1:
            return f"{shapes[0][::-1]}·{out} = {result}"
    return f"{result}" if out == result else f"{out} → {result}"
