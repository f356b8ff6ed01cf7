"""Claude Code: its hooks as commands, and what it is handed at the end of a turn.

Measured on 2.1.329: ``Stop`` carries ``last_assistant_message``, after a turn that said nothing the words of an
earlier one; its answer's ``additionalContext`` (9,990 characters arrive whole) goes on with the conversation and comes
back in no hook but the next ``Stop`` (``stop_hook_active``) or tool hook. Esc fires nothing. Every event of a turn has
the ``prompt_id`` of the prompt it began with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Any, Final

from daemon.agents import claude_requests
from daemon.agents.interface import Json, Outcome, Surroundings
from daemon.core import commands as c
from daemon.core.errors import Malformed
from daemon.core.frame import joined, marks_in
from daemon.core.model import Approval, Denial, Turn

Commands = tuple[c.Command, ...]
BACKEND: Final = "claude-code"
HAND_OUT_LIMIT: Final = 9_500  #: characters, frames included
DENIAL_LIMIT: Final = 19_000  #: 20,000 arrive whole
WAITING_FOR_A_PERSON: Final = "permission_prompt"
AUTOMATIC: Final = "<task-notification>"  #: the prompt of something in the background, which nobody typed


def commands(event: str, payload: Json, around: Surroundings) -> Sequence[c.Command]:
    """What the event means. Whatever comes first of a session registers it.

    Raises:
        Malformed: the payload has no session id.

    """
    session_id = _text(payload, "session_id")
    if not session_id:
        raise Malformed(f"the {event} hook has no session_id", "is this Claude Code?")
    if _text(payload, "agent_id"):
        return _of_subagent(event, session_id, payload, around)
    meaning = MEANINGS.get(event)
    meant = meaning(session_id, payload, around) if meaning else ()
    if event == "SessionEnd" or not around.pid:  # replayed, and its process is gone: nobody to register
        return meant
    return (_registration(event, session_id, payload, around), *meant)


def answer(event: str, outcome: Outcome) -> Json | None:
    """Neutral context: shown as "Stop hook says", never as the user's words; or why a tool call is not made."""
    if isinstance(outcome, Denial):
        text = "\n\n".join([outcome.reason, *([joined(outcome.parcels)] if outcome.parcels else [])])
        said = {"permissionDecision": "deny", "permissionDecisionReason": text}
        return {"hookSpecificOutput": {"hookEventName": event, **said}}
    if not outcome:
        return None
    return {"hookSpecificOutput": {"hookEventName": event, "additionalContext": joined(outcome)}}


def decision(approval: Approval) -> Json:
    return claude_requests.decision(approval)


def _prompted(session_id: str, payload: Json, around: Surroundings) -> Commands:
    prompt = _text(payload, "prompt")
    marks = marks_in(prompt)
    began = c.TurnBegan(
        session_id=session_id,
        marks=marks,
        prompt_id=_text(payload, "prompt_id"),
        automatic=prompt.startswith(AUTOMATIC) and not marks,  # what woke it is a message
    )
    passing = c.HandOut(session_id=session_id, limit=HAND_OUT_LIMIT, passing=True)
    return (began, *((passing,) if around.live else ()))


def _calling(session_id: str, payload: Json, around: Surroundings) -> Commands:
    doing = claude_requests.doing(_text(payload, "tool_name"), _given(payload))
    went = c.TurnWent(session_id=session_id, doing=doing)
    return (went, *((c.BeginCall(session_id=session_id, limit=DENIAL_LIMIT),) if around.live else ()))


def _called(session_id: str, payload: Json, around: Surroundings) -> Commands:
    between = c.HandOut(session_id=session_id, limit=HAND_OUT_LIMIT, between=True)
    went = c.TurnWent(session_id=session_id)
    return (went, _done(session_id, payload), *((between,) if around.live else ()))


def _batch_over(session_id: str, payload: Json, around: Surroundings) -> Commands:  # noqa: ARG001 -- as its row
    return (c.TurnWent(session_id=session_id, batch_over=True),)


def _notified(session_id: str, payload: Json, around: Surroundings) -> Commands:  # noqa: ARG001 -- as its row
    if _text(payload, "notification_type") != WAITING_FOR_A_PERSON:
        return ()
    return (c.TurnWaits(session_id=session_id, what=_text(payload, "message")),)


def _left(session_id: str, payload: Json, around: Surroundings) -> Commands:  # noqa: ARG001 -- as its row
    return (c.EndSession(session_id=session_id, why=_text(payload, "reason") or "ended"),)


def _of_subagent(event: str, session_id: str, payload: Json, around: Surroundings) -> Commands:
    """A subagent never registers, and its turns are not its parent's; but brakes hold for it, and it may ask."""
    match event:
        case "PreToolUse" if around.live:
            return (c.BeginCall(session_id=session_id, limit=0),)
        case "PostToolUse" | "PostToolUseFailure":
            return (_done(session_id, payload),)
        case "PostToolBatch":
            return (c.CloseApprovals(session_id=session_id, subagent=_text(payload, "agent_id")),)
        case "PermissionRequest":
            return _request(session_id, payload, around)
        case _:
            return ()


def _request(session_id: str, payload: Json, around: Surroundings) -> Commands:
    """A run without a person asks nobody: it is refused at once, as it would be without us."""
    if not around.lasting or not (around.live or around.turn is Turn.AWAITING_INPUT):
        return ()
    tool, given, cwd = _text(payload, "tool_name"), _given(payload), _text(payload, "cwd")
    subagent = _text(payload, "agent_id")
    rules = claude_requests.rules(payload)
    questions = claude_requests.questions(given) if tool == claude_requests.QUESTION_TOOL else ()
    if tool == claude_requests.QUESTION_TOOL and not questions:
        return ()  # in no form we know: it could be answered, but not so that the agent takes it
    asked = c.RequestApproval(
        session_id=session_id,
        what=claude_requests.kind_of(tool),
        tool=tool,
        shown=questions[0].shown
        if questions
        else claude_requests.shown(
            tool, given, cwd, subagent=subagent and (_text(payload, "agent_type") or subagent), rules=rules
        ),
        digest=claude_requests.digest(session_id, cwd, tool, given),
        request=claude_requests.request(given),
        options=claude_requests.options(tool, rules),
        questions=questions,
        grants=claude_requests.grants(rules),
        subagent=subagent,
        hidden=bool(subagent),  # while its hook runs, it shows no dialog and the registry says nothing of it
    )
    return (asked,)


def _done(session_id: str, payload: Json) -> c.CloseApprovals:
    """A call was made, so whatever it needed was allowed."""
    tool = _text(payload, "tool_name")
    asked_in_it = tool in {claude_requests.QUESTION_TOOL, claude_requests.PLAN_TOOL}
    request = "" if asked_in_it else claude_requests.request(_given(payload))
    return c.CloseApprovals(
        session_id=session_id, tool=tool, request=request, outcome="allowed at the agent itself"
    )


def _given(payload: Json) -> Json:
    given = payload.get("tool_input")
    return given if isinstance(given, dict) else {}


def _ended(session_id: str, payload: Json, around: Surroundings) -> Commands:
    ended = c.TurnEnded(
        session_id=session_id,
        text=_text(payload, "last_assistant_message") if around.spoke else "",
        prompt_id=_text(payload, "prompt_id"),
        continuing=bool(payload.get("stop_hook_active")),
    )
    if not around.live:
        return (ended,)
    return (ended, c.HandOut(session_id=session_id, limit=HAND_OUT_LIMIT, prompt_id=ended.prompt_id))


def _failed(session_id: str, payload: Json, around: Surroundings) -> Commands:
    (ended, *_) = _ended(session_id, payload, around)
    return (replace(ended, failed=True),) if isinstance(ended, c.TurnEnded) else ()


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
        lasting=around.lasting,
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


MEANINGS: Final[Mapping[str, Callable[[str, Json, Surroundings], Commands]]] = {
    "UserPromptSubmit": _prompted,
    "PreToolUse": _calling,
    "PostToolUse": _called,
    "PostToolUseFailure": _called,
    "PostToolBatch": _batch_over,
    "PermissionRequest": _request,
    "Notification": _notified,
    "Stop": _ended,
    "StopFailure": _failed,
    "SessionEnd": _left,
}
