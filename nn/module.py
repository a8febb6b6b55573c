"""Modules: parts of a net that own parameters and contain other parts."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Mapping
from typing import Any, Self

from autograd import Parameter, Tensor, scope

from .rng import Seed, spawn

__all__ = ["Module", "Sequential"]


class Module:
    """A part of a net. Write `forward`; call the module, and its gates are drawn in one box.

    `forward(x)` computes the same as calling does, recorded when something is tracked. Parameters
    and modules assigned to attributes are found by themselves, in that order; also inside lists,
    tuples and dicts, nested.

    >>> class Scale(Module):
    ...     def __init__(self):
    ...         self.factor = Parameter(2.0)
    ...     def forward(self, x):
    ...         return self.factor * x
    >>> scale = Scale()
    >>> scale(3.0).item(), [name for name, _ in scale.named_parameters()]
    (6.0, ['factor'])
    """

    _name = ""
    _box: scope | None = None  # this module's box in pictures; made at the first call

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """Compute the output from inputs that are arrays or Tensors."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward()")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        with self._box or self._make_box():
            return self.forward(*inputs, **options)

    def _make_box(self) -> scope:
        """A box with this module's name, class and size."""
        kind = type(self).__name__ if self._name else ""
        own = sum({id(p): p.size for _, p in self._held() if isinstance(p, Parameter)}.values())
        box = scope(self._name or type(self).__name__, kind, f"{own:,} params" if own else "")
        object.__setattr__(self, "_box", box)
        return box

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Module) and not value._name:
            object.__setattr__(value, "_name", name)
            object.__setattr__(value, "_box", None)
        elif isinstance(value, Parameter) and value.name is None:
            value.name = name
        object.__setattr__(self, name, value)
        object.__setattr__(self, "_box", None)

    def _held(self) -> Iterator[tuple[str, Parameter | Module]]:
        """The parameters and modules directly inside this one, by name."""
        for name, value in vars(self).items():
            yield from _found(name, value)

    def children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly inside this one, by name."""
        for name, value in self._held():
            if isinstance(value, Module):
                yield name, value

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module and all modules inside it, each once, with its path, such as "fc1."."""
        seen: set[int] = set()
        todo: list[tuple[str, Module]] = [(prefix, self)]
        while todo:
            path, module = todo.pop()
            if id(module) not in seen:
                seen.add(id(module))
                yield path, module
                inside = [(f"{path}{name}.", child) for name, child in module.children()]
                todo += reversed(inside)

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter]]:
        """Every parameter once, with its path, such as ("fc1.W", ...)."""
        seen: set[int] = set()
        for path, module in self.named_modules(prefix):
            for name, value in module._held():
                if isinstance(value, Parameter) and id(value) not in seen:
                    seen.add(id(value))
                    yield path + name, value

    def parameters(self) -> list[Parameter]:
        """Every parameter once, in the order of assignment."""
        return [parameter for _, parameter in self.named_parameters()]

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.zero_grad()

    def draw(self, seed: Seed) -> None:
        """Draw this module's own parameters anew; a layer with random weights overrides it."""

    def initialise(self, seed: Seed = None) -> Self:
        """Draw the weights of all layers anew, each layer's from a seed of its own.

        The layers' seeds are spawned from `seed`, so no two layers are alike, and the same seed
        gives the same net. Layers that were given their arrays keep them, and so do modules of
        your own, unless they define `draw`.

        >>> import nn
        >>> net = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3)).initialise(seed=0)
        >>> bool((net[0].W.data == net[1].W.data).any())
        False
        """
        layers = [m for _, m in self.named_modules() if type(m).draw is not Module.draw]
        for layer, rng in zip(layers, spawn(seed, len(layers)), strict=True):
            layer.draw(rng)
        return self

    @reprlib.recursive_repr()
    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={child!r}" for name, child in self.children())
        return f"{type(self).__name__}({inside})"


def _found(
    path: str, value: Any, around: tuple[int, ...] = ()
) -> Iterator[tuple[str, Parameter | Module]]:
    """The parameters and modules in `value`, through containers; `around` has those it is in."""
    if isinstance(value, (Parameter, Module)):
        yield path, value
    elif isinstance(value, (list, tuple, Mapping)) and id(value) not in around:
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, item in items:
            yield from _found(f"{path}.{key}", item, (*around, id(value)))
    elif isinstance(value, (set, frozenset)) and any(
        isinstance(item, (Parameter, Module)) for item in value
    ):
        raise TypeError(
            f"Module: {path} is a set of parameters or modules, which has no order; use a list or "
            "a dict"
        )


class Sequential(Module):
    """Modules one after the other: the output of each is the input of the next.

    With a `seed`, the weights of all layers are drawn anew from it, see `initialise`.

    >>> import nn
    >>> net = nn.Sequential(nn.Linear(2, 100), nn.ReLU(), nn.Linear(100, 3), seed=0)
    >>> net([[0.0, 0.0]] * 5).shape
    (5, 3)
    """

    def __init__(self, *modules: Module, seed: Seed = None):
        for module in modules:
            if not callable(module):
                raise TypeError(f"Sequential: expected modules or functions, got {module!r}")
        self.modules = list(modules)
        for k, module in enumerate(modules):
            if isinstance(module, Module) and not module._name:
                object.__setattr__(module, "_name", str(k))
        if seed is not None:
            self.initialise(seed)

    def forward(self, x: Any) -> Tensor:
        """Apply the modules in order."""
        for module in self.modules:
            x = module(x)
        return x  # type: ignore[no-any-return]

    def __len__(self) -> int:
        return len(self.modules)

    def __getitem__(self, index: int) -> Module:
        return self.modules[index]
