"""A platform, a person and a bot for the tests of the Telegram emulator."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import telegram as ptb

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
