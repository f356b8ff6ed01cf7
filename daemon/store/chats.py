"""The reading words that are about chats: conversations, people, groups, and what came from there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeVar

from daemon.core import model as m

N = TypeVar("N")
LOOKS_BACK: Final = 5_000  #: messages of the whole line


class ChatWords:
    """Part of ``Words``."""

    def conversation_at(self, surface: str, address: str) -> m.Conversation | None:
        sql = "SELECT * FROM conversation WHERE surface = ? AND address = ?"
        return self._one(m.Conversation, sql, surface, address)

    def conversations(self, surface: str) -> Sequence[m.Conversation]:
        sql = (
            "SELECT * FROM conversation WHERE surface = ? AND NOT (thread AND peer_id IN"
            " (SELECT peer_id FROM peer WHERE forgotten_at IS NOT NULL)) ORDER BY rowid"
        )
        return self._all(m.Conversation, sql, surface)

    def people(self, surface: str) -> Sequence[m.Person]:
        return self._all(m.Person, "SELECT * FROM person WHERE surface = ? ORDER BY rowid", surface)

    def places(self, surface: str) -> Sequence[m.Place]:
        return self._all(m.Place, "SELECT * FROM place WHERE surface = ? ORDER BY rowid", surface)

    def ended_locks(self) -> Sequence[m.Lock]:
        sql = "SELECT * FROM lock WHERE unlocked_at IS NOT NULL ORDER BY unlocked_at DESC LIMIT 50"
        return self._all(m.Lock, sql)

    def incoming(self, surface: str) -> Sequence[m.Incoming]:
        sql = "SELECT * FROM incoming WHERE surface = ? AND done_at IS NULL ORDER BY seq"
        return self._all(m.Incoming, sql, surface)

    def newest_incoming(self, surface: str) -> Sequence[tuple[str, str]]:
        sql = (
            "SELECT lane, update_id FROM incoming WHERE seq IN"
            " (SELECT max(seq) FROM incoming WHERE surface = ? GROUP BY lane) ORDER BY seq"
        )
        return self._pairs(sql, surface)

    def said_as(self, receipt: str) -> m.Ask | None:
        sql = "SELECT * FROM ask WHERE said_as = ? AND said_as != '' ORDER BY rowid DESC"
        return self._one(m.Ask, sql, receipt)

    def history(self, peer_id: str, limit: int) -> Sequence[m.Envelope]:
        """Without an index of its own, which each message would pay for: so it does not look back for ever."""
        sql = (
            f"SELECT * FROM envelope WHERE rowid > (SELECT max(rowid) - {LOOKS_BACK} FROM envelope)"
            " AND kind IN ('ask', 'answer', 'notice', 'broadcast')"
            """ AND (instr(sender, '"peer_id":"' || ?1 || '"') OR instr("to", '"' || ?1 || '"'))"""
            " AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.envelope_id = envelope.envelope_id"
            " AND delivery.peer_id = ?1 AND delivery.state IN ('queued', 'leased', 'held'))"
            " ORDER BY rowid DESC LIMIT ?2"
        )
        return list(reversed(self._all(m.Envelope, sql, peer_id, limit)))

    def _all(self, kind: type[N], sql: str, *values: Any) -> Sequence[N]:
        raise NotImplementedError

    def _pairs(self, sql: str, *values: Any) -> Sequence[tuple[str, str]]:
        raise NotImplementedError

    def _one(self, kind: type[N], sql: str, *values: Any) -> N | None:
        raise NotImplementedError
