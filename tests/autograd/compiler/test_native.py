"""Native code: eager's results to rounding, whatever the shapes; only what it can do goes in."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator, seeded
from gate_cases import CASES, Case, value_and_all_grads

import autograd as ag
import nn
from autograd import LabelError, Parameter
from autograd.compiler.blocks import Loop
from autograd.compiler.native import Native, choose, load
from autograd.compiler.types import type_of

pytest.importorskip("llvmlite", reason='needs numba: pip install "gategrad[jit]"')
rng = generator(11)


@pytest.fixture(autouse=True)
def machine_code_elsewhere(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder of the user stays as it is."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


def natives(compiled: ag.Compiled) -> list[Native]:
    return [e for e in compiled.program.equations if isinstance(e, Native)]


def agree(a: Any, b: Any, dtype: Any, of: Any = ()) -> None:
    a, b = (x.numpy() if isinstance(x, ag.Tensor) else np.asarray(x) for x in (a, b))
    assert a.dtype == b.dtype
    assert_close(a, b, of=of, dtype=dtype)


# --- training -----------------------------------------------------------------------------------


def squared(out: Any, y: Any) -> Any:
    return np.mean((out - np.expand_dims(y, 1)) ** 2)


def trainer(
    sizes: list[int], activation: Any, loss: Any, dtype: Any, momentum: float = 0.0
) -> tuple[list[Parameter], Callable[..., Any]]:
    """A net with a layer between each two sizes, and one step of training it."""
    weights = generator(3)
    pairs = list(itertools.pairwise(sizes))
    W = [Parameter(weights.normal(size=p).astype(dtype), name=f"W{k}") for k, p in enumerate(pairs)]
    b = [Parameter(weights.normal(size=n).astype(dtype), name=f"b{n}") for _, n in pairs]
    velocity = [Parameter(np.zeros(p.shape, dtype)) for p in [*W, *b]]

    def step(X: Any, y: Any) -> Any:
        for p in [*W, *b]:
            p.zero_grad()
        for k, (w, bias) in enumerate(zip(W, b, strict=True)):
            X = X @ w + bias if k == 0 else activation(X) @ w + bias
        value = loss(X, y) + 0.01 * sum(np.sum(w * w) for w in W)
        value.backward()
        for p, v in zip([*W, *b], velocity, strict=True):
            if momentum:
                v.data = momentum * v.data - 0.1 * p.grad
                p.data = p.data + v.data
            else:
                p.descend(p.grad, 0.1)
        return value

    return [*W, *b], step


def agree_on_all(found: list[Parameter], expected: list[Parameter], dtype: Any) -> None:
    """The weights and their gradients, after steps of training.

    Gradients are sums of probabilities less labels, each over the number of examples. What is added
    adds up to 1, and may cancel to next to nothing, as it does in the gradient of a bias.
    """
    of = [1.0, *(p.grad for p in expected)]
    for p, q in zip(expected, found, strict=True):
        agree(q.grad, p.grad, dtype, of)
        agree(q, p, dtype, of)


def leaky(x: Any) -> Any:
    return np.where(x > 0, x, 0.1 * x)


SIZES = {
    "spiral": (300, [2, 100, 3]), "rest of rows": (37, [5, 23, 4]), "one score": (18, [3, 20, 1]),
    "one feature": (21, [1, 17, 2]), "narrow": (20, [3, 4, 2]), "square": (16, [16, 16, 16]),
    "deep": (33, [4, 20, 12, 30, 3]), "wide product": (40, [90, 70, 20, 3]),
    "as long as the batch": (18, [18, 18, 3]), "one example": (1, [20, 30, 4]),
    "two examples": (2, [2, 30, 2]),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize(
    "activation", [ag.relu, np.tanh, ag.sigmoid, leaky, np.abs, np.square], ids=lambda f: f.__name__
)
def test_training_agrees_with_eager(sizes: str, activation: Any, dtype: Any) -> None:
    count, layers = SIZES[sizes]
    loss = nn.softmax_cross_entropy if layers[-1] > 1 else squared
    if activation is np.square:
        layers = [*layers[:1], *layers[-1:]]  # squares of squares grow out of all bounds
    parameters, step = trainer(layers, activation, loss, dtype)
    others, other_step = trainer(layers, activation, loss, dtype)
    compiled = ag.compile(other_step, backend="numba")
    for _ in range(3):
        X = rng.normal(size=(count, layers[0])).astype(dtype)
        y = rng.integers(0, layers[-1], count) if layers[-1] > 1 else X[:, 0]
        agree(compiled(X, y), step(X, y), dtype)
        agree_on_all(others, parameters, dtype)
    assert compiled.why == ["first call"]
    assert natives(compiled)


@pytest.mark.parametrize("seed", range(80))
def test_sizes_that_happen_to_be_equal(seed: int) -> None:
    draws = generator(seed)
    sizes = [1, 2, 3, 4, 5, 17, 18]
    count = int(draws.choice(sizes))
    layers = [int(size) for size in draws.choice(sizes, draws.integers(2, 5))]
    loss = nn.softmax_cross_entropy if layers[-1] > 1 else squared
    activation = [ag.relu, np.tanh, leaky][seed % 3]
    parameters, step = trainer(layers, activation, loss, np.float64)
    others, other_step = trainer(layers, activation, loss, np.float64)
    compiled = ag.compile(other_step, backend="numba")
    for _ in range(2):
        X = draws.normal(size=(count, layers[0]))
        y = draws.integers(0, layers[-1], count) if layers[-1] > 1 else X[:, 0]
        agree(compiled(X, y), step(X, y), np.float64)
        agree_on_all(others, parameters, np.float64)


@pytest.mark.parametrize("loss", [nn.softmax_cross_entropy, nn.svm_hinge])
def test_losses_and_momentum(loss: Any) -> None:
    parameters, step = trainer([3, 20, 5], ag.relu, loss, np.float64, momentum=0.9)
    others, other_step = trainer([3, 20, 5], ag.relu, loss, np.float64, momentum=0.9)
    compiled = ag.compile(other_step, backend="numba")
    for _ in range(4):
        X, y = rng.normal(size=(30, 3)), rng.integers(0, 5, 30)
        agree(compiled(X, y), step(X, y), np.float64)
    agree_on_all(others, parameters, np.float64)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("activation", [nn.ReLU, nn.Sigmoid])
def test_machine_code_trains_as_eager_does(
    activation: Any, dtype: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    X, y = nn.spiral(15, 3, seed=seeded(0), dtype=dtype)  # 45 rows: one is left over
    nets, steps = [], []
    for _ in range(2):
        net = nn.TwoLayerNet(
            2, 20, 3, reg=1e-3, seed=seeded(0), dtype=dtype, activation=activation()
        )
        sgd = nn.SGD(net, lr=1.0)

        def step(X: Any, y: Any, net: Any = net, sgd: Any = sgd) -> Any:
            sgd.zero_grad()
            loss = net.loss(X, y)
            loss.backward()
            sgd.step()
            return loss

        nets.append(net)
        steps.append(step)
    compiled = ag.compile(steps[1], backend="numba")
    for _ in range(20):
        agree(compiled(X, y), steps[0](X, y), dtype)
    agree_on_all(*(net.parameters() for net in reversed(nets)), dtype)
    assert len(list(tmp_path.rglob("*.o"))) >= 1  # machine code stays for the next time


# --- everything else ----------------------------------------------------------------------------


FIRST = {case.gate: case for case in reversed(CASES)}.values()  # one for each gate


@pytest.mark.parametrize(
    ("case", "dtype"),
    [*itertools.product(CASES, [np.float64]), *itertools.product(FIRST, [np.float32])],
    ids=lambda x: getattr(x, "id", None),
)  # fmt: skip
def test_every_gate_agrees_with_eager_at_other_inputs(
    case: Case, dtype: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose, "FEWEST", 1)
    eager = value_and_all_grads(case)
    compiled = ag.compile(eager, backend="numba")
    first = [np.asarray(x, dtype) for x in case.inputs]
    compiled(*first)
    other = [np.asarray(rng.permuted(x) if x.ndim else x) for x in first]
    (value, grads), (wanted, wanted_grads) = compiled(*other), eager(*other)
    agree(value, wanted, dtype, of=[case.in_numpy(*other), *other])  # what was summed
    for g, wanted_g in zip(grads, wanted_grads, strict=True):
        if wanted_g is not None:
            agree(g, wanted_g, dtype)


def test_ties_masks_and_nan_are_those_of_eager() -> None:
    def f(w: Any, X: Any) -> Any:
        h = np.maximum(0, X @ w) * (X @ w < 2)
        return np.sum(np.where(h > 1, h * 3, h / 2) * np.max(h, axis=1, keepdims=True))

    eager = ag.value_and_grad(f, (0, 1))
    compiled = ag.compile(eager, backend="numba")
    w = np.array([[1.0, 0, 1], [0, 1, 1]])
    for last in (0.0, 1.0, 2.0, np.inf, np.nan):
        X = np.repeat(np.arange(20.0) % 4, 2).reshape(20, 2)
        X[5, 1] = last
        with np.errstate(invalid="ignore"):
            (value, grads), (wanted, wanted_grads) = compiled(w, X), eager(w, X)
        agree(value, wanted, np.float64)
        for g, wanted_g in zip(grads, wanted_grads, strict=True):
            agree(g, wanted_g, np.float64)


def test_scores_of_any_size_are_stable() -> None:
    eager = ag.value_and_grad(lambda x, y: nn.softmax_cross_entropy(x * 100.0, y))
    compiled = ag.compile(eager, backend="numba")
    X, y = rng.normal(size=(20, 4)) * 100, rng.integers(0, 4, 20)
    compiled(X, y)
    agree(compiled(X, y)[0], eager(X, y)[0], np.float64)
    assert np.isfinite(compiled(X, y)[0])


def test_labels_are_checked_before_native_code_reads_by_them() -> None:
    _, step = trainer([3, 20, 4], ag.relu, nn.softmax_cross_entropy, np.float64)
    compiled = ag.compile(step, backend="numba")
    X, y = rng.normal(size=(20, 3)), rng.integers(0, 4, 20)
    compiled(X, y)
    for bad in (-1, 4, 10**9):
        y[7] = bad
        with pytest.raises(LabelError, match=rf"label {bad} at position 7"):
            compiled(X, y)


def test_unchecked_indices_stay_with_numpy() -> None:
    def f(w: Any, X: Any, y: Any) -> Any:
        h = np.tanh(np.maximum(0, X @ w))
        return np.sum((h * h)[np.arange(20), y] * 2.0)

    compiled = ag.compile(ag.grad(f), backend="numba")
    w, X = rng.normal(size=(3, 4)), rng.normal(size=(20, 3))
    compiled(w, X, np.zeros(20, int))
    agree(
        compiled(w, X, np.full(20, -1)), ag.grad(f)(w, X, np.full(20, -1)), np.float64
    )  # counted from the end
    with pytest.raises(IndexError):
        compiled(w, X, np.full(20, 4))


def test_random_numbers_come_in_the_order_of_eager() -> None:
    def make() -> Callable[..., Any]:
        draws = generator(0)

        def f(w: Any, X: Any) -> Any:
            h = np.maximum(0, X @ w)
            h = h * ag.fresh(lambda: (draws.random(h.shape) < 0.5).astype(float))
            total = np.sum(h * h) / 7.0
            noise = ag.fresh(lambda scale: draws.normal() * scale, total)
            return total * noise * ag.fresh(draws.normal)

        return f

    eager, compiled = make(), ag.compile(make(), backend="numba")
    w, X = rng.normal(size=(3, 20)), rng.normal(size=(24, 3))
    for _ in range(3):
        agree(compiled(w, X), eager(w, X), np.float64)


def test_a_transpose_that_nobody_reads_may_leave() -> None:
    def f(w: Any, X: Any) -> Any:
        h = np.tanh(X @ w) * 2.0
        return h, np.transpose(X), np.transpose(h), X.T @ h

    compiled = ag.compile(f, backend="numba")
    w, X = rng.normal(size=(3, 4)), rng.normal(size=(20, 3))
    for _ in range(2):
        for found, expected in zip(compiled(w, X), f(w, X), strict=True):
            agree(found, expected, np.float64)


def test_chains_over_large_arrays_read_all_that_native_code_makes() -> None:
    def f(x: Any) -> Any:
        a = np.exp(x) * 2.0
        b = a - np.sum(a, axis=0)
        z = np.tanh(np.exp(-x * x) + x)
        t = np.sum(z) * np.sum(x * 0.5)
        return np.sum(np.sqrt(np.abs(b)) + 1.0 + t) + np.sum(z)

    eager = ag.value_and_grad(f)
    compiled = ag.compile(eager, backend="numba", threads=2)
    x = rng.normal(size=(300, 500))
    for _ in range(2):
        (value, grad), (wanted, wanted_grad) = compiled(x), eager(x)
        agree(value, wanted, np.float64, of=[wanted])
        agree(grad, wanted_grad, np.float64, of=[wanted_grad])
    kinds = {type(e) for e in compiled.program.equations}
    assert {Native, Loop} <= kinds


def test_an_update_of_large_parameters_is_native_where_no_threads_share_it() -> None:
    start, pull = rng.normal(size=(400, 500)), rng.normal(size=(400, 500))
    kinds = []
    for threads in (1, 2):
        p, q = ag.Parameter(start), ag.Parameter(start)
        one, two = nn.Adam([p]), nn.Adam([q])
        step = ag.compile(one.step, backend="numba", threads=threads)
        for _ in range(3):
            p.grad = q.grad = pull
            step()
            two.step()
        agree(p.data, q.data, np.float64)
        kinds.append({type(e) for e in step.program.equations})
    assert Native in kinds[0] - kinds[1]
    assert Loop in kinds[1] - kinds[0]


def test_long_programs_go_into_several_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "MOST", 20)
    parameters, step = trainer([4, 20, 12, 30, 3], ag.relu, nn.softmax_cross_entropy, np.float64)
    others, other_step = trainer([4, 20, 12, 30, 3], ag.relu, nn.softmax_cross_entropy, np.float64)
    compiled = ag.compile(other_step, backend="numba")
    X, y = rng.normal(size=(30, 4)), rng.integers(0, 3, 30)
    for _ in range(3):
        agree(compiled(X, y), step(X, y), np.float64)
    assert len(natives(compiled)) > 1
    agree_on_all(others, parameters, np.float64)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p", "tanh"])
def test_series_are_good_to_a_few_units_in_the_last_place(name: str, dtype: Any) -> None:
    function, draws = getattr(np, name), generator(5)
    values = [*draws.normal(size=500) * 3, *draws.uniform(-800, 800, 500), *draws.normal(size=9)]
    values += [x * 10.0 ** draws.integers(-30, 3) for x in draws.normal(size=500)]
    values += [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-310, 1e-45, 88.7, 709.7]
    x = np.array(values).astype(dtype)
    loop = f"    for j in range({len(x)}):\n        y[j] = math.{name}(x[j])"
    text = f"def run(x, y):\n{loop}\n    return ()"
    found = np.empty_like(x)
    load(text, [type_of(x), type_of(found)])(x, found)
    with np.errstate(all="ignore"):
        exact = function(x.astype(np.longdouble))
        wanted = exact.astype(dtype)
        off = np.abs(found - exact) / np.spacing(np.abs(wanted))
    finite = np.isfinite(wanted)
    np.testing.assert_array_equal(found[~finite], wanted[~finite])
    assert off[finite].max() < 4


def test_a_backend_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"backend is 'numbra'; expected one of"):
        ag.compile(np.sum, backend="numbra")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r'pip install "gategrad\[jit\]"'):
        ag.compile(np.sum, backend="numba")


def test_programs_of_numbers_run_on_python_floats_as_without() -> None:
    f = ag.grad(lambda x: x * x * np.tanh(x) + x * 3.0 - x / 7.0)
    compiled = ag.compile(f, backend="numba")
    for x in (0.5, -2.0):
        assert compiled(np.float64(x)) == f(x)
    assert not natives(compiled)


def test_another_llvm_than_it_is_written_for_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["autograd.compiler.native.load"]
    monkeypatch.setattr(module, "version", lambda _: "0.45.1")
    with pytest.raises(ImportError, match=r"needs llvmlite 0\.50 or newer, and 0\.45\.1 .*upgrade"):
        ag.compile(lambda x: x, backend="numba")


def test_a_transpose_that_nothing_reads_leaves_a_program() -> None:
    def f(x: Any, y: Any) -> Any:
        return np.sum(np.exp(np.tanh(np.exp(x) * 0.5) * 1.5) * 1.15), y.T, np.exp(y).T

    compiled = ag.compile(f, backend="numba")
    x, y = rng.normal(size=50), rng.normal(size=(3, 2))
    for _ in range(2):
        for found, wanted in zip(compiled(x, y), f(x, y), strict=True):
            agree(found, wanted, float)
    assert natives(compiled)


@pytest.mark.parametrize("condition", [False, True])
def test_a_condition_may_be_a_constant_without_axes(condition: bool) -> None:
    fixed = np.array(condition)

    def f(x: Any, y: Any) -> Any:
        return np.sum(np.where(fixed, np.tanh(x), 1.5) * np.exp(np.exp(x) * 0.5) + y * 1.15)

    compiled = ag.compile(f, backend="numba")
    x, y = rng.normal(size=50), rng.normal(size=50)
    for _ in range(2):
        agree(compiled(x, y), f(x, y), float)
    assert natives(compiled)
