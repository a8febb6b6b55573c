"""Functions with rules of the user's: a primitive is a gate that is made when it is called.

    @primitive
    def logsumexp(x): ...

    defvjp(logsumexp, lambda ans, x: lambda g: g * np.exp(x - ans))

A rule of reverse mode is given the result and the arguments, and gives the function that takes the
upstream gradient to the downstream one. It may be any program; made of NumPy's functions, it can be
differentiated again: then the result and the arguments come as tensors.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import numpy as np

from autograd.errors import GraphError, UnsupportedError
from autograd.functional.boundary import Work, as_gate
from autograd.gate import Gate
from autograd.modes import MODE
from autograd.node import Node
from autograd.numpy_api import NUMPY_FUNCTIONS
from autograd.standins import StandIn
from autograd.tensor import Tensor, constant_tensor, recorded_tensor

from .containers import Container, is_tracked, plain, unboxed
from .vspaces import vspace

__all__ = [
    "JVPNode", "VJPNode", "def_linear", "defjvp", "defjvp_argnum", "defjvp_argnums", "defvjp",
    "defvjp_argnum", "defvjp_argnums", "notrace_primitive", "primitive", "primitive_jvps",
    "primitive_vjps", "register_notrace",
]  # fmt: skip

Rule = Callable[..., Any]

# (argnums, ans, args, kwargs) -> (g -> one gradient for each of argnums)
primitive_vjps: dict[Any, Rule] = {}
# (argnums, changes, ans, args, kwargs) -> the change of ans
primitive_jvps: dict[Any, Rule] = {}
notrace_primitives: dict[Any, set[Any]] = {}  # kind of node -> primitives that are not recorded


class VJPNode:
    """Stands for reverse mode in `register_notrace`."""


class JVPNode:
    """Stands for forward mode in `register_notrace`."""


def primitive(f_raw: Rule) -> Rule:
    """The function as one gate, whose derivatives `defvjp` and `defjvp` give: also a decorator.

    It is given plain arrays and numbers, and sees nothing of how it is differentiated.

    >>> cube = primitive(lambda x: x**3)
    >>> defvjp(cube, lambda ans, x: lambda g: g * 3 * x**2)
    >>> x = Tensor(2.0)
    >>> cube(x).backward()
    >>> x.grad
    array(12.)
    """
    name = getattr(f_raw, "__name__", "primitive")
    row = Gate(
        kernel=_again, name=name, symbol=name, variadic=True, of_complex="own",
        vjp=lambda g, out, work, position: work.gradient(g, out, position),
        tangent=lambda v, out, work, position: work.tangent(v, out, position),
    )  # fmt: skip

    def called(*args: Any, **kwargs: Any) -> Any:
        given = Container(args)
        if not any(isinstance(x, Tensor) for x in (*given.leaves, *kwargs.values())):
            return f_raw(*args, **kwargs)
        return _recorded(called, row, given, kwargs)

    functools.update_wrapper(called, f_raw, ("__module__", "__name__", "__qualname__", "__doc__"))
    called.fun = f_raw  # type: ignore[attr-defined]
    called._is_autograd_primitive = True  # type: ignore[attr-defined]
    return called


def _recorded(called: Any, row: Gate, given: Container, kwargs: dict[str, Any]) -> Any:
    """Call the function with plain values, and record one gate for each array that it gives."""
    for name, x in kwargs.items():
        if is_tracked(x):
            raise UnsupportedError(
                f"{row.name}: {name} is differentiated but passed by keyword, and rules are for "
                f"positional arguments; pass it by position"
            )
    mode = MODE.get()
    if not mode.kind.eager:
        raise UnsupportedError(
            f"{row.name}: a primitive of `autograd.extend` cannot be compiled; call it outside, or "
            "declare a gate with autograd.gates.gate"
        )
    kwargs = {name: unboxed(x) for name, x in kwargs.items()}
    values = [plain(x) if isinstance(x, Tensor) else _settled(x) for x in given.leaves]
    result = called.fun(*given.built(values), **kwargs)
    tracked = [k for k, x in enumerate(given.leaves) if is_tracked(x)]
    if not tracked or not mode.recording or called in notrace_primitives.get(VJPNode, ()):
        return result
    results = Container(result)
    for x in results.leaves:
        if is_tracked(x):
            raise GraphError(
                f"{row.name}: the function read a tracked tensor from outside, and the gradient of "
                "that would be lost; pass it as an argument"
            )
    nodes = [given.leaves[k].node for k in tracked]
    given.leaves = []  # a graph never holds the handles: one may move on to what is made of it
    made = []
    for k, x in enumerate(results.leaves):
        x = plain(x)
        if np.asarray(x).dtype.kind not in "fc":  # positions, flags, text: constants
            made.append(x)
            continue
        array = np.array(x)[()]
        work = _Primitive(called, given, values, kwargs, tracked, nodes, results, k)
        tensor = as_gate(row, work, array)
        tensor._memory = None
        made.append(tensor)
    return results.built(made)


def _settled(x: Any) -> Any:
    """An argument as it is now, for rules read it later."""
    return x.copy() if type(x) is np.ndarray and x.dtype != object else x


def _again(values: Sequence[Any], work: _Primitive) -> Any:
    """The kernel of the gates: for pictures and replays, which compute once more."""
    return work.computed(values)


class _Primitive(Work):
    """One array that a primitive gave, and the rules that belong to it."""

    def __init__(
        self, called: Any, given: Container, values: list[Any], kwargs: dict[str, Any],
        tracked: list[int], nodes: list[Node], results: Container, position: int,
    ):  # fmt: skip
        super().__init__()
        self.called, self.given, self.values, self.kwargs = called, given, values, kwargs
        self.tracked, self.operands, self.results, self.position = tracked, nodes, results, position
        # the argument that each operand is a part of
        self.argnums = [
            k for k, x in enumerate(given.built([*range(len(values))])) for _ in _leaves(x)
        ]

    def computed(self, operands: Sequence[Any]) -> Any:
        """The result at other values."""
        values = list(self.values)
        for k, value in zip(self.tracked, operands, strict=True):
            values[k] = value
        result = self.called.fun(*self.given.built(values), **self.kwargs)
        return np.asarray(Container(result).leaves[self.position])[()]

    def gradients(self, g: Any, out: Any) -> list[Any]:
        """The gradients by the operands."""
        if isinstance(g, StandIn):  # many at once, but a user's rule knows of one
            each = [self.gradients(one, out) for one in g.value]
            return [type(g)(np.stack(of_one)) for of_one in zip(*each, strict=True)]  # type: ignore[call-arg]
        rule = primitive_vjps.get(self.called)
        argnums = tuple(dict.fromkeys(self.argnums[k] for k in self.tracked))
        if rule is None:
            raise NotImplementedError(
                f"VJP of {self.called.__name__} wrt argnums {argnums} not defined; define it with "
                "autograd.extend.defvjp"
            )
        upstream = self._in_place_of_the_result(_turned(g), zeros=True)
        made = rule(argnums, self._ans(out), self._args(out), self.kwargs)(upstream)
        found = dict(zip(argnums, made, strict=True))
        leaves = {n: Container(x).leaves for n, x in found.items()}
        return [self._gradient(k, leaves, g) for k in self.tracked]

    def _gradient(self, k: int, leaves: dict[int, list[Any]], g: Any) -> Any:
        argnum = self.argnums[k]
        x = leaves[argnum][k - self.argnums.index(argnum)]
        x = x if isinstance(x, Tensor) else np.asarray(x)[()]
        shape = np.shape(self.values[k])
        if x.shape != shape and np.broadcast_shapes(x.shape, shape) == shape:
            x = np.broadcast_to(x, shape)
        x = _turned(x)
        return constant_tensor(x) if isinstance(g, Tensor) and not isinstance(x, Tensor) else x

    def tangent(self, v: Any, out: Any, position: int) -> Any:
        """The change of the result for that of one operand, where there is a rule for it."""
        rule = primitive_jvps.get(self.called)
        if rule is None:
            return NotImplemented
        k = self.tracked[position]
        argnum = self.argnums[k]
        change = [np.zeros_like(np.asarray(x)) if self.argnums[i] == argnum else None
                  for i, x in enumerate(self.values)]  # fmt: skip
        change[k] = v
        found = rule(
            (argnum,), (self.given.built(change)[argnum],), self._ans(out), self._args(out),
            self.kwargs,
        )  # fmt: skip
        part = Container(found).leaves[self.position]
        return part if isinstance(part, Tensor) else np.asarray(part)[()]

    def _args(self, out: Any) -> Any:
        """The arguments: as arrays, or as tensors of the graph if `out` is one."""
        values = list(self.values)
        if isinstance(out, Tensor):
            for k, node in zip(self.tracked, self.operands, strict=True):
                values[k] = recorded_tensor(values[k], node)
        return self.given.built(values)

    def _ans(self, out: Any) -> Any:
        """The result; recorded, if `out` is: other arrays in it depend on the operands too."""
        if isinstance(out, Tensor) and not self.results.single:
            again = Container(self.called(*self._args(out), **self.kwargs)).leaves
            again[self.position] = out
            return self.results.built(again)
        return self._in_place_of_the_result(out)

    def _in_place_of_the_result(self, x: Any, zeros: bool = False) -> Any:
        """The containers of the result with x in its place; beside it the values, or zeros."""
        leaves = [vspace(y).zeros() if zeros else y for y in self.results.leaves]
        leaves[self.position] = x
        return self.results.built(leaves)


def _leaves(x: Any) -> list[Any]:
    return Container(x).leaves


def _turned(g: Any) -> Any:
    """A gradient of the engine's in the convention of clients, or back."""
    return np.conj(g) if g.dtype.kind == "c" else g


# --- rules ---------------------------------------------------------------------------------------


def defvjp_argnums(fun: Rule, vjpmaker: Rule) -> None:
    """Give the rule of reverse mode for several arguments at once:
    vjpmaker(argnums, ans, args, kwargs) gives the function from g to one gradient for each."""
    _offer(fun)
    primitive_vjps[fun] = vjpmaker


def defvjp_argnum(fun: Rule, vjpmaker: Rule) -> None:
    """Give one rule for all arguments: vjpmaker(argnum, ans, args, kwargs)(g)."""

    def all_of_them(argnums: Sequence[int], *call: Any) -> Rule:
        vjps = [vjpmaker(argnum, *call) for argnum in argnums]
        return lambda g: [vjp(g) for vjp in vjps]

    defvjp_argnums(fun, all_of_them)


def defvjp(fun: Rule, *vjpmakers: Rule | None, argnums: Iterable[int] | None = None) -> None:
    """Give one rule for each argument: vjpmaker(ans, *args, **kwargs)(g); None is for zeros.

    `argnums`: which arguments they are for; default: the first ones. Raises TypeError for a rule
    that is no function.
    """
    rules = _by_argnum(fun, vjpmakers, argnums)

    def of_argnum(argnum: int, ans: Any, args: Any, kwargs: Any) -> Rule:
        if argnum not in rules:
            raise NotImplementedError(f"VJP of {_name(fun)} wrt argnum {argnum} not defined")
        maker = rules[argnum]
        if maker is None:
            return lambda g: vspace(args[argnum]).zeros()
        return maker(ans, *args, **kwargs)  # type: ignore[no-any-return]

    defvjp_argnum(fun, of_argnum)


def defjvp_argnums(fun: Rule, jvpmaker: Rule) -> None:
    """Give the rule of forward mode: jvpmaker(argnums, changes, ans, args, kwargs)."""
    _offer(fun)
    primitive_jvps[fun] = jvpmaker


def defjvp_argnum(fun: Rule, jvpmaker: Rule) -> None:
    """Give one rule of forward mode for all arguments: jvpmaker(argnum, v, ans, args, kwargs)."""

    def in_sum(argnums: Sequence[int], changes: Sequence[Any], *call: Any) -> Any:
        parts = [jvpmaker(n, v, *call) for n, v in zip(argnums, changes, strict=True)]
        total, space = parts[0], vspace(call[0])
        return functools.reduce(space.add, parts[1:], total)

    defjvp_argnums(fun, in_sum)


def defjvp(fun: Rule, *jvpfuns: Rule | str | None, argnums: Iterable[int] | None = None) -> None:
    """Give one rule of forward mode for each argument: jvpfun(v, ans, *args, **kwargs).

    "same" says that fun is linear in the argument; None is for zeros.
    """
    rules = _by_argnum(fun, jvpfuns, argnums)

    def of_argnum(argnum: int, v: Any, ans: Any, args: Any, kwargs: Any) -> Any:
        if argnum not in rules:
            raise NotImplementedError(f"JVP of {_name(fun)} wrt argnum {argnum} not defined")
        rule = rules[argnum]
        if rule is None:
            return vspace(ans).zeros()
        if rule == "same":
            return fun(*args[:argnum], v, *args[argnum + 1 :], **kwargs)
        return rule(v, ans, *args, **kwargs)

    defjvp_argnum(fun, of_argnum)


def def_linear(fun: Rule) -> None:
    """Say that a function is linear in each argument, for forward mode."""
    defjvp_argnum(fun, lambda n, v, ans, args, kwargs: fun(*args[:n], v, *args[n + 1 :], **kwargs))


def _by_argnum(fun: Rule, rules: Sequence[Any], argnums: Iterable[int] | None) -> dict[int, Any]:
    for rule in rules:
        if rule is not None and rule != "same" and not callable(rule):
            raise TypeError(f"{_name(fun)}: the rule {rule!r} is no function")
    return dict(zip(range(len(rules)) if argnums is None else argnums, rules, strict=False))


def _name(fun: Any) -> str:
    return getattr(fun, "__name__", repr(fun))


def _offer(fun: Any) -> None:
    """Let a function of NumPy's that has no gate be recorded as a primitive; a gate stays."""
    if not hasattr(fun, "fun") and _is_numpys(fun):
        from autograd import library  # noqa: F401 (fills the table)

        if fun not in NUMPY_FUNCTIONS:
            recorded = primitive(fun)
            primitive_vjps[recorded] = lambda *call: primitive_vjps[fun](*call)
            NUMPY_FUNCTIONS[fun] = recorded


def _is_numpys(fun: Any) -> bool:
    return isinstance(fun, np.ufunc) or str(getattr(fun, "__module__", "")).startswith("numpy")


# --- without a gradient --------------------------------------------------------------------------


def notrace_primitive(f_raw: Rule) -> Rule:
    """The function, given the plain values of tensors: what it gives has no gradient."""

    @functools.wraps(f_raw)
    def called(*args: Any, **kwargs: Any) -> Any:
        return f_raw(*map(unboxed, args), **kwargs)

    called._is_primitive = True  # type: ignore[attr-defined]
    return called


def register_notrace(trace_type: Any, primitive_fun: Rule) -> None:
    """Let a primitive give plain values without a gradient, in reverse (VJPNode) mode."""
    notrace_primitives.setdefault(trace_type, set()).add(primitive_fun)


class SparseObject:
    """Not offered: gradients of parts are arrays here, and added up by the engine."""

    __slots__: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *_: Any):
        raise UnsupportedError(
            "SparseObject: gradients of parts are arrays here; give an array of zeros with the "
            "gradient in its place"
        )
