"""What a person can have done by talking: asking, choosing, telling, listing. One function for each word.

The same for every surface. Whatever the person is to see of it goes out as an envelope like any other, in the same
commit as the effect, so a crash between the two cannot be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from daemon.core import addressing, closing, glance, hosting, listing, sending, slips, threads
from daemon.core import commands as c
from daemon.core.errors import NotAllowed
from daemon.core.model import (
    AGENTS,
    Ask,
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
from daemon.core.rules import given
from daemon.core.rules.cleaning import fitted
from daemon.core.rules.words import BY_NAME, called, help_text
from daemon.core.view import Plan

RECENT: Final = 5
SHORT: Final = 60  #: characters of a question in a list


@dataclass(frozen=True, slots=True)
class Talk:
    """One utterance with everything around it."""

    plan: Plan
    conversation: Conversation
    here: Peer
    person: Person
    said: c.Say

    @property
    def alone(self) -> str:
        """Who alone is to see what the line says to this; "": whoever is there."""
        return self.said.account if self.said.aside else ""

    @property
    def near(self) -> str:
        """By which message an answer stands: where several talk, by what was said, so that one sees to whom."""
        return self.said.reply_to if self.said.private else self.said.receipt or self.said.reply_to

    def tell(self, text: str, *, passing: bool = False) -> None:
        reply(self.plan, self.here, text, to=self.near, passing=passing, alone=self.alone)


def ask(talk: Talk, peer: Peer, text: str, about: str | None = None, *, said_as: str = "") -> Heard:
    """Their words, with what they gave along. ``said_as``: by which message, if not by the one that is heard now."""
    question = words_of(talk, text)
    command = c.SendAsk(sender=talk.here.peer_id, to=(peer.name,), question=question, reply_to=about)
    sender = stamp(talk.plan, talk.here, talk.person.name)
    shown = sending.ask_of(talk.plan, sender, [peer], command)
    threads.belongs_to(talk.plan, talk.here, peer)
    carriage, asked = shown.carriages[0], _said(talk, shown.ask, said_as)
    talk.plan.put(asked)
    if not asked.said_as and talk.conversation.surface in hosting.CHANNELED:
        _show(talk, asked, peer, text)
    if slips.waits(carriage):
        brakes = BY_NAME["stop"].right in talk.person.rights
        told = receipt(carriage)
        slips.offer(talk.plan, talk.here, asked, carriage, told, brakes=brakes, alone=talk.alone)
    else:
        talk.tell(receipt(carriage), passing=True)
    return Heard("ask", shown.ask.ask_id)


def _show(talk: Talk, asked: Ask, peer: Peer, text: str) -> None:
    """What was asked by a command or in a form nobody has seen: said aloud, its answer has where to stand."""
    quoted = "\n".join(f"> {each}" for each in text.split("\n"))
    told = f"{talk.person.name} asks {peer.name}:\n\n{quoted}"
    letter = Letter(kind=Kind.REPLY, text=fitted(told), correlation_id=asked.ask_id, silent=True)
    post(talk.plan, LINE, [talk.here], letter)


def words_of(talk: Talk, text: str) -> str:
    """What is asked: to the first ask of a thread belongs what was said there before."""
    told, here = given.told(talk.said, text), talk.conversation
    return given.among(told, talk.said.around) if here.thread and not here.topic_of else told


def _said(talk: Talk, ask: Ask, said_as: str = "") -> Ask:
    return replace(ask, conversation=talk.here.peer_id, said_as=said_as or talk.said.receipt)


def receipt(carriage: Carriage) -> str:
    if carriage.status is Status.OFFLINE:
        return f"to {carriage.peer.name}, which is offline: kept until it is back"
    behind = f", behind {carriage.ahead}" if carriage.ahead else ""
    return f"to {carriage.peer.name}{behind}"


def offer(talk: Talk, question: str, choices: Sequence[Peer], subject: str) -> None:
    asked = slips.choice(talk.plan, talk.here, question, choices, subject, alone=talk.alone, near=talk.near)
    talk.plan.put(_said(talk, asked))


def _peers(talk: Talk, rest: str) -> Heard:
    there = listed(talk)
    if not there:
        talk.tell("nobody is on the line yet")
        return Heard("command")
    rows = [_row(talk, peer) for peer in there]
    choices = [peer for peer in there if peer.role in AGENTS]
    text = "\n".join(rows)
    if choices:
        offer(talk, text, choices, "choose")
    else:
        talk.tell(text)
    return Heard("command")


def _to(talk: Talk, rest: str) -> Heard:
    if not rest:
        sticky = chosen(talk)
        talk.tell(
            f"your words go to {sticky.name}" if sticky else "your words go to nobody yet; say /to NAME"
        )
        return Heard("command")
    peer = peer_called(talk, rest)
    stick(talk, peer)
    tell_chosen(talk, peer)
    return Heard("command")


def _clear(talk: Talk, rest: str) -> Heard:
    talk.plan.put(replace(_choice(talk), peer_id=None))
    talk.tell("your words go to nobody now")
    return Heard("command")


def _notify(talk: Talk, rest: str) -> Heard:
    name, text = called(rest) or (talk.said.to, rest)
    peer = peer_called(talk, name) if name else chosen(talk)
    if peer is None or not (text.strip() or talk.said.files):
        raise NotAllowed(
            "nobody to tell, or nothing", "say /notify @name text, or choose with /to NAME first"
        )
    sender = stamp(talk.plan, talk.here, talk.person.name)
    letter = Letter(kind=Kind.NOTICE, text=given.told(talk.said, text))
    envelope, deliveries = post(talk.plan, sender, [peer], letter)
    talk.tell(receipt(carriages(talk.plan, envelope, deliveries)[0]), passing=True)
    return Heard("command")


def _broadcast(talk: Talk, rest: str) -> Heard:
    command = c.SendBroadcast(sender=talk.here.peer_id, text=rest, person=talk.person.name)
    told = [carriage.peer.name for carriage in sending.send_broadcast(talk.plan, command).carriages]
    talk.tell(f"told {', '.join(told)}" if told else "nobody is there to be told", passing=True)
    return Heard("command")


def chosen(talk: Talk) -> Peer | None:
    """Whom this person chose here, while this conversation meets them; in a thread, else whose it is."""
    sticky = talk.plan.sticky(talk.here.peer_id, talk.person.account)
    if sticky and standpoint(talk).meets(sticky):
        return sticky
    whole = whole_of(talk)
    owner = talk.plan.peer(talk.conversation.topic_of) if whole else None
    if owner and not owner.forgotten_at:
        return owner
    return chosen(whole) if whole else None


def whole_of(talk: Talk) -> Talk | None:
    """The same in the whole chat, if it is said in a thread."""
    room = threads.room(talk.plan, talk.conversation)
    peer = talk.plan.peer(room.peer_id) if room else None
    return replace(talk, conversation=room, here=peer) if room and peer else None


def _asks(talk: Talk, rest: str) -> Heard:
    view, me = talk.plan.view, talk.here.peer_id
    own = [f"to {_names(talk, ask)}: {_short(ask)}" for ask in view.open_asks_by(me)]
    owed = [f"of you: {_short(ask)}" for ask in view.open_asks_to(me) if ask.asker != LINE.peer_id]
    talk.tell("\n".join([*own, *owed]) or "nothing is open")
    return Heard("command")


def _cancel(talk: Talk, rest: str) -> Heard:
    own = [ask for ask in talk.plan.view.open_asks_by(talk.here.peer_id) if _is_own(talk, ask)]
    wanted = [ask for ask in own if ask.ask_id == rest] if rest else own[-1:]
    if not wanted:
        raise NotAllowed(f'no open ask "{rest}" of yours' if rest else "no open ask of yours", "see /asks")
    closing.cancel(talk.plan, c.CancelAsk(ask_id=wanted[0].ask_id, by=talk.here.peer_id))
    talk.tell(f"cancelled: {_short(wanted[0])}")
    return Heard("command", wanted[0].ask_id)


def _is_own(talk: Talk, ask: Ask) -> bool:
    """Whether it was this very person who asked, where several speak."""
    asked = talk.plan.envelope(ask.ask_id)
    return asked is not None and asked.sender.person == stamp(talk.plan, talk.here, talk.person.name).person


def _help(talk: Talk, rest: str) -> Heard:
    talk.tell(help_text())
    return Heard("command")


def _start(talk: Talk, rest: str) -> Heard:
    talk.tell(f"Hello {talk.person.name}. This chat is on the line as `{talk.here.name}`.\n{help_text()}")
    return Heard("command")


DEEDS: Final = {
    "peers": _peers,
    "to": _to,
    "clear": _clear,
    "notify": _notify,
    "broadcast": _broadcast,
    "asks": _asks,
    "cancel": _cancel,
    "help": _help,
    "start": _start,
}


def standpoint(talk: Talk) -> addressing.Standpoint:
    return addressing.standpoint_of(talk.plan, talk.here)


def peer_called(talk: Talk, name: str) -> Peer:
    return addressing.one(talk.plan, standpoint(talk), name)


def stick(talk: Talk, peer: Peer, said_as: str = "") -> None:
    """Plain words go there from now on; what begins a thread chooses for the whole chat, too."""
    if (said_as or talk.said.receipt) == talk.conversation.address and (whole := whole_of(talk)):
        stick(whole, peer)
    before = _choice(talk)
    recent = (peer.peer_id, *(each for each in before.recent if each != peer.peer_id))[:RECENT]
    talk.plan.put(replace(before, peer_id=peer.peer_id, recent=recent))


def tell_chosen(talk: Talk, peer: Peer) -> None:
    """Say to whom words go, with a keyboard of those they went to lately."""
    recent = [found for each in _choice(talk).recent if (found := talk.plan.peer(each))]
    names = [f"@{found.circle}/{found.name}" for found in recent if not found.forgotten_at]
    letter = Letter(
        kind=Kind.REPLY,
        text=f"your words go to {peer.name}",
        options=(*names, "/peers", "/status"),
        reply_to=talk.near or None,
        silent=True,
        alone=talk.alone,
    )
    post(talk.plan, LINE, [talk.here], letter)


def _choice(talk: Talk) -> Sticky:
    found = talk.plan.chosen(talk.here.peer_id, talk.person.account)
    return found or Sticky(conversation=talk.here.peer_id, person=talk.person.account, peer_id=None)


def listed(talk: Talk) -> list[Peer]:
    return listing.there(talk.plan, talk.here)


def orchestrator(talk: Talk) -> Peer | None:
    return next((peer for peer in listed(talk) if peer.role is Role.ORCHESTRATOR), None)


def _row(talk: Talk, peer: Peer) -> str:
    about = f": {peer.description}" if peer.description else ""
    return f"- {glance.state(talk.plan, peer)}{about}"


def _names(talk: Talk, ask: Ask) -> str:
    return ", ".join(peer.name for x in ask.to if (peer := talk.plan.peer(x)))


def _short(ask: Ask) -> str:
    words = " ".join(ask.question.split())
    return f"`{ask.ask_id}` {words[:SHORT]}{'…' if len(words) > SHORT else ''} ({ask.state})"
