"""The worked examples of the lecture: values forward, gradients backward, and a picture of each.

Every number is computed by the engine. The circuits are those of CS231n's notes
"Backpropagation, Intuitions" and of its lecture on backpropagation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import autograd as ag
from autograd import Tensor
from autograd.draw import draw

from . import common


@dataclass
class Circuit:
    """A worked example: its inputs by name, and a function of them that may name inner values."""

    file: str
    title: str
    inputs: dict[str, Any]
    build: Callable[..., Tensor]
    expand: bool = False
    show: str = "auto"


def product_of_sum(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """(x + y) z, with the sum called q."""
    q = x + y
    q.name = "q"
    return q * z


def gates(x: Tensor, y: Tensor, z: Tensor, w: Tensor) -> Tensor:
    """A distributor, a switcher and a router: 2 (x y + max(z, w))."""
    return (x * y + np.maximum(z, w)) * 2.0


def neuron(w0: Tensor, x0: Tensor, w1: Tensor, x1: Tensor, w2: Tensor) -> Tensor:
    """The sigmoid of a weighted sum."""
    return ag.sigmoid(w0 * x0 + w1 * x1 + w2)  # type: ignore[no-any-return]


def fraction(x: Tensor, y: Tensor) -> Tensor:
    """A larger expression, differentiated without a formula of its derivative."""
    return (x + ag.sigmoid(y)) / (ag.sigmoid(x) + (x + y) ** 2)


def squared_norm(W: Tensor, x: Tensor) -> Tensor:
    """The squared length of a matrix times a vector: gradients of arrays are arrays."""
    q = W @ x
    q.name = "q"
    return np.sum(np.square(q))  # type: ignore[no-any-return, call-overload]


NEURON = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}
CIRCUITS = [
    Circuit("product-of-sum", "f(x,y,z) = (x + y) × z", {"x": -2.0, "y": 5.0, "z": -4.0},
            product_of_sum),
    Circuit("gates", "f = 2 (x y + max(z, w))", {"x": 3.0, "y": -4.0, "z": 2.0, "w": -1.0}, gates),
    Circuit("neuron", "f(w,x) = σ(w0 x0 + w1 x1 + w2)", NEURON, neuron),
    Circuit("neuron-expanded", "f(w,x) = σ(w0 x0 + w1 x1 + w2)", NEURON, neuron, expand=True),
    Circuit("fraction", "f(x,y) = (x + σ(y)) / (σ(x) + (x + y)²)", {"x": 3.0, "y": -4.0}, fraction),
    Circuit("squared-norm", "f(W,x) = ‖W x‖²",
            {"W": [[0.1, 0.5], [-0.3, 0.8]], "x": [0.2, 0.4]}, squared_norm, show="values"),
]  # fmt: skip


def run(circuit: Circuit) -> tuple[Tensor, dict[str, Tensor]]:
    """Forward and backward; gives the result and the inputs, whose `.grad` is filled."""
    inputs = {name: Tensor(value, name=name) for name, value in circuit.inputs.items()}
    with ag.source_lines():  # so that the pages can tell which line made a gate
        result = circuit.build(**inputs)
    result.name = "f"
    result.backward()
    return result, inputs


@common.program
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo; `arguments` as on the command line."""
    parser = common.parser(__doc__, "circuits")
    parser.add_argument("--decimals", type=int, choices=range(16), metavar="0 to 15",
                        help="places after the point, as on the slides: 2")  # fmt: skip
    parser.add_argument(
        "--format", choices=["svg", "png", "pdf"], default="svg", help="%(default)s"
    )
    parser.add_argument(
        "--explore", action="store_true", help="write pages that step through each circuit, too"
    )
    options = parser.parse_args(arguments)
    out = common.folder(options.out)
    for circuit in CIRCUITS:
        result, inputs = run(circuit)
        print(f"{circuit.title}\n  f = {result.item():.16g}")
        for name, x in inputs.items():
            print(f"  {name} = {x.numpy().tolist()},  df/d{name} = {x.grad.tolist()}")
        path = out / f"{circuit.file}.{options.format}"
        picture = draw(result, title=circuit.title, decimals=options.decimals,
                       expand=circuit.expand, show=circuit.show)  # fmt: skip
        common.wrote(picture.save(path))
        if options.explore and not circuit.expand:  # its page can be expanded
            common.page(result, path.with_suffix(".html"), circuit.title,
                        decimals=options.decimals, show=circuit.show)  # fmt: skip
        print()


if __name__ == "__main__":
    main()
