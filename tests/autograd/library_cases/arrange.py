"""What joins arrays, takes them apart, and moves or adds axes."""

import math

import numpy as np
from cases import case, normal

case("matrix_transpose", np.matrix_transpose, [normal(2, 3, 4)], torch="lambda x: x.mT")
case("matrix_transpose", lambda x: x.mT, [normal(2, 3)], tag="method")
case("transpose", lambda x: np.permute_dims(x, (1, 2, 0)), [normal(2, 3, 4)], tag="permute_dims")
for axis, start in ((2, 0), (0, 2), (0, 3), (-1, 1), (1, -1)):
    case("rollaxis", lambda x, a=axis, s=start: np.rollaxis(x, a, s), [normal(2, 3, 4)],
         tag=f"{axis}-{start}")  # fmt: skip
for order in "FAK":
    case("reshape", lambda x, o=order: np.reshape(x, (4, -1), order="F" if o == "K" else o),
         [normal(2, 6)], tag=f"order-{order}")  # fmt: skip
    case("reshape", lambda x, o=order: np.ravel(x.T, order=o), [normal(2, 3)], tag=f"ravel-{order}")
case("copy", lambda x: x.flatten(), [normal(2, 3)], tag="flatten")
case("copy", lambda x: x.flatten("F"), [normal(2, 3)], tag="flatten-F")
case("copy", lambda x: np.reshape(x, 6, copy=True), [normal(2, 3)], tag="reshape")
for count in (1, 2, 3):
    f = getattr(np, f"atleast_{count}d")
    for shape in [(), (3,), (2, 3)]:
        case(f.__name__, lambda x, f=f: f(x * 1.0), [normal(*shape)], torch=f"T.{f.__name__}",
             tag=str(len(shape)))  # fmt: skip
case(
    "atleast_2d", lambda x, y: np.multiply(*np.atleast_2d(x, y)), [normal(2), normal(2)], tag="two"
)
case("broadcast_arrays", lambda x, y: np.add(*np.broadcast_arrays(x, y)), [normal(2, 1), normal(3)])
for options in ({}, {"indexing": "ij"}, {"sparse": True}, {"copy": False}):
    case("meshgrid", lambda x, y, z, o=options: math.prod(np.meshgrid(x, y, z, **o)),
         [normal(2), normal(3), normal(2)], tag="-".join(options))  # fmt: skip
case("meshgrid", lambda x: np.meshgrid(x)[0], [normal(3)], tag="one")
case("ix_", lambda x, y: np.multiply(*np.ix_(x, y)), [normal(2), normal(3)])

for name, shapes in {
    "hstack": [[(2,), (3,)], [(2, 1), (2, 3)], [(), (2,)]],
    "vstack": [[(3,), (3,)], [(1, 3), (2, 3)], [(), ()]],
    "dstack": [[(3,), (3,)], [(2, 3), (2, 3)], [(2, 3, 1), (2, 3, 2)]],
    "column_stack": [[(3,), (3,)], [(3, 2), (3,)]],
}.items():
    f = getattr(np, name)
    for pair in shapes:
        case(name, lambda x, y, f=f: f([x, y]), [normal(*s) for s in pair], tag=str(len(pair[0])),
             torch=f"lambda x, y: T.{name}([x, y])")  # fmt: skip
case("hstack", lambda x: np.hstack(x), [normal(2, 3)], tag="of-one")
case("vstack", lambda x: np.vstack([x, np.ones(3, x.dtype)], dtype=x.dtype), [normal(2, 3)],
     tag="dtype")  # fmt: skip
case("append", np.append, [normal(2, 2), normal(3)])
case("append", lambda x, y: np.append(x, y, axis=1), [normal(2, 2), normal(2, 1)], tag="axis")
case("block", lambda x, y, z: np.block([[x, y], [z]]), [normal(2, 2), normal(2, 1), normal(3)])
case("block", lambda x, y: np.block([x, y]), [normal(2), normal(3)], tag="row")
case("block", lambda x: np.block(x), [normal(2)], tag="alone")
case("concatenate", lambda x, y: np.concat([x, y]), [normal(2), normal(3)], tag="concat")

case("array_split", lambda x: np.array_split(x, 3)[1], [normal(5, 2)],
     torch="lambda x: T.tensor_split(x, 3)[1]")  # fmt: skip
case("array_split", lambda x: np.array_split(x, [1, 3], axis=-1)[1], [normal(2, 5)], tag="places")
case("split", lambda x: np.split(x, 2)[1] * np.split(x, [1])[0], [normal(4, 2)])
case("hsplit", lambda x: np.hsplit(x, 2)[1], [normal(2, 4)], torch="lambda x: T.hsplit(x, 2)[1]")
case("hsplit", lambda x: np.hsplit(x, 2)[1], [normal(4)], tag="vector")
case("vsplit", lambda x: np.vsplit(x, 2)[1], [normal(4, 2)])
case("dsplit", lambda x: np.dsplit(x, 2)[1], [normal(1, 2, 4)])
case("unstack", lambda x: np.multiply(*np.unstack(x, axis=1)), [normal(3, 2)],
     torch="lambda x: T.unbind(x, 1)[0] * T.unbind(x, 1)[1]")  # fmt: skip

for axis, dims in ((None, [0, 1, 2]), (0, [0]), (-1, [2]), ((0, 2), [0, 2])):
    case("flip", lambda x, a=axis: np.flip(x, a), [normal(2, 3, 4)], tag=str(axis),
         torch=f"lambda x: T.flip(x, {dims})")  # fmt: skip
case("fliplr", np.fliplr, [normal(2, 3)], torch="T.fliplr")
case("flipud", np.flipud, [normal(2, 3)], torch="T.flipud")
for turns in (0, 1, 2, 3, -1, 5):
    case("rot90", lambda x, k=turns: np.rot90(x, k), [normal(2, 3)], tag=str(turns),
         torch=f"lambda x: T.rot90(x, {turns})")  # fmt: skip
case("rot90", lambda x: np.rot90(x, 1, (2, 0)), [normal(2, 3, 4)], tag="axes",
     torch="lambda x: T.rot90(x, 1, (2, 0))")  # fmt: skip
for shift, axis in ((1, None), (-2, 0), (5, -1), ((1, -1), (0, 1))):
    case("roll", lambda x, s=shift, a=axis: np.roll(x, s, a), [normal(3, 4)],
         tag=f"{shift}-{axis}".replace(" ", ""),
         torch=f"lambda x: T.roll(x, {shift}{'' if axis is None else f', {axis}'})")  # fmt: skip

for axis in (0, 1, -1):
    case("apply_along_axis", lambda x, a=axis: np.apply_along_axis(lambda v: v * v.sum(), a, x),
         [normal(2, 3, 2)], tag=str(axis))  # fmt: skip
case("apply_along_axis", lambda x: np.apply_along_axis(np.sum, 0, x), [normal(3, 2)], tag="number")
case("apply_along_axis", lambda x: np.apply_along_axis(lambda v: np.outer(v, v), 0, x),
     [normal(3, 2)], tag="matrix")  # fmt: skip
case("apply_over_axes", lambda x: np.apply_over_axes(np.sum, x, (0, -1)), [normal(2, 3, 2)])
windows = np.lib.stride_tricks.sliding_window_view
case(
    "sliding_window_view", lambda x: windows(x, 2), [normal(4)], torch="lambda x: x.unfold(0, 2, 1)"
)
case("sliding_window_view", lambda x: windows(x, (2, 3)), [normal(3, 4)], tag="two")
case("sliding_window_view", lambda x: windows(x, 2, axis=-1), [normal(3, 4)], tag="axis")
