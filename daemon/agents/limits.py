"""How each agent says that a usage limit is reached, and until when: data, one row for each way of saying it.

``measured`` rows were heard from the real program; the words of the others stand in the shipped program, and which hook
brings them was not heard. Rule: only what an agent says in the place where it tells of a failure counts, never prose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from daemon.agents.interface import Json
from daemon.agents.speech import text
from daemon.core import commands as c
from daemon.core.rules.resets import How


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """One way of saying it.

    Args:
        event: the hook that brings it.
        field: where in its payload the words are.
        pattern: what they are like; its group ``until`` is when it ends.
        how: how that is said; ``NONE`` where it is not.
        where: other fields of the payload, and what must stand in them.
        measured: heard from the real program.

    """

    event: str
    field: str
    pattern: re.Pattern[str]
    how: How = How.NONE
    where: Mapping[str, str]
    measured: bool


def _saying(
    event: str,
    field: str,
    pattern: str,
    how: How = How.NONE,
    where: tuple[tuple[str, str], ...] = (),
    *,
    measured: bool = False,
) -> Saying:
    found = re.compile(pattern, re.IGNORECASE)
    return Saying(event=event, field=field, pattern=found, how=how, where=dict(where), measured=measured)


SAID: Final = "last_assistant_message"
ANSWER: Final = "prompt_response"
RATE: Final = (("error", "rate_limit"),)
CLAUDE: Final = (
    # 2.1.329: ``You've hit your session limit · resets 4am (Europe/London)``
    _saying("StopFailure", SAID, r"\bresets(?: at)? (?P<until>[^·\n]{1,60})", How.WALL, RATE),
    _saying("StopFailure", SAID, r"limit reached\|(?P<until>\d{9,11})", How.EPOCH),  # older ones
    _saying("StopFailure", SAID, r"", How.NONE, RATE, measured=True),  # a 429 without more
    _saying(
        "StopFailure", SAID, r"credit balance is too low", where=(("error", "billing_error"),), measured=True
    ),
)
#: What each agent says, the most telling first.
SAYINGS: Final[Mapping[str, Sequence[Saying]]] = {
    "claude-code": CLAUDE,
    "practice": CLAUDE,
    "codex": (  # 0.169.0
        _saying("Stop", SAID, r"^You.ve hit your usage limit.*?try again at (?P<until>[^.\n]{1,60})", How.WALL),
        _saying("Stop", SAID, r"^(You.ve hit your|You.ve reached your|Usage limit reached)"),
    ),
    "gemini": (  # 0.61.0
        _saying("AfterAgent", ANSWER, r"^Usage limit reached for .*?resets at (?P<until>[^.\n]{1,60})", How.WALL),
        _saying("AfterAgent", ANSWER, r"^You have exhausted.*reset after (?P<until>[0-9hms ]{1,30})", How.SPAN),
        _saying("AfterAgent", ANSWER, r"^(Usage limit reached for|You have exhausted your)"),
    ),
    "opencode": (  # 1.18.33 names its providers' errors
        _saying("session.idle", "error", r"(usage|rate) limit|quota|too many requests"),
    ),
}  # fmt: skip


def heard(agent: str, event: str, payload: Json) -> tuple[How, str] | None:
    """How and what is said of the end of a limit; None: nothing is said of a limit."""
    for saying in SAYINGS.get(agent, ()):
        fits = event == saying.event and all(text(payload, x) == wanted for x, wanted in saying.where.items())
        found = saying.pattern.search(text(payload, saying.field)) if fits else None
        if found:
            return saying.how, (found["until"] if saying.how is not How.NONE else "").strip()
    return None


def limited(agent: str, event: str, payload: Json, meant: Sequence[c.Command]) -> list[c.Command]:
    """What the event means, with the limit before the end of the turn that it broke off."""
    told = heard(agent, event, payload)
    ends = [n for n, each in enumerate(meant) if isinstance(each, c.TurnEnded)]
    if told is None or not ends:
        return list(meant)
    hit = c.HitLimit(session_id=text(payload, "session_id"), how=told[0], said=told[1])
    # What it says of the limit is no answer to anybody.
    failed = [replace(each, failed=True) if isinstance(each, c.TurnEnded) else each for each in meant]
    return [*failed[: ends[0]], hit, *failed[ends[0] :]]
