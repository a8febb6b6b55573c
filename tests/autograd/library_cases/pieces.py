"""Diagonals and triangles; repeated, padded, left out and put in between."""

import numpy as np
from cases import case, normal, spread

for k in (0, 1, -1):
    case("diag", lambda x, k=k: np.diag(x, k), [normal(3, 4)], tag=f"of-matrix{k}",
         torch=f"lambda x: T.diag(x, {k})")  # fmt: skip
    case("diag", lambda x, k=k: np.diag(x, k), [normal(3)], tag=f"of-vector{k}",
         torch=f"lambda x: T.diag(x, {k})")  # fmt: skip
    case("tril", lambda x, k=k: np.tril(x, k), [normal(2, 3, 4)], tag=str(k),
         torch=f"lambda x: T.tril(x, {k})")  # fmt: skip
    case("triu", lambda x, k=k: np.triu(x, k), [normal(2, 3, 4)], tag=str(k),
         torch=f"lambda x: T.triu(x, {k})")  # fmt: skip
case("tril", np.tril, [normal(3)], tag="vector")
for options in ((), (1,), (-1,), (0, 1, 2), (1, -1, 0), (-2, 2, 1)):
    case("diagonal", lambda x, o=options: np.diagonal(x, *o), [normal(2, 3, 4)],
         tag="-".join(map(str, options)),
         torch=f"lambda x: T.diagonal(x, *{options or (0,)})")  # fmt: skip
case("diagonal", lambda x: x.diagonal(5), [normal(3, 3)], tag="empty")
case("diagflat", lambda x: np.diagflat(x, 1), [normal(2, 2)], torch="lambda x: T.diagflat(x, 1)")
for options in ((), (2,), (4, True), (0,)):
    case("vander", lambda x, o=options: np.vander(x, *o), [normal(3)],
         tag="-".join(map(str, options)))  # fmt: skip

for reps in (2, (2, 1), (2, 1, 3), 1, (0, 2)):
    case("tile", lambda x, r=reps: np.tile(x, r), [normal(2, 3)], tag=str(reps).replace(" ", ""),
         torch=f"lambda x: T.tile(x, {np.atleast_1d(reps).tolist()})")  # fmt: skip
case("tile", lambda x: np.tile(x, 3), [normal()], tag="scalar")
for repeats, axis in ((2, None), (3, 1), (1, 0), (0, 0), ([2, 0, 1], 1), ([2], 0)):
    case("repeat", lambda x, r=repeats, a=axis: np.repeat(x, r, a), [normal(2, 3)],
         tag=f"{repeats}-{axis}".replace(" ", ""))  # fmt: skip
case("repeat", lambda x: x.repeat(2), [normal()], tag="scalar")
for shape in (4, (2, 5), (0,), ()):
    case("resize", lambda x, s=shape: np.resize(x, s), [normal(2, 3)],
         tag=str(shape).replace(" ", ""))  # fmt: skip

for obj, axis in ((1, 0), ([0, 2], 1), (slice(0, 2), -1), (-1, None), ([True, False, True], 1)):
    case("delete", lambda x, o=obj, a=axis: np.delete(x, o, a), [normal(2, 3)],
         tag=f"{obj}-{axis}".replace(" ", ""))  # fmt: skip
for obj, shape, axis in (
    (1, (), None), (1, (3,), 0), (1, (2,), 1), ([1], (2, 1), 1), ([0, 2, 2], (3,), 1),
    (slice(0, 2), (2, 2), 1), (np.array([True, False]), (3,), 0), (-1, (2, 2), 1),
    ([1, 0], (2,), None), (1, (1, 1), None),
):  # fmt: skip
    case("insert", lambda x, v, o=obj, a=axis: np.insert(x, o, v, a),
         [normal(2, 3), normal(*shape)], tag=f"{obj}-{axis}-{shape}".replace(" ", ""))  # fmt: skip

WIDE = ((1, 2), (0, 3))
for mode, options in {
    "constant": {}, "edge": {}, "reflect": {}, "symmetric": {}, "wrap": {}, "linear_ramp": {},
    "mean": {},
}.items():  # fmt: skip
    case("pad", lambda x, m=mode, o=options: np.pad(x, WIDE, m, **o), [normal(3, 2)], tag=mode)
case("pad", lambda x: np.pad(x, 2), [normal(2, 3)], tag="zeros",
     torch="lambda x: T.nn.functional.pad(x, [2] * 4)")  # fmt: skip
case("pad", lambda x: np.pad(x, (1, 2), constant_values=(3.0, -1.0)), [normal(3)], tag="values")
case("pad", lambda x: np.pad(x, {-1: 1}), [normal(2, 2)], tag="axes",
     plain=lambda x: np.pad(x, ((0, 0), (1, 1))))  # fmt: skip
case("pad", lambda x: np.pad(x, WIDE, constant_values=x[0, 1]), [normal(2, 2)], tag="tracked")
case("pad", lambda x: np.pad(x, WIDE, "linear_ramp", end_values=((x[0, 1], 2), (0, x[1, 1]))),
     [normal(2, 2)], tag="tracked-ends")  # fmt: skip
case("pad", lambda x: np.pad(x, 3, "reflect", reflect_type="odd"), [normal(3, 2)], tag="odd")
case("pad", lambda x: np.pad(x, 7, "symmetric", reflect_type="odd"), [normal(3)], tag="odd-edge")
case("pad", lambda x: np.pad(x, (2, 1), "linear_ramp", end_values=(5.0, -4.0)), [normal(3)],
     tag="ends")  # fmt: skip
case("pad", lambda x: np.pad(x, 2, "mean", stat_length=2), [normal(4, 3)], tag="mean-2")
case("pad", lambda x: np.pad(x, 2, "maximum", stat_length=(2, 3)), [spread(4)], tag="maximum",
     smooth=False)  # fmt: skip
case("pad", lambda x: np.pad(x, ((0, 1),), "minimum"), [spread(4, 2)], tag="minimum", smooth=False)
case("pad", lambda x: np.pad(x, 0), [normal(3)], tag="nothing")
