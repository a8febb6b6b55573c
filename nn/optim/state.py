"""The state of optimisers as plain data, and back: everything is checked before it is used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import DTypeError, ShapeError

if TYPE_CHECKING:
    from .optimiser import Optimiser
    from .settings import Entry, Group

__all__ = ["changes_of_state", "check_count", "check_keys", "state_of"]

Change = tuple[Any, str, Any]


def state_of(optimiser: Optimiser) -> dict[str, Any]:
    """Counts, arrays and settings of an optimiser, see `Optimiser.state_dict`."""
    state: dict[int, dict[str, Any]] = {}
    groups = []
    for group in optimiser.param_groups:
        first = len(state)
        for k, entry in enumerate(group.entries, first):
            arrays = {name: array.numpy() for name, array in entry.arrays.items()}
            state[k] = {"step": optimiser._t - entry.missed, **arrays}
        settings = _settings(group)
        groups.append({**settings, "params": list(range(first, len(state)))})
    return {"state": state, "param_groups": groups}


def _settings(group: Group) -> dict[str, Any]:
    settings = dict(group.values())
    if "beta1" in settings:
        settings = {"betas": (settings.pop("beta1"), settings.pop("beta2")), **settings}
    if group.initial_lr is not None:
        settings["initial_lr"] = group.initial_lr
    return settings


def changes_of_state(optimiser: Optimiser, state: Mapping[str, Any]) -> list[Change]:
    """What makes an optimiser go on from a state, as changes for `set_all`."""
    name = f"{type(optimiser).__name__}.load_state_dict"
    check_keys(name, state, {"state", "param_groups"})
    groups, of_params = state["param_groups"], state["state"]
    if not isinstance(groups, Sequence) or len(groups) != len(optimiser.param_groups):
        raise ValueError(
            f"{name}: got {len(groups) if isinstance(groups, Sequence) else groups!r} groups of "
            f"parameters; expected {len(optimiser.param_groups)}, as in this optimiser"
        )
    if not isinstance(of_params, Mapping):
        raise TypeError(f"{name}: state is a {type(of_params).__name__}; expected a dict")
    by_number = {_as_number(name, key): value for key, value in of_params.items()}
    count = len(optimiser.params)
    check_keys(f"{name}: state", by_number, set(range(count)))
    changes, first, latest = list[Change](), 0, 0
    for k, (group, given) in enumerate(zip(optimiser.param_groups, groups, strict=True)):
        changes += _changes_of_group(f"{name}: param_groups[{k}]", group, given, first)
        for number, entry in enumerate(group.entries, first):
            told = f"{name}: state[{number}]"
            latest = max(latest, _changes_of_entry(told, entry, by_number[number], changes))
        first += len(group.entries)
    for number, entry in enumerate(e for g in optimiser.param_groups for e in g.entries):
        changes.append((entry, "missed", latest - int(by_number[number]["step"])))
    return [*changes, (optimiser, "_t", latest)]


def check_keys(name: str, given: Any, expected: set[Any]) -> None:
    """Raise unless a dict has just these keys."""
    if not isinstance(given, Mapping):
        raise TypeError(f"{name}: got a {type(given).__name__}; expected a dict")
    missing, unknown = expected - given.keys(), given.keys() - expected
    told = [f"misses {_listed(missing)}"] * bool(missing)
    told += [f"has {_listed(unknown)}, which are unknown here"] * bool(unknown)
    if told:
        raise KeyError(f"{name} {' and '.join(told)}; expected {_listed(expected)}")


def _listed(keys: Iterable[Any]) -> str:
    return ", ".join(sorted(map(str, keys))) or "nothing"


def check_count(name: str, value: Any) -> int:
    """A count, from 0. Raises TypeError or ValueError."""
    if isinstance(value, np.ndarray) and not value.ndim:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} is {value!r}; expected a count")
    if value < 0:
        raise ValueError(f"{name} is {value}; expected a count, from 0")
    return int(value)


def _as_number(name: str, key: Any) -> Any:
    """The number of a parameter, also where a file has made a string of it."""
    return int(key) if isinstance(key, str) and key.isdecimal() else key


def _changes_of_group(name: str, group: Group, given: Any, first: int) -> Iterable[Change]:
    settings = _settings(group)
    optional = {"initial_lr"} & given.keys() if isinstance(given, Mapping) else set()
    check_keys(name, given, (settings.keys() - {"initial_lr"}) | {"params"} | optional)
    expected = list(range(first, first + len(group.entries)))
    if list(given["params"]) != expected:
        raise ValueError(
            f"{name}: params is {given['params']!r}; expected {expected}: the state is that of "
            "another net, or of other groups"
        )
    values = {key: x for key, x in given.items() if key not in ("params", "initial_lr")}
    if "betas" in values:
        from .optimiser import pair

        values.update(zip(("beta1", "beta2"), pair(name, values.pop("betas")), strict=True))
    for key, value in values.items():
        scheduled = key == "lr" and value == 0  # which schedules end with
        checked = 0.0 if scheduled else group._kind.SETTINGS[key].check(f"{name}: {key}", value)
        yield group.set(key, checked)
    initial = given.get("initial_lr")
    if initial is not None:
        initial = group._kind.SETTINGS["lr"].check(f"{name}: initial_lr", initial)
    yield group, "initial_lr", initial


def _changes_of_entry(name: str, entry: Entry, given: Any, changes: list[Change]) -> int:
    check_keys(name, given, {"step", *entry.arrays})
    for key, array in entry.arrays.items():
        changes.append((array, "data", _checked(f"{name}[{key!r}]", given[key], array)))
    return check_count(f"{name}['step']", given["step"])


def _checked(name: str, value: Any, like: Any) -> Any:
    """A copy of an array, if it may be put in the place of another one."""
    if not isinstance(value, (np.ndarray, np.generic)):
        raise TypeError(f"{name} is a {type(value).__name__}; expected an array")
    if value.shape != like.shape:
        raise ShapeError(f"{name} has shape {value.shape}; expected {like.shape}")
    if value.dtype != like.dtype:
        raise DTypeError(f"{name} holds {value.dtype}; expected {like.dtype}")
    if np.isnan(value).any():
        raise ValueError(f"{name} holds NaN; take an earlier state")
    return np.array(value, copy=True)
