"""Half an hour away: what was said meanwhile, in every place, comes in afterwards, each word once and in its order.
What is said once the line is back may be heard before it: the line does not let people wait until it has read.

Away is the daemon (it is ended) or the platform (it is unplugged); the platform gives up what it could not tell, so
that only its history knows. Words are numbered by place: ``x<place>n<number>;``.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field

from tests.chatrig.grounds import SLACK, Place
from tests.chatrig.setting import CIRCLE, Line, line
from tests.scenarios.house import PATIENCE_S, FakeAgent

LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Plan:
    """``each`` words in each place while away, and one before and after."""

    people: int = 3
    channels: int = 2
    threads: int = 3
    each: int = 10
    ended: bool = True  #: the daemon; else its platform is unplugged
    scale: float = 5.0
    patience_s: float = 60.0


@dataclass(slots=True)
class Verdict:
    words: int = 0
    wrong: list[str] = field(default_factory=list)
    back_s: float = 0.0

    def told(self) -> str:
        return f"{self.words} words, {self.back_s:.1f} s from the return to the last answer"


async def run(plan: Plan, chance: random.Random) -> Verdict:
    rooms = {"people": plan.people, "forums": plan.channels, "topics": plan.threads}
    async with (
        line(surface=SLACK, scale=plan.scale, **rooms) as here,
        here.house.agent("worker", CIRCLE) as worker,
    ):
        return await _judged(here, worker, plan, chance)


async def _judged(here: Line, worker: FakeAgent, plan: Plan, chance: random.Random) -> Verdict:
    places = dict(_places(here))
    said: dict[str, list[str]] = {name: [] for name in places}
    _everywhere(here, places, said, chance, 1)
    await _heard(worker, said, plan.patience_s)
    await _leaves(here, plan)
    _everywhere(here, places, said, chance, plan.each)
    here.ground.emulator.away()
    await here.ground.taken_in()
    began = time.monotonic()
    await _comes_back(here, plan)
    _everywhere(here, places, said, chance, 1)
    await _heard(worker, said, plan.patience_s)
    # A new daemon does not know what the last one asked for in this minute: the platform says so, once for each method.
    wrong = [each for each in here.ground.emulator.checks() if not (plan.ended and ": more than " in each)]
    return Verdict(sum(map(len, said.values())), wrong + judged(worker, said), time.monotonic() - began)


def _places(here: Line) -> list[tuple[str, tuple[int, Place]]]:
    """By name: who speaks there, as their number, and where."""
    private = [(n, here.ground.places(person)[0]) for n, person in enumerate(here.people)]
    shared = [(n, place) for n, place in enumerate(here.ground.places(here.people[0])[1:])]
    return [(str(place), (n % len(here.people), place)) for n, place in (*private, *shared)]


def _everywhere(
    here: Line,
    places: dict[str, tuple[int, Place]],
    said: dict[str, list[str]],
    chance: random.Random,
    each: int,
) -> None:
    turns = [name for name in places for _ in range(each)]
    for name in chance.sample(turns, len(turns)):
        who, place = places[name]
        said[name].append(f"x{name}n{len(said[name])};")
        here.ground.speak(here.people[who], place, "worker", said[name][-1], None)


async def _leaves(here: Line, plan: Plan) -> None:
    emulator = here.ground.emulator
    if plan.ended:
        await here.house.daemon.stop()
        emulator.client_ended()
    else:
        await emulator.unplug()


async def _comes_back(here: Line, plan: Plan) -> None:
    if plan.ended:
        await here.house.start(**here.settings)
    else:
        await here.ground.emulator.plug()
    await here.ground.emulator.sockets.there(within=PATIENCE_S)


async def _heard(worker: FakeAgent, said: dict[str, list[str]], patience_s: float) -> None:
    """Until the agent has heard all of it, or hears nothing new for long."""
    before, since = -1, time.monotonic()
    while time.monotonic() - since < patience_s:
        told = "\n".join(text for _, text in worker.heard)
        if len(told) != before:
            before, since = len(told), time.monotonic()
        if all(word in told for words in said.values() for word in words):
            return
        await asyncio.sleep(LOOK_S)


def judged(worker: FakeAgent, said: dict[str, list[str]]) -> list[str]:
    told = "\n".join(text for _, text in worker.heard)
    words = [word for each in said.values() for word in each]
    wrong = [f"{word} was heard {told.count(word)} times" for word in words if told.count(word) != 1]
    for name, mine in said.items():
        order = sorted(mine[:-1], key=told.find)
        if order != mine[:-1]:
            wrong.append(f"the words of {name} were heard in the order {order}")
    return wrong
