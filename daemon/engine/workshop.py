"""What jobs want done outside: their claims looked at, and somebody started for those of a folder.

Those of the last run come first. What came of it enters as a command; said twice, it changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final

from daemon.core import commands as c
from daemon.core.errors import Refused, Unavailable
from daemon.core.model import Claim, Job, Peer
from daemon.core.shifts import NO_SPAWN
from daemon.engine.engine import Engine
from daemon.engine.feed import JOBS
from daemon.errands.interface import Prove, Spawning

WITHIN_S: Final = 60.0
log = logging.getLogger(__name__)


class Workshop:
    """``spawning``: None where nobody can be started."""

    def __init__(
        self, engine: Engine, prove: Prove, spawning: Spawning | None = None, *, within_s: float = WITHIN_S
    ) -> None:
        self._engine = engine
        self._prove = prove
        self._spawning = spawning
        self._within_s = within_s
        self._under_way: set[str] = set()

    async def run(self) -> None:
        """Look after jobs until cancelled."""
        async with asyncio.TaskGroup() as group:
            with self._engine.feed.watching(JOBS) as watch:
                while True:
                    watch.take()
                    for job in await self._engine.look(lambda tx: tx.jobs_outside()):
                        if job.claimed:
                            self._begin(group, f"claims {job.job_id}", self._judged(job))
                        elif not job.to:
                            self._begin(group, f"start {job.job_id}", self._started(job))
                    await watch.wait()

    def _begin(self, group: asyncio.TaskGroup, name: str, deed: Coroutine[Any, Any, c.Command]) -> None:
        if name in self._under_way:
            deed.close()
            return
        self._under_way.add(name)
        group.create_task(self._told(name, deed))

    async def _told(self, name: str, deed: Coroutine[Any, Any, c.Command]) -> None:
        command = await deed
        self._engine.passed("workshop.done")
        await self._engine.insist(command)
        self._engine.passed("workshop.told")
        self._under_way.discard(name)
        self._engine.feed.touch((JOBS,))  # more may have been claimed meanwhile

    async def _judged(self, job: Job) -> c.Command:
        open_ = [each for each in job.claims if each.verified is None and not each.why]
        peer: Peer | None = await self._engine.look(lambda tx: tx.get(Peer, job.to))
        try:
            async with asyncio.timeout(self._within_s):
                judged = await self._prove(peer.path if peer else job.path, open_)
        except TimeoutError:
            judged = tuple(Claim(claim=each.claim, why="looking at it took too long") for each in open_)
        return c.JudgeClaims(job_id=job.job_id, claims=judged)

    async def _started(self, job: Job) -> c.Command:
        if self._spawning is None:
            return c.FailJob(job_id=job.job_id, why=NO_SPAWN, again=False)
        try:
            started = await self._spawning.spawn(job.path, job.backend, circle=job.circle, job_id=job.job_id)
        except (Refused, Unavailable) as error:
            log.info("nobody was started for %s: %s", job.job_id, error)
            return c.FailJob(job_id=job.job_id, why=str(error), again=isinstance(error, Unavailable))
        return c.GiveJob(job_id=job.job_id, to=started)
