"""The file behind the store: what is synced, who checkpoints, what is refused, and what a full disk does."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from daemon.core.errors import StorageFull, StoreBusy, StoreDamaged, Unavailable, VersionMismatch
from daemon.core.model import Event
from daemon.store import opening, watching
from daemon.store.interface import Tx
from daemon.store.sqlite import SqliteStore
from tests.contracts.test_store import NOON, peer

BIG = "x" * 4000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "peerline.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    made = SqliteStore(path)
    yield made
    await made.close()


def telling(text: str = BIG) -> Callable[[Tx], None]:
    return lambda tx: tx.tell(Event("told", "m-1", "p-b", text), NOON)


def wal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


async def pragma(store: SqliteStore, name: str) -> object:
    return await store.transact(lambda tx: store._conn.execute(f"PRAGMA {name}").fetchone()[0])


async def test_every_commit_is_synced_and_the_log_is_written_ahead(store: SqliteStore) -> None:
    assert await pragma(store, "synchronous") == 2  # FULL
    assert await pragma(store, "journal_mode") == "wal"
    assert await pragma(store, "foreign_keys") == 1


async def test_those_that_wait_together_share_one_commit(path: Path) -> None:
    passed: list[str] = []
    store = SqliteStore(path, passed=passed.append)
    begun, go_on = threading.Event(), threading.Event()

    def first(tx: Tx) -> None:
        begun.set()
        assert go_on.wait(10)

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(store.transact(first))
        await asyncio.to_thread(begun.wait, 10)
        for _ in range(20):
            group.create_task(store.transact(telling("x")))
        await store.read(lambda tx: None)
        go_on.set()

    assert await store.read(lambda tx: tx.last_seq()) == 20
    await store.close()
    assert passed == ["store.committing", "store.committed"] * 2


async def test_nobody_is_told_before_the_commit_is_done(path: Path) -> None:
    """Whoever asks another connection at the moment it is told, finds it."""
    store = SqliteStore(path)
    other = sqlite3.connect(path)
    for n in range(1, 4):
        await store.transact(telling("x"))
        assert other.execute("SELECT count(*) FROM event").fetchone() == (n,)
    other.close()
    await store.close()


async def test_the_reading_connection_neither_writes_nor_checkpoints(store: SqliteStore, path: Path) -> None:
    reading = store._reading
    look = lambda name: reading.execute(f"PRAGMA {name}").fetchone()[0]  # noqa: E731
    told = await store.read(lambda tx: (look("wal_autocheckpoint"), look("query_only")))
    assert told == (0, 1)

    for _ in range(50):
        await store.transact(telling())
    before = wal(path).stat().st_size
    assert before > 50 * len(BIG)
    await asyncio.get_running_loop().run_in_executor(store._reader, reading.close)
    assert wal(path).stat().st_size == before
    assert path.stat().st_size < before


async def test_a_long_read_holds_up_the_checkpoint_and_no_writer(store: SqliteStore, path: Path) -> None:
    looked, go_on = threading.Event(), threading.Event()

    def looking(tx: Tx) -> int:
        seen = tx.last_seq()
        looked.set()
        assert go_on.wait(10)
        return seen

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        reading = group.create_task(store.read(looking))
        await asyncio.to_thread(looked.wait, 10)
        await store.transact(lambda tx: [telling()(tx) for _ in range(1500)])
        await store.transact(telling())
        go_on.set()
    assert reading.result() == 0
    assert await store.read(lambda tx: tx.last_seq()) == 1501


async def test_a_log_that_somebody_kept_long_becomes_short_once_they_go(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM event").fetchone()
    for _ in range(12):
        await store.transact(lambda tx: [telling()(tx) for _ in range(200)])
    assert wal(path).stat().st_size > 2 * opening.LOG_KEPT
    monkeypatch.setattr(watching, "LONG_LOG_BYTES", 2 * opening.LOG_KEPT)
    assert "long_log" in dict(watching.room(path))

    other.execute("ROLLBACK")
    other.close()
    for _ in range(3):
        await store.transact(telling())
    assert wal(path).stat().st_size <= opening.LOG_KEPT + 100_000
    assert "long_log" not in dict(watching.room(path))


@pytest.mark.rig
async def test_a_minute_of_writing_beside_somebody_who_reads_for_as_long(
    store: SqliteStore, path: Path
) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM event").fetchone()
    until, count = time.monotonic() + 60, 0
    while time.monotonic() < until:
        async with asyncio.TaskGroup() as senders:
            for _ in range(20):
                senders.create_task(store.transact(telling("x" * 500)))
        count += 20
    longest = wal(path).stat().st_size
    other.execute("ROLLBACK")
    other.close()
    began = time.monotonic()
    await store.transact(telling())
    took = time.monotonic() - began
    for _ in range(3):
        await store.transact(telling())
    short = wal(path).stat().st_size
    print(
        f"{count / 60:.0f}/s; log {longest >> 20} MB, then {short >> 20} MB; the commit between took {took:.3f} s"
    )
    assert short <= opening.LOG_KEPT + 100_000


async def test_a_newer_database_is_refused_and_not_a_byte_of_it_changes(path: Path) -> None:
    store = SqliteStore(path)
    await store.transact(lambda tx: tx.put(peer("b")))
    await store.close()
    known = len(opening.migrations())
    with sqlite3.connect(path) as conn:
        conn.execute(f"PRAGMA user_version = {known + 1}")
    conn.close()
    before = fingerprint(path.parent)

    with pytest.raises(VersionMismatch, match=f"schema {known + 1}, this Peerline knows {known}") as refused:
        SqliteStore(path)

    assert fingerprint(path.parent) == before
    assert list(path.parent.iterdir()) == [path]
    assert "newer Peerline" in refused.value.hint


async def test_the_version_stands_in_the_file_itself_from_the_start(store: SqliteStore, path: Path) -> None:
    """Else an older Peerline that comes after a crash would have to open the log to learn that it must not."""
    assert int.from_bytes(path.read_bytes()[opening.VERSION_AT]) == len(opening.migrations())


def fingerprint(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        each.name: (hashlib.sha256(each.read_bytes()).hexdigest(), each.stat().st_mtime_ns)
        for each in folder.iterdir()
    }


def test_what_is_no_database_is_refused_untouched(path: Path) -> None:
    path.write_bytes(b"my diary\n" * 200)
    before = path.read_bytes()

    with pytest.raises(StoreDamaged, match="not a database"):
        SqliteStore(path)

    assert path.read_bytes() == before


async def test_each_migration_is_one_transaction(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = opening.migrations()
    second = (
        "9998_more.sql",
        "CREATE TABLE more (a TEXT); -- with a; in its comment\nINSERT INTO more VALUES (';');",
    )
    broken = ("9999_broken.sql", "CREATE TABLE half (a TEXT);\nINSERT INTO nowhere VALUES (1);")
    monkeypatch.setattr(opening, "migrations", lambda: [*first, second, broken])

    with pytest.raises(Unavailable, match="nowhere"):
        SqliteStore(path)

    conn = sqlite3.connect(path)
    tables = {row[0] for row in conn.execute("SELECT name FROM sqlite_master")}
    assert {"peer", "more"} <= tables
    assert "half" not in tables
    assert conn.execute("PRAGMA user_version").fetchone() == (len(first) + 1,)
    assert conn.execute("SELECT a FROM more").fetchall() == [(";",)]
    conn.close()

    monkeypatch.setattr(opening, "migrations", lambda: [*first, second])
    store = SqliteStore(path)  # mended, it goes on from where it was
    await store.transact(telling("x"))
    await store.close()


def test_every_statement_of_the_migrations_is_run() -> None:
    for _, script in opening.migrations():
        told = "".join(opening._statements(script))
        assert script.startswith(told)
        left = script[len(told) :]
        assert not [line for line in left.splitlines() if line and not line.startswith("--")]


def test_migrations_are_numbered_without_a_gap() -> None:
    numbers = [int(name[:4]) for name, _ in opening.migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_a_file_that_is_full_refuses_by_name_and_takes_again_once_there_is_room(
    store: SqliteStore,
) -> None:
    await store.transact(telling("before"))
    pages = await pragma(store, "page_count")
    await pragma(store, f"max_page_count = {pages}")

    with pytest.raises(StorageFull, match="disk is full") as refused:
        await store.transact(lambda tx: [telling()(tx) for _ in range(500)])
    assert refused.value.after_s
    assert await store.read(lambda tx: [each.event.what for each in tx.feed(0, 10)]) == ["before"]

    await pragma(store, "max_page_count = 100000")
    await store.transact(telling("after"))
    assert await store.read(lambda tx: [each.event.what for each in tx.feed(0, 10)]) == ["before", "after"]


async def test_all_that_share_a_commit_with_a_full_disk_are_refused(store: SqliteStore) -> None:
    """Nothing of the commit is on disk, so nobody in it may believe that theirs is."""
    pages = await pragma(store, "page_count")
    await pragma(store, f"max_page_count = {pages}")
    begun, go_on = threading.Event(), threading.Event()

    def first(tx: Tx) -> None:
        begun.set()
        assert go_on.wait(10)

    def small(tx: Tx) -> str:
        return "small"

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(store.transact(first))
        await asyncio.to_thread(begun.wait, 10)
        steps = [small, lambda tx: [telling()(tx) for _ in range(500)], small]
        told = [group.create_task(refusal(store, step)) for step in steps]
        await store.read(lambda tx: None)
        go_on.set()

    assert [each.result() for each in told] == [StorageFull] * 3


async def refusal(store: SqliteStore, step: Callable[[Tx], object]) -> object:
    try:
        return await store.transact(step)
    except Unavailable as error:
        return type(error)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    if os.getuid() or not Path("/proc/mounts").exists():
        pytest.skip("needs to mount a small disk")
    with tempfile.TemporaryDirectory(prefix="pl-disk-") as folder:
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True, check=False
        )
        if made.returncode:
            pytest.skip(f"cannot mount: {made.stderr.decode()}")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


async def test_on_a_full_disk_what_was_accepted_stays_reads_live_and_it_recovers(small_disk: Path) -> None:
    store = SqliteStore(small_disk / "peerline.db")
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(300_000))
    accepted = await filled(store)
    assert accepted > 10
    assert await store.read(lambda tx: tx.last_seq()) == accepted
    with pytest.raises(StorageFull):
        await store.transact(telling())

    ballast.unlink()
    await store.transact(telling("again"))
    assert await store.read(lambda tx: [each.event.what for each in tx.feed(accepted, 10)]) == ["again"]
    await store.close()
    conn = sqlite3.connect(small_disk / "peerline.db")
    assert conn.execute("PRAGMA quick_check").fetchone() == ("ok",)
    assert conn.execute("SELECT count(*) FROM event").fetchone() == (accepted + 1,)
    conn.close()


async def filled(store: SqliteStore) -> int:
    """How many it accepted before it was full."""
    accepted = 0
    while await refusal(store, telling()) is not StorageFull:
        accepted += 1
    return accepted


async def test_a_store_that_somebody_else_holds_says_so_and_goes_on_later(
    store: SqliteStore, path: Path
) -> None:
    await store.transact(lambda tx: store._conn.execute("PRAGMA busy_timeout = 0").fetchone())
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreBusy, match="locked"):
        await store.transact(telling())
    assert await store.read(lambda tx: tx.last_seq()) == 0

    other.execute("ROLLBACK")
    other.close()
    await store.transact(telling())


async def test_the_files_are_for_their_user_alone(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        store = SqliteStore(tmp_path / "peerline.db")
        await store.transact(telling())
        assert {each.stat().st_mode & 0o777 for each in tmp_path.iterdir()} == {0o600}
        assert len(list(tmp_path.iterdir())) == 3
        await store.close()
    finally:
        os.umask(before)


async def test_what_was_in_doubt_before_doubts_were_counted_does_not_come_again(path: Path) -> None:
    conn = sqlite3.connect(path, isolation_level=None)
    for _, script in opening.migrations()[:4]:
        conn.executescript(script)
    conn.execute("PRAGMA user_version = 4")
    conn.execute(
        "INSERT INTO delivery (delivery_id, envelope_id, peer_id, kind, state, due_at, expires_at, attempts, road,"
        " mark, receipt, reason, urgency) VALUES ('d-1', 'm-1', 'p-1', 'notice', 'uncertain',"
        " '2026-01-01T00:00:00.000000+00:00', '2099-01-01T00:00:00.000000+00:00', 1, 'chat', '', '', '', 'normal')"
    )
    conn.close()
    store = SqliteStore(path)
    assert await store.read(lambda tx: tx.next_shown("p-1")) is None
    await store.close()
