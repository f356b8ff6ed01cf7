"""Keeping the machine awake while jobs of the night run: a program of the system's is held for as long as it is wanted.

The program watches this process, so that it ends with it however that ends. Rule: where there is none, or it does not
work, the jobs go on all the same, and the doctor says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from daemon.core.errors import Unavailable
from daemon.core.view import Plan
from daemon.core.vigil import Vigil, vigil
from daemon.engine.engine import Engine
from daemon.engine.feed import SCHEDULES
from daemon.store.interface import Tx

AGAIN_S: Final = 60.0  #: after the program ended by itself, or the store could not be read
LONGEST_S: Final = 900.0  #: timers stand still while the machine sleeps
ENDS_S: Final = 5.0
log = logging.getLogger(__name__)


class Waking:
    """Holds the program while the vigil says so."""

    def __init__(self, engine: Engine, command: Sequence[str]) -> None:
        self._engine = engine
        self._command = command
        self._child: asyncio.subprocess.Process | None = None
        self._told = False

    async def run(self) -> None:
        """Until cancelled; then the machine may sleep."""
        if not self._command:
            return
        try:
            with self._engine.feed.watching(SCHEDULES) as watch:
                while True:
                    watch.take()
                    await watch.wait(await self._look())
        finally:
            await self._release()

    async def _look(self) -> float | None:
        """Hold it or let it go; returns after how long to look again at the latest."""
        now = self._engine.clock.now()
        try:
            found = await self._engine.read(lambda tx: _vigil(tx, now))
        except Unavailable as error:
            return error.after_s or AGAIN_S
        gone = self._child is not None and self._child.returncode is not None
        if not found.awake:
            await self._release()
        elif self._child is None or gone:
            await self._hold()
        return _pause(found, now)

    async def _hold(self) -> None:
        try:
            self._child = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            if not self._told:
                log.warning("the machine cannot be kept awake: %s", error)
            self._told = True

    async def _release(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ENDS_S):
                    await child.wait()
                    return


def _vigil(tx: Tx, now: datetime) -> Vigil:
    return vigil(Plan(tx, now, ""))


def _pause(found: Vigil, now: datetime) -> float | None:
    """With nothing to wait for no timer runs; while it is held, its end is looked for now and then."""
    if found.again_at is None:
        return None
    most = AGAIN_S if found.awake else LONGEST_S
    return max(0.01, min(most, (found.again_at - now).total_seconds()))
