"""Forgetting what is over and old, and taking damaged rows out of the way. Each step is small, so nobody waits long.

Rule: what is open is never forgotten, however old; and what is damaged is kept, beside the table it was in.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Final

from daemon.store.rows import when

AT_ONCE: Final = 100  #: messages, or events, for each step
OPEN: Final = "('queued', 'leased', 'held', 'stalled', 'uncertain')"
# What was shown in a chat stays handed for ever; once its own time is up, nothing more can come of it.
LIVING: Final = (
    "SELECT 1 FROM delivery WHERE envelope_id = :id AND"
    f" (state IN {OPEN} OR (state IN ('handed', 'seen') AND expires_at >= :before))"
    " UNION ALL SELECT 1 FROM ask WHERE ask_id = :id AND (ended_at IS NULL OR ended_at >= :before)"
    " UNION ALL SELECT 1 FROM approval WHERE ask_id = :id AND state IN ('asked', 'decided')"
    " UNION ALL SELECT 1 FROM follow WHERE envelope_id = :id AND ended_at IS NULL"
)
GOES: Final = (
    "DELETE FROM part WHERE delivery_id IN (SELECT delivery_id FROM delivery WHERE envelope_id = :id)",
    "DELETE FROM delivery WHERE envelope_id = :id",
    "DELETE FROM approval WHERE ask_id = :id",
    "DELETE FROM ask WHERE ask_id = :id",
    "DELETE FROM event WHERE ref = :id",
    "DELETE FROM envelope WHERE envelope_id = :id",
)


def forget_messages(conn: sqlite3.Connection, before: datetime, after: int) -> int:
    """Forget those of the next few messages that are over; return where the next step goes on, 0 at the end."""
    sql = (
        f"SELECT rowid, envelope_id, created_at FROM envelope WHERE rowid > ? ORDER BY rowid LIMIT {AT_ONCE}"
    )
    rows = conn.execute(sql, (after,)).fetchall()
    old = [row for row in rows if row["created_at"] < when(before)]
    for row in old:
        known = {"id": row["envelope_id"], "before": when(before)}
        if conn.execute(LIVING, known).fetchone() is None:
            for statement in GOES:
                conn.execute(statement, known)
    return int(old[-1]["rowid"]) if old and len(old) == len(rows) else 0


def forget_events(conn: sqlite3.Connection, before: datetime, after: int) -> int:
    """The same for what happened, but to messages that are still known."""
    sql = f"SELECT seq, at, ref FROM event WHERE seq > ? ORDER BY seq LIMIT {AT_ONCE}"
    rows = conn.execute(sql, (after,)).fetchall()
    old = [row for row in rows if row["at"] < when(before)]
    for row in old:
        conn.execute(
            "DELETE FROM event WHERE seq = ? AND NOT EXISTS (SELECT 1 FROM envelope WHERE envelope_id = ?)",
            (row["seq"], row["ref"]),
        )
    return int(old[-1]["seq"]) if old and len(old) == len(rows) else 0


def forget_keys(conn: sqlite3.Connection, before: datetime) -> int:
    """Forget first answers; returns whether there may be more: 1, else 0."""
    sql = (
        "DELETE FROM remembered WHERE (principal, key) IN"
        f" (SELECT principal, key FROM remembered WHERE at < ? LIMIT {AT_ONCE})"
    )
    return int(conn.execute(sql, (when(before),)).rowcount == AT_ONCE)


def forget_incoming(conn: sqlite3.Connection, before: datetime) -> int:
    """Forget what platforms told and is long done; returns whether there may be more: 1, else 0."""
    sql = (
        "DELETE FROM incoming WHERE seq IN"
        f" (SELECT seq FROM incoming WHERE done_at < ? ORDER BY done_at LIMIT {AT_ONCE})"
    )
    return int(conn.execute(sql, (when(before),)).rowcount == AT_ONCE)


def forget_times(conn: sqlite3.Connection, before: datetime) -> int:
    """Forget what schedules said long ago, those with nothing ahead, reviews and starts that are over; 1: more."""
    past = (
        "DELETE FROM occurrence WHERE rowid IN"
        f" (SELECT rowid FROM occurrence WHERE decided_at < ? ORDER BY decided_at LIMIT {AT_ONCE})"
    )
    over = (
        "DELETE FROM schedule WHERE rowid IN (SELECT rowid FROM schedule WHERE wakes_at IS NULL"
        " AND state IN ('over', 'removed') AND coalesce(last_at, created_at) < ?"
        " AND NOT EXISTS (SELECT 1 FROM occurrence WHERE occurrence.schedule_id = schedule.schedule_id)"
        " AND NOT EXISTS (SELECT 1 FROM checkin WHERE checkin.schedule_id = schedule.schedule_id"
        f" AND removed_at IS NULL) LIMIT {AT_ONCE})"
    )
    reviewed = (
        "DELETE FROM review WHERE rowid IN"
        f" (SELECT rowid FROM review WHERE ended_at < ? ORDER BY ended_at LIMIT {AT_ONCE})"
    )
    ended = (
        "DELETE FROM spawn WHERE rowid IN"
        f" (SELECT rowid FROM spawn WHERE ended_at < ? ORDER BY ended_at LIMIT {AT_ONCE})"
    )
    gone = [conn.execute(sql, (when(before),)).rowcount for sql in (past, over, reviewed, ended)]
    return int(AT_ONCE in gone)


def set_aside(conn: sqlite3.Connection, kind: str, rowid: int, at: datetime) -> None:
    """Take a damaged row out of its table, and keep what is left of it as it was found."""
    columns = [f'"{row["name"]}"' for row in conn.execute(f"PRAGMA table_info({kind})")]
    kept = " || x'1f' || ".join(f"coalesce(CAST({column} AS BLOB), x'')" for column in columns)
    conn.execute(
        f"INSERT INTO damaged (kind, id, found_at, content)"
        f" SELECT ?, CAST({columns[0]} AS BLOB), ?, CAST({kept} AS BLOB) FROM {kind} WHERE rowid = ?",
        (kind, when(at), rowid),
    )
    conn.execute(f"DELETE FROM {kind} WHERE rowid = ?", (rowid,))
