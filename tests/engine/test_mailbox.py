"""What is to be shown comes in order, leased to the one stream that reads now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from daemon.core import commands as c
from daemon.core.errors import StaleLease
from daemon.core.model import Parcel
from daemon.engine import mailbox
from daemon.engine.engine import Engine
from tests.engine.mesh import agent, chat, notice
from tests.fakes.clock import FakeClock

BOT = "telegram-bot"


class Reader:
    """Somebody who reads a stream: what came, and how it ended."""

    def __init__(self, engine: Engine, peer_id: str | None = None) -> None:
        self._stream = mailbox.parcels(engine, "telegram", BOT, BOT, peer_id=peer_id)
        self.came: asyncio.Queue[Parcel] = asyncio.Queue()
        self.took_over = asyncio.Event()

    async def run(self) -> None:
        try:
            async for parcel in self._stream:
                self.came.put_nowait(parcel)
        except StaleLease:
            self.took_over.set()

    async def next(self) -> str:
        return (await self.came.get()).envelope.body


@asynccontextmanager
async def reading(engine: Engine, *readers: Reader) -> AsyncIterator[asyncio.TaskGroup]:
    """Each begins when the one before it waits for something to come."""
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        running = []
        for reader in readers:
            running.append(group.create_task(reader.run()))
            await settled(engine)
        yield group
        for task in running:
            task.cancel()


async def settled(engine: Engine) -> None:
    """Everybody has had several turns at the store, of either kind."""
    for _ in range(5):
        await engine.handle(c.Tick())
        await engine.read(lambda tx: None)


async def shown(engine: Engine, parcel: Parcel) -> None:
    await engine.handle(c.AckDelivery(delivery_id=parcel.delivery.delivery_id, holder=BOT, receipt="1"))


async def test_one_at_a_time_in_each_conversation_and_in_order(engine: Engine) -> None:
    ada, ben, b = await chat(engine, "7"), await chat(engine, "8"), await agent(engine, "b")
    for to, text in ((ada, "one"), (ada, "two"), (ben, "uno")):
        await engine.handle(notice(b, to, text))

    reader = Reader(engine)
    async with reading(engine, reader):
        first = await reader.came.get()
        assert (first.envelope.body, first.recipient, await reader.next()) == ("one", "7", "uno")
        assert reader.came.empty()
        await shown(engine, first)
        assert await reader.next() == "two"


async def test_a_second_stream_of_the_same_holder_is_given_again_what_the_first_had_not_begun(
    engine: Engine, clock: FakeClock
) -> None:
    ada, b = await chat(engine, "7"), await agent(engine, "b")
    await engine.handle(notice(b, ada, "one"))

    first, second = Reader(engine), Reader(engine)
    async with reading(engine, first, second):
        given = await first.came.get()
        await first.took_over.wait()
        clock.passes(1)
        engine.feed.touch([ada.peer_id])
        again = await second.came.get()
        assert again.delivery.delivery_id == given.delivery.delivery_id
        assert again.delivery.attempts == 1  # what was never begun was no attempt


async def test_what_was_leased_when_another_stream_had_begun_is_given_back(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, b = await chat(engine, "7"), await agent(engine, "b")
    await engine.handle(notice(b, ada, "one"))
    handle = engine.handle

    async def late(command: c.Command) -> object:
        told = await handle(command)
        if isinstance(command, c.LeaseNext):
            engine.feed.touch((f"holder:{BOT}:",))  # the other begins, and had nothing to free
        return told

    monkeypatch.setattr(engine, "handle", late)
    with pytest.raises(StaleLease):
        await anext(mailbox.parcels(engine, "telegram", BOT, BOT))
    monkeypatch.undo()

    async with asyncio.timeout(5):
        again = await anext(mailbox.parcels(engine, "telegram", BOT, BOT))
    assert (again.envelope.body, again.delivery.attempts) == ("one", 1)


async def test_what_the_first_stream_had_begun_is_not_given_to_the_second(engine: Engine) -> None:
    ada, b = await chat(engine, "7"), await agent(engine, "b")
    for text in ("one", "two"):
        await engine.handle(notice(b, ada, text))

    first, second = Reader(engine), Reader(engine)
    async with reading(engine, first) as group:
        given = await first.came.get()
        begun = c.ExtendDelivery(delivery_id=given.delivery.delivery_id, holder=BOT, ttl=mailbox.TTL)
        await engine.handle(begun)
        following = group.create_task(second.run())
        await settled(engine)
        assert second.came.empty()
        await shown(engine, given)  # the first one's hand may still finish what it holds
        assert await second.next() == "two"
        following.cancel()


async def test_the_first_stream_leases_nothing_any_more_once_the_second_reads(engine: Engine) -> None:
    """Else its reader, long gone, would keep a message for as long as a lease lives."""
    ada, b = await chat(engine, "7"), await agent(engine, "b")
    first, second = Reader(engine), Reader(engine)
    async with reading(engine, first, second):
        for n in range(20):
            await engine.handle(notice(b, ada, str(n)))
            parcel = await second.came.get()
            assert parcel.envelope.body == str(n)
            await shown(engine, parcel)
        assert first.took_over.is_set()
        assert first.came.empty()


async def test_streams_of_single_conversations_leave_each_other_alone(engine: Engine) -> None:
    ada, ben, b = await chat(engine, "7"), await chat(engine, "8"), await agent(engine, "b")
    hers, his = Reader(engine, ada.peer_id), Reader(engine, ben.peer_id)
    async with reading(engine, hers, his):
        for to, reader in ((ada, hers), (ben, his), (ada, hers)):
            await engine.handle(notice(b, to))
            parcel = await reader.came.get()
            assert parcel.delivery.peer_id == to.peer_id
            await shown(engine, parcel)


async def test_a_conversation_that_opens_meanwhile_is_read_too(engine: Engine) -> None:
    b, reader = await agent(engine, "b"), Reader(engine)
    async with reading(engine, reader):
        ada = await chat(engine, "7")
        await engine.handle(notice(b, ada, "welcome"))
        assert await reader.next() == "welcome"


async def test_what_another_hosts_is_not_given(engine: Engine) -> None:
    mine, theirs, b = await chat(engine, "7"), await chat(engine, "8", host="other"), await agent(engine, "b")
    await engine.handle(notice(b, theirs, "not for you"))
    await engine.handle(notice(b, mine, "for you"))

    reader = Reader(engine)
    async with reading(engine, reader):
        assert await reader.next() == "for you"
        assert reader.came.empty()
    (left,) = await engine.read(lambda tx: tx.waiting(theirs.peer_id))
    assert left.state == "queued"
