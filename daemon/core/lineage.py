"""Who started whom, by the rows of the starts; and who may therefore end whom.

Rule: a name proves nothing here. A run of a peer is somebody's only if it lives in the pane that was made for it, and
whoever wanted that start is looked up as they were then: what another run of theirs started is another's.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from daemon.core.errors import NotAllowed
from daemon.core.model import Pane, Peer, Spawn
from daemon.core.view import Plan

DEEPEST: Final = 16  #: generations; the config allows far fewer


def start_of(plan: Plan, peer: Peer) -> Spawn | None:
    """The start by which it runs now, or ran last; None: somebody else began it."""
    session = plan.session(peer.session_id)
    over = session is None or session.ended_at is not None
    for row in plan.view.spawns_of(peer.peer_id):
        if row.ended_at is None and over:
            return row
        if session and row.pane and session.pane and is_one(row.pane, session.pane):
            return row
    return None


def started_by(plan: Plan, peer: Peer) -> str:
    """``circle/name`` of whoever had it started; "": nobody here did."""
    row = start_of(plan, peer)
    by = plan.peer(row.by) if row else None
    return f"{by.circle}/{by.name}" if by else ""


def is_one(first: Pane, second: Pane) -> bool:
    """Whether both are the same pane, and not only of the same number."""
    return _identity(first) == _identity(second)


def resumed_by(plan: Plan, session_id: str) -> Spawn | None:
    """The start that is to go on with this session, while it is under way."""
    return next((row for row in plan.view.spawns_live() if row.resume == session_id), None)


def ancestry(plan: Plan, peer: Peer) -> tuple[str, ...]:
    """The peer ids of whoever started it, and of those who started them, nearest first."""
    found: list[str] = []
    row = start_of(plan, peer)
    while row is not None and len(found) < DEEPEST:
        found.append(row.by)
        row = _lived(plan, row.by, row.wanted_at)
    return tuple(found)


def may_end(plan: Plan, by: Peer, peer: Peer, granted: Collection[str]) -> None:
    """Let an agent end another, or restart it. ``granted``: who may end anybody, as ``circle/name`` or by id.

    Raises:
        NotAllowed: it is itself, or neither of its starting nor granted.

    """
    if by.peer_id == peer.peer_id:
        raise NotAllowed("you cannot end yourself", "end your session in its own way")
    if by.peer_id in ancestry(plan, peer) or granted_to(by, granted):
        return
    raise NotAllowed(
        f'"{peer.name}" was not started by you',
        f'ask the owner, who may say `peerline peer kill {peer.circle}/{peer.name}`, or let "{by.circle}/{by.name}" '
        "end others by `daemon.spawn.may_end` in the config",
    )


def granted_to(by: Peer, granted: Collection[str]) -> bool:
    return by.peer_id in granted or f"{by.circle}/{by.name}" in granted


def _lived(plan: Plan, peer_id: str, at: datetime) -> Spawn | None:
    """The start by which the peer ran at that time."""
    return next(
        (
            row
            for row in plan.view.spawns_of(peer_id)
            if row.began_at and row.began_at <= at and (row.ended_at is None or at <= row.ended_at)
        ),
        None,
    )


def _identity(pane: Pane) -> tuple[int, int, str, int, int]:
    return (pane.server_pid, pane.server_started, pane.pane_id, pane.pane_pid, pane.pane_started)
