"""What everything in the simulated world shares: the one source of chance, time, the store, and the story so far."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections import Counter, deque
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from tests.simulation.strands import Strands, Turn

T = TypeVar("T")
BEGIN = datetime(2026, 3, 2, 12, tzinfo=UTC)
MOST_LIKELY = 0.6
REMEMBERED = 60  #: lines of the story that a failure shows at most


class Broken(AssertionError):
    """Something that must hold at every moment does not."""


class Scene:
    def __init__(self, seed: int, store: Any) -> None:
        self.seed = seed
        self.rng = random.Random(seed)  # noqa: S311 -- chance that can be repeated
        self.strands = Strands()
        self.store = store
        self.calm = False  #: nothing goes wrong any more
        self.stepped = timedelta()  #: by how much the wall clock was set
        self.slept = timedelta()  #: how long the machine stood still
        self.faults: Counter[str] = Counter()
        self.story: deque[str] = deque(maxlen=REMEMBERED)
        self.full_until = -1.0
        self._tempers: dict[str, float] = {}
        self._hash = hashlib.sha256()
        self._numbers = 0

    # --- chance -------------------------------------------------------------------------------------------------

    def chance(self, probability: float) -> bool:
        """Never in calm times."""
        return not self.calm and self.rng.random() < probability

    def pick(self, *choices: T) -> T:
        return choices[int(self.rng.random() * len(choices))]

    def wrong(self, kind: str, probability: float) -> bool:
        """Whether this goes wrong now; counted, so that a run can say which faults it had."""
        if not self.chance(min(probability * self.temper(kind), MOST_LIKELY)):
            return False
        self.went_wrong(kind)
        return True

    def temper(self, kind: str) -> float:
        """No two worlds are alike: what never happens in one happens all the time in another."""
        if kind not in self._tempers:
            self._tempers[kind] = random.Random(f"{self.seed} {kind}").choice((0, 1, 1, 5))  # noqa: S311
        return self._tempers[kind]

    def went_wrong(self, kind: str) -> None:
        self.faults[kind] += 1
        self.tell(f"FAULT {kind}")

    def new(self) -> int:
        self._numbers += 1
        return self._numbers

    def seed_text(self) -> str:
        return f"{self.seed}/{self.new()}"

    # --- time ---------------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The wall clock."""
        return BEGIN + timedelta(seconds=self.strands.elapsed) + self.slept + self.stepped

    def steady(self) -> timedelta:
        """Time since some moment: goes on while the machine sleeps, and nobody sets it."""
        return timedelta(seconds=self.strands.elapsed) + self.slept

    async def gap(self, probability: float = 0.5) -> None:
        """Perhaps somebody else goes first."""
        if self.rng.random() < probability:
            await Turn()

    async def takes(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    # --- the story ----------------------------------------------------------------------------------------------

    def tell(self, line: str) -> None:
        self.story.append(line)
        self._hash.update(line.encode())

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()
