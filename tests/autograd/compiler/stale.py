"""Ways in which a compiled function can go stale, each run beside the function itself.

A way is a small program that defines f and what f reads or changes, and what changes between the
calls. It is run twice, each time in a module of its own: with f as it is, and with f compiled.
What both give at every call has to agree to the bit, also the state that f leaves behind; or the
compiled one refuses with an error of ours that says what to do instead.

    python -m tests.autograd.compiler.stale
    python -m tests.autograd.compiler.stale --only list-item --verbose

The ways stand in `stale_outside.py`, `stale_inside.py` and `stale_traps.py`, written as

    ## kind              of those below
    === name
    the program          it defines f; or c, the compiled function, with `compile` (optional)
    --- see              what is compared after every call besides the result (optional)
    --- then             what changes; there may be several
    --- calls            instead of the usual calls: uses c(...) and see(...) (optional)
"""

from __future__ import annotations

import argparse
import contextlib
import contextvars
import linecache
import os
import random
import re
import sys
import tempfile
import types
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE)]  # as the tests have it, see conftest.py

import stale_inside  # noqa: E402
import stale_outside  # noqa: E402
import stale_traps  # noqa: E402
import today  # noqa: E402

import autograd as ag  # noqa: E402

RIGHT, REFUSED, WRONG = "right", "refused", "wrong"
REMEDY = re.compile(
    r"Parameter|argument|fresh|use |pass |write |call |take |make |return |compute |instead|"
    r"fallback|outside",
    re.IGNORECASE,
)
MODULE = "notebook"
PRELUDE = """
import collections, contextlib, contextvars, copy, dataclasses, enum, functools, importlib
import itertools, math, operator, os, random, sys, types, weakref
import numpy as np
import autograd as ag
import nn
from autograd import Parameter, Tensor
X, Y = np.array([0.5, -1.0, 2.0]), np.array([-0.25, 3.0, 1.5])
W0 = np.array([1.0, -2.0, 0.5])
class O: pass
"""


@dataclass
class Way:
    """One way to go stale."""

    kind: str
    name: str
    program: str = ""
    state: str = ""
    changes: list[str] = field(default_factory=list)
    calls: str = ""

    @property
    def title(self) -> str:
        """What it is called among all of them."""
        return f"{self.kind}: {self.name}"

    def script(self) -> str:
        """What is done with the compiled function c."""
        if self.calls:
            return self.calls
        seen = [f"see({self.state})"] if self.state else []
        one, other = (["see(c(X))", *seen], ["see(c(Y))", *seen])
        two = [*one, *other]
        lines = [*two, *other, *one] if not self.changes else two
        for change in self.changes:
            lines += [change, *two]
        return "\n".join(lines)

    def __str__(self) -> str:
        return f"# {self.title}\n{self.program}\n# --- then\n{self.script()}\n"


class Verdict(NamedTuple):
    """How a way ended: right, refused or wrong, and the words that go with it."""

    way: Way
    end: str
    words: str


def ways() -> list[Way]:
    """All of them."""
    return [way for part in (stale_outside, stale_inside, stale_traps) for way in read(part.WAYS)]


def read(text: str) -> Iterator[Way]:
    """The ways in a text, which is written as the docstring above says."""
    kind, parts = "", re.split(r"^(##|===) (.+)\n", text, flags=re.M)[1:]
    for mark, title, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        if mark == "##":
            kind = title
            continue
        program, *sections = re.split(r"^--- (see|then|calls)\s", body, flags=re.M)
        way = Way(kind, title, program.strip())
        for section, words in zip(sections[::2], sections[1::2], strict=True):
            if section == "see":
                way.state = words.strip()
            elif section == "then":
                way.changes.append(words.strip())
            else:
                way.calls = words.strip()
        yield way


# --- one world -----------------------------------------------------------------------------------


def run(way: Way, compiler: Callable[[Any], Any]) -> list[Any]:
    """What a way shows, call by call, in a world of its own; an exception ends the list."""
    return contextvars.copy_context().run(_run, way, compiler)


def _run(way: Way, compiler: Callable[[Any], Any]) -> list[Any]:
    log: list[Any] = []
    with _world() as space:
        space["compile"], space["see"] = compiler, lambda *xs: log.extend(map(snapshot, xs))
        try:
            _exec(way, "program", way.program, space)
            if "c" not in space:
                space["c"] = compiler(space["f"])
            _exec(way, "calls", way.script(), space)
        except Exception as error:
            log.append(error)
    return log


@contextlib.contextmanager
def _world() -> Iterator[dict[str, Any]]:
    """A module with the usual names; what a way may set for everybody is put back afterwards."""
    module, environment = types.ModuleType(MODULE), dict(os.environ)
    known, draws, numpy_draws = dict(sys.modules), random.getstate(), np.random.get_state()
    random.seed(0)
    np.random.seed(0)
    with (
        tempfile.TemporaryDirectory() as folder,
        np.errstate(all="ignore"),
        np.printoptions(),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        sys.modules[MODULE] = module
        sys.path.insert(0, folder)
        module.__dict__.update(folder=Path(folder), __file__=f"{folder}/{MODULE}.py")
        exec(PRELUDE, module.__dict__)
        try:
            yield module.__dict__
        finally:
            sys.path.remove(folder)
            for name in sys.modules.keys() - known.keys():
                if getattr(sys.modules[name], "__file__", None) is None or name.startswith("tmp_"):
                    del sys.modules[name]
            sys.modules.pop(MODULE, None)
            os.environ.clear()
            os.environ.update(environment)
            random.setstate(draws)
            np.random.set_state(numpy_draws)


def _exec(way: Way, part: str, text: str, space: dict[str, Any]) -> None:
    """Run a text whose lines can be looked up, as those of a notebook's cell can."""
    name = f"<{way.name}, {part}>"
    linecache.cache[name] = len(text), None, text.splitlines(True), name
    exec(compile(text, name, "exec"), space)


# --- what is compared ----------------------------------------------------------------------------


def snapshot(x: Any) -> Any:
    """A value as something that can be compared to the bit, and that nothing changes later."""
    try:
        return _snapshot(x)
    except Exception as error:  # a stand-in that was left behind cannot be read
        return f"a {type(x).__name__} that cannot be read ({type(error).__name__})"


def _snapshot(x: Any) -> Any:
    if isinstance(x, ag.Tensor):
        x = x.numpy()
    if isinstance(x, (np.ndarray, np.generic, float, int, complex)):
        x = np.asarray(x)
        if x.dtype != object:
            return Bits(x.dtype.str, x.shape, x.tobytes())
        return [snapshot(item) for item in x.ravel()] if x.ndim else repr(x)
    if isinstance(x, Mapping):
        return [(repr(key), snapshot(item)) for key, item in x.items()]
    if isinstance(x, (list, tuple)):
        return [snapshot(item) for item in x]
    if x is None or isinstance(x, (str, bytes, type)):
        return repr(x)
    return f"a {type(x).__name__}"


class Bits(NamedTuple):
    """An array or a number."""

    dtype: str
    shape: tuple[int, ...]
    bits: bytes

    def __repr__(self) -> str:
        x = np.frombuffer(self.bits, self.dtype).reshape(self.shape)
        with np.printoptions(threshold=8, precision=6):
            return " ".join(f"{x} {x.dtype}".split())


def judge(way: Way, compiler: Callable[[Any], Any] = ag.compile) -> Verdict:
    """Run a way in both worlds and compare."""
    wanted, got = run(way, lambda f: f), run(way, compiler)
    for k, (a, b) in enumerate(zip(wanted, got, strict=False)):
        if isinstance(b, Exception):
            return Verdict(way, *_ended(a, b))
        if isinstance(a, Exception):
            return Verdict(way, WRONG, f"eager raises {type(a).__name__}: {a}; compiled {b!r}")
        if a != b:
            return Verdict(way, WRONG, f"value {k}: eager {a!r}, compiled {b!r}")
    if len(wanted) != len(got):
        return Verdict(way, WRONG, f"eager shows {len(wanted)} values, compiled {len(got)}")
    return Verdict(way, RIGHT, f"{len(got)} values")


def _ended(wanted: Any, error: Exception) -> tuple[str, str]:
    """An exception ended the compiled calls."""
    words = " ".join(f"{type(error).__name__}: {error}".split())
    if isinstance(wanted, Exception) and isinstance(error, type(wanted)):
        return RIGHT, words
    if not isinstance(error, ag.AutogradError):
        return WRONG, words
    if not REMEDY.search(str(error)):
        return WRONG, f"refused without a remedy: {words}"
    return REFUSED, words


# --- all of them ---------------------------------------------------------------------------------


def main() -> int:
    """Print how every way ends, and the counts of each kind."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="a name, or the kind, or a part of either")
    parser.add_argument("--end", choices=[RIGHT, REFUSED, WRONG], help="print those alone")
    parser.add_argument("--width", type=int, default=160, help="of the words on each way")
    parser.add_argument("--write", action="store_true", help="write down what is wrong today")
    parser.add_argument("--verbose", action="store_true", help="print the programs too")
    parser.add_argument("--fallback", action="store_true", help="compile with fallback=True")
    options = parser.parse_args()
    compiler = partial(ag.compile, fallback=True) if options.fallback else ag.compile
    chosen = [w for w in ways() if options.only in (w.name, w.kind, w.title)]
    chosen = chosen or [w for w in ways() if options.only in w.title]
    counts: dict[str, Counter[str]] = {}
    wrong = []
    for way in chosen:
        _, end, words = judge(way, compiler)
        counts.setdefault(way.kind, Counter())[end] += 1
        wrong += [way.title] * (end == WRONG)
        if options.end in (None, end):
            print(f"{end:8}{way.title:52} {'' if end == RIGHT else words[: options.width]}")
            if options.verbose:
                print(f"\n{way}")
    total = sum(counts.values(), Counter[str]())
    for kind, of_kind in [*counts.items(), ("all", total)]:
        ends = ", ".join(f"{of_kind[end]:3} {end}" for end in (RIGHT, REFUSED, WRONG))
        print(f"{kind:44} {of_kind.total():4}: {ends}")
    if options.write:
        today.write("stale", wrong)
    return bool(total[WRONG])


if __name__ == "__main__":
    sys.exit(main())
