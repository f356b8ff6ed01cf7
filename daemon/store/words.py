"""The words a step may use, over one connection. Each is one statement."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from daemon.core import model as m
from daemon.core.nouns import KEYS, Noun
from daemon.core.rules.auditing import is_recorded
from daemon.store import checking, pruning, showing
from daemon.store.asks import AskWords
from daemon.store.chats import ChatWords
from daemon.store.interface import Remembered
from daemon.store.minds import AttentionWords
from daemon.store.rows import keyed, reader, table, to_row, told_from, when
from daemon.store.spawned import SpawnWords
from daemon.store.times import TimeWords

N = TypeVar("N")

WAITS: Final = ("queued", "leased", "held")
WAITING: Final = f"state IN {WAITS}"
LIVING: Final = "state IN ('queued', 'held', 'handed', 'stalled', 'uncertain')"
#: Looked at with every message and seldom changed.
KEPT_KINDS: Final = frozenset({m.Peer, m.Session, m.Conversation, m.Circle, m.Rota, m.Account, m.Attention})
MOST_KEPT: Final = 20_000
#: What was read or written of those kinds, None included; and under ``NAMED``, peers by name, all of them by none.
Kept = dict[Any, Any]
NAMED: Final = "named"
COUNTED: Final = "counted"  #: with a peer's id: how much waits for it


class Words(ChatWords, TimeWords, AttentionWords, SpawnWords, AskWords):
    """A ``Tx`` over a SQLite connection.

    Args:
        conn: the connection.
        kept: what need not be read again; whoever passes it clears it when it may no longer be true.
        alone: nobody but who passes ``kept`` writes, so that what was counted once can be counted on.

    """

    def __init__(self, conn: sqlite3.Connection, kept: Kept | None = None, *, alone: bool = False) -> None:
        self._conn = conn
        self._kept = {} if kept is None else kept
        self._alone = alone
        self.touched = False  #: something of the kept kinds was written

    def get(self, kind: type[Noun], *key: Any) -> Any:
        if kind not in KEPT_KINDS:
            return self._got(kind, *key)
        where = (kind, *key)
        if where not in self._kept:
            self._keep(where, self._got(kind, *key))
        return self._kept[where]

    def _got(self, kind: type[Noun], *key: Any) -> Any:
        return next(iter(self._rows(kind, table(kind).get, *map(keyed, key))), None)

    def _keep(self, where: Any, what: Any) -> None:
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[where] = what

    def put(self, noun: Noun) -> None:
        if self._alone and isinstance(noun, m.Delivery):
            self._count(noun)
        self._conn.execute(table(type(noun)).put, to_row(noun))
        if isinstance(noun, m.Delivery) and noun.parts:
            self._conn.execute(showing.PART, (noun.peer_id, noun.parts[-1], noun.delivery_id))
        if type(noun) in KEPT_KINDS:
            self.touched = True
            self._keep((type(noun), *(getattr(noun, name) for name in KEYS[type(noun)])), noun)
        if isinstance(noun, m.Peer):
            self._kept.pop(NAMED, None)

    def _count(self, delivery: m.Delivery) -> None:
        """What waits for its peer is about to become more or less by one, or not."""
        counted = (COUNTED, delivery.peer_id)
        if counted in self._kept:
            sql = f"SELECT {WAITING} FROM delivery WHERE delivery_id = ?"
            before = self._conn.execute(sql, (delivery.delivery_id,)).fetchone()
            self._kept[counted] += (delivery.state in WAITS) - (before[0] if before else 0)

    def peers(self) -> Sequence[m.Peer]:
        return self._listed("", "SELECT * FROM peer WHERE forgotten_at IS NULL ORDER BY rowid")

    def peers_named(self, name: str) -> Sequence[m.Peer]:
        sql = "SELECT * FROM peer WHERE name = ? AND forgotten_at IS NULL ORDER BY rowid"
        return self._listed(name, sql, name)

    def _listed(self, name: str, sql: str, *values: str) -> Sequence[m.Peer]:
        named = self._kept.setdefault(NAMED, {})
        if name in named:
            found: Sequence[m.Peer] = named[name]
            return found
        if found := self._all(m.Peer, sql, *values):  # names that nobody has are without number
            named[name] = found
        return found

    def session_of_process(self, pid: int, started: int) -> m.Session | None:
        sql = (
            "SELECT * FROM session WHERE pid = ? AND started = ? ORDER BY ended_at IS NULL DESC, turn_at DESC"
        )
        return self._one(m.Session, sql, pid, started)

    def marked(self, mark: str) -> m.Delivery | None:
        return self._one(m.Delivery, "SELECT * FROM delivery WHERE mark = ? AND mark != ''", mark)

    def deliveries_of(self, envelope_id: str) -> Sequence[m.Delivery]:
        return self._all(m.Delivery, "SELECT * FROM delivery WHERE envelope_id = ? ORDER BY seq", envelope_id)

    def waiting(self, peer_id: str, limit: int = 50) -> Sequence[m.Delivery]:
        sql = f"SELECT * FROM delivery WHERE peer_id = ? AND {WAITING} ORDER BY seq LIMIT ?"
        return self._all(m.Delivery, sql, peer_id, limit)

    def next_shown(self, peer_id: str) -> m.Delivery | None:
        return self._one(m.Delivery, showing.NEXT, peer_id)

    def changes_waiting(self, peer_id: str, card: str) -> Sequence[m.Delivery]:
        return self._all(m.Delivery, showing.CHANGES, peer_id, card)

    def waiting_count(self, peer_id: str) -> int:
        """A count over thousands of rows, asked twice with every message: the writer keeps it."""
        counted = (COUNTED, peer_id)
        if self._alone and counted in self._kept:
            return int(self._kept[counted])
        found = self._number(f"SELECT count(*) FROM delivery WHERE peer_id = ? AND {WAITING}", peer_id)
        if self._alone:
            self._keep(counted, found)
        return found

    def handed(self, peer_id: str, *, session_id: str = "", receipt: str = "") -> Sequence[m.Delivery]:
        sql = "SELECT * FROM delivery WHERE peer_id = ? AND state = 'handed' ORDER BY seq"
        return [
            delivery
            for delivery in self._all(m.Delivery, sql, peer_id)
            if session_id in {"", delivery.session_id} and receipt in {"", delivery.receipt}
        ]

    def shown(self, peer_id: str, receipt: str) -> m.Delivery | None:
        return self._one(m.Delivery, showing.SHOWN, peer_id, receipt)

    def unsettled(self, now: datetime, limit: int = 200) -> Sequence[m.Delivery]:
        at = when(now)
        sql = (
            "SELECT * FROM delivery WHERE state = 'leased' AND leased_until <= ?1"
            " UNION ALL SELECT * FROM delivery WHERE state = 'handed' AND due_at <= ?1"
            f" UNION SELECT * FROM delivery WHERE {LIVING} AND expires_at <= ?1 AND due_at < '9999' LIMIT ?2"
        )
        return self._all(m.Delivery, sql, at, limit)

    def leased(self, holder_prefix: str) -> Sequence[m.Delivery]:
        sql = "SELECT * FROM delivery WHERE state = 'leased' AND holder LIKE ? || '%' ORDER BY seq"
        return self._all(m.Delivery, sql, holder_prefix)

    def approvals(self, session_id: str = "") -> Sequence[m.Approval]:
        # Two statements: only one that always names the session finds it by the index.
        sql = "SELECT * FROM approval WHERE state IN ('asked', 'decided')"
        if not session_id:
            return self._all(m.Approval, f"{sql} ORDER BY asked_at, rowid")
        return self._all(m.Approval, f"{sql} AND session_id = ? ORDER BY asked_at, rowid", session_id)

    def approval_of(self, ask_id: str) -> m.Approval | None:
        return self._one(m.Approval, "SELECT * FROM approval WHERE ask_id = ?", ask_id)

    def errands(self) -> Sequence[m.Errand]:
        return self._all(m.Errand, "SELECT * FROM errand WHERE done_at IS NULL ORDER BY asked_at, rowid")

    def follows(self, peer_id: str) -> Sequence[m.Follow]:
        sql = "SELECT * FROM follow WHERE peer_id = ? AND ended_at IS NULL ORDER BY rowid"
        return self._all(m.Follow, sql, peer_id)

    def follows_due(self, now: datetime) -> Sequence[m.Follow]:
        sql = "SELECT * FROM follow WHERE due_at <= ? AND ended_at IS NULL ORDER BY due_at"
        return self._all(m.Follow, sql, when(now))

    def tell(self, event: m.Event, at: datetime) -> None:
        sql = (
            "INSERT INTO event (at, type, ref, peer_id, what, evidence, detail, audited)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        )
        detail, audited = json.dumps(event.detail), int(is_recorded(event))
        row = (when(at), event.type, event.ref, event.peer_id, event.what, event.evidence, detail, audited)
        self._conn.execute(sql, row)

    def remembered(self, principal: str, key: str) -> Remembered | None:
        sql = "SELECT digest, answer FROM remembered WHERE principal = ? AND key = ?"
        row = self._conn.execute(sql, (principal, key)).fetchone()
        return Remembered(row["digest"], row["answer"]) if row else None

    def remember(self, principal: str, key: str, told: Remembered, at: datetime) -> None:
        sql = "INSERT INTO remembered (principal, key, digest, answer, at) VALUES (?, ?, ?, ?, ?)"
        self._conn.execute(sql, (principal, key, told.digest, told.answer, when(at)))

    def feed(self, after: int, limit: int) -> Sequence[m.Told]:
        sql = "SELECT * FROM event WHERE seq > ? ORDER BY seq LIMIT ?"
        return [told_from(row) for row in self._conn.execute(sql, (after, limit))]

    def audited(self, after: int, limit: int) -> Sequence[m.Told]:
        sql = "SELECT * FROM event WHERE audited = 1 AND seq > ? ORDER BY seq LIMIT ?"
        return [told_from(row) for row in self._conn.execute(sql, (after, limit))]

    def first_seq(self) -> int:
        return self._number("SELECT coalesce(min(seq), 0) FROM event")

    def last_seq(self) -> int:
        return self._number("SELECT coalesce(max(seq), 0) FROM event")

    def told_of(self, ref: str) -> Sequence[m.Told]:
        sql = "SELECT * FROM event WHERE ref = ? ORDER BY seq"
        return [told_from(row) for row in self._conn.execute(sql, (ref,))]

    def unread(self, peer_id: str, limit: int) -> Sequence[tuple[m.Delivery, m.Envelope]]:
        waiting = [(x, self.get(m.Envelope, x.envelope_id)) for x in self.waiting(peer_id, limit)]
        return [(delivery, envelope) for delivery, envelope in waiting if envelope]

    def carriable(self, since: datetime, until: datetime) -> Sequence[str]:
        waits = f"{LIVING} AND {showing.SHOWABLE}"
        sql = f"SELECT DISTINCT peer_id FROM delivery WHERE {waits} AND due_at > ? AND due_at <= ?"
        return [row["peer_id"] for row in self._conn.execute(sql, (when(since), when(until)))]

    def next_due(self, now: datetime) -> datetime | None:
        sql = (
            "SELECT min(at) FROM ("
            "SELECT min(leased_until) AS at FROM delivery WHERE state = 'leased'"
            " UNION ALL SELECT min(due_at) FROM delivery WHERE state = 'handed' AND due_at < '9999'"
            f" UNION ALL SELECT min(due_at) FROM delivery WHERE {LIVING} AND due_at > ?1 AND due_at < '9999'"
            f" UNION ALL SELECT min(expires_at) FROM delivery WHERE {LIVING} AND due_at < '9999'"
            " UNION ALL SELECT min(due_at) FROM follow WHERE ended_at IS NULL"
            " UNION ALL SELECT min(wakes_at) FROM attention UNION ALL SELECT min(at) FROM escalation"
            " UNION ALL SELECT min(deadline_at) FROM ask WHERE ended_at IS NULL)"
        )
        at = self._conn.execute(sql, (when(now),)).fetchone()[0]
        return datetime.fromisoformat(at) if at else None

    def counts(self) -> dict[str, int]:
        sql = "SELECT state, count(*) AS n FROM delivery GROUP BY state"
        return {row["state"]: row["n"] for row in self._conn.execute(sql)}

    def forget_messages(self, before: datetime, after: int) -> int:
        return pruning.forget_messages(self._conn, before, after)

    def forget_events(self, before: datetime, after: int) -> int:
        return pruning.forget_events(self._conn, before, after)

    def forget_keys(self, before: datetime) -> int:
        return pruning.forget_keys(self._conn, before)

    def forget_incoming(self, before: datetime) -> int:
        return pruning.forget_incoming(self._conn, before)

    def set_aside(self, kind: str, rowid: int, at: datetime) -> None:
        pruning.set_aside(self._conn, kind, rowid, at)

    def mend_indexes(self) -> None:
        checking.mend_indexes(self._conn)

    def try_writing(self) -> None:
        self._conn.execute("INSERT INTO damaged (kind, id, found_at, content) VALUES ('', x'', '', x'')")
        self._conn.execute("DELETE FROM damaged WHERE kind = ''")

    def _all(self, kind: type[N], sql: str, *values: Any) -> Sequence[N]:
        return list(self._rows(kind, sql, *values))

    def _one(self, kind: type[N], sql: str, *values: Any) -> N | None:
        return next(iter(self._rows(kind, f"{sql} LIMIT 1", *values)), None)

    def _rows(self, kind: type[N], sql: str, *values: Any) -> Iterator[N]:
        cursor = self._conn.execute(sql, values)
        return map(reader(kind, [column[0] for column in cursor.description]), cursor)

    def _pairs(self, sql: str, *values: Any) -> Sequence[tuple[str, str]]:
        return [(row[0], row[1]) for row in self._conn.execute(sql, values)]

    def _number(self, sql: str, *values: Any) -> int:
        return int(self._value(sql, *values))

    def _value(self, sql: str, *values: Any) -> Any:
        return self._conn.execute(sql, values).fetchone()[0]
