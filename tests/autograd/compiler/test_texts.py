"""Texts are called as their functions are, and return what those return: names, forms, updates."""

from __future__ import annotations

import copy
import inspect
import keyword
import pickle
import unicodedata
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import names
import numpy as np
import pytest
from close import assert_close

import autograd as ag
import nn
from autograd import Parameter, TraceError
from autograd.compiler.identifiers import Identifiers, identifier


class Pair(NamedTuple):
    first: Any
    second: Any


@dataclass
class Fields:
    value: Any
    note: str


X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])


def compiled(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """A compiled function that was called once."""
    found = ag.compile(function)
    found(*args, **kwargs)
    return found


def made(text: str) -> Any:
    """The function of a text."""
    scope: dict[str, Any] = {}
    exec(text, scope)
    return [x for x in scope.values() if inspect.isfunction(x)][-1]


def head(text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("def "))


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", names.NAMES, ids=ascii)
def test_every_name_becomes_an_identifier(name: str) -> None:
    found = identifier(name)
    assert found.isidentifier()
    assert not keyword.iskeyword(found)
    assert found == unicodedata.normalize("NFKC", found) == identifier(found)
    assert found not in {"np", "range", "type", "__debug__"}


@pytest.mark.parametrize("name", ["W", "W1", "θ0", "ŷ", "重み", "_", "x_1", "hidden"])
def test_a_name_that_is_valid_stays(name: str) -> None:
    assert identifier(name) == name


def test_equal_names_are_numbered_and_no_number_is_taken() -> None:
    identifiers = Identifiers(["W2"])
    assert [identifiers.new(x) for x in ("W", "W", "µ", "μ", "x1", "x1")] == [
        "W", "W3", "μ", "μ2", "x1", "x1_2",
    ]  # fmt: skip
    assert [identifiers.numbered("W") for _ in range(2)] == ["W1", "W4"]


def test_layers_in_a_row_are_numbered_as_in_a_book() -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2), seed=0)
    assert head(compiled(lambda x: net(x), X).source) == "def step(x, W1, b1, W2, b2):"


def test_layers_that_are_attributes_are_called_by_their_paths() -> None:
    class Net(nn.Module):
        def __init__(self, first: nn.Module) -> None:
            self.first, self.fc2 = first, nn.Linear(3, 3)

        def forward(self, x: Any) -> Any:
            return self.fc2(self.first(x))

    small, large = Net(nn.Linear(3, 3)), Net(nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3)))
    text = compiled(lambda x: small(x), X).source
    assert head(text) == "def step(x, first_W, first_b, fc2_W, fc2_b):"
    text = compiled(lambda x: large(x), X).source
    assert "(x, first_0_W, first_0_b, first_1_W, first_1_b, fc2_W, fc2_b)" in head(text)


def test_a_parameter_without_a_name_has_that_of_the_variable() -> None:
    weights = Parameter(np.ones((3, 2)))
    assert head(compiled(lambda x: x @ weights, X).source) == "def step(x, weights):"


@pytest.mark.parametrize("name", ["np", "range", "conv2d", "pieces_of", "step", "t1", "dW", "c1"])
def test_names_of_the_text_are_in_nobodys_way(name: str) -> None:
    W = Parameter(np.linspace(-1, 1, 8).reshape(2, 1, 2, 2), name=name)
    images = np.arange(32.0).reshape(2, 1, 4, 4) / 16

    def step(x: Any) -> Any:
        W.zero_grad()
        loss = np.sum(np.tanh(ag.conv2d(x, W)))
        loss.backward()
        W.descend(W.grad, 0.1)
        return loss

    ours = W.numpy()
    found = ag.compile(step)
    loss = found(images)
    assert_close(made(found.source)(images, ours, *found.constants.values()), loss)
    assert_close(ours, W)


def test_a_function_may_have_any_name() -> None:
    def step(x: Any) -> Any:
        return np.tanh(x)

    for name in ("class", "np", "f\nplanted()", "", "exp"):
        step.__name__ = name
        assert_close(made(compiled(step, X).source)(X), np.tanh(X))


def test_code_that_runs_has_names_of_its_own() -> None:
    def step(start: Any, stop: Any, flat_v3: Any, copy_0: Any, old_0: Any) -> Any:
        piece_0 = np.tanh(start * stop)
        return np.sum(piece_0 * flat_v3) + copy_0, piece_0, np.exp(old_0)

    given = [np.linspace(-1, 1, 70_000) + k for k in range(5)]
    found = compiled(step, *given)
    for ours, theirs in zip(found(*given), step(*given), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not {"start =", "flat_v3 =", "piece_0 ="} & {*found.generated.splitlines()}


# --- arguments -----------------------------------------------------------------------------------


def plain(x, lr, reg=0.5):
    return x * lr + reg


def named(x, *, scale):
    return x * scale


def only(x, /, y):
    return x - y


def several(*xs, shift=0.0):
    return xs[0] * xs[1] + shift


def options(x, **others):
    return x * others["a"] - others["b"]


def fixed(x, n, mode="sum"):
    return x * n if mode == "sum" else x


def pair(both, z):
    return both[0] * both[1] + z


def deep(batch):
    return batch["x"] * batch["rest"][1][0]


def builtin(sum, type):
    return sum * type


@pytest.mark.parametrize(
    ("function", "args", "kwargs", "wanted"),
    [
        (plain, (X, 2.0), {}, "(x, lr)"),
        (plain, (X, 2.0, 3.0), {}, "(x, lr, reg=0.5)"),
        (plain, (X,), {"reg": 1.0, "lr": 2.0}, "(x, lr, reg=0.5)"),
        (named, (X,), {"scale": 2.0}, "(x, *, scale)"),
        (only, (X, X), {}, "(x, /, y)"),
        (several, (X, X), {"shift": 1.0}, "(xs0, xs1, *, shift=0.0)"),
        (options, (X,), {"a": X, "b": 1.5}, "(x, *, a, b)"),
        (options, (X,), {"a": X, "b": 1.5, "c d": 1}, "(x, **others)"),
        (fixed, (X, 3), {}, "(x, n)"),
        (fixed, (X, 3), {"mode": "no"}, '(x, n, mode="sum")'),
        (pair, ((X, X), 1.5), {}, "(both, z)"),
        (pair, ([X, X], 1.5), {}, "(both, z)"),
        (deep, ({"x": X, "rest": [3, (2.0,)], 5: None},), {}, "(batch)"),
        (builtin, (X, X), {}, "(sum_, type_)"),
    ],
)  # fmt: skip
def test_a_text_is_called_as_the_function_is(
    function: Any, args: Any, kwargs: Any, wanted: str
) -> None:
    text = compiled(function, *args, **kwargs).source
    assert head(text) == f"def {function.__name__}{wanted}:"
    assert_close(made(text)(*args, **kwargs), function(*args, **kwargs))


def test_what_is_behind_a_default_is_called_by_its_name() -> None:
    W = Parameter(np.ones(3), name="W")
    text = compiled(lambda x, lr=0.1: np.sum(x * W) * lr, X, 0.5).source
    assert head(text) == "def step(x, lr=0.1, *, W):"
    assert_close(made(text)(X, W=np.full(3, 2.0)), np.sum(X * 2.0) * 0.1)


def test_a_text_is_for_the_values_that_were_fixed() -> None:
    function = made(compiled(fixed, X, 3).source)
    with pytest.raises(AssertionError):
        function(X, 4)
    with pytest.raises(TypeError):
        function(X, 3, "no")


def test_what_nothing_reads_is_no_argument_unless_it_is_the_functions() -> None:
    W, unused = Parameter(np.ones(3), name="W"), Parameter(np.ones(3), name="unused")

    def step(x: Any, y: Any) -> Any:
        np.sum(x * W + unused).backward()
        return np.sum(x)

    assert head(compiled(step, X, X).source) == "def step(x, y):"


def test_a_parameter_may_be_an_argument() -> None:
    W = Parameter(np.ones(3), name="V")

    def step(x: Any, weights: Any, lr: Any) -> Any:
        weights.zero_grad()
        loss = np.sum(x * weights)
        loss.backward()
        weights.descend(weights.grad, lr)
        return loss

    text = compiled(step, X, W, 0.5).source
    assert head(text) == "def step(x, weights, lr):"
    ours = np.ones(3)
    assert_close(made(text)(X, ours, 0.5), np.sum(X))
    assert_close(ours, W)


def test_settings_of_optimisers_are_among_the_constants() -> None:
    W = Parameter(np.ones(3), name="W")
    optimiser = nn.SGD([W], lr=0.25)

    def step(x: Any) -> Any:
        W.zero_grad()
        loss = np.sum(x * W)
        loss.backward()
        optimiser.step()
        return loss

    found = compiled(step, X)
    assert head(found.source) == "def step(x, W, lr):"
    assert found.constants == {"lr": 0.25}


# --- results -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        lambda a, b: None, lambda a, b: a, lambda a, b: (a, b), lambda a, b: [a, b],
        lambda a, b: (a,), lambda a, b: {"loss": a, 3: [b, (a, "text")]}, lambda a, b: (a, a),
        lambda a, b: [], lambda a, b: ((a, None), {"it's": b, 'both " and \'': 1.5}, True),
        lambda a, b: (float("nan"), float("-inf"), 1j, b"x"),
    ],
)  # fmt: skip
def test_a_text_returns_what_the_function_returns(form: Any) -> None:
    def step(x: Any) -> Any:
        return form(np.sum(x), x * 2.0)

    wanted = form(np.sum(X), X * 2.0)
    assert repr(made(compiled(step, X).source)(X)) == repr(wanted)


def test_classes_of_the_users_are_tuples_and_dictionaries_in_a_text() -> None:
    def step(x: Any) -> Any:
        return Pair(x * 2.0, [Fields(np.sum(x), "text")]), OrderedDict(loss=x * 3.0)

    pair, ordered = made(compiled(step, X).source)(X)
    assert repr(pair) == repr((X * 2.0, [{"value": np.sum(X), "note": "text"}]))
    assert repr(ordered) == repr({"loss": X * 3.0})


def test_a_parameter_that_is_given_back_is_the_array_that_is_updated() -> None:
    w, unread = Parameter(np.ones(3), name="w"), Parameter(np.zeros(2), name="b")

    def step(x: Any) -> Any:
        w.data = w.data * 2.0 + x
        return w, {"other": unread}

    text = compiled(step, np.ones(3)).source
    assert head(text) == "def step(x, w, b):"
    own, other = np.ones(3), np.zeros(2)
    found, rest = made(text)(np.ones(3), own, other)
    assert found is own
    assert rest["other"] is other
    assert_close(own, np.full(3, 3.0))


@pytest.mark.parametrize("show", [lambda w: w.reshape(-1), lambda w: np.reshape(w, (1,))[..., 0]])
def test_what_shows_a_single_value_keeps_what_that_was(show: Any) -> None:
    w = Parameter(np.array(2.0), name="w")

    def step() -> Any:
        w.zero_grad()
        np.sum(w * 3.0).backward()
        shown = show(w)
        w.descend(w.grad, 0.5)
        return shown

    own = np.array(2.0)
    assert_close(made(compiled(step).source)(own), show(np.array(2.0)))
    assert_close(own, 0.5)


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (lambda x: np.swapaxes(x, 1, 1).T[0], (X,)),
        (lambda x: ~(x > 0) * 1.5, (1.5,)),
        (lambda x: np.all(x > 0) + x, (X,)),
        (lambda x: x / x.size, (X[:0],)),
        (lambda x: np.sum(x, axis=0, keepdims=True) * 1.5, (np.array(2.0),)),
        (lambda x, y: np.float32(1.1) * x + y, (0.75, X)),
        (lambda x: x / 1e-320 / 1e-320, (X,)),
        (lambda x: np.maximum(x.astype(np.float32), X), (0.3,)),
    ],
)
def test_texts_of_gradients_give_those_of_eager(f: Any, args: Any) -> None:
    function = ag.value_and_grad(lambda *xs: np.sum(f(*xs) * 1.15), allow_unused=True)
    with np.errstate(all="ignore"):
        value, grad = function(*args)
        found, slope = made(compiled(function, *args).source)(*args)
    assert_close(found, value)
    assert_close(slope, grad)
    assert np.shape(slope) == grad.shape


def test_a_gradient_may_be_written_to() -> None:
    def step(x: Any) -> Any:
        slope = ag.grad(lambda t: np.sum(np.where(t > 0, np.sqrt(np.abs(t)), t)))(x)
        slope[-1] = 0.5
        return slope

    found = compiled(step, X)
    assert_close(made(found.source)(X), step(X))
    for place in (0, 1), (1, 1):  # the square root has no slope there
        other = X.copy()
        other[place] = 0.0
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(found(other), step(other))


def test_the_seed_of_a_recorded_backward_pass_is_no_argument() -> None:
    w = Parameter(np.ones(3), name="w")

    def step() -> Any:
        w.zero_grad()
        np.sum(w**3).backward(create_graph=True)
        return np.sum(w.grad * w.grad).detach(), w.zero_grad()

    assert head(compiled(step).source) == "def step(w):"


def test_single_precision_stays() -> None:
    single = X.astype(np.float32)

    def step(x: Any, y: Any) -> Any:
        return x * 0.5, x * np.float64(0.5), np.exp(y) * x, np.float32(2.0), y * 2.0

    for given in ((single, 1.5), (single, np.float64(1.5)), (single, np.float32(1.5))):
        wanted = step(*given)
        for ours, theirs in zip(made(compiled(step, *given).source)(*given), wanted, strict=True):
            assert np.asarray(ours).dtype == np.asarray(theirs).dtype


def test_numbers_of_python_do_as_those_of_numpy() -> None:
    function = ag.value_and_grad(lambda x, y: x / y + x**0.5)
    text = compiled(function, 4.0, 2.0).source
    with np.errstate(all="ignore"):
        for given in ((4.0, 2.0), (4.0, 0.0), (-4.0, 1.0)):
            assert_close(made(text)(*given), function(*given))


def trained() -> tuple[Any, Parameter, Parameter]:
    W, b = Parameter(np.ones((3, 2)), name="W"), Parameter(np.zeros(2), name="b")

    def step(x: Any) -> Any:
        W.zero_grad()
        b.zero_grad()
        loss = np.mean((x @ W + b) ** 2)
        loss.backward()
        return {"loss": loss}

    return step, W, b


def test_gradients_come_if_they_are_asked_for() -> None:
    step, W, b = trained()
    found = compiled(step, X)
    assert "backward" not in found.source
    assert "dW" not in found.source
    value, slopes = made(found.source(gradients=True))(X, W.numpy(), b.numpy())
    assert_close(value["loss"], step(X)["loss"])
    for ours, theirs in zip(slopes, (W.grad, b.grad), strict=True):
        assert_close(ours, theirs)
    assert found.source(gradients=True)(gradients=False) == found.source == found.source()


def test_where_no_gradient_is_left_the_remedy_is_told() -> None:
    with pytest.raises(TraceError, match="value_and_grad"):
        compiled(lambda x: x * 2.0, X).source(gradients=True)


def test_a_text_can_be_copied_and_kept() -> None:
    step, *_ = trained()
    text = compiled(step, X).source
    for other in (copy.deepcopy(text), pickle.loads(pickle.dumps(text))):
        assert other == str(text)


# --- updates and draws ---------------------------------------------------------------------------


def test_gradients_that_add_up_are_updated() -> None:
    _, W, b = trained()

    def further(x: Any) -> Any:
        np.sum(x @ W + b).backward()
        W.descend(W.grad, 0.1)
        return np.sum(W.data)

    W.grad, b.grad = np.full((3, 2), 0.5), np.zeros(2)
    ours, slope = W.numpy(), W.grad.copy()
    found = compiled(further, X)
    assert head(found.source) == "def further(x, W, dW):"
    assert_close(made(found.source)(X, ours, slope), np.sum(W.numpy()))
    assert_close(ours, W)
    assert_close(slope, W.grad)


def swap(U: Any, V: Any) -> Any:
    old = U.data
    U.data, V.data = V.data, old


def together(U: Any, V: Any) -> Any:
    U.data = U.data + V.data
    V.data = U.data


def turned(U: Any, V: Any) -> Any:
    U.data = V.data.T
    V.data = U.data * 2.0
    return V.data.T


def read_later(U: Any, V: Any) -> Any:
    old = U.data
    U -= 1.0
    V -= old
    return np.sum(old), U.data * 3.0


@pytest.mark.parametrize("update", [swap, together, turned, read_later])
def test_updates_are_those_of_the_function(update: Any) -> None:
    rng = np.random.default_rng(3)
    U, V = (Parameter(rng.normal(size=(2, 2)), name=name) for name in "UV")
    mine = {"U": U.numpy(), "V": V.numpy()}
    found = ag.compile(lambda: update(U, V))
    result = found()
    function = made(found.source)
    returned = function(**{name: mine[name] for name in inspect.signature(function).parameters})
    assert (result is None) == (returned is None)
    for ours, theirs in zip(leaves(returned), leaves(result), strict=True):
        assert_close(ours, theirs)
    assert_close(mine["U"], U)
    assert_close(mine["V"], V)


def leaves(x: Any) -> list[Any]:
    return list(x) if isinstance(x, tuple) else [] if x is None else [x]


def test_draws_are_calls_in_their_order() -> None:
    rng = np.random.default_rng(0)

    def noisy(x: Any) -> Any:
        first = ag.fresh(rng.normal, size=3)
        keep = ag.fresh(rng.random, 3) > 0.5
        return np.where(keep, x, 0.0) + ag.fresh(rng.integers, 5) + ag.fresh(
            lambda: [1, 2, 3]
        ), first

    found = compiled(noisy, X)
    assert list(found.constants) == ["rng", "draw"]
    again = copy.deepcopy(rng)
    function = made(found.source)
    for _ in range(3):
        ours, theirs = function(X, again, found.constants["draw"]), noisy(X)
        for a, b in zip(ours, theirs, strict=True):
            assert_close(a, b)


def test_a_difference_from_what_was_there_is_no_update_of_it() -> None:
    def step(x: Any) -> Any:
        out = np.tanh(x)
        out[0] = out[0] - x[0] - x[1]
        return out

    assert_close(made(compiled(step, X).source)(X), step(ag.Tensor(X)))


def test_constants_keep_their_signs_and_kinds() -> None:
    arrays = [
        np.array([0.0, -0.0]), np.array([np.inf, np.nan]), np.full(2, -0.0),
        np.arange(2, dtype="i4"), np.full(2, np.inf), np.zeros((0, 2), np.float32),
        np.array([1, 2], np.uint8), np.ones(2, bool),
    ]  # fmt: skip

    def step(x: Any) -> Any:
        return [x * a for a in arrays], arrays[0], arrays[3], arrays[7]

    given = np.ones(2, np.float32)
    ours, theirs = made(compiled(step, given).source)(given), step(given)
    for a, b in zip([*ours[0], *ours[1:]], [*theirs[0], *theirs[1:]], strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(np.signbit(a), np.signbit(b))


@pytest.mark.parametrize("exponent", [2, np.int64(2), np.float64(3.0)])
def test_an_exponent_of_numpy_widens_an_array_without_axes(exponent: Any) -> None:
    x = np.array(0.5, np.float32)
    found = made(compiled(lambda x: x**exponent, x).source)(x)
    assert (found, found.dtype) == (x**exponent, (x**exponent).dtype)


@pytest.mark.parametrize("kind", [bool, np.int64, np.float32])
def test_a_part_is_updated_in_place_where_numpy_keeps_the_dtype(kind: Any) -> None:
    def step(x: Any, i: Any) -> Any:
        out = (3 * x).astype(kind)
        out[i] = out[i] * 0.5
        return out

    given = np.array([1.5, 0.0, 4.0]), np.array([0, 1])
    text = compiled(step, *given).source
    found, expected = made(text)(*given), step(*given)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
    assert ("*= 0.5" in text) is (kind is np.float32)


def doubled(x: Any) -> Any:
    return 2 * x


def test_functions_and_classes_that_functions_are_given_are_named() -> None:
    def step(x: Any) -> Any:
        kinds = [np.sum(x, dtype=kind) for kind in (float, np.float32, int, complex)]
        along = [np.apply_along_axis(f, 0, x) for f in (np.sum, np.linalg.norm, doubled)]
        return kinds, along, np.apply_along_axis(lambda v: v[:1], 1, x)

    found = compiled(step, X)
    assert head(found.source) == "def step(x, doubled, function):"
    assert "(np.sum, 0, x)" in found.source
    assert "(np.linalg.norm, 0, x)" in found.source
    (kinds, along, last), expected = made(found.source)(X, *found.constants.values()), step(X)
    for ours, theirs in zip([*kinds, *along, last], [*expected[0], *expected[1], expected[2]],
                            strict=True):  # fmt: skip
        assert ours.dtype == theirs.dtype
        assert_close(ours, theirs)


def test_a_zero_that_is_written_keeps_its_sign() -> None:
    def step(x: Any) -> Any:
        out, other = x * 2, x * 3
        out[:1], other[1:] = -0.0, 0.0
        return out, other, np.copysign(x, out)

    given = np.array([1.5, -2.0])
    for ours, theirs in zip(made(compiled(step, given).source)(given), step(given), strict=True):
        assert ours.tobytes() == theirs.tobytes()


def test_complex_constants_keep_both_parts() -> None:
    def step(x: Any) -> Any:
        filled = np.full(2, 2 - 1j)
        return (
            x * filled,
            filled * x / np.full(2, 2j) * 3,
            x @ (np.eye(2) * 1j),
            x * np.complex64(2j),
        )

    given = np.array([1.5, -2.0])
    for ours, theirs in zip(made(compiled(step, given).source)(given), step(given), strict=True):
        assert_close(ours, theirs)
