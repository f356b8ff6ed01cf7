"""Telling a person what was held back for them: once, in one message, on the surface they used last.

Rule: each thing is in exactly one digest, and counts as shown when that is. Questions then come by themselves, without
a sound, so that they can be answered. A digest that nobody could be shown tells nothing: the next one does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from daemon.core import attending, hosting, outbox, report, settling
from daemon.core import commands as c
from daemon.core.model import Attention, Conversation, Custom, Delivery, Envelope, Event, Kind, Peer, Person
from daemon.core.posting import LINE, Letter, post
from daemon.core.rules import approval as a
from daemon.core.rules import delivery as d
from daemon.core.rules import presence
from daemon.core.rules.attention import HOUR
from daemon.core.view import Plan

MOST_CARDS: Final = 12  #: that come once more below a morning report
MOST: Final = 40_000  #: bytes of what is held back in one digest
NEVER_SHOWN: Final = frozenset({d.State.DEAD, d.State.EXPIRED, d.State.CANCELLED})


def configure(plan: Plan, command: c.ConfigureAttention) -> None:
    """What the config says; a night that ended while nobody was awake is still told of."""
    seconds = int(command.escalate_after.total_seconds())
    plan.put(Custom(escalate_after_s=seconds))
    for person in sorted({attending.whose(peer) for peer in plan.peers()} - {""}):
        known = plan.attention(person)
        found = known or Attention(person=person)
        if not report.is_morning(plan, found) or not plan.rota().nights:
            found = replace(found, report_at=report.next_night(plan, person))
        if known or found.report_at:
            attending.put(plan, found)


def due(plan: Plan) -> None:
    """Whoever is to be told now."""
    for found in plan.view.attentions_due(plan.now):
        give(plan, found.person)


def alive(plan: Plan, person: Person, here: Peer, conversation: Conversation) -> None:
    """Somebody does something: there they are found, and if a night is over, they are told of it now."""
    who = attending.called(person)
    before = plan.attention(who)
    found = _expecting(plan, before or Attention(person=who))
    own = attending.whose(here) == who and not (conversation.thread or conversation.topic_of)
    found = replace(found, here=here.peer_id) if own else found
    if found != before:
        attending.put(plan, found)
    if report.is_morning(plan, found):
        give(plan, who, here if own else None)


def opened(plan: Plan, command: c.OpenConversation) -> Peer:
    """Whoever opens a screen of this machine is there: what waited for that is told now."""
    peer = hosting.open_conversation(plan, command)
    who = attending.whose(peer) if command.surface in presence.OWN_SCREENS else ""
    if not who:
        return peer
    before = plan.attention(who) or Attention(person=who)
    found = _expecting(plan, before)
    if found != before:
        attending.put(plan, found)
    if report.is_morning(plan, found):
        give(plan, who, peer)
    return peer


def give(plan: Plan, person: str, here: Peer | None = None) -> bool:
    """Tell them what there is to tell, there or where they spoke last; returns whether there was anything."""
    found = plan.attention(person) or Attention(person=person)
    kept = [plan.fresh(each) for each in plan.view.kept(person)]
    held = _fitting(plan, kept)
    to = here or next(iter(attending.rooms(plan, person)), None)
    if to is None:
        _put_off(plan, found, again=bool(held))
        return False
    text = report.due_text(plan, found, held)
    if text:
        envelope, _ = post(plan, LINE, [to], Letter(kind=Kind.REPLY, text=text, silent=True))
        for delivery, _ in held:
            plan.put(replace(delivery, told_in=envelope.envelope_id))
        if report.is_morning(plan, found):
            _lay_again(plan, to, person, envelope.envelope_id)
    _told(plan, found, more=len(kept) > len(held))
    return bool(text)


def shown(plan: Plan, delivery: Delivery) -> None:
    """If it is a digest: what it tells of is shown by that, and its questions come now."""
    for item in plan.view.told_in(delivery.envelope_id):
        if item.kind is Kind.ASK:
            _comes(plan, item)
        else:
            where = f"in {delivery.receipt}"
            settling.give(plan, item, d.Give(None, receipt=where), f"told of in the digest, shown {where}")


def missed(plan: Plan, delivery: Delivery) -> None:
    """If it is a digest that will never be shown: what it tells of waits for the next."""
    items = plan.view.told_in(delivery.envelope_id) if delivery.state in NEVER_SHOWN else ()
    for item in items:
        plan.put(replace(item, told_in=""))
    found = plan.attention(items[0].kept) if items else None
    if found:
        attending.put(plan, replace(found, digest_at=plan.now + HOUR))


def doubted(plan: Plan, command: c.DoubtDelivery) -> Delivery:
    """A digest of which nobody will ever know more was shown as well as it could be."""
    delivery = settling.doubt(plan, command)
    if not d.comes_again(delivery):
        shown(plan, delivery)
    return delivery


def nak(plan: Plan, command: c.NakDelivery) -> Delivery:
    delivery = outbox.nak(plan, command)
    missed(plan, delivery)
    return delivery


def _expecting(plan: Plan, found: Attention) -> Attention:
    """The end of the night that is told of next is known."""
    return found if found.report_at else replace(found, report_at=report.next_night(plan, found.person))


def _put_off(plan: Plan, found: Attention, *, again: bool) -> None:
    """There is nowhere to tell it: what is held is tried again, a morning waits for a sign of life."""
    at = plan.now + HOUR if again else None
    if report.is_morning(plan, found):
        plan.put(replace(found, digest_at=at, wakes_at=at))
    else:
        attending.put(plan, replace(found, digest_at=at))


def _fitting(plan: Plan, kept: Sequence[Delivery]) -> list[tuple[Delivery, Envelope]]:
    """The oldest, as many as one message has room for."""
    held, room = list[tuple[Delivery, Envelope]](), MOST
    for delivery in kept:
        envelope = plan.envelope(delivery.envelope_id)
        room -= report.room_of(envelope) if envelope else 0
        if room < 0:
            break
        if envelope:
            held.append((delivery, envelope))
    return held


def _comes(plan: Plan, item: Delivery) -> None:
    """Its card, without a sound; an approval is as fresh there as it is to whoever sees it."""
    free = d.advance(item, d.Release(), now=plan.now)
    plan.put(replace(free, kept="", hushed=True))
    plan.tell(Event(free.state, free.envelope_id, free.peer_id, d.level(free), "told of in the digest"))
    approval = plan.approval_of(item.envelope_id)
    if approval and approval.state == a.State.ASKED:
        plan.put(a.advance(approval, a.Show(item.peer_id), now=plan.now))


def _lay_again(plan: Plan, to: Peer, person: str, report_id: str) -> None:
    """What was asked there long ago comes below the report once more, so that nobody looks for its buttons."""
    for ask, _ in report.waiting(plan, [to])[:MOST_CARDS]:
        envelope = plan.envelope(ask.ask_id)
        cards = [
            x for each in plan.view.deliveries_of(ask.ask_id) if (x := plan.fresh(each)).peer_id == to.peer_id
        ]
        last = cards[-1] if cards else None
        if envelope is None or last is None or not last.receipt or plan.now - ask.created_at < a.STALE_AFTER:
            continue
        again = Delivery(
            delivery_id=plan.new_id("d"),
            envelope_id=ask.ask_id,
            peer_id=to.peer_id,
            kind=Kind.ASK,
            state=d.State.QUEUED,
            due_at=plan.now,
            expires_at=envelope.expires_at,
            urgency=envelope.urgency,
        )
        held = d.advance(again, d.Hold(None, "comes with the morning report", plan.now + HOUR), now=plan.now)
        plan.put(replace(held, kept=person, told_in=report_id))
        plan.tell(Event(held.state, ask.ask_id, to.peer_id, held.state, held.reason))


def _told(plan: Plan, found: Attention, *, more: bool) -> None:
    current = plan.attention(found.person) or found
    over = replace(current, digest_at=plan.now if more else None)
    if report.is_morning(plan, found):
        night = report.next_night(plan, found.person)
        over = replace(over, reported_at=plan.now, report_at=night)
    attending.put(plan, over)
