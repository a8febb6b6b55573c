"""Arguments to call a function of NumPy with, from the names of its parameters.

NumPy names parameters alike all through: `a`, `x` or `m` is an array, `axis` a number. So there
is a list of arguments for each such name, and of their combinations those are examples that NumPy
itself computes with, without a warning. What cannot be known from names stands in `TOLD`.
"""

from __future__ import annotations

import inspect
import itertools
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Operand", "examples", "operands", "replaced"]


@dataclass(frozen=True, eq=False)
class Operand:
    """An array among the arguments that a system wraps in its tensor."""

    value: Any


def _all(*values: Any) -> list[Operand]:
    return [Operand(np.array(value)) for value in values]


# No two numbers are the same, none is a kink; the lower triangle is that of a definite matrix.
SQUARE = np.array([[0.83, 0.21, 0.34], [0.27, 0.91, 0.16], [0.42, 0.13, 0.74]])
OTHER = np.array([[0.52, 0.17, 0.88], [0.31, 0.67, 0.23], [0.73, 0.45, 0.94]])
ROW, ROWS = SQUARE[0], OTHER[1]
CUBE = np.concatenate([SQUARE.ravel(), OTHER.ravel()])[:16].reshape(2, 2, 2, 2)
FIRST = _all(SQUARE, SQUARE + 1, SQUARE + 1j * OTHER, ROW, [2, 0, 1], [True, False, True])
FIRST += _all(CUBE, CUBE[0], CUBE[0, 0, 0], 0.4, np.array([3, 250], np.uint8), [6, 4, 7])
FIRST += _all(np.array(["2001-01-01"], "M8[D]"))
SECOND = _all(OTHER, ROWS, OTHER - 0.09, [3, 2, 1], [True, True, False], OTHER - 1j * SQUARE)
SECOND += _all(CUBE + 0.05, CUBE[0] + 0.05, CUBE[0, 0, 1], 0.3, 2)
MASKS = [np.array([True, False, True]), OTHER > 0.5]
PLACES = [np.array([2, 0]), np.array([[0, 2, 1]] * 3), 1, [0]]

PAIR = [Operand(SQUARE), Operand(OTHER)]

# arguments for parameters of these names, in the order in which they are tried
_TOGETHER: list[tuple[str, list[Any]]] = [
    ("a x x1 m v ar ar1 a1 ary arr array A f p y z val filt q u object", FIRST),
    ("element sample seq_of_zeros prototype dst start", FIRST),
    ("x2 b a2 ar2 values vals test_elements src", SECOND),
    ("fill_value stop", SECOND[::-1]),
    ("left", [x.value for x in SECOND]),  # of a reflected operator: a plain array
    ("arrays tup choices choicelist", [
        PAIR, [Operand(CUBE), Operand(CUBE + 0.1)], [Operand(ROW), Operand(ROWS), Operand(ROWS + 1)]
    ]),
    ("keys", [tuple(PAIR)]),
    ("*args *arrays *arys *xi *arrays_and_dtypes", [(Operand(ROW), Operand(ROWS))]),
    ("*operands", [("ij,jk", *PAIR)]),
    ("*varargs", [()]),
    ("xp", [Operand(np.array([0.1, 0.5, 1.2]))]),
    ("fp", [Operand(np.array([0.7, 0.2, 0.9]))]),
    ("condition mask", MASKS),
    ("condlist", [[OTHER > 0.7, OTHER < 0.4]]),
    ("indices ind multi_index", [*PLACES, ([2, 0], [1, 1])]),
    ("obj kth axis source axis1 shift", [1, 0]),
    ("destination axis2", [0]),
    ("axes", [(1, 0), [0]]),
    ("repeats n N deg pad_width n_rows", [2, 3]),
    ("reps repetitions", [(2, 1)]),
    ("num", [4]),
    ("indices_or_sections", [[1, 2], 2]),
    ("shape new_shape", [(9,), (2, 3, 3), (3, 3), (4, 5)]),
    ("dims", [(3, 3)]),
    ("bins", [np.array([0.0, 0.3, 0.6, 1.0])]),
    ("func function", [np.sum]),
    ("dtype to type", [np.dtype(float), np.int64]),
    ("from_", [np.dtype(np.float32)]),
    ("kind", ["real floating"]),
    ("iter", [[1.0, 2.0]]),
    ("buffer", [b"12345678"]),
]  # fmt: skip
ARGUMENTS = {name: values for names, values in _TOGETHER for name in names.split()}
# of methods that NumPy has no function for, these are tried
UNKNOWN: list[tuple[Any, ...]] = [
    (), (Operand(np.array(0.3)),), (float,), (2,), (Operand(OTHER),), ("cpu",), (0.5, float),
    (-1, float), ("/dev/null",), (1, 0.5),
]  # fmt: skip
# what names do not tell: optional operands that matter, texts, and what stands for an index. Bins
# are chosen, not computed: of the values in them, they are constants.
TOLD: dict[str, tuple[Any, ...]] = {
    "np.arange": (4,),
    "np.reshape": (Operand(SQUARE), (9,)),
    "np.where": (MASKS[1], Operand(SQUARE), Operand(OTHER)),
    "xp.asarray": (Operand(SQUARE),),
    "np.apply_along_axis": (lambda x: x * x, 1, Operand(SQUARE)),
    "np.piecewise": (Operand(SQUARE), [OTHER > 0.7], [lambda x: x * x, 0.5]),
    "np.histogram": (Operand(ROW), [0.0, 0.3, 1.0], None, False, Operand(ROWS)),
    "np.histogram2d": (ROW, ROWS, [0.0, 0.3, 1.0], None, False, Operand(ROWS)),
    "np.histogramdd": ([ROW, ROWS], [[0.0, 0.3, 1.0]] * 2, None, False, Operand(ROWS)),
    "np.bincount": (np.array([2, 0, 1]), Operand(ROWS)),
    "np.polydiv": (Operand(CUBE.ravel()[:5]), Operand(ROW)),
    "np.fromstring": ("1 2", float, -1, " "),
    "np.linalg.tensorinv": (Operand(CUBE + np.eye(4).reshape(2, 2, 2, 2)),),
    "ndarray.__getitem__": (Operand(SQUARE), (1, slice(None))),
    "ndarray.__setitem__": (Operand(SQUARE), (1, slice(None)), Operand(ROWS)),
    "ndarray.__len__": (Operand(ROW),),
    "ndarray.choose": (Operand(np.array([1, 0, 1])), [Operand(ROW), Operand(ROWS)]),
    "ndarray.compress": (Operand(SQUARE), [True, False, True], 1),
    "ndarray.item": (Operand(SQUARE), 4),
    "ndarray.resize": (Operand(ROW), (2, 2)),
    "np.histogram_bin_edges": (ROW, 3),
    "ndarray.dump": (Operand(ROW), "/dev/null"),
    "ndarray.tofile": (Operand(ROW), "/dev/null"),
    "ndarray.reshape": (Operand(SQUARE), (9,)),
}
ENOUGH = 4  # examples of a function, where one alone leaves it open
TRIALS = 400


def examples(name: str, function: Callable[..., Any], described: Any) -> Iterator[tuple[Any, ...]]:
    """Arguments that NumPy's function takes, those of floats first, with Operands in them.

    `name` is that of the page, such as np.linalg.norm; the parameters are those of `described`.
    """
    if name in TOLD and _is_taken(function, TOLD[name]):
        yield TOLD[name]
        return
    found = 0
    for args in itertools.islice(_candidates(described, name), TRIALS):
        if found < ENOUGH and _is_taken(function, args):
            found += 1
            yield args


def _candidates(function: Any, name: str) -> Iterator[tuple[Any, ...]]:
    """Arguments to try, the first of each list first."""
    if isinstance(function, np.ufunc):
        lists = [_each(FIRST), _each(SECOND)][: function.nin]
    elif (of_parameters := _of_parameters(function)) is not None:
        lists = of_parameters
    else:
        lists = [_each(FIRST), UNKNOWN] if name.startswith("ndarray") else [UNKNOWN]
    ranks = sorted(itertools.product(*[range(len(x)) for x in lists]), key=sum)
    for rank in ranks:
        parts = (x[k] for x, k in zip(lists, rank, strict=True))
        yield tuple(itertools.chain.from_iterable(parts))


def _each(values: list[Any]) -> list[tuple[Any, ...]]:
    return [(value,) for value in values]


def _of_parameters(function: Any) -> list[list[tuple[Any, ...]]] | None:
    """Arguments to try for each parameter without a default; None if they are not known."""
    names = _parameters(function)
    if names is None or not ARGUMENTS.keys() >= {*names}:
        return None
    return [ARGUMENTS[n] if n.startswith("*") else _each(ARGUMENTS[n]) for n in names]


def _parameters(function: Any) -> list[str] | None:
    """The names of the parameters without a default, those of any number with a star."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):  # in C, told in the first line of the documentation
        told = re.match(r"\w+\((.*?)\)", (function.__doc__ or "").lstrip())
        names = told[1].replace("[", ",").split(",") if told else []
        return [n.strip() for n in names if re.fullmatch(r" *\w+ *", n)] if told else None
    several = inspect.Parameter.VAR_POSITIONAL
    required = [p for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    return [f"*{p.name}" if p.kind is several else p.name for p in required]


def _is_taken(function: Callable[..., Any], args: tuple[Any, ...]) -> bool:
    """Whether NumPy computes with it, and finds nothing to complain of."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            function(*replaced(args, np.copy))
    except Exception:
        return False
    return True


def operands(tree: Any) -> Iterator[Any]:
    """The arrays among arguments, in lists and tuples too."""
    if isinstance(tree, (list, tuple)):
        for part in tree:
            yield from operands(part)
    elif isinstance(tree, Operand):
        yield tree.value


def replaced(tree: Any, function: Callable[[Any], Any]) -> Any:
    """The arguments with another thing in the place of each array."""
    if isinstance(tree, (list, tuple)):
        return type(tree)(replaced(part, function) for part in tree)
    if isinstance(tree, Operand):
        return function(tree.value)
    return np.copy(tree) if isinstance(tree, np.ndarray) else tree
