"""Whatever the weather, what an agent tells a person is shown."""

from __future__ import annotations

import pytest

from tests.chatrig.grounds import SLACK, SURFACES, TELEGRAM
from tests.chatrig.luck import luck, told
from tests.chatrig.notices import Plan, Verdict
from tests.chatrig.notices import run as sent


async def run(plan: Plan) -> Verdict:
    verdict = await sent(plan, luck())
    told(verdict.told(), verdict.wrong)
    return verdict


@pytest.mark.long
@pytest.mark.parametrize("surface", [TELEGRAM, pytest.param(SLACK, marks=pytest.mark.thorough)])
async def test_a_few_notices_through_a_kill_and_bad_weather_are_shown_in_order(surface: str) -> None:
    verdict = await run(Plan(15, surface, senders=3, people=3, longest=6000, rate=0.3, scale=20))
    assert verdict.wrong == []
    assert surface != SLACK or not verdict.marked  # each is looked for there


@pytest.mark.rig
@pytest.mark.parametrize("surface", SURFACES)
async def test_500_notices_through_a_kill_and_bad_weather_are_shown_in_order(surface: str) -> None:
    verdict = await run(Plan(500, surface, scale=10, patience_s=60))
    assert verdict.wrong == []


@pytest.mark.rig
@pytest.mark.parametrize("surface", SURFACES)
async def test_notices_keep_the_real_limits_of_the_platform(surface: str) -> None:
    verdict = await run(Plan(100, surface, people=3, longest=4000))
    assert verdict.wrong == []
