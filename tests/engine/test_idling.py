"""A daemon that nobody needs ends where that is wished, and no other does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count

from daemon.core import commands as c
from daemon.engine.engine import Engine
from daemon.engine.idling import Idling
from tests.engine.mesh import agent, notice

AFTER_S = 0.01


class Ends:
    """Whether it was told to end, and how often it was looked."""

    def __init__(self, engine: Engine, *, busy: Callable[[], bool] = lambda: False) -> None:
        self.looks = 0
        self.told = False
        self._busy = busy
        self._idling = Idling(engine, AFTER_S, visits=lambda: 0, busy=self._looked, stop=self._end)

    def _looked(self) -> bool:
        self.looks += 1
        return self._busy()

    def _end(self) -> None:
        self.told = True

    async def within(self, looks: int) -> bool:
        """Whether it ends before it was looked so often."""
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            running = group.create_task(self._idling.run())
            while not self.told and self.looks < looks:
                await asyncio.sleep(AFTER_S)
            running.cancel()
        return self.told


async def test_with_nobody_there_and_nothing_ahead_it_ends(engine: Engine) -> None:
    assert await Ends(engine).within(3)


async def test_it_stays_while_somebody_is_there(engine: Engine) -> None:
    assert not await Ends(engine, busy=lambda: True).within(3)


async def test_it_stays_for_an_agent_that_is_there(engine: Engine) -> None:
    await agent(engine, "api")
    assert not await Ends(engine).within(3)


async def test_it_stays_while_time_is_to_bring_something_about(engine: Engine) -> None:
    web, api = await agent(engine, "web"), await agent(engine, "api")
    await engine.handle(notice(web, api))
    for each in (web, api):
        await engine.handle(c.EndSession(session_id=str(each.session_id), why="exit"))
    assert not await Ends(engine).within(3)


async def test_it_stays_while_callers_come(engine: Engine) -> None:
    told: list[bool] = []
    visits = count()
    idling = Idling(
        engine,
        AFTER_S,
        visits=lambda: next(visits),
        busy=lambda: False,
        stop=lambda: told.append(True),
    )
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        running = group.create_task(idling.run())
        while next(visits) < 10:
            await asyncio.sleep(AFTER_S)
        running.cancel()
    assert told == []
