"""Hundreds of notices to people during bad weather and a kill: each is shown, in order, and repeated only where marked.

A notice begins ``<sender>:<number>:`` and ends ``:end``; between stand numbered words, so a part that is missing, torn
or doubled is seen. The truth is what the senders were told and what the people saw; nothing comes from the daemon's
store.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tests.chatrig.grounds import TELEGRAM, Ground
from tests.chatrig.setting import Line, Shim, ShimFailed, line, shims

MARK = "may have come before"
WORD = re.compile(r"\b(s\d+)n(\d+)w(\d+)\b")
LOOK_S = 0.1
LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Plan:
    """``rate`` of the requests meet a fault; the daemon is killed once ``kill_after`` of the notices are accepted."""

    notices: int
    surface: str = TELEGRAM
    senders: int = 5
    people: int = 1
    longest: int = LONGEST
    rate: float = 0.1
    kill_after: float = 0.5
    scale: float = 1.0
    patience_s: float = 60.0  #: in which something must move


@dataclass(slots=True)
class Notice:
    """Words are numbered from 0; ``accepted`` is when the sender was told so."""

    sender: str
    number: int
    to: Any
    words: int
    accepted: bool = False
    given_up: bool = False

    @property
    def text(self) -> str:
        return " ".join(f"{self.sender}n{self.number}w{n}" for n in range(self.words))


@dataclass(slots=True)
class Verdict:
    wrong: list[str] = field(default_factory=list)
    accepted: int = 0
    given_up: int = 0
    messages: int = 0
    marked: int = 0
    faults: int = 0
    requests: int = 0
    took_s: float = 0.0

    def told(self) -> str:
        return (
            f"{self.accepted} notices accepted, {self.given_up} given up, {self.messages} messages shown,"
            f" {self.marked} marked, {self.faults} faults in {self.requests} requests, {self.took_s:.1f} s"
        )


async def run(plan: Plan, chance: random.Random) -> Verdict:
    began = time.monotonic()
    names = [f"s{n}" for n in range(plan.senders)]
    async with (
        line(surface=plan.surface, people=plan.people, scale=plan.scale) as here,
        shims(here.house, *names) as senders,
    ):
        storm = here.ground.storm(random.Random(chance.random()), plan.rate)  # noqa: S311
        here.ground.emulator.faults.weather = storm
        notices: list[Notice] = []
        async with asyncio.TaskGroup() as all_of_them:
            for sender in senders:
                mine = list(_written(plan, chance, sender.name, here.people))
                notices += mine
                all_of_them.create_task(_sent(here.ground, sender, mine))
            all_of_them.create_task(_killed(here, notices, plan))
        await _shown(here, notices, plan)
        here.ground.emulator.faults.lift()
        await here.ground.taken_in()
        verdict = judged(here.ground, notices)
        verdict.faults, verdict.took_s = storm.met, time.monotonic() - began
        verdict.requests = len(here.ground.emulator.journal.records)
    return verdict


def _written(plan: Plan, chance: random.Random, sender: str, people: list[Any]) -> Iterator[Notice]:
    for n in range(plan.notices // plan.senders):
        # As many short ones as long ones, however long the longest; and one of those at least.
        length = plan.longest ** (chance.random() if n else 1)
        words = max(1, int(length) // (len(f"{sender}n{n}w") + 4))
        yield Notice(sender, n, chance.choice(people), words)


async def _sent(ground: Ground, sender: Shim, notices: list[Notice]) -> None:
    """One after the other; a shim repeats by itself while the daemon is away, and says so if it gives up."""
    for notice in notices:
        try:
            await sender.notify(ground.peer(notice.to), notice.text)
        except ShimFailed:
            notice.given_up = True
        else:
            notice.accepted = True


async def _killed(here: Line, notices: list[Notice], plan: Plan) -> None:
    while sum(n.accepted or n.given_up for n in notices) < plan.notices * plan.kill_after:
        await asyncio.sleep(LOOK_S)
    await here.killed()


async def _shown(here: Line, notices: list[Notice], plan: Plan) -> None:
    """Until every last word was seen, or nothing new has come for long."""
    wanted = {(n.sender, n.number, n.words - 1) for n in notices if n.accepted}
    before, since = -1, time.monotonic()
    while time.monotonic() - since < plan.patience_s:
        now = len(here.ground.emulator.world.sights)
        if now != before:
            before, since = now, time.monotonic()
            seen = (words for person in here.people for _, words in texts_of(here.ground, person))
            if wanted <= {word for words in seen for word in words}:
                return
        await asyncio.sleep(LOOK_S)


def texts_of(ground: Ground, person: Any) -> Iterator[tuple[Any, list[tuple[str, int, int]]]]:
    """What came newly, with the words in it; a long text may come as a file."""
    for sight in person.saw():
        if sight.what != "new":
            continue
        file = ground.file_of(sight.message)
        text = sight.message.text if file is None else file.decode("utf-8", "replace")
        yield sight.message, [(sender, int(n), int(w)) for sender, n, w in WORD.findall(text)]


def judged(ground: Ground, notices: list[Notice]) -> Verdict:
    verdict = Verdict(wrong=ground.emulator.checks())
    verdict.accepted = sum(n.accepted for n in notices)
    verdict.given_up = sum(n.given_up for n in notices)
    for person in ground.people:
        mine = [notice for notice in notices if notice.to is person]
        seen = list(texts_of(ground, person))
        verdict.messages += len(seen)
        verdict.marked += sum(MARK in message.text for message, _ in seen)
        verdict.wrong += _missing(mine, seen)
        said = [(message, words) for message, words in seen if ground.file_of(message) is None]
        verdict.wrong += _disorder(said)
        verdict.wrong += _repeats(said)
        verdict.wrong += _astray(mine, seen)
    return verdict


Seen = list[tuple[Any, list[tuple[str, int, int]]]]


def _missing(notices: list[Notice], seen: Seen) -> Iterator[str]:
    shown = {word for _, words in seen for word in words}
    for notice in notices:
        gone = [n for n in range(notice.words) if (notice.sender, notice.number, n) not in shown]
        if notice.accepted and gone:
            yield f"of notice {notice.number} of {notice.sender} {len(gone)} of {notice.words} words were never shown"


def _disorder(seen: Seen) -> Iterator[str]:
    """Of one sender everything comes as it was sent: repeats that are marked, and files of the whole, aside."""
    firsts: dict[tuple[str, int, int], int] = {}
    by_sender: dict[str, list[tuple[int, int]]] = {}
    for place, (_, words) in enumerate(seen):
        for sender, number, word in words:
            if firsts.setdefault((sender, number, word), place) == place:
                by_sender.setdefault(sender, []).append((number, word))
    for sender, order in by_sender.items():
        for before, after in pairwise(order):
            if after < before:
                yield f"{sender}: word {after} was shown after {before}"


def _repeats(seen: Seen) -> Iterator[str]:
    plain: Counter[tuple[str, int, int]] = Counter()
    for message, words in seen:
        if MARK not in message.text:
            plain.update(words)
    twice = {(sender, number) for (sender, number, _), times in plain.items() if times > 1}
    for sender, number in sorted(twice):
        yield f"notice {number} of {sender} was shown twice without a mark"


def _astray(notices: list[Notice], seen: Seen) -> Iterator[str]:
    mine = {(notice.sender, notice.number) for notice in notices}
    for sender, number in sorted({(s, n) for _, words in seen for s, n, _ in words} - mine):
        yield f"notice {number} of {sender} was shown to somebody else"
