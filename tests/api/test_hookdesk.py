"""What lies in the spool is heard in order, once, and outlives a store in trouble."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daemon.api import hooks
from daemon.api.hooks import HookDesk
from daemon.core.errors import StorageFull
from daemon.engine.engine import Engine
from daemon.store.sqlite import SqliteStore
from tests.engine.mesh import FlakyStore
from tests.fakes.clock import FakeClock


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


def spooled(folder: Path, n: int, session: str, *, event: str = "SessionStart") -> Path:
    body = json.dumps({"session_id": session, "cwd": f"/{session}", "name": session}).encode()
    head = f"POST /v1/hooks/practice/{event} HTTP/1.0\r\nPeerline-Record: {n}-7\r\n\r\n".encode()
    path = folder / f"{n:020}-7-{len(head + body)}"
    path.write_bytes(head + body)
    return path


async def names(engine: Engine) -> list[str]:
    return [peer.name for peer in await engine.read(lambda tx: tx.peers())]


async def test_what_was_spooled_is_heard_in_order_and_then_gone(engine: Engine, spool: Path) -> None:
    for n, session in ((2, "b"), (1, "a"), (3, "c")):
        spooled(spool, n, session)

    await HookDesk(engine, spool, {}).replay()

    assert await names(engine) == ["a", "b", "c"]
    assert list(spool.iterdir()) == []


async def test_a_record_that_is_replayed_twice_counts_once(engine: Engine, spool: Path) -> None:
    desk = HookDesk(engine, spool, {})
    spooled(spool, 1, "a")
    await desk.replay()
    before = await engine.read(lambda tx: tx.last_seq())
    spooled(spool, 1, "a")
    await desk.replay()

    assert await engine.read(lambda tx: tx.last_seq()) == before


@pytest.mark.parametrize(
    "rubbish", [b"", b"\r\n\r\n", b"\xff" * 50, b"POST x HTTP/1.0\r\n\r\n{}", b"a b c d\r\n\r\n"]
)
async def test_rubbish_in_the_spool_holds_up_nobody(engine: Engine, spool: Path, rubbish: bytes) -> None:
    (spool / f"{1:020}-7-{len(rubbish)}").write_bytes(rubbish)
    spooled(spool, 2, "b")

    await HookDesk(engine, spool, {}).replay()

    assert await names(engine) == ["b"]
    assert list(spool.iterdir()) == []


async def test_what_the_store_cannot_take_stays_in_the_spool_until_it_can(
    engine: Engine, store: FlakyStore, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "LOOK_S", 0.01)
    desk = HookDesk(engine, spool, {})
    desk._note("UserPromptSubmit", "s", await around())  # a turn runs: its end may be spooled
    path = spooled(spool, 1, "a")
    store.errors = [StorageFull("full"), StorageFull("full")]

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        running = group.create_task(desk.run())
        while path.exists():
            await asyncio.to_thread(path.exists)
        running.cancel()

    assert store.errors == []
    assert await names(engine) == ["a"]


async def around() -> object:
    return await hooks.surroundings("Stop", {}, {}, None, live=True)
