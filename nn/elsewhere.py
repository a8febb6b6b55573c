"""Names that users of PyTorch ask nn for, and how the same is written here.

Loaded when somebody asks the package, or a module, for a name that it does not have.
"""

from __future__ import annotations

from typing import Any

from . import functional

__all__ = ["of_module", "of_option", "of_package"]

_DEVICE = "nothing: arrays are in ordinary memory, where NumPy computes"
_DTYPE = "dtype=np.float32 where layers are made"
_LIST = "a list of modules as an attribute of a Module, which finds what is in it"
_DICT = "a dict of modules as an attribute of a Module, which finds what is in it"
_BLOCKS = "nn.Sequential(*(nn.TransformerBlock(embed_dim, num_heads) for _ in range(layers)))"
_CELL = ", whose outputs of a sequence of one step are those of the cell"

# what to write in place of nn.name
PACKAGE = {
    "F": "import nn.functional as F",
    "Tensor": "autograd.Tensor",
    "tensor": "autograd.Tensor(value)",
    "no_grad": "autograd.no_grad()",
    "utils": "nn.clip_grad_norm(net, max_norm), and nn.DataLoader(x, y, batch_size) for batches",
    "parameter": "nn.Parameter(array)",
    "compile": "autograd.compile(step)",
    "save": "nn.save_weights(net, path), or nn.save_checkpoint(path, net=net, optimiser=optimiser)",
    "load": "nn.load_weights(net, path), or nn.load_checkpoint(path, net=net, optimiser=optimiser)",
    "device": _DEVICE,
    "cuda": _DEVICE,
    "DataParallel": _DEVICE,
    "Dataset": "the arrays themselves, in nn.DataLoader(x, y, batch_size)",
    "TensorDataset": "the arrays themselves, in nn.DataLoader(x, y, batch_size)",
    "manual_seed": "nn.seed(0)",
    "accuracy": "nn.metrics.accuracy(scores, labels)",
    # functions
    "relu": "autograd.relu(t), or nn.ReLU()",
    "sigmoid": "autograd.sigmoid(t), or nn.Sigmoid()",
    "tanh": "np.tanh(t), or nn.Tanh()",
    "softmax": "autograd.softmax(scores)",
    "gelu": "nn.functional.gelu(t), or nn.GELU()",
    "silu": "nn.functional.silu(t), or nn.SiLU()",
    "softplus": "nn.functional.softplus(t), or nn.Softplus()",
    "leaky_relu": "nn.functional.leaky_relu(t), or nn.LeakyReLU()",
    "elu": "nn.functional.elu(t), or nn.ELU()",
    # layers
    "Swish": "nn.SiLU()",
    "ReLU6": "nn.Hardtanh(0.0, 6.0)",
    "Relu": "nn.ReLU()",
    "LogSigmoid": "-nn.functional.softplus(-x)",
    "Mish": "x * np.tanh(nn.functional.softplus(x))",
    "Softmax2d": "nn.Softmax(axis=1)",
    "Affine": "nn.Linear(fan_in, fan_out)",
    "Dense": "nn.Linear(fan_in, fan_out)",
    "LazyLinear": "nn.Linear(fan_in, fan_out)",
    "Conv2D": "nn.Conv2d(...)",
    "BatchNorm": "nn.BatchNorm1d(features), or nn.BatchNorm2d(channels)",
    "InstanceNorm2d": "nn.LayerNorm((rows, columns), elementwise_affine=False)",
    "Dropout1d": "nn.Dropout(p), which drops single elements",
    "Dropout2d": "nn.Dropout(p), which drops single elements",
    "MaxPool": "nn.MaxPool1d(size), or nn.MaxPool2d(size)",
    "AvgPool": "nn.AvgPool1d(size), or nn.AvgPool2d(size)",
    "AdaptiveMaxPool1d": "nn.GlobalMaxPool()",
    "AdaptiveMaxPool2d": "nn.GlobalMaxPool()",
    "Upsample": "np.repeat(np.repeat(x, 2, axis=2), 2, axis=3)",
    "ZeroPad2d": "np.pad(x, [(0, 0), (0, 0), (top, bottom), (left, right)])",
    "RNNCell": f"nn.RNN(...){_CELL}",
    "LSTMCell": f"nn.LSTM(...){_CELL}",
    "GRUCell": f"nn.GRU(...){_CELL}",
    "TransformerEncoderLayer": "nn.TransformerBlock(embed_dim, num_heads)",
    "TransformerEncoder": _BLOCKS,
    "Transformer": _BLOCKS,
    "ModuleList": _LIST,
    "ModuleDict": _DICT,
    "ParameterList": _LIST.replace("modules", "parameters"),
    "ParameterDict": _DICT.replace("modules", "parameters"),
    "Buffer": "module.register_buffer(name, array)",
    "MLP": "nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))",
    # losses
    "MultiLabelSoftMarginLoss": "nn.BCEWithLogitsLoss()",
    "SoftMarginLoss": "nn.BCEWithLogitsLoss(), with targets 0 and 1",
    # training
    "optimizer": "nn.optim, or nn.Adam(net, lr=...)",
    "Optimizer": "nn.Optimiser",
    "Adagrad": "nn.AdaGrad(net, lr=...)",
    "RMSprop": "nn.RMSProp(net, lr=...)",
    "Adamax": "nn.Adam(net, lr=...)",
    "NAdam": "nn.Adam(net, lr=...)",
    "RAdam": "nn.Adam(net, lr=...), with nn.LinearLR for the warm-up",
    "lr_scheduler": "nn.StepLR(optimiser, ...), and its kin in nn.optim",
    "clip_grad_norm_": "nn.clip_grad_norm(net, max_norm)",
    "clip_grad_value_": "nn.clip_grad_value(net, value)",
}

# what to write in place of nn.functional.name
FUNCTIONAL = {
    "linear": "x @ W + b",
    "dropout": "nn.Dropout(p), a layer, which knows whether it is trained",
    "embedding": "W[indices]",
    "one_hot": "np.eye(classes)[labels]",
    "pad": "np.pad(x, widths), with the first axis first",
    "normalize": "x / np.linalg.norm(x, axis=1, keepdims=True)",
    "cosine_similarity": "np.sum(x * y, axis=1), of rows divided by np.linalg.norm",
    "interpolate": PACKAGE["Upsample"],
    "logsigmoid": PACKAGE["LogSigmoid"],
    "mish": PACKAGE["Mish"],
    "relu6": "hardtanh(x, 0.0, 6.0)",
    "prelu": "np.where(x > 0, x, slope * x)",
    "glu": "a * autograd.sigmoid(b), of a, b = np.split(x, 2, axis=-1)",
    "batch_norm": "nn.BatchNorm1d(features), or nn.BatchNorm2d(channels)",
    "layer_norm": "nn.LayerNorm(shape)",
    "rms_norm": "nn.RMSNorm(shape)",
    "adaptive_avg_pool1d": "nn.AdaptiveAvgPool1d(size)",
    "adaptive_avg_pool2d": "nn.AdaptiveAvgPool2d(size)",
    "multi_head_attention_forward": "nn.MultiheadAttention(embed_dim, num_heads)",
    "scaled_dot_product_attention": "nn.MultiheadAttention(embed_dim, num_heads)",
    "multi_margin_loss": "svm_hinge(scores, labels) / classes",
}

# what to write in place of nn.init.name
INIT = {
    "kaiming_normal_": "W.data = nn.init.he(*W.shape), for a W (in, out)",
    "kaiming_uniform_": "W.data = nn.init.he(*W.shape), for a W (in, out)",
    "xavier_normal_": "W.data = nn.init.xavier(*W.shape), for a W (in, out)",
    "xavier_uniform_": "W.data = nn.init.xavier(*W.shape), for a W (in, out)",
    "normal_": "W.data = nn.init.normal(*W.shape, std=0.01), for a W (in, out)",
    "trunc_normal_": "W.data = np.clip(rng.normal(0.0, std, W.shape), -2 * std, 2 * std)",
    "uniform_": "W.data = rng.uniform(low, high, W.shape)",
    "orthogonal_": "W.data = np.linalg.qr(rng.normal(size=W.shape))[0]",
    "zeros_": "W.data = np.zeros(W.shape)",
    "ones_": "W.data = np.ones(W.shape)",
    "eye_": "W.data = np.eye(*W.shape)",
    "constant_": "W.data = np.full(W.shape, value)",
}

# what to write in place of net.name
MODULE = {
    "to": f"{_DEVICE}; for another dtype {_DTYPE}",
    "cuda": _DEVICE,
    "cpu": _DEVICE,
    "device": _DEVICE,
    "share_memory": _DEVICE,
    "half": _DTYPE.replace("32", "16"),
    "float": _DTYPE,
    "double": _DTYPE.replace("np.float32", "float"),
    "bfloat16": _DTYPE,
    "type": _DTYPE,
    "requires_grad_": "net.freeze(), or net.unfreeze()",
    "add_module": "net.name = module",
    "register_module": "net.name = module",
    "register_parameter": "net.name = nn.Parameter(array)",
    "get_parameter": "dict(net.named_parameters())[path]",
    "get_buffer": "dict(net.named_buffers())[path]",
    "get_submodule": "dict(net.named_modules())[path]",
    "append": "net.layers.append(module), of a Sequential",
    "insert": "net.layers.insert(index, module), of a Sequential",
    "extend": "net.layers.extend(modules), of a Sequential",
    "register_forward_pre_hook": "net.register_forward_hook(f), which sees the inputs, too",
    "register_full_backward_hook": "t.register_hook(f), of a tensor that forward computes",
    "register_backward_hook": "t.register_hook(f), of a tensor that forward computes",
    "compile": "autograd.compile(step)",
    "reset_parameters": "layer.initialise(seed)",
    "init_weights": "net.initialise(seed)",
    "predict": "np.argmax(net(x).numpy(), axis=1)",
    "save": PACKAGE["save"],
    "save_weights": "nn.save_weights(net, path)",
    "load_weights": "nn.load_weights(net, path)",
    "in_features": "layer.W.shape[0]",
    "out_features": "layer.W.shape[1]",
    "num_embeddings": "layer.W.shape[0]",
    "embedding_dim": "layer.W.shape[1]",
    "in_channels": "layer.W.shape, which is (out, in / groups, rows, columns)",
    "out_channels": "layer.W.shape, which is (out, in / groups, rows, columns)",
}

# what to write in place of an option
OPTIONS = {
    "dim": "axis, as in NumPy",
    "start_dim": "start_axis",
    "end_dim": "end_axis",
    "unflattened_size": "sizes",
    "device": _DEVICE,
    "inplace": "nothing: compiled steps use memory again by themselves",
    "padding_mode": "nothing, and np.pad(x, widths, mode) before it",
    "size_average": 'reduction="mean", or "sum"',
    "reduce": 'reduction="none"',
}

HOMES = {"nn": PACKAGE, "nn.optim": PACKAGE, "nn.functional": FUNCTIONAL, "nn.init": INIT}


def of_package(home: str, name: str) -> AttributeError:
    """The error for nn.name: how the same is written here, where PyTorch has the name."""
    told = HOMES[home].get(name)
    if told is None and name in functional.__all__:
        told = f"nn.functional.{name}"
    return _error(f"module {home!r} has", home, name, told)


def of_module(module: Any, name: str) -> AttributeError:
    """The same for net.name: what PyTorch calls weight is W in a Linear, as its class says."""
    kind = type(module)
    ours = [own for own, other in kind.torch_names.items() if other == name]
    told = MODULE.get(name)
    if ours:
        told = f"layer.{ours[0]}"
        if ours[0] == kind.torch_turned:
            told += ", which is (in, out) here"
    error = _error(f"{kind.__name__!r} object has", kind.__name__, name, told)
    if told is None:
        error.name, error.obj = name, module
    return error


def of_option(kind: str, name: str, known: tuple[str, ...]) -> TypeError:
    """The error for an option that a module does not have."""
    told = f"; write {OPTIONS[name]}" if name in OPTIONS else ""
    takes = f"it takes {', '.join(known)}" if known else "it takes no arguments"
    return TypeError(f"{kind}: got an unexpected keyword argument {name!r}; {takes}{told}")


def _error(start: str, home: str, name: str, told: str | None) -> AttributeError:
    if told is None:
        return AttributeError(f"{start} no attribute {name!r}")
    # without its name Python proposes no other one
    return AttributeError(f"{home} has no `{name}`; write {told}", obj=home)
