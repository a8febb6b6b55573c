"""The code blocks of the documentation run, and its commands name things that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from autograd import gate as gate_module
from autograd import tensor

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(  # of Python, and of what it prints, if that follows
    r"^```python\n(.*?)^```$(?:\s*^```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL
)


@pytest.fixture
def no_new_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gates that a page declares are forgotten again."""
    monkeypatch.setattr(gate_module, "GATES", gate_module.GATES)
    before, functions = dict(gate_module.GATES), dict(tensor.NUMPY_FUNCTIONS)
    yield
    for table, kept in ((gate_module.GATES, before), (tensor.NUMPY_FUNCTIONS, functions)):
        table.clear()
        table.update(kept)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_code_blocks_run(page: Path, no_new_gates, tmp_path, monkeypatch, capsys) -> None:  # type: ignore[no-untyped-def]
    """All blocks of a page, one after the other.

    A comment after print(...) is what it prints; so are the lines of a block of text that follows,
    but for `...`.
    """
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    blocks = BLOCK.findall(page.read_text())
    assert blocks, f"{page.name} has no Python"
    scope: dict[str, object] = {}
    for k, (block, text) in enumerate(blocks):
        file = tmp_path / f"{k}" / "example.py"  # a file, so that gates can tell their lines
        file.parent.mkdir()
        file.write_text(block)
        exec(compile(block, file, "exec"), scope)
        printed = capsys.readouterr().out
        for expected in re.findall(r"^print\(.*\)  # (\S.*\d.*)$", block, re.MULTILINE):
            assert expected in printed, f"{page.name}: expected {expected!r} in {printed!r}"
        for line in text.splitlines():
            assert line.strip() == "..." or line in printed.splitlines(), f"{page.name}: {line!r}"


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_commands_name_demos_that_exist() -> None:
    for page in PAGES:
        for name in re.findall(r"python -m (demos\.\w+|benchmarks)", page.read_text()):
            path = ROOT / name.replace(".", "/")
            assert path.with_suffix(".py").exists() or path.is_dir(), f"{page.name}: {name}"


def test_the_readme_marks_its_two_commands() -> None:
    text = (ROOT / "README.md").read_text()
    for name in ("spiral", "tests"):
        assert f"<!-- command: {name} -->\n```sh\npython -m pip install" in text
