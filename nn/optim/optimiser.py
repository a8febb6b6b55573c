"""What all optimisers share: groups of parameters, one step for all of them, and their state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from autograd import DTypeError, GraphError, Parameter, in_pieces, set_all

from ..module import Module
from .settings import Group, Setting
from .state import changes_of_state, state_of

__all__ = ["Optimiser"]

Params = Module | Iterable[Parameter] | Iterable[Mapping[str, Any]]


class Optimiser:
    """The base class of optimisers: `step()` moves parameters against their gradients.

    params   a module, its parameters, or groups: dicts with "params" and settings of their own
    Settings, such as `lr`, are attributes, of all groups; `param_groups[k].lr` is that of one.
    A parameter that is listed twice steps once, and a frozen one (`requires_grad=False`) stays.
    A step takes place as a whole or, after an exception or Ctrl-C, not at all; for that each
    parameter, and each array kept of it, has a second one, and they take turns.

    A subclass declares its settings, says in `arrays_of` what it keeps of each parameter, and in
    `rule` how a parameter moves.
    """

    SETTINGS: ClassVar[dict[str, Setting]] = {}
    complex_too: ClassVar[bool] = False  # whether complex parameters may step

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = {name: x for name, x in vars(cls).items() if isinstance(x, Setting)}
        cls.SETTINGS = {**cls.SETTINGS, **own}

    def __init__(self, params: Params = (), **settings: Any):
        self._defaults = settings
        self._t = 0
        self.param_groups: list[Group] = []
        for group in _groups(type(self).__name__, params):
            self.add_param_group(group)

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Let more parameters step: a dict with "params", and settings of their own.

        Raises ValueError when one of them is in another group.
        """
        name, given = type(self).__name__, dict(group)
        params = parameters_of(name, given.pop("params", None))
        for p in params:
            if p.dtype.kind == "c" and not self.complex_too:
                raise DTypeError(f"{name}: parameter {_called(p)} is {p.dtype}; expected floats")
        known = {id(p) for p in self.params}
        if any(id(p) in known for p in params):
            twice = ", ".join(_called(p) for p in params if id(p) in known)
            raise ValueError(f"{name}: {twice} in two groups; expected each parameter in one")
        if "betas" in given:
            given.update(zip(("beta1", "beta2"), pair(name, given.pop("betas")), strict=True))
        unknown = [key for key in given if key not in self.SETTINGS]
        if unknown:
            raise TypeError(
                f"{name}: a group has {', '.join(map(repr, unknown))}; expected 'params' and "
                f"settings, which are {', '.join(self.SETTINGS)}"
            )
        made = Group(type(self), params, self._t, {**self._defaults, **given})
        self.check_group(made)
        made.prepare()
        self.param_groups.append(made)

    @property
    def params(self) -> list[Parameter]:
        """The parameters of all groups."""
        return [p for group in self.param_groups for p in group.params]

    def step(self) -> None:
        """Move every parameter that is not frozen.

        Raises GraphError when there is none, or when one has no gradient; nothing is changed then.
        """
        groups = [(group.now(), group.entries) for group in self.param_groups]
        if not any(entries for _, entries in groups):
            name = type(self).__name__
            raise GraphError(
                f"{name}.step: there are no parameters; give them as {name}(net, lr=...)"
            )
        t, changes = 0, list[tuple[Any, str, Any]]()
        counts = self.counts()
        if counts:
            t = self._t + 1
            changes.append((self, "_t", t))
        for now, entries in groups:
            self.check_group(now)
            kept, rule, counted = list(self.arrays_of(now)), None, -1
            for entry in entries:
                p, missed = entry.param, entry.missed
                if not p.requires_grad:
                    if counts:
                        changes.append((entry, "missed", missed + 1))
                    continue
                g = p.grad
                if g is None:
                    raise GraphError(
                        f"{type(self).__name__}: parameter {_called(p)} has no gradient; call "
                        "loss.backward() first, and give the optimiser only parameters that the "
                        "loss depends on"
                    )
                if rule is None or missed != counted:
                    rule, counted = self.rule(now, t - missed), missed
                targets = [p, *[entry.arrays[name] for name in kept]] if kept else [p]
                for x, new in zip(targets, in_pieces(rule, targets, g), strict=True):
                    changes.append((x, "data", new))
        set_all(changes)

    @classmethod
    def arrays_of(cls, group: Group) -> dict[str, float]:
        """The names of the arrays that are kept of each parameter, and what fills them first."""
        return {}

    def counts(self) -> bool:
        """Whether the steps are to be counted: a rule depends on how many there were."""
        return True

    def rule(self, group: Group, step: int) -> Any:
        """How a parameter moves at its n-th step, from 1: a rule for `autograd.in_pieces`, of the
        values of the parameter and of what is kept of it."""
        raise NotImplementedError(f"{type(self).__name__} does not define rule()")

    def check_group(self, group: Group) -> None:
        """Raise ValueError for settings that do not go together."""

    def zero_grad(self) -> None:
        """Forget the gradients; call it before the next `backward()`."""
        for p in self.params:
            p.zero_grad()

    def state_dict(self) -> dict[str, Any]:
        """What a run needs to go on: counts and arrays of each parameter by number, and settings.

        Arrays are copies. The form is PyTorch's: {"state": {0: {"step": ..., ...}},
        "param_groups": [{"params": [0, 1], "lr": ..., ...}]}.
        """
        return state_of(self)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave, of an optimiser of the same class and shapes.

        Everything is checked before anything is changed. Raises KeyError for missing and unknown
        keys, TypeError, ShapeError, DTypeError and ValueError (NaN) for what is behind them.
        """
        set_all(changes_of_state(self, state))

    def __repr__(self) -> str:
        name = type(self).__name__
        if len(self.param_groups) != 1:
            told = ", ".join(repr(group).partition(".")[2] for group in self.param_groups)
            return f"{name}([{told}])"
        (group,) = self.param_groups
        told = ", ".join(f"{key}={value!r}" for key, value in group.values())
        return f"{name}({len(group.entries)} parameters, {told})"


def pair(name: str, betas: Any) -> tuple[Any, Any]:
    """The two of `betas`. Raises TypeError for anything else."""
    if not isinstance(betas, (tuple, list)) or len(betas) != 2:
        raise TypeError(f"{name}: betas is {betas!r}; expected two numbers, such as (0.9, 0.999)")
    return betas[0], betas[1]


def _called(p: Parameter) -> str:
    return p.name or str(p.shape)


def _groups(name: str, params: Any) -> list[Mapping[str, Any]]:
    """What an optimiser is given, as groups."""
    if isinstance(params, Mapping):
        raise TypeError(
            f"{name}: got a dict; expected a net, its parameters, or a list of groups, such as "
            '[{"params": net.parameters()}]'
        )
    if isinstance(params, Iterable) and not isinstance(params, (Module, Parameter, str)):
        params = list(params)
        groups = [x for x in params if isinstance(x, Mapping)]
        if params and len(groups) == len(params):
            return groups
    return [{"params": params}]


def parameters_of(name: str, params: Any, rest: str = "lr=0.1") -> list[Parameter]:
    """What a group is given, as parameters, each once; `rest` is what else one writes."""
    if isinstance(params, Module):
        return params.parameters()
    if isinstance(params, Parameter):
        raise TypeError(f"{name}: got a parameter; expected a list of them, {name}([p], {rest})")
    if isinstance(params, type):
        raise TypeError(
            f"{name}: got the class {params.__name__}; expected a net, which the class makes: "
            f"net = {params.__name__}(...), then {name}(net, {rest})"
        )
    if callable(getattr(params, "parameters", None)) and not isinstance(params, Iterable):
        params = params.parameters()
    if not isinstance(params, Iterable) or isinstance(params, (str, bytes)):
        got = f"{params!r}" if isinstance(params, (int, float, str)) else type(params).__name__
        raise TypeError(
            f"{name}: got {got}; expected a net or its parameters, as in {name}(net, {rest})"
        )
    listed = list(params)
    for p in listed:
        if isinstance(p, tuple) and len(p) == 2 and isinstance(p[1], Parameter):
            raise TypeError(
                f"{name}: expected parameters, got pairs of a name and a parameter; "
                "write net.parameters(), not net.named_parameters()"
            )
        if not isinstance(p, Parameter):
            raise TypeError(f"{name}: expected parameters, got {type(p).__name__}")
    return list({id(p): p for p in listed}.values())
