"""The store looked after: backups while something changes, what is over forgotten, damage found and told.

Nothing changed, nothing scheduled: the next backup is an hour after the first event that the last one does not have.
All that reads much does so on a connection and a thread of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from daemon.core.errors import StorageFull, StoreDamaged, Unavailable
from daemon.engine.engine import Engine
from daemon.engine.feed import EVENTS, TROUBLE
from daemon.store import backups, checking, watching
from daemon.store.interface import Tx
from daemon.store.opening import RESTORE, TRIES_AGAIN_S

EVERY: Final = timedelta(hours=1)
CHECKED_FOR: Final = timedelta(days=1)  #: as long as there are new copies: they are checked, so the file is
KEYS_KEPT: Final = timedelta(days=7)
log = logging.getLogger(__name__)


class Complaint(NamedTuple):
    """Something about the store that a person should know; ``grave``: the line does not work as it should."""

    sentence: str
    grave: bool = False


class Upkeep:
    """Args: ``cut_off``: the last run did not end in order; ``keep``: how long what is over is kept."""

    def __init__(
        self,
        engine: Engine,
        database: Path,
        folder: Path,
        *,
        keep: timedelta,
        cut_off: bool,
        every: timedelta = EVERY,
    ) -> None:
        self._engine = engine
        self._database = database
        self._folder = folder
        self._keep = keep
        self._cut_off = cut_off
        self._every = every
        self._stop = threading.Event()
        self._problem = ""
        self._lost: list[str] = []
        self._unkept = ""

    async def run(self) -> None:
        """Look after it until cancelled."""
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._mending())
                both.create_task(self._keeping())
        finally:
            self._stop.set()  # what reads in a thread ends at its next pause

    def complaints(self) -> list[Complaint]:
        """What is wrong now."""
        told = []
        if isinstance(self._engine.trouble, StorageFull):
            told.append(Complaint("the disk is full: nothing is accepted until there is room", grave=True))
        if self._problem:
            told.append(Complaint(f"the database is damaged: {self._problem}; {RESTORE}", grave=True))
        if self._lost:
            lost = ", ".join(self._lost)
            told.append(Complaint(f"damaged on the disk, and shown to nobody: {lost}", grave=True))
        if self._unkept:
            told.append(Complaint(f"the last backup failed: {self._unkept}"))
        return [*told, *(Complaint(sentence) for _, sentence in watching.room(self._database))]

    async def _mending(self) -> None:
        with self._engine.feed.watching(TROUBLE) as watch:
            while await watch.wait():
                watch.take()
                if self._engine.trouble is not None:
                    await self._wait_for_room()
                elif not self._problem:  # a broken file does not get better by looking
                    await self._look()

    async def _wait_for_room(self) -> None:
        log.warning("the store cannot be written: %s", self._engine.trouble)
        while self._engine.trouble is not None:
            await asyncio.sleep(TRIES_AGAIN_S)
            try:
                await self._engine.try_writing()
            except Unavailable as error:
                log.debug("not yet: %s", error)
        log.warning("the store can be written again")

    async def _keeping(self) -> None:
        with self._engine.feed.watching(EVENTS) as watch:
            await self._begin()
            due = await self._engine.look(self._due)
            while True:
                if due is None:
                    await watch.wait()
                    due = self._engine.clock.now() + self._every
                await asyncio.sleep(max(0.0, (due - self._engine.clock.now()).total_seconds()))
                watch.take()
                await self._round()
                due = None

    async def _begin(self) -> None:
        await self._tidied()
        newest = next(iter(backups.found(self._folder)), None)
        now = self._engine.clock.now()
        if self._cut_off or (newest and now - newest.made_at > CHECKED_FOR):
            await self._look()

    def _due(self, tx: Tx) -> datetime | None:
        """When the next backup is due: soon enough for the oldest event that the last one does not have."""
        newest = next(iter(backups.found(self._folder)), None)
        last = tx.feed(tx.last_seq() - 1, 1)
        if not last or (newest and last[0].at <= newest.made_at):
            return None
        first = newest.made_at if newest else tx.feed(tx.first_seq() - 1, 1)[0].at
        return first + self._every

    async def _round(self) -> None:
        await self._tidied()
        try:
            await self._backed_up()
        except StoreDamaged:
            await self._look()
            await self._once_more()
        except (OSError, sqlite3.Error, Unavailable, backups.Interrupted) as error:
            self._failed(error)

    async def _once_more(self) -> None:
        """What was damaged in a sound file is out of the way by now."""
        try:
            await self._backed_up()
        except (OSError, sqlite3.Error, Unavailable, backups.Interrupted) as error:
            self._failed(error)

    async def _backed_up(self) -> None:
        now = self._engine.clock.now()
        made = await asyncio.to_thread(backups.make, self._database, self._folder, now, self._stop)
        self._unkept = ""
        log.info("backed up: %s, %d bytes", made.path.name, made.size)

    def _failed(self, error: Exception) -> None:
        self._unkept = str(error)
        log.warning("the backup failed, and is tried again in an hour: %s", error)
        self._engine.feed.touch((EVENTS,))

    async def _tidied(self) -> None:
        try:
            await self._engine.tidy(keys=KEYS_KEPT, messages=self._keep)
        except Unavailable as error:
            log.warning("what is over is forgotten later: %s", error)

    async def _look(self) -> None:
        """Look at everything; what is damaged in a sound file is taken out of the way, and its people are told."""
        seen = await self._seen()
        if checking.is_of_an_index(seen.problem):
            log.error("an index is damaged, and made anew: %s", seen.problem)
            with contextlib.suppress(Unavailable):  # then it is as broken as it was
                await self._engine.mend_indexes()
            seen = await self._seen()
        if seen.problem and seen.problem != self._problem:
            log.error("the database is damaged: %s; %s", seen.problem, RESTORE)
        self._problem = seen.problem
        for each in seen.damaged:
            log.error("%s %s is damaged on the disk; it is set aside", each.kind, each.ref)
            self._lost.append(each.ref)
            try:
                await self._engine.lose(each.kind, each.rowid, each.ref, "it was damaged on the disk")
            except Unavailable as error:
                log.warning("it stays where it is for now: %s", error)

    async def _seen(self) -> checking.Found:
        return await asyncio.to_thread(checking.examine, self._database, self._stop)
