"""Where the engine names a gate beside its row: in tables, conditions, lists of imports, strings.

A new gate should need its row and little else, so these are counted. A call is a use: a rule may
say `np.exp(x)`, and a kernel `np.matmul(x, y)`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

__all__ = ["places"]


def places(root: Path, names: set[str], row: str) -> list[str]:
    """The lines below `root` that name a gate by one of its `names`, but for the file of its row.

    A place is given as `file:line: what stands there`; a line of a table counts once.
    """
    found = []
    for path in sorted(root.rglob("*.py")):
        file = path.relative_to(root).as_posix()
        if file != row:
            text = path.read_text()
            lines = {node.lineno for node in _mentions(ast.parse(text), names)}
            found += [f"{file}:{n}: {text.splitlines()[n - 1].strip()}" for n in sorted(lines)]
    return found


def _mentions(tree: ast.Module, names: set[str]) -> Iterator[ast.expr | ast.alias]:
    """Imports and strings that are one of `names`; names and attributes in tables and conditions.

    In a function an operation that is called, or handed to another function, is used.
    """
    used = set(_used(tree))
    imported = {node.name for node in ast.walk(tree) if isinstance(node, ast.alias)}
    for node in ast.walk(tree):
        if isinstance(node, ast.alias):
            mentioned = node.name
        elif isinstance(node, ast.Constant):
            mentioned = node.value
        elif isinstance(node, ast.Attribute) and node not in used:
            mentioned = node.attr
        elif isinstance(node, ast.Name) and node.id in imported and node not in used:
            mentioned = node.id
        else:
            continue
        if mentioned in names:
            yield node


def _used(tree: ast.Module) -> Iterator[ast.AST]:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    inside = {
        part for node in ast.walk(tree) if isinstance(node, functions) for part in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _chain(node.func)
            for given in (*node.args, *(keyword.value for keyword in node.keywords)):
                if node in inside:
                    yield from _chain(given)


def _chain(node: ast.AST) -> Iterator[ast.AST]:
    """A dotted name and its beginnings: `np.add.reduce`, `np.add`, `np`."""
    yield node
    while isinstance(node, ast.Attribute):
        node = node.value
        yield node
