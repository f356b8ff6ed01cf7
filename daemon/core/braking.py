"""The brakes: a turn that is stopped, a circle that is frozen, and a message that cannot wait.

All three work at one place, where an agent is about to make a tool call and can still be told not to. What it does
already is not broken off.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from daemon.core import addressing, settling, tracing
from daemon.core import commands as c
from daemon.core.errors import Conflict, NotFound
from daemon.core.model import (
    AGENTS,
    Circle,
    Denial,
    Event,
    Kind,
    Parcel,
    Peer,
    Session,
    Urgency,
)
from daemon.core.rules import delivery as d
from daemon.core.rules.frame import space_for
from daemon.core.rules.presence import IN_TURN
from daemon.core.view import Plan

HALTED_FOR: Final = timedelta(seconds=5)  #: in case nothing tells that the agent has read it
READ_FIRST: Final = (
    "this call was not made: with the call before it came a message that cannot wait. Read that first."
)
CANNOT_WAIT: Final = (
    "this call was not made: a message came that cannot wait. "
    "Read it, act on it, then decide whether to call again."
)


def begin_call(plan: Plan, command: c.BeginCall) -> Denial | None:
    """Why the call is not to be made, or None."""
    session = plan.live(command.session_id)
    peer = plan.peer(session.peer_id) if session else None
    if session is None or peer is None:
        return None
    why = frozen(plan, peer) or session.stopped
    if why:
        plan.tell(Event("call_denied", peer.peer_id, peer.peer_id, why, session.doing))
        return Denial(why)
    if command.limit and session.halted_at and plan.now - session.halted_at < HALTED_FOR:
        return Denial(READ_FIRST)
    urgent = _urgent(plan, peer, session, command.limit)
    if not urgent:
        return None
    plan.put(replace(session, halted_at=plan.now))
    tracing.reach(plan, session.session_id, [parcel.envelope for parcel in urgent])
    return Denial(CANNOT_WAIT, urgent)


def stop(plan: Plan, command: c.StopTurn) -> Session:
    """Let no further tool call of the turn through.

    Raises:
        NotFound: the peer has no session that could be stopped.
        Conflict: it is in no turn.

    """
    peer = plan.peer(command.peer_id)
    session = plan.session_of(peer) if peer else None
    if peer is None or session is None:
        raise NotFound(
            f'"{peer.name if peer else command.peer_id}" runs nothing', "see who is there with /peers"
        )
    if session.turn not in IN_TURN:
        raise Conflict(f'"{peer.name}" is {session.turn or "not known to work"}', "there is no turn to stop")
    why = (
        f"stopped by {command.by}: no further tool call is made in this turn. "
        "Say in a few words how far you are, and end."
    )
    stopped = replace(session, stopped=why)
    plan.put(stopped)
    plan.tell(Event("stopped", peer.peer_id, peer.peer_id, f"{peer.circle}/{peer.name}", command.by))
    return stopped


def freeze(plan: Plan, command: c.FreezeCircle) -> list[Peer]:
    """From now on nothing runs in the circle and nothing is carried into it; returns whom that stops."""
    name = addressing.checked_circle(command.circle)
    inside = _agents(plan, name)
    plan.put(Circle(name=name, frozen_at=plan.now, frozen_by=command.by))
    plan.tell(Event("frozen", name, what=name, evidence=command.by))
    return inside


def thaw(plan: Plan, command: c.ThawCircle) -> list[Peer]:
    """It goes on; returns for whom.

    Raises:
        Conflict: it is not frozen.

    """
    name = addressing.checked_circle(command.circle)
    if plan.is_frozen(name) is None:
        raise Conflict(f'circle "{name}" is not frozen', "nothing is to be thawed")
    plan.put(Circle(name=name))
    plan.tell(Event("thawed", name, what=name, evidence=command.by))
    inside = _agents(plan, name)
    for peer in inside:
        # What waited for it is looked at anew: a delivery that was held or queued is carriable again.
        for delivery in plan.view.waiting(peer.peer_id, 1):
            plan.put(delivery)
    return inside


def frozen(plan: Plan, peer: Peer) -> str:
    """Why nothing runs in the peer's circle; "" if it does."""
    found = plan.is_frozen(peer.circle)
    if found is None or found.frozen_at is None:
        return ""
    since = f"{found.frozen_at:%H:%M} UTC"
    return (
        f'circle "{found.name}" is frozen by {found.frozen_by} since {since}: no tool call is made in it '
        "until it is thawed. End your turn."
    )


def _urgent(plan: Plan, peer: Peer, session: Session, limit: int) -> tuple[Parcel, ...]:
    """What cannot wait, up to the first ask: one is answered before the next is read."""
    chosen: list[Parcel] = []
    room = limit - len(CANNOT_WAIT)
    for delivery in plan.view.waiting(peer.peer_id):
        if delivery.urgency is not Urgency.URGENT or delivery.state == d.State.LEASED:
            continue
        room -= space_for(settling.parcel(plan, delivery))
        if room < 0:
            break
        chosen.append(
            settling.hand(plan, session, delivery, "handed instead of a tool call", receipt=settling.BETWEEN)
        )
        if delivery.kind is Kind.ASK:
            break
    return tuple(chosen)


def _agents(plan: Plan, circle: str) -> list[Peer]:
    return [
        peer
        for peer in plan.view.peers()
        if peer.circle == circle and peer.role in AGENTS and plan.session_of(peer)
    ]
