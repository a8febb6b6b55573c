"""The store of one compiled function: its programs, as many as there is room for.

Every new shape, and every new value of an int, is traced and gets a program, with its buffers. The
programs that were used last are kept, and others are let go: if their arguments come again, the
function is traced again. A function that goes through two or three shapes in each epoch keeps all
of them, however large they are; one that meets another shape at every call does not fill the
memory.
"""

from __future__ import annotations

from itertools import count
from typing import Any, Protocol

__all__ = ["SAID", "Store", "changing_int", "now", "say"]

PROGRAMS = 256  # so many are kept at most,
NBYTES = 1 << 28  # and so many bytes of them,
FEWEST = 8  # but so many in any case
PER_KIND = 8  # for the same kinds of arguments, which differ in what they found outside
TRACES = 5  # in a row, of which only an int tells the difference, are too many
SAID = 200  # how many traces `why` tells of

now = count().__next__  # a clock: of two moments the later one is larger


class Kept(Protocol):
    """A program, as the store sees it."""

    used: int  # when it was used last
    said: str  # why it cannot be used again, if so

    @property
    def nbytes(self) -> int:
        """About what it takes."""


class Store(dict[Any, list[Any]]):
    """Programs by the kinds of arguments. Lists in it are never changed, but replaced."""

    def keep(self, key: Any, entry: Kept) -> str:
        """Take in a program, which is used now; tells in words if others are let go for it."""
        entry.used = now()
        self[key] = [entry, *(kept for kept in self.get(key, []) if not kept.said)][:PER_KIND]
        all_kept = sorted(
            (kept for entries in self.values() for kept in entries),
            key=lambda kept: kept.used,
            reverse=True,
        )
        if len(all_kept) <= FEWEST:
            return ""
        room, going = NBYTES, set()
        for k, kept in enumerate(all_kept):
            room -= kept.nbytes
            if k >= FEWEST and (room < 0 or k >= PROGRAMS):
                going.add(kept)
        if not going:
            return ""
        for other, entries in list(self.items()):
            if left := [kept for kept in entries if kept not in going]:
                self[other] = left
            else:
                del self[other]
        number = f"{len(going)} programs" if len(going) > 1 else "the program"
        return f"; {number} used longest ago let go, {len(all_kept) - len(going)} are kept"


def say(why: list[str], words: str) -> None:
    """Add to what is told of traces: the first one, and the last ones."""
    why.append(words)
    if len(why) > SAID:
        del why[1]


def changing_int(keys: list[Any]) -> int | None:
    """The number of the argument, if the last traces differ in one int alone: another at each.

    `keys` are the kinds of the arguments of the last traces, and are forgotten when this was so.
    """
    del keys[:-TRACES]
    if len(keys) < TRACES or len({structure for structure, _ in keys}) > 1:
        return None
    columns = list(zip(*(kinds for _, kinds in keys), strict=True))
    different = [k for k, kinds in enumerate(columns) if len(set(kinds)) > 1]
    if len(different) != 1:
        return None
    kinds = columns[different[0]]
    if any(kind[0] != "int" for kind in kinds) or len(set(kinds)) < TRACES:
        return None
    keys.clear()
    return different[0]
