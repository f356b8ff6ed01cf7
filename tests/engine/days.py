"""Thousands of virtual days of schedules, on the real core, engine and store; and what must have become of each time.

The machine sleeps, the daemon dies around the times that are due, the clock is set a day forward or back, and both
nights of daylight saving pass in three places. Everything is drawn from one seed.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from daemon.core import commands as c
from daemon.core.model import Occurrence, Outcome, Peer, Schedule
from daemon.core.timetable import Cron, Every, Missed, Rule
from daemon.engine.engine import Engine
from daemon.store.interface import Store, Tx
from daemon.store.sqlite import SqliteStore
from tests.engine.mesh import agent
from tests.fakes.clock import FakeClock

T = TypeVar("T")
BEGIN = datetime(2026, 3, 6, 12, 0, 30, tzinfo=UTC)  #: before the clocks are set in each of the places
DAY = timedelta(days=1)
PLACES = {"Europe/London": time(1, 30), "America/New_York": time(2, 30), "Australia/Lord_Howe": time(2, 15)}
KEPT = 3  #: of missed ones, with ``all``
ON_TIME = timedelta(seconds=60)


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


@dataclass(frozen=True)
class Wish:
    """A schedule, and all its times told by another way than the product's."""

    rule: Rule
    missed: Missed

    def times(self, until: datetime) -> Iterator[datetime]:
        if isinstance(self.rule, Every):
            at = self.rule.first
            while at <= until:
                yield at
                at += self.rule.period
            return
        assert isinstance(self.rule, Cron)
        zone = ZoneInfo(self.rule.zone)
        for ahead in range((until - BEGIN).days + 3):
            at = moment(BEGIN.date() + ahead * DAY, PLACES[self.rule.zone], zone)
            if BEGIN < at <= until:
                yield at


def moment(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """The first moment with that wall time; where it is skipped, as much later as the clocks were set."""
    naive = datetime.combine(day, wall)
    around = [datetime.combine(day + n * DAY, time(12), UTC).astimezone(zone).utcoffset() for n in (-1, 1)]
    offsets = [each for each in around if each is not None]
    found = [(naive - offset).replace(tzinfo=UTC) for offset in offsets]
    real = [at for at in found if at.astimezone(zone).replace(tzinfo=None) == naive]
    return min(real) if real else found[0]


WISHES = (
    *(Wish(Cron(f"{at.minute} {at.hour} * * *", place), Missed.ONCE) for place, at in PLACES.items()),
    *(Wish(Cron(f"{at.minute} {at.hour} * * *", place), Missed.SKIP) for place, at in PLACES.items()),
    *(Wish(Cron(f"{at.minute} {at.hour} * * *", place), Missed.ALL) for place, at in PLACES.items()),
    *(Wish(Every(timedelta(hours=11), BEGIN + timedelta(hours=11)), missed) for missed in Missed),
)


@dataclass
class Days:
    """One life of a home, over many days."""

    file: Path
    seed: int
    clock: FakeClock = field(default_factory=lambda: FakeClock(BEGIN))
    looked: list[datetime] = field(default_factory=list)  #: when what was due was decided
    met: Counter[str] = field(default_factory=Counter)
    heard: int = 0

    async def pass_by(self, days: int) -> None:
        self.luck = random.Random(self.seed)  # noqa: S311 -- a run must be repeatable
        await self._start()
        self.owner = await agent(self.engine, "ada")
        self.made = [await self._add(wish) for wish in WISHES]
        heard_at = self.clock.now()
        while self.clock.now() < BEGIN + days * DAY:
            at = await self.engine.read(lambda tx: tx.next_alarm())
            assert at is not None
            await self._onward(at)
            if abs(self.clock.now() - heard_at) > DAY:
                await self._listen()
                heard_at = self.clock.now()
        await self._listen()

    async def close(self) -> None:
        await self.store.close()

    def expected(self, wish: Wish) -> dict[datetime, Outcome]:
        """What must have become of each time, by its policy and by when somebody was awake."""
        told: dict[datetime, Outcome] = {}
        times = list(wish.times(max(self.looked)))
        decided = 0
        for now in self.looked:
            come = decided
            while come < len(times) and times[come] <= now:
                come += 1
            told |= _policy(wish, times[decided:come], now)
            decided = come
        return told

    async def became(self, made: Schedule) -> list[Occurrence]:
        return list(await self.engine.read(lambda tx: tx.occurrences(made.schedule_id, 10**6)))

    async def _onward(self, at: datetime) -> None:
        """To the next time that is due, or past it, as luck has it."""
        ahead = max(0.0, (at - self.clock.now()).total_seconds())
        what = self.luck.choices(
            ("on time", "early", "sleep", "crash", "forward", "back"), (80, 5, 5, 6, 2, 2)
        )[0]
        self.met[what] += 1
        if what == "sleep":
            self.clock.passes(ahead * self.luck.random() + 9 * 3600)
        elif what in {"forward", "back"}:
            self.clock.passes(ahead * self.luck.random())
            self.clock.is_set(DAY.total_seconds() * (1 if what == "forward" else -1))
        elif what == "crash":
            await self._crash(ahead)
        elif what == "early":
            self.clock.passes(ahead * self.luck.random() * 0.99)
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
            self.looked += [self.clock.now()] if committed else []
        await self.store.close()
        self.clock.passes(self.luck.choice([0.0, 30.0, 3 * 3600.0]))
        await self._start()

    async def _start(self) -> None:
        self.store = SqliteStore(self.file)
        self.mortal = Mortal(self.store)
        self.engine = Engine(self.mortal, self.clock)
        await self.engine.begin()

    async def _look(self) -> None:
        await self.engine.handle(c.FireSchedules())
        self.looked.append(self.clock.now())

    async def _listen(self) -> None:
        """The peer takes all that waits for it."""
        while True:
            command = c.Collect(peer_id=self.owner.peer_id, call_id=f"call {self.heard}", limit=100)
            told = await self.engine.handle(command)
            await self.engine.handle(c.ConfirmCall(peer_id=self.owner.peer_id, call_id=command.call_id))
            self.heard += len(told)
            if not told:
                return

    async def _add(self, wish: Wish) -> Schedule:
        made: Schedule = await self.engine.handle(
            c.AddSchedule(
                owner=self.owner.peer_id,
                to=("me",),
                text="it is time",
                rule=wish.rule,
                zone="UTC",
                missed=wish.missed,
                most=KEPT,
            )
        )
        return made


def _policy(wish: Wish, come: list[datetime], now: datetime) -> dict[datetime, Outcome]:
    match wish.missed:
        case Missed.ONCE:
            kept, else_ = come[-1:], Outcome.FOLDED
        case Missed.SKIP:
            kept, else_ = [at for at in come if now - at <= ON_TIME], Outcome.SKIPPED
        case _:
            kept, else_ = come[-KEPT:], Outcome.SKIPPED
    return {at: Outcome.SENT if at in kept else else_ for at in come}


def differences(expected: dict[datetime, Outcome], rows: list[Occurrence]) -> list[str]:
    """Every time that is in no row, in several, or in one of another outcome; and every row about no time."""
    wrong = []
    told: Counter[datetime] = Counter()
    for row in rows:
        inside = [at for at in expected if row.due_at <= at <= row.last_at]
        if row.more or row.count != len(inside) or not inside:
            wrong.append(f"{row} tells of {len(inside)} times")
        wrong += [
            f"{at}: {row.outcome}, not {expected[at]}" for at in inside if row.outcome is not expected[at]
        ]
        told.update(inside)
    return wrong + [f"{at}: told {told[at]} times" for at in expected if told[at] != 1]


__all__ = ["WISHES", "Days", "Peer", "differences"]
