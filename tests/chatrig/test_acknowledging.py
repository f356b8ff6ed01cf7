"""Slack has its acknowledgement long before it would ask again."""

from __future__ import annotations

import pytest

from tests.chatrig.acknowledging import PROMISED_S, Plan, Verdict
from tests.chatrig.acknowledging import run as measured
from tests.chatrig.luck import told


async def run(plan: Plan) -> Verdict:
    verdict = await measured(plan)
    told(verdict.told(), verdict.wrong)
    return verdict


@pytest.mark.thorough
async def test_a_few_envelopes_are_acknowledged_in_time_while_the_store_is_busy() -> None:
    verdict = await run(Plan(words=100, senders=2))
    assert verdict.wrong == []
    assert verdict.quantile(0.95) < PROMISED_S


@pytest.mark.rig
async def test_999_of_1000_envelopes_are_acknowledged_within_half_a_second() -> None:
    verdict = await run(Plan(words=3000))
    assert verdict.wrong == []
    assert verdict.quantile(0.999) < PROMISED_S
