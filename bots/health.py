"""What is to be told of a connection: each change at once, what stays the same every so often."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

SAID_S: Final = 20.0  #: whoever says nothing for much longer is taken for dead


async def resting(note: Callable[[str], None], why: str, for_s: float, every_s: float = SAID_S) -> None:
    """Wait, and say why now and then: a platform may want to be left alone for hours."""
    left = for_s
    while left > every_s:
        await asyncio.sleep(every_s)
        note(why)
        left -= every_s
    await asyncio.sleep(left)


class Health:
    def __init__(self, every_s: float, clock: Callable[[], float]) -> None:
        self._every_s = every_s
        self._clock = clock
        self._trouble: str | None = None
        self._told_at = 0.0
        self._fresh = asyncio.Event()

    def note(self, trouble: str) -> None:
        """All is well (""), or what is wrong."""
        now = self._clock()
        if trouble == self._trouble and now - self._told_at < self._every_s:
            return
        self._trouble, self._told_at = trouble, now
        self._fresh.set()

    async def news(self) -> str:
        """Wait for what is to be told next."""
        await self._fresh.wait()
        self._fresh.clear()
        return self._trouble or ""
