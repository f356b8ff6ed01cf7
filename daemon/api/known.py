"""Who was found at the other end of a connection: so for as long as nobody comes, goes or changes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar
from weakref import WeakKeyDictionary

from daemon.api.caller import Caller
from daemon.engine.feed import Feed

Found = TypeVar("Found", bound=Caller | None)


@dataclass(slots=True)
class Known:
    """Remembers one caller for each connection. What was found before a change is not remembered after it."""

    feed: Feed
    _found: WeakKeyDictionary[asyncio.Transport, tuple[int, str, Caller]] = field(
        default_factory=WeakKeyDictionary
    )

    async def caller(
        self, transport: asyncio.Transport, named: str, look: Callable[[], Awaitable[Found]]
    ) -> Caller | Found:
        """Who it is; looked up unless that is known. ``named``: as what they asked to be known.

        None of ``look`` says that it is too early to say, and is not remembered.
        """
        now = self.feed.registered, named  # as it is before anything is looked up
        if (known := self._found.get(transport)) and known[:2] == now:
            return known[2]
        found = await look()
        caller: Caller | None = found
        if caller:
            self._found[transport] = (*now, caller)
        return found
