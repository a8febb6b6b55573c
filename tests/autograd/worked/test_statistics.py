"""Programs of docs/science.md about data: a Gaussian process, a Kalman filter, HMC, Newton.

The functions are those of the page, run on other numbers, and held to what is known from elsewhere.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
from demos.science import of

THETA = np.array([0.2, -0.3, -0.8])


# --- a Gaussian process --------------------------------------------------------------------------


def covariance_and_slopes(x: Any, theta: Any) -> tuple[Any, list[Any]]:
    """K and its derivatives, by hand."""
    scale, length, noise = np.exp(theta)
    distance = (x[:, None] - x) ** 2
    smooth = scale**2 * np.exp(-0.5 * distance / length**2)
    white = noise**2 * np.eye(len(x))
    return smooth + white, [2 * smooth, smooth * distance / length**2, 2 * white]


def test_marginal_likelihood() -> None:
    """Rasmussen & Williams, eq. 2.30 and 5.9."""
    s = of("A Gaussian process")
    x, y, log_likelihood = s["x"], s["y"], s["log_likelihood"]
    K, slopes = covariance_and_slopes(x, THETA)
    alpha, inverse = np.linalg.solve(K, y), np.linalg.inv(K)
    value = -0.5 * (y @ alpha + np.linalg.slogdet(2 * np.pi * K)[1])
    by_hand = [0.5 * np.trace((np.outer(alpha, alpha) - inverse) @ slope) for slope in slopes]
    eager = ag.value_and_grad(log_likelihood)
    for both in eager, ag.compile(eager):
        found, gradient = both(THETA)
        assert_close(found, value, 1e-12)
        assert_close(gradient, by_hand, 1e-10)
    ag.check_gradients(log_likelihood, THETA, order=2)


def test_the_fit_of_the_process_gets_better_to_the_end() -> None:
    s = of("A Gaussian process")
    f, fitted = s["log_likelihood"], s["theta"]
    assert f(fitted) > f(THETA) + 10
    assert np.abs(ag.grad(f)(fitted)).max() < 0.05 * np.abs(ag.grad(f)(THETA)).max()
    assert math.exp(fitted[2]) == pytest.approx(0.1, rel=0.3)
    assert np.all(np.linalg.eigvalsh(ag.hessian(f)(fitted)) < 0)


# --- a Kalman filter -----------------------------------------------------------------------------


def joint_density(F: Any, H: Any, Q: Any, R: Any, z: Any) -> float:
    """The log-density of all measurements as one normal vector: no filter."""
    n, d = len(z), len(F)
    start = np.zeros((d, d * (n + 1)))  # each state as a sum of what was drawn
    start[:, :d] = np.eye(d)
    noise = np.zeros((d * (n + 1), d * (n + 1)))
    noise[:d, :d] = 100.0 * np.eye(d)
    rows, state = [], start
    for k in range(n):
        state = F @ state
        here = slice(d * (k + 1), d * (k + 2))
        state[:, here] += np.eye(d)
        noise[here, here] = Q
        rows.append(H @ state)
    reads = np.concatenate(rows)
    S = reads @ noise @ reads.T + np.kron(np.eye(n), R)
    return float(-0.5 * (z @ np.linalg.solve(S, z) + np.linalg.slogdet(2 * np.pi * S)[1]))


def test_the_likelihood_of_the_filter_is_the_joint_density() -> None:
    kalman, rng = of("A Kalman filter")["kalman"], generator(3)
    F, H, z = np.array([[1.0, 1.0], [0.0, 0.9]]), np.array([[1.0, 0.5]]), rng.normal(size=12)

    def model(theta: Any, density: Any) -> Any:
        q, r = np.exp(theta[0]), np.exp(theta[1])
        return density(F, H, q * np.array([[1.0, 0.3], [0.3, 1.0]]), r * np.eye(1), z)

    def filtered(theta: Any) -> Any:
        return model(theta, lambda *given: kalman(*given)[0])

    theta = np.array([-0.5, 0.3])
    assert_close(filtered(theta), model(theta, joint_density), 1e-11)
    eager, h = ag.grad(filtered), 1e-5
    slopes = [
        (model(theta + h * e, joint_density) - model(theta - h * e, joint_density)) / (2 * h)
        for e in np.eye(2)
    ]
    assert_close(eager(theta), slopes, 1e-6)
    assert_close(ag.compile(eager)(theta), eager(theta), 1e-13)
    ag.check_gradients(filtered, theta, order=2)


def test_the_steady_state_of_the_filter() -> None:
    """Of a random walk: before a measurement the variance solves P² = q (P + r)."""
    kalman, many = of("A Kalman filter")["kalman"], np.zeros(200)

    def settled(q: Any, r: Any) -> Any:
        one = np.eye(1)
        return kalman(one, one, q * one, r * one, many)[2][0, 0] + q

    def closed(q: Any, r: Any) -> Any:
        return (q + np.sqrt(q * q + 4 * q * r)) / 2

    assert_close(settled(0.3, 2.0), closed(0.3, 2.0), 1e-12)
    root = math.sqrt(0.3**2 + 4 * 0.3 * 2.0)
    by_hand = (1 + (0.3 + 2 * 2.0) / root) / 2, 0.3 / root
    assert_close(np.array(ag.grad(settled, (0, 1))(0.3, 2.0)), by_hand, 1e-11)


# --- Hamiltonian Monte Carlo ---------------------------------------------------------------------


def assert_mean(samples: Any, expected: Any) -> None:
    """The mean of samples, up to the error that batches of them tell."""
    batches = samples.reshape(50, -1, *samples.shape[1:]).mean(axis=1)
    error = batches.std(axis=0, ddof=1) / np.sqrt(50)
    assert np.all(error < 0.2 * (1 + np.abs(expected)))
    assert np.all(np.abs(samples.mean(axis=0) - expected) < 5 * error)


def test_moments_of_a_correlated_gaussian() -> None:
    covariance = np.array([[2.0, 1.2], [1.2, 1.0]])
    precision, mean = np.linalg.inv(covariance), np.array([1.0, -2.0])

    def log_density(x: Any) -> Any:
        return -0.5 * (x - mean) @ precision @ (x - mean)

    samples = of("Hamiltonian Monte Carlo")["hmc"](
        log_density, np.zeros(2), 5000, generator(0), step=0.3, leaps=8
    )
    assert_mean(samples, mean)
    assert_mean((samples - mean)[:, :, None] * (samples - mean)[:, None], covariance)


def test_moments_of_the_banana() -> None:
    """x0² has variance 2 · 4², so x1 has 1 + ¼ · 32 = 9."""
    s = of("Hamiltonian Monte Carlo")
    samples = s["hmc"](s["log_density"], np.zeros(2), 5000, generator(1))
    assert_mean(samples, np.zeros(2))
    assert_mean(samples**2, np.array([4.0, 9.0]))


def test_long_steps_are_put_right() -> None:
    """Leapfrog alone would be far off here: half a step too much or too little shows."""
    samples = of("Hamiltonian Monte Carlo")["hmc"](
        lambda x: -0.5 * np.sum(x**2), np.zeros(1), 5000, generator(0), step=1.2, leaps=2
    )
    assert_mean(samples**2, np.ones(1))


def test_the_sampler_gives_the_same_samples_again() -> None:
    s = of("Hamiltonian Monte Carlo")
    first, second = (s["hmc"](s["log_density"], np.ones(2), 20, generator(2)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


# --- Newton's method -----------------------------------------------------------------------------


def test_the_hessian_of_a_logistic_loss_is_the_closed_form() -> None:
    rng = generator(5)
    X, y = rng.normal(size=(300, 50)), (rng.uniform(size=300) < 0.5).astype(float)

    def loss(w: Any) -> Any:
        return np.sum(np.logaddexp(0, X @ w) - y * (X @ w)) + 0.5 * w @ w

    w = rng.normal(size=50) / 5
    p = 1 / (1 + np.exp(-X @ w))
    closed = X.T @ (X * (p * (1 - p))[:, None]) + np.eye(50)
    for hessian in ag.hessian(loss), ag.compile(ag.hessian(loss)):
        assert np.abs(hessian(w) - closed).max() < 1e-10
    assert_close(ag.hvp(loss)(w, X[0]), closed @ X[0], 1e-12)

    def step(w: Any) -> Any:
        return w - np.linalg.solve(ag.hessian(loss)(w), ag.grad(loss)(w))

    np.testing.assert_array_equal(ag.compile(step)(w), step(w))


def test_newton_and_the_optimizers_of_scipy_agree() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    s = of("Newton's method")
    loss, w, start = s["loss"], s["w"], np.zeros(4)
    both, hessian = ag.value_and_grad(loss), ag.hessian(loss)
    assert np.abs(ag.grad(loss)(w)).max() < 1e-9
    for found in (
        optimize.minimize(both, start, jac=True, tol=1e-8),
        optimize.minimize(ag.compile(both), start, jac=True, tol=1e-8),
        optimize.minimize(both, start, jac=True, hess=hessian, method="trust-exact"),
        optimize.minimize(loss, start, jac=ag.grad(loss), hessp=ag.hvp(loss), method="Newton-CG"),
    ):
        assert_close(found.x, w, 1e-6)
