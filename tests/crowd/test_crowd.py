"""Twenty peers ask, answer, die, come back and take each other's places: what must hold does, whatever came before.

The engine, the core and the store's words are the real ones; agents, people, carriers and time are played. What must
hold is written anew over raw rows and events (``oversight.py``, ``jobwatch.py``), and what is told of how things stand
is held against the same rows after every step (``told.py``). A seed that fails tells how to live it through alone.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.crowd.town import Town

STEPS = int(os.environ.get("PEERLINE_CROWD_STEPS", "600"))
FIRST = int(os.environ.get("PEERLINE_CROWD_FIRST", "0"))
SOME = int(os.environ.get("PEERLINE_CROWD_SEEDS", "6"))
MANY = int(os.environ.get("PEERLINE_CROWD_SEEDS", "200"))


class Failure(AssertionError):
    """What broke, and all that is needed to see it again."""


def lived(seed: int, steps: int = STEPS) -> Town:
    town = Town(seed)
    try:
        town.lives(steps)
    except Exception as error:
        story = "\n".join(f"    {line}" for line in town.stage.story)
        alone = f"PEERLINE_CROWD_FIRST={seed} PEERLINE_CROWD_SEEDS=1 python -m pytest tests/crowd"
        raise Failure(f"seed {seed}: {error!r}\n  what led to it:\n{story}\n  alone: {alone}") from error
    finally:
        town.stage.ends()
    return town


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SOME))
def test_everything_ends_once_and_what_is_told_is_so(seed: int) -> None:
    lived(seed)


@pytest.mark.thorough
@pytest.mark.long
def test_two_hundred_crowds() -> None:
    met: Counter[str] = Counter()
    for seed in range(FIRST, FIRST + MANY):
        met.update(lived(seed).stage.met)
    print(met)
