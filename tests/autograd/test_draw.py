"""Pictures: every number is in them, nothing is changed by them, and there is always something."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import types
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from draws import generator
from gate_cases import CASES, Case

import autograd as ag
import nn
from autograd import Node, Parameter, ShapeError, Tensor, scope
from autograd.draw import DrawError, Picture, draw
from autograd.draw.model import Drawing, Gate, Value
from autograd.draw.names import legible
from autograd.draw.numbers import number
from autograd.draw.render import ADVICE, render

ROOT = Path(__file__).resolve().parents[2]
GREEN, ORANGE, MAGENTA = "#006e69", "#bf3b00", "#a3006d"
has_dot = shutil.which("dot") is not None
has_pygraphviz = importlib.util.find_spec("pygraphviz") is not None
needs_an_engine = pytest.mark.skipif(
    not (has_dot or has_pygraphviz),
    reason="there is no Graphviz here: install it, or pip install 'gategrad[draw]'",
)


# --- looking at pictures ----------------------------------------------------------------------


def labels(dot: str) -> list[ET.Element]:
    """The labels of a DOT text, which are HTML; they have to be well-formed."""
    found = re.findall(r"label=<(.*)>(?:\];|;)$", dot, re.MULTILINE)
    return [ET.fromstring(f"<label>{label}</label>") for label in found]


def texts(dot: str, color: str) -> Counter[str]:
    """What is written in a colour on wires and boxes, the legend not counted."""
    fonts = [font for label in labels(dot)[1:] for font in label.iter("font")]
    return Counter("".join(f.itertext()) for f in fonts if f.get("color") == color)


def tags(elements: list[ET.Element]) -> set[str]:
    return {part.tag for element in elements for part in element.iter()}


def edges(dot: str) -> list[tuple[str, str]]:
    return re.findall(r"^(n\d+)[:\w]* -> (n\d+)[:\w]*(?: \[.*\])?;$", dot, re.MULTILINE)


def value(picture: Picture, name: str) -> Value:
    (found,) = (v for v in picture.drawing.values if v.name == name)
    return found


def gate(picture: Picture, symbol: str) -> Gate:
    (found,) = (g for g in picture.drawing.gates if symbol in (g.symbol, g.name))
    return found


def number_of_wires(drawing: Drawing) -> int:
    return sum(len(g.inputs) for g in drawing.gates)


def svg_of(picture: Picture) -> ET.Element:
    return ET.fromstring(picture.svg())


def neuron() -> Tensor:
    """The circuit of the notes: w = [2, -3, -3], x = [-1, -2]."""
    values = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}
    w0, x0, w1, x1, w2 = (Tensor(v, name=name) for name, v in values.items())
    f: Tensor = ag.sigmoid(w0 * x0 + w1 * x1 + w2)
    return f


def net_loss() -> tuple[Tensor, nn.TwoLayerNet, np.ndarray, np.ndarray]:
    X, y = nn.spiral(10, 3, seed=0)
    net = nn.TwoLayerNet(2, 5, 3, seed=0)
    return net.loss(X, y), net, X, y


# --- the circuit of the notes -----------------------------------------------------------------

FORWARD = [
    "2.00", "−1.00", "−3.00", "−2.00", "−3.00", "−2.00", "6.00", "4.00", "1.00", "−1.00", "0.37",
    "1.37", "0.73",
]  # fmt: skip
BACKWARD = [
    "−0.20", "0.39", "−0.39", "−0.59", "0.20", "0.20", "0.20", "0.20", "0.20", "−0.20", "−0.53",
    "−0.53", "1.00",
]  # fmt: skip
SIGMOID = [
    ("×", ["2.00", "−1.00"], "−2.00"),
    ("×", ["−3.00", "−2.00"], "6.00"),
    ("+", ["−2.00", "6.00"], "4.00"),
    ("+", ["4.00", "−3.00"], "1.00"),
    ("×−1", ["1.00"], "−1.00"),
    ("exp", ["−1.00"], "0.37"),
    ("+1", ["0.37"], "1.37"),
    ("1/x", ["1.37"], "0.73"),
]


def test_every_number_of_the_notes_is_in_the_picture() -> None:
    picture = draw(neuron(), decimals=2, expand=True)
    pairs = [(v.above, v.below) for v in picture.drawing.values]
    expected = [([a], [b]) for a, b in zip(FORWARD, BACKWARD, strict=True)]
    assert Counter(map(str, pairs)) == Counter(map(str, expected))
    assert texts(picture.dot, GREEN) == Counter(FORWARD)
    assert texts(picture.dot, ORANGE) == Counter(BACKWARD)
    for above, below in zip(FORWARD, BACKWARD, strict=True):
        assert re.search(rf"{above} +∂f {below}( |$)", picture.text, re.MULTILINE)


def test_the_numbers_stand_on_the_right_wires() -> None:
    picture = draw(neuron(), decimals=2, expand=True)
    gates = [
        (g.symbol, [u.value.above[0] for u in g.inputs], g.outputs[0].above[0])
        for g in picture.drawing.gates
    ]
    assert gates == SIGMOID
    leaves = [(v.name, v.above[0], v.below[0]) for v in picture.drawing.leaves]
    assert leaves == list(zip(["w0", "x0", "w1", "x1", "w2"], FORWARD, BACKWARD, strict=False))


def test_the_dot_text_has_the_wires_of_the_drawing() -> None:
    for picture in [draw(neuron(), expand=True), draw(net_loss()[0], collapse="fc1")]:
        gates = picture.drawing.gates
        wires = [(f"n{u.value.number}", f"n{g.number}") for g in gates for u in g.inputs]
        wires += [(f"n{g.number}", f"n{v.number}") for g in gates for v in g.outputs]
        assert Counter(edges(picture.dot)) == Counter(wires)


def test_the_sigmoid_is_one_box_that_tells_its_local_gradient() -> None:
    picture = draw(neuron(), decimals=2)
    sigmoid = gate(picture, "sigmoid")
    assert (sigmoid.symbol, sigmoid.heading) == ("σ", "sigmoid · 4 gates")
    assert sigmoid.detail == "local (1−σ)σ = 0.20"
    assert len(picture.drawing.gates) == 5
    (box,) = draw(neuron(), decimals=2, expand="sigmoid").drawing.boxes
    assert (box.name, box.symbol) == ("sigmoid", "σ")
    assert box.note == "4 gates · local gradient (1−σ)σ = 0.20"


def test_the_expanded_gates_lie_in_the_box_and_the_others_outside() -> None:
    drawing = draw(neuron(), expand=True).drawing
    assert [g.symbol for g in drawing.gates if g.box] == ["×−1", "exp", "+1", "1/x"]
    inside = [v.above for v in drawing.values if v.box]
    assert inside == [["−1"], ["0.3679"], ["1.368"]]
    assert [u.enters for g in drawing.gates for u in g.inputs] == [False] * 8 + [True] + [False] * 3


def test_a_value_used_twice_has_two_wires() -> None:
    x = Tensor(3.0, name="x")
    picture = draw(x * x)
    assert [u.value.name for u in gate(picture, "×").inputs] == ["x", "x"]
    first, second, _ = edges(picture.dot)
    assert first == second
    assert picture.text.count("x = 3") == 2
    assert repr(picture) == "<Picture of f: 2 values, 1 gate>"
    assert value(picture, "x").below == ["6"]


def test_a_fork_adds_gradients_and_draws_the_value_once() -> None:
    x = Tensor(2.0, name="x")
    q = x * 3
    q.name = "q"
    picture = draw(q * q + q)
    assert value(picture, "q").below == ["13"]
    assert value(picture, "x").below == ["39"]
    assert picture.text.count("(as above)") == 2


# --- numbers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "decimals", "text"),
    [
        (0.0, None, "0"), (-0.0, None, "0"), (0.0, 2, "0"), (1.0, None, "1"), (-3.0, None, "−3"),
        (0.73105858, None, "0.7311"), (0.73105858, 2, "0.73"), (12345.6, None, "12346"),
        (0.001, None, "0.001"), (0.000999, None, "9.99e−04"), (1e5, None, "1.00e05"),
        (99999.0, None, "99999"), (-0.001, 2, "0.00"), (-0.2, 2, "−0.20"), (2, 2, "2"),
        (0.99996, None, "1"), (np.float32(0.1), None, "0.1"), (np.float16(0.5), 1, "0.5"),
        (np.inf, None, "∞"), (-np.inf, 2, "−∞"), (np.nan, None, "NaN"), (True, None, "True"),
        (np.int64(-7), None, "−7"), (10**12, None, "1.00e12"), (5e-324, None, "4.94e−324"),
    ],
)  # fmt: skip
def test_numbers_are_short_and_have_a_real_minus_sign(
    given: Any, decimals: int | None, text: str
) -> None:
    assert number(given, decimals) == text


def test_constants_of_the_program_stand_on_the_gate() -> None:
    x = Tensor(2.0, name="x")
    symbols: dict[str, Any] = {
        "×2": x * 2, "+1.5": x + 1.5, "−1.5": x + -1.5, "2−x": 2 - x, "÷3": x / 3, "3/x": 3 / x,
        "^−0.5": x**-0.5, "max(0, x)": np.maximum(0, x), "×NaN": x * float("nan"),
        "+∞": x + float("inf"), "clip(0, ∞)": np.clip(x, 0, None), "×1.23e−05": x * 1.234e-5,
    }  # fmt: skip
    for symbol, f in symbols.items():
        (only,) = draw(f).drawing.gates
        assert only.symbol == symbol
        assert [u.value.name for u in only.inputs] == ["x"]


# --- the graph is only read -------------------------------------------------------------------


def behind(*tensors: Tensor) -> list[Node]:
    found, todo = [], [t.node for t in tensors]
    while todo:
        node = todo.pop()
        if node not in found:
            found.append(node)
            todo += [p for p in node.parents if isinstance(p, Node)]
    return found


def snapshot(*tensors: Tensor) -> list[Any]:
    """All that is known of a graph: which objects it consists of, and the bytes of its arrays."""
    state: list[Any] = []
    for node in behind(*tensors):
        held = [getattr(node, field) for field in Node.__slots__]
        arrays = [a for a in (*node.parents, *node.saved, node.value) if hasattr(a, "tobytes")]
        grad = None if node.slot is None else node.slot.grad
        state += [*map(id, held), *map(id, node.parents), *map(id, node.saved), id(grad)]
        state += [a.tobytes() for a in arrays] + [None if grad is None else grad.tobytes()]
    return state


def everything(f: Tensor, **options: Any) -> None:
    """Draw in all ways that do different things to the graph."""
    for expand in (False, True):
        for show in ("auto", "values", "shapes"):
            draw(f, expand=expand, show=show, max_nodes=10, **options)
    draw(f, **options).svg()


def test_drawing_changes_nothing_before_and_after_backward() -> None:
    loss, net, _, _ = net_loss()
    before = snapshot(loss)
    everything(loss)
    assert snapshot(loss) == before
    assert all(p.grad is None for p in net.parameters())
    loss.backward()
    before = snapshot(loss)
    everything(loss)
    assert snapshot(loss) == before

    undrawn, other, _, _ = net_loss()
    undrawn.backward()
    for ours, theirs in zip(net.parameters(), other.parameters(), strict=True):
        np.testing.assert_array_equal(ours.grad, theirs.grad)


def test_drawing_needs_no_backward_and_shows_the_same_after_it() -> None:
    f = neuron()
    before = draw(f).dot
    assert texts(before, ORANGE)["−0.3932"] == 1
    f.backward()
    f.backward()
    assert draw(f).dot == before


def test_drawing_leaves_the_mode_and_the_warnings_of_numpy_alone() -> None:
    f = neuron()
    with ag.no_grad(), scope("outside"):
        in_no_grad = draw(f, expand=True).dot
        assert not ag.is_recording()
    assert in_no_grad == draw(f, expand=True).dot
    errors = np.geterr()
    draw(1 / (Tensor(1e-200) * 1e-200 + Tensor(1.0)))
    assert np.geterr() == errors
    assert (Tensor(1.0) * 2).node.scope is None


def test_the_picture_shows_what_was_recorded_after_an_optimiser_step() -> None:
    loss, net, X, y = net_loss()
    before = draw(loss, show="values").dot
    loss.backward()
    nn.SGD(net, lr=10.0).step()
    assert draw(loss, show="values").dot == before
    assert draw(net.loss(X, y), show="values").dot != before


def test_the_picture_shows_what_was_recorded_before_values_were_replaced() -> None:
    w = Parameter([2.0, 3.0], name="w")
    f = (w * w).sum()
    before = draw(f, show="values")
    w.data = [5.0, 5.0]
    assert draw(f, show="values").dot == before.dot
    w -= 1.0  # type: ignore[misc]
    assert draw(f, show="values").dot == before.dot
    assert value(before, "w").above == ["[2  3]"]
    assert value(draw(w.sum(), show="values"), "w").above == ["[4  4]"]


def test_an_array_that_was_written_to_is_remarked() -> None:
    x, array = Tensor([1.0, 2.0], name="x"), np.array([3.0, 4.0])
    f = (x + array).sum()
    assert draw(f).drawing.remarks == []
    array[:] = 0.0
    assert "an array was changed after it had been used" in draw(f).text


def test_two_processes_write_the_same_bytes() -> None:
    code = (
        "import nn; from autograd.draw import draw\n"
        "X, y = nn.spiral(10, 3, seed=0); one = two = three = four = X\n"
        "net = nn.TwoLayerNet(2, 5, 3, reg=0.1, seed=0); loss = net.loss(X, y)\n"
        "for options in [{}, {'expand': True}, {'collapse': ['fc1', 'fc2']}, {'max_nodes': 8}]:\n"
        "    picture = draw(loss, names=locals(), **options); print(picture.dot, picture.text)\n"
    )
    outputs = []
    for seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"}
        run = [sys.executable, "-c", code]
        outputs.append(subprocess.run(run, cwd=ROOT, env=env, capture_output=True, check=True))
    first, second = (output.stdout for output in outputs)
    assert first == second
    assert first.count(b"digraph") == 4


def test_what_was_recorded_in_between_does_not_show() -> None:
    first = draw(neuron(), expand=True).dot
    net_loss()[0].backward()
    assert draw(neuron(), expand=True).dot == first


# --- every gate, and random programs ----------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
@pytest.mark.parametrize("expand", [False, True], ids=["whole", "expanded"])
def test_every_gate_is_drawn_with_the_gradients_of_backward(case: Case, expand: bool) -> None:
    inputs = [Tensor(x, name=f"in{k}") for k, x in enumerate(case.inputs)]
    f = case.f(*inputs)
    g = generator(1).normal(size=f.shape)
    picture = draw(f, gradient=g, expand=expand, show="shapes")
    f.backward(g)
    assert tags(labels(picture.dot)) <= TAGS
    by_name = {v.name: v for v in picture.drawing.values}
    for x in inputs:
        if x.grad is not None:
            norm = number(np.linalg.norm(np.ravel(x.grad)), digits=2)
            assert by_name[str(x.name)].below == [norm]


def random_program(seed: int) -> tuple[Tensor, list[Tensor]]:
    """Gates in scopes that are entered again and again, on values that are used several times."""
    rng = generator(seed)
    leaves = [Tensor(rng.normal(), name=f"x{k}") for k in range(3)]
    values = list(leaves)
    scopes = [scope(name) for name in "abc"]
    binary: list[Any] = [np.add, np.multiply, np.maximum, np.subtract]
    unary: list[Any] = [ag.sigmoid, np.tanh, ag.relu]
    for _ in range(25):
        x, y = (values[k] for k in rng.integers(max(0, len(values) - 6), len(values), 2))
        outer, inner = scopes[rng.integers(3)], scopes[rng.integers(3)]
        with outer:
            z = binary[rng.integers(4)](x, y)
            if rng.random() < 0.5:
                with inner:
                    z = unary[rng.integers(3)](z)
        values.append(z * 0.5 if rng.random() < 0.3 else z)
    return values[-1] + values[-2] + leaves[0], values


def is_in_order(drawing: Drawing) -> bool:
    """Whether every gate can come after its operands: no wire leads back."""
    made = {v.number: g.number for g in drawing.gates for v in g.outputs}
    needs = {
        g.number: {made[u.value.number] for u in g.inputs if u.value.number in made}
        for g in drawing.gates
    }
    while needs:
        free = [g for g, operands in needs.items() if not operands & needs.keys()]
        if not free:
            return False
        for g in free:
            del needs[g]
    return True


@pytest.mark.parametrize("seed", range(20))
def test_random_programs_are_drawn_whole_and_closed(seed: int) -> None:
    f, values = random_program(seed)
    recorded = [node for node in behind(f) if node.plan is not None]
    whole = draw(f, max_nodes=1000)
    operands = sum(len([p for p in n.parents if isinstance(p, Node)]) for n in recorded)
    assert len(whole.drawing.gates) == len(recorded)
    assert number_of_wires(whole.drawing) == operands
    names = sorted({box.name for box in whole.drawing.boxes})
    for k in range(len(names) + 1):
        drawing = draw(f, collapse=names[:k], max_nodes=1000).drawing
        assert is_in_order(drawing)
        assert {box.name for box in drawing.boxes}.isdisjoint(names[:k])
        assert len(drawing.reading_order) == len(drawing.items)
    expanded = draw(f, expand=True, max_nodes=1000).drawing
    assert is_in_order(expanded)
    own = Counter(box.name for box in expanded.boxes if not box.fused)
    assert own == Counter(box.name for box in whole.drawing.boxes)
    values[-1].name = "last"
    f.backward(retain_grads=True)
    assert value(draw(f), "last").below == [number(values[-1].grad)]


# --- names are texts, never markup ------------------------------------------------------------

TAGS = {"label", "table", "tr", "td", "font", "b", "i", "br", "sub"}
NAMES = [
    "</script><b>", "a\"b'c", "first\nsecond\tthird", "\\N \\G \\\\ \\\"end\\", "a&b&amp;&#65;",
    "日本語 π 🙂", "]]>--><!--", "nul\x00 bell\x07 escape\x1b[31m \ud800", "\u202eright to left",
    "%3 ${x} {|} <p>", "x" * 5000, "abc" * 1000 + "_1", "-->", "n1", "",
]  # fmt: skip
named = pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name[:12]))


def with_name(name: str) -> Tensor:
    """A graph that has this name in all places."""
    with scope(name, name, name):
        q = Tensor(1.0, name=name) * Tensor([1.0, 2.0], requires_grad=False, name=name)
        q.name = name
    f = (q + Parameter([1.0, 2.0], name=name)).sum()
    f.name = name
    return f


def skeleton(dot: str) -> str:
    """A DOT text without its labels and strings."""
    return re.sub(r'"[^"\\]*"', '""', re.sub(r"label=<.*>(?=\];$|;$)", "", dot, flags=re.M))


@named
def test_a_name_is_escaped_in_dot_and_in_text(name: str) -> None:
    shown = legible(name)
    for close in ((), name):
        picture = draw(with_name(name), title=name, collapse=close)
        assert tags(labels(picture.dot)) <= TAGS
        assert re.fullmatch(r'[\w\s=\[\]{},;:."#>-]*', skeleton(picture.dot))
        written = ["".join(label.itertext()).replace("\\\\", "\\") for label in labels(picture.dot)]
        if name not in ("abc" * 1000 + "_1", ""):
            assert sum(shown in text for text in written) >= 4
        assert max(map(len, written)) < 500
        assert shown in picture.text
        assert picture.text.replace("\n", "").isprintable()
        assert max(map(len, picture.text.splitlines())) < 500
        assert picture.drawing.boxes == [] or picture.drawing.boxes[0].name == shown


@needs_an_engine
@named
def test_a_name_is_escaped_in_svg(name: str) -> None:
    space = "{http://www.w3.org/2000/svg}"
    known = {"svg", "g", "a", "title", "desc", "path", "polygon", "polyline", "ellipse", "text"}
    for close in ((), name):
        svg = svg_of(draw(with_name(name), title=name, collapse=close))
        assert tags([svg]) <= {space + tag for tag in known}
        lines = ["".join(t.itertext()) for t in svg.iter(f"{space}text")]
        assert sum(legible(name) == line.replace("\xa0", " ").strip() for line in lines) >= 3
        assert all(not key.startswith("on") for part in svg.iter() for key in part.attrib)
        title, description = svg[0], svg[1]
        expected = legible(name, 300) or f"Computation graph of {legible(name) or 'f'}"
        assert (title.text, svg.get("aria-label")) == (expected, expected)
        assert str(description.text).startswith(f"{legible(name) or 'f'} = 6")


@named
def test_a_name_is_escaped_in_a_picture_of_the_text(name: str, no_engine: None) -> None:
    svg = svg_of(draw(with_name(name), title=name))
    assert {tag.split("}")[1] for tag in tags([svg])} == {"svg", "g", "text", "title", "desc"}
    assert legible(name) in "".join(svg.itertext())


def test_variables_are_italic_and_their_numbers_lowered() -> None:
    dot = draw(neuron(), title="f(w,x) = σ(w0 x0 + layer2)").dot
    assert dot.count("<i>w<sub>0</sub></i>") == 1
    assert "<i>f</i>(<i>w</i>,<i>x</i>) = σ(<i>w</i><sub>0</sub> <i>x</i><sub>0</sub>" in dot
    assert "layer2" in dot
    assert "a plain title" in draw(neuron(), title="a plain title").dot


def test_a_long_title_has_several_lines() -> None:
    title = "a title that goes on and on, " * 8 + "to its end"
    lines = ["".join(font.itertext()) for font in labels(draw(neuron(), title=title).dot)[0]]
    assert " ".join(line for line in lines if "and" in line or "end" in line) == title
    assert max(map(len, lines)) <= 100


# --- engines, and what there is without one ---------------------------------------------------

MAGIC = {".svg": b"<?xml", ".png": b"\x89PNG\r\n\x1a\n", ".pdf": b"%PDF-"}


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("PATH", str(tmp_path_factory.mktemp("empty")))
    monkeypatch.setitem(sys.modules, "pygraphviz", None)


@pytest.fixture(params=["dot", "pygraphviz"])
def engine(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """One of the two engines, and only that one."""
    if request.param == "dot":
        if not has_dot:
            pytest.skip("there is no `dot` on this system")
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


# --- files ------------------------------------------------------------------------------------


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


# --- graphs that are too large ----------------------------------------------------------------


def chain(length: int) -> Tensor:
    y = x = Tensor(1.0, name="x")
    for _ in range(length):
        y = y * x
    return y


def tree(leaves: int) -> Tensor:
    level = [Tensor(1.0) for _ in range(leaves)]
    while len(level) > 1:
        level = [a + b for a, b in zip(level[::2], level[1::2], strict=True)]
    return level[0]


def left_out(drawing: Drawing) -> int:
    (remark,) = drawing.remarks
    found = re.fullmatch(
        r"left out \(max_nodes=\d+\): ([\d,]+) gates? further from the result", remark
    )
    assert found, remark
    return int(found[1].replace(",", ""))


@pytest.mark.parametrize(
    ("f", "gates", "max_nodes"),
    [
        (lambda: chain(100_000), 100_000, 300), (lambda: chain(10_000), 10_000, 300),
        (lambda: chain(1000), 1000, 10), (lambda: chain(1000), 1000, 2),
        (lambda: tree(2**13), 2**13 - 1, 300), (lambda: tree(2**10), 2**10 - 1, 10),
    ],
)  # fmt: skip
def test_large_graphs_are_drawn_as_far_as_they_fit(
    f: Callable[[], Tensor], gates: int, max_nodes: int
) -> None:
    limit = sys.getrecursionlimit()
    picture = draw(f(), max_nodes=max_nodes, fold=False)
    drawing = picture.drawing
    assert sys.getrecursionlimit() == limit
    assert len(drawing.gates) + left_out(drawing) == gates
    assert max_nodes / 2 <= len(drawing.items) <= max(max_nodes, 4)
    assert drawing.remarks[0] in picture.text
    assert drawing.remarks[0] in "".join(labels(picture.dot)[0].itertext())
    assert len(picture.text) < 100_000
    cut = [v for v in drawing.values if v.name == "…"]
    assert cut
    assert all(v.leaf and v.above and v.below for v in cut)


def test_all_of_a_large_graph_on_request() -> None:
    drawing = draw(chain(1000), max_nodes=10_000, fold=False).drawing
    assert (len(drawing.gates), drawing.remarks) == (1000, [])


def test_boxes_are_closed_before_anything_is_left_out() -> None:
    x = Tensor(np.ones((1, 4)), name="x")
    net = nn.Sequential(*[nn.Linear(4, 4, seed=k) for k in range(30)])
    f = net(x).sum()
    open_, closed, all_closed = (draw(f, max_nodes=n, fold=False).drawing for n in (300, 100, 20))
    assert (len(open_.gates), open_.remarks) == (61, [])
    assert (len(closed.gates), len(closed.boxes)) == (31, 1)
    assert closed.remarks == ["more than 100 parts: closed are 0, 1, 10, 11, 12, …"]
    assert [g.name for g in all_closed.gates] == ["Sequential", "sum"]
    assert all_closed.gates[0].heading == "30 gates"  # the layers, each whole


def test_gates_are_drawn_whole_where_their_insides_do_not_fit() -> None:
    y = Tensor(0.5)
    for _ in range(20):
        y = ag.sigmoid(y)
    assert len(draw(y, expand=True).drawing.gates) == 80
    picture = draw(y, expand=True, max_nodes=60, fold=False)
    assert len(picture.drawing.gates) == 20
    assert "more than 60 parts: gates are drawn whole" in picture.text
    closed = draw(y, expand=True, collapse="sigmoid", max_nodes=20, fold=False)
    assert "gates are drawn whole" in closed.text


def test_a_module_that_is_used_again_gets_a_box_for_each_use() -> None:
    cell, h = nn.Linear(2, 2, seed=0), Tensor(np.ones((1, 2)), name="h")
    for _ in range(3):
        h = np.tanh(cell(h))
    drawing = draw(h.sum()).drawing
    assert [box.name for box in drawing.boxes] == ["Linear"] * 3
    drawing = draw(h.sum(), collapse="Linear").drawing
    assert is_in_order(drawing)
    assert [g.name for g in drawing.gates] == ["Linear", "tanh"] * 3 + ["sum"]
    assert [g.heading for g in drawing.gates if g.heading] == ["6 params · 2 gates"] * 3
    weights = [v for v in drawing.values if v.look == "parameter"]
    assert [(v.name, v.box) for v in weights] == [("W", None), ("b", None)]


def test_a_recurrent_net_of_many_steps() -> None:
    cell, h = nn.Linear(2, 2, seed=0), Tensor(np.ones((1, 2)), name="h")
    for _ in range(500):
        h = np.tanh(cell(h))
    drawing = draw(h.sum(), fold=False).drawing
    assert is_in_order(drawing)
    assert len(drawing.items) <= 300
    assert drawing.remarks[1].startswith("left out (max_nodes=300):")


def test_scopes_inside_scopes_without_end() -> None:
    y = x = Tensor(2.0, name="x")
    entered = [scope(f"level{k}") for k in range(3000)]
    for each in entered:
        each.__enter__()
    y = x * x
    for each in reversed(entered):
        each.__exit__(None, None, None)
    picture = draw(y)
    assert [box.name for box in picture.drawing.boxes] == [f"level{k}" for k in range(20)]
    assert "scopes inside scopes are drawn 20 levels deep" in picture.text
    assert draw(y, collapse="level3").drawing.gates[0].name == "level3"


def test_a_gate_with_a_thousand_operands() -> None:
    f = np.stack([Tensor(float(k)) for k in range(1000)]).sum()
    drawing = draw(f).drawing
    assert len(gate(draw(f), "stack").inputs) == 20
    assert drawing.remarks == ["left out (max_nodes=300): 980 wires into gates with more than 20"]
    assert len(draw(f, max_nodes=2000).drawing.values) == 1002


# --- wires that are too long ------------------------------------------------------------------


def test_a_value_used_all_along_a_chain_begins_again_with_its_name() -> None:
    picture = draw(chain(60))
    drawing = picture.drawing
    cut = [f"n{g.number}_{k}" for g in drawing.gates for k, u in enumerate(g.inputs) if u.cut]
    assert 50 < len(cut) < 60
    assert all(u.value.name == "x" for g in drawing.gates for u in g.inputs if u.cut)
    direct = re.findall(r"^n\d+:w:e -> n\d+;$|weight=8\];$", picture.dot, re.MULTILINE)
    assert len(direct) == 61 + 60 + 59 - len(cut)
    for name in cut:
        assert re.search(rf"^{name} -> n\d+;$", picture.dot, re.MULTILINE)
        assert re.search(
            rf"^{name} \[id=.*label=<.*<i>x</i></font>>\];$", picture.dot, re.MULTILINE
        )
    caption = "".join(labels(picture.dot)[0].itertext())
    assert f"{len(cut)} long wires cut: the same name is the same wire" in caption
    assert picture.text.count("x = 1") == 40  # the tree of text ends there


def test_a_nameless_value_whose_wires_are_cut_gets_a_number() -> None:
    x, y = Tensor(1.0), Tensor(2.0)
    first = f = ag.tanh(y)
    for _ in range(50):
        f = f * x + first
    drawing = draw(f).drawing
    assert sorted(v.mark for v in drawing.values if v.mark) == ["①", "②"]
    assert {u.value.mark for g in drawing.gates for u in g.inputs if u.cut} == {"①", "②"}
    dot = draw(f).dot
    assert dot.count("<i>①</i>") > 30
    assert dot.count("<i>② = </i>") + dot.count("<i>②</i> = ") == 1


def test_values_of_the_same_name_are_told_apart_where_their_wires_are_cut() -> None:
    a, b = Tensor(1.0, name="w"), Tensor(2.0, name="w")
    y = a * b
    for _ in range(60):
        y = y * a + b
    dot = draw(y).dot
    assert dot.count("<i>w ①</i>") > 30
    assert dot.count("<i>w ②</i>") > 30


def test_cut_wires_lie_in_the_box_of_their_gate() -> None:
    cell, h = nn.Linear(2, 2, seed=0), Tensor(np.ones((1, 2)), name="h")
    for _ in range(20):
        h = np.tanh(cell(h))
    picture = draw(h.sum(), fold=False)
    last = max(g.number for g in picture.drawing.gates if g.symbol == "@")
    box = next(part for part in picture.dot.split("subgraph ") if f"n{last} [" in part)
    assert re.search(rf"^n{last}_1 \[.*<i>W</i>", box.split("\n}\n")[0], re.MULTILINE)


def test_leaves_of_a_long_sum_stand_beside_their_gates() -> None:
    def sum_of(count: int) -> Picture:
        terms = [Tensor(1.0, name=f"t{k}") for k in range(count)]
        return draw(sum(terms[1:], terms[0]))

    assert "rank=same" in sum_of(10).dot
    assert "rank=same" not in sum_of(40).dot
    assert not any(u.cut for g in sum_of(40).drawing.gates for u in g.inputs)


def test_nothing_is_cut_in_a_picture_of_usual_size() -> None:
    for f in (neuron(), net_loss()[0], chain(15), tree(64), random_program(1)[0]):
        picture = draw(f, expand=True)
        assert not any(u.cut for g in picture.drawing.gates for u in g.inputs)
        assert "cut" not in picture.dot


# --- values of all kinds ----------------------------------------------------------------------


def silent(f: Callable[[], Tensor]) -> Tensor:
    with np.errstate(all="ignore"):
        return f()


def test_nan_is_magenta_and_its_first_gate_is_outlined() -> None:
    x = Tensor(-1.0, name="x")
    f = silent(lambda: np.exp(np.log(x) * 2))
    picture = draw(f)
    assert [g.symbol for g in picture.drawing.gates if g.bad] == ["log"]
    assert texts(picture.dot, MAGENTA) == Counter(["NaN"] * 6)
    assert texts(picture.dot, GREEN) == Counter(["−1"])
    (outlined,) = (n for n in picture.dot.splitlines() if MAGENTA in n and "<log>" in n)
    assert "penwidth=3" in outlined


def test_a_gradient_that_is_infinite_is_magenta_though_the_values_are_fine() -> None:
    x = Tensor(0.0, name="x")
    picture = draw(ag.sqrt(x) + 1.0)
    assert [g.symbol for g in picture.drawing.gates if g.bad] == ["√"]
    assert value(picture, "x").bad_gradient
    assert not value(picture, "x").bad_value
    assert texts(picture.dot, MAGENTA) == Counter(["∞"])
    assert "<b>∞</b>" in picture.dot


def test_nan_inside_an_array_is_told() -> None:
    x = Tensor([-1.0, 0.0, 1.0], name="x")
    f = silent(lambda: np.log(x).sum())
    assert "(3,) NaN" in draw(f).text
    assert draw(f, show="values").text.count("[NaN  −∞  0]") == 1
    assert "(3,) ∞" in draw(silent(lambda: (1 / (x + 0.0)).sum())).text


def outlined(f: Tensor, **options: Any) -> list[str]:
    """Names of the leaves and symbols of the gates that are outlined."""
    drawing = draw(f, **options).drawing
    leaves = [v.name or "".join(v.above) for v in drawing.values if v.bad]
    return leaves + [g.symbol or g.name for g in drawing.gates if g.bad]


def test_a_leaf_that_brings_in_a_nan_is_outlined_and_not_the_gate_that_meets_it() -> None:
    W, x = Parameter([[1.0, np.nan], [2.0, 3.0]], name="W"), Tensor([1.0, 2.0], name="x")
    picture = draw(np.sum(np.square(W @ x)))
    assert [v.name for v in picture.drawing.values if v.bad] == ["W"]
    assert not any(g.bad for g in picture.drawing.gates)
    (line,) = (n for n in picture.dot.splitlines() if "<b>W</b>" in n)
    assert f'color="{MAGENTA}", penwidth=3' in line
    a = Tensor(np.inf, name="a")
    (line,) = (n for n in draw(a * 0.5).dot.splitlines() if "<i>a</i>" in n)
    assert f'border="3" style="rounded" color="{MAGENTA}"' in line
    assert outlined(a) == ["a"]  # a result that no gate made


def test_all_that_a_bad_result_began_with_is_outlined() -> None:
    a, b, c = (Tensor(v, name=n) for v, n in [(np.nan, "a"), (-np.inf, "b"), (-1.0, "c")])
    assert outlined(silent(lambda: a * b + c)) == ["a", "b"]
    assert outlined(silent(lambda: a + np.log(c))) == ["a", "log"]
    assert outlined(silent(lambda: np.log(c) + np.sqrt(c))) == ["log"]  # the first of the gates
    assert outlined(silent(lambda: c * np.nan)) == ["×NaN"]  # a number that the gate itself holds
    row = Tensor([1.0, 1.0], name="s")
    assert outlined(np.sum(row + np.array([0.0, -np.inf]))) == ["(2,) ∞"]  # an array without a name


def test_what_a_mask_keeps_out_of_the_result_is_not_outlined() -> None:
    good, bad = Tensor([1.0, 2.0], name="u"), Tensor([np.nan, np.inf], name="v")
    mask = Tensor([0.0, -np.inf], name="mask", requires_grad=False)
    assert outlined(np.sum(np.where([True, True], good, bad))) == []
    assert outlined(np.sum(np.where([True, False], good, bad))) == ["v"]
    assert (
        outlined(np.sum(np.square(ag.softmax(good + mask)))) == []
    )  # -inf there is as it should be
    x = Tensor(-1.0, name="x")
    masked = silent(lambda: np.where(np.array(False), np.log(x), x))
    assert outlined(masked) == ["log"]  # as before: the only gate that went wrong
    assert outlined(silent(lambda: masked + bad.sum())) == ["v"]


def test_a_bad_leaf_in_a_closed_box_or_a_repetition_that_is_not_drawn() -> None:
    W, x = Parameter([[1.0, np.nan], [2.0, 3.0]], name="W"), Tensor([1.0, 2.0], name="x")
    with scope("box"):
        y = W @ x
    assert outlined(np.sum(y), collapse="box") == ["box"]
    h: Any = x
    for k in range(6):
        w = Parameter(np.eye(2) * (np.nan if k == 1 else 1.0), name="W")
        with scope("layer"):
            h = np.tanh(w @ h)
    assert outlined(np.sum(h)) == ["W × 6"]


def test_nothing_bad_is_outlined_in_a_good_graph() -> None:
    picture = draw(neuron())
    assert MAGENTA not in picture.dot
    assert not any(g.bad for g in picture.drawing.gates)


def test_inputs_without_gradient_are_dashed_and_say_so() -> None:
    x, count = Tensor(2.0, name="x"), Tensor(3, name="count")
    frozen, flag = Tensor(4.0, requires_grad=False, name="frozen"), Tensor(True, name="flag")
    cut = (x * 5).detach()
    cut.name = "cut"
    picture = draw(x * count + frozen * x + x * flag + x * cut)
    notes = {v.name: v.note for v in picture.drawing.values if v.leaf}
    assert notes == {
        "x": "", "count": "int, no gradient", "frozen": "no gradient",
        "flag": "bool, no gradient", "cut": "no gradient",
    }  # fmt: skip
    dashed = {u.value.name for g in picture.drawing.gates for u in g.inputs if not u.flows}
    assert dashed == {"count", "frozen", "flag", "cut"}
    assert picture.dot.count("[style=dashed]") == 4
    assert value(picture, "x").below == ["18"]
    assert len(picture.drawing.gates) == 7


def test_arrays_of_the_program_are_boxes_of_data() -> None:
    w, X = Parameter(np.ones((3, 2)), name="w"), np.ones((4, 3))
    named = draw((X @ w).sum(), names={"X": X})
    assert (value(named, "X").look, value(named, "X").note) == ("data", "no gradient")
    assert (value(named, "w").look, value(named, "w").above) == ("parameter", ["(3, 2)"])
    assert value(named, "w").below == ["9.8"]
    twice = draw((X @ w).sum() + (X @ w).sum(), names={"X": X})
    assert sum(v.look == "data" for v in twice.drawing.values) == 1


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0), (1,), (1, 1), (2, 2, 2), (5, 5)])
@pytest.mark.parametrize("show", ["auto", "values", "shapes"])
def test_arrays_of_every_shape(shape: tuple[int, ...], show: str) -> None:
    x = Tensor(np.ones(shape), name="x")
    picture = draw((x * 2).sum(), show=show)
    printed = show == "values" and 0 < np.prod(shape) <= 16
    size = int(np.prod(shape))
    rows = {"(1,)": ["[1]"], "(1, 1)": ["[1]"], "(2, 2, 2)": ["[1  1]"] * 4}
    assert value(picture, "x").above == (rows[str(shape)] if printed else [str(shape)])
    if not printed:
        assert value(picture, "x").below == [number(2 * size**0.5, digits=2)]
    assert tags(labels(picture.dot)) <= TAGS


def test_small_arrays_are_printed_in_rows() -> None:
    W = Tensor([[0.1, -0.5], [12.0, 0.0]], name="W")
    picture = draw(ag.square(W), gradient=np.ones((2, 2)), show="values", decimals=1)
    assert value(picture, "W").above == ["[ 0.1  −0.5]", "[12.0     0]"]
    assert value(picture, "W").below == ["[ 0.2  −1.0]", "[24.0     0]"]
    assert "f =" in picture.dot


def test_float32_and_single_values_in_an_array() -> None:
    x = Tensor(np.array([[1.5]], np.float32), name="x")
    picture = draw(x * 2)
    assert value(picture, "x").about == "x: float32 (1, 1)"
    assert value(picture, "f").below == ["1"]
    assert draw(x * 2, show="values").text.startswith("f = [3]")


def test_a_result_of_many_values_shows_gradients_if_it_is_given_one() -> None:
    x = Tensor([1.0, 2.0], name="x")
    f = x * 3
    without = draw(f)
    assert "no gradients: the result has shape (2,); pass gradient=" in without.text
    assert value(without, "x").below == []
    assert texts(without.dot, ORANGE) == Counter()
    for g in ([1.0, 10.0], np.array([1.0, 10.0]), Tensor([1.0, 10.0])):
        picture = draw(f, gradient=g, show="values")
        assert value(picture, "x").below == ["[3  30]"]
        assert picture.drawing.remarks == []
    with pytest.raises(ShapeError, match=r"\(3,\).*\(2,\)"):
        draw(f, gradient=[1.0, 2.0, 3.0])
    with pytest.raises(DrawError, match=r"gradient: .*expected numbers of shape \(2,\)"):
        draw(f, gradient="ones")
    assert x.grad is None


def test_a_leaf_alone() -> None:
    picture = draw(Tensor(2.0, name="x"))
    assert repr(picture) == "<Picture of x: 1 value, 0 gates>"
    assert picture.text == "x = 2  ∂x 1\n"
    for leaf in (Tensor(3), Tensor(2.0, requires_grad=False), Tensor([1.0, 2.0]).detach()):
        assert "nothing that requires one leads to the result" in draw(leaf).text
    assert draw(Tensor(3)).text.startswith("f = 3  int, no gradient\n")


def test_what_the_result_does_not_depend_on_is_not_drawn() -> None:
    x, z = Tensor(2.0), Tensor(7.0)
    side = x * z
    f = x * x
    assert draw(f, names=locals()).dot == draw(f, names={"x": x, "f": f}).dot
    assert "z" not in draw(f, names=locals()).text
    assert len(draw(side).drawing.gates) == 1


# --- names, scopes and other options ----------------------------------------------------------


def test_names_of_the_caller() -> None:
    x, y, z = Tensor(-2.0), Tensor(5.0), Tensor(-4.0, name="own")
    q = x + y
    f = q * z
    picture = draw(f, names={**locals(), "nothing": None, "text": "x", "list": [x]})
    assert [v.name for v in picture.drawing.values] == ["x", "y", "q", "z", "f"]
    assert z.name == "own"
    assert x.name is None
    assert [v.name for v in draw(f).drawing.values] == ["", "", "", "own", "f"]


def test_the_result_is_called_f_where_that_is_free() -> None:
    f = Tensor(2.0, name="f")
    assert draw(f * 3).drawing.root_name == "out"
    loss = Tensor(2.0) * 3
    assert draw(loss).drawing.root_name == "f"
    loss.name = "L"
    assert "∂L 1" in draw(loss).text


def test_modules_are_boxes() -> None:
    loss, _, X, y = net_loss()
    picture = draw(loss, names={"X": X, "y": y})
    boxes = [(b.name, b.kind, b.note, b.depth) for b in picture.drawing.boxes]
    assert boxes == [
        ("TwoLayerNet", "", "", 0), ("fc1", "Linear", "15 params", 1),
        ("fc2", "Linear", "18 params", 1),
    ]  # fmt: skip
    where = {v.name: v.box.name if v.box else None for v in picture.drawing.values if v.name}
    assert where == {"X": None, "W1": "fc1", "b1": "fc1", "W2": "fc2", "b2": "fc2", "y": None,
                     "f": None}  # fmt: skip
    assert picture.dot.count("subgraph cluster_") == 3
    assert "⊟ <b>fc1</b>: Linear" in picture.dot


def test_close_draws_a_box_in_place_of_its_gates() -> None:
    loss = net_loss()[0]
    whole, one = draw(loss).drawing, draw(loss, collapse="fc1").drawing
    assert len(whole.gates) - len(one.gates) == 1
    (closed,) = (g for g in one.gates if g.heading)
    assert (closed.name, closed.kind, closed.heading) == ("fc1", "Linear", "15 params · 2 gates")
    assert {v.name for v in one.values if v.look == "parameter"} == {"W2", "b2"}
    names = [g.name for g in draw(loss, collapse=["TwoLayerNet"]).drawing.gates]
    assert names == ["TwoLayerNet", "softmax_cross_entropy"]
    assert "⊞ <b>fc1</b>: Linear" in draw(loss, collapse=("fc1", "fc2")).dot
    left = Counter(str(v.below) for v in whole.values) - Counter(str(v.below) for v in one.values)
    assert left.total() == 3  # of W1, of b1 and of their product


def test_close_of_an_expanded_gate() -> None:
    closed = gate(draw(neuron(), expand=True, collapse="sigmoid"), "sigmoid")
    assert closed.heading == "4 gates"


def test_expand_of_one_kind_of_gate() -> None:
    x = Tensor(0.5, name="x")
    f = np.tanh(ag.sigmoid(x)) + ag.relu(x)
    assert [b.name for b in draw(f, expand="sigmoid").drawing.boxes] == ["sigmoid"]
    boxes = draw(f, expand=["sigmoid", "relu"]).drawing.boxes
    assert sorted(b.name for b in boxes) == ["relu", "sigmoid"]
    for expand in (False, True, "relu"):
        assert value(draw(f, expand=expand), "x").below == value(draw(f), "x").below


def test_shapes_in_place_of_numbers() -> None:
    picture = draw(neuron(), show="shapes")
    assert set(texts(picture.dot, GREEN)) == {"()", "f"}
    assert value(picture, "f").below == ["1"]
    assert value(picture, "w0").is_norm


def test_from_top_to_bottom() -> None:
    dot = draw(neuron(), direction="TB").dot
    assert "rankdir=TB" in dot
    assert "rankdir=LR" in draw(neuron()).dot
    assert edges(dot) == edges(draw(neuron()).dot)
    assert ":w:e" not in dot


def test_the_legend_explains_what_is_there() -> None:
    def legend(picture: Picture) -> str:
        return " ".join("".join(labels(picture.dot)[0].itertext()).split())

    loss = net_loss()[0]
    assert "value above the wire (forward →)" in legend(draw(neuron()))
    assert "∂f/∂wire below it (← backward)" in legend(draw(neuron()))
    assert "(shape) of the value, above the wire" in legend(draw(loss))
    assert "‖∂f‖ gradient norm" in legend(draw(loss))
    assert "∂" not in legend(draw(Tensor([1.0, 2.0]) * 3))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"show": "all"}, "show='all'; expected one of auto, values, shapes"),
        ({"show": None}, "show=None; expected one of auto"),
        ({"direction": "RL"}, "direction='RL'; expected one of LR, TB"),
        ({"decimals": -1}, "decimals=-1; expected 0 to 15"),
        ({"decimals": 2.5}, r"decimals=2\.5; expected 0 to 15"),
        ({"decimals": "2"}, "decimals='2'; expected 0 to 15"),
        ({"max_nodes": 1}, "max_nodes=1; expected a whole number of at least 2"),
        ({"max_nodes": None}, "max_nodes=None; expected"),
        ({"title": 3}, "title=3; expected a text"),
        ({"names": ["x"]}, r"names=\['x'\]; expected a dict"),
        ({"expand": "sigmoyd"}, "expand='sigmoyd', but there is no such scope, and no gate"),
        ({"expand": 3}, "expand=3; expected a name"),
        ({"expand": ["relu", 3]}, "expand=.*expected a name"),
        ({"collapse": "fc1"}, "collapse='fc1', but there is no such scope; there are: none"),
        ({"collapse": None}, "collapse=None; expected a name"),
        ({"collapse": [1]}, r"collapse=\[1\]; expected a name"),
    ],
)
def test_a_wrong_option_is_told_with_what_was_expected(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(DrawError, match=message):
        draw(neuron(), **options)


def test_wrong_scopes_are_told_with_those_that_there_are() -> None:
    with pytest.raises(DrawError, match=r"'fc3'.*there are: TwoLayerNet, fc1, fc2"):
        draw(net_loss()[0], collapse=["fc1", "fc3"])


@pytest.mark.parametrize("thing", [3.0, np.ones(2), None, [Tensor(1.0)]])
def test_only_tensors_are_drawn(thing: Any) -> None:
    with pytest.raises(DrawError, match=f"expected a Tensor, got {type(thing).__name__}; pass"):
        draw(thing)


def test_inside_a_compiled_function_there_is_nothing_to_draw() -> None:
    def f(x: Tensor) -> Tensor:
        draw(x * x)
        return x * x

    with pytest.raises(DrawError, match="without `compile`"):
        ag.compile(f)(Tensor(2.0))


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
