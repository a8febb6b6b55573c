"""Sweeps: the same table, whoever works at it; what fails is told with its settings."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import nn


def made() -> Any:
    """A function that other processes are sent as it is: they need not find this file."""

    def train(hidden: int, reg: float) -> dict[str, float]:  # its weights come from `nn.seed`
        X, y = nn.spiral(10, seed=0)
        net = nn.TwoLayerNet(2, hidden, 3, reg=reg)
        sgd = nn.SGD(net, lr=1.0)
        for _ in range(5):
            sgd.zero_grad()
            net.loss(X, y).backward()
            sgd.step()
        return {"loss": net.loss(X, y).item(), "accuracy": net.accuracy(X, y)}

    return train


train = made()
GRID: dict[str, Any] = {"hidden": [3, 20], "reg": np.array([0.001, 0.1])}


def without_seconds(table: Any) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k != "seconds"} for row in table]


def test_a_table_of_all_combinations() -> None:
    common = nn.rng.common()
    table = nn.sweep(train, **GRID)
    assert [(row["hidden"], row["reg"]) for row in table] == [
        (3, 0.001), (3, 0.1), (20, 0.001), (20, 0.1)
    ]  # fmt: skip
    assert not table.errors
    assert nn.rng.common() is common
    assert table.best("accuracy")["accuracy"] == max(row["accuracy"] for row in table)
    assert table.best("loss")["loss"] == min(row["loss"] for row in table)
    assert str(table).splitlines()[0].split() == ["hidden", "reg", "loss", "accuracy", "seconds"]
    nn.seed(0)
    alone = train(20, 0.1)
    nn.seed(None)
    assert alone.items() <= table[3].items()


def test_processes_give_the_same_table() -> None:
    pytest.importorskip("joblib")
    one, several = nn.sweep(train, **GRID), nn.sweep(train, jobs=2, **GRID)
    assert without_seconds(one) == without_seconds(several)


def test_seeds_are_settings() -> None:
    def drawn(seed: int) -> float:
        return float(nn.Linear(1, 1).W.numpy()[0, 0])

    values = [row["result"] for row in nn.sweep(drawn, seed=[0, 1, 0])]
    assert values[0] == values[2] != values[1]


def test_what_fails_is_told_with_its_settings() -> None:
    def fails(hidden: int) -> float:
        return 1 / (hidden - 3)

    table = nn.sweep(fails, hidden=[2, 3, 4])
    (row,) = table.errors
    assert row["hidden"] == 3
    assert "ZeroDivisionError" in row["error"]
    assert "in fails" in row["error"]
    assert [r.get("result") for r in table] == [-1.0, None, 1.0]
    assert "ZeroDivisionError: " in str(table)
    assert table.best()["hidden"] == 4
    clash = nn.sweep(lambda hidden: {"hidden": 1}, hidden=[2])
    assert "the function gave hidden" in clash[0]["error"]
    with pytest.raises(KeyboardInterrupt):
        nn.sweep(lambda hidden: (_ for _ in ()).throw(KeyboardInterrupt()), hidden=[1])


def test_without_joblib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "joblib", None)
    assert len(nn.sweep(train, hidden=[3], reg=[0.1])) == 1
    with pytest.raises(ImportError, match=r'jobs=2 needs joblib: pip install "gategrad\[train\]"'):
        nn.sweep(train, jobs=2, hidden=[3], reg=[0.1])


@pytest.mark.parametrize(
    ("arguments", "options", "error", "told"),
    [
        ((3,), {"a": [1]}, TypeError, "got 3; expected a function"),
        ((train,), {}, TypeError, "there is no grid"),
        ((train,), {"hidden": 3, "reg": [1]}, TypeError, r"hidden is 3; .*hidden=\[\.\.\.\]"),
        ((train,), {"hidden": "12", "reg": [1]}, TypeError, "hidden is '12'"),
        ((train,), {"hidden": [], "reg": [1]}, ValueError, "hidden is empty"),
        ((train,), {"hiden": [3], "reg": [1]}, TypeError, "does not take the settings hiden, reg"),
        ((train,), {"hidden": [3]}, TypeError, "does not take the settings hidden: .*reg"),
        ((train,), {"hidden": [3], "reg": [1], "jobs": 0}, ValueError, "jobs is 0"),
        ((train,), {"error": [3]}, ValueError, "a setting is called 'error'"),
    ],
)
def test_what_is_no_sweep(arguments: Any, options: Any, error: Any, told: str) -> None:
    with pytest.raises(error, match=told):
        nn.sweep(*arguments, **options)
