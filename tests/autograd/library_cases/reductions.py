"""Reductions with the options that their gates do not have, variances, means with weights."""

import numpy as np
from cases import case, normal, positive, spread

MASK = np.arange(12).reshape(3, 4) % 5 < 3
WEIGHTS = np.array([0.5, 2.0, 1.0, 0.25])
HOLES = np.where(np.arange(12).reshape(3, 4) % 5 == 1, np.nan, 1.0)

# options of the gates
for name in ("max", "min"):
    f = getattr(np, name)
    case(name, lambda x, f=f: f(x, axis=1, initial=0.3), [spread(3, 4)], tag="initial",
         smooth=False)  # fmt: skip
for name, options in {
    "sum": {"initial": 2.0}, "prod": {"initial": 2.0}, "mean": {},
    "max": {"initial": -9.0}, "min": {"initial": 9.0},
}.items():  # fmt: skip
    f = getattr(np, name)
    gate = name.replace("mean", "divide")  # a sum by a number that the mask tells
    smooth = name not in ("max", "min")
    for axis in (None, -1):
        case(gate, lambda x, f=f, o=options, a=axis: f(x, axis=a, where=MASK, **o), [spread(3, 4)],
             smooth=smooth, tag=f"{name}-where-{axis}")  # fmt: skip
    case(gate, lambda x, f=f, o=options: f(x, axis=(0, 1), keepdims=True, where=MASK[:1], **o),
         [spread(3, 4)], smooth=smooth, tag=f"{name}-where-row")  # fmt: skip
case("sum", lambda x: np.add.reduce(x, axis=1, initial=1.0), [normal(3, 4)], tag="reduce")
case("sum", lambda x: x.sum(-1, where=MASK), [normal(3, 4)], tag="method")

# made of others
for axis in (None, 0, -1, (0, 2)):
    in_torch = f"T.amax(x, {axis}) - T.amin(x, {axis})"
    case("ptp", lambda x, a=axis: np.ptp(x, axis=a), [spread(2, 3, 2)], tag=str(axis), smooth=False,
         torch=None if axis is None else f"lambda x: {in_torch}")  # fmt: skip
    for keepdims in (False, True):
        options = {"axis": axis, "keepdims": keepdims}
        tag = f"{axis}{'-keepdims' if keepdims else ''}"
        of_torch = f"(x, dim={axis}, correction=1, keepdim={keepdims})"
        for name in ("var", "std"):
            f = getattr(np, name)
            case(name, lambda x, f=f, o=options: f(x, ddof=1, **o), [normal(3, 4, 3)], tag=tag,
                 torch=f"lambda x: T.{name}{of_torch}")  # fmt: skip
for name in ("var", "std"):
    f = getattr(np, name)
    case(name, lambda x, f=f: f(x, axis=1, where=MASK), [normal(3, 4)], tag="where")
    case(name, lambda x, f=f: f(x, 0, correction=0.5, mean=np.mean(x, axis=0, keepdims=True)),
         [normal(3, 4)], tag="mean")  # fmt: skip
    case(name, lambda x, f=f: f(x), [normal(5)], tag="ddof-0")
    case(name, lambda x, n=name: getattr(x, n)(axis=0), [normal(3, 4)], tag="method")
case("average", np.average, [normal(3, 4)])
case(
    "average",
    lambda x, w: np.average(x, axis=1, weights=w),
    [normal(3, 4), positive(4)],
    tag="weights",
)
case("average", lambda x, w: np.average(x, weights=w, axis=(1, 0), keepdims=True),
     [normal(3, 4, 2), positive(4, 3)], tag="axes")  # fmt: skip
case("cov", np.cov, [normal(3, 5)], torch="T.cov")
case("cov", np.cov, [normal(5)], tag="one", torch="T.cov")
case("cov", lambda x, y: np.cov(x, y, rowvar=False, bias=True), [normal(5, 2), normal(5, 1)],
     tag="columns")  # fmt: skip
case("cov", lambda x: np.cov(x, fweights=[1, 2, 1, 3], aweights=WEIGHTS), [normal(3, 4)],
     torch="lambda x: T.cov(x, fweights=T.tensor([1, 2, 1, 3]),"
     " aweights=T.tensor([.5, 2, 1, .25], dtype=x.dtype))", tag="weights")  # fmt: skip
case("corrcoef", np.corrcoef, [normal(3, 5)], smooth=False, torch="T.corrcoef")
case("corrcoef", np.corrcoef, [normal(5), normal(5)], smooth=False, tag="two")

# NaN is passed over
for name in ("sum", "prod", "mean", "var", "std", "max", "min"):
    f = getattr(np, f"nan{name}")
    for axis in (None, -1):
        case(f"nan{name}", lambda x, f=f, a=axis: f(x * HOLES.astype(x.dtype), axis=a),
             [spread(3, 4)], tag=str(axis), smooth=name not in ("max", "min"))  # fmt: skip
for name in ("nancumsum", "nancumprod"):
    f = getattr(np, name)
    case(name, lambda x, f=f: f(x * HOLES.astype(x.dtype), axis=1), [normal(3, 4)])
