"""A small Transformer that learns to write, character by character, from little tales or a file.

Each character looks back at those before it (a causal mask), so all of them are predicted in one
pass; sines and cosines added to them tell their places. It is trained on windows drawn at random.
Prints the loss on text held out in bits a character, beside that of the recurrent net where
`python -m demos.charrnn` has left one, n-grams, and the entropy of the grammar, then samples;
leaves the curves, and a text with what surprised the model.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import nn

from . import characters, common, training

QUICK = {"steps": 150, "characters": 60_000, "width": 32, "blocks": 1, "context": 64,
         "sample": 100}  # fmt: skip


class CharTransformer(nn.Module):
    """Characters in, scores of the next ones out, through blocks of attention."""

    def __init__(self, alphabet: int, width: int, heads: int, blocks: int, context: int) -> None:
        f4 = np.float32
        self.embedding = nn.Embedding(alphabet, width, dtype=f4)
        self.places = nn.PositionalEncoding(width, context)
        self.blocks = [nn.TransformerBlock(width, heads, dtype=f4) for _ in range(blocks)]
        self.norm = nn.LayerNorm(width, dtype=f4)
        self.out = nn.Linear(width, alphabet, init=nn.init.xavier, dtype=f4)

    def forward(self, x: Any) -> Any:
        """Scores (n, steps, alphabet) for characters (n, steps)."""
        h = self.places(self.embedding(x))
        for block in self.blocks:
            h = block(h, is_causal=True)
        return self.out(self.norm(h))


def trainer(
    net: CharTransformer, numbers: Any, options: argparse.Namespace, rng: np.random.Generator
) -> Callable[[], float]:
    """A function that takes one step of training, and gives its loss."""
    adam = nn.AdamW(net, lr=options.lr, weight_decay=0.01)
    schedule = training.one_cycle(adam, options.lr, options.steps)

    def step(x: Any, y: Any) -> Any:
        adam.zero_grad()
        loss = nn.cross_entropy(net(x), y, axis=-1)
        loss.backward()
        nn.clip_grad_norm(net, options.clip)
        adam.step()
        return loss

    run = training.compiled(step, options.compile)

    def take() -> float:
        starts = rng.integers(0, len(numbers) - options.context, options.batch)
        places = starts[:, None] + np.arange(options.context)
        loss = run(numbers[places], numbers[places + 1])
        schedule.step()
        return float(loss.item())

    return take


def before(folder: Path, text: characters.Corpus) -> characters.Run | None:
    """What the recurrent net has left on the same text, if it has; a word otherwise."""
    file = folder / "charrnn.json"
    try:
        run = characters.Run(**json.loads(file.read_text("utf-8")))
    except FileNotFoundError:
        print(f"no recurrent net beside it: python -m demos.charrnn --out {folder}")
        return None
    except (ValueError, TypeError):
        print(f"no recurrent net beside it: {file} is not what demos.charrnn writes")
        return None
    if run.text != text.digest:
        print(f"no recurrent net beside it: that of {file} has read another text")
        return None
    return run


@common.program
@np.errstate(over="ignore", invalid="ignore")  # a training that goes astray is told in a line
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo; `arguments` as on the command line."""
    parser = common.parser(__doc__, "chartransformer")
    add = parser.add_argument
    add("--steps", type=common.positive, default=2000, help="of training (%(default)s)")
    training.add_options(parser, lr=0.003, batch=16)
    characters.add_options(parser)
    add("--width", type=common.positive, default=64, help="features of a place (%(default)s)")
    add("--heads", type=common.positive, default=2, help="of attention (%(default)s)")
    add("--blocks", type=common.positive, default=2, help="one after the other (%(default)s)")
    add("--context", type=common.positive, default=128,
        help="characters that it sees (%(default)s)")  # fmt: skip
    add("--beside", type=Path, default=Path("out") / "charrnn", metavar="FOLDER",
        help="with the figures that demos.charrnn has left (%(default)s)")  # fmt: skip
    options = training.parsed(parser, arguments, QUICK)
    if options.width % options.heads:
        parser.error(f"--width {options.width}: --heads {options.heads} does not divide it")
    out, text = common.folder(options.out), characters.corpus(options)
    if options.context >= len(text.training):
        parser.error(f"--context {options.context}: the text for training has only "
                     f"{len(text.training):,} characters")  # fmt: skip
    rng = np.random.default_rng(options.seed)
    net = CharTransformer(len(text.alphabet), options.width, options.heads, options.blocks,
                          options.context)  # fmt: skip
    net.initialise(rng)
    count = sum(p.size for p in net.parameters())
    print(f"{text.name}: {len(text.training):,} characters to learn from, an alphabet of "
          f"{len(text.alphabet)}\n{net.summary(np.zeros((1, options.context), int))}")  # fmt: skip
    beside = before(options.beside, text)
    run = characters.Run("Transformer", count, text.digest)
    glance = text.held_out[: characters.GLANCE]
    characters.follow(
        run, trainer(net, text.training, options, rng), options.steps,
        lambda: float(characters.bits(net, glance, options.context).mean()), options.lr,
    )  # fmt: skip
    costs = characters.bits(net, text.held_out, options.context)

    def next_scores(written: list[int]) -> Any:
        return net(np.array([written[-options.context :]])).data[0, -1]

    def written(temperature: float) -> str:
        return characters.sample(next_scores, text, options.sample, temperature, options.seed)

    characters.finish(run, text, costs, written, options, out, "chartransformer", beside)


if __name__ == "__main__":
    main()
