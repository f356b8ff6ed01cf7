"""Names, circles, roles and scopes -> recipients, or the error that says why not.

A name resolves in the caller's circle; peers of role orchestrator, service and human are met from everywhere; an
explicit circle reaches another. ``circle/name`` is exact. A person is met by their name where they were last. Who looks
from everywhere (the command line, the owner's private chat, an orchestrator) may use any name that is unambiguous.
Nothing here is authorisation, but for one rule: a conversation meets only the circles that were configured for it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from daemon.core import attending
from daemon.core.errors import Malformed, NotAllowed, UnknownPeer, ambiguous_peer, unknown_peer
from daemon.core.model import AGENTS, Peer, Role
from daemon.core.view import Plan

NAME_LIMIT: Final = 64
DEFAULT_CIRCLE: Final = "default"
SPANNING: Final = frozenset({Role.ORCHESTRATOR, Role.SERVICE, Role.HUMAN})
RESERVED: Final = frozenset(
    [
        "peerline",
        "telegram",
        "telegram-bot",
        "slack",
        "slack-bot",
        "dashboard",
        "console",
        "cli",
        "scheduler",
        "owner",
        "human",
        "service",
        "orchestrator",
        "agent",
        "all",
        "everyone",
        "here",
        "channel",
        "me",
        "self",
        "you",
        "system",
        "admin",
        "root",
        "daemon",
        "user",
    ]
)
_GROUPS: Final = "list the peers of all circles to see who is there, and in which circle or role"
_NAME: Final = re.compile(rf"[a-z0-9._-]{{1,{NAME_LIMIT}}}")
_ID: Final = re.compile(r"[pmasjrd]-[0-9a-hjkmnp-tv-z]{10}")
_NOT_NAME: Final = re.compile(r"[^a-z0-9._-]+")
_LOOKS_LIKE: Final = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", ".": "", "_": "", "-": ""})


@dataclass(frozen=True, slots=True)
class Standpoint:
    """From where somebody looks: their circle, whether names of all circles are theirs, and what they may meet."""

    circle: str = DEFAULT_CIRCLE
    everywhere: bool = False
    circles: tuple[str, ...] = ("*",)
    peer_id: str = ""

    def meets(self, peer: Peer) -> bool:
        return "*" in self.circles or peer.circle in self.circles or peer.peer_id == self.peer_id


def standpoint_of(plan: Plan, peer: Peer) -> Standpoint:
    conversation = plan.conversation(peer.peer_id)
    circles = conversation.circles if conversation else ("*",)
    outside = peer.role is Role.HUMAN or peer.backend == "cli"  # in no circle: an own one is never preferred
    everywhere = outside or peer.role is Role.ORCHESTRATOR
    return Standpoint("" if outside else peer.circle, everywhere, circles, peer.peer_id)


def slug(wish: str, or_else: str = "peer") -> str:
    """Make a name of a folder, a session's title or whatever else was wished for."""
    return _NOT_NAME.sub("-", wish.lower()).strip("-.")[:NAME_LIMIT].rstrip("-.") or or_else


def checked_name(name: str) -> str:
    """Return ``name`` if somebody may be called that.

    Raises:
        Malformed: it has other characters, is too long, or is or looks like a reserved one.

    """
    if not _NAME.fullmatch(name):
        raise Malformed(f'"{name[:80]}" is no name', "use a-z, 0-9, dot, underscore and dash, 64 at most")
    if is_reserved(name):
        raise Malformed(f'"{name}" is reserved, or looks like a reserved name', "choose another")
    return name


def checked_circle(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Malformed(f'"{name[:80]}" is no circle', "use a-z, 0-9, dot, underscore and dash, 64 at most")
    return name


def is_reserved(name: str) -> bool:
    """Also what looks like an id: a name never stands where an id may."""
    return _skeleton(name) in _RESERVED_SKELETONS or _ID.fullmatch(name) is not None


def free_name(wish: str, circle: str, taken: Iterable[Peer]) -> str:
    """``backend``, or else ``backend-2``, ``backend-3``… whichever is free in the circle."""
    names = {peer.name for peer in taken if peer.circle == circle or peer.role in SPANNING}
    if wish not in names:
        return wish
    n = 2
    while (numbered := f"{wish[: NAME_LIMIT - len(str(n)) - 1]}-{n}") in names or is_reserved(numbered):
        n += 1
    return numbered


def one(plan: Plan, who: Standpoint, name: str, circle: str | None = None) -> Peer:
    """The one peer meant by ``name``.

    Raises:
        UnknownPeer: nobody of that name is met from there; says who is meant perhaps.
        AmbiguousPeer: several are; names them.

    """
    inside, wanted = _split(name)
    if wanted.startswith("p-") and (peer := plan.peer(wanted)) and not peer.forgotten_at:
        return _told(plan, who, _met(who, peer))
    named = [peer for peer in plan.view.peers_named(wanted) if who.meets(peer)]
    found = [peer for peer in named if peer.circle == inside] if inside else _nearest(named, who, circle)
    found = found or ([] if inside or named else _of_person(plan, who, wanted))
    if len(found) == 1:
        return _told(plan, who, found[0])
    if found:
        raise ambiguous_peer(wanted, [f"{peer.circle}/{peer.name}" for peer in found])
    elsewhere = [f"{peer.circle}/{peer.name}" for peer in named]
    known = [peer.name for peer in plan.view.peers() if who.meets(peer)]
    raise unknown_peer(wanted, known, elsewhere)


def several(plan: Plan, who: Standpoint, names: Sequence[str], circle: str | None = None) -> tuple[Peer, ...]:
    """All peers meant by names, ``role:…`` and ``circle:…``, each once, the caller never."""
    found: dict[str, Peer] = {}
    for name in names:
        meant = _expanded(plan, who, name, circle)
        if is_group(name) and not any(peer.peer_id != who.peer_id for peer in meant):
            raise UnknownPeer(f'nobody is meant by "{name}"{" but you" if meant else ""}', _GROUPS)
        found.update({peer.peer_id: peer for peer in meant if peer.peer_id not in found})
    if len(names) != 1 or is_group(names[0]):
        found.pop(who.peer_id, None)
    if not found:
        raise UnknownPeer(f'nobody is meant by "{", ".join(names)}"', "list the peers to see who is there")
    return tuple(found.values())


def audience(plan: Plan, who: Standpoint, circle: str | None, sender: Peer) -> tuple[Peer, ...]:
    """Every agent a broadcast is for, and the conversations that see it: of the circle, or of all for spanning roles.

    Raises:
        NotAllowed: this conversation does not meet that circle.

    """
    everywhere = circle == "*" or (circle is None and sender.role in SPANNING)
    if circle and circle != "*" and "*" not in who.circles and circle not in who.circles:
        raise NotAllowed(f'this conversation does not see circle "{circle}"', "choose one of its own circles")
    wanted = circle or sender.circle
    return tuple(
        peer
        for peer in plan.view.peers()
        if peer.peer_id != sender.peer_id
        and who.meets(peer)
        and _hears(plan, peer, None if everywhere else wanted, sender.circle)
    )


def _hears(plan: Plan, peer: Peer, circle: str | None, origin: str) -> bool:
    """Agents by their circle (None: any), people by the circles their conversation sees."""
    if peer.role in AGENTS:
        return circle is None or peer.circle == circle
    conversation = plan.conversation(peer.peer_id)
    if peer.role is not Role.HUMAN or conversation is None or conversation.thread or peer.backend == "cli":
        return False
    return "*" in conversation.circles or (circle or origin) in conversation.circles


def visible(peers: Iterable[Peer], who: Standpoint, circle: str | None) -> tuple[Peer, ...]:
    """Who is seen by listing ``circle`` (``*`` all, None the own one, where spanning roles are seen too)."""
    return tuple(
        peer
        for peer in peers
        if who.meets(peer)
        and (
            circle == "*"
            or peer.circle == (circle or who.circle)
            or (peer.role in SPANNING and circle in {None, who.circle})
        )
    )


def in_scope(peers: Iterable[Peer], scope: str, caller: Peer) -> tuple[Peer, ...]:
    """``machine``, ``directory`` (same folder) or ``repo`` (worktrees of one repository are one).

    Raises:
        Malformed: there is no such scope.

    """
    match scope:
        case "machine":
            return tuple(peer for peer in peers if peer.machine == caller.machine)
        case "directory":
            return tuple(peer for peer in peers if peer.path and peer.path == caller.path)
        case "repo":
            here = caller.repo or caller.path
            return tuple(peer for peer in peers if here and (peer.repo or peer.path) == here)
        case _:
            raise Malformed(f'no scope "{scope}"', "say machine, directory or repo")


def _split(name: str) -> tuple[str, str]:
    """``@circle/name`` -> (circle, name); the circle is empty when none is said."""
    inside, _, bare = name.strip().removeprefix("@").lower().rpartition("/")
    return inside, bare


def _met(who: Standpoint, peer: Peer) -> Peer:
    if not who.meets(peer):
        raise unknown_peer(peer.peer_id, ())
    return peer


def _told(plan: Plan, who: Standpoint, peer: Peer) -> Peer:
    if not _is_told(plan, who, peer):
        raise NotAllowed(
            f'"{peer.name}" is told nothing from circle "{who.circle}"',
            "choose another conversation, or ask the owner",
        )
    return peer


def _is_told(plan: Plan, who: Standpoint, peer: Peer) -> bool:
    """A conversation is told only what comes from its own circles; who looks from outside is in none."""
    conversation = plan.conversation(peer.peer_id) if who.circle else None
    return conversation is None or "*" in conversation.circles or who.circle in conversation.circles


def _nearest(named: Sequence[Peer], who: Standpoint, circle: str | None) -> list[Peer]:
    if circle:
        return [peer for peer in named if peer.circle == circle] or [p for p in named if p.role in SPANNING]
    own = [peer for peer in named if peer.circle == who.circle]
    spanning = [peer for peer in named if peer.role in SPANNING]
    return own or (list(named) if who.everywhere else spanning)


def _of_person(plan: Plan, who: Standpoint, name: str) -> list[Peer]:
    """Where somebody who is called that can be told something: on the surface that they used last."""
    called = (peer for peer in plan.view.peers() if slug(peer.person, "") == name)
    person = next((found for peer in called if (found := attending.whose(peer))), "")
    rooms = attending.rooms(plan, person) if person else []
    return [room for room in rooms if who.meets(room)][:1]


def is_group(name: str) -> bool:
    """Whether it means whoever is in a circle or has a role."""
    return name.startswith(("role:", "circle:"))


def _expanded(plan: Plan, who: Standpoint, name: str, circle: str | None) -> Collection[Peer]:
    kind, _, value = name.partition(":")
    if kind == "role":
        inside = visible(plan.view.peers(), who, circle or ("*" if who.everywhere else None))
        met = [peer for peer in inside if peer.role == value and _is_told(plan, who, peer)]
        return [peer for peer in met if not ((there := plan.conversation(peer.peer_id)) and there.thread)]
    if kind == "circle":
        return [p for p in visible(plan.view.peers(), who, value) if p.role in AGENTS and p.circle == value]
    return [one(plan, who, name, circle)]


def _skeleton(name: str) -> str:
    return name.replace("rn", "m").replace("vv", "w").translate(_LOOKS_LIKE)


_RESERVED_SKELETONS: Final = frozenset(_skeleton(name) for name in RESERVED)
