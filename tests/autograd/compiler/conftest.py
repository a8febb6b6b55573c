"""Programs are verified after every pass."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from autograd.compiler import passes


@pytest.fixture(autouse=True)
def every_pass_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(passes, "EVERY_PASS", True)
    yield
