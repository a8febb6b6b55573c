"""Arrays that are made of tensors: full, linspace and its kin."""

import numpy as np
from cases import case, normal, positive

import autograd as ag

case("full_like", lambda x: np.full_like(x, x[0, 1]), [normal(2, 3)])
case("full_like", lambda x: np.full_like(x, x[1], shape=(4, 3)), [normal(2, 3)], tag="row")


def _like(function, *args, **options):  # type: ignore[no-untyped-def]
    """A function of creation that is told to make tensors."""
    return function(*args, **options, like=ag.Tensor(1.0))


case("full", lambda x: _like(np.full, (2, 3), x), [normal(3)],
     plain=lambda x: np.full((2, 3), x))  # fmt: skip
case("array", lambda x: _like(np.array, [[x[0], x.dtype.type(1)], [x[2], x[1]]]), [normal(3)],
     plain=lambda x: np.array([[x[0], 1.0], [x[2], x[1]]]))  # fmt: skip
for name, inputs in (("linspace", normal), ("logspace", normal), ("geomspace", positive)):
    f = getattr(np, name)
    for tag, options in {
        "": {}, "open": {"endpoint": False}, "one": {"num": 1}, "none": {"num": 0},
    }.items():  # fmt: skip
        options = {"num": 5, **options}
        case(name, lambda x, y, f=f, o=options: f(x, y, **o), [inputs(), inputs()], tag=tag)
    case(name, lambda x, y, f=f: f(x, y, 4, axis=-1), [inputs(2), inputs(3, 2)], tag="axis")
    case(name, lambda x, f=f: f(x, x.dtype.type(2), 4), [inputs(2)], tag="end")
case("linspace", lambda x, y: np.linspace(x, y, 5, retstep=True)[1], [normal(), normal()],
     tag="step")  # fmt: skip
case("logspace", lambda x, y, b: np.logspace(x, y, 4, base=b), [normal(), normal(), positive(2)],
     tag="base")  # fmt: skip
case("require", lambda x: _like(np.require, x, x.dtype, ["F"]), [normal(2, 3)],
     plain=lambda x: np.require(x, None, "F"))  # fmt: skip
case("astype", lambda x: np.astype(x, x.dtype), [normal(3)], tag="function")
