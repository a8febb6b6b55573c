"""Jacobians, Hessians and products with them: against PyTorch, differences and closed forms."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from close import assert_close
from draws import generator
from gate_cases import CASES, Case

import autograd as ag
from autograd import DTypeError, GraphError, ShapeError, Tensor
from autograd.functional.check import FOUR_POINTS
from autograd.gate import GATES

rng = generator(11)
SMOOTH = [case for case in CASES if case.smooth]


def close(a: Any, b: Any, rtol: float | None = None, of: Any = ()) -> None:
    assert_close(a, b, rtol, of=of)


def total_of(case: Case) -> Callable[..., Any]:
    """A single value that depends on all elements of a case's result in its own way."""

    def f(*xs: Any) -> Any:
        out = case.f(*xs)
        return np.sum(out * np.linspace(0.5, 1.5, out.size).reshape(out.shape))

    return f


def all_of(case: Case) -> range:
    return range(len(case.inputs))


def by_rows(f: Callable[..., Any], xs: list[Any]) -> list[Any]:
    """The Jacobian, one product after the other."""
    shape = f(*map(Tensor, xs)).shape
    if 0 in shape:
        return [np.zeros(shape + x.shape) for x in xs]
    rows = [
        ag.vjp(f, range(len(xs)), allow_unused=True)(*xs, one.reshape(shape))
        for one in np.eye(int(np.prod(shape)))
    ]
    columns = zip(*rows, strict=True)
    return [np.stack(c).reshape(shape + x.shape) for c, x in zip(columns, xs, strict=True)]


# --- every gate ----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_the_jacobian_of_every_gate_is_that_of_its_rows(case: Case) -> None:
    jacobian = ag.jacobian(case.f, all_of(case), allow_unused=True)
    found, compiled = jacobian(*case.inputs), ag.compile(jacobian)
    for a, b in zip(found, by_rows(case.f, case.inputs), strict=True):
        close(a, b)
    for _ in range(2):
        for a, b in zip(compiled(*case.inputs), found, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("case", SMOOTH, ids=lambda c: c.id)
def test_the_hessian_of_every_smooth_gate_is_that_of_its_products(case: Case) -> None:
    f, xs = total_of(case), case.inputs
    hessian = ag.hessian(f, all_of(case), allow_unused=True)(*xs)
    directions = tuple(rng.normal(size=x.shape) for x in xs)
    products = ag.hvp(f, all_of(case), allow_unused=True)(*xs, directions)
    for i, row in enumerate(hessian):
        along = sum(np.tensordot(h, v, v.ndim) for h, v in zip(row, directions, strict=True))
        close(along, products[i], 1e-9, of=xs)
        for j, block in enumerate(row):
            assert block.shape == xs[i].shape + xs[j].shape


@pytest.mark.parametrize("case", SMOOTH, ids=lambda c: c.id)
def test_the_jvp_of_every_smooth_gate_is_its_slope(case: Case) -> None:
    xs, f = case.inputs, case.f
    directions = tuple(rng.normal(size=x.shape) for x in xs)

    def at(step: float) -> Any:
        return f(*[Tensor(x + step * v) for x, v in zip(xs, directions, strict=True)]).numpy()

    h = 1e-3
    slope = sum(weight * at(steps * h) for steps, weight in FOUR_POINTS) / h
    jvp = ag.jvp(f, all_of(case), allow_unused=True)
    close(jvp(*xs, directions), slope, 1e-6, of=[at(0.0)])
    for _ in range(2):
        np.testing.assert_array_equal(ag.compile(jvp)(*xs, directions), jvp(*xs, directions))


# --- against others ------------------------------------------------------------------------------


FUNCTIONS: dict[str, tuple[Callable[[Any], Any], str, tuple[int, ...]]] = {
    "vector": (lambda x: np.tanh(x) * np.sum(x * x), "lambda x: T.tanh(x) * T.sum(x * x)", (4,)),
    "matrix": (lambda x: np.exp(x @ x.T), "lambda x: T.exp(x @ x.T)", (2, 3)),
    "number": (lambda x: x**3 / (1 + x), "lambda x: x**3 / (1 + x)", ()),
    "softmax": (lambda x: ag.softmax(x), "lambda x: T.softmax(x, -1)", (3, 4)),
    "norm": (lambda x: np.sqrt(np.sum(x * x)), "lambda x: T.sqrt(T.sum(x * x))", (5,)),
    "indexed": (lambda x: x[[0, 2, 0]] * x[1:, None], "lambda x: x[[0, 2, 0]] * x[1:, None]", (4,)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_as_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    f, code, shape = FUNCTIONS[name]
    g = eval(code, {"T": torch})
    x, v = rng.uniform(0.5, 1.5, shape), rng.normal(size=shape)
    theirs, their_v = torch.tensor(x), torch.tensor(v)
    out, expected = torch.autograd.functional.jvp(g, theirs, their_v)
    u = rng.normal(size=tuple(out.shape))
    close(ag.jacobian(f)(x), torch.autograd.functional.jacobian(g, theirs).numpy())
    close(ag.jvp(f)(x, v), expected.numpy())
    close(ag.vjp(f)(x, u), torch.autograd.functional.vjp(g, theirs, torch.tensor(u))[1].numpy())

    single = lambda x: np.sum(f(x) ** 2)  # noqa: E731
    their_single = lambda x: torch.sum(g(x) ** 2)  # noqa: E731
    close(
        ag.hessian(single)(x), torch.autograd.functional.hessian(their_single, theirs).numpy(), 1e-9
    )
    close(
        ag.hvp(single)(x, v),
        torch.autograd.functional.hvp(their_single, theirs, their_v)[1].numpy(),
        1e-9,
    )


def test_closed_forms() -> None:
    A, x = rng.normal(size=(3, 4)), rng.normal(size=4)
    close(ag.jacobian(lambda x: A @ x)(x), A)
    close(ag.hessian(lambda x: x @ (A.T @ A) @ x)(x), 2 * A.T @ A)
    X, y = rng.normal(size=(30, 4)), np.sign(rng.normal(size=30))
    loss = lambda w: np.mean(np.log1p(np.exp(-y * np.dot(X, w))))  # noqa: E731
    p = 1 / (1 + np.exp(-X @ x))
    close(ag.hessian(loss)(x), (X.T * (p * (1 - p) / 30)) @ X)
    close(ag.hvp(loss)(x, A[0]), (X.T * (p * (1 - p) / 30)) @ X @ A[0])


# --- several arguments, shapes, dtypes -----------------------------------------------------------


def test_several_arguments_give_tuples() -> None:
    f = lambda x, k, y: np.sum(x[:, None] * y**k)  # noqa: E731
    x, y = rng.normal(size=2), rng.normal(size=3)
    (xx, xy), (yx, yy) = ag.hessian(f, (0, 2))(x, 3, y)
    close(xx, np.zeros((2, 2)))
    close(xy, np.tile(3 * y**2, (2, 1)))
    close(yx, xy.T)
    close(yy, np.diag(6 * y * x.sum()))
    by_y, by_x = ag.jacobian(lambda x, k, y: x[:, None] * y**k, (2, 0))(x, 3, y)
    assert by_y.shape == (2, 3, 3)
    assert by_x.shape == (2, 3, 2)
    assert ag.hessian(f, (2,))(x, 3, y)[0][0].shape == (3, 3)


def test_a_dtype_stays_and_results_belong_to_the_caller() -> None:
    x = np.ones(3, np.float32)
    for compiled in (False, True):
        for transform in (ag.jacobian, ag.hessian):
            f = transform(lambda x: np.sum(x * x) * 2.0)
            f = ag.compile(f) if compiled else f
            first = f(x)
            first += 1  # can be written to
            assert first.dtype == np.float32
            assert not np.array_equal(f(x), first)


def test_nothing_and_single_values() -> None:
    assert ag.jacobian(lambda x: x * x)(np.zeros((0, 2))).shape == (0, 2, 0, 2)
    close(ag.hessian(lambda x: x**3)(2.0), 12.0)
    close(ag.jacobian(lambda x: x)(np.ones(2)), np.eye(2))
    close(ag.hessian(lambda x: np.sum(x) * 2)(np.ones(2)), np.zeros((2, 2)))  # linear
    close(ag.hvp(lambda x: np.sum(x) * 2)(np.ones(2), np.ones(2)), np.zeros(2))


# --- they can be differentiated and compiled again -----------------------------------------------


def test_derivatives_of_derivatives() -> None:
    x = rng.uniform(0.5, 1.5, 3)
    third = ag.jacobian(ag.hessian(lambda x: np.sum(x**4)))(x)
    expected = np.zeros((3, 3, 3))
    expected[np.arange(3), np.arange(3), np.arange(3)] = 24 * x
    close(third, expected)
    close(ag.hessian(ag.grad(lambda x: x**5))(2.0), 60 * 4.0)
    close(ag.grad(lambda x: np.sum(ag.hessian(lambda z: np.sum(z**4))(x)))(x), 24 * x)
    close(ag.grad(lambda x: np.sum(ag.jacobian(lambda z: z**3)(x)))(x), 6 * x)
    v = rng.normal(size=3)
    close(ag.grad(lambda x: np.sum(ag.jvp(lambda z: z**3)(x, v)))(x), 6 * x * v)
    close(ag.grad(lambda v: np.sum(ag.jvp(lambda z: z**3)(x, v)))(v), 3 * x**2)
    close(ag.grad(lambda v: np.sum(ag.vjp(lambda z: z**3)(x, v)))(v), 3 * x**2)
    close(ag.grad(lambda v: np.sum(ag.hvp(lambda z: np.sum(z**3))(x, v)))(v), 6 * x)


@pytest.mark.parametrize("transform", [ag.jacobian, ag.hessian, ag.hvp, ag.jvp, ag.vjp])
def test_compiled_they_give_the_bits_of_eager_at_other_inputs(transform: Any) -> None:
    W = rng.normal(size=(6, 4))

    def f(x: Any) -> Any:
        return np.mean(np.log1p(np.exp(np.maximum(W @ x, 0.1) * np.sum(x * x))))

    products = transform in (ag.hvp, ag.jvp, ag.vjp)
    eager, compiled = transform(f), ag.compile(transform(f))
    for _ in range(3):
        x = rng.normal(size=4)
        more = () if not products else (np.float64(0.7),) if transform is ag.vjp else (x[::-1] * 2,)
        np.testing.assert_array_equal(compiled(x, *more), eager(x, *more))
    assert compiled.why == ["first call"]


def test_a_nan_of_an_unused_branch_stays_out_of_every_row() -> None:
    f = lambda x: np.where(x > 0, np.log(x), x * x)  # noqa: E731
    x = np.array([0.0, 2.0, -1.0])
    with np.errstate(all="ignore"):
        close(ag.jacobian(f)(x), np.diag([0.0, 0.5, -2.0]))
        close(ag.compile(ag.jacobian(f))(x), np.diag([0.0, 0.5, -2.0]))
        program = ag.compile(ag.jacobian(f))
        close(program(np.ones(3)), np.eye(3))
        close(program(x), np.diag([0.0, 0.5, -2.0]))


# --- forward mode ---------------------------------------------------------------------------------


def slope(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The derivative of a function of one number, by a pass forward."""
    return lambda x: ag.jvp(f)(x, np.ones_like(x))


ORDERS = {
    "reverse over reverse": (ag.grad, ag.grad),
    "forward over reverse": (slope, ag.grad),
    "reverse over forward": (ag.grad, slope),
    "forward over forward": (slope, slope),
}


@pytest.mark.parametrize("outer", ORDERS)
def test_the_second_derivative_in_every_order(outer: str) -> None:
    second, first = ORDERS[outer]
    cube = lambda x: x * x * x  # noqa: E731
    assert float(first(cube)(2.0)) == 12.0
    assert float(second(first(cube))(2.0)) == 12.0
    for third in (ag.grad, slope):
        assert float(third(second(first(cube)))(2.0)) == 6.0
        assert float(ag.compile(third(second(first(cube))))(2.0)) == 6.0
    assert second(first(cube))(np.float32(2.0)).dtype == np.float32


HESSIANS = {"hessian": ag.hessian, "jacobian of grad": lambda f: ag.jacobian(ag.grad(f))}


@pytest.mark.parametrize("hessian", HESSIANS.values(), ids=HESSIANS)
@pytest.mark.parametrize("loss", ["logaddexp", "sigmoid", "log1p"])
def test_the_hessian_of_a_logistic_loss_is_the_closed_form(hessian: Any, loss: str) -> None:
    """Of 50 weights: Xᵀ diag(p (1 - p)) X / n, with the probabilities p."""
    X, w = rng.normal(size=(200, 50)), rng.normal(size=50) * 0.3
    y = np.where(rng.random(200) < 0.5, 1.0, -1.0)
    losses = {
        "logaddexp": lambda w: np.mean(np.logaddexp(0.0, -y * (X @ w))),
        "sigmoid": lambda w: -np.mean(np.log(ag.sigmoid(y * (X @ w)))),
        "log1p": lambda w: np.sum(np.log1p(np.exp(-y * np.dot(X, w)))) / len(y),
    }
    p = 1 / (1 + np.exp(-(X @ w)))
    expected = X.T @ (X * (p * (1 - p))[:, None]) / len(y)
    found = hessian(losses[loss])(w)
    close(found, expected, 1e-10)
    v = rng.normal(size=50)
    close(ag.hvp(losses[loss])(w, v), expected @ v, 1e-10)


def test_a_pass_forward_goes_over_each_gate_once() -> None:
    calls = []

    def rule(g: Any) -> Any:
        calls.append(1)
        return 2.0 * g

    doubled = ag.gates.gate(lambda x: 2.0 * x, name="doubled", vjp=rule)
    try:
        found = ag.jvp(lambda x: doubled(doubled(x)) + x)(np.ones(50), np.arange(50.0))
    finally:
        GATES.pop("doubled")
    close(found, 5.0 * np.arange(50.0))
    assert len(calls) == 2


def test_what_does_not_change_has_no_part_in_a_change() -> None:
    """The slope of √ at 0 is infinite, but 0 does not move along this direction."""
    with np.errstate(all="ignore"):
        close(ag.jvp(np.sqrt)(np.array([0.0, 4.0]), np.array([0.0, 1.0])), [0.0, 0.25])
        f = lambda x: np.where(x > 0, np.log(x), x * x)  # noqa: E731
        x, v = np.array([0.0, 2.0, -1.0]), np.ones(3)
        close(ag.jvp(f)(x, v), [0.0, 0.5, -2.0])
        close(ag.jvp(lambda x: np.sqrt(np.maximum(x, 0.0)))(x, v)[1:], [0.5 / np.sqrt(2), 0.0])


def test_what_does_not_change_could_change() -> None:
    """A NaN elsewhere hides no derivative with respect to the direction."""
    x, v = np.array([np.nan, 1.0]), np.array([1.0, 0.0])
    slopes = ag.grad(lambda v: np.sum(ag.jvp(np.tanh)(x, v)))(v)
    close(slopes[1], 1 - np.tanh(1.0) ** 2)


def test_a_parameter_outside_is_held_still_and_can_be_differentiated_by() -> None:
    w = Tensor([2.0, 3.0], requires_grad=True)
    x, v = np.array([1.0, 5.0]), np.array([1.0, 10.0])
    found = ag.jvp(lambda x: x * x * w)(x, v)
    close(found.numpy(), 2 * x * w.numpy() * v)
    found.sum().backward()
    close(w.grad, 2 * x * v)
    with ag.no_grad():
        assert isinstance(ag.jvp(lambda x: x * x * w)(x, v), np.ndarray)


# --- containers -----------------------------------------------------------------------------------


class Affine(NamedTuple):
    w: Any
    b: Any


@dataclasses.dataclass
class Net:
    first: Affine
    rest: dict[str, Any]


def _net() -> Net:
    first = Affine(rng.normal(size=(2, 3)), rng.normal(size=3))
    return Net(first, {"w": rng.normal(size=3), "scale": 0.7})


def _run(net: Net, x: Any) -> Any:
    hidden = np.tanh(x @ net.first.w + net.first.b)
    return {"out": hidden @ net.rest["w"] * net.rest["scale"], "hidden": [hidden]}


def test_derivatives_come_in_the_containers_of_the_arguments() -> None:
    net, x = _net(), rng.normal(size=2)
    found = ag.grad(lambda net: _run(net, x)["out"])(net)
    assert isinstance(found, Net)
    assert isinstance(found.first, Affine)

    def of_rest(part: Any, name: str) -> Any:
        return _run(Net(net.first, {**net.rest, name: part}), x)["out"]

    def of_b(b: Any) -> Any:
        return _run(Net(Affine(net.first.w, b), net.rest), x)["out"]

    for name, part in net.rest.items():
        close(found.rest[name], ag.grad(of_rest)(part, name))
    close(found.first.b, ag.grad(of_b)(net.first.b))
    value, (by_net, by_x) = ag.value_and_grad(lambda net, x: _run(net, x)["out"], (0, 1))(net, x)
    close(value, _run(net, x)["out"])
    close(by_net.first.w, found.first.w)
    assert by_x.shape == (2,)


def test_results_may_be_containers_too() -> None:
    net, x = _net(), rng.normal(size=2)
    jacobian = ag.jacobian(lambda net: _run(net, x))(net)
    assert jacobian["hidden"][0].first.w.shape == (3, 2, 3)
    v = _net()
    along = ag.jvp(lambda net: _run(net, x))(net, v)
    parts = (jacobian["hidden"][0].first.w, v.first.w), (jacobian["hidden"][0].first.b, v.first.b)
    close(along["hidden"][0], sum(np.tensordot(J, d, d.ndim) for J, d in parts))
    g = {"out": 2.0, "hidden": [rng.normal(size=3)]}
    back = ag.vjp(lambda net: _run(net, x))(net, g)
    expected = 2.0 * jacobian["out"].first.w + np.tensordot(
        g["hidden"][0], jacobian["hidden"][0].first.w, 1
    )
    close(back.first.w, expected)
    with pytest.raises(ShapeError, match="same containers"):
        ag.jvp(lambda net: _run(net, x))(net, v.first)
    with pytest.raises(ShapeError, match="same containers"):
        ag.vjp(lambda net: _run(net, x))(net, {"out": 2.0})
    with pytest.raises(GraphError, match="return that one alone"):
        ag.grad(lambda net: _run(net, x))(net)


def test_the_hessian_of_a_dictionary_is_one_of_dictionaries() -> None:
    at = {"a": np.array([1.0, 2.0]), "b": 3.0}
    f = lambda p: np.sum(p["a"] ** 2) * p["b"]  # noqa: E731
    found = ag.hessian(f)(at)
    close(found["a"]["a"], 6.0 * np.eye(2))
    close(found["a"]["b"], [2.0, 4.0])
    close(found["b"]["b"], 0.0)
    close(ag.hvp(f)(at, {"a": np.ones(2), "b": 1.0})["b"], 6.0)


def test_a_list_of_numbers_is_an_array_and_one_of_arrays_a_container() -> None:
    close(ag.grad(lambda x: np.sum(x * x))([1.0, 2.0]), [2.0, 4.0])
    first, second = ag.grad(lambda xs: np.sum(xs[0]) * xs[1])([np.ones(2), 3.0])
    close(first, [3.0, 3.0])
    close(second, 2.0)


def test_an_elementwise_function_has_a_derivative_for_each_element() -> None:
    x = rng.normal(size=(2, 3))
    close(ag.elementwise_grad(np.tanh)(x), 1 - np.tanh(x) ** 2)
    close(ag.elementwise_grad(ag.elementwise_grad(lambda x: x**3))(x), 6 * x)
    with pytest.raises(ShapeError, match="use grad or jacobian"):
        ag.elementwise_grad(np.sum)(x)


# --- stacks --------------------------------------------------------------------------------------


# --- errors --------------------------------------------------------------------------------------


def test_errors_say_what_to_do() -> None:
    x = np.ones(3)
    for transform in (ag.jacobian, ag.hessian):
        with pytest.raises(DTypeError, match=r"argument 0 is int64.*write 3\.0"):
            transform(lambda x: x * x)(3)
        with pytest.raises(GraphError, match="does not reach the result"):
            transform(lambda x, y: np.sum(y * y))(x, Tensor(x))
        with pytest.raises(GraphError, match="argnums is 1, but the call has 1"):
            transform(np.sum, 1)(x)
    with pytest.raises(GraphError, match="take the jacobian"):
        ag.hessian(lambda x: x * x)(x)
    with pytest.raises(GraphError, match=r"jacobian: .* returned ndarray"):
        ag.jacobian(lambda x: x.numpy())(x)
    close(ag.jacobian(lambda x, y: y * 2.0, allow_unused=True)(x, Tensor(x)), np.zeros((3, 3)))
    for transform, shape in [(ag.vjp, "(2,)"), (ag.jvp, "(3,)"), (ag.hvp, "(3,)")]:
        f = np.sum if transform is ag.hvp else lambda x: x[:2]
        with pytest.raises(ShapeError) as raised:
            transform(f)(x, np.ones(4))
        assert "has shape (4,)" in str(raised.value)
        assert shape in str(raised.value)
    with pytest.raises(ShapeError, match="got 3 directions for 2 argnums"):
        ag.jvp(lambda x, y: x * y, (0, 1))(x, x, (x, x, x))


@pytest.mark.parametrize("compiled", [False, True])
def test_a_row_of_a_jacobian_holds_what_its_own_element_was_made_of(compiled: bool) -> None:
    """The slope of √ at 0 is infinite, but 0 · inf is no part of another element's row."""
    jacobian = ag.compile(ag.jacobian(np.sqrt)) if compiled else ag.jacobian(np.sqrt)
    with np.errstate(divide="ignore", invalid="ignore"):
        for x in (np.array([1.0, 4.0]), np.array([0.0, 4.0]), np.array([4.0, 0.0])):
            np.testing.assert_array_equal(jacobian(x), np.diag(0.5 / np.sqrt(x)))
        f = lambda x: np.where([True, False], x, np.log(x) @ np.ones((2, 2)))  # noqa: E731
        found = ag.jacobian(f)(np.array([0.0, 4.0]))
    np.testing.assert_array_equal(found, [[1.0, 0.0], [np.inf, 0.25]])


@pytest.mark.parametrize(
    "mixed",
    [
        lambda f: ag.grad(ag.grad(f), 1)(2.0, 3.0), lambda f: ag.grad(ag.grad(f, 1))(2.0, 3.0),
        lambda f: ag.jacobian(ag.grad(f), 1)(2.0, 3.0),
        lambda f: ag.jvp(ag.grad(f), 1)(2.0, 3.0, 1.0),
        lambda f: ag.grad(lambda y: ag.jvp(f)(2.0, y, 1.0))(3.0),
        lambda f: ag.jvp(lambda y: ag.jvp(f)(2.0, y, 1.0))(3.0, 1.0),
        lambda f: ag.value_and_grad(ag.grad(f), 1)(2.0, 3.0)[0],
        lambda f: ag.elementwise_grad(ag.elementwise_grad(f), 1)(2.0, 3.0),
        lambda f: 1.5 * ag.hessian(lambda y: ag.grad(f)(2.0, y))(3.0),
        lambda f: 1.5 * ag.hvp(lambda y: ag.grad(f)(2.0, y))(3.0, 1.0),
    ],
)  # fmt: skip
def test_mixed_derivatives_of_arrays_are_arrays(mixed: Any) -> None:
    """The variable of the inner derivative is none of the caller's tensors."""
    found = mixed(lambda x, y: x**2 * y**3)
    assert type(found) in (np.ndarray, np.float64)
    assert found == 108
    w = Tensor(2.0)  # but this is
    mixed(lambda x, y: x**2 * y**3 * w).backward()
    assert w.grad == 108
