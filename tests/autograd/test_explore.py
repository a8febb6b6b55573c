"""The chain rule in words and in a page: its numbers are the engine's, and nothing is changed."""

from __future__ import annotations

import base64
import contextlib
import importlib
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import seeded
from gate_cases import CASES, Case

import autograd as ag
import nn
from autograd import Parameter, Tensor
from autograd.draw import DrawError, draw
from autograd.draw.build import Options
from autograd.draw.numbers import number
from autograd.draw.sources import source_of
from autograd.explore import explain, explore, microscope
from autograd.explore.events import Backward, Event, Forward, Seed, Start, events
from autograd.explore.heat import heat_map
from autograd.explore.layouts import layouts
from autograd.explore.shared import Placed, Shared, taken_apart
from autograd.explore.view import Graph, fused_gates
from autograd.replay import ancestors

ROOT = Path(__file__).resolve().parents[2]
FORWARD = ["2.00", "−1.00", "−3.00", "−2.00", "−3.00", "−2.00", "6.00", "4.00", "1.00", "−1.00",
           "0.37", "1.37", "0.73"]  # fmt: skip
BACKWARD = ["−0.20", "0.39", "−0.39", "−0.59", "0.20", "0.20", "0.20", "0.20", "0.20", "−0.20",
            "−0.53", "−0.53", "1.00"]  # fmt: skip


def neuron() -> Tensor:
    """The circuit of the notes: w = [2, -3, -3], x = [-1, -2]."""
    values = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}
    w0, x0, w1, x1, w2 = (Tensor(v, name=name) for name, v in values.items())
    f: Tensor = ag.sigmoid(w0 * x0 + w1 * x1 + w2)
    return f


def net_loss(points: int = 10, hidden: int = 5) -> tuple[Tensor, nn.TwoLayerNet]:
    X, y = nn.spiral(points, 3, seed=seeded(0))
    net = nn.TwoLayerNet(2, hidden, 3, reg=1e-3, seed=seeded(0))
    return net.loss(X, y), net


def steps_of(tensor: Tensor, expand: Any = False, close: tuple[str, ...] = ()) -> list[Event]:
    graph = Graph(tensor, expand)
    return events(graph, graph.chosen(close, 10_000))


def weighted(out: Tensor) -> Tensor:
    """A single value that gives each number of a result a gradient of its own."""
    weights = np.cos(np.arange(out.size)).reshape(out.shape)
    return np.sum(out * weights)  # type: ignore[no-any-return, call-overload]


# --- the stream of events ---------------------------------------------------------------------


def test_forward_then_backward_in_reverse() -> None:
    steps = steps_of(neuron(), expand=True)
    kinds = [type(step) for step in steps]
    assert kinds == [Start] + [Forward] * 8 + [Seed] + [Backward] * 8
    there = [step.part.id for step in steps if isinstance(step, Forward)]
    back = [step.part.id for step in steps if isinstance(step, Backward)]
    assert back == there[::-1]
    assert [step.part.symbol for step in steps if isinstance(step, Forward)] == [
        "×", "×", "+", "+", "×−1", "exp", "+1", "1/x",
    ]  # fmt: skip


def test_the_numbers_of_the_notes() -> None:
    steps = steps_of(neuron(), expand=True)
    start = steps[0]
    assert isinstance(start, Start)
    made = [q for step in steps if isinstance(step, Forward) for q in step.outputs]
    quantities = [*start.leaves, *made]
    assert [number(q.value, 2) for q in quantities] == FORWARD
    assert [number(q.gradient, 2) for q in quantities] == BACKWARD


def test_local_times_upstream_is_downstream() -> None:
    for expand in (False, True):
        for step in steps_of(neuron(), expand):
            if isinstance(step, Backward):
                (out,) = step.outputs
                for flow in step.flows:
                    assert flow.local * out.gradient == pytest.approx(flow.downstream, rel=1e-15)


def test_at_a_fork_gradients_arrive_one_by_one() -> None:
    x = Tensor(3.0, name="x")
    steps = steps_of(x * x + np.maximum(x, 2.0) * x)
    flows = [f for s in steps if isinstance(s, Backward) for f in s.flows if f.into.label == "x"]
    assert [flow.uses for flow in flows] == [4] * 4
    assert [len(flow.arrived) for flow in flows] == [1, 2, 3, 4]
    assert [flow.downstream for flow in flows] == [3.0, 3.0, 3.0, 3.0]
    assert [flow.total for flow in flows] == [3.0, 6.0, 9.0, 12.0]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_arrives_adds_up_to_the_gradient_of_every_gate(case: Case) -> None:
    """For each gate of the table: the sums of the flows are what the engine gives, bit by bit."""
    operands = [Tensor(x, name=f"in{k}") for k, x in enumerate(case.inputs)]
    result = weighted(case.f(*operands))
    if not result.requires_grad:
        return
    for step in steps_of(result):
        if isinstance(step, Backward):
            for flow in step.flows:
                if len(flow.arrived) == flow.uses:
                    np.testing.assert_array_equal(flow.total, flow.into.gradient)
    result.backward()
    by_engine = {t.name: t.grad for t in operands if t.grad is not None}
    assert by_engine
    start = steps_of(result)[0]
    assert isinstance(start, Start)
    found = {q.label: q.gradient for q in start.leaves}
    for name, g in by_engine.items():
        np.testing.assert_array_equal(found[name], g)


def test_a_branch_that_is_not_taken_gets_zero_and_no_nan() -> None:
    x = Tensor([0.0, 2.0], name="x")
    with np.errstate(divide="ignore"):
        f = np.sum(np.where(x.numpy() > 0, np.log(x), 0.0))
    flows = [f for s in steps_of(f) if isinstance(s, Backward) for f in s.flows]
    assert all(np.isfinite(flow.downstream).all() for flow in flows)
    np.testing.assert_array_equal(flows[-1].total, [0.0, 0.5])


def test_a_closed_scope_is_one_step() -> None:
    steps = steps_of(neuron(), expand="sigmoid", close=("sigmoid",))
    (box,) = (s for s in steps if isinstance(s, Backward) and s.part.gates == 4)
    (flow,) = box.flows
    assert flow.local == pytest.approx(0.19661193)
    assert flow.downstream == pytest.approx(0.19661193)
    loss, _ = net_loss()
    steps = steps_of(loss, close=("TwoLayerNet",))
    (net,) = (s for s in steps if isinstance(s, Backward) and s.part.name == "TwoLayerNet")
    for flow in net.flows:
        if len(flow.arrived) == flow.uses:
            assert_close(flow.total, flow.into.gradient)


def test_the_stream_is_the_same_in_every_run() -> None:
    def told() -> str:
        loss, _ = net_loss()
        return explain(loss, expand=True)

    assert told() == told()


def test_explaining_changes_nothing() -> None:
    loss, net = net_loss()
    before = [(n, n.parents, n.saved, n.name, n.scope) for n in ancestors(loss.node)]
    explain(loss)
    microscope(loss, net.params["W1"], (0, 1))
    assert [(n, n.parents, n.saved, n.name, n.scope) for n in ancestors(loss.node)] == before
    assert all(p.grad is None for p in net.parameters())
    loss.backward()
    expected = [p.grad.copy() for p in net.parameters()]
    explain(loss)
    for p, g in zip(net.parameters(), expected, strict=True):
        np.testing.assert_array_equal(p.grad, g)


# --- the text ---------------------------------------------------------------------------------


def test_the_text_speaks_of_distributors_switchers_routers_and_adders() -> None:
    x, y = Tensor(3.0, name="x"), Tensor(-4.0, name="y")
    text = explain(x * y + np.maximum(x, y))
    for word in ("distributor", "switcher", "router", "adder of gradients"):
        assert word in text
    assert "x: local y = −4 × upstream 1 = −4" in text
    assert "fork, an adder of gradients: 1 + −4 = −3: all 2 have arrived" in text
    assert repr(text) == str(text)


def test_every_number_of_the_notes_is_in_the_text() -> None:
    text = explain(neuron(), decimals=2, expand=True)
    forward, backward = text.split("\nbackward\n")
    for label in FORWARD:
        assert re.search(rf"= {label}(?!\d)", forward), label
    for label in BACKWARD:
        assert re.search(rf"= {label}(?!\d)", backward), label


def test_arrays_are_explained_by_formulas_and_shapes() -> None:
    X, y = nn.spiral(100, 3, seed=0)
    net = nn.TwoLayerNet(2, 100, 3, seed=0)
    text = explain(net.loss(X, y), names={"X": X, "y": y})
    assert "dx = dout · W2ᵀ, (300, 3)·(3, 100) = (300, 100)" in text
    assert "dW1 = Xᵀ · dout, (2, 300)·(300, 100) = (2, 100)" in text
    assert "db2 = Σ dout, over what was repeated, (300, 3) → (3,)" in text
    assert "(softmax(x) − one-hot(y))" in text.replace("scores", "x")
    assert "in TwoLayerNet/fc1" in text


def test_without_a_gradient_the_text_says_why() -> None:
    x = Tensor([1.0, 2.0], name="x")
    assert "no gradients" in explain(x * x)
    assert "norm 4.5" in explain(x * x, gradient=[1.0, 1.0])


def test_a_fork_of_many_wires_is_told_in_few_words() -> None:
    y = x = Tensor(1.0, name="x")
    for _ in range(300):
        y = y + x
    text = explain(y)
    assert "… + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 = 301: all 301 have arrived" in text
    assert len(text) < 200_000


# --- source lines -----------------------------------------------------------------------------


def test_a_gate_knows_the_line_and_the_expression_that_called_it() -> None:
    x, y = Tensor(2.0, name="x"), Tensor(3.0, name="y")
    with ag.source_lines(), ag.scope("box"):
        f = (x + y) * np.exp(x)
    add, exp = f.node.parents
    found = [source_of(node) for node in (add, exp, f.node)]
    texts = [s.text[s.start : s.end] for s in found if s is not None]
    assert texts == ["x + y", "np.exp(x)", "(x + y) * np.exp(x)"]
    assert all(s is not None and s.file.endswith("test_explore.py") for s in found)
    assert len({s.line for s in found if s is not None}) == 1
    assert [box.name for box in draw(f).drawing.boxes] == ["box"]  # a place is no box
    assert "test_explore.py:" in explain(f)


def test_gates_inside_of_the_library_are_those_of_the_line_that_called_it() -> None:
    net = nn.TwoLayerNet(2, 4, 3, seed=0)
    with ag.source_lines():
        loss = net.loss(np.ones((5, 2)), np.zeros(5, int))
    places = {source_of(n) for n in ancestors(loss.node) if n.plan is not None}
    (source,) = places
    assert source is not None
    assert "net.loss(" in source.text
    assert "net.loss(" in explain(loss, expand=True)


def test_names_are_found_beside_constant_arrays() -> None:
    x = Tensor([1.0, 2.0], name="x")
    y = x
    with ag.source_lines():
        for _ in range(3):
            y = np.subtract(np.array([3.0, 4.0]), y)
    assert draw(y, fold=False).drawing.root_name == "y"


def test_a_call_that_records_several_branches_names_only_what_they_become() -> None:
    net = nn.TwoLayerNet(2, 4, 3, reg=0.1, seed=0)
    with ag.source_lines():
        loss = net.loss(np.ones((5, 2)), np.zeros(5, int))
    assert [v.name for v in draw(loss).drawing.values].count("loss") == 1


def test_outside_nothing_is_noted_and_compiled_functions_are_left_alone() -> None:
    x = Tensor(2.0)
    with ag.source_lines():
        pass
    assert source_of((x * x).node) is None
    with ag.source_lines():
        step = ag.compile(lambda a: a * a)
        assert float(step(np.float64(3.0))) == 9.0

    @ag.source_lines()
    def squared(v: Tensor) -> Tensor:
        return v * v

    assert source_of(squared(x).node) is not None


# --- the microscope ---------------------------------------------------------------------------


def only_variable(tensor: Tensor) -> Any:
    (leaf,) = (n for n in ancestors(tensor.node) if n.slot is not None)
    return leaf


@pytest.mark.parametrize("paths", [1, 2, 40])
@pytest.mark.parametrize(("name", "index"), [("W1", (0, 3)), ("b1", 2), ("W2", (4, 1)), ("b2", 0)])
def test_value_and_gradient_are_those_of_the_net(name: str, index: Any, paths: int) -> None:
    loss, net = net_loss()
    loss.backward()
    circuit = microscope(loss, net.params[name], index, paths=paths)
    circuit.backward()
    leaf = only_variable(circuit)
    assert_close(circuit, loss)
    # probabilities of 30 points, over 30, less as many labels: sums of them may cancel
    assert_close(leaf.slot.grad, net.params[name].grad[index], of=[1.0])
    assert all(node.shape == () for node in ancestors(circuit.node))
    assert leaf.name.startswith(f"{name}[")


def test_the_circuit_is_small_and_says_what_was_folded() -> None:
    loss, net = net_loss(points=100, hidden=20)
    circuit = microscope(loss, net.params["W1"], (1, 3), paths=1)
    assert sum(n.plan is not None for n in ancestors(circuit.node)) < 60
    picture = draw(circuit)
    (box,) = picture.drawing.boxes
    assert box.name == "299 more numbers, folded"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_microscope_on_every_gate(case: Case) -> None:
    w, *others = (Tensor(x, name=f"x{k}") for k, x in enumerate(case.inputs))
    result = weighted(case.f(w, *others))
    if not result.requires_grad or w.size == 0:
        return
    result.backward()
    place = tuple(n // 2 for n in w.shape)
    if any(node.dtype.kind == "c" for node in ancestors(result.node)):
        with pytest.raises(DrawError, match="complex numbers"):
            microscope(result, w, place)
        return
    if w.grad[place] == 0.0:  # perhaps the result does not depend on it at all
        with contextlib.suppress(DrawError):
            microscope(result, w, place)
        return
    circuit = microscope(result, w, place)
    circuit.backward()
    assert_close(circuit, result, of=[case.in_numpy(*case.inputs)])  # what was summed
    assert_close(only_variable(circuit).slot.grad, w.grad[place], of=[w.grad])


def test_what_the_microscope_cannot_look_at() -> None:
    loss, net = net_loss()
    with pytest.raises(DrawError, match="does not name one number of an array of shape"):
        microscope(loss, net.params["W1"], (9, 9))
    with pytest.raises(DrawError, match="does not name one number"):
        microscope(loss, net.params["W1"], 0)
    with pytest.raises(DrawError, match="no gradient flows"):
        microscope(loss, Parameter(1.0), ())
    with pytest.raises(DrawError, match="expected a single value"):
        microscope(net(np.ones((2, 2))), net.params["W1"], (0, 0))


# --- the page, without a browser ----------------------------------------------------------------


def data_of(path: Path) -> Any:
    found = re.search(r'id="data">(.*?)</script>', path.read_text(), re.DOTALL)
    assert found is not None
    return json.loads(found[1])


@pytest.fixture
def engine() -> None:
    from autograd.draw.render import render

    if render("digraph {a}", "svg") is None:
        pytest.skip("there is no Graphviz here")


@pytest.mark.usefixtures("engine")
def test_the_page_is_one_small_file_that_names_no_address(tmp_path: Path) -> None:
    small = explore(neuron(), tmp_path / "neuron.html", decimals=2)
    loss, _ = net_loss(points=100, hidden=100)
    large = explore(loss, tmp_path / "net.html")
    assert small.stat().st_size < 100_000
    assert large.stat().st_size < 1_000_000
    for path in (small, large):
        text = path.read_text().replace("http://www.w3.org/2000/svg", "")  # a name, no address
        assert "http" not in text.replace("Content-Security-Policy", "").replace("http-equiv", "")
        assert "default-src 'none'" in text.replace("&#x27;", "'")
        assert " style=" not in text
        assert not re.search(r"\bon\w+=", re.sub(r"<script>.*?</script>", "", text, flags=re.S))


@pytest.mark.usefixtures("engine")
def test_every_label_of_the_notes_is_in_the_page(tmp_path: Path) -> None:
    text = explore(neuron(), tmp_path / "neuron.html", decimals=2).read_text()
    picture = text[text.index("<svg") : text.index("</svg>")]
    values = re.findall(r'class="value strong"[^>]*>([^<]*)<', picture)
    gradients = re.findall(r'class="gradient"[^>]*>([^<]*)<', picture)
    assert sorted(values) == sorted(FORWARD)
    assert sorted(gradients) == sorted(BACKWARD)


@pytest.mark.usefixtures("engine")
def test_names_are_shown_and_never_run(tmp_path: Path) -> None:
    bad = "</script><b>&"
    x = Tensor(2.0, name=bad)
    with ag.scope("<i>scope</i>"):
        f = x * x + Tensor(1.0, name='"><img src=x>')
    text = explore(f, tmp_path / "bad.html", title="<script>alert(1)</script>").read_text()
    for part in ("</script><b>", "<i>scope", "<img", "<script>alert"):
        assert part not in text
    labels = {q["label"] for q in data_of(tmp_path / "bad.html")["quantities"]}
    assert {bad, '"><img src=x>'} <= labels


@pytest.mark.usefixtures("engine")
def test_the_numbers_in_the_page_are_those_of_the_engine(tmp_path: Path) -> None:
    f = neuron()
    data = data_of(explore(f, tmp_path / "neuron.html"))
    graph = Graph(f, fused_gates(f))
    for told, q in zip(data["quantities"], graph.quantities.values(), strict=True):
        assert (told["value"], told["gradient"]) == (float(q.value), float(q.gradient))
    steps = data["layouts"][0]["steps"]
    assert steps[0] == "start"
    assert steps[9] == "seed"
    assert len(steps) == 18
    assert [layout["closed"] for layout in data["layouts"]] == [[], ["s0"]]


@pytest.mark.usefixtures("engine")
def test_a_page_of_a_large_graph_is_bounded(tmp_path: Path) -> None:
    y = x = Tensor(1.0, name="x")
    for _ in range(400):
        y = y * 1.001 + x
    data = data_of(explore(y, tmp_path / "long.html", max_nodes=60))
    (layout,) = data["layouts"]
    assert len(layout["steps"]) <= 62  # 30 gates, there and back, a start and a turn
    assert "left out" in layout["remarks"][0]


@pytest.mark.usefixtures("engine")
def test_only_circuits_of_numbers_are_run_in_the_page(tmp_path: Path) -> None:
    assert data_of(explore(neuron(), tmp_path / "a.html"))["program"] is not None
    assert data_of(explore(net_loss()[0], tmp_path / "b.html"))["program"] is None
    single = Tensor(2.0, dtype=np.float32)
    assert data_of(explore(single * single, tmp_path / "c.html"))["program"] is None


def test_wrong_paths_and_values_are_refused(tmp_path: Path) -> None:
    f = neuron()
    with pytest.raises(DrawError, match=r"is no \.html file"):
        explore(f, tmp_path / "net.svg")
    with pytest.raises(DrawError, match="there is no folder"):
        explore(f, tmp_path / "missing" / "net.html")
    with pytest.raises(DrawError, match="expected a file name"):
        explore(f, 3)  # type: ignore[arg-type]
    with pytest.raises(DrawError, match="expected a Tensor, got float"):
        explain(2.0)  # type: ignore[arg-type]
    with pytest.raises(DrawError, match="there is no such scope"):
        explain(f, collapse="nothing")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("engine")
def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "page.html").mkdir()
    with pytest.raises(DrawError, match="cannot write"):
        explore(neuron(), tmp_path / "page.html")
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]


def test_without_graphviz_one_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module("autograd.explore.layouts")
    monkeypatch.setattr(module, "render", lambda dot, kind: None)
    with pytest.raises(DrawError, match=r"pip install 'gategrad\[draw\]'"):
        explore(neuron(), tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


def test_importing_the_engine_does_not_load_it() -> None:
    code = "import sys, autograd, nn; print('autograd.explore' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "False"


# --- heat maps ----------------------------------------------------------------------------------


def test_a_heat_map_keeps_the_extremes() -> None:
    array = np.zeros((300, 100))
    array[17, 99], array[299, 0] = -4.0, 2.0
    found = heat_map(array)
    assert found is not None
    cells = np.frombuffer(base64.b64decode(found["cells"]), np.int8)
    assert (cells.min(), cells.max()) == (-127, 64)
    assert (found["rows"], found["columns"]) == (16, 24)
    assert (found["low"], found["high"], found["whole"]) == ("−4", "2", False)
    assert heat_map(np.float64(3.0)) is None
    assert heat_map(np.array([np.nan, np.inf]))["bad"] == 2  # type: ignore[index]


def test_lines_inside_of_a_function_that_is_differentiated() -> None:
    made = []

    def f(x: Any) -> Any:
        y = x * x
        made.append(y)
        return y

    with ag.source_lines():
        ag.grad(f)(3.0)
    source = source_of(made[0].node)
    assert source is not None
    assert source.text == "y = x * x"


# --- the size of the page ---------------------------------------------------------------------


def rebuilt(placed: Placed, groups: list[ET.Element]) -> list[tuple[Any, list[float], list[float]]]:
    """What the script of the page makes of a picture: shared groups, moved to their places."""
    found = []
    for which, x, y in zip(*[iter(placed.groups)] * 3, strict=True):
        look, across, down = taken_apart(groups[int(which)])
        found.append((look, [a + x for a in across], [d + y for d in down]))
    return found


@pytest.mark.usefixtures("engine")
def test_what_pictures_have_in_common_is_written_once() -> None:
    X, y = nn.spiral(10, 3, seed=0)
    net = nn.TwoLayerNet(2, 5, 3, reg=1e-3, seed=0)
    graph = Graph(net.loss(X, y), True)
    pictures = layouts(graph, graph.shown(frozenset()), Options(), 300)
    shared = Shared()
    placed = [shared.place(layout.picture) for layout in pictures]
    assert len(pictures) > 10
    for layout, where in zip(pictures, placed, strict=True):
        (inner,) = layout.picture
        for group, (look, across, down) in zip(inner, rebuilt(where, shared.groups), strict=True):
            expected, xs, ys = taken_apart(group)
            assert look == expected
            assert np.abs(np.subtract([*across, *down], [*xs, *ys])).max() < 0.2  # points
    (inner,) = pictures[0].picture
    assert shared.groups[: len(inner)] == list(inner)  # the page has them in its first picture
    assert len(shared.groups) < 0.5 * sum(len(where.groups) for where in placed) / 3


@pytest.mark.usefixtures("engine")
def test_the_page_of_the_two_layer_net_is_small(tmp_path: Path) -> None:
    """It was 550 kB: the same gates and wires again in each of 24 pictures."""
    X, y = nn.spiral(seed=0)
    with ag.source_lines():
        loss = nn.TwoLayerNet(2, 100, 3, reg=1e-3, seed=0).loss(X, y)
        f = ag.sigmoid(Tensor(2.0, name="w") * Tensor(-1.0, name="x") + Tensor(-3.0, name="b"))
    assert explore(loss, tmp_path / "net.html").stat().st_size <= 250_000
    assert explore(f, tmp_path / "neuron.html").stat().st_size <= 85_000
