"""Judges lie beside the tests; programs are verified after every pass."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent)]

from autograd.compiler import passes  # noqa: E402


@pytest.fixture(autouse=True)
def every_pass_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes, "EVERY_PASS", True)
