"""The words about what lies ahead."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from daemon.core import model as m
from daemon.store import pruning
from daemon.store.rows import when

N = TypeVar("N")
FIRST_OF_EACH: Final = 4  #: a peer does one at a time; the next few, should that not be possible
FIRST_OF_A_FOLDER: Final = 64  #: more than may run at once
READY: Final = (
    "SELECT * FROM job WHERE job_id IN (SELECT job_id FROM"
    ' (SELECT job_id, "to", row_number() OVER (PARTITION BY circle, "to", path, backend ORDER BY rowid) AS place'
    "  FROM job AS mine WHERE state = 'queued' AND (due_at IS NULL OR due_at <= ?1) AND (after = '[]' OR NOT EXISTS"
    "   (SELECT 1 FROM json_each(mine.after) LEFT JOIN job AS before ON before.job_id = value"
    "    WHERE before.state IS NOT 'done')))"
    " WHERE place <= CASE WHEN \"to\" = '' THEN ?3 ELSE ?2 END) ORDER BY rowid"
)


class TimeWords:
    """A part of ``Words``."""

    _conn: sqlite3.Connection

    def schedules(self) -> Sequence[m.Schedule]:
        sql = "SELECT * FROM schedule WHERE state != 'removed' ORDER BY next_at IS NULL, next_at, rowid"
        return self._all(m.Schedule, sql)

    def schedules_due(self, now: datetime, limit: int = 100) -> Sequence[m.Schedule]:
        sql = "SELECT * FROM schedule WHERE wakes_at <= ? ORDER BY wakes_at, rowid LIMIT ?"
        return self._all(m.Schedule, sql, when(now), limit)

    def next_alarm(self) -> datetime | None:
        at = self._value(
            "SELECT min(at) FROM (SELECT min(wakes_at) AS at FROM schedule WHERE wakes_at IS NOT NULL"
            " UNION ALL SELECT min(wakes_at) FROM job WHERE wakes_at IS NOT NULL"
            " UNION ALL SELECT min(until_at) FROM account WHERE state = 'limited')"
        )
        return datetime.fromisoformat(at) if at else None

    def occurrences(self, schedule_id: str, limit: int = 20) -> Sequence[m.Occurrence]:
        sql = "SELECT * FROM occurrence WHERE schedule_id = ? ORDER BY due_at DESC LIMIT ?"
        return self._all(m.Occurrence, sql, schedule_id, limit)

    def forget_times(self, before: datetime) -> int:
        return pruning.forget_times(self._conn, before)

    def checkins(self) -> Sequence[m.Checkin]:
        return self._all(m.Checkin, "SELECT * FROM checkin WHERE removed_at IS NULL ORDER BY name")

    def fired_to_self(self, owner: str, since: datetime) -> int:
        sql = (
            "SELECT count(*) FROM occurrence JOIN schedule USING (schedule_id)"
            " WHERE owner = ? AND \"to\" = '[\"me\"]' AND outcome = 'sent' AND decided_at >= ?"
        )
        return int(self._value(sql, owner, when(since)))

    def schedules_made(self, owner: str, since: datetime) -> int:
        sql = "SELECT count(*) FROM schedule WHERE owner = ? AND created_at >= ?"
        return int(self._value(sql, owner, when(since)))

    def jobs(self, owner: str = "", limit: int = 200, *, over: bool = True) -> Sequence[m.Job]:
        sql = (
            "SELECT * FROM job WHERE (?1 = '' OR owner = ?1 OR \"to\" = ?1) AND (?2 OR ended_at IS NULL)"
            " ORDER BY ended_at IS NOT NULL, ended_at DESC, created_at, rowid LIMIT ?3"
        )
        return self._all(m.Job, sql, owner, int(over), limit)

    def jobs_due(self, now: datetime, limit: int = 100) -> Sequence[m.Job]:
        sql = "SELECT * FROM job WHERE wakes_at <= ? ORDER BY wakes_at, rowid LIMIT ?"
        return self._all(m.Job, sql, when(now), limit)

    def jobs_ready(self, now: datetime) -> Sequence[m.Job]:
        return self._all(m.Job, READY, when(now), FIRST_OF_EACH, FIRST_OF_A_FOLDER)

    def jobs_running(self) -> Sequence[m.Job]:
        return self._all(m.Job, "SELECT * FROM job WHERE state = 'running' ORDER BY rowid")

    def jobs_after(self, job_id: str) -> Sequence[m.Job]:
        sql = (
            "SELECT * FROM job WHERE state IN ('queued', 'blocked') AND after != '[]'"
            " AND EXISTS (SELECT 1 FROM json_each(job.after) WHERE value = ?) ORDER BY rowid"
        )
        return self._all(m.Job, sql, job_id)

    def jobs_outside(self) -> Sequence[m.Job]:
        sql = (
            "SELECT * FROM job WHERE claimed = 1"
            " UNION SELECT * FROM job WHERE state = 'running' AND \"to\" = ''"
        )
        return self._all(m.Job, sql)

    def accounts(self) -> Sequence[m.Account]:
        return self._all(m.Account, "SELECT * FROM account ORDER BY name")

    def jobs_going_on(self, owner: str) -> int:
        return int(self._value("SELECT count(*) FROM job WHERE owner = ? AND ended_at IS NULL", owner))

    def reviews_open(self) -> Sequence[m.Review]:
        return self._all(m.Review, "SELECT * FROM review WHERE ended_at IS NULL ORDER BY rowid")

    def reviews_over(self, limit: int = 50) -> Sequence[m.Review]:
        sql = "SELECT * FROM review WHERE ended_at IS NOT NULL ORDER BY ended_at DESC, rowid LIMIT ?"
        return self._all(m.Review, sql, limit)

    def _all(self, kind: type[N], sql: str, *values: Any) -> Sequence[N]:
        raise NotImplementedError

    def _value(self, sql: str, *values: Any) -> Any:
        raise NotImplementedError
