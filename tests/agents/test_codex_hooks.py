"""What each hook of the real Codex means, from payloads it really sent, and what it is answered."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daemon.agents import codex, requests
from daemon.agents.interface import Surroundings
from daemon.agents.speech import HAND_OUT_LIMIT
from daemon.core import commands as c
from daemon.core.errors import Malformed
from daemon.core.model import Denial, Pane, Turn
from daemon.core.rules.frame import framed
from daemon.core.rules.roads import INTERRUPTED
from tests.transports.parcels import parcel

PAYLOADS = Path(__file__).parent / "payloads/codex"
AROUND = Surroundings(pid=7, started=8, machine="m", circle="dev", config_dir="/home/ada/.codex")
SESSION = "01a20121-850d-7351-8e4b-8c7d572c38f7"


def payload(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text())["payload"]
    return found


def meant(name: str, around: Surroundings = AROUND, **more: object) -> list[c.Command]:
    return list(codex.commands(name.split("-", maxsplit=1)[0], {**payload(name), **more}, around))


@pytest.mark.parametrize("name", sorted(path.stem for path in PAYLOADS.glob("*.json")))
def test_every_event_but_the_last_registers_the_session_first(name: str) -> None:
    first = meant(name)[0]
    if name.startswith("SessionEnd"):
        assert first == c.EndSession(session_id=SESSION, why="other")
    else:
        assert isinstance(first, c.RegisterSession)
        assert (first.session_id, first.backend, first.wish) == (SESSION, "codex", "project")
        assert first.transcript.endswith(f"{SESSION}.jsonl")


def test_a_start_is_told_with_a_prompt_so_a_turn_is_about_to_begin() -> None:
    [started, briefed] = meant("SessionStart-startup")
    assert isinstance(started, c.RegisterSession)
    assert (started.turn, started.forked) == (Turn.WORKING, False)
    assert (started.briefs, type(briefed)) == (True, c.BriefSession)
    [fork, _] = meant("SessionStart-startup", source="fork")
    assert isinstance(fork, c.RegisterSession)
    assert fork.forked


def test_a_prompt_begins_a_turn_that_is_known_by_its_number() -> None:
    prompt = framed(parcel())
    _, began, passing = meant("UserPromptSubmit", prompt=prompt)
    assert isinstance(began, c.TurnBegan)
    assert began.marks == (parcel().delivery.mark,)
    assert began.prompt_id == payload("UserPromptSubmit")["turn_id"]
    assert passing == c.HandOut(session_id=SESSION, limit=HAND_OUT_LIMIT, passing=True)


def test_the_end_of_a_turn_answers_and_takes_what_waits() -> None:
    _, ended, handing = meant("Stop", stop_hook_active=True)
    number = payload("Stop")["turn_id"]
    assert ended == c.TurnEnded(session_id=SESSION, text="stub: .git", prompt_id=number, continuing=True)
    out = c.HandOut(session_id=SESSION, limit=HAND_OUT_LIMIT, changes="<>&", prompt_id=number)
    assert handing == out


def test_an_interrupt_ends_the_turn_without_an_answer() -> None:
    _, ended = meant("Interrupt")
    assert ended == c.TurnObserved(session_id=SESSION, turn=Turn.IDLE, source=INTERRUPTED)


def test_a_tool_call_may_be_denied_and_what_it_needed_was_allowed_once_it_was_made() -> None:
    _, went, begins = meant("PreToolUse")
    assert isinstance(went, c.TurnWent)
    assert isinstance(begins, c.BeginCall)
    assert went.doing == "Bash: ls -a"
    _, _, closes, between = meant("PostToolUse")
    assert isinstance(closes, c.CloseApprovals)
    assert isinstance(between, c.HandOut)
    assert between.between


def test_a_request_is_shown_whole_and_closed_by_the_call_that_it_was_about() -> None:
    _, asked = meant("PermissionRequest")
    assert isinstance(asked, c.RequestApproval)
    assert "echo been here | tee trace.txt" in asked.shown
    assert "May this run outside of the sandbox?" in asked.shown
    _, _, closes, _ = meant("PostToolUse", tool_input={"command": "echo been here | tee trace.txt"})
    assert isinstance(closes, c.CloseApprovals)
    assert (closes.tool, closes.request) == (asked.tool, asked.request)
    assert asked.request == requests.request({"command": "echo been here | tee trace.txt"})


def test_a_run_for_one_prompt_asks_nobody() -> None:
    alone = Surroundings(pid=7, started=8, machine="m", circle="dev", lasting=False)
    assert [type(each) for each in meant("PermissionRequest", alone)] == [c.RegisterSession]


def test_a_subagent_never_registers_but_brakes_hold_for_it() -> None:
    assert meant("PreToolUse", agent_id="x") == [c.BeginCall(session_id=SESSION, limit=0)]
    assert meant("Stop", agent_id="x") == []


def test_what_is_handed_over_at_the_end_is_a_reason_to_go_on_and_elsewhere_context() -> None:
    assert codex.answer("Stop", [parcel()]) == {"decision": "block", "reason": framed(parcel())}
    assert codex.answer("Stop", []) is None
    beside = {"hookEventName": "PostToolUse", "additionalContext": framed(parcel())}
    assert codex.answer("PostToolUse", [parcel()]) == {"hookSpecificOutput": beside}
    denied = codex.answer("PreToolUse", Denial("stopped"))
    assert denied is not None
    assert denied["hookSpecificOutput"]["permissionDecision"] == "deny"


def test_what_is_nobodys_is_refused() -> None:
    with pytest.raises(Malformed, match="no session_id"):
        codex.commands("Stop", {}, AROUND)


# --- questions and plans ----------------------------------------------------------------------------------------------

COLOURS = [{"label": "red", "description": "warm"}, {"label": "blue", "description": "cold"}]
ASKS = {"questions": [{"id": "a", "header": "A", "question": "Which colour?", "options": COLOURS}]}
PANE = Pane(tmux="/s", server_pid=2, pane_id="%7", pane_pid=3, pane_started=4, server_started=5)
IN_TMUX = replace(AROUND, pane=PANE)


def asks(around: Surroundings, **more: object) -> c.RequestApproval | None:
    *_, begins = meant("PreToolUse", around, tool_name="request_user_input", tool_input=ASKS, **more)
    assert isinstance(begins, c.BeginCall)
    return begins.asks


def test_a_question_is_asked_with_its_call_where_keys_reach_its_dialog() -> None:
    asked = asks(IN_TMUX)
    assert asked
    assert (asked.what, asked.options, [each.text for each in asked.questions]) == (
        "question",
        ("red", "blue"),
        ["Which colour?"],
    )
    assert asks(AROUND) is None
    assert asks(replace(IN_TMUX, lasting=False)) is None
    assert meant("PreToolUse", IN_TMUX)[-1] == c.BeginCall(session_id=SESSION, limit=codex.DENIAL_LIMIT)


def test_the_calls_result_tells_what_was_answered() -> None:
    told = json.dumps({"answers": {"a": {"answers": ["blue"]}}})
    more = {"tool_name": "request_user_input", "tool_input": ASKS, "tool_response": told}
    _, _, closes, _ = meant("PostToolUse", **more)
    assert isinstance(closes, c.CloseApprovals)
    assert (closes.answers, closes.outcome) == (("blue",), "answered at the agent itself: blue")
    _, _, closes, _ = meant("PostToolUse", **{**more, "tool_response": "cancelled"})
    assert isinstance(closes, c.CloseApprovals)
    assert closes.answers == ()


def test_a_plan_is_among_the_last_words_and_put_before_people_while_the_agent_takes_prompts() -> None:
    _, ended, asked, handing = meant(
        "Stop", replace(IN_TMUX, plan="# Blue"), last_assistant_message="Here.\n"
    )
    assert isinstance(ended, c.TurnEnded)
    assert isinstance(asked, c.RequestApproval)
    assert isinstance(handing, c.HandOut)
    assert (ended.text, asked.what, asked.rests) == ("Here.\n\n# Blue", "plan", True)
    assert "# Blue" in asked.shown
    _, alone, _ = meant("Stop", replace(AROUND, plan="# Blue"), last_assistant_message=None)
    assert isinstance(alone, c.TurnEnded)
    assert alone.text == "# Blue"
