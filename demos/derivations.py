"""A gallery of derivations: eighteen programs of a course, and what the compiler makes of them.

Each is a short function as a student or a teacher writes it; `.source` adds the backward pass and
the update, as NumPy code. `python -m demos.derivations` writes docs/derivations.md; `--check`
compares the page with what it would be now, and runs every text on NumPy alone beside the
function: results and updates have to agree. With exit code 1 it names those that do not.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import autograd as ag
import nn
from autograd import Parameter
from nn.plots.style import write

from . import common

PAGE = Path(__file__).resolve().parents[1] / "docs" / "derivations.md"
CALLS = 3  # one is traced, the others run the program
CLOSE = 1e-12


@dataclass
class Made:
    """A program with its data: made anew each time, since training changes it."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    parameters: list[Parameter] = field(default_factory=list)
    wrt: tuple[int, ...] = ()  # arguments whose gradients are wanted; a step of training has none
    state: dict[str, int] = field(default_factory=dict)  # numbers that it changes itself

    @property
    def whole(self) -> Callable[..., Any]:
        """What is compiled: a step of training as it is, or value and gradients."""
        return ag.value_and_grad(self.function, self.wrt) if self.wrt else self.function


@dataclass(frozen=True)
class Program:
    """An entry of the page."""

    title: str
    words: str
    make: Callable[[np.random.Generator], Made]


PROGRAMS: dict[str, Program] = {}


def program(title: str) -> Callable[..., Any]:
    """Put what a function makes into the page; its docstring is what the page says of it."""

    def enter(make: Callable[[np.random.Generator], Made]) -> Any:
        words = str(make.__doc__)
        PROGRAMS[make.__name__.replace("_", "-")] = Program(title, words, make)
        return make

    return enter


def weights(draws: np.random.Generator, **shapes: Any) -> list[Parameter]:
    """Parameters: matrices at random, vectors of zeros."""
    return [Parameter(np.zeros(shape) if isinstance(shape, int) else
                      draws.standard_normal(shape) / np.sqrt(np.prod(shape) / shape[-1]), name=name)
            for name, shape in shapes.items()]  # fmt: skip


def zeros(params: list[Parameter], prefix: str) -> list[Parameter]:
    """What an optimiser remembers of each parameter; no gradient reaches it."""
    return [
        Parameter(np.zeros(p.shape), requires_grad=False, name=f"{prefix}{p.name}") for p in params
    ]


def digits() -> tuple[Any, Any]:
    """A batch of 100 digits and their labels."""
    (x, t), _ = nn.mnist(subset=True, dtype=np.float64)
    return x[:100], t[:100]


# --- circuits -----------------------------------------------------------------------------------


@program("A circuit")
def circuit(draws: np.random.Generator) -> Made:
    """A multiplication switches its inputs, an addition passes the gradient on."""

    def f(x, y, z):
        return x * y + z

    return Made(f, (3.0, -4.0, 2.0), wrt=(0, 1, 2))


@program("A sigmoid neuron, gate by gate")
def neuron_by_hand(draws: np.random.Generator) -> Made:
    """The neuron of CS231n, down to the gates it consists of."""

    def neuron(w0, x0, w1, x1, w2):
        s = w0 * x0 + w1 * x1 + w2
        return 1 / (1 + np.exp(-s))

    return Made(neuron, (2.0, -1.0, -3.0, -2.0, -3.0), wrt=(0, 1, 2, 3, 4))


@program("A sigmoid neuron, with the gate")
def neuron(draws: np.random.Generator) -> Made:
    """The same neuron: the derivative of the sigmoid is f (1 - f), as on the slides."""

    def neuron(w0, x0, w1, x1, w2):
        return ag.sigmoid(w0 * x0 + w1 * x1 + w2)

    return Made(neuron, (2.0, -1.0, -3.0, -2.0, -3.0), wrt=(0, 1, 2, 3, 4))


@program("A matrix times a vector")
def squared_norm(draws: np.random.Generator) -> Made:
    """The squared length of W x: the gradient of a matrix is an outer product."""

    def f(W, x):
        q = W @ x
        return np.sum(q**2)

    return Made(f, (np.array([[0.1, 0.5], [-0.3, 0.8]]), np.array([0.2, 0.4])), wrt=(0, 1))


# --- linear models ------------------------------------------------------------------------------


@program("Linear regression")
def regression(draws: np.random.Generator) -> Made:
    """Least squares by gradient descent. The gradient of a broadcast bias is a sum."""
    X = draws.standard_normal((200, 3))
    y = X @ np.array([1.0, -2.0, 0.5]) + 0.1 * draws.standard_normal(200)
    w, b = params = [Parameter(np.zeros(3), name="w"), Parameter(0.0, name="b")]

    def step(X, y, lr):
        w.zero_grad()
        b.zero_grad()
        error = X @ w + b - y
        loss = np.mean(error**2)
        loss.backward()
        w.descend(w.grad, lr)
        b.descend(b.grad, lr)
        return loss

    return Made(step, (X, y, 0.1), params)


@program("Logistic regression")
def logistic(draws: np.random.Generator) -> Made:
    """Two classes, and the cross-entropy as it stands in the book."""
    X = draws.standard_normal((200, 3))
    y = (X[:, 0] > X[:, 1]).astype(np.float64)
    w, b = params = [Parameter(np.zeros(3), name="w"), Parameter(0.0, name="b")]

    def step(X, y, lr):
        w.zero_grad()
        b.zero_grad()
        p = ag.sigmoid(X @ w + b)
        loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
        loss.backward()
        w.descend(w.grad, lr)
        b.descend(b.grad, lr)
        return loss

    return Made(step, (X, y, 0.1), params)


@program("A linear classifier with softmax, with the gate")
def softmax(draws: np.random.Generator) -> Made:
    """The linear classifier of CS231n on the spiral: the probabilities, less 1 at the label."""
    X, y = nn.spiral(seed=draws)
    W, b = params = weights(draws, W=(2, 3), b=3)

    def step(X, y, lr, reg):
        W.zero_grad()
        b.zero_grad()
        scores = X @ W + b
        loss = ag.softmax_cross_entropy(scores, y) + 0.5 * reg * np.sum(W * W)
        loss.backward()
        W.descend(W.grad, lr)
        b.descend(b.grad, lr)
        return loss

    return Made(step, (X, y, 1.0, 1e-3), params)


@program("A linear classifier with softmax, by hand")
def softmax_by_hand(draws: np.random.Generator) -> Made:
    """The same in the lines of the notes: exponentials, probabilities, logarithms of some."""
    X, y = nn.spiral(seed=draws)
    W, b = params = weights(draws, W=(2, 3), b=3)

    def step(X, y, lr, reg):
        W.zero_grad()
        b.zero_grad()
        scores = X @ W + b
        exp_scores = np.exp(scores)
        probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
        correct_logprobs = -np.log(probs[np.arange(len(X)), y])
        loss = np.mean(correct_logprobs) + 0.5 * reg * np.sum(W * W)
        loss.backward()
        W.descend(W.grad, lr)
        b.descend(b.grad, lr)
        return loss

    return Made(step, (X, y, 1.0, 1e-3), params)


@program("A linear SVM, with the gate")
def svm(draws: np.random.Generator) -> Made:
    """The multiclass hinge loss: who is too close gets 1, the right class pays for them."""
    X, y = nn.spiral(seed=draws)
    W, b = params = weights(draws, W=(2, 3), b=3)

    def step(X, y, lr, reg):
        W.zero_grad()
        b.zero_grad()
        scores = X @ W + b
        loss = ag.svm_hinge(scores, y) + 0.5 * reg * np.sum(W * W)
        loss.backward()
        W.descend(W.grad, lr)
        b.descend(b.grad, lr)
        return loss

    return Made(step, (X, y, 0.1, 1e-3), params)


@program("A linear SVM, by hand")
def svm_by_hand(draws: np.random.Generator) -> Made:
    """The same as the assignment asks for it. The margin of the right class is written over."""
    X, y = nn.spiral(seed=draws)
    W, b = params = weights(draws, W=(2, 3), b=3)

    def step(X, y, lr, reg):
        W.zero_grad()
        b.zero_grad()
        rows = np.arange(len(X))
        scores = X @ W + b
        correct = scores[rows, y].reshape(-1, 1)
        margins = np.maximum(0, scores - correct + 1)
        margins[rows, y] = 0
        loss = np.sum(margins) / len(X) + 0.5 * reg * np.sum(W * W)
        loss.backward()
        W.descend(W.grad, lr)
        b.descend(b.grad, lr)
        return loss

    return Made(step, (X, y, 0.1, 1e-3), params)


# --- nets ---------------------------------------------------------------------------------------


@program("The two-layer net on the spiral")
def spiral(draws: np.random.Generator) -> Made:
    """The case study of CS231n: 300 points, 100 hidden units, and the whole step of training."""
    X, y = nn.spiral(seed=draws)
    W1, b1, W2, b2 = params = weights(draws, W1=(2, 100), b1=100, W2=(100, 3), b2=3)

    def step(X, y, lr):
        for p in params:
            p.zero_grad()
        hidden = np.maximum(0, X @ W1 + b1)
        scores = hidden @ W2 + b2
        data_loss = ag.softmax_cross_entropy(scores, y)
        reg_loss = 0.5 * 1e-3 * np.sum(W1 * W1) + 0.5 * 1e-3 * np.sum(W2 * W2)
        loss = data_loss + reg_loss
        loss.backward()
        for p in params:
            p.descend(p.grad, lr)
        return loss

    return Made(step, (X, y, 1.0), params)


@program("The two-layer net on MNIST")
def mnist(draws: np.random.Generator) -> Made:
    """The net of the fish book: sigmoids, softmax, batches of 100 digits."""
    X, y = digits()
    W1, b1, W2, b2 = params = weights(draws, W1=(784, 50), b1=50, W2=(50, 10), b2=10)

    def step(x, t, lr):
        for p in params:
            p.zero_grad()
        z1 = ag.sigmoid(x @ W1 + b1)
        scores = z1 @ W2 + b2
        loss = ag.softmax_cross_entropy(scores, t)
        loss.backward()
        for p in params:
            p.descend(p.grad, lr)
        return loss

    return Made(step, (X, y, 0.1), params)


@program("Three layers with momentum")
def momentum(draws: np.random.Generator) -> Made:
    """Each parameter follows a velocity, which is kept from step to step."""
    X, y = digits()
    shapes = {"W1": (784, 100), "b1": 100, "W2": (100, 50), "b2": 50, "W3": (50, 10), "b3": 10}
    W1, b1, W2, b2, W3, b3 = params = weights(draws, **shapes)
    velocities = zeros(params, "v")

    def step(X, y, lr):
        for p in params:
            p.zero_grad()
        h1 = np.maximum(0, X @ W1 + b1)
        h2 = np.maximum(0, h1 @ W2 + b2)
        scores = h2 @ W3 + b3
        loss = ag.softmax_cross_entropy(scores, y)
        loss.backward()
        for p, v in zip(params, velocities, strict=True):
            v *= 0.9
            v -= lr * p.grad
            p += v
        return loss

    return Made(step, (X, y, 0.1), [*params, *velocities])


@program("Three layers with Adam")
def adam(draws: np.random.Generator) -> Made:
    """Running means of gradients and of their squares, and a counter that corrects the first."""
    X, y = digits()
    shapes = {"W1": (784, 100), "b1": 100, "W2": (100, 50), "b2": 50, "W3": (50, 10), "b3": 10}
    W1, b1, W2, b2, W3, b3 = params = weights(draws, **shapes)
    means, squares, state = zeros(params, "m"), zeros(params, "v"), {"t": 0}

    def step(X, y, lr):
        for p in params:
            p.zero_grad()
        h1 = np.maximum(0, X @ W1 + b1)
        h2 = np.maximum(0, h1 @ W2 + b2)
        scores = h2 @ W3 + b3
        loss = ag.softmax_cross_entropy(scores, y)
        loss.backward()
        state["t"] += 1
        t = state["t"]
        for p, m, v in zip(params, means, squares, strict=True):
            m.data = 0.9 * m.data + 0.1 * p.grad
            v.data = 0.999 * v.data + 0.001 * p.grad**2
            mt = m.data / (1 - 0.9**t)
            vt = v.data / (1 - 0.999**t)
            p -= lr * mt / (np.sqrt(vt) + 1e-8)
        return loss

    return Made(step, (X, y, 1e-3), [*params, *means, *squares], state={"t": 0})


@program("Batch norm, forward and backward")
def batch_norm(draws: np.random.Generator) -> Made:
    """Normalised over a batch, scaled and shifted; `dout` is what the layers above send back."""
    x, dout = draws.standard_normal((2, 100, 50))

    def batchnorm(x, gamma, beta, dout):
        mu = np.mean(x, axis=0)
        xmu = x - mu
        var = np.mean(xmu**2, axis=0)
        xhat = xmu / np.sqrt(var + 1e-5)
        out = gamma * xhat + beta
        return np.sum(out * dout)

    return Made(batchnorm, (x, np.ones(50), np.zeros(50), dout), wrt=(0, 1, 2))


@program("A recurrent net, unrolled for five steps")
def rnn(draws: np.random.Generator) -> Made:
    """Backpropagation through time: the same weights at every step, so their gradients add up."""
    X, y = draws.standard_normal((5, 32, 20)), draws.integers(0, 10, (5, 32))
    shapes = {"Wx": (20, 64), "Wh": (64, 64), "b": 64, "Wy": (64, 10), "by": 10}
    Wx, Wh, b, Wy, by = params = weights(draws, **shapes)

    def step(X, y, lr):
        for p in params:
            p.zero_grad()
        h = np.zeros((X.shape[1], 64))
        loss = 0
        for t in range(5):
            h = np.tanh(X[t] @ Wx + h @ Wh + b)
            loss = loss + ag.softmax_cross_entropy(h @ Wy + by, y[t])
        loss.backward()
        for p in params:
            p.descend(p.grad, lr)
        return loss

    return Made(step, (X, y, 0.1), params)


@program("A small convolutional net")
def convnet(draws: np.random.Generator) -> Made:
    """Convolution, ReLU, pooling, and a linear classifier of what is left."""
    X, y = digits()
    X, y = X[:32].reshape(32, 1, 28, 28), y[:32]
    K, c, W, b = params = weights(draws, K=(8, 1, 5, 5), c=8, W=(8 * 12 * 12, 10), b=10)

    def step(X, y, lr):
        for p in params:
            p.zero_grad()
        maps = np.maximum(0, ag.conv2d(X, K, c))
        pooled = ag.max_pool2d(maps, 2)
        scores = pooled.reshape(len(X), -1) @ W + b
        loss = ag.softmax_cross_entropy(scores, y)
        loss.backward()
        for p in params:
            p.descend(p.grad, lr)
        return loss

    return Made(step, (X, y, 0.05), params)


@program("Self-attention")
def attention(draws: np.random.Generator) -> Made:
    """One head: what each word asks for, what each has to offer, and softmax along the words."""
    X, target = draws.standard_normal((2, 8, 32, 64))
    shapes = dict.fromkeys(("Wq", "Wk", "Wv", "Wo"), (64, 64))
    Wq, Wk, Wv, Wo = params = weights(draws, **shapes)

    def step(X, target, lr):
        for p in params:
            p.zero_grad()
        q, k, v = X @ Wq, X @ Wk, X @ Wv
        scores = q @ np.swapaxes(k, 1, 2) / 8
        exp_scores = np.exp(scores - np.max(scores, axis=2, keepdims=True))
        attended = exp_scores / np.sum(exp_scores, axis=2, keepdims=True)
        out = attended @ v @ Wo
        loss = np.mean((out - target) ** 2)
        loss.backward()
        for p in params:
            p.descend(p.grad, lr)
        return loss

    return Made(step, (X, target, 0.1), params)


# --- what the compiler makes of them ------------------------------------------------------------


@dataclass
class Derived:
    """What became of a program: its text, and what is wrong with it."""

    compiled: ag.Compiled[Any] | None = None
    text: str = ""
    problems: list[str] = field(default_factory=list)
    difference: float = 0.0  # between the text and the compiled function


def derive(make: Callable[[np.random.Generator], Made], seed: int = 0) -> Derived:
    """Compile a program, and run it eagerly, compiled, and as a text on NumPy alone."""
    eager, made, alone = (make(np.random.default_rng(seed)) for _ in range(3))
    found = Derived()
    try:
        found.compiled = ag.compile(made.whole)
        results = [flat(found.compiled(*made.arguments)) for _ in range(CALLS)]
        found.text = found.compiled.source
        expected = [flat(eager.whole(*eager.arguments)) for _ in range(CALLS)]
        if not distance((results, values(made)), (expected, values(eager))) <= CLOSE:
            found.problems.append("compiled, it gives other numbers than as it is")
        if strange := imports(found.text) - {"numpy", *sys.stdlib_module_names}:
            found.problems.append(f"its source imports {', '.join(sorted(strange))}")
        again, after = run_text(found, alone)
        found.difference = distance((again, after), (results, values(made)))
        if not found.difference <= CLOSE:
            found.problems.append("its source gives other numbers than the function")
    except Exception as error:  # whatever it is, the page and --check say so
        found.problems.append(f"{type(error).__name__}: {error}".splitlines()[0])
    return found


def run_text(found: Derived, made: Made) -> tuple[list[Any], list[Any]]:
    """The results of some calls of a text, and the parameters, which it updates in place."""
    assert found.compiled is not None
    scope: dict[str, Any] = {}
    exec(found.text, scope)
    function = scope[found.compiled.__name__]
    own = {p.name: p.numpy().copy() for p in made.parameters}
    arguments = dict(zip(inspect.signature(made.function).parameters, made.arguments, strict=True))
    given = own | dict(found.compiled.constants) | arguments | made.state
    names = list(inspect.signature(function).parameters)
    if unknown := [name for name in names if name not in given]:
        raise NameError(f"its source has arguments that nobody knows: {', '.join(unknown)}")
    results = []
    for _ in range(CALLS):
        result = flat(function(*(given[name] for name in names)))
        count = len(result) - len(made.state)
        results.append(result[:count])
        given.update(zip(made.state, (x.item() for x in result[count:]), strict=True))
    return results, list(own.values())


def flat(result: Any) -> list[Any]:
    """Value and gradients, one after the other, as arrays."""
    if isinstance(result, tuple | list):
        return [x for part in result for x in flat(part)]
    return [np.array(result.numpy() if isinstance(result, ag.Tensor) else result)]


def values(made: Made) -> list[Any]:
    """The parameters as they are."""
    return [p.numpy() for p in made.parameters]


def distance(found: Any, expected: Any) -> float:
    """The largest difference of numbers, as a part of the largest number if that is above 1."""
    if not isinstance(found, tuple | list):
        if np.shape(found) != np.shape(expected):
            return np.inf
        size = max(1.0, float(np.max(np.abs(expected), initial=0)))
        return float(np.max(np.abs(np.subtract(found, expected)), initial=0)) / size
    if len(found) != len(expected):
        return np.inf
    apart = [distance(a, b) for a, b in zip(found, expected, strict=True)]
    return float(np.max(apart, initial=0))  # NaN if one is


def imports(text: str) -> set[str]:
    """The modules that a text imports."""
    found = set()
    for statement in ast.walk(ast.parse(text)):
        if isinstance(statement, ast.Import):
            found |= {alias.name for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom):
            found.add(str(statement.module))
    return found


# --- the page -----------------------------------------------------------------------------------

HEAD = """\
# Derivations

Eighteen programs of a course on neural nets. Of each you see the function, as a student or a
teacher writes it, and then what `autograd.compile` makes of it: forward pass, backward pass and
update as one NumPy function, its `.source`. [compile.md](compile.md) says how to get it.

The page is made by `python -m demos.derivations`. With `--check` that demo runs all of these texts
on NumPy alone: they give the numbers of the functions, and the same parameters after some steps.
"""


def page(found: dict[str, Derived]) -> str:
    """The page as Markdown."""
    parts = [HEAD]
    for name, derived in found.items():
        entry = PROGRAMS[name]
        made = entry.make(np.random.default_rng(0))
        function = textwrap.dedent(inspect.getsource(made.function))
        parts += [f"## {entry.title}\n", f"{entry.words}\n", f"```python\n{function}```\n"]
        if derived.problems:
            parts.append(f"Not right yet: {'; '.join(derived.problems)}.\n")
        if derived.text:
            parts.append(f"```python\n{derived.text}```\n")
    return "\n".join(parts)


@common.program
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo; `arguments` as on the command line."""
    parser = common.parser(__doc__, "derivations")
    parser.set_defaults(out=PAGE.parent)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit code 1 if anything is not right"
    )
    options = parser.parse_args(arguments)
    found = {name: derive(entry.make, options.seed) for name, entry in PROGRAMS.items()}
    text = page(found)
    path = options.out / PAGE.name
    for name, derived in found.items():
        for problem in derived.problems:
            print(f"{name}: {problem}", file=sys.stderr)
    if not options.check:
        write(common.folder(options.out) / PAGE.name, text.encode())
        common.wrote(path)
        return
    stale = not path.is_file() or path.read_text() != text
    if stale:
        print(f"{path} is not what it would be now: python -m demos.derivations", file=sys.stderr)
    wrong = sum(bool(derived.problems) for derived in found.values())
    print(f"{len(found) - wrong} of {len(found)} programs are right")
    if stale or wrong:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
