"""Schedules: words that are said to somebody at times to come, as whoever made them.

A schedule carries no authority of its own: whoever made it must still be there, and still be allowed, when it speaks.
What was decided of each time is written down; what could not be said is told to whoever wanted it said.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from daemon.core import addressing, asking, sending, timetable, when
from daemon.core import commands as c
from daemon.core.cleaning import body, fitted
from daemon.core.errors import Conflict, Malformed, NotAllowed, NotFound, Refused, Throttled
from daemon.core.model import (
    Authority,
    Event,
    Kind,
    Occurrence,
    Outcome,
    Overlap,
    Peer,
    Role,
    Schedule,
    Sender,
    Standing,
)
from daemon.core.posting import LINE, Letter, post, stamp
from daemon.core.timetable import Cron, Due, Every, Fate, Once
from daemon.core.view import Plan

ME: Final = "me"
MOST_OF_ONE: Final = 200  #: schedules of one peer that are active or rest
MOST_TO_ONESELF: Final = 48  #: what a peer's own schedules may tell it in a day
DAY: Final = timedelta(days=1)
LONGEST_JITTER: Final = timedelta(hours=1)
BRIEF: Final = 60
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
    _addressable(plan, owner, command)
    _bounded(plan, owner, command)
    timetable.place(command.zone)
    schedule = _of(plan, command)
    going = timetable.begun(_plan(schedule), plan.now)
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
    changed = replace(schedule, state=command.state, wakes_at=None)
    if command.state is Standing.ACTIVE:  # what was due while it rested is nobody's loss
        ahead = timetable.following(_plan(schedule), plan.now)
        changed = _gone_on(changed, replace(_plan(schedule), next_at=ahead))
    plan.put(changed)
    plan.tell(Event("schedule_changed", schedule.schedule_id, schedule.owner, what=changed.state))
    return changed


def run(plan: Plan, command: c.RunSchedule) -> Occurrence:
    """Fire it once now; its times stay as they are."""
    return _fired(plan, known(plan, command.schedule_id, command.by), plan.now)


def fire(plan: Plan, command: c.FireSchedules) -> int:
    """Decide all that is due."""
    decided = 0
    for schedule in plan.view.schedules_due(plan.now):
        dues, ahead = timetable.due(_plan(schedule), plan.now)
        for due in dues:
            _decide(plan, schedule, due)
        current = plan.schedule(schedule.schedule_id) or schedule
        plan.put(_gone_on(current, ahead))
        decided += len(dues)
    return decided


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


def _addressable(plan: Plan, owner: Peer, command: c.AddSchedule) -> None:
    """Who is meant must be there now, so that a wrong name is told at once; role and circle may be empty still."""
    if command.to == (ME,):
        if command.kind is Kind.ASK:
            raise Malformed("a peer cannot ask itself", "use kind notice to be told something later")
        return
    if any(name.startswith(("role:", "circle:")) for name in command.to):
        return
    addressing.several(plan, addressing.standpoint_of(plan, owner), command.to, command.circle or None)


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
    told_itself = plan.view.fired_to_self(owner.peer_id, plan.now - DAY) if command.to == (ME,) else 0
    if told_itself >= MOST_TO_ONESELF:
        raise Throttled(
            f"{owner.name} was told {told_itself} things by its own schedules within a day, of {MOST_TO_ONESELF}",
            "use one schedule with every or cron instead of making the next one each time",
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
        overlap=command.overlap,
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


def _plan(schedule: Schedule) -> timetable.Plan:
    return timetable.Plan(
        rule=_rule(schedule),
        next_at=schedule.next_at,
        missed=schedule.missed,
        most=schedule.most,
        until=schedule.until,
        jitter=timedelta(seconds=schedule.jitter_s),
        seed=schedule.schedule_id,
    )


def _gone_on(schedule: Schedule, ahead: timetable.Plan) -> Schedule:
    wakes_at = timetable.wakes_at(ahead)
    state = schedule.state if wakes_at else Standing.OVER
    return replace(schedule, next_at=ahead.next_at, wakes_at=wakes_at, state=state)


def _decide(plan: Plan, schedule: Schedule, due: Due) -> None:
    if due.fate is Fate.FIRE:
        _fired(plan, plan.schedule(schedule.schedule_id) or schedule, due.at)
        return
    outcome = Outcome.SKIPPED if due.fate is Fate.SKIP else Outcome.FOLDED
    reason = "nobody was awake for it" + (", made up for by a later one" if due.fate is Fate.FOLD else "")
    _written(plan, schedule, due, outcome, reason)


def _fired(plan: Plan, schedule: Schedule, at: datetime) -> Occurrence:
    """Say it; what stands against it is written down, and told to whoever wanted it said."""
    due = Due(at, Fate.FIRE, at)
    ask = plan.ask(schedule.last_ask)
    if schedule.overlap is Overlap.SKIP and ask and not asking.is_over(ask):
        return _written(plan, schedule, due, Outcome.OVERLAPPED, f"{ask.ask_id} is still open")
    try:
        envelope_id = _said(plan, schedule)
    except (Refused, Throttled) as error:
        _complain(plan, schedule, f"{error}. {error.hint}")
        return _written(plan, schedule, due, Outcome.FAILED, str(error))
    last_ask = envelope_id if schedule.kind is Kind.ASK else ""
    plan.put(replace(schedule, last_at=plan.now, last_ask=last_ask))
    return _written(plan, schedule, due, Outcome.SENT, "", envelope_id)


def _written(
    plan: Plan, schedule: Schedule, due: Due, outcome: Outcome, reason: str, envelope_id: str = ""
) -> Occurrence:
    row = Occurrence(
        schedule_id=schedule.schedule_id,
        due_at=due.at,
        last_at=due.last_at,
        count=due.count,
        more=due.more,
        outcome=outcome,
        reason=reason,
        envelope_id=envelope_id,
        decided_at=plan.now,
    )
    plan.put(row)
    plan.tell(Event("schedule_fired", schedule.schedule_id, schedule.owner, what=outcome, evidence=reason))
    return row


def _said(plan: Plan, schedule: Schedule) -> str:
    """The id of what was said.

    Raises:
        Refused: whoever wanted it said is gone or may not any more, or nobody is meant.

    """
    owner = sending.sender_of(plan, schedule.owner)
    if schedule.account:
        person = plan.person(schedule.surface, schedule.account)
        if person is None or "talk" not in person.rights:
            raise NotAllowed(
                f"{schedule.person or 'whoever made it'} may not talk any more", "grant the right again"
            )
    if schedule.to == (ME,):
        envelope, _ = post(plan, SCHEDULER, [owner], Letter(kind=Kind.NOTICE, text=schedule.text))
        return envelope.envelope_id
    who = addressing.standpoint_of(plan, owner)
    to = addressing.several(plan, who, schedule.to, schedule.circle or None)
    sender = stamp(plan, owner, schedule.person)
    if schedule.kind is Kind.NOTICE:
        return post(plan, sender, to, Letter(kind=Kind.NOTICE, text=schedule.text))[0].envelope_id
    command = c.SendAsk(sender=owner.peer_id, to=schedule.to, question=schedule.text)
    return sending.ask_of(plan, sender, to, command).ask.ask_id


def _complain(plan: Plan, schedule: Schedule, why: str) -> None:
    owner = plan.peer(schedule.owner)
    if owner is None or owner.forgotten_at:
        return
    text = f'schedule {schedule.schedule_id} ("{fitted(schedule.text, BRIEF)}") could not speak: {why}'
    post(plan, LINE, [owner], Letter(kind=Kind.NOTICE, text=text))
