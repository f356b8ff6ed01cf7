"""Whoever is not on the list is not heard by any peer of a workspace, whatever they try."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.chatrig import intruders, slack_intruders
from tests.chatrig.grounds import SLACK
from tests.chatrig.setting import Line, line

pytestmark = pytest.mark.thorough


@pytest.fixture
async def here() -> AsyncIterator[Line]:
    async with line(surface=SLACK, scale=50, forums=1, topics=1) as here:
        yield here


async def test_a_stranger_and_a_foreigner_get_silence_in_private(here: Line) -> None:
    eve, far = here.ground.emulator.person("U0000EVE", "Eve"), slack_intruders.foreigner(here)
    found = await intruders.attacked(here, slack_intruders.stranger(eve), slack_intruders.stranger(far))
    slack_intruders.silent(eve, found)
    slack_intruders.silent(far, found)
    assert found.wrong == []


async def test_strangers_foreigners_and_apps_reach_nobody_in_a_listed_channel(here: Line) -> None:
    eve, far = here.ground.emulator.person("U0000EVE", "Eve"), slack_intruders.foreigner(here)
    work = here.ground.places(here.people[0])[1].room
    card = await slack_intruders.card_in(here, work)
    found = await intruders.attacked(
        here,
        slack_intruders.stranger(eve, work),
        slack_intruders.stranger(eve, work, thread=card),
        slack_intruders.stranger(far, work),
        slack_intruders.meddler(eve, work),
        slack_intruders.meddler(far, work),
        slack_intruders.apps(work, here.people[0]),
        slack_intruders.namesake(here.people[0], work),
    )
    assert {"yes", "no"} <= set(work.messages[card.ts].labels)
    assert found.wrong == []


async def test_nobody_is_heard_in_a_channel_that_is_not_listed(here: Line) -> None:
    ada, eve = here.people[0], here.ground.emulator.person("U0000EVE", "Eve")
    elsewhere = here.ground.emulator.channel("C0000ELSE", "elsewhere", ada, eve)
    found = await intruders.attacked(
        here,
        slack_intruders.stranger(eve, elsewhere),
        slack_intruders.apps(elsewhere, ada),
        slack_intruders.apps(ada.chat, ada),
    )
    slack_intruders.silent(eve, found, elsewhere)
    assert [message.text for message in eve.heard(elsewhere) if message.sender.name == "Peerline"] == []
    assert found.wrong == []
