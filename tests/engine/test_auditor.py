"""The audit log's writer: each security event once and without its content, whatever fails in between."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from daemon.core import commands as c
from daemon.core.errors import StoreBusy
from daemon.core.model import Event, Told
from daemon.core.rules.auditing import RECORDED, entry
from daemon.engine.auditor import MOST_KINDS, Auditor, Tally
from daemon.engine.engine import Engine
from daemon.ledger import CURRENT, Json, Ledger, head, tail, verify
from tests.engine.mesh import FlakyStore, agent
from tests.fakes.clock import NOON, FakeClock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "logs"
    made.mkdir()
    return made


@asynccontextmanager
async def following(auditor: Auditor) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(auditor.run())
        try:
            yield
        finally:
            running.cancel()


async def events(folder: Path, count: int) -> list[str]:
    async with asyncio.timeout(5):
        while len(found := [line["event"] for line in tail(folder, 100)]) < count:
            await asyncio.sleep(0.01)
    return found


async def until_noted(folder: Path, n: int) -> None:
    async with asyncio.timeout(5):
        while head(folder)[0] < n:
            await asyncio.sleep(0.01)


async def freeze(engine: Engine, *names: str) -> None:
    for name in names:
        await engine.handle(c.FreezeCircle(circle=name, by="ada"))


async def test_what_is_committed_is_written_and_messages_are_not(engine: Engine, folder: Path) -> None:
    async with following(Auditor(engine, Ledger(folder))):
        front, back = await agent(engine, "front"), await agent(engine, "back")
        await engine.handle(c.SendNotice(sender=front.peer_id, to=(back.peer_id,), text="hello"))
        await freeze(engine, "one")
        assert await events(folder, 3) == ["registered", "registered", "frozen"]


async def test_a_new_run_goes_on_after_the_last_line(engine: Engine, folder: Path) -> None:
    await freeze(engine, "one", "two")
    async with following(Auditor(engine, Ledger(folder))):
        await events(folder, 2)
    await freeze(engine, "three")
    async with following(Auditor(engine, Ledger(folder))):
        await events(folder, 3)
    assert [line["ref"] for line in tail(folder, 100)] == ["one", "two", "three"]
    assert verify(folder) == (3, [])


async def test_a_line_that_was_torn_off_is_written_again(engine: Engine, folder: Path) -> None:
    await freeze(engine, "one", "two")
    async with following(Auditor(engine, Ledger(folder))):
        await events(folder, 2)
        await until_noted(folder, 2)
    path = folder / CURRENT
    path.write_bytes(path.read_bytes()[:-9])
    (folder / "audit.head").unlink()  # it is written after the line, if there was time for it
    async with following(Auditor(engine, Ledger(folder))):
        await events(folder, 2)
    assert [line["ref"] for line in tail(folder, 100)] == ["one", "two"]
    assert verify(folder) == (2, [])


async def test_what_cannot_be_written_is_written_later_and_told_meanwhile(
    engine: Engine, folder: Path
) -> None:
    (folder / CURRENT).mkdir()
    auditor = Auditor(engine, Ledger(folder))
    await auditor.note("daemon_started")
    await freeze(engine, "one")
    auditor.tally.count("stranger", "telegram")
    assert await auditor.write() == 5.0
    assert "cannot be written" in auditor.trouble()[0]
    (folder / CURRENT).rmdir()
    await auditor.write()
    assert auditor.trouble() == []
    assert sorted(await events(folder, 3)) == ["daemon_started", "frozen", "stranger"]


class DeafStore(FlakyStore):
    async def read(self, step: object) -> object:
        raise StoreBusy("damaged")


async def test_a_store_that_cannot_be_read_ends_nothing(
    store: FlakyStore, clock: FakeClock, folder: Path
) -> None:
    auditor = Auditor(Engine(DeafStore(store), clock), Ledger(folder))
    await auditor.note("daemon_started")
    await auditor.end()
    assert "damaged" in auditor.trouble()[0]


class SlowLedger(Ledger):
    """Says when it has begun to write, and waits until it may."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.begun, self.go_on = threading.Event(), threading.Event()

    def add(self, entries: Sequence[Json]) -> None:
        self.begun.set()
        assert self.go_on.wait(5)
        super().add(entries)


async def test_cut_off_in_the_middle_nothing_is_written_twice(engine: Engine, folder: Path) -> None:
    ledger = SlowLedger(folder)
    auditor = Auditor(engine, ledger)
    await freeze(engine, "one")
    async with asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(auditor.write())
        assert await asyncio.to_thread(ledger.begun.wait, 5)
        writing.cancel()
        ending = tasks.create_task(auditor.end())
        await asyncio.sleep(0)
        ledger.go_on.set()
        await ending
    assert [line["event"] for line in tail(folder, 100)] == ["frozen", "daemon_stopped"]
    assert verify(folder) == (2, [])


# --- counting ---------------------------------------------------------------------------------------------------


def test_the_first_is_told_at_once_and_the_rest_of_the_minute_in_one_line() -> None:
    clock, noticed = FakeClock(), list[int]()
    tally = Tally(clock.now, lambda: noticed.append(1))
    assert tally.pause() is None
    for _ in range(1000):
        tally.count("auth_failed", "a wrong token")
    assert len(noticed) == 1
    assert [line["count"] for line in tally.due()] == [1]
    assert tally.due() == []
    assert tally.pause() == 60
    clock.passes(60)
    assert [line["count"] for line in tally.due()] == [999]
    assert (tally.due(), tally.pause()) == ([], None)  # nothing runs while nothing happens
    tally.count("auth_failed", "a wrong token")
    assert [line["count"] for line in tally.due(all_of_it=True)] == [1]


def test_however_many_kinds_there_are_few_are_kept() -> None:
    tally = Tally(FakeClock().now, lambda: None)
    for n in range(10_000):
        tally.count("limit_hit", f"rule {n}")
    lines = tally.due(all_of_it=True)
    assert len(lines) == MOST_KINDS + 1
    assert sum(line["count"] for line in lines) == 10_000


# --- what is told -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", RECORDED)
def test_content_is_a_digest_and_a_length(kind: str) -> None:
    told = Told(7, NOON, Event(kind, "a-1", "p-1", "what it is", "what was said", (("subject", "d" * 64),)))
    line = entry(told)
    assert (line["event"], line["ref"], line["detail"]) == (kind, "a-1", {"subject": "d" * 64})
    for name in ("what", "evidence"):
        if name not in RECORDED[kind]:
            assert set(line[name]) == {"sha256", "bytes"}
            assert line[name]["bytes"] == 13
