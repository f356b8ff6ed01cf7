"""At a terminal a person answers what they see."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.console.translate import (
    KEPT,
    Board,
    Clear,
    Completion,
    Digit,
    Line,
    Spoken,
    Walk,
    addressed,
    completions,
    decided,
    one_line,
    outcome,
    page,
    placed,
    pressed,
    reply_label,
    towards,
)
from bots.interface import Card, Choice

HELLO = Card(who="echo", headline="echo@practice says", markdown="hello")
FILE = Card(
    who="clerk",
    headline="clerk@practice asks",
    markdown="Where to?",
    choices=(Choice(label="Work", ask_id="a-1", option=0), Choice(label="private", ask_id="a-1", option=1)),
)


def board_of(*cards: Card, to: str | None = None) -> Board:
    board = Board(to=to)
    for number, card in enumerate(cards, 1):
        board = placed(board, f"r{number}", card)
    return board


def meant(board: Board, key: object) -> object:
    return pressed(board, key)[1]


def receipt(text: str, *, passing: bool = True) -> Card:
    return Card(who="peerline", headline="", markdown=text, passing=passing)


# -- one line -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("card", "line"),
    [
        (HELLO, "echo: hello"),
        (FILE, "clerk: Where to?  [1] Work  [2] private"),
        (Card(who="a", headline="", markdown="one\ntwo\n"), "a: one⏎ two"),
        (Card(who="a", headline="", markdown="x\x1b[2Jy\rz\x9b"), "a: x[2Jyz"),
        (Card(who="a", headline="", markdown="q", outcome="work (ada)"), "a: q  (work (ada))"),
    ],
)
def test_a_card_is_one_line(card: Card, line: str) -> None:
    assert one_line(card) == line


@settings(max_examples=100, deadline=None)
@given(st.text(), st.text(), st.text(), st.booleans())
def test_no_card_can_move_the_cursor(who: str, text: str, option: str, passing: bool) -> None:
    card = Card(
        who=who,
        headline=who,
        markdown=text,
        outcome=option,
        passing=passing,
        choices=(Choice(label=option, ask_id="a", option=0),),
    )
    shown = one_line(card) + "".join(text for _, text in [*page(card), *outcome(card)])

    assert {char for char in shown if unicodedata.category(char) == "Cc"} <= {"\n"}
    assert "\n" not in one_line(card)


def test_a_page_has_the_head_the_markdown_and_the_keys() -> None:
    text = "".join(text for _, text in page(FILE))

    assert text == "clerk@practice asks\nWhere to?\n  [1] Work  [2] private\n"


# -- options --------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["2", " 2 ", "private", "PRIVATE"])
def test_a_number_or_a_label_chooses_from_the_newest_card_with_options(typed: str) -> None:
    assert meant(board_of(FILE, HELLO), Line(typed)) == FILE.choices[1]


def test_a_number_nobody_offered_is_just_words() -> None:
    assert meant(board_of(HELLO), Line("2")) == Spoken("2")
    assert meant(board_of(FILE), Line("3")) == Spoken("3")


def test_a_number_goes_by_the_key_shown_even_where_labels_are_numbers() -> None:
    years = Card(
        who="a",
        headline="",
        markdown="?",
        choices=(Choice(label="2", ask_id="a", option=0), Choice(label="1", ask_id="a", option=1)),
    )

    assert meant(board_of(years), Line("1")) == years.choices[0]
    assert meant(board_of(years), Digit(2)) == years.choices[1]


def test_the_key_of_an_option_chooses_and_any_other_does_nothing() -> None:
    assert meant(board_of(FILE), Digit(1)) == FILE.choices[0]
    assert meant(board_of(FILE), Digit(3)) is None
    assert meant(board_of(HELLO), Digit(1)) is None


def test_nothing_can_be_chosen_from_a_card_that_was_decided() -> None:
    over = decided(board_of(FILE), "r1", Card(who="clerk", headline="", markdown="", outcome="work"))

    assert meant(over, Line("1")) == Spoken("1")


# -- replies --------------------------------------------------------------------------------------


def test_walking_marks_a_message_and_the_next_line_replies_to_it_once() -> None:
    board, _ = pressed(board_of(HELLO, FILE), Walk(-1))
    board, _ = pressed(board, Walk(-1))
    assert reply_label(board) == "echo: hello"

    board, said = pressed(board, Line("really?"))
    assert said == Spoken("really?", reply_to="r1")
    assert meant(board, Line("well")) == Spoken("well")


def test_walking_ends_at_the_oldest_and_leaves_after_the_newest() -> None:
    board = board_of(HELLO, FILE)
    for _ in range(5):
        board, _ = pressed(board, Walk(-1))
    assert board.marked == "r1"
    for _ in range(2):
        board, _ = pressed(board, Walk(1))
    assert board.marked == ""


def test_a_mark_can_be_taken_back() -> None:
    board, _ = pressed(board_of(HELLO), Walk(-1))

    assert meant(pressed(board, Clear())[0], Line("x")) == Spoken("x")


def test_a_number_in_a_reply_chooses_from_that_card_only() -> None:
    other = Card(who="b", headline="", markdown="?", choices=(Choice(label="x", ask_id="a-2", option=0),))
    board = board_of(FILE, HELLO, other)

    first, _ = pressed(board, Walk(-1))
    assert meant(first, Line("1")) == other.choices[0]
    second, _ = pressed(first, Walk(-1))
    assert meant(second, Line("1")) == Spoken("1", reply_to="r2")
    third, _ = pressed(second, Walk(-1))
    assert meant(third, Digit(2)) == FILE.choices[1]


def test_receipts_cannot_be_replied_to() -> None:
    assert pressed(board_of(receipt("to echo")), Walk(-1))[0].marked == ""


def test_old_cards_are_forgotten() -> None:
    board = board_of(*[HELLO] * (KEPT + 5))

    assert len(board.shown) == KEPT
    assert board.shown[0][0] == "r6"


def test_an_empty_line_says_nothing_and_keeps_the_mark() -> None:
    board, _ = pressed(board_of(HELLO), Walk(-1))

    assert pressed(board, Line("  ")) == (board, None)


# -- to whom --------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", ["@clerk hello", "/to clerk", "/clear"])
def test_who_was_named_at_the_start_gets_the_words_until_another_is_chosen(other: str) -> None:
    board, said = pressed(board_of(to="practice/echo"), Line("hello"))
    assert said == Spoken("hello", to="practice/echo")

    board, said = pressed(board, Line(other))
    assert said == Spoken(other)
    assert meant(board, Line("again")) == Spoken("again")


def test_asking_who_it_is_changes_nothing() -> None:
    board, _ = pressed(board_of(to="echo"), Line("/to"))

    assert meant(board, Line("x")) == Spoken("x", to="echo")


def test_an_option_that_says_to_whom_words_go_overrules_the_start_and_no_other_does() -> None:
    whom = Card(
        who="peerline",
        headline="",
        markdown="who is there",
        choices=(Choice(label="practice/clerk", ask_id="a-9", option=0),),
        steers=True,
    )
    assert pressed(board_of(whom, to="echo"), Line("1"))[0].to is None
    assert pressed(board_of(FILE, to="echo"), Line("1"))[0].to == "echo"


@pytest.mark.parametrize(
    ("told", "whom"),
    [
        ("to clerk, behind 2", "clerk"),
        ("your words go to dev/api", "dev/api"),
        ("to echo, which is off", "echo"),
    ],
)
def test_the_prompt_knows_whom_the_line_said_the_words_go_to(told: str, whom: str) -> None:
    assert towards(board_of(receipt(told))) == whom
    assert towards(board_of(Card(who="echo", headline="", markdown=told))) == ""


def test_a_circle_makes_the_name_exact() -> None:
    assert addressed("echo", "practice") == "practice/echo"
    assert addressed("dev/echo", "practice") == "dev/echo"
    assert addressed(None, "practice") is None


# -- completion -----------------------------------------------------------------------------------

PEERS = ("clerk", "dev/api", "echo")


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("@", ["clerk", "dev/api", "echo"]),
        ("@e", ["echo"]),
        ("@ap", ["dev/api"]),
        ("@dev/", ["dev/api"]),
        ("/to c", ["clerk"]),
        ("/notify @c", ["clerk"]),
        ("@echo hello", []),
        ("mail a@e", []),
        ("/pee", ["/peers", "/peek"]),
        ("/qu", ["/quiet", "/quit"]),
        ("/peers ", []),
    ],
)
def test_commands_and_peers_can_be_completed(typed: str, names: list[str]) -> None:
    assert [each.text for each in completions(typed, PEERS)] == names


def test_a_completion_replaces_what_was_begun() -> None:
    assert completions("/notify @cl", PEERS) == [Completion("clerk", 2)]


def test_what_goes_on_is_shown_in_one_line_and_keeps_its_place_among_the_cards() -> None:
    card = Card(who="peerline", headline="", markdown="`dev/api` works · 3 s\n> make it\n\nBash: ls")

    assert "".join(text for _, text in outcome(card)) == "  dev/api works · 3 s · │ make it · Bash: ls\n"


def test_a_bare_number_chooses_nothing_from_a_mere_receipt_until_it_is_marked() -> None:
    asking = Card(
        who="api", headline="api", markdown="ship it?", choices=(Choice(label="yes", ask_id="a", option=0),)
    )
    slip = Card(
        who="peerline",
        headline="",
        markdown="to api",
        passing=True,
        choices=(Choice(label="withdraw", ask_id="b", option=0),),
    )
    board = board_of(asking, slip)
    assert pressed(board, Digit(1))[1] == asking.choices[0]
    marked, _ = pressed(board, Walk(-1))
    assert pressed(marked, Digit(1))[1] == slip.choices[0]
    assert "[1] withdraw" in "".join(text for _, text in page(slip))
