"""The alarm clock: an APScheduler timer, kept equal to what the store says comes next.

The store is the truth: a timer that rings only has the daemon decide what is due, so one too many or one too late
changes nothing. Timers stand still while a machine sleeps, so while one is set a heartbeat looks at the wall clock.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from typing import Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger

from daemon.client.times import TimeClient
from daemon.core.errors import Unavailable

HEARTBEAT_S: Final = 15.0
AGAIN_S: Final = 5.0  #: after the store could not be written
BROKEN_S: Final = 60.0  #: after something that waiting may not mend
NEXT: Final = "next"
log = logging.getLogger(__name__)


class Alarm:
    """Rings when something is due. No timer while nothing lies ahead."""

    def __init__(self, client: TimeClient) -> None:
        self._client = client
        self._timers = AsyncIOScheduler(timezone="UTC")
        self._rings = asyncio.Event()
        self._ahead = asyncio.Event()  #: set while a timer is

    async def run(self) -> None:
        """Ring until cancelled; what became due while nobody was there is decided at once."""
        self._timers.start()
        self._rings.set()
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._follow())
                both.create_task(self._beat())
                both.create_task(self._answer())
        finally:
            self._timers.shutdown(wait=False)

    async def _follow(self) -> None:
        """Set the timer to whatever comes next."""
        async for told in self._client.alarms():
            if told["at"]:
                trigger = DateTrigger(datetime.fromisoformat(told["at"]))
                self._timers.add_job(
                    self._ring, trigger, id=NEXT, replace_existing=True, misfire_grace_time=None
                )
                self._ahead.set()
            elif self._ahead.is_set():
                self._ahead.clear()
                self._timers.remove_all_jobs()

    async def _answer(self) -> None:
        """Have decided what is due, each time it rings."""
        while True:
            await self._rings.wait()
            self._rings.clear()
            try:
                for broken in (await self._client.fire_schedules())["stopped"]:
                    log.error("a schedule is paused. %s", broken)
            except Unavailable as error:
                log.warning("what is due waits: %s", error)
                await asyncio.sleep(error.after_s or AGAIN_S)
                self._rings.set()
            except Exception:
                # What cannot be decided now must not end the alarm: the next thing that is due is decided again.
                log.exception("what is due could not be decided")
                await asyncio.sleep(BROKEN_S)
                self._rings.set()

    async def _beat(self) -> None:
        """See whether the machine slept, while there is something to be late for."""
        while True:
            await self._ahead.wait()
            await asyncio.sleep(HEARTBEAT_S)
            self._timers.wakeup()

    async def _ring(self) -> None:
        self._rings.set()
