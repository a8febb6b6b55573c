"""Time gategrad beside other systems on the same work, and print a table in Markdown.

Systems that are not installed are named and left out: `pip install -e ".[bench]"` brings them,
except HIPS autograd, whose package has the same import name as ours. It lives in an environment
of its own: `python -m venv hips && hips/bin/pip install numpy autograd`, and then
`python -m benchmarks --python hips=hips/bin/python`.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from .report import Table, curves, machine, summary
from .runner import STATES, Comparison, Options
from .systems import SYSTEMS
from .workloads import Case, cases, sizes


def main() -> None:
    """Run what was asked for; the tables go to standard output."""
    given = _arguments()
    options = Options(
        given.rounds, given.threads, given.seconds, given.limit, given.processor, dict(given.python)
    )
    systems = given.systems
    print(machine(given.threads) + "\n", flush=True)
    if given.sizes:
        found = [(what, size, Comparison(case, "default", systems, options).run())
                 for what, size, case in sizes() if _wanted(case, given.workloads)]  # fmt: skip
        print(curves(found))
        results = [result for _, _, several in found for result in several]
    else:
        table = Table()
        for case in cases():
            for state in STATES if given.allocator == "all" else [given.allocator]:
                if _wanted(case, given.workloads) and (case.large or state == "default"):
                    table.add(Comparison(case, state, systems, options).run())
        results = table.results
        print("\nIn short, the time of the first system, and multiples of it:")
        print(f"\n{summary(results)}")
        table.skipped()
    if given.json:
        text = json.dumps([asdict(result) for result in results], indent=1)
        Path(given.json).write_text(text)
    if given.plot:
        from . import plot

        if given.sizes:
            plot.sizes(found, given.plot)
        else:
            plot.ratios(results, given.plot)


def _wanted(case: Case, names: list[str]) -> bool:
    return not names or any(case.name.startswith(name) or case.kind == name for name in names)


def _arguments() -> argparse.Namespace:
    kinds = list(dict.fromkeys(case.kind for case in cases()))
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = parser.add_argument
    add("workloads", nargs="*", help=f"{', '.join(kinds)}, or how a line begins (all)")
    add("--systems", type=_systems, default=list(SYSTEMS), metavar="A,B", help=", ".join(SYSTEMS))
    add("--rounds", type=int, default=20, help="how often each takes its turn (%(default)s)")
    add("--seconds", type=float, default=0.05, help="a turn takes about so long (%(default)s)")
    add("--limit", type=float, default=60.0, help="skip what takes longer than s (%(default)s)")
    add("--threads", type=int, default=1, help="for each system (%(default)s)")
    add("--allocator", choices=("all", *STATES), default="all",
        help="freed memory is kept, or handed back, or as it happens (%(default)s)")  # fmt: skip
    add(
        "--processor",
        action="store_true",
        help="measure the time that the processor works, on a machine that others use, too",
    )
    add("--python", type=_python, action="append", default=[], metavar="SYSTEM=PATH",
        help="the interpreter for a system with an environment of its own")  # fmt: skip
    add("--sizes", action="store_true", help="cost against size: gates, batch, width")
    add("--json", metavar="FILE", help="save every single time")
    add("--plot", metavar="FILE", help="save a plot (needs matplotlib)")
    given = parser.parse_args()
    lines = [case for case in cases() if any(_wanted(case, [name]) for name in given.workloads)]
    if given.workloads and not lines:
        parser.error(f"unknown workloads {given.workloads}; there are {', '.join(kinds)}")
    return given


def _systems(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in SYSTEMS:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(SYSTEMS)}")
    return names


def _python(text: str) -> tuple[str, str]:
    system, _, path = text.partition("=")
    if system not in SYSTEMS or not path:
        raise argparse.ArgumentTypeError(f"{text!r} is not like hips=/path/to/python")
    return system, path


if __name__ == "__main__":
    main()
