"""What an update means, and what a card becomes; no network."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from bots.interface import Card, Choice
from bots.splitting import units
from bots.telegram.markup import LONGEST_TEXT
from bots.telegram.translate import callback, keys, message_in, pages
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
