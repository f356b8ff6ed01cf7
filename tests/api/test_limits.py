"""How much may be sent to whom: counted by who is meant, for each of them, and for none if one has had enough."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from daemon.api.limits import Limits, Window
from daemon.core.errors import Throttled

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
API, WEB = {"p-1": "api"}, {"p-2": "web"}


def limits() -> Limits:
    return Limits(Window("limits.peer_per_minute", 0), Window("limits.pair_per_minute", 2))


def test_many_at_once_count_for_each_of_them() -> None:
    ours = limits()
    ours.meeting("p-0", API | WEB, NOON)
    ours.meeting("p-0", API, NOON)

    ours.meeting("p-0", WEB, NOON)
    with pytest.raises(Throttled):
        ours.meeting("p-0", WEB, NOON)


def test_who_is_refused_learns_the_limit_its_value_whom_it_is_about_and_when_to_come_back() -> None:
    ours = limits()
    ours.meeting("p-0", WEB, NOON)
    ours.meeting("p-0", WEB, NOON + timedelta(seconds=20))

    with pytest.raises(Throttled) as refused:
        ours.meeting("p-0", API | WEB, NOON + timedelta(seconds=30))

    assert str(refused.value) == "limits.pair_per_minute is 2 a minute, and web had as many from you"
    assert (refused.value.hint, refused.value.after_s) == ("try again in 30 s", 30)


def test_one_who_has_had_enough_costs_the_others_nothing() -> None:
    ours = limits()
    for _ in range(2):
        ours.meeting("p-0", WEB, NOON)
    for _ in range(5):
        with pytest.raises(Throttled):
            ours.meeting("p-0", API | WEB, NOON)

    ours.meeting("p-0", API, NOON)
    ours.meeting("p-0", API, NOON)


def test_without_a_limit_nobody_is_looked_up() -> None:
    assert limits().counts_pairs
    assert not Limits(Window("peer", 5), Window("pair", 0)).counts_pairs
