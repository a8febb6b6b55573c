"""Functions that write into an array: the same on tensors."""

from typing import Any

import numpy as np
from cases import case, normal, positive

import autograd as ag

MASK = np.array([[True, False, True], [False, True, True]])


def _after(write: Any, x: Any, *values: Any) -> Any:
    """x after something was written into a copy of it."""
    if any(isinstance(v, ag.Tensor) for v in values) and not isinstance(x, ag.Tensor):
        x = ag.Tensor(x, requires_grad=False)
    out = np.copy(x)
    write(out, *values)
    return out


PLACES = np.array([[2, 0], [1, 1]])
WRITES = {
    "put": (lambda t, v: np.put(t, [0, -1, 4], v), (3,)),
    "put-few": (lambda t, v: np.put(t, [0, 1, 4], v), (2,)),
    "put-wrap": (lambda t, v: np.put(t, [0, 7, -8], v, mode="wrap"), (3,)),
    "put-clip": (lambda t, v: np.put(t, [1, 9], v, mode="clip"), (2,)),
    "put-method": (lambda t, v: t.put([1, 5], v), (2,)),
    "flat": (lambda t, v: t.flat.__setitem__(slice(1, 3), v), (2,)),
    "fill": (lambda t, v: t.fill(v.sum()), (2,)),
    "place": (lambda t, v: np.place(t, MASK, v), (3,)),
    "place-many": (lambda t, v: np.place(t, MASK, v), (9,)),
    "putmask": (lambda t, v: np.putmask(t, MASK, v), (2, 3)),
    "putmask-few": (lambda t, v: np.putmask(t, MASK, v), (2,)),
    "copyto": (lambda t, v: np.copyto(t, v), (3,)),
    "copyto-where": (lambda t, v: np.copyto(t, v, where=MASK), (2, 1)),
    "fill_diagonal": (lambda t, v: np.fill_diagonal(t, v), ()),
    "fill_diagonal-values": (lambda t, v: np.fill_diagonal(t, v), (2,)),
    "along": (lambda t, v: np.put_along_axis(t, PLACES, v, axis=1), (2, 2)),
    "along-0": (lambda t, v: np.put_along_axis(t, PLACES[:1], v, axis=0), (1, 2)),
    "along-flat": (lambda t, v: np.put_along_axis(t, np.array([4, 0]), v, axis=None), (2,)),
    "add.at": (lambda t, v: np.add.at(t, ([0, 0, 1], [1, 1, 2]), v), (3,)),
    "subtract.at": (lambda t, v: np.subtract.at(t, [0, 0], v), (3,)),
    "multiply.at": (lambda t, v: np.multiply.at(t, ([0, 0, 1, 0], [1, 1, 2, 1]), v), (4,)),
    "divide.at": (lambda t, v: np.divide.at(t, (0, slice(1)), v), ()),
    "tanh.at": (lambda t, v: np.tanh.at(t, [0, 0]), ()),
}
USED = {"copyto", "copyto-where", "putmask", "putmask-few", "place", "place-many"}
for tag, (write, shape) in WRITES.items():
    gate = "where" if tag in USED - {"copyto"} else "setitem"
    gate = {"add.at": "scatter", "subtract.at": "scatter"}.get(tag, gate)
    if tag == "tanh.at":
        case(gate, lambda x, w=write: _after(w, x, 0.0), [normal(2, 3)], tag=f"of-{tag}")
        continue
    if tag.startswith("along-0"):
        continue
    case(gate, lambda x, v, w=write: _after(w, x, v), [normal(2, 3), positive(*shape)],
         tag=f"of-{tag}")  # fmt: skip
case("setitem", lambda x: _after(lambda t: np.fill_diagonal(t, 0.0, wrap=True), x), [normal(5, 2)],
     tag="of-fill_diagonal-wrap")  # fmt: skip
case("setitem", lambda x: _after(lambda t: np.fill_diagonal(t, [1.0, 2.0]), x), [normal(3, 3, 3)],
     tag="of-fill_diagonal-cube")  # fmt: skip
