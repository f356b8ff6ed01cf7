"""What each hook of the real Gemini CLI means, from payloads it really sent, and what it is answered."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daemon.agents import gemini
from daemon.agents.gemini import HAND_OUT_LIMIT, MOST_IN_A_ROW, NOTHING
from daemon.agents.interface import Surroundings
from daemon.callers import gemini_chat
from daemon.core import commands as c
from daemon.core.errors import Malformed
from daemon.core.model import Denial, Pane, Turn
from daemon.core.rules.frame import framed, joined
from tests.transports.parcels import parcel

RECORDED = Path(__file__).parent / "payloads/gemini"
SESSION = "8712f5ea-aef0-4eec-84ab-71c808c9b7c9"
PANE = Pane(tmux="/s", server_pid=2, pane_id="%7", pane_pid=3, pane_started=4, server_started=5)
AROUND = Surroundings(pid=42, started=43, machine="box", circle="dev", repo="/r", branch="main", pane=PANE)
REGISTERED = c.RegisterSession(
    session_id=SESSION,
    backend="gemini",
    pid=42,
    started=43,
    wish="project",
    circle="dev",
    path="/home/ada/project",
    repo="/r",
    branch="main",
    machine="box",
    transcript="/home/ada/.gemini/tmp/project/chats/session-2026-11-22T02-42-8712f5ea.jsonl",
    pane=PANE,
    inbox="",
)


def payload(name: str, **changed: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text())["payload"]
    return told | changed


def meant(name: str, around: Surroundings = AROUND, **changed: Any) -> list[c.Command]:
    event = name.partition("-")[0]
    first, *rest = gemini.commands(event, payload(name, **changed), around)
    assert isinstance(first, c.RegisterSession) or event == "SessionEnd"
    return rest if isinstance(first, c.RegisterSession) else [first, *rest]


@pytest.mark.parametrize("name", sorted(path.stem for path in RECORDED.glob("*.json")))
def test_every_event_but_the_end_registers_first(name: str) -> None:
    first, *_ = gemini.commands(name.partition("-")[0], payload(name), AROUND)
    if name.startswith("SessionStart"):
        assert first == replace(REGISTERED, turn=Turn.IDLE, turn_source="hook", transcript=first.transcript)
    elif not name.startswith("SessionEnd"):
        assert first == REGISTERED


def test_a_prompt_with_a_mark_is_evidence() -> None:
    handed = framed(parcel("how far?"))
    [began] = meant("BeforeAgent", prompt=handed)
    assert isinstance(began, c.TurnBegan)
    assert len(began.marks) == 1


def test_the_end_of_a_turn_answers_and_hands_out() -> None:
    ended, handed = meant("AfterAgent", replace(AROUND, said="the last words"))
    assert ended == c.TurnEnded(session_id=SESSION, text="the last words")
    assert handed == c.HandOut(session_id=SESSION, limit=HAND_OUT_LIMIT)


def test_where_no_last_words_are_known_all_that_was_said_is_the_answer() -> None:
    ended, _ = meant("AfterAgent")
    assert isinstance(ended, c.TurnEnded)
    assert ended.text == payload("AfterAgent")["prompt_response"]


def test_a_turn_that_was_broken_off_answers_nothing_and_is_handed_nothing() -> None:
    assert meant("AfterAgent", prompt_response=NOTHING) == [c.TurnEnded(session_id=SESSION, text="")]


def test_one_turn_is_not_gone_on_with_for_ever() -> None:
    assert len(meant("AfterAgent", replace(AROUND, handed=MOST_IN_A_ROW - 1))) == 2
    assert len(meant("AfterAgent", replace(AROUND, handed=MOST_IN_A_ROW))) == 1


def test_replayed_hooks_are_handed_nothing_and_brake_nothing() -> None:
    late = replace(AROUND, live=False)
    assert [len(meant(name, late)) for name in ("AfterAgent", "BeforeTool")] == [1, 1]


def test_a_dialog_is_told_with_what_it_is_about() -> None:
    details = {"type": "info", "title": "Confirm Fetch", "prompt": "look at http://127.0.0.1:9"}
    [waits] = meant("Notification-ToolPermission", details=details)
    assert waits == c.TurnWaits(session_id=SESSION, what="Confirm Fetch: look at http://127.0.0.1:9")


def test_a_command_is_asked_about_whole_and_closed_by_its_call() -> None:
    [asked] = meant("Notification-ToolPermission")
    assert isinstance(asked, c.RequestApproval)
    assert "echo been here | tee trace.txt" in asked.shown
    assert asked.options == ("Allow", "Deny")
    made = {"command": "echo been here | tee trace.txt", "description": "a step"}
    [_, closed] = meant("AfterTool", tool_input=made)
    assert isinstance(closed, c.CloseApprovals)
    assert closed.request == asked.request


def test_an_edit_is_asked_about_with_its_difference_and_closed_by_its_call() -> None:
    details = {
        "type": "edit",
        "title": "Confirm Write",
        "filePath": "/home/ada/project/a.txt",
        "fileDiff": "+hello",
    }
    [asked] = meant("Notification-ToolPermission", details=details)
    assert isinstance(asked, c.RequestApproval)
    assert "+hello" in asked.shown
    [_, closed] = meant("AfterTool", tool_input={"file_path": "a.txt", "content": "hello"})
    assert isinstance(closed, c.CloseApprovals)
    assert closed.request == asked.request


def test_outside_tmux_nobody_is_asked_what_no_key_could_answer() -> None:
    [waits] = meant("Notification-ToolPermission", replace(AROUND, pane=None))
    assert isinstance(waits, c.TurnWaits)


def test_a_call_is_told_and_may_be_braked() -> None:
    went, call = meant("BeforeTool")
    assert went == c.TurnWent(session_id=SESSION, doing="run_shell_command: ls -a")
    assert call == c.BeginCall(session_id=SESSION, limit=0)


def test_what_is_handed_over_is_the_next_prompt_as_it_is() -> None:
    one = parcel("a <b> & c")
    assert gemini.answer("AfterAgent", [one]) == {"decision": "deny", "reason": joined([one])}
    assert gemini.answer("AfterAgent", []) is None
    assert gemini.answer("BeforeAgent", [one]) is None  # what goes that way is escaped


def test_a_braked_call_is_denied_in_words() -> None:
    assert gemini.answer("BeforeTool", Denial("stopped")) == {"decision": "deny", "reason": "stopped"}


def test_without_a_session_it_is_somebody_elses_hook() -> None:
    with pytest.raises(Malformed):
        gemini.commands("AfterAgent", {}, AROUND)


# -- its transcript --------------------------------------------------------------------------------------

SAID = {"type": "gemini", "id": "1", "content": "first this"}
CANCELLED = {"type": "info", "content": "Request cancelled."}
SURROUNDINGS = {"type": "user", "content": [{"text": "<session_context>\nThis is"}, {"text": "long work"}]}
ASKED = {"type": "user", "content": [{"text": "go on"}]}


def chat(folder: Path, *records: object) -> str:
    path = folder / "chat.jsonl"
    path.write_text("".join(f"{json.dumps(each)}\n" for each in ({"sessionId": "x"}, *records, {"$set": {}})))
    return str(path)


def test_the_last_words_are_the_end_of_the_response(tmp_path: Path) -> None:
    path = chat(tmp_path, ASKED, SAID, {**SAID, "content": "then that"})
    assert gemini_chat.last_words(path, "first this\nthen that") == "then that"


@pytest.mark.parametrize("records", [(), (SAID, ASKED), (ASKED, SAID)])
def test_what_the_transcript_does_not_say_yet_is_not_taken_for_the_last_words(
    tmp_path: Path, records: tuple[object, ...]
) -> None:
    assert gemini_chat.last_words(chat(tmp_path, *records), "first this\nthen that") == ""


def test_what_was_broken_off_is_idle_until_something_comes(tmp_path: Path) -> None:
    assert gemini_chat.turn_of(chat(tmp_path, ASKED, CANCELLED)) is Turn.IDLE
    assert gemini_chat.turn_of(chat(tmp_path, ASKED, CANCELLED, SURROUNDINGS)) is Turn.IDLE
    assert gemini_chat.turn_of(chat(tmp_path, ASKED, CANCELLED, SURROUNDINGS, ASKED)) is Turn.UNKNOWN
    assert gemini_chat.turn_of(chat(tmp_path, ASKED)) is Turn.UNKNOWN
    assert gemini_chat.turn_of(str(tmp_path / "none")) is Turn.UNKNOWN
