"""The wall clock was set: whatever waits for a span of time goes on waiting for the rest of that span.

Times are kept as they are on the wall, so a clock that is set an hour back would make every lease, retry and deadline
an hour longer, and one that is set forward would end them all at once. Rule: spans are moved with the clock; what is
meant by the wall, such as the hour from which requests are denied for want of a person, stays where it is, and so does
when something was said, seen or ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from daemon.core import attending, spawning
from daemon.core import commands as c
from daemon.core.model import Approval, Ask, Conversation, Delivery, Event, Job, Outage, Session
from daemon.core.outbox import room_of
from daemon.core.rules.delivery import NEVER
from daemon.core.view import Plan

EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
ALL: Final = -1  #: no limit to a list


def step(plan: Plan, command: c.StepClock) -> None:
    """Move everything that waits by as much as the clock was moved."""
    by = command.by
    for delivery in plan.view.unsettled(NEVER, ALL):
        plan.put(_delivery(delivery, by))
    for ask in plan.view.overdue_asks(NEVER, ALL):
        approval = plan.approval_of(ask.ask_id)
        if approval is None or not approval.reason:  # else it ends at an hour of the day
            plan.put(_ask(ask, by))
    for follow in plan.view.follows_due(NEVER):
        plan.put(replace(follow, due_at=_moved(follow.due_at, by), shown_at=_moved(follow.shown_at, by)))
    for approval in plan.view.approvals():
        plan.put(_approval(approval, by))
    for job in plan.view.jobs(limit=ALL, over=False):
        plan.put(_job(job, by))
    for account in plan.view.accounts():
        until = account.until_at if account.told else _moved(account.until_at, by)
        plan.put(replace(account, since_at=_moved(account.since_at, by), until_at=until))
    _spawns(plan, by)
    _attention(plan, by)
    _presence(plan, by)
    plan.tell(Event("clock_set", "clock", what=f"{by.total_seconds():+.0f} s"))


def _spawns(plan: Plan, by: timedelta) -> None:
    """How long ago they were wanted, which a limit counts, and how long they have been awaited."""
    late = plan.view.spawns_since(plan.now - by - spawning.A_MINUTE)
    for spawn in {each.spawn_id: each for each in (*plan.view.spawns_live(), *late)}.values():
        began_at = _moved(spawn.began_at, by)
        plan.put(replace(spawn, wanted_at=spawn.wanted_at + by, began_at=began_at))


def _attention(plan: Plan, by: timedelta) -> None:
    """How long ago it rang; but whoever wants quiet until seven means the wall, and so does who is told then."""
    for found in plan.view.attentions():
        rang = tuple(replace(each, at=each.at + by) for each in found.rang)
        digest_at = found.digest_at if found.quiet else _moved(found.digest_at, by)
        attending.put(plan, replace(found, rang=rang, digest_at=digest_at))
    for escalation in plan.view.escalations_due(NEVER):
        plan.put(replace(escalation, at=_moved(escalation.at, by)))


def _presence(plan: Plan, by: timedelta) -> None:
    surfaces, rooms = dict[str, None](), dict[tuple[str, str], None]()
    for peer in plan.view.peers():
        if session := plan.session_of(peer):
            plan.put(_session(session, by))
            plan.put(replace(peer, last_seen=peer.last_seen + by))  # how long it has been silent is a span
        if conversation := plan.conversation(peer.peer_id):
            surfaces[conversation.surface] = None
            plan.put(_conversation(conversation, by))
            rooms[conversation.surface, room_of(conversation.address)] = None
    _surfaces(plan, surfaces, by)
    for quiet in (plan.quiet(*room, at=EVER) for room in rooms):  # else what is over would begin again
        if quiet:
            plan.put(replace(quiet, until=quiet.until + by))


def _surfaces(plan: Plan, surfaces: Iterable[str], by: timedelta) -> None:
    for outage in (plan.last_outage(surface) for surface in surfaces):
        if outage.since_at or outage.ended_at:
            plan.put(_outage(outage, by))
    for pairing in (plan.pairing(surface) for surface in surfaces):
        if pairing:
            plan.put(replace(pairing, expires_at=pairing.expires_at + by))


def _delivery(delivery: Delivery, by: timedelta) -> Delivery:
    return replace(
        delivery,
        due_at=delivery.due_at if delivery.due_at >= NEVER else delivery.due_at + by,
        expires_at=delivery.expires_at + by,
        leased_until=_moved(delivery.leased_until, by),
    )


def _ask(ask: Ask, by: timedelta) -> Ask:
    return replace(ask, deadline_at=ask.deadline_at + by, waited_until=_moved(ask.waited_until, by))


def _job(job: Job, by: timedelta) -> Job:
    """Its deadline and how long it has run; when it is to begin is meant by the wall."""
    ahead = [at for at in (_moved(job.deadline_at, by), job.due_at) if at]
    return replace(
        job,
        deadline_at=_moved(job.deadline_at, by),
        began_at=_moved(job.began_at, by),
        wakes_at=min(ahead, default=None)
        if job.wakes_at is None
        else min(job.wakes_at, *ahead, job.wakes_at + by),
    )


def _approval(approval: Approval, by: timedelta) -> Approval:
    again = tuple(replace(each, at=each.at + by) for each in approval.again)
    return replace(approval, shown_at=approval.shown_at + by, again=again)


def _session(session: Session, by: timedelta) -> Session:
    return replace(
        session,
        turn_at=session.turn_at + by,
        turn_began_at=_moved(session.turn_began_at, by),
        halted_at=_moved(session.halted_at, by),
        nudged_at=_moved(session.nudged_at, by),
        caused_at=_moved(session.caused_at, by),
        arrivals=tuple(replace(each, at=each.at + by) for each in session.arrivals),
        said_at=_moved(session.said_at, by),
        failed_at=_moved(session.failed_at, by),
    )


def _conversation(conversation: Conversation, by: timedelta) -> Conversation:
    return replace(conversation, beat_at=_moved(conversation.beat_at, by))


def _outage(outage: Outage, by: timedelta) -> Outage:
    return replace(outage, since_at=_moved(outage.since_at, by), ended_at=_moved(outage.ended_at, by))


def _moved(at: datetime | None, by: timedelta) -> datetime | None:
    return None if at is None else at + by
