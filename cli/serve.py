"""The daemon put together: everything is made here once, handed what it needs, and ended in order."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

from cli.chats import Chats
from cli.clockwork import alarm, local_zone, rota, waking
from cli.endings import ending, looks
from cli.house import House
from cli.idling import idling
from cli.limiting import limits_of
from cli.listening import sockets
from cli.looks import errands, lookout
from cli.makers import makers, starter
from cli.watching import Watching
from daemon import lifecycle
from daemon.api.door import Door, Room
from daemon.api.hooks import HookDesk
from daemon.api.patience import Patience
from daemon.api.status import Health
from daemon.api.table import ENDPOINTS
from daemon.callers.orphans import orphaned
from daemon.core import commands as c
from daemon.core.model import Road
from daemon.core.rules import unattended
from daemon.engine.auditor import Auditor
from daemon.engine.clock import SystemClock
from daemon.engine.decisions import Decisions
from daemon.engine.engine import Engine
from daemon.engine.proving import Proving
from daemon.engine.pump import HOLDER, Pump
from daemon.engine.ticker import Ticker
from daemon.engine.upkeep import Upkeep
from daemon.ledger import Ledger
from daemon.paths import Paths
from daemon.personas.shelf import Shelf
from daemon.settings import Settings
from daemon.store.opening import is_cut_off
from daemon.store.sqlite import SqliteStore
from daemon.transports.by_agent import EyeByAgent, RoadByAgent
from daemon.transports.codex_queue import CodexEye, CodexQueue
from daemon.transports.dialog import DialogKeys
from daemon.transports.eye import ClaudeEye, GeminiEye
from daemon.transports.inbox import Inbox
from daemon.transports.interface import Transport
from daemon.transports.terminal import Terminal
from daemon.transports.wake import Wake


async def serve(paths: Paths, load: Callable[[], Settings], *, ready: Callable[[str], None]) -> None:
    """Run the daemon until it is told to stop, by signal or through its door. ``load`` reads the configuration.

    Raises:
        AlreadyRunning: the home has a daemon.
        Unavailable: the home's path is too long for a socket.
        VersionMismatch: a newer Peerline wrote the database.
        StoreDamaged: the database is.
        StorageFull: there is no room to open it.

    """
    settings = load()
    lifecycle.check_path(paths)
    with lifecycle.only_one(paths):
        passed = crash_point(os.environ)
        cut_off = is_cut_off(paths.database)
        store = SqliteStore(paths.database, passed=passed)
        try:
            engine = Engine(store, SystemClock(), passed=passed)
            keep = timedelta(days=settings.limits.keep_days)
            upkeep = Upkeep(engine, paths.database, paths.backups, keep=keep, cut_off=cut_off)
            chats = Chats(engine, settings, paths.files, load, haste=haste(os.environ))
            await _run(paths, settings, engine, upkeep, chats, ready)
        finally:
            await store.close()
            paths.socket.unlink(missing_ok=True)


async def _run(
    paths: Paths,
    settings: Settings,
    engine: Engine,
    upkeep: Upkeep,
    chats: Chats,
    ready: Callable[[str], None],
) -> None:
    wake, tokens = Wake(), dict[str, str]()
    transports = _transports(engine, wake, tokens)
    house = _furnished(paths, settings, engine, chats, transports=transports, upkeep=upkeep)
    desk = HookDesk(engine, paths.spool, tokens, wake, _nobody_at(settings))
    await _begin(house, desk)
    try:
        await _live(house, transports, desk, upkeep, ready)
    finally:
        await house.auditor.end()


def _furnished(
    paths: Paths,
    settings: Settings,
    engine: Engine,
    chats: Chats,
    *,
    transports: Mapping[Road, Transport],
    upkeep: Upkeep,
) -> House:
    """All that the parts share."""
    stopping, version = _stopping(), metadata.version("peerline")
    health = Health(engine, str(paths.home), str(paths.socket), version, complaints=upkeep.complaints)
    auditor = Auditor(engine, Ledger(paths.logs))
    health.audit_trouble, health.fix = auditor.trouble, chats.fix
    chats.count = auditor.tally.count
    starting = starter(chats.load, paths)
    room = Room(
        engine,
        limits_of(settings),
        health.status,
        stopping.set,
        roads=Proving(engine, transports).all,
        starting=starting,
        ending=ending(engine, chats.load, starting),
        orphaned=orphaned,
        owner=settings.owner.name,
        count=auditor.tally.count,
        hosting=chats.hosts,
        trusts_terminal=settings.owner.trust_terminal,
        zone=local_zone(),
        lookout=lookout(engine),
        persona=Shelf(paths.personas).named,
    )
    patience = Patience(count=auditor.tally.count)
    return House(paths, settings, engine, Door(room, ENDPOINTS), health, auditor, stopping, patience, chats)


def _stopping() -> asyncio.Event:
    """Set by the signals that ask for an end."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping


def _transports(engine: Engine, wake: Wake, tokens: dict[str, str]) -> dict[Road, Transport]:
    return {
        Road.INBOX: RoadByAgent({"codex": CodexQueue()}, Inbox(tokens)),
        Road.TERMINAL: Terminal(engine.clock.now, passed=engine.passed),
        Road.HOOK: wake,
    }


async def _live(
    house: House,
    transports: Mapping[Road, Transport],
    desk: HookDesk,
    upkeep: Upkeep,
    ready: Callable[[str], None],
) -> None:
    """All parts, until one of them breaks or it is time to stop."""
    async with asyncio.TaskGroup() as parts:
        running = [parts.create_task(each) for each in (upkeep.run(), *_parts(house, transports, desk))]
        async with sockets(house, desk) as where:
            config = _digest(house.paths.config)
            version = house.health.version
            await house.auditor.note("daemon_started", version=version, listens=where, config=config)
            ready(where)
            await house.stopping.wait()
        for task in running:
            task.cancel()


async def _begin(house: House, desk: HookDesk) -> None:
    """Before anybody is let in: hear what hooks said meanwhile, and clear up after the last run."""
    await house.engine.begin()
    await desk.replay()
    await house.engine.handle(rota(house.settings))
    await house.engine.handle(c.Recover(holder_prefix=HOLDER))
    for host in house.chats.hosts.values():
        await house.engine.handle(c.Recover(holder_prefix=host.service))
    await house.chats.open()
    after = timedelta(seconds=house.settings.limits.escalate_after_s)
    await house.engine.handle(c.ConfigureAttention(escalate_after=after))


def _nobody_at(settings: Settings) -> Callable[[str, datetime], tuple[datetime | None, str]]:
    """When a request of that circle is denied for want of a person; windows are meant in this machine's time."""
    rows = [unattended.Row(**each.model_dump()) for each in settings.unattended]
    return lambda circle, now: unattended.denied_at(rows, circle, now.astimezone())


def _parts(house: House, transports: Mapping[Road, Transport], desk: HookDesk) -> list[Any]:
    engine = house.engine
    eyes = EyeByAgent({"codex": CodexEye(), "gemini": GeminiEye()}, ClaudeEye())
    pump = Pump(engine, transports, eyes)
    decisions = Decisions(engine, desk.verdicts.holds, DialogKeys())
    room = house.door.room
    more = looks(room) | (room.lookout.looks() if room.lookout else {})
    return [
        decisions.run(),
        pump.run(),
        errands(engine, house.paths, room.starting, more).run(),
        *makers(house),
        Ticker(engine, pump.look).run(),
        Watching(engine, pump.check_turn).run(),
        desk.run(),
        house.auditor.run(),
        house.chats.run(house.door),
        alarm(house.door),
        *idling(house),
        *waking(house),
    ]


def _digest(config: Path) -> str:
    """The SHA-256 of the configuration's file; "" where there is none."""
    return hashlib.sha256(config.read_bytes()).hexdigest() if config.exists() else ""


def haste(environment: Mapping[str, str]) -> float:
    """For tests with platforms whose clocks run faster: ``PEERLINE_CHAT_PACE=10``."""
    return float(environment.get("PEERLINE_CHAT_PACE", "1"))


def crash_point(environment: Mapping[str, str]) -> Callable[[str], None]:
    """For tests that end the process in the middle of something: ``PEERLINE_CRASH_AT=pump.leased`` or ``…:3``.

    ``…@FILE``: only what is passed once that file is there counts.
    """
    named, _, armed_by = environment.get("PEERLINE_CRASH_AT", "").partition("@")
    name, _, count = named.partition(":")
    left = int(count or 1)

    def passed(step: str) -> None:
        nonlocal left
        if step != name or (armed_by and not Path(armed_by).exists()):
            return
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return passed if name else lambda _: None
