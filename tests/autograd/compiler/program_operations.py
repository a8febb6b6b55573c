"""Operations of the random programs that PyTorch has no word for, or that compilers stumble over.

They stand beside those of `torch_operations.py`: views of one element, bools in arithmetic, Python
numbers on either side, helper functions, loops, draws, writes, joins with constants. Then the lines
that update parameters, and what a program may return.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from torch_operations import TABLE as SHARED
from torch_operations import (
    Fields,
    Row,
    Suits,
    any_axis,
    anything,
    axes_of,
    basic,
    index_by,
    of_arrays,
    written_by,
)

if TYPE_CHECKING:
    from torch_programs import Maker

# what a program may call, written before it if it does
HELPERS = {
    "squash": "def squash(x, scale=0.5):\n    inner = np.tanh(x * scale)\n    return inner + x",
    "twice": "def twice(f, x):\n    return f(f(x))",
    "within": "def within(by):\n    def scaled(x):\n        return x * by\n    return scaled",
    "rng": "rng = np.random.default_rng(3)",
}


def single(make: Maker, x: np.ndarray) -> Fields | None:
    return {} if x.size == 1 else None


def with_axes(make: Maker, x: np.ndarray, *_: Any) -> Fields | None:
    return shaped(make, x) if x.ndim and x.size else None


def shaped(make: Maker, x: np.ndarray, *_: Any) -> Fields:
    """{shape} of x, and a number {n}."""
    return {"shape": x.shape, "n": make.one(2, -1, 0.5, 0.0, -0.0, 3, 1.5, 1e-3)}


def mixed_index(make: Maker, x: np.ndarray) -> str | None:
    """An index of all kinds of parts beside each other."""
    if not x.ndim or 0 in x.shape:
        return None
    parts, shape = [], make.one((1,), (2,), (3,), (2, 1), (0,))
    for n in x.shape[: 1 + make.below(x.ndim)]:
        array = make.rng.integers(-n, n, size=make.one(shape, shape[-1:]))
        step, k, mask = make.one(-1, 2, -2, 1), make.below(2 * n) - n, make.rng.random(n) < 0.5
        parts.append(make.one(
            ":", f"::{step}", f"{k}:", f":{k}:{step}", str(k), f"slice({k}, None)",
            str(array.tolist()), f"range({n})", f"np.array({k})", f"np.int64({k})",
            make.array(array) if make.chance(0.5) else f"np.array({array.tolist()}, dtype=int)",
            make.array(mask) if make.chance(0.5) else f"np.array({mask.tolist()})",
        ))  # fmt: skip
        if make.chance(0.15):
            parts.append("None")
    if make.chance(0.3) and len(parts) <= x.ndim:
        parts.insert(make.below(len(parts) + 1), "...")
    try:
        eval(f"x[{', '.join(parts)}]", {"np": np, "x": x, **make.program.arrays})
    except IndexError:  # they do not go together
        return None
    return ", ".join(parts)


def _rows(kind: str, texts: list[str], suits: Suits = anything, own: bool = True) -> list[Row]:
    return [Row(f"{kind}: {text}", text, "", suits, own=own) for text in texts]


def _written(kind: str, texts: list[str], suits: Suits) -> list[Row]:
    return _rows(kind, ["{out} = {x} * 1.0\n" + text for text in texts], suits)


VIEWS = [
    *_rows("view", ["np.reshape({x}, ())", "{x}.reshape(())"], single, own=False),
    *_rows("view", ["np.reshape({x}, (1,))", "np.reshape({x}, (1, 1, 1))"], single, own=False),
    *_rows("view", [
        "{x}[..., 0]", "{x}[..., -1:]", "{x}[0]", "{x}[-1]", "{x}.reshape(-1)[0]", "{x}[::-1]",
        "{x}[::2]", "np.squeeze({x}[:1])", "{x}[0, ...]", "{x}.T[0]",
    ], with_axes, own=False),
    *_rows("view", ["{x}[()]", "{x}[None]", "{x}[..., None]", "{x}[...]"], own=False),
]  # fmt: skip

BOOLS = [
    *_rows("bool", [
        "({x} > {y}) + ({y} > 0)", "({x} > 0) * ({y} > 0.5)", "({x} == {y}) - 0.5",
        "np.logical_and({x} > 0, {y} < 1) * {x}", "(({x} > 0) | ({y} > 0)) * 1.0",
        "np.where(({x} > 0) & ({y} > 0), {x}, -{y})", "np.where({x} <= {y}, {y}, {x})",
        "np.where({x} > 0, {x}, {y})", "({x} >= {y}).astype(np.float64)", "{x} * ({x} != {y})",
        "np.logical_xor({x} > 0, {y} > 0)", "np.any({x} > 0) * {y}", "np.all({x} > 0) + {y}",
    ]),
    *_rows("bool", [
        "({x} > 0) * 0.5", "({x} > 0) * 2", "0.5 * ({x} >= 0)", "({x} > 0) + 1", "1.0 - ({x} < 0)",
        "({x} > 0) / 2", "({x} > 0) + ({x} > 1) + ({x} > 2)", "-(({x} > 0) * 1.0)",
        "np.where({x} != {x}, 0.0, {x})", "np.where(np.isnan({x}), 0.0, {x})", "~({x} > 0)",
        "np.isfinite({x}) * {x}", "np.mean({x} > 0) * {x}", "np.sum({x} > 0)", "{x} > 0",
        "np.where({x} > 0, 1, 0)", "np.logical_not({x} > 0) * {x}", "np.sign({x})",
        "np.where({x} > 0, {x}, 0)", "np.where({x} < 0, 0.01 * {x}, {x})",
        "np.sum({x} > 0, axis=0)",
        "np.signbit({x}) * 1.0", "np.count_nonzero({x} > 0) * {x}", "np.where(True, {x}, 0.0)",
    ]),
    *_rows("bool", ["np.argmax({x}, axis={axis}) * 0.5", "np.argmin({x}, axis={axis})"], any_axis),
    *_rows("bool", ["np.sum({x} > 0, axis={axis}, keepdims={keep}) * {x}"], axes_of()),
]  # fmt: skip

NUMBERS = _rows("number", [
    "2 * {x}", "{x} * 3", "1 - {x}", "0.0 - {x}", "-0.0 + {x}", "{x} / 3", "{x} * 0.0",
    "{x} ** 2.5", "{x} ** -2", "{x} * np.float32(0.3)", "np.float64(1.5) * {x}",
    "{x} / {x}.size", "{n} * {x}",
    "np.maximum({x}, 0)", "np.maximum(0.0, {x})", "np.minimum({x}, 1)", "np.clip({x}, 0, 1)",
    "{x} + 1e-8", "np.multiply({x}, 2)", "np.add(1, {x})", "{x} + {n}", "{n} - {x}", "{x} * {n}",
    "+{x} if hasattr({x}, '__pos__') else {x}", "{x} * -1", "1 / (1 + np.exp(-{x}))",
    "{x} - np.max({x})", "{x} / np.sum({x} * {x})", "np.divide({x}, 4)", "np.power({x}, 2)",
    "{x} + {x}", "{x} - {x}", "{x} * {x} * {x}", "{x} / 1", "{x} ** 1", "2.0 * (0.5 * {x})",
], shaped)  # fmt: skip

METHODS = [
    *_rows("method", [
        "{x}.mean()", "{x}.sum()", "{x}.max()", "{x}.min()", "{x}.prod()", "{x}.copy()", "abs({x})",
        "{x}.clip(-0.5, 0.5)", "{x}.ravel()", "{x}.flatten()", "{x}.transpose()", "{x}.squeeze()",
        "np.amax({x})", "np.ravel({x}.T)", "{x}.astype({x}.dtype)", "{x}.dot({x})",
    ]),
    *_rows("method", ["{x} * len({x})", "{x} / {x}.shape[0]", "{x}.mean(axis=0) + {x}"], with_axes),
]  # fmt: skip

HELPED = [
    *_rows("helper", [
        "squash({x}, 0.3)", "squash(scale=2.0, x={x})", "twice(np.tanh, {x})", "within({n})({x})",
        "twice(squash, {x})", "(lambda t: t * t + {n})({x})",
        "{out} = {x}\nfor _ in range(3):\n    {out} = np.tanh({out} * 0.5) + {x}",
        "with ag.no_grad():\n    {out} = {x} * 0.5",
        "with ag.scope('layer'):\n    {out} = {x} * {n}",
        "[k * {x} for k in range(3)][2]", "dict(value={x})['value'] * 1.0",
    ], shaped),
    *_rows("helper", ["sum([{x}, {y}, {x}])", "max([({x}, 1)], key=len)[0] * {y}"]),
    *_rows("helper", ["sum(row * 0.5 for row in {x})"], with_axes),
    *_rows("draw", [
        "{x} + ag.fresh(rng.normal, size={shape})", "{x} * (ag.fresh(rng.random, {shape}) > 0.5)",
        "{x} * ag.fresh(rng.random)", "ag.fresh(np.cumsum, {x} * 0.1)", "{x} * ag.fresh(float, 3)",
    ], shaped),
]  # fmt: skip

WRITES = [
    *_written("write", [
        "{out} += 1", "{out} -= {n}", "{out} *= {x}", "{out} /= 2", "{out}[{x} < 0] = 0",
        "{out}[...] = {n}", "{out}[{out} > 1] *= 0.5", "{out} **= 2", "{out} += {x}",
        "{out} = {out} * 2\n{out} += 1\n{out} *= {x}",
    ], shaped),
    *_written("write", [
        "{out}[0] = {n}", "{out}[0] = {out}[-1]", "{out}[-1] += {n}", "{out}[0] *= 2.0",
        "view = {out}[..., :1] * 2.0\n{out} *= 0.5\n{out} = {out} + view",
        "{out}[0], {out}[-1] = {out}[-1] * 1.0, {out}[0] * 1.0", "{out}.T[0] = {n}",
        "before = {out}[0]\n{out}[0] = {n}\n{out} = {out} + before",
    ], with_axes),
    *_written("write", ["{out}[{i}] = {v}", "{out}[{i}] += {v}"], written_by(basic)),
    *_written("write", ["np.add.at({out}, ({i},), {v})", "{out}[{i}] -= 1"], written_by(of_arrays)),
    *_rows("write", [
        "{out} = np.zeros({shape})\n{out}[0] = {n}\n{out} = {out} + {x}",
        "{out} = np.zeros_like({x})\n{out}[0] = {x}[0]",
        "{out} = {x}.copy()\n{out}[..., 0] = 0.0",
    ], with_axes),
]  # fmt: skip

JOINS = [
    *_rows("join", [
        "np.concatenate([{x}, np.zeros({shape})])", "np.concatenate([{x}, {x}[:1]])",
        "np.concatenate([{x}, {x} * {n}], axis=-1)", "np.concatenate([np.ones({shape}), {x}])",
    ], with_axes),
    *_rows("join", [
        "np.concatenate([np.ones((1,)), {x}.reshape(-1)])", "np.stack([{x}, {x} * 2])",
        "np.stack([{x}, np.zeros({shape})])", "np.zeros({shape}) + {x}", "np.ones_like({x}) - {x}",
        "np.concatenate([{x}.reshape(-1), np.array([1.0, -0.0])])", "np.zeros_like({x}) * {x}",
        "np.full({shape}, {n}) * {x}", "np.stack([{x}, {x}], axis=-1)[..., 0]",
    ], shaped),
]  # fmt: skip

INDEXED = [
    *_rows("index", ["{x}[{i}]", "{x}[{i}] * 2.0", "{x}.T[{i}]"], index_by(mixed_index), own=False),
    *_written("index", [
        "{out}[{i}] = {v}", "{out}[{i}] += {v}", "{out}[{i}] *= {n}", "{out}[{i}] = {n}",
        "{out}[{i}] = {out}[{i}] * {n}", "np.add.at({out}, ({i},), {v})",
    ], written_by(mixed_index)),
    *_written("index", [
        "{out}[1:] = {out}[:-1]", "{out}[::-1] = {out} * 1.0", "{out}[{out} < {n}] = {n}",
        "{out}[{x} > 0] = 0.5\n{out}[{x} < 0] *= -1", "{out}[...] = {out}[::-1]",
        "{out}[0] += {out}[-1]\n{out}[-1] += {out}[0]", "{out}[:1] = {x}[-1:]",
        "row = {out}[-1] * 1.0\n{out}[0] = row\n{out} = {out} + row",
    ], with_axes),
    *_rows("index", ["{x}[np.argmax({x}, axis=0)]", "{x}[np.argmin({x}.T[0])]"], with_axes),
]  # fmt: skip

MIXED = _rows("dtypes", [
    "{x}.astype(np.float32) + {y}", "{x} * ({y} > 0)", "np.where({x} > 0, {y}, 1)",
    "np.where({y} > 0, {x}.astype(np.float32), {y})", "np.where({x} > 0, ({y} > 0) * 2, {x})",
    "np.maximum({x}.astype(np.float32), {y})", "({x} > 0) * np.float32(0.1) + {y}",
    "({x} > 0) * 3 - ({y} > 0)", "np.float64(0.1) * {x}.astype(np.float32)",
    "np.arange(3)[:, None] * {x}.sum() + {y}.sum()", "np.float32(1.1) * {x} + {y}",
    "{x} + np.array(0.1, 'float32')", "{x} * np.array([0.1], 'float32')", "{x} + np.arange(1)",
    "np.arange(4.0).reshape(2, 2)[:, :1] - {x}.mean()", "{x} * np.array([True])",
    "np.concatenate([{x}.reshape(-1), {y}.reshape(-1).astype(np.float32)])",
    "np.stack([{x}.sum(), {y}.sum() > 0])", "{x} ** np.arange(1, 2)", "{x} ** np.int64(2)",
    "np.mean({x} > {y})", "np.sum({x} > {y}, axis=0) * 0.5", "(({x} > 0) == ({y} > 0)) * 1",
    "{x} + np.zeros((3, 1, 1))", "{x} * np.ones((2, 1))",
    "np.sum({x} * np.ones((2, 1, 1)), axis=0)",
])  # fmt: skip

DERIVED = [
    *_rows("derived", [
        "ag.grad(lambda t: np.sum(t * t * 0.5))({x})",
        "ag.grad(lambda t: np.sum(np.tanh(t) * {y}))({x})",
        "ag.value_and_grad(lambda t: np.mean(t ** 3))({x})[1]",
        "ag.vjp(lambda t: t * t, 0)({x}, {x})", "ag.jvp(lambda t: np.tanh(t), 0)({x}, {x})",
        "ag.grad(lambda t, u: np.sum(t * u), (0, 1))({x}, {y})[1]",
        "ag.hvp(lambda t: np.sum(t ** 3), 0)({x}, {x})",
        "sum(ag.grad(lambda t: np.max(t) + np.sum(t[..., :1] * k))({x}) for k in range(2))",
        "ag.grad(lambda t: np.sum(ag.grad(lambda u: np.sum(u ** 3))(t) * t))({x})",
        "ag.grad(lambda t: np.sum(np.where(t > 0, np.sqrt(np.abs(t)), t)))({x})",
    ]),
]  # fmt: skip

RARE = {"index by a comparison", "index by argmax"}  # depend on values: refused
RARE |= {row.name for row in WRITES if "{out}[{out} > 1]" in row.name}
RARE |= {row.name for row in INDEXED if "add.at" in row.name or "0] *= -1" in row.name}
OWN = [VIEWS, VIEWS, BOOLS, NUMBERS, METHODS, HELPED, WRITES, JOINS, INDEXED, MIXED, DERIVED]
TABLE = [
    [row for row in rows for _ in range(1 if row.name in RARE else 8)] for rows in [*SHARED, *OWN]
]
NAMES = sorted({row.name for rows in TABLE for row in rows})

# {p}, {q}: parameters of one shape; {m}: a parameter of zeros; {lr}: a number
UPDATES = [
    "{p} -= {lr} * {p}.grad",
    "{p} -= {lr} * {p}.grad",
    "{p}.data -= {lr} * {p}.grad",
    "{p}.descend({p}.grad, {lr})",
    "nn.SGD([{p}], lr=0.1).step()",
    "{m} *= 0.9\n{m} += {p}.grad\n{p} -= {lr} * {m}.data",
    "{m}.data = 0.9 * {m}.data + {p}.grad\n{p}.data = {p}.data - {lr} * {m}.data",
    "{m} *= 0.9\n{m} += 0.1 * {p}.grad ** 2\n{p} -= {lr} * {p}.grad / (np.sqrt({m}.data) + 1e-8)",
    "norm = np.sqrt(np.sum({p}.grad * {p}.grad))\n{p} -= {lr} * {p}.grad / np.maximum(norm, 1.0)",
    "{p}.grad = {p}.grad * 0.5\n{p} -= {lr} * {p}.grad",
    "with ag.no_grad():\n    {p} -= {lr} * np.sign({p}.grad)",
    "{p} += {lr} * {p}.grad\n{p} *= 0.99",
    "{p}.descend({p}.grad * 0.5, {lr})",
    "{p} -= {lr} * ({p}.grad + 0.01 * {p}.data)",
    "g = {p}.grad\n{p}.grad = None\n{p} -= {lr} * g",
    "{p}.data = {p}.data - {lr} * np.clip({p}.grad, -0.5, 0.5)",
    "{p}.data = ({p}.data - {lr} * {p}.grad).astype(np.float32)",
    "for q in [{p}]:\n    q.data -= {lr} * q.grad",
    "with ag.no_grad():\n    {p}[0] = {p}[0] - {lr} * {p}.grad[0]",
    "with ag.no_grad():\n    {p}[{p}.grad > 0] = 0.0",
    "{p}.data = np.where({p}.grad > 0, {p}.data * 0.9, {p}.data)",
    "np.sum({p} * {p}).backward()\n{p} -= {lr} * {p}.grad",
    "{p}.zero_grad()\nnp.sum(np.tanh({p})).backward()\n{p}.data -= {lr} * {p}.grad",
    "{m}.data = np.maximum({m}.data, {p}.grad ** 2)\n"
    "{p} -= {lr} * {p}.grad / (1 + {m}.data) ** 0.5",
    "{p}.grad = {p}.grad.astype(np.float64) * np.float64(0.3)\n{p} -= {lr} * {p}.grad",
    "{p}.grad = 0.1 * {p}.grad.T.T\n{p}.data -= {p}.grad\n{p}.grad = {p}.grad * 2",
    "{p}.data -= {lr} * np.mean({p}.grad, axis=0)",
    "{p}.data -= {lr} * {p}.grad.sum(axis=0, keepdims=True)",
]
MOVES = [  # without a gradient
    "{p}.data, {q}.data = {q}.data, {p}.data",
    "old = {p}.data * 1.0\n{p}.data = {q}.data * 1.0\n{q}.data = old",
    "with ag.no_grad():\n    {p}[1:] = {p}[1:] * 0.5",
    "with ag.no_grad():\n    {p}[0] = 0.25",
    "with ag.no_grad():\n    {p}[...] = 0.5 * {q}",
    "{p} *= 0.99",
    "{p} /= 1.5",
    "{p}.data = np.clip({p}.data, -1.0, 1.0)",
    "{p}.data = {q}.data",
    "{p}.data += {lr}",
    "{p}.grad = None",
    "{p}.zero_grad()",
    "{p}.data = {p}.data[::-1]",
    "{p}.data = {p}.data.reshape(-1)[::-1].reshape({p}.shape)",
    "with ag.no_grad():\n    {p} += {q}\n    {q} -= {p}",
    "{p}.data, {q}.data = {q}.data * 0.5, {p}.data",
    "{p}.data *= -1\n{p}.data += {q}.data\n{q}.data -= {p}.data",
    "{p}.data = np.zeros_like({p}.data)",
    "{p}.data = 0.5 * {p}.detach()",
    "with ag.no_grad():\n    {p}[...] = 0.0\n    {p} += 1",
    "with ag.no_grad():\n    {p}[1:] = {p}[:-1]",
    "{p}.data = np.sort({p}.data)",
]
OF_A_PARAMETER = [
    "{p}", "{p}.data", "{p}.grad", "{p}[1:]", "{p}.T", "{p}[..., 0]", "{p}.detach()", "{p} * 2.0",
    "np.sum({p})", "{p}.numpy()", "{p}.reshape(-1)", "{p}.data * 1.0", "{p}.data[::-1]",
    "{p}.data.T @ {p}.data", "{p}.grad * 2", "({p}.data, [{p}.grad])", "{p}.shape", "{p}[None]",
    "np.sum({p}.grad)", "np.mean({p}.data, axis=0)", "{p}.name", "len({p}.shape)",
]  # fmt: skip
OF_AN_ARGUMENT = ["{a}", "{a}.T", "{a}[..., 0]", "{a}[()]", "{a} * 1", "np.squeeze({a})"]
FIXED = ["3", "None", "'words'", "True", "1.5", "np.ones(2)", "()", "np.float32(2.0)"]
