"""By shape: for people, what is said by the shapes of arrays, in as few words as there are."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .ops import MEANT, Meaning
from .program import Equation, Program, Variable
from .rewriting import Rewriting

__all__ = ["say_by_shape"]


def say_by_shape(program: Program) -> Program:
    """Turned matrices, outer products, and what broadcasting does by itself."""
    rewriting = Rewriting(program)
    say = _ByShape(rewriting)
    return rewriting.each(say.rewrite)


class _ByShape:
    def __init__(self, rewriting: Rewriting):
        self.r = rewriting

    def rewrite(self, equation: Equation) -> bool:
        """Replace an equation by one that people write, if there is one."""
        shapes = {
            np.swapaxes: self._turned, np.transpose: self._turned_once, np.reshape: self._summed,
            np.zeros_like: self._zeros, np.broadcast_to: self._broadcast,
            np.expand_dims: self._with_new_axis,
        }  # fmt: skip
        if equation.function in shapes:
            return shapes[equation.function](equation)
        if equation.op.product:
            return self._matrices(equation)
        if equation.op.means is Meaning.ADDED_AT:  # which broadcasts by itself
            made = self.r.maker(equation.args[2], np.broadcast_to)
            if made is not None:
                equation.reads((*equation.args[:2], made.args[0]))
        if equation.elementwise and len(equation.args) == 2 and equation.out.shape:
            for k in range(2):
                short = self._without_leading(equation.args[k], equation)
                equation.reads((*equation.args[:k], short, *equation.args[k + 1 :]))
            self.r.new.add(equation.out)
            return self._outer(equation)
        return False

    def _zeros(self, equation: Equation) -> bool:
        """np.zeros(shape), not np.zeros_like(x, shape=shape)."""
        out, options = equation.out, equation.kwargs
        in_order = options.get("order", "C") == "C" and options.keys() <= {"shape", "order"}
        if "shape" not in options or not in_order or not out.shape:
            return False
        kind: dict[str, Any] = {} if out.dtype == float else {"dtype": out.dtype}
        self.r.emit(np.zeros, options["shape"], out=out, **kind)
        return True

    def _broadcast(self, equation: Equation) -> bool:
        """To the shape there is; an array full of a number is made."""
        x, out = equation.args[0], equation.out
        number = x.value if isinstance(x, Variable) and x.constant else x
        if isinstance(number, (float, np.floating)) and out.shape:
            kind: dict[str, Any] = {} if out.dtype == float else {"dtype": out.dtype}
            if number == 1:
                self.r.emit(np.ones, out.shape, out=out, **kind)
            else:
                self.r.emit(np.full, out.shape, number, out=out, **kind)
            return True
        if not isinstance(x, Variable) or x.constant:
            return False
        if (x.shape, x.type.weak) != (out.shape, out.type.weak):
            return False
        self.r.instead[out] = x
        return True

    def _matrices(self, equation: Equation) -> bool:
        """x @ y, whoever was called to multiply two matrices."""
        x, y = equation.args[:2]
        if len(x.shape) != 2 or len(y.shape) != 2 or equation.op.readable is not None:
            return False
        self.r.emit(np.matmul, *equation.args, out=equation.out)
        return True

    def _turned_once(self, equation: Equation) -> bool:
        if _order(equation) == [*range(len(equation.out.shape))][::-1]:
            equation.reads(equation.args[:1], {})
        back = self._turned_back(equation) or self._turned_there_and_back(equation)
        return back or self._turned_product(equation)

    def _turned(self, equation: Equation) -> bool:
        """The last two axes, or any two."""
        x, *axes = equation.args
        order = list(range(x.type.ndim))
        first, second = (k % len(order) for k in axes)
        if first == second:
            self.r.instead[equation.out] = x
            return True
        order[first], order[second] = order[second], order[first]
        more = () if len(order) == 2 else (tuple(order),)
        self.r.emit(np.transpose, x, *more, out=equation.out)
        equation = self.r.equations.pop()
        if not self._turned_back(equation) and not self._turned_product(equation):
            self.r.equations.append(equation)
        return True

    def _turned_back(self, equation: Equation) -> bool:
        """Turned twice, and as it was."""
        before = self.r.maker(equation.args[0], np.transpose)
        if before is None:
            return False
        first, second = _order(before), _order(equation)
        if [first[k] for k in second] != sorted(first):
            return False
        self.r.instead[equation.out] = before.args[0]
        return True

    def _turned_there_and_back(self, equation: Equation) -> bool:
        """np.where(a.T, b.T, 0).T is np.where(a, b, 0)."""
        x, order = equation.args[0], _order(equation)
        inside = self.r.made_by.get(x)
        if inside is None or not inside.op.elementwise or inside.into:
            return False
        if not self.r.is_only_read_here(x):
            return False
        args = []
        for operand in inside.args:
            turned = self.r.maker(operand, np.transpose)
            if turned is not None and [_order(turned)[k] for k in order] == sorted(order):
                operand = turned.args[0]
            elif np.shape(operand):
                return False
            args.append(operand)
        self.r.emit(inside.function, *args, out=equation.out, **inside.kwargs)
        return True

    def _turned_product(self, equation: Equation) -> bool:
        """(a.T @ b).T is b.T @ a."""
        product, order = self.r.maker(equation.args[0], np.matmul), _order(equation)
        last = [*range(len(order) - 2), len(order) - 1, len(order) - 2]
        if product is None or order != last or not self.r.is_only_read_here(equation.args[0]):
            return False
        turned, b = self.r.maker(product.args[0], np.transpose), product.args[1]
        if turned is None or _order(turned) != last or len(b.shape) != len(last):
            return False
        more = () if len(order) == 2 else (tuple(last),)
        turned_b = self.r.emit(np.transpose, b, *more)
        self.r.emit(np.matmul, turned_b, turned.args[0], out=equation.out)
        return True

    def _with_new_axis(self, equation: Equation) -> bool:
        """x[:, np.newaxis]; by axes in front and the last one alone."""
        x, axis = equation.args[0], equation.args[1] if len(equation.args) > 1 else None
        if not isinstance(axis, int) or not x.shape or x.constant:
            return False
        if axis % (len(x.shape) + 1) not in (0, len(x.shape)):
            return False
        everything = (slice(None),) if len(x.shape) == 1 else (...,)
        index = (*everything, None) if axis % (len(x.shape) + 1) else (None, *everything)
        self.r.emit(operator.getitem, x, index, out=equation.out)
        return True

    def _inserted(self, equation: Equation) -> bool:
        """dh[:, np.newaxis] for an axis that the chain rule puts into dh."""
        x, shape = equation.args[0], equation.out.shape
        if not equation.context.backward or not isinstance(x, Variable) or not x.shape:
            return False
        axis = next((k for k in range(1, len(shape) - 1) if shape[k] == 1), None)
        if axis is None or x.constant or shape[:axis] + shape[axis + 1 :] != x.shape:
            return False
        index = (*[slice(None)] * axis, None)
        self.r.emit(operator.getitem, x, index, out=equation.out)
        return True

    def _summed(self, equation: Equation) -> bool:
        """A sum that keeps axes, which are left out at once."""
        if self._inserted(equation):
            return True
        x = equation.args[0]
        total = self.r.maker(x, Meaning.TOTAL)
        if total is None or not total.kwargs.get("keepdims") or not self.r.is_only_read_here(x):
            return False
        source, axis = total.args[0], total.kwargs.get("axis", total.op.axis)
        ndim = len(source.shape)
        axes = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        dropped = {k % ndim for k in axes}
        rest = tuple(n for k, n in enumerate(source.shape) if k not in dropped)
        if rest != equation.out.shape or len(total.args) > 1 or source not in self.r.made_by:
            return False
        self.r.emit(MEANT[Meaning.TOTAL], source, axis=axis, out=equation.out)
        return True

    def _without_leading(self, x: Any, reader: Equation) -> Any:
        """An operand without axes of length 1 in front, which broadcasting adds."""
        made = self.r.maker(x, np.reshape, np.expand_dims)
        source = made.args[0] if made is not None else None
        if not isinstance(source, Variable) or not source.shape or x.name:
            return x
        spare = len(x.shape) - len(source.shape)
        if spare <= 0 or x.shape != (1,) * spare + source.shape:
            return x
        others = [y.shape for y in reader.args if isinstance(y, Variable) and y is not x]
        fits = np.broadcast_shapes(source.shape, *others) == reader.out.shape
        return source if fits else x

    def _outer(self, equation: Equation) -> bool:
        """A column times a row."""
        if equation.op.means is not Meaning.PRODUCT or len(equation.out.shape) != 2:
            return False
        column, row = equation.args
        made = self.r.maker(column, np.expand_dims)
        if made is None or not isinstance(row, Variable) or len(row.shape) != 1:
            return False
        x = made.args[0]
        if len(x.shape) != 1 or column.shape != (*x.shape, 1):
            return False
        self.r.emit(np.outer, x, row, out=equation.out)
        return True


def _order(equation: Equation) -> list[int]:
    """The order of axes that np.transpose is told."""
    ndim = len(equation.out.shape)
    given = equation.args[1] if len(equation.args) > 1 else equation.kwargs.get("axes")
    return [*range(ndim)][::-1] if given is None else [k % ndim for k in given]
