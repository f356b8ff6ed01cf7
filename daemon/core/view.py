"""What a decision may read. Every store offers these words inside a transaction.

``Plan`` is the sheet a decision is written on: it reads through to the view, shows what the decision itself has
already put, and draws ids from the seed that came in with the command.
"""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from daemon.core import model as m
from daemon.core.attentionview import AttentionView
from daemon.core.chatview import ChatView
from daemon.core.mailview import MailView
from daemon.core.nouns import Noun, key_of
from daemon.core.rules import approval as approvals
from daemon.core.rules.frame import ALPHABET, MARK_LENGTH
from daemon.core.spawnview import SpawnView
from daemon.core.timeview import TimeView

_CROCKFORD: Final = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", ALPHABET.encode())
NO_ROTA: Final = m.Rota(nights=())  #: until the config was read


class View(MailView, ChatView, TimeView, AttentionView, SpawnView, Protocol):
    """Reading words. Lists are oldest first; a forgotten peer is in none of them."""

    def get(self, kind: type[Noun], *key: str) -> Any: ...
    def peers(self) -> Sequence[m.Peer]: ...
    def peers_named(self, name: str) -> Sequence[m.Peer]: ...
    def session_of_process(self, pid: int, started: int) -> m.Session | None: ...


def live_sessions(view: View) -> list[tuple[m.Peer, m.Session]]:
    """Every peer that runs, and what it runs as."""
    found = [(peer, view.get(m.Session, peer.session_id)) for peer in view.peers() if peer.session_id]
    return [(peer, session) for peer, session in found if session and session.ended_at is None]


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be written in one commit, and what the caller is told."""

    result: Any
    puts: tuple[Noun, ...]
    events: tuple[m.Event, ...]
    at: datetime  #: when it was made


class Plan:
    """One decision in the making."""

    def __init__(self, view: View, now: datetime, seed: str) -> None:
        self.view = view
        self.now = now
        self._seed = seed
        self._drawn = 0
        self._puts: dict[tuple[Any, ...], Noun] = {}
        self._events: list[m.Event] = []

    def put(self, noun: Noun) -> None:
        self._puts[key_of(noun)] = noun

    def tell(self, event: m.Event) -> None:
        self._events.append(event)

    @contextmanager
    def whole(self) -> Iterator[None]:
        """What is refused halfway inside, or breaks, leaves nothing on the sheet."""
        puts, events = dict(self._puts), list(self._events)
        try:
            yield
        except Exception:
            self._puts, self._events = puts, events
            raise

    def decision(self, result: Any = None) -> Decision:
        return Decision(result, tuple(self._puts.values()), tuple(self._events), self.now)

    def new_id(self, prefix: str) -> str:
        return f"{prefix}-{self._draw(10).lower()}"

    def new_mark(self) -> str:
        return self._draw(MARK_LENGTH)

    def peer(self, peer_id: str) -> m.Peer | None:
        found: m.Peer | None = self._get(m.Peer, peer_id)
        return found

    def peers(self) -> list[m.Peer]:
        """Everybody there is, with those whom this decision makes or changes."""
        made = {put.peer_id: put for put in self._puts.values() if isinstance(put, m.Peer)}
        known = {peer.peer_id: peer for peer in self.view.peers()} | made
        return [peer for peer in known.values() if not peer.forgotten_at]

    def session(self, session_id: str | None) -> m.Session | None:
        found: m.Session | None = self._get(m.Session, session_id) if session_id else None
        return found

    def live(self, session_id: str | None) -> m.Session | None:
        """The session, if it has not ended."""
        session = self.session(session_id)
        return session if session and session.ended_at is None else None

    def persona_of(self, peer: m.Peer) -> m.Persona | None:
        """How it is to work, if that was chosen."""
        found: m.Persona | None = self._get(m.Persona, peer.peer_id) if peer.persona else None
        return found if found and found.name else None

    def session_of(self, peer: m.Peer) -> m.Session | None:
        """The peer's live session, if it has one."""
        return self.live(peer.session_id)

    def conversation(self, peer_id: str) -> m.Conversation | None:
        found: m.Conversation | None = self._get(m.Conversation, peer_id)
        return found

    def person(self, surface: str, account: str) -> m.Person | None:
        found: m.Person | None = self._get(m.Person, surface, account)
        return found if found and found.removed_at is None else None

    def met(self, surface: str, account: str) -> m.Person | None:
        """Whoever has that id, also one who may not speak (any more)."""
        found: m.Person | None = self._get(m.Person, surface, account)
        return found

    def place(self, surface: str, address: str) -> m.Place | None:
        """The group of that id, by whatever id it goes now."""
        found: m.Place | None = self._get(m.Place, surface, address)
        return self.place(surface, found.moved_to) if found and found.moved_to else found

    def incoming(self, surface: str, update_id: str) -> m.Incoming | None:
        found: m.Incoming | None = self._get(m.Incoming, surface, update_id)
        return found

    def pairing(self, surface: str) -> m.Pairing | None:
        found: m.Pairing | None = self._get(m.Pairing, surface)
        return found

    def envelope(self, envelope_id: str) -> m.Envelope | None:
        found: m.Envelope | None = self._get(m.Envelope, envelope_id)
        return found

    def delivery(self, delivery_id: str) -> m.Delivery | None:
        found: m.Delivery | None = self._get(m.Delivery, delivery_id)
        return found

    def ask(self, ask_id: str | None) -> m.Ask | None:
        found: m.Ask | None = self._get(m.Ask, ask_id) if ask_id else None
        return found

    def approval(self, approval_id: str) -> m.Approval | None:
        found: m.Approval | None = self._get(m.Approval, approval_id)
        return found

    def approval_of(self, ask_id: str) -> m.Approval | None:
        """The approval an ask is open for."""
        found = self.view.approval_of(ask_id)
        return self.approval(found.approval_id) if found else None

    def approvals(self, session_id: str) -> list[m.Approval]:
        """What the session waits for, as this decision has left it."""
        found = [self.approval(each.approval_id) or each for each in self.view.approvals(session_id)]
        return [each for each in found if each.state in approvals.OPEN]

    def is_frozen(self, circle: str) -> m.Circle | None:
        found: m.Circle | None = self._get(m.Circle, circle)
        return found if found and found.frozen_at else None

    def locked(self) -> m.Lock | None:
        """Since when and by whom nothing is taken from chats, if it is so."""
        found: m.Lock | None = self._get(m.Lock, m.Lock().name)
        return found if found and found.locked_at else None

    def quiet(self, surface: str, room: str, at: datetime | None = None) -> m.Quiet | None:
        """Until when nothing is to be sent there, if it is so, now or at that time."""
        found: m.Quiet | None = self._get(m.Quiet, surface, room)
        return found if found and found.until > (at or self.now) else None

    def outage(self, surface: str) -> m.Outage | None:
        """Since when the surface has been in trouble, if it is."""
        found = self.last_outage(surface)
        return found if found.since_at else None

    def last_outage(self, surface: str) -> m.Outage:
        """The same, also when it is over, or never was."""
        found: m.Outage | None = self._get(m.Outage, surface)
        return found or m.Outage(surface=surface)

    def schedule(self, schedule_id: str) -> m.Schedule | None:
        found: m.Schedule | None = self._get(m.Schedule, schedule_id)
        return found if found and found.state is not m.Standing.REMOVED else None

    def checkin(self, name: str) -> m.Checkin | None:
        found: m.Checkin | None = self._get(m.Checkin, name)
        return found if found and found.removed_at is None else None

    def attention(self, person: str) -> m.Attention | None:
        found: m.Attention | None = self._get(m.Attention, person)
        return found

    def custom(self) -> m.Custom:
        """What the config says about people's attention."""
        found: m.Custom | None = self._get(m.Custom, m.Custom().name)
        return found or m.Custom()

    def errand(self, errand_id: str) -> m.Errand | None:
        found: m.Errand | None = self._get(m.Errand, errand_id)
        return found

    def chosen(self, conversation: str, person: str) -> m.Sticky | None:
        found: m.Sticky | None = self._get(m.Sticky, conversation, person)
        return found

    def sticky(self, conversation: str, person: str) -> m.Peer | None:
        chosen = self.chosen(conversation, person)
        peer = self.peer(chosen.peer_id) if chosen and chosen.peer_id else None
        return peer if peer and peer.forgotten_at is None else None

    def fresh(self, delivery: m.Delivery) -> m.Delivery:
        """The delivery as this decision has left it."""
        found: m.Delivery = self._puts.get((m.Delivery, delivery.delivery_id), delivery)  # type: ignore[assignment]
        return found

    def job(self, job_id: str) -> m.Job | None:
        found: m.Job | None = self._get(m.Job, job_id)
        return found

    def review(self, review_id: str) -> m.Review | None:
        found: m.Review | None = self._get(m.Review, review_id)
        return found

    def jobs_changed(self) -> list[m.Job]:
        """Those that this decision makes or changes."""
        return [put for put in self._puts.values() if isinstance(put, m.Job)]

    def spawn(self, spawn_id: str) -> m.Spawn | None:
        found: m.Spawn | None = self._get(m.Spawn, spawn_id)
        return found

    def start_of(self, peer: m.Peer) -> m.Spawn | None:
        """The last start of the peer, as this decision has left it."""
        found = next(iter(self.view.spawns_of(peer.peer_id)), None)
        return self.spawn(found.spawn_id) if found else None

    def account(self, name: str) -> m.Account:
        found: m.Account | None = self._get(m.Account, name)
        return found or m.Account(name=name)

    def rota(self) -> m.Rota:
        """What the config says."""
        found: m.Rota | None = self._get(m.Rota, NO_ROTA.name)
        return found or NO_ROTA

    def _get(self, kind: type[Noun], *key: str) -> Any:
        return self._puts.get((kind, *key)) or self.view.get(kind, *key)

    def _draw(self, length: int) -> str:
        self._drawn += 1
        digest = hashlib.sha256(f"{self._seed}/{self._drawn}".encode()).digest()
        return b32encode(digest[:10])[:length].translate(_CROCKFORD).decode()
