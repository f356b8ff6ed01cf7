"""Whose attention a message wants, and whether it may ring: decided when it is sent, and again when it is shown.

Rule: only what would ring is ever held back. What people ask for themselves, and what is shown without a sound, is not.
Screens of this machine ring nobody. All surfaces of one person are one person.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from daemon.core.model import (
    Ask,
    Attention,
    Authority,
    Conversation,
    Delivery,
    Envelope,
    Event,
    Kind,
    Peer,
    Person,
    Rang,
    Role,
    Urgency,
)
from daemon.core.rules import asking, attention, presence
from daemon.core.rules import delivery as d
from daemon.core.rules.attention import HOUR, Hold, Matter, Ring, Thing, Wishes
from daemon.core.view import Plan

OWNER: Final = "@owner"  #: whoever is that, by whatever name a surface knows them
APPROVAL: Final = "approval"  #: the subject of an ask that is an approval's
LINE: Final = "p-peerline"
SOUNDING: Final = frozenset({Kind.ASK, Kind.ANSWER, Kind.NOTICE, Kind.BROADCAST, Kind.REPLY})
UNHAPPY: Final = frozenset({asking.State.EXPIRED, asking.State.ORPHANED, asking.State.DECLINED})


def whose(peer: Peer) -> str:
    """The one person whose conversation it is; "" where several meet, or nobody is."""
    if peer.role is not Role.HUMAN or not (peer.person or peer.authority is Authority.OWNER):
        return ""
    return OWNER if peer.authority is Authority.OWNER else peer.person


def called(person: Person) -> str:
    """The same person, by an entry among the people of a surface."""
    return OWNER if person.owner else person.name


def wishes(found: Attention) -> Wishes:
    return Wishes(
        zone=found.zone or "UTC",
        quiet=attention.window(found.quiet) if found.quiet else None,
        per_hour=found.per_hour,
        muted=found.muted,
        breaks=tuple(Matter(each) for each in found.breaks),
    )


def regard(plan: Plan, peer: Peer) -> Attention | None:
    """What is to be regarded before something is shown there; None: nothing is."""
    here = plan.conversation(peer.peer_id)
    if here is None or here.surface in presence.OWN_SCREENS:
        return None
    person = whose(peer)
    return plan.attention(person) if person else None


def judged(plan: Plan, envelope: Envelope, delivery: Delivery, peer: Peer) -> Delivery:
    """The delivery as it begins: on its way, shown without a sound, or held back."""
    found = regard(plan, peer)
    if found is None or not sounds(envelope) or _is_own(plan, envelope, peer):
        return delivery
    thing = thing_of(plan, envelope)
    before = [each.at for each in found.rang if each.envelope_id != envelope.envelope_id]
    match attention.verdict(wishes(found), thing, before, plan.now):
        case Ring():
            plan.put(_rung(plan, found, envelope.envelope_id))
            return delivery
        case Hold() as hold:
            if _is_awaited(plan, found, envelope):
                return replace(delivery, hushed=True)
            return _kept(plan, found, delivery, hold)


def leaves(plan: Plan, delivery: Delivery, peer: Peer) -> bool:
    """Whether it still may be shown there now; else it is held back. It may have waited until the quiet began."""
    found, envelope = regard(plan, peer), plan.envelope(delivery.envelope_id)
    free = delivery.state == d.State.QUEUED and not (delivery.hushed or delivery.parts or delivery.doubts)
    if found is None or envelope is None or not free or not sounds(envelope):
        return True
    if _is_own(plan, envelope, peer):
        return True
    hold = attention.verdict(wishes(found), thing_of(plan, envelope), (), plan.now)
    if isinstance(hold, Ring):
        return True
    if _is_awaited(plan, found, envelope) or _has_rung(plan, found, delivery):
        plan.put(replace(delivery, hushed=True))
        return True
    held = _kept(plan, found, delivery, hold)
    plan.put(held)
    plan.tell(Event(held.state, held.envelope_id, held.peer_id, held.state, held.reason))
    return False


def sounds(envelope: Envelope) -> bool:
    return envelope.kind in SOUNDING and not envelope.silent and envelope.urgency is not Urgency.FYI


def thing_of(plan: Plan, envelope: Envelope) -> Thing:
    matter = matter_of(envelope, plan.ask(envelope.correlation_id or envelope.envelope_id))
    # That approvals come before all else in their lane is no wish to be rung for each of them.
    urgent = envelope.urgency is Urgency.URGENT and matter is not Matter.APPROVAL
    return Thing(matter=matter, sender=envelope.sender.peer_id, urgent=urgent)


def matter_of(envelope: Envelope, ask: Ask | None) -> Matter:
    """``ask``: the one that it is, or answers."""
    if envelope.kind is Kind.ASK:
        own = ask if ask and ask.ask_id == envelope.envelope_id else None
        return Matter.APPROVAL if own and own.subject == APPROVAL else Matter.QUESTION
    if envelope.kind is Kind.ANSWER:
        return Matter.FAILURE if ask and ask.state in UNHAPPY else Matter.DONE
    if envelope.matter:
        return Matter(envelope.matter)
    return Matter.FAILURE if envelope.sender.peer_id == LINE else Matter.CHATTER


def put(plan: Plan, found: Attention) -> None:
    """Write it, with the time at which it is to be looked at."""
    times = [_after_quiet(found, at) for at in (found.digest_at, found.report_at) if at]
    plan.put(replace(found, wakes_at=min(times, default=None)))


def availability(plan: Plan, peer: Peer) -> str:
    found = plan.attention(whose(peer)) if whose(peer) else None
    return attention.availability(wishes(found), plan.now) if found else ""


def rooms(plan: Plan, person: str) -> list[Peer]:
    """Where that person can be told something: their own conversations, the most alive first."""
    found = [
        (peer, here)
        for peer in plan.peers()
        if whose(peer) == person and (here := plan.conversation(peer.peer_id)) and _is_room(here)
    ]
    alive = [peer for peer, here in found if presence.status(peer, None, here, plan.now) == "online"]
    asleep = [peer for peer, here in found if peer not in alive and here.surface not in presence.OWN_SCREENS]
    known = plan.attention(person)
    return sorted([*alive, *asleep], key=lambda peer: known is None or peer.peer_id != known.here)


def _is_room(here: Conversation) -> bool:
    return not (here.thread or here.topic_of or here.closed) and here.surface != "cli"


def _after_quiet(found: Attention, at: datetime) -> datetime:
    return attention.quiet_until(wishes(found), at) or at


def _rung(plan: Plan, found: Attention, envelope_id: str) -> Attention:
    lately = [each for each in found.rang if each.at > plan.now - HOUR and each.envelope_id != envelope_id]
    rang = (*lately, Rang(envelope_id=envelope_id, at=plan.now))[-found.per_hour :] if found.per_hour else ()
    return replace(found, rang=rang)


def _kept(plan: Plan, found: Attention, delivery: Delivery, hold: Hold) -> Delivery:
    at = min(filter(None, [found.digest_at, hold.until]))
    put(plan, replace(found, digest_at=at))
    held = d.advance(delivery, d.Hold(None, hold.why, hold.until), now=plan.now)
    return replace(held, kept=found.person)


def _has_rung(plan: Plan, found: Attention, delivery: Delivery) -> bool:
    """They were rung for it where it came first: here it is only shown, and no digest tells of it again."""
    others = [
        each for each in plan.view.deliveries_of(delivery.envelope_id) if each.peer_id != delivery.peer_id
    ]
    shown = [plan.peer(each.peer_id) for each in others if each.receipt and not (each.hushed or each.kept)]
    return any(peer is not None and whose(peer) == found.person for peer in shown)


def _is_own(plan: Plan, envelope: Envelope, here: Peer) -> bool:
    """A person has themselves told that, at a time of their own choice."""
    schedule = (
        plan.schedule(envelope.schedule) if envelope.kind is Kind.NOTICE and envelope.schedule else None
    )
    if schedule is None or schedule.checkin or envelope.sender.peer_id == LINE:
        return False
    owner = plan.peer(schedule.owner)
    return owner is not None and (owner == here or (bool(whose(owner)) and whose(owner) == whose(here)))


def _is_awaited(plan: Plan, found: Attention, envelope: Envelope) -> bool:
    """It answers what the person said a while ago: they are there, and wait for it. Nor does the line ask unasked."""
    if envelope.sender.peer_id == LINE and envelope.kind in {Kind.ASK, Kind.REPLY}:
        return True
    ask = plan.ask(envelope.correlation_id) if envelope.kind is Kind.ANSWER else None
    since = attention.quiet_since(wishes(found), plan.now)
    return ask is not None and (since is None or ask.created_at >= since)
