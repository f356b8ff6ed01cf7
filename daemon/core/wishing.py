"""What a person may wish of how they are rung for, however they say it: by talking, or at the machine.

A wish is an ``Attention`` made of the one before it; ``wish`` writes it, with what follows for what is held back.
"""

from __future__ import annotations

from dataclasses import replace

from daemon.core import addressing, attending, digest, sending
from daemon.core import commands as c
from daemon.core.errors import Malformed, NotFound
from daemon.core.model import Attention, AttentionShown, Peer
from daemon.core.rules import attention
from daemon.core.rules.timetable import place
from daemon.core.view import Plan


def quiet(found: Attention, text: str, zone: str) -> Attention:
    """``23:00-07:00``, ``23:00-07:00 but approvals, failures``, ``off``; by ``zone``, if none was set."""
    hours, but, matters = text.partition(" but ")
    window = attention.window(hours)
    breaks = tuple(map(str, attention.matters(matters))) if but else found.breaks
    told = attention.span_told(window) if window else ""
    return replace(found, quiet=told, breaks=breaks, zone=found.zone or zone)


def zoned(found: Attention, text: str) -> Attention:
    place(text)
    return replace(found, zone=text)


def pushes(found: Attention, text: str) -> Attention:
    """``6``, ``off``."""
    if text != "off" and not (text.isascii() and text.isdecimal()):
        raise Malformed(f'"{text[:40]}" is no number', "say 6, or off")
    return replace(found, per_hour=attention.budget(0 if text == "off" else int(text[:9])))


def muted(found: Attention, peer: Peer, *, muted: bool | None = None) -> Attention:
    """None: the other way round than it is."""
    is_so = peer.peer_id in found.muted
    if muted is is_so:
        return found
    return replace(found, muted=attention.toggled(attending.wishes(found), peer.peer_id).muted)


def wish(plan: Plan, found: Attention) -> None:
    """What is held back already is told of by the new hours, if that is sooner."""
    at = found.digest_at
    if at:
        wishes = attending.wishes(found)
        at = min(at, attention.quiet_until(wishes, plan.now) or plan.now)
    attending.put(plan, replace(found, digest_at=at))


def change(plan: Plan, command: c.WishAttention) -> AttentionShown:
    """What is named becomes so, all else stays.

    Raises:
        NotFound: there is nobody of that name.
        Malformed, UnknownPeer, AmbiguousPeer: by what is wished.

    """
    found = _of(plan, command.person)
    if command.zone:
        found = zoned(found, command.zone)
    if command.quiet:
        found = quiet(found, command.quiet, command.here)
    if command.pushes:
        found = pushes(found, command.pushes)
    who = addressing.standpoint_of(plan, sending.sender_of(plan, command.by))
    for names, off in ((command.mute, True), (command.hear, False)):
        for name in names:
            found = muted(found, addressing.one(plan, who, name), muted=off)
    wish(plan, found)
    return shown(plan, command.person)


def tell(plan: Plan, command: c.TellDigest) -> AttentionShown:
    """What is held back is told now, where they spoke last; ``told`` says whether there was anything.

    Raises:
        NotFound: there is nobody of that name.

    """
    found = _of(plan, command.person)
    told = digest.give(plan, found.person)
    return replace(shown(plan, command.person), told=told)


def people(plan: Plan) -> list[str]:
    """Everybody with a chat of their own, the owner first."""
    known = {attending.whose(peer) for peer in plan.peers()} - {"", attending.OWNER}
    return [attending.OWNER, *sorted(known)]


def shown(plan: Plan, person: str) -> AttentionShown:
    found = _of(plan, person)
    names = [f"{peer.circle}/{peer.name}" for each in found.muted if (peer := plan.peer(each))]
    held = [each for each in map(plan.fresh, plan.view.kept(found.person)) if not each.told_in]
    until = attention.quiet_until(attending.wishes(found), plan.now)
    return AttentionShown(
        attention=found, muted=tuple(names), held=len({x.envelope_id for x in held}), quiet_until=until
    )


def _of(plan: Plan, person: str) -> Attention:
    if person not in people(plan):
        raise NotFound(
            f'nobody called "{person[:60]}" has a chat of their own', "`peerline people list` shows who has"
        )
    return plan.attention(person) or Attention(person=person)
