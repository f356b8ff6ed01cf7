"""Who coordinates: the role of orchestrator, one peer in a circle at most, claimed and given back.

Rule: a role is what stands on the peer, put there by a claim; it is never taken from a name, and it stays with the peer
through clear, resume and restart. Whoever holds it loses it only by giving it back, by coming into a circle that has
one, or to a claim with force once it is offline or has been silent for ten minutes.
"""

from __future__ import annotations

from dataclasses import replace

from daemon.core import commands as c
from daemon.core import glance, lastsigns, topics
from daemon.core.errors import Conflict, NotAllowed, NotFound
from daemon.core.model import AGENTS, Event, Kind, Peer, Role
from daemon.core.posting import LINE, Letter, post
from daemon.core.view import Plan


def claim(plan: Plan, command: c.ClaimRole) -> Peer:
    """The peer, with that role. Claiming what one has changes nothing.

    Raises:
        NotFound: there is no such peer.
        NotAllowed: it is no agent, or nobody claims that role.
        Conflict: another holds it, who is there, or may be taken from with force only.

    """
    peer = _agent(plan, command.peer_id)
    if command.role not in AGENTS:
        raise NotAllowed(
            f'nobody claims the role "{command.role}"', "claim orchestrator, or agent to give it back"
        )
    if peer.role is command.role:
        return peer
    if command.role is Role.AGENT:
        return _given_back(plan, peer, command.by)
    holder = holder_of(plan, peer.circle)
    if holder:
        _taken_from(plan, holder, peer, command)
    return _has(plan, peer, command.by, f"from {holder.name}" if holder else "")


def given(plan: Plan, peer: Peer, by: str) -> Peer:
    """The peer as it is once it was started to be the orchestrator; it remains an agent where there is one."""
    if peer.role is not Role.AGENT:
        return peer
    holder = holder_of(plan, peer.circle)
    if holder is None:
        return _has(plan, peer, by, "")
    found = lastsigns.of(plan, holder)
    text = (
        f'you were to be the orchestrator of circle "{peer.circle}", which "{holder.name}" is: '
        f"{found.evidence(plan.now)}. You are an agent there."
    )
    _notify(plan, peer, text)
    return peer


def came(plan: Plan, peer: Peer) -> Peer:
    """The peer as it is in the circle it has just come into: one that has an orchestrator takes no second."""
    holder = holder_of(plan, peer.circle, but=peer)
    if peer.role is not Role.ORCHESTRATOR or holder is None:
        return peer
    stays = _put(plan, replace(peer, role=Role.AGENT, role_at=plan.now))
    plan.tell(_event(stays, "role_lost", holder.name))
    _notify(
        plan,
        stays,
        f'you are no orchestrator any more: "{holder.name}" is the one of circle "{peer.circle}".',
    )
    return stays


def holder_of(plan: Plan, circle: str, but: Peer | None = None) -> Peer | None:
    """Who has the role in that circle, there or not."""
    inside = (peer for peer in plan.peers() if peer.circle == circle and peer.role is Role.ORCHESTRATOR)
    return next((peer for peer in inside if but is None or peer.peer_id != but.peer_id), None)


def _agent(plan: Plan, peer_id: str) -> Peer:
    peer = plan.peer(peer_id)
    if peer is None or peer.forgotten_at:
        raise NotFound(f'no peer "{peer_id}"', "list the peers to see who is there")
    if peer.role not in AGENTS or peer.session_id is None or plan.conversation(peer_id):
        raise NotAllowed(f'"{peer.name}" is no agent', "only agents take a role: name one with --peer")
    return peer


def _taken_from(plan: Plan, holder: Peer, peer: Peer, command: c.ClaimRole) -> None:
    found = lastsigns.of(plan, holder)
    said = f'"{holder.name}" is the orchestrator of circle "{peer.circle}"{_since(holder)}'
    if not found.gone(plan.now):
        raise Conflict(
            f"{said}: {found.evidence(plan.now)}",
            "ask it to give the role back; force takes it only from one that is offline or silent for 10 minutes",
        )
    if not command.force:
        raise Conflict(f"{said}: {found.evidence(plan.now)}", "claim it with force")
    former = _put(plan, replace(holder, role=Role.AGENT, role_at=plan.now))
    plan.tell(_event(former, "role_lost", command.by))
    text = (
        f'"{peer.name}" is now the orchestrator of circle "{peer.circle}", by {command.by}: '
        f"you were {found.evidence(plan.now)}. You are an agent there."
    )
    _notify(plan, former, text)


def _given_back(plan: Plan, peer: Peer, by: str) -> Peer:
    agent = _put(plan, replace(peer, role=Role.AGENT, role_at=plan.now))
    plan.tell(_event(agent, "role_lost", by))
    return agent


def _has(plan: Plan, peer: Peer, by: str, how: str) -> Peer:
    holder = _put(plan, replace(peer, role=Role.ORCHESTRATOR, role_at=plan.now))
    plan.tell(_event(holder, "role_claimed", f"{by} {how}".rstrip()))
    return holder


def _put(plan: Plan, peer: Peer) -> Peer:
    plan.put(peer)
    glance.moved(plan)
    topics.moved(plan, peer)
    return peer


def _event(peer: Peer, what: str, by: str) -> Event:
    return Event(what, peer.peer_id, peer.peer_id, f"{peer.circle}/{peer.name} is {peer.role}", by)


def _notify(plan: Plan, peer: Peer, text: str) -> None:
    post(plan, LINE, [peer], Letter(kind=Kind.NOTICE, text=text))


def _since(holder: Peer) -> str:
    return f" since {holder.role_at:%Y-%m-%d %H:%M} UTC" if holder.role_at else ""
