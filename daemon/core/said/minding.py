"""What a person says about their own attention: quiet hours, mutes, how often it may ring, what was held back."""

from __future__ import annotations

from typing import Final

from daemon.core import attending, digest, wishing
from daemon.core.errors import NotAllowed
from daemon.core.model import Attention, Heard
from daemon.core.said import deeds
from daemon.core.said.deeds import Talk

COMMAND: Final = Heard("command")


def _mute(talk: Talk, rest: str) -> Heard:
    found = _own(talk)
    if not rest:
        names = [peer.name for each in found.muted if (peer := talk.plan.peer(each))]
        talk.tell(f"muted: {', '.join(names)}" if names else "nobody is muted; say /mute NAME")
        return COMMAND
    peer = deeds.peer_called(talk, rest.removeprefix("@"))
    changed = wishing.muted(found, peer)
    wishing.wish(talk.plan, changed)
    now = (
        "is muted: it comes in digests, unless it is urgent"
        if peer.peer_id in changed.muted
        else "is heard again"
    )
    talk.tell(f"{peer.name} {now}")
    return COMMAND


def _quiet(talk: Talk, rest: str) -> Heard:
    """``23:00-07:00``, ``23:00-07:00 but approvals, failures``, ``off``."""
    found = _own(talk)
    if rest:
        wishing.wish(talk.plan, wishing.quiet(found, rest, talk.said.zone))
    talk.tell(_quiet_told(_own(talk)))
    return COMMAND


def _quiet_told(found: Attention) -> str:
    if not found.quiet:
        return "it is never quiet here; say /quiet 23:00-07:00"
    rings = ", ".join(["what is urgent", *(f"{each}s" for each in found.breaks)])
    return f"quiet {found.quiet} {found.zone}: then only this rings: {rings}"


def _tz(talk: Talk, rest: str) -> Heard:
    found = _own(talk)
    if rest:
        found = wishing.zoned(found, rest)
        wishing.wish(talk.plan, found)
    talk.tell(f"your hours are those of {found.zone or talk.said.zone}; schedules keep their own")
    return COMMAND


def _pushes(talk: Talk, rest: str) -> Heard:
    """``6``, ``off``."""
    found = _own(talk)
    if rest:
        found = wishing.pushes(found, rest)
        wishing.wish(talk.plan, found)
    limit = (
        f"it rings {found.per_hour} times an hour at most" if found.per_hour else "it rings without a limit"
    )
    talk.tell(limit)
    return COMMAND


def _digest(talk: Talk, rest: str) -> Heard:
    who = attending.called(talk.person)
    if attending.whose(talk.here) != who:
        raise NotAllowed("what is held back for you is for your own chat", "say /digest there")
    if not digest.give(talk.plan, who, talk.here):
        talk.tell("nothing is held back")
    return COMMAND


def zone(talk: Talk) -> str:
    """By whose wall this person means times."""
    found = talk.plan.attention(attending.called(talk.person))
    return found.zone if found and found.zone else talk.said.zone


def _own(talk: Talk) -> Attention:
    who = attending.called(talk.person)
    return talk.plan.attention(who) or Attention(person=who)


DEEDS: Final = {"mute": _mute, "quiet": _quiet, "tz": _tz, "pushes": _pushes, "digest": _digest}
