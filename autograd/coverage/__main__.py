"""`python -m autograd.coverage`: count, write the page, ask other systems."""

from __future__ import annotations

import argparse
from pathlib import Path

from .page import page, summary
from .survey import ask_peer, ours, recorded

PAGE = Path(__file__).parents[2] / "docs/coverage.md"


def main() -> None:
    """Ask the other systems if told to, call all functions, print the counts or write the page."""
    parser = argparse.ArgumentParser(prog="python -m autograd.coverage", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/coverage.md")
    parser.add_argument("--hips", metavar="PATH", help="record HIPS autograd, a checkout of it")
    parser.add_argument("--mygrad", metavar="PATH", help="record MyGrad, its site-packages")
    told = parser.parse_args()
    for name, path in (("HIPS autograd", told.hips), ("MyGrad", told.mygrad)):
        if path:
            ask_peer(name, path)
    found = ours()
    print(summary(found, recorded()))
    for namespace, verdicts in found.items():
        for name, verdict in verdicts.items():
            if verdict.status not in ("differentiable", "constant"):
                print(f"{namespace}.{name}: {verdict.status}: {verdict.reason}")
    if told.write:
        PAGE.write_text(page(found, recorded()))


if __name__ == "__main__":
    main()
