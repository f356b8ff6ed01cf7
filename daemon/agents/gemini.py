"""Gemini CLI: its hooks as commands, and what it is handed at the end of a turn.

Measured on 0.61.0: what ``AfterAgent`` is denied for becomes the next prompt of the same turn (16,900 characters
arrive whole, as they are), with a ``BeforeAgent`` of its own that carries it. ``prompt_response`` joins all that was
said since the person's prompt; only the transcript tells the last words. ``additionalContext`` comes with its angle
brackets escaped, so nothing of ours goes that way. Esc fires ``AfterAgent`` with ``NOTHING``; a No in its own dialog
fires nothing. ``Notification`` cannot answer that dialog, and neither can ``BeforeTool``, which can only refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from daemon.agents import gemini_requests, requests
from daemon.agents.interface import Json, Outcome, Surroundings
from daemon.agents.speech import Commands, input_of, left, reason, registration, session_of, text
from daemon.core import commands as c
from daemon.core.model import Approval, Briefing, Denial, Turn
from daemon.core.rules.frame import joined, marks_in

BACKEND: Final = "gemini"
HAND_OUT_LIMIT: Final = 16_000  #: characters, frames included
MOST_IN_A_ROW: Final = 20  #: hand-outs that go on with one turn; it allows itself 100 steps
NOTHING: Final = "[no response text]"
WAITING_FOR_A_PERSON: Final = "ToolPermission"


def commands(event: str, payload: Json, around: Surroundings) -> Sequence[c.Command]:
    """What the event means. Whatever comes first of a session registers it.

    Raises:
        Malformed: the payload has no session id.

    """
    session_id = session_of(event, payload, "Gemini CLI")
    meaning = MEANINGS.get(event)
    meant = meaning(session_id, payload, around) if meaning else ()
    if event == "SessionEnd" or not around.pid:  # replayed, and its process is gone: nobody to register
        return meant
    return (_registration(event, session_id, payload, around), *meant)


def answer(event: str, outcome: Outcome) -> Json | None:
    """The next prompt; or why a tool call is not made."""
    if isinstance(outcome, Denial):
        return {"decision": "deny", "reason": reason(outcome)}
    if not outcome or isinstance(outcome, Briefing) or event != "AfterAgent":
        return None
    return {"decision": "deny", "reason": joined(outcome)}


def decision(approval: Approval) -> Json:  # noqa: ARG001 -- as the interface says
    return {}  # none of its hooks takes one


def _prompted(session_id: str, payload: Json, around: Surroundings) -> Commands:  # noqa: ARG001 -- as its row
    return (c.TurnBegan(session_id=session_id, marks=marks_in(text(payload, "prompt"))),)


def _calling(session_id: str, payload: Json, around: Surroundings) -> Commands:
    doing = requests.doing(text(payload, "tool_name"), input_of(payload))
    went = c.TurnWent(session_id=session_id, doing=doing)
    return (went, *((c.BeginCall(session_id=session_id, limit=0),) if around.live else ()))


def _called(session_id: str, payload: Json, around: Surroundings) -> Commands:  # noqa: ARG001 -- as its row
    return (c.TurnWent(session_id=session_id), *gemini_requests.allowed(session_id, payload))


def _notified(session_id: str, payload: Json, around: Surroundings) -> Commands:
    """Where keys reach its dialog, it is decided from afar; else it is told of."""
    if text(payload, "notification_type") != WAITING_FOR_A_PERSON:
        return ()
    waits = gemini_requests.asked(session_id, payload)
    if isinstance(waits, c.RequestApproval) and not (around.live and around.pane):
        return (c.TurnWaits(session_id=session_id, what=text(payload, "message")),)
    return (waits,)


def _ended(session_id: str, payload: Json, around: Surroundings) -> Commands:
    """What was broken off by hand ends here, too; then nothing is handed out: the person is at it."""
    said = around.said or text(payload, "prompt_response")
    nothing = text(payload, "prompt_response") == NOTHING
    ended = c.TurnEnded(
        session_id=session_id,
        text="" if nothing else said,
        continuing=bool(payload.get("stop_hook_active")),
    )
    if nothing or not around.live or around.handed >= MOST_IN_A_ROW:
        return (ended,)
    return (ended, c.HandOut(session_id=session_id, limit=HAND_OUT_LIMIT))


def _registration(event: str, session_id: str, payload: Json, around: Surroundings) -> c.RegisterSession:
    turn = Turn.IDLE if event == "SessionStart" else None
    known = registration(BACKEND, session_id, payload, around, turn=turn)
    return replace(known, transcript=text(payload, "transcript_path"), inbox="")


MEANINGS: Final[Mapping[str, Callable[[str, Json, Surroundings], Commands]]] = {
    "BeforeAgent": _prompted,
    "BeforeTool": _calling,
    "AfterTool": _called,
    "Notification": _notified,
    "AfterAgent": _ended,
    "SessionEnd": left,
}
