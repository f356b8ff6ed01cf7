"""A chat platform that does what the test says: hosting cannot tell it from a real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiohttp import web

from bots.interface import Card, Heard, Raw, Shown
from bots.looking import Looked
from cli.platforms.interface import Live, Means, owner_of, persons
from daemon.core.model import Person, Place
from daemon.settings import Settings


class FakeSurface:
    """Pulses and breaks on demand."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.shown: list[tuple[str, str]] = []
        self.pulse: asyncio.Queue[str | Exception] = asyncio.Queue()

    async def arrivals(self) -> AsyncIterator[Sequence[Raw]]:
        await asyncio.Event().wait()
        yield []

    async def understood(self, raws: Sequence[Raw]) -> Heard | None:
        return None

    async def pulses(self) -> AsyncIterator[str]:
        while True:
            told = await self.pulse.get()
            if isinstance(told, Exception):
                raise told
            yield told

    async def ready(self, address: str) -> None: ...

    async def show(self, address: str, card: Card, begun: tuple[str, ...] = ()) -> Shown:
        self.shown.append((address, card.markdown))
        return Shown(f"{address}/{len(self.shown)}")

    async def arrange(self, address: str, deed: str, title: str) -> Shown:
        return Shown(address)

    async def mark(self, address: str, receipt: str, sign: str) -> None: ...

    async def change(self, address: str, receipt: str, card: Card) -> None: ...

    async def look(self) -> Looked:
        return Looked(bot="fake", workspace="home", lag_s=0.01, sockets=2)


class FakePlatform:
    """As configured in the section of its name; ``made`` are its surfaces, the newest last."""

    path = "/fake"

    def __init__(self, name: str) -> None:
        self.name = name
        self.title = name.capitalize()
        self.made: list[FakeSurface] = []
        self.means: list[Means] = []
        self.open = 0

    def mode(self, settings: Settings) -> str:
        return "socket" if getattr(settings, self.name).bot_token else ""

    def made_of(self, settings: Settings) -> tuple[object, ...]:
        return (getattr(settings, self.name).bot_token,)

    def load(self) -> None: ...

    def flaw(self, settings: Settings) -> str:
        return ""

    def people(self, settings: Settings) -> tuple[Person, ...]:
        listed = [(str(x.id), x) for x in getattr(settings, self.name).people]
        return persons(self.name, listed, owner_of(settings))

    def places(self, settings: Settings) -> tuple[Place, ...]:
        return ()

    def has_topics(self, settings: Settings) -> bool:
        return False

    def fix(self, trouble: str) -> str:
        return f"mend {trouble}" if trouble else ""

    @asynccontextmanager
    async def live(self, settings: Settings, means: Means) -> AsyncIterator[Live]:
        self.means.append(means)
        self.made.append(FakeSurface(self.name))
        self.open += 1
        try:
            yield Live(self.made[-1], _take)
        finally:
            self.open -= 1


async def _take(request: web.Request) -> web.Response:
    return web.Response(text="taken")
