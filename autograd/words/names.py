"""Names from PyTorch, JAX, TensorFlow, MyGrad and micrograd, and how the same is written here.

Loaded when somebody asks a tensor or the package for a name that it does not have.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

__all__ = ["of_package", "of_tensor"]

_NO_COPY = "arrays are in ordinary memory, where NumPy computes; leave it out"
_RANDOM = "rng = np.random.default_rng(seed), and then Tensor(rng.standard_normal(shape))"
_LEAF = "; on a leaf inside `with no_grad():`"

# what to write in place of t.name
TENSOR = {
    # shapes
    "unsqueeze": "np.expand_dims(t, axis), or t[..., None]",
    "view": "t.reshape(shape)",
    "view_as": "t.reshape(other.shape)",
    "reshape_as": "t.reshape(other.shape)",
    "unflatten": "t.reshape(shape)",
    "permute": "np.transpose(t, axes), or t.transpose(axes)",
    "movedim": "np.moveaxis(t, source, destination)",
    "t": "t.T",
    "H": "np.conj(t).T",
    "adjoint": "np.conj(t.mT)",
    "expand": "np.broadcast_to(t, shape)",
    "expand_as": "np.broadcast_to(t, other.shape)",
    "contiguous": "t itself; t.copy() where the order in memory counts",
    "is_contiguous": "t.flags.c_contiguous",
    "stride": "t.strides, in bytes",
    "dim": "t.ndim",
    "ndimension": "t.ndim",
    "rank": "t.ndim, or np.linalg.matrix_rank(t) for that of a matrix",
    "numel": "t.size",
    "nelement": "t.size",
    "element_size": "t.itemsize",
    "get_shape": "t.shape",
    "set_shape": "t.reshape(shape)",
    "unbind": "list(t)",
    "unstack": "list(t)",
    "chunk": "np.array_split(t, sections, axis)",
    "narrow": "t[start : start + length]",
    "unfold": "np.lib.stride_tricks.sliding_window_view(t, window, axis)",
    "flip": "np.flip(t, axis)",
    "roll": "np.roll(t, shift, axis)",
    "rot90": "np.rot90(t)",
    "repeat_interleave": "np.repeat(t, repeats, axis)",
    "tile": "np.tile(t, reps)",
    # products and norms
    "mm": "a @ b",
    "bmm": "a @ b, for stacks of matrices, too",
    "mv": "a @ v",
    "addmm": "c + a @ b",
    "ger": "np.outer(a, b)",
    "norm": "np.linalg.norm(t, axis=axis)",
    "det": "np.linalg.det(t)",
    "logdet": "np.linalg.slogdet(t)[1]",
    "inverse": "np.linalg.inv(t)",
    "inv": "np.linalg.inv(t)",
    "pinverse": "np.linalg.pinv(t)",
    "svd": "np.linalg.svd(t)",
    "qr": "np.linalg.qr(t)",
    "cholesky": "np.linalg.cholesky(t)",
    "tril": "np.tril(t)",
    "triu": "np.triu(t)",
    # functions of single elements
    "abs": "np.abs(t), or abs(t)",
    "neg": "-t",
    "pow": "t**exponent",
    "rsqrt": "1 / np.sqrt(t)",
    "frac": "t - np.trunc(t)",
    "mod": "t % y",
    "remainder": "t % y",
    "sub": "t - y",
    "mul": "t * y",
    "div": "t / y",
    "true_divide": "t / y",
    "lt": "t < y",
    "le": "t <= y",
    "gt": "t > y",
    "ge": "t >= y",
    "eq": "t == y",
    "ne": "t != y",
    "lerp": "t + weight * (end - t)",
    "addcmul": "t + value * a * b",
    "addcdiv": "t + value * a / b",
    "clamp": "np.clip(t, low, high)",
    "clamp_min": "np.maximum(t, low)",
    "clamp_max": "np.minimum(t, high)",
    "logical_not": "~mask",
    "where": "np.where(mask, t, other)",
    "masked_fill": "np.where(mask, value, t)",
    "masked_select": "t[mask]",
    "erf": "scipy.special.erf(t)",
    "lgamma": "scipy.special.gammaln(t)",
    "digamma": "scipy.special.digamma(t)",
    "logit": "scipy.special.logit(t)",
    "softplus": "np.logaddexp(0, t)",
    "silu": "t * t.sigmoid()",
    "leaky_relu": "np.where(t > 0, t, 0.01 * t)",
    # reductions
    "amax": "t.max(axis)",
    "amin": "t.min(axis)",
    "aminmax": "t.min(axis), t.max(axis)",
    "median": "np.median(t, axis)",
    "quantile": "np.quantile(t, q, axis)",
    "nansum": "np.nansum(t, axis)",
    "nanmean": "np.nanmean(t, axis)",
    "cov": "np.cov(t)",
    "topk": "np.sort(t)[..., -k:], and np.argsort(t) for where they stand",
    "gather": "np.take_along_axis(t, index, axis)",
    "index_select": "np.take(t, index, axis)",
    "scatter": "np.put_along_axis(t, index, values, axis)",
    "index_put": "t[index] = values",
    "histc": "np.histogram(t, bins)",
    "unique": "np.unique(t)",
    "diff": "np.diff(t)",
    # kinds of number and places
    "float": "t.astype(np.float32)",
    "double": "t.astype(float)",
    "half": "t.astype(np.float16)",
    "bfloat16": "t.astype(np.float32), for NumPy has no bfloat16",
    "long": "t.astype(int), of a constant",
    "int": "t.astype(np.int32), of a constant",
    "short": "t.astype(np.int16), of a constant",
    "bool": "t.astype(bool), of a constant, or t != 0",
    "type": "t.astype(dtype), or t.dtype",
    "type_as": "t.astype(other.dtype)",
    "to": "t.astype(dtype); there is one device, ordinary memory",
    "cuda": _NO_COPY,
    "cpu": _NO_COPY,
    "gpu": _NO_COPY,
    "mps": _NO_COPY,
    "is_cuda": "False: " + _NO_COPY,
    "pin_memory": _NO_COPY,
    "block_until_ready": "t itself: what is computed is there at once",
    "is_floating_point": 't.dtype.kind == "f"',
    "is_complex": 't.dtype.kind == "c"',
    # gradients
    "requires_grad_": "t.requires_grad = True, or Tensor(value, requires_grad=True)",
    "retains_grad": "t.retain_grad()",
    "grad_fn": "t.node.gate, and t.parents",
    "creator": "t.node.gate, and t.parents",
    "detach_": "t = t.detach()",
    "stop_gradient": "t.detach()",
    "constant": "t.requires_grad, which is its opposite",
    "null_grad": "t.zero_grad(), or t.grad = None",
    "null_gradients": "t.zero_grad(), or t.grad = None",
    "clear_graph": "t.detach(); a graph ends with the last tensor that leads to it",
    "cleargrad": "t.zero_grad(), or t.grad = None",
    "unchain": "t.detach()",
    "gradient": "t.backward() and then x.grad, or autograd.grad(f)",
    "is_tensor": "isinstance(t, Tensor)",
    "value": "t.numpy(), a copy, or t.data, to read",
    "primal": "t.numpy(), a copy, or t.data, to read",
    "array": "t.numpy(), a copy, or t.data, to read",
    "values": "t.numpy(), a copy, or t.data, to read",
    "_prev": "t.parents, or a picture: autograd.draw.draw(t)",
    "_op": "t.node.gate, or a picture: autograd.draw.draw(t)",
    "_backward": "t.node.gate.rules, the local gradients of its gate",
    # writing in place
    "at": "t[index] = value, or t[index] += value, which record the same as .at[index].set",
    "zero_": "t[...] = 0; on a leaf inside `with no_grad():`",
    "fill_": "t.fill(value); on a leaf inside `with no_grad():`",
    "copy_": "t[...] = other; on a leaf inside `with no_grad():`",
    "add_": "t += y; on a leaf inside `with no_grad():`",
    "sub_": "t -= y; on a leaf inside `with no_grad():`",
    "mul_": "t *= y; on a leaf inside `with no_grad():`",
    "div_": "t /= y; on a leaf inside `with no_grad():`",
    "clamp_": "np.clip(t, low, high, out=t); on a leaf inside `with no_grad():`",
    "masked_fill_": "t[mask] = value; on a leaf inside `with no_grad():`",
    "scatter_": "np.put_along_axis(t, index, values, axis)",
    "scatter_add_": "np.add.at(t, index, values)",
    "index_add_": "np.add.at(t, index, values)",
    "normal_": "t.data = rng.normal(size=t.shape), of rng = np.random.default_rng(seed)",
    "uniform_": "t.data = rng.uniform(low, high, t.shape), of rng = np.random.default_rng(seed)",
    "assign": "t.data = array",
    "assign_add": "t += y inside `with no_grad():`",
    "assign_sub": "t -= y inside `with no_grad():`",
    "apply_": "functions of NumPy on all of t, or np.vectorize",
    "map": "functions of NumPy on all of t, or np.vectorize",
    "newbyteorder": "t.numpy().view(t.dtype.newbyteorder())",
    "byteswap": "t.numpy().byteswap()",
    "setflags": "autograd.frozen(array), to make one that nobody writes to",
    "base": "t.flags.owndata, which tells whether its memory is its own",
    "ctypes": "t.numpy().ctypes",
    "getfield": "t.numpy().getfield(...)",
    "setfield": "t[index] = value",
    "new_zeros": "np.zeros(shape, t.dtype)",
    "new_ones": "np.ones(shape, t.dtype)",
    "new_tensor": "Tensor(value, dtype=t.dtype)",
    "new_full": "np.full(shape, value, t.dtype)",
    "new_empty": "np.empty(shape, t.dtype)",
    "share_memory_": "t.detach(), which shares its memory",
    "storage": "t.data, to read",
    "layout": "t.strides, in bytes",
    "is_sparse": "False: all tensors are dense",
    "to_dense": "t itself: all tensors are dense",
    "to_sparse": "scipy.sparse.coo_array(t.numpy())",
}  # fmt: skip

# what to write in place of autograd.name
PACKAGE = {
    "as_tensor": "Tensor(value)",
    "from_numpy": "Tensor(array), of a copy, or Tensor(array, copy=False)",
    "Variable": "Tensor(value)",
    "Value": "from autograd import Tensor as Value",
    "variable": "Tensor(value)",
    "constant": "Tensor(value, requires_grad=False), or the array itself",
    "asarray": "Tensor(value)",
    "array": "Tensor(value), or np.array(value) for a constant",
    "is_tensor": "isinstance(x, Tensor)",
    "FloatTensor": "Tensor(value, dtype=np.float32)",
    "LongTensor": "np.array(value)",
    "cat": "np.concatenate(tensors, axis)",
    "concat": "np.concatenate(tensors, axis)",
    "manual_seed": "rng = np.random.default_rng(seed), and draw from it; nn.seed(0) for layers",
    "rand": "rng = np.random.default_rng(seed), and then Tensor(rng.random(shape))",
    "randn": _RANDOM,
    "randint": "rng = np.random.default_rng(seed), and then rng.integers(low, high, shape)",
    "randperm": "rng = np.random.default_rng(seed), and then rng.permutation(n)",
    "normal": _RANDOM,
    "random": "np.random.default_rng(seed)",
    "PRNGKey": "np.random.default_rng(seed)",
    "nn": "import nn",
    "optim": "import nn, and nn.SGD(net, lr=...)",
    "F": "import nn.functional as F",
    "utils": "import nn, and nn.DataLoader(x, y, batch_size)",
    "jit": "autograd.compile(f)",
    "function": "autograd.compile(f)",
    "vmap": "functions of NumPy on one axis more; the rows of a Jacobian are autograd.jacobian(f)",
    "jacrev": "autograd.jacobian(f)",
    "jacfwd": "autograd.jacobian(f)",
    "jnp": "import numpy as np",
    "lax": "import numpy as np, and loops of Python",
    "device": _NO_COPY,
    "cuda": _NO_COPY,
    "device_put": _NO_COPY,
    "set_default_dtype": "dtype=np.float32 where arrays are made",
    "set_grad_enabled": "with no_grad():",
    "inference_mode": "with no_grad():",
    "no_autodiff": "with no_grad():",
    "stop_gradient": "t.detach()",
    "GradientTape": "loss.backward() and then x.grad: what is computed is always recorded",
    "gradcheck": "autograd.check_gradients(f, arguments)",
    "save": "np.savez(file, **arrays), or nn.save_weights(net, path)",
    "load": "np.load(file), or nn.load_weights(net, path)",
    "einsum": "np.einsum(labels, *operands)",
    "unsqueeze": TENSOR["unsqueeze"],
    "permute": TENSOR["permute"],
    "mm": TENSOR["mm"],
    "bmm": TENSOR["bmm"],
    "norm": TENSOR["norm"],
    "clamp": TENSOR["clamp"],
    "gather": TENSOR["gather"],
    "topk": TENSOR["topk"],
    "erf": TENSOR["erf"],
    "expit": "autograd.sigmoid(t)",
    "reduce_sum": "np.sum(t, axis)",
    "reduce_mean": "np.mean(t, axis)",
    "reduce_max": "np.max(t, axis)",
    "cast": "t.astype(dtype)",
    "one_hot": "np.eye(classes)[labels]",
    "cross_entropy": "autograd.softmax_cross_entropy(scores, labels), or nn.cross_entropy",
    "float32": "np.float32",
    "float64": "float",
    "float": "np.float32",
    "double": "float",
    "long": "int",
    "int64": "int",
}  # fmt: skip


def of_tensor(tensor: Any, name: str) -> AttributeError:
    """The error for t.name: how NumPy writes the same, where another library has the name."""
    kind = (tensor if isinstance(tensor, type) else type(tensor)).__name__
    told = TENSOR.get(name) or _call(name)
    if told is None and name.endswith("_"):  # PyTorch's name for the same, written into t
        found = _call(name[:-1]) or (hasattr(type(tensor), name[:-1]) and f"t.{name[:-1]}()")
        told = f"t[...] = {found}{_LEAF}" if found else None
    if told is None:
        return AttributeError(f"{kind!r} object has no attribute {name!r}", name=name, obj=tensor)
    # without its name Python proposes no other one of the tensor's
    return AttributeError(f"{kind} has no `{name}`; write {told}", obj=tensor)


def of_package(module: str, name: str) -> AttributeError:
    """The same for a name of the package."""
    told = PACKAGE.get(name) or _call(name) or (f"np.{name}" if hasattr(np, name) else None)
    if told is None:
        return AttributeError(f"module {module!r} has no attribute {name!r}")
    return AttributeError(f"{module} has no `{name}`; write {told}", obj=module)


def _call(name: str) -> str | None:
    """How NumPy's function of that name is called with a tensor; None if there is none."""
    function: Any = getattr(np, name, None)
    if isinstance(function, np.ufunc):
        return f"np.{name}(t{', y' * (function.nin - 1)})"
    if name.startswith("_") or not hasattr(function, "__wrapped__"):
        return None
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:  # written in C
        return f"np.{name}(t, ...)"
    needed = [p.name for p in parameters if p.default is p.empty and p.kind != p.VAR_KEYWORD]
    first = "[t, u]" if needed and needed[0] in ("arrays", "arys", "tup") else "t"
    return f"np.{name}({', '.join([first, *needed[1:]])})"
