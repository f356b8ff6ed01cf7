"""What a person does about check-ins by talking: making one, seeing them, beginning a round, ending one."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from daemon.core import checkins, firing, schedules, sending
from daemon.core import commands as c
from daemon.core.errors import Malformed
from daemon.core.model import Ask, Authority, Checkin, Heard, Schedule
from daemon.core.posting import LINE
from daemon.core.rules import spoken
from daemon.core.rules.cleaning import line
from daemon.core.rules.words import called
from daemon.core.said import deeds, minding, scheduling
from daemon.core.said.deeds import Talk
from daemon.core.said.scheduling import GROUPS, REMOVE, RUN

USAGE: Final = (
    "say /checkin NAME @peer or circle:NAME, when, and the question, as in: /checkin standup circle:dev"
    " weekdays 9:00 how far are you?"
)
ONE: Final = "rounds"  #: subject of a choice among check-ins, and of what is to become of one
MOST_SHOWN: Final = 10
CHOICE_LIFE: Final = timedelta(minutes=30)
BRIEF: Final = 80


def _checkin(talk: Talk, rest: str) -> Heard:
    name, _, after = rest.partition(" ")
    of, words = _meant(talk, after)
    if not of:
        raise Malformed("nobody is meant", USAGE)
    rule, question = spoken.split(words, spoken.Speaker(talk.plan.now, minding.zone(talk)))
    if not question:
        raise Malformed("nothing is asked then", USAGE)
    command = c.AddCheckin(
        owner=talk.here.peer_id,
        name=name.lower(),
        question=" ".join(question),
        of=of,
        rule=rule,
        zone=minding.zone(talk),
        report_to=schedules.ME,
        surface=talk.conversation.surface,
        account=talk.person.account,
        person=talk.person.name,
    )
    made = checkins.add(talk.plan, command)
    talk.tell(
        f"check-in {made.checkin.name}: asked {schedules.told(made.schedule)}; you are told what changed"
    )
    return Heard("command")


def _meant(talk: Talk, text: str) -> tuple[tuple[str, ...], list[str]]:
    """Whom the first words mean, as many of them as mean somebody; and the rest."""
    words, of = text.split(), []
    while words and (words[0].startswith(GROUPS) or called(words[0])):
        word = words.pop(0)
        if word.startswith(GROUPS):
            of.append(word)
        else:
            peer = deeds.peer_called(talk, word[1:])
            of.append(f"{peer.circle}/{peer.name}")
    return tuple(of), words


def _checkins(talk: Talk, rest: str) -> Heard:
    found = _theirs(talk)
    if not found:
        talk.tell(f"nothing is checked. To have it so, {USAGE}")
        return Heard("command")
    lines = [_line(number, *each) for number, each in enumerate(found, 1)]
    options = tuple(f"{number}. {each.name}" for number, (each, _) in enumerate(found, 1))
    _offer(talk, "\n".join(lines), options, "\n".join(each.name for each, _ in found))
    return Heard("command")


def chosen(talk: Talk, ask: Ask, choice: str) -> Heard:
    """One of the list, or what is to become of it."""
    names = ask.subject.split("\n")[1:]
    if choice not in {RUN, REMOVE}:
        checkin = checkins.known(talk.plan, names[ask.options.index(choice)])
        its = schedules.known(talk.plan, checkin.schedule_id, talk.here.peer_id)
        _offer(talk, _whole(checkin, its), (RUN, REMOVE), checkin.name)
    elif choice == RUN:
        ran = firing.run_checkin(talk.plan, c.RunCheckin(name=names[0], by=talk.here.peer_id))
        talk.tell(f"{names[0]}: {ran.outcome}{f', {ran.reason}' if ran.reason else ''}")
    else:
        checkins.remove(talk.plan, c.RemoveCheckin(name=names[0], by=talk.here.peer_id))
        talk.tell(f"{names[0]} is removed")
    return Heard("command")


def _theirs(talk: Talk) -> list[tuple[Checkin, Schedule]]:
    """The owner sees all of them, others what was made here."""
    everything = talk.here.authority is Authority.OWNER
    found = [(each, talk.plan.schedule(each.schedule_id)) for each in talk.plan.view.checkins()]
    seen = [(each, its) for each, its in found if its and (everything or its.owner == talk.here.peer_id)]
    return seen[:MOST_SHOWN]


def _offer(talk: Talk, text: str, options: tuple[str, ...], names: str) -> None:
    command = c.SendAsk(sender=LINE.peer_id, to=(), question=text, options=options, deadline=CHOICE_LIFE)
    subject = f"{ONE}\n{names}"
    sending.ask_of(talk.plan, LINE, [talk.here], command, subject=subject, alone=talk.alone, near=talk.near)


def _line(number: int, checkin: Checkin, its: Schedule) -> str:
    return f"{number}. {checkin.name}, {schedules.told(its)}: {', '.join(its.to)} · {line(its.text, BRIEF)}"


def _whole(checkin: Checkin, its: Schedule) -> str:
    states = [
        f"- {each.name}: {'silent' if each.silent else line(each.text, BRIEF)}" for each in checkin.states
    ]
    return "\n".join([f"{checkin.name}, {schedules.told(its)}", *states])


DEEDS: Final = scheduling.DEEDS | {"checkin": _checkin, "checkins": _checkins}
RESOLVED: Final = {scheduling.ONE: scheduling.chosen, ONE: chosen}
