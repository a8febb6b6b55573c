"""Entry: the function that CPython calls, around the loops.

It has the form of CPython's quick calls: an array of arguments, and how many there are. It looks
whether each array is what it was expected to be, and takes it out of its object, which costs next
to nothing; if one is not, it calls the second item of its own object in its place.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..types import Type, packed
from .offsets import ARRAY, DESCRIPTION, TUPLE

__all__ = ["entry", "whole_lines"]

API = """
declare ptr @PyTuple_New(i64)
declare i32 @PyTuple_SetItem(ptr, i64, ptr)
declare ptr @PyFloat_FromDouble(double)
declare double @PyFloat_AsDouble(ptr)
declare ptr @PyErr_Occurred()
declare ptr @PyObject_Vectorcall(ptr, ptr, i64, ptr)
"""


def entry(given: dict[str, Type], large: dict[str, Type], returned_to: Sequence[str]) -> str:
    """The text of that function, of what is given, arrays in memory beside, and the results."""
    lines = [
        f"  %kind_at = getelementptr i8, ptr %self, i64 {TUPLE.items}",
        "  %array_type = load ptr, ptr %kind_at",
        f"  %other_at = getelementptr i8, ptr %self, i64 {TUPLE.items + 8}",
        "  %otherwise = load ptr, ptr %other_at",
    ]
    room = sum(whole_lines(type_.nbytes) for type_ in large.values())
    all_given = ({"room": packed((room,), np.uint8)} if room else {}) | given
    for k, (name, type_) in enumerate(all_given.items()):
        lines += [f"  %at_{name} = getelementptr ptr, ptr %args, i64 {k}",
                  f"  %object_{name} = load ptr, ptr %at_{name}"]  # fmt: skip
        lines += _taken_apart(name, type_) if type_.shape else _number(name)
    passed = [f"{'ptr' if type_.shape else 'double'} %{name}" for name, type_ in given.items()]
    start = 0
    for name, type_ in large.items():
        lines.append(f"  %{name} = getelementptr i8, ptr %room, i64 {start}")
        passed.append(f"ptr %{name}")
        start += whole_lines(type_.nbytes)
    for name in returned_to:
        lines.append(f"  %{name} = alloca double")
        passed.append(f"ptr %{name}")
    lines += [f"  call void @body({', '.join(passed)})",
              f"  %results = call ptr @PyTuple_New(i64 {len(returned_to)})"]  # fmt: skip
    for k, name in enumerate(returned_to):
        lines += [
            f"  %value_{name} = load double, ptr %{name}",
            f"  %float_{name} = call ptr @PyFloat_FromDouble(double %value_{name})",
            f"  call i32 @PyTuple_SetItem(ptr %results, i64 {k}, ptr %float_{name})",
        ]
    called = "ptr %otherwise, ptr %args, i64 %count, ptr null"
    return "\n".join([
        API, "define ptr @run(ptr %self, ptr %args, i64 %count) {", "entry:", *lines,
        "  ret ptr %results",
        "differs:",
        f"  %apart = call ptr @PyObject_Vectorcall({called})",
        "  ret ptr %apart",
        "fails:", "  ret ptr null", "}",
    ])  # fmt: skip


def whole_lines(nbytes: int) -> int:
    """Bytes of whole lines of the cache."""
    return -(-nbytes // 64) * 64


def _field(name: str, type_: str, owner: str, offset: int) -> list[str]:
    return [f"  %{name}_at = getelementptr i8, ptr {owner}, i64 {offset}",
            f"  %{name} = load {type_}, ptr %{name}_at"]  # fmt: skip


def _taken_apart(name: str, type_: Type) -> list[str]:
    """The address of an array's elements; another way is taken if it is not what was expected."""
    lines: list[str] = []

    def want(field: str, kind: str, owner: str, offset: int, wanted: str) -> None:
        label = f"{name}_{field}"
        lines.extend([
            *_field(f"{field}_{name}", kind, owner, offset),
            f"  %same_{label} = icmp eq {kind} %{field}_{name}, {wanted}",
            f"  br i1 %same_{label}, label %go_on_{label}, label %differs",
            f"go_on_{label}:",
        ])  # fmt: skip

    whole = f"%object_{name}"
    want("class", "ptr", whole, ARRAY.kind, "%array_type")
    want("axes", "i32", whole, ARRAY.ndim, str(type_.ndim))
    lines += _field(f"shape_{name}", "ptr", whole, ARRAY.shape)
    lines += _field(f"strides_{name}", "ptr", whole, ARRAY.strides)
    for axis, (length, stride) in enumerate(zip(type_.shape, type_.strides, strict=True)):
        want(f"length_{axis}", "i64", f"%shape_{name}", 8 * axis, str(length))
        if length > 1 and type_.size:  # else no element is reached with it
            want(f"stride_{axis}", "i64", f"%strides_{name}", 8 * axis, str(stride))
    lines += _field(f"description_{name}", "ptr", whole, ARRAY.dtype)
    want("order", "i8", f"%description_{name}", DESCRIPTION.order, str(ord(type_.dtype.byteorder)))
    want("kind", "i32", f"%description_{name}", DESCRIPTION.number, str(type_.dtype.num))
    return lines + _field(name, "ptr", whole, ARRAY.data)


def _number(name: str) -> list[str]:
    """A number as a C double; an exception may come up where it is no number."""
    return [
        f"  %{name} = call double @PyFloat_AsDouble(ptr %object_{name})",
        f"  %odd_{name} = fcmp oeq double %{name}, -1.0",
        f"  br i1 %odd_{name}, label %ask_{name}, label %take_{name}",
        f"ask_{name}:",
        f"  %error_{name} = call ptr @PyErr_Occurred()",
        f"  %none_{name} = icmp eq ptr %error_{name}, null",
        f"  br i1 %none_{name}, label %take_{name}, label %fails",
        f"take_{name}:",
    ]
