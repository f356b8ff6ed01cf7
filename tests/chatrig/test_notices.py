"""Whatever the weather, what an agent tells a person is shown."""

from __future__ import annotations

import pytest

from tests.chatrig.luck import luck, told
from tests.chatrig.notices import Plan, Verdict
from tests.chatrig.notices import run as sent


async def run(plan: Plan) -> Verdict:
    verdict = await sent(plan, luck())
    told(verdict.told(), verdict.wrong)
    return verdict


@pytest.mark.long
async def test_a_few_notices_through_a_kill_and_bad_weather_are_shown_in_order() -> None:
    verdict = await run(
        Plan(notices=15, senders=3, people=3, longest=6000, rate=0.3, scale=20, patience_s=15)
    )
    assert verdict.wrong == []


@pytest.mark.rig
async def test_500_notices_through_a_kill_and_bad_weather_are_shown_in_order() -> None:
    verdict = await run(Plan(notices=500, scale=10, patience_s=60))
    assert verdict.wrong == []


@pytest.mark.rig
async def test_notices_keep_the_real_limits_of_the_platform() -> None:
    verdict = await run(Plan(notices=100, people=3, longest=4000))
    assert verdict.wrong == []
