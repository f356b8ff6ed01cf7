"""Ending an agent from here: whose process may be told to end, and what becomes of what was asked of it.

Rule: a process is ended for one peer alone, and only where our own hooks named it as that peer's, or where it is the
process of a pane that we made for that peer.
"""

from __future__ import annotations

from dataclasses import dataclass

from daemon.core import closing, lineage, registering, spawning
from daemon.core import commands as c
from daemon.core.errors import NotAllowed
from daemon.core.model import Event, Peer, Role, Session, Spawn
from daemon.core.rules import asking, roads, spawns
from daemon.core.view import Plan, live_sessions


@dataclass(frozen=True, slots=True)
class Target:
    """What is to end: the process of a session, or that of a start which has none yet. One of both is there."""

    peer: Peer
    session: Session | None
    spawn: Spawn | None  #: the start it lives by, if it was started from here


def target(plan: Plan, peer_id: str) -> Target:
    """What may be told to end of that peer, if it is proven to be the one.

    Raises:
        NotAllowed: there is nothing, or it is not that peer's alone.

    """
    peer = registering.known_peer(plan, peer_id)
    if peer.role in {Role.HUMAN, Role.SERVICE} or plan.conversation(peer_id):
        raise NotAllowed(f'"{peer.name}" is no agent', "only agents can be ended")
    session, spawn = plan.session_of(peer), lineage.start_of(plan, peer)
    own = spawn if spawn and spawn.ended_at is None else None
    if session is None and own is None:
        raise NotAllowed(f'"{peer.name}" is offline: nothing runs', _forget(peer))
    if session is not None:
        _is_known(peer, session)
        _is_alone(plan, peer, session)
    return Target(peer, session, own)


def lose(plan: Plan, command: c.LosePeer) -> None:
    """Its process was ended: who asked it learns that no answer comes, and by whom. Its mail waits for an heir."""
    why = f"ended by {command.by}"
    for row in plan.view.spawns_live():  # or it would come back by itself
        if row.peer_id == command.peer_id and row.state == spawns.State.WANTED:
            spawning.end(plan, c.EndSpawn(spawn_id=row.spawn_id, why=why))
    registering.end_session(plan, c.EndSession(session_id=command.session_id, why=why))
    _lost(plan, registering.known_peer(plan, command.peer_id), command.by)


def lose_start(plan: Plan, command: c.LoseStart) -> None:
    """The same of one that was started from here, and whose hooks had said nothing when it was ended."""
    row = plan.spawn(command.spawn_id)
    if row is None or row.ended_at is not None:
        return
    why = f"ended by {command.by}"
    peer = registering.known_peer(plan, row.peer_id)
    session = plan.session_of(peer)
    if session and session.pane and row.pane and lineage.is_one(session.pane, row.pane):
        registering.end_session(plan, c.EndSession(session_id=session.session_id, why=why))
    spawning.end(plan, c.EndSpawn(spawn_id=row.spawn_id, why=why))
    _lost(plan, peer, command.by)


def _lost(plan: Plan, peer: Peer, by: str) -> None:
    plan.tell(Event("killed", peer.peer_id, peer.peer_id, f"{peer.circle}/{peer.name}", by))
    if plan.session_of(peer):  # somebody took its place already
        return
    for open_ in plan.view.open_asks_to(peer.peer_id):
        ask = plan.ask(open_.ask_id) or open_
        if not asking.is_over(ask):
            closing.lose(plan, ask, peer.peer_id, f"{peer.name} was ended by {by}")


def _is_known(peer: Peer, session: Session) -> None:
    if peer.backend in roads.POLLING:
        raise NotAllowed(
            f'of "{peer.name}" only its MCP client is known, not what runs it',
            f"end it there, then {_forget(peer)}",
        )
    if not session.pid or session.shared:
        raise NotAllowed(
            f'which process is that of "{peer.name}", and of nobody else, is not known',
            f"`peerline peer adopt PANE` names it; or end it where it runs, then {_forget(peer)}",
        )


def _is_alone(plan: Plan, peer: Peer, session: Session) -> None:
    for other, its in live_sessions(plan.view):
        if other.peer_id != peer.peer_id and (its.pid, its.started) == (session.pid, session.started):
            raise NotAllowed(
                f'"{other.name}" lives in the same process as "{peer.name}"', "end it where it runs"
            )


def _forget(peer: Peer) -> str:
    return f"`peerline peer forget {peer.circle}/{peer.name}` takes it off the line"
