"""What the crowd stands on: the real words over a real SQLite, in memory, with every row that is touched noted.

Triggers of the connection's own note them, so what a step wrote is known without asking whoever wrote it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, TypeVar

from daemon.core.errors import StorageFull
from daemon.core.nouns import Noun
from daemon.store.opening import migrations
from daemon.store.words import Kept, Words

T = TypeVar("T")
Row = dict[str, Any]
UNSEEN = frozenset({"remembered"})  #: tables without a rowid


class Ground:
    """A ``Store``, whose steps run at once."""

    def __init__(self) -> None:
        self.conn = sqlite3.connect(":memory:", isolation_level=None)
        self.conn.row_factory = sqlite3.Row
        for _, script in migrations():
            self.conn.executescript(script)
        self._kept: Kept = {}
        self.tables = _watched(self.conn)
        self.full_after: int | None = None  #: so many rows fit on the disk in the next step

    async def transact(self, step: Callable[[Any], T]) -> T:
        words = _Filling(self.conn, self._kept, alone=True)
        words.room, self.full_after = self.full_after, None
        self.conn.execute("BEGIN")
        try:
            result = step(words)
        except BaseException:
            self._kept.clear()
            self.conn.execute("ROLLBACK")
            raise
        self.conn.execute("COMMIT")
        return result

    async def read(self, step: Callable[[Any], T]) -> T:
        return self.look(step)

    def look(self, step: Callable[[Any], T]) -> T:
        return step(Words(self.conn, self._kept))

    async def close(self) -> None:
        self.conn.close()

    def forgets(self) -> None:
        """Another process begins: it remembers nothing."""
        self._kept.clear()

    def touched(self) -> dict[tuple[str, int], Row | None]:
        """Every row that was written since the last look, as it is now; None: it is gone."""
        found = self.conn.execute("SELECT DISTINCT name, at FROM temp.touched").fetchall()
        if found:
            self.conn.execute("DELETE FROM temp.touched")
        return {(name, at): self._row(name, at) for name, at in found}

    def _row(self, name: str, at: int) -> Row | None:
        row = self.conn.execute(f'SELECT * FROM main."{name}" WHERE rowid = ?', (at,)).fetchone()  # noqa: S608 -- a table of ours
        return dict(row) if row else None


class _Filling(Words):
    """Words over a disk that may be full after some more rows."""

    room: int | None = None

    def put(self, noun: Noun) -> None:
        if self.room is not None:
            self.room -= 1
            if self.room < 0:
                raise StorageFull("the disk is full", "make room", after_s=1)
        super().put(noun)


class Watch:
    """A ``Clock`` that goes when it is told to."""

    def __init__(self, begin: datetime) -> None:
        self._begin = begin
        self._passed = timedelta()

    def now(self) -> datetime:
        return self._begin + self._passed

    def steady(self) -> timedelta:
        return self._passed

    def goes_to(self, at: datetime) -> None:
        self._passed = max(self._passed, at - self._begin)


def _watched(conn: sqlite3.Connection) -> tuple[str, ...]:
    conn.execute("CREATE TEMP TABLE touched (name TEXT NOT NULL, at INTEGER NOT NULL)")
    named = "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    tables = [row["name"] for row in conn.execute(named) if row["name"] not in UNSEEN]
    for table in tables:
        with suppress(sqlite3.OperationalError):  # a view, or a table of another kind
            for verb, which in (("INSERT", "new"), ("UPDATE", "new"), ("DELETE", "old")):
                noted = f"BEGIN INSERT INTO touched VALUES ('{table}', {which}.rowid); END"  # noqa: S608 -- as above
                conn.execute(f'CREATE TEMP TRIGGER "{verb}_{table}" AFTER {verb} ON main."{table}" {noted}')
    return tuple(tables)
