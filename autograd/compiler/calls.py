"""Calls: what stands around a program, written out as Python.

The arguments of a call are compared with those that the program was written for, and taken apart;
the results are put together as the function gave them. Both are fixed when the function is
traced, so they are straight lines of code, which take less time than a walk through containers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..tensor import Tensor, constant_tensor
from .guards import Surroundings
from .traced import Traced

__all__ = ["FIXED", "MISS", "caller", "giver"]

FIXED = (int, bool, str, bytes, complex, type(None), range, frozenset, np.dtype)
MISS = object()  # what a call gives when its program does not apply


def caller(
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    same: set[int],
    outside: Surroundings,
    run: Callable[[tuple[Any, ...]], tuple[Any, ...] | None],
    give: Callable[..., Any],
) -> Callable[[tuple[Any, ...], dict[str, Any]], Any]:
    """A function of (args, kwargs) that gives the result, or MISS.

    It wants arguments of the same kind as these; and the very same tensor where the number of the
    argument is in `same`. What is `outside` has to be as it was.
    """
    check = _Check(same)
    check.tuple_or_list("args", args)
    check.dictionary("kwargs", kwargs)
    lines = [*check.lines, f"found = run(({''.join(f'{name}, ' for name in check.leaves)}))",
             "return MISS if found is None else give(*found)"]  # fmt: skip
    condition, scope = outside.condition()
    if condition:
        lines = [f"try: as_before = {condition}", "except Exception: as_before = False",
                 "if not as_before and changed() is not None: return MISS", *lines]  # fmt: skip
    scope |= {**check.scope, "MISS": MISS, "changed": outside.changed, "give": give, "run": run}
    exec("def call(args, kwargs):\n    " + "\n    ".join(lines), scope)
    return scope["call"]  # type: ignore[no-any-return]


class _Check:
    """Lines that leave with MISS unless an argument is like the one at hand."""

    def __init__(self, same: set[int]):
        self.same = same
        self.scope: dict[str, Any] = {"ndarray": np.ndarray, "Tensor": Tensor}
        self.lines: list[str] = []
        self.leaves: list[str] = []  # what the program is given

    def bind(self, value: Any) -> str:
        name = f"known_{len(self.scope)}"
        self.scope[name] = value
        return name

    def want(self, *conditions: str) -> None:
        self.lines.append(f"if not ({' and '.join(conditions)}): return MISS")

    def any(self, name: str, x: Any) -> None:
        if isinstance(x, (tuple, list)):
            self.want(f"{name}.__class__ is {self.bind(type(x))}")
            self.tuple_or_list(name, x)
        elif isinstance(x, dict):
            self.want(f"{name}.__class__ is {self.bind(type(x))}")
            self.dictionary(name, x)
        else:
            self.leaf(name, x)
            self.leaves.append(name)

    def tuple_or_list(self, name: str, x: Any) -> None:
        self.want(f"len({name}) == {len(x)}")
        self.items(name, name, list(x))

    def dictionary(self, name: str, x: dict[Any, Any]) -> None:
        self.want(f"[*{name}] == {self.bind([*x])}" if x else f"not {name}")
        self.items(name, f"{name}.values()", list(x.values()))

    def items(self, name: str, source: str, items: list[Any]) -> None:
        names = [f"{name}_{k}" for k in range(len(items))]
        if items:
            self.lines.append(f"{', '.join(names)}, = {source}")
        for part, item in zip(names, items, strict=True):
            self.any(part, item)

    def leaf(self, name: str, x: Any) -> None:
        if isinstance(x, Tensor):
            if len(self.leaves) in self.same:
                self.want(f"{name} is {self.bind(x)}")
            self.want(f"isinstance({name}, Tensor)", f"{name}._tracked is {x._tracked}")
            if x._tracked:
                self.want(f"{name}._node.plan is None")
            self.lines.append(f"{name} = {name}._array")
            x = x._array
        if isinstance(x, np.ndarray) and x.ndim:
            dtype = self.bind(x.dtype)
            self.want(
                f"{name}.__class__ is ndarray",
                f"{name}.shape == {x.shape}",
                f"({name}.dtype is {dtype} or {name}.dtype == {dtype})",  # mostly the very same
                f"{name}.strides == {x.strides}",
            )
        elif isinstance(x, (np.ndarray, np.generic)):  # single values go in as NumPy scalars
            self.lines.append(
                f"if {name}.__class__ is ndarray and not {name}.ndim: {name} = {name}[()]"
            )
            self.want(f"{name}.__class__ is {self.bind(x.dtype.type)}")
        elif type(x) is float:
            self.want(f"{name}.__class__ is float")
        else:
            sameness = "==" if isinstance(x, FIXED) else "is"  # objects may call others equal
            self.want(f"{name}.__class__ is {self.bind(type(x))}",
                      f"{name} {sameness} {self.bind(x)}")  # fmt: skip


def giver(result: Any, leaves: list[Any], computed: list[int]) -> Callable[..., Any]:
    """The function that makes the result of a call from the values that a program computes.

    `leaves` are what the function returned in `result`, one after the other; `computed` tells
    which of them the program computes. The others are given as they are.
    """
    scope: dict[str, Any] = {"asarray": np.asarray, "constant_tensor": constant_tensor}
    texts = []
    for k, x in enumerate(leaves):
        if k not in computed:
            scope[f"fixed_{k}"] = x
            texts.append(f"fixed_{k}")
        elif isinstance(x, Tensor):
            texts.append(f"constant_tensor(value_{k})")
        else:
            texts.append(f"asarray(value_{k})" if isinstance(x, Traced) else f"value_{k}")
    rest = iter(texts)

    def text(x: Any) -> str:
        if isinstance(x, (tuple, list)):
            inside = "".join(f"{text(item)}, " for item in x)
            return f"[{inside}]" if type(x) is list else f"({inside})"
        if isinstance(x, dict):
            keys = [f"key_{len(scope) + k}" for k in range(len(x))]
            scope.update(zip(keys, x, strict=True))
            pairs = zip(keys, x.values(), strict=True)
            return f"{{{', '.join(f'{key}: {text(value)}' for key, value in pairs)}}}"
        return next(rest)

    names = ", ".join(f"value_{k}" for k in computed)
    return eval(f"lambda {names}: {text(result)}", scope)  # type: ignore[no-any-return]
