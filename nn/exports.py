"""What a package gives to its users: names, and not the files that define them."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

__all__ = ["own_names"]


def own_names(package: str, names: dict[str, Any]) -> list[str]:
    """The public names of a package that were defined in its files.

    `from .layers import *` also brings the files of `layers`, as modules, which might hide those of
    the package: they are taken out again.
    """
    for name, value in [*names.items()]:
        own = sys.modules.get(f"{package}.{name}")
        if (
            isinstance(value, ModuleType)
            and value is not own
            and value.__name__.startswith(package)
        ):
            del names[name]
            if own is not None:
                names[name] = own
    inside = (k for k, x in names.items() if getattr(x, "__module__", "").startswith(package))
    return [name for name in inside if not name.startswith("_") and name != "own_names"]
