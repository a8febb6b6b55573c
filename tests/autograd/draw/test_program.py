"""Pictures of programs: forward, backward and update, every NumPy call a gate."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from pictures import ROOT, is_in_order, needs_an_engine, net_loss, neuron, svg_of

import autograd as ag
import nn
from autograd import GraphError, Parameter, Tensor
from autograd.draw import DrawError, Picture, draw
from autograd.draw.model import Box, Drawing


def spiral_step() -> ag.Compiled:
    X, y = nn.spiral(10, 3, seed=0)
    net = nn.TwoLayerNet(2, 5, 3, reg=1e-3, seed=0)
    sgd = nn.SGD(net, lr=1.0)

    @ag.compile
    def step(X: Any, y: Any) -> Tensor:
        sgd.zero_grad()
        loss = net.loss(X, y)
        loss.backward()
        sgd.step()
        return loss

    step(X, y)
    return step


def path(box: Box | None) -> str:
    names = []
    while box is not None:
        names.append(box.name)
        box = box.parent
    return "/".join(reversed(names))


def gates_in(drawing: Drawing) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for gate in drawing.gates:
        found.setdefault(path(gate.box), []).append(gate.symbol or gate.name)
    return found


def names(picture: Picture) -> set[str]:
    return {v.name for v in picture.drawing.values} - {""}


def test_a_training_step_has_forward_backward_and_update() -> None:
    picture = draw(spiral_step())
    inside = gates_in(picture.drawing)
    assert inside["forward/TwoLayerNet/fc1"] == ["@", "+"]
    assert inside["forward/TwoLayerNet"] == ["max(0, x)"]
    assert inside["backward/TwoLayerNet/fc1"] == ["T", "@", "+", "Σ"]
    assert inside["update"] == ["×", "−"] * 4
    assert "softmax cross entropy" in inside["forward"]  # many calls: one box
    assert {"hidden", "scores", "dscores", "dhidden", "dW1", "W1", "W1 new", "lr"} <= names(picture)
    assert is_in_order(picture.drawing)
    divide = next(g for g in picture.drawing.gates if g.back and g.symbol.startswith("÷"))
    assert [use.value.name for use in divide.inputs] == ["difference"]  # out of a closed box
    assert picture.drawing.remarks == []
    assert not any(v.below or v.note for v in picture.drawing.values)


def test_only_the_forward_pass() -> None:
    drawing = draw(spiral_step(), backward=False).drawing
    assert set(gates_in(drawing)) == {"", "TwoLayerNet", "TwoLayerNet/fc1", "TwoLayerNet/fc2"}
    assert not any(gate.back for gate in drawing.gates)


def test_the_backward_pass_runs_from_right_to_left() -> None:
    dot = draw(spiral_step()).dot
    drawing = draw(spiral_step()).drawing
    minus = next(g for g in drawing.gates if g.symbol == "−")
    taken, given = minus.inputs[1].value, minus.outputs[0]
    assert re.search(rf"^n{minus.number} -> n{taken.number}:w:w \[.*dir=back", dot, re.MULTILINE)
    assert f"n{given.number}:w:e -> n{minus.number} [arrowhead=none" in dot
    assert "thin: used again by the backward pass" in dot
    assert "thin" not in draw(neuron()).dot


def test_the_numbers_of_the_notes_in_the_backward_pass() -> None:
    """CS231n, "Backpropagation, Intuitions": the sigmoid neuron, to two decimals."""
    picture = draw(neuron(), backward=True, decimals=2, expand="sigmoid")
    shown = {v.name: v.above for v in picture.drawing.values if v.name.startswith("d")}
    assert shown == {"dw0": ["−0.20"], "dx0": ["0.39"], "dw1": ["−0.39"], "dx1": ["−0.59"],
                     "dw2": ["0.20"]}  # fmt: skip
    assert gates_in(picture.drawing)["forward/sigmoid"] == ["×−1", "exp", "+1", "1/x"]
    assert gates_in(picture.drawing)["backward"] == ["1−x", "×", "×", "×", "×", "×"]


def test_drawing_the_backward_pass_of_a_graph_changes_nothing() -> None:
    loss, net, *_ = net_loss()
    before = [(p.numpy(), p.grad, p.node.number) for p in net.parameters()]
    first = draw(loss).dot
    draw(loss, backward=True)
    for (data, grad, number), p in zip(before, net.parameters(), strict=True):
        assert np.array_equal(data, p.numpy())
        assert (grad, number) == (p.grad, p.node.number)
    assert draw(loss).dot == first
    loss.backward()
    step = spiral_step()
    text, weights = step.source, str(step.program)
    draw(step)
    assert (step.source, str(step.program)) == (text, weights)


def test_a_graph_and_its_compiled_function_have_the_same_pictures() -> None:
    def f(x: Any, y: Any) -> Any:
        return np.sum(np.tanh(x * y))

    x, y = np.array([0.5, 1.0]), np.array([2.0, -1.0])
    gradients = ag.compile(ag.value_and_grad(f, (0, 1)))
    gradients(x, y)
    of_function = draw(gradients).drawing
    of_graph = draw(f(Tensor(x, name="x"), Tensor(y, name="y")), backward=True).drawing
    assert gates_in(of_function) == gates_in(of_graph)


def test_the_text_is_the_program_by_phase_and_scope() -> None:
    step = spiral_step()
    text = draw(step).text
    assert text == f"{step.readable}\n"
    assert "forward/TwoLayerNet/fc1:\n  v" in text
    assert text.index("forward:") < text.index("backward:") < text.index("update:")


def test_programs_are_compared_by_what_they_do() -> None:
    first, second = spiral_step(), spiral_step()
    assert first.readable == second.readable
    assert hash(first.readable) == hash(second.readable)
    assert first.program == second.program
    assert first.program != first.readable
    assert first.program != "text"

    def program(function: Any, *args: Any) -> Any:
        compiled = ag.compile(function)
        compiled(*args)
        return compiled.readable

    x, y = np.ones(3), np.ones(3)
    plain = program(lambda x, y: x - y, x, y)
    assert plain == program(lambda a, b: a - b, x, y)  # names do not matter
    assert plain != program(lambda x, y: y - x, x, y)
    assert plain != program(lambda x, y: x + y, x, y)
    assert plain != program(lambda x, y: x - y, np.ones(4), np.ones(4))
    assert program(lambda x: x * 2.0, x) != program(lambda x: x * 3.0, x)
    one, other = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0])
    assert program(lambda x: x * one, x) != program(lambda x: x * other, x)
    assert program(lambda x: np.sum(x), x) != program(lambda x: np.sum(x, keepdims=True), x)


def test_the_program_that_runs_is_drawn_too() -> None:
    step = spiral_step()
    drawing = draw(step.program).drawing
    assert is_in_order(drawing)
    assert set(gates_in(drawing)) >= {"forward", "update"}


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (lambda x: x[1:] * 2.0, [np.ones(4)]),
        (lambda x: np.concatenate([x, x]).reshape(2, -1).T, [np.ones(4)]),
        (lambda x: np.where(x > 0, x, -x).astype(np.float32), [np.ones((2, 3))]),
        (lambda x: x, [np.ones(3)]),
        (lambda x: (x, x + 1.0), [2.0]),
        (lambda x: np.max(x, axis=-1) - np.arange(3.0), [np.ones((3, 2))]),
        (lambda x: ag.fresh(np.random.default_rng(0).normal, size=2) + x, [np.ones(2)]),
        (ag.grad(lambda x: ag.max_pool2d(ag.conv2d(x, np.ones((2, 1, 3, 3))), 2).sum()),
         [np.ones((1, 1, 8, 8))]),
    ],
)  # fmt: skip
def test_programs_of_every_kind(function: Any, arguments: list[Any]) -> None:
    compiled = ag.compile(function)
    compiled(*arguments)
    for given in (compiled, compiled.program):
        for options in [{}, {"expand": True}, {"direction": "TB"}]:
            picture = draw(given, **options)
            assert len(picture.drawing.reading_order) == len(picture.drawing.items)
            assert picture.dot.startswith("digraph")


def test_what_repeats_in_a_program_is_folded() -> None:
    def loop(x: Any, w: Any) -> Any:
        for _ in range(20):
            with ag.scope("step"):
                x = np.tanh(x @ w)
        return x.sum()

    compiled = ag.compile(loop)
    compiled(np.ones((2, 3)), np.ones((3, 3)))
    assert gates_in(draw(compiled).drawing) == {"step": ["@", "tanh"], "": ["Σ"]}


@needs_an_engine
def test_programs_are_painted() -> None:
    picture = draw(spiral_step())
    shown = "".join(svg_of(picture).itertext())
    assert all(name in shown for name in ("dhidden", "W1 new", "backward", "update"))


def test_a_program_is_drawn_the_same_in_every_process() -> None:
    code = (
        "import sys; sys.path[:0] = ['tests', 'tests/autograd', 'tests/autograd/draw']\n"
        "from test_program import *\n"
        "from test_fold import recurrent\n"
        "print(draw(spiral_step()).dot); print(draw(net_loss()[0], backward=True).dot)\n"
        "for boxed in (True, False): print(draw(recurrent(8, boxed)[0], fold=True).dot)\n"
    )
    outputs = set()
    for seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"}
        run = [sys.executable, "-c", code]
        done = subprocess.run(run, cwd=ROOT, env=env, capture_output=True, check=True)
        outputs.add(done.stdout)
    assert len(outputs) == 1


# --- recorded inside source_lines() -------------------------------------------------------------


def test_the_lines_of_a_program_are_no_boxes_of_its_picture() -> None:
    """Each gate notes the place that called it; that place was drawn as a box without a name."""
    options: list[dict[str, Any]] = [{}, {"expand": True}, {"backward": True}, {"fold": True}]
    for record in (neuron, lambda: net_loss()[0]):
        plain = record()
        with ag.source_lines():
            noted = record()
        for given in options:
            assert draw(noted, **given).dot == draw(plain, **given).dot
            assert "/:" not in draw(noted, **given).text


def test_a_gate_lies_in_its_scope_wherever_it_was_called() -> None:
    x = Tensor(2.0)
    with ag.source_lines():
        outside = x * x
        with ag.scope("outer"), ag.scope("inner"):
            inside = ag.sigmoid(x)
    assert (outside.node.scope, [s.name for s in inside.node.scope.path]) == (
        None, ["outer", "inner"],
    )  # fmt: skip
    assert outside.node.place is not None
    assert not isinstance(outside.node.place, ag.Scope)  # no walker of scopes can meet it
    code, offset = outside.node.place.code, outside.node.place.offset
    node = ag.scope("box").put(outside).node
    assert node.scope is not None
    assert node.place is not None
    assert (node.scope.path, node.scope.name) == ((node.scope,), "box")
    assert (node.place.code, node.place.offset) == (code, offset)
    assert (x * x).node.place is None


def test_names_of_variables_are_in_the_picture_of_the_backward_pass_too() -> None:
    x = Tensor(2.0, name="x")
    with ag.source_lines():
        q = x * x
        f = q * x
    assert {"x", "q", "dx"} <= names(draw(f, backward=True))


def test_a_nan_in_the_backward_pass_is_drawn_without_a_warning() -> None:
    x = Tensor(-1.0, name="x")
    with np.errstate(all="ignore"):
        f = np.log(x) * 2.0
    assert "NaN" in draw(f, backward=True).dot  # warnings are errors in the tests


def test_three_thousand_scopes_inside_each_other() -> None:
    x = Tensor(2.0, name="x")
    with contextlib.ExitStack() as stack:
        for k in range(3000):
            stack.enter_context(ag.scope(f"s{k}"))
        f = x * x
    assert len(f.node.scope.path) == 3000
    assert {"forward", "backward"} <= {box.name for box in draw(f, backward=True).drawing.boxes}


def test_an_input_that_is_a_gradient_as_well_in_a_picture_that_is_cut() -> None:
    W, x = Parameter(np.ones((2, 2)), name="W"), Parameter(np.ones((2, 2)), name="x")
    with ag.scope("box"):
        f = np.sum(np.square(W * x))
    g = np.sum(W * x)
    for loss in (f, g):
        drawing = draw(loss, backward=True, max_nodes=3).drawing
        assert len(drawing.items) < len(draw(loss, backward=True).drawing.items)


def test_wrong_requests_are_told() -> None:
    with pytest.raises(DrawError, match="backward=True, but nothing that requires a gradient"):
        draw(Tensor(1.0, requires_grad=False), backward=True)
    with pytest.raises(GraphError, match="only a single value"):
        draw(Parameter(np.ones(3)) * 2.0, backward=True)
    with pytest.raises(DrawError, match="gradient= and names= are for tensors"):
        draw(spiral_step(), names={})
    with pytest.raises(ag.TraceError, match="call the function once"):
        draw(ag.compile(lambda x: x))
    with pytest.raises(DrawError, match="expected a Tensor, got function"):
        draw(neuron)  # type: ignore[arg-type]


def test_the_backward_pass_of_equal_layers_is_folded_too() -> None:
    net = nn.Sequential(*[m for k in range(8) for m in (nn.Linear(4, 4, seed=k), nn.ReLU())])
    loss = net(Tensor(np.ones((2, 4)), requires_grad=False, name="X")).sum()
    whole = draw(loss, backward=True, fold=False).drawing
    drawing = draw(loss, backward=True).drawing
    assert sorted(box.times for box in drawing.boxes if box.times > 1) == [7, 8]
    assert len(drawing.gates) < len(whole.gates) / 4
    assert is_in_order(drawing)
    back = [g.symbol for g in drawing.gates if g.back]
    assert back.count("@") == 3  # dX and dW of one layer for seven; dW of the first one
