"""Codex: its hooks as commands, and what it is handed at the end of a turn.

Measured on 0.169.0: the words are Claude Code's, every event of a turn has its ``turn_id``. ``SessionStart`` comes with
the first prompt. ``Stop`` hands over by ``decision: block`` alone, of which some 10 kB arrive whole; what it handed
comes back in no hook but the next ``Stop`` (``stop_hook_active``) or tool hook. Whatever breaks a turn off, Esc in a
dialog too, fires ``Interrupt``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from daemon.agents import codex_requests
from daemon.agents.interface import Json, Outcome, Surroundings
from daemon.agents.speech import Commands, Speech, beside, left, session_of, text
from daemon.core import commands as c
from daemon.core.model import Approval, Briefing, Denial, Turn
from daemon.core.rules.frame import joined
from daemon.core.rules.roads import INTERRUPTED

BACKEND: Final = "codex"
DENIAL_LIMIT: Final = 9_000  #: characters; longer reasons were not tried
ESCAPED: Final = (
    "<>&"  #: in a reason to go on Codex 0.169.0 writes these as XML does; its queue takes them as they are
)
SPEECH: Final = Speech(BACKEND, prompt_id="turn_id", denial=DENIAL_LIMIT, changes=ESCAPED)


def commands(event: str, payload: Json, around: Surroundings) -> Sequence[c.Command]:
    """What the event means. Whatever comes first of a session registers it.

    Raises:
        Malformed: the payload has no session id.

    """
    session_id = session_of(event, payload, "Codex")
    if text(payload, "agent_id"):
        return _of_subagent(event, session_id, payload, around)
    meaning = MEANINGS.get(event)
    meant = meaning(session_id, payload, around) if meaning else ()
    if event == "SessionEnd" or not around.pid:  # replayed, and its process is gone: nobody to register
        return meant
    registration = SPEECH.registration(event, session_id, payload, around)
    if registration.turn:  # a start is told with its first prompt, so a turn is about to begin
        registration = replace(registration, turn=Turn.WORKING)
    return (registration, *meant)


def answer(event: str, outcome: Outcome) -> Json | None:
    """At the end of a turn a reason to go on; else context beside what the user says."""
    if event == "Stop" and not isinstance(outcome, Denial | Briefing):
        return {"decision": "block", "reason": joined(outcome)} if outcome else None
    return beside(event, outcome)


def decision(approval: Approval) -> Json:
    return codex_requests.decision(approval)


def _calling(session_id: str, payload: Json, around: Surroundings) -> Commands:
    """A call that asks its person something shows its dialog once it has begun."""
    asked = codex_requests.question(session_id, payload, around)
    told = SPEECH.calling(session_id, payload, around)
    return tuple(replace(each, asks=asked) if isinstance(each, c.BeginCall) else each for each in told)


def _called(session_id: str, payload: Json, around: Surroundings) -> Commands:
    return SPEECH.called(session_id, codex_requests.done(session_id, payload), around)


def _request(session_id: str, payload: Json, around: Surroundings) -> Commands:
    """A run without a person asks nobody."""
    return (codex_requests.permission(session_id, payload),) if around.lasting and around.live else ()


def _ended(session_id: str, payload: Json, around: Surroundings) -> Commands:
    """What it calls its last words leaves out a plan."""
    words = "\n\n".join(
        part for part in (text(payload, "last_assistant_message").strip(), around.plan) if part
    )
    ended, *handing = SPEECH.ended(session_id, {**payload, "last_assistant_message": words}, around)
    asked = codex_requests.plan(session_id, payload, around)
    return (ended, *((asked,) if asked else ()), *handing)


def _of_subagent(event: str, session_id: str, payload: Json, around: Surroundings) -> Commands:
    """A subagent never registers, and its turns are not its parent's; but brakes hold for it, and it may ask."""
    if event == "PreToolUse" and around.live:
        return (c.BeginCall(session_id=session_id, limit=0),)
    return _request(session_id, payload, around) if event == "PermissionRequest" else ()


def _interrupted(session_id: str, payload: Json, around: Surroundings) -> Commands:  # noqa: ARG001 -- as its row
    return (c.TurnObserved(session_id=session_id, turn=Turn.IDLE, source=INTERRUPTED),)


MEANINGS: Final[Mapping[str, Callable[[str, Json, Surroundings], Commands]]] = {
    "SessionStart": SPEECH.started,
    "UserPromptSubmit": SPEECH.prompted,
    "PreToolUse": _calling,
    "PostToolUse": _called,
    "PermissionRequest": _request,
    "Stop": _ended,
    "Interrupt": _interrupted,
    "SessionEnd": left,
}
