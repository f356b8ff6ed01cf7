"""Houses, models and agents for the scenarios."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest

from tests.agents.claude_code import ClaudeCode, claude_binary
from tests.emulators.model_api import ModelApi
from tests.emulators.slack import Allowance, SlackEmulator
from tests.emulators.telegram import Person, TelegramEmulator
from tests.scenarios.house import ADA, House, telegram_of


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """No daemon runs yet."""
    async with House() as house:
        yield house


@pytest.fixture
async def model() -> AsyncIterator[ModelApi]:
    async with ModelApi() as model:
        yield model


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramEmulator]:
    async with TelegramEmulator() as telegram:
        yield telegram


@pytest.fixture
async def slack() -> AsyncIterator[SlackEmulator]:
    async with SlackEmulator(allowance=Allowance().times(50)) as slack:
        yield slack
        assert slack.checks() == []


@pytest.fixture
def ada(telegram: TelegramEmulator) -> Person:
    """The owner, with a phone."""
    return telegram.person(7, "Ada")


@pytest.fixture
async def hosted(house: House, telegram: TelegramEmulator) -> House:
    """A running daemon with the owner's Telegram."""
    await house.start(**telegram_of(telegram, ADA))
    return house


@pytest.fixture
async def phone(hosted: House) -> House:
    """The same, and hooks installed where the real agent will look for them."""
    claude_binary()
    (hosted.user / ".claude").mkdir()
    assert (await hosted.cli("hooks", "install", "--agent", "claude-code")).code == 0
    return hosted


@pytest.fixture
async def line(house: House) -> House:
    """A running daemon, and hooks installed where the real agent will look for them."""
    claude_binary()
    (house.user / ".claude").mkdir()
    await house.start()
    installed = await house.cli("hooks", "install", "--agent", "claude-code")
    assert installed.code == 0, installed
    return house


@pytest.fixture
async def backend(line: House, model: ModelApi) -> AsyncIterator[ClaudeCode]:
    """The real Claude Code as the peer ``backend`` of circle ``dev``, idle."""
    folder = line.place / "backend"
    folder.mkdir()
    async with ClaudeCode(line.user, folder, model.url, f"scene-{os.getpid()}", "dev") as agent:
        await line.joined("backend")  # its first hook may take a moment on a busy machine
        yield agent
