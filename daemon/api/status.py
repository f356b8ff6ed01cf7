"""How the daemon is, for ``/health`` and ``status``; and ending it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar

from daemon.api import locks
from daemon.api.door import Call, Room
from daemon.core import allowance, listing, threads
from daemon.core.errors import Unavailable
from daemon.core.model import Conversation, Outage, PeerShown, Role, Status
from daemon.core.view import Plan
from daemon.engine.engine import Engine
from daemon.engine.proving import Tried
from daemon.wire import shapes

Json = dict[str, Any]
T = TypeVar("T")

SURFACES: Final = ("telegram", "slack", "console")


class Health:
    """Args: ``complaints`` tells what is wrong with the store, and whether gravely."""

    def __init__(
        self,
        engine: Engine,
        home: str,
        socket: str,
        version: str,
        complaints: Callable[[], Sequence[tuple[str, bool]]] = tuple,
    ) -> None:
        self._complaints = complaints
        self._engine = engine
        self._home = home
        self._socket = socket
        self.version = version
        self._began_at = engine.clock.now()
        self.tcp = ""  #: why there is no TCP, if there is none
        self.fix: Callable[[str, str], str] = lambda *_: ""  #: what to do about a surface's trouble
        self.audit_trouble: Callable[[], Sequence[str]] = tuple  #: why security events are not written, if so

    async def health(self) -> Json:
        """What ``/health`` tells to the authenticated; to everybody only the first field."""
        now = self._engine.clock.now()
        unread = list[str]()
        surfaces = await _or_nothing(self._surfaces(now), list[Json](), unread)
        counts = await _or_nothing(self._engine.read(lambda tx: tx.counts()), dict[str, int](), unread)
        complaints = self._complaints()
        troubled = any(each["trouble"] for each in surfaces) or any(grave for _, grave in complaints)
        limits = await _or_nothing(
            self._engine.read(lambda tx: allowance.limits(Plan(tx, now, ""))), list[str](), unread
        )
        warnings = [
            *self._warnings(),
            *self.audit_trouble(),
            *(sentence for sentence, _ in complaints),
            *limits,
            *unread[:1],
        ]
        locked = await _or_nothing(self._engine.read(lambda tx: Plan(tx, now, "").locked()), None, unread)
        return {
            "status": "degraded" if troubled or unread else "ok",
            "version": self.version,
            "sqlite": sqlite3.sqlite_version,
            "pid": os.getpid(),
            "uptime_s": round((now - self._began_at).total_seconds(), 1),
            "surfaces": surfaces,
            "deliveries": counts,
            "lock": locks.shape(locked),
            "warnings": warnings,
        }

    async def status(self) -> Json:
        """The same, and every peer."""
        now = self._engine.clock.now()
        reading = self._engine.read(lambda tx: _shown(Plan(tx, now, "")))
        shown = await _or_nothing(reading, list[PeerShown](), [])
        return await self.health() | {
            "home": self._home,
            "socket": self._socket,
            "tcp": self.tcp or "on",
            "peers": [shapes.peer(each, now) for each in shown],
        }

    async def _surfaces(self, now: datetime) -> list[Json]:
        rows = list[Json]()
        for name in SURFACES:
            outage = await self._engine.read(partial(_outage, name, now))
            since = shapes.moment(outage.since_at) if outage and outage.since_at else None
            for each in await self._engine.read(_conversations(name)):
                age = round((now - each.beat_at).total_seconds(), 1) if each.beat_at else None
                told = {"surface": name, "address": each.address, "round_trip_age_s": age}
                wrong = {"since": since, "fix": self.fix(name, each.trouble)} if each.trouble else {}
                rows.append(told | {"trouble": each.closed or each.trouble} | wrong)
        return rows

    def _warnings(self) -> list[str]:
        warnings = []
        if os.getuid() == 0:
            warnings.append(
                "the daemon runs as user 0: every agent it talks to can do everything on this machine"
            )
        if self.tcp and self.tcp != "off":
            warnings.append(f"no TCP: {self.tcp}; the socket serves alone")
        return warnings


async def _or_nothing(reading: Awaitable[T], nothing: T, unread: list[str]) -> T:
    """How the daemon is, is told also when a part of it cannot be read; ``unread`` takes why."""
    try:
        return await reading
    except Unavailable as error:
        unread.append(str(error))
        return nothing


def _conversations(surface: str) -> Any:
    def look(tx: Any) -> list[Conversation]:
        return [each for each in tx.conversations(surface) if not each.thread]  # its channel is told of

    return look


def _outage(surface: str, now: datetime, tx: Any) -> Outage | None:
    return Plan(tx, now, "").outage(surface)


def _shown(plan: Plan) -> list[PeerShown]:
    rows = [listing.shown(plan, peer) for peer in threads.listed(plan, plan.view.peers())]
    return [row for row in rows if row.status is not Status.OFFLINE or row.peer.role is not Role.HUMAN]


def _road(tried: Tried) -> Json:
    taken = (("owner", tried.for_owner), ("agents", tried.for_agents))
    return {
        "peer": tried.peer.name,
        "peer_id": tried.peer.peer_id,
        "circle": tried.peer.circle,
        "road": str(tried.road),
        "works": tried.proof.works,
        "evidence": tried.proof.evidence,
        "taken_for": [who for who, so in taken if so],
    }


async def status(room: Room, call: Call) -> Json:
    return await room.status()


async def roads(room: Room, call: Call) -> Json:
    """Every road into every agent, tried now."""
    tried = await room.roads() if room.roads else []
    return {"roads": [_road(each) for each in tried]}


async def stop(room: Room, call: Call) -> Json:
    room.stop()
    return {"stopping": True}
