"""Work beside a generator, which can hold no task group over its yields: owned, and ended with it.

Rule: what one of them fails with is raised to whoever waits here, and none outlives its owner.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")
log = logging.getLogger(__name__)


class Beside:
    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def do(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        task = asyncio.get_running_loop().create_task(work)  # kept here until it is done
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def aside(self, work: Coroutine[Any, Any, None]) -> None:
        """The same for what nobody waits for; what it fails with stands in the log."""
        self.do(work).add_done_callback(_told)

    async def unless(self, first: asyncio.Task[Any], wanted: Coroutine[Any, Any, Result]) -> Result:
        """What ``wanted`` returns; or whatever ``first`` fails with meanwhile.

        Raises:
            RuntimeError: ``first`` ended.

        """
        task = self.do(wanted)
        await asyncio.wait([first, task], return_when=asyncio.FIRST_COMPLETED)
        if first.done():
            first.result()
            raise RuntimeError("hearing ended by itself")
        return task.result()

    async def end(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _told(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error:
        log.error("what was done beside failed", exc_info=error)
