"""Several people in several chats and topics speak with several agents at once: whose words come where.

Each word is a token. It must be heard by the agent it was meant for, once, by nobody else, and that agent's answer
must stand in the same chat and topic. Meant is whoever is named, or whoever wrote what is replied to, however old.
"""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from tests.chatrig.grounds import TELEGRAM, Place
from tests.chatrig.setting import CIRCLE, Line, line
from tests.scenarios.house import FakeAgent

LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Plan:
    """``forums`` 0 is private chats alone. Each round everybody speaks once in each place to each agent."""

    surface: str = TELEGRAM
    people: int = 3
    forums: int = 2
    topics: int = 4
    agents: int = 5
    rounds: int = 1
    replies: float = 0.5  #: so many speak by replying to something old
    restarts: int = 2
    repeated: bool = False  #: everything is told four times
    scale: float = 50.0
    patience_s: float = 30.0


@dataclass(slots=True)
class Word:
    """``thread`` is where its answer is to stand, once it is said."""

    token: str
    person: Any
    place: Place
    agent: str
    thread: Any = None


@dataclass(slots=True)
class Verdict:
    words: int = 0
    replies: int = 0
    right: int = 0
    wrong: list[str] = field(default_factory=list)
    took_s: float = 0.0

    def told(self) -> str:
        return (
            f"{self.right} of {self.words} words routed right ({self.replies} by reply), {self.took_s:.1f} s"
        )


async def run(plan: Plan, chance: random.Random) -> Verdict:
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(
            line(
                surface=plan.surface,
                people=plan.people,
                forums=plan.forums,
                topics=plan.topics,
                scale=plan.scale,
            )
        )
        agents = {
            name: await stack.enter_async_context(here.house.agent(name, CIRCLE))
            for name in [f"w{n}" for n in range(plan.agents)]
        }
        verdict, answered = Verdict(), dict[tuple[str, str], Any]()
        if plan.repeated:
            here.ground.emulator.faults.weather = here.ground.repeats()
        spoken = _script(plan, here, list(agents), chance)
        restarts = {len(spoken) * (n + 1) // (plan.restarts + 1) for n in range(plan.restarts)}
        for n, word in enumerate(spoken):
            if n in restarts:
                await (here.killed if chance.random() < 0.5 else here.restarted)()
            _speak(here, word, answered if chance.random() < plan.replies else {}, verdict)
            # What was answered so far may be replied to from now on.
            if n % 7 == 0:
                await _settled(here, spoken[: n + 1], plan.patience_s)
            _remember(here, spoken[: n + 1], answered)
        await _settled(here, spoken, plan.patience_s)
        verdict.wrong += judged(here, spoken, agents, verdict)
        verdict.wrong += here.ground.emulator.checks()
    verdict.took_s = time.monotonic() - began
    return verdict


def _script(plan: Plan, here: Line, agents: list[str], chance: random.Random) -> list[Word]:
    words = []
    for n in range(plan.rounds):
        for person in here.people:
            for place in here.ground.places(person):
                for agent in agents:
                    token = f"x{n}p{person.user.user_id}c{place}{agent};"
                    words.append(Word(token, person, place, agent))
    return chance.sample(words, len(words))


def _speak(here: Line, word: Word, answered: dict[tuple[str, str], Any], verdict: Verdict) -> None:
    verdict.words += 1
    old = answered.get((str(word.place), word.agent))
    verdict.replies += old is not None
    word.thread = here.ground.speak(word.person, word.place, word.agent, word.token, old)


def _remember(here: Line, words: list[Word], answered: dict[tuple[str, str], Any]) -> None:
    """The oldest answer of each agent in each place."""
    for word in words:
        if (shown := _answer(here, word)) is not None:
            key = (str(word.place), word.agent)
            answered.setdefault(key, shown)


def _answer(here: Line, word: Word) -> Any:
    heard = here.ground.heard(word.person, word.place)
    return next((each for each in heard if f"answer to: {word.token}" in each.text), None)


async def _settled(here: Line, words: list[Word], patience_s: float) -> None:
    """Until each is answered, or nothing moves any more."""
    before, since = -1, time.monotonic()
    while time.monotonic() - since < patience_s:
        now = len(here.ground.emulator.world.sights)
        if now != before:
            before, since = now, time.monotonic()
        if all(_answer(here, word) for word in words):
            return
        await asyncio.sleep(LOOK_S)


def judged(here: Line, words: list[Word], agents: dict[str, FakeAgent], verdict: Verdict) -> list[str]:
    heard = {name: "\n".join(text for _, text in agent.heard) for name, agent in agents.items()}
    wrong = []
    for word in words:
        found = _wrong(here, word, heard)
        verdict.right += not found
        wrong += found
    return wrong


def _wrong(here: Line, word: Word, heard: dict[str, str]) -> list[str]:
    wrong = [
        f"{word.token} for {word.agent} was heard {told.count(word.token)} times by {name}"
        for name, told in heard.items()
        if told.count(word.token) != (name == word.agent)
    ]
    shown = _answer(here, word)
    if shown is None:
        wrong.append(f"{word.token} was not answered in {word.place}")
    elif here.ground.thread_of(shown) != word.thread:
        where = here.ground.thread_of(shown)
        wrong.append(f"{word.token} of {word.place} was answered in topic {where}")
    return wrong
