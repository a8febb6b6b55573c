"""Pictures of values of all kinds: NaN, data, constants, empty arrays, leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pictures import GREEN, MAGENTA, ORANGE, TAGS, labels, neuron, tags, texts, value

import autograd as ag
from autograd import Parameter, ShapeError, Tensor, scope
from autograd.draw import DrawError, draw
from autograd.draw.numbers import number


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
