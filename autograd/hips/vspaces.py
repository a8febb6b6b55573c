"""Vector spaces: of which shape and dtype the derivatives with respect to a value are.

`vspace(value)` gives the space that a value, or a container of values, is in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np

from autograd.tensor import Tensor

from .containers import Container, plain

__all__ = [
    "ArrayVSpace", "ComplexArrayVSpace", "ContainerVSpace", "DictVSpace", "ListVSpace",
    "NamedTupleVSpace", "SequenceVSpace", "TupleVSpace", "VSpace", "vspace",
]  # fmt: skip


class VSpace:
    """A vector space: its zeros and its operations, which are differentiable themselves.

    A class of one's own overrides `zeros`, `ones`, `standard_basis`, `randn`, and what it needs of
    `_add`, `_scalar_mul`, `_inner_prod`, `_covector`; `register` enters it for a type of values.
    """

    mappings: ClassVar[dict[type, Callable[[Any], VSpace]]] = {}
    iscomplex = False
    size: Any
    shape: Any

    def __init__(self, value: Any):
        pass

    def zeros(self) -> Any:
        """The zero of the space."""
        raise NotImplementedError

    def ones(self) -> Any:
        """The sum of the standard basis."""
        raise NotImplementedError

    def standard_basis(self) -> Iterator[Any]:
        """The unit vectors; for complex numbers also those of the imaginary parts."""
        raise NotImplementedError

    def randn(self) -> Any:
        """A vector of normally distributed numbers, of NumPy's global generator."""
        raise NotImplementedError

    def add(self, x: Any, y: Any) -> Any:
        """x + y."""
        return self._add(x, y)

    def mut_add(self, x: Any, y: Any) -> Any:
        """x + y; None counts as zero."""
        return self._mut_add(self.zeros() if x is None else x, y)

    def scalar_mul(self, x: Any, a: Any) -> Any:
        """x times a number."""
        return self._scalar_mul(x, a)

    def inner_prod(self, x: Any, y: Any) -> Any:
        """The real inner product of two vectors."""
        return self._inner_prod(x, y)

    def covector(self, x: Any) -> Any:
        """The vector as a gradient, or back: the conjugate of complex numbers."""
        return self._covector(x)

    def _add(self, x: Any, y: Any) -> Any:
        return x + y

    def _mut_add(self, x: Any, y: Any) -> Any:
        return self._add(x, y)

    def _scalar_mul(self, x: Any, a: Any) -> Any:
        return x * a

    def _inner_prod(self, x: Any, y: Any) -> Any:
        raise NotImplementedError

    def _covector(self, x: Any) -> Any:
        return x

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.__dict__})"

    @classmethod
    def register(
        cls, value_type: type, vspace_maker: Callable[[Any], VSpace] | None = None
    ) -> None:
        """Let `vspace` give this space, or what a function makes, for values of a type."""
        VSpace.mappings[value_type] = vspace_maker or cls


class ArrayVSpace(VSpace):
    """Real arrays of a shape and dtype; a number has shape ()."""

    def __init__(self, value: Any):
        array = np.asarray(plain(value))
        self.shape, self.dtype = array.shape, array.dtype

    @property
    def size(self) -> Any:
        """The number of real numbers in a vector."""
        return int(np.prod(self.shape))

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def zeros(self) -> Any:
        """An array of zeros."""
        return np.zeros(self.shape, self.dtype)

    def ones(self) -> Any:
        """An array of ones."""
        return np.ones(self.shape, self.dtype)

    def standard_basis(self) -> Iterator[Any]:
        """The arrays that are 1 in one place."""
        for place in np.ndindex(*self.shape):
            for unit in self._units:
                vector = self.zeros()
                vector[place] = unit
                yield vector

    _units: ClassVar[tuple[Any, ...]] = (1.0,)

    def randn(self) -> Any:
        """An array of normally distributed numbers."""
        return np.array(np.random.randn(*self.shape)).astype(self.dtype)

    def _inner_prod(self, x: Any, y: Any) -> Any:
        return np.sum(x * y)


class ComplexArrayVSpace(ArrayVSpace):
    """Complex arrays, as a space over the real numbers."""

    iscomplex = True
    _units = (1.0, 1.0j)

    @property
    def size(self) -> Any:
        """The number of real numbers in a vector."""
        return 2 * int(np.prod(self.shape))

    def ones(self) -> Any:
        """An array of 1 + i."""
        return np.full(self.shape, 1 + 1j, self.dtype)

    def randn(self) -> Any:
        """An array of numbers whose two parts are normally distributed."""
        parts = np.random.randn(2, *self.shape)
        return np.asarray(parts[0] + 1j * parts[1]).astype(self.dtype)

    def _inner_prod(self, x: Any, y: Any) -> Any:
        return np.real(np.sum(np.conj(x) * y))

    def _covector(self, x: Any) -> Any:
        return np.conj(x)


class ContainerVSpace(VSpace):
    """Containers of vectors; `shape` is the same container, of their spaces."""

    def __init__(self, value: Any):
        tree = _OneLevel(value)
        self._spaces = [vspace(part) for part in tree.leaves]
        self.shape = tree.built(self._spaces)

    @property
    def size(self) -> Any:
        """The number of real numbers in all parts."""
        return sum(space.size for space in self._spaces)

    def _map(self, f: Callable[..., Any], *vectors: Any) -> Any:
        tree = _OneLevel(self.shape)
        parts = [_OneLevel(vector).leaves for vector in vectors]
        return tree.built([f(*each) for each in zip(self._spaces, *parts, strict=True)])

    def zeros(self) -> Any:
        """The container, of zeros."""
        return self._map(lambda space: space.zeros())

    def ones(self) -> Any:
        """The container, of ones."""
        return self._map(lambda space: space.ones())

    def randn(self) -> Any:
        """The container, of random vectors."""
        return self._map(lambda space: space.randn())

    def standard_basis(self) -> Iterator[Any]:
        """A unit vector in one part, and zeros in the others."""
        zeros = [space.zeros() for space in self._spaces]
        for k, space in enumerate(self._spaces):
            for unit in space.standard_basis():
                yield _OneLevel(self.shape).built([*zeros[:k], unit, *zeros[k + 1 :]])

    def _add(self, x: Any, y: Any) -> Any:
        return self._map(lambda space, a, b: space.add(a, b), x, y)

    def _scalar_mul(self, x: Any, a: Any) -> Any:
        return self._map(lambda space, part: space.scalar_mul(part, a), x)

    def _inner_prod(self, x: Any, y: Any) -> Any:
        parts = [_OneLevel(vector).leaves for vector in (x, y)]
        return sum(s.inner_prod(a, b) for s, a, b in zip(self._spaces, *parts, strict=True))

    def _covector(self, x: Any) -> Any:
        return self._map(lambda space, part: space.covector(part), x)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.shape == other.shape

    __hash__ = object.__hash__


class _OneLevel(Container):
    """The parts of a container, which may be containers themselves."""

    def _take(self, x: Any) -> Any:
        if hasattr(self, "_outermost"):
            self.leaves.append(x)
            return next
        self._outermost = x
        return super()._take(x)


class SequenceVSpace(ContainerVSpace):
    """Lists or tuples of vectors."""


class ListVSpace(SequenceVSpace):
    """Lists of vectors."""


class TupleVSpace(SequenceVSpace):
    """Tuples of vectors."""


class NamedTupleVSpace(SequenceVSpace):
    """Named tuples of vectors."""


class DictVSpace(ContainerVSpace):
    """Dictionaries of vectors."""


def vspace(value: Any) -> Any:
    """The vector space of a value: of its shape and dtype, or of its containers.

    Raises TypeError for what has no derivative, such as integers and text.

    >>> vspace({"w": np.ones(3), "b": 0.0}).zeros()["w"]
    array([0., 0., 0.])
    """
    maker = VSpace.mappings.get(type(value))
    if maker is not None:
        return maker(value)
    if isinstance(value, Tensor):
        return vspace(plain(value))
    if isinstance(value, tuple) and hasattr(value, "_make"):
        return NamedTupleVSpace(value)
    raise TypeError(
        f"got {value!r} of type {type(value).__name__}, which has no vector space, so nothing can "
        "be differentiated with respect to it; pass floats, arrays, or containers of them (write "
        "3.0 in place of 3)"
    )


def _of_array(value: Any) -> VSpace:
    return ComplexArrayVSpace(value) if np.iscomplexobj(value) else ArrayVSpace(value)


VSpace.register(np.ndarray, _of_array)
for _real in (float, np.longdouble, np.float64, np.float32, np.float16):
    ArrayVSpace.register(_real)
for _complex in (complex, np.clongdouble, np.complex64, np.complex128):
    ComplexArrayVSpace.register(_complex)
ListVSpace.register(list)
TupleVSpace.register(tuple)
DictVSpace.register(dict)
