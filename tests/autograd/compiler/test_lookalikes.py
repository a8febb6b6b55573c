"""Lookalikes: in a trace, arrays and numbers have the types, methods and results of eager code."""

from __future__ import annotations

import copy
import math
import numbers
import os
from collections import OrderedDict, namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Parameter, Tensor, TraceError

VALUES: dict[str, Any] = {
    "array": np.array([[0.5, -1.0, 2.0], [3.0, 0.25, -0.75]]),
    "without axes": np.array(0.5),
    "float32": np.array([0.5, -1.0], np.float32),
    "integers": np.array([3, 1, 2]),
    "bools": np.array([True, False, True]),
    "scalar": np.float64(0.5),
    "scalar of float32": np.float32(0.5),
    "float": 0.5,
}
WRITES = {"fill", "itemset", "partition", "put", "resize", "setfield", "setflags", "sort"}
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "astype": (np.float32,), "choose": ([1.0, 2.0, 3.0],), "clip": (0, 1), "compress": ([True],),
    "dot": (2.0,), "repeat": (2,), "reshape": (-1,), "searchsorted": (1.0,), "swapaxes": (0, 0),
    "take": (0,), "fill": (2.0,), "partition": (0,), "argpartition": (0,), "put": (0, 1),
    "byteswap": (), "newbyteorder": (), "getfield": (np.float64,), "setfield": (1.0, np.float64),
    "to_device": ("cpu",), "dump": (os.devnull,), "tofile": (os.devnull,), "fromhex": ("0x1p0",),
    "is_integer": (), "resize": (1,), "item": (), "itemset": (1.0,),
}  # fmt: skip


def alike(a: Any, b: Any) -> bool:
    """The same type, and the same bits."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, dict):
        return alike([*a.items()], [*b.items()])
    if isinstance(a, (np.ndarray, np.generic, float)):
        x, y = np.asarray(a), np.asarray(b)
        return (x.shape, x.dtype) == (y.shape, y.dtype) and x.tobytes() == y.tobytes()
    if isinstance(a, Tensor):
        return alike(a.numpy(), b.numpy())
    return bool(a == b)


def agree(f: Callable[..., Any], *args: Any) -> bool:
    """The compiled function gives what the function gives, or refuses: True for the former."""
    compiled = ag.compile(f)
    with np.errstate(all="ignore"):
        try:
            expected = f(*map(copy.copy, args))
        except Exception as error:
            with pytest.raises((type(error), TraceError)):
                compiled(*map(copy.copy, args))
            return True
        try:
            found = [compiled(*map(copy.copy, args)) for _ in range(3)]
        except TraceError as error:
            remedies = ("use ", "pass ", "return ", "write ", "outside", "work on", "take ")
            assert any(word in str(error) for word in remedies), error  # noqa: PT017
            return False
    for got in found:
        assert alike(got, expected), (type(got), got, type(expected), expected)
    return True


def public(x: Any) -> list[str]:
    return [name for name in dir(type(x)) if not name.startswith("_")]


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, x in VALUES.items() for name in public(x)]
)
def test_every_attribute_is_as_in_eager_code_or_refused(kind: str, name: str) -> None:
    def f(x: Any) -> Any:
        x = x.copy() if name in WRITES else x
        found = getattr(x, name)
        if callable(found):
            found = found(*ARGUMENTS.get(name, ()))
        return x if name in WRITES else found

    agree(f, VALUES[kind])


RIGHT: dict[str, Callable[[Any], Any]] = {
    "arithmetic": lambda x: (x + 1, 2.0 - x, x * x, x / 2, -x, +x, abs(x), x**2, 2**x, x % 2),
    "comparisons": lambda x: (x > 0, x <= 0.5, x == 0.5, x != 1, x < 1),
    "bools": lambda x: (~(x > 0), (x > 0) & (x < 1), (x > 0) | (x < -1)),
    "functions": lambda x: (np.exp(x), np.add(x, 1.0), np.maximum(x, 0), np.where(x > 0, x, 0.0)),
    "reductions": lambda x: (np.sum(x), np.mean(x), np.max(x), np.any(x > 0)),
    "shapes": lambda x: (np.shape(x), np.ndim(x), np.size(x), np.reshape(x, -1), np.ravel(x)),
    "copies": lambda x: (copy.copy(x), copy.deepcopy(x)),
    "itself": lambda x: (x, [x], {"x": x}),
    "types": lambda x: [
        isinstance(x, kind)
        for kind in (np.ndarray, np.generic, np.floating, float, int, numbers.Real, Tensor, list)
    ],
    "np.isscalar": lambda x: np.isscalar(x),
    "class": lambda x: x.__class__.__name__,
    "attributes": lambda x: [hasattr(x, name) for name in ("shape", "backward", "is_integer", "T")],
}


@pytest.mark.parametrize("what", RIGHT)
@pytest.mark.parametrize("kind", VALUES)
def test_what_programs_do_with_values_gives_the_types_of_eager_code(kind: str, what: str) -> None:
    if (kind, what) in {("bools", "arithmetic")}:
        pytest.skip("NumPy has no minus for bools")
    assert agree(RIGHT[what], VALUES[kind])


def test_writing_into_what_the_function_made() -> None:
    def f(x: Any) -> Any:
        y = x.copy()
        y.sort()
        y += 1
        y[0] = 5.0
        z = np.zeros_like(x)
        z.fill(2.0)
        z[1:] *= x[1:]
        tail = z[1:]
        tail += 1
        tail[0] = 7.0
        tail[1:] -= y[1:2]
        return y, z, tail

    assert agree(f, np.array([3.0, -1.0, 2.0]))


W = Parameter(np.array([1.0, -2.0, 0.5]))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: (x * W, W * x, x @ W, np.sum(x) * W, x + W.detach()),
        lambda x: (W.data, W.data * 2, W.numpy(), x * W.data, W.data[1:], W.data.copy(), -W.data),
        lambda x: (ag.relu(x), ag.softmax(x), ag.relu(W)),
        lambda x: ag.value_and_grad(lambda v: np.sum(v * W.detach()))(x),
        lambda x: Tensor(x, requires_grad=False) + x,
    ],
    ids=["mixed", "values", "gates", "gradient", "made"],
)
def test_arrays_beside_tensors(f: Callable[[Any], Any]) -> None:
    x = np.array([0.5, -1.0, 2.0])
    compiled = ag.compile(f)
    for _ in range(3):
        for got, expected in zip(compiled(x), f(x), strict=True):
            assert type(got) is type(expected)
            assert alike(np.asarray(got), np.asarray(getattr(expected, "_array", expected)))


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: x * (2 if type(x) is np.ndarray else 3), "calls type"),
        (lambda x: x * (id(x) % 2), "calls id"),
        (lambda x: x * len(str(x)), "the text of a value"),
        (lambda x: f"{x[0]:.3f}", "the text of a value"),
        (lambda x: {x[0]: 1}, r"hash\(t\)"),
        (lambda x: np.array([x[0], x[1]]), "what makes an array"),
        (lambda x: math.exp(x[0]), r"float\(t\)"),
        (lambda x: np.add(x, 1, out=np.empty(3)), "out=array"),
        (lambda x: x.sort(), "writes to x"),
        (lambda x: (v * 2 for v in x), "returns a generator"),
        (lambda x: map(np.exp, x), "returns a map"),
        (lambda x: lambda y: x * y, "returns a function"),
        (lambda x: W.data[1:].fill(1.0), "is read-only"),
    ],
)
def test_what_cannot_be_as_in_eager_code_is_refused(f: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(TraceError, match=message):
        ag.compile(f)(np.array([0.5, -1.0, 2.0]))


def test_a_refusal_that_the_function_catches_is_one() -> None:
    def f(x: Any) -> Any:
        try:
            return x * float(x[0])
        except Exception:
            return x

    with pytest.raises(TraceError, match="needs the value"):
        ag.compile(f)(np.ones(3))


def test_type_of_other_things_may_be_asked() -> None:
    class Scale:
        def __call__(self, x: Any) -> Any:
            return x * len(type(self).__name__) * isinstance(type, type)

    assert agree(Scale(), np.ones(3))


def test_arguments_that_are_the_same_object() -> None:
    def f(x: Any, y: Any) -> Any:
        return x * 2 if x is y else x * 3

    compiled, (a, b) = ag.compile(f), (np.ones(2), np.ones(2))
    for x, y in ((a, a), (a, b), (b, a), (b, b), (1.5, 1.5), (a, a)):
        assert alike(compiled(x, y), f(x, y))


Pair = namedtuple("Pair", "left right")


@dataclass
class Named:
    left: Any
    right: Any = 3


def test_containers_of_results_are_those_of_eager_code() -> None:
    compiled = ag.compile(lambda x: (Pair(x * 2, 1), OrderedDict(a=x), Named(x * 3), [{"a": (x,)}]))
    for x in (np.ones(2), np.zeros(2)):
        pair, ordered, named, nested = compiled(x)
        assert (type(pair), type(ordered), type(named)) == (Pair, OrderedDict, Named)
        assert alike([pair.left, named.left, ordered["a"]], [x * 2, x * 3, x])
        assert alike(nested[0]["a"][0], x)
        assert (pair.right, named.right) == (1, 3)


def test_a_parameter_that_is_returned_is_the_parameter() -> None:
    p = Parameter(np.ones(2))
    compiled = ag.compile(lambda x: (p, x * 2, [p]))
    for _ in range(2):
        found, _, more = compiled(np.ones(2))
        assert found is p
        assert more[0] is p
        p.data = p.data * 2


def test_lists_that_the_function_is_given_are_not_changed() -> None:
    def f(x: Any, seen: list[Any]) -> Any:
        seen.append(x)
        return x * 2

    with pytest.raises(TraceError, match="changes a list"):
        ag.compile(f)(np.ones(2), [])


def test_generators_and_coroutines_are_refused_at_once() -> None:
    def steps(x: Any) -> Any:
        yield x

    async def later(x: Any) -> Any:
        return x

    async def both(x: Any) -> Any:
        yield x

    for f in (steps, later, both):
        with pytest.raises(TraceError, match="step by step"):
            ag.compile(f)


def test_a_copy_of_a_compiled_function_is_one_of_its_own() -> None:
    net = nn.Linear(2, 2)
    compiled = ag.compile(lambda x: net(x) * 2)
    again = copy.deepcopy(compiled)
    x = np.ones((1, 2))
    assert alike(compiled(x), again(x))
    assert again.entries is not compiled.entries


def test_a_parameter_without_axes_gives_arrays_after_an_update() -> None:
    p = Parameter(np.array(0.5, np.float32))

    def step() -> Any:
        nonlocal p
        (p * 2.0).backward()
        p += 0.1 * p.grad
        return p.numpy(), p.data

    compiled = ag.compile(step)
    for _ in range(2):
        assert [type(x) for x in compiled()] == [type(x) for x in step()]


def test_joined_in_one_row_constants_keep_their_place() -> None:
    known = np.array([[1.0, 2.0], [3.0, 4.0]])

    def f(x: Any) -> Any:
        return 2.0 * np.concatenate([known, x * 2.0, known], axis=None)

    assert agree(f, np.ones((1, 3)))


def test_plain_operands_stand_next_to_tensors_in_joins_and_products() -> None:
    p = Parameter(np.array([[[0.5]], [[2.0]]]))

    def joined(x: Any) -> Any:
        return np.concatenate([x, p, x], axis=None), np.concatenate([x[:, :, None], p])

    def product(x: Any) -> Any:
        return np.dot(x, p), x.dot(p), np.dot(x[0, 0], p)

    assert agree(joined, np.ones((3, 1)))
    assert agree(product, np.ones((3, 1)))


def test_an_argument_is_the_index_of_an_array_from_outside() -> None:
    table = np.arange(8.0).reshape(2, 4)
    compiled = ag.compile(lambda index: table[index] * 1.5)
    for index in ([[-1, 1]], [[0, 0]]):
        assert alike(compiled(np.array(index)), table[index] * 1.5)
    table[0] = 7.0
    assert alike(compiled(np.array([[0, 0]])), table[[[0, 0]]] * 1.5)


def test_numpys_functions_of_pythons_numbers_give_numpys_numbers() -> None:
    """Which make float32 wider, as a float of Python does not."""

    def f(x: Any) -> Any:
        return np.multiply(x, 2) * np.float32(0.3), np.negative(x) + np.ones(2, np.float32)

    compiled = ag.compile(f)
    for x in (0.7, 0.1, 0.3):
        for found, wanted in zip(compiled(x), f(x), strict=True):
            assert alike(found, wanted)


def test_adding_at_places_of_an_array_from_outside() -> None:
    start = np.array([1.0, 2.0, 3.0])

    def f(index: Any, x: Any) -> Any:
        sums = start * 1.0
        np.add.at(sums, (index,), x)
        return sums * 2

    compiled = ag.compile(f)
    for index, x in ((1, 0.5), (2, -1.0), (1, 2.0)):
        given = np.array(index), np.array(x)
        assert alike(compiled(*given), f(*given))


def test_a_copy_of_values_without_axes_is_of_their_class() -> None:
    p = Parameter(np.array(1.5), name="p")

    def f(x: Any) -> Any:
        return x.copy()[None], x.flatten()

    compiled = ag.compile(f)
    for _ in range(2):
        for found, wanted in zip(compiled(p.data), f(p.data), strict=True):
            assert type(found) is type(wanted)


def test_a_number_of_an_array_is_no_array_to_write_to() -> None:
    def step(bias: Any, x: Any) -> Any:
        y = x * 1.0
        y[np.int64(-1)] += bias  # a tensor
        return np.sum(y)

    bias, x = Tensor(0.5, requires_grad=False), np.array([1.0, 2.0])
    assert ag.compile(step)(bias, x) == step(bias, x) == 3.5
