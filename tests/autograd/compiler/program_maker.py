"""Random programs for the compiler: their text, how they are drawn, and what they are called with.

A program is text that runs as it stands. Its steps are drawn as those of `torch_programs.py` are;
around them comes what the compiler has to get right beside values: which arrays are arguments,
parameters, tensors or globals, how the gradient is asked for, the updates, and what is returned.
"""

from __future__ import annotations

import re
import textwrap
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch_programs as tp
from compiler import program_operations as operations
from compiler import program_values as values
from compiler.program_operations import MOVES, UPDATES
from compiler.program_values import FORMS, plain
from torch_operations import Fields, Row, words

import autograd as ag
import nn
from autograd import Parameter, Tensor

CALLS = 13
ARGUMENTS = "array", "float", "int", "scalar", "tensor", "variable"
OUTSIDE = "parameter", "global tensor", "global variable", "global"
IMPORTS = """\
import numpy as np
import autograd as ag
import nn
from autograd import Parameter, Tensor"""
LIBRARY: Fields = {"np": np, "ag": ag, "nn": nn, "Parameter": Parameter, "Tensor": Tensor}
WRAPPERS = {
    "grad": "ag.grad(value_of, {k}, allow_unused=True)({a})",
    "value_and_grad": "ag.value_and_grad(value_of, {k}, allow_unused=True)({a})",
    "second order": "ag.value_and_grad(slope_of, {k}, allow_unused=True)({a})",
    "vjp": "ag.vjp(value_of, {k}, allow_unused=True)({a}, np.float64(0.7))",
    "jvp": "ag.jvp(value_of, {first}, allow_unused=True)({a}, 0.5 * {x})",
    "hvp": "ag.hvp(value_of, {first}, allow_unused=True)({a}, 0.5 * {x})",
    "jacobian": "ag.jacobian(value_of, {first}, allow_unused=True)({a})",
    "hessian": "ag.hessian(value_of, {first}, allow_unused=True)({a})",
}
SMALL = 8  # elements of an argument whose Hessian is asked for
BACKWARD = {  # what the program does with its loss
    "backward": "{loss}.backward()",
    "twice": "{loss}.backward()\n({loss} * 0.5).backward()",
    "retained": "{loss}.backward(retain_grads=True)\n{loss} = {loss} * {loss}.grad",
    "penalty": "{loss}.backward(create_graph=True)\n"
    "slopes = [p.grad for p in [{p}] if p.grad is not None]\n"
    "penalty = sum([np.sum(g * g) for g in slopes], {loss} * 1.0)\n"
    "for p in [{p}]:\n    p.zero_grad()\npenalty.backward()",
}
MODES = ["forward"] * 5 + ["backward"] * 7 + [*BACKWARD] + ["grad"] * 2 + ["value_and_grad"] * 2 + [
    "second order", "second order", "vjp", "jvp", "hvp", "jacobian", "hessian",
]  # fmt: skip


@dataclass(frozen=True)
class Call:
    """What changes at a call: the numbers, and now and then a dtype, a length, a form."""

    number: int
    kind: str = "moderate"
    dtype: str | None = None
    lengths: tuple[int, int] | None = None
    form: str | None = None
    moved: bool = False  # the parameters were given other values in between


@dataclass
class Compilable(tp.Program):
    """A program with its roles, its way to a gradient, its updates and its results."""

    seed: tuple[int, ...] = (0, 0)
    mode: str = "forward"
    roles: dict[str, str] = field(default_factory=dict)
    forms: dict[str, str] = field(default_factory=dict)
    shared: dict[str, tuple[str, str]] = field(default_factory=dict)  # an argument that is another
    nested: bool = False  # the arguments come in a tuple and a dictionary
    clear: bool = True  # the gradients, before
    updates: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)  # results, taken before the updates
    returns: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def of(self, *roles: str) -> list[str]:
        return [name for name in self.arrays if self.roles[name] in roles]

    @property
    def arguments(self) -> list[str]:
        return self.of(*ARGUMENTS)

    @property
    def differentiated(self) -> list[str]:
        """The arguments that a gradient is asked for, if it is asked for by `ag.grad`."""
        if self.mode == "forward" or self.mode in BACKWARD:
            return []
        given = self.of("array", "float", "scalar")
        return [name for name in given if self.arrays[name].dtype.kind == "f"]

    def pruned(self) -> Compilable:
        """Without the steps and arrays that nothing needs."""
        needed = {*self.outputs, *words(" ".join([*self.updates, *self.before, *self.returns]))}
        steps = []
        for step in reversed(self.steps):
            if step.out in needed or needed & _assigned(step.ours):
                steps.append(step)
                needed |= {*step.reads}
        arrays = {name: x for name, x in self.arrays.items() if name in needed}
        shared = {a: s for a, s in self.shared.items() if a in needed and s[1] in needed}
        return replace(self, arrays=arrays, shared=shared, steps=steps[::-1])

    # --- text ----------------------------------------------------------------------------------

    def text(self) -> str:
        """The definitions, and the function `step`."""
        inner = [step.ours for step in self.steps]
        terms = [f"np.sum({x} * {tp._weights(k)})" for k, x in enumerate(self.outputs)]
        inner.append(f"{tp.LOSS} = {' + '.join(terms) or '0.0'}")
        end = [*self.updates, f"return {self._results()}"]
        body = "\n".join(self._step(inner, end))
        used = words(body)
        helpers = [text for name, text in operations.HELPERS.items() if name in used]
        made = [f"{name} = {self._outside(name)}" for name in self.of(*OUTSIDE)]
        return "\n".join([IMPORTS, *helpers, *made, body]) + "\n"

    def _step(self, inner: list[str], end: list[str]) -> list[str]:
        names = ", ".join(self.arguments)
        head = "def step(numbers, named):" if self.nested else f"def step({names}):"
        taken = []
        if self.nested and names:
            first, rest = self.arguments[:1], self.arguments[1:]
            taken = [f"{first[0]}, = numbers", *(f"{x} = named[{x!r}]" for x in rest)]
        saved = [f"taken{k} = {text}" for k, text in enumerate(self.before)]
        if self._rebound():
            taken = [f"global {', '.join(self._rebound())}", *taken]
        if not self.differentiated:
            if self.mode in BACKWARD:
                parameters = self.of("parameter")
                back = BACKWARD[self.mode].format(loss=tp.LOSS, p=", ".join(parameters))
                clear = [f"{x}.zero_grad()" for x in parameters if self.clear]
                inner = [*clear, *inner, back]
            return [head, *_indented([*taken, *inner, *saved, *end])]
        lines = [f"def value_of({names}):", *_indented([*inner, f"return {tp.LOSS}"])]
        places = tuple(self.arguments.index(x) for x in self.differentiated)
        if self.mode == "second order":
            slope = [f"slopes = ag.grad(value_of, {places}, allow_unused=True)({names})",
                     "return sum(np.sum(s * 0.7) for s in slopes)"]  # fmt: skip
            lines += [f"def slope_of({names}):", *_indented(slope)]
        wrapped = WRAPPERS[self.mode].format(
            k=places, a=names, first=places[0], x=self.differentiated[0]
        )
        return [*lines, head, *_indented([*taken, f"{tp.LOSS} = {wrapped}", *saved, *end])]

    def _rebound(self) -> list[str]:
        """Parameters that an update such as `p -= 1` makes names of the function without this."""
        text = "\n".join(self.updates)
        return [p for p in self.of(*OUTSIDE) if re.search(rf"\b{p} [-+*/]=", text)]

    def _outside(self, name: str) -> str:
        array, role = tp._literal(self.arrays[name]), self.roles[name]
        if role == "parameter":
            return f"Parameter({array}, name={name!r})"
        if role == "global":
            return array
        return f"Tensor({array}, requires_grad={role == 'global variable'}, name={name!r})"

    def _results(self) -> str:
        """The loss, and the others in containers of all kinds."""
        parts = [*(f"taken{k}" for k in range(len(self.before))), *self.returns]
        if not parts:
            return tp.LOSS
        if len(parts) == 1:
            return f"{tp.LOSS}, {parts[0]}"
        others = " ".join(f"{x}," for x in parts[2:])
        return f'{tp.LOSS}, {{"first": {parts[0]}, "rest": [{parts[1]}, ({others})]}}'

    def __str__(self) -> str:
        """The program as text that shows the failure."""
        calls = []
        for call in self.calls:
            given = ", ".join(self._given(call))
            if call.moved:
                calls.append("# (other values for the parameters)")
            calls.append(f"print(step({given}), compiled({given}))")
        forms = "from compiler.program_values import FORMS\n" if "FORMS" in "".join(calls) else ""
        return "\n".join([forms + self.text() + "compiled = ag.compile(step)", *calls])

    def _given(self, call: Call) -> Iterator[str]:
        given, texts = numbers(self, call), {}
        for name in self.arguments:
            role, x = self.roles[name], given[name]
            text = tp._literal(x)
            if role in ("float", "int"):
                text = repr(x.item()) if np.isfinite(x) else f'float("{x.item()}")'
            elif role == "scalar":
                text = f"np.{x.dtype}({x.item() if np.isfinite(x) else repr(str(x))})"
            elif role in ("tensor", "variable"):
                text = f"Tensor({text}, requires_grad={role == 'variable'})"
            elif name in self.shared:
                kind, other = self.shared[name]
                text = f"{other}.data" if kind == "parameter" else f"{text} # {kind} as {other}"
            elif _form(self, call, name) != "C":
                text = f"FORMS[{_form(self, call, name)!r}]({text})"
            texts[name] = text
        if not self.nested:
            return iter(texts.values())
        rest = ", ".join(f"{name!r}: {text}" for name, text in [*texts.items()][1:])
        return iter([f"({[*texts.values(), ''][0]},)", f"{{{rest}}}"])


def _indented(lines: list[str]) -> list[str]:
    return [textwrap.indent(line, "    ") for line in lines]


def _assigned(text: str) -> set[str]:
    return {line.split(" = ")[0] for line in text.splitlines() if " = " in line}


# --- what it is called with -------------------------------------------------------------------


def numbers(program: Compilable, call: Call) -> dict[str, np.ndarray]:
    """Plain arrays for the arguments of one call."""
    rng = np.random.default_rng([*program.seed, 7, call.number])
    found = {}
    for name in program.arguments:
        like = program.arrays[name]
        shape = values.changed_shape(like.shape, call.lengths)
        x = values.another(rng, like, call.kind, shape)
        if program.roles[name] == "int":
            x = np.array(int(like) + (rng.random() < 0.1))
        elif call.dtype and x.dtype.kind == "f" and program.roles[name] == "array":
            with np.errstate(all="ignore"):
                x = x.astype(call.dtype)
        found[name] = x
    return found


def _form(program: Compilable, call: Call, name: str) -> str:
    return call.form or program.forms.get(name, "C")


def arguments(program: Compilable, call: Call, scope: Fields) -> tuple[Any, ...]:
    """The arguments as the function gets them: made anew, and alike for every scope."""
    given: dict[str, Any] = {}
    for name, x in numbers(program, call).items():
        given[name] = _formed(program, call, scope, name, x, given)
    if not program.nested:
        return tuple(given.values())
    items = [*given.items()]
    return tuple(x for _, x in items[:1]), dict(items[1:])


def _formed(program: Compilable, call: Call, scope: Fields, name: str, x: Any, given: Any) -> Any:
    role = program.roles[name]
    if role in ("float", "int"):
        return x.item()
    if role == "scalar":
        return x[()]
    if role == "tensor":
        return Tensor(x, requires_grad=False)
    if role == "variable":  # the same one at every call, with other values
        tensor = scope.setdefault(f"given {name}", Tensor(x, requires_grad=True))
        if tensor.shape != x.shape:
            tensor = scope[f"given {name}"] = Tensor(x, requires_grad=True)
        tensor.data = x
        return tensor
    kind, other = program.shared.get(name, ("", ""))
    if kind == "parameter":
        return scope[other].data
    if kind == "same":
        return given[other]
    if kind == "overlapping":  # one row further on in the same memory
        longer = np.concatenate([x[:1], given[other]])
        given[other], later = longer[1:], longer[:-1]
        return later
    return FORMS[_form(program, call, name)](x)


def start(program: Compilable) -> Fields:
    """The names of a program, made anew."""
    scope: Fields = {"__name__": "program"}
    exec(compile(program.text(), "program.py", "exec"), scope)
    return scope


def move(program: Compilable, call: Call, scope: Fields) -> None:
    """Give the parameters other values, from outside."""
    rng = np.random.default_rng([*program.seed, 8, call.number])
    for name in program.of("parameter", "global variable"):
        like = program.arrays[name]
        scope[name].data = values.another(rng, like, "moderate", like.shape)
        if rng.random() < 0.3:
            scope[name].grad = None


# --- drawing one ------------------------------------------------------------------------------


class ProgramMaker(tp.Maker):
    """The random choices of one program."""

    mixes = True
    program: Compilable

    def __init__(self, rng: np.random.Generator, seed: tuple[int, ...]):
        super().__init__(rng)
        self.program = Compilable(seed=seed, mode=self.one(*MODES))
        if self.program.mode in ("second order", "jacobian", "hessian", "hvp", "jvp"):
            self.share_of_images = 0.0
        self.role = ""
        self.of_numbers = self.chance(0.15)  # alone

    def shape(self) -> tuple[int, ...]:
        return () if self.of_numbers else super().shape()

    def names(self) -> Fields:
        scope = {**LIBRARY}
        for text in operations.HELPERS.values():
            exec(text, scope)
        return scope

    def leaf(self, shape: Any, dtype: Any = None) -> str:
        first = not self.program.arrays
        if first and self.program.mode in BACKWARD:
            self.role = "parameter"
        elif first:
            self.role = "array"
        elif not tuple(shape):
            self.role = self.one("float", "float", "scalar", "array", "int", "parameter", "tensor")
        else:
            self.role = self.one(*["array"] * 9, *["parameter"] * 5, *ARGUMENTS[-2:], *OUTSIDE[1:])
        if self.role == "float" or (dtype is not None and np.dtype(dtype).kind != "f"):
            dtype = "float64"
        try:
            if self.role != "int":
                return super().leaf(shape, dtype)
            name = self.array(np.array(self.one(1, 2, 3, 0, -1)))
            self.values[name] = self.program.arrays[name]
            return name
        finally:
            self.role = ""

    def array(self, values: Any) -> str:
        mask = np.asarray(values).dtype == bool  # as an argument it is refused as an index
        role = self.role or self.one("array", *["global"] * (20 if mask else 2))
        self.program.roles[f"c{len(self.program.arrays)}"] = role
        return super().array(values)

    def given(self, name: str) -> Any:
        program, x = self.program, self.program.arrays[name].copy()
        role = program.roles[name]
        if role == "parameter":
            return Parameter(x)
        if role.endswith(("variable", "tensor")):
            return Tensor(x, requires_grad=role.endswith("variable"))
        if name in program.differentiated:
            return Tensor(x)
        return {"float": x.item, "int": x.item, "scalar": lambda: x[()]}.get(role, lambda: x)()

    def step(self, row: Row) -> bool:
        try:
            return super().step(row)
        except TypeError:  # what asks if floats suit it has met bools
            return False

    def runs(self, ours: str, theirs: str, out: str) -> bool:
        try:
            with np.errstate(all="ignore"):
                exec(ours, self.scope)
            return self.keeps(out, plain(self.scope[out]))
        except Exception:  # it does not suit these values
            return False

    def make(self) -> Compilable:
        """A program of 3 to 30 steps that runs."""
        for _ in range(self.one(1, 2, 2, 3)):
            self.leaf(self.shape())
        for _ in range(self.one(0, 0, 1, 2)):
            self.leaf(())
        wanted = self.one(3, 5, 8, 12, 20, 30)
        for _ in range(12 * wanted):
            if len(self.program.steps) < wanted:
                self.step(self.one(*self.one(*operations.TABLE)))
        program = self.program
        read = {name for step in program.steps for name in step.reads}
        outputs = [name for name in self.values if name not in read]
        if program.mode == "hessian" or program.mode == "jacobian":
            outputs = outputs[-2:]
        program.outputs = outputs
        program.clear = self.chance(0.8)
        program.updates = list(self.updates())
        program.before, program.returns = ([*self.results()] for _ in "br")
        if program.mode in WRAPPERS:  # values are inside another function
            inside = {step.out for step in program.steps}
            program.before, program.returns = (
                [x for x in texts if not words(x) & inside]
                for texts in (program.before, program.returns)
            )
        program = program.pruned()
        program.nested = self.chance(0.1) and bool(program.arguments)
        self.memory(program)
        return self.planned(program)

    def updates(self) -> Iterator[str]:
        """Lines that update parameters."""
        names = self.program.of("parameter")
        if not names or self.chance(0.2):
            return
        graded = self.program.mode in BACKWARD
        for _ in range(self.one(1, 1, 2, 3)):
            p = self.one(*names)
            alike = [q for q in names if self._alike(p, q)]
            row = self.one(*(UPDATES if graded and self.chance(0.7) else MOVES))
            numbers = [x for x in self.program.of("float") if x in self.program.arrays]
            lr = self.one("0.1", "0.01", "0.1", *numbers)
            fields = {"p": p, "q": self.one(*alike), "lr": lr}
            if "{m}" in row:
                self.role = "parameter"
                fields["m"] = self.array(np.zeros_like(self.program.arrays[p]))
                self.role = ""
            yield row.format(**fields)

    def _alike(self, p: str, q: str) -> bool:
        a, b = self.program.arrays[p], self.program.arrays[q]
        return a.shape == b.shape and a.dtype == b.dtype

    def results(self) -> Iterator[str]:
        """What is returned beside the loss."""
        program = self.program
        for _ in range(self.one(0, 0, 1, 2)):
            parameters, given = program.of("parameter"), program.of("array", "tensor", "float")
            made = [step.out for step in program.steps]
            kind = self.one("made", "made", "made", "parameter", "argument", "fixed")
            if kind == "made" and made:
                yield self.one(*made) + self.one("", "", "", ".T", "[..., 0]", "[None]")
            elif kind == "parameter" and parameters:
                yield self.one(*operations.OF_A_PARAMETER).format(p=self.one(*parameters))
            elif kind == "argument" and given:
                yield self.one(*operations.OF_AN_ARGUMENT).format(a=self.one(*given))
            elif kind == "fixed":
                yield self.one(*operations.FIXED)

    def memory(self, program: Compilable) -> None:
        """How the arguments lie in memory, and which of them share it."""
        arrays = program.of("array")
        for name in arrays:
            x = program.arrays[name]
            if x.dtype.kind == "f" or x.ndim:
                program.forms[name] = self.one("C", "C", "C", *FORMS)
            if x.dtype.kind != "f" and program.forms.get(name) == "repeated":
                program.forms[name] = "C"
        for name in arrays if self.chance(0.7) else ():
            x = program.arrays[name]
            for other in [*arrays[: arrays.index(name)], *program.of("parameter")]:
                y = program.arrays[other]
                if name in program.shared or other in program.shared or x.dtype.kind != "f":
                    continue
                if x.shape == y.shape and x.dtype == y.dtype and self.chance(0.7):
                    lent = program.roles[other] == "parameter"
                    kind = "parameter" if lent else self.one("same", *["overlapping"] * 2)
                    if kind != "overlapping" or (x.ndim and len(x)):
                        program.shared[name] = kind, other

    def planned(self, program: Compilable) -> Compilable:
        """The program with its calls, which it is able to take."""
        program = runnable(program)
        kinds = {"moderate": ["moderate"], "ties": ["moderate", "ties", "ties"]}.get(
            self.one(*values.KINDS), ["moderate", "ties", "extreme"]
        )
        lengths = sorted({n for x in program.arguments for n in program.arrays[x].shape})
        calls = [Call(0)]
        for k in range(1, CALLS):
            call = Call(k, self.one(*kinds), moved=self.chance(0.15))
            if self.chance(0.12):
                call = replace(call, dtype=self.one("float32", "float64"))
            if self.chance(0.08) and lengths:
                call = replace(call, lengths=(self.one(*lengths), self.one(1, 2, 3, 4, 5)))
            if self.chance(0.12):
                call = replace(call, form=self.one(*[x for x in FORMS if x != "repeated"]))
            if replace(call, kind="moderate") != Call(k) and fails(program, call):
                call = Call(k, call.kind) if k < CALLS - 1 else call  # errors at the last one
            calls.append(call)
        program.calls = calls
        return program


def fails(program: Compilable, call: Call) -> Exception | None:
    """The error of eager code at this call, if there is one."""
    try:
        with quiet():
            scope = start(program)
            scope["step"](*arguments(program, call, scope))
    except Exception as error:
        return error
    return None


def runnable(program: Compilable) -> Compilable:
    """The program, without the updates and results that do not suit it."""
    if fails(program, Call(0)) is None:
        return program
    for part in ("updates", "returns", "before"):
        program = replace(program, **{part: []})
        if fails(program, Call(0)) is None:
            return program.pruned()
    raise _HopelessError from fails(program, Call(0))


class _HopelessError(Exception):
    """It does not run at all."""


class quiet(warnings.catch_warnings):  # noqa: N801 (read like the managers that it joins)
    """No warnings, of Python or of NumPy."""

    def __enter__(self) -> None:  # type: ignore[override]
        super().__enter__()
        warnings.simplefilter("ignore")
        self._errors = np.errstate(all="ignore")
        self._errors.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._errors.__exit__(*error)
        super().__exit__(*error)


def make(seed: int, number: int) -> Compilable:
    """Program `number` of those that follow from `seed`."""
    rng = np.random.default_rng([seed, number])
    with quiet():
        while True:
            try:
                program = ProgramMaker(rng, (seed, number)).make()
            except _HopelessError:
                continue
            if program.steps:
                return program
