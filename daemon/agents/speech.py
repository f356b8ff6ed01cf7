"""What the hooks of Claude Code say, and those of the agents that took over its words: Codex says nearly the same.

An agent's own file says what is different there, and what there is no word for here. The events of both
have the same names; the field that names the turn they belong to has not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, Final

from daemon.agents import requests
from daemon.agents.interface import Json, Outcome, Surroundings
from daemon.core import commands as c
from daemon.core.errors import Malformed
from daemon.core.model import Briefing, Denial, Turn
from daemon.core.rules.frame import is_nudge, joined, marks_in

Commands = tuple[c.Command, ...]
HAND_OUT_LIMIT: Final = 9_500  #: characters, frames included


@dataclass(frozen=True, slots=True)
class Speech:
    """One agent's way of saying it.

    Args:
        backend: the agent's name.
        prompt_id: the field that names the prompt, or the turn, that an event belongs to.
        denial: how long the reason for a denied tool call may be, in characters.
        changes: the characters that what is handed over at a turn's end does not bring as they are.

    """

    backend: str
    prompt_id: str
    denial: int
    changes: str = ""

    def prompted(
        self, session_id: str, payload: Json, around: Surroundings, *, automatic: bool = False
    ) -> Commands:
        """``automatic``: nobody typed it, unless a message is in it."""
        prompt = text(payload, "prompt")
        marks, nudged = marks_in(prompt), is_nudge(prompt)
        began = c.TurnBegan(
            session_id=session_id,
            marks=marks,
            prompt_id=text(payload, self.prompt_id),
            automatic=(automatic or nudged) and not marks,  # what woke it is a message
            nudged=nudged,
        )
        passing = c.HandOut(session_id=session_id, limit=HAND_OUT_LIMIT, passing=True)
        return (began, *((passing,) if around.live else ()))

    def calling(self, session_id: str, payload: Json, around: Surroundings) -> Commands:
        went = c.TurnWent(
            session_id=session_id, doing=requests.doing(text(payload, "tool_name"), input_of(payload))
        )
        return (
            went,
            *((c.BeginCall(session_id=session_id, limit=self.denial),) if around.live else ()),
        )

    def called(self, session_id: str, done: c.CloseApprovals, around: Surroundings) -> Commands:
        """``done``: what the call shows to have been allowed."""
        between = c.HandOut(session_id=session_id, limit=HAND_OUT_LIMIT, between=True)
        went = c.TurnWent(session_id=session_id)
        return (went, done, *((between,) if around.live else ()))

    def ended(self, session_id: str, payload: Json, around: Surroundings) -> Commands:
        ended = c.TurnEnded(
            session_id=session_id,
            text=text(payload, "last_assistant_message") if around.spoke else "",
            prompt_id=text(payload, self.prompt_id),
            continuing=bool(payload.get("stop_hook_active")),
        )
        if not around.live:
            return (ended,)
        out = c.HandOut(
            session_id=session_id, limit=HAND_OUT_LIMIT, changes=self.changes, prompt_id=ended.prompt_id
        )
        return (ended, out)

    def registration(
        self, event: str, session_id: str, payload: Json, around: Surroundings, path: str = ""
    ) -> c.RegisterSession:
        """``path``: the agent's folder, where it says more of it than where it stands in this moment."""
        starting = event == "SessionStart"
        turn = _turn_at_start(payload) if starting else None
        return replace(
            registration(self.backend, session_id, payload, around, turn=turn, path=path),
            config_dir=around.config_dir,
            transcript=text(payload, "transcript_path"),
            inbox=around.inbox,
            shared=around.shared,
            forked=starting and payload.get("source") == "fork",
            briefs=starting and around.live,
            amid=not starting,
        )

    def started(self, session_id: str, payload: Json, around: Surroundings) -> Commands:  # noqa: ARG002 -- as a row
        """Each start of the session, also a compaction, is told how to work."""
        return (c.BriefSession(session_id=session_id, limit=HAND_OUT_LIMIT),) if around.live else ()


def registration(
    backend: str, session_id: str, payload: Json, around: Surroundings, *, turn: Turn | None, path: str = ""
) -> c.RegisterSession:
    """What every agent's session is registered with. ``turn``: if the event itself says what it is."""
    path = path or text(payload, "cwd")
    return c.RegisterSession(
        session_id=session_id,
        backend=backend,
        pid=around.pid,
        started=around.started,
        wish=around.wish or PurePath(path).name or backend,
        circle=around.circle,
        path=path,
        repo=around.repo,
        branch=around.branch,
        machine=around.machine,
        pane=around.pane,
        lasting=around.lasting,
        turn=Turn.UNKNOWN if turn is None else turn,
        turn_source="" if turn is None else "hook",
    )


def session_of(event: str, payload: Json, called: str) -> str:
    """Raises: Malformed, if the payload has no session id."""
    session_id = text(payload, "session_id")
    if not session_id:
        raise Malformed(f"the {event} hook has no session_id", f"is this {called}?")
    return session_id


def left(session_id: str, payload: Json, around: Surroundings) -> Commands:  # noqa: ARG001 -- as a row of events
    return (c.EndSession(session_id=session_id, why=text(payload, "reason") or "ended"),)


def beside(event: str, outcome: Outcome) -> Json | None:
    """Context for the agent, never as the user's words; or why a tool call is not made."""
    if isinstance(outcome, Denial):
        said = {"permissionDecision": "deny", "permissionDecisionReason": reason(outcome)}
        return {"hookSpecificOutput": {"hookEventName": event, **said}}
    context = outcome.text if isinstance(outcome, Briefing) else joined(outcome)
    return {"hookSpecificOutput": {"hookEventName": event, "additionalContext": context}} if context else None


def reason(denial: Denial) -> str:
    """Why a tool call is not made, and what cannot wait for another time."""
    return "\n\n".join([denial.reason, *([joined(denial.parcels)] if denial.parcels else [])])


def input_of(payload: Json) -> Json:
    """What a tool is called with."""
    return given(payload, "tool_input")


def given(payload: Json, name: str) -> Json:
    """The object of that name; {} where there is none."""
    found = payload.get(name)
    return found if isinstance(found, dict) else {}


def text(payload: Json, name: str) -> str:
    value: Any = payload.get(name)
    return value if isinstance(value, str) else ""


def _turn_at_start(payload: Json) -> Turn:
    # A compaction starts the session anew in the middle of a turn.
    return Turn.WORKING if payload.get("source") == "compact" else Turn.IDLE
