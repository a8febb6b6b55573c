"""The table of kinks: our column is that of today, and at kinks it is the shortest subgradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from draws import generator

import autograd as ag
from benchmarks.kinks import __main__ as kinks
from benchmarks.kinks import worker
from benchmarks.kinks.table import ROWS, Row

pytest.importorskip("scipy", reason="the table has functions of scipy.special")

KINKS = [row for row in ROWS if row.is_kink]
NEAR, AROUND = 1e-6, 150  # how far from a kink, and at how many points on both sides
every = pytest.mark.parametrize("row", ROWS, ids=lambda r: r.key)


# --- the page ------------------------------------------------------------------------------------


def test_the_page_is_what_the_command_writes() -> None:
    """With our own column computed anew."""
    assert kinks.page(kinks.recorded()) == kinks.PAGE.read_text(encoding="utf-8")


def test_rows_have_names_of_their_own_and_are_recorded() -> None:
    keys = [row.key for row in ROWS]
    assert len(set(keys)) == len(keys) > 130
    for system, found in kinks.recorded().items():
        assert found.keys() == {"version", *keys}, system
        assert not [key for key in keys if "NameError" in found[key] or "SyntaxError" in found[key]]


def test_what_is_recorded_of_pytorch_is_what_it_gives() -> None:
    torch = pytest.importorskip("torch", reason="no torch: the extra `bench`")
    record = kinks.recorded()["pytorch"]
    if torch.__version__.split(".")[:2] != record["version"].split(".")[:2]:
        pytest.skip(f"PyTorch {torch.__version__}; recorded is {record['version']}")
    gradients, _ = worker.pytorch()
    for row in ROWS:
        found = worker.answer(gradients, row.torch, row.at)
        assert found == record[row.key], row.key


@every
def test_a_finite_value_has_no_nan_in_its_gradient_without_a_reason(row: Row) -> None:
    gradients, _ = worker.ours()
    if "nan" in worker.answer(gradients, row.text, row.at):
        assert row.why


@every
def test_compiled_functions_give_the_same(row: Row) -> None:
    """Or they say that they cannot be compiled, for they depend on values."""

    def gradients(text: str, values: list[Any]) -> Any:
        compiled = ag.compile(worker.our_gradient(text, len(values)))
        compiled(*values)
        return compiled(*values)

    eager = worker.answer(worker.ours()[0], row.text, row.at)
    if "nani" in eager:
        pytest.skip("NumPy makes NaN of an infinity times 1 + 0i, a factor that is left out")
    found = worker.answer(gradients, row.text, row.at)
    assert found in (eager, "raises TraceError")


# --- the subgradient of minimum norm -------------------------------------------------------------


def gradient(row: Row, values: Sequence[np.ndarray]) -> np.ndarray:
    """Our gradient by all variables, in one vector of real numbers."""
    gradients, _ = worker.ours()
    with np.errstate(all="ignore"):
        found = gradients(row.text, list(values))
    parts = [np.atleast_1d(g).ravel() for g in found]
    return np.concatenate([x.view(float) if x.dtype.kind == "c" else x for x in parts])


def shortest(gradients: np.ndarray) -> np.ndarray:
    """The shortest of the weighted means of some vectors: least squares with positive weights."""
    from scipy.optimize import nnls

    heavy = 1e4  # on that the weights add up to 1
    system = np.vstack([gradients.T, np.full(len(gradients), heavy)])
    wanted = np.concatenate([np.zeros(gradients.shape[1]), [heavy]])
    weights, _ = nnls(system, wanted, maxiter=50_000)
    return weights @ gradients / weights.sum()


def around(row: Row) -> np.ndarray:
    """Gradients at points near a kink, on opposite sides of it, where there is just one."""
    rng, values = generator(0), row_values(row)
    found = []
    for _ in range(AROUND):
        steps = [_direction(rng, x) for x in values]
        for side in (NEAR, -NEAR):
            near = [x + side * v for x, v in zip(values, steps, strict=True)]
            found.append(gradient(row, near))
    return np.array(found)


def _direction(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    v = rng.normal(size=x.shape)
    return v + 1j * rng.normal(size=x.shape) if x.dtype.kind == "c" else v


def row_values(row: Row) -> list[np.ndarray]:
    names = {"np": np, **worker.NUMBERS}
    return [np.asarray(eval(point, names)) + 0.0 for point in row.at]


@pytest.mark.parametrize("row", KINKS, ids=lambda r: r.key)
def test_at_a_kink_the_gradient_is_the_shortest_subgradient(row: Row) -> None:
    expected = shortest(around(row))
    np.testing.assert_allclose(gradient(row, row_values(row)), expected, atol=0.1)


@pytest.mark.parametrize(
    ("text", "at", "other"),
    [
        ("np.clip(x, 0.0, 1.0)", "0.0", 1.0),
        ("np.abs(x)", "0.0", 1.0),
        ("np.maximum(x, 0.0)", "0.0", 0.5),
    ],
)
def test_other_subgradients_are_told_from_it(text: str, at: str, other: float) -> None:
    """Those of other systems."""
    found = shortest(around(Row(text, (at,))))
    assert np.abs(found - other).max() > 0.2
