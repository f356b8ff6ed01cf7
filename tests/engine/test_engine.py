"""One decision, one commit, and who waits is woken."""

from __future__ import annotations

import asyncio

import pytest

from daemon.core import commands as c
from daemon.core.errors import DuplicateId, Refused, StorageFull, StoreBusy, UnknownPeer
from daemon.core.model import Delivery, Peer
from daemon.engine.engine import Engine, Once
from daemon.engine.feed import EVENTS, EVERYTHING
from daemon.store.interface import Tx
from tests.engine.mesh import FlakyStore, agent, notice
from tests.fakes.clock import FakeClock


def deliveries(engine: Engine) -> object:
    return engine.read(lambda tx: tx.counts())


async def test_of_several_commands_each_sees_what_those_before_it_wrote(engine: Engine) -> None:
    a, b = await agent(engine, "a"), await agent(engine, "b")

    described, _ = await engine.handle_all([c.DescribePeer(peer_id=b.peer_id, description="x"), notice(a, b)])

    assert described.description == "x"
    assert await deliveries(engine) == {"queued": 1}


async def test_of_several_commands_one_that_is_refused_undoes_all(engine: Engine) -> None:
    a, b = await agent(engine, "a"), await agent(engine, "b")

    with engine.feed.watching(EVERYTHING) as watch:
        with pytest.raises(UnknownPeer):
            await engine.handle_all([notice(a, b), c.SendNotice(sender=a.peer_id, to=("nobody",), text="x")])
        assert watch.take() == set()

    assert await deliveries(engine) == {}


async def test_the_same_key_and_body_is_done_once_and_answered_alike_for_ever(engine: Engine) -> None:
    a, b = await agent(engine, "a"), await agent(engine, "b")
    once = Once(a.peer_id, "k", "digest")
    first = await engine.handle_once([notice(a, b)], once, lambda told: told[0].envelope.envelope_id)

    with engine.feed.watching(EVERYTHING) as watch:
        again = await engine.handle_once([notice(a, b)], once, lambda told: "another")
        assert watch.take() == set()

    assert again == first
    assert await deliveries(engine) == {"queued": 1}


async def test_the_same_key_for_another_body_is_refused_and_nothing_is_done(engine: Engine) -> None:
    a, b = await agent(engine, "a"), await agent(engine, "b")
    await engine.handle_once([notice(a, b)], Once(a.peer_id, "k", "one"), lambda told: "first")

    with pytest.raises(DuplicateId, match='"k"'):
        await engine.handle_once([notice(a, b)], Once(a.peer_id, "k", "other"), lambda told: "second")
    assert (
        await engine.handle_once([notice(b, a)], Once(b.peer_id, "k", "other"), lambda told: "b's") == "b's"
    )
    assert await deliveries(engine) == {"queued": 2}


async def test_a_refusal_is_not_remembered(engine: Engine) -> None:
    a = await agent(engine, "a")
    ask = c.SendNotice(sender=a.peer_id, to=("late",), text="x")
    with pytest.raises(Refused):
        await engine.handle_once([ask], Once(a.peer_id, "k", "d"), lambda told: "")

    await agent(engine, "late")
    assert await engine.handle_once([ask], Once(a.peer_id, "k", "d"), lambda told: "done") == "done"


async def test_many_at_once_with_one_key_do_it_once(engine: Engine) -> None:
    a, b = await agent(engine, "a"), await agent(engine, "b")
    once = Once(a.peer_id, "k", "d")

    told = await asyncio.gather(
        *(
            engine.handle_once([notice(a, b)], once, lambda told: told[0].envelope.envelope_id)
            for _ in range(20)
        )
    )

    assert len(set(told)) == 1
    assert await deliveries(engine) == {"queued": 1}


async def test_who_waits_is_woken_after_the_commit_and_finds_it(engine: Engine) -> None:
    a, b = await agent(engine, "a"), await agent(engine, "b")

    with engine.feed.watching(b.peer_id) as mine, engine.feed.watching(a.peer_id) as other:
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            group.create_task(engine.handle(notice(a, b)))
            await mine.wait()
            assert await engine.read(lambda tx: tx.waiting_count(b.peer_id)) == 1
        assert mine.take() == {b.peer_id}
        assert other.take() == set()


async def test_a_caller_that_goes_away_leaves_nobody_asleep_over_what_was_committed(
    engine: Engine, store: FlakyStore
) -> None:
    """A client that hangs up between the send and its answer must not strand the message until the next one."""
    a, b = await agent(engine, "a"), await agent(engine, "b")

    with engine.feed.watching(b.peer_id, EVENTS) as watch:
        store.gate.clear()
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            writes = store.writes
            sending = group.create_task(engine.handle(notice(a, b)))
            while store.writes == writes:
                await engine.read(lambda tx: None)
            sending.cancel()
            store.gate.set()
            await watch.wait()

    assert sending.cancelled()
    assert await deliveries(engine) == {"queued": 1}


async def test_what_nobody_will_say_again_is_written_as_soon_as_the_store_takes_it(
    engine: Engine, store: FlakyStore
) -> None:
    a = await agent(engine, "a", pid=7)
    store.errors = [StorageFull("full", after_s=0.01), StoreBusy("busy", after_s=0.01)]

    await engine.insist(c.EndProcess(pid=7, started=1))

    assert store.errors == []
    assert await engine.read(lambda tx: tx.session_of_process(7, 1).ended_why) == "its process ended"
    assert a


async def test_a_decision_is_made_at_the_clock_s_time(engine: Engine, clock: FakeClock) -> None:
    clock.passes(3600)
    a = await agent(engine, "a")
    assert a.registered_at == clock.now()

    def looked(tx: Tx) -> Peer:
        return tx.get(Peer, a.peer_id)

    assert (await engine.read(looked)).last_seen == clock.now()
    assert not await engine.read(lambda tx: tx.get(Delivery, "d-none"))
