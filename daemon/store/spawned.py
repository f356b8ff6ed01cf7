"""The words about agents that are started from here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from daemon.core import model as m
from daemon.store.rows import when

N = TypeVar("N")


class SpawnWords:
    """A part of ``Words``."""

    def spawns_live(self) -> Sequence[m.Spawn]:
        return self._all(m.Spawn, "SELECT * FROM spawn WHERE ended_at IS NULL ORDER BY rowid")

    def spawns_since(self, at: datetime) -> Sequence[m.Spawn]:
        return self._all(
            m.Spawn, "SELECT * FROM spawn WHERE wanted_at > ? ORDER BY wanted_at, rowid", when(at)
        )

    def spawns_of(self, peer_id: str) -> Sequence[m.Spawn]:
        return self._all(m.Spawn, "SELECT * FROM spawn WHERE peer_id = ? ORDER BY rowid DESC", peer_id)

    def spawn_of_job(self, job_id: str) -> m.Spawn | None:
        sql = "SELECT * FROM spawn WHERE job_id = ? AND job_id != '' ORDER BY rowid DESC LIMIT 1"
        return next(iter(self._all(m.Spawn, sql, job_id)), None)

    def _all(self, kind: type[N], sql: str, *values: Any) -> Sequence[N]:
        raise NotImplementedError
