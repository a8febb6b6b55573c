"""Identifiers: names of the user's made into valid, distinct names of Python.

A user may call a parameter anything: W₁, fc1.W, class, or a line of code. In a text each gets a
name that looks like it and can do no harm.
"""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Iterable

__all__ = ["Identifiers", "identifier"]

LONGEST = 40  # characters
SOFT = {"case", "match", "type"}  # keywords in some places
RESERVED = {*keyword.kwlist, *SOFT, *dir(builtins), "np", "_"} - {"_"}
READ_AS = {"∂": "d", "∇": "grad_", "−": "_"}
INVISIBLE = {"Cf", "Cs"}  # categories: directions of writing, joiners; halves of characters


def identifier(name: str, otherwise: str = "x") -> str:
    """A valid identifier that looks like a name; `otherwise`, if nothing of it can be kept.

    It is in the form NFKC, as Python reads identifiers, and no keyword, builtin, or `np`.

    >>> [identifier(name) for name in ("W₁", "x²", "fc1.W", "class", "x'", "W, V", "1")]
    ['W1', 'x2', 'fc1_W', 'class_', 'x_prime', 'W_V', 'x1']
    """
    shown = (c for c in name[: 4 * LONGEST] if unicodedata.category(c) not in INVISIBLE)
    plain = unicodedata.normalize("NFKC", "".join(READ_AS.get(c, c) for c in shown))
    plain = re.sub(r"(?<=\w)['′]$", "_prime", plain)
    kept = "".join(c if f"a{c}".isidentifier() else " " for c in plain)
    found = re.sub("_* +_*", "_", kept.strip())[:LONGEST]
    if found.startswith("__") and found.endswith("__"):
        found = found.strip("_") or found
    if not found.isidentifier():
        found = f"{otherwise}{found}" if f"a{found}".isidentifier() else otherwise
    return f"{found}_" if found in RESERVED else found


class Identifiers:
    """The names of one text, no two of them alike."""

    def __init__(self, taken: Iterable[str] = ()):
        self.taken = set(taken)
        self._numbers: dict[str, int] = {}

    def new(self, name: str, otherwise: str = "x") -> str:
        """An identifier that looks like this name and is not taken; from now on it is."""
        found = wanted = identifier(name, otherwise)
        number = 2
        while found in self.taken:
            found = f"{wanted}{'_' * wanted[-1].isdigit()}{number}"
            number += 1
        self.taken.add(found)
        return found

    def numbered(self, stem: str) -> str:
        """The next of stem1, stem2, ... that is not taken."""
        number = self._numbers.get(stem, 1)
        while f"{stem}{number}" in self.taken:
            number += 1
        self._numbers[stem] = number + 1
        self.taken.add(f"{stem}{number}")
        return f"{stem}{number}"
