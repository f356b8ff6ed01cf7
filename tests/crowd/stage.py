"""The one source of chance and time, the real engine over the ground, and the story so far."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from daemon.core import commands as c
from daemon.core.errors import Refused, StorageFull, Throttled
from daemon.core.view import Plan
from daemon.engine.engine import Engine, Once
from tests.crowd.ground import Ground, Watch
from tests.crowd.oversight import Oversight

T = TypeVar("T")
BEGIN = datetime(2026, 3, 2, 12, tzinfo=UTC)
TOLD = 40  #: lines of the story that a failure shows
IMPATIENT = 20  #: looks at what is due, before time goes on all the same


class Stage:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = random.Random(seed)  # noqa: S311 -- chance that can be repeated
        self.ground = Ground()
        self.watch = Watch(BEGIN)
        self.oversight = Oversight(self.ground)
        self.met: Counter[str] = Counter()  #: what happened how often, also what was refused
        self.story: deque[str] = deque(maxlen=TOLD)
        self._numbers = 0
        self._loop = asyncio.new_event_loop()
        self._engine = self._anew()

    # --- chance -------------------------------------------------------------------------------------------------

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def pick(self, *choices: T) -> T:
        return choices[int(self.rng.random() * len(choices))]

    def new(self) -> int:
        self._numbers += 1
        return self._numbers

    # --- the one way in -----------------------------------------------------------------------------------------

    def do(self, *commands: c.Command, key: str = "") -> Any:
        """All in one commit, or none; the last one's result. What is refused leaves no trace, and is None."""
        self.story.append(f"{self.watch.now():%d %H:%M:%S} {', '.join(map(_brief, commands))}")
        try:
            told = self._ran(commands, key)
        except (Refused, Throttled) as error:
            self.story.append(f"    refused: {error}")
            self.met[f"refused: {type(error).__name__}"] += 1
            self._left_nothing("refused", commands)
            return None
        except StorageFull:
            self._left_nothing("a full disk", commands)
            return None
        for command in commands:
            self.met[type(command).__name__] += 1
        self.oversight.looks(commands, told, self.watch.now())
        return told

    def _ran(self, commands: tuple[c.Command, ...], key: str) -> Any:
        if not key:
            return self._loop.run_until_complete(self._engine.handle_all(commands))[-1]
        once = Once("somebody", key, repr(commands))
        return self._loop.run_until_complete(
            self._engine.handle_once(commands, once, lambda told: repr(told[-1]))
        )

    def _left_nothing(self, why: str, commands: tuple[c.Command, ...]) -> None:
        for command in commands:
            self.met[f"{why}: {type(command).__name__}"] += 1
        self.oversight.saw_nothing(why)

    def look(self, step: Callable[[Plan], T]) -> T:
        """As whoever reads does it."""
        return self.ground.look(lambda tx: step(Plan(tx, self.watch.now(), "only looking")))

    # --- time ---------------------------------------------------------------------------------------------------

    def passes(self, time: timedelta) -> None:
        """Time goes by; whatever the store says comes next is looked at when it comes, and at no other time."""
        until = self.watch.now() + time
        for _ in range(IMPATIENT):
            ahead = self._ahead()
            if ahead is None or ahead > until:
                break
            self.watch.goes_to(ahead)
            self.ticks()
        self.watch.goes_to(until)
        self.ticks()

    def ticks(self) -> None:
        """What the ticker and the alarm clock do when something is due, until nothing is."""
        for _ in range(IMPATIENT):
            now = self.watch.now()
            due, alarm = self.ground.look(lambda tx, now=now: (tx.next_due(now), tx.next_alarm()))
            if due and due <= now:
                for parcel in self.do(c.Tick()) or ():
                    self._looks_for(parcel.delivery.delivery_id)
            if alarm and alarm <= now:
                self.do(c.FireSchedules())
                self.do(c.BeginJobs())
            if not any(at and at <= now for at in (due, alarm)):
                break
        self.oversight.time_was_told(self.watch.now())

    def wakes(self) -> None:
        """A daemon that begins looks once at all that may be due."""
        self.do(c.Tick())
        self.do(c.FireSchedules())
        self.do(c.BeginJobs())
        self.ticks()

    def _looks_for(self, delivery_id: str) -> None:
        if self.chance(0.5):
            self.do(c.SeeDelivery(delivery_id=delivery_id, evidence="found in its transcript"))
        else:
            self.do(c.MissDelivery(delivery_id=delivery_id, reason="not to be found"))

    def _ahead(self) -> datetime | None:
        now = self.watch.now()
        times = self.ground.look(lambda tx: (tx.next_due(now), tx.next_alarm()))
        return min((at for at in times if at), default=None)

    # --- the daemon ---------------------------------------------------------------------------------------------

    def crashes(self) -> None:
        """All that was only remembered is gone; what was being done is not done."""
        self.met["a crash"] += 1
        self.story.append("    CRASH")
        self.ground.forgets()
        self._engine = self._anew()

    def ends(self) -> None:
        self._loop.run_until_complete(self.ground.close())
        self._loop.close()

    def _anew(self) -> Engine:
        return Engine(self.ground, self.watch, seeds=lambda: f"{self.seed}/{self.new()}")


def _brief(command: c.Command) -> str:
    return repr(command)[:220]
