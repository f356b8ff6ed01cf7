"""What the real agent waits for is decided where its person is, once; and the agent does exactly that."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.agents.claude_code import ClaudeCode, claude_binary
from tests.emulators.model_api import Calls, ModelApi, Rule, Says, Script
from tests.emulators.telegram import TelegramEmulator
from tests.scenarios.house import House, telegram_of


@pytest.fixture
async def phone(house: House, telegram: TelegramEmulator) -> House:
    """A daemon with the owner's Telegram, and hooks for the agent."""
    claude_binary()
    (house.user / ".claude").mkdir()
    await house.start(**telegram_of(telegram, "{id: 7, name: Ada}"))
    assert (await house.cli("hooks", "install", "--agent", "claude-code")).code == 0
    return house


@pytest.fixture
async def agent(phone: House, model: ModelApi) -> AsyncIterator[ClaudeCode]:
    folder = phone.place / "backend"
    folder.mkdir()
    async with ClaudeCode(phone.user, folder, model.url, f"scene-{os.getpid()}", "dev") as agent:
        yield agent


def touches(name: str) -> Calls:
    return Calls("Bash", {"command": f"touch {name}", "description": "make a file"})


async def test_a_permission_is_given_from_the_phone(
    agent: ClaudeCode, telegram: TelegramEmulator, model: ModelApi
) -> None:
    ada = telegram.person(7, "Ada")
    model.script = Script((Rule("make it", touches("made"), times=1), Rule(".", Says("all done"))))
    await agent.type("make it")
    card = await ada.sees("touch made", within=20)
    await ada.taps(card, "Allow").answered(within=20)
    await agent.until_status("idle", seconds=20)
    assert (agent.cwd / "made").exists()
    assert (await ada.sees("Allow (Ada)", within=10)).message_id == card.message_id
