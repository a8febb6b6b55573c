"""What can be wrong with a data set."""

from __future__ import annotations

from ..files.errors import FileError

__all__ = ["DatasetError", "SubsetWarning"]


class DatasetError(FileError):
    """A data file that cannot be used: `path`, the `reason`, and the `remedy`."""


class SubsetWarning(UserWarning):
    """The small subset that ships with the package stands in for the full data set."""
