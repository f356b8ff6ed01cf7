"""What lies in the spool is heard in order, once, and outlives a store in trouble."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from daemon.agents.interface import Surroundings
from daemon.api import hooks
from daemon.api.hooks import HookDesk
from daemon.core.errors import StorageFull
from daemon.core.model import Session
from daemon.engine.engine import Engine
from daemon.store.sqlite import SqliteStore
from daemon.transports.wake import Wake
from tests.engine.mesh import FlakyStore
from tests.fakes.clock import FakeClock

SURROUNDINGS = Surroundings(pid=1, started=1, machine="m", circle="default")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[FlakyStore]:
    store = SqliteStore(tmp_path / "peerline.db")
    yield FlakyStore(store)
    await store.close()


@pytest.fixture
def engine(store: FlakyStore) -> Engine:
    return Engine(store, FakeClock())


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def hook() -> Iterator[int]:
    """The pid of a hook's process, whose agent is therefore this one, and lives."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process.pid
        process.kill()


def spooled(folder: Path, hook: int, n: int, session: str, *, event: str = "SessionStart") -> Path:
    body = json.dumps({"session_id": session, "cwd": f"/{session}", "name": session, "prompt": "x"}).encode()
    head = (
        f"POST /v1/hooks/practice/{event} HTTP/1.0\r\nPeerline-Pid: {hook}\r\nPeerline-Record: {n}-7\r\n\r\n"
    ).encode()
    path = folder / f"{n:020}-7-{len(head + body)}"
    path.write_bytes(head + body)
    return path


async def names(engine: Engine) -> list[str]:
    return [peer.name for peer in await engine.read(lambda tx: tx.peers())]


@pytest.mark.parametrize(
    ("order", "turn"),
    [
        (["SessionStart", "UserPromptSubmit", "Stop"], "idle"),
        (["SessionStart", "Stop", "UserPromptSubmit"], "working"),
    ],
)
async def test_what_was_spooled_is_heard_in_order_and_then_gone(
    engine: Engine, spool: Path, hook: int, order: list[str], turn: str
) -> None:
    for n, event in reversed(list(enumerate(order))):
        spooled(spool, hook, n, "a", event=event)

    await HookDesk(engine, spool, {}, Wake()).replay()

    session = await engine.read(lambda tx: tx.get(Session, "a"))
    assert session.turn == turn
    assert list(spool.iterdir()) == []


async def test_a_record_that_is_replayed_twice_counts_once(engine: Engine, spool: Path, hook: int) -> None:
    desk = HookDesk(engine, spool, {}, Wake())
    spooled(spool, hook, 1, "a")
    await desk.replay()
    before = await engine.read(lambda tx: tx.last_seq())
    spooled(spool, hook, 1, "a")
    await desk.replay()

    assert await engine.read(lambda tx: tx.last_seq()) == before


@pytest.mark.parametrize(
    "rubbish", [b"", b"\r\n\r\n", b"\xff" * 50, b"POST x HTTP/1.0\r\n\r\n{}", b"a b c d\r\n\r\n"]
)
async def test_rubbish_in_the_spool_holds_up_nobody(
    engine: Engine, spool: Path, hook: int, rubbish: bytes
) -> None:
    (spool / f"{1:020}-7-{len(rubbish)}").write_bytes(rubbish)
    spooled(spool, hook, 2, "b")

    await HookDesk(engine, spool, {}, Wake()).replay()

    assert await names(engine) == ["b"]
    assert list(spool.iterdir()) == []


async def test_what_the_store_cannot_take_stays_in_the_spool_until_it_can(
    engine: Engine, store: FlakyStore, spool: Path, hook: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "LOOK_S", 0.01)
    desk = HookDesk(engine, spool, {}, Wake())
    desk._note("UserPromptSubmit", "s", SURROUNDINGS)  # a turn runs: its end may be spooled
    path = spooled(spool, hook, 1, "a")
    store.errors = [StorageFull("full"), StorageFull("full")]

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        running = group.create_task(desk.run())
        while path.exists():
            await asyncio.to_thread(path.exists)
        running.cancel()

    assert store.errors == []
    assert await names(engine) == ["a"]
