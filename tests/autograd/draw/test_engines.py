"""Engines that paint, and what there is without one, in files and in notebooks."""

from __future__ import annotations

import os
import subprocess
import sys
import types
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from pictures import (
    BACKWARD,
    FORWARD,
    ROOT,
    has_pygraphviz,
    needs_an_engine,
    neuron,
    runs_dot,
    svg_of,
)

from autograd.draw import draw
from autograd.draw.render import ADVICE, render

# --- engines, and what there is without one ---------------------------------------------------

MAGIC = {".svg": b"<?xml", ".png": b"\x89PNG\r\n\x1a\n", ".pdf": b"%PDF-"}


@pytest.fixture(params=["dot", "pygraphviz"])
def engine(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """One of the two engines, and only that one."""
    if request.param == "dot":
        if not runs_dot:
            pytest.skip("there is no `dot` on this system, or no package graphviz")
        monkeypatch.setitem(sys.modules, "pygraphviz", None)
    else:
        if not has_pygraphviz:
            pytest.skip("there is no pygraphviz here: pip install 'gategrad[draw]'")
        monkeypatch.setenv("PATH", str(tmp_path_factory.mktemp("empty")))
    return str(request.param)


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Puts a `dot` on the path, alone, that runs the given Python code."""
    if sys.platform == "win32":
        pytest.skip("a script with a first line that names its interpreter does not run here")

    def put(code: str) -> None:
        script = tmp_path / "bin" / "dot"
        script.parent.mkdir()
        script.write_text(f"#!{sys.executable}\nimport sys\nsys.stdin.buffer.read()\n{code}\n")
        script.chmod(0o755)
        monkeypatch.setenv("PATH", str(script.parent))

    return put


@pytest.mark.parametrize("suffix", [*MAGIC, ".PNG"])
def test_an_engine_writes_each_format(engine: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"neuron{suffix}"
    picture = draw(neuron(), path, title="σ")
    content = path.read_bytes()
    assert content.startswith(MAGIC[suffix.lower()])
    assert len(content) > 2000
    assert os.listdir(tmp_path) == [path.name]
    assert picture.save(str(path)) == path


def test_an_engine_paints_all_numbers_and_names(engine: str) -> None:
    svg = draw(neuron(), decimals=2, expand=True, title="the neuron").svg()
    assert svg.startswith("<?xml")
    written = Counter(t.text for t in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"))
    for text, count in Counter([*FORWARD, *BACKWARD]).items():
        assert written[text] == count
    assert {"the neuron", "w", "x", "+", "exp"} <= written.keys()
    assert render("this is no DOT {", "svg") is None


def test_dot_and_text_need_no_engine(no_engine: None, tmp_path: Path) -> None:
    picture = draw(neuron(), tmp_path / "neuron.dot")
    picture.save(tmp_path / "neuron.txt")
    assert (tmp_path / "neuron.dot").read_text(encoding="utf-8") == picture.dot
    assert (tmp_path / "neuron.txt").read_text(encoding="utf-8") == picture.text == str(picture)


@pytest.mark.parametrize("suffix", MAGIC)
def test_without_an_engine_there_is_the_text_the_dot_and_a_line_of_advice(
    no_engine: None, suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = draw(neuron(), tmp_path / f"neuron{suffix}")
    output = capsys.readouterr().out
    assert os.listdir(tmp_path) == ["neuron.dot"]
    assert (tmp_path / "neuron.dot").read_text(encoding="utf-8") == picture.dot
    assert output.startswith(picture.text)
    (line,) = output.removeprefix(picture.text).strip().splitlines()
    assert line.startswith(str(tmp_path / "neuron.dot"))
    assert line.endswith(ADVICE)
    assert "pip install" in ADVICE
    assert picture.save(tmp_path / "again.png") == tmp_path / "again.dot"


def test_a_machine_with_nothing_and_a_terminal_without_signs(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "sys.modules['pygraphviz'] = sys.modules['graphviz'] = None\n"
        "from autograd import Tensor\n"
        "from autograd.draw import draw\n"
        "picture = draw(Tensor(2.0, name='x') * -3, 'x.svg')\n"
        "assert picture.svg().startswith('<svg'), picture.svg()\n"
        "assert set(picture._repr_mimebundle_()) == {'text/plain'}\n"
    )
    env = {**os.environ, "PATH": str(tmp_path), "PYTHONPATH": str(ROOT), "PYTHONUTF8": "0"}
    env["PYTHONIOENCODING"] = "ascii"
    run = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(run, cwd=tmp_path, env=env, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"f = ?6" in done.stdout
    assert b"pip install" in done.stdout
    assert os.listdir(tmp_path) == ["x.dot"]


def test_the_dot_of_the_system_comes_first(program: Callable[[str], None]) -> None:
    program("print('<svg>painted by the program</svg>')")
    assert "painted by the program" in draw(neuron()).svg()


@pytest.mark.parametrize("code", ["sys.exit(1)", "", "import os; os.kill(os.getpid(), 9)"])
def test_a_dot_that_does_not_work_is_passed_over(
    program: Callable[[str], None], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(code)
    if has_pygraphviz:
        assert draw(neuron()).svg().startswith("<?xml")
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    assert draw(neuron()).svg().startswith("<svg")


@pytest.mark.parametrize("error", [ValueError, RuntimeWarning, AttributeError, OSError, None])
def test_a_library_that_does_not_work_is_passed_over(
    no_engine: None, error: type[Exception] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        def __init__(self, string: str) -> None:
            if error is not None:
                raise error("broken")

        def draw(self, **_: str) -> bytes:
            return b""

    monkeypatch.setitem(sys.modules, "pygraphviz", types.SimpleNamespace(AGraph=Broken))
    assert draw(neuron(), tmp_path / "neuron.png").svg().startswith("<svg")
    assert os.listdir(tmp_path) == ["neuron.dot"]


# --- notebooks --------------------------------------------------------------------------------


@needs_an_engine
def test_a_notebook_shows_the_picture_and_has_the_text_too() -> None:
    picture = draw(neuron(), title="a neuron")
    bundle = picture._repr_mimebundle_(include=None, exclude=None)
    assert bundle == {"image/svg+xml": picture.svg(), "text/plain": picture.text}
    svg = ET.fromstring(bundle["image/svg+xml"])
    assert (svg.get("role"), svg.get("aria-label")) == ("img", "a neuron")
    assert svg[0].text == "a neuron"
    assert svg[1].text == "f = 0.7311, computed by 5 gates from w0, x0, w1, x1, w2."


def test_a_notebook_without_an_engine_shows_the_text_and_the_advice(no_engine: None) -> None:
    picture = draw(neuron())
    assert picture._repr_mimebundle_() == {"text/plain": f"{picture.text}\n({ADVICE})"}
    svg = svg_of(picture)
    first = next(svg.iter("{http://www.w3.org/2000/svg}text"))
    assert str(first.text).startswith("f = 0.7311")
    assert svg.get("aria-label") == "Computation graph of f"
