"""What must hold for an approval: it is decided at most once, and only while it waits."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, get_args

import pytest

from daemon.core.errors import InvalidTransition
from daemon.core.model import Approval, Question
from daemon.core.rules import approval as a

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)
HERE, THERE = "p-here", "p-there"
ROW = re.compile(r"^    ([A-Z]+) +([A-Z][a-z]+) +([A-Z]+)$", re.MULTILINE)
DOCUMENTED = {(state, event): became for state, event, became in ROW.findall(a.__doc__ or "")}
COLOR = Question(text="Which?", shown="Which?", options=("Red", "Blue"))
EVENTS: dict[type, a.Happening] = {
    a.Next: a.Next("Red", "a-2"),
    a.Show: a.Show(HERE),
    a.Decide: a.Decide("Allow", "", "ada"),
    a.Tell: a.Tell(),
    a.Fail: a.Fail("nobody is there"),
    a.Close: a.Close("decided elsewhere"),
}


def in_state(state: a.State = a.State.ASKED, **more: Any) -> Approval:
    approval = Approval(
        approval_id="a-1",
        ask_id="a-1",
        peer_id="p-1",
        session_id="s-1",
        what=a.What.PERMISSION,
        tool="Bash",
        digest="d",
        request="{}",
        state=state,
        asked_at=NOON,
        shown_at=NOON,
    )
    return replace(approval, **more)


@pytest.mark.parametrize(("state", "event"), list(product(a.State, EVENTS)), ids=str)
def test_what_happens_is_what_the_module_says(state: a.State, event: type) -> None:
    became = DOCUMENTED.get((state.name, event.__name__))

    if became is None:
        with pytest.raises(InvalidTransition):
            a.advance(in_state(state), EVENTS[event], now=LATER)
    else:
        assert a.State(a.advance(in_state(state), EVENTS[event], now=LATER).state).name == became


def test_every_event_is_tried_above_and_every_row_of_the_table_is_read() -> None:
    assert set(EVENTS) == set(get_args(a.Happening))
    assert {(s.name, e.__name__) for s, e in a.TRANSITIONS} == set(DOCUMENTED)


@pytest.mark.parametrize(("state", "event"), list(product(a.State, EVENTS)), ids=str)
def test_can_says_what_advance_does(state: a.State, event: type) -> None:
    assert a.can(in_state(state), event) == ((state.name, event.__name__) in DOCUMENTED)


def test_what_is_open_can_still_become_something_and_nothing_else_can() -> None:
    assert {a.State[state] for state, _ in DOCUMENTED} == a.OPEN


def test_a_decision_is_kept_with_its_words_and_who_made_it() -> None:
    decided = a.advance(in_state(), a.Decide("Deny", "not on a Friday", "ada"), now=LATER)

    assert (decided.choice, decided.words, decided.by) == ("Deny", "not on a Friday", "ada")
    assert decided.answers == ()


def test_the_answers_to_several_questions_are_kept_in_their_order() -> None:
    asked = in_state(what=a.What.QUESTION, questions=(COLOR, COLOR, COLOR))
    one = a.advance(asked, a.Next("Red", "a-2"), now=LATER)
    two = a.advance(one, a.Next("my own words", "a-3"), now=LATER)
    over = a.advance(two, a.Decide("Blue", "", "ada"), now=LATER)

    assert (one.ask_id, two.ask_id) == ("a-2", "a-3")
    assert over.answers == ("Red", "my own words", "Blue")


def test_words_count_for_more_than_the_option_of_a_question() -> None:
    asked = in_state(what=a.What.QUESTION, questions=(COLOR,))

    assert a.advance(asked, a.Decide("", "neither", "ada"), now=LATER).answers == ("neither",)


def test_a_question_that_is_refused_has_no_answer() -> None:
    asked = in_state(what=a.What.QUESTION, questions=(COLOR, COLOR), answers=("Red",))
    refused = a.advance(asked, a.Decide("Deny", "", "ada", refused=True), now=LATER)

    assert (refused.state, refused.answers) == (a.State.DECIDED, ("Red",))


def test_it_is_stale_once_it_was_shown_for_more_than_ten_minutes() -> None:
    asked = in_state()

    assert not a.is_stale(asked, HERE, NOON + timedelta(minutes=10))
    assert a.is_stale(asked, HERE, NOON + timedelta(minutes=10, seconds=1))


def test_showing_it_again_counts_where_it_was_shown() -> None:
    at = NOON + timedelta(minutes=30)
    shown = a.advance(in_state(), a.Show(HERE), now=at)

    assert not a.is_stale(shown, HERE, at + timedelta(minutes=10))
    assert a.is_stale(shown, THERE, at)
    assert a.is_stale(shown, HERE, at + timedelta(minutes=11))


def test_the_next_question_is_new_to_everybody() -> None:
    at = NOON + timedelta(minutes=30)
    shown = a.advance(in_state(what=a.What.QUESTION, questions=(COLOR, COLOR)), a.Show(HERE), now=NOON)
    following = a.advance(shown, a.Next("Red", "a-2"), now=at)

    assert (following.shown_at, following.again) == (at, ())
    assert not a.is_stale(following, THERE, at + timedelta(minutes=10))
