"""Compiled gates give the same bits as eager: at other inputs, twice derived, in large arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compiled import same
from draws import generator
from gate_cases import CASES, Case, value_and_all_grads

import autograd as ag
from autograd import Tensor
from autograd.compiler.blocks import Loop, halves, sum_of_halves

rng = generator(7)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_every_gate_gives_the_bits_of_eager_at_other_inputs(case: Case, dtype: Any) -> None:
    first = [np.asarray(x, dtype) for x in case.inputs]
    eager = value_and_all_grads(case)
    compiled = ag.compile(eager)
    compiled(*first)
    for shift in (0.0, 0.013):
        other = [np.asarray(rng.permuted(x) if x.ndim else x) for x in first]
        if case.smooth:
            other = [np.asarray(x + shift, dtype) for x in other]
        (value, grads), (wanted, wanted_grads) = compiled(*other), eager(*other)
        same(value, wanted)
        for g, wanted_g in zip(grads, wanted_grads, strict=True):
            same(g, wanted_g)
    assert compiled.why == ["first call"]


def test_second_derivatives() -> None:
    f = ag.grad(ag.grad(lambda x: np.tanh(x) * x))
    compiled = ag.compile(f)
    for x in (0.5, 1.5, -2.0):
        same(compiled(np.float64(x)), f(x))


# --- large arrays --------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(300_001,), (517, 1000), (3, 401, 333)], ids=str)
def test_chains_over_large_arrays_run_in_pieces_with_the_bits_of_eager(
    shape: tuple[int, ...], dtype: Any
) -> None:
    def f(x: Any, y: Any) -> Any:
        z = np.tanh(np.exp(-x * x) + x * y)
        return np.sum(z) * np.sum(y * 0.5)

    eager = ag.value_and_grad(f, (0, 1))
    compiled = ag.compile(eager)
    for _ in range(3):
        x, y = (rng.normal(size=shape).astype(dtype) for _ in range(2))
        (v, g), (w, h) = compiled(x, y), eager(x, y)
        same(v, w)
        same(g[0], h[0])
        same(g[1], h[1])
    loops = [e for e in compiled.program.equations if isinstance(e, Loop)]
    assert len(loops) == 2
    assert sum(len(loop.inside) for loop in loops) > 12


def test_what_is_no_chain_stays_outside_of_the_loop() -> None:
    def f(x: Any) -> Any:
        a = np.exp(x) * 2.0
        b = a - np.sum(a, axis=0)  # needs all of a
        return np.sqrt(np.abs(b)) + 1.0 + x.T.T

    eager, compiled = (lambda x: f(ag.Tensor(x))), ag.compile(f)
    for _ in range(2):
        x = rng.normal(size=(400, 500))
        same(compiled(x), eager(x))


@pytest.mark.parametrize("size", [1, 7, 128, 129, 1000, 8193, 300_001])
def test_sums_of_halves_are_pairwise_sums(size: int) -> None:
    for dtype in (np.float64, np.float32):
        x = rng.normal(size=size).astype(dtype)
        sums = [np.add.reduce(x[a:b]) for a, b in halves(0, size, 500)]
        assert sum_of_halves(sums, size, 500) == np.add.reduce(x)


# --- zeros where masks are needed now and then ---------------------------------------------------


def roots(x: Any) -> Any:
    return np.sum(np.where(x > 0, np.sqrt(np.abs(x)), 0.0))


@pytest.mark.parametrize("f", [roots, lambda x: ag.l2_penalty(x, 0.0)[None].sum()])
@pytest.mark.parametrize("derive", [ag.grad, lambda f: ag.grad(lambda x: np.sum(ag.grad(f)(x)))])
def test_zeros_have_the_signs_of_eager_after_a_gradient_that_held_nan(f: Any, derive: Any) -> None:
    eager = derive(f)
    compiled = ag.compile(eager)
    for x in ([0.0, -np.inf, 1.0], [-1.0, 2.0, -3.0], [np.nan, 0.0, -1.0], [-2.0, 1.0, 3.0]):
        with np.errstate(all="ignore"):
            found, wanted = compiled(np.array(x)), eager(np.array(x))
        same(found, wanted)
        assert (np.signbit(found) == np.signbit(wanted))[wanted == 0].all()


PENALTIES = {
    "below": lambda w: ag.l2_penalty(w / 3, 0.0)[None],  # the gradient gets the memory of w / 3
    "above": lambda w: ag.l2_penalty(w / 3, 0.0),
    "beside": lambda w: np.sum(w * w),
    "hook": lambda w: 0.0,
    "complex": lambda w: 0.0,
}


@pytest.mark.parametrize("penalty", PENALTIES)
def test_what_is_infinite_is_kept_out_of_gradients_where_eager_does(penalty: str) -> None:
    weights = np.array([[2.0, -1.5], [-1.8, 0.5], [-0.4, 0.9]])
    w, other = ag.Parameter(weights), ag.Parameter(weights)

    def step(x: Any, w: ag.Tensor) -> Any:
        w.zero_grad()
        product = np.dot(x, w * 1j if penalty == "complex" else w)
        if penalty == "hook":
            product.register_hook(lambda g: 2 * g)
        loss = np.sum(np.real(product[1:]))
        loss = loss + np.sum(PENALTIES[penalty](w) * ag.fresh(np.ones, ()))
        loss.backward()
        return loss

    compiled = ag.compile(lambda x: step(x, w))
    for x in ([1.0, 2.0, 3.0], [1.0, 2.0, np.inf], [np.inf, 2.0, 3.0]):
        with np.errstate(all="ignore"):
            same(compiled(np.array(x)), step(np.array(x), other))
        same(w.grad, other.grad)


CHANGES = {
    "jvp": lambda f: lambda x, v: ag.jvp(f, 0)(x, v),
    "hvp": lambda f: lambda x, v: ag.hvp(f)(x, v),
    "both": lambda f: lambda x, v: ag.jvp(ag.grad(f))(x, v),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("f", [
    lambda x: np.sum(np.reciprocal(x)), lambda x: np.sum(np.sqrt(x) * x), roots,
])  # fmt: skip
def test_what_does_not_change_has_no_part_in_a_change(f: Any, change: str) -> None:
    eager = CHANGES[change](f)
    compiled = ag.compile(eager)
    for x in ([1.0, 2.0, 3.0], [0.0, 1.0, np.inf], [2.0, 0.0, 4.0]):
        with np.errstate(all="ignore"):
            given = np.array(x), np.array([0.0, 1.0, 2.0])
            same(compiled(*given), eager(*given))


# --- how arrays lie in memory --------------------------------------------------------------------


def unaligned(x: Any) -> Any:
    memory = np.zeros(x.nbytes + 1, np.uint8)
    out = memory[1:].view(x.dtype).reshape(x.shape)
    out[...] = x
    return out


LAYOUTS = {
    "turned": lambda x: np.array(x.T).T, "gaps": lambda x: np.repeat(x, 2, -1)[..., ::2],
    "backwards": lambda x: np.array(x[::-1])[::-1], "unaligned": unaligned,
}  # fmt: skip


def tanh_of_product(x: Any, w: Any) -> Any:
    return np.mean(np.tanh(x @ w) ** 2)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("derive", [ag.grad, ag.value_and_grad], ids=["grad", "value"])
def test_sums_add_in_the_order_of_eager_however_arguments_lie_in_memory(
    layout: str, derive: Any
) -> None:
    eager = derive(tanh_of_product, (0, 1))
    compiled = ag.compile(eager)
    for _ in range(3):
        x, w = (LAYOUTS[layout](rng.normal(size=shape)) for shape in ((7, 1, 19), (19,)))
        for found, wanted in zip(compiled(x, w), eager(x, w), strict=True):
            for a, b in zip(found, wanted, strict=True) if isinstance(wanted, tuple) else ():
                same(a, b)
            if not isinstance(wanted, tuple):
                same(found, wanted)


@pytest.mark.parametrize("order", ["sums", "squares"])
def test_a_gradient_lies_in_memory_as_in_eager(order: str) -> None:
    def step(x: Any, w: ag.Tensor) -> Any:
        w.zero_grad()
        loss = np.sum((w.T * 1.5)[::2]) if order == "sums" else np.sum((w.T - x) ** 2)
        loss.backward()
        g = w.grad
        return np.sum(g * 0.1), np.sum(np.tanh(g))

    eager, compiled = ag.Tensor(rng.normal(size=(33, 41))), ag.Tensor(np.zeros((33, 41)))
    compiled.data = eager.data
    run = ag.compile(lambda x: step(x, compiled))
    for _ in range(3):
        x = np.array(rng.normal(size=(33, 41))).T
        for a, b in zip(run(x), step(x, eager), strict=True):
            same(a, b)


def test_a_gradient_that_is_set_has_the_dtype_of_its_tensor() -> None:
    p = ag.Tensor(np.ones(3, np.float32), requires_grad=True)

    @ag.compile
    def step() -> Any:
        p.zero_grad()
        np.sum(p * 2.0).backward()
        p.grad = p.grad * np.ones(3)
        return p.grad * 1.0

    assert {step().dtype for _ in range(3)} == {np.dtype("f4")}


def test_the_layout_of_an_argument_is_part_of_its_kind() -> None:
    compiled = ag.compile(ag.grad(tanh_of_product, (0, 1)))
    x, w = rng.normal(size=(6, 4)), rng.normal(size=(4, 2))
    read_only = x.copy()
    read_only.flags.writeable = False
    for given in (x, read_only, x.copy()):
        compiled(given, w)
    assert compiled.why == ["first call"]
    compiled(unaligned(x), w)
    compiled(x, w)
    assert compiled.why[1:] == ["x is float64 (6, 4), unaligned, before float64 (6, 4)"]


# --- integers that are computed -------------------------------------------------------------------


def test_a_single_integer_that_is_computed_is_an_index() -> None:
    def step(x: Any, k: Any) -> Any:
        t = x * 1.0
        t[k] = t[k] * 2.0
        return np.sum(t[np.argmax(x[:, 0])] ** 2) + np.sum(t[:, k, None] * 3.0)

    eager = ag.value_and_grad(step)
    compiled = ag.compile(eager)
    for k in (0, 2, -1):
        x = rng.normal(size=(3, 3))
        x[k] = -0.0
        for a, b in zip(compiled(x, np.array(k)), eager(x, np.array(k)), strict=True):
            same(a, b)
    assert compiled.why == ["first call"]
    with pytest.raises(IndexError):
        compiled(x, np.array(3))


@pytest.mark.parametrize("x", [np.array(2.0), np.float64(2.0)])
def test_a_mask_of_a_number_is_refused(x: Any) -> None:
    with pytest.raises(ag.TraceError, match=r"depends on the values.*np\.where"):
        ag.compile(lambda x: ag.Tensor(x)[ag.Tensor(x) > 0])(x)


# --- layouts --------------------------------------------------------------------------------------


def masked(c: Any, row: Any) -> Any:
    """A number that is infinite is written over, so gradients want masks."""
    v = c * 1.0
    v[-1:] = row
    return np.sum(v * 1.15)


def doubled(c: Any) -> Any:
    return np.sum(np.concatenate([c, c[:1]]) * 1.15)


def rooted(c: Any, row: Any) -> Any:
    return np.sum(np.sqrt(np.maximum(c, row)) * np.tanh(c))


@pytest.mark.parametrize(("f", "count"), [(masked, 2), (doubled, 1), (rooted, 2)])
@pytest.mark.parametrize("shape", [(4, 2), (3, 3), (7, 5)], ids=str)
def test_gradients_lie_in_memory_as_in_eager(f: Any, count: int, shape: tuple[int, int]) -> None:
    """Else sums of them have other last bits: of Fortran's order, with and without masks."""
    jvp = ag.jvp(f, 0)
    compiled = ag.compile(lambda c, *rest: jvp(c, *rest, 0.5 * c))
    given = [np.asfortranarray(rng.normal(size=shape)), rng.normal(size=(1, shape[1]))][:count]
    given[0][-1, 0], given[0][1, 0] = np.inf, np.nan
    with np.errstate(all="ignore"):
        compiled(*given)
        for _ in range(20):
            given[0][...] = rng.normal(size=shape)
            same(compiled(*given), jvp(*given, 0.5 * given[0]))


def test_what_is_not_aligned_is_multiplied_as_in_eager() -> None:
    """NumPy has no BLAS for that; but a gate keeps a copy of a constant that its rules need."""
    both = ag.value_and_grad(lambda x, w: np.sum(np.matmul(x, w) * 1.08))
    memory = np.zeros(8 * 6 + 1, np.uint8)
    w = memory[1:].view(float).reshape(3, 2)
    compiled = ag.compile(both)
    for _ in range(20):
        x, w[...] = rng.normal(size=(3, 1, 1, 3)), rng.normal(size=(3, 2))
        for found, wanted in zip(compiled(x, w), both(x, w), strict=True):
            same(found, wanted)


def test_an_empty_mask_is_a_mask_in_a_gradient_of_a_gradient() -> None:
    mask = np.zeros((0, 4), bool)
    grad = ag.grad(lambda x: np.sum(np.tanh(x[mask])))
    second = ag.grad(lambda x: np.sum(grad(x) ** 2))
    x = np.zeros((0, 4, 3))
    same(ag.compile(second)(x), second(x))


# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [np.add, np.multiply, np.maximum, np.subtract])
def test_a_float_keeps_its_decimals_beside_integers(f: Any) -> None:
    compiled = ag.compile(lambda s: f(s, np.arange(3)) + f(np.arange(1, 4), s))
    for s in (1.5, -2.7, 0.25):
        same(compiled(s), f(s, np.arange(3)) + f(np.arange(1, 4), s))


def test_powers_of_single_values_have_the_bits_of_eager_in_all_orders() -> None:
    def slopes(x: Any, y: Any) -> Any:
        return sum(ag.grad(lambda x, y: x**y * 1.15, (0, 1))(x, y))

    first, second = ag.grad(lambda x, y: x**y * 1.15, (0, 1)), ag.grad(slopes, (0, 1))
    for eager in (first, second):
        compiled = ag.compile(eager)
        for x, y in rng.uniform(0.1, 3.0, (200, 2)):
            given = np.float64(x), np.float64(y)
            for a, b in zip(compiled(*given), eager(*given), strict=True):
                same(a, b)


FORMS_OF_A_NUMBER = [float, np.float32, np.float64, np.array,
                     lambda x: np.array(x, np.float32)]  # fmt: skip


@pytest.mark.parametrize("second", FORMS_OF_A_NUMBER)
@pytest.mark.parametrize("first", FORMS_OF_A_NUMBER)
def test_a_power_has_the_bits_of_an_array_or_of_a_scalar_as_eager(first: Any, second: Any) -> None:
    """NumPy's power of arrays without axes and that of scalars differ in their last bits."""

    def power(x: Any, y: Any) -> Any:
        return x**y * 1.15

    both = ag.compile(power)
    for x, y in rng.uniform(0.1, 3.0, (60, 2)):
        x, y = first(x), second(y)
        same(both(x, y), power(x, y))
    base, exponent = first(0.7), second(1.3)
    of_base, of_exponent = ag.compile(lambda x: x**exponent), ag.compile(lambda y: base**y)
    for x, y in rng.uniform(0.1, 3.0, (60, 2)):
        same(of_base(first(x)), first(x) ** exponent)
        same(of_exponent(second(y)), base ** second(y))


def test_arrays_without_axes_are_numbers_to_gates_and_have_their_powers() -> None:
    def f(x: Any, y: Any) -> Any:
        wide = np.broadcast_to(x + np.float32(0.1), ())
        return wide ** wide[...] * 1.15 + x**y

    eager = ag.value_and_grad(f)
    compiled = ag.compile(eager)
    for dtype in (np.float32, np.float64):
        for x, y in rng.uniform(0.1, 3.0, (60, 2)):
            given = np.array(x, dtype), np.array(y, dtype)
            for found, wanted in zip(compiled(*given), eager(*given), strict=True):
                same(found, wanted)
            same((Tensor(x, requires_grad=True) ** np.array(y)), np.float64(x) ** np.float64(y))


def test_a_constant_without_axes_is_a_number_in_programs_of_numbers() -> None:
    mask = np.array(True)
    compiled = ag.compile(ag.value_and_grad(lambda x: np.where(mask, x * x, -x) * 3.0))
    for x in (1.5, -2.0):
        assert compiled(np.float64(x)) == (3 * x * x, 6 * x)


def test_a_tensor_that_is_left_as_a_gradient_is_refused() -> None:
    p = ag.Tensor(np.ones(2), requires_grad=True)

    def step() -> Any:
        p.zero_grad()
        np.sum(p**3).backward(create_graph=True)
        slope = np.sum(p.grad * p.grad)
        return slope.detach()

    with pytest.raises(ag.TraceError, match=r"left in \.grad.*zero_grad"):
        ag.compile(step)()
    assert p.grad is None


def test_what_is_multiplied_by_one_keeps_its_layout() -> None:
    """Of the result `reshape` shows the memory, of the reversed operand it makes a copy."""

    def f(x: Any) -> Any:
        own = x[::-1] * 1.0
        own.T[0] = 2
        return ag.value_and_grad(lambda t: np.mean(t**3))(own)[1].sum()

    slope = ag.grad(f)
    x = np.random.default_rng(0).normal(size=(2, 4, 3))
    np.testing.assert_array_equal(ag.compile(slope)(x), slope(x))
