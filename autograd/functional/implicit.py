"""Implicit functions: the solution of an equation as a function of what stands in the equation.

The gradient comes from the implicit function theorem, not from the steps of the solver: at
f(x, a) = x the change of x is (1 - df/dx)^-1 df/da times that of a, and at f(x, a) = 0 it is
-(df/dx)^-1 df/da (Blondel et al., "Efficient and Modular Implicit Differentiation", 2022).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import as_constant
from ..errors import ConvergenceError, ShapeError, TraceError
from ..modes import MODE, no_grad, recording
from ..node import Node, next_number
from ..tensor import Tensor, constant_tensor
from .boundary import Work, as_gate, operands_of, pull_back, row
from .gradients import jacobian

__all__ = ["fixed_point", "root"]

FIXED_POINT = row("fixed_point", "x = f(x)")
ROOT = row("root", "f(x) = 0")

Function = Callable[..., Any]


def fixed_point(
    f: Function, guess: Any, *args: Any, tol: float | None = None, most: int = 1000
) -> Any:
    """The x with x = f(x, *args), found by x <- f(x, *args) from a guess, which has its shape.

    Gradients flow to the arguments, and to tensors that f reads from outside; the guess has none.
    They are found in the same way, so f has to contract: |df/dx| < 1. `tol` is the largest change
    of a step that ends the search, relative to the size of x; default: 16 roundings of its dtype.
    Raises ConvergenceError after `most` steps, and ShapeError when f gives another shape.

    >>> from autograd import Tensor
    >>> a = Tensor(2.0)
    >>> x = fixed_point(lambda x, a: 0.5 * (x + a / x), 1.0, a)  # Heron's way to a root of a
    >>> x.backward()
    >>> round(x.item(), 12), float(a.grad.round(6))
    (1.414213562373, 0.353553)
    """
    _refuse_traces("fixed_point")
    with no_grad():
        x = _iterated(f, _start(guess), args, tol, most)
    return _result(FIXED_POINT, _FixedPoint(f, x, args, tol, most), x)


def _iterated(f: Function, x: Any, args: Any, tol: float | None, most: int) -> Any:
    for _ in range(most):
        old, x = x, _array(f(constant_tensor(x), *args))
        if x.shape != old.shape:
            raise ShapeError(
                f"fixed_point: the guess has shape {old.shape}, but f gives {x.shape}; they must "
                "agree"
            )
        if _size(x - old) <= _tolerance(x, tol) * _size(x):
            return x
    raise ConvergenceError(
        f"fixed_point: after {most} steps x still changes by {_size(x - old):.3g}; f has to "
        "contract near the solution; begin nearer to it, damp f, or raise `most`"
    )


def root(f: Function, guess: Any, *args: Any, tol: float | None = None, most: int = 50) -> Any:
    """The x with f(x, *args) = 0, found by Newton's method from a guess, which has its shape.

    f gives as many numbers as x has. Gradients flow to the arguments, and to tensors that f reads
    from outside; the guess has none. A step solves a linear system with the Jacobian of f, and is
    made shorter while it makes f larger. `tol` is the largest step that ends the search, relative
    to the size of x; default: 16 roundings of its dtype. Raises ConvergenceError after `most`
    steps or at a singular Jacobian, and ShapeError when f gives another number of values.

    >>> from autograd import Tensor
    >>> a = Tensor(8.0)
    >>> x = root(lambda x, a: x**3 - a, 1.0, a)
    >>> x.backward()
    >>> round(x.item(), 12), float(a.grad.round(6))
    (2.0, 0.083333)
    """
    _refuse_traces("root")
    with no_grad():
        x = _newton(f, _start(guess), args, tol, most)
    return _result(ROOT, _Root(f, x, args), x)


def _newton(f: Function, x: Any, args: Any, tol: float | None, most: int) -> Any:
    slopes, value = jacobian(f, allow_unused=True), _array(f(constant_tensor(x), *args))
    if value.size != x.size:
        raise ShapeError(
            f"root: x has shape {x.shape}, but f gives {value.shape}; it has to give as many "
            "numbers as x has"
        )
    for _ in range(most):
        matrix = np.reshape(slopes(x, *args), (x.size, x.size))
        step = _solved(matrix, np.reshape(value, -1)).reshape(x.shape).astype(x.dtype)
        x, value = _shortened(f, args, x, value, step)
        if _size(step) <= _tolerance(x, tol) * _size(x) or not _size(value):
            return x
    raise ConvergenceError(
        f"root: after {most} steps f is still {_size(value):.3g}; begin nearer to the solution"
    )


def _shortened(f: Function, args: Any, x: Any, value: Any, step: Any) -> tuple[Any, Any]:
    """x after a step, or a part of one that does not make f larger, and f there."""
    before = _size(value)
    for _ in range(30):
        with np.errstate(all="ignore"):
            new = x - step
            there = _array(f(constant_tensor(new), *args))
        if _size(there) <= before or _size(step) <= _tolerance(x, None) * _size(x):
            break
        step = step / 2
    return new, there


class _Equation(Work):
    """The equation at its solution: what gradients need is worked out there again."""

    def __init__(self, f: Function, solution: Any, args: Any):
        super().__init__()
        self.f, self.solution, self.args = f, solution, args
        start = next_number()
        with recording():
            result = f(constant_tensor(solution), *args)
        tracked = isinstance(result, Tensor) and result.requires_grad
        self.operands = operands_of(result.node, start) if tracked else []

    def value(self) -> Any:
        return self.solution

    def at(self, out: Any) -> tuple[Any, Node, int]:
        """f at the solution, the record of the variable there, and when it was made."""
        start = next_number()
        if isinstance(out, Tensor) and out.requires_grad:  # to be differentiated again
            x = out
        else:
            x = Tensor(out if not isinstance(out, Tensor) else out._array, requires_grad=True)
        with recording():
            return self.f(x, *self.args), x.node, start

    def gradients(self, g: Any, out: Any) -> list[Any]:
        """The adjoint of the equation is solved once, for all operands."""
        value, x, start = self.at(out)

        def back(w: Any) -> dict[Node, Any]:
            with recording() if isinstance(w, Tensor) else no_grad():
                return pull_back(value.node, w, start)

        found = back(self.adjoint(g, value, x, back))
        return [found.get(node) for node in self.operands]

    def adjoint(self, g: Any, value: Any, x: Node, back: Any) -> Any:
        raise NotImplementedError


class _FixedPoint(_Equation):
    def __init__(self, f: Function, solution: Any, args: Any, tol: float | None, most: int):
        super().__init__(f, solution, args)
        self.tol, self.most = tol, most

    def adjoint(self, g: Any, value: Any, x: Node, back: Any) -> Any:
        """w = g + w df/dx, which is again a fixed point."""

        def step(w: Any) -> Any:
            return g + back(w if isinstance(g, Tensor) else w._array).get(x, 0.0)

        found = fixed_point(step, g, tol=self.tol, most=self.most)
        return found if isinstance(g, Tensor) or not isinstance(found, Tensor) else found._array


class _Root(_Equation):
    def adjoint(self, g: Any, value: Any, x: Node, back: Any) -> Any:
        """w df/dx = -g."""
        shape, count = value.shape, value.size
        rows = []
        for k in range(count):
            one = np.zeros(count, value.dtype)
            one[k] = 1
            one = one.reshape(shape)[()]
            given = constant_tensor(one) if isinstance(g, Tensor) else one
            found = back(given).get(x)
            rows.append(np.zeros(count, value.dtype) if found is None else np.reshape(found, -1))
        matrix = np.stack(rows)
        return -np.reshape(_solved(np.transpose(matrix), np.reshape(g, -1)), shape)


# --- what both need ------------------------------------------------------------------------------


def _refuse_traces(name: str) -> None:
    if not MODE.get().kind.eager:
        raise TraceError(
            f"{name}: how many steps it takes depends on values, so it cannot be compiled; solve "
            "outside of the compiled function, and pass the solution"
        )


def _start(guess: Any) -> Any:
    x = guess.numpy() if isinstance(guess, Tensor) else as_constant(guess)
    return x.astype(float)[()] if x.dtype.kind in "iub" else x[()]


def _array(x: Any) -> Any:
    return x._array if isinstance(x, Tensor) else np.asarray(x)[()]


def _size(x: Any) -> float:
    """The largest number of all."""
    return float(np.max(np.abs(x), initial=0.0))


def _tolerance(x: Any, tol: float | None) -> float:
    return 16 * float(np.finfo(x.dtype).eps) if tol is None else tol


def _solved(matrix: Any, right: Any) -> Any:
    try:
        return np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        raise ConvergenceError(
            "root: the Jacobian of f is singular here, so the solution is not a function of what "
            "stands in the equation; begin elsewhere, or give f as many independent equations as x "
            "has elements"
        ) from None


def _result(gate: Any, work: _Equation, x: Any) -> Any:
    if not work.operands or not MODE.get().recording:
        return constant_tensor(x)
    return as_gate(gate, work, x)
