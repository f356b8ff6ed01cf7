"""Each time of each schedule is said once, or it is written down why not, whatever happens to machine and clock."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from daemon.core import schedules
from daemon.core.model import Schedule
from daemon.core.rules import timetable
from tests.engine.days import LIKELY, Days, said
from tests.engine.oracle import Drawn, Oracle, differences

SEED = int(os.environ.get("PEERLINE_SEED", "1"))
DAYS = int(os.environ.get("PEERLINE_DAYS", "10000"))


@pytest.mark.parametrize("days", [20, pytest.param(DAYS, marks=pytest.mark.rig)])
async def test_each_time_is_as_its_policy_says(tmp_path: Path, days: int) -> None:
    print(f"PEERLINE_SEED={SEED}")
    life = Days(tmp_path / "peerline.db", SEED, days)
    try:
        await life.pass_by()
        count = 0
        for wish, made in zip(life.wishes, life.made, strict=True):
            rows, drawn = await life.became(made), later(made)
            expected = Oracle(wish, drawn).hears(life.steps(wish))
            assert differences(expected, rows) == [], wish
            assert_spread(wish.jitter, map(drawn, expected))
            by_hand = [row for row in life.ran.values() if row.schedule_id == made.schedule_id]
            sent = said([*rows, *by_hand])
            assert len(set(sent)) == len(sent)
            assert life.heard[made.schedule_id] == len(sent), wish
            count += len(expected)
        assert all(life.met[what] for what in LIKELY), life.met
        print(f"{days} days: {count} times, {len(life.story)} steps, {dict(life.met)}")
    finally:
        await life.close()


def later(made: Schedule) -> Drawn:
    """How much later than its time each is said: drawn by the product, and judged below."""
    plan = schedules.plan_of(made)

    def drawn(at: datetime) -> timedelta:
        wakes = timetable.wakes_at(replace(plan, next_at=at))
        assert wakes is not None
        return wakes - at

    return drawn


def narrowest(draws: int) -> float:
    """The share of their span in which so many draws all lie less than once in a million lives."""
    return (1e-6 / draws) ** (1 / (draws - 1))


def assert_spread(jitter: timedelta, drawn: Iterable[timedelta]) -> None:
    found = list(drawn)
    assert all(timedelta() <= each <= jitter for each in found)
    if jitter and len(found) > 1:
        assert max(found) - min(found) > jitter * narrowest(len(found))
