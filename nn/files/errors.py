"""What can be wrong with a file: one class, whatever the file is for."""

from __future__ import annotations

from pathlib import Path
from typing import Self

__all__ = ["FileError"]


class FileError(Exception):
    """A file that cannot be used: `path`, the `reason`, and the `remedy`.

    Weights, checkpoints, and data (`DatasetError`) that are damaged, hostile, or made for something
    else. Nothing has been changed when it is raised. A file that is not there is the system's
    FileNotFoundError.
    """

    def __init__(self, path: str | Path, reason: str, remedy: str):
        super().__init__(f"{path}: {reason}; {remedy}")
        self.path, self.reason, self.remedy = Path(path), reason, remedy

    def __reduce__(self) -> tuple[type[Self], tuple[str, str, str]]:
        return type(self), (str(self.path), self.reason, self.remedy)
