"""Who is heard: one gate for all that people do, whatever kind of thing it is.

A listed person with the right to talk, by numeric id, in a conversation that is there or that their words open. All
others meet silence, but for the code that is shown at the machine, and for one line to a member of a listed group.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final, TypeVar

from daemon.core import addressing, digest, groups, hosting, locking, people, threads, topics
from daemon.core import commands as c
from daemon.core.errors import AmbiguousPeer, Refused
from daemon.core.model import Conversation, Heard, Peer, Person
from daemon.core.rules.words import BY_NAME, called, parsed
from daemon.core.said.deeds import Talk
from daemon.core.view import Plan

AnyDeed = TypeVar("AnyDeed", c.Say, c.Tap, c.Edit, c.Unsay, c.React)
NOTHING: Final = Heard("nothing")
ASIDE: Final = Heard("aside")


def is_for_us(plan: Plan, said: c.Say) -> bool:
    """Where several people talk, only what is said to us is; what somebody else wrote never says so."""
    if not groups.is_heard(plan, said.surface, said.address, said.account):
        return False
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


def concerns(plan: Plan, said: c.Say) -> bool:
    """Whether words are for us, and of somebody who may say them; decided before all that belongs to them is known."""
    said, person = arrived(plan, said), plan.person(said.surface, said.account)
    may = person is not None and "talk" in person.rights and locking.against(plan, said) is None
    return may and is_for_us(plan, said)


def entered(plan: Plan, deed: locking.Deed) -> Talk | None:
    """Whoever may come in, with everything around them."""
    said = threads.placed(words_of(deed))
    person = plan.person(said.surface, said.account)
    if person is None or "talk" not in person.rights:
        return None
    if not groups.is_heard(plan, said.surface, said.address, said.account):
        return None
    here = _place_of(plan, person, said, _known(plan, deed, said))
    conversation = plan.conversation(here.peer_id) if here else None
    if here is None or conversation is None:
        return None
    groups.reopen(plan, conversation)
    if isinstance(deed, c.Say | c.Tap):
        digest.alive(plan, person, here, conversation)
    meant = _meant(plan, conversation, deed)
    return Talk(plan, meant, plan.peer(meant.peer_id) or here, person, said)


def allowed(plan: Plan, deed: AnyDeed) -> Talk | None:
    """Whoever may come in now: nobody while the line is locked, and nothing that was said while it was."""
    deed = arrived(plan, deed)
    if lock := locking.against(plan, deed):
        locking.unheard(plan, deed, lock)
        return None
    return entered(plan, deed)


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


def words_of(deed: locking.Deed) -> c.Say:
    """What is done without words is somebody's as well, somewhere."""
    if isinstance(deed, c.Say):
        return deed
    text = deed.text if isinstance(deed, c.Edit) else ""
    return c.Say(surface=deed.surface, address=deed.address, account=deed.account, text=text)


def _known(plan: Plan, deed: locking.Deed, said: c.Say) -> Conversation | None:
    """The conversation it was done in, if there is one yet."""
    at = partial(plan.view.conversation_at, said.surface)
    if isinstance(deed, c.Say) or said.surface not in hosting.CHANNELED:
        return at(said.address)
    # The first message of a thread stands in the chat; and in a thread that is none of ours, the chat's cards are.
    begun = at(deed.receipt) if isinstance(deed, c.Edit | c.Unsay) else None
    return begun or at(said.address) or at(said.address.partition("/")[0])


def _meant(plan: Plan, here: Conversation, deed: locking.Deed) -> Conversation:
    if not isinstance(deed, c.Say):
        return topics.meant(plan, here, deed.receipt)
    return here if here.thread else topics.meant(plan, here, deed.reply_to)


def _place_of(plan: Plan, person: Person, said: c.Say, found: Conversation | None) -> Peer | None:
    here = plan.peer(found.peer_id) if found else None
    if found and here and not here.forgotten_at:
        threads.stirred(plan, here, found)
        return here
    room, _, topic = said.address.partition("/")
    if room == person.account:  # whoever still speaks is not forgotten
        thread = bool(topic) and said.thread == said.address
        title = threads.title(topic) if thread else said.topic
        return people.admit(plan, person, topic, title, live=True, thread=thread)
    return None if said.private else groups.admit(plan, person, said)


def _in_own_topic(plan: Plan, said: c.Say) -> bool:
    found = plan.view.conversation_at(said.surface, said.address)
    return found is not None and bool(found.topic_of)


def _is_reply_to_us(plan: Plan, said: c.Say) -> bool:
    where = [said.address, *([said.address.partition("/")[0]] if said.thread == said.address else [])]
    found = [plan.view.conversation_at(said.surface, each) for each in where if said.reply_to]
    return any(each and plan.view.shown(each.peer_id, said.reply_to) for each in found)


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
