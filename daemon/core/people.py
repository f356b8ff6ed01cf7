"""Who may speak: people by their numeric ids on a surface. An empty list is nobody; strangers get silence."""

from __future__ import annotations

import hmac
from dataclasses import replace
from typing import Final

from daemon.core import commands as c
from daemon.core import deciding, hosting
from daemon.core.addressing import DEFAULT_CIRCLE, slug
from daemon.core.errors import NotAllowed, NotFound
from daemon.core.model import Authority, Event, Heard, Pairing, Peer, Person
from daemon.core.posting import reply
from daemon.core.view import Plan

TRIES: Final = 5


def invite(plan: Plan, command: c.InvitePerson) -> Pairing:
    """Open the one invitation of a surface; an earlier one is void."""
    pairing = Pairing(
        surface=command.surface, code=command.code, expires_at=plan.now + command.ttl, tries_left=TRIES
    )
    plan.put(pairing)
    plan.tell(Event("invited", command.surface, what="a pairing code was shown at the machine"))
    return pairing


def redeem(plan: Plan, command: c.Say) -> Heard:
    """A stranger spoke. Only the code that is shown at the machine opens the door; all else is silence."""
    pairing = plan.pairing(command.surface)
    if pairing is None or not command.private or command.forwarded or not is_open(plan, pairing):
        return Heard("nothing")
    guess = command.text.strip().removeprefix("/start").strip().upper()
    if len(guess) != len(pairing.code):
        return Heard("nothing")
    if not hmac.compare_digest(guess.encode(errors="replace"), pairing.code.encode()):
        plan.put(replace(pairing, tries_left=pairing.tries_left - 1))
        plan.tell(Event("pairing_failed", command.surface, what="a wrong pairing code"))
        return Heard("nothing")
    plan.put(replace(pairing, tries_left=0))
    person = _paired(plan, command)
    here = admit(plan, person, live=True)
    reply(
        plan,
        here,
        f"Paired. Hello {person.name}; this chat is on the line as `{here.name}`. /help says what to type.",
    )
    return Heard("paired")


def configure(plan: Plan, command: c.ConfigurePeople) -> tuple[Person, ...]:
    """The people of the config: there from now on; those who were dropped from it are out."""
    named = {person.account for person in command.people}
    for known in plan.view.people(command.surface):
        if known.paired_at is None and known.account not in named and known.removed_at is None:
            plan.put(replace(known, removed_at=plan.now))
            plan.tell(Event("removed", command.surface, what=known.name))
    for person in command.people:
        if plan.person(command.surface, person.account) != person:
            plan.tell(Event("granted", command.surface, what=person.name, evidence=", ".join(person.rights)))
        plan.put(person)
        admit(plan, person, live=False)
    return command.people


def change_right(plan: Plan, command: c.ChangeRight) -> Person:
    """Give a right or take it; what waits for a decision is put before whoever may decide now.

    Raises:
        NotFound: nobody of that id may speak there.
        NotAllowed: the person stands in the config, or is the owner.

    """
    person = _paired_person(plan, command, "change the entry there")
    if person.owner:
        raise NotAllowed(
            f'"{person.name}" is the owner, who has every right', "the owner can only be removed"
        )
    wanted = {*person.rights, command.right} if command.granted else {*person.rights} - {command.right}
    changed = replace(person, rights=tuple(right for right in hosting.ALL_RIGHTS if right in wanted))
    if changed == person:
        return person
    plan.put(changed)
    told = "granted" if command.granted else "revoked"
    plan.tell(Event(told, command.surface, what=person.name, evidence=command.right))
    here = plan.view.conversation_at(command.surface, command.account)
    if here and (peer := plan.peer(here.peer_id)):
        deciding.join(plan, peer)
    return changed


def remove(plan: Plan, command: c.RemovePerson) -> Person:
    """Take somebody's voice away.

    Raises:
        NotFound: nobody of that id may speak there.
        NotAllowed: the person stands in the config.

    """
    person = _paired_person(plan, command, "remove the entry there")
    gone = replace(person, removed_at=plan.now)
    plan.put(gone)
    plan.tell(Event("removed", command.surface, what=person.name))
    return gone


def admit(
    plan: Plan, person: Person, topic: str = "", title: str = "", *, live: bool, thread: bool = False
) -> Peer:
    """The private chat of a person, or a topic in it, becomes a conversation; the chat has its person's id as address.

    The owner's sees all circles; a colleague's only the default one.
    """
    leads = person.owner and person.surface not in hosting.CHANNELED
    wish = person.surface if leads else f"{person.surface}-{slug(person.name)}"
    command = c.OpenConversation(
        surface=person.surface,
        address=f"{person.account}/{topic}" if topic else person.account,
        host=f"{person.surface}-bot",
        wish=f"{wish}-{slug(title, topic)}" if topic else wish,
        authority=Authority.OWNER if person.owner else Authority.PERSON,
        person=person.name,
        live=live,
        circles=("*",) if person.owner else (DEFAULT_CIRCLE,),
        thread=thread,
    )
    return hosting.open_conversation(plan, command)


def free_name(plan: Plan, surface: str, wish: str) -> str:
    """A name that nobody else has there: whoever has one is taken for its person."""
    taken = {person.name for person in plan.view.people(surface) if person.removed_at is None or person.owner}
    name, n = slug(wish), 1
    while name in taken:
        n += 1
        name = f"{slug(wish)}-{n}"
    return name


def _paired_person(plan: Plan, command: c.ChangeRight | c.RemovePerson, instead: str) -> Person:
    person = plan.person(command.surface, command.account)
    if person is None:
        raise NotFound(f'nobody "{command.account}" may speak on {command.surface}', "list the people first")
    if person.paired_at is None:
        raise NotAllowed(f'"{person.name}" stands in the config', instead)
    return person


def is_open(plan: Plan, pairing: Pairing) -> bool:
    """Whether a code would still be taken."""
    return pairing.tries_left > 0 and plan.now < pairing.expires_at


def _paired(plan: Plan, command: c.Say) -> Person:
    owner = not any(p.owner and p.removed_at is None for p in plan.view.people(command.surface))
    person = Person(
        surface=command.surface,
        account=command.account,
        name=free_name(plan, command.surface, command.author or command.account),
        rights=hosting.ALL_RIGHTS if owner else ("talk",),
        owner=owner,
        paired_at=plan.now,
    )
    plan.put(person)
    plan.tell(Event("paired", command.surface, what=person.name))
    return person
