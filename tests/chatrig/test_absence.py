"""Half an hour without the line loses nothing and repeats nothing."""

from __future__ import annotations

import pytest

from tests.chatrig.absence import Plan
from tests.chatrig.absence import run as away
from tests.chatrig.luck import luck, told

ENDED = pytest.mark.parametrize("ended", [True, False], ids=["the daemon", "the network"])


async def run(plan: Plan) -> list[str]:
    verdict = await away(plan, luck())
    told(verdict.told(), verdict.wrong)
    return verdict.wrong


@pytest.mark.thorough
@ENDED
async def test_a_few_words_that_were_said_meanwhile_are_heard_once_and_in_order(ended: bool) -> None:
    assert await run(Plan(people=2, channels=1, threads=2, each=3, ended=ended)) == []


@pytest.mark.rig
@ENDED
async def test_hundreds_of_words_that_were_said_meanwhile_are_heard_once_and_in_order(ended: bool) -> None:
    assert await run(Plan(each=30, ended=ended)) == []
