"""The explorer's page in a real browser: headless Chromium, driven by Playwright.

Skipped where there is no chromium on the path, or no playwright (the extra `browser`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from draws import generator

import autograd as ag
import autograd.library
import nn
from autograd import Tensor
from autograd.draw.numbers import number
from autograd.explore import explore, microscope
from autograd.explore.javascript import gate_in_javascript
from autograd.gate import GATES
from autograd.numpy_api import NUMPY_FUNCTIONS

FORWARD = ["2.00", "−1.00", "−3.00", "−2.00", "−3.00", "−2.00", "6.00", "4.00", "1.00", "−1.00",
           "0.37", "1.37", "0.73"]  # fmt: skip
BACKWARD = ["−0.20", "0.39", "−0.39", "−0.59", "0.20", "0.20", "0.20", "0.20", "0.20", "−0.20",
            "−0.53", "−0.53", "1.00"]  # fmt: skip


# --- graphs and pages -------------------------------------------------------------------------


def neuron(**values: float) -> Tensor:
    values = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0} | values
    w0, x0, w1, x1, w2 = (Tensor(v, name=name) for name, v in values.items())
    with ag.source_lines():
        f: Tensor = ag.sigmoid(w0 * x0 + w1 * x1 + w2)
    return f


def forks() -> Tensor:
    x = Tensor(3.0, name="x")
    q = x * x
    q.name = "q"
    return q * q + np.maximum(q, x) + x  # type: ignore[no-any-return]


def net() -> Tensor:
    X, y = nn.spiral(100, 3, seed=0)
    scores = nn.TwoLayerNet(2, 100, 3, seed=0)(Tensor(X, requires_grad=False, name="X"))
    loss: Tensor = nn.softmax_cross_entropy(scores, Tensor(y, name="y"))
    loss.name = "L"
    return loss


def long_chain() -> Tensor:
    y = x = Tensor(1.0, name="x")
    for _ in range(1500):
        y = y * 1.001 + x
    return y


def under_the_microscope() -> Tensor:
    X, y = nn.spiral(20, 3, seed=0)
    small = nn.TwoLayerNet(2, 6, 3, weight_init_std=0.5, seed=0)
    return microscope(small.loss(X, y), small.params["W1"], (1, 2))


def loser() -> Tensor:
    """A gate whose upstream gradient is 0, an infinity, and a fork inside of a box."""
    x, y = Tensor(3.0, name="x"), Tensor(0.0, name="y")
    with ag.scope("box"):
        q = x * 2.0
        inner = q * q
    with np.errstate(all="ignore"):
        return np.maximum(inner + q, x * x) + np.sqrt(y)  # type: ignore[no-any-return]


def hostile() -> Tensor:
    with ag.scope("</script><b>box</b>"):
        x = Tensor(2.0, name="</script><script>alert(1)</script>")
        return x * x + Tensor(1.0, name="<img src=x onerror=alert(1)>")  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    vector = Tensor([1.0, np.nan, -2.0], name="v")
    return {
        "neuron": explore(neuron(), folder / "neuron.html", decimals=2),
        "exact": explore(neuron(), folder / "exact.html"),
        "forks": explore(forks(), folder / "forks.html"),
        "net": explore(net(), folder / "net.html"),
        "loser": explore(loser(), folder / "loser.html"),
        "vector": explore(vector * vector, folder / "vector.html", gradient=[1.0, 2.0, 0.5]),
        "constant": explore(Tensor(2.0, requires_grad=False) * 3.0, folder / "constant.html"),
        "long": explore(long_chain(), folder / "long.html", max_nodes=80),
        "microscope": explore(under_the_microscope(), folder / "microscope.html"),
        "hostile": explore(hostile(), folder / "hostile.html", title="<b>title</b>"),
    }


Open = Callable[..., Any]


@pytest.fixture
def visit(browser: Any, pages: dict[str, Path]) -> Iterator[Open]:
    """Open a page; at the end: it made no request, and no error."""
    contexts, wrong = [], []

    def open_(name: str, hash_: str = "", width: int = 1280, **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: wrong.append(m.text) if m.type != "log" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: (wrong.append("a dialog"), dialog.dismiss()))
        own = pages[name].as_uri()
        page.on("request", lambda r: wrong.append(r.url) if r.url.split("#")[0] != own else None)
        page.goto(own + hash_)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert [text for text in wrong if text != "data:,"] == []


def seen(page: Any, kind: str) -> list[str]:
    """The numbers of a kind that can be seen in the picture, by quantity."""
    script = f"""[...document.querySelectorAll('#picture .quantity')]
        .sort((a, b) => a.dataset.quantity - b.dataset.quantity)
        .flatMap((g) => [...g.querySelectorAll('text.{kind}:not(.unseen):not(.slanted)')])
        .map((t) => t.textContent)"""
    return page.evaluate(script)  # type: ignore[no-any-return]


def rows(page: Any) -> list[list[str]]:
    script = """[...document.querySelectorAll('#details tbody tr')]
        .map((row) => [...row.cells].map((cell) => cell.textContent))"""
    return page.evaluate(script)  # type: ignore[no-any-return]


def go(page: Any, state: str) -> None:
    """To another state of the same page, by its address."""
    page.evaluate("(hash) => { location.hash = hash; readHash(); }", state)


def step(page: Any) -> int:
    return int(page.locator("#where").text_content().split()[1])


# --- stepping ---------------------------------------------------------------------------------


def test_forward_and_backward_with_the_buttons(visit: Open) -> None:
    page = visit("neuron")
    assert seen(page, "value") == FORWARD[:2] + FORWARD[2:5]
    assert seen(page, "gradient") == []
    for count in range(1, 9):
        page.click("#next")
        assert len(seen(page, "value")) == 5 + count
    assert sorted(seen(page, "value")) == sorted(FORWARD)
    page.click("#next")
    assert page.text_content("#heading") == "The way back begins"
    assert seen(page, "gradient") == ["1.00"]
    page.click("#last")
    assert sorted(seen(page, "gradient")) == sorted(BACKWARD)
    assert page.get_attribute("#next", "aria-disabled") == "true"
    page.click("#back")
    assert len(seen(page, "gradient")) == 11
    page.click("#first")
    assert (step(page), seen(page, "gradient")) == (0, [])


def test_the_gate_and_its_wires_are_lit(visit: Open) -> None:
    page = visit("neuron", "#step=16")
    assert page.locator(".gate.active").count() == 1
    assert page.locator(".gate.active text").text_content() == "×"
    assert page.locator(".wire.active[data-into]").count() == 2
    assert page.locator(".quantity.active").count() == 3
    assert page.locator("svg.going-back").count() == 1


def test_the_inspector_shows_local_times_upstream(visit: Open) -> None:
    page = visit("neuron", "#step=16")
    assert "witcher" in page.text_content("#details .role")
    assert rows(page) == [
        ["w1", "x1 = −2.00", "×", "0.20", "=", "−0.39"],
        ["x1", "w1 = −3.00", "×", "0.20", "=", "−0.59"],
    ]
    assert page.text_content("#details mark") == "w1 * x1"
    assert "test_explore_page.py:" in page.text_content(".source")


def test_at_a_fork_the_summands_add_up(visit: Open) -> None:
    page = visit("forks", "#step=10")
    assert "1 + 9 + 9 = 19 (all 3 have arrived)" in page.text_content(".fork")
    page.click("#first")
    page.keyboard.press("End")
    assert seen(page, "gradient")[0] == "115"
    partial = visit("forks", "#step=9")
    assert "2 still to come" in partial.text_content(".fork")
    assert partial.locator(".partial").count() == 2


def test_keys(visit: Open) -> None:
    page = visit("neuron")
    for key, expected in [("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", 17)]:
        page.keyboard.press(key)
        assert step(page) == expected
    page.keyboard.press("Home")
    assert step(page) == 0
    width = float(page.get_attribute("#picture svg", "width"))
    page.keyboard.press("+")
    assert float(page.get_attribute("#picture svg", "width")) == pytest.approx(1.25 * width, abs=2)
    page.keyboard.press("/")
    page.keyboard.type("exp")
    assert page.text_content("#found") == "2 found"  # the gate, and its result
    page.keyboard.press("Enter")
    assert page.locator(".gate.active text").text_content() == "exp"
    assert step(page) == 6
    page.keyboard.press("Escape")
    page.keyboard.press("q")
    assert page.is_checked("#quiz")


def test_everything_is_reached_with_the_tab_key(visit: Open) -> None:
    page = visit("neuron")
    reached = []
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
    ids = ["first", "back", "next", "last", "slider", "smaller", "fit", "larger", "search", "quiz"]
    assert [name for name in reached if name in ids][: len(ids)] == ids
    assert {"picture", "h", "reset"} <= set(reached)


PAGES = ["neuron", "exact", "forks", "net", "loser", "vector", "constant", "microscope", "hostile"]


@pytest.mark.parametrize("name", PAGES)
def test_every_step_of_every_picture_has_something_to_say(visit: Open, name: str) -> None:
    page = visit(name)
    told = page.evaluate("""(() => {
        const told = [];
        data.layouts.forEach((_, k) => {
            for (const quiz of [false, true]) {
                Object.assign(state, {layout: k, quiz, step: 0});
                layout().steps.forEach((_, step) => {
                    goTo(step);
                    told.push(`${document.getElementById("heading").textContent} `
                        + document.getElementById("details").textContent
                        + document.getElementById("say").textContent);
                });
            }
        });
        return told;
    })()""")
    assert len(told) >= 2
    for text in told:
        assert "undefined" not in text
        assert "null" not in text
        assert name == "vector" or "NaN" not in text


def test_the_slider(visit: Open) -> None:
    page = visit("neuron")
    page.locator("#slider").fill("12")
    assert step(page) == 12
    page.focus("#slider")
    page.keyboard.press("ArrowRight")
    assert step(page) == 13


def test_a_click_on_a_gate_goes_to_its_step(visit: Open) -> None:
    page = visit("neuron")
    page.locator(".gate", has_text="exp").click()
    assert step(page) == 6
    page.keyboard.press("End")
    page.locator(".gate", has_text="exp").click()
    assert step(page) == 12


# --- the address, and boxes -------------------------------------------------------------------


def test_the_address_holds_the_state(visit: Open) -> None:
    page = visit("exact", "#step=10&closed=s0&set=0:2.5&quiz=1")
    assert step(page) == 10
    assert page.is_checked("#quiz")
    assert page.locator(".gate.closed").count() == 1
    assert seen(page, "value")[0] == "2.5"
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("location.hash") == "#step=9&closed=s0&quiz=1&set=0:2.5"
    page.evaluate("location.hash = '#step=3'")
    page.wait_for_function("document.getElementById('slider').value === '3'")
    assert page.locator(".gate.closed").count() == 0
    for odd in ("#step=999", "#step=-4", "#step=x&set=a:b,99:1&closed=zz"):
        assert 0 <= step(visit("exact", odd)) <= 17


def test_boxes_close_and_open(visit: Open) -> None:
    page = visit("neuron", "#step=12")
    page.click("#boxes button")
    assert page.locator(".gate.closed").count() == 1
    assert page.get_attribute("#boxes button", "aria-expanded") == "false"
    assert page.text_content("#heading") == "σ · sigmoid · 4 gates"  # the step stays where it was
    assert rows(page) == [["… + w2", "(1 − f) · f = 0.20", "×", "1.00", "=", "0.20"]]
    assert page.evaluate("document.activeElement.dataset.box") == "s0"
    page.keyboard.press("Enter")
    assert page.locator(".gate.closed").count() == 0
    page.locator(".scope text").first.click()
    assert page.locator(".gate.closed").count() == 1
    assert page.text_content("#where").startswith("step 7 / 11")


def test_boxes_inside_of_boxes(visit: Open) -> None:
    page = visit("net", "#step=10")
    names = page.locator("#boxes button").all_text_contents()
    assert names == ["⊟ TwoLayerNet", "⊟ fc1", "⊟ fc2", "⊞ softmax cross entropy"]
    page.click("#boxes button:has-text('TwoLayerNet')")
    names = page.locator("#boxes button").all_text_contents()
    assert names == ["⊞ TwoLayerNet", "⊞ softmax cross entropy"]
    page.click("#boxes button:has-text('softmax')")
    assert page.locator(".gate.closed").count() == 1
    page.keyboard.press("Home")
    for _ in range(int(page.get_attribute("#slider", "max"))):
        page.keyboard.press("ArrowRight")
    assert page.locator("#picture .unseen").count() == 0


# --- arrays -----------------------------------------------------------------------------------


def test_arrays_have_formulas_shapes_and_heat_maps(visit: Open) -> None:
    page = visit("net", "#step=10")
    assert page.locator(".formulas .formula").all_text_contents() == [
        "dx = dout · W2ᵀ", "dW2 = xᵀ · dout",
    ]  # fmt: skip
    assert page.locator(".formulas .shapes").all_text_contents() == [
        "(300, 3)·(3, 100) = (300, 100)", "(100, 300)·(300, 3) = (100, 3)",
    ]  # fmt: skip
    assert page.locator("svg.heat").count() == 2
    assert page.locator("svg.heat").first.locator("rect").count() == 16 * 24
    assert page.is_hidden("#inputs")


def test_the_quiz_asks_for_the_shape_of_an_array(visit: Open) -> None:
    page = visit("net", "#step=13&quiz=1")
    page.fill("#answer-0", "100, 2")
    page.click(".quiz [type=submit]")
    assert "not yet" in page.text_content("#told-0")
    page.fill("#answer-0", "(2, 100)")
    page.click(".quiz [type=submit]")
    assert page.locator(".quiz").count() == 0
    assert page.locator(".formulas .shapes").count() == 1


# --- quiz, other inputs, nudge ----------------------------------------------------------------


def test_the_quiz_hides_the_gradients_until_they_are_right(visit: Open) -> None:
    page = visit("exact", "#step=16&quiz=1")
    assert seen(page, "gradient") == ["1"]
    assert [row[-1] for row in rows(page)] == ["?", "?"]
    page.fill("#answer-0", "-0.39")
    page.fill("#answer-1", "0.59")
    page.click(".quiz [type=submit]")
    assert "right" in page.text_content("#told-0")
    assert "not yet" in page.text_content("#told-1")
    assert page.text_content("#say") == "1 of 2 right."
    page.fill("#answer-1", "−0,59")
    page.keyboard.press("Enter")
    assert [row[-1] for row in rows(page)] == ["−0.3932", "−0.5898"]
    assert page.text_content("#say").startswith("All right.")
    assert "−0.5898" in seen(page, "gradient")
    assert page.evaluate("document.activeElement.id") == "next"
    page.keyboard.press("ArrowRight")
    page.click(".reveal")
    assert page.text_content("#say").startswith("Shown.")


def test_another_input_runs_the_circuit_again(visit: Open) -> None:
    page = visit("exact", "#step=17")
    page.fill("[aria-label='value of w0']", "2.5")
    page.keyboard.press("Enter")
    f = neuron(w0=2.5)
    f.backward()
    state = page.evaluate("({v: state.numbers.values, g: [...state.numbers.gradients]})")
    expected = _numbers(f)
    assert state["v"] == pytest.approx([v for v, _ in expected], rel=1e-12)
    for k, g in state["g"]:
        assert g == pytest.approx(expected[k][1], rel=1e-12)
    assert "2.5" in seen(page, "value")
    assert number(expected[0][1]) in seen(page, "gradient")
    assert "= 0.235" in page.locator(".scope text.muted").text_content()
    page.click("#reset")
    assert "set=" not in page.evaluate("location.hash")
    assert seen(page, "gradient")[0] == "−0.1966"


def _numbers(f: Tensor) -> list[tuple[float, float]]:
    """Values and gradients by the engine, in the order of the page."""
    from autograd.explore.view import Graph, fused_gates

    quantities = Graph(f, fused_gates(f)).quantities.values()
    return [(float(q.value), float(q.gradient)) for q in quantities]


def test_what_is_typed_must_be_a_number(visit: Open) -> None:
    page = visit("exact", "#step=17")
    page.fill("[aria-label='value of w0']", "")
    page.keyboard.press("Tab")
    assert page.input_value("[aria-label='value of w0']") == "2"


def test_a_nudge_compares_the_slope_with_the_gradient(visit: Open) -> None:
    page = visit("exact", "#step=17")
    page.fill("#h", "1e-5")
    page.click("[aria-label='nudge x1']")
    text = page.text_content("#nudged")
    assert "Δf/h = −0.5898" in text
    assert "the gradient is −0.5898" in text
    page.fill("#h", "0")
    page.click("[aria-label='nudge x1']")
    assert "a number other than 0" in page.text_content("#nudged")


# --- the same numbers as the engine -----------------------------------------------------------


@pytest.mark.parametrize("name", ["exact", "forks", "microscope"])
def test_running_in_the_page_gives_what_the_engine_gave(visit: Open, name: str) -> None:
    page = visit(name)
    differences = page.evaluate("""(() => {
        const [engine, page] = [engineNumbers(), pageNumbers()];
        const found = engine.values.map((x, k) => Math.abs(x - page.values[k]));
        for (const [k, g] of engine.gradients) found.push(Math.abs(g - page.gradients.get(k)));
        for (const id of Object.keys(data.parts)) data.parts[id].flows.forEach((_, k) => {
            const [a, b] = [engine.flow(id, k), page.flow(id, k)];
            found.push(Math.abs(a.downstream - b.downstream), Math.abs(a.local - b.local));
        });
        return found;
    })()""")
    assert len(differences) > 20
    assert max(differences) < 1e-12


POINTS = [(0.3, 1.7), (1.7, 0.3), (0.9, -1.2), (2.0, 2.0), (0.0, 0.5), (0.0, 2.0)]


def test_the_formulas_of_the_page_are_those_of_the_gates(visit: Open) -> None:
    page = visit("exact")
    run, others = 0, set()
    for name, (x, y) in itertools.product(GATES, POINTS):
        gate = GATES[name]
        if not gate.times or gate.statics or name.startswith("scipy."):  # no formulas of numbers
            continue
        tensors = [Tensor(v) for v in (x, y)][: len(gate.operands)]
        with np.errstate(all="ignore"):
            out = _recorded(name)(*tensors)
            out.backward()
        if gate_in_javascript(out.node) is None:
            others.add(name)
            continue
        operands = ", ".join(f"{{quantity: {k}}}" for k in range(len(tensors)))
        told = page.evaluate(f"""(() => {{
            GATES.push({gate_in_javascript(out.node)});
            const program = [{{gate: GATES.length - 1, operands: [{operands}], out: 2,
                tracked: {list(range(len(tensors)))}}}];
            const ran = run(program, [{x}, {y}, 0], 2);
            return [ran.values[2], ...program[0].operands.map((o) => ran.gradients.get(o.quantity))]
                .map(String);
        }})()""")
        expected = [out.item(), *(t.grad.item() for t in tensors)]
        got = [float(t.replace("Infinity", "inf")) for t in told]
        assert got == pytest.approx(expected, rel=1e-12, nan_ok=True), (name, x, y)
        run += 1
    assert run >= 20 * len(POINTS)
    assert not others & set(ag.__all__)  # of the library JavaScript does not have all


def _recorded(name: str) -> Callable[..., Any]:
    return GATES[name].numpy or getattr(ag, name)


def test_numbers_are_written_as_in_pictures(visit: Open) -> None:
    page = visit("exact")
    rng = generator(0)
    values = [0.0, 1.0, -3.0, 0.125, 2.5, 0.5, 122500.0, 1e5, 99999.5, 0.001, 1e-3 / 3, -0.001,
              *(rng.normal(size=300) * 10.0 ** rng.integers(-8, 9, 300)).tolist()]  # fmt: skip
    for decimals in (None, 0, 2, 5):
        told = page.evaluate("([xs, d]) => xs.map((x) => show(x, d))", [values, decimals])
        assert told == [number(x, decimals) for x in values]
    assert page.evaluate("[NaN, Infinity, -Infinity].map((x) => show(x))") == ["NaN", "∞", "−∞"]


def test_of_a_large_graph_the_nearest_part_is_shown(visit: Open, pages: dict[str, Path]) -> None:
    assert pages["long"].stat().st_size < 1_000_000
    page = visit("long")
    page.keyboard.press("End")
    assert "left out" in page.text_content("#remarks")
    assert page.locator("#picture .unseen").count() == 0
    assert "(1481 more from gates that are not shown)" in page.text_content(".fork")
    assert page.is_hidden("#inputs")


def test_wires_lead_to_their_gates_in_every_picture(visit: Open) -> None:
    """The pictures but the first are put together in the page, from parts that all share.

    Graphviz 14 leaves 3.5 pixels between an arrow and its box, Graphviz 2 none.
    """
    page = visit("net")
    apart = page.evaluate("""() => data.layouts.map((_, k) => {
        Object.assign(state, {layout: k, step: 0});
        refresh();
        const box = (element) => element.getBoundingClientRect();
        const near = (a, b) => a.left < b.right + 6 && b.left < a.right + 6
            && a.top < b.bottom + 6 && b.top < a.bottom + 6;
        const wires = [...all(".wire[data-into]")];
        const leads = (wire) => near(box(wire.querySelector(".tip")),
            box(svg().querySelector(`[data-part="${wire.dataset.into}"]`)));
        return [wires.length > 0, wires.filter((wire) => !leads(wire)).length];
    })""")
    assert len(apart) > 5
    assert all(found == [True, 0] for found in apart)


# --- safety, accessibility, layout ------------------------------------------------------------


def test_names_are_shown_and_never_run(visit: Open) -> None:
    page = visit("hostile", "#step=4")
    assert page.text_content("h1") == "<b>title</b>"
    assert page.locator("b, img").count() == 0
    page.click("#first")
    assert "</script><script>alert(1)</script>" in page.text_content("#details")
    assert page.locator("#boxes button").first.text_content() == "⊟ </script><b>box</b>"


def test_the_policy_forbids_scripts_and_requests(visit: Open) -> None:
    page = visit("neuron")
    policy = page.get_attribute("meta[http-equiv]", "content")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    script = """() => { const s = document.createElement('script');
        s.textContent = 'window.ran = true'; document.body.append(s);
        return window.ran ?? false; }"""
    strict = visit("neuron").context.new_page()  # its complaints are expected
    strict.goto(page.url)
    assert strict.evaluate(script) is False


STATES = ["", "#step=6", "#step=16", "#step=8&closed=s0", "#step=15&quiz=1", "#step=17&set=0:9"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["neuron", "forks", "net"])
def test_axe_finds_nothing_to_complain_of(visit: Open, name: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = visit(name, color_scheme=scheme, reduced_motion="reduce")
    for state in STATES:
        go(page, state)
        results = axe.Axe().run(page)
        assert results.violations_count == 0, f"{state}: {results.generate_report()}"


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["neuron", "forks", "net", "hostile"])
def test_nothing_is_wider_than_the_window(visit: Open, name: str, width: int) -> None:
    page = visit(name, width=width, reduced_motion="reduce")
    for state in STATES:
        go(page, state)
        assert page.evaluate("document.documentElement.scrollWidth") == width, state
        assert page.locator("#next").is_visible()
        lit = page.locator(".gate.active")
        if lit.count():
            box, frame = lit.bounding_box(), page.locator("#picture").bounding_box()
            assert frame["x"] <= box["x"] <= frame["x"] + frame["width"] - box["width"]


def test_steps_are_announced(visit: Open) -> None:
    page = visit("neuron", "#step=16")
    assert page.get_attribute("#say", "aria-live") == "polite"
    assert page.text_content("#say") == (
        "Step 16 of 17. Back through multiply. switcher: each input's local gradient is the other "
        "input's value. w1: local −2.00 times upstream 0.20 is −0.39. "
        "x1: local −3.00 times upstream 0.20 is −0.59."
    )


def test_print_and_reduced_motion(visit: Open) -> None:
    page = visit("neuron", "#step=13", reduced_motion="reduce")
    moving = "getComputedStyle(document.querySelector('.gate .face')).transitionDuration"
    assert set(page.evaluate(moving).split(", ")) == {"0s"}
    page.emulate_media(media="print")
    assert page.is_hidden(".tools")
    assert page.is_visible("#picture svg")
    assert page.is_visible("#details table")


def test_what_comes_out_differently_in_the_page_is_not_run_again(
    visit: Open, pages: dict[str, Path], tmp_path: Path
) -> None:
    """A gate with the sign of another one is taken for that; its numbers tell."""
    slope = (lambda x, out: np.exp(x - out), lambda y, out: np.exp(y - out))
    row, handler = GATES.pop("logaddexp"), NUMPY_FUNCTIONS[np.logaddexp]
    together = ag.gates.gate(np.logaddexp, symbol="+", local=slope)
    try:
        pages["other"] = explore(together(Tensor(1.0), Tensor(2.0)), tmp_path / "other.html")
    finally:
        GATES["logaddexp"], NUMPY_FUNCTIONS[np.logaddexp] = row, handler
    assert "(x0 + x1)" in pages["other"].read_text()
    page = visit("other")
    assert page.is_hidden("#inputs")
    assert page.evaluate("data.program") is None
    assert visit("exact").is_visible("#inputs")
