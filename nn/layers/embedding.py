"""The embedding: a table of vectors, looked up by indices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

import autograd
from autograd import DTypeError, LabelError, Parameter, ShapeError, Tensor

from ..arguments import size
from ..rng import Seed, as_rng
from .layer import Layer

__all__ = ["Embedding"]

Array = np.ndarray[Any, Any]


class Embedding(Layer):
    """Row i of the table W (num_embeddings, embedding_dim) for each index i.

    num_embeddings, embedding_dim   the sizes of W, which is drawn from the normal distribution
                                    of deviation 1; or a copy of a given table: `Embedding(W)`
    padding_idx                     an index whose row starts with zeros and gets no gradient
    seed, dtype                     of the random numbers; of the table
    Indices of any shape (...) give (..., embedding_dim). Raises DTypeError unless they are
    integers, LabelError for one that is negative or too large.

    >>> Embedding(np.array([[1.0, 2.0], [3.0, 4.0]]))([1, 1, 0]).numpy()
    array([[3., 4.],
           [3., 4.],
           [1., 2.]])
    """

    W: Parameter
    torch_names: ClassVar[Mapping[str, str]] = {"W": "weight"}

    def __init__(
        self,
        num_embeddings: int | ArrayLike | Parameter,
        embedding_dim: int | None = None,
        *,
        padding_idx: int | None = None,
        seed: Seed = None,
        dtype: DTypeLike = float,
    ):
        table: Any = num_embeddings
        self._drawn = np.ndim(table) == 0
        if self._drawn:
            rows = size(table, "Embedding: num_embeddings")
            table = np.zeros((rows, size(embedding_dim, "Embedding: embedding_dim")), dtype)
        elif np.ndim(table) != 2:
            raise ShapeError(
                f"Embedding: W has shape {np.shape(table)}; expected (num_embeddings, "
                "embedding_dim)"
            )
        self.W = table if isinstance(table, Parameter) else Parameter(table, name="W")
        self.padding_idx = padding_idx
        if padding_idx is not None:
            rows = self.W.shape[0]
            if padding_idx not in range(-rows, rows):
                raise ValueError(
                    f"Embedding: padding_idx is {padding_idx!r}; expected an index of the {rows} "
                    "rows"
                )
            self.padding_idx = range(rows)[padding_idx]
        self.draw(seed)

    def draw(self, seed: Seed) -> None:
        """Draw the table anew, unless it was given."""
        if self._drawn:
            table = as_rng(seed).standard_normal(self.W.shape)
            if self.padding_idx is not None:
                table[self.padding_idx] = 0
            self.W.data = table.astype(self.W.dtype)

    def forward(self, indices: Any) -> Tensor:
        """The rows (..., embedding_dim) for indices (...)."""
        if not isinstance(indices, (Tensor, np.ndarray)):
            indices = np.asarray(indices)
        if indices.dtype.kind not in "iu":
            raise DTypeError(
                f"Embedding: the indices are of {indices.dtype}; expected integers, as of "
                "x.astype(int)"
            )
        rows, shape = self.W.shape[0], indices.shape
        try:  # compiled programs check them anew, too
            found = autograd.check_labels(indices.reshape(-1), (indices.size, rows))
        except LabelError:
            if type(indices) is not np.ndarray:  # a tensor, or what stands for an array
                raise
            flat = indices.reshape(-1)
            at = int(np.flatnonzero((flat < 0) | (flat >= rows))[0])
            place = tuple(map(int, np.unravel_index(at, shape)))
            raise LabelError(
                f"Embedding: index {flat[at]} at {place} is out of range; there are {rows} rows, "
                f"so indices go from 0 to {rows - 1}"
            ) from None
        out: Tensor = self.W[found.reshape(shape)]
        if self.padding_idx is not None:  # the same values, but no gradient gets to the row
            padding = np.equal(found, self.padding_idx).reshape((*shape, 1))
            out = autograd.where(padding, self.W.detach()[self.padding_idx], out)
        return out

    def extra_repr(self) -> str:
        """The sizes of the table."""
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.W.shape[0]}, {self.W.shape[1]}{padding}"
