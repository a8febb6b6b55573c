"""Running sums and products, differences, integrals."""

import numpy as np
from cases import case, normal, positive, spread

ZEROS = np.array([[1.5, 0.0, 2.0, 0.0, 3.0], [0.0, 0.5, -1.0, 2.0, 1.0]])

for name in ("cumsum", "cumprod"):
    f = getattr(np, name)
    for axis in (0, 1, -1):
        case(name, lambda x, f=f, a=axis: f(x, axis=a), [normal(3, 5)], tag=str(axis),
             torch=f"lambda x: T.{name}(x, {axis})")  # fmt: skip
    case(name, f, [normal(3, 4)], tag="flat")
    case(name, f, [normal()], tag="scalar")
    case(name, f, [normal(1)], tag="one")
case("cumprod", lambda x: x.cumprod(1), [ZEROS], tag="zeros", torch="lambda x: T.cumprod(x, 1)")
case("cumprod", np.multiply.accumulate, [normal(3, 4)], tag="accumulate")
case("cumsum", lambda x: np.add.accumulate(x, axis=-1), [normal(3, 4)], tag="accumulate")
for name, ufunc in {"running_max": np.maximum, "running_min": np.minimum}.items():
    for axis in (0, -1):
        case(name, lambda x, f=ufunc, a=axis: f.accumulate(x, axis=a), [spread(3, 5)],
             torch=f"lambda x: T.cum{name[-3:]}(x, {axis})[0]", smooth=False,
             tag=str(axis))  # fmt: skip
case("cumulative_sum", np.cumulative_sum, [normal(4)])
case("cumulative_sum", lambda x: np.cumulative_sum(x, axis=1, include_initial=True),
     [normal(3, 4)], tag="initial")  # fmt: skip
case("cumulative_prod", lambda x: np.cumulative_prod(x, axis=-2, include_initial=True),
     [normal(3, 4)])  # fmt: skip
case("prod", lambda x: np.prod(x, axis=1), [ZEROS], tag="two-zeros", torch="lambda x: T.prod(x, 1)")

case("diff", np.diff, [normal(3, 4)], torch="T.diff")
case("diff", lambda x: np.diff(x, 2, axis=0), [normal(4, 2)], tag="2",
     torch="lambda x: T.diff(x, 2, 0)")  # fmt: skip
case("diff", lambda x, y, z: np.diff(x, prepend=y, append=z),
     [normal(3, 4), normal(), normal(3, 2)], tag="ends")  # fmt: skip
case("ediff1d", lambda x, y: np.ediff1d(x, to_end=y, to_begin=y), [normal(2, 3), normal(2)])
for order in (1, 2):
    case("gradient", lambda x, o=order: np.gradient(x, 0.5, edge_order=o), [normal(5)],
         tag=f"step-{order}",
         torch=f"lambda x: T.gradient(x, spacing=0.5, edge_order={order})[0]")  # fmt: skip
    case("gradient", lambda x, h, o=order: np.gradient(x, np.cumsum(h), axis=0, edge_order=o),
         [normal(4, 3), positive(4)], tag=f"coordinates-{order}")  # fmt: skip
case("gradient", lambda x: np.stack(np.gradient(x, 1, 2)), [normal(3, 4)], tag="axes")
case("trapezoid", np.trapezoid, [normal(3, 4)], torch="T.trapezoid")
case("trapezoid", lambda y, x: np.trapezoid(y, x), [normal(3, 4), normal(4)], tag="x",
     torch="T.trapezoid")  # fmt: skip
case("trapezoid", lambda y, x: np.trapezoid(y, x, axis=0), [normal(3, 2), normal(3, 2)], tag="axis")
