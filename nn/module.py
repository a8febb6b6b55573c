"""Modules: parts of a net that own parameters and contain other parts."""

from __future__ import annotations

import inspect
import reprlib
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from autograd import AutogradError, Parameter, Tensor, scope

from .forward_hooks import Hook, call_hooks
from .rng import Rng, Seed, spawn
from .state import Keys, load
from .summary import Summary, summarise

__all__ = ["Module", "Sequential"]

Array = np.ndarray[Any, Any]
TOLD = AutogradError, TypeError, ValueError, LookupError  # errors that are told where they arose


class Module:
    """A part of a net. Write `forward`; call the module, and its gates are drawn in one box.

    `forward(x)` computes the same as calling does, recorded when something is tracked. Parameters
    and modules assigned to attributes are found by themselves, in that order; also inside lists,
    tuples and dicts, nested. Arrays that are part of the state without being trained, as running
    statistics are, are given to `register_buffer`.
    `training` tells layers such as dropout what to do: `train()` and `eval()` set it.
    An error that is raised in a call has a note with the path of the module that it arose in.

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
    _buffers: tuple[str, ...] = ()  # names of attributes
    forward_hooks: Mapping[int, Callable[..., Any]] = {}  # replaced, so that compile notices
    training: bool = True
    torch_names: ClassVar[Mapping[str, str]] = {}  # of attributes that PyTorch names otherwise
    torch_turned: ClassVar[str] = ""  # a pattern of names: matrices (in, out), there (out, in)

    def __init__(self, *unexpected: Any, **options: Any):
        if unexpected or options:
            name = type(self).__name__
            if options:
                from .elsewhere import of_option

                raise of_option(name, next(iter(options)), ())
            raise TypeError(
                f"{name}: takes no arguments, got {len(unexpected)}; make it first, "
                f"layer = {name}(), and call what was made: layer(x)"
            )

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """Compute the output from inputs that are arrays or Tensors."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward()")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        try:
            with self._box or self._make_box():
                out = self.forward(*inputs, **options)
        except TOLD as error:
            self._locate(error)
            raise
        return call_hooks(self, inputs, out) if self.forward_hooks else out

    def _locate(self, error: Exception) -> None:
        """Note in the error where it arose: the path from here to the innermost module."""
        inner, before = vars(error).get("_module", (self, None))
        path = next((path for path, module in self.named_modules() if module is inner), None)
        if path is None:  # a module made in a forward pass, which has no path
            return
        whole = f" of {type(self).__name__}" if path else ""
        told = f"raised in {path + ', ' if path else ''}{inner._head()}{whole}"
        vars(error)["_module"] = inner, told
        notes = vars(error).setdefault("__notes__", [])
        if before in notes:
            notes.remove(before)
        notes.append(told)

    def _make_box(self) -> scope:
        """A box with this module's name, class and size."""
        kind = type(self).__name__ if self._name else ""
        own = sum({id(p): p.size for _, p in self._held() if isinstance(p, Parameter)}.values())
        box = scope(self._name or type(self).__name__, kind, f"{own:,} params" if own else "")
        object.__setattr__(self, "_box", box)
        return box

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._buffers:
            self._check_buffer(name, value)
        elif isinstance(value, Module) and not value._name:
            object.__setattr__(value, "_name", name)
            object.__setattr__(value, "_box", None)
        elif isinstance(value, Parameter) and value.name is None:
            value.name = name
        object.__setattr__(self, name, value)
        object.__setattr__(self, "_box", None)

    if not TYPE_CHECKING:  # so that a type checker knows that there is nothing else

        def __new__(cls, *arguments: Any, **options: Any) -> Self:
            """A new module. Raises TypeError for options that `__init__` does not have."""
            code = getattr(cls.__init__, "__code__", None)
            if options and code and not code.co_flags & inspect.CO_VARKEYWORDS:
                known = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
                for name in options:
                    if name not in known:
                        from .elsewhere import of_option

                        raise of_option(cls.__name__, name, known)
            return super().__new__(cls)

        def __getattr__(self, name: str) -> Any:
            """AttributeError, which tells how a name of PyTorch's is written here."""
            if name.startswith("_"):  # which protocols look for
                message = f"{type(self).__name__!r} object has no attribute {name!r}"
                raise AttributeError(message, name=name, obj=self)
            from .elsewhere import of_module

            raise of_module(self, name)

    # --- what is inside ------------------------------------------------------------------------

    def _held(self) -> Iterator[tuple[str, Parameter | Module]]:
        """The parameters and modules directly inside this one, by name."""
        for name, value in vars(self).items():
            if name != "forward_hooks":
                yield from _found(name, value)

    def named_own(self) -> Iterator[tuple[str, Tensor | Module]]:
        """The parameters, modules and buffers directly inside this one, by name."""
        yield from self._held()
        for name in self._buffers:
            if (value := getattr(self, name, None)) is not None:
                yield name, value

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly inside this one, by name."""
        for name, value in self._held():
            if isinstance(value, Module):
                yield name, value

    def children(self) -> list[Module]:
        """The modules directly inside this one."""
        return [child for _, child in self.named_children()]

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module and all modules inside it, each once, with its path, such as "stem.fc1"."""
        seen: set[int] = set()
        todo: list[tuple[str, Module]] = [(prefix, self)]
        while todo:
            path, module = todo.pop()
            if id(module) not in seen:
                seen.add(id(module))
                yield path, module
                inside = [(_joined(path, name), child) for name, child in module.named_children()]
                todo += reversed(inside)

    def modules(self) -> list[Module]:
        """This module and all modules inside it, each once."""
        return [module for _, module in self.named_modules()]

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter]]:
        """Every parameter once, with its path, such as ("fc1.W", ...)."""
        seen: set[int] = set()
        for path, module in self.named_modules(prefix):
            for name, value in module._held():
                if isinstance(value, Parameter) and id(value) not in seen:
                    seen.add(id(value))
                    yield _joined(path, name), value

    def parameters(self) -> list[Parameter]:
        """Every parameter once, in the order of assignment."""
        return [parameter for _, parameter in self.named_parameters()]

    def register_buffer(self, name: str, value: ArrayLike | Tensor | None) -> None:
        """Keep an array as the attribute `name`: saved with the state, but not trained.

        It becomes a Tensor without a gradient. `module.name.data = array` replaces its values, also
        in compiled functions. None is a buffer that is not there, and not in the state.
        Raises TypeError for a name that is no identifier, ValueError for one that is in use.

        >>> net = Module()
        >>> net.register_buffer("steps", np.zeros(()))
        >>> net.steps.data = net.steps.data + 1
        >>> net.state_dict()
        {'steps': array(1.)}
        """
        if not isinstance(name, str) or not name.isidentifier():
            raise TypeError(f"register_buffer: name is {name!r}; expected an identifier")
        if hasattr(self, name) and name not in self._buffers:
            raise ValueError(
                f"register_buffer: {type(self).__name__} has an attribute {name} already; choose "
                "another name"
            )
        tensor = None if value is None else Tensor(value, requires_grad=False, name=name)
        object.__setattr__(self, "_buffers", (*dict.fromkeys((*self._buffers, name)),))
        object.__setattr__(self, name, tensor)

    def _check_buffer(self, name: str, value: Any) -> None:
        """Raise TypeError unless the value can be a buffer."""
        if value is not None and not (isinstance(value, Tensor) and not value.requires_grad):
            tracked = "a tracked " if isinstance(value, Tensor) else "a "
            raise TypeError(
                f"{type(self).__name__}.{name} is a buffer, and got {tracked}"
                f"{type(value).__name__}; write module.{name}.data = array, which keeps the buffer"
            )

    def named_buffers(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        """Every buffer once, with its path, such as ("norm.running_mean", ...)."""
        seen: set[int] = set()
        for path, module in self.named_modules(prefix):
            for name in module._buffers:
                value = getattr(module, name, None)
                if value is not None and id(value) not in seen:
                    seen.add(id(value))
                    yield _joined(path, name), value

    def buffers(self) -> list[Tensor]:
        """Every buffer once."""
        return [buffer for _, buffer in self.named_buffers()]

    def named_generators(self) -> Iterator[tuple[str, Rng]]:
        """The sources of random numbers of all modules, with their paths, such as ("3.rng", ...).

        With their states and `state_dict` a training can be resumed to the bit. What is drawn
        without a seed comes from `nn.rng.common()` instead.
        """
        for path, module in self.named_modules():
            for name, value in vars(module).items():
                if isinstance(value, (np.random.Generator, np.random.RandomState)):
                    yield _joined(path, name), value

    # --- the state -----------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Array]:
        """Copies of all parameters and buffers, as plain arrays by their paths."""
        return {path: tensor.numpy() for path, tensor in self._state().items()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> Keys:
        """Put in the values of all parameters and buffers, as `state_dict` gives them.

        Gives the keys that were missing and unexpected; there are none unless `strict` is False.
        Everything is checked first. Raises StateError, and changes nothing, for keys that do not
        fit, other shapes, dtypes that would be rounded, NaN, and infinite parameters.

        >>> import nn
        >>> net, other = nn.Linear(2, 3, seed=0), nn.Linear(2, 3, seed=1)
        >>> other.load_state_dict(net.state_dict())
        Keys(missing=(), unexpected=())
        >>> bool((net.W.data == other.W.data).all())
        True
        """
        return load(f"{type(self).__name__}.load_state_dict", self._state(), state, strict)

    def _state(self) -> dict[str, Tensor]:
        return {**dict(self.named_parameters()), **dict(self.named_buffers())}

    # --- what is done to all inside ------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Set `training` here and in all modules inside: dropout drops, and so on."""
        if not isinstance(mode, (bool, np.bool_)):
            raise TypeError(f"train: mode is {mode!r}; expected True, or False as in eval()")
        for _, module in self.named_modules():
            object.__setattr__(module, "training", bool(mode))
        return self

    def eval(self) -> Self:
        """Set `training` to False here and in all modules inside, to evaluate the net."""
        return self.train(False)

    def freeze(self) -> Self:
        """Let no gradient reach the parameters, so that optimisers leave them as they are."""
        return self._trained(False)

    def unfreeze(self) -> Self:
        """Let gradients reach all parameters again."""
        return self._trained(True)

    def _trained(self, wanted: bool) -> Self:
        for parameter in self.parameters():
            parameter.requires_grad = wanted
        return self

    def apply(self, function: Callable[[Module], Any]) -> Self:
        """Call the function with every module inside, the inner ones first, and with this one."""
        for _, module in reversed([*self.named_modules()]):
            function(module)
        return self

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

    # --- looking at it -------------------------------------------------------------------------

    def register_forward_hook(
        self, function: Callable[[Module, tuple[Any, ...], Any], Any]
    ) -> Hook:
        """Call `function(module, inputs, output)` after each call of this module.

        What it returns takes the place of the output, unless it is None. Gives a handle, which has
        `remove()`. `module.forward(x)` calls no hooks.

        >>> import nn
        >>> layer = nn.ReLU()
        >>> hook = layer.register_forward_hook(lambda module, inputs, out: out * 10.0)
        >>> layer([-1.0, 1.0])
        array([ 0., 10.])
        >>> hook.remove()
        >>> layer([-1.0, 1.0])
        array([0., 1.])
        """
        return Hook(self, function)

    def summary(self, *inputs: Any) -> Summary:
        """A table of the modules: their outputs' shapes, parameters, memory.

        inputs   what the net is called with, such as a batch of zeros; without any there are no
                 shapes of outputs
        The call is one of `eval()`, is not recorded, and leaves everything as it was.

        >>> import nn
        >>> net = nn.Sequential(nn.Linear(2, 100), nn.ReLU(), nn.Linear(100, 3), seed=0)
        >>> net.summary(np.zeros((5, 2)))
        path  module          output    parameters   memory
              Sequential      (5, 3)           603  4.7 KiB
        0     Linear(2, 100)  (5, 100)         300  2.3 KiB
        1     ReLU()          (5, 100)           0      0 B
        2     Linear(100, 3)  (5, 3)           303  2.4 KiB
        603 parameters (603 trained), 0 buffers: 4.7 KiB; outputs: 7.9 KiB
        """
        return summarise(self, inputs)

    def extra_repr(self) -> str:
        """The settings that `repr` shows in parentheses; layers override it."""
        return ""

    def _head(self) -> str:
        """The repr without the modules inside."""
        inside = self.extra_repr()
        return f"{type(self).__name__}({inside})"

    @reprlib.recursive_repr("...")
    def __repr__(self) -> str:
        inside = [f"({name}): {child!r}\n" for name, child in self.named_children()]
        if not inside:
            return self._head()
        settings = [f"{settings}\n"] if (settings := self.extra_repr()) else []
        lines = textwrap.indent("".join([*settings, *inside]), "  ")
        return f"{type(self).__name__}(\n{lines})"


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


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
    >>> net([[0.0, 0.0]] * 5).shape, net[:2]([0.0, 0.0]).shape
    ((5, 3), (100,))
    """

    def __init__(self, *modules: Module, seed: Seed = None):
        for k, module in enumerate(modules):
            if isinstance(module, type) or not callable(module):
                made = f"; did you mean {module.__name__}(...)?" if isinstance(module, type) else ""
                raise TypeError(
                    f"Sequential: at {k}: expected a module or a function, got {module!r}{made}"
                )
        self.layers = list(modules)
        for k, module in enumerate(modules):
            if isinstance(module, Module) and not module._name:
                object.__setattr__(module, "_name", str(k))
        if seed is not None:
            self.initialise(seed)

    def forward(self, x: Any) -> Tensor:
        """Apply the modules in order."""
        for module in self.layers:
            x = module(x)
        return x  # type: ignore[no-any-return]

    def _held(self) -> Iterator[tuple[str, Parameter | Module]]:
        """By their numbers alone, "0.W", as PyTorch names them."""
        for name, value in super()._held():
            yield name.removeprefix("layers."), value

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, index: int | slice) -> Module:
        found = self.layers[index]
        return Sequential(*found) if isinstance(found, list) else found
