"""How a peer is to work: a persona, chosen for it by name, in the words that its file had then.

Rule: each start of a session is told of it once: beside the start itself where the agent's hook can carry that, else by
a notice. It says how to work and never what one may.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from daemon.core import arriving
from daemon.core import commands as c
from daemon.core.addressing import NAME_LIMIT
from daemon.core.errors import Malformed, NotAllowed, NotFound, TooLarge
from daemon.core.model import AGENTS, Briefing, Event, Kind, Peer, Persona
from daemon.core.posting import LINE, Letter, post
from daemon.core.rules.cleaning import clean, line
from daemon.core.rules.delivery import Cancel, advance, can
from daemon.core.view import Plan

MOST: Final = 16 * 1024  #: bytes of a file
EDGE: Final = "---"
FIELDS: Final = ("name", "description")
PERSONA: Final = "persona"  #: what such a notice is, so that none is told twice
NAMED: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")


@dataclass(frozen=True, slots=True)
class PersonaFile:
    """What a persona's file says. ``source``: ``shipped``, or the user's own file."""

    name: str
    description: str
    text: str
    source: str = ""


def checked(name: str) -> str:
    """Return ``name`` if a persona may be called that: it becomes a file's name.

    Raises:
        Malformed: it has other characters, or is too long.

    """
    if not name or len(name) > NAME_LIMIT or not set(name) <= NAMED:
        raise Malformed(f'"{name[:80]}" is no name of a persona', "use a-z, 0-9, dash and underscore")
    return name


def read(name: str, raw: bytes, where: str) -> PersonaFile:
    """What the file says.

    Args:
        name: what it has to call itself.
        raw: its bytes.
        where: the file, for errors, which name the line as well.

    Raises:
        Malformed: it is no such file.
        TooLarge: it has more than 16 kB.

    """
    if len(raw) > MOST:
        raise TooLarge(f"{where} has {len(raw)} bytes, the limit is {MOST}", "say it in fewer words")
    try:
        lines = clean(raw.decode()).splitlines()
    except UnicodeDecodeError as error:
        at = raw[: error.start].count(b"\n") + 1
        raise Malformed(f"{where}, line {at}: this is no UTF-8", "save it as UTF-8") from None
    fields, body_at = _front(lines, where)
    if fields["name"] != name:
        raise Malformed(
            f'{where}, line 2: it calls itself "{fields["name"][:80]}"', f"say name: {name}, as its file does"
        )
    text = "\n".join(lines[body_at:]).strip()
    if not text:
        raise Malformed(f"{where}, line {body_at + 1}: nothing follows the front matter", "say how to work")
    return PersonaFile(name, line(fields["description"], 200), text)


def choose(plan: Plan, command: c.ChoosePersona) -> Peer:
    """The peer with that persona; one that runs is told of it at once.

    Raises:
        NotFound: there is no such peer.
        NotAllowed: it is no agent.

    """
    peer = plan.peer(command.peer_id)
    if peer is None or peer.forgotten_at:
        raise NotFound(f'no peer "{command.peer_id}"', "list the peers to see who is there")
    never = peer.session_id is None and arriving.awaited(plan, peer) is None
    if peer.role not in AGENTS or never or plan.conversation(peer.peer_id):
        raise NotAllowed(f'"{peer.name}" is no agent', "only agents work by a persona: name one with --peer")
    before = plan.persona_of(peer)
    if (before.name, before.text) == (command.name, command.text) if before else not command.name:
        return peer
    chosen = Persona(
        peer_id=peer.peer_id,
        name=command.name,
        text=command.text,
        chosen_at=plan.now,
        chosen_by=command.by,
    )
    changed = replace(peer, persona=command.name)
    plan.put(chosen)
    plan.put(changed)
    plan.tell(Event("persona_chosen", peer.peer_id, peer.peer_id, command.name or "none", command.by))
    if plan.session_of(peer):
        _notify(
            plan, changed, said(chosen) if chosen.name else "work by no persona any more, but as you are."
        )
    return changed


def began(plan: Plan, peer: Peer, command: c.RegisterSession) -> None:
    """A session starts: unless that is told beside it, it is told of the persona by a notice."""
    chosen = plan.persona_of(peer)
    if chosen and not command.briefs:
        _notify(plan, peer, said(chosen))


def brief(plan: Plan, command: c.BriefSession) -> Briefing:
    """What the session is told beside its start."""
    session = plan.live(command.session_id)
    peer = plan.peer(session.peer_id) if session else None
    chosen = plan.persona_of(peer) if peer else None
    if peer is None or chosen is None:
        return Briefing()
    text = said(chosen)
    if len(text) > command.limit:
        _notify(plan, peer, text)
        return Briefing()
    _withdraw(plan, peer)
    return Briefing(text)


def said(chosen: Persona) -> str:
    return (
        f'your persona is "{chosen.name}", chosen by {chosen.chosen_by}. It says how to work; '
        f"it allows nothing that your user or your rules have not allowed.\n\n{chosen.text}"
    )


def _notify(plan: Plan, peer: Peer, text: str) -> None:
    _withdraw(plan, peer)
    post(plan, LINE, [peer], Letter(kind=Kind.NOTICE, text=text, matter=PERSONA))


def _withdraw(plan: Plan, peer: Peer) -> None:
    """What was to be said of an earlier choice, or at an earlier start, and never was."""
    for stale in plan.view.waiting(peer.peer_id):
        delivery, envelope = plan.fresh(stale), plan.envelope(stale.envelope_id)
        if envelope and envelope.matter == PERSONA and can(delivery, Cancel):
            plan.put(advance(delivery, Cancel("a newer one tells more"), now=plan.now))


def _front(lines: list[str], where: str) -> tuple[dict[str, str], int]:
    """The fields, and the line after them."""
    if not lines or lines[0].strip() != EDGE:
        raise Malformed(
            f"{where}, line 1: no front matter", f"begin with {EDGE}, name: …, description: …, {EDGE}"
        )
    found = dict[str, str]()
    for at, said_there in enumerate(lines[1:], 2):
        if said_there.strip() == EDGE:
            missing = next((field for field in FIELDS if not found.get(field)), "")
            if missing:
                raise Malformed(
                    f"{where}, line {at}: it says no {missing}", f"add {missing}: … above this line"
                )
            return found, at
        field, colon, value = said_there.partition(":")
        if not colon or field.strip() not in FIELDS:
            raise Malformed(
                f'{where}, line {at}: "{said_there[:60]}" is none of {", ".join(FIELDS)}',
                "one field, one line",
            )
        found[field.strip()] = value.strip().strip("\"'")
    raise Malformed(f"{where}, line {len(lines)}: the front matter has no end", f"end it with {EDGE}")
