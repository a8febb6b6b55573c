"""Operators of Python that Tensor has through functions of NumPy: %, //, divmod, <<, >>, ^.

Their rows are in the library, which a program that does without them never loads.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..declare import register_method

__all__: list[str] = []


def _operator(name: str, function: Any) -> None:
    def call(self: Any, other: Any) -> Any:
        return function(self, other)

    register_method([f"__{name}__"], call, f"__r{name}__")


for _name, _function in {
    "mod": np.remainder, "floordiv": np.floor_divide, "divmod": np.divmod,
    "lshift": np.left_shift, "rshift": np.right_shift, "xor": np.bitwise_xor,
}.items():  # fmt: skip
    _operator(_name, _function)
