"""Each occurrence is fired once, or it is told why not, whatever clocks and machines do."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from daemon.core.errors import Malformed
from daemon.core.rules import timetable
from daemon.core.rules.timetable import Cron, Due, Every, Fate, Missed, Once, Plan, begun, due, following

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOURLY = Every(HOUR, NOON)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe")


def plan(rule: timetable.Rule, **how: object) -> Plan:
    return begun(Plan(rule=rule, next_at=None, **how), NOON)  # type: ignore[arg-type]


def told(plan: Plan, now: datetime) -> list[tuple[float, str, int]]:
    """(hours after noon, fate, count) of each."""
    return [((each.at - NOON) / HOUR, each.fate.value, each.count) for each in due(plan, now)[0]]


def test_what_is_due_is_fired_and_the_next_lies_ahead() -> None:
    first = plan(HOURLY)
    assert due(first, NOON + HOUR - timedelta(seconds=1)) == ([], first)
    fired, ahead = due(first, NOON + HOUR)
    assert fired == [Due(NOON + HOUR, Fate.FIRE, NOON + HOUR)]
    assert ahead.next_at == NOON + 2 * HOUR
    assert due(ahead, NOON + HOUR) == ([], ahead)


def test_one_time_comes_once() -> None:
    fired, ahead = due(plan(Once(NOON + HOUR)), NOON + DAY)
    assert [each.fate for each in fired] == [Fate.FIRE]
    assert ahead.next_at is None
    assert due(ahead, NOON + 9 * DAY) == ([], ahead)


@pytest.mark.parametrize(
    ("missed", "fates"),
    [
        (Missed.ONCE, [(1, "fold", 5), (6, "fire", 1)]),
        (Missed.SKIP, [(1, "skip", 6)]),
        (Missed.ALL, [(1, "skip", 3), (4, "fire", 1), (5, "fire", 1), (6, "fire", 1)]),
    ],
)
def test_nine_hours_of_sleep_are_made_up_for_as_the_policy_says(missed: Missed, fates: object) -> None:
    asleep = plan(HOURLY, missed=missed, most=3)
    assert told(asleep, NOON + 6.5 * HOUR) == fates


def test_what_is_on_time_is_not_skipped_with_what_was_missed() -> None:
    asleep = plan(HOURLY, missed=Missed.SKIP)
    assert told(asleep, NOON + 3 * HOUR + timedelta(seconds=5)) == [(1, "skip", 2), (3, "fire", 1)]


def test_a_year_away_is_told_without_counting_every_minute() -> None:
    minutes = plan(Cron("* * * * *", "Europe/Berlin"), missed=Missed.ALL, most=100)
    fates, ahead = due(minutes, NOON + 365 * DAY)
    assert [each.fate for each in fates] == [Fate.SKIP] + [Fate.FIRE] * 100
    assert fates[0].more
    assert fates[-1].at == NOON + 365 * DAY
    assert ahead.next_at == NOON + 365 * DAY + timedelta(minutes=1)


def test_a_rule_that_is_dense_in_one_day_of_the_year_is_made_up_for_from_that_day() -> None:
    dense = plan(Cron("* * 1 1 *", "UTC"), missed=Missed.ALL, most=2)
    fates, _ = due(dense, datetime(2027, 6, 1, tzinfo=UTC))
    new_year = datetime(2027, 1, 1, tzinfo=UTC)
    assert [each.at for each in fates[1:]] == [
        new_year + timedelta(minutes=minute) for minute in (1438, 1439)
    ]


def test_nothing_is_due_after_its_end() -> None:
    ending = plan(HOURLY, until=NOON + 2 * HOUR, missed=Missed.ALL)
    assert told(ending, NOON + 9 * HOUR) == [(1, "fire", 1), (2, "fire", 1)]
    assert due(ending, NOON + 9 * HOUR)[1].next_at is None


def test_jitter_is_drawn_once_for_each_and_moves_no_occurrence() -> None:
    first = plan(HOURLY, jitter=timedelta(minutes=30), seed="s-1")
    wakes = timetable.wakes_at(first)
    assert wakes
    assert NOON + HOUR <= wakes < NOON + 1.5 * HOUR
    assert due(first, wakes - timedelta(seconds=1))[0] == []
    assert [each.at for each in due(first, wakes)[0]] == [NOON + HOUR]
    assert wakes != timetable.wakes_at(replace(first, seed="s-2"))


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (Once(NOON - HOUR), "is over"),
        (Once(NOON), "is over"),
        (Every(timedelta(seconds=1), NOON), "not possible"),
        (Every(timedelta(days=10_000), NOON), "not possible"),
        (Every(-HOUR, NOON), "not possible"),
        (Cron("0 0 30 2 *", "UTC"), "no year has"),
        (Cron("* * * * *", "Mars/Olympus"), "no time zone"),
        (Cron("* * * * *", "../../etc/passwd"), "no time zone"),
        (Cron("* * * * *", ""), "no time zone"),
    ],
)
def test_what_can_never_be_due_is_refused(rule: timetable.Rule, says: str) -> None:
    with pytest.raises(Malformed, match=says):
        plan(rule)


def test_an_end_before_the_first_is_refused() -> None:
    with pytest.raises(Malformed, match="no such time"):
        plan(HOURLY, until=NOON + HOUR / 2)


def world(seed: int, days: int) -> None:
    """A plan through sleeps, restarts and clocks that are set: each occurrence has one fate, none is left out."""
    luck = random.Random(seed)  # noqa: S311 -- repeatable
    rule = luck.choice(
        [
            Every(timedelta(minutes=luck.choice([7, 60, 1440])), NOON),
            Cron(
                luck.choice(["30 2 * * *", "*/15 1-3 * * *", "0 9 * * mon-fri", "@hourly"]),
                luck.choice(ZONES),
            ),
        ]
    )
    missed = luck.choice(list(Missed))
    going = plan(rule, missed=missed, most=luck.choice([1, 5]), seed=str(seed))
    now, furthest, fates = NOON, NOON, []
    while now < NOON + days * DAY:
        now += luck.choice([timedelta(minutes=1), 9 * HOUR, DAY, timedelta(minutes=luck.randrange(90)), -DAY])
        furthest = max(furthest, now)
        found, going = due(going, now)
        assert due(going, now) == ([], going)
        fates += found
    _judge(rule, fates, furthest)


def _judge(rule: timetable.Rule, fates: list[Due], furthest: datetime) -> None:
    expected, at = [], following(Plan(rule=rule, next_at=None), NOON)
    while at and at <= furthest:
        expected.append(at)
        at = following(Plan(rule=rule, next_at=None), at)
    spans = iter(fates)
    places = {at: place for place, at in enumerate(expected)}
    reached = 0
    for each in spans:
        assert places[each.at] == reached, each
        assert places[each.last_at] == reached + each.count - 1 or each.more, each
        reached = places[each.last_at] + 1
    assert reached == len(expected)
    assert all(each.count == 1 for each in fates if each.fate is Fate.FIRE)


@pytest.mark.parametrize("seed", range(20))
def test_each_occurrence_has_one_fate_whatever_the_clock_does(seed: int) -> None:
    world(seed, 30)


@pytest.mark.rig
def test_in_ten_thousand_days_each_occurrence_has_one_fate() -> None:
    for seed in range(100):
        world(seed, 100)


@pytest.mark.parametrize("zone", ZONES)
def test_both_nights_of_a_year_in_which_clocks_are_set_have_their_time_once(zone: str) -> None:
    going = plan(Cron("30 2 * * *", zone), missed=Missed.ALL, most=100)
    fired = []
    for day in range(366):
        found, going = due(going, NOON + day * DAY)
        fired += [each.at.astimezone(ZoneInfo(zone)).date() for each in found]
    assert len(fired) == len(set(fired))
    assert (max(fired) - min(fired)).days == len(fired) - 1
