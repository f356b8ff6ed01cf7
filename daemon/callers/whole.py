"""A tmux pane with all that tells it from a later one of the same number, as the system knows it now."""

from __future__ import annotations

from daemon.callers import processes
from daemon.core.model import Pane
from daemon.panes import PaneNow


def pane_of(server: str, now: PaneNow) -> Pane | None:
    """The pane on the server at that socket, with the start times of both processes; None: one of them is gone."""
    root, above = processes.process(now.pane_pid), processes.process(now.server_pid)
    if root is None or above is None:
        return None
    return Pane(
        tmux=server,
        server_pid=now.server_pid,
        server_started=above.started,
        pane_id=now.pane_id,
        pane_pid=now.pane_pid,
        pane_started=root.started,
        tmux_session=now.session,
    )
