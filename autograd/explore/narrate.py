"""The chain rule told in text, gate by gate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..draw.numbers import gradient_norm, number, plural, shape
from .events import Backward, Event, Flow, Forward, Seed, Start
from .parts import Part, Quantity

__all__ = ["narrate"]

SUMMANDS = 8  # that are written out at a fork: the last ones
Lines = list[str]
Say = Callable[[Any], str]


def narrate(steps: list[Event], root: str, decimals: int | None = None) -> str:
    """The steps as text: what each gate computes, then how the gradient comes back."""
    seeded = any(isinstance(step, Seed) for step in steps)
    teller = _Teller(root, decimals, len(str(len(steps) - 1)))
    lines: Lines = []
    for k, step in enumerate(steps):
        lines += teller.tell(k, step)
    if not seeded:
        lines += [
            "",
            "no gradients: nothing that requires one leads here, or no gradient was given",
        ]
    return "\n".join(lines) + "\n"


class _Teller:
    def __init__(self, root: str, decimals: int | None, width: int):
        self.root, self.decimals, self.width = root, decimals, width

    def tell(self, k: int, step: Event) -> Lines:
        """The lines of one step; `k` is its number, as in the page."""
        if isinstance(step, Start):
            return ["forward", *self._numbered(k, "inputs", self._leaves(step))]
        if isinstance(step, Forward):
            return self._numbered(k, self._forward(step), [])
        if isinstance(step, Seed):
            start = f"∂{self.root}/∂{self.root} = {self._gradient(step.result.gradient)}"
            return ["", "backward", *self._numbered(k, start, [])]
        return self._numbered(k, self._head(step.part), self._flows(step))

    def _numbered(self, k: int, first: str, rest: Lines) -> Lines:
        margin = " " * (self.width + 4)
        return [f"  {k:>{self.width}}  {first}", *(f"{margin}{line}" for line in rest)]

    # --- forward -----------------------------------------------------------------------------

    def _leaves(self, step: Start) -> Lines:
        return [self._is(leaf) for leaf in step.leaves if leaf.named or leaf.tracked]

    def _is(self, quantity: Quantity) -> str:
        if np.ndim(quantity.value) == 0:
            return f"{quantity.label} = {self._value(quantity.value)}"
        return f"{quantity.label} {shape(quantity.value)}"

    def _forward(self, step: Forward) -> str:
        if step.part.gates > 1:
            inputs = ", ".join(q.label for q in step.inputs)
            outputs = ", ".join(self._is(q) for q in step.outputs)
            return f"{step.part.name} ({plural(step.part.gates, 'gate')}): {inputs} → {outputs}"
        out = step.outputs[0]
        gate = f"{step.part.symbol}: " if step.part.symbol else ""
        inputs = ", ".join(self._is(q) for q in step.inputs)
        return f"{gate}{inputs} → {self._is(out)}{_where(step.part)}"

    # --- backward ----------------------------------------------------------------------------

    def _head(self, part: Part) -> str:
        held = f" ({plural(part.gates, 'gate')})" if part.gates > 1 else ""
        return f"{part.symbol}{held}: {part.role}{_where(part)}"

    def _flows(self, step: Backward) -> Lines:
        upstream = next(q.gradient for q in step.outputs if q.gradient is not None)
        lines = []
        for flow in step.flows:
            single = np.ndim(flow.downstream) == 0 and flow.local is not None
            lines.append(self._product(flow, upstream) if single else self._formula(flow))
            lines += self._sum(flow)
        return lines

    def _product(self, flow: Flow, upstream: Any) -> str:
        if np.ndim(flow.local) or np.ndim(upstream):
            return self._formula(flow)
        local, up, down = map(self._value, (flow.local, upstream, flow.downstream))
        is_number = flow.formula.lstrip("−").replace(".", "").isdigit() or not flow.formula
        formula = "" if is_number or flow.formula == local else f"{flow.formula} = "
        return f"{flow.into.label}: local {formula}{local} × upstream {up} = {down}"

    def _formula(self, flow: Flow) -> str:
        parts = [flow.formula, flow.shapes, self._gradient(flow.downstream)]
        return f"{flow.into.label}: {', '.join(filter(None, parts))}"

    def _sum(self, flow: Flow) -> Lines:
        """At a fork: what has arrived so far, added up."""
        if flow.uses == 1:
            return []
        several = flow.count > 1
        before = flow.count - SUMMANDS
        skipped = "… + " if before > 0 else ""
        if np.ndim(flow.downstream) == 0:
            last = flow.arrivals[max(0, before) : flow.count]
            terms = skipped + " + ".join(map(self._value, last))
            total = f" = {self._value(flow.total)}" if several else ""
        else:  # norms do not add
            which = range(max(0, before) + 1, flow.count + 1)
            terms = skipped + " + ".join(f"g{k}" for k in which)
            total = f", {self._gradient(flow.total)}" if several else ""
        left = flow.uses - flow.count
        state = f"; {left} still to come" if left else f": all {flow.uses} have arrived"
        if left and left == flow.elsewhere:
            state = f"; {left} more from gates that are not shown"
        return [f"  fork, an adder of gradients: {terms}{total}{state}"]

    # --- numbers -----------------------------------------------------------------------------

    def _value(self, value: Any) -> str:
        return number(value, self.decimals)

    def _gradient(self, g: Any) -> str:
        return self._value(g) if np.ndim(g) == 0 else f"norm {gradient_norm(g)}"


def _where(part: Part) -> str:
    """The scopes around a gate, and the line that called it."""
    inside = f"  in {'/'.join(part.path)}" if part.path else ""
    if part.source is None:
        return inside
    source = part.source
    made = source.text[source.start : source.end]
    return f"{inside}  [{source.file}:{source.line}{f'  {made}' if made else ''}]"
