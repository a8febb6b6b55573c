"""The summary of a net: a table of its modules, with outputs, parameters, memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import Tensor, no_grad

if TYPE_CHECKING:
    from .module import Module

__all__ = ["Row", "Summary", "summarise"]


@dataclass(frozen=True)
class Row:
    """A module in the table.

    path, module   where it is, and its class with its settings
    output         the shapes of what the last call gave: one, or several; None without a call
    parameters     the number of trained and frozen numbers in it and all modules inside
    memory         the bytes of its parameters and buffers, also of those inside
    """

    path: str
    module: str
    output: tuple[tuple[int, ...], ...] | None
    parameters: int
    memory: int

    def cells(self) -> tuple[str, ...]:
        """The same as texts."""
        output = "-" if self.output is None else ", ".join(map(str, self.output))
        return self.path, self.module, output, f"{self.parameters:,}", amount(self.memory)


@dataclass(frozen=True, repr=False)
class Summary:
    """A table of the modules of a net; its text is the table.

    rows           one for each module, the net itself first
    parameters, trained   how many numbers the parameters hold, and how many of them are not frozen
    buffers        how many numbers the buffers hold
    memory         bytes of parameters and buffers
    outputs        bytes of what the innermost modules gave
    """

    rows: tuple[Row, ...]
    parameters: int
    trained: int
    buffers: int
    memory: int
    outputs: int

    def __repr__(self) -> str:
        head = "path", "module", "output", "parameters", "memory"
        lines = [head, *(row.cells() for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = [
            "  ".join(
                cell.rjust(width) if k > 2 else cell.ljust(width)
                for k, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
            for line in lines
        ]
        return "\n".join([*text, self._total()])

    def _total(self) -> str:
        outputs = f"; outputs: {amount(self.outputs)}" if self.outputs else ""
        return (
            f"{self.parameters:,} parameters ({self.trained:,} trained), {self.buffers:,} buffers: "
            f"{amount(self.memory)}{outputs}"
        )


def amount(count: int) -> str:
    """A number of bytes.

    >>> amount(100), amount(31 << 18)
    ('100 B', '7.8 MiB')
    """
    size, unit = float(count), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"


def summarise(net: Module, inputs: tuple[Any, ...]) -> Summary:
    """The table of a net that is called with the inputs, if there are any."""
    found = _outputs(net, inputs) if inputs else {}
    rows = []
    for path, module in net.named_modules():
        output = found.get(id(module))
        shapes = None if output is None else tuple(x.shape for x in output)
        parameters, held = module.parameters(), [*module.parameters(), *module.buffers()]
        rows.append(Row(path, _head(module), shapes, _numbers(parameters), _bytes(held)))
    inner = [m for _, m in net.named_modules() if not m.children()]
    parameters, buffers = net.parameters(), net.buffers()
    return Summary(
        tuple(rows), _numbers(parameters), _numbers(p for p in parameters if p.requires_grad),
        _numbers(buffers), _bytes([*parameters, *buffers]),
        sum(_bytes(found.get(id(m), ())) for m in inner),
    )  # fmt: skip


def _head(module: Module) -> str:
    return type(module).__name__ if module.children() else repr(module)


def _outputs(net: Module, inputs: tuple[Any, ...]) -> dict[int, list[Any]]:
    """By id of a module: the arrays that its last call gave."""
    found: dict[int, list[Any]] = {}

    def note(module: Module, _: Any, out: Any) -> None:
        found[id(module)] = [*_arrays(out)]

    modules = [module for _, module in net.named_modules()]
    before = [module.training for module in modules]
    hooks = [module.register_forward_hook(note) for module in modules]
    try:
        net.eval()
        with no_grad():
            net(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
        for module, training in zip(modules, before, strict=True):
            object.__setattr__(module, "training", training)
    return found


def _arrays(out: Any) -> Iterator[Any]:
    """The arrays in what a module gave, which may be a container of several."""
    if isinstance(out, (tuple, list)):
        for part in out:
            yield from _arrays(part)
    elif isinstance(out, dict):
        yield from _arrays([*out.values()])
    elif isinstance(out, (Tensor, np.ndarray)):
        yield out


def _numbers(tensors: Iterable[Any]) -> int:
    return sum(x.size for x in tensors)


def _bytes(tensors: Iterable[Any]) -> int:
    return sum(x.size * x.dtype.itemsize for x in tensors)
