"""The diagnosis of losses: planted faults are found where they are, and healthy nets have none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
import nn
from autograd import Diagnosis, GraphError, Parameter, Tensor

CLASSES = 4
LOSS = nn.CrossEntropyLoss()


def data(n: int = 16, features: int = 8, dtype: Any = float, seed: int = 0) -> tuple[Any, Any]:
    rng = generator(seed)
    return rng.normal(size=(n, features)).astype(dtype), rng.integers(0, CLASSES, n)


def mlp(
    depth: int = 2, act: Callable[[], Any] = nn.ReLU, seed: int = 0, **options: Any
) -> nn.Sequential:
    layers: list[Any] = []
    for k in range(depth):
        layers += [nn.Linear(20 if k else 8, 20, **options), act()]
    return nn.Sequential(*layers, nn.Linear(20, CLASSES, **options), seed=seed)


def told(net: Any, loss: Callable[[], Any] | None = None) -> Diagnosis:
    X, y = data()
    with ag.source_lines():
        value = LOSS(net(X), y) if loss is None else loss()
    return nn.diagnose(value, net)


def only(report: Diagnosis, status: str, kind: str) -> Any:
    """The one fault of a report, which is that."""
    assert not report
    assert not report.ok
    (fault,) = report.faults
    assert (fault.status, fault.kind) == (status, kind), str(report)
    assert fault.sentence in str(report)
    assert fault.remedy in str(report)
    return fault


def statuses(report: Diagnosis) -> dict[str, str]:
    return {row.name: row.status for row in report.rows}


# --- zero -----------------------------------------------------------------------------------------


def test_a_dead_relu_is_found_and_what_it_kills() -> None:
    net = mlp()
    net[2].b.data = np.full(20, -100.0)
    fault = only(told(net), "zero", "dead")
    assert fault.parameters == ("0.W", "0.b", "2.W", "2.b", "4.W")  # also of what it feeds
    assert fault.gate == "relu"
    assert "after affine in Sequential.2" in fault.sentence
    assert "320 outputs are 0 (100 %)" in fault.sentence
    assert "test_diagnosis.py, line" in fault.line


def test_of_two_dead_relus_the_one_nearer_to_the_loss_is_named() -> None:
    net = mlp(3)
    for k in (0, 4):
        net[k].b.data = np.full(20, -100.0)
    assert "Sequential.4" in only(told(net), "zero", "dead").sentence


def test_units_that_die_one_by_one_are_a_note() -> None:
    net = mlp()
    net[2].b.data = np.where(np.arange(20) < 19, -100.0, 100.0)
    report = told(net)
    assert report.ok
    (note,) = report.notes
    assert note in str(report)
    assert "95% of its 20 units are 0 for all 16 examples" in note


@pytest.mark.parametrize("act", [nn.Sigmoid, nn.Tanh])
def test_saturated_units_are_found(act: Any) -> None:
    net = mlp(2, act)
    net[0].W.data = net[0].W.data * 1e6
    report = told(net)
    fault = only(report, "zero", "saturated")
    assert fault.parameters == ("0.W", "0.b")
    assert "slope is 0" in fault.sentence


def test_zeros_for_weights_are_found() -> None:
    net = mlp()
    for k in (0, 2, 4):
        net[k].W.data = np.zeros(net[k].W.shape)
    fault = only(told(net), "zero", "zeros")
    assert "4.W, which is all zeros" in fault.sentence


def test_flat_gates_are_found() -> None:
    w = Parameter([0.3, 1.7], name="w")
    for f in (np.round, np.sign, np.floor):
        fault = only(ag.diagnose((f(w) * w.data).sum()), "zero", "flat")
        assert "flat" in fault.sentence


def test_clipped_values_are_found() -> None:
    w = Parameter([3.0, -7.0], name="w")
    fault = only(ag.diagnose(np.clip(w, -1.0, 1.0).sum()), "zero", "dead")
    assert fault.gate == "clip"
    assert "from -7 to 3" in fault.sentence


def test_rows_that_no_index_takes_are_found() -> None:
    w, v = Parameter(np.ones((4, 2)), name="w"), Parameter(2.0, name="v")
    report = ag.diagnose((np.maximum(w, 5.0)[:2] * v).sum())
    assert statuses(report) == {"w": "zero", "v": "healthy"}


# --- too small, too large -------------------------------------------------------------------------


def test_a_stack_of_sigmoids_vanishes() -> None:
    fault = only(told(mlp(12, nn.Sigmoid)), "vanishing", "vanishing")
    assert fault.parameters[:2] == ("0.W", "0.b")
    assert "12 gates sigmoid" in fault.sentence
    assert fault.gate == "sigmoid"


def test_weights_of_a_large_scale_explode() -> None:
    net = mlp(6)
    for p in net.parameters():
        p.data = p.data * 30
    fault = only(told(net), "exploding", "exploding")
    assert "0.W" in fault.parameters
    assert fault.gate == "affine"


def test_targets_of_a_large_scale_explode() -> None:
    net, (X, _) = mlp(), data()
    report = told(net, lambda: np.sum((net(X) - 1e9) ** 2))
    assert {fault.status for fault in report.faults} == {"exploding"}


# --- NaN and infinity -----------------------------------------------------------------------------


def test_nan_in_the_data_is_found() -> None:
    net, (X, y) = mlp(), data()
    X[3, 2] = np.nan
    fault = only(told(net, lambda: LOSS(net(X), y)), "NaN", "leaf")
    assert "a constant (16, 8) holds NaN, the operand x of affine in Sequential.0" in fault.sentence
    assert "1 of 128 values, the first at (3, 2)" in fault.sentence


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_nan_in_data_that_is_a_tensor_with_a_name_is_found() -> None:
    net, (X, _) = mlp(), data()
    X[0, 0] = np.inf
    x = Tensor(X, requires_grad=False, name="images")
    fault = told(net, lambda: np.mean((x @ net[0].W) ** 2)).faults[0]
    assert fault.kind == "leaf"
    assert "images holds infinity" in fault.sentence


def test_nan_in_a_weight_is_found_by_its_name() -> None:
    net = mlp()
    values = net[2].W.numpy()
    values[1, 2] = np.nan
    net[2].W.data = values
    fault = only(told(net), "NaN", "leaf")
    assert fault.sentence.startswith("2.W holds NaN")
    assert "(1, 2)" in fault.sentence


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_gate_that_made_the_first_nan_is_found() -> None:
    net, (X, _) = mlp(), data()

    def loss() -> Any:
        p = net(X) * 0.0
        q = np.log(p)  # here
        return np.mean(q * p)

    fault = only(told(net, loss), "NaN", "gate")
    assert fault.gate == "log"
    assert "q = np.log(p)  # here" in fault.line
    assert "make infinity, of finite numbers" in fault.sentence


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_an_infinite_loss_is_a_fault_though_gradients_are_finite() -> None:
    net, (X, _) = mlp(), data()
    report = told(net, lambda: -np.mean(np.log(ag.relu(net(X)))))
    fault = only(report, "infinite", "gate")
    assert fault.gate == "log"
    assert all(row.ok for row in report.rows)


def test_an_infinite_slope_is_found() -> None:
    w = Parameter(np.zeros(3), name="w")
    fault = only(ag.diagnose(np.sqrt(np.sum(w * w)) + 1.0), "NaN", "slope")
    assert fault.gate == "sqrt"


def test_masks_are_not_blamed() -> None:
    scores = Parameter(generator(0).normal(size=(2, 3)), name="scores")
    masked = np.where([[True, True, False]], scores, -np.inf)
    assert ag.diagnose((ag.softmax(masked) ** 2).sum())


# --- no way from the loss -------------------------------------------------------------------------


def test_a_parameter_that_is_not_used_is_found() -> None:
    net = mlp()
    net.spare = nn.Linear(3, 7)
    report = told(net)
    assert only(report, "unconnected", "unused").parameters == ("spare.W", "spare.b")


@pytest.mark.parametrize(
    "cut",
    [
        lambda x: x.numpy(), lambda x: x.data, lambda x: x.detach(),
        lambda x: Tensor(x.numpy(), requires_grad=False), lambda x: x.numpy().copy(),
    ],
)  # fmt: skip
def test_layers_behind_a_cut_are_found_and_so_is_the_cut(cut: Any) -> None:
    net, (X, y) = mlp(), data()

    def loss() -> Any:
        hidden = net[1](net[0](X))
        out = net[4](net[3](net[2](cut(hidden))))  # here
        return LOSS(out, y)

    report = told(net, loss)
    fault = only(report, "unconnected", "cut")
    assert fault.parameters == ("0.W", "0.b")
    assert "affine" in fault.sentence
    assert "# here" in fault.line
    assert ".numpy()" in fault.remedy
    assert statuses(report)["2.W"] == "healthy"


def test_layers_further_behind_share_the_cut() -> None:
    net, (X, y) = nn.Sequential(
        nn.Linear(8, 30), nn.Linear(30, 9), nn.Linear(9, CLASSES), seed=0
    ), data()  # fmt: skip
    report = told(net, lambda: LOSS(net[2](net[1](net[0](X)).numpy()), y))
    assert only(report, "unconnected", "cut").parameters == ("0.W", "0.b", "1.W", "1.b")


@pytest.mark.parametrize(
    "read", [lambda p: p.data, lambda p: p.detach(), lambda p: p.numpy(), lambda p: p.data.T.T]
)
def test_a_parameter_that_is_read_as_a_constant_is_found(read: Any) -> None:
    net, (X, y) = mlp(1), data()
    X = Tensor(X, name="X")
    report = told(net, lambda: LOSS(ag.relu(X @ read(net[0].W) + net[0].b) @ net[2].W, y))
    by_parameter = {fault.parameters: fault for fault in report.faults}
    assert by_parameter["0.W",].kind == "detached"
    assert "matmul takes its values as a constant (operand y)" in by_parameter["0.W",].sentence
    assert by_parameter["2.b",].kind == "unused"


def test_a_loss_without_a_graph_is_found() -> None:
    net, (X, y) = mlp(), data()
    with ag.no_grad():
        loss = LOSS(net(X), y)
    fault = only(nn.diagnose(loss, net), "unconnected", "detached")
    assert "no_grad" in fault.remedy


def test_frozen_parameters_are_no_fault() -> None:
    net = mlp()
    net[0].freeze()
    report = told(net)
    assert report
    assert statuses(report)["0.W"] == statuses(report)["0.b"] == "frozen"


# --- healthy nets ---------------------------------------------------------------------------------


class Recurrent(nn.Module):
    def __init__(self, cell: Any, dtype: Any) -> None:
        self.cell = cell(5, 12, batch_first=True, dtype=dtype)
        self.out = nn.Linear(12, CLASSES, dtype=dtype)

    def forward(self, x: Any) -> Any:
        return self.out(self.cell(x)[0][:, -1])


class Transformer(nn.Module):
    def __init__(self, dtype: Any) -> None:
        self.words = nn.Embedding(20, 16, dtype=dtype)
        self.block = nn.TransformerBlock(16, 4, 32, dtype=dtype)
        self.out = nn.Linear(16, CLASSES, dtype=dtype)

    def forward(self, x: Any) -> Any:
        return self.out(np.mean(self.block(self.words(x)), axis=1))


def healthy(dtype: Any) -> Iterator[tuple[nn.Module, Any]]:
    rng, (X, _) = generator(0), data(dtype=dtype)
    images = rng.normal(size=(16, 2, 8, 8)).astype(dtype)
    yield nn.TwoLayerNet(8, 20, CLASSES, dtype=dtype), X
    yield mlp(6, nn.GELU, dtype=dtype), X
    yield mlp(3, nn.Sigmoid, dtype=dtype), X
    yield nn.Sequential(
        nn.Conv2d(2, 6, 3, padding=1, dtype=dtype), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 8, 3, dtype=dtype), nn.ReLU(), nn.Flatten(),
        nn.Linear(32, CLASSES, dtype=dtype),
    ), images  # fmt: skip
    for cell in (nn.RNN, nn.LSTM, nn.GRU):
        yield Recurrent(cell, dtype), rng.normal(size=(16, 20, 5)).astype(dtype)
    yield Transformer(dtype), rng.integers(0, 20, (16, 10))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_healthy_nets_have_no_fault_before_and_after_training(dtype: Any) -> None:
    y = data()[1]
    for seed, (net, X) in enumerate(healthy(dtype)):
        net.initialise(seed)
        optimiser = nn.Adam(net, lr=0.01)
        for _ in range(2):
            report = nn.diagnose(LOSS(net(X), y), net)
            assert report.ok, f"{net}\n{report}"
            assert not report.notes
            assert set(statuses(report).values()) == {"healthy"}, str(report)
            for _ in range(10):
                optimiser.zero_grad()
                LOSS(net(X), y).backward()
                optimiser.step()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_bias_before_batch_norm_is_redundant_and_no_fault(dtype: Any) -> None:
    net = nn.Sequential(
        nn.Linear(8, 16, dtype=dtype), nn.BatchNorm1d(16, dtype=dtype), nn.ReLU(),
        nn.Linear(16, CLASSES, dtype=dtype), seed=0,
    )  # fmt: skip
    X, y = data(dtype=dtype)
    report = nn.diagnose(LOSS(net(X), y), net)
    assert report
    found = statuses(report)
    assert found.pop("0.b") == "redundant"
    assert set(found.values()) == {"healthy"}
    assert "bias before a normalisation" in str(report)


def test_at_a_minimum_all_is_stationary() -> None:
    w = Parameter(2.0, name="w")
    report = ag.diagnose(np.mean((w * np.array([1.0, 1.0]) - np.array([1.0, 3.0])) ** 2))
    assert report
    assert statuses(report) == {"w": "stationary"}


# --- what it is given, and what it leaves ---------------------------------------------------------


def test_a_shared_parameter_is_judged_once_with_the_sum_of_its_gradients() -> None:
    net, (X, y) = mlp(), data()
    net.again = net[2]
    hidden = net[1](net[0](X))
    loss = LOSS(net[4](ag.relu(net[2](ag.relu(net.again(hidden))))), y)
    report = nn.diagnose(loss, net)
    assert report
    assert len(report.rows) == 6
    loss.backward()
    for row, (name, p) in zip(report.rows, net.named_parameters(), strict=True):
        assert row.name == name
        assert_close(row.gradient, np.sqrt(np.mean(p.grad**2)))
        assert_close(row.weight, np.sqrt(np.mean(p.numpy() ** 2)))


def test_it_reads_and_changes_no_gradient_before_and_after_backward_and_a_step() -> None:
    net, (X, y) = mlp(), data()
    loss = LOSS(net(X), y)
    before = nn.diagnose(loss, net)
    assert all(p.grad is None for p in net.parameters())
    loss.backward()
    kept = [p.grad.copy() for p in net.parameters()]
    again = nn.diagnose(loss, net)
    assert again.rows == before.rows
    for p, g in zip(net.parameters(), kept, strict=True):
        np.testing.assert_array_equal(p.grad, g)
    nn.SGD(net, lr=0.1).step()
    later = nn.diagnose(loss, net)
    assert [row.gradient for row in later.rows] == [row.gradient for row in before.rows]


def test_without_a_net_all_leaves_are_judged() -> None:
    w, x = Parameter([1.0, 2.0], name="w"), Tensor([3.0, 4.0])
    report = ag.diagnose((w * x).sum())
    assert [row.name for row in report.rows] == ["w", "tensor (2,)"]
    assert ag.diagnose((w * x).sum(), {"mine": w}).rows[0].name == "mine"
    assert [row.name for row in ag.diagnose((w * x).sum(), [w]).rows] == ["w"]


def test_inside_detect_anomaly_it_reports_rather_than_raises() -> None:
    w = Parameter(np.zeros(3), name="w")
    with ag.detect_anomaly():
        fault = only(ag.diagnose(np.sqrt(np.sum(w * w)) + 1.0), "NaN", "slope")
    assert fault.gate == "sqrt"


def test_wrong_things_are_refused() -> None:
    w = Parameter([1.0, 2.0])
    with pytest.raises(TypeError, match=r"float.*\.item\(\)"):
        nn.diagnose(3.0)
    with pytest.raises(GraphError, match="single value"):
        nn.diagnose(w * 2.0)
    with pytest.raises(TypeError, match="made by it"):
        nn.diagnose((w * 2.0).sum(), nn.Linear)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="holds a int"):
        ag.diagnose((w * 2.0).sum(), [1])  # type: ignore[list-item]


def test_long_graphs_take_no_recursion() -> None:
    x = Parameter(1.0, name="x")
    y: Any = x
    for _ in range(10_000):
        y = y * 1.00001
    assert only(ag.diagnose(ag.relu(y - 1e9)), "zero", "dead").gate == "relu"
    assert ag.diagnose(y)


# --- sanity checks --------------------------------------------------------------------------------


def checked(net: nn.Module, **options: Any) -> nn.SanityChecks:
    X, y = data(40)
    return nn.sanity_checks(net, options.pop("loss", LOSS), X, y, **options)


def small_net(scale: float = 1.0) -> nn.Sequential:
    net = nn.Sequential(
        nn.Linear(8, 40), nn.ReLU(), nn.Dropout(0.5), nn.Linear(40, CLASSES), seed=0
    )
    net[3].W.data = net[3].W.data * scale * 0.3
    return net


def test_a_good_net_passes_all_checks() -> None:
    net = small_net()
    report = checked(net, optimiser=nn.Adam(net, lr=1e-3), penalty=1e-3)
    assert report.ok, str(report)
    assert all(check.passed for check in report.checks)
    assert report["initial loss"].expected == f"{np.log(CLASSES):.5g}"


def test_a_first_loss_far_from_chance_fails() -> None:
    assert checked(small_net(100.0))["initial loss"].passed is False


def test_a_step_size_that_is_too_large_or_small_fails() -> None:
    net = small_net()
    assert checked(net, lr=1e3)["update : weight"].passed is False
    assert checked(net, lr=1e-9)["update : weight"].passed is False


def test_a_wrong_gradient_fails() -> None:
    class Cut(nn.Module):
        def __init__(self) -> None:
            self.fc = nn.Linear(8, CLASSES, seed=0)

        def forward(self, x: Any) -> Any:
            out = self.fc(x)
            return out - 0.5 * out.detach()

    report = checked(Cut(), steps=5)
    assert report["gradient check"].passed is False
    assert "fc." in report["gradient check"].found
    assert not report


def test_a_net_that_cannot_learn_fails_to_overfit() -> None:
    net = small_net()
    net[0].b.data = np.full(40, -1e6)
    assert checked(net, steps=20)["overfits 20 examples"].passed is False


def test_a_penalty_without_strength_fails_and_one_that_is_not_given_is_left_out() -> None:
    assert checked(small_net(), penalty=0.0, steps=1)["penalty raises loss"].passed is False
    assert checked(small_net(), steps=1)["penalty raises loss"].passed is None


def test_regression_has_its_own_chance_level() -> None:
    net, X = nn.Sequential(nn.Linear(8, 40), nn.Tanh(), nn.Linear(40, 1), seed=0), data(40)[0]
    net[2].W.data = net[2].W.data * 0.1
    y = X[:, :1] * 2.0
    report = nn.sanity_checks(net, nn.MSELoss(), X, y)
    assert report.ok, str(report)
    assert report["initial loss"].expected == f"{np.mean(y**2):.5g}"


def test_everything_is_left_as_it_was() -> None:
    def run(check: bool) -> bytes:
        nn.seed(3)
        net = nn.Sequential(
            nn.Linear(8, 20), nn.BatchNorm1d(20), nn.ReLU(), nn.Dropout(0.5),
            nn.Linear(20, CLASSES), nn.Dropout(0.1),
        )  # fmt: skip
        net[3].rng = np.random.default_rng(5)
        net[2].eval()
        optimiser, (X, y) = nn.Adam(net, lr=0.01), data(40)
        for step in range(6):
            optimiser.zero_grad()
            LOSS(net(X), y).backward()
            if check and step == 3:
                grads = [p.grad.copy() for p in net.parameters()]
                nn.sanity_checks(net, LOSS, X, y, optimiser=optimiser, penalty=0.1, steps=5)
                for p, g in zip(net.parameters(), grads, strict=True):
                    np.testing.assert_array_equal(p.grad, g)
                assert not net[2].training
                assert net[3].training
            optimiser.step()
        nn.seed(None)
        return b"".join(x.tobytes() for x in net.state_dict().values())

    assert run(True) == run(False)


def test_wrong_arguments_of_sanity_checks_are_refused() -> None:
    X, y = data()
    with pytest.raises(TypeError, match="expected a Module"):
        nn.sanity_checks(3, LOSS, X, y)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected a function of scores"):
        nn.sanity_checks(mlp(), nn.CrossEntropyLoss, X, y)
    with pytest.raises(ValueError, match="16 examples and y has 3"):
        nn.sanity_checks(mlp(), LOSS, X, y[:3])
    with pytest.raises(GraphError, match="no parameters"):
        nn.sanity_checks(mlp().freeze(), LOSS, X, y)
    with pytest.raises(TypeError, match="gave a float"):
        nn.sanity_checks(mlp(), lambda s, t: float(LOSS(s, t).item()), X, y)
