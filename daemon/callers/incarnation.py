"""The agent around a hook: each kind is known by signs of its own.

Rule: who has no registry of live sessions is the nearest process above the hook that is neither pipe nor shell.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from daemon.callers import codex, processes, registry, unguarded
from daemon.callers.processes import Process
from daemon.core.model import Turn

HEADLESS: Final = "sdk-cli"  #: how a run of Claude Code for one prompt (``-p``) says that it was begun
REAPERS: Final = frozenset({0, 1})  #: children of these take over what has lost its parent, and 1 itself
#: What an agent's program is called -> the agent.
PROGRAMS: Final = {"claude": "claude-code", "codex": "codex", "gemini": "gemini", "opencode": "opencode"}
Line = Sequence[Process]
Environment = Mapping[str, str]
Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Incarnation:
    """One run of an agent, as found.

    ``inbox``: where it takes what we say, "" nowhere, None nobody said. ``shared``: its process serves several
    terminals, so neither pane nor process nor variables say which session it is.
    """

    process: Process | None
    folder: Path
    inbox: str | None = None
    lasting: bool = True
    turn: Turn = Turn.UNKNOWN
    shared: bool = False


def is_agent(process: Process) -> bool:
    """Whether a known agent's program runs in it, by its name: a label, no proof."""
    return not {process.command, processes.script_of(process.pid)}.isdisjoint(PROGRAMS)


def found(agent: str, line: Line, environment: Environment, payload: Payload) -> Incarnation:
    """Look for it among the processes above the hook, nearest first."""
    return FINDERS.get(agent, _claude_code)(line, environment, payload)


def _claude_code(line: Line, environment: Environment, payload: Payload) -> Incarnation:
    folder = registry.config_dir(environment.get("HOME", ""), environment.get("CLAUDE_CONFIG_DIR", ""))
    process, session = _registered(line, folder, str(payload.get("session_id", "")))
    named = environment.get("CLAUDE_CODE_MESSAGING_SOCKET") or (session.messaging_socket if session else None)
    # Its first hook may be quicker than its registry.
    entrypoint = environment.get("CLAUDE_CODE_ENTRYPOINT") or (session.entrypoint if session else "")
    return Incarnation(
        process=process,
        folder=folder,
        inbox=_inbox(named, payload, process, folder),
        lasting=entrypoint != HEADLESS,
        turn=registry.turn_of(session),
    )


def _codex(line: Line, environment: Environment, payload: Payload) -> Incarnation:  # noqa: ARG001 -- as its row
    process = nearest(line)
    told = codex.told_of(process.pid) if process else codex.NOTHING
    return Incarnation(
        process=process,
        folder=codex.folder(environment.get("HOME", ""), environment.get("CODEX_HOME", "")),
        inbox=codex.queue_of(told),
        lasting=not told.for_one_prompt,
        shared=told.shared,
    )


def _gemini(line: Line, environment: Environment, payload: Payload) -> Incarnation:  # noqa: ARG001 -- as its row
    process = nearest(line)
    lasting = process is None or processes.has_terminal(process.pid)
    home = environment.get("GEMINI_CLI_HOME") or environment.get("HOME", "")
    return Incarnation(process=process, folder=Path(home) / ".gemini", inbox="", lasting=lasting)


def _opencode(line: Line, environment: Environment, payload: Payload) -> Incarnation:  # noqa: ARG001 -- as its row
    """Its plugin runs inside it, and says where no person is before it."""
    return Incarnation(process=nearest(line), folder=Path(), lasting=payload.get("screen") is not False)


def nearest(line: Line) -> Process | None:
    return next(
        (each for each in line if each.command not in processes.SHELLS and each.pid not in REAPERS), None
    )


def _registered(
    line: Line, folder: Path, session_id: str
) -> tuple[Process | None, registry.ClaudeSession | None]:
    """The agent's process: by its own registry, else the nearest ancestor."""
    if told := registry.agent_of(line, folder, session_id):
        return told
    if session := registry.find_session(folder, session_id):
        return processes.process(session.pid), session
    return nearest(line), None


def _inbox(named: str | None, told: Payload, agent: Process | None, folder: Path) -> str | None:
    """Where it takes what we say; "" where it would keep that back behind a dialog."""
    inbox = _listening(named)
    if inbox and agent:
        mode, cwd = (str(told.get(name) or "") for name in ("permission_mode", "cwd"))
        return "" if unguarded.keeps_back(mode, agent.pid, folder, cwd) else inbox
    return inbox


def _listening(path: str | None) -> str | None:
    """The path, "" if no socket is there."""
    if path is None:
        return None
    try:
        return path if path and stat.S_ISSOCK(Path(path).stat().st_mode) else ""
    except (OSError, ValueError):
        return ""


FINDERS: Final[Mapping[str, Callable[[Line, Environment, Payload], Incarnation]]] = {
    "codex": _codex,
    "gemini": _gemini,
    "opencode": _opencode,
}
