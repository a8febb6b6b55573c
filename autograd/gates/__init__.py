"""The gate table: every operation that the engine can differentiate, row by row."""

import functools
from typing import TYPE_CHECKING, Any

from .. import declare
from . import (
    activations,
    arithmetic,
    attention,
    choose,
    compare,
    conv,
    elementwise,
    index,
    linear,
    losses,
    normalisation,
    operators,
    pool,
    recurrent,
    reduce,
    shape,
    windows,
)
from .index import getitem as getitem
from .index import setitem as setitem
from .public import *
from .shape import copy as copy
from .shape import sum_to as sum_to

if TYPE_CHECKING:
    from ..declare import gate as gate
else:

    @functools.wraps(declare.gate)
    def gate(*args: Any, **row: Any) -> Any:  # noqa: D103 (that of declare.py)
        # a gate of the user's comes after all of ours, so that it takes none of their names
        from .. import library  # noqa: F401

        return declare.gate(*args, **row)


_TABLES = (
    activations, arithmetic, attention, choose, compare, conv, elementwise, index, linear,
    losses, normalisation, operators, pool, recurrent, reduce, shape, windows,
)  # fmt: skip
