"""L-BFGS, a quasi-Newton method, as SciPy has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import DTypeError, GraphError, set_all

from .optimiser import Optimiser, Params
from .settings import Group, Setting, count, not_negative

__all__ = ["LBFGS"]


class LBFGS(Optimiser):
    """L-BFGS with a line search: for full batches of small problems (Nocedal 1980).

    `step(closure)` makes up to max_iter iterations of `scipy.optimize.minimize`, each from what the
    ones before have told about the curvature; the closure clears the gradients, computes the loss,
    calls `backward()` and returns the loss. Parameters move at the end of the step, all or none.
    Raises ImportError where SciPy is not installed.

    >>> import nn
    >>> import numpy as np
    >>> from autograd import Parameter
    >>> p = Parameter([-1.0, 1.0])
    >>> lbfgs = nn.LBFGS([p], max_iter=50)
    >>> def closure():
    ...     lbfgs.zero_grad()
    ...     loss = (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2  # Rosenbrock's valley
    ...     loss.backward()
    ...     return loss
    >>> loss = lbfgs.step(closure)
    >>> p.numpy().round(4)
    array([1., 1.])
    """

    max_iter = Setting(count)
    max_eval = Setting(count)
    tolerance_grad = Setting(not_negative)
    tolerance_change = Setting(not_negative)
    history_size = Setting(count)

    def __init__(
        self,
        params: Params = (),
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
    ):
        most = count("LBFGS: max_iter", max_iter)
        super().__init__(params, max_iter=max_iter, max_eval=max_eval or most * 5 // 4 + 1,
                         tolerance_grad=tolerance_grad, tolerance_change=tolerance_change,
                         history_size=history_size)  # fmt: skip

    def add_param_group(self, group: Any) -> None:
        """One group: all parameters move together. Raises ValueError for another one."""
        if self.param_groups:
            raise ValueError("LBFGS: got several groups; expected one, all move together")
        super().add_param_group(group)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Go downhill; gives the loss that the closure gave first.

        Raises TypeError without a closure, GraphError when a parameter has no gradient after it or
        when the loss is not finite at the start; parameters are then as they were.
        """
        if not callable(closure):
            raise TypeError(
                f"LBFGS.step: closure is {closure!r}; expected a function that clears the "
                "gradients, computes the loss, calls backward() and returns the loss"
            )
        (group,) = self.param_groups
        moving = [p for p in self.params if p.requires_grad]
        if not moving:
            raise GraphError("LBFGS.step: there are no parameters that are not frozen")
        kinds = {p.dtype for p in moving}
        if len(kinds) > 1:
            raise DTypeError(f"LBFGS: parameters are {kinds}; expected one dtype")
        start = [p.numpy() for p in moving]
        shapes, losses = [p.shape for p in moving], []
        ends = np.cumsum([p.size for p in moving])[:-1]

        def parts(flat: Any) -> list[Any]:
            found = zip(np.split(flat, ends), shapes, moving, strict=True)
            return [x.reshape(shape).astype(p.dtype) for x, shape, p in found]

        def loss_and_gradient(flat: Any) -> tuple[float, Any]:
            set_all([(p, "data", x) for p, x in zip(moving, parts(flat), strict=True)])
            loss = closure()
            losses.append(loss)
            for p in moving:
                if p.grad is None:
                    raise GraphError(
                        f"LBFGS: parameter {p.name or p.shape} has no gradient after the closure; "
                        "call loss.backward() in it"
                    )
            value = float(loss.item() if hasattr(loss, "item") else loss)
            if len(losses) == 1 and not np.isfinite(value):
                raise GraphError(f"LBFGS: the loss is {value} at the start; expected a finite one")
            return value, np.concatenate([np.ravel(p.grad).astype(np.float64) for p in moving])

        end = start
        try:
            found = _minimize(loss_and_gradient, start, group)
            if np.isfinite(found).all():
                end = parts(found)
        finally:
            set_all([(p, "data", x) for p, x in zip(moving, end, strict=True)])
        self._t += 1
        return losses[0]


def _minimize(function: Any, start: list[Any], group: Group) -> Any:
    """The best point, as one vector."""
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise ImportError(
            "nn.LBFGS stands on SciPy, which is not installed: python -m pip install scipy"
        ) from error
    first = np.concatenate([x.ravel().astype(np.float64) for x in start])
    options = {
        "maxiter": group.max_iter, "maxfun": group.max_eval, "maxcor": group.history_size,
        "gtol": group.tolerance_grad, "ftol": group.tolerance_change,
    }  # fmt: skip
    return minimize(function, first, jac=True, method="L-BFGS-B", options=options).x
