"""A new user: three commands, one tap, and the phone has the first answer of a real Claude Code session."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest

from tests.agents.claude_code import ClaudeCode
from tests.emulators.model_api import ModelApi
from tests.emulators.telegram import TelegramEmulator
from tests.scenarios.house import PATIENCE_S, House
from tests.scenarios.test_telegram_life import CANARY, code_on


@pytest.fixture
async def house(telegram: TelegramEmulator) -> AsyncIterator[House]:
    """Nothing is set up; everybody knows where Telegram is."""
    async with House(PEERLINE_TELEGRAM__API_BASE=telegram.root) as house:
        (house.user / ".claude").mkdir()
        yield house


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramEmulator]:
    async with TelegramEmulator(token=CANARY) as telegram:
        yield telegram


@pytest.mark.thorough
async def test_three_commands_and_one_tap_to_the_first_answer(
    house: House, telegram: TelegramEmulator, model: ModelApi
) -> None:
    ada = telegram.person(7, "Ada", started=False)
    shop = house.place / "shop"
    shop.mkdir()

    installed = await house.at_terminal("hooks", "install", "--agent", "claude-code")  # the first command
    assert installed.code == 0, installed
    await house.start()  # the second: peerline up
    async with house.terminal("telegram", "start") as screen:  # the third
        await screen.shows("token:")
        screen.type(CANARY)
        await screen.shows("send this to")
        ada.says(f"/start {code_on(screen)}")  # the tap
        await screen.shows("paired: ada (7), the owner")
        assert await screen.ended() == 0
    await ada.sees("Paired. Hello ada", within=PATIENCE_S)

    async with ClaudeCode(house.user, shop, model.url, f"scene-{os.getpid()}", "dev") as agent:
        await house.joined("shop")
        ada.says("hello, who are you?")  # there is one agent only, and nobody was chosen
        card = await ada.sees("To whom?", within=PATIENCE_S)
        await ada.taps(card, "dev/shop").answered(within=PATIENCE_S)
        await ada.sees("stub: ", within=PATIENCE_S)
        assert "hello, who are you?" in await agent.capture()
    print(ada.screen())
