"""Thousands of virtual days of schedules, on the real core, engine and store.

The machine sleeps, the daemon dies around the times that are due, the clock is set a day forward or back, both nights
of daylight saving pass in three places; schedules rest and go on, are run by hand, and asks are answered or not.
Everything is drawn from one seed.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from daemon.core import commands as c
from daemon.core.model import Kind, Occurrence, Outcome, Parcel, Schedule, Standing
from daemon.engine.engine import Engine
from daemon.store.interface import Store, Tx
from daemon.store.sqlite import SqliteStore
from tests.engine.mesh import agent
from tests.engine.oracle import ANSWER, BEGIN, DAY, GO_ON, KEPT, LOOK, REST, Step, Wish, wishes
from tests.fakes.clock import FakeClock

T = TypeVar("T")
LIKELY = {"on time": 74, "early": 5, "sleep": 5, "crash": 6, "forward": 2, "back": 2, "rest": 3, "run": 3}


class Died(Exception):
    """The process was ended in the middle of a commit, or just after it."""


class Mortal:
    """A ``Store`` whose process may end before it has committed, or before anybody hears that it has."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.dies = ""

    async def transact(self, step: Callable[[Tx], T]) -> T:
        dies, self.dies = self.dies, ""
        if not dies:
            return await self._store.transact(step)

        def torn(tx: Tx) -> T:
            told = step(tx)
            if dies == "before":
                raise Died
            return told

        await self._store.transact(torn)
        raise Died

    async def read(self, step: Callable[[Tx], T]) -> T:
        return await self._store.read(step)

    async def close(self) -> None:
        await self._store.close()


@dataclass
class Days:
    """One life of a home, over so many days."""

    file: Path
    seed: int
    days: int
    clock: FakeClock = field(default_factory=lambda: FakeClock(BEGIN))
    story: list[Step] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)
    heard: Counter[str] = field(default_factory=Counter)  #: what was said, by the schedule
    ran: dict[datetime, Occurrence] = field(default_factory=dict)  #: by hand

    async def pass_by(self) -> None:
        self.luck = random.Random(self.seed)  # noqa: S311 -- a run must be repeatable
        await self._start()
        self.owner, self.asked = await agent(self.engine, "ada"), await agent(self.engine, "ben")
        self.wishes = wishes(self.days)
        self.made = [await self._add(wish) for wish in self.wishes]
        self.resting: set[int] = set()
        heard_at = self.clock.now()
        while self.clock.now() < BEGIN + self.days * DAY:
            at = await self.engine.read(lambda tx: tx.next_alarm())
            assert at is not None
            await self._onward(at)
            if abs(self.clock.now() - heard_at) > DAY / 2:
                await self._listen()
                heard_at = self.clock.now()
        await self._look()
        await self._listen()

    async def close(self) -> None:
        await self.store.close()

    def steps(self, wish: Wish) -> list[Step]:
        mine = self.wishes.index(wish)
        return [step for step in self.story if step.whose in {-1, mine}]

    async def became(self, made: Schedule) -> list[Occurrence]:
        """Of its times; what was run by hand is none of them."""
        rows = await self.engine.read(lambda tx: tx.occurrences(made.schedule_id, 10**6))
        by_hand = self.ran.values()
        return [row for row in rows if not (row.due_at in self.ran and row in by_hand)]

    async def _onward(self, at: datetime) -> None:
        """To the next time that is due, or past it, as luck has it."""
        ahead = max(0.0, (at - self.clock.now()).total_seconds())
        what = self.luck.choices(list(LIKELY), list(LIKELY.values()))[0]
        self.met[what] += 1
        if what == "sleep":
            self.clock.passes(ahead * self.luck.random() + self.luck.choice([9, 9, 9, 50]) * 3600)
        elif what in {"forward", "back"}:
            self.clock.passes(ahead * self.luck.random())
            self.clock.is_set(DAY.total_seconds() * (1 if what == "forward" else -1))
        elif what == "crash":
            await self._crash(ahead)
        elif what in {"early", "rest", "run"}:
            self.clock.passes(ahead * self.luck.random() * 0.99)
            await self._meddle(what)
        else:
            self.clock.passes(ahead + self.luck.random())
        await self._look()

    async def _crash(self, ahead: float) -> None:
        """Around the time that is due; and nobody is there for a while."""
        self.clock.passes(max(0.0, ahead + self.luck.uniform(-5, 5)))
        self.mortal.dies = self.luck.choice(["before", "after"])
        committed = self.mortal.dies == "after"
        try:
            await self.engine.handle(c.FireSchedules())
        except Died:
            self.story += [Step(LOOK, self.clock.now())] if committed else []
        await self.store.close()
        self.clock.passes(self.luck.choice([0.0, 30.0, 3 * 3600.0]))
        await self._start()

    async def _meddle(self, what: str) -> None:
        """Somebody lets a schedule rest or go on, or runs one now."""
        mine = self.luck.randrange(len(self.made))
        made, by = self.made[mine], self.owner.peer_id
        over = await self.engine.read(lambda tx: _is_over(tx, made))
        if what == "rest" and not over:
            rests = mine not in self.resting
            state = Standing.PAUSED if rests else Standing.ACTIVE
            await self.engine.handle(c.ChangeSchedule(schedule_id=made.schedule_id, by=by, state=state))
            self.resting ^= {mine}
            self.story.append(Step(REST if rests else GO_ON, self.clock.now(), mine))
        elif what == "run" and made.kind is Kind.NOTICE:
            row = await self.engine.handle(c.RunSchedule(schedule_id=made.schedule_id, by=by))
            self.ran[row.due_at] = row

    async def _start(self) -> None:
        self.store = SqliteStore(self.file)
        self.mortal = Mortal(self.store)
        self.engine = Engine(self.mortal, self.clock)
        await self.engine.begin()

    async def _look(self) -> None:
        await self.engine.handle(c.FireSchedules())
        self.story.append(Step(LOOK, self.clock.now()))

    async def _listen(self) -> None:
        """Both take all that waits for them, and the one who is asked answers some of it."""
        for peer in (self.owner, self.asked):
            while told := await self._taken(peer.peer_id):
                for parcel in told:
                    self.heard[parcel.envelope.schedule] += 1
                    if parcel.ask and peer is self.asked and self.luck.random() < 0.6:
                        await self._answer(parcel.ask.ask_id, parcel.envelope.schedule)

    async def _taken(self, peer_id: str) -> list[Parcel]:
        command = c.Collect(peer_id=peer_id, call_id=f"call {self.heard.total()}", limit=100)
        told: list[Parcel] = await self.engine.handle(command)
        await self.engine.handle(c.ConfirmCall(peer_id=peer_id, call_id=command.call_id))
        return told

    async def _answer(self, ask_id: str, schedule_id: str) -> None:
        mine = [made.schedule_id for made in self.made].index(schedule_id)
        self.latest = await self.engine.read(lambda tx: tx.get(Schedule, schedule_id))
        await self.engine.handle(c.CloseAsk(ask_id=ask_id, by=self.asked.peer_id, text="done"))
        if self.latest.last_ask == ask_id:
            self.story.append(Step(ANSWER, self.clock.now(), mine))

    async def _add(self, wish: Wish) -> Schedule:
        made: Schedule = await self.engine.handle(
            c.AddSchedule(
                owner=self.owner.peer_id,
                to=("me",) if wish.kind is Kind.NOTICE else ("ben",),
                text="it is time",
                rule=wish.rule,
                zone="UTC",
                kind=wish.kind,
                missed=wish.missed,
                most=KEPT,
                overlap=wish.overlap,
                until=wish.until,
                jitter=wish.jitter,
            )
        )
        return made


def _is_over(tx: Tx, made: Schedule) -> bool:
    return bool(tx.get(Schedule, made.schedule_id).state is Standing.OVER)


def said(rows: list[Occurrence]) -> list[str]:
    return [row.envelope_id for row in rows if row.outcome is Outcome.SENT]
