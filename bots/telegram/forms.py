"""Our messages and keys as the library has them, and what is done when Telegram refuses how a text is formatted."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity, ReplyKeyboardMarkup

from bots.interface import NotEver, Verdict
from bots.telegram.markup import Message
from bots.telegram.translate import Rows
from bots.telegram.verdicts import Failed

KEYS_IN_A_ROW: Final = 3
Result = TypeVar("Result")
log = logging.getLogger(__name__)


async def formatted(call: Callable[..., Awaitable[Result]], message: Message) -> Result:
    """Make the call with entities; if it is those that are refused, once more without."""
    try:
        return await call(text=message.text, entities=_entities(message))
    except Failed as failed:
        if not message.entities or not _is_about_entities(failed.verdict):
            raise
        log.warning("Telegram refused how a message is formatted, so it goes plain: %s", failed.verdict)
    return await call(text=message.text, entities=None)


def keyboard(rows: Rows) -> InlineKeyboardMarkup | None:
    """The keys under a message."""
    if not rows:
        return None
    keys = [[InlineKeyboardButton(key.label, callback_data=key.callback) for key in row] for row in rows]
    return InlineKeyboardMarkup(keys)


def below(labels: Sequence[str]) -> ReplyKeyboardMarkup | None:
    """The keys below the chat, which type what they say."""
    if not labels:
        return None
    rows = [labels[n : n + KEYS_IN_A_ROW] for n in range(0, len(labels), KEYS_IN_A_ROW)]
    return ReplyKeyboardMarkup(rows, resize_keyboard=True, is_persistent=True)


def _is_about_entities(verdict: Verdict) -> bool:
    said = str(verdict).lower()
    return isinstance(verdict, NotEver) and "entit" in said and "too large" not in said


def _entities(message: Message) -> Sequence[MessageEntity]:
    return [
        MessageEntity(mark.type, mark.offset, mark.length, url=mark.url, language=mark.language)
        for mark in message.entities
    ]
