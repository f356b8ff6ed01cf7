"""Claude Code: its hooks as commands, and what it is handed at the end of a turn.

Measured on 2.1.329: ``Stop`` carries ``last_assistant_message``, after a turn that said nothing the words of an
earlier one; its answer's ``additionalContext`` (9,990 characters arrive whole) goes on with the conversation and comes
back in no hook but the next ``Stop`` (``stop_hook_active``) or tool hook. Esc fires nothing. Every event of a turn has
the ``prompt_id`` of the prompt it began with.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, Final

from daemon.agents.interface import Json, Surroundings
from daemon.core import commands as c
from daemon.core.errors import Malformed
from daemon.core.frame import joined, marks_in
from daemon.core.model import Parcel, Turn

BACKEND: Final = "claude-code"
HAND_OUT_LIMIT: Final = 9_500  #: characters, frames included
WAITING_FOR_A_PERSON: Final = "permission_prompt"


def commands(event: str, payload: Json, around: Surroundings) -> Sequence[c.Command]:
    """What the event means. Whatever comes first of a session registers it.

    Raises:
        Malformed: the payload has no session id.

    """
    session_id = _text(payload, "session_id")
    if not session_id:
        raise Malformed(f"the {event} hook has no session_id", "is this Claude Code?")
    if _text(payload, "agent_id"):
        return ()  # a subagent never registers, and its turns are not its parent's
    meant = _meant(event, session_id, payload, around)
    if event == "SessionEnd" or not around.pid:  # replayed, and its process is gone: nobody to register
        return meant
    return (_registration(event, session_id, payload, around), *meant)


def answer(event: str, parcels: Sequence[Parcel]) -> Json | None:
    """Neutral context: shown as "Stop hook says", never as the user's words."""
    if not parcels:
        return None
    return {"hookSpecificOutput": {"hookEventName": event, "additionalContext": joined(parcels)}}


def _meant(event: str, session_id: str, payload: Json, around: Surroundings) -> tuple[c.Command, ...]:
    prompt_id = _text(payload, "prompt_id")
    match event:
        case "UserPromptSubmit":
            marks = marks_in(_text(payload, "prompt"))
            began = c.TurnBegan(session_id=session_id, marks=marks, prompt_id=prompt_id)
            passing = c.HandOut(session_id=session_id, limit=HAND_OUT_LIMIT, passing=True)
            return (began, *((passing,) if around.live else ()))
        case "PreToolUse" | "PostToolUse":
            return (c.TurnWent(session_id=session_id),)
        case "Notification" if _text(payload, "notification_type") == WAITING_FOR_A_PERSON:
            return (c.TurnWaits(session_id=session_id),)
        case "Stop" | "StopFailure":
            return _ended(event, session_id, payload, around)
        case "SessionEnd":
            return (c.EndSession(session_id=session_id, why=_text(payload, "reason") or "ended"),)
        case _:
            return ()


def _ended(event: str, session_id: str, payload: Json, around: Surroundings) -> tuple[c.Command, ...]:
    ended = c.TurnEnded(
        session_id=session_id,
        text=_text(payload, "last_assistant_message") if around.spoke else "",
        prompt_id=_text(payload, "prompt_id"),
        continuing=bool(payload.get("stop_hook_active")),
        failed=event == "StopFailure",
    )
    if event == "StopFailure" or not around.live:
        return (ended,)
    return (ended, c.HandOut(session_id=session_id, limit=HAND_OUT_LIMIT, prompt_id=ended.prompt_id))


def _registration(event: str, session_id: str, payload: Json, around: Surroundings) -> c.RegisterSession:
    path = around.environment.get("CLAUDE_PROJECT_DIR") or _text(payload, "cwd")
    starting = event == "SessionStart"
    return c.RegisterSession(
        session_id=session_id,
        backend=BACKEND,
        pid=around.pid,
        started=around.started,
        wish=around.wish or PurePath(path).name or BACKEND,
        circle=around.circle,
        path=path,
        repo=around.repo,
        branch=around.branch,
        machine=around.machine,
        config_dir=around.config_dir,
        transcript=_text(payload, "transcript_path"),
        pane=around.pane,
        inbox=around.inbox,
        forked=starting and payload.get("source") == "fork",
        turn=_turn_at_start(payload) if starting else Turn.UNKNOWN,
        turn_source="hook" if starting else "",
    )


def _turn_at_start(payload: Json) -> Turn:
    # A compaction starts the session anew in the middle of a turn.
    return Turn.WORKING if payload.get("source") == "compact" else Turn.IDLE


def _text(payload: Json, name: str) -> str:
    value: Any = payload.get(name)
    return value if isinstance(value, str) else ""
