"""Who arrives where somebody was started: known by the pane that it was started in, never by name or variables."""

from __future__ import annotations

from daemon.core import commands as c
from daemon.core import lineage
from daemon.core.model import Event, Peer, Spawn
from daemon.core.rules import spawns
from daemon.core.view import Plan


def expected(plan: Plan, command: c.RegisterSession) -> Spawn | None:
    """The start whose pane the session's hooks came from, while it is awaited."""
    if command.pane is None or command.forked:
        return None
    awaited = (each for each in plan.view.spawns_live() if each.state == spawns.State.STARTING)
    return next(
        (
            each
            for each in awaited
            if each.pane and each.backend == command.backend and lineage.is_one(each.pane, command.pane)
        ),
        None,
    )


def arrived(plan: Plan, spawn: Spawn) -> None:
    plan.put(spawns.advance(spawn, spawns.Arrive(), now=plan.now))
    pane = spawn.pane.pane_id if spawn.pane else ""
    plan.tell(Event("spawn_arrived", spawn.spawn_id, spawn.peer_id, spawn.backend, pane))


def awaited(plan: Plan, peer: Peer) -> Spawn | None:
    """The start by which the peer is to arrive; nobody else takes its place meanwhile."""
    spawn = plan.start_of(peer)
    return spawn if spawn and spawn.state in {spawns.State.WANTED, spawns.State.STARTING} else None


def never_came(plan: Plan, peer_id: str) -> str:
    """Why the peer could not be started; "" where that is not what became of it."""
    peer = plan.peer(peer_id)
    spawn = plan.start_of(peer) if peer else None
    failed = peer and spawn and spawn.state == spawns.State.FAILED
    return f"{peer.name} could not be started: {spawn.reason}" if failed and peer and spawn else ""
