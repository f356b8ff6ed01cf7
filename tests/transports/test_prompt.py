"""The prompt as it is read from screens of the real program: recorded ones, and a few that differ in one thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.transports.prompt import Prompt, read

SCREENS = Path(__file__).parent / "screens"
FRAME = "[peerline ask a-7k2m9q4x1z from backend@dev · agent · #8H2KQ0TZ]\n{}\n[end #8H2KQ0TZ]"
RULE = "─" * 80
FOOT = "  ⏸ manual mode on · ? for shortcuts"
ANGLE = "\N{HEAVY RIGHT-POINTING ANGLE QUOTATION MARK ORNAMENT}"
SIGN = f"{ANGLE}\u00a0"


def recorded(name: str) -> tuple[list[str], int]:
    """The screen, and the row the cursor is in."""
    cursor, *screen = (SCREENS / f"{name}.txt").read_text().split("\n")
    return screen, int(cursor.removeprefix("cursor "))


def seen(name: str) -> Prompt | None:
    return read(*recorded(name))


def drawn(*box: str, above: str = RULE) -> list[str]:
    return ["● words of the agent", "", above, *box, RULE, FOOT, ""]


NO_PROMPT = {
    "permission",
    "question",
    "config",
    "resume",
    "rewind",
    "transcript",
    "shell",
    "history_search",  # drawn as an empty prompt: what is typed goes into the search, Enter runs an old command
    "agents_view",  # what is typed there begins a new session
}
EMPTY = {"fresh", "after_turn", "box_in_text", "shortcuts", "busy_queued"}
DRAFTS = {
    "draft": "a draft",
    "draft_two_lines": "line one\nline two",
    "slash_menu": "/",
    "interrupted": "slowly",
    "paste_collapsed": "[Pasted text #1 +3 lines]",
    "paste_collapsed_and_typed": "[Pasted text #1 +3 lines] and more",
    "paste_long_line": "[Pasted text #2]",
}
PASTES = {
    "paste_wrapped": ("a body that wraps, " * 12).strip(),
    "paste_odd_signs": "grüße 👩‍💻 e\u0301 日本語 a\u200bb ✔️\ttab \u202eabc",
    "paste_too_tall": ("w " * 300).strip(),
    "paste_collapsed": "two\nlines",
}
OTHERS = {"draft_before_paste"}


@pytest.mark.parametrize("name", sorted(NO_PROMPT))
def test_where_keys_would_not_go_to_the_prompt_there_is_none(name: str) -> None:
    assert seen(name) is None


@pytest.mark.parametrize("name", sorted(EMPTY))
def test_an_empty_prompt_is_empty(name: str) -> None:
    assert seen(name) == Prompt("")


@pytest.mark.parametrize("name", sorted(DRAFTS))
def test_a_draft_is_read_as_it_was_typed(name: str) -> None:
    assert seen(name) == Prompt(DRAFTS[name])


def test_every_recorded_screen_is_tried() -> None:
    assert {path.stem for path in SCREENS.iterdir()} == NO_PROMPT | EMPTY | {*DRAFTS} | {*PASTES} | OTHERS


# --- whose text it is -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(PASTES))
def test_our_own_paste_is_known_again(name: str) -> None:
    assert seen(name).is_paste_of(FRAME.format(PASTES[name]))


@pytest.mark.parametrize("name", sorted({*DRAFTS, *OTHERS} - {*PASTES}))
def test_a_draft_is_not_taken_for_our_paste(name: str) -> None:
    for body in ("short", "two\nlines", "three\nlines\nhere"):
        assert not seen(name).is_paste_of(FRAME.format(body))


@pytest.mark.parametrize("name", sorted({*PASTES} - {"paste_collapsed"}))
def test_of_another_message_it_is_no_paste(name: str) -> None:
    other = FRAME.replace("8H2KQ0TZ", "8H2KQ0T0").format(PASTES[name])

    assert not seen(name).is_paste_of(other)


def test_of_a_collapsed_paste_only_the_number_of_lines_is_known() -> None:
    shown = seen("paste_collapsed")

    assert shown.is_paste_of(FRAME.format("other\nlines"))
    assert not shown.is_paste_of(FRAME.format("other lines"))


@pytest.mark.parametrize(
    "typed",
    [
        "x{}",
        "{}x",
        "日本{}",
        "{}日本",
        "{}{}",
        "[{}",
        "{}]",
    ],
)
def test_anything_before_or_behind_the_paste_makes_it_another(typed: str) -> None:
    whole = FRAME.format("short")

    assert Prompt(whole).is_paste_of(whole)
    assert not Prompt(typed.format(whole, whole)).is_paste_of(whole)


@pytest.mark.parametrize("shown", ["8H2KQ0TZ]", "x\n[end #8H2KQ0TZ]", "", "[end #8H2KQ0TZ] and more"])
def test_the_end_of_a_paste_counts_only_with_its_whole_last_line(shown: str) -> None:
    assert Prompt("w\n[end #8H2KQ0TZ]", clipped=True).is_paste_of(FRAME.format("w w"))
    assert not Prompt(shown, clipped=True).is_paste_of(FRAME.format("w w"))
    assert not Prompt("w\n[end #8H2KQ0TZ]").is_paste_of(FRAME.format("w w"))  # the start is to be seen


# --- what differs in one thing ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "suggested",
    [
        "\x1b[7mr\x1b[0;2mun the tests\x1b[0m",
        "\x1b[7mT\x1b[0m\x1b[2mry something\x1b[22m",
        "\x1b[2mrun the tests\x1b[0m",
        "\x1b[7m \x1b[27m\x1b[2mrun\x1b[0m",
    ],
)
def test_a_suggestion_is_no_draft(suggested: str) -> None:
    assert read(drawn(SIGN + suggested), 3) == Prompt("")


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("run\x1b[7m \x1b[0m", "run"),
        ("ru\x1b[7mn\x1b[0m it", "run it"),
        ("/co\x1b[2mmpact\x1b[0m", "/co"),
        ("\x1b[1mbold\x1b[0;38;5;2m green\x1b[39m", "bold green"),
        ("\x1b[38;5;2mnot dim\x1b[0m", "not dim"),
        ("\x1b[38;2;2;2;2mnot dim\x1b[0m", "not dim"),
        ("\x1b[38:2::2:2:2;4:2mnot dim\x1b[0m", "not dim"),
        ("\x1b[38;5;1;2mdim\x1b[22mnot", "not"),
        ("\x1b[48;5;7mnot reversed\x1b[2m suggested\x1b[0m", "not reversed"),
    ],
)
def test_typed_words_are_a_draft_however_they_are_coloured(typed: str, text: str) -> None:
    assert read(drawn(SIGN + typed), 3) == Prompt(text)


@pytest.mark.parametrize("row", [0, 1, 2, 4, 5, 6, -1])
def test_without_the_cursor_in_it_no_prompt_is_ours(row: int) -> None:
    assert read(drawn(SIGN), 3) == Prompt("")
    assert read(drawn(SIGN), row) is None


@pytest.mark.parametrize("sign", [f"{ANGLE} ", "> ", "!\u00a0", "", "  "])
def test_another_sign_is_another_prompt(sign: str) -> None:
    assert read(drawn(sign), 3) is None


@pytest.mark.parametrize(
    "screen", [[], [""], ["$ "], [RULE], [RULE, RULE], [RULE, SIGN], [SIGN], [SIGN, RULE], ["", "  ", RULE]]
)
@pytest.mark.parametrize("row", [0, 1, 2])
def test_half_a_box_is_no_empty_prompt(screen: list[str], row: int) -> None:
    assert read(screen, row) is None


def test_a_name_in_the_rule_above_does_not_hide_the_prompt() -> None:
    assert read(drawn(SIGN + "x", above="─" * 60 + " project ──"), 3) == Prompt("x")


def test_below_a_rule_that_says_more_only_the_end_is_seen() -> None:
    screen = drawn("  w w", "  [end #8H2KQ0TZ]", above="─── ↑ 11 more " + "─" * 30)

    assert read(screen, 4) == Prompt("w w\n[end #8H2KQ0TZ]", clipped=True)
    assert read(drawn("", above="─── ↑ 11 more " + "─" * 30), 3) is None
    assert read(drawn(f"{ANGLE} 1. Yes", above="─── ↑ 11 more " + "─" * 30), 3) is None
