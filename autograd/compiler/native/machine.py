"""Machine: the text of native loops, in the language of LLVM.

The text is Python: loops over constant ranges, elements of arrays whose shapes and strides are
known, arithmetic. So each statement has one translation, and there is nothing to infer. What comes
out is a module with one function, in the form of CPython's quick calls: it takes the arrays out of
their objects itself, which costs next to nothing.
"""

from __future__ import annotations

import ast
import math
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..types import Type, packed
from . import mathematics
from .entry import entry, whole_lines
from .products import Tiles

__all__ = ["translate"]

LOCAL = 1 << 14  # bytes of an array that lives on the stack
FAST = "reassoc contract nsz arcp "
FLOATS = {np.dtype(np.float32): "float", np.dtype(np.float64): "double"}
RANK = ("i1", "i64", "float", "double")
ORDERED = {ast.Gt: "ogt", ast.GtE: "oge", ast.Lt: "olt", ast.LtE: "ole", ast.Eq: "oeq",
           ast.NotEq: "une"}  # fmt: skip
WHOLE = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Eq: "eq", ast.NotEq: "ne"}
ARITHMETIC = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}
TAIL = """
attributes #0 = { "prefer-vector-width"="512" }
!0 = distinct !{!0, !1}
!1 = !{!"llvm.loop.unroll.disable"}
"""
BOTH = {"larger": "maximum", "smaller": "minimum"}  # of which NaN wins
INTRINSIC = {"math.sqrt": "sqrt", "abs": "fabs"}


@dataclass(frozen=True)
class _Array:
    """Where an array lies. Strides are in bytes."""

    pointer: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def turned(self) -> _Array:
        return _Array(self.pointer, self.dtype, self.shape[::-1], self.strides[::-1])

    @property
    def type(self) -> Type:
        return Type(self.shape, self.dtype, self.strides)


@dataclass(frozen=True)
class _Value:
    """A number in a register, or in the text: its name there, and its type."""

    text: str
    type: str

    @property
    def is_known(self) -> bool:
        return self.type == "i64" and self.text.lstrip("-").isdigit()


@dataclass(frozen=True)
class _Slot:
    """A variable that holds numbers, one after the other."""

    pointer: str
    type: str


def translate(text: str, types: Sequence[Type], width: int) -> tuple[str, int]:
    """The module for a text with the function `run`, whose parameters have these types.

    Vectors in products are of `width` bytes. Numbers are passed as Python floats or what turns
    into them, and are returned in a tuple. Also gives how many bytes of memory it needs beside:
    unless 0, an array of so many bytes is the first argument.
    """
    (run,) = (
        part
        for part in ast.parse(text).body
        if isinstance(part, ast.FunctionDef) and part.name == "run"
    )
    given = {argument.arg: type_ for argument, type_ in zip(run.args.args, types, strict=True)}
    body = _Body(given, width)
    body.statements(run.body)
    room = sum(whole_lines(x.nbytes) for x in body.large.values())
    parameters = [f"ptr noalias %{x}" if t.shape else f"double %{x}" for x, t in given.items()]
    parameters += [f"ptr noalias %{name}" for name in [*body.large, *body.returned_to]]
    module = [
        *(f"declare {text}" for text in sorted(body.declared)), *body.functions.values(),
        f"define internal void @body({', '.join(parameters)}) noinline nounwind #0 {{",
        "entry:", *body.entry, *body.lines, "  ret void", "}",
        entry(given, body.large, body.returned_to), TAIL,
    ]  # fmt: skip
    return "\n".join(module), room


class _Body:
    """The statements of `run`."""

    def __init__(self, given: dict[str, Type], width: int):
        self.width = width
        self.entry: list[str] = []  # room for variables
        self.lines: list[str] = []
        self.large: dict[str, Type] = {}  # arrays that do not go on the stack
        self.returned_to: list[str] = []
        self.declared: set[str] = set()
        self.functions: dict[str, str] = {}  # others of the module, by name
        self.block = "entry"
        self._count = 0
        self.known: dict[str, Any] = {
            name: self._parameter(name, type_) for name, type_ in given.items()
        }

    def _parameter(self, name: str, type_: Type) -> Any:
        if type_.shape:
            return _Array(f"%{name}", type_.dtype, type_.shape, type_.strides)
        value = _Value(f"%{name}", "double")
        if type_.dtype == bool:
            return self.emit("i1", f"fcmp une double {value.text}, 0.0")
        return value if type_.weak else self.cast(value, FLOATS.get(type_.dtype, "double"))

    def emit(self, type_: str, text: str) -> _Value:
        """A new register."""
        self._count += 1
        self.lines.append(f"  %r{self._count} = {text}")
        return _Value(f"%r{self._count}", type_)

    def label(self, name: str) -> str:
        """The name of a block that nobody else has."""
        self._count += 1
        return f"{name}{self._count}"

    def start(self, label: str) -> None:
        """What follows belongs to this block."""
        self.lines.append(f"{label}:")
        self.block = label

    # --- statements ----------------------------------------------------------------------------

    def statements(self, lines: list[ast.stmt]) -> None:
        """One after the other."""
        for line in lines:
            if isinstance(line, ast.For):
                self._for(line)
            elif isinstance(line, ast.Assign):
                self._assign(line.targets[0], line.value)
            elif isinstance(line, ast.AugAssign):
                old = self.value(line.target)
                self._put(line.target, self._arithmetic(line.op, old, self.value(line.value)))
            elif isinstance(line, ast.Return):
                self._return(line)
            elif isinstance(line, ast.Expr) and isinstance(line.value, ast.Call):
                self._statement(line.value)
            else:
                raise NotImplementedError(ast.unparse(line))

    def _statement(self, call: ast.Call) -> None:
        """product(out, x, w), or product(out, x, w, first row, number of rows)."""
        out, x, w = map(self.array, call.args[:3])
        if w.strides[1] != w.dtype.itemsize:
            w = self.copied(w)
        tiles = Tiles(self, out, x, w, self.width)
        if len(call.args) == 3:
            tiles.whole()
        else:
            tiles.some(self.value(call.args[3]), int(self.value(call.args[4]).text))

    def _for(self, line: ast.For) -> None:
        assert isinstance(line.iter, ast.Call)
        assert isinstance(line.target, ast.Name)
        bounds = [self.value(x).text for x in line.iter.args]
        start, stop, step = (
            bounds if len(bounds) == 3 else (*["0"][len(bounds) - 1 :], *bounds, "1")
        )
        if start.isdigit() and stop.isdigit() and int(start) >= int(stop):
            return
        with_index = self.loop(start, stop, step)
        self.known[line.target.id] = with_index.index
        self.statements(line.body)
        with_index.end()

    def loop(self, start: str, stop: str, step: str = "1") -> _Loop:
        """A loop whose body follows."""
        return _Loop(self, start, stop, step)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Slice):
            self._fill(self.array(target.value), value)
            return
        if isinstance(target, ast.Name):
            found = self.expression(value)
            if isinstance(found, _Array):
                self.known[target.id] = found
                return
            self._put(target, found)
            return
        self._put(target, self.value(value))

    def _put(self, target: ast.expr, value: _Value) -> None:
        if isinstance(target, ast.Name):
            slot = self.known.get(target.id)
            if not isinstance(slot, _Slot) or slot.type != value.type:
                slot = _Slot(f"%slot_{target.id}_{len(self.entry)}", value.type)
                self.entry.append(f"  {slot.pointer} = alloca {slot.type}")
                self.known[target.id] = slot
            self.lines.append(f"  store {slot.type} {value.text}, ptr {slot.pointer}")
            return
        assert isinstance(target, ast.Subscript)
        self._store(self.array(target.value), self._indices(target.slice), value)

    def _return(self, line: ast.Return) -> None:
        assert isinstance(line.value, ast.Tuple)
        for k, x in enumerate(line.value.elts):
            name, value = f"result_{k}", self.cast(self.value(x), "double")
            self.returned_to.append(name)
            self.lines.append(f"  store double {value.text}, ptr %{name}")

    def _fill(self, out: _Array, value: ast.expr) -> None:
        """out[:] = a number, or an array of the same shape."""
        found = self.expression(value)
        self.over(out.shape, lambda index: self._store(
            out, index, self._load(found, index) if isinstance(found, _Array) else found
        ))  # fmt: skip

    def over(self, shape: tuple[int, ...], body: Callable[[list[_Value]], None]) -> None:
        """Loops over all elements of a shape."""
        if 0 in shape:
            return
        loops = [self.loop("0", str(length)) for length in shape]
        body([loop.index for loop in loops])
        for loop in reversed(loops):
            loop.end()

    # --- arrays ----------------------------------------------------------------------------------

    def array(self, x: ast.expr) -> _Array:
        """An array, by name or otherwise."""
        found = self.expression(x)
        assert isinstance(found, _Array), ast.unparse(x)
        return found

    def made(self, shape: tuple[int, ...], dtype: np.dtype[Any], zero: bool = False) -> _Array:
        """A new array."""
        nbytes = math.prod(shape) * dtype.itemsize
        type_ = packed(shape, dtype)
        name = self.label("array")
        if nbytes > LOCAL:
            self.large[name] = type_
        else:
            self.entry.append(f"  %{name} = alloca [{max(nbytes, 1)} x i8], align 64")
        found = _Array(f"%{name}", dtype, shape, type_.strides)
        if zero:
            self.declared.add("void @llvm.memset.p0.i64(ptr, i8, i64, i1)")
            text = (
                f"call void @llvm.memset.p0.i64(ptr align 64 %{name}, i8 0, i64 {nbytes}, i1 false)"
            )
            self.lines.append(f"  {text}")
        return found

    def copied(self, x: _Array) -> _Array:
        """The same elements in C order: itself if it has them so."""
        if x.type.is_contiguous:
            return x
        out = self.made(x.shape, x.dtype)
        self.over(x.shape, lambda index: self._store(out, index, self._load(x, index)))
        return out

    def _indices(self, index: ast.expr) -> list[_Value]:
        parts = index.elts if isinstance(index, ast.Tuple) else [index]
        return [self.value(part) for part in parts]

    def address(self, x: _Array, index: list[_Value]) -> str:
        """Where an element lies."""
        at = _Value("0", "i64")
        for i, stride in zip(index, x.strides, strict=True):
            step = self._whole(ast.Mult(), i, _Value(str(stride), "i64"))
            at = self._whole(ast.Add(), at, step)
        if at.text == "0":
            return x.pointer
        return self.emit("ptr", f"getelementptr inbounds i8, ptr {x.pointer}, i64 {at.text}").text

    def _load(self, x: _Array, index: list[_Value]) -> _Value:
        at = self.address(x, index)
        if x.dtype in FLOATS:
            kind = FLOATS[x.dtype]
            return self.emit(kind, f"load {kind}, ptr {at}, align 1")
        kind = f"i{8 * x.dtype.itemsize}"
        found = self.emit(kind, f"load {kind}, ptr {at}, align 1")
        if x.dtype == bool:
            return self.emit("i1", f"icmp ne i8 {found.text}, 0")
        if kind == "i64":
            return found
        longer = "zext" if x.dtype.kind == "u" else "sext"
        return self.emit("i64", f"{longer} {kind} {found.text} to i64")

    def _store(self, x: _Array, index: list[_Value], value: _Value) -> None:
        at = self.address(x, index)
        if x.dtype == bool:
            byte = self.emit("i8", f"zext i1 {value.text} to i8")
            self.lines.append(f"  store i8 {byte.text}, ptr {at}, align 1")
            return
        value = self.cast(value, FLOATS[x.dtype])
        self.lines.append(f"  store {value.type} {value.text}, ptr {at}, align 1")

    # --- expressions -----------------------------------------------------------------------------

    def value(self, x: ast.expr) -> _Value:
        """A number."""
        found = self.expression(x)
        assert isinstance(found, _Value), ast.unparse(x)
        return found

    def expression(self, x: ast.expr) -> Any:
        """A number or an array."""
        match x:
            case ast.Name(id=name):
                found = self.known[name]
                if isinstance(found, _Slot):
                    return self.emit(found.type, f"load {found.type}, ptr {found.pointer}")
                return found
            case ast.Constant(value=bool(value)):
                return _Value(str(value).lower(), "i1")
            case ast.Constant(value=int(value)):
                return _Value(str(value), "i64")
            case ast.Constant(value=float(value)):
                return _constant(value, "double")
            case ast.Attribute(attr="T", value=inside):
                return self.array(inside).turned
            case ast.Attribute(attr=("inf" | "nan") as name):
                return _constant(float(name), "double")
            case ast.Subscript():
                return self._load(self.array(x.value), self._indices(x.slice))
            case ast.UnaryOp(op=ast.USub()):
                return self._minus(self.value(x.operand))
            case ast.BinOp():
                return self._arithmetic(x.op, self.value(x.left), self.value(x.right))
            case ast.Compare():
                return self._compare(x.ops[0], self.value(x.left), self.value(x.comparators[0]))
            case ast.IfExp():
                return self._choice(x)
            case ast.Call():
                return self._call(x)
        raise NotImplementedError(ast.unparse(x))

    def _minus(self, x: _Value) -> _Value:
        if x.is_known:
            return _Value(str(-int(x.text)), "i64")
        if x.text.startswith("0x"):
            return _constant(-_float(x.text), x.type)
        return self.emit(x.type, f"fneg {FAST}{x.type} {x.text}")

    def _arithmetic(self, op: ast.operator, x: _Value, y: _Value) -> _Value:
        if x.type == y.type == "i64":
            return self._whole(op, x, y)
        x, y = self._alike(x, y)
        return self.emit(x.type, f"{ARITHMETIC[type(op)]} {FAST}{x.type} {x.text}, {y.text}")

    def _whole(self, op: ast.operator, x: _Value, y: _Value) -> _Value:
        """Arithmetic of indices."""
        if x.is_known and y.is_known:
            text = ast.unparse(ast.BinOp(ast.Constant(int(x.text)), op, ast.Constant(int(y.text))))
            return _Value(str(eval(text)), "i64")
        if isinstance(op, ast.Add) and "0" in (x.text, y.text):
            return x if y.text == "0" else y
        if isinstance(op, ast.Mult) and "1" in (x.text, y.text):
            return x if y.text == "1" else y
        return self.emit("i64", f"{WHOLE[type(op)]} nsw i64 {x.text}, {y.text}")

    def _compare(self, op: ast.cmpop, x: _Value, y: _Value) -> _Value:
        if x.type == y.type == "i64":
            return self.emit("i1", f"icmp {WHOLE[type(op)]} i64 {x.text}, {y.text}")
        x, y = self._alike(x, y)
        return self.emit("i1", f"fcmp {ORDERED[type(op)]} {x.type} {x.text}, {y.text}")

    def _choice(self, x: ast.IfExp) -> _Value:
        condition = self._truth(self.value(x.test))
        yes, no = self._alike(self.value(x.body), self.value(x.orelse))
        text = f"select i1 {condition.text}, {yes.type} {yes.text}, {no.type} {no.text}"
        return self.emit(yes.type, text)

    def _truth(self, x: _Value) -> _Value:
        """A condition: of a number, whether it is not 0."""
        if x.type == "i1":
            return x
        zero = _Value("0", "i64") if x.type == "i64" else _constant(0.0, x.type)
        return self._compare(ast.NotEq(), x, zero)

    def _alike(self, x: _Value, y: _Value) -> tuple[_Value, _Value]:
        """Both in the type of the wider one."""
        kind = max(x.type, y.type, key=RANK.index)
        return self.cast(x, kind), self.cast(y, kind)

    def cast(self, x: _Value, kind: str) -> _Value:
        """The same number in another type."""
        if x.type == kind:
            return x
        if x.text.startswith("0x"):
            return _constant(_float(x.text), kind)
        if x.is_known:
            return _constant(float(int(x.text)), kind)
        how = {("double", "float"): "fptrunc", ("float", "double"): "fpext"}
        way = how.get((x.type, kind)) or {"i64": "sitofp", "i1": "uitofp"}[x.type]
        return self.emit(kind, f"{way} {x.type} {x.text} to {kind}")

    def _call(self, call: ast.Call) -> Any:
        function = call.func
        if isinstance(function, ast.Attribute) and function.attr == "reshape":
            x = self.array(function.value)
            assert x.type.is_contiguous, "a view in one dimension"
            return _Array(x.pointer, x.dtype, (x.type.size,), (x.dtype.itemsize,))
        name, args = ast.unparse(function), call.args
        if name in ("np.empty", "np.zeros"):
            shape = ast.literal_eval(args[0])
            return self.made(shape, np.dtype(ast.unparse(args[1])[3:]), name == "np.zeros")
        if name == "np.ascontiguousarray":
            return self.copied(self.array(args[0]))
        values = [self.value(x) for x in args]
        if name in ("np.float32", "np.float64"):
            return self.cast(values[0], FLOATS[np.dtype(name[3:])])
        if name in BOTH:
            left, right = self._alike(*values)
            return self._intrinsic(BOTH[name], left.type, left, right)
        if name in INTRINSIC:
            return self._intrinsic(INTRINSIC[name], values[0].type, values[0])
        kind = values[0].type
        name = name.removeprefix("math.")
        return mathematics.function(name, self.emit, lambda v: _constant(v, kind), kind, values[0])

    def _intrinsic(self, name: str, kind: str, *values: _Value) -> _Value:
        full = f"@llvm.{name}.{'f32' if kind == 'float' else 'f64'}"
        self.declared.add(f"{kind} {full}({', '.join([kind] * len(values))})")
        given = ", ".join(f"{kind} {x.text}" for x in values)
        return self.emit(kind, f"call {FAST}{kind} {full}({given})")


class _Loop:
    """A loop over a range that is not empty."""

    def __init__(self, body: _Body, start: str, stop: str, step: str):
        self.body, self.stop, self.step = body, stop, step
        self.number = body.label("")
        before = body.block
        body.lines.append(f"  br label %loop{self.number}")
        body.start(f"loop{self.number}")
        self.index = _Value(f"%i{self.number}", "i64")
        body.lines.append(
            f"  {self.index.text} = phi i64 [{start}, %{before}], "
            f"[%next{self.number}, %again{self.number}]"
        )

    def end(self, unroll: bool = True) -> None:
        """The body is complete."""
        body, n = self.body, self.number
        as_it_is = "" if unroll else ", !llvm.loop !0"
        body.lines.append(f"  br label %again{n}")
        body.start(f"again{n}")
        body.lines += [f"  %next{n} = add nuw nsw i64 {self.index.text}, {self.step}",
                       f"  %more{n} = icmp slt i64 %next{n}, {self.stop}",
                       f"  br i1 %more{n}, label %loop{n}, label %done{n}{as_it_is}"]  # fmt: skip
        body.start(f"done{n}")


def _constant(value: float, kind: str) -> _Value:
    """A number of the text; LLVM wants floats in the bits of doubles."""
    value = float(np.float32(value)) if kind == "float" else value
    return _Value(f"0x{struct.unpack('>Q', struct.pack('>d', value))[0]:016X}", kind)


def _float(text: str) -> float:
    return float(struct.unpack(">d", bytes.fromhex(text[2:]))[0])
