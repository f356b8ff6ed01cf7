"""A new user: three commands, one tap, and their chat has the first answer of a real Claude Code session."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from tests.agents.claude_code import ClaudeCode
from tests.emulators import slack, telegram
from tests.emulators.model_api import ModelApi
from tests.emulators.slack import SlackEmulator, Tokens
from tests.emulators.telegram import TelegramEmulator
from tests.scenarios.house import PATIENCE_S, House
from tests.scenarios.life import code_on
from tests.scenarios.test_slack_life import APP, BOT
from tests.scenarios.test_telegram_life import CANARY

pytestmark = pytest.mark.thorough


@asynccontextmanager
async def new_house(**settings: str) -> AsyncIterator[House]:
    """Nothing is set up; everybody knows where the platform is."""
    async with House(**settings) as house:
        (house.user / ".claude").mkdir()
        yield house


async def has_the_first_answer(
    house: House,
    ada: telegram.Person | slack.Person,
    pairs: Callable[[], Awaitable[None]],
    model: ModelApi,
) -> None:
    shop = house.place / "shop"
    shop.mkdir()
    installed = await house.at_terminal("hooks", "install", "--agent", "claude-code")
    assert installed.code == 0, installed
    await house.start()
    await pairs()
    await ada.sees("Paired. Hello ada", within=PATIENCE_S)

    async with ClaudeCode(house.user, shop, model.url, f"scene-{os.getpid()}", "dev") as agent:
        await house.joined("shop")
        ada.says("hello, who are you?")  # there is one agent only, and nobody was chosen
        card = await ada.sees("To whom?", within=PATIENCE_S)
        await ada.taps(card, "dev/shop").answered(within=PATIENCE_S)
        await ada.sees("stub: ", within=PATIENCE_S)
        assert "hello, who are you?" in await agent.capture()


async def test_three_commands_and_one_tap_to_the_first_answer_on_telegram(model: ModelApi) -> None:
    async with (
        TelegramEmulator(token=CANARY) as there,
        new_house(PEERLINE_TELEGRAM__API_BASE=there.root) as house,
    ):
        ada = there.person(7, "Ada", started=False)

        async def pairs() -> None:
            async with house.terminal("telegram", "start") as screen:
                await screen.shows("token:")
                screen.type(CANARY)
                await screen.shows("send this to")
                ada.says(f"/start {code_on(screen)}")  # the tap
                await screen.shows("paired: ada (7), the owner")
                assert await screen.ended() == 0

        await has_the_first_answer(house, ada, pairs, model)


async def test_an_app_of_our_manifest_and_three_commands_to_the_first_answer_on_slack(
    model: ModelApi,
) -> None:
    async with (
        SlackEmulator(tokens=Tokens(BOT, APP)) as there,
        new_house(PEERLINE_SLACK__API_BASE=there.root, PEERLINE_CHAT_PACE="50") as house,
    ):
        ada = there.person("U0000ADA", "Ada")

        async def pairs() -> None:
            app = json.loads((await house.cli("slack", "manifest")).out)
            there.world.scopes = set(app["oauth_config"]["scopes"]["bot"])
            async with house.terminal("slack", "start") as screen:
                await screen.shows("bot token:")
                screen.type(BOT)
                await screen.shows("app token:")
                screen.type(APP)
                await screen.shows("waiting for it")
                ada.says(code_on(screen))
                await screen.shows("the owner")
                assert await screen.ended() == 0

        await has_the_first_answer(house, ada, pairs, model)
        # `slack start` asks for an address to prove the app token, and the daemon for another one at once.
        assert [wrong for wrong in there.checks() if "another attempt" not in wrong] == []
