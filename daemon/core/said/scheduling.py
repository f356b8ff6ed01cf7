"""What a person has said later, or again and again, by talking: making schedules, seeing them, ending them."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from daemon.core import commands as c
from daemon.core import firing, schedules, sending
from daemon.core.errors import Malformed, NotAllowed
from daemon.core.model import Ask, Authority, Heard, Kind, Schedule, Standing
from daemon.core.posting import LINE
from daemon.core.rules import spoken
from daemon.core.rules.cleaning import line
from daemon.core.rules.words import called
from daemon.core.said import deeds, minding
from daemon.core.said.deeds import Talk

USAGE: Final = "say /schedule @peer WHEN text, as in: /schedule @backend weekdays 9:00 how far are you?"
GROUPS: Final = ("role:", "circle:")
ONE: Final = "schedule"  #: subject of a choice among schedules, and of what is to become of one
MOST_SHOWN: Final = 10
CHOICE_LIFE: Final = timedelta(minutes=30)
BRIEF: Final = 24
PAUSE: Final = "pause"
RESUME: Final = "go on"
RUN: Final = "run now"
REMOVE: Final = "remove"


def _schedule(talk: Talk, rest: str) -> Heard:
    """An ask to a peer, as plain words are; at times to come."""
    to, rest = _meant(talk, rest)
    rule, words = spoken.split(rest.split(), spoken.Speaker(talk.plan.now, minding.zone(talk)))
    if not words:
        raise Malformed("nothing is to be said then", USAGE)
    command = c.AddSchedule(
        owner=talk.here.peer_id,
        to=(to,),
        text=" ".join(words),
        rule=rule,
        zone=minding.zone(talk),
        kind=Kind.ASK,
        surface=talk.conversation.surface,
        account=talk.person.account,
        person=talk.person.name,
    )
    made = schedules.add(talk.plan, command)
    talk.tell(f"{to.rpartition('/')[2]} is asked {schedules.told(made)}")
    return Heard("command")


def _meant(talk: Talk, rest: str) -> tuple[str, str]:
    """Whom the first word means, else whoever is chosen; and the rest."""
    first, _, after = rest.partition(" ")
    if first.startswith(GROUPS):
        return first, after
    named = called(rest)
    peer = deeds.peer_called(talk, named[0]) if named else deeds.chosen(talk)
    if peer is None:
        raise NotAllowed("nobody is meant", USAGE)
    return f"{peer.circle}/{peer.name}", named[1] if named else rest


def _schedules(talk: Talk, rest: str) -> Heard:
    found = _theirs(talk)
    if not found:
        talk.tell(f"nothing is scheduled. To schedule something, {USAGE}")
        return Heard("command")
    lines = [_line(number, each) for number, each in enumerate(found, 1)]
    more = "\nthe rest: `peerline schedule list`" if len(found) == MOST_SHOWN else ""
    options = tuple(_label(number, each) for number, each in enumerate(found, 1))
    ids = "\n".join(each.schedule_id for each in found)
    _offer(talk, "\n".join(lines) + more, options, ids)
    return Heard("command")


def chosen(talk: Talk, ask: Ask, choice: str) -> Heard:
    """One of the list, or what is to become of it."""
    ids = ask.subject.split("\n")[1:]
    if choice in {PAUSE, RESUME, RUN, REMOVE}:
        return _done(talk, ids[0], choice)
    schedule = schedules.known(talk.plan, ids[ask.options.index(choice)], "")
    rest = RESUME if schedule.state is Standing.PAUSED else PAUSE
    _offer(talk, _line(0, schedule), (rest, RUN, REMOVE), schedule.schedule_id)
    return Heard("command")


def _done(talk: Talk, schedule_id: str, choice: str) -> Heard:
    by = talk.here.peer_id
    if choice == RUN:
        ran = firing.run(talk.plan, c.RunSchedule(schedule_id=schedule_id, by=by))
        talk.tell(f"{schedule_id}: {ran.outcome}{f', {ran.reason}' if ran.reason else ''}")
        return Heard("command")
    states = {PAUSE: Standing.PAUSED, RESUME: Standing.ACTIVE, REMOVE: Standing.REMOVED}
    changed = schedules.change(
        talk.plan, c.ChangeSchedule(schedule_id=schedule_id, by=by, state=states[choice])
    )
    talk.tell(f"{schedule_id} is {changed.state}")
    return Heard("command")


def _theirs(talk: Talk) -> list[Schedule]:
    """The owner sees all of them, others what was made here."""
    everything = talk.here.authority is Authority.OWNER
    found = [each for each in talk.plan.view.schedules() if everything or each.owner == talk.here.peer_id]
    return [each for each in found if each.state is not Standing.OVER][:MOST_SHOWN]


def _offer(talk: Talk, text: str, options: tuple[str, ...], ids: str) -> None:
    command = c.SendAsk(sender=LINE.peer_id, to=(), question=text, options=options, deadline=CHOICE_LIFE)
    sending.ask_of(
        talk.plan, LINE, [talk.here], command, subject=f"{ONE}\n{ids}", alone=talk.alone, near=talk.near
    )


def _line(number: int, schedule: Schedule) -> str:
    place = f"{number}. " if number else ""
    why = f": {line(schedule.reason, 80)}" if schedule.reason else ""
    state = f" (paused{why})" if schedule.state is Standing.PAUSED else ""
    return f"{place}{schedules.told(schedule)}{state}: {', '.join(schedule.to)} · {line(schedule.text, 80)}"


def _label(number: int, schedule: Schedule) -> str:
    return f"{number}. {line(schedule.text, BRIEF)}"


DEEDS: Final = {"schedule": _schedule, "schedules": _schedules}
