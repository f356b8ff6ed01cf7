"""Putting an envelope on its ways: who sent it, to whom, and what the sender is told at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from daemon.core import attending, budgets, tracing
from daemon.core.errors import Throttled
from daemon.core.model import (
    AGENTS,
    Ask,
    Attachment,
    Authority,
    Carriage,
    Conversation,
    Delivery,
    Envelope,
    Event,
    Kind,
    Peer,
    Role,
    Sender,
    Turn,
    Urgency,
)
from daemon.core.rules import presence, roads
from daemon.core.rules.cleaning import body as cleaned
from daemon.core.rules.cleaning import line
from daemon.core.rules.delivery import Cancel, State, advance, can
from daemon.core.view import Plan

LIFE: Final = timedelta(days=7)
LIFE_WITH_PEOPLE: Final = timedelta(days=30)
UNREAD_LIMIT: Final = 10_000
PERSON_LENGTH: Final = 64
_OURS: Final = str.maketrans("[]#·", "()  ")  #: what a header is made of

_OWN_ACCORD: Final = frozenset({Kind.ASK, Kind.NOTICE, Kind.BROADCAST})

LINE: Final = Sender(
    peer_id="p-peerline",
    name="peerline",
    circle="default",
    role=Role.SERVICE,
    authority=Authority.PEER,
    backend="peerline",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is to be sent, before it has an id, recipients and a time."""

    kind: Kind
    text: str
    urgency: Urgency = Urgency.NORMAL
    options: tuple[str, ...] = ()
    correlation_id: str | None = None
    reply_to: str | None = None
    silent: bool = False
    life: timedelta = LIFE
    attachment: Attachment | None = None
    alone: str = ""
    schedule: str = ""
    matter: str = ""


def stamp(plan: Plan, peer: Peer, person: str = "") -> Sender:
    """The sender as the daemon knows it. ``person``: who speaks, in a conversation of several."""
    return Sender(
        peer_id=peer.peer_id,
        name=peer.name,
        circle=peer.circle,
        role=peer.role,
        authority=peer.authority,
        person="" if person == peer.name else line(person.translate(_OURS), PERSON_LENGTH),
        backend=peer.backend,
    )


def post(
    plan: Plan, sender: Sender, to: Sequence[Peer], letter: Letter, *, envelope_id: str = ""
) -> tuple[Envelope, tuple[Delivery, ...]]:
    """Write the envelope and one delivery for each recipient.

    Raises:
        Malformed, TooLarge: by the text.
        Throttled: a recipient has 10,000 unread messages.
        ChainTooLong: agents' messages led to each other too often.

    """
    new_id = envelope_id or plan.new_id("m")
    at = _course(plan, sender, to, letter)
    envelope = Envelope(
        envelope_id=new_id,
        kind=letter.kind,
        sender=sender,
        to=tuple(peer.peer_id for peer in to),
        body=cleaned(letter.text),
        created_at=plan.now,
        expires_at=plan.now + letter.life,
        urgency=letter.urgency,
        options=letter.options,
        correlation_id=letter.correlation_id,
        reply_to=letter.reply_to,
        silent=letter.silent,
        attachment=letter.attachment,
        alone=letter.alone,
        schedule=letter.schedule,
        matter=letter.matter,
        trace=at.trace or new_id,
        hops=at.hops,
        talk=at.talk,
    )
    if envelope.kind is Kind.CHANGE:
        _take_the_place(plan, envelope)
    plan.put(envelope)
    if envelope.kind in _OWN_ACCORD and sender.role in AGENTS:
        budgets.used(plan, sender.peer_id, sent=1)
    echoed = tracing.echoes(plan, envelope, to) if envelope.kind in _OWN_ACCORD else frozenset()
    deliveries = tuple(addressed(plan, envelope, peer, echo=peer.peer_id in echoed) for peer in to)
    return envelope, deliveries


def _course(plan: Plan, sender: Sender, to: Sequence[Peer], letter: Letter) -> tracing.Course:
    at = tracing.course(plan, sender, letter.kind, letter.correlation_id, scheduled=letter.schedule != "")
    if letter.kind in _OWN_ACCORD and sender.role in AGENTS:
        tracing.check(plan, at, sender.peer_id, to)
    return at


def carriages(plan: Plan, envelope: Envelope, deliveries: Iterable[Delivery]) -> tuple[Carriage, ...]:
    return tuple(_carriage(plan, envelope, delivery) for delivery in deliveries)


def address(plan: Plan, conversation: Conversation, envelope: Envelope) -> str:
    """Where on its surface it is shown: what an agent says of its own accord, in the agent's topic."""
    own = topic_of(plan, conversation, envelope.sender.peer_id) if envelope.kind in _OWN_ACCORD else None
    return own.address if own else conversation.address


def topic_of(plan: Plan, room: Conversation, peer_id: str) -> Conversation | None:
    """The peer's own topic in a chat where agents have topics."""
    there = plan.view.conversations(room.surface) if room.topics else ()
    inside = f"{room.address}/"
    return next((x for x in there if x.topic_of == peer_id and x.address.startswith(inside)), None)


def reply(
    plan: Plan,
    conversation: Peer,
    text: str,
    *,
    to: str = "",
    passing: bool = False,
    aloud: bool = False,
    alone: str = "",
) -> None:
    """The line itself says something to a person about their own words.

    Args:
        plan: the sheet it is written on.
        conversation: where.
        text: what.
        to: the message it is about, for threading.
        passing: a mere receipt.
        aloud: with a sound, since something went wrong.
        alone: the account of the one person who is to see it.

    """
    urgency = Urgency.FYI if passing else Urgency.NORMAL
    letter = Letter(
        kind=Kind.REPLY, text=text, urgency=urgency, reply_to=to or None, silent=not aloud, alone=alone
    )
    post(plan, LINE, [conversation], letter)


def addressed(plan: Plan, envelope: Envelope, peer: Peer, *, echo: bool = False) -> Delivery:
    """Put it on its way to one; an ``echo`` wakes nobody, however urgent it was meant."""
    if _is_limited(envelope) and plan.view.waiting_count(peer.peer_id) >= UNREAD_LIMIT:
        raise Throttled(
            f'"{peer.name}" has {UNREAD_LIMIT} unread messages, the limit', "wait until it has read some"
        )
    delivery = Delivery(
        delivery_id=plan.new_id("d"),
        envelope_id=envelope.envelope_id,
        peer_id=peer.peer_id,
        kind=envelope.kind,
        state=State.QUEUED,
        due_at=plan.now,
        expires_at=envelope.expires_at,
        urgency=Urgency.FYI if echo else envelope.urgency,
        reason=tracing.ECHO if echo else "",
    )
    plan.tell(Event("stored", envelope.envelope_id, peer.peer_id, "stored", f"for {peer.name}"))
    begun = attending.judged(plan, envelope, delivery, peer)
    if begun.kept:
        plan.tell(Event(begun.state, begun.envelope_id, begun.peer_id, begun.state, begun.reason))
    plan.put(begun)
    return begun


def change_card(plan: Plan, ask: Ask, peer_id: str, receipt: str) -> None:
    """The card of the ask that a person sees as ``receipt`` shows how it stands now; what one saw alone is gone."""
    peer, asked = plan.peer(peer_id), plan.envelope(ask.ask_id)
    if peer and peer.role is Role.HUMAN and receipt and not (asked and asked.alone):
        letter = Letter(
            kind=Kind.CHANGE, text=ask.question, correlation_id=ask.ask_id, reply_to=receipt, silent=True
        )
        post(plan, asked.sender if asked else LINE, [peer], letter)


def _take_the_place(plan: Plan, change: Envelope) -> None:
    """Older changes of the same card that nobody has seen are not shown any more: this one shows more."""
    for peer_id in change.to:
        for stale in plan.view.changes_waiting(peer_id, change.correlation_id or ""):
            delivery, older = plan.fresh(stale), plan.envelope(stale.envelope_id)
            if older and older.reply_to == change.reply_to and can(delivery, Cancel):
                taken = advance(delivery, Cancel("a newer one shows more"), now=plan.now)
                plan.put(taken)
                plan.tell(Event(taken.state, taken.envelope_id, peer_id, taken.state, taken.reason))


def _is_limited(envelope: Envelope) -> bool:
    """What a peer sends of its own accord; how an ask ended is always told."""
    return envelope.kind in _OWN_ACCORD and envelope.sender != LINE


def _carriage(plan: Plan, envelope: Envelope, delivery: Delivery) -> Carriage:
    peer = plan.peer(delivery.peer_id)
    if peer is None:
        raise LookupError(delivery.peer_id)
    session, conversation = plan.session_of(peer), plan.conversation(peer.peer_id)
    status = presence.status(peer, session, conversation, plan.now)
    reach = roads.reach(peer, session, conversation, status, envelope.sender.authority)
    if delivery.kept:
        reach = replace(reach, reason=f"{delivery.state}: {delivery.reason}")
    elif delivery.reason == tracing.ECHO:
        reach = replace(reach, reason=delivery.reason)
    turn = session.turn if session else Turn.UNKNOWN
    return Carriage(delivery, peer, reach, status, turn, plan.view.waiting_count(peer.peer_id))
