"""A person's phone rings for what matters to them now; whatever is held back is held to a known time, and said why."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.errors import Malformed
from daemon.core.rules import attention as a
from daemon.core.rules.attention import Hold, Matter, Quiet, Ring, Thing, Wishes

NIGHT = Quiet(time(23), time(7))
LISBON = Wishes(zone="Europe/Lisbon", quiet=NIGHT)
HOUR = timedelta(hours=1)
DONE = Thing(matter=Matter.DONE, sender="p-1")
EVENING = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+00:00")


def test_all_of_it_is_off_until_it_is_set() -> None:
    assert a.verdict(Wishes(), DONE, [EVENING] * 999, EVENING) == Ring()


@pytest.mark.parametrize(
    ("wishes", "now", "until"),
    [
        (LISBON, "11-21T22:59", None),
        (LISBON, "11-21T23:00", "11-22T07:00"),
        (LISBON, "11-22T06:59", "11-22T07:00"),
        (LISBON, "11-22T07:00", None),
        (Wishes(quiet=Quiet(time(12), time(13, 30))), "11-21T13:00", "11-21T13:30"),
        (Wishes(quiet=Quiet(time(12), time(13, 30))), "11-21T14:00", None),
        (Wishes(zone="America/New_York", quiet=NIGHT), "11-22T05:00", "11-22T12:00"),
        (Wishes(zone="Europe/Berlin", quiet=NIGHT), "03-28T23:00", "03-29T05:00"),
        (Wishes(zone="Europe/Berlin", quiet=NIGHT), "10-24T22:00", "10-25T06:00"),
    ],
)
def test_quiet_hours_go_by_the_persons_wall_and_over_midnight(
    wishes: Wishes, now: str, until: str | None
) -> None:
    assert a.quiet_until(wishes, at(now)) == (at(until) if until else None)


def test_in_quiet_hours_what_is_urgent_and_what_may_break_them_rings_and_all_else_waits_for_their_end() -> (
    None
):
    held = a.verdict(LISBON, DONE, [], EVENING)
    assert held == Hold(at("11-22T07:00"), "quiet hours until 07:00")
    assert a.verdict(LISBON, Thing(matter=Matter.CHATTER, sender="p-1", urgent=True), [], EVENING) == Ring()
    breaks = Wishes(zone="Europe/Lisbon", quiet=NIGHT, breaks=(Matter.FAILURE,))
    assert a.verdict(breaks, Thing(matter=Matter.FAILURE, sender="p-1"), [], EVENING) == Ring()
    assert isinstance(a.verdict(breaks, DONE, [], EVENING), Hold)


def test_whoever_is_muted_rings_only_when_it_is_urgent() -> None:
    muted = a.toggled(Wishes(), "p-1")
    assert a.verdict(muted, DONE, [], EVENING) == Hold(EVENING + HOUR, "muted")
    assert a.verdict(muted, Thing(matter=Matter.DONE, sender="p-1", urgent=True), [], EVENING) == Ring()
    assert a.verdict(a.toggled(muted, "p-1"), DONE, [], EVENING) == Ring()


def test_a_budget_that_is_spent_is_there_again_when_its_oldest_ring_is_an_hour_ago() -> None:
    rang = [EVENING - timedelta(minutes=each) for each in (90, 50, 10)]
    assert a.verdict(Wishes(per_hour=3), DONE, rang, EVENING) == Ring()
    assert a.verdict(Wishes(per_hour=2), DONE, rang, EVENING) == Hold(
        rang[1] + HOUR, "it rang 2 times within an hour"
    )


@given(
    minutes=st.lists(st.integers(0, 600), max_size=60),
    per_hour=st.integers(1, 5),
)
def test_it_never_rings_more_often_in_an_hour_than_is_allowed(minutes: list[int], per_hour: int) -> None:
    rang: list[datetime] = []
    for minute in sorted(minutes):
        now = EVENING + timedelta(minutes=minute)
        match a.verdict(Wishes(per_hour=per_hour), DONE, rang, now):
            case Ring():
                rang.append(now)
            case Hold(until):
                assert until > now
        assert len([each for each in rang if each > now - HOUR]) <= per_hour


@given(
    begins=st.times(), ends=st.times(), now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
)  # fmt: skip
def test_quiet_that_is_now_ends_within_a_day_and_is_over_then(
    begins: time, ends: time, now: datetime, zone: str
) -> None:
    begins, ends = (each.replace(second=0, microsecond=0) for each in (begins, ends))
    if begins == ends:
        return
    wishes, moment = Wishes(zone=zone, quiet=Quiet(begins, ends)), now.replace(tzinfo=UTC)
    until = a.quiet_until(wishes, moment)
    if until:
        assert moment < until <= moment + 26 * HOUR


@pytest.mark.parametrize("text", ["", "23", "23:00", "25:00-7:00", "7:75-8:00", "7-7", "soon", "7:00-7:00"])
def test_what_are_no_hours_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        a.window(text)


@pytest.mark.parametrize(
    ("text", "quiet"), [("23:00-07:00", NIGHT), ("23-7", NIGHT), (" 23:00 - 7:00 ", NIGHT), ("off", None)]
)
def test_hours_are_understood_as_people_write_them(text: str, quiet: Quiet | None) -> None:
    assert a.window(text) == quiet


@pytest.mark.parametrize("count", [-1, 10**9])
def test_a_budget_of_nonsense_is_refused(count: int) -> None:
    with pytest.raises(Malformed):
        a.budget(count)
