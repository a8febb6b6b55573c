"""Rewriting: a program, equation by equation, into one that people read."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .ops import op_of
from .program import Anew, Context, Equation, Program, Variable, used_later
from .types import fresh, map_tree

__all__ = ["Rewriting", "lay_out"]


class Rewriting:
    """A program that is being rewritten, equation by equation."""

    def __init__(self, program: Program):
        self.old = program
        self.made_by = program.producers()
        self.uses = program.uses()
        self.leaving = used_later(program.outputs)
        self.instead: dict[Variable, Variable] = {}
        self.equations: list[Equation] = []
        self.count = program.last_number()
        self.context = Context()
        self.new: set[Variable] = set()  # what another call makes than before

    def each(self, rewrite: Callable[[Equation], bool | None]) -> Program:
        """The program after `rewrite`, which says of equations whether it has replaced them."""
        for equation in self.old.equations:
            self.context = equation.context
            if self.instead and not self.instead.keys().isdisjoint(equation.inputs):
                self.new.add(equation.out)
                args, kwargs = equation.args, equation.kwargs
                equation.reads(map_tree(self.now, args), map_tree(self.now, kwargs))
            if not rewrite(equation):
                self.equations.append(equation)
        for output in self.old.outputs:
            output.variable = self.now(output.variable)
        return lay_out(self.old.with_equations(self.equations), self.new)

    def now(self, x: Any) -> Any:
        """What stands for x."""
        return self.instead.get(x, x) if isinstance(x, Variable) else x

    def maker(self, x: Any, *calls: Any) -> Equation | None:
        """The equation that makes x, if it calls one of these functions, or does that."""
        equation = self.made_by.get(x) if isinstance(x, Variable) else None
        if equation is None or not {equation.function, equation.op.means} & {*calls}:
            return None
        return equation

    def is_only_read_here(self, x: Any) -> bool:
        """Nobody else wants x, which has memory of its own."""
        return self.uses[x] == 1 and x not in self.leaving and x in self.made_by and not x.base

    def emit(self, function: Any, *args: Any, out: Variable | None = None, **kwargs: Any) -> Any:
        """Write down a call; as what gives `out`, if that is its type."""
        told = [map_tree(_told, x) for x in args]
        type_, view = op_of(function).result(*told, **kwargs)
        if out is None:
            self.count += 1
            out = Variable(self.count, type_)
            out.base = None if view is None or not type_.shape else args[view]
        self.new.add(out)
        self._add(Equation(out, function, args, kwargs, False, self.context))
        return out

    def write(self, before: Variable, index: Any, value: Any, out: Variable | None = None) -> Any:
        """before[index] = value."""
        if out is None:
            self.count += 1
            out = Variable(self.count, before.type)
        args = before, index, value
        self.new.add(out)
        self._add(Equation(out, operator.setitem, args, {}, True, self.context))
        return out

    def _add(self, equation: Equation) -> None:
        self.equations.append(equation)
        self.made_by[equation.out] = equation


def lay_out(program: Program, new: set[Variable]) -> Program:
    """The program, with the layouts and views that follow from what is `new` in it."""
    moved: set[Variable] = set()
    for equation in program.equations:
        if equation.out not in new and moved.isdisjoint(equation.inputs):
            continue
        if isinstance(equation.function, Anew):
            continue
        out = equation.out
        if equation.into:
            type_, view = fresh(equation.args[0].type), None
        else:
            told = map_tree(_told, equation.args), map_tree(_told, equation.kwargs)
            type_, view = equation.op.result(*told[0], **told[1])
        base = None if view is None or not out.shape else equation.args[view]
        if (type_.strides, base) != (out.type.strides, out.base):
            out.type, out.base = replace(type_, weak=out.type.weak), base
            moved.add(out)
    return program


def _told(x: Any) -> Any:
    return x.told if isinstance(x, Variable) else x
