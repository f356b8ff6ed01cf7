"""What OpenCode's plugin tells means what it says, by the recorded payloads; no process runs here."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from daemon.agents import opencode
from daemon.agents.interface import Surroundings
from daemon.core import commands as c
from daemon.core.deciding import ALLOW, ALWAYS, DENY
from daemon.core.errors import Malformed
from daemon.core.model import Approval, Denial, Turn
from daemon.core.rules.approval import State, What
from daemon.core.rules.frame import framed
from tests.agents.recording import RECORDED
from tests.transports.parcels import parcel

Json = dict[str, Any]
SESSION = "ses_dfecd9e0effet5gwznR3TsDAef"
CWD = "/home/ada/project"
AROUND = Surroundings(pid=7, started=70, machine="box", circle="dev")
WHEN = datetime(2026, 11, 22, 3, tzinfo=UTC)


def told(**more: Any) -> Json:
    return {"session_id": SESSION, "cwd": CWD, **more}


def properties(event: str) -> Json:
    payload: Json = json.loads((RECORDED / "opencode" / f"{event}.json").read_text())["payload"]
    found: Json = payload["properties"]
    return found


def meant(event: str, around: Surroundings = AROUND, **more: Any) -> tuple[c.Command, ...]:
    """Without the registration, which comes first."""
    first, *rest = opencode.commands(event, told(**more), around)
    assert isinstance(first, c.RegisterSession)
    return tuple(rest)


def asked(**changed: Any) -> c.RequestApproval:
    [request] = meant("permission.asked", properties={**properties("permission.asked"), **changed})
    assert isinstance(request, c.RequestApproval)
    return request


def approval(request: c.RequestApproval, choice: str = "", **more: Any) -> Approval:
    return Approval(
        approval_id="a-1",
        ask_id="a-1",
        peer_id="p-1",
        session_id=SESSION,
        what=request.what,
        tool=request.tool,
        digest=request.digest,
        request=request.request,
        questions=request.questions,
        state=State.DECIDED,
        asked_at=WHEN,
        shown_at=WHEN,
        choice=choice,
        by="ada",
        **more,
    )


def test_whatever_comes_first_registers_the_session_of_that_process() -> None:
    [register, *_] = opencode.commands("chat.message", told(prompt="hello"), AROUND)
    assert register == c.RegisterSession(
        session_id=SESSION,
        backend="opencode",
        pid=7,
        started=70,
        wish="project",
        circle="dev",
        path=CWD,
        machine="box",
    )


def test_before_the_first_prompt_it_is_there_under_a_name_of_its_own() -> None:
    payload = {"session_id": "opencode-7-1", "cwd": CWD, "turn": "pending_first_turn"}
    [register] = opencode.commands("here", payload, AROUND)
    assert isinstance(register, c.RegisterSession)
    assert register.turn is Turn.PENDING_FIRST_TURN


def test_the_session_that_it_follows_is_over_first() -> None:
    [ended, register, *_] = opencode.commands("chat.message", told(before="opencode-7-1"), AROUND)
    assert ended == c.EndSession(session_id="opencode-7-1", why="followed by another session")
    assert isinstance(register, c.RegisterSession)


def test_a_prompt_begins_a_turn_and_its_marks_are_evidence() -> None:
    began, passing = meant("chat.message", prompt_id="msg_1", prompt="[x]\nhi\n[end #8H2KQ0TZ]")
    assert began == c.TurnBegan(session_id=SESSION, marks=("8H2KQ0TZ",), prompt_id="msg_1")
    assert isinstance(passing, c.HandOut)
    assert passing.passing


def test_a_turn_ends_with_its_last_words() -> None:
    ended = meant("session.idle", prompt_id="msg_1", error="", last_assistant_message="done")
    assert ended == (c.TurnEnded(session_id=SESSION, text="done", prompt_id="msg_1"),)


def test_a_turn_that_was_interrupted_is_idle_and_answers_nothing() -> None:
    error = properties("session.error")["error"]["name"]
    observed = meant("session.idle", prompt_id="msg_1", error=error, last_assistant_message="half")
    assert observed == (c.TurnObserved(session_id=SESSION, turn=Turn.IDLE, source="hook"),)


def test_a_turn_that_failed_says_nothing() -> None:
    [ended] = meant("session.idle", error="APIError", last_assistant_message="half")
    assert ended == c.TurnEnded(session_id=SESSION, text="", failed=True)


@pytest.mark.parametrize("turn", ["idle", "working", "awaiting_input"])
def test_who_comes_back_says_what_its_turn_is(turn: str) -> None:
    assert meant("here", turn=turn) == (c.TurnObserved(session_id=SESSION, turn=Turn(turn), source="hook"),)


@pytest.mark.parametrize("turn", ["pending_first_turn", "", "dreaming", 3])
def test_what_is_no_turn_of_a_session_changes_none(turn: object) -> None:
    assert meant("here", turn=turn) == ()


def test_a_call_can_be_stopped_before_it_is_made() -> None:
    went, begin = meant("tool.execute.before", tool="bash", args={"command": "ls -a"})
    assert went == c.TurnWent(session_id=SESSION, doing="bash: ls -a")
    assert isinstance(begin, c.BeginCall)
    assert begin.limit > 0


def test_a_subagents_call_is_braked_and_is_given_nothing_to_read() -> None:
    assert meant("tool.execute.before", tool="bash", subagent="ses_2") == (
        c.BeginCall(session_id=SESSION, limit=0),
    )


@pytest.mark.parametrize("event", ["chat.message", "session.idle", "tool.execute.after"])
def test_nothing_else_of_a_subagent_is_its_sessions(event: str) -> None:
    assert meant(event, subagent="ses_2") == ()


def test_notices_come_with_a_result_that_can_carry_them_only() -> None:
    assert [type(x) for x in meant("tool.execute.after", carries=True)] == [c.TurnWent, c.HandOut]
    assert [type(x) for x in meant("tool.execute.after", carries=False)] == [c.TurnWent]


@pytest.mark.parametrize("event", ["chat.message", "tool.execute.before", "tool.execute.after"])
def test_what_nobody_waits_for_any_more_hands_out_nothing(event: str) -> None:
    around = Surroundings(pid=7, started=70, machine="box", circle="dev", live=False)
    found = meant(event, around, carries=True)
    assert not any(isinstance(x, c.HandOut | c.BeginCall) for x in found)


def test_whose_process_is_gone_is_not_registered() -> None:
    around = Surroundings(pid=0, started=0, machine="box", circle="dev", live=False)
    found = opencode.commands("session.idle", told(last_assistant_message="done", before="x"), around)
    assert found == (c.TurnEnded(session_id=SESSION, text="done"),)


@pytest.mark.parametrize("session_id", [None, "", 3])
def test_without_a_session_it_is_malformed(session_id: object) -> None:
    with pytest.raises(Malformed):
        opencode.commands("session.idle", {"session_id": session_id}, AROUND)


# -- what it asks its person -----------------------------------------------------------------------------


def test_a_request_shows_all_that_is_decided_about() -> None:
    request = asked()
    assert (request.what, request.tool) == (What.PERMISSION, "bash")
    assert "```bash\nls -a\n```" in request.shown
    assert f"`{CWD}`" in request.shown
    assert "until OpenCode ends: `ls *`" in request.shown
    assert request.options == (ALLOW, ALWAYS, DENY)


def test_of_another_request_the_digest_is_another() -> None:
    assert asked().digest != asked(metadata={"command": "ls -b"}).digest


@pytest.mark.parametrize("always", [[], None, ["two\nlines"], [3], ["x" * 1000]])
def test_always_is_offered_only_where_all_of_it_can_be_shown(always: object) -> None:
    assert asked(always=always).options == (ALLOW, DENY)


def test_without_details_its_patterns_are_shown() -> None:
    assert "ls -a" in asked(metadata={}).shown


def test_a_subagents_request_says_whose_it_is() -> None:
    [request] = meant("permission.asked", subagent="ses_2", properties=properties("permission.asked"))
    assert isinstance(request, c.RequestApproval)
    assert (request.subagent, "a subagent (ses_2)" in request.shown) == ("ses_2", True)


def test_what_was_decided_at_opencode_closes_exactly_that_request() -> None:
    first = properties("permission.asked")
    [closed] = meant("permission.replied", properties=properties("permission.replied"), asked=first)
    assert isinstance(closed, c.CloseApprovals)
    assert (closed.tool, closed.request) == ("bash", asked().request)
    assert closed.request != asked(id="per_other").request


@pytest.mark.parametrize(
    ("choice", "words", "reply"),
    [
        (ALLOW, "", {"reply": "once"}),
        (ALWAYS, "", {"reply": "always"}),
        (DENY, "", {"reply": "reject", "message": "denied by ada"}),
        ("", "not today", {"reply": "reject", "message": "not today"}),
    ],
)
def test_a_decision_is_a_reply(choice: str, words: str, reply: Json) -> None:
    assert opencode.decision(approval(asked(), choice, words=words)) == reply


QUESTIONS = [
    {
        "question": "Which?",
        "header": "W",
        "options": [{"label": "red", "description": "r"}, {"label": "blue"}],
    },
    {"question": "And?", "header": "A", "options": [{"label": "a"}, {"label": "b"}], "multiple": True},
]


def test_questions_are_asked_and_answered_by_their_labels() -> None:
    [request] = meant("question.asked", properties={"id": "que_1", "questions": QUESTIONS})
    assert isinstance(request, c.RequestApproval)
    assert (request.what, request.options) == (What.QUESTION, ("red", "blue"))
    decided = approval(request, answers=("my own", "a, b"))
    assert opencode.decision(decided) == {"reply": "answer", "answers": [["my own"], ["a", "b"]]}
    assert opencode.decision(approval(request, answers=("red",))) == {"reply": "reject"}


def test_a_question_in_no_form_we_know_is_told_of() -> None:
    assert meant("question.asked", properties={"id": "que_1", "questions": [{}]}) == (
        c.TurnWaits(session_id=SESSION, what="a question"),
    )


# -- what the plugin is answered -------------------------------------------------------------------------


def test_messages_are_added_and_a_denial_is_a_refusal() -> None:
    assert opencode.answer("chat.message", ()) is None
    assert opencode.answer("chat.message", (parcel("news"),)) == {"add": framed(parcel("news"))}
    denied = opencode.answer("tool.execute.before", Denial("stopped by ada"))
    assert denied == {"refuse": "stopped by ada"}
