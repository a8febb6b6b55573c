"""What other libraries ask of a tensor: the array API standard's methods, and a backend of einops.

What answers them is in array_api/, which is loaded when it is asked for.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from typing import Any

from .declare import register_method
from .tensor import Tensor

__all__: list[str] = []


def _namespace(self: Tensor, /, *, api_version: str | None = None) -> Any:
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


def _to_device(self: Tensor, device: Any, /, *, stream: Any = None) -> Tensor:
    """The tensor itself: "cpu" is the only device there is."""
    from .array_api import exchange

    return exchange.on_device(self, device)


register_method(["__array_namespace__"], _namespace)
register_method(["__dlpack__"], _dlpack)
register_method(["__dlpack_device__"], _dlpack_device)
register_method(["to_device"], _to_device)
register_method(["device"], property(lambda self: "cpu", doc='Where the values are: "cpu".'))


# --- einops --------------------------------------------------------------------------------------


class AfterImport:
    """A finder of modules that finds none itself: it does something after one has been imported."""

    def __init__(self, module: str, action: Callable[[], None]) -> None:
        self.module, self.action = module, action

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """How the others would import the module, with the action behind it."""
        if name != self.module:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def run_and_act(module: Any) -> None:
                run(module)
                self.action()

            spec.loader.exec_module = run_and_act  # type: ignore[method-assign]
        return spec


def _register_backend() -> None:
    from .array_api import einops  # noqa: F401 (einops asks for the subclasses of its backends)


# einops looks for a backend among classes that exist by then, and knows no other way
if "einops._backends" in sys.modules:
    _register_backend()
else:
    sys.meta_path.insert(0, AfterImport("einops._backends", _register_backend))
