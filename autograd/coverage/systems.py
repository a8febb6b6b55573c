"""How functions are called and differentiated: here, by HIPS autograd, and by MyGrad."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from importlib import import_module, metadata
from inspect import isfunction
from pathlib import Path
from typing import Any

import numpy as np

from .judge import member, weighted

__all__ = ["PEERS", "Ours"]


def _inside(module: Any, namespace: str, name: str, called: str) -> Callable[..., Any]:
    for part in [*namespace.split(".")[1:], name]:
        if not hasattr(module, part):
            raise LookupError(f"not in {called}")
        module = getattr(module, part)
    found: Callable[..., Any] = module
    return found


def _version(distribution: str, module: Any) -> str:
    """The version of what is installed, or of the checkout that lies around a module."""
    project = Path(module.__file__).parents[1] / "pyproject.toml"
    if project.exists():
        return str(tomllib.loads(project.read_text())["project"]["version"])
    return metadata.version(distribution)


class Ours:
    """NumPy's functions, given tensors; the array API by its namespace."""

    def __init__(self) -> None:
        from .. import Tensor, UnsupportedError, __version__, array_api

        self.refused = UnsupportedError
        self.tensor, self.array_api, self.version = Tensor, array_api, __version__

    def array_api_names(self) -> dict[str, list[str]]:
        """The functions of the standard, by namespace."""
        xp = self.array_api
        found = {"xp": xp, "xp.linalg": xp.linalg, "xp.fft": xp.fft}
        return {
            namespace: sorted(n for n in module.__all__ if isfunction(getattr(module, n)))
            for namespace, module in found.items()
        }

    def function(self, namespace: str, name: str) -> Callable[..., Any]:
        if namespace == "ndarray":
            return member(name)
        if namespace.startswith("xp"):
            return _inside(self.array_api, namespace, name, namespace)
        return self._like(_inside(np, namespace, name, namespace))

    def _like(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same with `like=t`, by which NumPy's creators of arrays take part in protocols."""

        def call(*args: Any) -> Any:
            try:
                return function(*args)
            except self.refused as error:
                try:
                    return function(*args, like=self.tensor(0.0, requires_grad=False))
                except TypeError:
                    raise error from None

        return call

    def constant(self, array: Any) -> Any:
        return self.tensor(array, requires_grad=False) if array.dtype.kind in "biufc" else array

    def writable(self, tensor: Any) -> Any:
        return np.copy(tensor)

    def gradients(
        self, call: Callable[..., Any], arrays: list[Any], weights: Sequence[Any]
    ) -> tuple[list[bool], list[Any]]:
        tensors = [self.tensor(x) for x in arrays]
        results = call(tensors)
        kept = [isinstance(x, self.tensor) and x.requires_grad for x in results]
        for result, weight, tracked in zip(results, weights, kept, strict=False):
            if tracked:
                weighted(result, weight, np.real, np.imag).backward()
        return kept, [t.grad for t in tensors]


class Hips:
    """HIPS autograd: the functions of `autograd.numpy`, and the operators of its boxes."""

    def __init__(self) -> None:
        package = import_module("autograd")  # in the process of a peer that is HIPS autograd
        self.anp = import_module("autograd.numpy")
        self.isbox = import_module("autograd.tracer").isbox
        self.grad, self.version = package.grad, _version("autograd", package)

    def function(self, namespace: str, name: str) -> Callable[..., Any]:
        if namespace == "ndarray":
            return member(name)
        return _inside(self.anp, namespace, name, "autograd.numpy")

    def constant(self, array: Any) -> Any:
        return array

    def writable(self, tensor: Any) -> Any:
        return tensor

    def gradients(
        self, call: Callable[..., Any], arrays: list[Any], weights: Sequence[Any]
    ) -> tuple[list[bool], list[Any]]:
        kept: list[bool] = []

        def loss(*boxes: Any) -> Any:
            results = call(list(boxes))
            kept[:] = [self.isbox(x) for x in results]
            total: Any = 0.0
            for result, weight, tracked in zip(results, weights, kept, strict=False):
                if tracked:
                    total = total + weighted(result, weight, self.anp.real, self.anp.imag)
            return total

        if not arrays:
            loss()
            return kept, []
        found = self.grad(loss, list(range(len(arrays))))(*arrays)
        # its convention for complex numbers is the conjugate
        return kept, [np.conj(g) if np.iscomplexobj(g) else g for g in found]


class MyGrad:
    """MyGrad: its own functions where it has them, else NumPy's, given its tensors."""

    def __init__(self) -> None:
        self.mygrad = import_module("mygrad")
        self.version = self.mygrad.__version__

    def function(self, namespace: str, name: str) -> Callable[..., Any]:
        if namespace == "ndarray":
            return member(name)
        try:
            return _inside(self.mygrad, namespace, name, "mygrad")
        except LookupError:
            return _inside(np, namespace, name, "NumPy")

    def constant(self, array: Any) -> Any:
        return self.mygrad.tensor(array, constant=True) if array.dtype.kind in "biuf" else array

    def writable(self, tensor: Any) -> Any:
        return +tensor

    def gradients(
        self, call: Callable[..., Any], arrays: list[Any], weights: Sequence[Any]
    ) -> tuple[list[bool], list[Any]]:
        tensors = [self.mygrad.tensor(x) for x in arrays]
        results = call(tensors)
        kept = [isinstance(x, self.mygrad.Tensor) and not x.constant for x in results]
        total: Any = 0.0
        for result, weight, tracked in zip(results, weights, kept, strict=False):
            if tracked:
                total = total + weighted(result, weight, np.real, np.imag)
        if any(kept):
            total.backward()
        return kept, [t.grad for t in tensors]


PEERS = {"HIPS autograd": Hips, "MyGrad": MyGrad}
