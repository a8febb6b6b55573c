"""Derivatives of functions: gradients, Jacobians, Hessians and products with them.

trees          containers of arrays, as arguments and results
rows           all rows of a Jacobian
calls          a function called with variables, and what is asked of the result
gradients      backward: grad, value_and_grad, vjp, elementwise_grad, jacobian, hessian
forward        forward: jvp, hvp
check          numerical derivatives, and which rule is wrong
callers        whose grad a caller gets, ours or that of another library
boundary       a call as one gate, whose gradient is worked out anew on the way back:
checkpointing  to save memory
implicit       for the solution of an equation: fixed_point, root
"""

from .callers import *
from .check import *
from .checkpointing import *
from .forward import *
from .gradients import vjp as vjp
from .implicit import *
