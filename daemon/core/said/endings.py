"""What a person does to agents by talking that ends their process: ending them, and restarting them.

Rule: what cannot be undone is asked about once more, bound to that run of that peer; whoever comes in its place is none
of it. The deed itself is done outside, as an errand, and what came of it is told here.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Final

from daemon.core import addressing, killing, restarting, sending
from daemon.core import commands as c
from daemon.core.errors import NotAllowed
from daemon.core.model import Ask, Heard, Peer
from daemon.core.posting import LINE
from daemon.core.rules.presence import IN_TURN
from daemon.core.rules.words import BY_NAME
from daemon.core.said import deeds, looking
from daemon.core.said.deeds import Talk

KILL: Final = "kill"
RESTART: Final = "restart"
LEAVE: Final = "leave it"
YES: Final = {KILL: "End it", RESTART: "Restart it"}
CHOICE_LIFE: Final = timedelta(minutes=10)


def _kill(talk: Talk, rest: str) -> Heard:
    peer = _meant(talk, rest, KILL)
    found = killing.target(talk.plan, peer.peer_id)
    run = found.session.session_id if found.session else found.spawn.spawn_id if found.spawn else ""
    at = (
        f" It is at work: {found.session.doing or found.session.turn}."
        if found.session and found.session.turn in IN_TURN
        else ""
    )
    _offer(
        talk,
        f"End {_called(peer)}?{at} What was asked of it ends unanswered; its mail stays.",
        KILL,
        peer,
        run,
    )
    return Heard("command")


def _restart(talk: Talk, rest: str) -> Heard:
    peer = _meant(talk, rest, RESTART)
    _, session = restarting.restartable(talk.plan, peer.peer_id, now=True)
    if session.ended_at is None and session.turn in IN_TURN:
        text = f"{_called(peer)} is at work: {session.doing or session.turn}. Break that off, and restart it?"
        _offer(talk, text, RESTART, peer, session.session_id)
        return Heard("command")
    return _put(talk, RESTART, peer, session.session_id, now=False)


def chosen(talk: Talk, ask: Ask, choice: str) -> Heard:
    """The card was answered."""
    what, peer_id, run = ask.subject.split("\n", 2)
    if choice != YES[what]:
        talk.tell("left as it is", passing=True)
        return Heard("command")
    right = BY_NAME[what].right
    if right not in talk.person.rights:
        raise NotAllowed(f"/{what} needs the right to {right}", "the owner can grant it")
    return _put(talk, what, deeds.peer_called(talk, peer_id), run, now=True)


def _put(talk: Talk, what: str, peer: Peer, run: str, *, now: bool) -> Heard:
    """The errand knows the run, so that doing it twice is doing it once."""
    told = {
        "run": run,
        "now": now,
        "by": talk.here.peer_id,
        "surface": talk.conversation.surface,
        "account": talk.person.account,
        "person": talk.person.name,
    }
    return looking.put(talk, what, peer, json.dumps(told), f"{_DOING[what]} {peer.name}…")


_DOING: Final = {KILL: "ending", RESTART: "restarting"}


def _meant(talk: Talk, rest: str, word: str) -> Peer:
    """Only who is named: what ends somebody is never for whoever was chosen last."""
    name = rest.strip().removeprefix("@")
    if not name:
        raise NotAllowed("nobody is named", f"say /{word} NAME")
    peer = deeds.peer_called(talk, name)
    if not addressing.standpoint_of(talk.plan, talk.here).meets(peer):
        raise NotAllowed(f'"{peer.name}" is not met here', "do it where it is")
    return peer


def _called(peer: Peer) -> str:
    return f"{peer.circle}/{peer.name}"


def _offer(talk: Talk, text: str, what: str, peer: Peer, run: str) -> None:
    command = c.SendAsk(
        sender=LINE.peer_id, to=(), question=text, options=(YES[what], LEAVE), deadline=CHOICE_LIFE
    )
    subject = f"{what}\n{peer.peer_id}\n{run}"
    sending.ask_of(talk.plan, LINE, [talk.here], command, subject=subject, alone=talk.alone, near=talk.near)


DEEDS: Final = {KILL: _kill, RESTART: _restart}
