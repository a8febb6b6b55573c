"""A text to learn to write from: little tales of animals, made by a grammar of our own.

A character model learns what is regular in them step by step: words, capital letters after a full
stop, then sentences, then whether the animal is "she" or "he", then how a tale begins and ends.
"""

from __future__ import annotations

import functools
import math
import re
from typing import Any

import numpy as np

from ..arguments import size

__all__ = ["characters", "tales", "tales_entropy"]

Array = np.ndarray[Any, Any]

# A symbol in braces becomes one of its lines. NAME, THEY, THEM and THEIR are chosen once a tale.
GRAMMAR = {
    "tale": [
        "{opening} {wish} {try} {try} {ending}\n\n",
        "{opening} {weather} {wish} {try} {meeting} {ending}\n\n",
        "{opening} {wish} {meeting} {try} {ending}\n\n",
        "{weather} {opening} {meeting} {wish} {ending}\n\n",
    ],
    "opening": [
        "In {place} lived {a_kind}, and NAME was THEIR name.",
        "Once there was {a_kind} called NAME, who lived in {place}.",
        "NAME was {a_kind}. THEY lived in {place} with {company}.",
        "Not far from {place} there lived {a_kind} called NAME.",
    ],
    "a_kind": ["a {small} {animal}", "a {small} and {brave} {animal}",
               "the {brave}est {animal} of all"],
    "animal": ["fox", "hedgehog", "mouse", "heron", "badger", "goose", "toad", "squirrel", "mole",
               "crow", "hare", "beaver", "wren", "cat", "newt", "snail"],
    "small": ["small", "round", "grey", "quick", "quiet", "sleepy", "hungry", "tall", "merry"],
    "brave": ["old", "bold", "kind", "proud", "shy", "calm", "odd", "neat"],
    "place": ["a hollow tree", "the reeds by the lake", "a house of stones", "the old mill",
              "a boat without oars", "the attic of the barn", "a hole under the hill",
              "the garden behind the wall", "a basket by the stove"],
    "company": ["two brothers", "seven beetles", "an aunt who sang", "nobody at all",
                "a candle and a clock", "a cousin from the hills"],
    "weather": ["It rained for {count} days.", "The wind came from the {side}.",
                "Snow lay on the fields.", "The sun shone on {place}.", "It was the {season}.",
                "Fog stood over the water, and nothing could be seen of {place}."],
    "count": ["two", "three", "four", "five", "six", "seven", "nine", "eleven"],
    "side": ["north", "south", "east", "west", "sea", "mountains"],
    "season": ["first day of spring", "longest day of summer", "end of autumn", "middle of winter"],
    "wish": [
        "NAME wanted {thing}, for THEY had never had one.",
        "More than anything THEY wished for {thing}.",
        "\"If only I had {thing},\" said NAME, \"I would be {happy}.\"",
        "One {time} THEY dreamed of {thing}, and in the {time} THEY went to look for it.",
    ],
    "thing": ["a lamp", "a kite", "a bell", "a boat with a sail", "a red scarf", "a loaf of bread",
              "a map of the sea", "a little drum", "a window", "a pot of honey", "a ladder"],
    "happy": ["happy", "warm", "rich", "content", "the happiest of all", "a little less afraid"],
    "time": ["morning", "evening", "night", "afternoon"],
    "try": [
        "So THEY went to {place} and looked behind {object}, but there was only {trifle}.",
        "THEY asked {other}, who knew {much}.",
        "For {count} days THEY walked, and on the last of them THEY found {trifle}.",
        "THEY climbed over {object}, and under {object}, and lost THEIR way.",
        "\"Have you seen {thing}?\" THEY asked {other}. \"{answer}\"",
    ],
    "object": ["the gate", "the stove", "a heap of leaves", "the bridge", "the well",
               "a fallen tree", "the third fence", "a cart"],
    "trifle": ["a button", "an empty jar", "half a walnut", "a feather", "one shoe", "a letter",
               "a spoon", "a nail"],
    "other": ["the {animal}", "an old {animal}", "the miller", "the {animal} of {place}",
              "the moon"],
    "much": ["nothing", "everything but that", "the way", "a song about it", "somebody who knew"],
    "answer": ["No.", "Not since the {season}.", "Ask {other}.", "Look behind {object}.",
               "I had one, and gave it to {other}."],
    "meeting": [
        "On the road THEY met {other}, who carried {trifle}.",
        "There came {other} and sat down beside THEM.",
        "\"Where are you going?\" said {other}. \"To {place},\" said NAME.",
        "{count_cap} beetles crossed the road, and NAME let them pass.",
    ],
    "count_cap": ["Two", "Three", "Four", "Five", "Six", "Seven", "Nine", "Eleven"],
    "ending": [
        "And so NAME came home with {trifle}, and was {happy}.",
        "In the end {other} gave THEM {thing}, and THEY hung it on the wall.",
        "THEY never found it, but THEY had seen {place}, and that was enough.",
        "Since then there is {thing} in THEIR window, and in the {time} it shines.",
        "NAME laughed, shut the door, and slept until {season_end}.",
    ],
    "season_end": ["spring", "noon", "the snow was gone", "the last bell"],
}  # fmt: skip
NAMES = {"she": ["Ada", "Mina", "Lotte", "Wilma", "Runa", "Tilda", "Olive", "Hazel"],
         "he": ["Otto", "Bruno", "Emil", "Tom", "Jasper", "Oskar", "Linus", "Anton"]}  # fmt: skip
FORMS = {"she": ("her", "her"), "he": ("him", "his")}


def tales(length: int = 100_000, seed: int = 0) -> str:
    """Little tales, one a paragraph: `length` characters of them, the same for the same seed.

    Made by a grammar for this package, so it is free to use. Raises TypeError or ValueError unless
    the length is a positive integer and the seed one from 0 to 2^32 - 1.

    >>> tales(45)
    'In the old mill lived a quick and calm mouse,'
    """
    length = size(length, "tales: length")
    rng = np.random.RandomState(seed)  # whose numbers never change from version to version
    written, count = [], 0
    while count < length:
        written.append(_tale(rng))
        count += len(written[-1])
    return "".join(written)[:length]


def tales_entropy() -> float:
    """The entropy of the tales, in bits a character: the least that a model can have on average.

    It is left to guess for who knows the grammar. A tale grows in one way only, so its entropy is
    that of the choices on the way, H(symbol) = log2(lines) + the mean over its lines of Σ H(symbols
    in it); the length is a mean of the same form (Shannon 1948, section 7).

    >>> round(tales_entropy(), 4)
    0.1584
    """
    names = sum(math.log2(len(names)) for names in NAMES.values()) / len(NAMES)
    choices = math.log2(len(NAMES)) + names + _entropy("tale")
    return choices * len(NAMES) / sum(map(_length, NAMES))


def characters(text: str) -> tuple[Array, str]:
    """A text as numbers (n,), and its alphabet: the characters that the numbers stand for.

    >>> numbers, alphabet = characters("abacus")
    >>> numbers.tolist(), alphabet, "".join(alphabet[k] for k in numbers)
    ([0, 1, 0, 2, 4, 3], 'abcsu', 'abacus')
    """
    if not isinstance(text, str):
        raise TypeError(f"characters: got a {type(text).__name__}; expected a text (str)")
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    alphabet, numbers = np.unique(points, return_inverse=True)
    return numbers.astype(np.int64), "".join(map(chr, alphabet))


def _tale(rng: np.random.RandomState) -> str:
    """A tale about one animal."""
    they = _one(["she", "he"], rng)
    them, their = FORMS[they]
    words = {"NAME": _one(NAMES[they], rng), "THEY": they, "THEM": them, "THEIR": their}
    text = _grown("{tale}", rng)
    text = re.sub(r"NAME|THEY|THEM|THEIR", lambda found: words[found[0]], text)
    # a capital letter begins a sentence; after a question the sentence may go on
    return re.sub(r"(^|[.]\"? )([a-z])", lambda found: found[1] + found[2].upper(), text)


def _grown(text: str, rng: np.random.RandomState) -> str:
    """The text with one of their lines for all symbols in it."""
    while "{" in text:
        text = re.sub(r"\{(\w+)\}", lambda found: _one(GRAMMAR[found[1]], rng), text, count=1)
    return text


def _one(lines: list[str], rng: np.random.RandomState) -> str:
    return lines[int(rng.randint(len(lines)))]


# --- what is to be expected of the grammar ------------------------------------------------------


@functools.cache
def _entropy(symbol: str) -> float:
    """The entropy in bits of what grows from a symbol, but for the names."""
    lines = GRAMMAR[symbol]
    inside = sum(_entropy(x) for line in lines for x in re.findall(r"{(\w+)}", line))
    return math.log2(len(lines)) + inside / len(lines)


@functools.cache
def _length(they: str, symbol: str = "tale") -> float:
    """The mean number of characters that grow from a symbol in tales about a "she" or a "he"."""
    name, (them, their) = sum(map(len, NAMES[they])) / len(NAMES[they]), FORMS[they]
    words = {"NAME": name, "THEY": len(they), "THEM": len(them), "THEIR": len(their)}
    lines, total = GRAMMAR[symbol], 0.0
    for line in lines:
        total += sum(_length(they, x) for x in re.findall(r"{(\w+)}", line))
        plain = re.sub(r"{\w+}", "", line)
        total += sum(words.get(x, len(x)) for x in re.split(r"(NAME|THEY|THEM|THEIR)", plain))
    return total / len(lines)
