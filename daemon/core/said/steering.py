"""What a person does to peers by talking: stopping, freezing, following, watching. One function for each word."""

from __future__ import annotations

from typing import Final

from daemon.core import addressing, braking, following, glance, locking, watchers
from daemon.core import commands as c
from daemon.core.errors import NotAllowed
from daemon.core.model import AGENTS, Heard, Peer
from daemon.core.said import deeds, endings
from daemon.core.said.deeds import Talk


def _stop(talk: Talk, rest: str) -> Heard:
    peer = _meant(talk, rest, "/stop NAME")
    session = braking.stop(talk.plan, c.StopTurn(peer_id=peer.peer_id, by=talk.person.name))
    running = f"; what runs already may end: {session.doing}" if session.doing else ""
    talk.tell(f"stopping {peer.name}: no further tool call in this turn{running}")
    following.begin(talk.plan, talk.here, peer, following.STOP)
    return Heard("command")


def _freeze(talk: Talk, rest: str) -> Heard:
    circle = _circle(talk, rest, "/freeze CIRCLE")
    stopped = braking.freeze(talk.plan, c.FreezeCircle(circle=circle, by=talk.person.name))
    talk.tell(
        f"circle {circle} is frozen: {_names(stopped)} may make no tool call, and get nothing until /thaw"
    )
    return Heard("command")


def _thaw(talk: Talk, rest: str) -> Heard:
    circle = _circle(talk, rest, "/thaw CIRCLE")
    braking.thaw(talk.plan, c.ThawCircle(circle=circle, by=talk.person.name))
    talk.tell(f"circle {circle} goes on")
    return Heard("command")


def _lock(talk: Talk, rest: str) -> Heard:
    told = locking.lock(talk.plan, c.Lock(by=f"{talk.person.name} on {talk.conversation.surface}"))
    if not locking.hears(talk.plan, talk.here):
        talk.tell(locking.sentence(told))
    return Heard("command")


def _follow(talk: Talk, rest: str) -> Heard:
    return _toggled(talk, rest, following.FOLLOW, "following {}: one message shows how it gets on")


def _watch(talk: Talk, rest: str) -> Heard:
    return _toggled(talk, rest, watchers.WATCH, "watching {}: you are told when it ends, stalls or asks")


def _status(talk: Talk, rest: str) -> Heard:
    glance.begin(talk.plan, talk.here, alone=talk.alone)
    return Heard("command")


def _toggled(talk: Talk, rest: str, what: str, said: str) -> Heard:
    peer = _meant(talk, rest, f"/{what} NAME")
    if following.end(talk.plan, talk.here, peer, what):
        talk.tell(f"no longer: {said.format(peer.name).partition(':')[0]}")
        return Heard("command")
    talk.tell(f"{said.format(peer.name)}; say it again to end that", passing=True)
    following.begin(talk.plan, talk.here, peer, what)
    return Heard("command")


def _meant(talk: Talk, name: str, usage: str) -> Peer:
    peer = deeds.peer_called(talk, name) if name else deeds.chosen(talk)
    if peer is None:
        raise NotAllowed("nobody is meant", f"say {usage}, or choose with /to NAME first")
    if peer.role not in AGENTS:
        raise NotAllowed(f'"{peer.name}" is no agent', "name an agent")
    return peer


def _circle(talk: Talk, name: str, usage: str) -> str:
    """A circle that is there, and that this conversation meets."""
    if not name:
        raise NotAllowed("no circle is named", f"say {usage}")
    circle = addressing.checked_circle(name.strip().lower())
    met = {peer.circle for peer in talk.plan.view.peers() if deeds.standpoint(talk).meets(peer)}
    if circle not in met:
        raise NotAllowed(f'no circle "{circle}"', f"there is {', '.join(sorted(met))}")
    return circle


def _names(peers: list[Peer]) -> str:
    return ", ".join(peer.name for peer in peers) or "whoever comes"


DEEDS: Final = {
    "stop": _stop,
    "freeze": _freeze,
    "thaw": _thaw,
    "lock": _lock,
    "follow": _follow,
    "watch": _watch,
    "status": _status,
    **endings.DEEDS,
}
