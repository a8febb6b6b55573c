"""Derivatives of functions: gradients, Jacobians, Hessians and products with them.

trees      containers of arrays, as arguments and results
rows       all rows of a Jacobian
calls      a function called with variables, and what is asked of the result
gradients  backward: grad, value_and_grad, vjp, elementwise_grad, jacobian, hessian
forward    forward: jvp, hvp
"""

from .forward import *
from .gradients import *
