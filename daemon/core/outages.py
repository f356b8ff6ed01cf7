"""Whether a surface is reached: beats prove it, and the owner hears elsewhere of a silence that lasts.

Rule: one word when it is deaf, one when it is back, however often it changed between; and never on the deaf one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from daemon.core import commands as c
from daemon.core import threads
from daemon.core.locking import hears
from daemon.core.model import Conversation, Event, Kind, Outage
from daemon.core.posting import LINE, Letter, post
from daemon.core.rules.attention import Matter
from daemon.core.view import Plan

PATIENCE: Final = timedelta(minutes=1)  #: a shorter silence is weather
#: A line that comes and goes is told of at its first silence; within the hour only longer ones are news.
WORN_FOR: Final = timedelta(hours=1)
WORN: Final = timedelta(minutes=10)


def beat(plan: Plan, command: c.Beat) -> None:
    """Every conversation of the host is as alive as the host."""
    for conversation in plan.view.conversations(command.surface):
        if conversation.host == command.host and threads.is_awake(plan, conversation):
            alive = conversation.beat_at if command.trouble else plan.now
            plan.put(replace(conversation, beat_at=alive, trouble=command.trouble))
    outage = plan.last_outage(command.surface)
    if command.trouble:
        _lasts(plan, outage if outage.since_at else replace(outage, since_at=plan.now), command.trouble)
    elif outage.since_at:
        _ended(plan, outage, outage.since_at)


def _lasts(plan: Plan, outage: Outage, trouble: str) -> None:
    since = outage.since_at or plan.now
    worn = outage.ended_at is not None and since - outage.ended_at < WORN_FOR
    told = outage.told or plan.now - since >= (WORN if worn else PATIENCE)
    if told and not outage.told:
        plan.tell(Event("deaf", outage.surface, what=trouble))
        _tell_elsewhere(plan, outage.surface, f"{outage.surface} is deaf since {_time(since)}: {trouble}")
    if (told, trouble) != (outage.told, outage.trouble) or since == plan.now:
        plan.put(replace(outage, trouble=trouble, told=told))


def _ended(plan: Plan, outage: Outage, since: datetime) -> None:
    ended = plan.now if outage.told else outage.ended_at
    plan.put(Outage(surface=outage.surface, ended_at=ended))
    if outage.told:
        minutes = max(1, round((plan.now - since).total_seconds() / 60))
        plan.tell(Event("heard_again", outage.surface))
        said = f"{outage.surface} is back after {minutes} min; what was said there meanwhile comes in now"
        _tell_elsewhere(plan, outage.surface, said, Matter.CHATTER)


def _tell_elsewhere(plan: Plan, surface: str, text: str, matter: Matter = Matter.FAILURE) -> None:
    """Where the owner may be, but not on a surface that is deaf itself."""
    to = [
        peer
        for peer in plan.peers()
        if hears(plan, peer) and _reached(plan.conversation(peer.peer_id), surface)
    ]
    if to:
        post(plan, LINE, to, Letter(kind=Kind.NOTICE, text=text, matter=matter))


def _reached(here: Conversation | None, deaf: str) -> bool:
    return here is not None and here.surface != deaf


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
