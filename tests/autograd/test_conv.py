"""Convolution and pooling beyond the table: PyTorch to second order, ties, padding, errors."""

import by_loops
import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
from autograd import DTypeError, ShapeError, Tensor, check_gradients, grad
from autograd.draw import draw
from autograd.gates import conv, windows
from autograd.gates.windows import Window

rng = generator(8)
CONVOLUTIONS = [
    {},
    {"stride": 2},
    {"padding": (2, 1)},
    {"padding": (0, 2)},
    {"dilation": (1, 2), "padding": 1},
    {"groups": 2},
    {"stride": (2, 1), "padding": 1, "dilation": 2, "groups": 2},
]
POOLS = [
    ("max_pool2d", {}),
    ("max_pool2d", {"stride": 1, "padding": 1}),
    ("max_pool2d", {"stride": (1, 2), "dilation": 2}),
    ("avg_pool2d", {}),
    ("avg_pool2d", {"stride": 1, "padding": 1}),
    ("avg_pool2d", {"stride": 2, "padding": 1, "count_include_pad": False}),
]


def operands(dtype: str = "float64") -> list[np.ndarray]:
    shapes = [(2, 4, 7, 6), (6, 4, 3, 2), (6,)]
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def filters_for(w: np.ndarray, options: dict) -> np.ndarray:
    return w[:, : w.shape[1] // options.get("groups", 1)].copy()


# --- against PyTorch ---------------------------------------------------------------------------


@pytest.mark.parametrize("options", CONVOLUTIONS, ids=str)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_first_and_second_derivatives_equal_pytorch(options: dict, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    x, w, b = operands(dtype)
    w = filters_for(w, options)
    ours = [Tensor(v) for v in (x, w, b)]
    theirs = [torch.tensor(v, requires_grad=True) for v in (x, w, b)]

    out, expected = ag.conv2d(*ours, **options), torch.nn.functional.conv2d(*theirs, **options)
    assert_close(out, expected)
    assert out.dtype == dtype
    # a gradient penalty, so the second pass goes through every derivative of every gate
    (out * out * out).sum().backward(create_graph=True)
    penalty = sum((t.grad * t.grad).sum() for t in ours)
    first = [t.grad for t in ours]
    gradients = torch.autograd.grad((expected**3).sum(), theirs, create_graph=True)
    sum((g * g).sum() for g in gradients).backward()
    for t in ours:
        t.grad = None
    penalty.backward()
    for t, g, f, other in zip(ours, gradients, first, theirs, strict=True):
        assert f.dtype == t.grad.dtype == dtype
        assert_close(f, g)
        assert_close(t.grad, other.grad)


@pytest.mark.parametrize(("name", "options"), POOLS, ids=str)
def test_pooling_equals_pytorch_to_second_order(name: str, options: dict) -> None:
    torch = pytest.importorskip("torch")
    x = rng.normal(size=(2, 3, 6, 7))
    ours, theirs = Tensor(x), torch.tensor(x, requires_grad=True)
    size = 3 if "padding" in options else 2
    out = getattr(ag, name)(ours, size, **options)
    expected = getattr(torch.nn.functional, name)(theirs, size, **options)
    assert_close(out, expected)
    (out * out * out).sum().backward(create_graph=True)
    first, ours.grad = ours.grad, None
    (first * first).sum().backward()
    (gradient,) = torch.autograd.grad((expected**3).sum(), theirs, create_graph=True)
    (gradient**2).sum().backward()
    assert_close(first, gradient)
    assert_close(ours.grad, theirs.grad)


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_padding_by_name_equals_pytorch(padding: str) -> None:
    torch = pytest.importorskip("torch")
    x, w, b = operands()
    expected = torch.nn.functional.conv2d(
        *map(torch.tensor, (x, w, b)), padding=padding, dilation=(2, 1)
    )
    out = ag.conv2d(x, w, b, padding=padding, dilation=(2, 1))
    assert_close(out, expected)


def test_same_keeps_the_size_for_odd_and_even_filters() -> None:
    for size in (1, 2, 3, 4, 5):
        out = ag.conv2d(np.ones((1, 1, 6, 5)), np.ones((1, 1, size, size)), padding="same")
        assert out.shape == (1, 1, 6, 5)


# --- numerically -------------------------------------------------------------------------------


@pytest.mark.parametrize("options", CONVOLUTIONS, ids=str)
def test_second_order_numerically(options: dict) -> None:
    x, w, b = operands()
    w = filters_for(w, options)
    check_gradients(
        lambda x, w, b: ag.conv2d(x, w, b, **options) ** 2,
        x[:1, :, :6, :6], w, b, order=2, rtol=1e-4, atol=1e-5,
    )  # fmt: skip


def test_third_order_of_a_net() -> None:
    """Convolution, a smooth activation, pooling, and derivatives of derivatives."""

    def f(w: Tensor) -> Tensor:
        h = np.tanh(ag.conv2d(x, w, padding=1))
        return ag.avg_pool2d(ag.max_pool2d(h, 2), (1, 2)).sum()

    x = rng.normal(size=(1, 1, 4, 4))
    w = rng.normal(size=(1, 1, 3, 3))

    def second(w: Tensor) -> Tensor:
        g = grad(f)(w)
        return (g * g).sum()

    check_gradients(second, w, order=2, rtol=1e-4, atol=1e-6)


# --- how it is computed ------------------------------------------------------------------------


def test_no_gradient_is_computed_for_images_that_need_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise AssertionError("the gradient by x was computed")

    monkeypatch.setattr(conv, "conv2d_transpose", refuse)
    x, w, b = operands()
    w, b = Tensor(w), Tensor(b)
    ag.conv2d(x, w, b).sum().backward()
    assert w.grad.shape == w.shape
    with pytest.raises(AssertionError, match="by x"):
        ag.conv2d(Tensor(x), w, b).sum().backward()


def arrays(values: tuple) -> list[tuple]:
    return [value.shape for value in values if isinstance(value, np.ndarray)]


def test_only_what_rules_need_is_saved() -> None:
    x, w, b = operands()
    assert arrays(ag.conv2d(Tensor(x), w, b).node.saved) == [w.shape]
    assert arrays(ag.conv2d(x, w, Tensor(b)).node.saved) == []
    assert arrays(ag.avg_pool2d(Tensor(x), 2).node.saved) == []


def test_writing_to_the_images_later_changes_nothing() -> None:
    for size in (1, 2):
        x = rng.normal(size=(2, 3, 4, 4))
        w = Tensor(rng.normal(size=(2, 3, size, size)))
        out = ag.conv2d(x, w)
        expected = by_loops.conv2d_filters(x, np.ones(out.shape), (size, size))
        x[:] = np.nan
        out.sum().backward()
        assert_close(w.grad, expected)


def test_any_layout_of_memory() -> None:
    x, w, b = operands()
    expected = by_loops.conv2d(x, w, b)
    for layout in (
        lambda v: np.ascontiguousarray(v.transpose(2, 3, 1, 0)).transpose(3, 2, 0, 1),
        lambda v: np.repeat(v, 2, axis=-1)[..., ::2],
        lambda v: v[:, :, ::-1].copy()[:, :, ::-1],
        np.asfortranarray,
    ):
        tensors = Tensor(layout(x)), Tensor(layout(w)), Tensor(b)
        out = ag.conv2d(*tensors)
        assert_close(out, expected)
        upstream = layout(np.cos(np.arange(out.size)).reshape(out.shape))
        out.backward(upstream)
        assert_close(tensors[0].grad, by_loops.conv2d_transpose(upstream, w, (7, 6)))
        for name in ("max_pool2d", "avg_pool2d"):
            assert_close(getattr(ag, name)(layout(x), 2), getattr(by_loops, name)(x, 2))


def test_no_images_at_all() -> None:
    w, b = Tensor(np.ones((3, 2, 2, 2))), Tensor(np.ones(3))
    x = Tensor(np.ones((0, 2, 4, 4)))
    out = ag.avg_pool2d(ag.max_pool2d(ag.conv2d(x, w, b), 2), 1)
    assert out.shape == (0, 3, 1, 1)
    out.sum().backward()
    assert x.grad.shape == x.shape
    assert not w.grad.any()
    assert not b.grad.any()


def test_mixed_precision_follows_numpy() -> None:
    x, w, b = operands()
    w = Tensor(w)
    out = ag.conv2d(x.astype(np.float32), w, b.astype(np.float32))
    assert out.dtype == np.float64
    out.sum().backward()
    assert w.grad.dtype == np.float64
    # Python lists are float64, as in NumPy
    assert ag.conv2d([[[[1.0, 2.0]]]], [[[[3.0]]]]).tolist() == [[[[3.0, 6.0]]]]


def test_compiled_it_is_the_same() -> None:
    x, w, b = operands()

    def step(x: np.ndarray, w: Tensor, b: Tensor) -> Tensor:
        h = np.maximum(0, ag.conv2d(x, w, b, stride=2, padding=1))
        loss = (ag.avg_pool2d(ag.max_pool2d(h, 2, 1, padding=1), 2) ** 2).sum()
        loss.backward()
        return loss

    eager, compiled = [[Tensor(w), Tensor(b)] for _ in range(2)]
    program = ag.compile(step)
    for k in range(3):
        for t in (*eager, *compiled):
            t.grad = None
        moved = x + k
        expected = step(moved, *eager)
        assert_close(program(moved, *compiled), expected)
        for a, e in zip(compiled, eager, strict=True):
            assert_close(a.grad, e.grad)


def test_its_source_runs_without_the_package() -> None:
    x, w, b = operands()

    def loss(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
        h = ag.conv2d(x, w, b, padding=1)
        return (ag.avg_pool2d(ag.max_pool2d(h, 2), 2, padding=1) ** 2).sum()

    program = ag.compile(ag.value_and_grad(loss, (0, 1, 2)))
    value, gradients = program(x, w, b)
    scope: dict = {}
    exec(compile(program.source, "source", "exec"), scope)
    assert "autograd" not in program.source
    function = list(scope.values())[-1]
    again, others = function(x, w, b)
    assert_close(again, value)
    for a, e in zip(others, gradients, strict=True):
        assert_close(a, e)


@pytest.mark.parametrize("padding", [0, (1, 0), (0, 1), ((0, 1), (1, 0))], ids=str)
def test_without_a_gradient_it_is_the_same(padding: object) -> None:
    x, w, b = operands()
    x -= 10  # far below what is in the padding
    for name, given in (("conv2d", (w, b)), ("max_pool2d", (2,)), ("avg_pool2d", ((2, 3),))):
        f, options = getattr(ag, name), {"padding": padding}
        expected = getattr(by_loops, name)(x, *given, **options)
        assert_close(f(x, *given, **options), expected)
        assert_close(f(Tensor(x), *given, **options), expected)
        with ag.no_grad():
            untracked = f(Tensor(x), *given, **options)
        np.testing.assert_array_equal(untracked.numpy(), f(x, *given, **options))
        assert not untracked.requires_grad


# --- max pooling -------------------------------------------------------------------------------


def plain(g: Tensor | np.ndarray) -> np.ndarray:
    return g.numpy() if isinstance(g, Tensor) else g


@pytest.mark.parametrize("create_graph", [False, True])
def test_ties_share_equally_and_padding_never_wins(create_graph: bool) -> None:
    x = Tensor(np.zeros((1, 1, 3, 3)))
    ag.max_pool2d(x, 2, stride=2, padding=1).sum().backward(create_graph=create_graph)
    expected = [[1, 0.5, 0.5], [0.5, 0.25, 0.25], [0.5, 0.25, 0.25]]
    np.testing.assert_array_equal(plain(x.grad), [[expected]])
    overlapping = Tensor(np.zeros((1, 1, 2, 3)))
    ag.max_pool2d(overlapping, 2, stride=1).sum().backward(create_graph=create_graph)
    np.testing.assert_array_equal(plain(overlapping.grad), [[[[0.25, 0.5, 0.25]] * 2]])


@pytest.mark.parametrize("lowest", [-5.0, -np.inf])
def test_padding_does_not_win_against_the_lowest_numbers(lowest: float) -> None:
    x = Tensor(np.full((1, 1, 2, 2), lowest))
    out = ag.max_pool2d(x, 3, stride=1, padding=1)
    assert (out.numpy() == lowest).all()
    out.sum().backward()
    np.testing.assert_array_equal(x.grad, np.ones((1, 1, 2, 2)))  # 4 windows, 4 winners each


def test_nan_is_the_largest_as_in_numpy() -> None:
    values = np.arange(16.0).reshape(1, 1, 4, 4)
    values[0, 0, 0, 0] = np.nan
    x = Tensor(values)
    out = ag.max_pool2d(x, 2)
    np.testing.assert_array_equal(out.numpy()[0, 0], [[np.nan, 7], [13, 15]])
    out.sum().backward()
    assert np.isnan(x.grad[0, 0, :2, :2]).all()
    np.testing.assert_array_equal(x.grad[0, 0, 2:], [[0, 0, 0, 0], [0, 1, 0, 1]])


def test_what_does_not_win_does_not_spoil_the_gradient() -> None:
    """The logarithm of 0 is no winner, so its infinite local gradient does not matter."""
    values = np.arange(1.0, 17.0).reshape(1, 1, 4, 4)
    values[0, 0, 1, 1] = 0
    for options in ({}, {"padding": 1}, {"stride": 1}):
        x = Tensor(values)
        with np.errstate(divide="ignore"):
            out = ag.max_pool2d(np.log(x), 2, **options)
        out.sum().backward()
        winners = x.grad != 0
        assert winners.any()
        assert not winners[0, 0, 1, 1]
        assert np.isfinite(x.grad).all()


# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "w", "b", "options", "error", "message"),
    [
        ((4, 5), (1, 1, 3, 3), None, {}, ShapeError, r"x is \(4, 5\); expected \(images, chann"),
        ((1, 4, 5), (1, 1, 3, 3), None, {}, ShapeError, r"use x\[None\]"),
        ((1, 1, 4, 5), (3, 3), None, {}, ShapeError, r"w is \(3, 3\); expected \(filters, "),
        ((1, 2, 4, 5), (3, 3, 2, 2), None, {}, ShapeError, "x has 2 channels.* are for 3"),
        ((1, 4, 4, 5), (6, 2, 2, 2), None, {}, ShapeError, "Did you mean groups=2"),
        ((1, 3, 4, 5), (4, 1, 2, 2), None, {"groups": 2}, ShapeError, "2 groups divide 3 chann"),
        ((1, 4, 4, 5), (3, 2, 2, 2), None, {"groups": 2}, ShapeError, "4 channels and 3 filters"),
        ((1, 1, 4, 5), (1, 1, 5, 2), None, {}, ShapeError, "covers 5 x 2, .* only 4 x 5; use a"),
        ((1, 1, 4, 5), (1, 1, 2, 3), None, {"dilation": 3}, ShapeError, "covers 4 x 7"),
        ((1, 1, 4, 5), (2, 1, 2, 2), (3,), {}, ShapeError, r"b is \(3,\); expected \(2,\)"),
        ((1, 1, 4, 5), (1, 1, 2, 2), None, {"stride": 0}, ValueError, "stride is 0; .* at least 1"),
        ((1, 1, 4, 5), (1, 1, 2, 2), None, {"stride": (1, -1)}, ValueError, "at least 1"),
        ((1, 1, 4, 5), (1, 1, 2, 2), None, {"dilation": 0}, ValueError, "dilation is 0"),
        ((1, 1, 4, 5), (1, 1, 2, 2), None, {"groups": 0}, ValueError, "groups is 0"),
        ((1, 1, 4, 5), (1, 1, 2, 2), None, {"groups": 1.0}, ValueError, "groups is 1.0"),
        ((1, 1, 4, 5), (1, 1, 2, 2), None, {"stride": 1.5}, TypeError, "stride is 1.5; expected"),
        ((1, 1, 4, 5), (1, 1, 2, 2), None, {"stride": (1, 2, 3)}, TypeError, "two for rows and"),
        ((1, 1, 4, 5), (1, 1, 2, 2), None, {"padding": -1}, ValueError, "padding is -1"),
        ((1, 1, 4, 5), (1, 1, 2, 2), None, {"padding": "full"}, TypeError, "'same' or 'valid'"),
        ((1, 1, 4, 5), (1, 1, 2, 2), None, {"padding": (1, 2, 3)}, TypeError, "padding is"),
        ((1, 1, 4, 5), (1, 1, 2, 2), None, {"padding": "same", "stride": 2}, ValueError, "for str"),
    ],
)  # fmt: skip
def test_errors_say_what_to_do(
    x: tuple, w: tuple, b: tuple, options: dict, error: type, message: str
) -> None:
    bias = None if b is None else np.ones(b)
    with pytest.raises(error, match=message):
        ag.conv2d(np.ones(x), Tensor(np.ones(w)), bias, **options)


def test_integers_are_refused() -> None:
    floats, integers = np.ones((1, 1, 3, 3)), np.ones((1, 1, 3, 3), int)
    with pytest.raises(DTypeError, match=r"x is int64; expected floats, so use x\.astype"):
        ag.conv2d(integers, floats)
    with pytest.raises(DTypeError, match="w is int64"):
        ag.conv2d(floats, integers)
    with pytest.raises(DTypeError, match="b is int64"):
        ag.conv2d(floats, floats, np.array([1]))
    for name in ("max_pool2d", "avg_pool2d"):
        with pytest.raises(DTypeError, match=f"{name}: x is int64"):
            getattr(ag, name)(Tensor(integers), 2)


@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d"])
def test_pooling_errors(name: str) -> None:
    f, x = getattr(ag, name), np.ones((1, 1, 4, 4))
    with pytest.raises(ShapeError, match=r"expected \(images, channels, height, width\)"):
        f(x[0, 0], 2)
    with pytest.raises(ShapeError, match="the kernel covers 5 x 5"):
        f(x, 5)
    with pytest.raises(ValueError, match="stride is 0"):
        f(x, 2, stride=0)
    with pytest.raises(ValueError, match="kernel_size is 0"):
        f(x, 0)
    with pytest.raises(ShapeError, match="some windows lie in the padding alone"):
        f(x, 2, padding=2)


# --- pictures ----------------------------------------------------------------------------------


def test_a_convolutional_net_can_be_drawn() -> None:
    x, w, b = operands()
    h = ag.max_pool2d(np.maximum(0, ag.conv2d(x, Tensor(w, name="W"), Tensor(b, name="b"))), 2)
    loss = ag.avg_pool2d(h, 2).sum()
    loss.backward()
    text = draw(loss).dot
    for symbol in ("conv", "max pool", "avg pool"):
        assert symbol in text
    expanded = draw(loss, expand=True).dot
    assert "unfold" in expanded
    no_bias = draw(ag.conv2d(Tensor(x), Tensor(w)).sum(), expand=True).dot
    assert "unfold" in no_bias


def test_a_window_describes_itself() -> None:
    assert str(Window((2, 2), (2, 2))) == "2 × 2, stride 2"
    window = windows.window_on("conv2d", (9, 9), (3, 5), [1, 2], ((1, 0), 2), np.array([2, 1]))
    assert str(window) == "3 × 5, stride 1 × 2, pad ((1, 0), (2, 2)), dilation 2 × 1"
    assert (
        repr(window) == "Window((3, 5), stride=(1, 2), dilation=(2, 1), padding=((1, 0), (2, 2)))"
    )
    assert eval(repr(window)) == window
    assert repr(Window((2, 2))) == "Window((2, 2))"
