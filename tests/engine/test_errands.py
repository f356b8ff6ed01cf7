"""Errands are run, those of an earlier run as well, and each is told once, however it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from daemon.core import commands as c
from daemon.core.errors import NotFound, StorageFull
from daemon.core.model import Envelope, Errand, Person
from daemon.engine.engine import Engine
from daemon.engine.errands import AT_ONCE, Errands
from daemon.errands.interface import Found, Look, Sight
from tests.engine.mesh import FlakyStore, agent, chat

ADA = "7"


async def here(engine: Engine) -> str:
    """Ada's chat, and an agent; returns the chat's peer."""
    ada = Person(surface="telegram", account=ADA, name="ada", rights=("talk", "approve"), owner=True)
    await engine.handle(c.ConfigurePeople(surface="telegram", people=(ada,)))
    await agent(engine, "backend")
    return (await chat(engine, ADA)).peer_id


async def says(engine: Engine, text: str) -> None:
    await engine.handle(c.Say(surface="telegram", address=ADA, account=ADA, text=text))


async def told(engine: Engine, peer_id: str) -> list[str]:
    """What was found, in order; receipts left out."""
    unread: Sequence[tuple[object, Envelope]] = await engine.read(lambda tx: tx.unread(peer_id, 100))
    return [envelope.body for _, envelope in unread if envelope.correlation_id]


async def open_ones(engine: Engine) -> Sequence[Errand]:
    return await engine.read(lambda tx: tx.errands())


@asynccontextmanager
async def running(engine: Engine, *, within_s: float = 10, **looks: Look) -> AsyncIterator[None]:
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        task = group.create_task(Errands(engine, looks, within_s=within_s).run())
        try:
            yield
        finally:
            task.cancel()


async def until(engine: Engine, holds: Callable[[list[str]], bool], peer_id: str) -> list[str]:
    while not holds(found := await told(engine, peer_id)):
        await engine.read(lambda tx: None)
    return found


async def peek(sight: Sight) -> Found:
    return Found(f"peeked at {sight.peer.name}")


async def test_what_is_wished_for_is_looked_at_and_told(engine: Engine) -> None:
    ada = await here(engine)
    async with running(engine, peek=peek):
        await says(engine, "/peek backend")
        assert await until(engine, bool, ada) == ["peeked at backend"]
    assert not await open_ones(engine)


async def test_what_the_last_run_left_open_is_looked_at_first(engine: Engine) -> None:
    ada = await here(engine)
    await says(engine, "/peek backend")
    async with running(engine, peek=peek):
        assert await until(engine, bool, ada) == ["peeked at backend"]


async def test_an_errand_that_was_cut_short_is_run_again_and_told_once(engine: Engine) -> None:
    ada, begun, gate = await here(engine), asyncio.Event(), asyncio.Event()

    async def slow(_: Sight) -> Found:
        begun.set()
        await gate.wait()
        return Found("at last")

    async with running(engine, peek=slow):
        await says(engine, "/peek backend")
        await begun.wait()
    assert await told(engine, ada) == []
    gate.set()
    async with running(engine, peek=slow):
        await until(engine, bool, ada)
        await says(engine, "/peek backend")
        assert await until(engine, lambda found: len(found) > 1, ada) == ["at last", "at last"]


async def test_a_store_in_trouble_delays_what_was_found_and_loses_nothing(
    engine: Engine, store: FlakyStore
) -> None:
    ada, looked = await here(engine), 0

    async def full(_: Sight) -> Found:
        nonlocal looked
        looked += 1
        store.errors.append(StorageFull("the disk is full", after_s=0.01))
        return Found("found")

    async with running(engine, peek=full):
        await says(engine, "/peek backend")
        assert await until(engine, bool, ada) == ["found"]
    assert looked == 1


async def test_every_way_of_failing_is_told_in_words_and_stops_nobody_else(engine: Engine) -> None:
    ada = await here(engine)

    async def refused(_: Sight) -> Found:
        raise NotFound("there is no such file", "look again")

    async def broken(sight: Sight) -> Found:
        if sight.argument:
            raise ZeroDivisionError
        await asyncio.Event().wait()
        return Found("never")

    async with running(engine, within_s=0.05, peek=peek, get=refused, diff=broken):
        for text in ("/get @backend x", "/diff backend", "/diff backend a.py", "/peek backend"):
            await says(engine, text)
        found = await until(engine, lambda found: len(found) == 4, ada)

    assert sorted(found) == [
        "/diff failed; the daemon's log says why (`peerline logs`)",
        "peeked at backend",
        "that took too long, so it was given up; nothing was changed",
        "there is no such file\nlook again",
    ]


async def test_a_slow_errand_holds_up_no_other_but_they_are_never_too_many_at_once(engine: Engine) -> None:
    ada, now, most, gate = await here(engine), 0, 0, asyncio.Event()

    async def counted(sight: Sight) -> Found:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await gate.wait()
        now -= 1
        return Found("slow")

    async with running(engine, peek=peek, diff=counted):
        for _ in range(AT_ONCE - 1):
            await says(engine, "/diff backend")
        await says(engine, "/peek backend")
        assert await until(engine, bool, ada) == ["peeked at backend"]
        for _ in range(3):
            await says(engine, "/diff backend")
        gate.set()
        await until(engine, lambda found: len(found) == AT_ONCE + 3, ada)
    assert most <= AT_ONCE


async def test_an_errand_is_given_what_is_known_of_the_peer(engine: Engine) -> None:
    ada, seen = await here(engine), list[Sight]()

    async def look(sight: Sight) -> Found:
        seen.append(sight)
        return Found("found")

    await says(engine, "@backend hello")
    async with running(engine, diff=look):
        await says(engine, "/diff backend patch")
        await until(engine, bool, ada)
    [sight] = seen
    assert (sight.peer.name, sight.argument, sight.now) == ("backend", "patch", engine.clock.now())
    assert (sight.session and sight.session.session_id, sight.waiting) == ("s-backend", 1)
