"""OpenCode: what its plugin tells as commands, and what the plugin is to do.

Measured on 1.18.33: a prompt from the plugin is a user's message, whole at 60 kB, and ``chat.message`` fires with its
text; every turn ends with ``session.idle``, also one that was broken off, and then its last message names the error. A
refusal thrown in ``tool.execute.before`` is the call's result; text added in ``tool.execute.after`` is part of it. A
session begins with its first prompt: before that the plugin speaks for a name of its own.

The plugin (hooks/opencode.js) adds to each event ``session_id`` and ``cwd``; ``before``, the session that this one
follows in the same process; ``subagent``, where the event is of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from daemon.agents import opencode_requests
from daemon.agents.interface import Json, Outcome, Surroundings
from daemon.agents.speech import (
    HAND_OUT_LIMIT,
    Commands,
    given,
    reason,
    registration,
    session_of,
    text,
)
from daemon.core import commands as c
from daemon.core.model import Approval, Briefing, Denial, Turn
from daemon.core.rules.frame import joined, marks_in

BACKEND: Final = "opencode"
DENIAL_LIMIT: Final = 19_000
INTERRUPTED: Final = "MessageAbortedError"
OURS: Final = "opencode-"  #: what a session is called before it has begun
TURNS: Final = frozenset({Turn.IDLE, Turn.WORKING, Turn.AWAITING_INPUT})


def commands(event: str, payload: Json, around: Surroundings) -> Sequence[c.Command]:
    """What the event means. Whatever comes first of a session registers it.

    Raises:
        Malformed: the payload has no session id.

    """
    session_id = session_of(event, payload, "OpenCode")
    meaning = (OF_SUBAGENTS if text(payload, "subagent") else MEANINGS).get(event)
    meant = meaning(session_id, payload, around) if meaning else ()
    if not around.pid:  # replayed, and its process is gone: nobody to register
        return meant
    return (*_followed(session_id, payload), _registration(session_id, payload, around), *meant)


def answer(event: str, outcome: Outcome) -> Json | None:
    """``refuse``: why a tool call is not made. ``add``: what goes with the prompt, or with a tool's result."""
    del event
    if isinstance(outcome, Denial):
        return {"refuse": reason(outcome)}
    return {"add": joined(outcome)} if outcome and not isinstance(outcome, Briefing) else None


def decision(approval: Approval) -> Json:
    return opencode_requests.decision(approval)


def _followed(session_id: str, payload: Json) -> Commands:
    """One process shows one session: the one that it showed before is over, whoever it was."""
    before = text(payload, "before")
    if before in {"", session_id}:
        return ()
    return (c.EndSession(session_id=before, why="followed by another session"),)


def _registration(session_id: str, payload: Json, around: Surroundings) -> c.RegisterSession:
    begins = session_id.startswith(OURS)
    turn = Turn.PENDING_FIRST_TURN if begins else None
    return registration(BACKEND, session_id, payload, around, turn=turn)


def _here(session_id: str, payload: Json, around: Surroundings) -> Commands:  # noqa: ARG001 -- as its row
    """It was heard of for the first time, or the daemon began anew: what the turn is now, whatever was told."""
    turn = text(payload, "turn")
    if turn not in TURNS:
        return ()
    return (c.TurnObserved(session_id=session_id, turn=Turn(turn), source="hook"),)


def _prompted(session_id: str, payload: Json, around: Surroundings) -> Commands:
    began = c.TurnBegan(
        session_id=session_id,
        marks=marks_in(text(payload, "prompt")),
        prompt_id=text(payload, "prompt_id"),
    )
    passing = c.HandOut(session_id=session_id, limit=HAND_OUT_LIMIT, passing=True)
    return (began, *((passing,) if around.live else ()))


def _calling(session_id: str, payload: Json, around: Surroundings) -> Commands:
    doing = opencode_requests.doing(text(payload, "tool"), given(payload, "args"))
    went = c.TurnWent(session_id=session_id, doing=doing)
    return (went, *((c.BeginCall(session_id=session_id, limit=DENIAL_LIMIT),) if around.live else ()))


def _called(session_id: str, payload: Json, around: Surroundings) -> Commands:
    """Its result can carry notices, unless it is of a kind that the plugin cannot add to."""
    went = c.TurnWent(session_id=session_id)
    if not (around.live and payload.get("carries")):
        return (went,)
    return (went, c.HandOut(session_id=session_id, limit=HAND_OUT_LIMIT, between=True))


def _calling_below(session_id: str, payload: Json, around: Surroundings) -> Commands:  # noqa: ARG001 -- as its row
    """A subagent has nothing to read, but brakes hold for it."""
    return (c.BeginCall(session_id=session_id, limit=0),) if around.live else ()


def _asked(session_id: str, payload: Json, around: Surroundings) -> Commands:
    if not around.live:
        return ()
    found = opencode_requests.permission(session_id, payload)
    return (found,) if found else ()


def _questioned(session_id: str, payload: Json, around: Surroundings) -> Commands:
    if not around.live:
        return ()
    found = opencode_requests.questioned(session_id, payload)
    return (found or c.TurnWaits(session_id=session_id, what="a question"),)


def _answered(session_id: str, payload: Json, around: Surroundings) -> Commands:  # noqa: ARG001 -- as its row
    return (opencode_requests.answered(session_id, payload),)


def _ended(session_id: str, payload: Json, around: Surroundings) -> Commands:  # noqa: ARG001 -- as its row
    """What waits becomes a prompt of its own: nothing is handed out here."""
    error = text(payload, "error")
    if error == INTERRUPTED:
        return (c.TurnObserved(session_id=session_id, turn=Turn.IDLE, source="hook"),)
    ended = c.TurnEnded(
        session_id=session_id,
        text="" if error else text(payload, "last_assistant_message"),
        prompt_id=text(payload, "prompt_id"),
        failed=bool(error),
    )
    return (ended,)


Meaning = Callable[[str, Json, Surroundings], Commands]
REQUESTS: Final[Mapping[str, Meaning]] = {
    "permission.asked": _asked,
    "permission.replied": _answered,
    "question.asked": _questioned,
    "question.replied": _answered,
    "question.rejected": _answered,
}
OF_SUBAGENTS: Final[Mapping[str, Meaning]] = {"tool.execute.before": _calling_below, **REQUESTS}
MEANINGS: Final[Mapping[str, Meaning]] = {
    "here": _here,
    "chat.message": _prompted,
    "tool.execute.before": _calling,
    "tool.execute.after": _called,
    "session.idle": _ended,
    **REQUESTS,
}
