"""Losses: how wrong the scores are, as a single number; and what large weights cost."""

from .binary import *
from .classes import *
from .distances import *
from .penalties import *
from .regression import *
