"""The words about people's attention, and about what wants some."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from daemon.core import model as m
from daemon.store.rows import when

N = TypeVar("N")


class AttentionWords:
    """A part of ``Words``."""

    def attentions(self) -> Sequence[m.Attention]:
        return self._all(m.Attention, "SELECT * FROM attention ORDER BY rowid")

    def attentions_due(self, now: datetime) -> Sequence[m.Attention]:
        sql = "SELECT * FROM attention WHERE wakes_at <= ? ORDER BY wakes_at, rowid"
        return self._all(m.Attention, sql, when(now))

    def kept(self, person: str) -> Sequence[m.Delivery]:
        sql = "SELECT * FROM delivery WHERE kept = ? AND kept != '' AND told_in = '' AND state = 'held' ORDER BY seq"
        return self._all(m.Delivery, sql, person)

    def told_in(self, envelope_id: str) -> Sequence[m.Delivery]:
        sql = "SELECT * FROM delivery WHERE told_in = ? AND told_in != '' AND state = 'held' ORDER BY seq"
        return self._all(m.Delivery, sql, envelope_id)

    def escalations_due(self, now: datetime) -> Sequence[m.Escalation]:
        return self._all(m.Escalation, "SELECT * FROM escalation WHERE at <= ? ORDER BY at, rowid", when(now))

    def stuck(self) -> Sequence[m.Delivery]:
        sql = "SELECT * FROM delivery WHERE state IN ('stalled', 'uncertain') ORDER BY peer_id, seq"
        return self._all(m.Delivery, sql)

    def _all(self, kind: type[N], sql: str, *values: Any) -> Sequence[N]:
        raise NotImplementedError
