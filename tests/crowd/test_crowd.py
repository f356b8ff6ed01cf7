"""Twenty peers ask, answer, die, come back and take each other's places: what must hold does, whatever came before.

The engine, the core and the store's words are the real ones; agents, people, carriers and time are played. What must
hold is written anew over raw rows and events (``oversight.py``, ``jobwatch.py``), and what is told of how things stand
is held against the same rows after every step (``told.py``). A seed that fails tells how to live it through alone.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

from daemon.core.rules import asking, jobs, reviews, spawns
from tests.crowd.town import Town
from tests.simulation.runs import Witness

STEPS = int(os.environ.get("PEERLINE_CROWD_STEPS", "600"))
FIRST = int(os.environ.get("PEERLINE_CROWD_FIRST", "0"))
SEEDS = os.environ.get("PEERLINE_CROWD_SEEDS")
SOME = int(SEEDS or "5")
MORE = int(SEEDS or "40")
MANY = int(SEEDS or "200")
MACHINES = {"ask": asking, "job": jobs, "review": reviews, "start": spawns}
#: Edges that the tables allow and nothing here takes, with the reason.
NOT_TAKEN = {
    "ask open Remind": "what is reminded of was seen",
    "ask working Remind": "work that ended without an answer is paused first",
    "job running Give": "nobody is started in a folder here",
}
#: Edges that not every forty crowds take.
SELDOM = {
    *("ask open Begin", "ask working Lose", "job queued Fail"),
    *(f"ask {state} Reply" for state in ("acknowledged", "declined", "orphaned")),
    *(f"review approved {event}" for event in ("Close", "Merge")),
    *(f"review changed-since-review {event}" for event in ("Close", "Lose", "Merge", "Request")),
    *(
        f"review {state} {event}"
        for state in ("changes-requested", "unknown")
        for event in ("Close", "Merge")
    ),
}
#: What must go wrong somewhere.
WRONG = {
    "a call that is repeated",
    "a carrier that says nothing more",
    "a crash",
    "a full disk: SendAsk",
    "a head that moves",
    "a start that arrives",
    "refused: WaitingRing",
    "what was given is lost on the way",
    *(f"stuck: {why}" for why in ("dead", "person", "usage limit", "peer", "error", "silent")),
}


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


def gone_through(seeds: range) -> tuple[Witness, Counter[str]]:
    """All of them; which edges of the machines were taken, and what happened how often."""
    met: Counter[str] = Counter()
    with Witness(machines=MACHINES) as witness:
        for seed in seeds:
            met.update(lived(seed).stage.met)
    return witness, met


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SOME))
def test_everything_ends_once_and_what_is_told_is_so(seed: int) -> None:
    lived(seed)


@pytest.mark.thorough
@pytest.mark.long
def test_every_way_of_asks_jobs_reviews_and_starts_is_gone() -> None:
    witness, met = gone_through(range(FIRST, FIRST + MORE))
    assert not set(witness.missed()) - set(NOT_TAKEN) - SELDOM, f"none went these ways: {witness.missed()}"
    assert not set(NOT_TAKEN) - set(witness.missed()), "a way that is said not to be taken was taken"
    assert not WRONG - set(met), f"never met: {WRONG - set(met)}"


@pytest.mark.rig
def test_two_hundred_crowds_hold() -> None:
    witness, met = gone_through(range(FIRST, FIRST + MANY))
    print(f"{MANY} seeds of {STEPS} steps; {sum(witness.edges.values())} moves; {dict(met.most_common())}")
