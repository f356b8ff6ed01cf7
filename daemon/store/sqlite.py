"""The store: one file, one writing thread, one reading connection.

All steps queue for one thread, which runs as many as are waiting in one commit (once more, each in a savepoint of its
own, where one of them failed), and tells them only after the commit is synced (WAL, ``synchronous=FULL``: accepted
means on disk, power cut included). Reads have a connection and a thread of their own that never checkpoints, so a long
read never meets a writer.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from daemon.store import checking, opening
from daemon.store.interface import Tx
from daemon.store.words import Kept, Words

T = TypeVar("T")

MOST_AT_ONCE: Final = 256
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
            StoreDamaged: it is no database, or a damaged one.
            StorageFull: the disk is.
            StoreBusy: it is locked.

        """
        self._passed = passed
        self._writing: Kept = {}
        self._seen: Kept = {}
        self._seen_at = 0  #: the revision of which ``_seen`` is true
        self._revision = 0  #: of the kinds that are kept; odd while a commit changes them
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._conn = opening.writing(path)
        try:
            checking.look(self._conn)
            self._reading = opening.reading(path)
        except BaseException:
            self._conn.close()
            raise
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
        try:
            self._reading.execute("BEGIN")
            try:
                return step(self._words_of_snapshot())
            finally:
                self._reading.execute("ROLLBACK")
        except opening.REFUSALS as error:
            raise opening.named(error) from error

    def _words_of_snapshot(self) -> Words:
        """Words that know what earlier snapshots read, if surely none of it was changed since."""
        revision = self._revision
        self._reading.execute("SELECT 1 FROM peer LIMIT 1").fetchone()  # begins the snapshot
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
        words = Words(self._conn, self._writing, alone=True)
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
                waiting.error = waiting.error or opening.named(error)
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
    except Exception as error:
        if opening.concerns_all(error):
            raise  # the disk, not the step: it concerns the whole batch
        waiting.error = opening.named(error) if opening.is_refusal(error) else error
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
