"""Generated from the gate table: forward, gradient, second order, dtype, and planted faults."""

import contextlib

import numpy as np
import pytest
from close import assert_close
from draws import generator
from faults import spoil
from gate_cases import CASES, Case

import autograd as ag
from autograd import GradientCheckError, Tensor, check_gradients
from autograd.gate import GATES
from autograd.numpy_api import COMPOSED

SINGLE = np.float32, np.complex64
every = pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
first_of_each = list({c.gate: c for c in reversed(CASES)}.values())
expanded = [c for c in first_of_each if c.gate in GATES and GATES[c.gate].expand]


def test_every_case_has_a_short_name_of_its_own() -> None:
    names = [c.id for c in CASES]
    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 50


def test_every_gate_with_a_gradient_has_a_case() -> None:
    differentiable = {name for name, gate in GATES.items() if gate.differentiable}
    assert differentiable - {c.gate for c in CASES} == set()


@every
def test_the_case_runs_the_gate_it_names(case: Case) -> None:
    result = case.f(*[Tensor(x) for x in case.inputs])
    seen, todo = set(), [result.node]
    while todo:
        node = todo.pop()
        if isinstance(node, ag.Node) and node.gate is not None:
            seen.add(node.gate.name)
            todo.extend(node.parents)
    assert case.gate in seen | COMPOSED.keys()


@every
def test_forward_equals_numpy(case: Case) -> None:
    expected = case.in_numpy(*case.inputs)
    result = case.f(*[Tensor(x) for x in case.inputs])
    assert_close(result, expected, of=case.inputs)
    assert result.requires_grad


def test_a_single_value_is_a_number_of_numpy_also_without_tensors() -> None:
    scores = generator(3).normal(size=(4, 3))
    labels = np.array([0, 2, 1, 1])
    for value in (ag.logsumexp(scores), ag.softmax_cross_entropy(scores, labels)):
        assert type(value) is np.float64


@every
def test_gradient_equals_the_numerical_derivative(case: Case) -> None:
    check_gradients(case.f, *case.inputs)


@pytest.mark.parametrize("case", [c for c in CASES if c.smooth], ids=lambda c: c.id)
def test_second_order(case: Case) -> None:
    check_gradients(case.f, *case.inputs, order=2, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("case", [c for c in CASES if c.torch], ids=lambda c: c.id)
def test_gradient_equals_pytorch(case: Case) -> None:
    torch = pytest.importorskip("torch")
    tensors = [Tensor(x) for x in case.inputs]
    others = [torch.tensor(x, requires_grad=True) for x in case.inputs]
    ours, theirs = case.f(*tensors), case.torch(*others)  # type: ignore[misc]
    weights = generator(1).normal(size=ours.shape)
    (ours * weights).sum().backward()
    (theirs * torch.tensor(weights)).sum().backward()
    for a, b in zip(tensors, others, strict=True):
        expected = np.zeros(a.shape) if b.grad is None else b.grad.numpy()
        assert_close(a.grad, expected)


@every
def test_float32_stays_float32(case: Case) -> None:
    if case.gate == "astype":
        pytest.skip("this gate is there to change the dtype")
    tensors = [Tensor(x.astype(np.float32)) for x in case.inputs]
    result = case.f(*tensors)
    assert result.dtype == np.float32
    result.backward(np.ones(result.shape))
    for t, x in zip(tensors, case.inputs, strict=True):
        assert t.grad.dtype == np.float32
        assert t.grad.shape == x.shape
        assert isinstance(t.grad, np.ndarray)


@every
def test_no_rule_makes_float64_of_float32(case: Case) -> None:
    """Not even in between: each rule, given float32, gives float32."""
    if case.gate == "astype":
        pytest.skip("this gate is there to change the dtype")
    result = case.f(*[Tensor(x.astype(np.float32)) for x in case.inputs])
    todo = [result.node]
    while todo:
        node = todo.pop()
        if not isinstance(node, ag.Node) or node.gate is None:
            continue
        assert node.dtype in SINGLE, node
        upstream = np.ones(node.shape, node.dtype)[()]
        for closure in node.closures:
            if closure is not None:
                with contextlib.suppress(np.linalg.LinAlgError):  # it has none for this gradient
                    assert closure(upstream).dtype in SINGLE, node
        todo.extend(node.parents)


@every
def test_only_one_operand_tracked(case: Case) -> None:
    """With the others constant, each operand gets the gradient it gets with all tracked."""
    tensors = [Tensor(x) for x in case.inputs]
    result = case.f(*tensors)
    weights = generator(2).normal(size=result.shape)
    result.backward(weights)
    for k, x in enumerate(case.inputs):
        mixed = [Tensor(x) if i == k else y for i, y in enumerate(case.inputs)]
        case.f(*mixed).backward(weights)
        assert_close(mixed[k].grad, tensors[k].grad)


@every
def test_gradients_at_other_inputs_are_their_own(case: Case) -> None:
    """A second run at other values does not disturb the first one's gradients."""
    tensors = [Tensor(x) for x in case.inputs]
    result = case.f(*tensors)
    case.f(*[Tensor(x[::-1].copy() if x.ndim else x) for x in case.inputs]).sum().backward()
    result.backward(np.ones(result.shape))
    again = [Tensor(x) for x in case.inputs]
    case.f(*again).backward(np.ones(result.shape))
    for a, b in zip(tensors, again, strict=True):
        np.testing.assert_array_equal(a.grad, b.grad)


@pytest.mark.parametrize(
    "name",
    [name for name, gate in GATES.items() if gate.differentiable and set(gate.rules) != {0}],
)
def test_a_wrong_rule_is_caught_and_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spoil one rule by a tenth: the check must turn red and name the gate."""
    case = next(c for c in first_of_each if c.gate == name)
    case.f(*[Tensor(x) for x in case.inputs])  # make the plans
    spoil(name, monkeypatch)
    with pytest.raises(GradientCheckError, match=f"the rule of gate '{name}'"):
        check_gradients(case.f, *case.inputs)


@pytest.mark.parametrize(
    "case",
    [c for c in first_of_each if c.gate in GATES and GATES[c.gate].expand],
    ids=lambda c: c.id,
)
def test_expanded_gates_compute_the_same(case: Case) -> None:
    gate = GATES[case.gate]
    result = case.f(*[Tensor(x) for x in case.inputs])
    node = result.node
    while node.gate is not gate:
        node = next(p for p in node.parents if isinstance(p, ag.Node))
    operands = [p.value if isinstance(p, ag.Node) else p for p in node.parents]
    assert gate.expand is not None
    tensors = [Tensor(x) if np.asarray(x).dtype.kind == "f" else x for x in operands]
    expanded = gate.expand(*tensors, **(node.static or {}))
    assert_close(expanded, gate.kernel(*operands, **(node.static or {})))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(7,), (40, 30), (400, 300), (1_000_003,)], ids=str)
def test_maximum_is_that_of_numpy_at_every_size(shape: tuple[int, ...], dtype: type) -> None:
    x = generator(0).normal(size=shape).astype(dtype)
    x.flat[3] = np.nan
    for y in (0, 0.5, -1.0):
        for result in (
            ag.maximum(Tensor(x), y),
            ag.maximum(y, Tensor(x)),
            np.maximum(Tensor(x), y),
        ):
            assert result.dtype == dtype
            np.testing.assert_array_equal(result.numpy(), np.maximum(x, y))
    np.testing.assert_array_equal(ag.relu(Tensor(x)).numpy(), np.maximum(x, 0))
