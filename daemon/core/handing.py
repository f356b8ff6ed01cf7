"""Giving what waits to whoever carries or takes it: leases for roads, hand-outs at boundaries, calls of pollers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import takewhile
from typing import Final

from daemon.core import allowance, attending, braking, budgets, outbox, settling, tracing
from daemon.core import commands as c
from daemon.core.model import Delivery, Envelope, Kind, Parcel, Peer, Road, Role, Session, Turn, Urgency
from daemon.core.posting import LINE, UNREAD_LIMIT, Letter, post
from daemon.core.rules import delivery as d
from daemon.core.rules import presence, roads
from daemon.core.rules.frame import framed, space_for
from daemon.core.view import Plan

TOO_LONG: Final = "too long for its hooks, and it has no other road; it was told to call check_messages"
HINTED_AGAIN: Final = timedelta(minutes=10)
BETWEEN: Final = frozenset(
    {Kind.NOTICE, Kind.BROADCAST, Kind.ANSWER}
)  #: what may come in the middle of a turn


def lease_next(plan: Plan, command: c.LeaseNext) -> Parcel | None:
    """The first thing that can be carried now, leased to the holder, or nothing. Nobody is overtaken.

    But in conversations: there what is urgent comes before what is not (``outbox.lane``).
    """
    for peer_id in command.peer_ids:
        peer = plan.peer(peer_id)
        if peer and (parcel := _next_for(plan, peer, command)):
            return parcel
    return None


def hand_out(plan: Plan, command: c.HandOut) -> tuple[Parcel, ...]:
    """At a boundary: one ask, or the notices that wait before the next ask, joined. Nobody is overtaken.

    Between two tool calls: notices alone, and of nobody whose question waits before them.
    """
    session = plan.live(command.session_id)
    if session is None or _is_braked(plan, session):
        return ()
    if not (command.passing or command.between) and _is_limited(plan, session):
        return ()
    if not command.passing and is_on_the_way(plan, session):
        return ()
    # What lies unsent in its prompt waits there for its Enter: by another road it would come a second time.
    waiting = list(takewhile(lambda x: not _is_taken(x, session), plan.view.waiting(session.peer_id)))
    if command.between:
        chosen = tuple(_between(plan, waiting, command))
    else:
        if not session.inbox:  # better changed than never
            command = replace(command, changes="")
        chosen = tuple(_chosen(plan, waiting, command)) or _hinted(plan, session, waiting, command.limit)
    where = settling.BETWEEN if command.between else "at a boundary"
    receipt = settling.BETWEEN if command.between else ""
    parcels = tuple(settling.hand(plan, session, x, f"handed {where}", receipt=receipt) for x in chosen)
    envelopes = [parcel.envelope for parcel in parcels]
    if parcels and not (command.passing or command.between):
        carried = next((ask for envelope in envelopes if (ask := carried_ask(envelope))), None)
        began = presence.Began(carried, command.prompt_id, cause=tracing.leading(envelopes))
        plan.put(presence.fold(session, began, "hand-out", plan.now))
        budgets.used(plan, session.peer_id, woken=1)
    elif command.between:
        tracing.reach(plan, session.session_id, envelopes)
    return parcels


def carried_ask(envelope: Envelope) -> str | None:
    """The ask a turn works on when this envelope starts it: the ask itself, or the one it reminds of."""
    if envelope.kind is Kind.ASK:
        return envelope.envelope_id
    return envelope.correlation_id if envelope.kind is Kind.NOTICE else None


def collect(plan: Plan, command: c.Collect) -> tuple[Parcel, ...]:
    """A poller takes its messages; what an earlier call took without a receipt comes again, first.

    The same call again takes what it took: its answer may have been lost on the way.
    """
    pending = plan.view.handed(command.peer_id)
    again = [x for x in pending if x.road is Road.POLL and x.receipt == command.call_id]
    if again:
        return tuple(settling.parcel(plan, delivery) for delivery in again)
    unproven = [x for x in pending if x.road is Road.POLL]
    mine = [
        x for x in (*unproven, *plan.view.waiting(command.peer_id, command.limit)) if _about(plan, x, command)
    ]
    settling.release(plan, [x for x in mine if x.state == d.State.HANDED], "the call was never confirmed")
    step = d.Give(None, receipt=command.call_id, road=Road.POLL)
    taken = [plan.fresh(x) for x in mine[: command.limit] if x.state != d.State.LEASED]
    parcels = tuple(
        settling.give(plan, delivery, step, f"taken by call {command.call_id}") for delivery in taken
    )
    peer = plan.peer(command.peer_id)
    if peer and command.ask_id is None:  # what it waited for itself changes nothing of what it is at
        tracing.reach(plan, peer.session_id, [parcel.envelope for parcel in parcels])
    return parcels


def confirm_call(plan: Plan, command: c.ConfirmCall) -> int:
    """The client has them; returns how many."""
    receipt = "" if command.others else command.call_id
    taken = [x for x in plan.view.handed(command.peer_id, receipt=receipt) if x.road is Road.POLL]
    for delivery in taken:
        settling.see(plan, plan.fresh(delivery), f"receipt of call {command.call_id}")
    return len(taken)


def _next_for(plan: Plan, peer: Peer, command: c.LeaseNext) -> Parcel | None:
    if (plan.conversation(peer.peer_id) is not None) != command.shows:
        return None
    delivery, session = first(plan, peer), plan.session_of(peer)
    if delivery is None or delivery.state == d.State.LEASED or delivery.due_at > plan.now:
        return None
    if outbox.is_quiet(plan, delivery) or not attending.leaves(plan, delivery, peer):
        return None
    if session and (is_on_the_way(plan, session) or braking.frozen(plan, peer)):
        return None
    envelope = plan.envelope(delivery.envelope_id)
    envelope = envelope and replace(envelope, urgency=delivery.urgency)
    road = _road(plan, peer, envelope, session)
    if road is None or (road is not Road.CHAT and not allowance.leaves(plan, delivery, peer)):
        return None
    step = d.Lease(
        command.holder, command.ttl, road, session.session_id if session else None, plan.new_mark()
    )
    return settling.lease(plan, plan.fresh(delivery), step)


def first(plan: Plan, peer: Peer) -> Delivery | None:
    """The oldest; for an agent the oldest that wakes it, for what is for information goes with a prompt.

    Conversations have lanes.
    """
    if plan.conversation(peer.peer_id) is not None:
        return plan.view.next_shown(peer.peer_id)
    oldest = next(iter(plan.view.waiting(peer.peer_id, 1)), None)
    if oldest is None or oldest.urgency is not Urgency.FYI or peer.role is Role.HUMAN:
        return oldest
    return next(
        (x for x in plan.view.waiting(peer.peer_id, UNREAD_LIMIT) if x.urgency is not Urgency.FYI), oldest
    )


def is_on_the_way(plan: Plan, session: Session) -> bool:
    """Something was given to the agent and has not been seen to begin: two at once would become one turn.

    Be it to a session before this one: until that has been looked for, nothing overtakes it.
    """
    return any(x.road is not Road.POLL for x in plan.view.handed(session.peer_id))


def _is_taken(delivery: Delivery, session: Session) -> bool:
    """Somebody is at it, or it may lie in this session's prompt already."""
    mine = delivery.session_id == session.session_id
    return delivery.state == d.State.LEASED or (mine and d.is_half_typed(delivery))


def _road(plan: Plan, peer: Peer, envelope: Envelope | None, session: Session | None) -> Road | None:
    if envelope is None:
        return None
    if plan.conversation(peer.peer_id):
        return Road.CHAT
    chosen = Road.NONE if peer.backend in roads.POLLING else roads.choose(envelope, session)
    return chosen if isinstance(chosen, Road) and chosen is not Road.NONE else None


def _is_limited(plan: Plan, session: Session) -> bool:
    """What it is handed at a turn's end would begin another that fails."""
    peer = plan.peer(session.peer_id)
    return peer is not None and allowance.limit_of(plan, peer.backend, peer.circle) != ""


def _is_braked(plan: Plan, session: Session) -> bool:
    peer = plan.peer(session.peer_id)
    return bool(session.stopped) or (peer is not None and braking.frozen(plan, peer) != "")


def _chosen(plan: Plan, waiting: Iterable[Delivery], command: c.HandOut) -> Iterable[Delivery]:
    room, first = command.limit, True
    for delivery in waiting:
        if command.passing and delivery.urgency is not Urgency.FYI:
            continue
        parcel = settling.parcel(plan, delivery)
        room -= space_for(parcel)
        if room < 0 or (delivery.kind is Kind.ASK and not first) or _is_changed(parcel, command):
            return
        yield delivery
        first = False
        if carried_ask(parcel.envelope):  # also a reminder: the turn answers one ask
            return


def _hinted(plan: Plan, session: Session, waiting: Sequence[Delivery], limit: int) -> tuple[Delivery, ...]:
    """A word about what no hook can carry and no other road would: the agent is to take it by its tool."""
    first = waiting[0] if waiting else None
    peer = plan.peer(session.peer_id)
    told_lately = first and first.state != d.State.QUEUED and first.due_at > plan.now
    if peer is None or first is None or first.state == d.State.LEASED or told_lately:
        return ()
    parcel = settling.parcel(plan, first)
    idle = replace(session, turn=Turn.IDLE)
    has_road = isinstance(roads.choose(replace(parcel.envelope, urgency=Urgency.NORMAL), idle), Road)
    if space_for(parcel) <= limit or has_road:
        return ()
    _keep_back(plan, first)
    count = len(waiting)
    said = (
        f"{count} {'messages wait' if count > 1 else 'message waits'}, the first too long to come by itself"
    )
    _, hint = post(
        plan,
        LINE,
        [peer],
        Letter(kind=Kind.NOTICE, text=f"{said}: call check_messages", urgency=Urgency.FYI),
    )
    return hint


def _keep_back(plan: Plan, delivery: Delivery) -> None:
    until = plan.now + HINTED_AGAIN
    if delivery.state == d.State.HELD:
        plan.put(d.advance(delivery, d.Wait(until), now=plan.now))
    else:
        step = c.HoldDelivery(delivery_id=delivery.delivery_id, holder=None, reason=TOO_LONG, until=until)
        settling.hold(plan, step)


def _is_changed(parcel: Parcel, command: c.HandOut) -> bool:
    """Whether it would not arrive as it was sent."""
    return not set(command.changes).isdisjoint(framed(parcel))


def _between(plan: Plan, waiting: Iterable[Delivery], command: c.HandOut) -> Iterable[Delivery]:
    """What cannot wait is left for the next tool call, which it stands in for."""
    room, passed_over = command.limit, set[str]()
    for delivery in waiting:
        parcel = settling.parcel(plan, delivery)
        sender = parcel.envelope.sender.peer_id
        fits = delivery.kind in BETWEEN and not carried_reminder(parcel.envelope)
        if delivery.urgency is Urgency.URGENT or not fits or sender in passed_over:
            passed_over.add(sender)
            continue
        room -= space_for(parcel)
        if room < 0:
            return
        yield delivery


def carried_reminder(envelope: Envelope) -> bool:
    """A notice about an ask starts a turn on it, like the ask itself."""
    return envelope.kind is Kind.NOTICE and envelope.correlation_id is not None


def _about(plan: Plan, delivery: Delivery, command: c.Collect) -> bool:
    if command.ask_id is None:
        return True
    envelope = plan.envelope(delivery.envelope_id)
    return envelope is not None and envelope.kind is Kind.ANSWER and envelope.correlation_id == command.ask_id
