"""The home of code written for `autograd.numpy`: another library's names, on this engine.

    import autograd.numpy as np
    from autograd import grad

The oldest of these libraries, HIPS autograd, has the same import name. What its clients import is
in this folder, and is found there because `autograd/__init__.py` adds it to the places where the
package looks for its parts: `autograd.numpy` is hips/numpy. So these files have the names that
clients import, and nobody imports them as `autograd.hips.numpy`; the engine imports none of them.

containers, vspaces   nested arguments; what zeros and directions of a value look like
core                  a call with variables, and its derivatives both ways; vspace, primitive_vjps
primitives            functions with rules of the user's, as gates: primitive, defvjp, defjvp
conventions           which derivatives a caller gets: ours, or those that clients expect
differential_operators  grad, jacobian, make_vjp and their kin, as clients expect them
numpy, scipy, misc, builtins, extend, tracer, util, wrap_util, test_util: the names of clients
"""

__path__ = []  # each of these files is loaded once, under the name that clients use
