"""Who was found at the other end of a connection: so for as long as nobody comes, goes or changes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from daemon.api.caller import Caller
from daemon.engine.feed import Feed


@dataclass(slots=True)
class Known:
    """Remembers one caller for each connection. What was found before a change is not remembered after it."""

    feed: Feed
    _found: WeakKeyDictionary[asyncio.Transport, tuple[int, str, Caller]] = field(
        default_factory=WeakKeyDictionary
    )

    def caller(self, transport: asyncio.Transport, named: str = "") -> Caller | None:
        """Who it is, if that is known; ``named``: as what they asked to be known."""
        registered, name, caller = self._found.get(transport, (None, "", None))
        return caller if (registered, name) == (self.feed.registered, named) else None

    def keep(self, transport: asyncio.Transport, registered: int, caller: Caller, named: str = "") -> Caller:
        """Remember the caller; ``registered``: the feed's, as it was before anything was looked up."""
        self._found[transport] = registered, named, caller
        return caller
