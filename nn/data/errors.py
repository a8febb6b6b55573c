"""What can be wrong with a data set."""

from __future__ import annotations

from pathlib import Path

__all__ = ["DatasetError", "SubsetWarning"]


class DatasetError(Exception):
    """A data file that cannot be used: `path`, the `reason`, and the `remedy`."""

    def __init__(self, path: str | Path, reason: str, remedy: str):
        super().__init__(f"{path}: {reason}; {remedy}")
        self.path, self.reason, self.remedy = Path(path), reason, remedy

    def __reduce__(self) -> tuple[type[DatasetError], tuple[str, str, str]]:
        return type(self), (str(self.path), self.reason, self.remedy)


class SubsetWarning(UserWarning):
    """The small subset that ships with the package stands in for the full data set."""
