"""A platform, a person and a bot for the tests of each emulator."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import telegram as ptb
from slack_sdk.web.async_client import AsyncWebClient

from tests.emulators.slack import Channel, SlackEmulator
from tests.emulators.slack import Person as Colleague
from tests.emulators.slack.library import client_at
from tests.emulators.telegram import Person, TelegramEmulator
from tests.emulators.telegram.library import bot_at


@pytest.fixture
async def telegram(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TelegramEmulator]:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")  # else the library warns whenever it builds a RetryAfter
    async with TelegramEmulator() as emulator:
        yield emulator


@pytest.fixture
def ada(telegram: TelegramEmulator) -> Person:
    return telegram.person(7, "Ada")


@pytest.fixture
async def bot(telegram: TelegramEmulator) -> AsyncIterator[ptb.Bot]:
    async with bot_at(telegram) as made:
        yield made


@pytest.fixture
async def slack() -> AsyncIterator[SlackEmulator]:
    async with SlackEmulator() as emulator:
        yield emulator


@pytest.fixture
def sara(slack: SlackEmulator) -> Colleague:
    return slack.person("U0000SARA", "Sara")


@pytest.fixture
def work(slack: SlackEmulator, sara: Colleague) -> Channel:
    return slack.channel("C0000WORK", "work", sara)


@pytest.fixture
def web(slack: SlackEmulator) -> AsyncWebClient:
    return client_at(slack)
