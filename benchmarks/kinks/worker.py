"""Gradients of the table's rows by one system: run in the interpreter that has the system.

    python benchmarks/kinks/worker.py hips < rows > results

Rows and results are JSON. This file imports nothing of the project, for HIPS autograd has the same
import name.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy

NONE = "—"  # the system has no such function
NUMBERS = {"nan": numpy.nan, "inf": numpy.inf, "pi": numpy.pi}
SMALL = 1e-12  # what rounding leaves of 0

Gradients = Callable[[str, list[Any]], list[Any]]


def main() -> None:
    """The results of all rows of standard input, and the version of the system."""
    system = sys.argv[1]
    gradients, version = SYSTEMS[system]()
    results = [answer(gradients, text, points) for text, points in json.load(sys.stdin)]
    json.dump({"version": version, "results": results}, sys.stdout, ensure_ascii=False)


def answer(gradients: Gradients, text: str | None, points: Sequence[str]) -> str:
    """The gradients of the sum of an expression of x, y and z at a point, as text."""
    if text is None:
        return NONE
    values = [numpy.asarray(eval(point, {"np": numpy, **NUMBERS})) for point in points]
    try:
        with warnings.catch_warnings(), numpy.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = gradients(text, values)
    except (AttributeError, ImportError):
        return NONE
    except NotImplementedError:
        return "no gradient"
    except Exception as error:
        return f"raises {type(error).__name__}"
    return ", ".join(shown(numpy.asarray(x)) for x in found)


def shown(x: numpy.ndarray) -> str:
    """Numbers with four digits, in brackets if there are several."""
    if x.ndim:
        return f"[{', '.join(map(shown, x))}]"
    if x.dtype.kind == "c":
        real, imag = shown(x.real), shown(x.imag)
        return real if imag == "0" else f"{real} + {imag}i"
    number = float(x)
    return "0" if abs(number) < SMALL else f"{number:.4g}"


def _evaluated(text: str, names: dict[str, Any], values: Sequence[Any]) -> Any:
    return eval(text, {**NUMBERS, **names, **dict(zip("xyz", values, strict=False))})


def ours() -> tuple[Gradients, str]:
    """This project, on NumPy and SciPy themselves."""
    import autograd as ag

    def gradients(text: str, values: list[Any]) -> list[Any]:
        return [*our_gradient(text, len(values))(*values)]

    return gradients, ag.__version__


def our_gradient(text: str, count: int) -> Callable[..., Any]:
    """The gradient of an expression of so many variables, as a function."""
    from scipy import special

    import autograd as ag

    names = {"np": numpy, "special": special, "ag": ag}

    def total(*xs: Any) -> Any:
        out = _evaluated(text, names, xs)
        return numpy.sum(out.real if out.dtype.kind == "c" else out)

    return ag.grad(total, tuple(range(count)), allow_unused=True)


def pytorch() -> tuple[Gradients, str]:
    """PyTorch; its rows have texts of their own."""
    import torch
    import torch.nn.functional as F  # noqa: N812

    def gradients(text: str, values: list[Any]) -> list[Any]:
        xs = [torch.tensor(x + 0.0, requires_grad=True) for x in values]
        out = _evaluated(text, {"torch": torch, "F": F}, xs)
        out = out.real if out.is_complex() else out
        if not out.requires_grad:
            return [numpy.zeros_like(x) for x in values]
        found = torch.autograd.grad(out.sum(), xs, allow_unused=True)
        pairs = zip(found, values, strict=True)
        return [numpy.zeros_like(x) if g is None else g.resolve_conj().numpy() for g, x in pairs]

    return gradients, torch.__version__.partition("+")[0]


def jax() -> tuple[Gradients, str]:
    """JAX, in double precision; complex gradients are conjugated, to be those of the others."""
    import jax as system
    import jax.numpy as np
    from jax.scipy import special

    system.config.update("jax_enable_x64", True)
    names = {"np": np, "special": special, "jax": system}

    def gradients(text: str, values: list[Any]) -> list[Any]:
        def total(*xs: Any) -> Any:
            return np.sum(np.real(_evaluated(text, names, xs)))

        xs = [np.asarray(x + 0.0) for x in values]
        return [numpy.conj(g) for g in system.grad(total, tuple(range(len(xs))))(*xs)]

    return gradients, system.__version__


def hips() -> tuple[Gradients, str]:
    """HIPS autograd; complex gradients are conjugated, to be those of the others."""
    from importlib.metadata import version

    import autograd.numpy as np
    from autograd.scipy import special

    import autograd

    names = {"np": np, "special": special}

    def gradients(text: str, values: list[Any]) -> list[Any]:
        def total(*xs: Any) -> Any:
            return np.sum(np.real(_evaluated(text, names, xs)))

        xs = [x[()] + 0.0 for x in values]
        return [numpy.conj(autograd.grad(total, k)(*xs)) for k in range(len(xs))]

    return gradients, version("autograd")


SYSTEMS = {"gategrad": ours, "pytorch": pytorch, "jax": jax, "hips": hips}

if __name__ == "__main__":
    main()
