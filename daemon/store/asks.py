"""The words about asks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from daemon.core import model as m
from daemon.store.rows import when

N = TypeVar("N")


class AskWords:
    """A part of ``Words``."""

    @abstractmethod
    def _all(self, kind: type[N], sql: str, *values: Any) -> Sequence[N]: ...

    def open_asks_to(self, peer_id: str) -> Sequence[m.Ask]:
        return self.asks(to=peer_id, limit=-1)

    def open_asks_by(self, peer_id: str) -> Sequence[m.Ask]:
        return self.asks(asker=peer_id, limit=-1)

    def asks(self, *, asker: str = "", to: str = "", limit: int = 200) -> Sequence[m.Ask]:
        sql = (
            "SELECT * FROM ask WHERE ended_at IS NULL AND (?1 = '' OR asker = ?1)"
            """ AND (?2 = '' OR instr("to", '"' || ?2 || '"')) ORDER BY created_at, rowid LIMIT ?3"""
        )
        return self._all(m.Ask, sql, asker, to, limit)

    def overdue_asks(self, now: datetime, limit: int = 200) -> Sequence[m.Ask]:
        sql = "SELECT * FROM ask WHERE ended_at IS NULL AND deadline_at <= ? ORDER BY deadline_at LIMIT ?"
        return self._all(m.Ask, sql, when(now), limit)

    def asks_waited_for(self) -> Sequence[m.Ask]:
        sql = "SELECT * FROM ask WHERE waited_until IS NOT NULL AND ended_at IS NULL ORDER BY waited_until"
        return self._all(m.Ask, sql)

    def talked(self, trace: str, peer_id: str) -> int:
        sql = (
            "SELECT count(*) FROM envelope WHERE talk = 1 AND trace = ?"
            " AND json_extract(sender, '$.peer_id') = ?"
        )
        return self._number(sql, trace, peer_id)

    @abstractmethod
    def _number(self, sql: str, *values: Any) -> int: ...
