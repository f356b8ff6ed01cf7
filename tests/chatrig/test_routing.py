"""Whoever is meant hears it, and nobody else; the answer comes where it was asked."""

from __future__ import annotations

import pytest

from tests.chatrig.grounds import SLACK, SURFACES, TELEGRAM
from tests.chatrig.luck import luck, told
from tests.chatrig.routing import Plan, Verdict
from tests.chatrig.routing import run as routed


async def run(plan: Plan) -> Verdict:
    verdict = await routed(plan, luck())
    told(verdict.told(), verdict.wrong)
    return verdict


@pytest.mark.thorough
@pytest.mark.parametrize("surface", SURFACES)
async def test_words_in_private_chats_find_their_agents_through_a_restart(surface: str) -> None:
    verdict = await run(Plan(surface, people=2, forums=0, agents=2, rounds=2, restarts=1))
    assert verdict.wrong == []


@pytest.mark.parametrize("surface", [TELEGRAM, pytest.param(SLACK, marks=pytest.mark.thorough)])
async def test_words_in_topics_find_their_agents_through_a_restart(surface: str) -> None:
    verdict = await run(Plan(surface, people=2, forums=1, topics=2, agents=2, restarts=1))
    assert verdict.wrong == []


@pytest.mark.thorough
@pytest.mark.parametrize("surface", SURFACES)
async def test_what_is_told_four_times_is_heard_once(surface: str) -> None:
    verdict = await run(Plan(surface, people=2, forums=1, topics=1, agents=2, restarts=0, repeated=True))
    assert verdict.wrong == []


@pytest.mark.rig
@pytest.mark.parametrize("surface", SURFACES)
async def test_all_words_of_3_people_in_private_chats_find_their_agents(surface: str) -> None:
    verdict = await run(Plan(surface, forums=0, rounds=8, restarts=3))
    assert (verdict.wrong, verdict.right) == ([], verdict.words)


@pytest.mark.rig
@pytest.mark.parametrize("surface", SURFACES)
async def test_all_words_of_3_people_in_2_chats_with_4_topics_find_their_agents(surface: str) -> None:
    verdict = await run(Plan(surface, restarts=3))
    assert (verdict.wrong, verdict.right) == ([], verdict.words)
