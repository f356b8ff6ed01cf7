"""A chain of messages between agents was ended: whoever looks after them is told, once of each chain."""

from __future__ import annotations

from daemon.core import commands as c
from daemon.core import locking, tracing
from daemon.core.model import Event, Kind, Peer, Role, Urgency
from daemon.core.posting import LINE, Letter, post
from daemon.core.rules.attention import Matter
from daemon.core.view import Plan

ENDED = "chain_ended"


def tell(plan: Plan, command: c.TellLoop) -> None:
    """The owner, and without being woken the orchestrators there are: else telling would begin it anew."""
    at, peer = tracing.course_of(plan, command.peer_id), plan.peer(command.peer_id)
    told = any(each.event.type == ENDED for each in plan.view.told_of(at.trace))
    why = tracing.excess(plan, at, command.peer_id)
    if peer is None or not at.trace or not why or told:
        return
    plan.tell(Event(ENDED, at.trace, peer.peer_id, what=why, evidence=peer.name))
    text = _words(plan, peer, at.trace)
    leads = [x for x in plan.peers() if x.role is Role.ORCHESTRATOR and x != peer and plan.session_of(x)]
    if leads:
        post(plan, LINE, leads, Letter(kind=Kind.NOTICE, text=text, urgency=Urgency.FYI))
    rooms = [x for x in plan.peers() if locking.hears(plan, x)]
    if rooms:
        post(plan, LINE, rooms, Letter(kind=Kind.NOTICE, text=text, matter=Matter.FAILURE))


def _words(plan: Plan, peer: Peer, trace: str) -> str:
    session = plan.session_of(peer)
    cause, began = tracing.cause_of(plan, session), plan.envelope(trace)
    other = f" and {cause.sender.circle}/{cause.sender.name}" if cause else ""
    first = f"; it began with {began.envelope_id} of {began.sender.name}" if began else ""
    return (
        f"{peer.circle}/{peer.name}{other} were sending each other messages in a loop, which was ended{first}"
    )
