"""Names that users of PyTorch ask nn for, and how the same is written here.

Loaded when somebody asks the package for a name that it does not have.
"""

from __future__ import annotations

__all__ = ["of_package"]

# what to write in place of nn.name
PACKAGE = {
    "functional": "import autograd as ag, and ag.relu(t), ag.softmax(t), ag.conv2d(x, w, b), ...",
    "F": "import autograd as ag, and ag.relu(t), ag.softmax(t), ag.conv2d(x, w, b), ...",
    "Tensor": "autograd.Tensor",
    "tensor": "autograd.Tensor(value)",
    "no_grad": "autograd.no_grad()",
    "utils": "nn.batches(x, y, size) for batches",
    "DataLoader": "nn.batches(x, y, size)",
    "CrossEntropyLoss": "nn.SoftmaxWithLoss(), or nn.softmax_cross_entropy(scores, labels)",
    "cross_entropy": "nn.softmax_cross_entropy(scores, labels)",
    "NLLLoss": "nn.softmax_cross_entropy(scores, labels), of scores before the softmax",
    "MSELoss": "np.mean((y - t)**2), or nn.sum_of_squares(y, t)",
    "mse_loss": "np.mean((y - t)**2), or nn.sum_of_squares(y, t)",
    "L1Loss": "np.mean(np.abs(y - t))",
    "BCELoss": "-np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))",
    "BCEWithLogitsLoss": "np.mean(np.logaddexp(0, scores) - t * scores)",
    "MultiMarginLoss": "nn.HingeLoss()",
    "Softmax": "autograd.softmax(scores), and for a loss nn.SoftmaxWithLoss()",
    "LogSoftmax": "autograd.log_softmax(scores), and for a loss nn.SoftmaxWithLoss()",
    "relu": "autograd.relu(t), or nn.ReLU()",
    "sigmoid": "autograd.sigmoid(t), or nn.Sigmoid()",
    "tanh": "np.tanh(t), or nn.Tanh()",
    "softmax": "autograd.softmax(scores)",
    "Affine": "nn.Linear(fan_in, fan_out)",
    "Dense": "nn.Linear(fan_in, fan_out)",
    "Conv2D": "nn.Conv2d(...)",
    "Relu": "nn.ReLU()",
    "Dropout": "nn.book.Dropout",
    "BatchNorm1d": "nn.book.BatchNormalization",
    "BatchNorm2d": "nn.book.BatchNormalization",
    "ModuleList": "a list of modules as an attribute of a Module, which finds what is in it",
    "ModuleDict": "a dict of modules as an attribute of a Module, which finds what is in it",
    "optimizer": "nn.optim, or nn.Adam(net, lr=...)",
    "Optimizer": "nn.Optimiser",
    "Adagrad": "nn.AdaGrad(net, lr=...)",
    "RMSprop": "nn.RMSProp(net, lr=...)",
    "lr_scheduler": "nn.StepLR(optimiser, ...), and its kin in nn.optim",
    "clip_grad_norm_": "nn.clip_grad_norm(net, max_norm)",
    "clip_grad_value_": "nn.clip_grad_value(net, value)",
    "MLP": "nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))",
    "Neuron": "nn.Linear(fan_in, 1)",
}


def of_package(module: str, name: str) -> AttributeError:
    """The error for nn.name: how the same is written here, where PyTorch has the name."""
    told = PACKAGE.get(name)
    if told is None:
        return AttributeError(f"module {module!r} has no attribute {name!r}")
    # without its name Python proposes no other one of the package's
    return AttributeError(f"{module} has no `{name}`; write {told}", obj=module)
