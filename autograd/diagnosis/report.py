"""The report of a diagnosis: a table of parameters, and a sentence and a remedy for each fault."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .causes import Cause
from .places import layer, line

__all__ = ["Diagnosis", "Fault", "Row", "grouped"]

FINE = "healthy", "frozen", "redundant", "stationary"  # statuses that are no faults
NOTES = {
    "redundant": (
        "what is added up in the gradient of {names} cancels, but for rounding. So it is with a "
        "bias before a normalisation, which takes it away again: bias=False leaves it out, and it "
        "does no harm. So it is, too, at a minimum"
    ),
    "stationary": "what is added up in the gradient of {names} cancels: it is at its best",
}


@dataclass(frozen=True)
class Row:
    """A parameter and its gradient.

    status    "healthy", "frozen", "redundant" (the loss does not depend on it), "stationary";
              or a fault: "zero", "vanishing", "exploding", "NaN", "infinite", "unconnected"
    gradient, weight   roots of the mean squares; None where no gradient arrives
    ratio     the norm of the gradient by that of the weights; None where these are 0
    """

    name: str
    shape: tuple[int, ...]
    status: str
    gradient: float | None
    weight: float
    ratio: float | None

    @property
    def ok(self) -> bool:
        """Whether it is no fault."""
        return self.status in FINE

    def judged(self, status: str) -> Row:
        """The same with another status."""
        return replace(self, status=status)

    def cells(self) -> tuple[str, ...]:
        """The row as texts."""
        sizes = self.gradient, self.weight, self.ratio
        numbers = ("-" if x is None else f"{x:.2g}" for x in sizes)
        return self.name, str(self.shape), *numbers, self.status


@dataclass(frozen=True)
class Fault:
    """What is wrong with some parameters, and where.

    status       of their rows
    kind         "dead", "saturated", "flat", "zeros", "unused", "zero"; "vanishing", "exploding",
                 "scale"; "leaf", "gate", "slope" (NaN or infinity); "detached", "cut"
    gate, layer, line   where it arose, as far as it is known; else ''
    """

    status: str
    kind: str
    parameters: tuple[str, ...]
    sentence: str
    remedy: str
    gate: str = ""
    layer: str = ""
    line: str = ""

    def __str__(self) -> str:
        told = [f"{self.status}: {listed(self.parameters)}", self.sentence]
        told += [f"at {self.line}"] if self.line else []
        return "\n  ".join([*told, f"-> {self.remedy}"])


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """What a loss gives to each parameter; true when there is no fault.

    loss     its value
    rows     one for each parameter
    faults   one for each cause; `str` tells them after the table of rows
    notes    layers of which most units are dead, though not all
    """

    loss: float
    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether there is no fault."""
        return not self.faults

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        head = "parameter", "shape", "gradient", "weight", "ratio", "status"
        text = [table(head, (row.cells() for row in self.rows), numbers=(2, 3, 4))]
        text += [f"\n{fault}" for fault in self.faults]
        for status, note in NOTES.items():
            names = [row.name for row in self.rows if row.status == status]
            if names:
                text.append(f"\n{status}: {note.format(names=listed(names))}")
        text += [f"\nnote: {note}" for note in self.notes]
        found = f"{len(self.faults)} faults" if len(self.faults) != 1 else "1 fault"
        return "\n".join([*text, f"\nloss {self.loss:.6g}: {found if self.faults else 'healthy'}"])


def grouped(
    judged: Iterable[tuple[Row, Cause | None]],
) -> tuple[tuple[Row, ...], tuple[Fault, ...]]:
    """The rows, and a fault for all those that have one cause in common."""
    rows, together = [], dict[tuple[str, str, object], tuple[Cause, list[str]]]()
    for row, cause in judged:
        rows.append(row)
        if row.ok:
            continue
        cause = cause or Cause("unknown", "its cause was not found", "look at its gates with draw")
        key = row.status, cause.kind, cause.node if cause.node is not None else cause.remedy
        together.setdefault(key, (cause, []))[1].append(row.name)
    faults = []
    for (status, _, _), (cause, names) in together.items():
        node = cause.node
        gate = node.plan.gate.name if node is not None and node.plan is not None else ""
        site = node.site if node is not None else None
        faults.append(
            Fault(status, cause.kind, tuple(names), cause.sentence, cause.remedy, gate,
                  layer(site), line(site))
        )  # fmt: skip
    return tuple(rows), tuple(faults)


def listed(names: Iterable[str], most: int = 6) -> str:
    """Names in a line; of many the first."""
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def table(
    head: tuple[str, ...], rows: Iterable[tuple[str, ...]], numbers: tuple[int, ...] = ()
) -> str:
    """Columns of texts, those of numbers to the right."""
    lines = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if k in numbers else cell.ljust(width)
            for k, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ).rstrip()
        for cells in lines
    )
