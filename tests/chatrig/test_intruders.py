"""Whoever is not on the list is not heard by any peer, whatever they try."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.chatrig import intruders
from tests.chatrig.luck import luck
from tests.chatrig.setting import Line, line
from tests.emulators.telegram.crowd import SUPERGROUP

UNLISTED = SUPERGROUP - 99


@pytest.fixture
async def here() -> AsyncIterator[Line]:
    async with line(scale=50) as here:
        yield here


@pytest.fixture
async def grouped() -> AsyncIterator[Line]:
    async with line(scale=50, forums=1, topics=1) as here:
        yield here


async def test_a_stranger_gets_silence_and_reaches_nobody(here: Line) -> None:
    eve = here.ground.emulator.person(66, "Eve")
    found = await intruders.attacked(here, intruders.private_stranger(eve))
    intruders.silent_to(eve, found)
    assert found.wrong == []


async def test_strangers_and_crowds_of_a_group_that_nobody_listed_reach_nobody(here: Line) -> None:
    eve = here.ground.emulator.person(66, "Eve")
    group = here.ground.emulator.group(UNLISTED, "Elsewhere", eve, here.people[0])
    found = await intruders.attacked(
        here, intruders.group_stranger(eve, group), intruders.crowds(group, here.people[0].user)
    )
    intruders.silent_to(eve, found)
    assert [
        message.text for message in eve.heard(group) if message.sender == here.ground.emulator.world.bot
    ] == []
    assert found.wrong == []


async def test_strangers_and_crowds_of_a_listed_group_reach_nobody(grouped: Line) -> None:
    eve, (group,) = grouped.ground.emulator.person(66, "Eve"), grouped.ground.forums
    (thread,) = grouped.ground.topics[group.chat_id]
    card = await intruders.card_in(grouped, group)
    found = await intruders.attacked(
        grouped,
        intruders.group_stranger(eve, group),
        intruders.group_stranger(eve, group, thread),
        intruders.crowds(group, grouped.people[0].user),
    )
    intruders.silent_to(eve, found, most=1)
    assert group.messages[card.message_id].labels == ("yes", "no")
    assert found.wrong == []


async def test_bots_reach_nobody_even_in_the_owners_own_chat(here: Line) -> None:
    found = await intruders.attacked(here, intruders.private_bots(here.people[0]))
    assert found.wrong == []


async def test_a_forwarded_command_is_nobodys_word(here: Line) -> None:
    found = await intruders.attacked(here, intruders.forwarded_commands(here.people[0]))
    assert found.wrong == []


async def test_nobody_comes_in_by_guessing(here: Line) -> None:
    found = await intruders.brute_force(here, luck(), 60)
    assert found.wrong == []


@pytest.mark.rig
async def test_nobody_comes_in_by_guessing_for_long(here: Line) -> None:
    found = await intruders.brute_force(here, luck(), 3000)
    assert found.wrong == []
