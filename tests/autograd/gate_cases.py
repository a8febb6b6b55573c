"""Example inputs for every gate: the table that the generated tests run over."""

from __future__ import annotations

import math
from typing import Any

import by_loops
import library_cases  # noqa: F401 (enters the cases of the library)
import numpy as np
from cases import CASES, Case, case, normal, positive, rng, spread, value_and_all_grads

import autograd as ag
from autograd.gates import recurrent
from autograd.gates.windows import Window

__all__ = ["CASES", "Case", "normal", "positive", "spread", "value_and_all_grads"]

LABELS = np.array([2, 0, 1, 2])
ONE_HOT = np.eye(3)[LABELS]
INDEX = np.array([[0, 2], [2, 2]])
MASK = np.array([True, False, True])
BROADCAST = [(3, 4), (4,), (3, 1), (1, 4), (), (2, 1, 4)]

# elementwise, one operand
for name, maker, in_torch in [
    ("negative", normal, "T.neg"),
    ("square", normal, "T.square"),
    ("reciprocal", positive, "T.reciprocal"),
    ("exp", normal, "T.exp"),
    ("expm1", normal, "T.expm1"),
    ("log", positive, "T.log"),
    ("log1p", positive, "T.log1p"),
    ("sqrt", positive, "T.sqrt"),
    ("tanh", normal, "T.tanh"),
]:
    f = getattr(np, name)
    case(name, f, [maker(3, 4)], torch=in_torch)
    case(name, f, [maker()], torch=in_torch, tag="scalar")
case("sigmoid", ag.sigmoid, [normal(3, 4)], plain=lambda x: 1 / (1 + np.exp(-x)), torch="T.sigmoid")
case("log1pexp", ag.log1pexp, [normal(3, 4)], plain=lambda x: np.log(1 + np.exp(x)),
     torch="T.nn.functional.softplus")  # fmt: skip
for alpha in (1.0, 0.5):
    case("elu", lambda x, a=alpha: ag.elu(x, alpha=a), [spread(3, 4)], tag=f"{alpha}",
         plain=lambda x, a=alpha: np.where(x > 0, x, a * (np.exp(x) - 1)), smooth=False,
         torch=f"lambda x: T.nn.functional.elu(x, {alpha})")  # fmt: skip
case("normal_cdf", ag.normal_cdf, [normal(3, 4)], torch="T.special.ndtr",
     plain=lambda x: 0.5 * np.vectorize(math.erfc)(-x / math.sqrt(2)))  # fmt: skip
case("relu", ag.relu, [spread(3, 4)], plain=lambda x: np.maximum(x, 0), torch="T.relu",
     smooth=False)  # fmt: skip
case("abs", np.abs, [spread(3, 4)], torch="T.abs", smooth=False)
case("sign", np.sign, [spread(3, 4)], torch="T.sign", smooth=False)

# elementwise, two operands, in every shape that broadcasts
for name, in_torch, smooth in [
    ("add", "T.add", True),
    ("subtract", "T.subtract", True),
    ("multiply", "T.multiply", True),
    ("divide", "T.divide", True),
    ("power", "T.pow", True),
    ("maximum", "T.maximum", False),
    ("minimum", "T.minimum", False),
]:
    f = getattr(np, name)
    for shape in BROADCAST:
        for shapes in {((3, 4), shape), (shape, (3, 4))}:
            pool = positive(60) if smooth else spread(60)
            pair = [rng.choice(pool, size=s, replace=False) for s in shapes]
            pair[1] = pair[1] + 0.05  # no ties: they have a test of their own
            tag = f"{shapes[0]}{shapes[1]}".replace(" ", "")
            case(name, f, pair, torch=in_torch, smooth=smooth, tag=tag)
case("power", lambda x: x**3, [normal(4)], torch="lambda x: x**3", tag="cube")
case("power", lambda x: x**-1.5, [positive(4)], torch="lambda x: x**-1.5", tag="root")
case("power", lambda x: x**0, [normal(4)], tag="zero", torch="lambda x: x**0")
case("power", lambda x: 2.0**x, [normal(4)], torch="lambda x: 2.0**x", tag="exponent")
case("square", lambda x: x**2, [normal(4)], torch="lambda x: x**2", tag="power")

# choosing
chosen = np.array([[True, False, True, False]] * 3)
case("where", lambda x, y: np.where(chosen, x, y), [normal(3, 4), normal(3, 4)])
case("where", lambda x, y: np.where(chosen, x, y), [normal(3, 1), normal(4)], tag="broadcast")
case("where", lambda x: np.where(chosen, x, 0.0), [normal(3, 4)], tag="constant")
case("clip", lambda x: np.clip(x, -0.5, 0.5), [spread(3, 4)], smooth=False,
     torch="lambda x: T.clip(x, -0.5, 0.5)")  # fmt: skip
case("clip", lambda x: np.clip(x, -0.5, None), [spread(3, 4)], smooth=False, tag="below")
case("clip", lambda x: np.clip(x, None, 0.5), [spread(3, 4)], smooth=False, tag="above")

# reductions
for name, in_torch in [("sum", "sum"), ("mean", "mean"), ("prod", "prod"), ("max", "amax"),
                       ("min", "amin"), ("logsumexp", "logsumexp")]:  # fmt: skip
    f = getattr(np, name, None) or getattr(ag, name)
    plain = f if hasattr(np, name) else lambda x, **k: np.log(np.sum(np.exp(x), **k))
    for axis in (None, 0, 1, -1, (0, 2)):
        for keepdims in (False, True):
            options = {"axis": axis, "keepdims": keepdims}
            torch_code = f"lambda x: T.{in_torch}(x, {axis}, {keepdims})"
            skip = axis is None or (name == "prod" and axis == (0, 2))
            case(
                name, lambda x, f=f, o=options: f(x, **o), [spread(2, 3, 2)],
                plain=lambda x, f=plain, o=options: f(x, **o),
                torch=None if skip else torch_code, smooth=name not in ("max", "min"),
                tag=f"{axis}{'-keepdims' if keepdims else ''}",
            )  # fmt: skip
case("prod", lambda x: np.prod(x, axis=1), [np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]])],
     torch="lambda x: T.prod(x, 1)", tag="zeros")  # fmt: skip
for axis in (0, -1):
    case("softmax", lambda x, a=axis: ag.softmax(x, axis=a), [normal(3, 4)], tag=str(axis),
         plain=lambda x, a=axis: np.exp(x) / np.exp(x).sum(axis=a, keepdims=True),
         torch=f"lambda x: T.softmax(x, {axis})")  # fmt: skip
    case("log_softmax", lambda x, a=axis: ag.log_softmax(x, axis=a), [normal(3, 4)],
         plain=lambda x, a=axis: x - np.log(np.exp(x).sum(axis=a, keepdims=True)),
         torch=f"lambda x: T.log_softmax(x, {axis})", tag=str(axis))  # fmt: skip

# normalisation: rows, channels, and neither
for shape, axes, scale in [
    ((3, 4), 1, (4,)),
    ((2, 3, 4), (1, 2), (3, 4)),
    ((5, 3), 0, (3,)),
    ((4, 3, 2), (0, 2), (3, 1)),
    ((2, 3, 2, 2), (0, 2, 3), (3, 1, 1)),
    ((3, 4), 1, ()),
    ((2, 3, 4), 1, (3, 1)),
]:
    tag = f"{shape}{axes}{scale}".replace(" ", "")
    case("normalise", lambda x, gamma, beta, a=axes: ag.normalise(x, gamma, beta, axis=a, eps=0.1),
         [normal(*shape), normal(*scale), normal(*scale)], tag=tag,
         plain=lambda x, gamma, beta, a=axes: (x - x.mean(a, keepdims=True))
         / np.sqrt(x.var(a, keepdims=True) + 0.1) * gamma + beta,
         torch=f"lambda x, c, b: (x - x.mean({axes}, True)) / (x.var({axes}, correction=0, "
         "keepdim=True) + 0.1).sqrt() * c + b")  # fmt: skip
    case("moments", lambda x, a=axes: ag.moments(x, axis=a), [normal(*shape)], tag=tag,
         plain=lambda x, a=axes: np.stack([x.mean(a), x.var(a)]),
         torch=f"lambda x: T.stack([x.mean({axes}), x.var({axes}, correction=0)])")  # fmt: skip

for causal in (False, True):
    case("self_attention", lambda x, c=causal: ag.self_attention(x, heads=2, causal=c),
         [normal(2, 3, 12)], tag="causal" if causal else "",
         plain=lambda x, c=causal: by_loops.self_attention(x, 2, c),
         torch="lambda x: T.nn.functional.scaled_dot_product_attention(*x.reshape(2, 3, 3, 2, 2)"
         f".permute(2, 0, 3, 1, 4), is_causal={causal}).swapaxes(1, 2).reshape(2, 3, 4)",
    )  # fmt: skip

# linear algebra
for shapes in [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)),
               ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((5, 2, 3), (5, 3, 4)),
               ((5, 2, 3), (3,)), ((3,), (5, 3, 4)), ((1, 2, 3), (5, 3, 4))]:  # fmt: skip
    tag = f"{shapes[0]}{shapes[1]}".replace(" ", "")
    case("matmul", np.matmul, [normal(*s) for s in shapes], torch="T.matmul", tag=tag)
for shapes in [((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((3,), (5, 3, 4))]:
    case("matmul", np.dot, [normal(*s) for s in shapes], plain=np.dot,
         tag=f"dot-{shapes[0]}{shapes[1]}".replace(" ", ""))  # fmt: skip
for rows, features in [(5, 6), (70, 2)]:
    case("affine", ag.affine, [normal(rows, features), normal(features, 4), normal(4)],
         plain=lambda x, w, b: x @ w + b, torch="lambda x, w, b: x @ w + b",
         tag=f"{rows}x{features}")  # fmt: skip
case("affine", ag.affine, [normal(5, 3), normal(3, 4), normal(1, 4)], tag="row-bias",
     plain=lambda x, w, b: x @ w + b, torch="lambda x, w, b: x @ w + b")  # fmt: skip
case("affine", ag.affine, [normal(3), normal(3, 4), normal(4)], tag="vector",
     plain=lambda x, w, b: x @ w + b, torch="lambda x, w, b: x @ w + b")  # fmt: skip

# shapes
case("reshape", lambda x: np.reshape(x, (2, 6)), [normal(3, 4)],
     torch="lambda x: T.reshape(x, (2, 6))")  # fmt: skip
case("reshape", lambda x: x.reshape(2, -1), [normal(3, 4)], tag="method")
case("reshape", np.ravel, [normal(3, 4)], tag="ravel")
case("transpose", np.transpose, [normal(3, 4)])
case("transpose", lambda x: x.T, [normal(3, 4)], tag="T", torch="lambda x: x.T")
case("transpose", lambda x: np.transpose(x, (2, 0, 1)), [normal(2, 3, 4)], tag="axes",
     torch="lambda x: T.permute(x, (2, 0, 1))")  # fmt: skip
case("transpose", lambda x: np.swapaxes(x, 0, -1), [normal(2, 3, 4)], tag="swapaxes")
case("transpose", lambda x: np.moveaxis(x, 0, -1), [normal(2, 3, 4)], tag="moveaxis")
case("expand_dims", lambda x: np.expand_dims(x, 1), [normal(3, 4)])
case("squeeze", np.squeeze, [normal(3, 1, 4)])
case("squeeze", lambda x: np.squeeze(x, axis=1), [normal(1, 1, 4)], tag="axis")
case("broadcast_to", lambda x: np.broadcast_to(x, (2, 3, 4)), [normal(3, 1)],
     torch="lambda x: T.broadcast_to(x, (2, 3, 4))")  # fmt: skip
case("broadcast_to", lambda x: np.broadcast_to(x, (2, 3)), [normal()], tag="scalar")
for shape in [(3, 4), (4,), (3, 1), (1, 4), (), (1, 1)]:
    case("sum_to", lambda x, s=shape: ag.gates.sum_to(x, shape=s), [normal(3, 4)],
         plain=lambda x, s=shape: _sum_to(x, s), tag=str(shape).replace(" ", ""))  # fmt: skip
case("astype", lambda x: x.astype(np.float64), [normal(3)])
for axis in (0, 1, -1):
    case("concatenate", lambda x, y, a=axis: np.concatenate([x, y], axis=a),
         [normal(3, 3), normal(3, 3)], tag=str(axis),
         torch=f"lambda x, y: T.cat([x, y], {axis})")  # fmt: skip
    case("stack", lambda x, y, a=axis: np.stack([x, y, x], axis=a), [normal(3, 4), normal(3, 4)],
         torch=f"lambda x, y: T.stack([x, y, x], {axis})", tag=str(axis))  # fmt: skip
case(
    "concatenate",
    lambda x: np.concatenate([x, np.ones(2, x.dtype), x]),
    [normal(3)],
    tag="constant",
)
case("concatenate", lambda x, y: np.concatenate([x, y], axis=None), [normal(3), normal(2, 2)],
     tag="flat")  # fmt: skip

case("copy", np.copy, [normal(3, 4)], torch="T.clone")
case("copy", lambda x: x.T.copy(), [normal(3, 4)], tag="method")
case("copy", np.copy, [normal()], tag="scalar")

# indexing, of every kind
INDICES: dict[str, Any] = {
    "integer": 1, "negative": -1, "slice": slice(1, None), "step": slice(None, None, -2),
    "tuple": (1, slice(None, 2)), "ellipsis": (..., 0), "newaxis": (slice(None), None, 1),
    "array": np.array([2, 0]), "repeated": np.array([1, 1, 1, 0]), "two": (INDEX, INDEX),
    "list": [0, 2], "mask": MASK, "full-mask": np.arange(12).reshape(3, 4) % 3 == 0,
    "pairs": (range(3), np.array([1, 1, 3])), "mask-slice": (MASK, slice(1, 3)),
    "empty": np.array([], dtype=int), "mixed": (slice(None), np.array([3, 3])),
}  # fmt: skip
for tag, index in INDICES.items():
    case("getitem", lambda x, i=index: x[i], [normal(3, 4)], tag=tag)
case("scatter", lambda x: ag.gates.index.scatter(x, index=INDEX, shape=(4,)), [normal(2, 2)],
     plain=lambda x: np.bincount(INDEX.ravel(), x.ravel(), 4))  # fmt: skip

# the same, written to: with an array, and with one that is broadcast


def _written(x: Any, value: Any, index: Any) -> Any:
    """What a student writes; plain NumPy does the same, but cannot take a tensor into an array."""
    if isinstance(value, ag.Tensor) and not isinstance(x, ag.Tensor):
        x = ag.Tensor(x, requires_grad=False)
    out = np.copy(x)
    out[index] = value
    return out


def _written_in_torch(x: Any, value: Any, index: Any) -> Any:
    import torch

    parts = index if isinstance(index, tuple) else (index,)
    known = (list, range, np.ndarray)
    out = x.clone()
    out[tuple(torch.tensor(np.asarray(p)) if isinstance(p, known) else p for p in parts)] = value
    return out


for tag, index in INDICES.items():
    taken = np.empty((3, 4))[index].shape
    # PyTorch has no steps backwards, and gives a gradient to what was written over at once too
    compared = tag not in ("step", "empty", "repeated", "two", "mixed")
    shapes = {"": taken, "number": ()}
    if tag in ("slice", "mask", "repeated", "pairs"):
        shapes |= {"row": taken[-1:], "in-front": (1, *taken)}
    for name, shape in shapes.items():
        case("setitem", lambda x, v, i=index: _written(x, v, i), [normal(3, 4), normal(*shape)],
             torch=(lambda x, v, i=index: _written_in_torch(x, v, i)) if compared else None,
             tag=f"{tag}-{name}" if name else tag)  # fmt: skip
case("setitem", lambda x: _written(x, 0.0, (MASK, slice(1, 3))), [normal(3, 4)], tag="constant")
case("setitem", lambda v: _written(np.ones((2, 2), v.dtype), v, 0),
     [normal(2)], tag="into-constant", plain=lambda v: np.stack([v, np.ones(2)]))  # fmt: skip

# fused
for tag, labels in {"labels": LABELS, "one-hot": ONE_HOT, "uint8": LABELS.astype("u1")}.items():
    case("softmax_cross_entropy", lambda x, t=labels: ag.softmax_cross_entropy(x, t),
         [normal(4, 3)], tag=tag,
         plain=lambda x: np.mean(np.log(np.exp(x).sum(1)) - x[np.arange(4), LABELS]),
         torch=f"lambda x: T.nn.functional.cross_entropy(x, T.tensor({LABELS.tolist()}))",
         )  # fmt: skip
    # 1.1: a margin of 5 steps of `spread` lies beside the kink at 1, not on it
    case("svm_hinge", lambda x, t=labels: ag.svm_hinge(x, t), [1.1 * spread(4, 3)], smooth=False,
         plain=lambda x: _hinge(x, LABELS), tag=tag,
         torch=f"lambda x: T.nn.functional.multi_margin_loss(x, T.tensor({LABELS.tolist()})) * 3",
         )  # fmt: skip
TARGETS = rng.random((4, 3))
case("sigmoid_cross_entropy", ag.sigmoid_cross_entropy, [normal(4, 3), TARGETS],
     plain=lambda s, t: np.log(1 + np.exp(s)) - t * s,
     torch="lambda s, t: T.nn.functional.binary_cross_entropy_with_logits(s, t, reduction='none')",
     )  # fmt: skip
case("l2_penalty", lambda w: ag.l2_penalty(w, 0.3), [normal(3, 4)],
     plain=lambda w: 0.15 * np.sum(w * w), torch="lambda w: 0.15 * T.sum(w * w)")  # fmt: skip

# images: the kernels in plain loops, and PyTorch
for tag, x_shape, w_shape, options in [
    ("plain", (2, 2, 5, 4), (3, 2, 3, 2), {}),
    ("stride", (2, 2, 6, 7), (2, 2, 2, 3), {"stride": (2, 3)}),
    ("padding", (1, 2, 4, 4), (2, 2, 3, 3), {"padding": (1, 2)}),
    ("dilation", (1, 1, 6, 7), (2, 1, 2, 3), {"dilation": (3, 2)}),
    ("groups", (2, 4, 4, 3), (6, 2, 2, 2), {"groups": 2}),
    ("depthwise", (1, 3, 4, 4), (3, 1, 2, 2), {"groups": 3, "stride": 2}),
    ("point", (2, 3, 2, 3), (2, 3, 1, 1), {}),
    ("channels", (2, 6, 5, 5), (2, 6, 3, 3), {"stride": 2, "padding": (1, 2)}),
    ("channels apart", (1, 8, 5, 4), (2, 8, 2, 2), {"dilation": (2, 1)}),
    ("all", (2, 2, 8, 7), (4, 1, 2, 3),
     {"stride": (3, 2), "padding": (2, 1), "dilation": (2, 1), "groups": 2}),
]:  # fmt: skip
    case("conv2d", lambda x, w, b, o=options: ag.conv2d(x, w, b, **o),
         [normal(*x_shape), normal(*w_shape), normal(w_shape[0])], tag=tag,
         plain=lambda x, w, b, o=options: by_loops.conv2d(x, w, b, **o),
         torch=f"lambda x, w, b: T.nn.functional.conv2d(x, w, b, **{options})")  # fmt: skip
case("conv2d", ag.conv2d, [normal(1, 2, 4, 4), normal(2, 2, 3, 3)], tag="no-bias",
     plain=by_loops.conv2d, torch="T.nn.functional.conv2d")  # fmt: skip
case("conv2d", lambda x, w: ag.conv2d(x, w, padding="same"), [normal(1, 1, 3, 4),
     normal(1, 1, 2, 4)], tag="same",
     plain=lambda x, w: by_loops.conv2d(x, w, padding=((0, 1), (1, 2))))  # fmt: skip
for tag, size, options in [
    ("plain", (2, 3), {}),
    ("padding", (2, 3), {"padding": ((1, 1), (2, 2))}),
    ("stride", (3, 2), {"stride": (2, 2), "padding": ((1, 1), (0, 0))}),
    ("dilation", (2, 2), {"dilation": (2, 3)}),
    ("tiles", (1, 3), {"stride": (1, 3)}),
]:
    window = Window(size, **options)
    view = {"window": window, "groups": 2}
    down, across = window.places((5, 6))
    images, filters = normal(2, 4, 5, 6), normal(2, 2, *size)
    upstream, pieces = normal(2, 2, down, across), normal(*size, 2, 1, down, across)
    in_torch = {"groups": 2, "stride": window.stride, "dilation": window.dilation,
                "padding": tuple(sides[0] for sides in window.padding)}  # fmt: skip
    case("conv2d_transpose",
         lambda x, w, v=view: ag.gates.conv.conv2d_transpose(x, w, shape=(5, 6), **v),
         [upstream, filters], tag=tag,
         plain=lambda x, w, o=options: by_loops.conv2d_transpose(x, w, (5, 6), groups=2, **o),
         torch=f"lambda x, w: T.nn.grad.conv2d_input((2, 4, 5, 6), w, x, **{in_torch})",
         )  # fmt: skip
    case("conv2d_filters", lambda x, y, v=view: ag.gates.conv.conv2d_filters(x, y, **v),
         [images, upstream], tag=tag,
         plain=lambda x, y, s=size, o=options: by_loops.conv2d_filters(x, y, s, groups=2, **o),
         torch=f"lambda x, y: T.nn.grad.conv2d_weight(x, {filters.shape}, y, **{in_torch})",
         )  # fmt: skip
    case("unfold", lambda x, v=window: ag.gates.windows.unfold(x, window=v), [images], tag=tag,
         plain=lambda x, s=size, o=options: by_loops.unfold(x, s, **o))  # fmt: skip
    case("fold", lambda x, v=window: ag.gates.windows.fold(x, shape=(2, 1, 5, 6), window=v),
         [pieces], tag=tag,
         plain=lambda x, o=options: by_loops.fold(x, (2, 1, 5, 6), **o))  # fmt: skip
for tag, size, options in [
    ("plain", 2, {}),
    ("rest", 2, {"stride": (2, 3)}),
    ("overlapping", 3, {"stride": 1}),
    ("padding", (2, 3), {"stride": (1, 2), "padding": (1, 1)}),
]:
    for name, more in [
        ("max_pool2d", {}),
        ("max_pool2d", {"dilation": 2}),
        ("avg_pool2d", {}),
        ("avg_pool2d", {"count_include_pad": False}),
    ]:
        given = {**options, **more}
        case(name, lambda x, f=name, s=size, o=given: getattr(ag, f)(x, s, **o),
             [spread(2, 2, 5, 7)], tag="-".join([tag, *more]), smooth=name == "avg_pool2d",
             plain=lambda x, f=name, s=size, o=given: getattr(by_loops, f)(x, s, **o),
             torch=f"lambda x: T.nn.functional.{name}(x, {size}, **{given})")  # fmt: skip


def _joined(found: Any) -> np.ndarray:
    """States, and behind them the cell where there is one."""
    states, *cell = found if isinstance(found, tuple) else (found,)
    return np.concatenate([states, *[c[None] for c in cell]])


# recurrent layers: as gates of one vector; plain loops, and PyTorch with the identity as weights of
# the inputs
for name, call, loops, shapes, options in [
    ("rnn", recurrent.rnn_gate, by_loops.rnn, recurrent.rnn_shapes, {"relu": False}),
    ("lstm", recurrent.lstm_gate, by_loops.lstm, recurrent.lstm_shapes, {}),
    ("gru", recurrent.gru_gate, by_loops.gru, recurrent.gru_shapes, {}),
]:
    parts = shapes((3, 2, 2))
    case(name, lambda v, f=call, o=options: f(v, sizes=(3, 2, 2), **o),
         [normal(sum(math.prod(shape) for shape in parts))], tag="vector",
         plain=lambda v, f=loops, s=parts: _joined(f(*recurrent.split(v, s))))  # fmt: skip
for steps in (1, 4):
    x, w, h = normal(steps, 2, 3), normal(3, 3), normal(2, 3)
    case("rnn", ag.rnn, [x, w, h], tag=f"{steps}", plain=by_loops.rnn,
         torch="lambda x, w, h: T.rnn_tanh(x, h[None], [T.eye(3).to(x), w.T], False, 1, 0.0, False,"
         "False, False)[0]")  # fmt: skip
    case("rnn", lambda x, w, h: ag.rnn(x, w, h, relu=True), [x, w, h], tag=f"relu-{steps}",
         plain=lambda x, w, h: by_loops.rnn(x, w, h, relu=True), smooth=False,
         torch="lambda x, w, h: T.rnn_relu(x, h[None], [T.eye(3).to(x), w.T], False, 1, 0.0, False,"
         "False, False)[0]")  # fmt: skip
    case("lstm", lambda x, w, h, c: np.concatenate(ag.lstm(x, w, h, c), axis=None),
         [normal(steps, 2, 12), normal(3, 12), h, normal(2, 3)], tag=f"{steps}",
         plain=lambda x, w, h, c: np.concatenate(by_loops.lstm(x, w, h, c), axis=None),
         torch="lambda x, w, h, c: T.cat([a.ravel() for a in T.lstm(x, (h[None], c[None]),"
         "[T.eye(12).to(x), w.T], False, 1, 0.0, False, False, False)[::2]])")  # fmt: skip
    case("gru", ag.gru, [normal(steps, 2, 9), normal(3, 9), normal(9), h], tag=f"{steps}",
         plain=by_loops.gru,
         torch="lambda x, w, b, h: T.gru(x, h[None], [T.eye(9).to(x), w.T, 0 * b, b], True, 1, 0.0,"
         "False, False, False)[0]")  # fmt: skip


def _sum_to(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    padded = (1,) * (x.ndim - len(shape)) + shape
    axes = tuple(k for k in range(x.ndim) if padded[k] == 1)
    return x.sum(axis=axes, keepdims=True).reshape(shape)


def _hinge(scores: np.ndarray, labels: np.ndarray) -> float:
    total = 0.0
    for row, right in zip(scores, labels, strict=True):
        total += sum(max(0.0, s - row[right] + 1) for j, s in enumerate(row) if j != right)
    return total / len(scores)
