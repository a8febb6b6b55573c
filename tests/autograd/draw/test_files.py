"""Files that pictures are written to: refused with a reason, or written whole."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pictures import neuron

from autograd.draw import DrawError, draw


def wrong_file(path: Any, message: str) -> None:
    """Drawing to `path` gives one error, without a chain of others before it."""
    with pytest.raises(DrawError, match=message) as caught:
        draw(neuron(), path)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["neuron.jpeg", "neuron", "neuron.svg.gz", ""])
def test_an_unknown_suffix_is_refused(name: str, tmp_path: Path) -> None:
    wrong_file(tmp_path / name if name else "", r"suffix.*expected one of \.svg, \.png, \.pdf")
    assert os.listdir(tmp_path) == []


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    wrong_file(tmp_path / "no" / "neuron.dot", "there is no folder .*make it first")
    wrong_file(tmp_path / ("a" * 5000) / "neuron.dot", "there is no folder")
    assert os.listdir(tmp_path) == []


def test_what_is_no_path_is_refused(tmp_path: Path) -> None:
    wrong_file(5, "path=5; expected a file name")
    wrong_file(str(tmp_path / "nul\0.dot"), "cannot write.*null")
    wrong_file(tmp_path / ("a" * 300 + ".dot"), "cannot write.*too long")
    assert os.listdir(tmp_path) == []


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "neuron.dot").mkdir()
    wrong_file(tmp_path / "neuron.dot", "cannot write.*folder; choose another place")
    assert os.listdir(tmp_path / "neuron.dot") == []
    assert os.listdir(tmp_path) == ["neuron.dot"]


def full_disk(path: Path, content: bytes) -> int:
    with open(path, "wb") as file:
        file.write(content[: len(content) // 2])
    raise OSError(28, "No space left on device")


def no_permission(*_: Any) -> None:
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize(
    ("owner", "function", "replacement", "reason"),
    [
        (Path, "write_bytes", full_disk, "No space left on device"),
        (Path, "write_bytes", no_permission, "Permission denied"),
        (os, "replace", no_permission, "Permission denied"),
    ],
    ids=["full disk", "folder", "file"],
)
def test_a_failed_write_leaves_what_was_there(
    owner: Any, function: str, replacement: Any, reason: str,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (tmp_path / "old.dot").write_text("the old picture")
    monkeypatch.setattr(owner, function, replacement)
    wrong_file(tmp_path / "old.dot", f"cannot write .*{reason}; choose another place")
    wrong_file(tmp_path / "new.dot", f"cannot write .*{reason}; choose another place")
    monkeypatch.undo()
    assert os.listdir(tmp_path) == ["old.dot"]
    assert (tmp_path / "old.dot").read_text() == "the old picture"


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write into every folder"
)
def test_a_folder_without_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    wrong_file(tmp_path / "neuron.dot", "cannot write.*Permission denied")
    tmp_path.chmod(0o700)
    assert os.listdir(tmp_path) == []


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "target.dot").write_text("old")
    try:
        (tmp_path / "link.dot").symlink_to("target.dot")
    except OSError:
        pytest.skip("no links here")
    picture = draw(neuron(), tmp_path / "link.dot")
    assert (tmp_path / "link.dot").is_symlink()
    assert (tmp_path / "target.dot").read_text(encoding="utf-8") == picture.dot
