"""Claude Code: its hooks as commands, and what it is handed at the end of a turn.

Measured on 2.1.329: ``Stop`` carries ``last_assistant_message``, after a turn that said nothing the words of an
earlier one; its answer's ``additionalContext`` (9,990 characters arrive whole) goes on with the conversation and comes
back in no hook but the next ``Stop`` (``stop_hook_active``) or tool hook. Esc fires nothing. Every event of a turn has
the ``prompt_id`` of the prompt it began with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from daemon.agents import claude_requests, requests
from daemon.agents.interface import Json, Outcome, Surroundings
from daemon.agents.speech import Commands, Speech, beside, input_of, left, session_of, text
from daemon.core import commands as c
from daemon.core.model import Approval, Turn

BACKEND: Final = "claude-code"
DENIAL_LIMIT: Final = 19_000  #: characters; 20,000 arrive whole
SPEECH: Final = Speech(BACKEND, prompt_id="prompt_id", denial=DENIAL_LIMIT)
WAITING_FOR_A_PERSON: Final = "permission_prompt"
AUTOMATIC: Final = "<task-notification>"  #: the prompt of something in the background, which nobody typed


def commands(event: str, payload: Json, around: Surroundings) -> Sequence[c.Command]:
    """What the event means. Whatever comes first of a session registers it.

    Raises:
        Malformed: the payload has no session id.

    """
    session_id = session_of(event, payload, "Claude Code")
    if text(payload, "agent_id"):
        return _of_subagent(event, session_id, payload, around)
    meaning = MEANINGS.get(event)
    meant = meaning(session_id, payload, around) if meaning else ()
    if event == "SessionEnd" or not around.pid:  # replayed, and its process is gone: nobody to register
        return meant
    path = around.environment.get("CLAUDE_PROJECT_DIR", "")
    return (SPEECH.registration(event, session_id, payload, around, path), *meant)


def answer(event: str, outcome: Outcome) -> Json | None:
    """Neutral context: shown as "Stop hook says"."""
    return beside(event, outcome)


def decision(approval: Approval) -> Json:
    return claude_requests.decision(approval)


def _prompted(session_id: str, payload: Json, around: Surroundings) -> Commands:
    automatic = text(payload, "prompt").startswith(AUTOMATIC)
    return SPEECH.prompted(session_id, payload, around, automatic=automatic)


def _called(session_id: str, payload: Json, around: Surroundings) -> Commands:
    return SPEECH.called(session_id, _done(session_id, payload), around)


def _batch_over(session_id: str, payload: Json, around: Surroundings) -> Commands:  # noqa: ARG001 -- as its row
    return (c.TurnWent(session_id=session_id, batch_over=True),)


def _notified(session_id: str, payload: Json, around: Surroundings) -> Commands:  # noqa: ARG001 -- as its row
    if text(payload, "notification_type") != WAITING_FOR_A_PERSON:
        return ()
    return (c.TurnWaits(session_id=session_id, what=text(payload, "message")),)


def _of_subagent(event: str, session_id: str, payload: Json, around: Surroundings) -> Commands:
    """A subagent never registers, and its turns are not its parent's; but brakes hold for it, and it may ask."""
    match event:
        case "PreToolUse" if around.live:
            return (c.BeginCall(session_id=session_id, limit=0),)
        case "PostToolUse" | "PostToolUseFailure":
            return (_done(session_id, payload),)
        case "PostToolBatch":
            return (c.CloseApprovals(session_id=session_id, subagent=text(payload, "agent_id")),)
        case "PermissionRequest":
            return _request(session_id, payload, around)
        case _:
            return ()


def _request(session_id: str, payload: Json, around: Surroundings) -> Commands:
    """A run without a person asks nobody: it is refused at once, as it would be without us."""
    if not around.lasting or not (around.live or around.turn is Turn.AWAITING_INPUT):
        return ()
    tool, given, cwd = text(payload, "tool_name"), input_of(payload), text(payload, "cwd")
    subagent = text(payload, "agent_id")
    rules = claude_requests.rules(payload)
    questions = requests.questions(given) if tool == claude_requests.QUESTION_TOOL else ()
    if tool == claude_requests.QUESTION_TOOL and not questions:
        return ()  # in no form we know: it could be answered, but not so that the agent takes it
    asked = c.RequestApproval(
        session_id=session_id,
        what=claude_requests.kind_of(tool),
        tool=tool,
        shown=questions[0].shown
        if questions
        else claude_requests.shown(
            tool, given, cwd, subagent=subagent and (text(payload, "agent_type") or subagent), rules=rules
        ),
        digest=requests.digest(session_id, cwd, tool, given),
        request=requests.request(given),
        options=claude_requests.options(tool, rules),
        questions=questions,
        grants=claude_requests.grants(rules),
        subagent=subagent,
        hidden=bool(subagent),  # while its hook runs, it shows no dialog and the registry says nothing of it
    )
    return (asked,)


def _done(session_id: str, payload: Json) -> c.CloseApprovals:
    """A call was made, so whatever it needed was allowed."""
    tool = text(payload, "tool_name")
    asked_in_it = tool in {claude_requests.QUESTION_TOOL, claude_requests.PLAN_TOOL}
    request = "" if asked_in_it else requests.request(input_of(payload))
    return c.CloseApprovals(
        session_id=session_id,
        tool=tool,
        request=request,
        outcome="allowed at the agent itself",
        allowed=not asked_in_it,
    )


def _failed(session_id: str, payload: Json, around: Surroundings) -> Commands:
    (ended, *_) = SPEECH.ended(session_id, payload, around)
    return (replace(ended, failed=True),) if isinstance(ended, c.TurnEnded) else ()


MEANINGS: Final[Mapping[str, Callable[[str, Json, Surroundings], Commands]]] = {
    "SessionStart": SPEECH.started,
    "UserPromptSubmit": _prompted,
    "PreToolUse": SPEECH.calling,
    "PostToolUse": _called,
    "PostToolUseFailure": _called,
    "PostToolBatch": _batch_over,
    "PermissionRequest": _request,
    "Notification": _notified,
    "Stop": SPEECH.ended,
    "StopFailure": _failed,
    "SessionEnd": left,
}
