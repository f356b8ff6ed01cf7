"""When nobody is there: which hour denies, and which row decides about it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.errors import Malformed
from daemon.core.rules.unattended import DENY, Row, denied_at, span

NIGHT = Row(window="22:00-07:00", reason="it is night")
LUNCH = Row(window="12:00-13:00", reason="lunch")


def at(hour: int, minute: int = 0, day: int = 2) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def test_a_window_is_two_times_of_the_day() -> None:
    assert span("22:00-07:00") == (time(22), time(7))
    assert span(" 9:30 - 17:05 ") == (time(9, 30), time(17, 5))


@pytest.mark.parametrize(
    "window", ["", "22-7", "24:00-07:00", "22:60-07:00", "22:00", "22:00-07:00 x", "a:b-c:d"]
)
def test_what_is_no_window_is_refused(window: str) -> None:
    with pytest.raises(Malformed):
        span(window)


def test_without_rows_nothing_is_ever_denied() -> None:
    assert denied_at([], "dev", at(3)) == (None, "")


@pytest.mark.parametrize(
    ("now", "when"), [(at(22), at(22)), (at(3), at(3)), (at(7), at(22)), (at(21, 59), at(22))]
)
def test_in_the_window_it_is_denied_at_once_and_before_it_when_it_begins(
    now: datetime, when: datetime
) -> None:
    assert denied_at([NIGHT], "dev", now) == (when, "it is night")


def test_a_window_that_has_passed_today_begins_tomorrow() -> None:
    assert denied_at([LUNCH], "dev", at(13)) == (at(12, day=3), "lunch")


def test_what_begins_and_ends_at_the_same_minute_is_all_day() -> None:
    for now in (at(0), at(7, 59), at(8), at(23, 59)):
        assert denied_at([Row(window="08:00-08:00")], "dev", now)[0] == now


def test_the_soonest_window_denies() -> None:
    assert denied_at([NIGHT, LUNCH], "dev", at(9)) == (at(12), "lunch")


def test_a_row_for_another_circle_says_nothing() -> None:
    rows = [Row(circle="shop"), Row(circle="dev", window="22:00-07:00")]

    assert denied_at(rows, "dev", at(9))[0] == at(22)
    assert denied_at(rows, "shop", at(9))[0] == at(9)
    assert denied_at(rows, "lab", at(9)) == (None, "")


def test_the_first_row_that_fits_decides_also_to_wait() -> None:
    assert denied_at([Row(circle="dev", policy="wait"), Row()], "dev", at(3)) == (None, "")
    assert denied_at([Row(circle="dev", policy="wait"), Row()], "shop", at(3))[0] == at(3)


def test_a_window_in_which_one_waits_ends() -> None:
    on_call = Row(window="22:00-23:00", policy="wait")

    assert denied_at([on_call, NIGHT], "dev", at(22, 30)) == (at(23), "it is night")
    assert denied_at([on_call, NIGHT], "dev", at(21)) == (at(23), "it is night")


def test_windows_are_meant_in_the_zone_of_the_clock() -> None:
    zurich = ZoneInfo("Europe/Zurich")
    when, _ = denied_at([NIGHT], "dev", datetime(2026, 3, 2, 20, 30, tzinfo=UTC).astimezone(zurich))

    assert when is not None
    assert when.astimezone(UTC) == at(21)


TIMES = st.times().map(lambda x: f"{x:%H:%M}")
ROWS = st.lists(
    st.builds(
        lambda since, until, policy: Row(window=f"{since}-{until}", policy=policy),
        TIMES,
        TIMES,
        st.sampled_from(["wait", DENY]),
    ),
    max_size=4,
)


def holds(row: Row, now: datetime) -> bool:
    since, until = span(row.window)
    passed = (timedelta(hours=now.hour, minutes=now.minute) - _of_day(since)) % timedelta(days=1)
    length = (_of_day(until) - _of_day(since)) % timedelta(days=1) or timedelta(days=1)
    return passed < length


def _of_day(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute)


@given(rows=ROWS, minute=st.integers(0, 24 * 60 - 1))
def test_it_is_the_first_minute_at_which_the_first_row_that_fits_denies(rows: list[Row], minute: int) -> None:
    now = at(0) + timedelta(minutes=minute)
    minutes = (now + timedelta(minutes=n) for n in range(24 * 60 + 1))
    first = {m: next((row for row in rows if holds(row, m)), None) for m in minutes}
    expected = next((m for m, row in first.items() if row and row.policy == DENY), None)

    assert denied_at(rows, "dev", now)[0] == expected
