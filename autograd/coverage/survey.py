"""All verdicts: ours by calling, those of other systems from a process of their own, or the file.

The other systems are recorded in peers.json, with the versions that were asked. HIPS autograd is
imported by the name that this package has, so its process loads these files by their place.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from .judge import System, Verdict, verdict
from .names import counted
from .systems import PEERS, Ours

__all__ = ["Survey", "ask_peer", "ours", "recorded"]

Survey = dict[str, dict[str, Verdict]]  # by namespace, and by name
HERE = Path(__file__).parent
RECORD = HERE / "peers.json"
OF_NUMPY = ("np", "np.linalg", "np.fft", "ndarray")

_LOAD = """
import importlib.util, sys
place, path, name = sys.argv[1:]
sys.path.insert(0, path)
spec = importlib.util.spec_from_file_location(
    "coverage_of_peers", place + "/__init__.py", submodule_search_locations=[place])
sys.modules["coverage_of_peers"] = package = importlib.util.module_from_spec(spec)
spec.loader.exec_module(package)
from coverage_of_peers.survey import print_peer
print_peer(name)
"""


def ours() -> Survey:
    """What this package makes of every function of NumPy, and of the array API."""
    system = Ours()
    found = _of_system(system)
    for namespace, names in system.array_api_names().items():
        found[namespace] = {name: verdict(system, namespace, name) for name in names}
    return found


def _of_system(system: System) -> Survey:
    return {
        namespace: {name: verdict(system, namespace, name) for name in counted(namespace)}
        for namespace in OF_NUMPY
    }


def recorded() -> dict[str, Any]:
    """The other systems, as they were asked last: versions, and the status of each function."""
    found: dict[str, Any] = json.loads(RECORD.read_text())
    return found


def ask_peer(name: str, path: str) -> None:
    """Ask a system whose package lies in the folder `path`, and record what it says."""
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "-c", _LOAD, str(HERE), path, name]
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    if done.returncode:
        raise SystemExit(f"{name} from {path}: {done.stderr.strip()}")
    record = recorded() if RECORD.exists() else {}
    record[name] = json.loads(done.stdout.splitlines()[-1])
    RECORD.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")


def print_peer(name: str) -> None:
    """What that process prints: a line of JSON."""
    system: Any = PEERS[name]()
    survey = _of_system(system)
    versions = {"version": system.version, "numpy": np.__version__}
    statuses = {
        namespace: {status: " ".join(n for n, v in of.items() if v.status == status)
                    for status in dict.fromkeys(v.status for v in of.values())}
        for namespace, of in survey.items()
    }  # fmt: skip
    print(json.dumps(versions | {"found": statuses}))
