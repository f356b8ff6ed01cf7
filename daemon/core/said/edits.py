"""What people do to what was said already: changing their own words, and putting a mark on ours.

Words that still wait are changed where they wait; once somebody has them it is too late, and the person is told.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from daemon.core import closing, hosting, locking, settling, slips
from daemon.core import commands as c
from daemon.core.model import Ask, Conversation, Delivery, Event, Heard
from daemon.core.posting import LINE
from daemon.core.rules import asking, given
from daemon.core.rules.cleaning import body, clean
from daemon.core.rules.words import called, parsed
from daemon.core.said import deeds, gate
from daemon.core.said.deeds import Talk
from daemon.core.view import Plan

STILL_WAITS: Final = frozenset({"queued", "held"})


def edit(plan: Plan, command: c.Edit) -> Heard:
    """The words became an ask that may wait still, or they became nothing that can be changed."""
    talk = gate.allowed(plan, command)
    ask = plan.view.said_as(command.receipt)
    if talk is None or ask is None or ask.conversation != talk.here.peer_id:
        return Heard("nothing")
    text = clean(command.text).strip()
    return _kept(talk, ask, text) if ask.asker == LINE.peer_id else _sent(talk, ask, text)


def unsay(plan: Plan, command: c.Unsay) -> Heard:
    """What still waits is withdrawn; nobody can take back what somebody has read."""
    talk = gate.allowed(plan, command)
    ask = plan.view.said_as(command.receipt)
    if talk is None or ask is None or ask.conversation != talk.here.peer_id or asking.is_over(ask):
        return Heard("nothing")
    late = [x for x in plan.view.deliveries_of(ask.ask_id) if x.state not in STILL_WAITS]
    if late and ask.asker != LINE.peer_id:
        talk.tell(f"too late to take that back unread: {_whose(talk, ask, late)}. /cancel ends the question.")
        return Heard("nothing")
    closing.cancel(plan, c.CancelAsk(ask_id=ask.ask_id, by=ask.asker, person=talk.person.name))
    talk.tell("withdrawn", passing=True)
    return Heard("command", ask.ask_id)


def react(plan: Plan, command: c.React) -> Heard:
    """A mark is evidence that it was seen; it says nothing else."""
    command = gate.arrived(plan, command)
    if locking.against(plan, command) or not command.sign:
        return Heard("nothing")
    person = plan.person(command.surface, command.account)
    if person is None or "talk" not in person.rights:
        return Heard("nothing")
    for conversation in _conversations(plan, command):
        if delivery := plan.view.shown(conversation.peer_id, command.receipt):
            settling.see(plan, delivery, f"marked with {command.sign[:8]} by {person.name}")
    return Heard("command")


def _conversations(plan: Plan, command: c.React) -> list[Conversation]:
    """Where it may have been shown: there, or in any topic of it."""
    here = plan.view.conversation_at(command.surface, command.address)
    return [here] if here and here.thread else hosting.within(plan, command.surface, command.address)


def _kept(talk: Talk, ask: Ask, text: str) -> Heard:
    """Nobody was chosen yet: the words wait with the question."""
    subject, _, before = ask.subject.partition("\n")
    words = given.changed(before, text)
    if subject == slips.ROUTE and not asking.is_over(ask) and words != before:
        talk.plan.put(replace(ask, subject=f"{slips.ROUTE}\n{body(words)}"))
        talk.tell("changed", passing=True)
    return Heard("command")


def _sent(talk: Talk, ask: Ask, text: str) -> Heard:
    plan = talk.plan
    meant = _meant(talk, ask, text)
    words = given.changed(ask.question, meant) if meant is not None else ""
    envelope = plan.envelope(ask.ask_id)
    if words == ask.question or envelope is None:
        return Heard("nothing")
    late = [x for x in plan.view.deliveries_of(ask.ask_id) if x.state not in STILL_WAITS]
    if late or asking.is_over(ask):
        talk.tell(f"too late to change that: {_whose(talk, ask, late)}. Say the new words as a message.")
    elif meant is None:
        talk.tell("an edit changes the words, not what becomes of them: /cancel it, and say it anew")
    else:
        plan.put(replace(ask, question=body(words)))
        plan.put(replace(envelope, body=body(words)))
        plan.tell(Event("edited", ask.ask_id, talk.here.peer_id, "edited", f"by {talk.person.name}"))
        talk.tell("changed", passing=True)
    return Heard("command", ask.ask_id)


def _meant(talk: Talk, ask: Ask, text: str) -> str | None:
    """The new words, without the name of whom they are for; None if they mean something else now."""
    if parsed(text):
        return None
    named = called(text)
    if named is None:
        return text
    peer = deeds.peer_called(talk, named[0])
    return named[1] if peer.peer_id in ask.to else None


def _whose(talk: Talk, ask: Ask, late: list[Delivery]) -> str:
    if asking.is_over(ask):
        return f"it is {ask.state} already"
    peer = talk.plan.peer(late[0].peer_id)
    return f"{peer.name if peer else 'somebody'} has it already"
