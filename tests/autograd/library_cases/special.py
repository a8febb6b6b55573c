"""Functions of `scipy.special`, where SciPy is installed."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
from cases import case, normal, positive, rng

from autograd.library.special import enter


def between(*shape: int) -> np.ndarray:
    """Numbers between 0 and 1."""
    return rng.uniform(0.1, 0.9, size=shape)


def all_of(special: Any) -> None:
    for maker, names in {
        normal: "erf erfc erfi erfcx dawsn ndtr log_ndtr expit log_expit exp2 exp10 expm1 cosm1 "
        "j0 j1 i0 i1 i0e i1e",
        positive: "loggamma log1p cbrt gammaln gamma rgamma psi entr exp1 expi y0 y1 k0 k1 k0e k1e",
        between: "erfinv erfcinv ndtri logit",
    }.items():
        for name in names.split():
            case(f"scipy.special.{name}", getattr(special, name), [maker(3, 2)],
                 torch=IN_TORCH.get(name))  # fmt: skip
    for name in ["xlogy", "xlog1py", "rel_entr", "kl_div", "beta", "betaln", "binom", "poch"]:
        for tag, shapes in {"": [(3, 2), (3, 2)], "broadcast": [(3, 1), (2,)]}.items():
            case(f"scipy.special.{name}", getattr(special, name), [positive(*s) for s in shapes],
                 torch=IN_TORCH.get(name), tag=tag)  # fmt: skip
    for name, order in {
        "gammainc": 1.5, "gammaincc": 1.5, "jv": 2.3, "yv": 1.5, "iv": 0.7, "kv": 1.2, "ive": 0.7,
        "kve": 1.2,
    }.items():  # fmt: skip
        function = getattr(special, name)
        case(f"scipy.special.{name}", lambda x, f=function, n=order: f(np.full(2, n, x.dtype), x),
             [positive(3, 2)])  # fmt: skip
    case("scipy.special.gammasgn", special.gammasgn, [positive(3, 2)], smooth=False)
    case("scipy.special.expn", lambda x: special.expn(np.full(2, 3, x.dtype), x),
         [positive(3, 2)])  # fmt: skip
    for name in ("gammaincinv", "gammainccinv"):
        function = getattr(special, name)
        case(
            f"scipy.special.{name}",
            lambda x, f=function: f(np.full(2, 1.5, x.dtype), x),
            [between(3, 2)],
        )
    for name in ("betainc", "betaincc", "betaincinv", "betainccinv"):
        function = getattr(special, name)
        case(f"scipy.special.{name}", lambda x, f=function: f(*np.array([1.5, 2.5], x.dtype), x),
             [between(3, 2)])  # fmt: skip
    case("scipy.special._zeta", lambda x: special.zeta(3.0, x), [positive(3, 2)],
         torch="lambda x: T.special.zeta(3.0, x)")  # fmt: skip


IN_TORCH = {
    "erf": "T.erf", "erfc": "T.erfc", "erfcx": "T.special.erfcx", "erfinv": "T.erfinv",
    "ndtr": "T.special.ndtr", "log_ndtr": "T.special.log_ndtr", "ndtri": "T.special.ndtri",
    "expit": "T.special.expit", "logit": "T.special.logit", "exp2": "T.exp2",
    "log_expit": "T.nn.functional.logsigmoid", "gammaln": "T.lgamma",
    "i0": "T.special.i0", "i1": "T.special.i1", "i0e": "T.special.i0e", "i1e": "T.special.i1e",
    "entr": "T.special.entr", "xlogy": "T.special.xlogy", "xlog1py": "T.special.xlog1py",
}  # fmt: skip

with contextlib.suppress(ImportError):
    from scipy import special

    enter(special)
    all_of(special)
