"""Restarting an agent: it ends, and goes on with the same conversation in a new process. Never a fresh one instead.

Rule: what is refused is refused before anything is touched, and the start is wanted before the old process ends. So
whatever breaks in between, somebody goes on with it: the peer is never left dead without a word, nor started twice.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from daemon.core import commands as c
from daemon.core import killing, lineage, registering, spawning
from daemon.core.errors import NotAllowed
from daemon.core.model import Event, Peer, Role, Session, Spawn
from daemon.core.rules import spawns
from daemon.core.rules.presence import IN_TURN
from daemon.core.view import Plan

#: Agents that go on with a conversation by its id.
RESUMABLE: Final = ("claude-code", "codex", "gemini", "opencode")
WHY: Final = "to be restarted"  #: why the old session ended


def restartable(plan: Plan, peer_id: str, *, now: bool = False) -> tuple[Peer, Session]:
    """The peer, and the session that it would go on with; whether its data are there is for others to look at.

    ``now``: a turn under way may be broken off.

    Raises:
        NotFound: there is no such peer.
        NotAllowed: it cannot go on in a new process, or not now.

    """
    peer = registering.known_peer(plan, peer_id)
    if peer.role in {Role.HUMAN, Role.SERVICE} or plan.conversation(peer_id):
        raise NotAllowed(f'"{peer.name}" is no agent', "only agents can be restarted")
    if peer.backend not in RESUMABLE:
        raise NotAllowed(
            f'"{peer.name}" is of the kind "{peer.backend}", which cannot go on with a conversation by its id',
            f"{', '.join(RESUMABLE)} can be restarted; others are begun anew by whoever runs them",
        )
    if any(row.peer_id == peer_id and row.state != spawns.State.RUNNING for row in plan.view.spawns_live()):
        raise NotAllowed(f'"{peer.name}" is being started', "wait until it is there")
    session = _captured(plan, peer)
    if session.ended_at is None:
        killing.target(plan, peer_id)
        _between_turns(peer, session, now=now)
    return peer, session


def restart(plan: Plan, command: c.Restart) -> Spawn:
    """Want the start that goes on with its conversation.

    Raises:
        NotFound, NotAllowed: as ``restartable``; or it is in another session than was looked at.
        Throttled: as of any other start.

    """
    peer, session = restartable(plan, command.peer_id, now=command.now)
    if command.session_id and session.session_id != command.session_id:
        raise NotAllowed(f'"{peer.name}" is in another session by now', "look at it, and say it again")
    if command.live:
        spawning.within_numbers(plan, command.live, command.per_minute, but=peer.peer_id)
    row = replace(_like_before(plan, peer, command), resume=session.session_id, wanted_at=plan.now)
    plan.put(row)
    what = f"{peer.circle}/{peer.name}"
    plan.tell(
        Event("restarting", peer.peer_id, peer.peer_id, what, command.person or _name(plan, command.by))
    )
    return row


def _captured(plan: Plan, peer: Peer) -> Session:
    session = plan.session(peer.session_id)
    if session is None or not peer.lasting:
        why = "it ran for one prompt only" if session else "no session of it is known"
        raise NotAllowed(
            f'"{peer.name}" has no conversation to go on with: {why}', "start one: `peerline peer new`"
        )
    return session


def _between_turns(peer: Peer, session: Session, *, now: bool) -> None:
    if session.turn in IN_TURN and not now:
        raise NotAllowed(
            f'"{peer.name}" is at work ({session.turn})',
            "wait for the end of its turn, or break that off: `peerline peer restart --now`",
        )


def _like_before(plan: Plan, peer: Peer, command: c.Restart) -> Spawn:
    """Whoever started it stays that; one whom nobody started is of whoever restarts it."""
    before = lineage.start_of(plan, peer)
    return Spawn(
        spawn_id=plan.new_id("n"),
        peer_id=peer.peer_id,
        by=before.by if before else command.by,
        surface=command.surface,
        account=command.account,
        person=command.person,
        backend=peer.backend,
        profile=before.profile if before else "",
        path=peer.path,
        folder=command.folder,
        worktree=before.worktree if before else "",
        depth=before.depth if before else _below(plan, command.by),
        state=spawns.State.WANTED,
        wanted_at=plan.now,
    )


def _below(plan: Plan, by: str) -> int:
    parent = plan.peer(by)
    above = lineage.start_of(plan, parent) if parent else None
    return above.depth + 1 if above else 1


def _name(plan: Plan, peer_id: str) -> str:
    by = plan.peer(peer_id)
    return f"{by.circle}/{by.name}" if by else peer_id
