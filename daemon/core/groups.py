"""Groups and channels: how they come onto the line, what they are called, and who knocks there.

Rule: a group sees the circles it was given in the config; one that is not listed there sees ``default``, and the owner
is told of it once. Strangers in it get one line each in all their life.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from daemon.core import commands as c
from daemon.core import hosting, people, sending, threads, topics
from daemon.core.addressing import DEFAULT_CIRCLE, free_name, slug
from daemon.core.errors import NotAllowed
from daemon.core.model import Authority, Conversation, Event, Heard, Kind, Peer, Person, Place, Role
from daemon.core.posting import LINE, Letter, post
from daemon.core.rules.attention import Matter
from daemon.core.rules.cleaning import line
from daemon.core.view import Plan

MAY_TALK: Final = ("talk", "no")
ADMIT: Final = "admit"  #: what the owner's card is about
LONGEST_TITLE: Final = 60


def configure(plan: Plan, command: c.ConfigurePlaces) -> tuple[Place, ...]:
    """The groups of the config, with what they see; those that were dropped from it see ``default`` again."""
    for known in plan.view.places(command.surface):
        if known.listed:
            plan.put(replace(known, listed=False, circles=(DEFAULT_CIRCLE,)))
    for n, wanted in enumerate(command.places):
        moved = plan.place(command.surface, wanted.address)
        where = moved.address if moved else wanted.address
        name = wanted.name or (moved.name if moved else "")
        found = replace(wanted, address=where, name=slug(name, wanted.address.strip("-")))
        plan.put(found)
        _open(plan, found, first=n == 0)
    for conversation in plan.view.conversations(command.surface):
        if place := plan.place(command.surface, conversation.address.partition("/")[0]):
            plan.put(replace(conversation, circles=place.circles))
    topics.configure(plan, command.surface, wanted=command.topics)
    return command.places


def admit(plan: Plan, person: Person, said: c.Say) -> Peer:
    """Somebody who may talk speaks to us there: it is a conversation from now on, each topic one of its own."""
    room, _, topic = said.address.partition("/")
    place = plan.place(said.surface, room) or _found(plan, person, said, room)
    thread = bool(topic) and said.thread == said.address
    title = threads.title(topic) if thread else slug(said.topic, topic) if topic else ""
    return _open(plan, place, topic, title, live=True, thread=thread)


def _open(
    plan: Plan,
    place: Place,
    topic: str = "",
    title: str = "",
    *,
    first: bool = False,
    live: bool = False,
    thread: bool = False,
) -> Peer:
    """The conversation of a group, or of one of its topics."""
    leads = first and place.surface in hosting.CHANNELED
    named = [place.surface] if leads else [place.surface, place.name, title]
    command = c.OpenConversation(
        surface=place.surface,
        address=f"{place.address}/{topic}" if topic else place.address,
        host=f"{place.surface}-bot",
        wish=slug("-".join(filter(None, named))),
        authority=Authority.PERSON,
        live=live,
        circles=place.circles,
        thread=thread,
    )
    return hosting.open_conversation(plan, command)


def is_heard(plan: Plan, surface: str, address: str, account: str) -> bool:
    """Whether what is done there may be for us at all: of channels, only those of the config are."""
    room = address.partition("/")[0]
    place = plan.place(surface, room)
    return surface not in hosting.CHANNELED or room == account or (place is not None and place.listed)


def circles(plan: Plan, said: c.Say) -> tuple[str, ...]:
    """What is seen from there, also before it is a conversation."""
    found = plan.view.conversation_at(said.surface, said.address)
    place = plan.place(said.surface, said.address.partition("/")[0])
    return found.circles if found else place.circles if place else (DEFAULT_CIRCLE,)


def reopen(plan: Plan, conversation: Conversation) -> None:
    """Somebody speaks there, so we are in it."""
    if conversation.closed:
        plan.put(replace(conversation, closed=""))


def change(plan: Plan, command: c.ChangePlace) -> Heard:
    """The platform says that we were shut out, let in again, or that the chat has another id."""
    for conversation in hosting.within(plan, command.surface, command.address):
        address = conversation.address
        if command.moved_to:
            address = f"{command.moved_to}{address.removeprefix(command.address)}"
        if command.moved_to and plan.view.conversation_at(command.surface, address):
            continue  # somebody spoke there before we were told
        plan.put(replace(conversation, address=address, closed=command.closed))
        if command.closed and command.closed != conversation.closed:
            plan.tell(Event("left", conversation.peer_id, conversation.peer_id, "closed", command.closed))
    place = plan.place(command.surface, command.address)
    if place and command.moved_to and place.address == command.address:
        plan.put(replace(place, moved_to=command.moved_to))
        plan.put(replace(place, address=command.moved_to))
    return Heard("nothing")


def knocked(plan: Plan, said: c.Say) -> Heard:
    """A member of a listed group who may not talk: one line to them, one question to the owner, once."""
    place = plan.place(said.surface, said.address.partition("/")[0])
    if place is None or not place.listed or plan.met(said.surface, said.account):
        return Heard("nothing")
    name = people.free_name(plan, said.surface, said.author or said.account)
    met = Person(
        surface=said.surface,
        account=said.account,
        name=name,
        rights=(),
        paired_at=plan.now,
        removed_at=plan.now,
    )
    plan.put(met)
    asked = _ask_owner(plan, met, place)
    about = " The owner is asked whether you may." if asked else ""
    text = f"What you say in {place.name} reaches nobody: you are not on the list.{about}"
    post(plan, LINE, [_doorstep(plan, met)], Letter(kind=Kind.REPLY, text=text, silent=True))
    plan.tell(Event("knocked", said.surface, what=name, evidence=place.name))
    return Heard("nothing")


def let_in(plan: Plan, by: Person, subject: str, choice: str) -> str:
    """The owner decided about somebody who knocked; returns what is to be said to the owner.

    Raises:
        NotAllowed: somebody else decided.

    """
    _, surface, account = subject.split("\n")[:3]
    met = plan.met(surface, account)
    if not by.owner:
        raise NotAllowed("only the owner says who may talk", "ask the owner")
    if met is None or met.removed_at is None:
        return "that is settled already"
    if choice != MAY_TALK[0]:
        return f"{met.name} may not talk"
    plan.put(replace(met, rights=("talk",), removed_at=None, paired_at=plan.now))
    plan.tell(Event("granted", surface, what=met.name, evidence="talk"))
    return f"{met.name} may talk from now on"


def _found(plan: Plan, person: Person, said: c.Say, room: str) -> Place:
    """A group nobody listed: it sees what everybody may see, and the owner learns of it."""
    place = Place(surface=said.surface, address=room, name=slug(said.title, room.strip("-")))
    plan.put(place)
    title = line(said.title, LONGEST_TITLE) or place.name
    text = (
        f"the group **{title}** came onto the line as `{said.surface}-{place.name}`: {person.name} spoke to us there. "
        f"It sees circle `{DEFAULT_CIRCLE}`; list it under `{said.surface}.chats` (id {room}) to change that."
    )
    if owners := _owners(plan, said.surface):
        post(plan, LINE, owners, Letter(kind=Kind.NOTICE, text=text, matter=Matter.CHATTER))
    return place


def _owners(plan: Plan, surface: str) -> list[Peer]:
    """The owner's own chat there."""
    accounts = [x.account for x in plan.view.people(surface) if x.owner and x.removed_at is None]
    found = [plan.view.conversation_at(surface, account) for account in accounts]
    there = [plan.peer(each.peer_id) for each in found if each]
    return [peer for peer in there if peer and not peer.forgotten_at]


def _ask_owner(plan: Plan, met: Person, place: Place) -> bool:
    owners = _owners(plan, met.surface)
    question = f"let {met.name} talk? {met.name} (id {met.account}) spoke to us in {place.name}"
    command = c.SendAsk(sender=LINE.peer_id, to=(), question=question, options=MAY_TALK)
    if owners:
        sending.ask_of(plan, LINE, owners, command, subject=f"{ADMIT}\n{met.surface}\n{met.account}")
    return bool(owners)


def _doorstep(plan: Plan, met: Person) -> Peer:
    """Where one line can be told to a stranger. It is no conversation: nobody sees it or can write to it."""
    peer = Peer(
        peer_id=plan.new_id("p"),
        name=free_name(f"{met.surface}-{met.name}", DEFAULT_CIRCLE, plan.peers()),
        wish=f"{met.surface}-{met.name}",
        circle=DEFAULT_CIRCLE,
        role=Role.HUMAN,
        backend=met.surface,
        authority=Authority.UNVERIFIED,
        registered_at=plan.now,
        last_seen=plan.now,
        person=met.name,
        forgotten_at=plan.now,
    )
    plan.put(peer)
    host = f"{met.surface}-bot"
    plan.put(
        Conversation(
            peer_id=peer.peer_id,
            surface=met.surface,
            address=met.account,
            host=host,
            circles=(),
            trusted=False,
        )
    )
    return peer
