"""Programs are verified after every pass."""

from __future__ import annotations

import pytest

from autograd.compiler import passes


@pytest.fixture(autouse=True)
def every_pass_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes, "EVERY_PASS", True)
