"""The demos as programs: what may go wrong outside of them ends in a line, and the work is done."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demos import alexnet, circuits, common, derive, gallery, gradcheck, mnist, spiral

ROOT = Path(__file__).resolve().parents[1]
SIX = {f"{circuit.file}.svg" for circuit in circuits.CIRCUITS}
SHORT = ["--steps", "20", "--points", "5", "--hidden", "4"]
posix = pytest.mark.skipif(sys.platform == "win32", reason="it needs a shell of POSIX")


def shell(command: str, out: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `demo`s in a shell, in which $OUT is a folder; there must be no traceback."""
    done = subprocess.run(
        ["sh", "-c", f'demo() {{ "{sys.executable}" -m "demos.$@" --out "$OUT"; }}\n{command}'],
        cwd=ROOT, capture_output=True, text=True, errors="replace",
        env={**os.environ, "OUT": str(out), **environment},
    )  # fmt: skip
    for word in ("Traceback", "Exception ignored"):
        assert word not in done.stderr, done.stderr
    return done


def pictures(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# --- streams -------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("ending", ["| head -1", "2>&1 | true", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_nobody_needs_to_listen(ending: str, tmp_path: Path) -> None:
    done = shell(f"(demo circuits; echo $? > code) {ending}".replace("code", '"$OUT/code"'),
                 tmp_path)  # fmt: skip
    assert pictures(tmp_path) == {*SIX, "code"}
    assert (tmp_path / "code").read_text() == "0\n"
    assert "rror" not in done.stderr


@posix
def test_training_goes_on_when_standard_error_is_closed(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    done = shell(f"demo spiral {' '.join(SHORT)} 2>&-", tmp_path)
    assert done.returncode == 0
    assert pictures(tmp_path) >= {"linear.png", "net.png", "film.html"}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_output_into_a_full_disk_is_told(tmp_path: Path) -> None:
    done = shell("demo circuits > /dev/full", tmp_path)
    assert done.returncode == 1
    assert "standard output was cut off: No space left on device" in done.stderr
    assert pictures(tmp_path) == SIX


@posix
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
@pytest.mark.parametrize("demo", ["circuits", "alexnet --draw-only"])
def test_terminals_without_the_signs(demo: str, encoding: str, tmp_path: Path) -> None:
    done = shell(f"demo {demo}", tmp_path, PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert ("?" in done.stdout) == ((demo, encoding) != ("alexnet --draw-only", "cp1252"))
    assert pictures(tmp_path) == (SIX if demo == "circuits" else {"alexnet.svg"})


@posix
def test_a_folder_whose_name_is_no_text(tmp_path: Path) -> None:
    place = tmp_path / os.fsdecode(b"\xff")
    try:
        place.mkdir()
    except OSError:
        pytest.skip("this file system has only names that are text")
    assert shell("demo derive gates", place, PYTHONIOENCODING="utf-8").returncode == 0
    assert pictures(place) == {"gates.py"}


# --- files ---------------------------------------------------------------------------------------

DEMOS: dict[str, tuple[Callable[..., None], list[str], str]] = {
    "alexnet": (alexnet.main, ["--draw-only"], "alexnet.svg"),
    "circuits": (circuits.main, [], "gates.svg"),
    "derive": (derive.main, ["gates"], "gates.py"),
    "gallery": (gallery.main, ["gates"], "gallery/gates.svg"),
    "gallery of the README": (gallery.main, ["readme-speed"], "pictures/speed-light.svg"),
    "mnist": (mnist.main, ["--subset", "--steps", "2"], "mnist-two-layer.png"),
    "pages": (circuits.main, ["--explore"], "gates.html"),
    "spiral": (spiral.main, SHORT, "net.png"),
    "the film": (spiral.main, SHORT, "film.html"),
}  # fmt: skip
each = pytest.mark.parametrize("demo", DEMOS)


def run(demo: str, out: Path) -> Path:
    """Run a demo; gives the path of the file that is looked at."""
    pytest.importorskip("matplotlib")
    pytest.importorskip("graphviz")
    main, options, file = DEMOS[demo]
    main([*options, "--out", str(out)])
    return out / file


@each
def test_a_full_disk_is_told_and_old_files_stay(
    demo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / DEMOS[demo][2]
    path.parent.mkdir(exist_ok=True)
    path.write_text("of before")
    genuine = Path.write_bytes

    def full(target: Path, content: bytes) -> int:
        genuine(target, content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(SystemExit, match="No space left on device"):
        run(demo, tmp_path)
    assert path.read_text() == "of before"
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [path]


@each
def test_a_folder_in_place_of_a_file_is_told(demo: str, tmp_path: Path) -> None:
    (tmp_path / DEMOS[demo][2]).mkdir(parents=True)
    with pytest.raises(SystemExit, match=r"cannot write .*: it is a folder; choose another"):
        run(demo, tmp_path)
    assert not list(tmp_path.rglob(".*"))


@each
def test_older_files_are_replaced_also_behind_links(demo: str, tmp_path: Path) -> None:
    path = tmp_path / "out" / DEMOS[demo][2]
    path.parent.mkdir(parents=True)
    behind = tmp_path / "behind"
    behind.write_text("of before")
    try:
        path.symlink_to(behind)
    except OSError:
        pytest.skip("no links here")
    assert run(demo, tmp_path / "out") == path
    assert path.is_symlink()
    assert behind.read_bytes() != b"of before"


@each
def test_a_folder_that_is_read_only_is_told_before_the_work(
    demo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(**_: Any) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", refused)
    with pytest.raises(SystemExit) as ended:
        run(demo, tmp_path)
    assert ended.value.code == 2
    told = capsys.readouterr()
    assert "Read-only file system; choose another --out" in told.err
    assert told.out == ""


# --- options -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("main", "option"),
    [(spiral.main, f"--lr={x}") for x in ("nan", "inf", "0", "-1", "1e999", "x")]
    + [(spiral.main, f"--reg={x}") for x in ("nan", "inf", "-1")]
    + [(spiral.main, f"--{name}=-1") for name in ("steps", "points", "classes", "hidden", "seed")]
    + [(spiral.main, "--points=" + "9" * 40), (spiral.main, "--points=" + "9" * 5000)]
    + [(mnist.main, "--lr=nan"), (mnist.main, "--batch=0"), (mnist.main, "--seed=-1")]
    + [(gradcheck.main, "--h=0"), (gradcheck.main, "--h=nan"), (gradcheck.main, "--digits=-3")]
    + [(circuits.main, "--decimals=-1"), (circuits.main, "--decimals=99")],
    ids=lambda value: value[:20] if isinstance(value, str) else value.__module__,
)
def test_options_that_cannot_be_are_told(
    main: Callable[..., None], option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([option])
    assert ended.value.code == 2
    assert f"argument {option.split('=')[0]}: " in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--lr", "1e200"], ["--lr", "1e308"], ["--reg", "1e300"]],
                         ids=" ".join)  # fmt: skip
def test_a_training_that_goes_astray_is_told(options: list[str], tmp_path: Path) -> None:
    """And its pictures are made: a page whose JSON held NaN would stay empty."""
    pytest.importorskip("matplotlib")
    with pytest.raises(SystemExit, match=r"the loss is (nan|inf) from step \d+ on"):
        spiral.main([*SHORT, *options, "--out", str(tmp_path)])
    text = (tmp_path / "film.html").read_text()
    (data,) = re.findall(r'id="film">(.*?)</script>', text)

    def invalid(constant: str) -> None:
        raise AssertionError(constant)

    read = json.loads(data, parse_constant=invalid)
    assert read["frames"][-1]["loss"] in ("NaN", "Infinity")
    assert pictures(tmp_path) >= {"linear.png", "net.png"}


def test_mnist_astray_ends_early(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="try a smaller step than --lr 1e"):
        mnist.main(["--subset", "--steps", "1000", "--lr", "1e30", "--out", str(tmp_path)])
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_a_single_class_and_more_than_there_are_colours(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for classes in ("1", "13"):
        spiral.main([*SHORT, "--classes", classes, "--out", str(tmp_path)])


# --- errors --------------------------------------------------------------------------------------


def test_ctrl_c_ends_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(circuits, "run", interrupted)
    with pytest.raises(SystemExit) as ended:
        circuits.main(["--out", str(tmp_path)])
    assert ended.value.code == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_too_little_memory_is_told(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"Unable to allocate .* for an array"):
        spiral.main(["--points", "90000000", "--classes", "90000000", "--out", str(tmp_path)])


def test_faults_of_the_program_itself_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = sys.stdout, sys.stderr

    @common.program
    def main(arguments: Any = None) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        main()
    assert (sys.stdout, sys.stderr) == streams
