"""Claude Code's own registry of live sessions: ``<config dir>/sessions/<pid>.json`` (2.1.329).

``status`` is ``idle``, ``busy`` or ``waiting``. The file is removed when the session ends, also by SIGHUP; after a
SIGKILL it stays for ever and tells its last status, so a file counts only while its process lives. It names the
start time of the process in the unit of ``Process.started`` (Linux). On ``/clear`` the new session id stands there
before the SessionStart hook runs, the old one still during SessionEnd.

Rule: it is read with suspicion: a plain file of ours, small, an object; whatever is missing in it is empty.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from daemon.callers.processes import Process, process
from daemon.core.model import Turn

MOST_BYTES: Final = 64 * 1024
AGENT: Final = "claude"  #: the command of its processes
_TURNS: Final = {"idle": Turn.IDLE, "busy": Turn.WORKING, "waiting": Turn.AWAITING_INPUT}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaudeSession:
    pid: int
    session_id: str
    status: str  #: ``idle``, ``busy``, ``waiting`` or ""
    status_at: datetime | None = None
    cwd: str = ""
    messaging_socket: str = ""
    tmux: str = ""  #: ``session:@window.%pane``
    entrypoint: str = ""  #: ``cli``, or ``sdk-cli`` for a headless one
    waiting_for: str = ""  #: ``permission prompt``, ``dialog open`` or ""
    version: str = ""
    name: str = ""
    proc_start: str = ""  #: as the agent wrote it


def turn_of(told: ClaudeSession | None) -> Turn:
    """What it says it is doing; unknown when it does not say."""
    return _TURNS.get(told.status, Turn.UNKNOWN) if told else Turn.UNKNOWN


def config_dir(home: str, configured: str = "") -> Path:
    return Path(configured) if configured else Path(home) / ".claude"


def session_file(folder: Path, pid: int) -> Path:
    return folder / "sessions" / f"{pid}.json"


def read_session(folder: Path, pid: int) -> ClaudeSession | None:
    """The session of that process, as it says itself; None when the process is gone, or another's by now."""
    told, one = _told(folder, pid), process(pid)
    return told if told and one and _is_of(told, one) else None


def agent_of(
    line: Sequence[Process], folder: Path, session_id: str = ""
) -> tuple[Process, ClaudeSession] | None:
    """The process in a line of ancestors that is a live session of Claude Code: the nearest one.

    An agent that runs inside another and has no file is not mistaken for the outer one.

    Args:
        line: nearest first.
        folder: the agent's config folder.
        session_id: what a hook says; with it, only the process of that session will do.

    """
    for one in line:
        told = _told(folder, one.pid)
        if told and _is_of(told, one) and session_id in {"", told.session_id}:
            return one, told
        if one.command == AGENT:
            return None
    return None


def find_session(folder: Path, session_id: str) -> ClaudeSession | None:
    """The live session of that id, whoever runs it; the one whose status is newest, if two processes do."""
    found = (read_session(folder, pid) for pid in _pids(folder))
    same = [each for each in found if each and each.session_id == session_id]
    return max(same, key=lambda each: each.status_at or datetime.min.replace(tzinfo=UTC), default=None)


def _pids(folder: Path) -> list[int]:
    try:
        return [int(path.stem) for path in (folder / "sessions").glob("*.json") if path.stem.isdecimal()]
    except OSError:
        return []


def _is_of(told: ClaudeSession, one: Process) -> bool:
    if sys.platform == "linux" and told.proc_start.isdecimal():
        return int(told.proc_start) == one.started
    return True


def _told(folder: Path, pid: int) -> ClaudeSession | None:
    told = _object(session_file(folder, pid))
    if told is None or told.get("pid") != pid:
        return None
    return ClaudeSession(
        pid=pid,
        session_id=_text(told, "sessionId"),
        status=_text(told, "status"),
        status_at=_time(told, "statusUpdatedAt"),
        cwd=_text(told, "cwd"),
        messaging_socket=_text(told, "messagingSocketPath"),
        tmux=_text(told, "tmux"),
        entrypoint=_text(told, "entrypoint"),
        waiting_for=_text(told, "waitingFor"),
        version=_text(told, "version"),
        name=_text(told, "name"),
        proc_start=_text(told, "procStart"),
    )


def _object(path: Path) -> dict[str, Any] | None:
    try:
        # Neither a link to elsewhere nor a pipe that nobody writes to may hold us up.
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(opened, "rb") as file:  # noqa: PTH123  (Path cannot open a descriptor)
            told = json.loads(file.read(MOST_BYTES)) if _is_ours(os.fstat(opened)) else None
    except (OSError, ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _is_ours(found: os.stat_result) -> bool:
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.getuid() and found.st_size <= MOST_BYTES


def _text(told: dict[str, Any], name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) else ""


def _time(told: dict[str, Any], name: str) -> datetime | None:
    value = told.get(name)
    if not isinstance(value, int):
        return None
    try:
        return datetime.fromtimestamp(value / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
