"""The wall clock is set, the machine sleeps: what is due happens once, at once, and nothing sooner or never."""

from __future__ import annotations

from datetime import timedelta

import pytest

from daemon.core import commands as c
from daemon.core.model import Ask, Delivery, Event, Parcel
from daemon.engine.engine import Engine
from daemon.engine.ticker import Ticker
from daemon.store.interface import Tx
from tests.engine.mesh import FlakyStore, agent, chat, notice
from tests.fakes.clock import FakeClock

HOUR, DAY = 3600.0, 86400.0
HALF_A_MINUTE = timedelta(seconds=30)


async def looked(_: Parcel) -> None:
    """Nothing is handed to anybody here."""


def endings(tx: Tx) -> list[Event]:
    return [told.event for told in tx.feed(0, 1000) if told.event.type == "ended"]


async def leased(engine: Engine) -> str:
    """Something is on its way to a person."""
    ada, b = await chat(engine, "7"), await agent(engine, "b")
    await engine.handle(notice(b, ada))
    lease = c.LeaseNext(peer_ids=(ada.peer_id,), holder="telegram-bot", ttl=HALF_A_MINUTE, shows=True)
    parcel: Parcel = await engine.handle(lease)
    return parcel.delivery.delivery_id


async def state(engine: Engine, delivery_id: str) -> str:
    found: Delivery = await engine.read(lambda tx: tx.get(Delivery, delivery_id))
    return found.state


async def test_after_eight_hours_of_sleep_what_was_due_happens_once(engine: Engine, clock: FakeClock) -> None:
    a, b = await agent(engine, "a"), await agent(engine, "b")
    ask = c.SendAsk(sender=a.peer_id, to=(b.peer_id,), question="?", deadline=timedelta(hours=1))
    await engine.handle(ask)
    delivery_id = await leased(engine)
    ticker = Ticker(engine, looked)
    await ticker._beat()

    clock.passes(8 * HOUR)
    for _ in range(3):
        await ticker._beat()

    assert len(await engine.read(endings)) == 1
    assert await state(engine, delivery_id) == "queued"


@pytest.mark.parametrize("by", [-DAY, -600, 600, DAY])
async def test_a_clock_that_is_set_ends_no_lease_early_and_none_never(
    engine: Engine, clock: FakeClock, by: float
) -> None:
    delivery_id = await leased(engine)
    ticker = Ticker(engine, looked)
    await ticker._beat()

    clock.is_set(by)
    clock.passes(29)
    await ticker._beat()
    assert await state(engine, delivery_id) == "leased"
    clock.passes(2)
    await ticker._beat()
    assert await state(engine, delivery_id) == "queued"


async def test_what_is_written_after_the_clock_was_set_is_not_moved_with_what_was_before(
    engine: Engine, clock: FakeClock
) -> None:
    a, b = await agent(engine, "a"), await agent(engine, "b")
    ask = c.SendAsk(sender=a.peer_id, to=(b.peer_id,), question="?", deadline=timedelta(hours=1))

    clock.is_set(-DAY)
    shown = await engine.handle(ask)
    await engine.handle(c.Tick())

    found: Ask = await engine.read(lambda tx: tx.get(Ask, shown.ask.ask_id))
    assert found.deadline_at == clock.now() + timedelta(hours=1)


async def test_a_step_that_could_not_be_written_is_made_up_for(
    engine: Engine, store: FlakyStore, clock: FakeClock
) -> None:
    delivery_id = await leased(engine)
    clock.is_set(-DAY)
    store.errors = [OSError("the disk is gone")]
    with pytest.raises(OSError, match="gone"):
        await engine.handle(c.Tick())

    clock.passes(31)
    await engine.handle(c.Tick())

    assert await state(engine, delivery_id) == "queued"


async def test_a_clock_that_was_set_back_while_nobody_looked_is_noticed_at_the_start(
    store: FlakyStore, clock: FakeClock
) -> None:
    delivery_id = await leased(Engine(store, clock))

    clock.is_set(-DAY)
    after = Engine(store, clock)
    await after.begin()
    clock.passes(31)
    await after.handle(c.Tick())

    assert await state(after, delivery_id) == "queued"


async def test_a_start_at_the_right_time_moves_nothing(store: FlakyStore, clock: FakeClock) -> None:
    await leased(Engine(store, clock))
    clock.passes(2)
    before = store.writes

    await Engine(store, clock).begin()

    assert store.writes == before


async def test_what_became_due_as_the_clock_was_set_back_wakes_its_carrier(
    engine: Engine, clock: FakeClock
) -> None:
    ada, b = await chat(engine, "7"), await agent(engine, "b")
    await engine.handle(notice(b, ada))
    ticker = Ticker(engine, looked)
    await ticker._beat()

    clock.is_set(-DAY)
    with engine.feed.watching(ada.peer_id) as watch:
        await ticker._beat()
        assert ada.peer_id in watch.take()


# Seen red with: no look at the steady clock before a write; the mark moved only after the write (moved twice); the mark
# kept after a failed write; no look at the last event at a start; ``since`` kept when the clock went back.
