"""What the tests share: helpers and tables beside them, their own numbers, and a browser."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# one thread for each process: several processes that run tests must not fight for the processors.
# It is read when NumPy and torch are loaded, which happens below and in the test files.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

HERE = Path(__file__).parent
ONE_IN = "GATEGRAD_ONE_IN"
sys.path[:0] = [str(HERE), str(HERE / "autograd")]

from draws import SWITCH, generator  # noqa: E402

# Tables that fill themselves: loaded by the tests, and not once more in search of examples.
collect_ignore_glob = ["autograd/*cases*"]
from autograd.gate import GATES  # noqa: E402
from autograd.numpy_api import NUMPY_FUNCTIONS  # noqa: E402

ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Tests that are named one by one run here: quicker than to start processes for them."""
    return 0 if config.args and all("::" in arg for arg in config.args) else None


def pytest_configure(config: pytest.Config) -> None:
    """Without accelerators there are none to test."""
    if os.environ.get("GATEGRAD_PLAIN"):
        rooms = [str(HERE / "fast"), str(HERE.parent / "autograd/fast")]
        config.option.ignore = [*(config.option.ignore or []), *rooms]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With GATEGRAD_ONE_IN=n one in n of the tests that are made of the gates' example inputs.

    They are four in five of all tests: enough where the same tests run in yet another environment.
    """
    count = int(os.environ.get(ONE_IN, "1"))

    def stays(item: pytest.Item) -> bool:
        made = "case" in getattr(getattr(item, "callspec", None), "params", ())
        return not made or zlib.crc32(item.nodeid.encode()) % count == 0

    left_out = [item for item in items if not stays(item)]
    items[:] = [item for item in items if stays(item)]
    config.hook.pytest_deselected(items=left_out)


def pytest_report_header() -> list[str]:
    said = {SWITCH: "other data than usual", ONE_IN: "a part of the tests of gates"}
    return [
        f"{name}={os.environ[name]}: {what}" for name, what in said.items() if name in os.environ
    ]


@pytest.fixture(autouse=True)
def numbers_of_its_own(request: pytest.FixtureRequest) -> None:
    """A test draws the same from the `rng` of its file alone, after others, in any process."""
    rng = getattr(getattr(request.node, "module", None), "rng", None)
    if rng is not None:
        number = zlib.crc32(request.node.name.encode())
        rng.bit_generator.state = generator(number).bit_generator.state


@pytest.fixture
def no_new_gates() -> Iterator[None]:
    """Gates that a test declares are forgotten again, those that it only loads are not."""
    importlib.import_module("autograd.library")
    tables = GATES, NUMPY_FUNCTIONS
    before = [dict(table) for table in tables]
    yield
    for table, kept in zip(tables, before, strict=True):
        table.clear()
        table.update(kept)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium without a window; tests that need it are skipped where there is none.

    It goes with the file: while it is open, an event loop runs in the thread of the tests, and
    tests with loops of their own fail.
    """
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="no playwright: the extra `browser`"
    )
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("there is no chromium here")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()
