"""What is said when something does not work: what was got, what was expected, what to write."""

from __future__ import annotations

import copy
import datetime
import decimal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import DTypeError, ShapeError, Tensor, UnsupportedError, no_grad
from autograd.words import names
from nn import elsewhere


def vector() -> Tensor:
    return Tensor([1.0, 2.0, 3.0])


def matrix() -> Tensor:
    return Tensor(np.arange(6.0).reshape(2, 3))


def number() -> Tensor:
    return Tensor(2.0)


# --- names of other libraries --------------------------------------------------------------------


def test_no_name_that_is_told_of_is_there() -> None:
    import autograd.library  # noqa: F401 (attaches its methods)

    assert [x for x in names.TENSOR if hasattr(vector(), x)] == []
    assert [x for x in names.PACKAGE if hasattr(ag, x)] == []
    for home, table in elsewhere.HOMES.items():
        assert [x for x in table if hasattr(sys.modules[home], x)] == []
    net = nn.Module()
    assert [x for x in elsewhere.MODULE if hasattr(net, x)] == []


@pytest.mark.parametrize(
    ("home", "name", "words"),
    [
        (vector, "unsqueeze", r"^Tensor has no `unsqueeze`; write np\.expand_dims\(t, axis\), or"),
        (vector, "view", r"write t\.reshape\(shape\)"),
        (vector, "cuda", "leave it out"),
        (vector, "at", r"write t\[index\] = value"),
        (vector, "null_grad", r"t\.zero_grad\(\)"),
        (vector, "sin", r"write np\.sin\(t\)"),
        (vector, "arctan2", r"write np\.arctan2\(t, y\)"),
        (vector, "vstack", r"write np\.vstack\(\[t, u\]\)"),
        (vector, "interp", r"write np\.interp\(t, xp, fp\)"),
        (vector, "exp_", r"write t\[\.\.\.\] = np\.exp\(t\)"),
        (vector, "relu_", r"write t\[\.\.\.\] = t\.relu\(\)"),
        (vector, "_prev", r"t\.parents"),
        (lambda: ag.Parameter([1.0]), "numel", r"^Parameter has no `numel`; write t\.size"),
        (vector, "nosuch", "^'Tensor' object has no attribute 'nosuch'$"),
        (vector, "_nosuch", "^'Tensor' object has no attribute '_nosuch'$"),
        (lambda: ag, "cat", r"^autograd has no `cat`; write np\.concatenate"),
        (lambda: ag, "zeros", r"write np\.zeros$"),
        (lambda: ag, "sin", r"write np\.sin\(t\)"),
        (lambda: ag, "linalg", r"write np\.linalg$"),
        (lambda: ag, "manual_seed", r"np\.random\.default_rng\(seed\)"),
        (lambda: nn, "SoftMarginLoss", r"^nn has no `SoftMarginLoss`; write nn\.BCEWithLogits"),
        (lambda: nn, "F", r"write import nn\.functional as F"),
        (lambda: nn, "max_pool2d", r"write nn\.functional\.max_pool2d$"),
        (lambda: nn, "nosuch", "^module 'nn' has no attribute 'nosuch'$"),
        (lambda: nn.optim, "lr_scheduler", r"^nn\.optim has no `lr_scheduler`; write nn\.StepLR"),
        (lambda: nn.init, "kaiming_normal_", r"write W\.data = nn\.init\.he\(\*W\.shape\)"),
        (lambda: nn.functional, "linear", r"^nn\.functional has no `linear`; write x @ W \+ b$"),
        (lambda: nn.functional, "nosuch", "^module 'nn.functional' has no attribute 'nosuch'$"),
        (lambda: nn.Linear(2, 3), "weight", r"^Linear .*layer\.W, which is \(in, out\) here$"),
        (lambda: nn.LayerNorm(2), "bias", r"^LayerNorm has no `bias`; write layer\.beta$"),
        (lambda: nn.Linear(2, 3), "cuda", r"write nothing: arrays are in ordinary memory"),
        (lambda: nn.Linear(2, 3), "nosuch", "^'Linear' object has no attribute 'nosuch'$"),
        (lambda: nn.Linear(2, 3), "_nosuch", "^'Linear' object has no attribute '_nosuch'$"),
    ],
)
def test_a_name_from_elsewhere_is_answered_with_numpys_way(
    home: Callable[[], Any], name: str, words: str
) -> None:
    thing = home()
    with pytest.raises(AttributeError, match=words):
        getattr(thing, name)
    assert not hasattr(thing, name)
    assert getattr(thing, name, None) is None


def test_names_that_are_near_are_still_proposed_by_python() -> None:
    """It looks for them in `error.obj`, if `error.name` is set."""
    layer = nn.Linear(2, 3)
    for thing, name in (
        (vector(), "reshap"), (ag, "softmx"), (nn, "Lineer"), (nn.optim, "Adan"),
        (layer, "intialise"),
    ):  # fmt: skip
        with pytest.raises(AttributeError) as caught:
            getattr(thing, name)
        assert caught.value.name == name
        assert caught.value.obj is thing
    for thing, name in (vector(), "unsqueeze"), (ag, "mm"), (nn, "ReLU6"), (layer, "weight"):
        with pytest.raises(AttributeError) as caught:
            getattr(thing, name)  # squeeze is something else
        assert caught.value.name is None


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_is_proposed_runs() -> None:
    """Expressions of NumPy among the proposals, of a square matrix."""
    scope = {"np": np, "t": Tensor([[4.0, 1.0], [1.0, 3.0]]) * 1, "y": 2.0, "axis": 0}
    scope |= {"shape": (2, 2), "q": 0.5, "other": Tensor(np.ones((2, 2))), "mask": np.eye(2) > 0}
    scope |= {
        "value": 1.0,
        "a": Tensor(np.eye(2)),
        "b": Tensor(np.eye(2)),
        "v": np.ones(2),
        "c": 1.0,
    }
    scope |= {"low": 0.0, "high": 1.0, "exponent": 2, "axes": (1, 0), "shift": 1, "reps": 2}
    scope |= {"repeats": 2, "weight": 0.5, "end": 1.0, "source": 0, "destination": 1}
    scope |= {"start": 0, "length": 1, "sections": 2, "index": np.zeros((2, 2), int), "k": 1}
    scope |= {"dtype": float, "bins": 3, "window": 1, "values": np.ones((2, 2)), "n": 2}
    ran = 0
    for told in names.TENSOR.values():
        expression = told.partition(", or ")[0].partition(", and ")[0].partition(",  ")[0]
        if not expression.startswith(("np.", "t.", "t ", "-t", "a @", "1 /", "c +")):
            continue
        try:
            code = compile(expression.partition("; ")[0], told, "eval")
        except SyntaxError:  # a word of advice, or a statement
            continue
        if set(code.co_names) <= {*dir(np), *dir(np.linalg), *dir(vector()), *scope, "np"}:
            eval(code, dict(scope))
            ran += 1
    assert ran > 50


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: nn.Softmax(dim=1),
            r"^Softmax: .*argument 'dim'; it takes axis; write axis, as in",
        ),
        (lambda: nn.Flatten(start_dim=1), "it takes start_axis, end_axis; write start_axis$"),
        (lambda: nn.ReLU(inplace=True), "^ReLU: .*it takes no arguments; write nothing: compiled"),
        (lambda: nn.Linear(2, 3, device="cpu"), "init, seed, dtype; write nothing: arrays are in"),
        (lambda: nn.MSELoss(reduce=False), 'it takes reduction; write reduction="none"$'),
        (lambda: nn.Linear(2, 3, biass=True), "'biass'; it takes in_features, out_features, bias"),
        (lambda: nn.GRU(2, 3, device="cpu"), "unexpected keyword argument 'device'"),
    ],
)
def test_options_of_pytorch_are_answered(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        make()


def test_what_is_proposed_for_nets_runs() -> None:
    rng = np.random.default_rng(0)
    layer = nn.Linear(4, 4)
    x = rng.normal(size=(2, 4))
    scope = {"np": np, "nn": nn, "autograd": ag, "rng": rng, "W": layer.W, "b": layer.b, "std": 0.1}
    scope |= {"low": 0.0, "high": 1.0, "value": 1.0, "x": x, "slope": 2.0, "indices": [1, 2]}
    scope |= {"labels": np.array([0, 1]), "classes": 4, "widths": 1, "scores": x, "shape": 4}
    scope |= {"p": 0.5, "features": 4, "channels": 2, "size": 3, "embed_dim": 4, "num_heads": 2}
    for told in elsewhere.INIT.values():
        layer.W.data = np.full((4, 4), np.nan)
        exec(told.partition(", for")[0], dict(scope))
        assert np.isfinite(layer.W.data).all()
    for name, told in elsewhere.FUNCTIONAL.items():
        code = told.partition(", of ")[0].partition(", a ")[0].partition(", or ")[0]
        made = {"x": np.ones((1, 2, 3, 3))} if name == "interpolate" else {"y": x, "a": x}
        eval(code.partition(", with")[0], {**vars(nn.functional), **scope, **made})


def test_the_module_tensor_is_called_by_users_of_pytorch() -> None:
    with pytest.raises(TypeError, match=r"write Tensor\(value\)"):
        ag.tensor([1.0])  # type: ignore[attr-defined]


def test_names_are_offered_without_what_is_behind_them() -> None:
    program = (
        "import sys, autograd, nn; loaded = 'autograd.words.values' in sys.modules;"
        "print(loaded, hasattr(autograd, '__wrapped__'), hasattr(nn, '_nosuch'), "
        "'autograd.library' in sys.modules, 'nn.elsewhere' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["False"] * 5
    assert "unsqueeze" not in dir(vector())
    assert "std" in dir(vector())


# --- values that are no numbers ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, r"got object \(None\).*t is None"),
        ([1.0, None], r"\(None in a list\)"),
        ("1.5", r"got <U3 \(the text '1.5'\).*float\(text\)"),
        ([[1.0, 2.0], ["a", 3.0]], "the text 'a' in a list"),
        ({1, 2}, r"a set.*list\(x\)"),
        ((x for x in "ab"), r"a generator.*list\(x\)"),
        ({"a": 1}, r"list\(d\.values\(\)\)"),
        (decimal.Decimal("1.5"), r"a Decimal.*float\(x\)"),
        ([1.0, 10**30], r"an integer of 100 bits in a list.*float\(x\)"),
        (np.array(["2020-01-01"], "datetime64[D]"), r"times.*timedelta64\(1, 's'\)"),
        (datetime.date(2020, 1, 1), r"a date.*total_seconds"),
        (np.array([1, 2], object), r"an array of objects.*astype\(float\)"),
        (np.sin, "the function sin.*call it"),
        (object(), r"got object \(object\); a tensor holds floats"),
    ],
)
def test_what_is_no_number_is_told_by_what_it_is(value: Any, words: str) -> None:
    with pytest.raises(DTypeError, match=words):
        Tensor(value)


@pytest.mark.parametrize("make", [Tensor, lambda rows: vector() * rows])
def test_rows_of_different_lengths(make: Any) -> None:
    with pytest.raises(ShapeError, match="different lengths, of 1 and 2 values"):
        make([[1.0, 2.0], [3.0]])


def test_a_shape_in_place_of_a_value() -> None:
    with pytest.raises(TypeError, match=r"requires_grad is 3; expected True or False"):
        Tensor(2, 3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected True or False"):
        vector().requires_grad = "no"  # type: ignore[assignment]


# --- operands and options that do not fit --------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda t, m: t * [1.0, 2.0],
            ShapeError,
            r"multiply: .*with shapes \(3,\) \(2,\): ",
        ),
        (lambda t, m: m * np.ones(2), ShapeError, r"in each row, write y\[:, np\.newaxis\]$"),
        (lambda t, m: np.ones(2) - m, ShapeError, r"in each row, write x\[:, np\.newaxis\]$"),
        (lambda t, m: t + np.ones(4), ShapeError, r"lengths have to be equal, or 1$"),
        (lambda t, m: np.where(t > 1, t, np.ones(2)), ShapeError, r"where: .* \(3,\) \(3,\) \(2,"),
        (lambda t, m: t.detach() - np.ones(2), ShapeError, "subtract: operands could not"),
        (lambda t, m: np.stack([t, m]), ShapeError, r"stack: got arrays of shapes \(3,\), \(2, 3"),
        (lambda t, m: t & True, DTypeError, r"bitwise_and: got float64, bool, .*\(t > 0\) & "),
        (lambda t, m: ~t, DTypeError, "invert: got float64, but it takes bools and integers"),
        (lambda t, m: t @ 2, ShapeError, r"single values are multiplied with \*"),
        (lambda t, m: 2 @ t, ShapeError, r"single values are multiplied with \*"),
        (lambda t, m: t[0][0], IndexError, r"t is a single value.*t\.item\(\)"),
        (lambda t, m: t[3], IndexError, "index 3 is out of bounds"),
        (lambda t, m: m[0, 3], IndexError, "index 3 is out of bounds"),
        (lambda t, m: np.take(t, 5), IndexError, "index 5 is out of bounds"),
        (lambda t, m: np.fft.fft(t, axis=3), IndexError, r"fft: got shape \(3,\)"),
        (lambda t, m: np.linalg.svd(t), np.linalg.LinAlgError, r"svd: got shape \(3,\)"),
        (lambda t, m: np.einsum(t), TypeError, "no subscripts; they come first"),
        (lambda t, m: t.sum(dim=0), TypeError, "^sum: .*'dim'; write axis=0$"),
        (lambda t, m: m.max(keepdim=True), TypeError, "^max: .*; write keepdims=True$"),
        (lambda t, m: t.mean(foo=0), TypeError, "it takes axis, dtype, out, keepdims, where$"),
        (lambda t, m: t.sort(dim=0), TypeError, r"Tensor\.sort\(\) got an unexpected"),
        (lambda t, m: m.sum().backward(retain_graph=True), TypeError, "leave it out: a graph can"),
        (lambda t, m: ag.grad(m), TypeError, r"grad: got Tensor.*t\.backward\(\)"),
        (lambda t, m: ag.value_and_grad(5), TypeError, "got int, but it takes a function"),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_does_not_fit_says_what_would(call: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        call(vector(), matrix())


@pytest.mark.parametrize(
    ("x", "y", "hint"),
    [
        ((2, 3), (2, 3), "x @ y.T?"),
        ((3,), (2, 3), "x @ y.T?"),
        ((2, 4), (2, 3), "x.T @ y?"),
        ((8, 5, 4), (8, 3, 4), "x @ y.mT?"),
        ((8, 5, 4), (5, 3), "x.mT @ y?"),
        ((5, 3), (2, 7), "y needs 3 rows, or x 2 columns"),  # a wrong number of features
        ((8, 5, 4), (7, 3, 4), "y needs 4 rows, or x 3 columns"),  # stacks that do not fit
        ((5, 3), (4,), "y needs 3 rows, or x 4 columns"),
    ],
)
def test_a_product_proposes_a_transposition_only_where_it_would_fit(
    x: Any, y: Any, hint: str
) -> None:
    with pytest.raises(ShapeError) as caught:
        Tensor(np.ones(x)) @ np.ones(y)
    assert str(caught.value).endswith(hint)
    scope = {"x": Tensor(np.ones(x)), "y": np.ones(y)}
    if hint.endswith("?"):
        assert isinstance(eval(hint[:-1], scope), Tensor)
    else:
        assert ".T" not in str(caught.value)


# --- losses that are kept, and numbers that are taken --------------------------------------------


@pytest.mark.parametrize(
    "keep",
    [
        np.array, np.asarray, np.mean, np.sum, np.max, np.std,
        lambda losses: np.full(3, losses[0]), lambda losses: float(losses[0]),
        lambda losses: "%.2f" % losses[0],  # noqa: UP031
    ],
)  # fmt: skip
def test_a_list_of_losses_is_told_of_item(keep: Any) -> None:
    losses = [number() * 2, number() * 3]
    with pytest.raises(UnsupportedError, match=r"loss\.item\(\)"):
        keep(losses)
    assert sum(losses) / len(losses) == 5.0
    with no_grad():
        keep(losses)  # nothing is recorded, so nothing is lost


def test_parts_that_are_put_in_a_list_are_told_of_stack() -> None:
    t = matrix()
    with pytest.raises(UnsupportedError, match=r"write np\.stack\(\[t, u\]\)"):
        np.array([t[0], t[1]])
    assert np.stack([t[0], t[1]]).requires_grad  # type: ignore[attr-defined]


def test_what_is_plotted() -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    t = vector()
    for plot in plt.plot, plt.hist, lambda x: plt.scatter(x, x), lambda x: plt.bar([0, 1, 2], x):
        with pytest.raises(UnsupportedError, match=r"t\.numpy\(\)"):
            plot(t)
        plot(t.detach())
    with pytest.raises(UnsupportedError, match=r"loss\.item\(\)"):
        plt.plot([t.sum(), t.sum()])
    plt.close("all")


def test_conditions_on_several_values() -> None:
    t = vector()
    for condition in (
        lambda: bool(t > 1), lambda: not t, lambda: 1 < t < 3, lambda: max(t, 2.0)
    ):  # fmt: skip
        with pytest.raises(ShapeError, match=r"t\.any\(\) or t\.all\(\), & and \| for `and`"):
            condition()


def test_single_values_are_no_sequences() -> None:
    """As those of NumPy: TypeError, which `np.iterable` and others ask for."""
    for ask in iter, len:
        with pytest.raises(TypeError, match=r"shape \(\)") as caught:
            ask(number())
        assert isinstance(caught.value, ShapeError)
    assert not np.iterable(number())
    with pytest.raises(DTypeError, match=r"int\(t\.item\(\)\)"):
        range(number())  # type: ignore[call-overload]


def test_a_gradient_for_integers_says_where_to_write_floats() -> None:
    with pytest.raises(ag.GraphError, match=r"int64.*write 0\.0 where it says 0"):
        Tensor(0).grad = 0
    with pytest.raises(ag.GraphError, match=r"t\.requires_grad = True"):
        vector().detach().grad = np.zeros(3)


# --- constants -----------------------------------------------------------------------------------


def test_constants_become_other_kinds_of_number() -> None:
    t = Tensor([1.5, -2.5])
    np.testing.assert_array_equal(t.detach().astype(int), [1, -2])
    assert t.detach().astype(bool).dtype == bool
    with no_grad():
        assert t.astype(int).dtype == int
    with pytest.raises(DTypeError, match=r"lose the gradient; use t\.detach\(\)\.astype"):
        t.astype(int)
    with pytest.raises(DTypeError, match="a tensor holds floats"):
        t.detach().astype(str)


def test_astype_has_the_options_of_numpy() -> None:
    t = vector()
    assert t.astype(float, copy=False) is t
    assert t.astype(float) is not t
    assert t.astype(np.float32, casting="same_kind").dtype == np.float32
    with pytest.raises(DTypeError, match="casting='safe'"):
        t.astype(np.float32, casting="safe")
    with pytest.raises(UnsupportedError, match=r"t\.copy\('F'\)"):
        t.astype(float, order="F")
    t.astype(np.float32, "K").sum().backward()
    assert t.grad.dtype == float


def test_constants_are_copied_as_arrays_are() -> None:
    t = matrix().detach()
    twin = copy.copy(t)
    t[0] = 9.0
    np.testing.assert_array_equal(twin, matrix().data)
    with pytest.raises(UnsupportedError, match=r"copy\(t\)"):
        copy.copy(matrix())


# --- writing -------------------------------------------------------------------------------------


def test_the_real_part_of_real_numbers_is_written_through() -> None:
    t = matrix() * 1
    t.real[0] = 5.0
    np.real(t)[1] = 6.0
    np.testing.assert_array_equal(t.data[:, 0], [5.0, 6.0])
    z = Tensor([1 + 2j, 3j]) * 1
    for part in z.real, z.imag:
        with pytest.raises(ag.InPlaceError, match="shares memory"):
            part[0] = 5.0


def test_clip_writes_into_out() -> None:
    x = Tensor([-2.0, 0.5, 2.0])
    y = x * 1
    assert np.clip(y, -1, 1, out=y) is y
    np.testing.assert_array_equal(y.data, [-1.0, 0.5, 1.0])
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [0.0, 1.0, 0.0])
    array = np.zeros(3)
    with pytest.raises(UnsupportedError, match="into an array"):
        x.clip(-1, 1, out=array)
    x.detach().clip(-1, 1, out=array)
    np.testing.assert_array_equal(array, [-1.0, 0.5, 1.0])
