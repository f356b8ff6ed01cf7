"""Check-ins: a question that is put to several again and again, of whose answers only what changed is told.

A schedule begins each round, which is one ask to all of them; when it ends, by answers or by its deadline, what each
said is compared with what they said last. Rule: nothing changed, nothing sent; the boards show that it was looked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final

from daemon.core import addressing, glance, schedules, sending
from daemon.core import commands as c
from daemon.core.errors import Conflict, Malformed, NotFound, Refused, Throttled
from daemon.core.model import (
    Ask,
    Checkin,
    CheckinShown,
    Event,
    Kind,
    Peer,
    Role,
    Schedule,
    Situation,
    Standing,
)
from daemon.core.posting import Letter, post
from daemon.core.rules import asking, situations
from daemon.core.rules.attention import Matter
from daemon.core.rules.cleaning import fitted
from daemon.core.rules.measures import counted
from daemon.core.schedules import ME, SCHEDULER
from daemon.core.view import Plan

SUBJECT: Final = "checkin"
WITHIN: Final = timedelta(minutes=10)
SHORTEST: Final = timedelta(seconds=30)
LONGEST: Final = timedelta(days=1)
NAME: Final = re.compile(r"[a-z0-9._-]{1,64}")
MANNER: Final = (
    '\n\n(A check-in: answer in a few words. Begin with "blocked:" if something holds you up; say "no change" if'
    " nothing changed since you were asked last.)"
)


def add(plan: Plan, command: c.AddCheckin) -> CheckinShown:
    """Make one; its first round begins at its first time.

    Raises:
        Conflict: there is one of that name.
        Malformed, UnknownPeer, AmbiguousPeer, NotAllowed, Throttled: as for a schedule.

    """
    if not NAME.fullmatch(command.name):
        raise Malformed(
            f'"{command.name[:80]}" is no name for a check-in',
            "use a-z, 0-9, dot, underscore and dash, 64 at most",
        )
    if plan.checkin(command.name):
        raise Conflict(
            f'there is a check-in "{command.name}" already', "remove it first, or choose another name"
        )
    within = command.within or WITHIN
    if not SHORTEST <= within <= LONGEST:
        raise Malformed(f"answers gathered for {within.total_seconds():.0f} s", "from 30 s to a day")
    owner = sending.sender_of(plan, command.owner)
    _reader(plan, owner, command.report_to, command.circle)
    schedule = replace(schedules.add(plan, _schedule(command)), checkin=command.name)
    plan.put(schedule)
    made = Checkin(
        name=command.name,
        schedule_id=schedule.schedule_id,
        report_to=command.report_to,
        within_s=int(within.total_seconds()),
    )
    plan.put(made)
    return CheckinShown(made, schedule)


def remove(plan: Plan, command: c.RemoveCheckin) -> CheckinShown:
    """No round begins any more; one that runs comes to nothing.

    Raises:
        NotFound, NotAllowed: there is none, or it is somebody else's.

    """
    checkin = known(plan, command.name)
    gone = c.ChangeSchedule(schedule_id=checkin.schedule_id, by=command.by, state=Standing.REMOVED)
    schedule = schedules.change(plan, gone)
    plan.put(replace(checkin, removed_at=plan.now))
    glance.moved(plan)
    return CheckinShown(checkin, schedule)


def known(plan: Plan, name: str) -> Checkin:
    found = plan.checkin(name)
    if found is None:
        raise NotFound(f'no check-in "{name[:80]}"', "list the check-ins to see their names")
    return found


def begin(plan: Plan, schedule: Schedule, to: Sequence[Peer]) -> str:
    """Ask them all; the id of that ask. Who is told the report is not asked, if anybody else is."""
    checkin = known(plan, schedule.checkin)
    owner = sending.sender_of(plan, schedule.owner)
    reader = _reader(plan, owner, checkin.report_to, schedule.circle)
    others = [peer for peer in to if peer.peer_id != reader.peer_id]
    command = c.SendAsk(
        sender=SCHEDULER.peer_id,
        to=(),
        question=schedule.text + MANNER,
        deadline=timedelta(seconds=checkin.within_s),
        schedule=schedule.schedule_id,
    )
    subject = f"{SUBJECT}\n{checkin.name}"
    asked = sending.ask_of(plan, SCHEDULER, others or to, command, subject=subject)
    plan.put(replace(checkin, ask_id=asked.ask.ask_id))
    return asked.ask.ask_id


def gathered(plan: Plan, ask: Ask) -> None:
    """A round is over, or one that was over got a late answer: tell what changed, if anything did."""
    subject, _, name = ask.subject.partition("\n")
    checkin = plan.checkin(name) if subject == SUBJECT else None
    if checkin is None or checkin.ask_id != ask.ask_id or ask.state == asking.State.CANCELLED:
        return
    now = tuple(situations.heard(ask, peer, _before(checkin, peer), plan.now) for peer in _asked(plan, ask))
    news = situations.news(checkin.states, now)
    heard = sum(not each.silent for each in now)
    over = replace(checkin, states=now, heard=heard, looked_at=plan.now)
    plan.put(replace(over, news_at=plan.now) if news else over)
    plan.tell(Event("checked_in", checkin.schedule_id, what=name, evidence=f"{counted(len(news), 'change')}"))
    glance.moved(plan)
    if news:
        _report(plan, over, news)


def _schedule(command: c.AddCheckin) -> c.AddSchedule:
    return c.AddSchedule(
        owner=command.owner,
        to=command.of,
        text=command.question,
        rule=command.rule,
        zone=command.zone,
        kind=Kind.ASK,
        circle=command.circle,
        surface=command.surface,
        account=command.account,
        person=command.person,
    )


def _reader(plan: Plan, owner: Peer, name: str, circle: str) -> Peer:
    """Who is told the report.

    Raises:
        UnknownPeer, AmbiguousPeer, NotAllowed: by the name.

    """
    if name == ME:
        return owner
    return addressing.one(plan, addressing.standpoint_of(plan, owner), name, circle or None)


def _asked(plan: Plan, ask: Ask) -> Iterator[Peer]:
    return (peer for peer_id in ask.to if (peer := plan.peer(peer_id)) and not peer.forgotten_at)


def _before(checkin: Checkin, peer: Peer) -> Situation | None:
    return next((each for each in checkin.states if each.peer_id == peer.peer_id), None)


def _report(plan: Plan, checkin: Checkin, news: Sequence[str]) -> None:
    """Who wanted it is told what changed, orchestrators of those circles all that was said as well."""
    schedule = plan.schedule(checkin.schedule_id)
    owner = plan.peer(schedule.owner) if schedule else None
    if schedule is None or owner is None or owner.forgotten_at:
        return
    told = situations.report(checkin, news)
    whole = situations.whole(checkin, told)
    readers = {peer.peer_id: (peer, whole) for peer in _orchestrators(plan, checkin)}
    try:
        reader = _reader(plan, owner, checkin.report_to, schedule.circle)
    except Refused:
        reader = owner
        told = f'"{checkin.report_to}" is not there to be told:\n{told}'
    readers[reader.peer_id] = (reader, whole if reader.role is Role.ORCHESTRATOR else told)
    rings = any(each.blocked or each.silent for each in checkin.states)
    for peer, text in readers.values():
        letter = Letter(
            kind=Kind.NOTICE,
            text=fitted(text),
            schedule=checkin.schedule_id,
            silent=not rings,
            matter=Matter.FAILURE if rings else Matter.CHATTER,
        )
        with (
            suppress(Throttled),
            plan.whole(),
        ):  # a full inbox must not refuse the answer that ended the round
            post(plan, SCHEDULER, [peer], letter)


def _orchestrators(plan: Plan, checkin: Checkin) -> Iterator[Peer]:
    asked = {each.peer_id for each in checkin.states}
    circles = {peer.circle for peer_id in asked if (peer := plan.peer(peer_id))}
    return (x for x in plan.view.peers() if x.role is Role.ORCHESTRATOR and x.circle in circles)
