"""What other libraries ask of a tensor: the array API standard's methods, and a backend of einops.

What answers them is in array_api/, which is loaded when it is asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .declare import register_method
from .tensor import Tensor

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType

__all__: list[str] = []


def _namespace(self: Tensor, /, *, api_version: str | None = None) -> ModuleType:
    """The functions of the array API standard, for code that takes arrays of any library."""
    from .array_api import exchange

    return exchange.namespace(api_version)


def _dlpack(
    self: Tensor,
    /,
    *,
    stream: Any = None,
    max_version: tuple[int, int] | None = None,
    dl_device: tuple[Any, int] | None = None,
    copy: bool | None = None,
) -> Any:
    """The values for another library; a copy, unless `copy=False` promises not to write to them."""
    from .array_api import exchange

    options = {"stream": stream, "max_version": max_version, "dl_device": dl_device}
    return exchange.capsule(self, copy, **options)


def _dlpack_device(self: Tensor, /) -> tuple[int, int]:
    """The first processor, as DLPack names it."""
    return 1, 0


def _to_device(self: Tensor, device: str, /, *, stream: Any = None) -> Tensor:
    """The tensor itself: "cpu" is the only device there is."""
    from .array_api import exchange

    return exchange.on_device(self, device)


register_method(["__array_namespace__"], _namespace)
register_method(["__dlpack__"], _dlpack)
register_method(["__dlpack_device__"], _dlpack_device)
register_method(["to_device"], _to_device)
register_method(["device"], property(lambda self: "cpu", doc='Where the values are: "cpu".'))


# --- einops --------------------------------------------------------------------------------------

BACKENDS = "einops._backends"


class AfterImport:
    """A finder of modules that finds none itself: it does something after one has been imported."""

    def __init__(self, module: str, action: Callable[[Any], None]) -> None:
        self.module, self.action = module, action

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """How the others would import the module, with the action behind it."""
        if name != self.module or self not in sys.meta_path:
            return None
        sys.meta_path.remove(self)  # its work is done
        from importlib.util import find_spec

        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_act(module: Any) -> None:
                execute(module)
                self.action(module)

            spec.loader.exec_module = execute_and_act  # type: ignore[method-assign]
        return spec


def _register_backend(backends: Any) -> None:
    from .array_api import einops

    einops.register(backends)


# einops looks for a backend among the classes that there are, and knows no other way
if BACKENDS in sys.modules:
    _register_backend(sys.modules[BACKENDS])
else:
    sys.meta_path.insert(0, AfterImport(BACKENDS, _register_backend))
