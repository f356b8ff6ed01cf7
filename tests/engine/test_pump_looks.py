"""What is carried to agents: a turn that was broken off without a word is noticed, a road that is gone is left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from daemon.core import commands as c
from daemon.core.errors import StorageFull
from daemon.core.model import Delivery, Parcel, Peer, Road, Sent, Session, Turn
from daemon.engine import pump
from daemon.engine.engine import Engine
from daemon.engine.pump import Pump
from daemon.transports.interface import Carried, Gone, Outcome, Proof, Sighting
from tests.engine.mesh import FlakyStore, agent, notice
from tests.fakes.clock import FakeClock


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump, "HOOK_S", 0.01)
    monkeypatch.setattr(pump, "BELIEVED_FOR", timedelta(seconds=0.01))


class Eye:
    """Sees what the test says."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.looks = 0

    async def turn_of(self, session: Session) -> Turn:
        self.looks += 1
        return self.turn

    async def look(self, parcel: Parcel, session: Session) -> Sighting:
        return Sighting.UNKNOWN


class Absent(Eye):
    """Finds nothing."""

    async def look(self, parcel: Parcel, session: Session) -> Sighting:
        return Sighting.ABSENT


class Way:
    """A ``Transport``."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self.carried: list[str] = []

    async def carry(self, parcel: Parcel, session: Session, *, again: bool) -> Outcome:
        self.carried.append(parcel.envelope.body)
        return self._outcome

    async def prove(self, session: Session) -> Proof:
        return Proof("")


async def session_of(engine: Engine, peer: Peer) -> Session:
    found: Session | None = await engine.read(lambda tx: tx.get(Session, peer.session_id or ""))
    assert found
    return found


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(5):
        while not await holds():
            await asyncio.sleep(0)


async def test_an_agent_that_rests_a_moment_after_it_told_of_its_turn_is_seen_to_rest(
    engine: Engine, clock: FakeClock
) -> None:
    """Nothing changes any more after that, so it must be looked at again by itself."""
    peer, eye = await agent(engine, "api", turn=Turn.WORKING), Eye(Turn.IDLE)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        checking = group.create_task(Pump(engine, {}, eye).check_turn("s-api"))
        while not eye.looks:
            await asyncio.sleep(0)
        assert (await session_of(engine, peer)).turn is Turn.WORKING
        clock.passes(1)
        await checking
    seen = await session_of(engine, peer)
    assert (seen.turn, seen.turn_source) == (Turn.IDLE, "session registry")


async def test_a_hook_that_comes_meanwhile_is_believed_and_the_look_repeated(
    engine: Engine, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump, "HOOK_S", 0.2)
    peer, eye = await agent(engine, "api", turn=Turn.WORKING), Eye(Turn.IDLE)
    clock.passes(1)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        checking = group.create_task(Pump(engine, {}, eye).check_turn("s-api"))
        while not eye.looks:
            await asyncio.sleep(0)
        await engine.handle(c.TurnWent(session_id="s-api"))
        clock.passes(1)
        await checking
    assert (await session_of(engine, peer)).turn is Turn.IDLE


async def test_an_agent_that_does_what_it_told_is_looked_at_once(engine: Engine) -> None:
    await agent(engine, "api", turn=Turn.WORKING)
    eye = Eye(Turn.WORKING)
    await Pump(engine, {}, eye).check_turn("s-api")
    assert eye.looks == 1


async def test_a_full_disk_ends_no_look_at_a_turn(
    engine: Engine, store: FlakyStore, clock: FakeClock
) -> None:
    peer, eye = await agent(engine, "api", turn=Turn.WORKING), Eye(Turn.IDLE)
    clock.passes(2)
    store.errors = [StorageFull("the disk is full", after_s=0.01)]
    async with asyncio.timeout(5):
        await Pump(engine, {}, eye).check_turn("s-api")
    assert store.errors == []
    assert (await session_of(engine, peer)).turn is Turn.IDLE


async def test_what_is_carried_in_this_moment_is_not_missed_when_its_lease_lapsed_in_a_sleep(
    engine: Engine, clock: FakeClock
) -> None:
    sender, peer = await agent(engine, "web"), await agent(engine, "api")
    await engine.handle(notice(sender, peer))
    await engine.handle(c.WakeWaits(session_id="s-api", waits=True))
    lease = c.LeaseNext(peer_ids=(peer.peer_id,), holder=pump.HOLDER, ttl=pump.TTL)
    parcel: Parcel = await engine.handle(lease)
    clock.passes(8 * 3600)
    (lapsed,) = await engine.handle(c.Tick())

    looking = Pump(engine, {}, Absent(Turn.IDLE))
    looking._in_hand.add(parcel.delivery.delivery_id)
    await looking.look(lapsed)

    found: Delivery = await engine.read(lambda tx: tx.get(Delivery, parcel.delivery.delivery_id))
    assert found.state == "handed"


@pytest.mark.parametrize(("road", "other"), [(Road.INBOX, Road.HOOK), (Road.HOOK, Road.INBOX)])
async def test_a_road_that_is_gone_costs_no_attempt_and_another_is_taken(
    engine: Engine, road: Road, other: Road
) -> None:
    web, api = await agent(engine, "web"), await agent(engine, "api")
    away, there = Way(Gone("gone")), Way(Carried(timedelta(seconds=5)))
    await opens(engine, road)
    carrying = Pump(engine, {road: away, other: there}, Eye(Turn.IDLE))
    async with asyncio.TaskGroup() as group:
        running = group.create_task(carrying.run())
        await asyncio.sleep(0)
        sent = await engine.handle(notice(web, api))

        async def held() -> bool:
            return bool(away.carried) and (await delivery(engine, sent, api)).state == "held"

        await until(held)
        await opens(engine, other)

        async def arrived() -> bool:
            return bool(there.carried)

        await until(arrived)
        running.cancel()
    last = await delivery(engine, sent, api)
    assert (away.carried, there.carried, last.attempts) == (["hello"], ["hello"], 1)


async def opens(engine: Engine, road: Road) -> None:
    """The agent gets this way in."""
    if road is Road.HOOK:
        await engine.handle(c.WakeWaits(session_id="s-api", waits=True))
        return
    found = c.RegisterSession(
        session_id="s-api",
        backend="practice",
        pid=1000 + sum(b"api"),
        started=1,
        wish="api",
        circle="default",
        path="/api",
        inbox="/inbox",
    )
    await engine.handle(found)


async def delivery(engine: Engine, sent: Sent, to: Peer) -> Delivery:
    envelope_id = sent.envelope.envelope_id
    (found,) = await engine.read(lambda tx: tx.deliveries_of(envelope_id))
    return found
