"""The demos that train models: of characters, of images; and AlexNet for a step."""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from draws import generator

import autograd as ag
import nn
from demos import alexnet, characters, charrnn, chartransformer, vae

TINY = ["--characters", "6000", "--sample", "40", "--lr", "0.02"]
RNN = [*TINY, "--steps", "60", "--hidden", "16", "--length", "16"]
TRANSFORMER = [*TINY, "--steps", "60", "--width", "16", "--context", "32"]


def table(printed: str) -> dict[str, float]:
    """The losses that are told at the end, by name."""
    rows = printed.partition("held out\n")[2].partition("---")[0]
    return {name: float(x) for name, x in re.findall(r"^(\S.*?)  +(\d+\.\d+) ", rows, re.MULTILINE)}


# --- characters ---------------------------------------------------------------------------------


def corpus(text: Path | None = None, length: int = 20_000) -> characters.Corpus:
    return characters.corpus(argparse.Namespace(text=text, characters=length))


@pytest.mark.parametrize("window", [8, 50, 333, 5000])
def test_every_character_is_counted_once_whatever_the_window(window: int) -> None:
    """A model that looks at one character only has the same costs in any window."""
    rng = generator(13)
    numbers, scores = rng.integers(0, 7, 1000), rng.standard_normal((7, 7))
    costs = characters.bits(lambda x: ag.Tensor(scores[x]), numbers, window, known=20)
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(costs, -np.log2(p[numbers[:-1], numbers[1:]]), rtol=1e-12)


def test_characters_are_told_from_many_before_them() -> None:
    """A model that knows how far it has read: no cost is one of the first places of a window."""

    def read(x: Any) -> ag.Tensor:
        places = np.arange(x.shape[1])[:, None]
        return ag.Tensor(np.where(places < 20, [9.0, 0.0], 0.0) + 0.0 * x[..., None])

    costs = characters.bits(read, np.ones(1000, int), window=50, known=20)
    assert (costs[:20] > 10).all()  # the text has no more before them
    np.testing.assert_allclose(costs[20:], 1.0)


def test_what_frequencies_cost(tmp_path: Path) -> None:
    """The baseline of single characters is the cross-entropy of their frequencies."""
    text = corpus()
    found = characters.baselines(text)
    k, counts = len(text.alphabet), Counter(text.training.tolist())
    p = {c: (counts[c] + 5 / k) / (len(text.training) + 5) for c in range(k)}
    expected = np.mean([-np.log2(p[c]) for c in text.held_out.tolist()])
    assert found["single characters"] == pytest.approx(expected, rel=1e-12)
    assert text.floor is not None
    assert found["single characters"] > found["pairs"] > found["triples"] > text.floor
    (tmp_path / "a").write_text("ab" * 2000)
    known = characters.baselines(corpus(tmp_path / "a"))
    assert known["single characters"] == pytest.approx(1, abs=1e-3)
    assert known["pairs"] < 0.01  # b after a, a after b
    assert known["triples"] < 0.01


@pytest.mark.parametrize("options", [[], ["--cell", "gru", "--layers", "2"], ["--cell", "rnn"]])
def test_charrnn(options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It learns more than frequencies; compiled, it is the same to the last bit."""
    pytest.importorskip("matplotlib")
    outputs = []
    for more in ([], ["--compile"]):
        charrnn.main([*RNN, *options, *more, "--out", str(tmp_path)])
        printed = capsys.readouterr().out
        found = table(printed)
        (model,) = (cost for name, cost in found.items() if name.endswith("parameters"))
        assert found["entropy of the grammar"] < model
        assert model < found["frequencies of single characters"] - 0.2
        run = json.loads((tmp_path / "charrnn.json").read_text())
        outputs.append((run["training"], run["held_out"], run["final"], printed.split("---")[1:]))
        assert (tmp_path / "charrnn.png").read_bytes().startswith(b"\x89PNG")
    assert outputs[0] == outputs[1]


def test_the_state_is_carried_from_piece_to_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece begins where the one before ended; at the end of the rows it begins anew."""
    text, met = corpus(length=2000), list[tuple[Any, Any]]()
    net = charrnn.CharRNN(len(text.alphabet), 4, 1, "gru").initialise(0)
    genuine = charrnn.CharRNN.forward

    def forward(self: Any, x: Any, state: Any = None) -> Any:
        scores, after = genuine(self, x, state)
        met.append((np.array(state), after.numpy()))
        return scores, after

    monkeypatch.setattr(charrnn.CharRNN, "forward", forward)
    options = argparse.Namespace(lr=0.01, steps=5, clip=1.0, compile=None, batch=3, length=150)
    step = charrnn.trainer(net, text.training, options)
    for _ in range(4):
        step()
    for k in (1, 2):
        np.testing.assert_array_equal(met[k][0], met[k - 1][1])
    assert met[0][0].shape == (1, 3, 4)
    assert not met[0][0].any()
    assert met[1][0].any()
    assert not met[3][0].any()  # a row has 599 characters


def test_chartransformer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same, with the recurrent net beside it where there is one of the same text."""
    pytest.importorskip("matplotlib")
    runs = []
    for k, more in enumerate(([], ["--compile"])):
        chartransformer.main([*TRANSFORMER, *more, "--out", str(tmp_path),
                              "--beside", str(tmp_path / "rnn")])  # fmt: skip
        printed = capsys.readouterr().out
        assert ("python -m demos.charrnn" in printed) == (k == 0)
        found = table(printed)
        *others, model = (cost for name, cost in found.items() if name.endswith("parameters"))
        assert model < found["frequencies of single characters"] - 0.2
        assert others == [] if k == 0 else others == pytest.approx([4.2])
        run = json.loads((tmp_path / "chartransformer.json").read_text())
        runs.append((run["training"], run["held_out"], run["final"]))
        assert (tmp_path / "chartransformer.png").exists()
        (tmp_path / "rnn").mkdir(exist_ok=True)
        beside = {**run, "model": "LSTM", "final": 4.2}
        (tmp_path / "rnn" / "charrnn.json").write_text(json.dumps(beside))
    assert runs[0] == runs[1]


def test_it_does_not_look_ahead() -> None:
    net = chartransformer.CharTransformer(5, 8, 2, 2, 16).initialise(0)
    x = generator(13).integers(0, 5, (1, 16))
    other = x.copy()
    other[0, 9:] = (other[0, 9:] + 1) % 5
    np.testing.assert_array_equal(net(x).numpy()[0, :9], net(other).numpy()[0, :9])


def test_text_that_is_of_no_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "text"
    run = ["--text", str(file), "--out", str(tmp_path)]
    with pytest.raises(SystemExit, match="No such file"):
        charrnn.main(run)
    file.write_bytes(b"\xff" * 5000)
    with pytest.raises(SystemExit, match="no text in UTF-8"):
        charrnn.main(run)
    file.write_text("short")
    with pytest.raises(SystemExit, match="has 5 characters; expected 2,000 or more"):
        chartransformer.main(run)
    for main, options, said in (
        (charrnn.main, ["--length", "100000", "--characters", "3000"], "only 2,700 characters"),
        (chartransformer.main, ["--heads", "7"], "--heads 7 does not divide it"),
        (chartransformer.main, ["--context", "100000", "--characters", "3000"], "only 2,700"),
        (charrnn.main, ["--compile", "fortran"], "invalid choice"),
        (charrnn.main, ["--temperature", "0"], "not a positive, finite number"),
        (alexnet.main, ["--size", "66"], "images have 67 rows or more"),
        (vae.main, ["--latent", "0"], "is not a count"),
    ):
        with pytest.raises(SystemExit) as ended:
            main([*options, "--out", str(tmp_path)])
        assert ended.value.code == 2
        assert said in capsys.readouterr().err


def test_a_text_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "näh $1.txt"
    file.write_text("Grüße, $x$ and ∂L/∂W!\n" * 200, "utf-8")
    charrnn.main([*RNN, "--text", str(file), "--out", str(tmp_path), "--temperature", "0.5"])
    printed = capsys.readouterr().out
    assert "entropy of the grammar" not in printed
    assert "näh $1.txt: 3,960 characters to learn from" in printed
    assert set(printed.split("---")[2]) & set("Grüße∂")


# --- images -------------------------------------------------------------------------------------


def test_vae(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It learns more than how bright each pixel is on average; compiled, to the same bits."""
    pytest.importorskip("matplotlib")
    (x, _), (x_test, _) = nn.mnist(subset=True)
    p = np.clip(x.mean(axis=0, dtype=float), 1e-3, 1 - 1e-3)
    alone = np.mean(np.sum(x_test * np.log(p) + (1 - x_test) * np.log(1 - p), axis=1))
    told = []
    for more in ([], ["--compile"]):
        vae.main(["--subset", "--epochs", "3", "--hidden", "48", "--lr", "0.004", "--latent", "2",
                  "3", "--out", str(tmp_path), *more])  # fmt: skip
        printed = re.sub(r"\d+\.\d  |after \d+ s", "", capsys.readouterr().out)  # without times
        told.append(printed)
        reached = [float(v) for v in re.findall(r"test ELBO (\S+) nats", printed)]
        assert len(reached) == 2
        assert all(elbo > alone + 5 for elbo in reached)
    assert told[0] == told[1]
    for latent in (2, 3):
        assert (tmp_path / f"vae-{latent}.png").read_bytes().startswith(b"\x89PNG")


def test_the_elbo_is_that_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    rng = generator(13)
    net = vae.VAE(12, 5, 3).initialise(rng)
    x, noise = rng.random((4, 12), np.float32), rng.standard_normal((4, 3), np.float32)
    error, divergence = (part.item() for part in net(x, noise))
    hidden = net.encoder(x)
    mean, log_variance = (torch.tensor(f(hidden).numpy()) for f in (net.mean, net.log_variance))
    q = torch.distributions.Normal(mean, (log_variance / 2).exp())
    prior = torch.distributions.Normal(0.0, 1.0)
    expected = torch.distributions.kl_divergence(q, prior).sum().item()
    assert divergence == pytest.approx(expected, rel=1e-5)
    logits = net.decoder((mean + q.stddev * torch.tensor(noise)).numpy()).numpy()
    pixels = torch.distributions.Bernoulli(logits=torch.tensor(logits), validate_args=False)
    assert error == pytest.approx(-pixels.log_prob(torch.tensor(x)).sum().item(), rel=1e-5)


# --- AlexNet ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("towers", "count"), [("1", "62,378,344"), ("2", "60,965,224")])
def test_alexnet_is_drawn_and_counted(
    towers: str, count: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alexnet.main(["--towers", towers, "--draw-only", "--expand", "conv1", "--out", str(tmp_path)])
    printed = capsys.readouterr().out
    assert f"total    {count} parameters" in printed
    assert list(tmp_path.glob("alexnet.*"))


def test_the_work_of_alexnet_is_the_published_one() -> None:
    """724 million multiplications, 61 million weights (Sze et al. 2017, arXiv:1703.09039)."""
    rows = alexnet.cost(argparse.Namespace(towers=2, size=227))
    weights, products, _ = (sum(column) for column in zip(*rows.values(), strict=True))
    assert (weights // 10**6, products // 10**6) == (60, 724)


def test_a_step_of_alexnet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The loss begins near ln 1000, the step changes every parameter, and the loss is lower."""
    pytest.importorskip("matplotlib")
    alexnet.main(["--quick", "--out", str(tmp_path)])
    printed = capsys.readouterr().out
    before, after = (float(x) for x in re.findall(r"loss (\d\.\d{4}) (?:before|after) it", printed))
    assert abs(before - np.log(1000)) < 0.05
    assert after < before - 0.1
    shares = re.findall(r"^  \w+\.\d\.[Wb] .* (\S+)%$", printed, re.MULTILINE)
    assert len(shares) == 16
    assert all(float(share) > 20 for share in shares)
    assert (tmp_path / "alexnet-cost.png").exists()
    assert "24,265,064 parameters (24,265,064 trained)" in printed
