"""What people say of times is understood as they mean it, and told back so that they can check it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.errors import Malformed
from daemon.core.rules import spoken, timetable, when
from daemon.core.rules.timetable import Cron, Every, Once

LONDON = "Europe/London"
ADA = spoken.Speaker(datetime(2026, 11, 21, 12, 30, tzinfo=UTC), LONDON)  # a Saturday
HOUR = timedelta(hours=1)


def at(text: str) -> Once:
    return Once(datetime.fromisoformat(f"{text}+00:00"))


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("in 10m", Once(ADA.now + timedelta(minutes=10))),
        ("in 1h30m", Once(ADA.now + 1.5 * HOUR)),
        ("in 2 hours", Once(ADA.now + 2 * HOUR)),
        ("in 3 days", Once(ADA.now + 72 * HOUR)),
        ("18:00", at("2026-11-21T18:00")),
        ("at 9am", at("2026-11-22T09:00")),
        ("9:00", at("2026-11-22T09:00")),
        ("12am", at("2026-11-22T00:00")),
        ("noon", at("2026-11-22T12:00")),
        ("Tomorrow 9:00", at("2026-11-22T09:00")),
        ("tomorrow at 9", at("2026-11-22T09:00")),
        ("today at 6.30 pm", at("2026-11-21T18:30")),
        ("monday 9:00", at("2026-11-23T09:00")),
        ("next mon 9:00", at("2026-11-23T09:00")),
        ("sat 13:00", at("2026-11-21T13:00")),
        ("sat 12:00", at("2026-11-28T12:00")),
        ("23 nov 09:00", at("2026-11-23T09:00")),
        ("on Jan 2nd at 9:00", at("2027-01-02T09:00")),
        ("1 june 2027 9:00", at("2027-06-01T08:00")),
        ("2026-11-23 09:00", at("2026-11-23T09:00")),
        ("2026-11-23T09:00+02:00", at("2026-11-23T07:00")),
        ("2026-11-23T09:00Z", at("2026-11-23T09:00")),
        ("every 2h", Every(2 * HOUR, ADA.now + 2 * HOUR)),
        ("every hour", Every(HOUR, ADA.now + HOUR)),
        ("every 30 minutes", Every(HOUR / 2, ADA.now + HOUR / 2)),
        ("hourly", Cron("0 * * * *", LONDON)),
        ("daily 7:30", Cron("30 7 * * *", LONDON)),
        ("every day at 9", Cron("0 9 * * *", LONDON)),
        ("weekdays 9:00", Cron("0 9 * * 1-5", LONDON)),
        ("every weekday 9:00", Cron("0 9 * * 1-5", LONDON)),
        ("weekends at 10am", Cron("0 10 * * 0,6", LONDON)),
        ("mondays 9:00", Cron("0 9 * * 1", LONDON)),
        ("every monday 9:00", Cron("0 9 * * 1", LONDON)),
        ("mon-fri 9:00", Cron("0 9 * * 1-5", LONDON)),
        ("mon, wed, fri 18:30", Cron("30 18 * * 1,3,5", LONDON)),
        ("0 9 * * 1-5", Cron("0 9 * * 1-5", LONDON)),
        ("@daily", Cron("@daily", LONDON)),
    ],
)
def test_what_is_said_is_understood(words: str, rule: timetable.Rule) -> None:
    assert spoken.understood(words, ADA) == rule


@pytest.mark.parametrize(
    "words",
    ["", "soon", "tomorrow", "9", "monday", "every", "every blue moon", "25:00", "13pm", "9:75", "in", "in a bit",
     "30 feb 9:00", "2026-11-23", "2026-13-01 09:00", "0 9 * * funday", "sat-mon 9:00", "mon-wed-fri 9:00",
     "x" * 9000],
)  # fmt: skip
def test_what_is_not_understood_is_refused_with_what_would_be(words: str) -> None:
    with pytest.raises(Malformed) as refused:
        spoken.understood(words, ADA)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("said", "rest"),
    [
        ("weekdays 9:00 how far are you?", "how far are you?"),
        ("in 10m 5 tests fail, why?", "5 tests fail, why?"),
        ("tomorrow at 9 am call ben", "call ben"),
        ("every 2h at most one line please", "at most one line please"),
        ("0 9 * * 1 hello", "hello"),
    ],
)
def test_the_first_words_are_the_time_and_the_rest_is_what_is_to_be_said(said: str, rest: str) -> None:
    assert " ".join(spoken.split(said.split(), ADA)[1]) == rest


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("weekdays 9:00", "Mon–Fri 09:00 Europe/London"),  # noqa: RUF001 -- as people write it
        ("weekends 9:00", "Sat, Sun 09:00 Europe/London"),
        ("daily 7:30", "every day 07:30 Europe/London"),
        ("hourly", "every hour at :00 Europe/London"),
        ("every 90m", "every 1 h 30 min"),
        ("monday 9:00", "Mon 23 Nov 2026 09:00 Europe/London"),
        ("*/5 3 * * *", "cron */5 3 * * * Europe/London"),
        ("0 0 1 jan *", "cron 0 0 1 jan * Europe/London"),
    ],
)
def test_a_rule_is_told_back_in_words(words: str, told: str) -> None:
    assert when.told(spoken.understood(words, ADA), LONDON) == told


@given(st.text(max_size=60))
def test_whatever_is_said_is_understood_or_refused(words: str) -> None:
    try:
        rule = spoken.understood(words, ADA)
    except Malformed:
        return
    assert when.told(rule, LONDON)


@given(
    st.timedeltas(timedelta(seconds=1), timedelta(days=99)).map(
        lambda each: timedelta(seconds=each.total_seconds() // 1)
    )
)
def test_a_length_that_is_told_is_understood_as_the_same(length: timedelta) -> None:
    assert spoken.span(when.length(length)) == length
