"""A line with a real engine, store and door, and clients of it by either exchange.

Only who is calling is scripted: over HTTP a header says it, where the real guards ask the operating system.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from aiohttp import web

from daemon.api.app import Application
from daemon.api.caller import Caller, Standing
from daemon.api.door import Door, Room
from daemon.api.guards import Guards
from daemon.api.hooks import HookDesk
from daemon.api.limits import Limits, Window
from daemon.api.status import Health
from daemon.api.table import ENDPOINTS
from daemon.client.hosting import HostingClient
from daemon.client.http import Address, HttpExchange
from daemon.client.local import LocalExchange
from daemon.core import commands as c
from daemon.core.model import Authority, Parcel, Peer, Person, Turn
from daemon.engine.clock import SystemClock
from daemon.engine.engine import Engine
from daemon.engine.lookout import Lookout
from daemon.engine.ticker import Ticker
from daemon.errands import heads
from daemon.store.sqlite import SqliteStore
from daemon.transports.wake import Wake

WHO = "Test-Caller"
ADA = "7"  #: the owner's account on Telegram, and the address of her private chat


class NamedGuards(Guards):
    """Believes the header."""

    callers: dict[str, Caller]

    async def caller(self, request: web.Request) -> Caller:
        return self.callers[request.headers[WHO]]


class Rig:
    def __init__(self, home: Path, engine: Engine) -> None:
        self.socket = home / "s"
        self.engine = engine
        self.stopped = asyncio.Event()
        self.health = Health(engine, str(home), str(self.socket), "0")
        limits = Limits(Window("peer", 0), Window("pair", 0))
        lookout = Lookout(engine, heads.submitted, heads.look)
        room = Room(engine, limits, self.health.status, self.stopped.set, lookout=lookout)
        self.door = Door(room, ENDPOINTS)
        self.guards = NamedGuards(engine, token="t", port=0, machine="m", owner="ada")
        self.guards.callers = {}
        self.desk = HookDesk(engine, home / "spool", {}, Wake())

    def client(self, who: str, exchange: str) -> HostingClient:
        if exchange == "local":
            return HostingClient(LocalExchange(self.door, self.guards.callers[who]))
        return HostingClient(HttpExchange(Address(socket=self.socket), headers={WHO: who}))

    async def agent(
        self, name: str, *, circle: str = "default", path: str = "", turn: Turn = Turn.IDLE
    ) -> Peer:
        command = c.RegisterSession(
            session_id=f"s-{circle}-{name}",
            backend="practice",
            pid=0,
            started=0,
            wish=name,
            circle=circle,
            path=path or f"/{circle}/{name}",
            machine="m",
            turn=turn,
        )
        peer: Peer = await self.engine.handle(command)
        self._calls(name, Standing.AGENT, peer, command.session_id)
        return peer

    async def outside(self) -> None:
        """The owner at a terminal, any other program, and Telegram with the owner's chat."""
        owner = await self.engine.handle(conversation("console", "terminal", Authority.OWNER))
        self._calls("owner", Standing.OWNER, owner, "process:1:1")
        cli = await self.engine.handle(conversation("cli", "terminal", Authority.UNVERIFIED))
        self._calls("cli", Standing.CLI, cli, "process:2:1")
        people = (
            Person(surface="telegram", account=ADA, name="ada", rights=("talk", "approve"), owner=True),
        )
        await self.engine.handle(c.ConfigurePeople(surface="telegram", people=people))
        self.guards.callers["bot"] = Caller(standing=Standing.SERVICE, peer_id="", host="telegram-bot")

    def _calls(self, name: str, standing: Standing, peer: Peer, host: str) -> None:
        self.guards.callers[name] = Caller(standing=standing, peer_id=peer.peer_id, host=host)


def conversation(surface: str, address: str, authority: Authority) -> c.OpenConversation:
    return c.OpenConversation(
        surface=surface, address=address, host="terminal", wish=surface, authority=authority, live=False
    )


@asynccontextmanager
async def rigged(home: Path) -> AsyncIterator[Rig]:
    """``backend`` and ``frontend`` in one circle, ``far`` in another, and who is outside."""
    store = SqliteStore(home / "peerline.db")
    rig = Rig(home, Engine(store, SystemClock()))
    for name in ("backend", "frontend"):
        await rig.agent(name)
    await rig.agent("far", circle="elsewhere")
    await rig.outside()
    made = Application(
        rig.door, rig.guards, health=rig.health.health, version="0", desk=rig.desk, extras={}, strangers={}
    )
    runner = web.AppRunner(made.made(), access_log=None, shutdown_timeout=0.1, handle_signals=False)
    await runner.setup()
    await web.UnixSite(runner, str(rig.socket)).start()
    try:
        yield rig
    finally:
        await runner.cleanup()
        await store.close()


@asynccontextmanager
async def ticking(rig: Rig) -> AsyncIterator[None]:
    """What is due comes by itself, as in a daemon."""

    async def look(parcel: Parcel) -> None:
        raise AssertionError(f"nothing is looked for here: {parcel}")

    async with asyncio.TaskGroup() as tasks:
        clock = tasks.create_task(Ticker(rig.engine, look).run())
        try:
            yield
        finally:
            clock.cancel()


async def shown(client: HostingClient, parcel: Parcel, receipt: str) -> None:
    """As a bot shows it: begin, then tell that it is there."""
    await client.extend(parcel, timedelta(seconds=30).total_seconds())
    await client.ack(parcel, receipt=receipt)
