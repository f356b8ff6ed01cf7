"""Cron lines name the moments that every cron names, also in the nights in which clocks are set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.errors import Malformed
from daemon.core.rules import cron

NOON_2020, NOON_2037 = datetime(2020, 1, 1), datetime(2037, 1, 1)  # noqa: DTZ001 -- what is drawn is given a zone
BERLIN, LISBON, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("Europe/Lisbon"), ZoneInfo("America/New_York")


def nexts(line: str, zone: ZoneInfo, since: str, count: int = 3) -> list[str]:
    """By the wall of that zone; ``since`` as well."""
    found, moment = [], datetime.fromisoformat(since).replace(tzinfo=zone).astimezone(UTC)
    for _ in range(count):
        after = cron.after(cron.parsed(line), zone, moment)
        assert after
        moment = after
        found.append(f"{moment.astimezone(zone):%a %d %b %H:%M %Z}")
    return found


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("0 9 * * 1-5", ["Mon 23 Nov 09:00 CET", "Tue 24 Nov 09:00 CET", "Wed 25 Nov 09:00 CET"]),
        ("0 9 * * mon,FRI", ["Mon 23 Nov 09:00 CET", "Fri 27 Nov 09:00 CET", "Mon 30 Nov 09:00 CET"]),
        ("0 9 * * 0", ["Sun 22 Nov 09:00 CET", "Sun 29 Nov 09:00 CET", "Sun 06 Dec 09:00 CET"]),
        ("0 9 * * 7", ["Sun 22 Nov 09:00 CET", "Sun 29 Nov 09:00 CET", "Sun 06 Dec 09:00 CET"]),
        ("*/20 10-11 * * *", ["Sat 21 Nov 10:20 CET", "Sat 21 Nov 10:40 CET", "Sat 21 Nov 11:00 CET"]),
        ("@daily", ["Sun 22 Nov 00:00 CET", "Mon 23 Nov 00:00 CET", "Tue 24 Nov 00:00 CET"]),
        ("0 12 13 * fri", ["Fri 27 Nov 12:00 CET", "Fri 04 Dec 12:00 CET", "Fri 11 Dec 12:00 CET"]),
        ("0 12 */10 dec *", ["Tue 01 Dec 12:00 CET", "Fri 11 Dec 12:00 CET", "Mon 21 Dec 12:00 CET"]),
        ("0 0 29 2 *", ["Tue 29 Feb 00:00 CET", "Sun 29 Feb 00:00 CET", "Fri 29 Feb 00:00 CET"]),
    ],
)
def test_a_line_names_the_times_that_every_cron_names(line: str, named: list[str]) -> None:
    assert nexts(line, BERLIN, "2026-11-21T10:05") == named


@pytest.mark.parametrize(
    ("line", "zone", "since", "named"),
    [
        pytest.param(
            "30 2 * * *",
            BERLIN,
            "2026-03-28T12:00",
            ["Sun 29 Mar 03:30 CEST", "Mon 30 Mar 02:30 CEST"],
            id="skipped",
        ),
        pytest.param(
            "30 2,3 * * *",
            BERLIN,
            "2026-03-28T12:00",
            ["Sun 29 Mar 03:30 CEST", "Mon 30 Mar 02:30 CEST"],
            id="skipped, and named beside it",
        ),
        pytest.param(
            "30 2 * * *",
            BERLIN,
            "2026-10-24T12:00",
            ["Sun 25 Oct 02:30 CEST", "Mon 26 Oct 02:30 CET"],
            id="twice, taken once",
        ),
        pytest.param(
            "30 * * * *",
            BERLIN,
            "2026-10-25T01:45",
            ["Sun 25 Oct 02:30 CEST", "Sun 25 Oct 02:30 CET"],
            id="every hour passes",
        ),
        pytest.param(
            "0 * * * *",
            BERLIN,
            "2026-03-29T01:30",
            ["Sun 29 Mar 03:00 CEST", "Sun 29 Mar 04:00 CEST"],
            id="every hour there is",
        ),
        pytest.param(
            "30 1 * * *",
            LISBON,
            "2026-03-28T12:00",
            ["Sun 29 Mar 02:30 WEST", "Mon 30 Mar 01:30 WEST"],
            id="skipped in Lisbon",
        ),
        pytest.param(
            "30 1 * * *",
            NEW_YORK,
            "2026-10-31T12:00",
            ["Sun 01 Nov 01:30 EDT", "Mon 02 Nov 01:30 EST"],
            id="twice in New York",
        ),
    ],
)
def test_in_the_nights_in_which_clocks_are_set_each_day_has_its_time_once(line, zone, since, named) -> None:
    assert nexts(line, zone, since, 2) == named


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "0 fields"),
        ("* * * *", "4 fields"),
        ("0 0 * * * *", "6 fields"),
        ("@reboot", "1 fields"),
        ("60 * * * *", "no minute"),
        ("* 24 * * *", "no hour"),
        ("* * 0 * *", "no day of the month"),
        ("* * * 13 *", "no month"),
        ("* * * * 8", "no day of the week"),
        ("* * * * fried", "no day of the week"),
        ("5-1 * * * *", "backwards"),
        ("*/0 * * * *", "its step is 0"),
        ("1,,2 * * * *", "no minute"),
        ("* * L * *", "no day of the month"),
        ("0 0 30 2 *", "no year has"),
        ("0 0 31 4,6,9,11 *", "no year has"),
        ("٣ * * * *", "no minute"),
        ("9" * 5000 + " * * * *", "no minute"),
    ],
)
def test_what_is_no_line_is_refused_by_what_is_wrong_with_it(line: str, says: str) -> None:
    with pytest.raises(Malformed, match=says):
        cron.parsed(line)


@given(
    minute=st.integers(0, 59),
    hour=st.integers(0, 23),
    since=st.datetimes(NOON_2020, NOON_2037),
    zone=st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
    ),
)
def test_a_time_of_every_day_comes_once_in_every_day(
    minute: int, hour: int, since: datetime, zone: str
) -> None:
    line, place = cron.parsed(f"{minute} {hour} * * *"), ZoneInfo(zone)
    moment = since.replace(tzinfo=UTC)
    first = cron.after(line, place, moment)
    assert first
    second = cron.after(line, place, first)
    assert second
    days = second.astimezone(place).date() - first.astimezone(place).date()
    assert days == timedelta(days=1)
    assert moment < first <= moment + timedelta(hours=26)


@given(
    line=st.sampled_from(["* * * * *", "*/7 * * * *", "5 */3 * * *", "0 0 1 * mon"]), steps=st.integers(1, 40)
)
def test_however_one_looks_ahead_the_same_times_come_in_order(line: str, steps: int) -> None:
    """Asked from any moment between two, the next is the second of them."""
    parsed, moment = cron.parsed(line), datetime(2026, 10, 24, 20, tzinfo=UTC)
    for _ in range(steps):
        after = cron.after(parsed, BERLIN, moment)
        assert after
        assert after > moment
        assert cron.after(parsed, BERLIN, moment + (after - moment) / 2) == after
        assert cron.after(parsed, BERLIN, after - timedelta(microseconds=1)) == after
        moment = after
