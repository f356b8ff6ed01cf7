"""Codex's dialogs as they are read from recorded screens of 0.169.0, and the keys that say what was decided."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from daemon.core.deciding import ALLOW, APPROVE, DENY, KEEP_PLANNING
from daemon.core.model import Approval, Question
from daemon.transports.dialog import is_about, key
from daemon.transports.dialog_codex import read
from daemon.transports.dialog_shape import Dialog
from tests.transports.test_dialog import approval

SCREENS = Path(__file__).parent / "codex"
LONG = "\n".join(f"echo line {n} > out{n}.txt" for n in range(1, 60))
PATCH = "*** Begin Patch\n*** Add File: zz.txt\n+hello\n+there\n*** End Patch"
COLOURS = ("red", "blue")
QUESTIONS = (
    Question(text="Which colour?", shown="", options=COLOURS),
    Question(text="And which other one is it, then?", shown="", options=COLOURS),
)
REQUESTS = {
    "command": approval(command="echo been here | tee trace.txt"),
    "command_clipped": approval(command=LONG),
    "patch": approval("apply_patch", command=PATCH),
}


def shown(name: str) -> Dialog:
    dialog = read((SCREENS / f"{name}.txt").read_text().split("\n"))
    assert dialog is not None
    return dialog


def asked(*answers: str) -> Approval:
    made = approval("request_user_input", what="question", choice=answers[-1] if answers else DENY)
    return replace(made, questions=QUESTIONS, answers=answers)


@pytest.mark.parametrize(
    ("name", "number_of_no"), [("command", "3"), ("command_clipped", "2"), ("patch", "3")]
)
def test_a_yes_is_the_one_that_says_no_more_than_yes_and_the_number_of_no_is_read_off_the_screen(
    name: str, number_of_no: str
) -> None:
    dialog, request = shown(name), REQUESTS[name]
    assert is_about(dialog, request)
    assert key(dialog, replace(request, choice=ALLOW)) == "1"
    assert key(dialog, replace(request, choice=DENY)) == number_of_no


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_a_dialog_about_something_else_takes_no_key(name: str) -> None:
    others = [approval(command="rm -r ."), *(each for other, each in REQUESTS.items() if other != name)]
    assert not any(is_about(shown(name), each) for each in others)


def test_each_of_several_questions_has_a_key_of_its_own() -> None:
    answered = asked("blue", "red")
    assert [key(shown(name), answered) for name in ("question_1", "question_2")] == ["2", "1"]
    assert is_about(shown("question_2"), answered)


def test_words_of_ones_own_and_a_refusal_are_none_of_the_options() -> None:
    assert key(shown("question_1"), asked("green, my own", "red")) == "3"
    refused = asked()
    assert [key(shown(name), refused) for name in ("question_1", "question_2")] == ["3", "3"]


def test_a_plan_is_gone_by_or_left() -> None:
    made = approval("plan", what="plan", choice=APPROVE)
    assert is_about(shown("plan"), made)
    assert key(shown("plan"), made) == "1"
    assert key(shown("plan"), replace(made, choice=KEEP_PLANNING)) == "Escape"


@pytest.mark.parametrize("name", ["idle", "refused"])
def test_what_is_no_dialog_is_read_as_none(name: str) -> None:
    assert read((SCREENS / f"{name}.txt").read_text().split("\n")) is None


def test_options_that_stand_in_what_is_asked_about_are_not_its_own() -> None:
    lines = (SCREENS / "command.txt").read_text().split("\n")
    at = next(n for n, line in enumerate(lines) if "$ echo" in line)
    lines[at + 1 : at + 1] = ["\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} 1. No", "  2. Yes, proceed"]
    dialog = read(lines)
    assert dialog is not None
    assert dialog.options == shown("command").options
