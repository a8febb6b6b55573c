"""What a picture consists of, before anybody decides how it is painted.

A drawing has values (wires, and boxes for data and parameters), gates, the wires between them,
and boxes around gates. All texts are ready to be read; none is escaped.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Box", "Drawing", "Gate", "Lines", "Use", "Value"]

Lines = list[str]


@dataclass(eq=False)
class Box:
    """A scope: a module, a `with scope(...)` block, or the inside of a fused gate."""

    number: int
    name: str
    kind: str
    note: str
    fused: bool  # whether a gate stands for all of it
    symbol: str  # of that gate, if it says more than its name
    parent: Box | None
    times: int = 1  # how many blocks like this one it stands for

    @property
    def depth(self) -> int:
        """How many boxes are around this one."""
        return 0 if self.parent is None else self.parent.depth + 1


@dataclass(eq=False)
class Value:
    """A number or an array on its way: its value, and the gradient that comes back."""

    number: int
    look: str  # "wire", "parameter" or "data"
    name: str
    above: Lines  # the value, or its shape
    is_shape: bool
    below: Lines  # the gradient, or its norm; empty if there is none to show
    is_norm: bool
    note: str  # why there is no gradient
    about: str  # a sentence for a tooltip
    leaf: bool
    flows: bool  # whether gradients flow back through it
    bad_value: bool
    bad_gradient: bool
    box: Box | None
    mark: str = ""  # a number, where it has no name and needs one
    bad: bool = False  # a leaf where NaN or infinity began
    back: bool = False  # it belongs to a backward pass that is drawn from right to left

    @property
    def label(self) -> str:
        """Its name, or the number that stands for it."""
        return self.mark or self.name


@dataclass(eq=False)
class Use:
    """One wire: a value goes into a gate."""

    value: Value
    flows: bool
    enters: bool  # from outside into a box
    cut: bool = False  # too long to be drawn: it begins again with the name of the value


@dataclass(eq=False)
class Gate:
    """A gate, or a whole scope that is drawn as one box."""

    number: int
    symbol: str
    detail: str
    heading: str  # what a closed box holds; empty for a plain gate
    name: str  # of the gate in the gate table, or of the scope
    kind: str
    about: str
    bad: bool
    box: Box | None
    times: int = 1  # how many scopes like this one it stands for
    ordered: bool = False  # whether it matters which of two operands is the upper one
    back: bool = False  # it is drawn from right to left
    inputs: list[Use] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    again: list[Gate] = field(default_factory=list)  # those of the repetition before it reads


@dataclass(eq=False)
class Drawing:
    """A whole picture."""

    root: Value
    root_name: str
    title: str | None
    items: list[Value | Gate]  # in the order in which they were computed
    boxes: list[Box]
    remarks: Lines  # what the reader has to know: no gradients, parts left out
    direction: str
    scheme: str = "light"  # or "dark", or "auto": as the reader's screen is
    of_program: str = ""  # the text of a compiled program, if it shows one
    in_column: bool = True  # whether the leaves stand in one column

    @property
    def values(self) -> list[Value]:
        """All wires and boxes of data."""
        return [item for item in self.items if isinstance(item, Value)]

    @property
    def gates(self) -> list[Gate]:
        """All gates, in the order in which they were computed."""
        return [item for item in self.items if isinstance(item, Gate)]

    @property
    def reading_order(self) -> list[Value | Gate]:
        """All parts in the order in which the formula is read: operands, gate, result."""
        made_by = {value.number: gate for gate in self.gates for value in gate.outputs}
        order: dict[int, Value | Gate] = {}
        begun: set[int] = set()
        todo = [(self.root, False)]
        while todo:
            value, ready = todo.pop()
            gate = made_by.get(value.number)
            if ready or gate is None or gate.number in order:
                if gate is not None:
                    order.setdefault(gate.number, gate)
                order.setdefault(value.number, value)
            elif value.number not in begun:
                begun.add(value.number)
                todo.append((value, True))
                todo += [(use.value, False) for use in reversed(gate.inputs)]
        for item in self.items:
            order.setdefault(item.number, item)
        return list(order.values())

    @property
    def leaves(self) -> list[Value]:
        """What the result is made of, in the order in which its formula is read."""
        return [item for item in self.reading_order if isinstance(item, Value) and item.leaf]

    @property
    def summary(self) -> str:
        """The picture in one sentence."""
        leaves = [value.name for value in self.leaves if value.name not in ("", "…")]
        source = f" from {', '.join(leaves)}" if leaves else ""
        count = len(self.gates)
        how = f", computed by {count} gate{'s' * (count != 1)}{source}" if count else ""
        return f"{self.root_name} = {' '.join(self.root.above)}{how}."
