"""Names that users of PyTorch ask nn for, and how the same is written here.

Loaded when somebody asks the package for a name that it does not have.
"""

from __future__ import annotations

__all__ = ["of_package"]

# what to write in place of nn.name
PACKAGE = {
    "F": "import nn.functional as F",
    "Tensor": "autograd.Tensor",
    "tensor": "autograd.Tensor(value)",
    "no_grad": "autograd.no_grad()",
    "utils": "nn.DataLoader(x, y, batch_size) for batches",
    "relu": "autograd.relu(t), or nn.ReLU()",
    "sigmoid": "autograd.sigmoid(t), or nn.Sigmoid()",
    "tanh": "np.tanh(t), or nn.Tanh()",
    "softmax": "autograd.softmax(scores)",
    "gelu": "nn.functional.gelu(t), or nn.GELU()",
    "silu": "nn.functional.silu(t), or nn.SiLU()",
    "Swish": "nn.SiLU()",
    "softplus": "nn.functional.softplus(t), or nn.Softplus()",
    "leaky_relu": "nn.functional.leaky_relu(t), or nn.LeakyReLU()",
    "elu": "nn.functional.elu(t), or nn.ELU()",
    "ReLU6": "nn.Hardtanh(0.0, 6.0)",
    "MultiLabelSoftMarginLoss": "nn.BCEWithLogitsLoss()",
    "SoftMarginLoss": "nn.BCEWithLogitsLoss(), with targets 0 and 1",
    "accuracy": "nn.metrics.accuracy(scores, labels)",
    "Affine": "nn.Linear(fan_in, fan_out)",
    "Dense": "nn.Linear(fan_in, fan_out)",
    "Conv2D": "nn.Conv2d(...)",
    "Relu": "nn.ReLU()",
    "ModuleList": "a list of modules as an attribute of a Module, which finds what is in it",
    "Buffer": "module.register_buffer(name, array)",
    "manual_seed": "nn.seed(0)",
    "BatchNorm": "nn.BatchNorm1d(features), or nn.BatchNorm2d(channels)",
    "ModuleDict": "a dict of modules as an attribute of a Module, which finds what is in it",
    "optimizer": "nn.optim, or nn.Adam(net, lr=...)",
    "Optimizer": "nn.Optimiser",
    "Adagrad": "nn.AdaGrad(net, lr=...)",
    "RMSprop": "nn.RMSProp(net, lr=...)",
    "lr_scheduler": "nn.StepLR(optimiser, ...), and its kin in nn.optim",
    "clip_grad_norm_": "nn.clip_grad_norm(net, max_norm)",
    "clip_grad_value_": "nn.clip_grad_value(net, value)",
    "MLP": "nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))",
}


def of_package(module: str, name: str) -> AttributeError:
    """The error for nn.name: how the same is written here, where PyTorch has the name."""
    told = PACKAGE.get(name)
    if told is None:
        return AttributeError(f"module {module!r} has no attribute {name!r}")
    # without its name Python proposes no other one of the package's
    return AttributeError(f"{module} has no `{name}`; write {told}", obj=module)
