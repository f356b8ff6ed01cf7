"""Starts, as tests of the core need them: rows of agents that were started from here, and the panes they live in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from daemon.core.model import Pane, Peer, Spawn
from daemon.core.rules import spawns
from tests.core.line import Line


def pane(number: int, **other: Any) -> Pane:
    """A pane that nothing but its numbers tells from another one."""
    first = Pane(
        tmux="/run/tmux",
        server_pid=50,
        server_started=5,
        pane_id=f"%{number}",
        pane_pid=2000 + number,
        pane_started=7,
    )
    return replace(first, **other)


def started(line: Line, by: Peer, wish: str = "worker", number: int = 1, **row: Any) -> Peer:
    """An agent that ``by`` had started, alive in its pane."""
    where = pane(number)
    peer = line.agent(wish, pid=where.pane_pid, started=where.pane_started, pane=where)
    line.put(start(line, peer, by, pane=where, state=spawns.State.RUNNING, **({"began_at": line.now} | row)))
    return line.peer(peer)


def start(line: Line, peer: Peer, by: Peer, **row: Any) -> Spawn:
    """A row, not written yet."""
    number = len(line.view.spawns_of(peer.peer_id)) + 1
    first = Spawn(
        spawn_id=f"w-{peer.peer_id}-{number}",
        peer_id=peer.peer_id,
        by=by.peer_id,
        backend=peer.backend,
        path=peer.path,
        state=spawns.State.WANTED,
        wanted_at=line.now,
    )
    return replace(first, **row)
