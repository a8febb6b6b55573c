"""Settings of optimisers, such as the step size, and the groups of parameters that share them.

A setting is checked when it is set, and a compiled step reads it at every call.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from autograd import Parameter, is_compiling, setting

__all__ = ["Entry", "Group", "Setting", "count", "flag", "fraction", "not_negative", "positive"]

Check = Callable[[str, Any], Any]


def _number(what: str, value: Any, expected: str) -> Any:
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{what} is {value!r}; expected {expected}")
    # a stand-in, while a function that changes it is compiled, has no value to convert
    return float(value) if isinstance(value, np.generic) else value * 1.0


def positive(what: str, value: Any) -> float:
    """The value, if it is a positive, finite number. Raises TypeError or ValueError."""
    number: float = _number(what, value, "a positive number")
    if not 0 < number < math.inf:
        raise ValueError(f"{what} is {value}; expected a positive, finite number")
    return number


def not_negative(what: str, value: Any) -> float:
    """The value, if it is a finite number of at least 0. Raises TypeError or ValueError."""
    number: float = _number(what, value, "a number of at least 0")
    if not 0 <= number < math.inf:
        raise ValueError(f"{what} is {value}; expected a finite number of at least 0")
    return number


def fraction(what: str, value: Any) -> float:
    """The value, if it is a number from 0 to below 1. Raises TypeError or ValueError."""
    number: float = _number(what, value, "a number from 0 to below 1")
    if not 0 <= number < 1:
        raise ValueError(f"{what} is {value}; expected a number from 0 to below 1")
    return number


def count(what: str, value: Any) -> int:
    """The value, if it is an integer of at least 1. Raises TypeError or ValueError."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool):
        raise TypeError(f"{what} is {value!r}; expected a count")
    if value < 1:
        raise ValueError(f"{what} is {value}; expected a count of at least 1")
    return int(value)


def flag(what: str, value: Any) -> bool:
    """The value, if it is True or False. Raises TypeError."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{what} is {value!r}; expected True or False")
    return bool(value)


@dataclass(frozen=True)
class Setting:
    """A setting of an optimiser, declared in its class: how it is checked.

    As an attribute of the optimiser it is that of all groups; setting it sets it in each.
    """

    check: Check
    name: str = ""

    def __set_name__(self, owner: type, name: str) -> None:
        object.__setattr__(self, "name", name)

    def __get__(self, optimiser: Any, kind: type | None = None) -> Any:
        if optimiser is None:
            return self
        first, *others = (getattr(group, self.name) for group in optimiser.param_groups)
        if any(value != first for value in others):
            raise ValueError(
                f"{type(optimiser).__name__}: the groups differ in {self.name}; ask one of them, "
                f"param_groups[0].{self.name}"
            )
        return first

    def __set__(self, optimiser: Any, value: Any) -> None:
        value = self.check(f"{type(optimiser).__name__}: {self.name}", value)
        for group in optimiser.param_groups:
            setattr(group, self.name, value)


class Held:
    """The numbers themselves, as attributes."""

    def __repr__(self) -> str:
        return f"Held({vars(self)})"


class Entry:
    """A parameter, what its optimiser keeps of it, and how many steps it has missed.

    arrays   by PyTorch's names, such as exp_avg: untracked Parameters of its shape and dtype
    """

    def __init__(self, param: Parameter, missed: int = 0):
        self.param, self.missed = param, missed
        self.arrays: dict[str, Parameter] = {}


class Group:
    """Parameters that share their settings, which are attributes, and also items: group["lr"]."""

    def __init__(self, kind: Any, params: list[Parameter], missed: int, values: Mapping[str, Any]):
        own = vars(self)
        own["_kind"], own["_held"], own["initial_lr"] = kind, Held(), None
        own["entries"] = [Entry(p, missed) for p in params]
        for name, value in values.items():
            checked = kind.SETTINGS[name].check(f"{kind.__name__}: {name}", value)
            setattr(self._held, name, checked)

    @property
    def params(self) -> list[Parameter]:
        """The parameters of the group, in order."""
        return [entry.param for entry in self.entries]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._kind.SETTINGS:
            raise AttributeError(f"a group of {self._told()} has no setting {name!r}")
        return setting(self._held, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "initial_lr":
            vars(self)[name] = value
            return
        if name not in self._kind.SETTINGS:
            raise AttributeError(
                f"a group of {self._told()} has no setting {name!r}, only "
                f"{', '.join(self._kind.SETTINGS)}"
            )
        setattr(self._held, name, self._kind.SETTINGS[name].check(self._told(name), value))
        self.prepare()

    def _told(self, name: str = "") -> str:
        kind = vars(self)["_kind"].__name__ if "_kind" in vars(self) else "an optimiser"
        return f"{kind}: {name}" if name else kind

    def now(self) -> Any:
        """The settings as attributes, to be read often: quickly, where nothing is compiled."""
        return self if is_compiling() else self._held

    def values(self) -> Iterator[tuple[str, Any]]:
        """The settings by name."""
        for name in self._kind.SETTINGS:
            yield name, getattr(self, name)

    def set(self, name: str, value: Any) -> tuple[Any, str, Any]:
        """A setting as a change for `set_all`, for those who have checked it: schedules."""
        return self._held, name, value

    def prepare(self) -> None:
        """Make the arrays that the settings ask for and that are not there yet."""
        for entry in self.entries:
            for name, value in self._kind.arrays_of(self).items():
                if name not in entry.arrays:
                    p = entry.param
                    filled = np.full(p.shape, value, p.dtype)
                    entry.arrays[name] = Parameter(filled, False, name=name)

    def __getitem__(self, name: str) -> Any:
        if name == "betas":
            return self.beta1, self.beta2
        return self.params if name == "params" else getattr(self, name)

    def __setitem__(self, name: str, value: Any) -> None:
        setattr(self, name, value)

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self.values())
        return f"{self._told()}.Group({len(self.entries)} parameters, {told})"
