"""Claude Code's own registry of live sessions: ``<config dir>/sessions/<pid>.json`` (2.1.329).

``status`` is ``idle``, ``busy`` or ``waiting``; the file is removed when the session ends, but stays behind after a
kill. It is read with suspicion: it must be ours, small, and an object; whatever is missing is empty.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from daemon.callers.processes import Process

MOST_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaudeSession:
    pid: int
    session_id: str
    status: str  #: ``idle``, ``busy``, ``waiting`` or ""
    cwd: str = ""
    messaging_socket: str = ""
    tmux: str = ""  #: ``session:@window.%pane``
    entrypoint: str = ""
    waiting_for: str = ""


def config_dir(home: str, configured: str = "") -> Path:
    return Path(configured) if configured else Path(home) / ".claude"


def read_session(folder: Path, pid: int) -> ClaudeSession | None:
    """The session of that process, as it says itself."""
    told = _object(folder / "sessions" / f"{pid}.json")
    if told is None or told.get("pid") != pid:
        return None
    return ClaudeSession(
        pid=pid,
        session_id=_text(told, "sessionId"),
        status=_text(told, "status"),
        cwd=_text(told, "cwd"),
        messaging_socket=_text(told, "messagingSocketPath"),
        tmux=_text(told, "tmux"),
        entrypoint=_text(told, "entrypoint"),
        waiting_for=_text(told, "waitingFor"),
    )


def agent_of(line: Sequence[Process], folder: Path) -> tuple[Process, ClaudeSession] | None:
    """The process in a line of ancestors that is a live session of Claude Code."""
    for process in line:
        if session := read_session(folder, process.pid):
            return process, session
    return None


def find_session(folder: Path, session_id: str) -> ClaudeSession | None:
    """The session of that id, whoever runs it."""
    try:
        pids = [int(path.stem) for path in (folder / "sessions").glob("*.json") if path.stem.isdecimal()]
    except OSError:
        return None
    sessions = (read_session(folder, pid) for pid in pids)
    return next((each for each in sessions if each and each.session_id == session_id), None)


def _object(path: Path) -> dict[str, Any] | None:
    try:
        found = path.stat()
        if found.st_uid != os.getuid() or found.st_size > MOST_BYTES:
            return None
        told = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _text(told: dict[str, Any], name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) else ""
