"""A recurrent net that learns to write, character by character, from little tales or from a file.

The text is cut into rows that are read side by side, a piece at a step. The state after a piece is
the one with which the next begins, but gradients stay within the piece: truncated backpropagation
through time (Williams and Peng 1990). Gradients are clipped by norm, for a recurrent net may
explode. Prints the loss on text held out in bits a character, beside n-grams and the entropy of
the grammar, then samples; leaves the curve and a text with what surprised the model.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import nn

from . import characters, common, training

CELLS: dict[str, Any] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
QUICK = {"steps": 150, "characters": 60_000, "hidden": 64, "length": 32, "sample": 200}


class CharRNN(nn.Module):
    """Characters in, scores of the next ones out, through vectors and a recurrent layer."""

    def __init__(self, alphabet: int, hidden: int, layers: int, cell: str) -> None:
        f4 = np.float32
        self.embedding = nn.Embedding(alphabet, 32, dtype=f4)
        self.recurrent = CELLS[cell](32, hidden, layers, batch_first=True, dtype=f4)
        self.out = nn.Linear(hidden, alphabet, init=nn.init.xavier, dtype=f4)

    def forward(self, x: Any, state: Any = None) -> tuple[Any, Any]:
        """Scores (n, steps, alphabet) for characters (n, steps), and the state after them."""
        outputs, state = self.recurrent(self.embedding(x), state)
        return self.out(outputs), state


def trainer(net: CharRNN, numbers: Any, options: argparse.Namespace) -> Callable[[], float]:
    """A function that takes one step of training, and gives its loss."""
    adam = nn.Adam(net, lr=options.lr)
    schedule = training.one_cycle(adam, options.lr, options.steps)

    def step(x: Any, y: Any, state: Any) -> Any:
        adam.zero_grad()
        scores, state = net(x, state)
        loss = nn.cross_entropy(scores, y, axis=-1)
        loss.backward()
        nn.clip_grad_norm(net, options.clip)
        adam.step()
        return loss, state

    run, state = training.compiled(step, options.compile), None
    rows = min(options.batch, (len(numbers) - 1) // options.length)
    wide = (len(numbers) - 1) // rows
    x, y = (a[: rows * wide].reshape(rows, wide) for a in (numbers[:-1], numbers[1:]))
    at = 0

    def take() -> float:
        nonlocal state, at
        if state is None or at + options.length > wide:  # at the end it begins anew
            at, state = 0, zeros(net, rows)
        piece = slice(at, at + options.length)
        loss, state = run(x[:, piece], y[:, piece], state)
        state, at = detached(state), at + options.length
        schedule.step()
        return float(loss.item())

    return take


def zeros(net: CharRNN, rows: int) -> Any:
    """The state in which nothing has been read."""
    layer = net.recurrent
    part = np.zeros((layer.num_layers, rows, layer.hidden_size), np.float32)
    return (part, part) if isinstance(layer, nn.LSTM) else part


def detached(state: Any) -> Any:
    """The values of a state: what comes next is not part of the graph before."""
    return tuple(s.data for s in state) if isinstance(state, tuple) else state.data


def writer(net: CharRNN) -> Callable[[list[int]], Any]:
    """Scores of the next character; the state remembers what was read before."""
    state, read = zeros(net, 1), 0

    def scores(written: list[int]) -> Any:
        nonlocal state, read
        out, state = net(np.array([written[read:]]), state)
        state, read = detached(state), len(written)
        return out.data[0, -1]

    return scores


@common.program
@np.errstate(over="ignore", invalid="ignore")  # a training that goes astray is told in a line
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo; `arguments` as on the command line."""
    parser = common.parser(__doc__, "charrnn")
    add = parser.add_argument
    add("--steps", type=common.positive, default=2000, help="of training (%(default)s)")
    training.add_options(parser, lr=0.004, batch=32)
    characters.add_options(parser)
    add("--cell", choices=list(CELLS), default="lstm", help="of the recurrent layer (%(default)s)")
    add("--hidden", type=common.positive, default=128, help="its units (%(default)s)")
    add("--layers", type=common.positive, default=1, help="of them (%(default)s)")
    add("--length", type=common.positive, default=64, help="of a piece of text (%(default)s)")
    options = training.parsed(parser, arguments, QUICK)
    out, text = common.folder(options.out), characters.corpus(options)
    if options.length >= len(text.training):
        parser.error(f"--length {options.length}: the text for training has only "
                     f"{len(text.training):,} characters")  # fmt: skip
    net = CharRNN(len(text.alphabet), options.hidden, options.layers, options.cell)
    net.initialise(options.seed)
    count = sum(p.size for p in net.parameters())
    print(f"{text.name}: {len(text.training):,} characters to learn from, an alphabet of "
          f"{len(text.alphabet)}\n{net}: {count:,} parameters")  # fmt: skip
    run = characters.Run(options.cell.upper(), count, text.digest)

    def scores(x: Any) -> Any:
        return net(x)[0]

    glance = text.held_out[: characters.GLANCE]
    characters.follow(
        run, trainer(net, text.training, options), options.steps,
        lambda: float(characters.bits(scores, glance, 1024).mean()), options.lr,
    )  # fmt: skip
    costs = characters.bits(scores, text.held_out, 1024)

    def written(temperature: float) -> str:
        return characters.sample(writer(net), text, options.sample, temperature, options.seed)

    characters.finish(run, text, costs, written, options, out, "charrnn")


if __name__ == "__main__":
    main()
