"""Who is heard: one gate for all that people do, whatever kind of thing it is.

A listed person with the right to talk, by numeric id, in a conversation that is there or that their words open. All
others meet silence, but for the code that is shown at the machine, and for one line to a member of a listed group.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeVar

from daemon.core import addressing, groups, people, topics
from daemon.core import commands as c
from daemon.core.deeds import Talk
from daemon.core.errors import AmbiguousPeer, Refused
from daemon.core.model import Heard, Peer, Person
from daemon.core.view import Plan
from daemon.core.words import BY_NAME, called, parsed

Deed = c.Say | c.Tap | c.Edit | c.React
AnyDeed = TypeVar("AnyDeed", c.Say, c.Tap, c.Edit, c.React)
NOTHING: Final = Heard("nothing")
ASIDE: Final = Heard("aside")


def is_for_us(plan: Plan, said: c.Say) -> bool:
    """Where several people talk, only what is said to us is; what somebody else wrote never says so."""
    if said.private or _in_own_topic(plan, said):
        return True
    if said.forwarded:
        return False
    if said.called or _is_reply_to_us(plan, said):
        return True
    if command := parsed(said.text.strip()):
        return command[0] in BY_NAME
    named = called(said.text.strip())
    return named is not None and _is_met(plan, said, named[0])


def entered(plan: Plan, deed: Deed) -> Talk | None:
    """Whoever may come in, with everything around them."""
    said = words_of(deed)
    person = plan.person(said.surface, said.account)
    if person is None or "talk" not in person.rights:
        return None
    here = _place_of(plan, person, said)
    conversation = plan.conversation(here.peer_id) if here else None
    if here is None or conversation is None:
        return None
    groups.reopen(plan, conversation)
    meant = topics.meant(plan, conversation, deed.reply_to if isinstance(deed, c.Say) else deed.receipt)
    return Talk(plan, meant, plan.peer(meant.peer_id) or here, person, said)


def stranger(plan: Plan, said: c.Say) -> Heard:
    """Somebody who may not speak did, to us."""
    return people.redeem(plan, said) if said.private else groups.knocked(plan, said)


def arrived(plan: Plan, deed: AnyDeed) -> AnyDeed:
    """The same deed, at the id that the chat has now: what was on its way when a group got another belongs there."""
    room, slash, topic = deed.address.partition("/")
    place = plan.place(deed.surface, room)
    if place is None or place.address == room:
        return deed
    return replace(deed, address=f"{place.address}{slash}{topic}")


def words_of(deed: Deed) -> c.Say:
    """What is done without words is somebody's as well, somewhere."""
    if isinstance(deed, c.Say):
        return deed
    text = deed.text if isinstance(deed, c.Edit) else ""
    return c.Say(surface=deed.surface, address=deed.address, account=deed.account, text=text)


def _place_of(plan: Plan, person: Person, said: c.Say) -> Peer | None:
    found = plan.view.conversation_at(said.surface, said.address)
    here = plan.peer(found.peer_id) if found else None
    if here and not here.forgotten_at:
        return here
    room, _, topic = said.address.partition("/")
    if room == person.account:  # whoever still speaks is not forgotten
        return people.admit(plan, person, topic, said.topic, live=True)
    return None if said.private else groups.admit(plan, person, said)


def _in_own_topic(plan: Plan, said: c.Say) -> bool:
    found = plan.view.conversation_at(said.surface, said.address)
    return found is not None and bool(found.topic_of)


def _is_reply_to_us(plan: Plan, said: c.Say) -> bool:
    found = plan.view.conversation_at(said.surface, said.address)
    return found is not None and bool(said.reply_to) and bool(plan.view.shown(found.peer_id, said.reply_to))


def _is_met(plan: Plan, said: c.Say, name: str) -> bool:
    """Whether somebody of that name is met from there; other names are for the people there."""
    who = addressing.Standpoint("", everywhere=True, circles=groups.circles(plan, said))
    try:
        addressing.one(plan, who, name)
    except AmbiguousPeer:
        return True
    except Refused:
        return False
    return True
