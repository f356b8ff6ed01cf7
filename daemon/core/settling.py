"""What became of deliveries: every change of one is written, told to the feed, and drawn through to its ask.

One that stalls is told to whoever sent it, and to who watches the recipient: nothing more happens to it by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from daemon.core import commands as c
from daemon.core import signs, watchers
from daemon.core.errors import NotFound
from daemon.core.model import (
    Arrival,
    Ask,
    Delivery,
    Envelope,
    Event,
    Kind,
    Parcel,
    Peer,
    Road,
    Session,
    Urgency,
)
from daemon.core.posting import LINE, Letter, address, change_card, post, reply
from daemon.core.rules import asking, roads
from daemon.core.rules import delivery as d
from daemon.core.view import Plan

PROOF_WITHIN: Final = timedelta(seconds=10)  #: for the next hook after one that carried something
BETWEEN: Final = "between tool calls"  #: the receipt of what was handed there


def ack(plan: Plan, command: c.AckDelivery) -> Delivery:
    """The road took it; with ``proven`` that is all the evidence there is to get."""
    given = d.Give(command.holder, command.receipt, proof_within=command.proof_within)
    delivery = _moved(plan, known(plan, command.delivery_id), given, _taken(command.receipt))
    ask = _ask_of(plan, delivery)
    if ask and asking.is_over(ask):  # it ended while the card was on its way
        change_card(plan, ask, delivery.peer_id, delivery.receipt)
    return see(plan, delivery, command.proven) if command.proven else delivery


def part(plan: Plan, command: c.PartDelivery) -> Delivery:
    """It goes on with the next part when its turn comes. The same receipt again, whose answer got lost, is no news."""
    delivery = known(plan, command.delivery_id)
    if command.receipt in delivery.parts:
        return delivery
    step = d.Part(command.holder, command.receipt)
    return _moved(plan, delivery, step, f"part {len(delivery.parts) + 1} shown as {command.receipt}")


def nak(plan: Plan, command: c.NakDelivery) -> Delivery:
    delivery = known(plan, command.delivery_id)
    return _moved(plan, delivery, d.Nak(command.holder, command.reason, command.after), command.reason)


def hold(plan: Plan, command: c.HoldDelivery) -> Delivery:
    delivery = known(plan, command.delivery_id)
    return _moved(plan, delivery, d.Hold(command.holder, command.reason, command.until), command.reason)


def reject(plan: Plan, command: c.RejectDelivery) -> Delivery:
    delivery = known(plan, command.delivery_id)
    return _moved(plan, delivery, d.Reject(command.holder, command.reason), command.reason)


def doubt(plan: Plan, command: c.DoubtDelivery) -> Delivery:
    delivery = known(plan, command.delivery_id)
    return _moved(plan, delivery, d.Doubt(command.holder, command.reason), command.reason)


def extend(plan: Plan, command: c.ExtendDelivery) -> Delivery:
    delivery = d.advance(
        known(plan, command.delivery_id), d.Extend(command.holder, command.ttl), now=plan.now
    )
    plan.put(delivery)
    return delivery


def spotted(plan: Plan, command: c.SeeDelivery) -> Delivery:
    return see(plan, known(plan, command.delivery_id), command.evidence)


def missed(plan: Plan, command: c.MissDelivery) -> Delivery:
    delivery = known(plan, command.delivery_id)
    session = plan.session(delivery.session_id)
    if session and session.halted_at and delivery.receipt == BETWEEN:  # there is nothing to be read first
        plan.put(replace(session, halted_at=None))
    return _moved(plan, delivery, d.Miss(command.reason), command.reason)


def met(plan: Plan, ask: Ask, here: Peer, receipt: str) -> None:
    """Somebody used the card that was shown as ``receipt``: so it was shown, if that was in doubt until now."""
    if not receipt or plan.view.shown(here.peer_id, receipt):
        return
    for delivery in plan.view.deliveries_of(ask.ask_id):
        doubtful = delivery.doubts and d.can(delivery, d.Give) and not delivery.receipt
        if delivery.peer_id == here.peer_id and doubtful:
            _moved(plan, delivery, d.Give(None, receipt=receipt), f"used as {receipt}")
            return


def replay(plan: Plan, command: c.ReplayDelivery) -> Delivery:
    return _moved(plan, known(plan, command.delivery_id), d.Replay(), "asked for")


def lease(plan: Plan, delivery: Delivery, step: d.Lease) -> Parcel:
    """Journalled before the road is touched: after a crash the mark says what to look for."""
    envelope = plan.envelope(delivery.envelope_id)
    why = roads.because(step.road, envelope.sender.authority) if envelope else ""
    return parcel(plan, _moved(plan, delivery, step, f"trying by {step.road}{why and f': {why}'}"))


def give(plan: Plan, delivery: Delivery, step: d.Give, evidence: str) -> Parcel:
    return parcel(plan, _moved(plan, delivery, step, evidence))


def hand(plan: Plan, session: Session, delivery: Delivery, evidence: str, *, receipt: str = "") -> Parcel:
    """The answer to a hook of the session carries it."""
    step = d.Give(
        None,
        receipt=receipt,
        road=Road.HOOK,
        session_id=session.session_id,
        mark=plan.new_mark(),
        proof_within=PROOF_WITHIN,
    )
    return give(plan, delivery, step, evidence)


def see(plan: Plan, delivery: Delivery, evidence: str) -> Delivery:
    """There is evidence. A notice is settled by that, an ask when it ends. Seeing twice is seeing once."""
    if not d.can(delivery, d.See):
        return delivery
    seen = _moved(plan, delivery, d.See(evidence), evidence)
    arrived(plan, seen.session_id, seen.road)
    ask = _ask_of(plan, seen)
    if ask is None or asking.is_over(ask):
        return _moved(plan, seen, d.Settle(), "nothing more to come")
    if asking.can(ask, asking.Notice):
        noticed = asking.advance(ask, asking.Notice(), now=plan.now)
        plan.put(noticed)
        signs.put(plan, noticed, signs.SEEN)
    return seen


def arrived(plan: Plan, session_id: str | None, road: Road) -> None:
    """That road works into that session: the best proof there is."""
    session = plan.session(session_id)
    if session and road not in {Road.NONE, Road.CHAT}:
        others = tuple(each for each in session.arrivals if each.road is not road)
        plan.put(replace(session, arrivals=(*others, Arrival(road=road, at=plan.now))))


def close(plan: Plan, ask: Ask) -> None:
    """The ask is over: nothing more is carried for it, and what was seen is settled."""
    for stale in plan.view.deliveries_of(ask.ask_id):
        delivery = plan.fresh(stale)
        if d.can(delivery, d.Settle):
            _moved(plan, delivery, d.Settle(), f"the ask is {ask.state}")
        elif d.can(delivery, d.Cancel):
            _moved(plan, delivery, d.Cancel(f"the ask is {ask.state}"), f"the ask is {ask.state}")


def see_handed(
    plan: Plan, session: Session, evidence: str, *, passing: bool = False, calling: bool = False
) -> tuple[Envelope, ...]:
    """Everything handed to the session at its last boundary has arrived.

    ``passing``: only what went with its prompt or stood between its tool calls. ``calling``: but not what stood there,
    for another call of the same answer tells nothing of the hook that was to bring it.
    """
    arrived = []
    for delivery in plan.view.handed(session.peer_id, session_id=session.session_id):
        between = delivery.receipt == BETWEEN
        along = delivery.urgency is Urgency.FYI or between
        if delivery.road is Road.HOOK and (along or not passing) and not (calling and between):
            see(plan, plan.fresh(delivery), evidence)
            arrived.append(plan.envelope(delivery.envelope_id))
    return tuple(envelope for envelope in arrived if envelope)


def parcel(plan: Plan, delivery: Delivery) -> Parcel:
    envelope = plan.envelope(delivery.envelope_id)
    if envelope is None:
        raise NotFound(f'no envelope "{delivery.envelope_id}"')
    about = envelope.envelope_id if envelope.kind is Kind.ASK else envelope.correlation_id
    conversation = plan.conversation(delivery.peer_id)
    return Parcel(
        delivery,
        envelope,
        plan.ask(about),
        shown_as=_shown_as(plan, delivery, envelope),
        recipient=address(plan, conversation, envelope) if conversation else "",
    )


def release(plan: Plan, deliveries: Sequence[Delivery], reason: str) -> None:
    """Handed to a reader that is gone: they wait again."""
    for delivery in deliveries:
        if d.can(delivery, d.Miss):
            spared = replace(delivery, attempts=max(0, delivery.attempts - 1))
            _moved(plan, spared, d.Miss(reason), reason)


def lapse(plan: Plan, delivery: Delivery, why: str) -> None:
    _moved(plan, replace(delivery, leased_until=plan.now), d.Lapse(), why)


def expire(plan: Plan, delivery: Delivery) -> None:
    _moved(plan, delivery, d.Expire("nobody took it in time"), "nobody took it in time")


def spoil(plan: Plan, delivery: Delivery, reason: str) -> None:
    """There is nothing left to carry."""
    _moved(plan, delivery, d.Spoil(reason), reason)


def kill(plan: Plan, delivery: Delivery, reason: str) -> None:
    """The recipient is gone for good."""
    if d.can(delivery, d.Cancel):
        _moved(plan, delivery, d.Cancel(reason), reason)


def known(plan: Plan, delivery_id: str) -> Delivery:
    delivery = plan.delivery(delivery_id)
    if delivery is None:
        raise NotFound(f'no delivery "{delivery_id}"')
    return delivery


def _moved(plan: Plan, delivery: Delivery, step: d.Happening, evidence: str) -> Delivery:
    moved = d.advance(delivery, step, now=plan.now)
    plan.put(moved)
    plan.tell(
        Event(moved.state, moved.envelope_id, moved.peer_id, d.level(moved), evidence or f"by {moved.road}")
    )
    why = _for_nobody(plan, moved) if moved.state in {d.State.QUEUED, d.State.HELD, d.State.STALLED} else ""
    if why:
        return _moved(plan, moved, d.Cancel(why), why)
    if moved.state == d.State.STALLED:
        _tell_of_stall(plan, moved)
    return moved


def _for_nobody(plan: Plan, delivery: Delivery) -> str:
    """Why it would be tried again, or told of, for nobody; "" if there is somebody."""
    ask, peer = _ask_of(plan, delivery), plan.peer(delivery.peer_id)
    if ask and asking.is_over(ask):
        return f"the ask is {ask.state}"
    return "the recipient was forgotten" if peer and peer.forgotten_at else ""


def _taken(receipt: str) -> str:
    if receipt == d.ENTERED:
        return "typed into its terminal, and Enter was pressed"
    return receipt and f"shown as {receipt}"


def _tell_of_stall(plan: Plan, stalled: Delivery) -> None:
    envelope, to = plan.envelope(stalled.envelope_id), plan.peer(stalled.peer_id)
    if envelope is None or to is None:
        return
    how = (
        "typed into its terminal" if d.is_entered(stalled) else f"given to its {stalled.road} again and again"
    )
    sent = f"what {envelope.sender.name} sent ({envelope.envelope_id})"
    known = (envelope.sender.peer_id,)
    watchers.tell(plan, to.peer_id, f"stalls: {sent} was {how} and nothing followed", known)
    sender = plan.peer(envelope.sender.peer_id)
    if sender and not sender.forgotten_at:
        told = f"{to.name} did not show that it took your message ({envelope.envelope_id})"
        _tell_sender(plan, sender, f"{told}: it was {how} and nothing followed")


def _tell_sender(plan: Plan, sender: Peer, text: str) -> None:
    """An agent reads it with its next message; a person hears of it at once."""
    if plan.conversation(sender.peer_id):
        reply(plan, sender, text, aloud=True)
    else:
        post(plan, LINE, [sender], Letter(kind=Kind.NOTICE, text=text, urgency=Urgency.FYI))


def _ask_of(plan: Plan, delivery: Delivery) -> Ask | None:
    return plan.ask(delivery.envelope_id) if delivery.kind is Kind.ASK else None


def _shown_as(plan: Plan, delivery: Delivery, envelope: Envelope) -> str:
    if envelope.kind is not Kind.CHANGE or envelope.correlation_id is None:
        return ""
    if envelope.reply_to:
        return envelope.reply_to
    shown = [x for x in plan.view.deliveries_of(envelope.correlation_id) if x.peer_id == delivery.peer_id]
    return shown[0].receipt if shown else ""
