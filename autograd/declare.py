"""`gate()` declares a gate: it turns a row of the table into a function, an operator, a method.

The function sorts its arguments into operands and keyword arguments, and calls the gate (call.py).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, overload

import numpy as np

from .arrays import settled
from .call import run
from .errors import UnsupportedError
from .gate import GATES, Function, Gate
from .modes import MODE
from .numpy_api import COMPOSED, NUMPY_FUNCTIONS, register
from .tensor import Tensor
from .words import MISFITS, misfit

if TYPE_CHECKING:
    from .gates.signatures import Binary, Recorded

__all__ = ["composed", "gate", "register_method"]

P = ParamSpec("P")
UNSET = inspect.Parameter.empty  # the default of an argument that has none


@overload
def gate(
    kernel: None = None, numpy: Any = None, **row: Any
) -> Callable[[Callable[Concatenate[Any, P], Any]], Recorded[P]]: ...
@overload
def gate(kernel: Callable[[Any], Any], numpy: Any = None, **row: Any) -> Recorded[[]]: ...
@overload
def gate(kernel: Callable[[Any, Any], Any], numpy: Any = None, **row: Any) -> Binary: ...
def gate(
    kernel: Function | None = None,
    numpy: Any = None,
    *,
    methods: Sequence[str] = (),
    reflected: str | None = None,
    **row: Any,
) -> Any:
    """Declare a gate; gives the function that records it. Also a decorator of the kernel.

    kernel           the forward pass on arrays: operands first, then keyword arguments
    numpy            the NumPy function, or several, that should record this gate
    methods          names under which Tensor offers it; `reflected`: with operands exchanged
    name, symbol     how it is called in errors, and drawn in pictures
    role             what it does to gradients, in the words of the lecture
    written          how it stands in a formula, "−x", where the symbol does not show that
    face             what stands on it in a picture, with its keyword arguments: "[{index}]"
    says             the downstream gradient in words (with `local`: the local one), where the rule
                     is not the best formula: one text per operand, or one for all, with {g}, {out}
                     and the operands' names
    local, vjp       one local gradient (or vjp rule) per operand; None where there is none
    shape            the shape of the result, from those of the operands and keyword arguments, for
                     gates that are costly: what is only drawn need not run
    elementwise      each result belongs to one place of the operands (implied by `local`)
    linear           the vjp rules do not depend on values: sums, reshapes, ...
    live             per operand: where its values were used at all (see masks.py)
    selects          the same for a linear gate, whose rules tell where
    expand           the same computation in simpler gates, to be shown in a picture
    opened           when pictures show that: "always", without a box around it; "asked for" only;
                     else the explorer does, too
    variadic         the operands come as one sequence
    of_complex       how its rules treat complex numbers: "holomorphic", as those of a function that
                     has a complex derivative; "own", they are meant as they stand; "refused"
    differentiable   False for gates whose result carries no gradient, such as comparisons
    Raises TypeError when a rule names something that the gate does not have.
    """
    if kernel is None:

        def decorate(function: Function) -> Any:
            name = row.pop("name", function.__name__)
            return gate(function, numpy, methods=methods, reflected=reflected, name=name, **row)

        return decorate

    if numpy is None and isinstance(kernel, np.ufunc):
        numpy = kernel
    functions = [numpy] if callable(numpy) else list(numpy or ())
    first = functions[0] if functions else None
    declared = Gate(kernel=kernel, numpy=first, functions=(kernel, *functions), **row)
    if declared.name in GATES:
        raise TypeError(f"there is already a gate called {declared.name!r}")
    GATES[declared.name] = declared
    function = caller(declared)
    _dress(function, declared)
    for offered in functions:
        register(offered, function, declared)
    register_method(methods, function, reflected)
    return function


def caller(row: Gate) -> Callable[..., Any]:
    """The function that calls a gate. (`fast` replaces this one.)"""

    def call(*args: Any, **static: Any) -> Any:
        operands, static = bind(row, args, static)
        try:
            return run(row, operands, static, MODE.get())
        except MISFITS as error:
            raise misfit(row, operands, error) from None

    return call


def bind(
    row: Gate, args: Sequence[Any], static: dict[str, Any]
) -> tuple[Sequence[Any], dict[str, Any]]:
    """The operands of a call, and the keyword arguments that are not left at their defaults."""
    names = (*row.operands, *row.statics)
    if len(args) > len(names):
        raise TypeError(f"{row.name}: takes at most {len(names)} arguments, got {len(args)}")
    bound = dict(zip(names, args, strict=False))
    for name, value in static.items():
        if name in bound or name not in names:
            problem = "twice" if name in bound else f"but it takes {', '.join(names)}"
            raise TypeError(f"{row.name}: got the argument {name!r} {problem}")
        bound[name] = value
    missing = [n for n in names if n not in bound and row.statics.get(n, UNSET) is UNSET]
    if missing:
        raise TypeError(f"{row.name}: missing operand {', '.join(missing)}")
    operands = [bound.pop(name) for name in row.operands]
    chosen = {name: settled(x) for name, x in bound.items() if x is not row.statics[name]}
    refuse_tensors(row, chosen)
    return (tuple(operands[0]) if row.variadic else operands), chosen


def refuse_tensors(row: Gate, static: dict[str, Any]) -> None:
    """Raise UnsupportedError if a keyword argument, for which there is no rule, is a Tensor."""
    for name, value in static.items():
        if isinstance(value, (Tensor, tuple, list, dict)) and holds_tensor(value):
            raise UnsupportedError(
                f"{row.name}: {name} is a Tensor, but there is no gradient rule for it; pass "
                f"{name}.item() or {name}.numpy(), which leave the graph on purpose"
            )


def holds_tensor(value: Any) -> bool:
    """Whether a keyword argument is a Tensor, or has one in it."""
    if isinstance(value, dict):
        value = tuple(value.values())
    parts = value if isinstance(value, (tuple, list)) else ()
    return isinstance(value, Tensor) or any(map(holds_tensor, parts))


def composed(*functions: Any, methods: Sequence[str] = ()) -> Callable[[Function], Function]:
    """Let functions of NumPy, given Tensors, run a definition in other functions: a decorator.

    The definition takes what the first function takes. It has no rule of its own, for what it
    calls has.
    """

    def register_all(definition: Function) -> Function:
        for function in functions:
            NUMPY_FUNCTIONS[function] = definition
        home = functions[0].__module__.partition("numpy.")[2]
        name = functions[0].__name__
        COMPOSED[f"{home}.{name}" if home in ("linalg", "fft") else name] = definition
        register_method(methods, definition)
        return definition

    return register_all


def register_method(names: Sequence[str], call: Any, reflected: str | None = None) -> None:
    """Offer a gate as operators and methods of Tensor."""
    for name in names:
        setattr(Tensor, name, call)
        if getattr(call, "__name__", "").startswith("_") and not name.startswith("_"):
            call.__qualname__ = f"Tensor.{name}"  # which Python's messages tell
    if reflected:
        setattr(Tensor, reflected, lambda self, other: call(other, self))


def _dress(call: Any, row: Gate) -> None:
    """Give the recording function the name, signature and documentation of its kernel."""
    call.__name__ = call.__qualname__ = row.name
    call.__module__ = "autograd.gates"
    documented = row.numpy if isinstance(row.numpy, np.ufunc) else None
    if documented is None:
        call.__doc__ = row.kernel.__doc__
        call.__signature__ = inspect.signature(row.kernel)
    else:
        operands = ", ".join(row.operands)
        call.__doc__ = f"{row.name}({operands}), elementwise, as `np.{documented.__name__}`."
