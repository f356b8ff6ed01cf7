"""The daemon is killed at every step of a start. Started again, it goes on: one peer, one pane, never two."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.scenarios.test_crash_at_every_step import some
from tests.scenarios.yard import Yard, yard

STEPS = some(
    "spawner.made",
    "spawner.begun",
    "spawner.ordered",
    "store.committing:1",
    "store.committed:1",
    "store.committed:2",
    "store.committed:3",
)


@pytest.fixture
async def ground() -> AsyncIterator[Yard]:
    async with yard() as made:
        yield made


@pytest.mark.parametrize("step", STEPS)
async def test_whoever_was_wanted_is_started_once(ground: Yard, step: str) -> None:
    folder = ground.make("worker")
    await ground.house.start(crash_at=step)
    ground.house.arm()
    words = ("peer", "new", str(folder), "--key", "the-key", "--wait", "0", "--json")

    async def wish() -> str:
        while (told := await ground.house.at_terminal(*words)).code == 3:
            await asyncio.sleep(0.05)
        assert told.code == 0, told
        return str(told.json["peer_id"])

    async with asyncio.timeout(60), asyncio.TaskGroup() as both:
        wished = both.create_task(wish())
        await ground.house.crashed()
    there = await ground.until_peer("worker", status="online")

    assert [each["peer_id"] for each in await ground.peers()] == [wished.result()] == [there["peer_id"]]
    assert len(await ground.panes()) == 1


async def test_one_that_ended_while_nobody_looked_has_left(ground: Yard) -> None:
    await ground.house.start()
    assert (await ground.new(str(ground.make("worker")))).code == 0
    await ground.house.daemon.kill9()
    await ground.clear()
    await ground.house.start()
    await ground.until_peer("worker", status="offline")
    ground.allow(live=1)
    assert (await ground.new(str(ground.make("other")))).code == 0
