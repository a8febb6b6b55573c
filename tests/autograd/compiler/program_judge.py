"""The judge of the compiler: eager and compiled code side by side, and the text of the program.

A program is run by two sets of names of its own, one of them compiled. After every call the
results, all gradients, all parameters, the arguments and the random generator have to be the same:
to the bit, signs of zeros and types included (of NaN the position alone, see `same_bits`). Where
eager code works, compiled code works, or refuses with TraceError or UnsupportedError and leaves
everything as it was. Native code, and the text of the program on NumPy alone, agree to rounding.
"""

from __future__ import annotations

import builtins
import copy
import functools
import inspect
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import FrameType
from typing import Any

import numpy as np
from compiler import program_maker as pm
from compiler.program_maker import Call, Compilable
from compiler.program_values import plain, same_bits
from torch_operations import Fields

import autograd as ag
from autograd import Tensor

REFUSALS = ag.TraceError, ag.UnsupportedError, ag.InPlaceError
RTOL = 1e-12  # of the text on NumPy alone, in float64; beside the scale of what was computed
REMEDY = r"\b(use|write|pass|take|give|call|make|leave|replace)\b"
HUGE = 1e8  # beyond this, and at NaN and infinity, two ways to write a formula may part


@dataclass
class Finding:
    """What is wrong, in a few words that are the same for one cause, and in detail."""

    kind: str
    detail: str = ""


@dataclass
class Verdict:
    """What the judge found in one program."""

    findings: list[Finding] = field(default_factory=list)
    refused: str | None = None
    calls: int = 0
    source: bool = False  # was judged as well
    traces: int = 0

    @property
    def kinds(self) -> set[str]:
        """Of the findings, and of the refusal, without names and numbers of one program."""
        kinds = {f.kind for f in self.findings}
        return kinds if self.refused is None else {*kinds, f"refused: {general(self.refused)}"}

    def add(self, kind: str, detail: str = "") -> None:
        if kind not in {f.kind for f in self.findings}:
            self.findings.append(Finding(kind, detail))


class ApartError(Exception):
    """The two are not comparable any more."""


# --- call by call -----------------------------------------------------------------------------


def judged(program: Compilable, backend: str = "numpy", source: bool = False) -> Verdict:
    """The program's verdict; with `source` that of its text too."""
    with pm.quiet():
        try:
            return _Case(program, backend).run(source)
        except Exception as error:  # go on with the others
            verdict = Verdict()
            verdict.add(f"the judge itself: {_place(error)}", traceback.format_exc())
            return verdict


class _Case:
    def __init__(self, program: Compilable, backend: str):
        self.program, self.verdict = program, Verdict()
        self.eager, self.ours = pm.start(program), pm.start(program)
        self.native = backend == "numba"
        dtypes = {str(x.dtype) for x in program.arrays.values()}
        self.single = "float32" in f"{dtypes} {program.calls} {program.text()}"
        self.compiled = ag.compile(self.ours["step"], backend=backend)
        self.kept: list[tuple[Any, Any]] = []

    def run(self, source: bool) -> Verdict:
        try:
            for call in self.program.calls:
                self._call(call)
                self.verdict.calls += 1
            for expected, found in self.kept:
                if not self.verdict.findings:
                    self._compare(expected, found, "a result that was kept")
            if source and all(f.kind.startswith("type") for f in self.verdict.findings):
                judge_source(self.program, self.eager, self.verdict)
        except ApartError:
            pass
        self.verdict.traces = len(self.compiled.why)
        alike = all(replace(x, number=0) == Call(0) for x in self.program.calls)
        quiet = self.program.mode not in pm.BACKWARD and not self.program.of("int")
        if alike and quiet and not self.program.updates and self.verdict.traces > 2:
            self.verdict.add("traced again and again", "\n".join(self.compiled.why))
        return self.verdict

    def _call(self, call: Call) -> None:
        program = self.program
        if call.moved:
            for scope in (self.eager, self.ours):
                pm.move(program, call, scope)
        given = [pm.arguments(program, call, scope) for scope in (self.eager, self.ours)]
        scale = tolerance(program, call, self.eager) if self.native else None
        before = state(program, self.ours)
        expected, error = _outcome(self.eager["step"], given[0])
        found, problem = _outcome(self.compiled, given[1])
        if problem is not None:
            self._failed(error, problem, before)
        if error is not None:
            self.verdict.add(f"no error where eager raises {type(error).__name__}", str(error))
            raise ApartError
        if self.native:
            self._close(expected, found, scale)
            return
        self._compare(expected, found, "result")
        for name, x in state(program, self.eager).items():
            self._compare(x, state(program, self.ours)[name], name.split()[0])
        self._compare(given[0], given[1], "argument, afterwards")
        if any(not f.kind.startswith("type") for f in self.verdict.findings):
            raise ApartError
        self.kept.append((expected, found))

    def _failed(self, error: Any, problem: Exception, before: Fields) -> None:
        """The compiled call raised."""
        refused = isinstance(problem, REFUSALS)
        if error is None and refused:
            self.verdict.refused = _message(problem)
            if not re.search(REMEDY, str(problem), re.IGNORECASE):
                self.verdict.add(f"refused without a remedy: {general(str(problem))[:60]}")
            for name, x in state(self.program, self.ours).items():
                self._compare(before[name], x, f"after a refusal, {name.split()[0]}")
        elif error is None:
            self.verdict.add(f"crash: {_place(problem)}", _message(problem))
        elif not refused and not (
            isinstance(problem, type(error)) or isinstance(error, type(problem))
        ):
            kinds = f"{type(problem).__name__} for {type(error).__name__}"
            self.verdict.add(f"error of another kind: {kinds}", f"{error} / {problem}")
        raise ApartError

    def _compare(self, expected: Any, found: Any, what: str) -> None:
        for a, b in pairs(expected, found, self.verdict, what):
            if type(a) is not type(b):
                self.verdict.add(f"type of {what}: {_type(b)} for {_type(a)}", f"{a} / {b}")
            if not _is_numeric(a):
                if a != b:
                    self.verdict.add(f"{what} differs", f"{a} / {b}")
                continue
            x, y = plain(a), plain(b)
            if not same_bits(x, y):
                difference = _difference(x, y, self.single)
                self.verdict.add(f"{difference} of {what}", f"{x!r}\n{y!r}")

    def _close(self, expected: Any, found: Any, scale: Tolerance | None) -> None:
        """Native code: equal to rounding; then both go on from the same numbers.

        Without a scale (of numbers that are not moderate) it is shapes and dtypes that are equal.
        """
        everything = [
            (expected, found, "result", "result"),
            *((x, state(self.program, self.ours)[k], k.split()[0], k)
              for k, x in state(self.program, self.eager).items()),
        ]  # fmt: skip
        for a, b, what, where in everything:
            compare_closely(a, b, f"numba: {what}", where, scale, self.verdict)
        if self.verdict.findings:
            raise ApartError
        _put(self.program, self.eager, self.ours)


def _outcome(function: Any, given: Any) -> tuple[Any, Exception | None]:
    try:
        return function(*given), None
    except Exception as error:
        return None, error


def state(program: Compilable, scope: Fields) -> Fields:
    """Parameters, gradients, and the random generator, by name."""
    found: Fields = {}
    for name in program.of("parameter", "global variable", "global tensor"):
        found[f"value {name}"] = scope[name].data.copy()
        grad = scope[name].grad
        found[f"gradient {name}"] = grad if grad is None else grad.copy()
    for name in program.of("variable"):
        if f"given {name}" in scope:
            grad = scope[f"given {name}"].grad
            found[f"gradient {name}"] = grad if grad is None else grad.copy()
    for name in program.of("global"):
        found[f"global {name}"] = scope[name].copy()
    if "rng" in scope:
        found["generator"] = str(scope["rng"].bit_generator.state)
    return found


def pairs(a: Any, b: Any, verdict: Verdict, what: str) -> Iterator[tuple[Any, Any]]:
    """What two nested containers hold, side by side."""
    if isinstance(a, (tuple, list, dict)):
        if type(a) is not type(b) or len(a) != len(b):
            verdict.add(f"containers of {what} differ", f"{a!r} / {b!r}")
        elif isinstance(a, dict):
            for key in a:
                yield from pairs(a[key], b.get(key), verdict, what)
        else:
            for x, y in zip(a, b, strict=True):
                yield from pairs(x, y, verdict, what)
    else:
        yield a, b


def _difference(x: np.ndarray, y: np.ndarray, single: bool) -> str:
    """In a word; `single` if something was computed in float32 on the way."""
    if x.dtype != y.dtype:
        return "dtype"
    if x.shape != y.shape:
        return "shape"
    if x.dtype.kind != "f":
        return "numbers"
    if np.array_equal(x, y, equal_nan=True):
        return "signs of zeros"
    finite = np.isfinite(x)
    if not np.array_equal(x[~finite], y[~finite], equal_nan=True):
        return "numbers"
    rounding = 1e4 * float(np.finfo("f4" if single else x.dtype).eps)
    scale = rounding * float(np.abs(x[finite]).max(initial=0))
    return "last bits" if np.allclose(x[finite], y[finite], 0, scale) else "numbers"


def _is_numeric(x: Any) -> bool:
    return isinstance(x, (Tensor, np.ndarray, np.generic, float, int)) and not isinstance(x, bool)


def _type(x: Any) -> str:
    return "a number of NumPy" if isinstance(x, np.generic) else type(x).__name__


def general(message: str) -> str:
    """A message without the names and numbers of one program."""
    return re.sub(r"(\b[vc]?\d+\b|c\d+, |\bnumbers\b|\bnamed\b)", "#", message)[:110]


def _message(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _place(error: Exception) -> str:
    """The error, and the last function of the package that it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    inside = [f for f in frames if "autograd" in f.filename and "tests" not in f.filename]
    place = f" in {inside[-1].name}" if inside else ""
    return f"{type(error).__name__}{place}: {re.sub(r'[0-9]+', '#', str(error))[:60]}"


# --- to rounding ------------------------------------------------------------------------------


@dataclass
class Tolerance:
    """How far roundings lead: by the scale of all values on the way, and by trying.

    `eager` runs anew from numbers that differ in their last bits. What that changes by much, or at
    a kink, is uncertain to the same degree.
    """

    scale: float
    expected: Fields
    moved: list[Fields]
    single: bool

    def judge(self, where: str, place: int, x: np.ndarray, rtol: float) -> np.ndarray | None:
        """The error that is allowed for each element; None where nothing can be said."""
        others = [moved[where][place] for moved in self.moved]
        if any(y.shape != x.shape or not np.isfinite(y).all() for y in others):
            return None
        wobble = max((np.abs(1.0 * x - 1.0 * y).max(initial=0) for y in others), default=0.0)
        rtol = rtol * np.finfo("f4").eps / np.finfo("f8").eps if self.single else rtol
        return np.asarray(rtol * self.scale + 100 * wobble)


def tolerance(program: Compilable, call: Call, scope: Fields) -> Tolerance | None:
    """Of one call, from the state that the scope is in. None for numbers that are not moderate."""
    seen: list[np.ndarray] = []
    expected = _trial(program, call, scope, 0.0, seen)
    if expected is None:
        return None
    numbers = [x for x in seen if x.dtype.kind == "f"]
    largest = max((np.abs(x).max(initial=0) for x in numbers), default=1.0)
    if not all(np.isfinite(x).all() for x in numbers) or largest > HUGE:
        return None
    moved = [_trial(program, call, scope, sign, []) for sign in (1.0, -1.0, 3.0)]
    if any(m is None for m in moved):
        return None
    single = any(x.dtype == np.float32 for x in numbers)
    return Tolerance(max(float(largest), 1.0), expected, moved, single)  # type: ignore[arg-type]


def _trial(
    program: Compilable, call: Call, scope: Fields, by: float, seen: list[np.ndarray]
) -> Fields | None:
    """Results and state after a call that starts nearly where the scope is."""
    trial = pm.start(program)
    rng = np.random.default_rng(int(abs(by)))
    if "rng" in scope:
        trial["rng"].bit_generator.state = scope["rng"].bit_generator.state

    def nearly(x: Any) -> Any:
        x = np.array(x)
        if x.dtype.kind == "f" and by:
            x = x * (1 + by * 2 * np.finfo(x.dtype).eps * rng.choice([-1.0, 1.0], size=x.shape))
        return x

    for name in program.of("parameter", "global variable"):
        trial[name].data = nearly(scope[name].data)
        trial[name].grad = scope[name].grad
    given = pm.arguments(program, call, trial)
    for name in program.of("variable"):
        before, tensor = scope.get(f"given {name}"), trial[f"given {name}"]
        if before is not None and before.shape == tensor.shape:
            tensor.grad = before.grad
    if by and not program.shared and not program.nested:
        roles = [program.roles[name] for name in program.arguments]
        given = tuple(
            nearly(x).astype(x.dtype) if role == "array" else x
            for x, role in zip(given, roles, strict=True)
        )
    with _watching(seen):
        result, error = _outcome(trial["step"], given)
    if error is not None:
        return None
    found = {"result": result, **state(program, trial)}
    arrays = {name: leaves(x) for name, x in found.items()}
    seen += [x for xs in arrays.values() for x in xs]
    return arrays


def leaves(x: Any) -> list[np.ndarray]:
    """The numbers in nested containers, as arrays."""
    if isinstance(x, (tuple, list)):
        return [y for item in x for y in leaves(item)]
    if isinstance(x, dict):
        return [y for item in x.values() for y in leaves(item)]
    return [plain(x).copy()] if _is_numeric(x) else []


@contextmanager
def _watching(seen: list[np.ndarray]) -> Iterator[None]:
    """Collect what the functions of the program have in their variables when they return."""

    def look(frame: FrameType, event: str, _: Any) -> None:
        if event == "return" and frame.f_code.co_filename == "program.py":
            held = frame.f_locals.values()
            seen.extend(plain(x).copy() for x in held if _is_numeric(x))

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(before)


def compare_closely(
    expected: Any, found: Any, what: str, where: str, scale: Tolerance | None, verdict: Verdict,
    rtol: float = 1e-11,
) -> None:  # fmt: skip
    """Equal in shape and dtype, and, with a scale, in value as far as roundings allow."""
    ours, theirs = leaves(found), leaves(expected)
    if len(ours) != len(theirs):
        verdict.add(f"{what}: another number of arrays", f"{expected} / {found}")
        return
    for k, (a, b) in enumerate(zip(theirs, ours, strict=True)):
        if a.shape != b.shape or a.dtype != b.dtype:
            kind = "shape" if a.shape != b.shape else "dtype"
            verdict.add(f"{what}: {kind}", f"{a!r}\n{b!r}")
            continue
        allowed = None if scale is None else scale.judge(where, k, a, rtol)
        if allowed is None or a.dtype.kind not in "fiub":
            continue
        error = np.abs(np.asarray(a, float) - np.asarray(b, float))
        if not (error <= allowed).all():
            verdict.add(f"{what}: numbers", f"{a!r}\n{b!r}\nallowed {allowed}, error {error.max()}")


# --- the text of the program ------------------------------------------------------------------


def judge_source(program: Compilable, eager: Fields, verdict: Verdict) -> None:
    """Run `.source` on NumPy alone, at other numbers than it was traced at."""
    if not program.calls:
        return
    traced = Call(96, dtype=program.calls[-1].dtype)
    call = traced if program.of("int") else replace(traced, number=97)
    scale = tolerance(program, call, eager)
    compiled, ours, error = _traced(program, eager, traced)
    if scale is None or error is not None:
        return
    if any(o.kind == "finite" for o in compiled.program.outputs):
        other, theirs, _ = _traced(program, eager, traced)
        _put(program, eager, theirs)
        _outcome(other, pm.arguments(program, call, theirs))
        if "masks" in other.why[-1]:  # the program for these numbers is another one
            compiled, ours, _ = _traced(program, eager, call)
    verdict.source = True
    try:
        text, constants = compiled.source, compiled.constants
        function = sealed(text, "step")
    except Exception as error:
        verdict.add(f"source: {_place(error)}", _message(error))
        return
    arguments = pm.arguments(program, call, eager)
    given = tuple(map(_numeric, arguments))
    outside = program.of("parameter", "global variable", "global tensor")
    weights = {x: eager[x].data.copy() for x in outside}
    slopes = {f"d{x}": eager[x].grad.copy() for x in outside if eager[x].grad is not None}
    sources = {k: copy.deepcopy(eager["rng"]) for k, x in constants.items() if x is ours.get("rng")}
    carried = {name: eager[name].copy() for name in compiled.state if name in program.of("global")}
    known = {**weights, **slopes, **carried, **constants, **sources}
    names = list(inspect.signature(function).parameters)[len(given) :]
    unknown = [name for name in names if name not in known]
    if unknown:
        verdict.add("source: an argument that nothing explains", f"{unknown}\n{text}")
        return
    whole = functools.partial(function, **{name: known[name] for name in names})
    found, problem = _outcome(whole, given)
    if problem is not None:
        verdict.add(f"source, run: {_place(problem)}", f"{_message(problem)}\n{text}")
        return
    result, _ = _outcome(eager["step"], arguments)
    if form(result) != form(found):
        verdict.add("source: another form of result", f"{form(result)} / {form(found)}")
    compare_closely(result, found, "source: result", "result", scale, verdict, RTOL)
    for name in program.of("parameter"):
        x, y = eager[name].data, weights[name]
        compare_closely(x, y, "source: an update", f"value {name}", scale, verdict, RTOL)
        if f"d{name}" in names:
            x, y = eager[name].grad, slopes[f"d{name}"]
            compare_closely(x, y, "source: a gradient", f"gradient {name}", scale, verdict, RTOL)
    for finding in verdict.findings:
        finding.detail += f"\n{text}" if text not in finding.detail else ""


def _traced(program: Compilable, eager: Fields, call: Call) -> tuple[Any, Fields, Any]:
    """The program compiled, its names, and the error if there is one, after a call from where
    eager code is."""
    ours = pm.start(program)
    _put(program, eager, ours)
    compiled = ag.compile(ours["step"])
    _, error = _outcome(compiled, pm.arguments(program, call, ours))
    return compiled, ours, error


def _put(program: Compilable, source: Fields, target: Fields) -> None:
    """Bring parameters and their gradients to where others are."""
    for name in program.of("parameter", "global variable"):
        target[name].data = source[name].data
        target[name].grad = source[name].grad


def form(x: Any) -> Any:
    """How containers are nested; of leaves whether they are numbers."""
    if isinstance(x, (tuple, list)):
        return type(x).__name__, *map(form, x)
    if isinstance(x, dict):
        return {key: form(item) for key, item in x.items()}
    return "numbers" if _is_numeric(x) else x


def _numeric(x: Any) -> Any:
    if isinstance(x, (tuple, list)):
        return type(x)(map(_numeric, x))
    if isinstance(x, dict):
        return {key: _numeric(item) for key, item in x.items()}
    return x.numpy() if isinstance(x, Tensor) else np.array(x) if isinstance(x, np.ndarray) else x


def sealed(text: str, name: str) -> Any:
    """The function that a text defines, where NumPy and Python's own library are all there is."""

    def importing(module: str, *args: Any, **kwargs: Any) -> Any:
        if module.split(".")[0] not in {"numpy", *sys.stdlib_module_names}:
            raise ImportError(f"{module} is not NumPy")
        return __import__(module, *args, **kwargs)

    scope: Fields = {"__builtins__": {**vars(builtins), "__import__": importing}}
    scope["__name__"] = "sealed"
    exec(compile(text, "source.py", "exec"), scope)
    return scope[name]
