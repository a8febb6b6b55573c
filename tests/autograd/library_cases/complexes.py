"""Parts of complex numbers: of real inputs, from which complex ones are put together."""

from collections.abc import Callable
from typing import Any

import numpy as np
from cases import case, normal, positive


def of_pair(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of real and imaginary parts, with real results, from one of complex numbers."""
    return lambda *pairs: parts(f(*[x + 1j * y for x, y in zip(*[iter(pairs)] * 2, strict=True)]))


def parts(z: Any) -> Any:
    """Real and imaginary part with weights of their own; of real numbers themselves."""
    return z.real + 0.3 * z.imag if z.dtype.kind == "c" else z


def in_torch(text: str, count: int = 1) -> str:
    """The same in PyTorch: `text` is a function of complex numbers."""
    pairs = [f"x{k}, y{k}" for k in range(count)]
    given = ", ".join(f"T.complex({pair})" for pair in pairs)
    parted = "(lambda z: z.real + 0.3 * z.imag if z.is_complex() else z)"
    return f"lambda {', '.join(pairs)}: {parted}(({text})({given}))"


case(
    "real", lambda x: np.real(x * (2 + 1j)), [normal(3, 4)], torch="lambda x: T.real(x * (2 + 1j))"
)
case(
    "imag", lambda x: np.imag(x * (2 + 1j)), [normal(3, 4)], torch="lambda x: T.imag(x * (2 + 1j))"
)
case("conj", lambda x: np.real(np.conj(x * (2 + 1j)) * 1j), [normal(3, 4)],
     torch="lambda x: T.real(T.conj(x * (2 + 1j)) * 1j)")  # fmt: skip

for name in ("real", "imag", "conj", "angle", "abs"):
    f = getattr(np, name)
    case(name, of_pair(lambda z, f=f: f(z * (2 + 1j))), [normal(), normal()], tag="number",
         torch=in_torch(f"lambda z: T.{name}(z * (2 + 1j))"))  # fmt: skip
for name, f, text in [
    ("angle", np.angle, "T.angle"),
    ("phase", np.sign, "T.sgn"),
    ("abs", np.abs, "T.abs"),
    ("exp", np.exp, "T.exp"),
    ("log", np.log, "T.log"),
    ("sqrt", np.sqrt, "T.sqrt"),
    ("tanh", np.tanh, "T.tanh"),
    ("sin", np.sin, "T.sin"),
    ("reciprocal", np.reciprocal, "T.reciprocal"),
    ("square", np.square, "T.square"),
    ("prod", lambda z: np.prod(z, axis=1), "lambda z: T.prod(z, 1)"),
]:
    case(name, of_pair(f), [positive(2, 3), normal(2, 3)], torch=in_torch(text), tag="complex")
case("angle", lambda x, y: np.angle(x + 1j * y, deg=True), [normal(4), normal(4)], tag="degrees")
for name, f, text in [
    ("multiply", lambda z, w: z * w, "lambda z, w: z * w"),
    ("divide", lambda z, w: z / w, "lambda z, w: z / w"),
    ("power", lambda z, w: z**w, "lambda z, w: z**w"),
    ("matmul", lambda z, w: z @ w.T, "lambda z, w: z @ w.T"),
    ("where", lambda z, w: np.where(np.abs(z) > 1, z, w), "lambda z, w: T.where(T.abs(z)>1, z, w)"),
    ("concatenate", lambda z, w: np.concatenate([z, w]), "lambda z, w: T.cat([z, w])"),
]:
    case(name, of_pair(f), [positive(2, 3), normal(2, 3), positive(2, 3), normal(2, 3)],
         torch=in_torch(text, 2), tag="complex")  # fmt: skip
