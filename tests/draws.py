"""Where the random data of the tests comes from, and the switch that asks for other data.

`GATEGRAD_TEST_SEED=7 python -m pytest` draws everything anew; without it the data is always the
same. Numbers that are published for a seed (those of the notes) are drawn where they are tested.
"""

from __future__ import annotations

import os

import numpy as np

SWITCH = "GATEGRAD_TEST_SEED"


def seeded(number: int) -> int:
    """The seed itself, or what the switch makes of it."""
    other = os.environ.get(SWITCH, "")
    if not other:
        return number
    return int(np.random.SeedSequence([number, int(other)]).generate_state(1)[0])


def generator(number: int) -> np.random.Generator:
    """A generator with that seed, or with what the switch makes of it."""
    return np.random.default_rng(seeded(number))
