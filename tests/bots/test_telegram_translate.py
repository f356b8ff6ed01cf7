"""What an update means, and what a card becomes; no network."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from bots.interface import Card, Choice, Said, Tapped
from bots.telegram.markup import LONGEST_TEXT, units
from bots.telegram.translate import callback, heard_in, keys, message_in, pages, spinner_of
from tests.emulators.telegram.limits import CALLBACK_BYTES

ADA = {"id": 7, "is_bot": False, "first_name": "Ada"}
PRIVATE = {"id": 7, "type": "private"}


def message(**more: Any) -> dict[str, Any]:
    return {"update_id": 5, "message": {"message_id": 3, "text": "hi", "chat": PRIVATE, "from": ADA} | more}


def tap(callback_data: Any, **more: Any) -> dict[str, Any]:
    query = {"id": "q1", "from": ADA, "data": callback_data, "message": {"message_id": 3, "chat": PRIVATE}}
    return {"update_id": 6, "callback_query": query | more}


def card(markdown: str, **more: Any) -> Card:
    return Card(who="backend", headline="backend@dev asks", markdown=markdown, **more)


def choices(*labels: str) -> list[Choice]:
    return [Choice(label=label, ask_id="a-1", option=n) for n, label in enumerate(labels)]


def test_private_words_are_said_by_their_numeric_account_in_their_chat() -> None:
    assert heard_in(message()) == Said(
        update_id="5", address="7", account="7", text="hi", author="Ada", private=True
    )


def test_a_reply_names_the_receipt_of_what_it_replies_to() -> None:
    heard = heard_in(message(reply_to_message={"message_id": 2}))

    assert isinstance(heard, Said)
    assert heard.reply_to == "7/2"


@pytest.mark.parametrize(
    ("in_topic", "replied", "means"), [(True, 2, ""), (True, 9, "7/9"), (False, 2, "7/2")]
)
def test_in_a_topic_a_reply_to_its_first_message_is_none(in_topic, replied, means) -> None:
    thread = {"message_thread_id": 2} | ({"is_topic_message": True} if in_topic else {})

    heard = heard_in(message(**thread, reply_to_message={"message_id": replied}))

    assert isinstance(heard, Said)
    assert heard.reply_to == means


@pytest.mark.parametrize(
    "update",
    [
        message(chat={"id": -5, "type": "group"}),
        message(chat={"id": 7, "type": "group"}),
        message(chat={"id": 8, "type": "private"}),
        message(text=None),
        message(**{"from": ADA | {"is_bot": True}}),
        message(**{"from": None}),
        {"update_id": 5, "edited_message": message()["message"]},
        {"update_id": 5, "something_new": {}},
        {"update_id": 5, "message": "of another shape"},
        message() | {"update_id": True},
        message(**{"from": ADA | {"id": True}}),
        tap("t:a-1:0", message={"message_id": 3, "chat": {"id": -5, "type": "group"}}),
        tap("t:a-1:0", message={"message_id": 3, "chat": {"id": 7, "type": "group"}}),
        tap("t:a-1:0", message={"message_id": 3, "chat": {"id": 8, "type": "private"}}),
        tap("t:a-1:0", message=None),
        *(
            tap(callback_data)
            for callback_data in ("", "t:a-1", "t::0", "t:a-1:x", "t:a-1:-1", "x:a-1:0", None)
        ),
    ],
    ids=str,
)
def test_what_is_not_for_us_or_in_no_shape_we_know_is_passed_over(update) -> None:
    assert heard_in(update) is None


def test_a_tap_comes_back_as_the_option_that_the_key_carried() -> None:
    (choice,) = choices("yes")

    assert heard_in(tap(callback(choice))) == Tapped(
        update_id="6", address="7", account="7", ask_id="a-1", option=0, receipt="7/3"
    )


def test_a_tap_waits_to_be_told_even_when_it_means_nothing_to_us() -> None:
    assert [spinner_of(tap("old format")), spinner_of(message())] == ["q1", None]


def test_what_a_key_carries_fits_into_what_telegram_allows() -> None:
    assert len(callback(Choice(label="x", ask_id=f"a-{'x' * 40}", option=999)).encode()) <= CALLBACK_BYTES


def test_short_choices_stand_in_pairs_and_long_ones_alone() -> None:
    rows = keys(choices("yes", "no", "only after the tests have passed", "later", ""))

    assert [[key.label for key in row] for row in rows] == [
        ["yes", "no"],
        ["only after the tests have passed"],
        ["later", "option 5"],
    ]


def test_a_card_begins_with_its_sender_in_bold_whatever_the_name_is() -> None:
    (page,) = pages(card("go on?"))
    (strange,) = pages(Card(who="x", headline="_a_*b*`c`@dev says", markdown="hm"))

    assert page.text == "backend@dev asks\n\ngo on?"
    assert [(mark.type, mark.offset, mark.length) for mark in page.entities] == [("bold", 0, 16)]
    assert strange.text.startswith("_a_*b*`c`@dev says\n")


def test_nothing_to_see_is_still_a_message() -> None:
    assert [page.text for page in pages(Card(who="x", headline="", markdown=" \n"))] == ["(nothing to see)"]


@pytest.mark.parametrize(
    ("outcome", "line"),
    [("work (ada)", "✓ work (ada)"), ("expired", "✗ expired"), ("two\nlines (ada)", "✓ two lines (ada)")],
)
def test_the_outcome_stands_last(outcome, line) -> None:
    (page,) = pages(card("go on?", outcome=outcome))

    assert page.text.splitlines()[-1] == line


def test_a_full_last_message_makes_room_for_the_outcome() -> None:
    full = "x" * (LONGEST_TEXT - 20)
    assert len(pages(card(full))) == 1

    shown = pages(card(full, outcome="w" * 1000))

    assert [units(page.text) <= LONGEST_TEXT for page in shown] == [True] * len(shown)
    assert shown[-1].text.endswith("w…")


def test_only_a_receipt_of_the_same_chat_names_a_message() -> None:
    assert [message_in("7", text) for text in ("7/12", "8/12", "a-1", "", "7/", "7/x")] == [
        12, None, None, None, None, None,
    ]  # fmt: skip


def test_naming_the_surface_does_not_load_the_library() -> None:
    loaded = (
        "import sys, bots.telegram.surface; sys.exit('httpx' in sys.modules or 'telegram' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", loaded], check=False).returncode == 0
