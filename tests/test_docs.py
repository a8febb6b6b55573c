"""The code blocks of the documentation run and print what the page says; commands name what exists.

A line `...` in a block of text stands for any number of lines that the page leaves out.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(  # of Python, and of what it prints, if that follows
    r"^```python\n(.*?)^```$(?:\s*^```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL
)


def shows(text: str, printed: str) -> bool:
    """The lines of `text` are those of `printed`, in order; `...` stands for any of them."""
    lines = ["(?:.*\n)*" if line.strip() == "..." else re.escape(line.rstrip()) + " *\n"
             for line in text.splitlines()]  # fmt: skip
    return re.fullmatch("".join(lines), printed.rstrip() + "\n") is not None


@pytest.mark.parametrize(
    ("text", "is_shown"),
    [
        ("1\n2\n3\n", True), ("...\n2\n...\n", True), ("1\n...\n", True), ("...\n", True),
        ("1\n...\n2\n3\n", True), ("1\n2\n", False), ("2\n3\n", False), ("1\n3\n2\n", False),
        ("1\n...\n2\n", False), ("1\n2\n.\n", False), ("...\n3\n...\n2\n...\n", False),
    ],
)  # fmt: skip
def test_what_a_block_of_text_shows(text: str, is_shown: bool) -> None:
    assert shows(text, "1\n2\n3\n") == is_shown


def remark(statement: ast.stmt, lines: list[str]) -> str:
    """What the comment after a print(...) says that it prints; prose has no number in it."""
    if not re.match(r"print\(", lines[statement.lineno - 1]):
        return ""
    after = lines[statement.end_lineno - 1][statement.end_col_offset :]
    found = re.fullmatch(r"  # (\S.*)", after)
    return found[1] if found and re.search(r"\d|True|False", found[1]) else ""


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_code_blocks_run_and_print_what_the_page_says(
    page: Path, no_new_gates: None, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    """All blocks of a page, one after the other.

    A comment after print(...) is what it prints; so is the block of text that follows the code.
    """
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    content = page.read_text()
    blocks = BLOCK.findall(content)
    assert blocks, f"{page.name} has no Python"
    compared = sum(bool(text) for _, text in blocks)
    assert compared == len(re.findall("^```text$", content, re.MULTILINE)), (
        f"{page.name}: a block of text that no code prints, right before it"
    )
    scope: dict[str, object] = {}
    for k, (block, text) in enumerate(blocks):
        file = tmp_path / f"{k}" / "example.py"  # a file, so that gates can tell their lines
        file.parent.mkdir()
        file.write_text(block)
        printed, lines = "", block.splitlines()
        for statement in ast.parse(block).body:
            exec(compile(ast.Module([statement], []), file, "exec"), scope)
            now = capsys.readouterr().out
            if expected := remark(statement, lines):
                assert now.strip() == expected, f"{page.name}:\n{lines[statement.lineno - 1]}"
            printed += now
        assert not text or shows(text, printed), (
            f"{page.name}: the code prints\n{printed}\nwhere the page has\n{text}"
        )


def test_links_lead_somewhere() -> None:
    targets = [(page, t) for page in PAGES for t in re.findall(r"\]\(([^):]+)\)", page.read_text())]
    assert len(targets) > len(PAGES)
    for page, target in targets:
        file, _, heading = target.partition("#")
        path = page.parent / file if file else page
        assert path.exists(), f"{page.name}: {target}"
        if heading:
            titles = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
            found = [re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles]
            assert heading in found, f"{page.name}: {target}"


def test_files_that_are_named_exist() -> None:
    pattern = re.compile(r"`((?:autograd|nn|demos|tests|docs|benchmarks)/[\w/.]+)`")
    named = [(page, name) for page in PAGES for name in pattern.findall(page.read_text())]
    assert named
    for page, name in named:
        assert (ROOT / name).exists(), f"{page.name}: {name}"


def test_commands_name_demos_that_exist() -> None:
    text = "".join(page.read_text() for page in PAGES)
    names = set(re.findall(r"python -m (demos\.\w+|benchmarks)", text))
    assert {"benchmarks", "demos.spiral"} <= names
    for name in names:
        path = ROOT / name.replace(".", "/")
        assert path.with_suffix(".py").exists() or path.is_dir(), name


def test_the_readme_marks_its_two_commands() -> None:
    text = (ROOT / "README.md").read_text()
    for name in ("spiral", "tests"):
        assert f"<!-- command: {name} -->\n```sh\npython -m pip install" in text
