"""Looks at the heads of what is reviewed: several at once, each within its time, and not again within a moment.

What was seen enters as a command like anything else. Rule: a look changes nothing outside, and holds up nobody but
whoever waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from daemon.core import commands as c
from daemon.core import reviewing, weighing
from daemon.core.model import Review, Seen, Source
from daemon.core.view import Plan
from daemon.engine.engine import Engine
from daemon.errands.interface import Found, Look, Sight

AT_ONCE: Final = 8
ALL_WITHIN_S: Final = 20.0  #: for a list, however long
FRESH: Final = timedelta(seconds=3)


class Lookout:
    def __init__(
        self,
        engine: Engine,
        submitted: Callable[[str, str], Awaitable[tuple[Source, Seen]]],
        look: Callable[[Review], Awaitable[Seen]],
    ) -> None:
        self.submitted = submitted
        self._engine = engine
        self._look = look
        self._room = asyncio.Semaphore(AT_ONCE)
        self._seen: dict[tuple[Source, str], tuple[datetime, Seen]] = {}

    async def now(self, review: Review) -> Seen:
        """How it stands at this moment."""
        return await self._look(review)

    async def all(self, reviews: Sequence[Review]) -> None:
        """Look at all of them and write what was seen; what is not seen in time stays as it was."""
        self._forget()
        try:
            async with asyncio.timeout(ALL_WITHIN_S):
                seen = await asyncio.gather(*(self._one(each) for each in reviews))
        except TimeoutError:
            seen = [self._known(each) for each in reviews]
        told = tuple((each.review_id, one) for each, one in zip(reviews, seen, strict=True) if one)
        if told:
            await self._engine.insist(c.SeeHeads(seen=told))

    def looks(self) -> dict[str, Look]:
        """What people have looked at by talking: the list, and what a verdict is about."""
        return {"reviews": self._list, weighing.WHAT: self._judged}

    async def _list(self, sight: Sight) -> Found:
        await self.all(await self._engine.read(lambda tx: reviewing.met(Plan(tx, sight.now, ""), sight.peer)))
        return Found("")

    async def _judged(self, sight: Sight) -> Found:
        review_id = weighing.review_meant(sight.argument)
        review: Review | None = await self._engine.read(lambda tx: tx.get(Review, review_id))
        if review:
            await self._engine.insist(c.SeeHeads(seen=((review_id, await self.now(review)),)))
        return Found("")

    async def _one(self, review: Review) -> Seen | None:
        if (known := self._known(review)) is not None:
            return known
        async with self._room:
            seen = await self.now(review)
        self._seen[review.source, review.head_sha] = (self._engine.clock.now(), seen)
        return seen

    def _known(self, review: Review) -> Seen | None:
        found = self._seen.get((review.source, review.head_sha))
        return found[1] if found else None

    def _forget(self) -> None:
        now = self._engine.clock.now()
        self._seen = {what: (at, seen) for what, (at, seen) in self._seen.items() if at <= now < at + FRESH}
