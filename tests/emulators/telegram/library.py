"""python-telegram-bot, pointed at the emulator: the other half of these tests."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from typing import Any

import aiohttp
import pytest
import telegram as ptb
from telegram.error import BadRequest, TelegramError
from telegram.request import HTTPXRequest

from tests.emulators.telegram.server import TelegramEmulator

KEYS = ptb.InlineKeyboardMarkup(
    [[ptb.InlineKeyboardButton(word, callback_data=word) for word in ("yes", "no")]]
)


def bot_at(telegram: TelegramEmulator, token: str = "") -> ptb.Bot:
    return ptb.Bot(
        token or telegram.token,
        base_url=f"{telegram.root}/bot",
        base_file_url=f"{telegram.root}/file/bot",
        request=HTTPXRequest(read_timeout=5, connection_pool_size=4),
        get_updates_request=HTTPXRequest(read_timeout=5),
    )


async def polled(bot: ptb.Bot, *, offset: int = 0, timeout: int = 2) -> ptb.Update:
    """Return the one update that waits from `offset` on."""
    (update,) = await bot.get_updates(offset=offset, timeout=timeout)
    return update


def refused(says: str) -> pytest.RaisesExc[BadRequest]:
    """Expect a 400; the library turns the case of its words upside down."""
    return pytest.raises(BadRequest, match=f"(?i){re.escape(says)}")


async def refusal_of(call: Awaitable[object]) -> TelegramError:
    with pytest.raises(TelegramError) as caught:
        await call
    return caught.value


async def posted(telegram: TelegramEmulator, message: dict[str, Any]) -> dict[str, Any]:
    """Send a message past the library, which would not send everything and sends no JSON."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{telegram.root}/bot{telegram.token}/sendMessage", json=message) as answer,
    ):
        return await answer.json()
