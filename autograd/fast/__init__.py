"""What makes the engine quick, in a room of its own: without this folder it is slower, not wrong.

Here stands what is put in the place of what. `GATEGRAD_PLAIN=1` in the environment leaves all of it
out; so does deleting this folder, and the line of `autograd/__init__.py` that loads it.

    calls     functions that call gates, written out for each kind of gate
    numbers   smaller nodes for scalars
    sweep     the backward pass of plain arrays, without a list of the graph
    buffers   memory that is lent again when nobody refers to it any more
    kernels, products, images, normalisation, recurrent, attention    quicker kernels and rules of
              single gates
    parameters    updates of parameters without fresh memory
    stacked   many gradients in one backward pass, for all rows of a Jacobian
"""

from .. import arrays, declare
from . import buffers, calls

setattr(declare, "caller", calls.caller)  # noqa: B010 (before the gates are declared)
setattr(arrays, "copied", buffers.copied)  # noqa: B010
setattr(arrays, "own", buffers.own)  # noqa: B010
setattr(arrays, "lender", buffers.lender)  # noqa: B010

from .. import backward  # noqa: E402
from ..functional import rows  # noqa: E402
from ..gates import windows  # noqa: E402
from ..parameter import Parameter  # noqa: E402
from . import (  # noqa: E402
    attention,  # noqa: F401
    images,  # noqa: F401
    kernels,  # noqa: F401
    normalisation,  # noqa: F401
    parameters,
    products,  # noqa: F401
    recurrent,  # noqa: F401
    stacked,
    sweep,
)

setattr(backward, "walk", sweep.walk)  # noqa: B010
setattr(backward, "collect", sweep.collect)  # noqa: B010
for _name, _method in {
    "descend": parameters.descend,
    "_updated": parameters.updated,
    "spare": parameters.spare,
}.items():
    setattr(Parameter, _name, _method)
setattr(rows, "all_rows", stacked.all_rows)  # noqa: B010
setattr(windows, "empty", buffers.empty)  # noqa: B010
