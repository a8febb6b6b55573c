"""Programs of docs/science.md that move: an ODE, a robot's arm, springs; and a filter, an option,
an implicit layer.

The functions are those of the page, run on other numbers, and held to what is known from elsewhere.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
from autograd import TraceError
from demos.science import of

pytestmark = pytest.mark.usefixtures("no_new_gates")

# --- an ODE --------------------------------------------------------------------------------------


def test_sensitivities_of_an_ode() -> None:
    """Reverse, forward, compiled, with checkpoints, and by hand."""
    s = of("An ODE")
    solution, rk4, p = s["solution"], s["rk4"], np.array([1.3, 0.8, 2.5, 0.9])
    us = np.concatenate([[1.0, 1.0], np.zeros(8)])
    for _ in range(60):
        us = rk4(s["with_sensitivities"], us, p)
    by_hand, last = us[2:].reshape(2, 4), lambda p: solution(p, 60)[-1]
    assert_close(ag.jacobian(last)(p), by_hand, 1e-11)
    assert_close(ag.compile(ag.jacobian(last))(p), by_hand, 1e-11)
    for jvp in ag.jvp(last), ag.compile(ag.jvp(last)):
        columns = [jvp(p, direction) for direction in np.eye(4)]
        assert_close(np.stack(columns, axis=1), by_hand, 1e-11)


def test_checkpoints_keep_less_and_change_nothing() -> None:
    s = of("An ODE")
    p, whole = s["p"], ag.jacobian(lambda p: s["solution"](p)[-1])
    assert_close(ag.jacobian(s["end"])(p), whole(p), 1e-11)
    assert_close(ag.compile(ag.jacobian(s["end"]))(p), whole(p), 1e-11)
    assert graph_size(s["end"](ag.Tensor(p))) * 10 < graph_size(s["solution"](ag.Tensor(p)))


def graph_size(t: Any) -> int:
    """How many values a backward pass would meet."""
    seen, todo = set(), [t.node]
    while todo:
        node = todo.pop()
        if id(node) not in seen and hasattr(node, "parents"):
            seen.add(id(node))
            todo += node.parents
    return len(seen)


def test_parameters_are_found_from_what_was_observed() -> None:
    s = of("An ODE")
    assert_close(s["guess"], s["p"], 1e-9)


# --- a filter in the frequency domain ------------------------------------------------------------


def test_the_gradient_of_a_filter_is_a_correlation() -> None:
    s, rng = of("A filter in the frequency domain"), generator(2)
    signal, output, n = s["signal"], s["output"], s["n"]
    taps = rng.normal(size=5)
    wrong = sum(tap * np.roll(signal, k) for k, tap in enumerate(taps)) - output
    correlation = [wrong @ np.roll(signal, k) for k in range(5)]
    for gradient in ag.grad(s["loss_of_taps"]), ag.compile(ag.grad(s["loss_of_taps"])):
        assert_close(gradient(taps), correlation, 1e-12)
    # by H: each frequency but the first and the last stands for two, which are conjugate
    H = rng.normal(size=n // 2 + 1) + 1j * rng.normal(size=n // 2 + 1)
    wrong = np.fft.irfft(H * np.fft.rfft(signal), n) - output
    by_hand = 2 / n * np.conj(np.fft.rfft(signal)) * np.fft.rfft(wrong)
    by_hand[[0, -1]] = by_hand[[0, -1]].real / 2  # imaginary parts there are not used
    assert_close(ag.grad(s["loss"])(H), by_hand, 1e-12)
    np.testing.assert_array_equal(ag.compile(ag.grad(s["loss"]))(H), ag.grad(s["loss"])(H))


# --- a robot's arm -------------------------------------------------------------------------------


def test_the_jacobian_of_an_arm() -> None:
    s = of("A robot's arm")
    hand, links = s["hand"], s["links"]
    for q in generator(4).uniform(-3, 3, size=(5, 3)):
        angles = np.cumsum(q)
        rows = -links * np.sin(angles), links * np.cos(angles)
        closed = np.stack([np.cumsum(row[::-1])[::-1] for row in rows])
        for jacobian in ag.jacobian(hand), ag.compile(ag.jacobian(hand)):
            assert_close(jacobian(q), closed)
        assert_close(np.stack([ag.jvp(hand)(q, e) for e in np.eye(3)], axis=1), closed)
        assert_close(np.stack([ag.vjp(hand)(q, e) for e in np.eye(2)]), closed)


def test_the_steps_to_the_target_are_those_of_newton() -> None:
    """The error of one is about the square of that before."""
    s = of("A robot's arm")
    errors = [np.abs(s["hand"](q) - s["target"]).max() for q in s["way"]]
    assert errors[-1] < 1e-12
    assert all(after < 2 * before**2 for before, after in pairwise(errors[2:6]))


def test_the_angles_for_a_target_have_a_derivative() -> None:
    """By the implicit function theorem: the inverse of the Jacobian."""
    hand = of("A robot's arm")["hand"]

    def angles(target: Any) -> Any:
        held = lambda q, target: hand(np.append(q, 0.5)) - target  # noqa: E731
        return ag.root(held, np.array([0.2, 0.7]), target)

    target = np.array([0.9, 1.4])
    q = angles(target).numpy()
    assert_close(hand(np.append(q, 0.5)), target)
    inverse = np.linalg.inv(ag.jacobian(hand)(np.append(q, 0.5))[:, :2])
    assert_close(ag.jacobian(angles)(target), inverse, 1e-12)


# --- the price of an option ----------------------------------------------------------------------


@pytest.mark.parametrize("market", [(100.0, 0.25, 0.03, 0.5), (80.0, 0.4, -0.01, 2.0)])
def test_the_greeks(market: Any) -> None:
    """Hull, "Options, Futures, and Other Derivatives", "The Greek letters"."""
    call, (S, v, r, T), K = of("The price of an option")["call"], market, 95.0
    N = lambda x: 0.5 * math.erfc(-x / math.sqrt(2))  # noqa: E731
    d1 = (math.log(S / K) + (r + v * v / 2) * T) / (v * math.sqrt(T))
    d2, density = d1 - v * math.sqrt(T), math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
    greeks = {
        "delta": N(d1),
        "vega": S * density * math.sqrt(T),
        "rho": K * T * math.exp(-r * T) * N(d2),
        "minus theta": S * density * v / (2 * math.sqrt(T)) + r * K * math.exp(-r * T) * N(d2),
    }
    assert_close(call(*market), S * N(d1) - K * math.exp(-r * T) * N(d2), 1e-13)
    eager = ag.grad(call, (0, 1, 2, 3))
    for gradient in eager, ag.compile(eager):
        for found, (name, closed) in zip(gradient(*market), greeks.items(), strict=True):
            assert float(found) == pytest.approx(closed, rel=1e-12), name
    gamma = density / (S * v * math.sqrt(T))
    for second in ag.grad(ag.grad(call)), ag.compile(ag.grad(ag.grad(call))):
        assert float(second(*market)) == pytest.approx(gamma, rel=1e-11)
    vanna = -density * d2 / v  # of delta by the volatility
    assert float(ag.grad(ag.grad(call), 1)(*market)) == pytest.approx(vanna, rel=1e-11)


def test_the_gate_of_the_page_and_that_of_scipy() -> None:
    special = pytest.importorskip("scipy.special")
    own, x = of("The price of an option")["cumulative_normal"], np.linspace(-5.0, 5.0, 11)
    assert_close(own(x), special.ndtr(x), 1e-14)
    for order in range(1, 4):
        f, g = own, special.ndtr
        for _ in range(order):
            f, g = ag.elementwise_grad(f), ag.elementwise_grad(g)
        assert_close(f(x), g(x), 1e-13)


def test_the_volatility_that_a_price_implies() -> None:
    s = of("The price of an option")
    assert float(s["implied"](s["call"](100.0, 0.37, 0.03, 0.5)).item()) == pytest.approx(0.37)
    with pytest.raises(TraceError, match="cannot be compiled"):
        ag.compile(ag.grad(s["implied"]))(10.0)


# --- an implicit layer ---------------------------------------------------------------------------


def test_the_gradient_of_an_implicit_layer() -> None:
    """That of very many steps, and that of a linear system, which solves the theorem's equation."""
    s = of("An implicit layer")
    layer, rng = s["layer"], generator(6)
    net = {"W": rng.normal(size=(4, 4)) / 8, "U": rng.normal(size=(4, 2)), "b": rng.normal(size=4)}
    x, g = rng.normal(size=(1, 2)), rng.normal(size=(1, 4))
    z = ag.fixed_point(layer, np.zeros((1, 4)), net, x).numpy()
    slopes, size = 1 - z[0] ** 2, np.linalg.norm(net["W"])
    shrunk = net["W"] / (1 + size)
    w = np.linalg.solve(np.eye(4) - (slopes[:, None] * shrunk).T, g[0]) * slopes
    by_shrunk = np.outer(w, z[0])
    by_w = by_shrunk / (1 + size) - np.sum(by_shrunk * shrunk) * net["W"] / (size * (1 + size))
    found = ag.grad(lambda net: np.sum(g * ag.fixed_point(layer, np.zeros((1, 4)), net, x)))(net)
    for name, closed in {"b": w, "W": by_w, "U": np.outer(w, x[0])}.items():
        assert_close(found[name], closed, 1e-12)


def test_the_implicit_layer_has_learnt() -> None:
    s = of("An implicit layer")
    untrained = dict(s["net"], v=np.zeros(10))
    assert s["mean_error"](s["net"]).item() < 0.3 * s["mean_error"](untrained).item()
    with pytest.raises(TraceError, match="cannot be compiled"):
        ag.compile(ag.grad(s["mean_error"]))(s["net"])
    by_steps = ag.compile(ag.grad(s["unrolled"]))(s["net"])
    for name, gradient in ag.grad(s["mean_error"])(s["net"]).items():
        assert_close(by_steps[name], gradient, 1e-8)


# --- masses and springs --------------------------------------------------------------------------


def mode(j: int, n: int) -> np.ndarray:
    return np.sin(j * np.pi * np.arange(1, n + 1) / (n + 1))


@pytest.mark.parametrize("j", [1, 3])
def test_a_chain_swings_in_its_modes(j: int) -> None:
    """Each mode alone is cos(n θ), cos θ = 1 - ½ ω² dt², exactly; and so is its derivative."""
    swing, start, steps, dt = of("Masses and springs")["swing"], mode(j, 5), 150, 0.05
    share = (2 * math.sin(j * math.pi / 12) * dt) ** 2 / 2
    theta = math.acos(1 - share * 1.7)
    slope = -steps * math.sin(steps * theta) * share / math.sin(theta)
    whole = lambda k: swing(k, start, steps, dt)[-1, 1:-1]  # noqa: E731
    assert_close(whole(1.7), math.cos(steps * theta) * start, 1e-11)
    by_stiffness = ag.jacobian(whole)(1.7)
    assert_close(by_stiffness, slope * start, 1e-10)
    assert_close(ag.jvp(whole)(1.7, 1.0), by_stiffness, 1e-12)
    np.testing.assert_array_equal(ag.compile(ag.jacobian(whole))(1.7), by_stiffness)


def test_the_energy_stays_and_has_no_trend() -> None:
    """What leapfrog keeps: with velocities between steps, and places on both sides of them."""
    swing, k, dt = of("Masses and springs")["swing"], 2.0, 0.05
    x = swing(k, generator(7).normal(size=6), 2000, dt)
    v, stretched = np.diff(x, axis=0) / dt, np.diff(x, axis=1)
    energy = 0.5 * np.sum(v**2, axis=1) + 0.5 * k * np.sum(stretched[1:] * stretched[:-1], axis=1)
    assert_close(energy, np.full(2000, energy[0]), 1e-11)


def test_the_chain_by_numbers_and_with_respect_to_where_it_starts() -> None:
    swing, start = of("Masses and springs")["swing"], generator(8).normal(size=4)
    end = lambda k: np.sum(swing(k, start, 60)[-1] ** 3)  # noqa: E731
    ag.check_gradients(end, 2.0, order=2)
    assert ag.compile(ag.grad(end))(2.0) == ag.grad(end)(2.0)
