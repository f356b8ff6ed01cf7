"""Time becomes commands: no timer without a reason, a heartbeat with one, and trouble is outlived."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from daemon.core import commands as c
from daemon.core.errors import StorageFull
from daemon.core.model import Ask, Delivery, Parcel, Peer, Person
from daemon.core.rules.delivery import NEVER
from daemon.engine import ticker
from daemon.engine.engine import Engine
from daemon.engine.feed import EVERYTHING
from daemon.engine.ticker import Ticker
from tests.engine.mesh import FlakyStore, agent, chat, notice
from tests.fakes.clock import FakeClock

HOUR = 3600.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The heart beats a hundred times a second: what takes longer here is not woken by it."""
    monkeypatch.setattr(ticker, "HEARTBEAT_S", 0.01)


class Looking:
    """What was to be looked for."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.looked: list[Parcel] = []

    async def __call__(self, parcel: Parcel) -> None:
        self.looked.append(parcel)
        see = c.SeeDelivery(delivery_id=parcel.delivery.delivery_id, evidence="looked")
        await self.engine.handle(see)


@asynccontextmanager
async def ticking(engine: Engine) -> AsyncIterator[Looking]:
    looking = Looking(engine)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        running = group.create_task(Ticker(engine, looking).run())
        yield looking
        running.cancel()


async def until(engine: Engine, true: Callable[[], bool]) -> None:
    """Wait for a condition; every look goes through the store, so the loop goes round."""
    while not true():
        await engine.read(lambda tx: None)


async def test_while_nothing_lies_ahead_no_timer_runs(engine: Engine, store: FlakyStore) -> None:
    await agent(engine, "a")
    made = Ticker(engine, Looking(engine))

    assert await made._beat() is None
    assert engine.feed.alarm is None


async def test_the_pause_is_never_longer_than_a_heartbeat(engine: Engine) -> None:
    a, b = await agent(engine, "a"), await agent(engine, "b")
    await engine.handle(notice(a, b))

    assert await Ticker(engine, Looking(engine))._beat() == 0.01
    assert engine.feed.alarm


async def test_a_machine_that_slept_through_a_deadline_notices_by_its_heartbeat(
    engine: Engine, clock: FakeClock
) -> None:
    a, b = await agent(engine, "a"), await agent(engine, "b")
    shown = await engine.handle(
        c.SendAsk(sender=a.peer_id, to=(b.peer_id,), question="?", deadline=timedelta(seconds=HOUR))
    )
    async with ticking(engine):
        await until(engine, lambda: engine.feed.alarm is not None)
        with engine.feed.watching(shown.ask.ask_id) as watch:
            clock.passes(2 * HOUR)  # no timer told: only the clock on the wall has moved
            await watch.wait()

    ask = await engine.read(lambda tx: tx.get(Ask, shown.ask.ask_id))
    assert ask.state == "expired"
    assert ask.ended_at == clock.now()


async def test_what_becomes_due_wakes_those_who_carry_it(engine: Engine, clock: FakeClock) -> None:
    ada, b = await chat(engine, "7"), await agent(engine, "b")
    await engine.handle(notice(b, ada))
    lease = c.LeaseNext(peer_ids=(ada.peer_id,), holder="telegram-bot", ttl=timedelta(seconds=30), shows=True)
    parcel = await engine.handle(lease)
    await engine.handle(
        c.NakDelivery(
            delivery_id=parcel.delivery.delivery_id,
            holder="telegram-bot",
            reason="flood",
            after=timedelta(seconds=HOUR),
        )
    )
    async with ticking(engine):
        await until(engine, lambda: engine.feed.alarm is not None)
        with engine.feed.watching(ada.peer_id) as watch:
            assert await engine.handle(lease) is None
            clock.passes(HOUR)
            await watch.wait()
            assert (await engine.handle(lease)).delivery.attempts == 1  # a flood wait costs none


async def test_a_lease_that_lapses_is_free_again(engine: Engine, clock: FakeClock) -> None:
    ada, b = await chat(engine, "7"), await agent(engine, "b")
    await engine.handle(notice(b, ada))
    parcel = await engine.handle(
        c.LeaseNext(peer_ids=(ada.peer_id,), holder="x", ttl=timedelta(seconds=30), shows=True)
    )
    async with ticking(engine):
        with engine.feed.watching(ada.peer_id) as watch:
            clock.passes(31)
            await watch.wait()

    delivery = await engine.read(lambda tx: tx.get(Delivery, parcel.delivery.delivery_id))
    assert (delivery.state, delivery.holder, delivery.reason) == ("queued", None, "lease lapsed")


async def test_something_sooner_moves_the_alarm(engine: Engine, clock: FakeClock) -> None:
    a, b = await agent(engine, "a"), await agent(engine, "b")

    def ask(seconds: float) -> c.SendAsk:
        return c.SendAsk(sender=a.peer_id, to=(b.peer_id,), question="?", deadline=timedelta(seconds=seconds))

    async with ticking(engine):
        for seconds in (HOUR, 60.0, 2 * HOUR):
            await engine.handle(ask(seconds))
            soonest = clock.now() + timedelta(seconds=min(HOUR, seconds) if seconds == HOUR else 60)
            await until(engine, lambda at=soonest: engine.feed.alarm == at)


async def test_what_a_decision_makes_due_at_once_is_not_waited_for(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticker, "HEARTBEAT_S", HOUR)
    ada = Person(surface="telegram", account="7", name="ada", rights=("talk",), owner=True)
    await engine.handle(c.ConfigurePeople(surface="telegram", people=(ada,)))
    await engine.handle(c.ConfigurePlaces(surface="telegram", places=(), topics=True))
    here = await engine.read(lambda tx: tx.conversation_at("telegram", "7"))
    b = await agent(engine, "b")
    await engine.handle(c.SendNotice(sender=b.peer_id, to=(b.peer_id,), text="so that something lies ahead"))
    async with asyncio.timeout(5), ticking(engine):
        await until(engine, lambda: engine.feed.alarm is not None)
        with engine.feed.watching(here.peer_id) as watch:
            await agent(engine, "a")  # it is to have a topic there
            await watch.wait()


async def test_a_proof_that_is_overdue_is_looked_for_once(engine: Engine, clock: FakeClock) -> None:
    a, b = await agent(engine, "a"), await agent(engine, "b")
    await handed(engine, a, b, timedelta(seconds=10))
    async with ticking(engine) as looking:
        clock.passes(11)
        await until(engine, lambda: bool(looking.looked))
        await until(engine, lambda: engine.feed.alarm is None)

    assert [each.envelope.body for each in looking.looked] == ["hello"]


async def handed(engine: Engine, a: Peer, b: Peer, proof_within: timedelta | None) -> None:
    await engine.handle(notice(a, b))
    (waiting,) = await engine.read(lambda tx: tx.waiting(b.peer_id))
    await engine.handle(c.HandOut(session_id="s-b", limit=1000))
    delivery = await engine.read(lambda tx: tx.get(Delivery, waiting.delivery_id))
    assert delivery.state == "handed"
    assert delivery.due_at < NEVER


async def test_a_full_disk_stops_nothing_for_good(
    engine: Engine, store: FlakyStore, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    a, b = await agent(engine, "a"), await agent(engine, "b")
    shown = await engine.handle(
        c.SendAsk(sender=a.peer_id, to=(b.peer_id,), question="?", deadline=timedelta(seconds=60))
    )
    store.errors = [StorageFull("the disk is full", after_s=0.01) for _ in range(20)]
    clock.passes(61)
    async with ticking(engine):
        with engine.feed.watching(shown.ask.ask_id) as watch:
            await watch.wait()

    assert (await engine.read(lambda tx: tx.get(Ask, shown.ask.ask_id))).state == "expired"
    assert [record.message for record in caplog.records] == ["what is due waits: the disk is full"]


async def test_idle_ticks_write_nothing_to_the_feed(engine: Engine) -> None:
    a, b = await agent(engine, "a"), await agent(engine, "b")
    await engine.handle(notice(a, b))
    made = Ticker(engine, Looking(engine))
    await made._beat()
    before = await engine.read(lambda tx: tx.last_seq())

    with engine.feed.watching(EVERYTHING) as watch:
        for _ in range(3):
            await made._beat()
        assert watch.take() == set()
    assert await engine.read(lambda tx: tx.last_seq()) == before
