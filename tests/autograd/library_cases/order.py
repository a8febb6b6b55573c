"""Sorting, order statistics, and taking elements out."""

import numpy as np
from cases import case, normal, positive, spread

from autograd.library.order import put_back

ORDER = np.array([[2, 0], [0, 1], [1, 2]])

for axis in (0, -1, None):
    in_torch = None if axis is None else f"lambda x: T.sort(x, {axis})[0]"
    case("sort", lambda x, a=axis: np.sort(x, axis=a), [spread(3, 4)], tag=str(axis), smooth=False,
         torch=in_torch)  # fmt: skip
case("permuted", lambda x: np.sort(x, kind="stable"), [spread(5)], smooth=False)
case("put_back", lambda x: put_back(x, ORDER, axis=0), [normal(3, 2)],
     plain=lambda x: np.take_along_axis(x, np.argsort(ORDER, axis=0), axis=0))  # fmt: skip
case("partition", lambda x: np.partition(x, -2)[-2:], [spread(7)], smooth=False)
case("partition", lambda x: np.partition(x, (0, 2), axis=0)[(0, 2), :], [spread(4, 3)], tag="axis",
     smooth=False)  # fmt: skip

case("order_statistics", np.median, [spread(4)], smooth=False)
for name in ("median", "nanmedian"):
    f = getattr(np, name)
    for axis in (None, 0, -1, (0, 2)):
        for keepdims in (False, True):
            tag = f"{axis}{'-keepdims' if keepdims else ''}"
            case(name, lambda x, f=f, a=axis, k=keepdims: f(x, axis=a, keepdims=k),
                 [spread(2, 3, 4)], tag=tag, smooth=False)  # fmt: skip
for name, scale in {
    "quantile": 1,
    "nanquantile": 1,
    "percentile": 100,
    "nanpercentile": 100,
}.items():
    f = getattr(np, name)
    same = getattr(np, name.removeprefix("nan"))  # NumPy loses the axis of q where nothing is left
    for q, axis in [(0.3, None), ([0.0, 0.25, 1.0], -1), (0.9, (0, 1))]:
        plain = q if scale == 1 else np.multiply(q, 100)
        of_torch = f"lambda x: T.{name}(x, T.tensor({q}, dtype=x.dtype), {axis})"
        case(name, lambda x, f=f, q=plain, a=axis: f(x, q, axis=a), [spread(3, 4)], smooth=False,
             plain=lambda x, f=same, q=plain, a=axis: f(x, q, axis=a),
             tag=f"{q}-{axis}".replace(" ", ""),
             torch=of_torch if scale == 1 and not isinstance(axis, tuple) else None)  # fmt: skip
for method in ("inverted_cdf", "averaged_inverted_cdf", "closest_observation", "hazen", "weibull",
               "interpolated_inverted_cdf", "median_unbiased", "normal_unbiased", "lower",
               "higher", "midpoint", "nearest"):  # fmt: skip
    case("quantile", lambda x, m=method: np.quantile(x, 0.35, axis=1, method=m), [spread(2, 6)],
         tag=method, smooth=False)  # fmt: skip

INDICES = np.array([[1, 1], [0, -1]])
for axis in (None, 0, 1, -1):
    case("take", lambda x, a=axis: np.take(x, INDICES, axis=a), [normal(3, 4)], tag=str(axis))
case("take", lambda x: x.take([7, -9, 1], axis=0, mode="wrap"), [normal(3, 2)], tag="wrap")
case("take", lambda x: np.take(x, 7, axis=1, mode="clip"), [normal(3, 2)], tag="clip")
ROWS = np.array([[1, 1], [0, 2], [3, 3]])
case("take_along_axis", lambda x: np.take_along_axis(x, ROWS, axis=1), [normal(3, 4)],
     torch="lambda x: T.gather(x, 1, T.tensor([[1, 1], [0, 2], [3, 3]]))")  # fmt: skip
case("take_along_axis", lambda x: np.take_along_axis(x, np.array([[0, 2]]), axis=0),
     [normal(3, 2)], tag="first")  # fmt: skip
case("take_along_axis", lambda x: np.take_along_axis(x, np.array([5, 5, 0]), axis=None),
     [normal(3, 2)], tag="flat")  # fmt: skip
case("compress", lambda x: np.compress([True, False, True], x, axis=1), [normal(2, 4)])
case("extract", lambda x: np.extract(np.arange(6).reshape(2, 3) % 2 == 0, x), [normal(2, 3)])

BINS, EDGES = np.array([0, 2, 2, 5, 1, 2]), [0.0, 0.5, 1.5]
POINTS = np.array([0.1, 0.7, 1.5, 0.2, 9.0, 0.5])
case("bincount", lambda w: np.bincount(BINS, w, 8), [normal(6)],
     torch="lambda w: T.zeros(8, dtype=w.dtype)"
     ".index_add(0, T.tensor([0, 2, 2, 5, 1, 2]), w)")  # fmt: skip
case("histogram", lambda w: np.histogram(POINTS, EDGES, weights=w)[0], [normal(6)])
case("histogram", lambda w: np.histogram(POINTS, EDGES, weights=w, density=True)[0], [positive(6)],
     tag="density")  # fmt: skip
case(
    "histogram2d", lambda w: np.histogram2d(POINTS, POINTS[::-1], EDGES, weights=w)[0], [normal(6)]
)
case("histogramdd", lambda w: np.histogramdd([POINTS] * 2, [EDGES, 3], weights=w, density=True)[0],
     [positive(6)])  # fmt: skip
