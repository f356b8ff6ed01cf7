"""The Bot API as far as we use it: one call each, and every failure judged (``verdicts.py``).

The token stands in the URL of every request, so no URL may get into a log or an error. Loading this room
loads python-telegram-bot, which takes 0.3 s: import it late.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from telegram import Bot, LinkPreviewOptions, MessageEntity
from telegram import Message as TelegramMessage
from telegram.error import TelegramError

from bots.interface import Failure, NotEver, Unsure
from bots.telegram.forms import below, formatted, keyboard
from bots.telegram.hearing import WANTED
from bots.telegram.markup import Message
from bots.telegram.translate import Rows
from bots.telegram.verdicts import Failed
from bots.telegram.wire import Line, Redaction, hush

CONNECT_S: Final = 5.0
SLACK_S: Final = 1.0  #: what a poll may take beyond its patience, so that a dead line is left in time
CALL_S: Final = 10.0
SPINNER_S: Final = 5.0
_QUOTING: Final = str.maketrans({'"': "'", "\\": "_"})  #: signs that a form's header would spell otherwise
UPLOAD_S: Final = 240.0  #: a file of 20 MB over a line of 1 Mbit/s takes 160
FETCH_S: Final = 240.0  #: the same the other way
FETCHING_S: Final = 30.0  #: until something more of it comes
UPLOADED_S: Final = 30.0  #: until Telegram says something, once it has all of it
_DONE_ALREADY: Final = (
    "is not modified",
    "message to edit not found",
    "can't be edited",
    "message_id_invalid",
)

log = logging.getLogger(__name__)


class Api:
    """One bot. ``root`` is the address without ``/bot``; a poll may end ``grace_s`` later than asked."""

    def __init__(self, token: str, root: str, *, grace_s: float) -> None:
        self._token = token
        self._grace_s = grace_s
        # A poll occupies its connection nearly always, so it has its own.
        self._polls = Line(connection_pool_size=2, connect_timeout=CONNECT_S)
        self._calls = Line(connection_pool_size=32, connect_timeout=CONNECT_S, read_timeout=CALL_S)
        self._bot = Bot(
            token,
            base_url=f"{root}/bot",
            base_file_url=f"{root}/file/bot",
            request=self._calls,
            get_updates_request=self._polls,
        )
        self._redaction = Redaction(token)
        hush(self._redaction)

    async def updates(self, offset: int, wait_s: int) -> list[dict[str, Any]]:
        """Return what waits from ``offset`` on (0: whatever is not confirmed), after at most ``wait_s``.

        They stay as they came: one update that the library cannot read would make it refuse the whole batch
        for ever.
        """
        asked = {"timeout": wait_s, "offset": offset, "allowed_updates": json.dumps(WANTED)}
        patience = wait_s + self._grace_s
        with self._judging():
            async with asyncio.timeout(patience + SLACK_S):
                url = f"{self._bot.base_url}/getUpdates?{urlencode(asked)}"
                result = await self._polls.post(url, read_timeout=patience)
        if not isinstance(result, list) or not all(_is_update(one) for one in result):
            raise Unsure("Telegram's answer makes no sense")
        return result

    async def fetch(self, file_id: str, largest: int) -> bytes:
        """Return the content of a file that somebody sent.

        Raises:
            NotEver: it is larger than that, or gone.

        """
        with self._judging():
            async with asyncio.timeout(FETCH_S):
                file = await self._bot.get_file(file_id)
                content = bytes(await file.download_as_bytearray(read_timeout=FETCHING_S))
        if len(content) > largest:
            raise NotEver("the file is larger than it said")
        return content

    async def renew(self) -> None:
        """Poll over a new connection from now on."""
        await self._polls.shutdown()
        await self._polls.initialize()

    async def send(
        self,
        chat: int,
        message: Message,
        *,
        topic: int | None = None,
        keys: Rows = (),
        typed: Sequence[str] = (),
        reply_to: int | None = None,
        silent: bool = False,
    ) -> int:
        """Return the id of the new message; what it should reply to may be gone.

        ``typed`` are put as keys below the chat, unless there are keys.
        """
        call = partial(
            self._bot.send_message,
            chat,
            message_thread_id=topic,
            reply_markup=keyboard(keys) or below(typed),
            reply_to_message_id=reply_to,
            allow_sending_without_reply=True if reply_to else None,
            disable_notification=silent,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )
        with self._judging():
            sent = await formatted(call, message)
        return sent.message_id

    async def send_file(
        self,
        chat: int,
        file: tuple[bytes, str],
        caption: Message,
        *,
        topic: int | None = None,
        keys: Rows = (),
        reply_to: int | None = None,
        silent: bool = False,
    ) -> int:
        """Return the id of the new message, which shows the file, content and name, and the caption below it."""
        content, name = file

        async def call(text: str, entities: Sequence[MessageEntity] | None) -> TelegramMessage:
            return await self._bot.send_document(
                chat,
                content,
                message_thread_id=topic,
                filename=name.translate(_QUOTING),
                caption=text or None,
                caption_entities=entities,
                reply_markup=keyboard(keys),
                reply_to_message_id=reply_to,
                allow_sending_without_reply=True if reply_to else None,
                disable_notification=silent,
                disable_content_type_detection=True,
                read_timeout=UPLOADED_S,
                write_timeout=CALL_S,
            )

        with self._judging():
            async with asyncio.timeout(UPLOAD_S):
                sent = await formatted(call, caption)
        return sent.message_id

    async def edit(self, chat: int, message_id: int, message: Message, *, keys: Rows = ()) -> None:
        """Show this instead. A message that shows it already, or is gone or too old, is as good as edited."""
        call = partial(
            self._bot.edit_message_text,
            chat_id=chat,
            message_id=message_id,
            reply_markup=keyboard(keys),
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )
        try:
            with self._judging():
                await formatted(call, message)
        except NotEver as never:
            if not any(known in str(never).lower() for known in _DONE_ALREADY):
                raise

    async def react(self, chat: int, message_id: int, emoji: str) -> None:
        """Put this on somebody's message in place of what we put there before; "" takes it away."""
        with self._judging():
            await self._bot.set_message_reaction(chat, message_id, emoji or None)

    async def introduce(self, words: Sequence[tuple[str, str]]) -> None:
        """Put the words and what they do into the menu of commands."""
        with self._judging():
            await self._bot.set_my_commands(words)

    async def pin(self, chat: int, message_id: int) -> None:
        with self._judging():
            await self._bot.pin_chat_message(chat, message_id, disable_notification=True)

    async def make_topic(self, chat: int, name: str) -> int:
        """Return the id of the new topic."""
        with self._judging():
            return (await self._bot.create_forum_topic(chat, name)).message_thread_id

    async def change_topic(self, method: str, chat: int, topic: int, **more: str) -> None:
        """Call one of the methods that change a topic."""
        asked = {"chat_id": chat, "message_thread_id": topic, **more}
        with self._judging():
            async with asyncio.timeout(CALL_S):
                await self._calls.post(f"{self._bot.base_url}/{method}?{urlencode(asked)}")

    async def stop_spinner(self, query_id: str) -> None:
        """Tell the phone that the tap has arrived. Too late is no harm, and there is no second time."""
        try:
            with self._judging():
                async with asyncio.timeout(SPINNER_S):
                    await self._bot.answer_callback_query(query_id)
        except Failure as failure:
            log.debug("a tap was not answered: %s", failure)

    async def account(self) -> dict[str, Any]:
        """Return who the token is of: ``id``, ``username``, ``first_name``."""
        return await self._told("getMe")

    async def webhook(self) -> dict[str, Any]:
        """Return ``url``, ``pending_update_count`` and, where Telegram failed there, ``last_error_message``."""
        return await self._told("getWebhookInfo")

    async def set_webhook(self, url: str, secret: str) -> None:
        """Have updates brought there, one at a time: several at once would lose their order."""
        with self._judging():
            await self._bot.set_webhook(
                url, secret_token=secret, allowed_updates=list(WANTED), max_connections=1
            )

    async def delete_webhook(self) -> None:
        """Let updates be asked for again; those that wait are kept."""
        with self._judging():
            await self._bot.delete_webhook(drop_pending_updates=False)

    async def _told(self, method: str) -> dict[str, Any]:
        with self._judging():
            async with asyncio.timeout(CALL_S):
                result = await self._calls.post(f"{self._bot.base_url}/{method}")
        if not isinstance(result, dict):
            raise Unsure("Telegram's answer makes no sense")
        return result

    async def close(self) -> None:
        await self._polls.shutdown()
        await self._calls.shutdown()
        logging.getLogger("httpx").removeFilter(self._redaction)

    @contextmanager
    def _judging(self) -> Iterator[None]:
        try:
            yield
        except Failed as failed:
            raise failed.verdict from None
        except TimeoutError:
            raise Unsure("no answer from Telegram in time") from None
        except TelegramError as error:
            raise Unsure(str(error).replace(self._token, "<token>")) from None


def _is_update(one: object) -> bool:
    return isinstance(one, dict) and isinstance(one.get("update_id"), int)
