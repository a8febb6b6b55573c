"""Run the conformance suite of the array API standard on `autograd.array_api`, and count.

    python -m benchmarks.conformance path/to/array-api-tests --max-examples 20

The suite is a checkout of data-apis/array-api-tests with its submodule; it needs what its own
requirements.txt lists. Other modules can be measured too: `--module numpy`. What fails is listed
with the reason, and the command fails if something else does.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VERSION = "2024.12"

# which tests of our namespace fail, and why: patterns of their names
REASONS = {
    r"test_unary\[(expm1|tanh)\(.*imag": "NumPy's values of complex functions at infinity and NaN",
    r"__i?floordiv__\(x1_i is [+-]infinity": "t // 2 is NumPy's, NaN as in Python; "
    "xp.floor_divide gives infinity",
    r"floor_?div.*(x2_i is [+-]infinity)": "−1, as in Python, which a note of the standard allows",
    r"test_can_cast": "np.dtype('float64') == None is true in NumPy, which misleads the test",
}


def main() -> int:
    """Print the counts and the failures by reason; 1 if there are failures without one."""
    given = _arguments()
    outcomes = run(given.checkout, given.module, given.max_examples, given.tests)
    counts = Counter(outcomes.values())
    print(", ".join(f"{counts[x]} {x}" for x in ("passed", "failed", "skipped", "error")))
    failures = [name for name, x in outcomes.items() if x in ("failed", "error")]
    reasons = {name: reason(name) if given.module == ours() else None for name in failures}
    for why in dict.fromkeys(reasons.values()):
        same = [name for name in failures if reasons[name] == why]
        print(f"\n{len(same)} × {why or 'for no known reason'}")
        print("\n".join(f"  {name}" for name in same))
    return int(None in reasons.values() or not outcomes)


def ours() -> str:
    """The name of the namespace of this project."""
    return "autograd.array_api"


def reason(name: str) -> str | None:
    """Why a test fails, as far as it is known."""
    return next((why for pattern, why in REASONS.items() if re.search(pattern, name)), None)


def run(checkout: Path, module: str, examples: int, tests: list[str]) -> dict[str, str]:
    """The outcome of each test: passed, failed, skipped or error."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "ARRAY_API_TESTS_MODULE": module,
        "ARRAY_API_TESTS_VERSION": VERSION,
    }
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            sys.executable, "-m", "pytest", "-q", "--tb=short", "--disable-warnings",
            "-p", "no:cacheprovider", f"--max-examples={examples}",
            "--json-report", f"--json-report-file={report}", *(tests or ["array_api_tests"]),
        ]  # fmt: skip
        subprocess.run(command, cwd=checkout, env=environment, check=False)
        if not report.exists():
            raise SystemExit("the suite did not run: see above")
        found = json.loads(report.read_text())["tests"]
    return {test["nodeid"]: test["outcome"] for test in found}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkout", type=Path, help="the folder of data-apis/array-api-tests")
    parser.add_argument("tests", nargs="*", help="files or tests of it (default: all)")
    parser.add_argument("--module", default=ours(), help="the namespace (default: %(default)s)")
    parser.add_argument("--max-examples", type=int, default=20, help="of each test")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
