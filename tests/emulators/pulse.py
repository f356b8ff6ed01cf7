"""A condition that plain functions can signal, and the waiting for it.

`asyncio.Condition` wants to be awaited to notify; what happens to a chat happens in plain functions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


class Pulse:
    def __init__(self) -> None:
        self._next = asyncio.Event()

    def beat(self) -> None:
        """Wake everybody who waits, so that each looks again."""
        self._next.set()
        self._next = asyncio.Event()

    async def until(self, look: Callable[[], Found], within: float | None = None) -> Found:
        """Wait until `look()` returns something true, and return that.

        Raises:
            TimeoutError: `within` seconds passed. Nothing was lost by waiting: look again.
        """
        async with asyncio.timeout(within):
            # No await lies between looking and waiting, so a beat cannot be missed.
            while not (found := look()):
                await self._next.wait()
        return found

    async def expect(self, look: Callable[[], Found], within: float, otherwise: Callable[[], str]) -> Found:
        """Wait until `look()` returns something true, and return that.

        Raises:
            AssertionError: `within` seconds passed; `otherwise()` is the sentence that says what is there instead.
        """
        try:
            return await self.until(look, within)
        except TimeoutError:
            raise AssertionError(otherwise()) from None
