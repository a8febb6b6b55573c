"""Nets built from the gates of autograd: layers, losses, optimisers, data.

>>> import nn
>>> X, y = nn.spiral(seed=0)
>>> net = nn.TwoLayerNet(2, 100, 3, seed=0)
>>> optimiser = nn.SGD(net, lr=1.0)
>>> for step in range(10):
...     optimiser.zero_grad()
...     loss = net.loss(X, y)
...     loss.backward()
...     optimiser.step()
"""

from functools import partial
from typing import TYPE_CHECKING, Any

from autograd import Parameter as Parameter

from . import book as book
from . import data as data
from . import files as files
from . import functional as functional
from . import init as init
from . import metrics as metrics
from . import optim as optim
from . import plots as plots
from . import train as train
from .data import *
from .diagnosis import *
from .exports import own_names
from .files import *
from .layers import *
from .losses import *
from .module import *
from .optim import *
from .rng import seed as seed
from .sanity import *
from .state import StateError as StateError
from .train import *
from .two_layer_net import *

if not TYPE_CHECKING:  # so that a type checker knows that there is nothing else
    _SUBJECTS = "book data files functional init metrics optim plots train"
    _ELSE = "Parameter", "softmax_cross_entropy"  # autograd's
    __all__ = sorted([*own_names(__name__, globals()), *_SUBJECTS.split(), *_ELSE])

    def _told(home: str, name: str) -> Any:
        """AttributeError, which tells how a name of PyTorch's is written here."""
        if name.startswith("_"):  # which protocols look for
            raise AttributeError(f"module {home!r} has no attribute {name!r}")
        from .elsewhere import of_package

        raise of_package(home, name)

    __getattr__ = partial(_told, __name__)
    for _part in (functional, init, optim):
        vars(_part)["__getattr__"] = partial(_told, _part.__name__)
