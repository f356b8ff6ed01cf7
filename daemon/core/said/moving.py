"""What a person does about words that wait: hurry them, give them to somebody else, take them back."""

from __future__ import annotations

from daemon.core import braking, closing, slips
from daemon.core import commands as c
from daemon.core.errors import Conflict, NotAllowed
from daemon.core.model import Ask, Heard, Peer, Role
from daemon.core.rules import asking
from daemon.core.rules.words import BY_NAME
from daemon.core.said import deeds
from daemon.core.said.deeds import Talk

SUBJECT = "move"


def chosen(talk: Talk, slip: Ask, choice: str) -> Heard:
    """One of the keys of a slip, which stays until its ask is over."""
    ask = _still_open(talk, slip.subject.partition("\n")[2])
    if choice == slips.INTERRUPT:
        return _interrupt(talk, ask)
    if choice == slips.WITHDRAW:
        _cancel(talk, ask)
        return Heard("command", ask.ask_id)
    return offer(talk, ask, "To whom instead?")


def offer(talk: Talk, ask: Ask, question: str) -> Heard:
    others = [
        peer for peer in deeds.listed(talk) if peer.role is not Role.HUMAN and peer.peer_id not in ask.to
    ]
    if not others:
        raise NotAllowed("nobody else is on the line", "it stays where it is")
    deeds.offer(talk, question, others, f"{SUBJECT}\n{ask.ask_id}")
    return Heard("command", ask.ask_id)


def moved(talk: Talk, choice: Ask, name: str) -> Heard:
    """Somebody else was named: what waits is withdrawn, and asked there. Whom plain words go to stays as it is."""
    ask = _still_open(talk, choice.subject.partition("\n")[2])
    peer = deeds.peer_called(talk, name)
    _cancel(talk, ask)
    return deeds.ask(talk, peer, ask.question)


def _cancel(talk: Talk, ask: Ask) -> None:
    cancel = c.CancelAsk(ask_id=ask.ask_id, by=talk.here.peer_id, person=talk.person.name)
    closing.cancel(talk.plan, cancel)


def _interrupt(talk: Talk, ask: Ask) -> Heard:
    right = BY_NAME["stop"].right
    if right not in talk.person.rights:
        raise NotAllowed(f"to interrupt needs the right to {right}", "the owner can grant it")
    peer = _asked(talk, ask)
    braking.stop(talk.plan, c.StopTurn(peer_id=peer.peer_id, by=talk.person.name))
    talk.tell(f"interrupting {peer.name}: your words come next")
    return Heard("command", ask.ask_id)


def _asked(talk: Talk, ask: Ask) -> Peer:
    peer = talk.plan.peer(ask.to[0])
    if peer is None or peer.forgotten_at:
        raise Conflict("whoever was asked is gone", "ask somebody else")
    return peer


def _still_open(talk: Talk, ask_id: str) -> Ask:
    ask = closing.known(talk.plan, ask_id)
    if asking.is_over(ask):
        raise Conflict(f"that is {ask.state} already", "nothing is left to change")
    return ask
