"""Ending an agent from here: whose process may be told to end, and what becomes of what was asked of it.

Rule: a process is ended for one peer alone, and only where our own hooks named it as that peer's.
"""

from __future__ import annotations

from daemon.core import closing, registering, roads
from daemon.core import commands as c
from daemon.core.errors import NotAllowed
from daemon.core.model import Event, Peer, Role, Session
from daemon.core.view import Plan, live_sessions


def target(plan: Plan, peer_id: str) -> tuple[Peer, Session]:
    """The peer and the session whose process may be told to end, if it is proven to be the one.

    Raises:
        NotAllowed: there is none, or it is not that peer's alone.

    """
    peer = registering.known_peer(plan, peer_id)
    session = plan.session_of(peer)
    if peer.role in {Role.HUMAN, Role.SERVICE} or plan.conversation(peer_id):
        raise NotAllowed(f'"{peer.name}" is no agent', "only agents can be ended")
    if session is None:
        raise NotAllowed(f'"{peer.name}" is offline: nothing runs', _forget(peer))
    if peer.backend in roads.POLLING:
        raise NotAllowed(
            f'of "{peer.name}" only its MCP client is known, not what runs it',
            f"end it there, then {_forget(peer)}",
        )
    if not session.pid or session.shared:
        raise NotAllowed(
            f'which process is that of "{peer.name}", and of nobody else, is not known',
            f"end it where it runs, then {_forget(peer)}",
        )
    _is_alone(plan, peer, session)
    return peer, session


def lose(plan: Plan, command: c.LosePeer) -> None:
    """Its process was ended: who asked it learns that no answer comes. Its mail waits for an heir."""
    registering.end_session(plan, c.EndSession(session_id=command.session_id, why=f"ended by {command.by}"))
    peer = registering.known_peer(plan, command.peer_id)
    plan.tell(Event("killed", peer.peer_id, peer.peer_id, f"{peer.circle}/{peer.name}", command.by))
    if plan.session_of(peer):  # somebody took its place already
        return
    for ask in plan.view.open_asks_to(peer.peer_id):
        closing.lose(plan, plan.ask(ask.ask_id) or ask, peer.peer_id)


def _is_alone(plan: Plan, peer: Peer, session: Session) -> None:
    for other, its in live_sessions(plan.view):
        if other.peer_id != peer.peer_id and (its.pid, its.started) == (session.pid, session.started):
            raise NotAllowed(
                f'"{other.name}" lives in the same process as "{peer.name}"', "end it where it runs"
            )


def _forget(peer: Peer) -> str:
    return f"`peerline peer forget {peer.circle}/{peer.name}` takes it off the line"
