"""Graphs and options of `draw` made at random: what people name things, and what they ask for.

Everything follows from the seed, so a picture that an engine complains about can be made again.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import numpy as np

import autograd as ag
from autograd import Parameter, Tensor
from autograd.draw import Picture, draw
from autograd.replay import ancestors

NAMES = [
    "", " ", "x", "w0", "W_1", "hidden layer", "Größe", "重み", "😀", "e\u0301", "שלום", "∂L/∂x",
    'a "quoted" one', "it's", "<b>", "</b>", "</table>", "<", ">", "&", "&amp;", "&#0;", "&#x1F;",
    "\\N", "\\", "\\\\", 'end\\"', "]", "];", "{a|b}", "-->", "]]>", "//", "/* */", "#", "%s", "`;",
    "\n", "two\nlines", "tab\there", "\x00", "\x1b[31m", "\ud800", "\ufffe", "\u200b", "\u202e",
    "\xa0", "x" * 200, "<" * 60, "node", "graph", "subgraph", "0", "-1", "NaN", "…",
]  # fmt: skip
UNARY: list[Any] = [
    np.negative, np.exp, np.tanh, np.square, np.abs, np.log, np.sqrt, ag.sigmoid, ag.relu,
    lambda x: x * 3.0, lambda x: 1.0 / x, lambda x: x**3, lambda x: x - 0.5,
    lambda x: np.clip(x, -1.0, 1.0), lambda x: np.where(np.asarray(x.data) > 0, x, 0.0),
]  # fmt: skip
BINARY: list[Any] = [np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum]


class Maker:
    """The random choices of one graph and its picture."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def one(self, *of: Any) -> Any:
        return of[self.rng.integers(len(of))]

    def name(self) -> str:
        return str(self.one(*NAMES)) if self.chance(0.7) else f"v{self.rng.integers(9)}"

    def leaf(self, shape: tuple[int, ...]) -> Tensor:
        values = self.rng.normal(size=shape)
        if self.chance(0.1):
            values = np.where(
                self.rng.random(shape) < 0.5, self.one(np.nan, np.inf, -np.inf), values
            )
        name = self.name() if self.chance(0.7) else None
        if self.chance(0.3):
            return Parameter(values, name=name)
        return Tensor(values, requires_grad=self.chance(0.8), name=name)

    def graph(self) -> Tensor:
        """Up to 14 gates on numbers, vectors or matrices, in scopes that come and go."""
        shape = self.one((), (), (3,), (2, 2))
        values = [self.leaf(shape) for _ in range(self.rng.integers(1, 4))]
        with ExitStack() as stack, np.errstate(all="ignore"):
            if self.chance(0.5):
                stack.enter_context(ag.source_lines())
            for _ in range(self.rng.integers(0, 14)):
                with self.scope(3):
                    values.append(self.gate(values))
                if self.chance(0.2):
                    values[-1].name = self.name()
            result = values[-1]
            return np.sum(result) if shape and self.chance(0.8) else result

    def scope(self, deepest: int) -> ExitStack:
        stack = ExitStack()
        while deepest and self.chance(0.5):
            stack.enter_context(ag.scope(self.name(), self.name(), self.name()))
            deepest -= 1
        return stack

    def gate(self, values: list[Tensor]) -> Tensor:
        x, y = self.one(*values), self.one(*values)
        if len(x.shape) == 2 and self.chance(0.3):
            return x @ y
        if x.shape and self.chance(0.2):
            return self.one(np.sum, np.mean)(x, axis=-1, keepdims=True) + y
        return self.one(*BINARY)(x, y) if self.chance(0.5) else self.one(*UNARY)(x)

    def picture(self) -> Picture:
        """A random graph, drawn with random options."""
        result = self.graph()
        paths = [n.scope.path for n in ancestors(result.node) if n.scope is not None]
        scopes = sorted({scope.name for path in paths for scope in path})
        options: dict[str, Any] = {
            "title": self.one(None, self.name(), f"f = {self.name()}"),
            "decimals": self.one(None, None, 0, 2),
            "show": self.one("auto", "values", "shapes", "stats", "outline"),
            "direction": self.one("LR", "TB"),
            "scheme": self.one("light", "dark", "auto"),
            "fold": self.one(None, None, True, False),
            "depth": self.one(None, None, None, 0, 1),
            "max_nodes": self.one(300, 300, 300, 5),
            "expand": self.one(False, False, True, "sigmoid"),
            "gradient": np.ones(result.shape) if self.chance(0.3) or result.shape else None,
        }
        if result.requires_grad and not result.is_leaf and self.chance(0.3):
            options["backward"] = True
        elif scopes and self.chance(0.3):
            options["collapse"] = [self.one(*scopes)]
        elif self.chance(0.3):
            options["names"] = {self.name(): result}
        return draw(result, **options)
