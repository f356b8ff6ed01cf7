"""Telegram as a chat surface: chats with a bot, heard by long polls (``listening``), shown by messages and edits.

A chat that Telegram wants left alone is left alone for as long as it said, and the others are written to no faster than
it allows (``bots.pacing``). A long card is several messages, shown one by one; the caller knows how far that is.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, Self

from bots import enclosed
from bots.cards import doubt_of
from bots.health import Health
from bots.intake import Intake
from bots.interface import Card, Failure, Heard, NotEver, NotNow, Raw, Shown, Unsure
from bots.looking import Looked
from bots.pacing import Pace
from bots.pages import Part
from bots.telegram.listening import Ear, Patience
from bots.telegram.looking import looked
from bots.telegram.markup import Message
from bots.telegram.topics import arrange, is_gone
from bots.telegram.translate import (
    keys,
    marked,
    message_in,
    pages,
    parts_of,
    receipt,
    room_of,
    thread_of,
)
from bots.telegram.webhook import Webhook
from bots.turnstile import Turnstile
from daemon.core.topics import MAKE

PATIENCE: Final = Patience()
NOTHING_TAKEN: Final = Intake()
ROOT: Final = "https://api.telegram.org"
ALLOWED: Final = Pace()
SIGNS: Final = {"seen": "👀", "answered": "👍", "declined": "👎"}  #: of those that Telegram takes
LARGEST_FILE: Final = 50 * 1024 * 1024  #: bytes that a bot may upload
log = logging.getLogger(__name__)


class TelegramSurface:
    """``async with TelegramSurface(token) as surface``, or ``close()`` it in the end."""

    name: Final = "telegram"

    def __init__(
        self,
        token: str,
        api_base: str = ROOT,
        *,
        patience: Patience = PATIENCE,
        pace: Pace = ALLOWED,
        clock: Callable[[], float] = time.monotonic,
        intake: Intake = NOTHING_TAKEN,
        webhook: Webhook | None = None,
    ) -> None:
        from bots.telegram.api import Api

        self._api = Api(token, api_base.rstrip("/"), grace_s=patience.grace)
        self._clock = clock
        self._health = Health(patience.pulse, clock)
        self._ear = Ear(self._api, _account(token), patience, self._health.note, intake, clock, webhook)
        self._turnstile = Turnstile("Telegram", pace, clock)
        self._webhook = webhook
        self._looked = Looked()

    def arrivals(self) -> AsyncIterator[Sequence[Raw]]:
        return self._ear.arrivals()

    async def understood(self, raws: Sequence[Raw]) -> Heard | None:
        return await self._ear.understood(raws)

    def moment(self, raw: Raw) -> float:  # noqa: ARG002
        return 0.0  # Telegram tells all of it in order, also what was said while nobody heard

    async def settled(self, lane: str) -> None:
        """At once."""

    async def pulses(self) -> AsyncIterator[str]:
        """Yield "" for round trips, or what is wrong: at once when that changes, else now and then."""
        if self._webhook:
            async for told in self._webhook.pulses(self._api):
                yield told
        while True:
            yield await self._health.news()

    async def look(self) -> Looked:
        """Ask Telegram who we are and what waits there; answers are good for a while."""
        self._looked = await looked(self._api, self._looked, self._clock)
        return self._looked

    async def ready(self, address: str, *, edits: bool = False) -> None:  # noqa: ARG002 -- all are counted alike
        """Return when one request may be made at once; it is counted as made."""
        room = room_of(address)
        await self._turnstile.ready(room, group=room.startswith("-"))

    async def show(self, address: str, card: Card, begun: tuple[str, ...] = ()) -> Shown:
        """Put the card, or its next message, into the chat; one that takes several rings once. A file comes last."""
        content = await asyncio.to_thread(enclosed.content, card.attachment, LARGEST_FILE)
        parts = parts_of(card, sent=content is not None)
        last = len(parts) - 1
        at = min(len(begun), last)
        with self._turnstile.spared(room_of(address)):
            message_id = await self._sent(
                address,
                replace(parts[at], message=marked(parts[at].message, doubt_of(card))),
                enclosed.file_of(parts[at].carries, card, content),
                keys=keys(card.choices) if at == last else (),
                typed=card.keyboard if not room_of(address).startswith("-") else (),
                reply_to=message_in(address, card.reply_to) if at == 0 else None,
                silent=card.silent or card.passing or at < last,
            )
        if card.pinned:
            await self._pinned(address, message_id)
        return Shown(receipt(_chat(address), message_id), more=at < last)

    async def _pinned(self, address: str, message_id: int) -> None:
        """At the top, if we may; it is shown in any case."""
        try:
            await self._api.pin(_chat(address), message_id)
        except Failure as failure:
            log.debug("not pinned: %s", failure)

    async def _sent(
        self,
        address: str,
        part: Part[Message],
        file: tuple[bytes, str] | None,
        *,
        typed: Sequence[str],
        **how: Any,
    ) -> int:
        """Into its topic; if somebody deleted that, into the chat."""
        chat, topic = _chat(address), thread_of(address)
        if file is None:
            send = partial(self._api.send, chat, part.message, typed=typed, **how)
        else:
            send = partial(self._api.send_file, chat, file, part.message, **how)
        try:
            return await send(topic=topic)
        except NotEver as never:
            if topic is None or not is_gone(never):
                raise
        return await send(topic=None)

    async def arrange(self, address: str, deed: str, title: str) -> Shown:
        """Change a topic. Repeating it is harmless, but for making one: nobody can ask whether it is there."""
        try:
            with self._turnstile.spared(room_of(address)):
                return Shown(await arrange(self._api, address, deed, title))
        except Unsure as unsure:
            if deed == MAKE:
                raise
            raise NotNow(str(unsure)) from None

    async def mark(self, address: str, receipt: str, sign: str) -> None:
        """React to what the person said; where that is not allowed, nothing is lost."""
        message_id = message_in(address, receipt)
        self._turnstile.check(room_of(address))
        try:
            if message_id is not None:
                await self._api.react(_chat(address), message_id, SIGNS.get(sign, ""))
        except NotEver as never:
            log.debug("no reaction: %s", never)
        except Unsure as unsure:
            raise NotNow(str(unsure)) from None

    async def change(self, address: str, receipt: str, card: Card) -> None:
        """Edit what was shown. An edit made twice is one edit, so one in doubt is made again."""
        message_id = message_in(address, receipt)
        if message_id is None:
            raise NotEver(f'"{receipt}" was not shown in this chat')
        try:
            with self._turnstile.spared(room_of(address)):
                await self._api.edit(_chat(address), message_id, pages(card)[-1], keys=keys(card.choices))
        except Unsure as unsure:
            raise NotNow(str(unsure)) from None

    async def close(self) -> None:
        await self._api.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _account(token: str) -> int:
    """The bot's own, with which its token begins."""
    account = token.partition(":")[0]
    return int(account) if account.isascii() and account.isdecimal() else 0


def _chat(address: str) -> int:
    room = room_of(address)
    if not room.removeprefix("-").isdecimal():
        raise NotEver(f'"{address}" is no chat of Telegram')
    return int(room)
