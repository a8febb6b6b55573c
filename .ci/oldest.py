"""The oldest versions that pyproject.toml allows, as constraints for pip: each `>=` as `==`.

    python .ci/oldest.py > oldest.txt && pip install -c oldest.txt -e ".[test]"

So a lower bound is said once, there, and the suite runs on what it promises.
"""

import re
import tomllib
from pathlib import Path

pyproject = Path(__file__).resolve().parents[1] / "pyproject.toml"
project = tomllib.loads(pyproject.read_text())["project"]
for requirements in (project["dependencies"], *project["optional-dependencies"].values()):
    for requirement in requirements:
        if re.fullmatch(r"[\w.-]+>=[\w.]+", requirement):
            print(requirement.replace(">=", "=="))
