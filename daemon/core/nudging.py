"""Telling an agent by its channel that something waits: without a word of it, so nothing is doubled and nothing lost.

A channel gives no sign of what became of what it was told, and Claude Code drops it without a word where channels are
not allowed. Rule: what waits is never given to it. It waits on, for the end of a turn or for ``check_messages``, which
are evidence; until it was read, and for some minutes after it was told, the channel says nothing more.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from daemon.core import braking, handing
from daemon.core import commands as c
from daemon.core.model import Delivery, Event, Nudge, Peer, Session
from daemon.core.rules import delivery as d
from daemon.core.rules import roads
from daemon.core.rules.frame import nudge as words
from daemon.core.view import Plan

EVERY: Final = timedelta(minutes=5)
NOTHING: Final = Nudge()


def opened(plan: Plan, command: c.OpenChannel) -> None:
    session = plan.live(command.session_id)
    if session and session.channel != command.opened:
        plan.put(replace(session, channel=command.opened))


def nudge(plan: Plan, command: c.NudgeSession) -> Nudge:
    """What the session's channel is to say now; saying it is on record before it is said."""
    session = plan.live(command.session_id)
    peer = plan.peer(session.peer_id) if session else None
    if session is None or peer is None or peer.session_id != session.session_id:
        return NOTHING
    waiting = handing.first(plan, peer)
    if waiting is None or handing.is_on_the_way(plan, session) or braking.frozen(plan, peer):
        return NOTHING
    return _about(plan, peer, session, waiting)


def _about(plan: Plan, peer: Peer, session: Session, waiting: Delivery) -> Nudge:
    envelope = plan.envelope(waiting.envelope_id)
    road = roads.choose(envelope, session) if envelope else None
    if envelope is None or not (isinstance(road, roads.Wait) and road.told):
        return NOTHING
    told_at = session.nudged_at
    if told_at and envelope.created_at <= told_at:
        return NOTHING  # it was told of this, and has not read it
    due_at = max(waiting.due_at, told_at + EVERY if told_at else plan.now)
    if due_at > plan.now:
        return Nudge(due_at=due_at)
    plan.put(replace(session, nudged_at=plan.now))
    evidence = "its channel was told that something waits"
    plan.tell(Event("nudged", envelope.envelope_id, peer.peer_id, d.level(waiting), evidence))
    return Nudge(words(envelope.sender.name), envelope.sender.name)
