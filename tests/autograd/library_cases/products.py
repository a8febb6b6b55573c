"""Products: einsum in all its forms, and what is made of it or of matmul."""

import numpy as np
from cases import case, normal

# subscripts, and the shapes of the operands
FORMS = {
    "ij,jk->ik": [(2, 3), (3, 4)],
    "ij,kj": [(2, 3), (4, 3)],
    "bij,bjk->bik": [(2, 3, 2), (2, 2, 3)],
    "...ij,...j->...i": [(4, 2, 3), (3,)],
    "i...,i...->...": [(3, 2), (3, 1)],
    "...,...": [(2, 3), (3,)],
    "i,j->ji": [(2,), (3,)],
    ",ij": [(), (2, 2)],
    "ijk,ilm,njm,nlk,abc->": [(2, 3, 2), (2, 2, 3), (2, 3, 3), (2, 2, 2), (1, 2, 1)],
    "ij,jk,kl->il": [(2, 3), (3, 2), (2, 4)],
    "ij,ij,ij->j": [(2, 3), (2, 3), (2, 3)],
    "ab,bc,ac->": [(2, 3), (3, 2), (2, 2)],
    "iij,jk->ik": [(2, 2, 3), (3, 2)],
    "ijk,kl->il": [(2, 2, 3), (3, 2)],
    "ii": [(3, 3)],
    "ii->i": [(3, 3)],
    "iji->j": [(3, 2, 3)],
    "iiji->ij": [(2, 2, 3, 2)],
    "ij->ji": [(2, 3)],
    "ba": [(2, 3)],
    "ij->": [(2, 3)],
    "...j->...": [(2, 2, 3)],
    "i...->...i": [(2, 1, 3)],
    "ij->ij": [(2, 3)],
}
for form, shapes in FORMS.items():
    in_torch = "..." not in form or form == "...ij,...j->...i"
    case("einsum", lambda *xs, f=form: np.einsum(f, *xs), [normal(*s) for s in shapes], tag=form,
         torch=f"lambda *xs: T.einsum({form!r}, *xs)" if in_torch else None)  # fmt: skip
case("einsum", lambda x, y: np.einsum(x, [0, 1], y, [1, 2], [0, 2]),
     [normal(2, 3), normal(3, 2)], tag="lists")  # fmt: skip
case("einsum", lambda x, y: np.einsum(x, [..., 1], y, [1, 0]), [normal(2, 3), normal(3, 2)],
     tag="lists-ellipsis")  # fmt: skip
case("einsum", lambda x, y: np.einsum("ij,jk->ik", x, y, optimize=True),
     [normal(2, 3), normal(3, 2)], tag="optimize")  # fmt: skip
case("einsum", lambda x, y: np.einsum("ij,jk", x, y), [normal(2, 1), normal(3, 2)],
     tag="length-1")  # fmt: skip
case("einsum", lambda x, y: np.einsum("ij,jk->ik", x, y), [normal(40, 30), normal(30, 40)],
     tag="large", torch="lambda x, y: x @ y")  # fmt: skip

for axes, shapes in [
    (2, [(2, 3, 2), (3, 2, 2)]), (0, [(2,), (3, 2)]), (1, [(2, 3), (3, 2)]),
    (([0, 2], [1, 0]), [(2, 3, 2), (2, 2, 3)]), ((-1, 0), [(2, 3), (3, 2)]),
    (([0, 1], [0, 1]), [(2, 3), (2, 3)]),
]:  # fmt: skip
    case("tensordot", lambda x, y, a=axes: np.tensordot(x, y, a), [normal(*s) for s in shapes],
         tag=str(axes).replace(" ", "") + str(len(shapes[0])),
         torch=f"lambda x, y: T.tensordot(x, y, {axes})" if isinstance(axes, int) else None,
         )  # fmt: skip
for name, pairs in {
    "inner": [((3,), (3,)), ((2, 3), (4, 3)), ((), (3,)), ((2, 2, 3), (3,))],
    "outer": [((2,), (3,)), ((2, 2), (3,)), ((), (2,))],
    "vdot": [((3,), (3,)), ((2, 3), (3, 2))],
    "vecdot": [((3,), (3,)), ((2, 3), (2, 3)), ((2, 1, 3), (4, 3))],
    "matvec": [((2, 3), (3,)), ((4, 2, 3), (4, 3))],
    "vecmat": [((2,), (2, 3)), ((4, 2), (4, 2, 3))],
    "kron": [((2,), (3,)), ((2, 2), (1, 3)), ((2,), (2, 2)), ((), (2, 2))],
    "cross": [((3,), (3,)), ((2, 3), (2, 3)), ((4, 1, 3), (2, 3))],
}.items():
    known = {"inner": "T.inner", "kron": "T.kron"}.get(name)
    for shapes in pairs:
        f = getattr(np, name)
        case(name, f, [normal(*s) for s in shapes], torch=known,
             tag=f"{shapes[0]}{shapes[1]}".replace(" ", ""))  # fmt: skip
case("vecdot", lambda x, y: np.vecdot(x, y, axis=0), [normal(3, 2), normal(3, 2)], tag="axis",
     torch="lambda x, y: T.linalg.vecdot(x, y, dim=0)")  # fmt: skip
case("vecdot", lambda x, y: np.vecdot(x, y, axis=0, keepdims=True), [normal(3, 2), normal(3, 2)],
     tag="keepdims")  # fmt: skip
case("matvec", lambda x, y: np.matvec(x, y, axes=[(0, 1), 0, 0]), [normal(2, 3, 4), normal(3, 4)],
     tag="axes")  # fmt: skip
case("cross", lambda x, y: np.cross(x, y, axis=0), [normal(3, 2), normal(3, 2)], tag="axis",
     torch="lambda x, y: T.cross(x, y, dim=0)")  # fmt: skip
case("cross", lambda x, y: np.cross(x, y, axisa=0, axisc=1), [normal(3, 2, 4), normal(2, 4, 3)],
     tag="axes")  # fmt: skip
for options in ({}, {"offset": 1}, {"offset": -2, "axis1": -1, "axis2": 0}):
    case("trace", lambda x, o=options: np.trace(x, **o), [normal(3, 4, 3)],
         tag="-".join(map(str, options.values())))  # fmt: skip
