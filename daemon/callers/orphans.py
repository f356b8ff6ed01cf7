"""Agents that nobody can reach any more: theirs is a terminal that is gone, and they run on."""

from __future__ import annotations

from daemon.callers import processes
from daemon.callers.processes import Process
from daemon.core.model import Session


def orphaned(session: Session) -> str:
    """Why the session is an orphan, "" if it is none; of one without a process nobody knows."""
    if not session.pid:
        return ""
    if not processes.alive(Process(session.pid, session.started)):
        return "its process has ended"
    if processes.has_lost_terminal(session.pid):
        return f"its terminal is gone, and process {session.pid} runs on"
    return ""
