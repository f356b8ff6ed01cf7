"""Schedules speaking: what is due is said as whoever made it, once, and what became of each time is written down.

A schedule carries no authority of its own: whoever made it must still be there, and still be allowed, when it speaks.
What could not be said is told to whoever wanted it said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from daemon.core import addressing, checkins, sending
from daemon.core import commands as c
from daemon.core.errors import NotAllowed, PeerlineError, Refused, Throttled, Unavailable
from daemon.core.model import Event, Kind, Occurrence, Outcome, Overlap, Schedule, Standing
from daemon.core.occurrences import written
from daemon.core.posting import LINE, Letter, post, stamp
from daemon.core.rules import asking, timetable, when
from daemon.core.rules.cleaning import fitted, line
from daemon.core.rules.timetable import Due, Fate
from daemon.core.schedules import ME, SCHEDULER, gone_on, known, plan_of
from daemon.core.view import Plan

BRIEF: Final = 60
LONGEST_REASON: Final = 200
BREAKS: Final = (  #: what is wrong with one schedule raises; the store's own errors are none of these
    PeerlineError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Ring:
    """What came of looking once: how much was decided, and which schedules broke, with why."""

    decided: int
    stopped: tuple[str, ...] = ()


def run(plan: Plan, command: c.RunSchedule) -> Occurrence:
    """Fire it once now; its times stay as they are."""
    return _fired(plan, known(plan, command.schedule_id, command.by), plan.now)


def run_checkin(plan: Plan, command: c.RunCheckin) -> Occurrence:
    """Begin a round now.

    Raises:
        NotFound, NotAllowed: there is no such check-in, or it is somebody else's.

    """
    checkin = checkins.known(plan, command.name)
    return run(plan, c.RunSchedule(schedule_id=checkin.schedule_id, by=command.by))


def fire(plan: Plan, command: c.FireSchedules) -> Ring:
    """Decide all that is due. One that breaks holds up none of the others."""
    decided, stopped = 0, []
    for schedule in plan.view.schedules_due(plan.now):
        try:
            with plan.whole():
                decided += _passed(plan, schedule)
        except BREAKS as error:
            if isinstance(error, Unavailable):
                raise  # the store is in trouble, not this one
            stopped.append(_stopped(plan, schedule, error))
    return Ring(decided, tuple(stopped))


def _passed(plan: Plan, schedule: Schedule) -> int:
    """Decide each of its times that have come; how many rows that makes."""
    dues, ahead = timetable.due(plan_of(schedule), plan.now)
    for due in dues:
        _decide(plan, schedule, due)
    after = gone_on(plan.schedule(schedule.schedule_id) or schedule, ahead)
    owner = plan.peer(schedule.owner)
    if after.wakes_at and (owner is None or owner.forgotten_at):
        after = _at_rest(after, "whoever made it is gone")
    plan.put(after)
    return len(dues)


def _at_rest(schedule: Schedule, why: str) -> Schedule:
    return replace(schedule, state=Standing.PAUSED, wakes_at=None, reason=why)


def _stopped(plan: Plan, schedule: Schedule, error: Exception) -> str:
    """It rests until somebody has looked; what was due is written down. Returns what happened."""
    what = str(error) if isinstance(error, PeerlineError) else f"{type(error).__name__}: {error}"
    why = line(f"it broke: {what}", LONGEST_REASON)
    at = schedule.next_at or plan.now
    plan.put(_at_rest(schedule, why))
    hint = f"`peerline schedule resume {schedule.schedule_id}` when it is mended"
    _complain(plan, schedule, Refused(f"{why}; it is paused", hint))
    written(plan, schedule, Due(at, Fate.FIRE, at), Outcome.FAILED, why)
    return f"{schedule.schedule_id}: {why}"


def _decide(plan: Plan, schedule: Schedule, due: Due) -> None:
    if due.fate is Fate.FIRE:
        _fired(plan, plan.schedule(schedule.schedule_id) or schedule, due.at)
        return
    outcome = Outcome.SKIPPED if due.fate is Fate.SKIP else Outcome.FOLDED
    reason = "nobody was awake for it" + (", made up for by a later one" if due.fate is Fate.FOLD else "")
    written(plan, schedule, due, outcome, reason)


def _fired(plan: Plan, schedule: Schedule, at: datetime) -> Occurrence:
    """Say it; what stands against it is written down, and told to whoever wanted it said."""
    due = Due(at, Fate.FIRE, at)
    ask = plan.ask(schedule.last_ask)
    if schedule.overlap is Overlap.SKIP and ask and not asking.is_over(ask):
        return written(plan, schedule, due, Outcome.OVERLAPPED, f"{ask.ask_id} is still open")
    try:
        with plan.whole():
            envelope_id = _said(plan, schedule)
    except (Refused, Throttled) as error:
        _complain(plan, schedule, error)
        return written(plan, schedule, due, Outcome.FAILED, str(error))
    last_ask = envelope_id if schedule.kind is Kind.ASK else ""
    plan.put(replace(schedule, last_at=plan.now, last_ask=last_ask))
    spoke = f"{schedule.schedule_id}, due {when.moment(at, schedule.zone)}"
    plan.tell(Event("scheduled", envelope_id, what="scheduled", evidence=spoke))
    return written(plan, schedule, due, Outcome.SENT, "", envelope_id)


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
    letter = Letter(kind=Kind.NOTICE, text=schedule.text, schedule=schedule.schedule_id)
    if schedule.to == (ME,):
        return post(plan, SCHEDULER, [owner], letter)[0].envelope_id
    who = addressing.standpoint_of(plan, owner)
    to = addressing.several(plan, who, schedule.to, schedule.circle or None)
    if schedule.checkin:
        return checkins.begin(plan, schedule, to)
    sender = stamp(plan, owner, schedule.person)
    if schedule.kind is Kind.NOTICE:
        return post(plan, sender, to, letter)[0].envelope_id
    command = c.SendAsk(
        sender=owner.peer_id, to=schedule.to, question=schedule.text, schedule=schedule.schedule_id
    )
    return sending.ask_of(plan, sender, to, command).ask.ask_id


def _complain(plan: Plan, schedule: Schedule, error: PeerlineError) -> None:
    """Once, until it speaks again or cannot for another reason: what goes wrong each minute is told once, too."""
    owner = plan.peer(schedule.owner)
    last = next(iter(plan.view.occurrences(schedule.schedule_id, 1)), None)
    again = last is not None and (last.outcome, last.reason) == (Outcome.FAILED, str(error))
    if owner is None or owner.forgotten_at or again:
        return
    text = f'schedule {schedule.schedule_id} ("{fitted(schedule.text, BRIEF)}") could not speak: {error}. {error.hint}'
    letter = Letter(kind=Kind.NOTICE, text=text, schedule=schedule.schedule_id)
    post(plan, LINE, [owner], letter)
