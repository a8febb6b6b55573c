"""The Trainer: what it computes is what a loop by hand computes; what it is given is checked."""

from __future__ import annotations

import io
import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn

X, Y = nn.spiral(20, seed=0)


def made(seed: int = 0, **options: Any) -> nn.Trainer:
    net = nn.Sequential(
        nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3), seed=seed
    )
    return nn.Trainer(net, nn.cross_entropy, nn.Adam(net, lr=0.01), **options)


def same(one: nn.Module, other: nn.Module) -> bool:
    a, b = one.state_dict(), other.state_dict()
    return all(np.array_equal(a[name], b[name]) for name in a)


# --- what it computes --------------------------------------------------------------------------


@pytest.mark.parametrize("compile", [False, True, "numpy"])
def test_it_is_the_loop_that_one_writes(compile: Any) -> None:
    trainer = made(metrics="accuracy", compile=compile, clip=0.5)
    trainer.schedule = nn.StepLR(trainer.optimiser, 1, gamma=0.5)
    other = made()
    schedule = nn.StepLR(other.optimiser, 1, gamma=0.5)
    history = trainer.fit(X, Y, epochs=3, validation=(X, Y), batch_size=13, seed=4)

    loader = nn.DataLoader(X, Y, 13, shuffle=True, seed=4)
    for epoch in range(3):
        losses, right = 0.0, 0.0
        lr = other.optimiser.lr
        for x, y in loader:
            other.optimiser.zero_grad()
            scores = other.net(x)
            loss = nn.cross_entropy(scores, y)
            loss.backward()
            nn.clip_grad_norm(other.net, 0.5)
            other.optimiser.step()
            losses += loss.item() * len(y)  # the last batch is smaller
            right += float(np.sum(np.argmax(scores.numpy(), axis=1) == y))
        schedule.step()
        other.net.eval()
        scores = other.net(X)
        val_loss = nn.cross_entropy(scores, Y).item()
        other.net.train()
        expected = {
            "loss": losses / 60, "accuracy": right / 60, "val_loss": val_loss, "lr": lr,
            "val_accuracy": np.mean(np.argmax(scores.numpy(), axis=1) == Y),
        }  # fmt: skip
        for name, value in expected.items():
            assert history[name][epoch] == pytest.approx(value, rel=1e-12), name
    assert same(trainer.net, other.net)
    assert (trainer.epoch, trainer.step, history.steps) == (3, 15, [5, 10, 15])
    assert all(seconds > 0 for seconds in history["seconds"])


def test_evaluation_leaves_modes_as_they_were_and_records_nothing() -> None:
    trainer = made(metrics=["accuracy"])
    trainer.net[1].eval()  # such as a normalisation that is to keep its statistics
    before, modes = trainer.net.state_dict(), [m.training for _, m in trainer.net.named_modules()]
    found = trainer.evaluate(X, Y, batch_size=7)
    scores = trainer.predict(X, batch_size=11)
    assert modes == [m.training for _, m in trainer.net.named_modules()]
    assert modes.count(False) == 1
    assert all(np.array_equal(before[k], v) for k, v in trainer.net.state_dict().items())
    assert type(scores) is np.ndarray
    assert found["accuracy"] == nn.metrics.accuracy(scores, Y)
    assert found["loss"] == pytest.approx(nn.cross_entropy(scores, Y).item())
    loader = nn.DataLoader(X, Y, 9)
    assert trainer.evaluate(loader) == pytest.approx(found)
    np.testing.assert_allclose(trainer.predict(loader), scores)

    def fails(module: Any, inputs: Any, out: Any) -> None:
        assert not module.training
        assert not getattr(out, "requires_grad", False)
        raise RuntimeError

    trainer.net[4].register_forward_hook(fails)
    with pytest.raises(RuntimeError):
        trainer.predict(X)
    assert modes == [m.training for _, m in trainer.net.named_modules()]


def test_fit_goes_on_where_it_stands_and_trains_a_net_in_evaluation() -> None:
    trainer = made()
    trainer.net.eval()
    trainer.net[3].eval()
    trainer.fit(X, Y, epochs=1)
    assert all(m.training for _, m in trainer.net.named_modules())
    trainer.net[1].eval()
    history = trainer.fit(X, Y, epochs=2, validation=(X, Y))
    assert not trainer.net[1].training
    assert trainer.net.training
    assert (trainer.epoch, len(history["loss"])) == (3, 3)
    assert math.isnan(history["val_loss"][0])
    assert not math.isnan(history["val_loss"][1])
    assert str(history).count("\n") == 3


@pytest.mark.parametrize("data", ["pair", "two arrays", "loader", "list", "tensors", "lists"])
def test_what_can_be_trained_on(data: str) -> None:
    forms: dict[str, Any] = {
        "pair": ((X, Y),), "two arrays": (X, Y), "loader": (nn.DataLoader(X, Y, 32),),
        "list": ([(X[:30], Y[:30]), (X[30:], Y[30:])],), "lists": (X.tolist(), Y.tolist()),
        "tensors": (ag.Tensor(X, requires_grad=False), Y),
    }  # fmt: skip
    assert made().fit(*forms[data], epochs=2).steps == [2, 4]


def test_lbfgs_and_schedules_by_what_is_reached() -> None:
    pytest.importorskip("scipy")
    net = nn.Sequential(nn.Linear(2, 8, seed=0), nn.Tanh(), nn.Linear(8, 3, seed=1))
    trainer = nn.Trainer(net, nn.cross_entropy, nn.LBFGS(net), metrics=["accuracy"])
    losses = trainer.fit(X, Y, epochs=3, batch_size=60)["loss"]
    assert losses[2] < losses[1] < losses[0]
    trainer = made()
    trainer.schedule = nn.ReduceLROnPlateau(trainer.optimiser, patience=0, threshold=10.0)
    assert trainer.fit(X, Y, epochs=3, validation=(X, Y))["lr"][2] < 0.01


def test_metrics_of_whole_sets() -> None:
    """The mean of F1 scores of batches is not that of the set: it is measured in validation."""

    def worst(scores: Any, labels: Any) -> float:
        return float(np.max(labels))

    trainer = made(metrics={"f1": nn.metrics.f1_score, "worst": worst})
    history = trainer.fit(X, Y, epochs=1, validation=(X, Y))
    assert {"val_f1", "val_worst", "worst"} < history.keys()
    assert "f1" not in history
    assert history["val_f1"] == [nn.metrics.f1_score(trainer.predict(X), Y)]
    with pytest.raises(ValueError, match=r"f1_score cannot be put together .* pass validation="):
        made(metrics="f1_score").fit(X, Y, epochs=1)


# --- along the way -----------------------------------------------------------------------------


def test_early_stopping_restores_the_best() -> None:
    states = []
    stopping = nn.EarlyStopping(patience=2, monitor="val_accuracy", min_delta=0.5)
    trainer = made(metrics="accuracy", callbacks=[stopping])
    trainer.callbacks.append(lambda t: states.append(t.net.state_dict()))
    trainer.fit(X, Y, epochs=50, validation=(X, Y))
    assert (trainer.epoch, stopping.best_epoch, len(states)) == (3, 1, 3)
    assert "val_accuracy has not become better" in str(trainer.stopped)
    assert all(np.array_equal(trainer.net.state_dict()[k], v) for k, v in states[0].items())
    trainer.fit(X, Y, epochs=2, validation=(X, Y))  # it begins anew
    assert (trainer.stopped, trainer.epoch) == (None, 5)


@pytest.mark.parametrize(("name", "larger"), [("val_loss", False), ("val_accuracy", True)])
def test_what_is_better(name: str, larger: bool) -> None:
    stopping = nn.EarlyStopping(patience=2, monitor=name, restore_best=False)
    trainer = made(metrics="accuracy")
    values = [1.0, 2.0, math.nan, 0.5, 0.6]
    for trainer.epoch, value in enumerate(values, 1):
        trainer.history.add({name: value}, 1)
        stopping.on_epoch(trainer)
    assert stopping.best == (2.0 if larger else 0.5)


def test_callbacks_are_called_and_may_stop() -> None:
    seen: list[Any] = []

    class All(nn.Callback):
        def on_start(self, trainer: nn.Trainer) -> None:
            seen.append("start")

        def on_step(self, trainer: nn.Trainer) -> None:
            seen.append((trainer.step, round(trainer.last_loss, 3) > 0))
            if trainer.step == 3:
                trainer.stop("enough")

        def on_end(self, trainer: nn.Trainer) -> None:
            seen.append("end")

    class Some:
        def on_epoch(self, trainer: nn.Trainer) -> None:
            seen.append(f"epoch {trainer.epoch}")

    trainer = made(callbacks=[All(), Some(), lambda t: seen.append(len(t.history["loss"]))])
    trainer.fit(X, Y, epochs=9)
    assert seen == ["start", (1, True), (2, True), "epoch 1", 1, (3, True), "end"]
    assert (trainer.stopped, trainer.epoch, trainer.step) == ("enough", 1, 3)


def test_what_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def shown(stream: io.StringIO, progress: bool | None) -> str:
        monkeypatch.setattr(sys, "stderr", stream)
        made(progress=progress).fit(X, Y, epochs=2)
        monkeypatch.undo()
        return stream.getvalue()

    assert shown(io.StringIO(), None) == shown(Terminal(), False) == ""
    assert shown(io.StringIO(), True).count("epoch ") == 2
    pytest.importorskip("tqdm")
    assert "| 0/2 [" in shown(Terminal(), None)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert shown(Terminal(), None).splitlines()[1].startswith("epoch 2/2: loss ")


def test_the_history_is_drawn() -> None:
    pytest.importorskip("matplotlib").use("Agg")
    history = made(metrics="accuracy").fit(X, Y, epochs=3, validation=(X, Y))
    axis = nn.plots.loss_curve(history, classes=3)
    assert axis.lines[0].get_xdata().tolist() == history.steps
    nn.plots.accuracy_curve(history.steps, {"validation": history["val_accuracy"]})
    import matplotlib.pyplot as plt

    plt.close("all")


# --- faults ------------------------------------------------------------------------------------


@pytest.mark.parametrize("compile", [False, True])
@pytest.mark.parametrize("cause", ["data", "step size"])
def test_a_loss_that_is_nan_stops_it(cause: str, compile: Any) -> None:
    """It says where and what to do, and the net is as it was before that step."""
    trainer = made(compile=compile)
    states: list[Any] = []

    class Keep(nn.Callback):
        def on_step(self, trainer: nn.Trainer) -> None:
            states.append(trainer.net.state_dict())
            if cause == "step size" and trainer.step == 3:
                trainer.net[0].W.data = np.full((2, 8), np.nan)

    trainer.callbacks.append(Keep())
    bad = X.copy()
    bad[45, 1] = np.nan if cause == "data" else 0.0
    remedy = "x of this batch holds NaN" if cause == "data" else r"the step before made 0\.W NaN"
    where = "step 4, in epoch 2" if cause == "step size" else "step 2, in epoch 1"
    with pytest.raises(nn.NotFiniteError, match=f"the loss is nan at {where}; .*{remedy}"):
        trainer.fit(nn.DataLoader(bad, Y, 32), epochs=3)
    if cause == "data":
        for name, array in trainer.net.state_dict().items():
            np.testing.assert_array_equal(array, states[-1][name])


def test_a_diagnosis_is_told() -> None:
    seen = []

    def diagnose(loss: ag.Tensor) -> str:
        seen.append(loss)
        return "the first NaN is in log"

    trainer = made(diagnose=diagnose)
    with pytest.raises(nn.NotFiniteError) as raised:
        trainer.fit(X * np.nan, Y, epochs=1)
    assert raised.value.__notes__ == ["the first NaN is in log"]
    assert seen[0].requires_grad


@pytest.mark.parametrize("compile", [False, True])
def test_a_step_that_fails_changes_nothing(compile: Any) -> None:
    """Neither running means nor what dropout draws, which come before the error."""
    trainer = made(compile=compile)
    trainer.fit(X, Y, epochs=2, batch_size=20)
    before, rng = trainer.net.state_dict(), nn.rng.state_of(trainer.net[3].rng)
    wrong = np.where(np.arange(60) == 20, 7, Y)
    with pytest.raises(ag.LabelError) as raised:
        trainer.fit([(X[20:40], wrong[20:40])], epochs=1)
    assert "at step 7, in epoch 3: batch 1 is (float64 (20, 2), int64 (20,))" in str(
        raised.value.__notes__
    )
    assert all(np.array_equal(before[k], v) for k, v in trainer.net.state_dict().items())
    assert nn.rng.state_of(trainer.net[3].rng) == rng


ShapeError = ag.ShapeError
NET = nn.Sequential(nn.Linear(2, 3, seed=0))
SGD = nn.SGD(NET)
WRONG: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "optimiser first": (lambda: nn.Trainer(SGD, NET, nn.cross_entropy), TypeError,
                        r"net is SGD\(.*expected Trainer\(net, loss, optimiser\)"),
    "loss and optimiser": (lambda: nn.Trainer(NET, SGD, nn.cross_entropy), TypeError,
                           "optimiser is <function.*|loss is SGD"),
    "class of a net": (lambda: nn.Trainer(nn.Linear, nn.cross_entropy, SGD), TypeError,
                       r"net is the class Linear, did you mean Linear\(\.\.\.\)"),
    "class of a loss": (lambda: nn.Trainer(NET, nn.CrossEntropyLoss, SGD), TypeError,
                        r"loss is the class CrossEntropyLoss, did you mean"),
    "class of an optimiser": (lambda: nn.Trainer(NET, nn.cross_entropy, nn.Adam), TypeError,
                              r"optimiser is the class Adam, did you mean .* nn\.Adam\(net"),
    "name of a loss": (lambda: nn.Trainer(NET, "mse", SGD), TypeError, "loss is 'mse'"),
    "another net": (lambda: nn.Trainer(nn.Linear(2, 3), nn.cross_entropy, SGD), ValueError,
                    r"none of the parameters of this Linear; .* Write nn\.SGD\(net"),
    "no parameters": (lambda: nn.Trainer(nn.ReLU(), nn.cross_entropy, SGD), ValueError,
                      "ReLU has no parameters to train"),
    "metric": (lambda: nn.Trainer(NET, nn.cross_entropy, SGD, metrics="acuracy"), ValueError,
               "no metric 'acuracy'; .*did you mean 'accuracy'"),
    "metric that is none": (lambda: nn.Trainer(NET, nn.cross_entropy, SGD, metrics=[3]), TypeError,
                            "is 3; expected a function"),
    "nameless metric": (lambda: nn.Trainer(NET, nn.cross_entropy, SGD, metrics=lambda s, y: 1),
                        ValueError, "<lambda>.*in a dict"),
    "metrics": (lambda: nn.Trainer(NET, nn.cross_entropy, SGD, metrics=3), TypeError, "is 3"),
    "compile": (lambda: nn.Trainer(NET, nn.cross_entropy, SGD, compile="jax"), ValueError,
                "compile is 'jax'; expected False, True, or 'numba'"),
    "compiled L-BFGS": (lambda: nn.Trainer(NET, nn.cross_entropy, nn.LBFGS(NET), compile=True),
                        ValueError, "write compile=False"),
    "clip": (lambda: nn.Trainer(NET, nn.cross_entropy, SGD, clip=-1), ValueError, "clip is -1"),
    "every": (lambda: nn.Trainer(NET, nn.cross_entropy, SGD, every="hour"), ValueError,
              "every is 'hour'; expected 'epoch' or a number of steps"),
    "schedule": (lambda: nn.Trainer(NET, nn.cross_entropy, SGD, schedule=nn.StepLR), TypeError,
                 "schedule is the class StepLR"),
    "schedule of another": (lambda: nn.Trainer(NET, nn.cross_entropy, SGD,
                                               schedule=nn.StepLR(nn.SGD(NET), 1)),
                            ValueError, "that of another optimiser"),
    "plateau by step": (lambda: nn.Trainer(NET, nn.cross_entropy, SGD, schedule_every="step",
                                           schedule=nn.ReduceLROnPlateau(SGD)),
                        ValueError, "schedule_every='epoch'"),
    "class of a callback": (lambda: nn.Trainer(NET, nn.cross_entropy, SGD,
                                               callbacks=[nn.EarlyStopping]),
                            TypeError, r"callbacks\[0\] is the class EarlyStopping"),
    "callback": (lambda: nn.Trainer(NET, nn.cross_entropy, SGD, callbacks=[3]), TypeError,
                 r"callbacks\[0\] is 3"),
    "Keras's callback": (lambda: nn.Trainer(NET, nn.cross_entropy, SGD, callbacks=[
        type("Old", (), {"on_epoch_end": print})()]), TypeError,
        "has on_epoch_end; .*on_start, on_step, on_epoch, on_end"),
    "folder": (lambda: nn.Trainer(NET, nn.cross_entropy, SGD, checkpoint="/"), IsADirectoryError,
               "a folder; expected the name of a file"),
    "no folder": (lambda: nn.Trainer(NET, nn.cross_entropy, SGD, checkpoint="no/where/c"),
                  FileNotFoundError, "there is no folder"),
    "path": (lambda: nn.Trainer(NET, nn.cross_entropy, SGD, checkpoint=3), TypeError, "is 3"),
    "no labels": (lambda: fit(X), TypeError, r"got X \(60, 2\) without y; write fit\(X, y\)"),
    "loader without labels": (lambda: fit(nn.DataLoader(X)), TypeError, "has no y"),
    "nothing": (lambda: fit([]), ShapeError, "got an empty list"),
    "no examples": (lambda: fit(X[:0], Y[:0]), ShapeError, "there are no examples"),
    "empty batch": (lambda: fit([(X[:0], Y[:0])]), ShapeError, "a batch is empty"),
    "lengths": (lambda: fit(X, Y[:5]), ShapeError, "equal lengths"),
    "once": (lambda: fit(iter([(X, Y)])), TypeError, "gives its batches only once"),
    "text": (lambda: fit("data"), TypeError, "got a str; expected a DataLoader"),
    "a number": (lambda: fit(3), TypeError, "got a int; expected a DataLoader"),
    "triples": (lambda: fit([(X, Y, X)]), TypeError, r"expected a pair \(x, y\)"),
    "batches of batches": (lambda: made().fit(nn.DataLoader(X, Y), epochs=1, batch_size=3),
                           TypeError, "batch_size is 3, which is for arrays, and got a DataLoader"),
    "seed of batches": (lambda: made().fit([(X, Y)], epochs=1, seed=3), TypeError,
                        "seed is 3, which is for arrays, and got a list"),
    "batch size": (lambda: made().fit(X, Y, epochs=1, batch_size=0), ValueError, "batch_size is 0"),
    "epochs": (lambda: fit(X, Y, epochs=0), ValueError, "fit: epochs is 0"),
    "half an epoch": (lambda: fit(X, Y, epochs=1.5), TypeError, "fit: epochs is 1.5"),
    "validation": (lambda: fit(X, Y, validation=X), TypeError, "validation: got X .* without y"),
    "share of validation": (lambda: fit(X, Y, validation=0.1), TypeError, "got a float"),
    "labels": (lambda: fit(X, Y + 1), ag.LabelError, "3"),
    "features": (lambda: fit(np.ones((60, 3)), Y), ShapeError, "Linear"),
    "many losses": (lambda: fit(X, Y, loss=lambda s, y: nn.cross_entropy(s, y, reduction="none")),
                    ShapeError, r'the loss has shape \(32,\); .*reduction="mean"'),
    "constant loss": (lambda: fit(X, Y, loss=lambda s, y: 1.0), TypeError, "the loss is a float"),
    "monitor": (lambda: fit(X, Y, callbacks=[nn.EarlyStopping(monitor="val_los")]), ValueError,
                "monitor is 'val_los'; expected one of loss, lr, seconds; pass validation="),
    "patience": (lambda: nn.EarlyStopping(patience=0), ValueError, "patience is 0"),
    "mode": (lambda: nn.EarlyStopping(mode="best"), ValueError, "mode is 'best'"),
    "monitor first": (lambda: nn.EarlyStopping("val_loss"), TypeError, "patience is 'val_loss'"),
    "nothing to predict": (lambda: nn.Trainer(NET, nn.cross_entropy, SGD).predict([]), ShapeError,
                           "expected at least one example"),
}  # fmt: skip


def fit(*data: Any, epochs: Any = 1, validation: Any = None, **options: Any) -> Any:
    loss = options.pop("loss", nn.cross_entropy)
    trainer = nn.Trainer(NET, loss, SGD, **options)
    return trainer.fit(*data, epochs=epochs, validation=validation)


@pytest.mark.parametrize("what", WRONG)
def test_what_does_not_fit_is_told(what: str) -> None:
    function, error, told = WRONG[what]
    before = NET.state_dict()
    with pytest.raises(error, match=told):
        function()
    assert all(np.array_equal(before[k], v) for k, v in NET.state_dict().items())
