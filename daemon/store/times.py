"""The words about what lies ahead."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from daemon.core import model as m
from daemon.store import pruning
from daemon.store.rows import when

N = TypeVar("N")


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
        at = self._value("SELECT min(wakes_at) FROM schedule WHERE wakes_at IS NOT NULL")
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

    def _all(self, kind: type[N], sql: str, *values: Any) -> Sequence[N]:
        raise NotImplementedError

    def _value(self, sql: str, *values: Any) -> Any:
        raise NotImplementedError
