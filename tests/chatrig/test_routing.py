"""Whoever is meant hears it, and nobody else; the answer comes where it was asked."""

from __future__ import annotations

import pytest

from tests.chatrig.luck import luck, told
from tests.chatrig.routing import Plan, Verdict
from tests.chatrig.routing import run as routed


async def run(plan: Plan) -> Verdict:
    verdict = await routed(plan, luck())
    told(verdict.told(), verdict.wrong)
    return verdict


@pytest.mark.thorough
async def test_words_in_private_chats_find_their_agents_through_a_restart() -> None:
    verdict = await run(Plan(people=2, forums=0, agents=2, rounds=2, restarts=1))
    assert verdict.wrong == []


async def test_words_in_topics_find_their_agents_through_a_restart() -> None:
    verdict = await run(Plan(people=2, forums=1, topics=2, agents=2, restarts=1))
    assert verdict.wrong == []


@pytest.mark.rig
async def test_all_words_of_3_people_in_private_chats_find_their_agents() -> None:
    verdict = await run(Plan(forums=0, rounds=8, restarts=3))
    assert (verdict.wrong, verdict.right) == ([], verdict.words)


@pytest.mark.rig
async def test_all_words_of_3_people_in_2_chats_with_4_topics_find_their_agents() -> None:
    verdict = await run(Plan(restarts=3))
    assert (verdict.wrong, verdict.right) == ([], verdict.words)
