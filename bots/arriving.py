"""What a platform brings by itself, on its way to the disk: whoever brings it waits until it is there.

Rule: asking for the next says that what was given before is on disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Generic, TypeVar

from bots.interface import NotNow

Thing = TypeVar("Thing")
MOST: Final = 100  #: that are given at once


class Arriving(Generic[Thing]):
    """Args: ``most``: how many may wait here."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._waiting: list[tuple[Thing, asyncio.Future[None]]] = []
        self._given: list[asyncio.Future[None]] = []
        self._fresh = asyncio.Event()
        self._closed = False

    async def take(self, thing: Thing) -> None:
        """Return when it is on disk.

        Raises:
            NotNow: too many wait, or hearing ended; it is to be brought again.

        """
        await self.put([thing])

    async def put(self, things: Sequence[Thing]) -> None:
        """The same for several, in their order."""
        if self._closed:
            raise NotNow("hearing ended")
        if len(self._waiting) >= self._most:
            raise NotNow("too many updates wait")
        kept = [asyncio.get_running_loop().create_future() for _ in things]
        self._waiting += zip(things, kept, strict=True)
        self._fresh.set()
        for each in kept:
            await each

    async def next(self) -> list[Thing]:
        """Confirm what was given before, and return what came since, when something has."""
        _settle(self._given)
        self._given = []
        while not self._waiting:
            self._fresh.clear()
            await self._fresh.wait()
        taken, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        self._given = [kept for _, kept in taken]
        return [thing for thing, _ in taken]

    def close(self) -> None:
        """Whoever waits, or comes later, is told to come again."""
        self._closed = True
        for kept in (*self._given, *(kept for _, kept in self._waiting)):
            if not kept.done():
                kept.set_exception(NotNow("hearing ended"))
                kept.exception()  # nobody may wait for it any more
        self._waiting, self._given = [], []


def _settle(given: Sequence[asyncio.Future[None]]) -> None:
    for kept in given:
        if not kept.done():
            kept.set_result(None)
