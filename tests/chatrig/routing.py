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

from tests.chatrig.setting import CIRCLE, Line, line
from tests.emulators.telegram import Message, Person
from tests.emulators.telegram.chat import Chat
from tests.scenarios.house import FakeAgent

LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Plan:
    """``forums`` 0 is private chats alone. Each round everybody speaks once in each place to each agent."""

    people: int = 3
    forums: int = 2
    topics: int = 4
    agents: int = 5
    rounds: int = 1
    replies: float = 0.5  #: so many speak by replying to something old
    restarts: int = 2
    scale: float = 50.0
    patience_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Place:
    chat: Chat
    thread: int | None

    def __str__(self) -> str:
        return f"{self.chat.chat_id}/{self.thread or ''}"


@dataclass(frozen=True, slots=True)
class Word:
    token: str
    person: Person
    place: Place
    agent: str


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
            line(people=plan.people, forums=plan.forums, topics=plan.topics, scale=plan.scale)
        )
        agents = {
            name: await stack.enter_async_context(here.house.agent(name, CIRCLE))
            for name in [f"w{n}" for n in range(plan.agents)]
        }
        verdict, answered = Verdict(), dict[tuple[str, str], Message]()
        spoken = _script(plan, here, list(agents), chance)
        restarts = {len(spoken) * (n + 1) // (plan.restarts + 1) for n in range(plan.restarts)}
        for n, word in enumerate(spoken):
            if n in restarts:
                await (here.killed if chance.random() < 0.5 else here.restarted)()
            _speak(word, answered if chance.random() < plan.replies else {}, verdict)
            # What was answered so far may be replied to from now on.
            if n % 7 == 0:
                await _settled(here, spoken[: n + 1], agents, plan.patience_s)
            _remember(spoken[: n + 1], answered)
        await _settled(here, spoken, agents, plan.patience_s)
        verdict.wrong += judged(spoken, agents, verdict)
        verdict.wrong += here.telegram.checks()
    verdict.took_s = time.monotonic() - began
    return verdict


def _script(plan: Plan, here: Line, agents: list[str], chance: random.Random) -> list[Word]:
    words = []
    for n in range(plan.rounds):
        for person in here.people:
            for place in _places(here, person):
                for agent in agents:
                    token = f"x{n}p{person.user.user_id}c{abs(place.chat.chat_id) % 10}t{place.thread or 0}{agent};"
                    words.append(Word(token, person, place, agent))
    return chance.sample(words, len(words))


def _places(here: Line, person: Person) -> list[Place]:
    forums = [Place(forum, thread) for forum in here.forums for thread in here.topics[forum.chat_id]]
    return [Place(person.chat, None), *forums]


def _speak(word: Word, answered: dict[tuple[str, str], Message], verdict: Verdict) -> None:
    verdict.words += 1
    place = {"chat": word.place.chat, "thread": word.place.thread}
    if old := answered.get((str(word.place), word.agent)):
        verdict.replies += 1
        word.person.says(word.token, reply_to=old, **place)
    else:
        word.person.says(f"@{word.agent} {word.token}", **place)


def _remember(words: list[Word], answered: dict[tuple[str, str], Message]) -> None:
    """The oldest answer of each agent in each place."""
    for word in words:
        if (shown := _answer(word)) is not None:
            answered.setdefault((str(word.place), word.agent), shown)


def _answer(word: Word) -> Message | None:
    found = [each for each in word.person.heard(word.place.chat) if f"answer to: {word.token}" in each.text]
    return found[0] if found else None


async def _settled(here: Line, words: list[Word], agents: dict[str, FakeAgent], patience_s: float) -> None:
    """Until each is answered, or nothing moves any more."""
    before, since = -1, time.monotonic()
    while time.monotonic() - since < patience_s:
        now = len(here.telegram.world.sights)
        if now != before:
            before, since = now, time.monotonic()
        if all(_answer(word) for word in words):
            return
        await asyncio.sleep(LOOK_S)


def judged(words: list[Word], agents: dict[str, FakeAgent], verdict: Verdict) -> list[str]:
    heard = {name: "\n".join(text for _, text in agent.heard) for name, agent in agents.items()}
    wrong = []
    for word in words:
        found = _wrong(word, heard)
        verdict.right += not found
        wrong += found
    return wrong


def _wrong(word: Word, heard: dict[str, str]) -> list[str]:
    wrong = [
        f"{word.token} for {word.agent} was heard {told.count(word.token)} times by {name}"
        for name, told in heard.items()
        if told.count(word.token) != (name == word.agent)
    ]
    shown = _answer(word)
    if shown is None:
        wrong.append(f"{word.token} was not answered in {word.place}")
    elif shown.thread_id != word.place.thread:
        wrong.append(f"{word.token} of {word.place} was answered in topic {shown.thread_id}")
    return wrong
