"""The store looked after: copies while something changes, no timer else, old things forgotten, damage set aside."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.core import commands as c
from daemon.core.errors import Gone, NotFound, StorageFull, StoreDamaged
from daemon.core.listing import story
from daemon.core.model import Ask, Delivery, Envelope, Peer, Schedule, Story
from daemon.core.rules import timetable
from daemon.core.view import Plan
from daemon.engine import upkeep
from daemon.engine.engine import Engine, Once
from daemon.engine.upkeep import Upkeep
from daemon.store import backups, checking, opening
from daemon.store.words import Words
from tests.engine.mesh import FlakyStore, agent, notice
from tests.fakes.clock import NOON, FakeClock

SOON = timedelta(milliseconds=50)
MONTH = timedelta(days=30)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "peerline.db"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@asynccontextmanager
async def kept(
    engine: Engine, database: Path, *, every: timedelta = SOON, cut_off: bool = False
) -> AsyncIterator[Upkeep]:
    made = Upkeep(engine, database, database.with_name("backups"), keep=MONTH, cut_off=cut_off, every=every)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        running = group.create_task(made.run())
        await engine.read(lambda tx: None)
        yield made
        running.cancel()


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0.01)


async def told(engine: Engine, message_id: str) -> Story:
    now = engine.clock.now()
    return await engine.read(lambda tx: story(Plan(tx, now, ""), message_id, tx.told_of(message_id)))


# --- copies -----------------------------------------------------------------------------------------------------------


async def test_what_happened_is_copied_within_the_time_and_the_copy_is_sound_and_private(
    engine: Engine, clock: FakeClock, database: Path, folder: Path
) -> None:
    async with kept(engine, database):
        peer = await agent(engine, "backend")
        clock.passes(1)
        await until(lambda: bool(backups.found(folder)))
    copy = backups.found(folder)[0]
    assert copy.made_at == clock.at
    assert copy.path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in folder.iterdir()] == [copy.path.name]
    assert checking.examine(copy.path, still=True).is_well
    with contextlib.closing(opening.untouched(copy.path)) as conn:
        assert Words(conn).get(Peer, peer.peer_id) == peer


async def test_while_nothing_happens_there_is_no_timer_and_no_copy(
    engine: Engine, store: FlakyStore, clock: FakeClock, database: Path, folder: Path
) -> None:
    async with kept(engine, database):
        await agent(engine, "backend")
        clock.passes(1)
        await until(lambda: bool(backups.found(folder)))
        clock.passes(1)
        await asyncio.sleep(SOON.total_seconds())
        writes = store.writes
        await asyncio.sleep(4 * SOON.total_seconds())
        assert store.writes == writes
        assert timers() == 1  # this test's own time limit
    assert len(backups.found(folder)) == 1


def timers() -> int:
    scheduled = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
    return len([each for each in scheduled if not each.cancelled()])


async def test_what_the_last_run_did_not_copy_is_copied_by_this_one(
    engine: Engine, clock: FakeClock, database: Path, folder: Path
) -> None:
    await agent(engine, "backend")
    clock.passes(3600)
    async with kept(engine, database, every=timedelta(hours=1)):
        await until(lambda: bool(backups.found(folder)))


async def test_twenty_four_are_kept_and_the_oldest_goes_only_for_a_new_good_one(
    engine: Engine, clock: FakeClock, database: Path, folder: Path
) -> None:
    await agent(engine, "backend")
    for _ in range(26):
        backups.make(database, folder, clock.now(), threading.Event())
        clock.passes(3600)
    made = [each.made_at for each in backups.found(folder)]
    assert made == [NOON + timedelta(hours=n) for n in range(25, 1, -1)]

    spoiled = database.with_name("spoiled.db")
    shutil.copy(backups.found(folder)[0].path, spoiled)
    spoiled.write_bytes(spoiled.read_bytes()[:-4096])
    with pytest.raises((StoreDamaged, sqlite3.Error)):
        backups.make(spoiled, folder, clock.now(), threading.Event())
    assert [each.made_at for each in backups.found(folder)] == made
    assert not list(folder.glob(".*"))


async def test_a_copy_that_fails_is_told_and_tried_again(
    engine: Engine, database: Path, folder: Path
) -> None:
    folder.write_text("in the way")
    async with kept(engine, database) as made:
        await agent(engine, "backend")
        await until(lambda: any("backup failed" in each for each, _ in made.complaints()))
        folder.unlink()
        await until(lambda: bool(backups.found(folder)))
        await until(lambda: not any("backup failed" in each for each, _ in made.complaints()))


async def test_a_copy_is_of_one_moment_and_holds_up_nobody_who_writes(
    engine: Engine, database: Path, folder: Path
) -> None:
    """It goes in pieces while others commit: each copy has a beginning of what was sent, without a gap."""
    a, b = await agent(engine, "a"), await agent(engine, "b")
    sent: list[str] = []
    done = asyncio.Event()

    async def sending() -> None:
        while not done.is_set():
            sent.append((await engine.handle(notice(a, b, "x" * 5000))).envelope.envelope_id)

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(sending())
        while len(sent) < 300:
            await asyncio.sleep(0.01)
        before = len(sent)
        copy = await asyncio.to_thread(backups.make, database, folder, NOON, threading.Event())
        after = len(sent)
        done.set()
    with contextlib.closing(opening.untouched(copy.path)) as conn:
        found = [row[0] for row in conn.execute("SELECT envelope_id FROM envelope ORDER BY rowid")]
    assert found == sent[: len(found)]
    assert before - 1 <= len(found) <= after + 1
    assert after > before


# --- forgetting -------------------------------------------------------------------------------------------------------


async def test_what_is_over_is_forgotten_when_it_is_old_and_what_is_open_never(
    engine: Engine, clock: FakeClock, database: Path
) -> None:
    a, b = await agent(engine, "a"), await agent(engine, "b")
    over = [(await engine.handle(notice(a, b, f"{n}"))).envelope.envelope_id for n in range(250)]
    for each in over:
        for one in (await told(engine, each)).deliveries:
            see = c.SeeDelivery(delivery_id=one[0].delivery_id, evidence="seen")
            await engine.handle(see)
    waiting = (await engine.handle(notice(a, b, "it waits"))).envelope.envelope_id
    ask = (await engine.handle(c.SendAsk(sender=a.peer_id, to=(b.peer_id,), question="how?"))).ask.ask_id
    clock.passes(31 * 24 * 3600)
    young = (await engine.handle(notice(a, b, "it is new"))).envelope.envelope_id

    async with kept(engine, database, every=timedelta(hours=1)):
        while await engine.read(lambda tx: tx.get(Envelope, over[-1])):
            await asyncio.sleep(0.01)
    await engine.tidy(keys=MONTH, messages=MONTH)

    left = await engine.read(lambda tx: [x for x in (*over, waiting, ask, young) if tx.get(Envelope, x)])
    assert left == [waiting, ask, young]
    assert await engine.read(lambda tx: tx.get(Ask, ask).ended_at) is None
    assert await engine.read(lambda tx: [tx.deliveries_of(each) for each in over]) == [[]] * 250
    assert await engine.read(lambda tx: [tx.told_of(each) for each in over[:3]]) == [[]] * 3
    assert await engine.read(lambda tx: tx.told_of(waiting)) != []
    with pytest.raises(NotFound) as unknown:
        await told(engine, over[0])
    assert "keep_days" in unknown.value.hint


# --- damage -----------------------------------------------------------------------------------------------------------


def damage(database: Path, envelope_id: str) -> None:
    """The disk gives back another letter."""
    with contextlib.closing(sqlite3.connect(database)) as conn, conn:
        conn.execute("UPDATE envelope SET body = body || '!' WHERE envelope_id = ?", (envelope_id,))


async def test_the_first_answer_to_a_key_is_kept_for_a_week(
    engine: Engine, clock: FakeClock, database: Path
) -> None:
    async def answered(key: str) -> bool:
        return await engine.read(lambda tx: tx.remembered("p-x", key)) is not None

    for key in ("old", "young"):
        await engine.handle_once((), Once("p-x", key, "digest"), lambda _: "first")
        clock.passes(timedelta(days=2 if key == "old" else 6).total_seconds())

    async with kept(engine, database):
        while await answered("old"):
            await asyncio.sleep(0.01)
        assert await answered("young")


async def test_a_damaged_message_dies_with_the_reason_and_holds_up_nobody(
    engine: Engine, database: Path
) -> None:
    a, b = await agent(engine, "a"), await agent(engine, "b")
    first = (await engine.handle(notice(a, b, "first"))).envelope.envelope_id
    second = (await engine.handle(notice(a, b, "second"))).envelope.envelope_id
    damage(database, first)
    async with kept(engine, database, every=timedelta(hours=1)) as made:
        collect = c.Collect(peer_id=b.peer_id, call_id="1", limit=10)
        with pytest.raises(StoreDamaged):
            await engine.handle(collect)
        await until(lambda: any(first in each and grave for each, grave in made.complaints()))
        parcels = await asyncio.wait_for(engine.insist(collect), 10)
    assert [each.envelope.envelope_id for each in parcels] == [second]
    states: list[Delivery] = list(await engine.read(lambda tx: tx.deliveries_of(first)))
    assert [(each.state, each.reason) for each in states] == [("dead", "it was damaged on the disk")]
    with pytest.raises(Gone, match="damaged on the disk"):
        await told(engine, first)


async def test_a_schedule_that_cannot_be_read_is_set_aside_and_the_others_speak(
    engine: Engine, clock: FakeClock, database: Path
) -> None:
    me = (await agent(engine, "a")).peer_id
    at = timetable.Once(clock.now() + timedelta(hours=1))
    wish = c.AddSchedule(owner=me, to=("me",), text="look", rule=at, zone="UTC")
    first: Schedule = await engine.handle(wish)
    second: Schedule = await engine.handle(wish)
    with contextlib.closing(sqlite3.connect(database)) as conn, conn:
        conn.execute("UPDATE schedule SET missed = '?' WHERE schedule_id = ?", (first.schedule_id,))
    clock.passes(3600)
    async with kept(engine, database, every=timedelta(hours=1)) as made:
        with pytest.raises(StoreDamaged, match=first.schedule_id):
            await engine.handle(c.FireSchedules())
        await until(lambda: any(first.schedule_id in each for each, _ in made.complaints()))
        await asyncio.wait_for(engine.insist(c.FireSchedules()), 10)
    [row] = await engine.read(lambda tx: tx.occurrences(second.schedule_id))
    assert row.outcome == "sent"
    assert await engine.read(lambda tx: tx.next_alarm()) is None


async def test_who_asked_learns_that_the_question_is_lost(engine: Engine, database: Path) -> None:
    a, b = await agent(engine, "a"), await agent(engine, "b")
    ask = (await engine.handle(c.SendAsk(sender=a.peer_id, to=(b.peer_id,), question="how?"))).ask.ask_id
    damage(database, ask)
    async with kept(engine, database, every=timedelta(hours=1), cut_off=True):
        while (await engine.read(lambda tx: tx.get(Ask, ask))).state != "orphaned":
            await asyncio.sleep(0.01)
    assert await engine.read(lambda tx: tx.waiting_count(a.peer_id)) == 1


async def test_who_sent_a_question_whose_row_is_damaged_is_told(engine: Engine, database: Path) -> None:
    a, b = await agent(engine, "a"), await agent(engine, "b")
    ask = (await engine.handle(c.SendAsk(sender=a.peer_id, to=(b.peer_id,), question="how?"))).ask.ask_id
    with contextlib.closing(sqlite3.connect(database)) as conn, conn:
        conn.execute("UPDATE ask SET question = 'who?' WHERE ask_id = ?", (ask,))
    async with kept(engine, database, every=timedelta(hours=1), cut_off=True):
        while not await engine.read(lambda tx: tx.waiting_count(a.peer_id)):
            await asyncio.sleep(0.01)
    waiting = await engine.read(lambda tx: tx.unread(a.peer_id, 10))
    assert [ask in envelope.body for _, envelope in waiting] == [True]


async def test_a_full_store_is_told_until_it_takes_again(
    engine: Engine, store: FlakyStore, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "TRIES_AGAIN_S", 0.01)
    a, b = await agent(engine, "a"), await agent(engine, "b")
    async with kept(engine, database, every=timedelta(hours=1)) as made:
        store.errors = [StorageFull("the disk is full", after_s=0.01)] * 3
        with pytest.raises(StorageFull):
            await engine.handle(notice(a, b))
        assert any(grave and "full" in each for each, grave in made.complaints())
        await until(lambda: not any(grave for _, grave in made.complaints()))
        assert store.errors == []
