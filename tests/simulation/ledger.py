"""The store's words over plain dictionaries: a ``Tx`` without SQLite, for many seeds.

It is held to the real words by running the same seeds over both and comparing what happened.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from daemon.core import model as m
from daemon.core.nouns import KEYS, Noun
from daemon.core.outbox import lane
from daemon.core.rules.delivery import NEVER, OVER, WAITING, comes_again
from daemon.store.interface import Remembered
from tests.simulation.ahead import Ahead

T = TypeVar("T")
LIVING: Final = frozenset({"queued", "held", "handed", "stalled", "uncertain"})
PENDING: Final = frozenset({"asked", "decided"})


class Ledger(Ahead):
    """One transaction at a time; what a step wrote is taken back when it raises."""

    def __init__(self) -> None:
        self._nouns: dict[type, dict[tuple[str, ...], Any]] = {kind: {} for kind in KEYS}
        self._remembered: dict[tuple[str, str], tuple[Remembered, datetime]] = {}
        self._events: list[m.Told] = []
        self._seq: dict[str, int] = {}
        self._of_envelope: dict[str, list[str]] = defaultdict(list)
        self._of_peer: dict[str, set[str]] = defaultdict(set)  #: those that are not over
        self._lively: set[str] = set()
        self._open_asks: dict[str, None] = {}
        self._by_mark: dict[str, set[str]] = defaultdict(set)
        self._by_receipt: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._undo: list[tuple[type, tuple[str, ...], Any]] = []
        self._keys_undo: list[tuple[str, str]] = []

    # --- transactions -------------------------------------------------------------------------------------------

    def transact(self, step: Callable[[Any], T]) -> T:
        self._undo.clear()
        self._keys_undo.clear()
        told = len(self._events)
        try:
            return step(self)
        except BaseException:
            for kind, key, before in reversed(self._undo):
                self._write(kind, key, before)
            for principal in self._keys_undo:
                del self._remembered[principal]
            del self._events[told:]
            raise

    def put(self, noun: Noun) -> None:
        kind = type(noun)
        key = tuple(getattr(noun, name) for name in KEYS[kind])
        self._undo.append((kind, key, self._nouns[kind].get(key)))
        self._write(kind, key, noun)

    def _write(self, kind: type, key: tuple[str, ...], noun: Any) -> None:
        before = self._nouns[kind].get(key)
        if noun is None:
            del self._nouns[kind][key]
        else:
            self._nouns[kind][key] = noun
        if kind is m.Delivery:
            self._index(key[0], before, noun)
        elif kind is m.Ask:
            if noun is not None and noun.ended_at is None:
                self._open_asks[key[0]] = None
            else:
                self._open_asks.pop(key[0], None)

    def _index(self, delivery_id: str, before: m.Delivery | None, after: m.Delivery | None) -> None:
        if before is None and after is not None:
            self._seq.setdefault(delivery_id, len(self._seq))
            self._of_envelope[after.envelope_id].append(delivery_id)
        if before is not None:
            self._forget(delivery_id, before, after)
        if after is None:
            return
        self._by_mark[after.mark].add(delivery_id)
        for receipt in (after.receipt, *after.parts):
            self._by_receipt[after.peer_id, receipt].add(delivery_id)
        if after.state not in OVER:
            self._of_peer[after.peer_id].add(delivery_id)
            self._lively.add(delivery_id)

    def _forget(self, delivery_id: str, before: m.Delivery, after: m.Delivery | None) -> None:
        self._by_mark[before.mark].discard(delivery_id)
        for receipt in (before.receipt, *before.parts):
            self._by_receipt[before.peer_id, receipt].discard(delivery_id)
        self._of_peer[before.peer_id].discard(delivery_id)
        self._lively.discard(delivery_id)
        if after is None:
            self._of_envelope[before.envelope_id].remove(delivery_id)

    # --- reading ------------------------------------------------------------------------------------------------

    def get(self, kind: type[Noun], *key: str) -> Any:
        return self._nouns[kind].get(key)

    def peers(self) -> Sequence[m.Peer]:
        return [each for each in self._nouns[m.Peer].values() if each.forgotten_at is None]

    def peers_named(self, name: str) -> Sequence[m.Peer]:
        return [each for each in self.peers() if each.name == name]

    def session_of_process(self, pid: int, started: int) -> m.Session | None:
        found = [x for x in self._nouns[m.Session].values() if (x.pid, x.started) == (pid, started)]
        latest = sorted(found, key=lambda x: x.turn_at, reverse=True)
        return min(latest, key=lambda x: x.ended_at is not None, default=None)

    def conversation_at(self, surface: str, address: str) -> m.Conversation | None:
        return next((x for x in self.conversations(surface) if x.address == address), None)

    def conversations(self, surface: str) -> Sequence[m.Conversation]:
        return [x for x in self._nouns[m.Conversation].values() if x.surface == surface]

    def people(self, surface: str) -> Sequence[m.Person]:
        return [x for x in self._nouns[m.Person].values() if x.surface == surface]

    def marked(self, mark: str) -> m.Delivery | None:
        found = self._sorted(self._by_mark.get(mark, ())) if mark else []
        return found[0] if found else None

    def deliveries_of(self, envelope_id: str) -> Sequence[m.Delivery]:
        return self._sorted(self._of_envelope.get(envelope_id, ()))

    def waiting(self, peer_id: str, limit: int = 50) -> Sequence[m.Delivery]:
        return [x for x in self._sorted(self._of_peer.get(peer_id, ())) if x.state in WAITING][:limit]

    def next_shown(self, peer_id: str) -> m.Delivery | None:
        found = [x for x in self._sorted(self._of_peer.get(peer_id, ())) if _is_showable(x)]
        return min(found, key=lane, default=None)

    def changes_waiting(self, peer_id: str, card: str) -> Sequence[m.Delivery]:
        found = [x for x in self._sorted(self._of_peer.get(peer_id, ())) if x.kind is m.Kind.CHANGE]
        waiting = [x for x in found if x.state in {"queued", "held", "uncertain"}]
        return [x for x in waiting if self.get(m.Envelope, x.envelope_id).correlation_id == card]

    def waiting_count(self, peer_id: str) -> int:
        deliveries = self._nouns[m.Delivery]
        return sum(deliveries[x,].state in WAITING for x in self._of_peer.get(peer_id, ()))

    def handed(self, peer_id: str, *, session_id: str = "", receipt: str = "") -> Sequence[m.Delivery]:
        return [
            x
            for x in self._sorted(self._of_peer.get(peer_id, ()))
            if x.state == "handed" and session_id in {"", x.session_id} and receipt in {"", x.receipt}
        ]

    def shown(self, peer_id: str, receipt: str) -> m.Delivery | None:
        found = self._sorted(self._by_receipt.get((peer_id, receipt), ())) if receipt else []
        return found[0] if found else None

    def unsettled(self, now: datetime, limit: int = 200) -> Sequence[m.Delivery]:
        return [x for x in self._sorted(self._lively) if _is_due(x, now)][: limit if limit >= 0 else None]

    def leased(self, holder_prefix: str) -> Sequence[m.Delivery]:
        found = self._sorted(self._lively)
        return [x for x in found if x.state == "leased" and (x.holder or "").startswith(holder_prefix)]

    def open_asks_to(self, peer_id: str) -> Sequence[m.Ask]:
        return [x for x in self._asks() if peer_id in x.to]

    def open_asks_by(self, peer_id: str) -> Sequence[m.Ask]:
        return [x for x in self._asks() if x.asker == peer_id]

    def asks(self, *, asker: str = "", to: str = "", limit: int = 200) -> Sequence[m.Ask]:
        found = [x for x in self._asks() if asker in {"", x.asker} and (not to or to in x.to)]
        return found[: limit if limit >= 0 else None]

    def asks_waited_for(self) -> Sequence[m.Ask]:
        return [x for x in self._asks() if x.waited_until]

    def overdue_asks(self, now: datetime, limit: int = 200) -> Sequence[m.Ask]:
        found = [x for x in self._asks() if x.deadline_at <= now]
        return sorted(found, key=lambda x: x.deadline_at)[: limit if limit >= 0 else None]

    def approvals(self, session_id: str = "") -> Sequence[m.Approval]:
        found = [x for x in self._nouns[m.Approval].values() if x.state in PENDING]
        return sorted((x for x in found if session_id in {"", x.session_id}), key=lambda x: x.asked_at)

    def approval_of(self, ask_id: str) -> m.Approval | None:
        return next((x for x in self._nouns[m.Approval].values() if x.ask_id == ask_id), None)

    def errands(self) -> Sequence[m.Errand]:
        found = [x for x in self._nouns[m.Errand].values() if x.done_at is None]
        return sorted(found, key=lambda x: x.asked_at)

    def follows(self, peer_id: str) -> Sequence[m.Follow]:
        found = self._nouns[m.Follow].values()
        return [x for x in found if x.peer_id == peer_id and x.ended_at is None]

    def follows_due(self, now: datetime) -> Sequence[m.Follow]:
        live = [x for x in self._nouns[m.Follow].values() if x.ended_at is None and x.due_at]
        return sorted((x for x in live if x.due_at <= now), key=lambda x: x.due_at)

    # --- the words of a step ------------------------------------------------------------------------------------

    def tell(self, event: m.Event, at: datetime) -> None:
        self._events.append(m.Told(len(self._events) + 1, at, event))

    def remembered(self, principal: str, key: str) -> Remembered | None:
        found = self._remembered.get((principal, key))
        return found[0] if found else None

    def remember(self, principal: str, key: str, told: Remembered, at: datetime) -> None:
        self._remembered[principal, key] = (told, at)
        self._keys_undo.append((principal, key))

    def feed(self, after: int, limit: int) -> Sequence[m.Told]:
        return self._events[after : after + limit]

    def first_seq(self) -> int:
        return 1 if self._events else 0

    def last_seq(self) -> int:
        return len(self._events)

    def talked(self, trace: str, peer_id: str) -> int:
        found = (x for x in self._nouns[m.Envelope].values() if x.trace == trace)
        return sum(x.talk and x.sender.peer_id == peer_id for x in found)

    def told_of(self, ref: str) -> Sequence[m.Told]:
        return [x for x in self._events if x.event.ref == ref]

    def unread(self, peer_id: str, limit: int) -> Sequence[tuple[m.Delivery, m.Envelope]]:
        return [(x, self.get(m.Envelope, x.envelope_id)) for x in self.waiting(peer_id, limit)]

    def carriable(self, since: datetime, until: datetime) -> Sequence[str]:
        found = [
            x
            for x in self._sorted(self._lively)
            if _is_showable(x) and x.state != "leased" and since < x.due_at <= until
        ]
        return list(dict.fromkeys(x.peer_id for x in found))

    def next_due(self, now: datetime) -> datetime | None:
        times = [at for x in self._lively for at in _ahead(self._nouns[m.Delivery][x,], now)]
        times += [x.due_at for x in self._nouns[m.Follow].values() if x.ended_at is None and x.due_at]
        times += [x.deadline_at for x in self._asks()]
        times += [x.wakes_at for x in self.attentions() if x.wakes_at]
        times += [x.at for x in self._nouns[m.Escalation].values() if x.at]
        return min(times, default=None)

    def counts(self) -> dict[str, int]:
        found: dict[str, int] = defaultdict(int)
        for each in self._nouns[m.Delivery].values():
            found[str(each.state)] += 1
        return dict(found)

    def forget_messages(self, before: datetime, after: int) -> int:
        return 0

    def forget_events(self, before: datetime, after: int) -> int:
        return 0

    def set_aside(self, kind: str, rowid: int, at: datetime) -> None:
        raise AssertionError("nothing is damaged in memory")

    def mend_indexes(self) -> None: ...

    def try_writing(self) -> None: ...

    def forget_keys(self, before: datetime) -> int:
        old = [key for key, (_, at) in self._remembered.items() if at < before]
        for key in old:
            del self._remembered[key]
        return len(old)

    def _sorted(self, ids: Any) -> list[m.Delivery]:
        deliveries = self._nouns[m.Delivery]
        return [deliveries[x,] for x in sorted(ids, key=self._seq.__getitem__)]

    def _asks(self) -> list[m.Ask]:
        asks = self._nouns[m.Ask]
        return sorted((asks[x,] for x in self._open_asks), key=lambda x: x.created_at)


def _is_due(x: m.Delivery, now: datetime) -> bool:
    if x.state == "leased":
        return x.leased_until is not None and x.leased_until <= now
    if x.state == "handed" and x.due_at <= now:
        return True
    return x.state in LIVING and x.expires_at <= now and x.due_at < NEVER


def _is_showable(x: m.Delivery) -> bool:
    return x.state in WAITING or comes_again(x)


def _ahead(x: m.Delivery, now: datetime) -> list[datetime]:
    if x.state == "leased":
        return [x.leased_until] if x.leased_until else []
    if x.state not in LIVING or x.due_at >= NEVER:
        return []
    return [x.expires_at, *([x.due_at] if x.state == "handed" or x.due_at > now else [])]
