"""Backpropagation on NumPy, gate by gate.

    >>> import numpy as np
    >>> from autograd import Tensor
    >>> x, y, z = Tensor(-2.0), Tensor(5.0), Tensor(-4.0)
    >>> f = (x + y) * z
    >>> f.backward()
    >>> x.grad, y.grad, z.grad
    (array(-4.), array(-4.), array(3.))

A `Tensor` remembers how it was computed, so NumPy expressions of tensors build a computation
graph, and `backward()` applies the chain rule through its gates. Pictures of the graph:
`from autograd.draw import draw`.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if not os.environ.get("GATEGRAD_PLAIN"):
    from . import fast  # noqa: F401 (quicker ways; without the folder this line goes too)

from . import gates as gates
from . import interop  # noqa: F401 (methods that other libraries ask for)
from .arrays import frozen as frozen
from .backward import backpropagate as backpropagate
from .diagnosis import *
from .errors import *
from .functional import *
from .gates.public import *
from .lines import source_lines as source_lines
from .modes import *
from .node import Node as Node
from .parameter import *
from .tensor import *
from .updates import *
from .words import late

late.offer()

__version__ = "0.1.0"

# `import autograd.numpy`, and its neighbours that existing code imports, are found in that folder
__path__.append(os.path.join(os.path.dirname(__file__), "hips"))  # noqa: F405 (every package's)

if TYPE_CHECKING:  # so that a type checker knows that there is nothing else
    from .compiler import Compiled as Compiled
    from .compiler import compile as compile
    from .compiler import fresh as fresh
else:
    _LATER = "Compiled", "compile", "fresh"
    _OWN = [k for k, x in globals().items() if getattr(x, "__module__", "").startswith(__name__)]
    __all__ = sorted([*_OWN, *_LATER, "gates"])

    # names that only code written for `autograd.numpy` asks for, by the file of hips/ they are in
    _CLIENTS = {
        "builtins": "dict isinstance list tuple type",
        "core": "primitive",
        "differential_operators": "deriv grad_and_aux grad_named hessian_tensor_product "
        "hessian_vector_product holomorphic_grad make_ggnvp make_hvp make_jvp make_vjp "
        "multigrad_dict tensor_jacobian_product value_and_multigrad vector_jacobian_product",
    }
    _NEIGHBOURS = "builtins core differential_operators extend numpy tracer util wrap_util"

    def __getattr__(name: str) -> Any:
        """The compiler is loaded when it is first used: `import autograd` stays quick."""
        if name in _LATER:
            from . import compiler

            return getattr(compiler, name)
        for module, names in _CLIENTS.items():
            if name in names.split():
                return getattr(import_module(f"{__name__}.{module}"), name)
        if name in _NEIGHBOURS.split():
            return import_module(f"{__name__}.{name}")
        if name.startswith("_"):  # which protocols look for
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from .words.names import of_package

        raise of_package(__name__, name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
