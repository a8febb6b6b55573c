"""Random programs, each written twice: for NumPy and autograd, and for PyTorch.

A program starts from a few arrays and goes on with steps drawn from the tables in
`torch_operations.py` and `torch_library.py`: what is used twice, broadcast, indexed, written to,
joined, without elements, or in two kinds of float.
The two texts are run as they stand, and have to agree in the value, the gradient, and the product
of the Hessian with a random direction: reverse over reverse, which differentiates a projection of
the gradient, and forward over reverse. What fails is cut down, and printed so that it can be
pasted.

    python -m tests.autograd.torch_programs 10000 --length 100 --seed 0
"""

from __future__ import annotations

import argparse
import contextlib
import math
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]  # as the tests have it, see conftest.py

from close import assert_close  # noqa: E402
from draws import seeded  # noqa: E402
from torch_library import LIBRARY  # noqa: E402
from torch_operations import TABLE as LECTURE  # noqa: E402
from torch_operations import Fields, Row, words  # noqa: E402

import autograd as ag  # noqa: E402
from autograd import Tensor  # noqa: E402

LARGEST, MOST = 30.0, 300  # of a value: how large its elements are, and how many it has
LOSS, UNCERTAIN = "loss", "uncertain"
TABLE = [*LECTURE, *LIBRARY]
ROWS = {row.name: row for rows in TABLE for row in rows}


# --- a program -----------------------------------------------------------------------------------


@dataclass
class Step:
    """One line of a program, in both writings, with the names that it makes and reads."""

    name: str
    out: str
    reads: tuple[str, ...]
    ours: str
    theirs: str


@dataclass
class Program:
    """Arrays, which of them are variables, the steps, and the values that the loss is made of."""

    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    tracked: list[str] = field(default_factory=list)
    constants: list[str] = field(default_factory=list)  # tensors without a gradient
    steps: list[Step] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)

    def pruned(self) -> Program:
        """Without the steps and arrays that no output needs."""
        needed, steps = set(self.outputs), []
        for step in reversed(self.steps):
            if step.out in needed:
                steps.append(step)
                needed |= {*step.reads}
        arrays = {name: x for name, x in self.arrays.items() if name in needed}
        tracked, constants = (
            [name for name in names if name in needed] for names in (self.tracked, self.constants)
        )
        steps.reverse()
        return replace(self, arrays=arrays, tracked=tracked, constants=constants, steps=steps)

    def arrays_text(self) -> str:
        """The arrays, in plain NumPy."""
        return "\n".join(f"{name} = {_literal(x)}" for name, x in self.arrays.items())

    def ours(self) -> str:
        """The program for autograd."""
        lines = [f"{name} = Tensor({name})" for name in self.tracked]
        return "\n".join([*lines, self.body()])

    def body(self) -> str:
        """The same, from variables that are there."""
        lines = [f"{name} = Tensor({name}, requires_grad=False)" for name in self.constants]
        lines += [step.ours for step in self.steps]
        terms = [f"np.sum({x} * {_weights(k)})" for k, x in enumerate(self.outputs)]
        return "\n".join([*lines, f"{LOSS} = {' + '.join(terms)}"])

    def function(self) -> Callable[..., Any]:
        """The loss as a function of the variables."""
        code = compile(self.body(), "<program>", "exec")

        def loss(*variables: Any) -> Any:
            scope = {**_our_scope(), **self.arrays}
            scope.update(zip(self.tracked, variables, strict=True))
            exec(code, scope)
            return scope[LOSS]

        return loss

    def theirs(self) -> str:
        """The program for PyTorch."""
        lines = [f"{name} = torch.tensor({name})" for name in self.arrays]
        lines += [f"{name}.requires_grad_()" for name in self.tracked]
        lines += [step.theirs for step in self.steps]
        terms = [f"torch.sum({x} * {_weights(k)})" for k, x in enumerate(self.outputs)]
        return "\n".join([*lines, f"{LOSS} = {' + '.join(terms)}"])

    def __str__(self) -> str:
        names = ", ".join(self.tracked)
        return "\n".join([
            "import numpy as np, torch", "import torch.nn.functional as F", "import autograd as ag",
            "from autograd import Tensor", "from scipy import special",
            self.arrays_text(), "", "# autograd", "",
            self.ours().replace(f"{LOSS} =", "ours ="),
            "ours.backward(create_graph=True)",
            f"print([x.grad for x in ({names},)])", "", "# PyTorch", "", self.arrays_text(),
            self.theirs().replace(f"{LOSS} =", "theirs ="),
            "theirs.backward(create_graph=True)",
            f"print([x.grad for x in ({names},)])", "print(ours, theirs)",
        ])  # fmt: skip


def _literal(x: np.ndarray) -> str:
    text = np.array2string(x, separator=", ", threshold=10**6, floatmode="unique")
    text = " ".join(text.split())
    shape = f".reshape{x.shape}" if 0 in x.shape else ""
    return f'np.array({text}, "{x.dtype}"){shape}'


def _weights(k: int) -> float:
    return round(0.7 + 0.45 * math.cos(2.4 * k), 2)


# --- drawing one ---------------------------------------------------------------------------------


class Maker:
    """The random choices of one program."""

    mixes = False  # dtypes, within a step

    def __init__(self, rng: np.random.Generator, length: int | None = None):
        self.rng, self.program, self.length = rng, Program(), length
        self.values: dict[str, np.ndarray] = {}  # what steps may read
        self.own: set[str] = set()  # those that no other value shows the memory of
        self.scope: Fields = self.names()
        self.dtypes: Sequence[str] = self.one(
            ["float64"], ["float64"], ["float32"], ["float64", "float32"]
        )
        self.share_of_images = self.one(0.0, 0.1, 0.9)
        self.lengths = self.one([2, 3], [1, 2, 3], [1, 2, 4], [0, 1, 2, 3], [3])

    def names(self) -> Fields:
        """What the lines of the program may call, while it is drawn."""
        return _torch_scope()

    def one(self, *of: Any) -> Any:
        return of[self.rng.integers(len(of))]

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def below(self, end: int) -> int:
        return int(self.rng.integers(end))

    def shape(self) -> tuple[int, ...]:
        if self.chance(self.share_of_images):
            return 2, self.one(1, 2), 4, self.one(3, 4)
        return tuple(self.one(*self.lengths) for _ in range(self.one(0, 1, 1, 2, 2, 2, 3)))

    def array(self, values: Any) -> str:
        """A constant of the program, by its name."""
        name = f"c{len(self.program.arrays)}"
        self.program.arrays[name] = np.array(values, order="C")
        self.scope[name] = self.given(name)
        return name

    def given(self, name: str) -> Any:
        """The array as the lines of the program have it, while it is drawn."""
        return self.scope["torch"].tensor(self.program.arrays[name])

    def leaf(self, shape: Sequence[int], dtype: Any = None) -> str:
        """A variable, or now and then a constant, of this shape."""
        values = self.rng.normal(size=shape) * self.one(0.5, 1.0, 1.0)
        if self.chance(0.4):
            values = np.abs(values) + 0.3
        name = self.array(np.asarray(values, dtype or self.one(*self.dtypes)).round(3))
        tracked = self.chance(0.9) or not self.program.tracked
        (self.program.tracked if tracked else self.program.constants).append(name)
        self.values[name] = self.program.arrays[name]
        return name

    def pick(self) -> str:
        """A value to read: rather one that was made lately."""
        names = list(self.values)
        return names[-1 - min(int(self.rng.exponential(3.0)), len(names) - 1)]

    def step(self, row: Row) -> bool:
        """Add a step of this kind, if one can be found that suits."""
        count = sum(f"{{{x}" in row.ours for x in "xyz")
        operands = [self.pick() for _ in range(count)]
        if count > 1 and self.chance(0.15):
            operands[1] = operands[0]
        mixed = count > 1 and self.values[operands[0]].dtype != self.values[operands[1]].dtype
        if mixed and not self.mixes:
            return False
        arrays = [self.values[name] for name in operands]
        if row.writes and not (operands[0] in self.own and operands[0] not in operands[1:]):
            return False
        before = len(self.program.arrays)
        fields = row.suits(self, *arrays)
        if fields is not None and self._add(row, operands, fields):
            return True
        for name in list(self.program.arrays)[before:]:  # those were for this step
            del self.program.arrays[name]
            self.values.pop(name, None)
            for names in (self.program.tracked, self.program.constants):
                names[:] = [other for other in names if other != name]
        return False

    def _add(self, row: Row, operands: list[str], fields: Fields) -> bool:
        out = f"v{len(self.program.steps)}"
        names: Fields = {**dict(zip("xyz", operands, strict=False)), **fields, "out": out}
        names |= {k: v.format(**names) for k, v in fields.items() if "{x}" in str(v)}
        ours, theirs = (
            text.format(**names) if "{out}" in text else f"{out} = {text.format(**names)}"
            for text in (row.ours, row.theirs)
        )
        if not self.runs(ours, theirs, out):
            return False
        made = {name for name in words(f"{ours} {theirs}") if name in self.program.arrays}
        self.program.steps.append(Step(row.name, out, (*operands, *made), ours, theirs))
        if row.writes:
            del self.values[operands[0]]
        self.own -= {*operands}
        self.own |= {out} if row.own and self.values[out].ndim else set()
        return True

    def runs(self, ours: str, theirs: str, out: str) -> bool:
        """Whether PyTorch runs the line, and gives numbers of a moderate size."""
        torch = self.scope["torch"]
        try:
            with torch.no_grad():
                exec(theirs, self.scope)
        except (RuntimeError, IndexError, ValueError, TypeError):
            return False
        return self.keeps(out, self.scope[out].numpy(force=True))

    def keeps(self, out: str, value: np.ndarray) -> bool:
        """Whether the value is moderate enough to go on with; then it is one of the program's."""
        moderate = np.isfinite(value).all() and np.abs(value).max(initial=0) < LARGEST
        if not moderate or value.size > MOST or value.ndim > 6:
            return False
        self.values[out] = value
        return True

    def make(self) -> Program:
        """A program of the length that is wanted, or of up to 25 steps; the loss needs them."""
        for _ in range(self.one(1, 2, 2, 3)):
            self.leaf(self.shape())
        wanted = self.length or self.one(3, 6, 10, 15, 25)
        for _ in range(12 * wanted):
            if len(self.program.steps) < wanted:
                self.step(self.one(*self.one(*TABLE)))
        read = {name for step in self.program.steps for name in step.reads}
        self.program.outputs = [name for name in self.values if name not in read]
        return self.program.pruned()


def make(seed: int, number: int, length: int | None = None) -> Program:
    """Program `number` of those that follow from `seed`: of so many steps, if that is given."""
    rng = np.random.default_rng([seed, number])
    while True:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            program = Maker(rng, length).make()
        if program.tracked and program.steps:
            return program


# --- running one ---------------------------------------------------------------------------------


def _torch_scope() -> Fields:
    import torch
    import torch.nn.functional as F  # noqa: N812

    return {"torch": torch, "F": F}


def _our_scope() -> Fields:
    from scipy import special

    return {"np": np, "ag": ag, "Tensor": Tensor, "special": special}


# what is compared with what of PyTorch's
WHAT = {
    "value": "value",
    "gradient": "gradient",
    "gradient, not recorded": "gradient",
    "second order": "second order",
    "forward over reverse": "second order",
}


@dataclass
class Found:
    """Value, gradient and second order, each by the names of the variables.

    `on_the_way` has the same of all values of the program: the scale of what was added.
    """

    results: dict[str, dict[str, np.ndarray]]
    on_the_way: dict[str, list[np.ndarray]] = field(default_factory=dict)


def _results(value: np.ndarray, gradients: Any, seconds: Any) -> dict[str, Any]:
    return {"value": {LOSS: value}, "gradient": gradients, "second order": seconds}


def _directions(program: Program) -> dict[str, np.ndarray]:
    """What the gradients are projected on."""
    rng = np.random.default_rng(1)
    arrays = {name: program.arrays[name] for name in program.tracked}
    return {name: rng.normal(size=x.shape).astype(x.dtype) for name, x in arrays.items()}


def run_ours(program: Program) -> Found:
    """With autograd: the tape, the tape of the gradient, and a pass forward through that."""
    scope = {**_our_scope(), **program.arrays}
    exec(program.ours(), scope)
    variables = {name: scope[name] for name in program.tracked}
    gradients, seconds = _both_orders(program, variables, scope[LOSS])
    results = _results(_plain(scope[LOSS]), gradients, seconds)
    results["gradient, not recorded"] = _first_order(variables, scope[LOSS])
    results["forward over reverse"] = _forward_over_reverse(program, scope[LOSS])
    return Found(results)


def _forward_over_reverse(program: Program, loss: Any) -> dict[str, np.ndarray]:
    """The product of the Hessian with the directions, by `hvp`."""
    directions, names = _directions(program), program.tracked
    arrays = [program.arrays[name] for name in names]
    if not getattr(loss, "requires_grad", False):
        return {name: np.zeros_like(x) for name, x in zip(names, arrays, strict=True)}
    product = ag.hvp(program.function(), tuple(range(len(names))), allow_unused=True)
    return dict(zip(names, product(*arrays, tuple(directions.values())), strict=True))


def _plain(x: Any) -> np.ndarray:
    return x.numpy() if isinstance(x, Tensor) else np.asarray(x)


def _taken(variables: dict[str, Tensor]) -> dict[str, Any]:
    """The gradients, which are cleared."""
    found = {name: x.grad for name, x in variables.items()}
    for x in variables.values():
        x.zero_grad()
    return {name: np.zeros(x.shape, x.dtype) if found[name] is None else found[name]
            for name, x in variables.items()}  # fmt: skip


def _first_order(variables: dict[str, Tensor], loss: Tensor) -> dict[str, np.ndarray]:
    if loss.requires_grad:
        loss.backward()
    return _taken(variables)


def _both_orders(program: Program, variables: dict[str, Tensor], loss: Tensor) -> Any:
    if loss.requires_grad:
        loss.backward(create_graph=True)
    recorded = _taken(variables)
    total = 0.0
    for name, direction in _directions(program).items():
        total = total + np.sum(recorded[name] * direction)
    if getattr(total, "requires_grad", False):
        total.backward()
    gradients = {name: _plain(x) for name, x in recorded.items()}
    return gradients, {name: _plain(x) for name, x in _taken(variables).items()}


def run_theirs(program: Program) -> Found:
    """With PyTorch."""
    scope = {**_torch_scope(), **program.arrays}
    torch = scope["torch"]
    exec(program.theirs(), scope)
    names = program.tracked
    values = [scope[name] for name in (*program.arrays, *(step.out for step in program.steps))]
    made = [scope[step.out] for step in program.steps if scope[step.out].requires_grad]
    variables = [scope[name] for name in names]
    first = _torch_gradients(scope[LOSS], [*variables, *made])
    directions = [torch.tensor(x) for x in _directions(program).values()]
    total = sum(
        (torch.sum(g * d) for g, d in zip(first, directions, strict=False)), torch.zeros(())
    )
    second = _torch_gradients(total, [*variables, *made, *first[len(names) :]])

    def arrays(
        xs: Iterable[Any],
    ) -> list[np.ndarray]:  # a tensor of zeros that are not stored has no array
        stored = (torch.zeros(x.shape, dtype=x.dtype) if x._is_zerotensor() else x for x in xs)
        return [x.numpy(force=True) for x in stored]

    loss = scope[LOSS].numpy(force=True)
    first, second = arrays(first), arrays(second)
    gradients, seconds = (dict(zip(names, found, strict=False)) for found in (first, second))
    added = [np.abs(x).sum() for x in arrays(scope[name] for name in program.outputs)]
    scale = {"value": [*arrays(values), np.sum(added)], "gradient": first, "second order": second}
    return Found(_results(loss, gradients, seconds), scale)


def _torch_gradients(loss: Any, variables: list[Any]) -> list[Any]:
    torch = _torch_scope()["torch"]
    if not loss.requires_grad:
        return [torch.zeros_like(x) for x in variables]
    usable = [x for x in variables if x.requires_grad]
    found = iter(torch.autograd.grad(
        loss, usable, create_graph=True, allow_unused=True, materialize_grads=True
    ))  # fmt: skip
    return [next(found) if x.requires_grad else torch.zeros_like(x) for x in variables]


def difference(program: Program) -> tuple[str, str] | None:
    """Where the two disagree: value, gradient, second order, or an error; and how."""
    try:
        theirs = run_theirs(program)
    except RuntimeError as error:
        return f"PyTorch cannot: {str(error)[:60]}", str(error)
    try:
        ours = run_ours(program)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__}: {error}"
        return f"{what[:80]}, in {last.name}", what
    single = any(x.dtype == np.float32 for x in theirs.on_the_way["value"])
    rtol = 3e-4 if single else 1e-10
    scale: list[float] = []
    for what, of in WHAT.items():
        scale += [_largest(x) for x in theirs.on_the_way[of]]
        for name, expected in theirs.results[of].items():
            found = ours.results[what][name]
            if found.dtype != expected.dtype:
                return "dtype", f"{what} of {name}: {found.dtype}, PyTorch has {expected.dtype}"
            try:
                assert_close(found, expected, rtol, of=[np.array(scale)])
            except AssertionError:
                error = np.abs(found - expected)
                kind = UNCERTAIN if (error <= 10 * spread(program, of, name)).all() else what
                return kind, f"{what} of {name}:\n{found}\nPyTorch has\n{expected}"
    return None


def spread(program: Program, of: str, name: str) -> np.ndarray:
    """How far PyTorch's own result moves with the last bits of the arrays.

    That far it is uncertain, whoever computes it: near a kink, and where rounding is all that is
    left of a difference and PyTorch divides by it.
    """
    rng = np.random.default_rng(2)

    def moved(x: np.ndarray) -> np.ndarray:
        if x.dtype.kind != "f":
            return x
        steps = rng.integers(-4, 5, x.shape) * np.finfo(x.dtype).eps
        return (x * (1 + steps)).astype(x.dtype)

    found = []
    for _ in range(5):
        arrays = {key: moved(x) for key, x in program.arrays.items()}
        found.append(run_theirs(replace(program, arrays=arrays)).results[of][name])
    return np.max(found, axis=0) - np.min(found, axis=0)


def _largest(x: np.ndarray) -> float:
    return float(np.abs(x[np.isfinite(x)]).max(initial=0))


# --- cutting a failing program down --------------------------------------------------------------


def smallest(program: Program) -> Program:
    """The same failure with fewer outputs, and with arrays in place of steps."""
    wanted = _kind(program)
    progress = True
    while progress:
        progress = False
        for other in _smaller(program):
            if _kind(other) == wanted:
                program, progress = other, True
                break
    return program


def _kind(program: Program) -> str | None:
    try:
        found = compared(program)
    except Exception:  # what cutting has made of it is no program
        return "broken"
    return None if found is None else found[0]


def _smaller(program: Program) -> Iterator[Program]:
    for k in range(len(program.outputs)) if len(program.outputs) > 1 else ():
        yield replace(program, outputs=program.outputs[:k] + program.outputs[k + 1 :]).pruned()
    for step in program.steps:  # another output, further down
        if program.outputs != [step.out]:
            other = replace(program, outputs=[step.out]).pruned()
            if len(other.steps) < len(program.steps):
                yield other
    values = _values(program)
    for k, step in enumerate(program.steps):
        if step.out in values:
            steps = program.steps[:k] + program.steps[k + 1 :]
            arrays = {**program.arrays, step.out: values[step.out]}
            other = replace(
                program, steps=steps, arrays=arrays, tracked=[*program.tracked, step.out]
            )
            yield other.pruned()
    for name in program.tracked if len(program.tracked) > 1 else ():
        tracked = [other for other in program.tracked if other != name]
        yield replace(program, tracked=tracked, constants=[*program.constants, name])


def _values(program: Program) -> dict[str, np.ndarray]:
    scope = {**_torch_scope(), **program.arrays}
    with contextlib.suppress(Exception):
        exec(program.theirs(), scope)
    return {
        step.out: scope[step.out].numpy(force=True)
        for step in program.steps
        if step.out in scope and hasattr(scope[step.out], "detach")
    }


# --- many ----------------------------------------------------------------------------------------


def compared(program: Program) -> tuple[str, str] | None:
    """As `difference`, without the warnings of either."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return difference(program)


def failures(
    numbers: Sequence[int], seed: int, length: int | None = None
) -> Iterator[tuple[int, Program, str, str]]:
    """Those of the numbered programs on which the two disagree: which, what, where and how."""
    for number in numbers:
        program = make(seed, number, length)
        found = compared(program)
        if found is not None and found[0] != UNCERTAIN:
            yield number, program, *found


def main() -> int:
    """Run many programs, and print a summary and the failing ones, cut down: one of each kind."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", type=int, nargs="?", default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=int, default=0, help="the number of the first program")
    parser.add_argument("--length", type=int, help="how many operations (up to 25, if not given)")
    parser.add_argument("--show", type=int, default=5, help="how many failing programs to print")
    options = parser.parse_args()
    seed, kinds, used = seeded(options.seed), Counter[str](), Counter[str]()
    for number in range(options.start, options.start + options.count):
        program = make(seed, number, options.length)
        used.update(step.name for step in program.steps)
        found = compared(program)
        if found is None:
            continue
        kinds[found[0]] += 1
        if found[0] == UNCERTAIN:
            print(f"--- program {number} is uncertain: {found[1]}\n", flush=True)
        elif kinds[found[0]] == 1 and len(kinds) <= options.show:
            print(f"--- program {number}: {found[1]}\n\n{smallest(program)}\n", flush=True)
    rare = ", ".join(f"{name} {count}" for name, count in used.most_common()[:-6:-1])
    print(f"{options.count} programs, seed {options.seed}: {sum(used.values())} steps")
    print(f"{len(used)} of {len(ROWS)} operations; the rarest: {rare}")
    if uncertain := kinds.pop(UNCERTAIN, 0):
        print(f"{uncertain} with numbers that change as much with the last bits of the arrays")
    print("no differences" if not kinds else f"differences: {dict(kinds)}")
    return bool(kinds)


if __name__ == "__main__":
    sys.exit(main())
