"""The store: one file, one writing thread, one reading connection.

All steps queue for one thread, which runs as many as are waiting in one commit, each in a savepoint of its own, and
tells them only after the commit is synced (WAL, ``synchronous=FULL``: accepted means on disk, power cut included).
Reads have a connection and a thread of their own that never checkpoints, so a long read never meets a writer.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeVar

from daemon.core.errors import PeerlineError, StorageFull, StoreBusy, VersionMismatch
from daemon.store.interface import Tx
from daemon.store.words import Kept, Words

T = TypeVar("T")

MOST_AT_ONCE: Final = 256
MAGIC: Final = b"SQLite format 3\0"
VERSION_AT: Final = slice(60, 64)  #: of the file: user_version, big endian (sqlite.org/fileformat.html §1.3)
Passed = Callable[[str], None]


@dataclass(slots=True)
class _Waiting:
    step: Callable[[Tx], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class SqliteStore:
    """A ``Store``."""

    def __init__(self, path: Path, *, passed: Passed = lambda _: None) -> None:
        """Open or create the file and bring its schema up to date.

        Raises:
            VersionMismatch: a newer Peerline wrote it; the file is left untouched.
            StoreBusy: it is locked, or no database.

        """
        _refuse_newer(path)
        self._passed = passed
        self._writing: Kept = {}
        self._seen: Kept = {}
        self._seen_at = 0  #: the revision of which ``_seen`` is true
        self._revision = 0  #: of the kinds that are kept; odd while a commit changes them
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        try:
            self._conn = _migrated(
                _open(path, "PRAGMA synchronous = FULL", "PRAGMA wal_autocheckpoint = 1000")
            )
            self._reading = _open(path, "PRAGMA wal_autocheckpoint = 0", "PRAGMA query_only = ON")
        except sqlite3.Error as error:
            raise _named(error) from error
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-reader")
        self._writer = threading.Thread(target=self._write, name="store-writer", daemon=True)
        self._writer.start()

    async def transact(self, step: Callable[[Tx], T]) -> T:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.put(_Waiting(step, loop, future))
        return await future

    async def read(self, step: Callable[[Tx], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reader, self._snapshot, step)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._reader, self._reading.close)
        self._reader.shutdown()
        self._queue.put(None)
        await asyncio.to_thread(self._writer.join)
        self._conn.close()

    def _snapshot(self, step: Callable[[Tx], T]) -> T:
        self._reading.execute("BEGIN")
        try:
            return step(self._words_of_snapshot())
        finally:
            self._reading.execute("ROLLBACK")

    def _words_of_snapshot(self) -> Words:
        """Words that know what earlier snapshots read, if surely none of it was changed since."""
        revision = self._revision
        self._reading.execute(
            "SELECT 1 FROM peer LIMIT 1"
        ).fetchone()  # the snapshot begins with its first look
        if revision % 2 or revision != self._revision:
            return Words(self._reading)
        if revision != self._seen_at:
            self._seen.clear()
            self._seen_at = revision
        return Words(self._reading, self._seen)

    def _write(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                return
            batch, closing = self._drain(first)
            self._commit(batch)
            _tell(batch)
            if closing:
                return

    def _drain(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        batch = [first]
        while len(batch) < MOST_AT_ONCE:
            try:
                following = self._queue.get_nowait()
            except queue.Empty:
                break
            if following is None:
                return batch, True
            batch.append(following)
        return batch, False

    def _commit(self, batch: list[_Waiting]) -> None:
        """Together without savepoints, which nearly always does; else once more, each step in one of its own."""
        words = Words(self._conn, self._writing)
        try:
            if not self._together(batch, words):
                for waiting in batch:
                    self._alone(waiting, words)
            self._passed("store.committing")
            self._revision += words.touched
            self._conn.execute("COMMIT")
            self._passed("store.committed")
        except sqlite3.Error as error:
            # Nothing of the batch is on disk, whatever its steps returned. SQLite may have rolled back already.
            self._undo()
            for waiting in batch:
                waiting.error = waiting.error or _named(error)
        self._revision += self._revision % 2

    def _together(self, batch: list[_Waiting], words: Words) -> bool:
        """Run all, and return True; or False, in a fresh transaction, when a step failed after it had written."""
        self._conn.execute("BEGIN IMMEDIATE")
        for waiting in batch:
            before = self._conn.total_changes
            if not _ran(waiting, words) and self._conn.total_changes != before:
                self._undo()
                self._conn.execute("BEGIN IMMEDIATE")
                return False
        return True

    def _alone(self, waiting: _Waiting, words: Words) -> None:
        self._conn.execute("SAVEPOINT step")
        if not _ran(waiting, words):
            self._conn.execute("ROLLBACK TO step")
            self._writing.clear()
        self._conn.execute("RELEASE step")

    def _undo(self) -> None:
        self._writing.clear()
        if self._conn.in_transaction:
            self._conn.execute("ROLLBACK")


def _ran(waiting: _Waiting, words: Words) -> bool:
    waiting.error = None
    try:
        waiting.result = waiting.step(words)
    except sqlite3.OperationalError:
        raise  # the disk, not the step: it concerns the whole batch
    except Exception as error:  # noqa: BLE001 -- carried to whoever waits for the step, and raised there
        waiting.error = error
    return waiting.error is None


def _tell(batch: list[_Waiting]) -> None:
    """Wake each loop once: every wake is a system call, and a chance to lose the interpreter to another thread."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Waiting]] = {}
    for waiting in batch:
        by_loop.setdefault(waiting.loop, []).append(waiting)
    for loop, told in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, told)


def _settle(batch: list[_Waiting]) -> None:
    for waiting in batch:
        if waiting.future.cancelled():
            continue
        if waiting.error is not None:
            waiting.future.set_exception(waiting.error)
        else:
            waiting.future.set_result(waiting.result)


def _open(path: Path, *pragmas: str) -> sqlite3.Connection:
    conn = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=3)
    conn.row_factory = sqlite3.Row
    try:
        for pragma in ("PRAGMA journal_mode = WAL", *pragmas, "PRAGMA foreign_keys = ON"):
            conn.execute(pragma)
    except sqlite3.Error:
        conn.close()
        raise
    return conn


def _refuse_newer(path: Path) -> None:
    """Look into the file's header without opening it as a database, so that not a byte of it changes."""
    if not path.exists():
        return
    with path.open("rb") as file:
        header = file.read(VERSION_AT.stop)
    if header.startswith(MAGIC) and len(header) == VERSION_AT.stop:
        _refuse(int.from_bytes(header[VERSION_AT]))


def _refuse(version: int) -> None:
    if version > len(migrations()):
        raise VersionMismatch(
            f"the database is of schema {version}, this Peerline knows {len(migrations())}",
            "install the newer Peerline again, or move the home aside",
        )


def migrations() -> list[tuple[str, str]]:
    """(name, SQL) in order; the n-th brings the schema to version n."""
    folder = resources.files("daemon.store") / "migrations"
    files = sorted((each for each in folder.iterdir() if each.name.endswith(".sql")), key=lambda x: x.name)
    return [(each.name, each.read_text(encoding="utf-8")) for each in files]


def _migrated(conn: sqlite3.Connection) -> sqlite3.Connection:
    try:
        _migrate(conn)
    except BaseException:
        conn.close()  # and with it whatever the migration had begun
        raise
    return conn


def _migrate(conn: sqlite3.Connection) -> None:
    version = conn.execute("PRAGMA user_version").fetchone()[0]
    _refuse(version)
    for number, (_, script) in enumerate(migrations()[version:], version + 1):
        conn.execute("BEGIN IMMEDIATE")
        for statement in _statements(script):
            conn.execute(statement)
        conn.execute(f"PRAGMA user_version = {number}")
        conn.execute("COMMIT")
    if version < len(migrations()):
        # Into the file itself: an older Peerline looks there, and a crash may leave it to do so.
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _statements(script: str) -> list[str]:
    found, so_far = [], ""
    for line in script.splitlines(keepends=True):
        so_far += line
        if sqlite3.complete_statement(so_far):
            found.append(so_far)
            so_far = ""
    return found


def _named(error: sqlite3.Error) -> PeerlineError:
    if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL:
        return StorageFull("the disk is full; nothing was accepted", "free some space", after_s=5)
    return StoreBusy(f"the database cannot be written: {error}", "see `peerline doctor`", after_s=1)
