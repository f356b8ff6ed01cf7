"""Schedules: words that are said to somebody at times to come, as whoever made them.

A schedule carries no authority of its own: whoever made it must still be there, and still be allowed, when it speaks.
What was decided of each time is written down; what could not be said is told to whoever wanted it said.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from daemon.core import addressing, sending
from daemon.core import commands as c
from daemon.core.errors import Conflict, Malformed, NotAllowed, NotFound, Throttled
from daemon.core.model import (
    Authority,
    Event,
    Kind,
    Outcome,
    Overlap,
    Peer,
    Role,
    Schedule,
    Sender,
    Standing,
)
from daemon.core.occurrences import written
from daemon.core.rules import timetable, when
from daemon.core.rules.cleaning import body
from daemon.core.rules.timetable import Cron, Every, Once
from daemon.core.view import Plan

ME: Final = "me"
MOST_OF_ONE: Final = 200  #: schedules of one peer that are active or rest
MOST_TO_ONESELF: Final = 48  #: what a peer's own schedules may tell it in a day
MOST_IN_A_DAY: Final = 400  #: made by one peer, also if each is over when the next is made
HOW_OFTEN: Final = "use one schedule with every or cron instead of making the next one each time"
DAY: Final = timedelta(days=1)
LONGEST_JITTER: Final = timedelta(hours=1)
SCHEDULER: Final = Sender(
    peer_id="p-scheduler",
    name="scheduler",
    circle="default",
    role=Role.SERVICE,
    authority=Authority.PEER,
    backend="scheduler",
)


def add(plan: Plan, command: c.AddSchedule) -> Schedule:
    """Make one. Nothing is said yet.

    Raises:
        UnknownPeer, AmbiguousPeer, NotAllowed: by the names.
        Malformed: by text, kind or times.
        Throttled: whoever asks has too many, or is kept busy by its own.

    """
    owner = sending.sender_of(plan, command.owner)
    command = _addressed(plan, owner, command)
    _bounded(plan, owner, command)
    timetable.place(command.zone)
    schedule = _of(plan, command)
    going = timetable.begun(plan_of(schedule), plan.now)
    made = replace(schedule, next_at=going.next_at, wakes_at=timetable.wakes_at(going))
    plan.put(made)
    plan.tell(Event("schedule_added", made.schedule_id, owner.peer_id, what=told(made)))
    return made


def change(plan: Plan, command: c.ChangeSchedule) -> Schedule:
    """Let it rest, go on with what lies ahead, or be gone.

    Raises:
        NotFound, NotAllowed: there is none, or it is somebody else's.
        Conflict: it is over.

    """
    schedule = known(plan, command.schedule_id, command.by)
    if schedule.state is Standing.OVER and command.state is not Standing.REMOVED:
        raise Conflict(f'schedule "{schedule.schedule_id}" is over', "add another")
    if schedule.state is command.state:
        return schedule
    changed = replace(schedule, state=command.state, wakes_at=None, reason="")
    if command.state is Standing.ACTIVE:
        changed = _awake(plan, changed)
    plan.put(changed)
    plan.tell(Event("schedule_changed", schedule.schedule_id, schedule.owner, what=changed.state))
    return changed


def _awake(plan: Plan, schedule: Schedule) -> Schedule:
    """What was due while it rested is written down. A clock that was set back makes nothing due again."""
    missed, ahead = timetable.passed_over(plan_of(schedule), plan.now)
    for due in missed:
        written(plan, schedule, due, Outcome.SKIPPED, "it was paused")
    return gone_on(schedule, ahead)


def known(plan: Plan, schedule_id: str, by: str) -> Schedule:
    """The schedule, if it is theirs to change; ``by``: "" is the owner of the machine."""
    found = plan.schedule(schedule_id)
    if found is None:
        raise NotFound(f'no schedule "{schedule_id[:40]}"', "list the schedules to see their ids")
    peer = plan.peer(by) if by else None
    if by and by != found.owner and not (peer and peer.authority is Authority.OWNER):
        raise NotAllowed(
            f'schedule "{schedule_id}" is not yours', "whoever made it, or the owner, changes it"
        )
    return found


def rule_told(schedule: Schedule) -> str:
    return when.told(_rule(schedule), schedule.zone)


def told(schedule: Schedule) -> str:
    """Its rule in words, and its next time."""
    rule = rule_told(schedule)
    if schedule.next_at is None or schedule.at:
        return rule
    return f"{rule}, next {when.moment(schedule.next_at, schedule.zone)}"


def _addressed(plan: Plan, owner: Peer, command: c.AddSchedule) -> c.AddSchedule:
    """Who is meant must be there now, so that a wrong name is told at once; role and circle may be empty still."""
    named = tuple(name for name in command.to if not name.startswith(("role:", "circle:")))
    if named and named != (ME,):
        who = addressing.standpoint_of(plan, owner)
        meant = addressing.several(plan, who, named, command.circle or None)
        if command.to == named and meant == (owner,):
            command = replace(command, to=(ME,))
    if command.to == (ME,) and command.kind is Kind.ASK:
        raise Malformed("a peer cannot ask itself", "use kind notice to be told something later")
    return command


def _bounded(plan: Plan, owner: Peer, command: c.AddSchedule) -> None:
    if command.kind not in {Kind.ASK, Kind.NOTICE}:
        raise Malformed(f'a schedule of kind "{command.kind}"', "it is ask or notice")
    body(command.text)
    if not timedelta() <= command.jitter <= LONGEST_JITTER:
        raise Malformed(f"jitter of {command.jitter.total_seconds():.0f} s", "from 0 s to 1 h")
    if not 1 <= command.most <= timetable.MOST_MADE_UP:
        raise Malformed(f"{command.most} missed ones made up for", f"say 1 to {timetable.MOST_MADE_UP}")
    own = [each for each in plan.view.schedules() if each.owner == owner.peer_id]
    if len([each for each in own if each.state in {Standing.ACTIVE, Standing.PAUSED}]) >= MOST_OF_ONE:
        raise Throttled(f"{owner.name} has {MOST_OF_ONE} schedules", "remove one of them first")
    made = plan.view.schedules_made(owner.peer_id, plan.now - DAY)
    if made >= MOST_IN_A_DAY and owner.authority is not Authority.OWNER:
        raise Throttled(
            f"{owner.name} has made {made} schedules within a day, of {MOST_IN_A_DAY}",
            HOW_OFTEN,
            after_s=3600,
        )
    told_itself = plan.view.fired_to_self(owner.peer_id, plan.now - DAY) if command.to == (ME,) else 0
    if told_itself >= MOST_TO_ONESELF:
        raise Throttled(
            f"{owner.name} was told {told_itself} things by its own schedules within a day, of {MOST_TO_ONESELF}",
            HOW_OFTEN,
            after_s=3600,
        )


def _of(plan: Plan, command: c.AddSchedule) -> Schedule:
    rule = command.rule
    return Schedule(
        schedule_id=plan.new_id("s"),
        owner=command.owner,
        surface=command.surface,
        account=command.account,
        person=command.person,
        to=command.to,
        circle=command.circle,
        text=command.text,
        kind=command.kind,
        at=rule.at if isinstance(rule, Once) else None,
        every_s=int(rule.period.total_seconds()) if isinstance(rule, Every) else 0,
        first_at=rule.first if isinstance(rule, Every) else None,
        cron=rule.line if isinstance(rule, Cron) else "",
        zone=rule.zone if isinstance(rule, Cron) else command.zone,
        missed=command.missed,
        most=command.most,
        overlap=command.overlap
        or (Overlap.ALLOW if command.missed is timetable.Missed.ALL else Overlap.SKIP),
        until=command.until,
        jitter_s=int(command.jitter.total_seconds()),
        next_at=None,
        wakes_at=None,
        created_at=plan.now,
    )


def _rule(schedule: Schedule) -> timetable.Rule:
    if schedule.at:
        return Once(schedule.at)
    if schedule.first_at:
        return Every(timedelta(seconds=schedule.every_s), schedule.first_at)
    return Cron(schedule.cron, schedule.zone)


def plan_of(schedule: Schedule) -> timetable.Plan:
    return timetable.Plan(
        rule=_rule(schedule),
        next_at=schedule.next_at,
        missed=schedule.missed,
        most=schedule.most,
        until=schedule.until,
        jitter=timedelta(seconds=schedule.jitter_s),
        seed=schedule.schedule_id,
    )


def gone_on(schedule: Schedule, ahead: timetable.Plan) -> Schedule:
    wakes_at = timetable.wakes_at(ahead)
    state = schedule.state if wakes_at else Standing.OVER
    return replace(schedule, next_at=ahead.next_at, wakes_at=wakes_at, state=state)
