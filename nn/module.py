"""Modules: parts of a net that own parameters and contain other parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autograd import Parameter, Tensor, scope

__all__ = ["Module", "Sequential"]


class Module:
    """A part of a net. Write `forward`; call the module, and its gates are drawn in one box.

    Parameters and modules assigned to attributes are found by themselves, in that order.

    >>> class Scale(Module):
    ...     def __init__(self):
    ...         self.factor = Parameter(2.0)
    ...     def forward(self, x):
    ...         return self.factor * x
    >>> scale = Scale()
    >>> float(scale(3.0)), [name for name, _ in scale.named_parameters()]
    (6.0, ['factor'])
    """

    _name = ""
    _box: scope | None = None  # this module's box in pictures; made at the first call

    def forward(self, *inputs: Any) -> Any:
        """Compute the output, as a Tensor, from inputs that are arrays or Tensors."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward()")

    def __call__(self, *inputs: Any) -> Any:
        with self._box or self._make_box():
            return self.forward(*inputs)

    def _make_box(self) -> scope:
        """A box with this module's name, class and size."""
        kind = type(self).__name__ if self._name else ""
        own = sum(p.size for p in vars(self).values() if isinstance(p, Parameter))
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

    def children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly inside this one, by name."""
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield name, value
            elif isinstance(value, (list, tuple)):
                for k, item in enumerate(value):
                    if isinstance(item, Module):
                        yield f"{name}.{k}", item

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter]]:
        """Every parameter once, with its path, such as ("fc1.W", ...)."""
        seen: set[int] = set()
        for path, parameter in self._walk(prefix):
            if id(parameter) not in seen:
                seen.add(id(parameter))
                yield path, parameter

    def _walk(self, prefix: str) -> Iterator[tuple[str, Parameter]]:
        for name, value in vars(self).items():
            if isinstance(value, Parameter):
                yield prefix + name, value
        for name, child in self.children():
            yield from child._walk(f"{prefix}{name}.")

    def parameters(self) -> list[Parameter]:
        """Every parameter once, in the order of assignment."""
        return [parameter for _, parameter in self.named_parameters()]

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.zero_grad()

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={child!r}" for name, child in self.children())
        return f"{type(self).__name__}({inside})"


class Sequential(Module):
    """Modules one after the other: the output of each is the input of the next.

    >>> import nn
    >>> net = nn.Sequential(nn.Linear(2, 100, seed=0), nn.ReLU(), nn.Linear(100, 3, seed=1))
    >>> net([[0.0, 0.0]] * 5).shape
    (5, 3)
    """

    def __init__(self, *modules: Module):
        for module in modules:
            if not callable(module):
                raise TypeError(f"Sequential: expected modules or functions, got {module!r}")
        self.modules = list(modules)
        for k, module in enumerate(modules):
            if isinstance(module, Module) and not module._name:
                object.__setattr__(module, "_name", str(k))

    def forward(self, x: Any) -> Tensor:
        """Apply the modules in order."""
        for module in self.modules:
            x = module(x)
        return x  # type: ignore[no-any-return]

    def __len__(self) -> int:
        return len(self.modules)

    def __getitem__(self, index: int) -> Module:
        return self.modules[index]
