"""What each agent says of a usage limit, and that nothing else is taken for it."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.agents.limits import SAYINGS, heard, limited
from daemon.core import commands as c
from daemon.core.rules.resets import How

APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
FAILED = {"error": "rate_limit"}


@pytest.mark.parametrize(
    ("agent", "event", "payload", "wanted"),
    [
        (
            "claude-code",
            "StopFailure",
            FAILED | {"last_assistant_message": "You've hit your session limit · resets 4am (Europe/London)"},
            (How.WALL, "4am (Europe/London)"),
        ),
        (
            "claude-code",
            "StopFailure",
            FAILED | {"last_assistant_message": "API Error: Request rejected (429) · slow down"},
            (How.NONE, ""),
        ),
        (
            "claude-code",
            "StopFailure",
            FAILED | {"last_assistant_message": "Claude AI usage limit reached|1772460000"},
            (How.EPOCH, "1772460000"),
        ),
        (
            "claude-code",
            "StopFailure",
            {"error": "billing_error", "last_assistant_message": "Credit balance is too low"},
            (How.NONE, ""),
        ),
        (
            "codex",
            "Stop",
            {
                "last_assistant_message": f"You{APOSTROPHE}ve hit your usage limit. Visit x.y or try again at 4:10 PM."
            },
            (How.WALL, "4:10 PM"),
        ),
        ("gemini", "AfterAgent", {"prompt_response": "You have exhausted your daily quota on this model."},
         (How.NONE, "")),
        ("gemini", "AfterAgent",
         {"prompt_response": "You have exhausted your capacity. Your quota will reset after 2h3m4s."},
         (How.SPAN, "2h3m4s")),
        ("opencode", "session.idle", {"error": "usage limit"}, (How.NONE, "")),
    ],
)  # fmt: skip
def test_a_limit_is_heard(agent: str, event: str, payload: dict[str, Any], wanted: tuple[How, str]) -> None:
    assert heard(agent, event, payload) == wanted


@pytest.mark.parametrize(
    ("agent", "event", "payload"),
    [
        ("claude-code", "Stop", {"last_assistant_message": "You've hit your session limit · resets 4am"}),
        ("claude-code", "StopFailure", {"error": "invalid_request", "last_assistant_message": "resets 4am"}),
        ("claude-code", "StopFailure", {"error": "overloaded", "last_assistant_message": "API Error: 529"}),
        ("codex", "Stop", {"last_assistant_message": "I wrote: You've hit your usage limit."}),
        ("gemini", "AfterAgent", {"prompt_response": "done. The quota will reset after 2h."}),
        ("mcp", "Stop", {}),
    ],
)
def test_an_agent_that_only_speaks_of_limits_reached_none(
    agent: str, event: str, payload: dict[str, Any]
) -> None:
    assert heard(agent, event, payload) is None


def test_the_limit_comes_before_the_end_of_the_turn_that_it_broke_off() -> None:
    payload = FAILED | {"session_id": "s", "last_assistant_message": "429"}
    told = limited("claude-code", "StopFailure", payload, [c.TurnEnded(session_id="s", failed=True)])
    assert [type(each) for each in told] == [c.HitLimit, c.TurnEnded]


def test_what_it_says_of_a_limit_is_no_answer() -> None:
    said = "You've hit your usage limit. Try again at 4:00 PM."
    payload = {"session_id": "s", "last_assistant_message": said}
    _, end = limited("codex", "Stop", payload, [c.TurnEnded(session_id="s", text=said)])
    assert end == c.TurnEnded(session_id="s", text=said, failed=True)


def test_of_every_agent_it_is_said_what_was_measured() -> None:
    assert {agent for agent, rows in SAYINGS.items() if any(row.measured for row in rows)} == {
        "claude-code",
        "practice",
    }
