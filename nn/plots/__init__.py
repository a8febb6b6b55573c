"""Pictures of a training run, made with matplotlib (the extra `plots`), and a page to play it.

Each function draws on the `axis` that it is given, or on one of its own, and gives it back.

>>> import nn
>>> from nn import plots
>>> history = plots.History()
>>> for step, loss in enumerate([1.1, 0.7, 0.5]):
...     history.record(step, loss)
>>> axis = plots.loss_curve(history, classes=3)
>>> axis.get_title()
'loss'
"""

from .classes import confusion, decision_regions, mistakes, weight_tiles
from .curves import (
    accuracy_curve,
    activations,
    dead_units_curve,
    gradient_norms,
    loss_curve,
    update_ratios,
)
from .history import History, dead_units
from .player import Film, player
from .style import CLASS_COLOURS, CLASS_MARKERS, PlotError, figure, save

__all__ = [
    "CLASS_COLOURS", "CLASS_MARKERS", "Film", "History", "PlotError", "accuracy_curve",
    "activations", "confusion", "dead_units", "dead_units_curve", "decision_regions", "figure",
    "gradient_norms", "loss_curve", "mistakes", "player", "save", "update_ratios", "weight_tiles",
]  # fmt: skip
