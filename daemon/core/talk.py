"""What a person's words mean: commands, answers, and to whom plain words go.

The same for every surface. Whatever the person is to see of it goes out as an envelope like any other, in the same
commit as the effect, so a crash between the two cannot be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from daemon.core import addressing, asking, closing, people, presence, sending
from daemon.core import commands as c
from daemon.core.errors import NotAllowed, Refused
from daemon.core.model import (
    Answer,
    Ask,
    AskShown,
    Carriage,
    Conversation,
    Heard,
    Kind,
    Peer,
    Person,
    Role,
    Status,
    Sticky,
)
from daemon.core.posting import LINE, Letter, carriages, post, reply, stamp
from daemon.core.view import Plan
from daemon.core.words import BY_NAME, listed, parsed

CHOICE_LIFE: Final = timedelta(minutes=30)
MOST_CHOICES: Final = 8
SHORT: Final = 60  #: characters of a question in a list


@dataclass(frozen=True, slots=True)
class Talk:
    """One utterance with everything around it."""

    plan: Plan
    conversation: Conversation
    here: Peer
    person: Person
    said: c.Say

    def tell(self, text: str, *, passing: bool = False) -> None:
        reply(self.plan, self.here, text, to=self.said.reply_to, passing=passing)


def say(plan: Plan, command: c.Say) -> Heard:
    """Do what the words mean. What is refused is told to the person, not raised."""
    talk = _entered(plan, command)
    if talk is None:
        return people.redeem(plan, command)
    return _meant(talk)


def tap(plan: Plan, command: c.Tap) -> Heard:
    """An option of a card was chosen; a card that is over says so by being changed already."""
    said = c.Say(surface=command.surface, address=command.address, account=command.account, text="")
    talk = _entered(plan, said)
    if talk is None:
        return Heard("nothing")
    ask = plan.ask(command.ask_id)
    if ask is None or talk.here.peer_id not in ask.to or not 0 <= command.option < len(ask.options):
        raise NotAllowed(
            f'ask "{command.ask_id}" was not asked here', "only what was asked here can be answered"
        )
    if asking.is_over(ask):
        talk.tell(f"that is {ask.state} already", passing=True)
        return Heard("nothing")
    return _answer(talk, ask, ask.options[command.option], ask.options[command.option])


def refused(plan: Plan, command: c.Say, error: Refused) -> Heard:
    """Tell the person why not."""
    talk = _entered(plan, command)
    if talk:
        hint = f"\n{error.hint}" if error.hint else ""
        talk.tell(f"{error}{hint}")
    return Heard("nothing")


def _entered(plan: Plan, said: c.Say) -> Talk | None:
    """The gate: only a known person in a known conversation is heard."""
    conversation = plan.view.conversation_at(said.surface, said.address)
    person = plan.person(said.surface, said.account)
    here = plan.peer(conversation.peer_id) if conversation else None
    if conversation is None or person is None or here is None or "talk" not in person.rights:
        return None
    return Talk(plan, conversation, here, person, said)


def _meant(talk: Talk) -> Heard:
    text = talk.said.text.strip()
    if command := parsed(text):
        return _command(talk, *command)
    if talk.said.reply_to and (heard := _replied(talk, text)):
        return heard
    if choice := _choice(talk, text):
        return _answer(talk, choice[0], choice[1], choice[1])
    if text.startswith("@") and len(text) > 1:
        name, _, rest = text[1:].partition(" ")
        peer = _peer_called(talk, name)
        _stick(talk, peer)
        if not rest.strip():
            talk.tell(f"your words go to {peer.name}")
            return Heard("command")
        return _ask(talk, peer, rest.strip())
    return _routed(talk, text)


def _command(talk: Talk, name: str, rest: str) -> Heard:
    word = BY_NAME.get(name)
    if word is None:
        talk.tell(f"there is no /{name}\n{listed()}")
        return Heard("nothing")
    if word.right not in talk.person.rights:
        raise NotAllowed(f"/{name} needs the right to {word.right}", "the owner can grant it")
    return _DEEDS[name](talk, rest)


def _replied(talk: Talk, text: str) -> Heard | None:
    """A reply goes to the author of what it replies to, as the answer if that was an ask."""
    delivery = talk.plan.view.shown(talk.here.peer_id, talk.said.reply_to)
    envelope = talk.plan.envelope(delivery.envelope_id) if delivery else None
    if envelope is None:
        return None
    ask = talk.plan.ask(envelope.envelope_id if envelope.kind is Kind.ASK else None)
    if ask and not asking.is_over(ask) and not ask.subject:
        return _answer(talk, ask, text, _label(ask, text))
    author = talk.plan.peer(envelope.sender.peer_id)
    if author is None or author.forgotten_at or author.peer_id == talk.here.peer_id:
        return None
    return _ask(talk, author, text, about=envelope.envelope_id)


def _choice(talk: Talk, text: str) -> tuple[Ask, str] | None:
    """A bare number or label chooses an option of the newest question that has options."""
    offered = [ask for ask in talk.plan.view.open_asks_to(talk.here.peer_id) if ask.options]
    label = _label(offered[-1], text) if offered else None
    return (offered[-1], label) if label else None


def _label(ask: Ask, text: str) -> str | None:
    wanted = text.strip().casefold()
    return next((x for n, x in enumerate(ask.options, 1) if wanted in {x.casefold(), str(n)}), None)


def _answer(talk: Talk, ask: Ask, text: str, option: str | None) -> Heard:
    sender = stamp(talk.plan, talk.here, talk.person.name)
    answer = Answer(
        sender=sender, text=text or (option or ""), how=asking.State.ANSWERED, at=talk.plan.now, option=option
    )
    closing.answered(talk.plan, ask, answer)
    if ask.asker == LINE.peer_id and option:
        return _resolved(talk, ask, option)
    return Heard("answer", ask.ask_id)


def _resolved(talk: Talk, ask: Ask, choice: str) -> Heard:
    """The line's own question is answered: to whom words go from now on, and the words kept so far."""
    peer = _peer_called(talk, choice)
    _stick(talk, peer)
    _, _, kept = ask.subject.partition("\n")
    if kept:
        return _ask(talk, peer, kept)
    talk.tell(f"your words go to {peer.name}")
    return Heard("command")


def _routed(talk: Talk, text: str) -> Heard:
    if talk.said.to:
        return _ask(talk, _peer_called(talk, talk.said.to), text)
    sticky = talk.plan.sticky(talk.here.peer_id, talk.person.account)
    peer = sticky if sticky and _standpoint(talk).meets(sticky) else _orchestrator(talk)
    if peer:
        return _ask(talk, peer, text)
    choices = [peer for peer in _listed(talk) if peer.role is not Role.HUMAN]
    if not choices:
        talk.tell("nobody is on the line yet; your words were not sent. Start an agent, then say it again.")
        return Heard("nothing")
    _offer(talk, "To whom?", choices, f"route\n{text}")
    return Heard("kept")


def _ask(talk: Talk, peer: Peer, text: str, about: str | None = None) -> Heard:
    command = c.SendAsk(sender=talk.here.peer_id, to=(peer.name,), question=text, reply_to=about)
    sender = stamp(talk.plan, talk.here, talk.person.name)
    shown = sending.ask_of(talk.plan, sender, [peer], command)
    talk.tell(_receipt(shown.carriages[0]), passing=True)
    return Heard("ask", shown.ask.ask_id)


def _receipt(carriage: Carriage) -> str:
    if carriage.status is Status.OFFLINE:
        return f"to {carriage.peer.name}, which is offline: kept until it is back"
    behind = f", behind {carriage.ahead}" if carriage.ahead else ""
    return f"to {carriage.peer.name}{behind}"


def _offer(talk: Talk, question: str, choices: Sequence[Peer], subject: str) -> AskShown:
    options = tuple(_exact(peer) for peer in choices[:MOST_CHOICES])
    command = c.SendAsk(sender=LINE.peer_id, to=(), question=question, options=options, deadline=CHOICE_LIFE)
    return sending.ask_of(talk.plan, LINE, [talk.here], command, subject=subject)


def _peers(talk: Talk, rest: str) -> Heard:
    there = _listed(talk)
    if not there:
        talk.tell("nobody is on the line yet")
        return Heard("command")
    rows = [_row(talk, peer) for peer in there]
    choices = [peer for peer in there if peer.role in {Role.AGENT, Role.ORCHESTRATOR}]
    text = "\n".join(rows)
    if choices:
        _offer(talk, text, choices, "choose")
    else:
        talk.tell(text)
    return Heard("command")


def _to(talk: Talk, rest: str) -> Heard:
    if not rest:
        sticky = talk.plan.sticky(talk.here.peer_id, talk.person.account)
        talk.tell(
            f"your words go to {sticky.name}" if sticky else "your words go to nobody yet; say /to NAME"
        )
        return Heard("command")
    peer = _peer_called(talk, rest)
    _stick(talk, peer)
    talk.tell(f"your words go to {peer.name}")
    return Heard("command")


def _clear(talk: Talk, rest: str) -> Heard:
    talk.plan.put(Sticky(conversation=talk.here.peer_id, person=talk.person.account, peer_id=None))
    talk.tell("your words go to nobody now")
    return Heard("command")


def _notify(talk: Talk, rest: str) -> Heard:
    if rest.startswith("@"):
        name, _, text = rest[1:].partition(" ")
        peer: Peer | None = _peer_called(talk, name)
    else:
        text, peer = rest, talk.plan.sticky(talk.here.peer_id, talk.person.account)
    if peer is None or not text.strip():
        raise NotAllowed(
            "nobody to tell, or nothing", "say /notify @name text, or choose with /to NAME first"
        )
    sender = stamp(talk.plan, talk.here, talk.person.name)
    envelope, deliveries = post(talk.plan, sender, [peer], Letter(kind=Kind.NOTICE, text=text))
    talk.tell(_receipt(carriages(talk.plan, envelope, deliveries)[0]), passing=True)
    return Heard("command")


def _asks(talk: Talk, rest: str) -> Heard:
    view, me = talk.plan.view, talk.here.peer_id
    own = [f"to {_names(talk, ask)}: {_short(ask)}" for ask in view.open_asks_by(me)]
    owed = [f"of you: {_short(ask)}" for ask in view.open_asks_to(me) if not ask.subject]
    talk.tell("\n".join([*own, *owed]) or "nothing is open")
    return Heard("command")


def _cancel(talk: Talk, rest: str) -> Heard:
    own = talk.plan.view.open_asks_by(talk.here.peer_id)
    wanted = [ask for ask in own if ask.ask_id == rest] if rest else own[-1:]
    if not wanted:
        raise NotAllowed(f'no open ask "{rest}" of yours' if rest else "no open ask of yours", "see /asks")
    closing.cancel(talk.plan, c.CancelAsk(ask_id=wanted[0].ask_id, by=talk.here.peer_id))
    talk.tell(f"cancelled: {_short(wanted[0])}")
    return Heard("command", wanted[0].ask_id)


def _help(talk: Talk, rest: str) -> Heard:
    talk.tell(listed())
    return Heard("command")


def _start(talk: Talk, rest: str) -> Heard:
    talk.tell(f"Hello {talk.person.name}. This chat is on the line as `{talk.here.name}`.\n{listed()}")
    return Heard("command")


_DEEDS: Final = {
    "peers": _peers,
    "to": _to,
    "clear": _clear,
    "notify": _notify,
    "asks": _asks,
    "cancel": _cancel,
    "help": _help,
    "start": _start,
}


def _standpoint(talk: Talk) -> addressing.Standpoint:
    return addressing.standpoint_of(talk.plan, talk.here)


def _peer_called(talk: Talk, name: str) -> Peer:
    return addressing.one(talk.plan, _standpoint(talk), name)


def _stick(talk: Talk, peer: Peer) -> None:
    talk.plan.put(Sticky(conversation=talk.here.peer_id, person=talk.person.account, peer_id=peer.peer_id))


def _listed(talk: Talk) -> list[Peer]:
    seen = addressing.visible(talk.plan.view.peers(), _standpoint(talk), "*")
    return [
        peer
        for peer in seen
        if peer.peer_id != talk.here.peer_id
        and peer.role is not Role.SERVICE
        and _status(talk, peer) is not Status.OFFLINE
    ]


def _orchestrator(talk: Talk) -> Peer | None:
    return next((peer for peer in _listed(talk) if peer.role is Role.ORCHESTRATOR), None)


def _status(talk: Talk, peer: Peer) -> Status:
    plan = talk.plan
    return presence.status(peer, plan.session_of(peer), plan.conversation(peer.peer_id), plan.now)


def _row(talk: Talk, peer: Peer) -> str:
    session = talk.plan.session_of(peer)
    state = (session.turn if session else "") or _status(talk, peer)
    about = f": {peer.description}" if peer.description else ""
    return f"- `{_exact(peer)}` {state}{about}"


def _exact(peer: Peer) -> str:
    return f"{peer.circle}/{peer.name}"


def _names(talk: Talk, ask: Ask) -> str:
    return ", ".join(peer.name for x in ask.to if (peer := talk.plan.peer(x)))


def _short(ask: Ask) -> str:
    words = " ".join(ask.question.split())
    return f"`{ask.ask_id}` {words[:SHORT]}{'…' if len(words) > SHORT else ''} ({ask.state})"
