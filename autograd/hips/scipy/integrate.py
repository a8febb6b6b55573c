"""The solution of an initial value problem, with the gradients of the adjoint equation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.integrate

from ..core import make_vjp
from ..misc.flatten import flatten
from ..primitives import defvjp_argnums, primitive

__all__ = ["odeint"]

odeint = primitive(scipy.integrate.odeint)


def _adjoint(argnums: Sequence[int], ans: Any, args: Any, kwargs: Any) -> Any:
    """The gradients by y0, t and the arguments of func in y' = func(y, t, *args).

    Backward in time go the solution y, the gradient a by it with a' = -a df/dy, and the integrals
    of a df/dt and a df/dargs (Chen et al., "Neural Ordinary Differential Equations", 2018, app. B).
    """
    func, _, t, *rest = args
    flat, unflatten = flatten(rest[0] if rest else ())
    count, size = np.shape(ans)

    def slope(y: Any, time: Any, flat: Any) -> Any:
        return func(y, time, *unflatten(flat))

    def backward(state: Any, time: Any, flat: Any) -> Any:
        y, a = state[:size], state[size : 2 * size]
        pull, change = make_vjp(lambda x: slope(*x), (y, time, flat))
        by_y, by_t, by_flat = pull(-a)
        return np.concatenate([change, by_y, np.reshape(by_t, (1,)), by_flat])

    def vjp(g: Any) -> Any:
        a, by_start, by_flat = g[-1], np.zeros(1), np.zeros(np.shape(flat))
        by_times = []
        for k in range(count - 1, 0, -1):
            by_times.append(np.dot(slope(ans[k], t[k], flat), g[k]))
            by_start = by_start - by_times[-1]
            state = np.concatenate([ans[k], a, by_start, by_flat])
            times = np.stack([t[k], t[k - 1]])
            state = odeint(backward, state, times, (flat,), **kwargs)[1]
            a, by_start = state[size : 2 * size] + g[k - 1], state[2 * size : 2 * size + 1]
            by_flat = state[2 * size + 1 :]
        by_t = np.concatenate([by_start, *[np.reshape(x, (1,)) for x in by_times[::-1]]])
        found = {1: a, 2: by_t, 3: unflatten(by_flat)}
        return [found[k] for k in argnums]

    return vjp


defvjp_argnums(odeint, _adjoint)
