"""Time as commands: sleeps until the next thing is due, and says Tick.

Nothing due, nothing scheduled: no timer runs. While something lies ahead, a heartbeat looks at the wall clock, since
timers stand still while a machine sleeps.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final

from daemon.core import commands as c
from daemon.core.errors import Unavailable
from daemon.core.model import Parcel
from daemon.engine.engine import Engine
from daemon.engine.feed import TIME
from daemon.store.interface import Tx

HEARTBEAT_S: Final = 15.0
EVER: Final = datetime.min.replace(tzinfo=UTC)
log = logging.getLogger(__name__)


class Ticker:
    def __init__(self, engine: Engine, look: Callable[[Parcel], Awaitable[None]]) -> None:
        self._engine = engine
        self._look = look
        self._ticked_at = EVER
        self._stuck = False

    async def run(self) -> None:
        """Tick until cancelled; the first tick is at once."""
        with self._engine.feed.watching(TIME) as watch:
            while True:
                watch.take()
                await watch.wait(await self._beat())

    async def _beat(self) -> float | None:
        """Tick; return how long to wait for the next. A store that cannot be written is tried again."""
        try:
            await self._tick()
            now = self._engine.clock.now()
            self._engine.feed.alarm = await self._engine.read(partial(_next_due, now))
        except Unavailable as error:
            if not self._stuck:
                log.warning("what is due waits: %s", error)
            self._stuck = True
            return error.after_s or HEARTBEAT_S
        self._stuck = False
        return self._pause(now)

    async def _tick(self) -> None:
        now = self._engine.clock.now()
        for parcel in await self._engine.handle(c.Tick()):
            await self._look(parcel)
        since, self._ticked_at = self._ticked_at, now
        if since > now:  # the clock was set back: whatever became due meanwhile is told of once more
            since = EVER
        due = await self._engine.read(lambda tx: tx.carriable(since, now))
        self._engine.feed.touch(due)

    def _pause(self, now: datetime) -> float | None:
        alarm = self._engine.feed.alarm
        if alarm is None:
            return None
        return min(max(0.01, (alarm - now).total_seconds()), HEARTBEAT_S)


def _next_due(now: datetime, tx: Tx) -> datetime | None:
    return tx.next_due(now)
