"""Is backprop right? Compare it with numerical derivatives, weight by weight, on real digits.

Moves each of the net's weights up and down by h, and holds the slope of the loss against the
gradient that one backward pass gives ("Deep Learning from Scratch", section 5.7.3).
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

import nn

from . import common


@common.program
@np.errstate(over="ignore", invalid="ignore")  # a step that is too long gives inf, as printed
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo; `arguments` as on the command line."""
    parser = common.parser(__doc__, "gradcheck")
    parser.add_argument("--digits", type=common.positive, default=3, help="how many (%(default)s)")
    parser.add_argument(
        "--hidden", type=common.positive, default=50, help="hidden units (%(default)s)"
    )
    parser.add_argument("--h", type=common.step_size, default=1e-4, help="step (%(default)s)")
    options = parser.parse_args(arguments)
    (x, t), _ = nn.mnist(subset=True, dtype=np.float64)
    x, t = x[: options.digits], t[: options.digits]
    net = nn.TwoLayerNet(784, options.hidden, 10, seed=options.seed)
    print(f"digits {', '.join(map(str, t))}; {sum(p.size for p in net.parameters()):,} weights")

    start = time.perf_counter()
    backprop = net.gradient(x, t)
    middle = time.perf_counter()
    numerical = net.numerical_gradient(x, t, options.h)
    end = time.perf_counter()

    print(f"{'':>4}  {'shape':>10}  {'mean difference':>15}  {'largest':>9}")
    for name, g in backprop.items():
        difference = np.abs(g - numerical[name])
        print(f"{name:>4}  {g.shape!s:>10}  {difference.mean():15.2e}  {difference.max():9.2e}")
    print(f"backprop took {1e3 * (middle - start):.2f} ms, differences {end - middle:.2f} s")


if __name__ == "__main__":
    main()
