"""Emit: from a program and its memory plan to the Python function that runs it.

Buffers, and views of them, are made once. What is left for each call is a list of NumPy calls
that write into them: no graph, no allocation of what does not leave.
"""

from __future__ import annotations

import functools
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..arrays import lender
from .binding import HOLDS_NAN, OTHER_BRANCH, Writer, epilogue, leave, prologue, reader
from .blocks import Loop, sum_of_halves
from .draws import HANDED_ON
from .forms import Written, listed, number
from .gradients import gradients_of
from .interpret import run_apart
from .memory import Memory, axis_of_parts, out_of_parts, takes_out
from .native import Native, load, write
from .ops import Function, Meaning, Out, function_name
from .program import Anew, Equation, Leaf, Program, Variable
from .threads import together
from .turns import Buffers, Once
from .types import Type, fresh, map_tree

__all__ = ["Runner"]

ALIGNMENT = 64
SMALL = 1 << 15  # bytes: below that memory costs next to nothing


class Runner(Writer):
    """The function that runs a program, its text, and the memory it keeps."""

    def __init__(self, program: Program, memory: Memory):
        super().__init__()
        self.program, self.memory = program, memory
        leaving = Counter(x.type.nbytes for x in memory.escaping)
        self.scope["empty"] = lender(2 * max(leaving.values(), default=0))  # this call, the last
        self.scope["np"] = np
        calls = any(isinstance(e.function, Anew) for e in program.equations)
        self.scope["buffers"] = buffers = Buffers(calls)
        self.names: dict[Variable, str] = {}
        self._functions: dict[Function, str] = {}
        self._given_memory: set[Variable] = set()  # of those that leave
        self._taken.update(("run", "arguments"))
        self.static: set[Variable] = set()  # buffers and views of buffers, made once
        self._blocks = [_block(nbytes) for nbytes in memory.blocks]
        self._buffers: dict[Any, np.ndarray[Any, Any]] = {}
        self._numbers: dict[tuple[Variable, Any], str] = {}
        self.lines: list[str] = []
        self.native: list[str] = []  # texts of native code
        self.lines += prologue(program, program.inputs, self)
        branches = {o.variable: o.source for o in program.outputs if o.kind == "branch"}
        finite = (o.variable for o in program.outputs if o.kind == "finite")
        self._unasked = [*dict.fromkeys(x for x in finite if not x.constant)]
        self._drawn: list[Variable] = []
        self._there = {given.variable for given in program.inputs}
        for equation in program.equations:
            if isinstance(equation.function, Anew):
                self._leave_at_nans()  # the function is called with what is right
                self._drawn.append(equation.out)
            self._equation(equation)
            self._there.update(equation.outs)
            if equation.out in branches:
                taken = f"{self.name(equation.out)} is not {branches[equation.out]}"
                self.lines.append(leave(OTHER_BRANCH, taken))
        self._epilogue()
        body = "\n        ".join(self.lines)
        self.source = f"def run(arguments):\n{buffers.lines(body)}"
        self.scope["again"] = functools.partial(
            run_apart, program, Once(functools.partial(reader, program))
        )
        exec(compile(self.source, "<compiled program>", "exec"), self.scope)
        self.run: Callable[[tuple[Any, ...]], tuple[Any, ...] | str] = self.scope.pop("run")

    # --- names ---------------------------------------------------------------------------------

    def name(self, variable: Variable) -> str:
        """The Python name of a variable: not the user's, which may be anything."""
        if variable not in self.names:
            name = f"v{variable.number}"
            while name in self.scope or name in self._taken:
                name += "_"
            self.names[variable] = name
            self._taken.add(name)
            if variable.constant:
                self.scope[name] = variable.value
        return self.names[variable]

    def function(self, function: Function) -> str:
        """A NumPy function as a global: one look-up instead of two."""
        if function not in self._functions:
            name = function_name(function)
            name = name if name.startswith("np.") else f"f_{name}"
            bound = self.bind(re.sub(r"[^0-9A-Za-z_]", "_", name), function)
            self._functions[function] = bound
        return self._functions[function]

    def text(self, x: Any, dtype: Any = None) -> str:
        """An argument as Python text; numbers become arrays without axes, which is quicker."""
        if isinstance(x, Variable):
            return self.name(x) if dtype is None or x.shape else self.number(x, dtype)
        if isinstance(x, tuple):
            return listed(tuple, map(self.text, x))
        if isinstance(x, list):
            return listed(list, map(self.text, x))
        if isinstance(x, slice):
            return f"slice({self.text(x.start)}, {self.text(x.stop)}, {self.text(x.step)})"
        whole = type(x) is int
        if dtype is not None and (whole or type(x) in (float, np.float32, np.float64)):
            strong = x.dtype if isinstance(x, np.floating) else dtype
            return self.bind(f"number_{len(self.scope)}", np.array(x, strong))
        if x is None or x is Ellipsis or type(x) in (bool, int, str):
            return repr(x)
        return self.bind(f"constant_{len(self.scope)}", x)

    def number(self, x: Variable, dtype: Any) -> str:
        """A Python number from outside as an array without axes, made once in a call."""
        if not x.type.weak:
            return self.name(x)
        key = x, dtype
        if key not in self._numbers:
            self._numbers[key] = f"{self.name(x)}_{dtype.name}"
            array, kind = self.bind("array", np.array), self.bind(f"dtype_{dtype.name}", dtype)
            self.lines.append(f"{self._numbers[key]} = {array}({self.name(x)}, {kind})")
        return self._numbers[key]

    # --- the parts of the function -----------------------------------------------------------

    def _equation(self, equation: Equation) -> None:
        out = equation.out
        if isinstance(equation, Loop):
            self._loop(equation)
        elif isinstance(equation, Native):
            self._native(equation)
        elif equation.op.check:
            self.lines.append(f"{self.name(out)} = {self._call(equation)}")
        elif out.base is not None:
            self._view(equation)
        elif out in self.memory.escaping and takes_out(equation):
            self._fresh(out)
            self._into(equation, self.name(out))
        elif out in self.memory.early:
            home = self.memory.early[out]
            self._fresh(home)
            self.names[out] = self.name(home)
            self._into(equation, self.name(home))
        elif out in self.memory.place:
            self._buffer(out)
            self._into(equation, self.name(out))
        else:
            self.lines.append(f"{self.name(out)} = {self._call(equation)}")

    def _call(self, equation: Equation) -> str:
        """The plain call, which makes its own result."""
        args, op = equation.args, equation.op
        if op.means is Meaning.ITEM:
            x, index = args
            number = "" if x.shape or index == () else "[()]"  # x[...] is an array without axes
            return f"{self.text(x)}[{self.text(index)}]{number}"
        form = op.generated
        plain = not (op.reshapes and not args[0].shape)  # a Python number has no methods
        if isinstance(equation.function, np.ufunc):  # of Python numbers it gives one of NumPy
            plain = any(isinstance(x, Variable) and not x.type.weak for x in args)
        if form is not None and len(form.operands) == len(args) and plain and not equation.kwargs:
            return form.of([*map(self._operand, args)]).text
        dtype = _number_dtype(equation) if equation.out.shape else None
        arguments = [self.text(x, dtype) for x in args]
        arguments += [f"{key}={self.text(value)}" for key, value in equation.kwargs.items()]
        call = f"{self.function(equation.function)}({', '.join(arguments)})"
        # a number, not an array without axes: it is quicker, and powers have the bits of eager
        return f"{call}[()]" if op.boxes and not equation.out.shape else call

    def _operand(self, x: Any) -> Written:
        """An operand of an operator."""
        return number(x) if type(x) is int else Written(self.text(x))

    def _view(self, equation: Equation) -> None:
        out, base = equation.out, equation.out.base
        inputs = equation.inputs
        if base in self.static and all(v in self.static or v.constant for v in inputs):
            value = self._value_of(equation)
            if np.may_share_memory(value, self.scope[self.name(out.base)]):  # type: ignore[arg-type]
                self.scope[self.name(out)] = value
                self.static.add(out)
                return
        self.lines.append(f"{self.name(out)} = {self._call(equation)}")

    def _value_of(self, equation: Equation) -> Any:
        """A view of buffers and constants."""

        def value(x: Any) -> Any:
            if not isinstance(x, Variable):
                return x
            return x.value if x.constant else self.scope[self.names[x]]

        return equation.function(
            *map_tree(value, equation.args), **map_tree(value, equation.kwargs)
        )

    def _buffer(self, out: Variable) -> None:
        """The array for a value in the planned memory."""
        block, layout = self.memory.place[out], (out.shape, out.dtype, fresh(out.type).strides)
        key = block, layout
        if key not in self._buffers:  # in place is quick if NumPy sees the same array twice
            shape, dtype, strides = layout
            self._buffers[key] = np.ndarray(shape, dtype, self._blocks[block], 0, strides)
        self.scope[self.name(out)] = self._buffers[key]
        self.static.add(out)

    def _fresh(self, out: Variable) -> None:
        """An array of its own for a value that leaves: a tensor keeps a spare one for that."""
        if out in self._given_memory:
            return
        self._given_memory.add(out)
        output = self.program.outputs[self.memory.escaping[out]]
        if output.kind == "tensor" and hasattr(output.source, "spare"):
            tensor = self.bind(f"tensor_of_{self.name(out)}", output.source)
            self.lines.append(f"{self.name(out)} = {tensor}.spare()")
            return
        shape, dtype = repr(out.shape), self.bind(f"dtype_{out.dtype.name}", out.dtype)
        added_to = {i.source for i in self.program.inputs if i.kind == "grad"}
        layout = fresh(out.type)
        if not layout.is_contiguous:
            like = self.bind(f"like_{self.name(out)}", _array_of(layout))
            self.lines.append(f"{self.name(out)} = np.empty_like({like})")
        elif output.kind == "grad" and output.source not in added_to:
            take = gradients_of(out.shape, out.dtype)
            self.lines.append(f"{self.name(out)} = {self.bind(f'take_{self.name(out)}', take)}()")
        else:
            made = "empty" if out.type.nbytes >= SMALL else self.bind("np_empty", np.empty)
            self.lines.append(f"{self.name(out)} = {made}({shape}, {dtype})")

    def _into(self, equation: Equation, target: str) -> None:
        """The call that writes into `target`."""
        function, args, op = equation.function, equation.args, equation.op
        if equation.into:
            if equation not in self.memory.in_place:
                self.lines.append(f"np.copyto({target}, {self.text(args[0])})")
            if op.means is Meaning.WRITTEN:
                self.lines.append(f"{target}[{self.text(args[1])}] = {self.text(args[2])}")
            else:
                rest = "".join(f", {self.text(x)}" for x in args[1:])
                self.lines.append(f"{self.function(function)}({target}{rest})")
            return
        if out_of_parts(equation) and equation.out in self.static:
            start, axis = 0, axis_of_parts(equation) or 0
            for x in args[0]:
                end = start + x.shape[axis]
                part = (slice(None),) * axis + (slice(start, end),)
                view = self.scope[target][part]
                if x.constant:
                    view[...] = x.value
                else:
                    copyto = self.bind("np_copyto", np.copyto)
                    place = self.bind(f"{target}_{start}", view)
                    self.lines.append(f"{copyto}({place}, {self.text(x)})")
                start = end
            return
        if op.out in (Out.COPY, Out.CAST):
            copyto = self.bind("np_copyto", np.copyto)
            casting = ", casting='unsafe'" if op.out is Out.CAST else ""
            self.lines.append(f"{copyto}({target}, {self.text(args[0])}{casting})")
            return
        arguments = [self.text(x, _number_dtype(equation)) for x in args]
        if op.out is Out.POSITIONAL and not equation.kwargs:
            arguments.append(target)
        else:
            arguments += [f"{key}={self.text(v)}" for key, v in equation.kwargs.items()]
            arguments.append(f"out={target}")
        self.lines.append(f"{self.function(function)}({', '.join(arguments)})")

    def _loop(self, loop: Loop) -> None:
        """A chain of elementwise functions, over pieces of the arrays that fit the cache."""
        arrays = [x for x in loop.inputs if x.shape]
        for out in loop.results:
            if out in self.memory.escaping and out.shape:
                self._fresh(out)
            elif out.shape:
                self._buffer(out)
        written = [out for out in loop.results if out.shape]
        for x in dict.fromkeys([*arrays, *written]):
            self.lines.append(f"flat_{self.name(x)} = {self.name(x)}.reshape(-1)")
        sums = [e for e in loop.inside if not e.out.shape]
        pieces, number = loop.pieces, len(self.lines)
        for e in sums:
            self.lines.append(f"sums_{self.name(e.out)} = [0.0] * {len(pieces)}")
        pieces_of = self.bind(f"pieces_{number}", [(k, *ends) for k, ends in enumerate(pieces)])
        inside, locals_ = self._piece(loop, {*arrays, *written}), _LocalMemory(loop)
        if locals_.count:
            views = [locals_.views_of({stop - start for start, stop in pieces})]
            views += [
                _LocalMemory(loop).views_of(views[0]) for _ in range(1, loop.threads)
            ]  # fmt: skip
            names = "".join(f"piece_{k}, " for k in range(locals_.count))
            views_of = self.bind(f"views_{number}", views)
            inside.insert(0, f"{names}= {views_of}[thread][stop - start]")
        if loop.threads == 1:
            self.lines.append("thread = 0")
            self.lines.append(f"for k, start, stop in {pieces_of}:")
            self.lines += [f"    {line}" for line in inside]
        else:
            left, together_ = self.bind("deque", deque), self.bind("together", together)
            self.lines += [
                f"left = {left}({pieces_of})", f"def work_{number}(thread, take=left.popleft):",
                "    while True:", "        try: k, start, stop = take()",
                "        except IndexError: return",
                *(f"        {line}" for line in inside),
                f"{together_}(work_{number}, {loop.threads})",
            ]  # fmt: skip
        most = loop.nbytes // max(e.out.dtype.itemsize for e in loop.inside)
        for e in sums:
            add = self.bind("sum_of_halves", sum_of_halves)
            size = e.args[0].type.size
            name = self.name(e.out)
            self.lines.append(f"{name} = {add}(sums_{name}, {size}, {most})")

    def _piece(self, loop: Loop, whole: set[Variable]) -> list[str]:
        """The lines for one piece; of the arrays that are `whole` it is a part of each."""
        locals_ = _LocalMemory(loop)
        place = {x: f"part_{self.name(x)}" for x in sorted(whole, key=lambda x: x.number)}
        lines = [f"{part} = flat_{self.name(x)}[start:stop]" for x, part in place.items()]
        for e in loop.inside:
            texts = [
                place[x]
                if isinstance(x, Variable) and x in place
                else self.text(x, _number_dtype(e))
                for x in e.args
            ]
            function = self.function(e.function)
            if not e.out.shape:
                lines.append(f"sums_{self.name(e.out)}[k] = {function}({texts[0]})")
                continue
            if e.out not in place:
                place[e.out] = f"piece_{locals_.place[e.out]}"
            lines.append(f"{function}({', '.join(texts)}, out={place[e.out]})")
        return lines

    def _native(self, native: Native) -> None:
        """A call of native code, which fills the arrays that it is given."""
        text, filled = write(native)
        self.native.append(text)
        for out in filled:
            if out in self.memory.escaping:
                self._fresh(out)
            else:
                self._buffer(out)
        types = [x.type for x in [*native.args, *filled]]
        run = self.bind(f"native_{len(self.native)}", load(text, types))
        given = ", ".join(self.name(x) for x in [*native.args, *filled])
        numbers = [out for out in native.results if not out.shape]
        names = "".join(f"{self.name(out)}, " for out in numbers)
        self.lines.append(f"{names}{'= ' if names else ''}{run}({given})")
        for out in numbers:
            kind = self.bind(f"np_{out.dtype.name}", out.dtype.type)
            self.lines.append(f"{self.name(out)} = {kind}({self.name(out)})")

    def _epilogue(self) -> None:
        self._leave_at_nans()
        results, leaving = [], []
        states: dict[int, str] = {}
        effects = self.program.effects

        def leaf(x: Leaf) -> str:
            given = x.kind == "given"
            return self.name(self.program.inputs[x.number].variable) if given else states[x.number]

        written = {e.value.number for e in effects if e.key is Ellipsis}
        inputs = {given.variable for given in self.program.inputs}
        for k, output in enumerate(self.program.outputs):
            variable, name = output.variable, self.name(output.variable)
            if output.kind in ("finite", "branch"):
                continue
            copied = (
                output.kind == "state"
                and output.source in written
                and (variable in self.memory.place or not (variable.base or variable in inputs))
            )  # into an array, where it is written
            if copied or (output.kind == "state" and variable.type.weak):
                states[output.source] = name
                continue
            if self.memory.escaping.get(variable) != k and (
                variable.shape or variable.base is not None
            ):  # memory of the program, or what left already: it leaves as a copy
                self.lines.append(f"copy_{k} = {self.bind('np_array', np.array)}({name})")
                name = f"copy_{k}"
            if output.kind == "result":
                results.append(name)
            elif output.kind == "state":
                states[output.source] = name
            else:
                number = output.kind == "grad" and not variable.shape
                leaving.append((output, f"np.asarray({name})" if number else name))
        self.lines += epilogue(leaving, self, effects, leaf)
        self.lines.append(f"return ({''.join(name + ', ' for name in results)})")

    def _leave_at_nans(self) -> None:
        """Leave if a gradient that is there by now holds NaN."""
        for x in [x for x in self._unasked if x in self._there]:
            self._unasked.remove(x)
            self._leave_at_nan(x)

    def _hands_on(self) -> str:
        """What is drawn when it turns out that the program does not apply is drawn once."""
        if not self._drawn:
            return ""
        return (
            f"{self.bind('hand_on', HANDED_ON.keep)}({', '.join(map(self.name, self._drawn))}) or "
        )

    def _leave_at_nan(self, x: Variable) -> None:
        """The line that leaves if an array holds NaN."""
        name, then = self.name(x), f"return {self._hands_on()}{HOLDS_NAN!r}"
        if x.dtype in (np.float32, np.float64) and x.shape and x.type.is_contiguous:
            self.lines.append(f"if {self.bind('holds_nan', _holds_nan)}({name}): {then}")
        else:
            self.lines.append(f"if {self.bind('isnan', np.isnan)}({name}).any(): {then}")


def _holds_nan(x: np.ndarray[Any, Any]) -> bool:
    """Squares are not negative, so infinities do not cancel: only NaN makes their sum NaN."""
    flat = x.reshape(-1)
    total = np.dot(flat, flat)
    return bool(total != total)


def _number_dtype(equation: Equation) -> Any:
    """What Python numbers among the operands of an elementwise function turn into.

    Of NumPy's ufuncs: those of SciPy list their loops in another order, and choose another one.
    """
    if not isinstance(equation.function, np.ufunc) or not equation.op.name.startswith("np."):
        return None
    if all(x.__class__ is Variable and x.type.shape for x in equation.args):
        return None  # there are none
    dtypes = {x.dtype for x in equation.args if isinstance(x, Variable) and x.shape}
    dtype = dtypes.pop() if len(dtypes) == 1 else None
    whole = all(_is_whole(x) for x in equation.args)
    return dtype if dtype is not None and dtype.kind in ("fi" if whole else "f") else None


def _is_whole(x: Any) -> bool:
    """An array, or a number without decimals."""
    if isinstance(x, Variable):
        return bool(x.shape) or x.dtype.kind in "iub"
    return isinstance(x, int)


class _LocalMemory:
    """Which buffers of one piece the values inside a loop live in."""

    def __init__(self, loop: Loop):
        last = {x: k for k, e in enumerate(loop.inside) for x in e.inputs}
        self.place: dict[Variable, int] = {}
        self.types: list[np.dtype[Any]] = []
        free: list[int] = []
        for k, equation in enumerate(loop.inside):
            ending = dict.fromkeys(x for x in equation.inputs if x in self.place and last[x] == k)
            out = equation.out
            if out.shape and out not in loop.results:
                over = [x for x in ending if x.dtype == out.dtype]
                spare = [b for b in free if self.types[b] == out.dtype]
                if over:
                    self.place[out] = self.place[over[0]]
                    del ending[over[0]]
                elif spare:
                    self.place[out] = spare[-1]
                    free.remove(spare[-1])
                else:
                    self.place[out] = len(self.types)
                    self.types.append(out.dtype)
            free += [self.place[x] for x in ending]
        self._most = max(stop - start for start, stop in loop.pieces)

    @property
    def count(self) -> int:
        """How many buffers there are."""
        return len(self.types)

    def views_of(self, sizes: Iterable[int]) -> dict[int, tuple[np.ndarray[Any, Any], ...]]:
        """New buffers, as they are for pieces of these numbers of elements."""
        buffers = [_block(self._most * dtype.itemsize) for dtype in self.types]
        pairs = list(zip(self.types, buffers, strict=True))
        return {size: tuple(np.ndarray((size,), *pair) for pair in pairs) for size in sizes}


def _array_of(type_: Type) -> np.ndarray[Any, Any]:
    """An array without gaps, with its axes in the order of this type."""
    memory = np.empty(type_.nbytes, np.uint8)
    return np.ndarray(type_.shape, type_.dtype, memory, 0, type_.strides)


def _block(nbytes: int) -> np.ndarray[Any, Any]:
    """Bytes that start at a multiple of the width of a cache line."""
    raw = np.empty(nbytes + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + nbytes]
