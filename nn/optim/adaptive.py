"""Optimisers with a step size for each number: AdaGrad, RMSProp, Adam and AdamW."""

from __future__ import annotations

from typing import Any

import numpy as np

from .optimiser import Optimiser, Params, pair
from .settings import Group, Setting, flag, fraction, not_negative, positive
from .sgd import decayed

__all__ = ["AdaGrad", "Adam", "AdamW", "RMSProp"]


class AdaGrad(Optimiser):
    """Steps divided by the root of all squared gradients so far: p -= lr * g / (√s + eps).

    s += g² (Duchi, Hazan and Singer 2011). With lr_decay, lr is divided by
    1 + (n - 1) * lr_decay at the n-th step.

    >>> import nn
    >>> from autograd import Parameter
    >>> p = Parameter([1.0, 1.0])
    >>> adagrad = nn.AdaGrad([p], lr=0.1)
    >>> (p * [1.0, 100.0]).sum().backward()
    >>> adagrad.step()
    >>> p.numpy().round(6)
    array([0.9, 0.9])
    """

    lr = Setting(positive)
    lr_decay = Setting(not_negative)
    weight_decay = Setting(not_negative)
    initial_accumulator_value = Setting(not_negative)
    eps = Setting(not_negative)

    def __init__(
        self,
        params: Params = (),
        lr: float = 0.01,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
    ):
        super().__init__(params, lr=lr, lr_decay=lr_decay, weight_decay=weight_decay,
                         initial_accumulator_value=initial_accumulator_value, eps=eps)  # fmt: skip

    @classmethod
    def arrays_of(cls, group: Group) -> dict[str, float]:
        """The sum of squared gradients."""
        return {"sum": group.initial_accumulator_value}

    def rule(self, group: Group, step: int) -> Any:
        """The step of the class's docstring."""
        decay, eps = group.weight_decay, group.eps
        lr = group.lr / (1 + (step - 1) * group.lr_decay)

        def move(values: Any, g: Any, out: Any, work: Any) -> Any:
            p, s = values
            if decay:
                g = decayed(p, g, decay, work[1])
            s = np.add(s, np.multiply(g, g, out=work[0]), out=out[1])
            root = np.add(np.sqrt(s, out=work[0]), eps, out=work[0])
            way = np.multiply(lr, np.divide(g, root, out=work[0]), out=work[0])
            return np.subtract(p, way, out=out[0]), s

        return move


class RMSProp(Optimiser):
    """Steps divided by the root of a moving mean of squared gradients: p -= lr * g / (√s + eps).

    s = alpha * s + (1 - alpha) * g² (Tieleman and Hinton 2012, lecture 6.5). centered=True takes
    the variance, s minus the square of the moving mean of g. With momentum,
    v = momentum * v + g / (√s + eps) and p -= lr * v.

    >>> import nn
    >>> from autograd import Parameter
    >>> p = Parameter([1.0, 1.0])
    >>> rmsprop = nn.RMSProp([p], lr=0.01)
    >>> (p * [1.0, 100.0]).sum().backward()
    >>> rmsprop.step()
    >>> p.numpy().round(6)
    array([0.9, 0.9])
    """

    lr = Setting(positive)
    alpha = Setting(fraction)
    eps = Setting(not_negative)
    weight_decay = Setting(not_negative)
    momentum = Setting(fraction)
    centered = Setting(flag)

    def __init__(
        self,
        params: Params = (),
        lr: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ):
        super().__init__(params, lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay,
                         momentum=momentum, centered=centered)  # fmt: skip

    @classmethod
    def arrays_of(cls, group: Group) -> dict[str, float]:
        """The moving mean of squared gradients; that of gradients; the moving sum of steps."""
        names = ["square_avg"]
        names += ["grad_avg"] if group.centered else []
        names += ["momentum_buffer"] if group.momentum else []
        return dict.fromkeys(names, 0.0)

    def counts(self) -> bool:
        """All steps are alike."""
        return False

    def rule(self, group: Group, step: int) -> Any:
        """The step of the class's docstring."""
        lr, alpha, eps = group.lr, group.alpha, group.eps
        decay, momentum, centered = group.weight_decay, group.momentum, group.centered

        def move(values: Any, g: Any, out: Any, work: Any) -> Any:
            p = values[0]
            if decay:
                g = decayed(p, g, decay, work[1])
            s = moved_square(values[1], g, alpha, out[1], work[0])
            new, variance = [s], s
            if centered:
                mean = moved_mean(values[2], g, 1 - alpha, out[2], work[0])
                new.append(mean)
                variance = np.subtract(s, np.multiply(mean, mean, out=work[0]), out=work[0])
                variance = np.maximum(variance, 0, out=work[0])  # which rounding could make less
            root = np.add(np.sqrt(variance, out=work[0]), eps, out=work[0])
            way = np.divide(g, root, out=work[0])
            if momentum:
                k = len(new) + 1
                v = np.multiply(momentum, values[k], out=out[k])
                way = np.add(v, way, out=out[k])
                new.append(way)
            way = np.multiply(lr, way, out=work[0])
            return np.subtract(p, way, out=out[0]), *new

        return move


class Adam(Optimiser):
    """Momentum, divided as in RMSProp, both corrected for their start (Kingma and Ba 2015).

    m = beta1 * m + (1 - beta1) * g, v = beta2 * v + (1 - beta2) * g²; at the n-th step
    p -= lr * m / (1 - beta1ⁿ) / (√(v / (1 - beta2ⁿ)) + eps), in the order of
    operations that section 2 of the paper recommends.
    amsgrad=True divides by the largest v so far (Reddi, Kale and Kumar 2018). weight_decay is added
    to the gradient; AdamW keeps it apart.

    >>> import nn
    >>> from autograd import Parameter
    >>> p = Parameter([1.0, 1.0])
    >>> adam = nn.Adam([p], lr=0.1)
    >>> (p * [1.0, 100.0]).sum().backward()
    >>> adam.step()
    >>> p.numpy().round(6)
    array([0.9, 0.9])
    >>> adam
    Adam(1 parameters, lr=0.1, beta1=0.9, beta2=0.999, eps=1e-08, weight_decay=0.0, amsgrad=False)
    """

    lr = Setting(positive)
    beta1 = Setting(fraction)
    beta2 = Setting(fraction)
    eps = Setting(not_negative)
    weight_decay = Setting(not_negative)
    amsgrad = Setting(flag)
    decoupled = False

    def __init__(
        self,
        params: Params = (),
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
    ):
        beta1, beta2 = pair(type(self).__name__, betas)
        super().__init__(params, lr=lr, beta1=beta1, beta2=beta2, eps=eps,
                         weight_decay=weight_decay, amsgrad=amsgrad)  # fmt: skip

    @property
    def betas(self) -> tuple[float, float]:
        """beta1 and beta2."""
        return self.beta1, self.beta2

    @betas.setter
    def betas(self, values: tuple[float, float]) -> None:
        self.beta1, self.beta2 = pair(type(self).__name__, values)

    @classmethod
    def arrays_of(cls, group: Group) -> dict[str, float]:
        """The moving means of gradients and of squared ones; the largest of the latter."""
        names = ["exp_avg", "exp_avg_sq", *(["max_exp_avg_sq"] if group.amsgrad else [])]
        return dict.fromkeys(names, 0.0)

    def rule(self, group: Group, step: int) -> Any:
        """The step of the class's docstring."""
        lr, beta1, beta2, decay = group.lr, group.beta1, group.beta2, group.weight_decay
        amsgrad, decoupled = group.amsgrad, self.decoupled
        root_of_second = (1 - beta2**step) ** 0.5
        rate = lr * root_of_second / (1 - beta1**step)
        eps = group.eps * root_of_second

        def move(values: Any, g: Any, out: Any, work: Any) -> Any:
            p = values[0]
            if decay and not decoupled:
                g = decayed(p, g, decay, work[1])
            m = moved_mean(values[1], g, 1 - beta1, out[1], work[0])
            v = moved_square(values[2], g, beta2, out[2], work[0])
            new, largest = [m, v], v
            if amsgrad:
                largest = np.maximum(values[3], v, out=out[3])
                new.append(largest)
            root = np.add(np.sqrt(largest, out=work[0]), eps, out=work[0])
            way = np.multiply(rate, np.divide(m, root, out=work[0]), out=work[0])
            if decay and decoupled:
                p = np.multiply(1 - lr * decay, p, out=out[0])
            return np.subtract(p, way, out=out[0]), *new

        return move


class AdamW(Adam):
    """Adam with weight decay apart from the gradient: first p *= 1 - lr * weight_decay.

    Loshchilov and Hutter 2019, "Decoupled weight decay regularization".

    >>> import nn
    >>> from autograd import Parameter
    >>> p = Parameter([1.0])
    >>> adamw = nn.AdamW([p], lr=0.1, weight_decay=0.5)
    >>> (p * 0).sum().backward()
    >>> adamw.step()
    >>> p.numpy()
    array([0.95])
    """

    decoupled = True

    def __init__(
        self,
        params: Params = (),
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        amsgrad: bool = False,
    ):
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad)


def moved_mean(mean: Any, g: Any, share: float, out: Any, work: Any) -> Any:
    """mean + share * (g - mean)."""
    way = np.multiply(share, np.subtract(g, mean, out=work), out=work)
    return np.add(mean, way, out=out)


def moved_square(mean: Any, g: Any, keep: float, out: Any, work: Any) -> Any:
    """keep * mean + (1 - keep) * g²."""
    square = np.multiply(1 - keep, np.multiply(g, g, out=work), out=work)
    return np.add(np.multiply(keep, mean, out=out), square, out=out)
