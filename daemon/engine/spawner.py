"""Starts those who are wanted, watches until they are there, and tells when they are gone.

Those of the last run come first. What is done outside can be found again by the row's id, and what came of it enters as
a command; so whatever a crash cuts short goes on where it was.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final, TypeAlias

from daemon.core import commands as c
from daemon.core.errors import NotFound, PeerlineError
from daemon.core.model import Job, Peer, Spawn, Spawned
from daemon.core.rules.spawns import LIVE, State
from daemon.engine.engine import Engine
from daemon.engine.feed import SPAWNS
from daemon.starting.interface import Starting, Wish, want

ARRIVES: Final = timedelta(seconds=60)  #: in which most arrive that need nobody at their terminal
LOOK_S: Final = 0.5  #: between looks whether a prompt can be typed
Cleared: TypeAlias = Callable[[Spawn], Awaitable[None]]
log = logging.getLogger(__name__)


async def nothing(_: Spawn) -> None:
    """Whoever is to go on runs nowhere."""


class Spawner:
    """Also the ``Spawning`` of jobs."""

    def __init__(
        self, engine: Engine, starting: Starting, *, arrives: timedelta = ARRIVES, cleared: Cleared = nothing
    ) -> None:
        self._engine = engine
        self._starting = starting
        self._arrives = arrives
        self._cleared = cleared  #: before somebody goes on in a new process, the old one ends
        self._under_way: set[str] = set()

    async def run(self) -> None:
        """Look after starts until cancelled."""
        async with asyncio.TaskGroup() as group:
            with self._engine.feed.watching(SPAWNS) as watch:
                while True:
                    watch.take()
                    for spawn in await self._engine.look(lambda tx: tx.spawns_live()):
                        if spawn.spawn_id not in self._under_way:
                            self._under_way.add(spawn.spawn_id)
                            group.create_task(self._life(spawn))
                    await watch.wait()

    async def spawn(self, path: str, backend: str, *, circle: str, job_id: str) -> str:
        """Whoever was started for that job, now or before."""
        place = await self._starting.looked(Wish(path=path, backend=backend))
        job: Job | None = await self._engine.look(lambda tx: tx.get(Job, job_id))
        if job is None:
            raise NotFound(f'no job "{job_id}"')
        wish = want(place, by=job.owner)
        command = replace(
            wish,
            circle=circle,
            job_id=job_id,
            surface=job.surface,
            account=job.account,
            person=job.person,
        )
        told: Spawned = await self._engine.handle(command)
        return told.peer.peer_id

    async def _life(self, spawn: Spawn) -> None:
        begun = await self._begun(spawn) if spawn.state == State.WANTED else spawn
        if begun is not None and begun.state in LIVE:
            await self._watched(begun)
        self._under_way.discard(spawn.spawn_id)

    async def _begun(self, spawn: Spawn) -> Spawn | None:
        peer = await self._peer(spawn)
        try:
            if spawn.resume:
                await self._cleared(spawn)
            made = await self._starting.make(spawn, peer)
        except PeerlineError as error:
            return await self._over(spawn, _told(error))
        self._engine.passed("spawner.made")
        begin = c.BeginSpawn(spawn_id=spawn.spawn_id, pane=made.pane, worktree=made.worktree)
        begun: Spawn = await self._engine.insist(begin)
        self._engine.passed("spawner.begun")
        if begun.state not in LIVE:  # whoever wanted it has changed their mind
            await self._starting.discard(spawn.spawn_id, made.pane)
        return begun

    async def _watched(self, spawn: Spawn) -> None:
        """Until its program is over."""
        if spawn.state == State.STARTING:
            try:
                await self._starting.order(spawn, await self._peer(spawn))
            except PeerlineError as error:
                if spawn.pane:
                    await self._starting.discard(spawn.spawn_id, spawn.pane)
                await self._over(spawn, _told(error))
                return
            self._engine.passed("spawner.ordered")
        async with asyncio.TaskGroup() as group:
            awaited = group.create_task(self._awaited(spawn))
            await self._starting.ended(spawn)
            awaited.cancel()
        why = await self._starting.last_words(spawn)
        self._engine.passed("spawner.ended")
        await self._over(spawn, why)

    async def _awaited(self, spawn: Spawn) -> None:
        """Until it is there; one that needs somebody at its terminal says so, once."""
        async with asyncio.TaskGroup() as group:
            seeding = group.create_task(self._seeded(spawn))
            await self._until_there(spawn)
            seeding.cancel()
        await self._starting.arrived(spawn)

    async def _seeded(self, spawn: Spawn) -> None:
        """One that is silent until it had a prompt is given one, as soon as it takes any."""
        if not self._starting.wants_seed(spawn):
            return
        peer = await self._peer(spawn)
        while not await self._starting.seed(spawn, peer):  # noqa: ASYNC110 -- a screen tells nobody that it changed
            await asyncio.sleep(LOOK_S)
        self._engine.passed("spawner.seeded")

    async def _until_there(self, spawn: Spawn) -> None:
        with self._engine.feed.watching(SPAWNS) as watch:
            while (now := await self._now(spawn)).state == State.STARTING:
                await watch.wait(self._left(now))
                watch.take()
                if self._left(now) == 0:
                    await self._lingers(now)

    def _left(self, spawn: Spawn) -> float | None:
        """Seconds until whoever wanted it is told that it is not there yet; None: they were."""
        if spawn.told_at or spawn.began_at is None:
            return None
        return max(0.0, (spawn.began_at + self._arrives - self._engine.clock.now()).total_seconds())

    async def _lingers(self, spawn: Spawn) -> None:
        if (now := await self._now(spawn)).state != State.STARTING or now.told_at:
            return
        why, attach = await self._starting.screen(spawn), self._starting.attach(await self._peer(spawn))
        await self._engine.insist(c.LingerSpawn(spawn_id=spawn.spawn_id, why=why, attach=attach))

    async def _over(self, spawn: Spawn, why: str) -> Spawn:
        log.info("%s is over: %s", spawn.spawn_id, why)
        told: Spawn = await self._engine.insist(c.EndSpawn(spawn_id=spawn.spawn_id, why=why))
        return told

    async def _now(self, spawn: Spawn) -> Spawn:
        found: Spawn | None = await self._engine.look(lambda tx: tx.get(Spawn, spawn.spawn_id))
        return found or spawn

    async def _peer(self, spawn: Spawn) -> Peer:
        found: Peer | None = await self._engine.look(lambda tx: tx.get(Peer, spawn.peer_id))
        if found is None:
            raise LookupError(spawn.peer_id)
        return found


def _told(error: PeerlineError) -> str:
    return f"{error}; {error.hint}" if error.hint else str(error)
