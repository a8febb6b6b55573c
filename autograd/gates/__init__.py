"""The gate table: every operation that the engine can differentiate, row by row."""

from ..declare import gate as gate
from . import (
    arithmetic,
    choose,
    compare,
    conv,
    elementwise,
    index,
    linear,
    losses,
    operators,
    pool,
    reduce,
    shape,
    windows,
)
from .index import getitem as getitem
from .index import setitem as setitem
from .public import *
from .shape import copy as copy
from .shape import sum_to as sum_to

_TABLES = (
    arithmetic, choose, compare, conv, elementwise, index, linear, losses, operators, pool, reduce,
    shape, windows,
)  # fmt: skip
