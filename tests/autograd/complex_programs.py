"""Random programs of complex and real numbers, written once for autograd and for PyTorch.

A program is a list of steps; a step is an operation with the numbers of its operands. Values stay
of a size at which double precision compares well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autograd as ag

Step = tuple[str, tuple[int, ...]]

# name: (operands, how it is written with `m` for the namespace, where it is at home)
UNARY: dict[str, Callable[..., Any]] = {
    "abs": lambda m, z: m.abs(z),
    "angle": lambda m, z: m.angle(z),
    "exp": lambda m, z: m.exp(z * 0.3),
    "log": lambda m, z: m.log(z * z + 4j),
    "sqrt": lambda m, z: m.sqrt(z * 0.5 + 3j),
    "sin": lambda m, z: m.sin(z * 0.3),
    "tanh": lambda m, z: m.tanh(z * 0.2),
    "square": lambda m, z: m.square(z) * 0.2,
    "conj": lambda m, z: m.conj(z),
    "real": lambda m, z: m.real(z * (1 + 1j)),
    "imag": lambda m, z: m.imag(z * (2 - 1j)),
    "power": lambda m, z: (z + 3j) ** 1.5 * 0.2,
    "inverse": lambda m, z: 1 / (z * 0.3 + 2j),
    "number": lambda m, z: (2 - 1j) * z - 0.5,
    "sum": lambda m, z: m.sum(z, axis=0) if m is np else m.sum(z, 0),
    "mean": lambda m, z: z - (m.mean(z, axis=1) if m is np else m.mean(z, 1))[:, None],
    "turned": lambda m, z: z.T * 0.5,
    "row": lambda m, z: z[1] * 1j,
    "picked": lambda m, z: z[[0, 2, 2]] * 0.5,
    "backwards": lambda m, z: z[:, [2, 1, 0]],
    "sign": lambda m, z: (m.sign if m is np else m.sgn)(z + 0.1j),
}
BINARY: dict[str, Callable[..., Any]] = {
    "add": lambda m, x, y: x + y,
    "subtract": lambda m, x, y: x - y,
    "multiply": lambda m, x, y: x * y * 0.5,
    "divide": lambda m, x, y: x / (y * 0.2 + 3j),
    "power of": lambda m, x, y: (x * 0.1 + 2j) ** (y * 0.2),
    "matmul": lambda m, x, y: x @ y * 0.3,
    "where": lambda m, x, y: m.where(m.real(x * 1j) > 0.1, x, y),
    "written": lambda m, x, y: _written(m, x, y),
    "joined": lambda m, x, y: _joined(m, x, y),
}


def _written(m: Any, x: Any, y: Any) -> Any:
    out = (x * 1j).copy() if m is np else (x * 1j).clone()
    out[1] = y[0] * 1j
    out[:, 2] = 2.0
    return out


def _joined(m: Any, x: Any, y: Any) -> Any:
    both = (m.concatenate if m is np else m.cat)([x[:1], y[1:2], x[2:]])
    return (m.stack)([both[0], y[1], both[2] * 1j])


def program(rng: np.random.Generator, length: int) -> list[Step]:
    """Steps; the first two values, 0 and 1, are the inputs: a complex one and a real one."""
    steps: list[Step] = []
    for k in range(length):
        names = UNARY if rng.random() < 0.5 else BINARY
        name = str(rng.choice(list(names)))
        recent = max(0, k - 2)
        count = 1 if names is UNARY else 2
        steps.append((name, tuple(int(i) for i in rng.integers(recent, k + 2, count))))
    return steps


def run(steps: list[Step], m: Any, *inputs: Any) -> Any:
    """The last value of the program, and all before it that are not used up, as a real number."""
    values = list(inputs)
    for name, operands in steps:
        given = [values[k] for k in operands]
        found = UNARY[name](m, *given) if name in UNARY else BINARY[name](m, *given)
        values.append(found + 0 * values[0])  # all are 3 x 3, and complex
    last = values[-1]
    return m.sum(m.real(last * m.conj(last))) + m.sum(m.imag(last * (0.3 - 1j)))


def gradients(steps: list[Step], z: Any, x: Any) -> tuple[Any, Any]:
    """Value and gradients by this package."""
    both = ag.value_and_grad(lambda z, x: run(steps, np, z, x), (0, 1), allow_unused=True)
    value, grads = both(z, x)
    return float(value), grads


def gradients_in_torch(steps: list[Step], z: Any, x: Any) -> tuple[Any, Any] | None:
    """The same by PyTorch; None where it refuses to mix real and complex numbers."""
    import torch

    inputs = [torch.tensor(z, requires_grad=True), torch.tensor(x, requires_grad=True)]
    try:
        value = run(steps, torch, *inputs)
        value.backward()
    except RuntimeError as error:
        if "to have the same dtype" in str(error) or "isFloatingType" in str(error):
            return None
        raise
    unused = [torch.zeros_like(t) for t in inputs]
    found = [u if t.grad is None else t.grad for t, u in zip(inputs, unused, strict=True)]
    return value.item(), [g.resolve_conj().numpy() for g in found]
