"""Drawing only reads: the graph, its numbers and NumPy's state are as they were."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
from pictures import ORANGE, ROOT, behind, net_loss, neuron, texts, value

import autograd as ag
import nn
from autograd import Node, Parameter, Tensor, scope
from autograd.draw import draw


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
