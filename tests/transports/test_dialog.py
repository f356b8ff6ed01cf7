"""A dialog is answered by a key only when it is the one that was decided about; screens were taken from 2.1.329."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.core.deciding import ACCEPT_EDITS, ALLOW, ALWAYS, APPROVE, DENY, KEEP_PLANNING
from daemon.core.model import Approval, Question
from daemon.core.rules.approval import State
from daemon.transports.dialog import is_about, key, read
from daemon.transports.dialog_shape import Dialog
from tests.core.line import NOON

SCREENS = Path(__file__).parent / "dialogs"
OTHERS = Path(__file__).parent / "screens"

QUESTION = Question(text="Which?", shown="Which?", options=("A", "B"))


def approval(tool: str = "Bash", *, choice: str = ALLOW, what: str = "permission", **given: str) -> Approval:
    return Approval(
        approval_id="a-1",
        ask_id="a-1",
        peer_id="p-1",
        session_id="s-1",
        what=what,
        tool=tool,
        digest="d",
        request=json.dumps(given),
        state=State.DECIDED,
        asked_at=NOON,
        shown_at=NOON,
        choice=choice,
        questions=(QUESTION,) if what == "question" else (),
    )


def lines(name: str) -> list[str]:
    folder = SCREENS if (SCREENS / f"{name}.txt").exists() else OTHERS
    return (folder / f"{name}.txt").read_text().split("\n")


def shown(name: str) -> Dialog:
    dialog = read(lines(name))
    assert dialog is not None
    return dialog


REQUESTS = {
    "bash": approval(command="touch a1"),
    "bash_long": approval(command="\n".join(f"echo line {n} > out{n}.txt" for n in range(1, 41))),
    "bash_clipped": approval(command="\n".join(f"echo line {n} > out{n}.txt" for n in range(1, 41))),
    "edit": approval("Edit", file_path="/home/ada/project/f.txt", old_string="two", new_string="TWO"),
    "write": approval("Write", file_path="/home/ada/project/new.txt", content="hello\nworld\n"),
    "mcp": approval("mcp__probe__ping", word="x"),
    "fetch": approval("WebFetch", url="http://127.0.0.1:9/x", prompt="what"),
    "subagent": approval(command="touch inA"),
    "one_of_two": approval("Read", file_path="/etc/hostname"),
}
NUMBER_OF_NO = {"bash": "4", "edit": "3", "mcp": "3", "fetch": "3", "subagent": "4", "bash_clipped": "4"}


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_a_yes_is_the_option_that_says_no_more_than_yes(name: str) -> None:
    dialog, asked = shown(name), REQUESTS[name]
    assert is_about(dialog, asked)
    assert key(dialog, asked) == "1"
    # Its own "don't ask again" holds longer than what the card said.
    assert key(dialog, replace(asked, choice=ALWAYS)) == "1"


@pytest.mark.parametrize(("name", "number"), sorted(NUMBER_OF_NO.items()))
def test_the_number_of_no_is_read_off_the_screen(name: str, number: str) -> None:
    assert key(shown(name), replace(REQUESTS[name], choice=DENY)) == number


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_another_request_is_not_mistaken_for_the_one_on_the_screen(name: str) -> None:
    dialog = shown(name)
    others = [each for other, each in REQUESTS.items() if other.partition("_")[0] != name.partition("_")[0]]
    strangers = (
        approval(command="rm -rf ~"),
        approval("Write", file_path="/etc/passwd"),
        approval("mcp__x__drop"),
    )
    assert not [each for each in (*others, *strangers) if is_about(dialog, each)]


def test_a_tool_of_several_words_is_found_by_the_title_that_claude_code_makes_of_it() -> None:
    screen = [
        *(
            "─" * 20,
            " Tool use",
            " peerline — Spawn Peer Tool: (MCP)",
            ' path: "/src/project"',
            " backend: codex",
        ),
        *(
            "",
            " Do you want to proceed?",
            " \N{HEAVY RIGHT-POINTING ANGLE QUOTATION MARK ORNAMENT} 1. Yes",
            "   2. No",
        ),
    ]
    dialog = read(screen)
    assert dialog
    assert is_about(dialog, approval("mcp__peerline__spawn_peer", path="/src/project"))
    assert not is_about(dialog, approval("mcp__peerline__kill_peer", peer="builder"))


def test_what_stands_in_the_conversation_above_is_not_the_dialog() -> None:
    """The call before it was of the same form: its words are on the screen, too."""
    assert not is_about(shown("edit"), approval(command="touch a3"))


def test_a_question_is_answered_by_its_option_and_only_by_that() -> None:
    dialog, asked = shown("question"), approval("AskUserQuestion", what="question", choice="B")
    assert is_about(dialog, asked)
    assert key(dialog, asked) == "2"
    assert key(dialog, replace(asked, choice="", words="something else")) == ""
    assert key(dialog, replace(asked, choice="C")) == ""


@pytest.mark.parametrize("name", ["questions", "many"])
def test_several_questions_and_several_choices_have_no_one_key(name: str) -> None:
    asked = approval("AskUserQuestion", what="question", choice="A")
    many = replace(asked, questions=(replace(QUESTION, many=True),))
    assert key(shown(name), many) == ""
    assert key(shown(name), replace(asked, questions=(QUESTION, QUESTION))) == ""


def test_a_plan_is_approved_without_more_than_was_said_and_kept_by_escape() -> None:
    dialog, asked = shown("plan"), approval("ExitPlanMode", what="plan", choice=APPROVE, plan="1. Do this")
    assert is_about(dialog, asked)
    assert key(dialog, asked) == "2"
    assert key(dialog, replace(asked, choice=ACCEPT_EDITS)) == "2"  # "auto mode" is more than accepting edits
    assert key(dialog, replace(asked, choice=KEEP_PLANNING)) == "Escape"


@pytest.mark.parametrize("name", ["trust", "unnumbered", *sorted(path.stem for path in OTHERS.glob("*.txt"))])
def test_on_every_other_screen_no_key_is_found(name: str) -> None:
    dialog = read(lines(name))
    asked = approval(command="touch pb")
    assert dialog is None or not is_about(dialog, asked) or not key(dialog, asked)


def test_a_dialog_without_numbers_is_none_that_can_be_answered() -> None:
    assert read(lines("unnumbered")) is None
