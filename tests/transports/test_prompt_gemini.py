"""Gemini CLI's prompt as it is read from recorded screens of the real program."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.transports import dialog_gemini
from daemon.transports.prompt import plain
from daemon.transports.prompt_gemini import GeminiPrompt, is_busy, is_there, read

SCREENS = Path(__file__).parent / "gemini"
PASTED = "[peerline ask a-1 from x@y · agent · #AAAAAAAA]\nline one\nline two <b> & x\n[end #AAAAAAAA]"


def recorded(name: str) -> tuple[list[str], int]:
    """The screen, and the row the cursor is in."""
    cursor, *screen = (SCREENS / f"{name}.txt").read_text().split("\n")
    return screen, int(cursor.removeprefix("cursor "))


def seen(name: str) -> GeminiPrompt | None:
    return read(*recorded(name))


@pytest.mark.parametrize("name", ["idle", "busy", "dialog_no"])
def test_an_empty_prompt_is_empty_though_it_shows_a_hint(name: str) -> None:
    assert seen(name) == GeminiPrompt("")


@pytest.mark.parametrize("name", ["dialog", "shell", "search"])
def test_a_dialog_the_shell_and_the_search_are_no_prompt(name: str) -> None:
    assert seen(name) is None


def test_only_a_dialog_takes_the_prompt_away() -> None:
    assert not is_there(recorded("dialog")[0])
    assert is_there(recorded("idle")[0])


def test_a_dialog_is_read_with_its_options_and_nothing_else_is_one() -> None:
    told = dialog_gemini.read([plain(line) for line in recorded("dialog")[0]])
    assert told
    assert "echo been | tee trace.txt" in told.text
    assert told.options == (
        ("1", "Allow once"),
        ("2", "Allow for this session"),
        ("3", "No, suggest changes (esc)"),
    )
    others = ("idle", "draft", "busy", "dialog_no", "shell", "search", "paste10k")
    assert not any(dialog_gemini.read([plain(line) for line in recorded(name)[0]]) for name in others)


def test_only_what_runs_can_be_cancelled() -> None:
    assert is_busy(recorded("busy")[0])
    assert not any(is_busy(recorded(name)[0]) for name in ("idle", "draft", "dialog", "dialog_no", "shell"))


def test_a_draft_is_read_as_it_is_typed() -> None:
    assert seen("draft") == GeminiPrompt("a draft")


def test_a_prompt_whose_cursor_is_elsewhere_takes_no_keys() -> None:
    screen, row = recorded("draft")
    assert [read(screen, row + n) for n in (-1, 1)] == [None, None]


@pytest.mark.parametrize("name", ["paste4", "paste10k"])
@pytest.mark.parametrize("enters", [1, 2])
def test_a_paste_below_which_an_enter_became_a_new_line_is_still_to_be_sent(name: str, enters: int) -> None:
    screen, row = recorded(name)
    low = [*screen[: row + 1], *[""] * enters, *screen[row + 1 :]]
    assert read(low, row + enters) == seen(name)
    assert read(low, row + enters + 1) is None


def test_a_short_paste_is_known_again_and_no_other() -> None:
    prompt = seen("paste4")
    assert prompt
    assert prompt.is_paste_of(PASTED)
    assert not prompt.is_paste_of(f"{PASTED} and more")
    assert not prompt.is_paste_of(f"more {PASTED}")
    assert not prompt.is_paste_of(PASTED.replace("line one\n", ""))


def test_a_long_paste_is_known_by_its_lines_or_its_characters() -> None:
    by_lines, by_characters = seen("paste10k"), seen("paste1line")
    assert by_lines
    assert by_characters
    assert by_lines.is_paste_of("\n".join("x" * 121))
    assert not by_lines.is_paste_of("\n".join("x" * 120))
    assert by_characters.is_paste_of("x" * 798)
    assert not by_characters.is_paste_of("x" * 797)


def test_words_beside_a_collapsed_paste_are_somebody_elses() -> None:
    assert not GeminiPrompt("[Pasted Text: 3 lines] and more").is_paste_of("a\nb\nc")
