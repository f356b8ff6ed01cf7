"""Telegram as a chat surface: chats with a bot, heard by long polls (``listening``), shown by messages and edits.

A chat that Telegram wants left alone is left alone for as long as it said.

A long card is several messages. If one of them surely did not leave, the next ``show`` of the card goes on
there; that is remembered in memory only, so a crash just then shows the earlier ones twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from bots.intake import Intake
from bots.interface import Card, Heard, NotEver, NotNow, Raw, Unsure
from bots.telegram.listening import Ear, Patience
from bots.telegram.markup import Message
from bots.telegram.translate import keys, message_in, pages, parts_of, receipt
from daemon.core.model import Attachment

PATIENCE: Final = Patience()
NOTHING_TAKEN: Final = Intake()
ROOT: Final = "https://api.telegram.org"
AGAIN_S: Final = 5.0  #: when to try again what surely did not leave
MOST_BEGUN: Final = 100
LARGEST_FILE: Final = 50 * 1024 * 1024  #: bytes that a bot may upload


class TelegramSurface:
    """``async with TelegramSurface(token) as surface``, or ``close()`` it in the end."""

    name: Final = "telegram"

    def __init__(
        self,
        token: str,
        api_base: str = ROOT,
        *,
        patience: Patience = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
        intake: Intake = NOTHING_TAKEN,
    ) -> None:
        from bots.telegram.api import Api

        self._api = Api(token, api_base.rstrip("/"), grace_s=patience.grace)
        self._clock = clock
        self._health = Health(patience.pulse, clock)
        self._ear = Ear(self._api, _account(token), patience, self._health.note, intake, clock)
        self._quiet_until: dict[str, float] = {}
        self._begun: dict[tuple[str, Card], int] = {}

    def arrivals(self) -> AsyncIterator[Sequence[Raw]]:
        return self._ear.arrivals()

    async def understood(self, raws: Sequence[Raw]) -> Heard | None:
        return await self._ear.understood(raws)

    async def pulses(self) -> AsyncIterator[str]:
        """Yield "" for round trips, or what is wrong: at once when that changes, else now and then."""
        while True:
            yield await self._health.news()

    async def show(self, address: str, card: Card) -> str:
        """Put the card into the chat; one that takes several messages rings once. A file comes last."""
        content = await asyncio.to_thread(_content, card.attachment)
        parts = parts_of(card, sent=content is not None)
        last = len(parts) - 1
        message_id = 0
        for n in range(self._begun.pop((address, card), 0), len(parts)):
            with self._going_on_at(n, address, card), self._spared(address):
                message_id = await self._sent(
                    _chat(address),
                    parts[n],
                    (content, card.attachment.name) if content and card.attachment and n == last else None,
                    keys=keys(card.choices) if n == last else (),
                    reply_to=message_in(address, card.reply_to) if n == 0 else None,
                    silent=card.silent or card.passing or n < last,
                )
        return receipt(_chat(address), message_id)

    async def _sent(self, chat: int, part: Message, file: tuple[bytes, str] | None, **how: Any) -> int:
        if file is None:
            return await self._api.send(chat, part, **how)
        return await self._api.send_file(chat, *file, part, **how)

    async def change(self, address: str, receipt: str, card: Card) -> None:
        """Edit what was shown. An edit made twice is one edit, so one in doubt is made again."""
        message_id = message_in(address, receipt)
        if message_id is None:
            raise NotEver(f'"{receipt}" was not shown in this chat')
        try:
            with self._spared(address):
                await self._api.edit(_chat(address), message_id, pages(card)[-1], keys=keys(card.choices))
        except Unsure as unsure:
            raise NotNow(str(unsure)) from None

    async def close(self) -> None:
        await self._api.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @contextmanager
    def _going_on_at(self, part: int, address: str, card: Card) -> Iterator[None]:
        """Should this part surely not leave, the next try begins with it."""
        try:
            yield
        except NotNow:
            if part:
                self._begun[address, card] = part
                while len(self._begun) > MOST_BEGUN:
                    del self._begun[next(iter(self._begun))]
            raise

    @contextmanager
    def _spared(self, address: str) -> Iterator[None]:
        """No request to a chat under a flood wait; and what did not leave costs the delivery no attempt."""
        wait = self._quiet_until.get(address, 0) - self._clock()
        if wait > 0:
            raise NotNow(f"Telegram wants this chat left alone for {wait:.0f} s", wait)
        self._quiet_until.pop(address, None)
        try:
            yield
        except NotNow as later:
            if later.after_s:
                self._quiet_until[address] = self._clock() + later.after_s
            raise NotNow(str(later), later.after_s or AGAIN_S) from None


class Health:
    """What is to be told of the connection: each change at once, what stays the same every so often."""

    def __init__(self, every_s: float, clock: Callable[[], float]) -> None:
        self._every_s = every_s
        self._clock = clock
        self._trouble: str | None = None
        self._told_at = 0.0
        self._fresh = asyncio.Event()

    def note(self, trouble: str) -> None:
        now = self._clock()
        if trouble == self._trouble and now - self._told_at < self._every_s:
            return
        self._trouble, self._told_at = trouble, now
        self._fresh.set()

    async def news(self) -> str:
        await self._fresh.wait()
        self._fresh.clear()
        return self._trouble or ""


def _account(token: str) -> int:
    """The bot's own, with which its token begins."""
    account = token.partition(":")[0]
    return int(account) if account.isascii() and account.isdecimal() else 0


def _content(attachment: Attachment | None) -> bytes | None:
    """The file as it was kept; None where Telegram would not take it, or it is gone."""
    if attachment is None or not 0 < attachment.size <= LARGEST_FILE:
        return None
    try:
        return Path(attachment.path).read_bytes() or None
    except OSError:
        return None


def _chat(address: str) -> int:
    if not address.removeprefix("-").isdecimal():
        raise NotEver(f'"{address}" is no chat of Telegram')
    return int(address)
