"""A package that is installed compiles functions of its own: they do not go stale either."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

PACKAGE = """
import numpy as np
import autograd as ag

RATE = 2.0

def maker():
    held = {"scale": 3.0}
    @ag.compile
    def step(x):
        return np.sum(x) * held["scale"] * RATE
    return step, held
"""


def test_what_a_package_compiles_does_not_go_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "site-packages"
    home.mkdir()
    (home / "somebodys_package.py").write_text(PACKAGE)
    monkeypatch.syspath_prepend(str(home))
    package = importlib.import_module("somebodys_package")
    step, held = package.maker()
    x = np.ones(2)
    assert float(step(x)) == 12.0
    held["scale"] = 5.0
    assert float(step(x)) == 20.0
    package.RATE = 1.0
    assert float(step(x)) == 10.0
