"""Layers: the modules that nets are built from, by subject."""

from .activations import *
from .attention import *
from .convolution import *
from .dropout import *
from .embedding import *
from .flatten import *
from .layer import *
from .linear import *
from .neuron import *
from .normalisation import *
from .pooling import *
from .recurrent import *
