"""Why a net does not learn: what its gradients are, where they died, and what made the first NaN.

anomaly   a mode in which the gate that makes a NaN or infinity raises
judge     each parameter's gradient: healthy, or with a fault
causes    the gate, leaf or cut that a fault comes from
flow      a graph with the values and gradients of all gates
places    where a gate was called, as text
report    the table, and what it says
"""

from .anomaly import *
from .judge import *
