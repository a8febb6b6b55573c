"""A sweep: the same function for many settings, such as hidden sizes and regularisation."""

from __future__ import annotations

import inspect
import itertools
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from numbers import Integral
from typing import Any

from .. import rng
from .metrics import number

__all__ = ["Sweep", "sweep"]

OWN = "seconds", "error", "result"


class Sweep(list[dict[str, Any]]):
    """A table: a list of rows, which are dicts, in the order of the grid.

    A row has the settings, what the function gave for them (the items of a dict; anything else as
    "result"), the "seconds" that it took, and the "error", a text with its traceback, or None.
    `pandas.DataFrame(table)` takes it as it is.
    """

    def best(self, name: str = "result", mode: str | None = None) -> dict[str, Any]:
        """The row with the largest value under a name; the smallest of what is called a loss.

        mode   "min" or "max", to say it. Raises ValueError where no row has the name.
        """
        if mode not in (None, "min", "max"):
            raise ValueError(f"best: mode is {mode!r}; expected 'min' or 'max'")
        rows = [(number(name, row[name]), row) for row in self if name in row]
        rows = [(value, row) for value, row in rows if value == value]
        if not rows:
            raise ValueError(f"best: no row has a number under {name!r}, only {self._names()}")
        smallest = mode == "min" or (mode is None and name.endswith("loss"))
        return (min if smallest else max)(rows, key=lambda pair: pair[0])[1]

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The rows of the runs that failed."""
        return [row for row in self if row["error"] is not None]

    def _names(self) -> list[str]:
        names = [*dict.fromkeys(name for row in self for name in row)]
        last = [name for name in OWN[:2] if name in names]
        return [*(name for name in names if name not in last), *last]

    def __str__(self) -> str:
        """The table; of an error its last line."""
        names = self._names() if self.errors else [x for x in self._names() if x != "error"]
        lines = [names, *([_cell(row.get(name, "")) for name in names] for row in self)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )


def sweep(function: Callable[..., Any], *, jobs: int = 1, **grid: Iterable[Any]) -> Sweep:
    """Call `function(**settings)` for all combinations of a grid; gives a table of the results.

    grid   for each argument of the function the values that it is to have
    jobs   how many processes work at a time, through joblib; -1: one for each processor
    Random numbers do not depend on `jobs`: `nn.seed` is set before each run, to its setting `seed`
    if the grid has one, else to 0. Results have to be such that a process can send them: numbers,
    arrays, a History. A run that fails does not stop the others. Raises TypeError for what is no
    grid, ImportError for several jobs without joblib.

    >>> table = sweep(lambda width, reg: width / reg, width=[3, 6], reg=[0.5, 0.0])
    >>> [row.get("result") for row in table], table.best()["width"], len(table.errors)
    ([6.0, None, 12.0, None], 6, 2)
    """
    _check(function, grid)
    if isinstance(jobs, bool) or not isinstance(jobs, Integral) or (jobs < 1 and jobs != -1):
        raise ValueError(f"sweep: jobs is {jobs!r}; expected a number from 1, or -1 for all")
    names = [*grid]
    runs = [dict(zip(names, x, strict=True)) for x in itertools.product(*grid.values())]
    if jobs == 1:
        return Sweep(_run(function, settings) for settings in runs)
    try:
        import joblib  # type: ignore[import-untyped]
    except ImportError as error:
        raise ImportError(
            f'sweep: jobs={jobs} needs joblib: pip install "gategrad[train]"; jobs=1 does without'
        ) from error
    # one thread each: they share the processors, and sums of threads would round otherwise
    with joblib.parallel_config("loky", n_jobs=int(jobs), inner_max_num_threads=1):
        rows = joblib.Parallel()(joblib.delayed(_run)(function, settings) for settings in runs)
    return Sweep(rows)


def _run(function: Callable[..., Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """A row: the settings, and what came of them."""
    row = dict(settings)
    before, start = rng.common(), time.perf_counter()
    try:
        rng.seed(settings.get("seed", 0))
        result = function(**settings)
        found = dict(result) if isinstance(result, Mapping) else {"result": result}
        clash = [name for name in found if name in settings or name in OWN[:2]]
        if clash:
            raise ValueError(
                f"sweep: the function gave {', '.join(clash)}, which the row has already; give it "
                "another name"
            )
        row |= found
        error = None
    except Exception:
        error = traceback.format_exc()
    finally:
        rng.seed(before)
    return {**row, "seconds": time.perf_counter() - start, "error": error}


def _check(function: Any, grid: dict[str, Any]) -> None:
    if not callable(function):
        raise TypeError(f"sweep: got {function!r:.80}; expected a function of the settings")
    if not grid:
        raise TypeError("sweep: there is no grid; expected values by name, hidden=[3, 6, 20]")
    for name, values in grid.items():
        if name in OWN:
            raise ValueError(f"sweep: a setting is called {name!r}, as a column is; rename it")
        if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
            raise TypeError(f"sweep: {name} is {values!r:.80}; expected a list, {name}=[...]")
        grid[name] = [*values]
        if not grid[name]:
            raise ValueError(f"sweep: {name} is empty; expected at least one value")
    try:
        inspect.signature(function).bind(**dict.fromkeys(grid))
    except TypeError as error:
        raise TypeError(
            f"sweep: the function does not take the settings {', '.join(grid)}: {error}"
        ) from None
    except ValueError:  # a built-in function, which does not tell what it takes
        pass


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    text = "" if value is None else str(value).strip()
    return text.rpartition("\n")[2][:60]
