"""What must be decided does not wait behind what is merely told, and no limit is broken by many at once."""

from __future__ import annotations

import pytest

from tests.chatrig.grounds import SURFACES
from tests.chatrig.luck import told
from tests.chatrig.overtaking import Plan, Verdict
from tests.chatrig.overtaking import run as measured

ADDED_S = 2.0


async def run(plan: Plan) -> Verdict:
    verdict = await measured(plan)
    told(verdict.told(), verdict.wrong)
    return verdict


@pytest.mark.thorough
@pytest.mark.parametrize("surface", SURFACES)
async def test_an_approval_overtakes_what_a_few_agents_say_at_once(surface: str) -> None:
    verdict = await run(Plan(surface, senders=4, each=4, approvals=2, scale=4))
    assert verdict.wrong == []
    assert verdict.overtook == len(verdict.busy_s)


@pytest.mark.rig
@pytest.mark.parametrize("surface", SURFACES)
async def test_approvals_overtake_what_20_agents_say_at_once_within_the_real_limits(surface: str) -> None:
    verdict = await run(Plan(surface))
    assert verdict.wrong == []
    assert verdict.overtook == len(verdict.busy_s)
    assert verdict.added_s() < ADDED_S
