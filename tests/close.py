"""Is it the same number, but for rounding? The one comparison of what two ways have computed."""

from __future__ import annotations

from typing import Any

import numpy as np

ROUNDINGS = 100  # so many may lie between two ways of a few hundred steps


def assert_close(
    actual: Any,
    expected: Any,
    rtol: float | None = None,
    *,
    of: Any = (),
    dtype: Any = np.float64,
) -> None:
    """Fail unless two arrays have one shape and differ by little beside the scale of the numbers.

    Two orders of a sum, two libraries, and loops and a product round differently. Each rounding is
    as large as the last digit *of what was added*, not of what is left: 2630.1 - 2627.5 is 2.6, and
    as uncertain as 2630. So the error of an element relative to that element alone says nothing,
    and a test that asks for it fails on the first processor that adds in another order.

    `rtol` is therefore relative to the scale: the largest number of `expected`, or of the arrays
    in `of`, which name what was summed into it where all of `expected` is what cancellation left.
    Without it, `ROUNDINGS` roundings are allowed: of the coarsest dtype of the arrays, or of
    `dtype` if what they were computed in is coarser. NaN and infinity must stand where they stood.
    """
    actual, expected = _array(actual), _array(expected)
    assert actual.shape == expected.shape, f"shape {actual.shape}, expected {expected.shape}"
    if rtol is None:
        rtol = ROUNDINGS * max(_eps(x) for x in (actual.dtype, expected.dtype, np.dtype(dtype)))
    scale = max(map(_largest, (expected, *map(_array, of))))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=rtol * scale)


def _array(x: Any) -> np.ndarray:
    """Of a Tensor, a tensor of PyTorch, an array or a number."""
    return np.asarray(x.detach() if hasattr(x, "detach") else x)


def _eps(dtype: np.dtype) -> float:
    return float(np.finfo(dtype).eps) if dtype.kind == "f" else 0.0


def _largest(x: np.ndarray) -> float:
    finite = np.abs(x[np.isfinite(x)])
    return float(finite.max()) if finite.size else 0.0
