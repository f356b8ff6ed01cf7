"""Words are there before one has put the phone away."""

from __future__ import annotations

import pytest

from tests.chatrig.setting import line, p95
from tests.chatrig.swiftness import Times, measured

PROMISED_S = 0.3
FAST = 1000


async def run(rounds: int) -> Times:
    async with line(scale=FAST) as here:
        times = await measured(here, rounds)
    print(times.told())
    return times


async def test_a_few_words_each_way_take_less_than_promised_in_the_middle() -> None:
    times = await run(7)
    assert sorted(times.inward)[3] < PROMISED_S
    assert sorted(times.outward)[3] < PROMISED_S


@pytest.mark.rig
async def test_95_of_100_words_each_way_take_less_than_promised() -> None:
    times = await run(100)
    assert p95(times.inward) < PROMISED_S
    assert p95(times.outward) < PROMISED_S
