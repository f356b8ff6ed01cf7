"""Heads are looked at several at once, each within its time, and not again within a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from daemon.core import commands as c
from daemon.core.model import Review, Seen, Source
from daemon.engine.engine import Engine
from daemon.engine.lookout import AT_ONCE, FRESH, Lookout
from tests.engine.mesh import agent
from tests.fakes.clock import FakeClock

A, B = "a" * 40, "b" * 40


class Eye:
    """Sees what it is told to, and keeps how many looks there were, and were at once."""

    def __init__(self) -> None:
        self.looks = self.now = self.most = 0
        self.head = A
        self.gate = asyncio.Event()
        self.gate.set()

    async def look(self, review: Review) -> Seen:
        self.looks, self.now = self.looks + 1, self.now + 1
        self.most = max(self.most, self.now)
        await self.gate.wait()
        self.now -= 1
        return Seen(head=self.head)

    async def submitted(self, what: str, folder: str) -> tuple[Source, Seen]:
        return Source(kind="branch", repository=what), Seen(head=A)


async def requested(engine: Engine, count: int) -> Sequence[Review]:
    api, web = await agent(engine, "api"), await agent(engine, "web")
    for n in range(count):
        source = Source(kind="branch", repository=f"/src/{n}", branch="x")
        command = c.RequestReview(
            requester=api.peer_id, what=f"/src/{n}#x", reviewer=web.peer_id, source=source, seen=Seen(head=A)
        )
        await engine.handle(command)
    return await goes_on(engine)


async def goes_on(engine: Engine) -> Sequence[Review]:
    return await engine.read(lambda tx: tx.reviews_open())


async def test_a_long_list_is_looked_at_a_few_at_once(engine: Engine) -> None:
    eye, found = Eye(), await requested(engine, AT_ONCE + 3)
    eye.gate.clear()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(Lookout(engine, eye.submitted, eye.look).all(found))
        while eye.looks < AT_ONCE:
            await asyncio.sleep(0)
        eye.gate.set()

    assert (eye.looks, eye.most) == (AT_ONCE + 3, AT_ONCE)


async def test_what_was_just_looked_at_is_not_looked_at_again_until_a_moment_later(
    engine: Engine, clock: FakeClock
) -> None:
    eye, found = Eye(), await requested(engine, 1)
    lookout = Lookout(engine, eye.submitted, eye.look)
    for _ in range(3):
        await lookout.all(found)
    assert eye.looks == 1

    clock.passes(FRESH.total_seconds() + 1)
    eye.head = B
    await lookout.all(found)
    assert [each.head_sha for each in await goes_on(engine)] == [B]


async def test_a_verdict_always_looks(engine: Engine) -> None:
    eye, found = Eye(), await requested(engine, 1)
    lookout = Lookout(engine, eye.submitted, eye.look)
    await lookout.all(found)
    eye.head = B

    assert (await lookout.now(found[0])).head == B


async def test_what_is_not_seen_in_time_stays_as_it_was(engine: Engine) -> None:
    eye, found = Eye(), await requested(engine, 2)
    eye.gate.clear()
    await Lookout(engine, eye.submitted, eye.look, all_within_s=0.05).all(found)

    assert [each.state for each in await goes_on(engine)] == ["pending", "pending"]
