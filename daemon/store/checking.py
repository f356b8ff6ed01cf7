"""Is what lies in the file what was written? A glance at each start, and a whole look for which nobody waits.

The glance reads one way down into each table, and everything of a small file. The whole look takes SQLite's own word on
the structure, and then reads every row that carries a sum, and each that wakes the daemon. It goes in small pieces, so
that others are not held up.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from daemon.core.errors import PeerlineError, StoreDamaged
from daemon.store import opening
from daemon.store.rows import SUMMED, TABLES, WAKING, is_whole

SMALL_BYTES: Final = 4 * 1024 * 1024  #: is read whole at the start: some ten milliseconds
AT_ONCE: Final = 100  #: rows
PAUSE_S: Final = 0.002
OPERATIONS: Final = 100_000  #: of SQLite's machine, between two looks whether it is to end


@dataclass(frozen=True, slots=True)
class Damaged:
    """One row that is not as it was written."""

    kind: str  #: the table
    rowid: int
    ref: str  #: its id, if that can be read


@dataclass(frozen=True, slots=True)
class Found:
    """What a look found. Nothing in either: all is well."""

    problem: str = ""  #: what is wrong with the file as a whole
    damaged: tuple[Damaged, ...] = ()

    @property
    def is_well(self) -> bool:
        return not self.problem and not self.damaged


def look(conn: sqlite3.Connection) -> None:
    """Glance at it before anybody relies on it.

    Raises:
        StoreDamaged: a part of it cannot be read.

    """
    try:
        pages, size = (conn.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        problem = _mended(conn) if pages * size <= SMALL_BYTES else ""
        for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            conn.execute(f'SELECT * FROM "{name}" LIMIT 1').fetchone()
            conn.execute(f'SELECT count(*) FROM (SELECT 1 FROM "{name}" ORDER BY 1 DESC LIMIT 1)').fetchone()
    except opening.REFUSALS as error:
        told = opening.named(error)
        if told.code == StoreDamaged.code and not opening.concerns_all(error):
            return  # one text; the whole look finds which
        raise told from error
    if problem:
        raise StoreDamaged(f"the database is damaged: {problem}", opening.RESTORE)


def examine(path: Path, stop: threading.Event | None = None, *, still: bool = False) -> Found:
    """Look at everything; ``still``: nobody writes to this file. ``stop`` ends it early, with what it has found."""
    stop = stop or threading.Event()
    try:
        conn = opening.untouched(path) if still else opening.reading(path)
    except (PeerlineError, *opening.REFUSALS) as error:
        return Found(str(error))
    try:
        conn.set_progress_handler(stop.is_set, OPERATIONS)
        if problem := _structure(conn):
            return Found(problem)
        conn.text_factory = _forgiving
        return Found("", tuple(_rows(conn, stop)))
    except opening.REFUSALS as error:
        return Found("" if stop.is_set() else str(opening.named(error)))
    finally:
        conn.close()


def mend_indexes(conn: sqlite3.Connection) -> None:
    """An index says nothing that its table does not say: it is made anew, and nothing is lost."""
    conn.execute("REINDEX")


def _structure(conn: sqlite3.Connection) -> str:
    """The first thing that is wrong; tables against their indexes too."""
    found = str(conn.execute("PRAGMA integrity_check(1)").fetchone()[0])
    return "" if found == "ok" else found


def _mended(conn: sqlite3.Connection) -> str:
    problem = _structure(conn)
    if is_of_an_index(problem):
        mend_indexes(conn)
        return _structure(conn)
    return problem


def is_of_an_index(problem: str) -> bool:
    return " index " in problem


def _rows(conn: sqlite3.Connection, stop: threading.Event) -> Iterator[Damaged]:
    for kind in sorted(SUMMED | WAKING, key=lambda each: each.__name__):
        after = -(2**63)
        while rows := _piece(conn, TABLES[kind], after):
            yield from (_told(kind, row) for row in rows if not is_whole(kind, row))
            after = rows[-1]["rowid"]
            if stop.wait(PAUSE_S):
                return


def _piece(conn: sqlite3.Connection, table: str, after: int) -> list[sqlite3.Row]:
    sql = f"SELECT rowid, * FROM {table} WHERE rowid > ? ORDER BY rowid LIMIT {AT_ONCE}"
    return conn.execute(sql, (after,)).fetchall()


def _told(kind: Any, row: sqlite3.Row) -> Damaged:
    return Damaged(TABLES[kind], row["rowid"], str(row[1]))


def _forgiving(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
