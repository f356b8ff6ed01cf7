"""Telegram and Slack in one daemon: what is asked of one person on both is one thing, and is over on both at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from tests.emulators.slack import SlackEmulator
from tests.emulators.telegram import TelegramEmulator
from tests.scenarios.house import (
    ADA,
    CHANNELS,
    LOOK_S,
    PATIENCE_S,
    SLACK_ADA,
    WORK,
    House,
    called,
    slack_of,
    telegram_of,
)

SLACK_EVE = "U0000EVE"
AT_ONCE_S = 1.0
pytestmark = pytest.mark.thorough


@pytest.fixture
async def house(slack: SlackEmulator, telegram: TelegramEmulator) -> AsyncIterator[House]:
    """Ada is the owner on both."""
    slack.person("U0000ADA", "Ada")
    telegram.person(7, "Ada")
    slack.channel(WORK, "work", slack.person("U0000ADA", "Ada"), slack.person(SLACK_EVE, "Eve"))
    async with House() as house:
        given = slack_of(slack, SLACK_ADA, channels=CHANNELS)
        await house.start(**given | telegram_of(telegram, ADA))
        async with asyncio.timeout(PATIENCE_S):
            for surface in ("slack", "telegram"):
                while not (await house.daemon.client().surface(surface))["proven"]:
                    await asyncio.sleep(LOOK_S)
        yield house


@pytest.mark.parametrize("tapped_on", ["slack", "telegram"])
async def test_what_is_answered_on_one_is_over_on_the_other_within_a_second_and_says_who(
    house: House, slack: SlackEmulator, telegram: TelegramEmulator, tapped_on: str
) -> None:
    there, phone = slack.person("U0000ADA", "Ada"), telegram.person(7, "Ada")
    async with house.mcp("backend") as backend:
        asked = await called(
            backend,
            "ask",
            to=["slack-ada", "telegram"],
            question="deploy?",
            options=["yes", "no"],
            need="first",
        )
        card = await there.sees("deploy?", within=PATIENCE_S)
        shown = await phone.sees("deploy?", within=PATIENCE_S)
        begun = time.monotonic()
        if tapped_on == "slack":
            there.taps(card, "yes")
            await phone.sees(lambda card: "deploy?" in card.text and "ada" in card.text, within=PATIENCE_S)
        else:
            phone.taps(shown, "yes")
            await there.sees(lambda card: "deploy?" in card.text and "ada" in card.text, within=PATIENCE_S)
        assert time.monotonic() - begun < AT_ONCE_S
        told = await called(backend, "wait_for", ask_id=asked["ask_id"])
        assert (told["state"], [each["option"] for each in told["answers"]]) == ("answered", ["yes"])


async def test_an_agents_question_in_a_channel_is_answered_by_a_listed_person_and_by_nobody_else(
    house: House, slack: SlackEmulator, telegram: TelegramEmulator
) -> None:
    ada, eve = slack.person("U0000ADA", "Ada"), slack.person(SLACK_EVE, "Eve")
    work = slack.world.channels["C0000WORK"]
    async with house.mcp("backend") as backend:
        asked = await called(backend, "ask", to="slack", question="deploy?", options=["yes", "no"])
        card = await eve.sees("deploy?", channel=work, within=PATIENCE_S)
        eve.taps(card, "no")
        ada.taps(await ada.sees("deploy?", channel=work), "yes")
        told = await called(backend, "wait_for", ask_id=asked["ask_id"])
        assert (told["state"], [each["option"] for each in told["answers"]]) == ("answered", ["yes"])
    assert eve.heard() == ()
    assert telegram.person(7, "Ada").heard() == ()


@pytest.mark.parametrize("answered_on", ["slack", "telegram", "terminal"])
async def test_what_is_asked_on_slack_telegram_and_in_the_terminal_is_over_everywhere_within_a_second(
    house: House, slack: SlackEmulator, telegram: TelegramEmulator, answered_on: str
) -> None:
    there, phone = slack.person("U0000ADA", "Ada"), telegram.person(7, "Ada")
    everywhere = ["slack-ada", "telegram", "console"]
    async with house.mcp("backend") as backend, house.terminal("chat") as screen:
        await house.joined("console")
        asked = await called(
            backend, "ask", to=everywhere, question="deploy?", options=["yes", "no"], need="first"
        )
        card = await there.sees("deploy?", within=PATIENCE_S)
        shown = await phone.sees("deploy?", within=PATIENCE_S)
        await screen.shows("[1] yes")
        begun = time.monotonic()
        match answered_on:
            case "slack":
                there.taps(card, "yes")
            case "telegram":
                phone.taps(shown, "yes")
            case _:
                screen.type("1")
        who = "owner" if answered_on == "terminal" else "ada"
        await there.sees(lambda each: each.ts == card.ts and f"yes ({who})" in each.text, within=PATIENCE_S)
        await phone.sees(
            lambda each: each.message_id == shown.message_id and f"yes ({who})" in each.text,
            within=PATIENCE_S,
        )
        if answered_on != "terminal":
            await screen.shows("yes (ada)")
        assert time.monotonic() - begun < AT_ONCE_S
        told = await called(backend, "wait_for", ask_id=asked["ask_id"])
        assert (told["state"], [each["option"] for each in told["answers"]]) == ("answered", ["yes"])
