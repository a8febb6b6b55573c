"""Hostile and textbook names for parameters, arguments, locals, functions and modules.

Whatever a thing is called, the compiled function runs and gives the bits of the function itself;
its `.source` is valid Python, holds no code of the name's, and gives the same numbers and the same
updates when it is run on NumPy alone.

    python -m tests.autograd.compiler.names
    python -m tests.autograd.compiler.names --only "parameter: 'class'" --verbose
"""

from __future__ import annotations

import argparse
import ast
import builtins
import itertools
import keyword
import sys
import types
import unicodedata
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE)]  # as the tests have it, see conftest.py

import today  # noqa: E402

import autograd as ag  # noqa: E402
import nn  # noqa: E402

PLANTED = "planted"  # a builtin while a case runs: called when code of a name is run
TEXTBOOK = [
    "W", "W1", "W₁", "x²", "θ₀", "ŷ", "µ", "μ", "∂L/∂W", "Δw", "λ", "σ²", "w⃗", "x'", "W^T", "W.T",
    "fc1.W", "fc1.0.W", "layer-1", "layer 1", "weights[0]", "W_{ij}", "$W_1$", "h(t-1)", "ℒ", "𝐖",
    "b", "dW", "hidden", "重み", "вес", "W½", "Å", "ﬁ", "²", "1", "0W",
]  # fmt: skip
RESERVED = [
    *keyword.kwlist, "match", "case", "type", "_", "__", "__debug__", "print", "sum", "range",
    "len", "float", "np", "numpy", "isnan", "exp", "dot", "constant_97", "v12", "t1", "t2", "x0",
    "run", "arguments", "step", "x", "self", "loss", "buffer", "out", "g", "lr", "assert_",
    "result", "results", "eps", "pi", "inf", "nan", "add", "subtract", "__builtins__", "__import__",
    "__name__",
]  # fmt: skip
HOSTILE = [
    "", " ", "\t", "W\n", "\nW", "W\r\nV", "W\x0b", "W\x0c", "W\x85", "W\u2028V", "\x00", "W\x00",
    "'", '"', "'''", '"""', "\\", "\\\n", "W\\", "{W}", "{", "}", "%s", "%(x)s", "#", "W # V", ";",
    "W\u200b", "\u202eW", "\u2066W\u2069", "\ufeffW", "👍", "\ud800", "́", "W" * 10_000, "W, V",
    "W=1", "*W", "**W", "W:", "(W", "W)", "W]", "a.b.c.d", "...", "lambda: 0",
    "planted()", "__import__('os').getcwd(), planted()", "W\nplanted()", "W; planted()",
    "x): planted()\ndef step(x", "W=planted()", "'+planted()+'", '"""\nplanted()\n"""',
    "{planted()}",
    "W\n    planted()\n    W", "W # \nplanted()", "W\rplanted()", "W\x0cplanted()", "W[planted()]",
    "W if planted() else W", "__import__('builtins').planted()", "planted() or W",
    "@planted\ndef W",
    "W\u2028planted()", "W\x85planted()", "𝓅lanted()", "W:=planted()",
]  # fmt: skip
NAMES = [*TEXTBOOK, *RESERVED, *HOSTILE]
TWINS = [
    ["W", "W"], ["W", "W", "W", "W"], ["µ", "μ"], ["ﬁ", "fi"], ["x²", "x2"], ["W 1", "W_1", "W1"],
    ["fc1.W", "fc1_W"], ["A", "А", "Α"], ["\xe9", "e\u0301"], ["class", "class_"], ["dW", "W"],
    ["x", "x"],
    ["step", "step"], ["np", "np"], ["", ""], ["W₁", "W1", "W_1"], ["𝐖", "W"], ["t1", "t2"],
    ["W\n", "W\r"], ["\xc5", "\u212b"], ["k", "K"], ["ſ", "s"], ["W2", "W", "W"], ["dW", "dW"],
    ["👍", "👎"],
    ["W\x00", "W"], ["W" * 300, "W" * 301], ["lambda", "lambda_", "lambda__"], ["None", "none"],
    ["loss", "W"], ["dx", "x"], ["W_2", "W", "W"],
]  # fmt: skip


class Case(NamedTuple):
    """What is called how, and a function that makes twins: parameters, a step, and its input."""

    title: str
    make: Callable[[], tuple[list[ag.Parameter], Callable[..., Any], list[np.ndarray]]]


class Verdict(NamedTuple):
    """Nothing, or what is wrong."""

    case: Case
    words: str


def cases() -> Iterator[Case]:
    """All of them."""
    for name in NAMES:
        yield Case(_title("parameter", name), _parameters([name, "V"]))
        yield Case(_title("module attribute", name), _attribute(name))
        yield Case(_title("function", name), _function(name))
        yield Case(_title("keyword", name), _keyword(name))
        plain = unicodedata.normalize("NFKC", name)
        if name.isidentifier() and not keyword.iskeyword(plain) and plain != "__debug__":
            yield Case(_title("argument", name), _argument(name))
            yield Case(_title("local", name), _local(name))
            yield Case(_title("array", name), _array(name))
    for names in TWINS:
        yield Case("twins: " + ", ".join(map(_shown, names)), _parameters(names))
    for stem in ("constant_", "v", "t", "x", "b", "k", "buffer", "argument", "out", "n", "c", "_"):
        yield Case(f"crowd: {stem}0 and on", _crowd(stem))
    row, linear = nn.Sequential, nn.Linear
    yield Case("layers: in a row", _layers(lambda: row(linear(3, 4), nn.ReLU(), linear(4, 2))))
    yield Case("layers: nested", _layers(lambda: row(row(linear(3, 3)), row(linear(3, 3)))))
    yield Case("layers: the same class of the user's twice", _layers(_of_the_users))


def _title(role: str, name: str) -> str:
    return f"{role}: {_shown(name)}"


def _shown(name: str) -> str:
    return ascii(name) if len(name) <= 60 else f"{name[:5]!a} and {len(name) - 5} more"


# --- what is called so ---------------------------------------------------------------------------

X = np.array([0.5, -1.0, 2.0])
OUTSIDE = np.array([0.1, 0.2, 0.3])


def _trained(parameters: Sequence[ag.Parameter], score: Any) -> Callable[[Any], Any]:
    """A step of gradient descent on a sum."""

    def step(x: Any) -> Any:
        for p in parameters:
            p.zero_grad()
        loss = np.sum(score(x))
        loss.backward()
        for p in parameters:
            p.descend(p.grad, 0.1)
        return loss

    return step


def _some(k: int) -> np.ndarray:
    return np.array([1.0, -2.0, 0.5]) * (k + 1) + 0.1 * k


def _parameters(names: Sequence[str]) -> Any:
    def make() -> Any:
        ps = [ag.Parameter(_some(k), name=name) for k, name in enumerate(names)]
        return ps, _trained(ps, lambda x: sum(_term(x, p, k) for k, p in enumerate(ps))), [X]

    return make


def _term(x: Any, p: Any, k: int) -> Any:
    """Something that needs constants, masks and a sum over broadcast axes."""
    return np.tanh(np.where(x > 0, x * p * (k + 1), np.maximum(p, OUTSIDE)))


def _attribute(name: str) -> Any:
    def make() -> Any:
        class Net(nn.Module):
            def forward(self, x: Any) -> Any:
                return np.tanh(x * vars(self)[name]) * vars(self)["V"]

        net = Net()
        setattr(net, name, ag.Parameter(_some(0)))
        net.V = ag.Parameter(_some(1))
        return [vars(net)[name], net.V], _trained([vars(net)[name], net.V], net), [X]

    return make


def _function(name: str) -> Any:
    def make() -> Any:
        ps = [ag.Parameter(_some(0), name="W")]
        step = _trained(ps, lambda x: np.tanh(x * ps[0]))
        step.__name__ = step.__qualname__ = name
        return ps, step, [X]

    return make


def _keyword(name: str) -> Any:
    def make() -> Any:
        def step(x: Any, /, **others: Any) -> Any:
            return np.sum(np.tanh(x * others[name]))

        return [], lambda x: step(x, **{name: x + 1.0}), [X]

    return make


def _argument(name: str) -> Any:
    """An argument, beside a gradient that has masks."""
    slope = "grad_(lambda z_: sum_(where_(z_ > 0, tanh_(z_ * y_), z_)))"
    return _text(f"def f({name}, y_): return sum_({slope}({name}) * {name})", [X, _some(1)])


def _crowd(stem: str) -> Any:
    """As many arguments as there may be names of the compiler's own."""
    names = [f"{stem}{k}" for k in range(120)]
    text = f"def f({', '.join(names)}): return sum_(array_ * tanh_({' * '.join(names)}))"
    return _text(text, [np.array([1.0, 0.9, 1.1]) + 0.001 * k for k in range(120)])


def _local(name: str) -> Any:
    line = f"{name} = tanh_(x_ * y_)"
    return _text(f"def f(x_, y_):\n    {line}\n    return sum_({name} * {name})", [X, _some(1)])


def _array(name: str) -> Any:
    """An array from outside, in a closure."""
    inner = f"lambda x_: sum_(tanh_(x_ * {name}))"
    return _text(f"def make({name}): return {inner}\nf = make(array_)", [X])


def _text(text: str, inputs: list[np.ndarray]) -> Any:
    def make() -> Any:
        known = {"sum_": np.sum, "tanh_": np.tanh, "where_": np.where, "grad_": ag.grad}
        scope: dict[str, Any] = {**known, "array_": _some(2)}
        exec(text, scope)
        return [], scope["f"], inputs

    return make


def _of_the_users() -> nn.Module:
    class Scale(nn.Module):
        def __init__(self, k: int):
            self.W = ag.Parameter(_some(k))

        def forward(self, x: Any) -> Any:
            return np.tanh(x * self.W)

    class Net(nn.Module):
        def __init__(self) -> None:
            self.first, self.second = Scale(0), Scale(1)

        def forward(self, x: Any) -> Any:
            return self.second(self.first(x))

    return Net()


def _layers(make_net: Callable[[], nn.Module]) -> Any:
    def make() -> Any:
        net = make_net().initialise(0)
        ps = net.parameters()
        return ps, _trained(ps, lambda x: net(x) ** 2), [np.stack([X, X[::-1]])]

    return make


# --- the judge -----------------------------------------------------------------------------------


def judge(case: Case, compiler: Callable[[Any], Any] = ag.compile) -> Verdict:
    """Run a case, compiled and not, and its source."""
    ran: list[str] = []
    setattr(builtins, PLANTED, lambda *_: ran.append(case.title))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            words = _judged(case, compiler)
    except Exception as error:
        words = f"{type(error).__name__}: {str(error)[:200]}"
    finally:
        delattr(builtins, PLANTED)
    return Verdict(case, f"code of the name was run; {words}" if ran else words)


def _judged(case: Case, compiler: Callable[[Any], Any]) -> str:
    (ps, eager, inputs), (qs, other, _) = case.make(), case.make()
    compiled = compiler(other)
    before = [p.numpy().copy() for p in ps]
    losses = []
    for call in range(3):
        losses.append(eager(*inputs))
        if not _same(compiled(*inputs), losses[-1]):
            return f"call {call}: another loss"
        if not all(map(_same, qs, ps)):
            return f"call {call}: another update"
    return _source(compiled, inputs, before, losses, ps)


def _same(a: Any, b: Any) -> bool:
    a, b = (x.numpy() if isinstance(x, ag.Tensor) else np.asarray(x) for x in (a, b))
    return bool((a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes()))


def _source(
    compiled: Any, inputs: Any, before: list[np.ndarray], losses: list[Any], ps: list[Any]
) -> str:
    """What is wrong with the text."""
    text = compiled.source
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        return f"the source is no Python: {error}"
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    if any(isinstance(f, ast.Name) and f.id in (PLANTED, "__import__") for f in calls):
        return "the source holds code of the name's"
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    scope: dict[str, Any] = {"__name__": "alone"}
    try:
        exec(compile(tree, "<source>", "exec"), scope)
        function = scope[functions[-1]]
        if not isinstance(function, types.FunctionType):
            return "the function of the source is hidden"
        constants = list(compiled.constants.values())
        for order in itertools.permutations(range(len(before))):  # which argument is which
            given = [before[k].copy() for k in order]
            results = [function(*inputs, *given, *constants) for _ in losses]
            right = all(map(_close, results, losses))
            if right and all(_close(w, ps[k]) for w, k in zip(given, order, strict=True)):
                return ""
    except Exception as error:
        return f"the source fails: {type(error).__name__}: {error}"
    return "the source gives other numbers"


def _close(a: Any, b: Any) -> bool:
    b = b.numpy() if isinstance(b, ag.Tensor) else b
    return bool(np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-12, atol=1e-12))


def main() -> int:
    """Print what is wrong under which names, and the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="a part of the title")
    parser.add_argument("--verbose", action="store_true", help="print the sources too")
    parser.add_argument("--write", action="store_true", help="write down what is wrong today")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    wrong = []
    for case in cases():
        if options.only in case.title:
            words = judge(case).words
            role = case.title.partition(":")[0]
            counts[f"{role}: {'wrong' if words else 'right'}"] += 1
            if words:
                wrong.append(case.title)
            print(f"{'wrong' if words else 'right':6} {case.title:60} {words[:160]}")
            if options.verbose:
                _, step, inputs = case.make()
                compiled = ag.compile(step)
                compiled(*inputs)
                print(compiled.source)
    print("\n".join(f"{kind:30} {count:4}" for kind, count in counts.items()))
    if options.write:
        today.write("names", wrong)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
