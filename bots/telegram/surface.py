"""Telegram as a chat surface: private chats with a bot, heard by long polls, shown by messages and edits.

What is heard is confirmed by the next poll, and that is made only when the next thing is asked for. Hearing
heals by itself: a poll that fails or stays out too long is followed by another, at most one a second. A chat
that Telegram wants left alone is left alone for as long as it said.

A long card is several messages. If one of them surely did not leave, the next ``show`` of the card goes on
there; that is remembered in memory only, so a crash just then shows the earlier ones twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from bots.interface import Card, Heard, NotEver, NotNow, Unsure
from bots.telegram.looking import Looked, looked
from bots.telegram.markup import Message
from bots.telegram.translate import heard_in, keys, message_in, pages, parts_of, receipt, spinner_of
from bots.telegram.trouble import Contested, Hooked
from bots.telegram.webhook import Webhook
from daemon.core.model import Attachment

ROOT: Final = "https://api.telegram.org"
AGAIN_S: Final = 5.0  #: when to try again what surely did not leave
MOST_BEGUN: Final = 100
LARGEST_FILE: Final = 50 * 1024 * 1024  #: bytes that a bot may upload
LOST_IN_A_ROW: Final = 2  #: one poll lost on the way is weather, two are trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds. ``poll + grace`` is how long a dead connection stays unnoticed; the rest is rhythm.

    ``contested``: so long after a poll was cut off by another's, polls that go well prove nothing.
    """

    poll: int = 8
    grace: float = 4.0
    least: float = 1.0
    most: float = 8.0
    pulse: float = 20.0
    contested: float = 12.0

    def pause(self, failures: int, wish: float | None) -> float:
        """Return the time from one failed poll's beginning to the next: ever longer, or as Telegram says."""
        return float(max(wish or 0, min(self.least * 2 ** min(failures - 1, 10), self.most)))


class TelegramSurface:
    """``async with TelegramSurface(token) as surface``, or ``close()`` it in the end."""

    name: Final = "telegram"

    def __init__(
        self,
        token: str,
        api_base: str = ROOT,
        *,
        patience: Patience = Patience(),
        clock: Callable[[], float] = time.monotonic,
        webhook: Webhook | None = None,
    ) -> None:
        from bots.telegram.api import Api

        self._api = Api(token, api_base.rstrip("/"), grace_s=patience.grace)
        self._patience = patience
        self._clock = clock
        self._health = Health(patience.pulse, clock)
        self._webhook = webhook
        self._contested_until = 0.0
        self._looked = Looked()
        self._quiet_until: dict[str, float] = {}
        self._begun: dict[tuple[str, Card], int] = {}

    async def heard(self) -> AsyncIterator[Heard]:
        """Yield what people did, for ever."""
        offset, spinners = 0, list[str]()
        while True:
            batch = await self._next(offset, spinners)
            # That poll confirmed all before it. Without an offset Telegram gives what it has, also when it
            # has begun to count anew, as it may after a week of silence.
            offset, spinners = 0, []
            for update in batch:
                if heard := heard_in(update):
                    yield heard
                # Asked for the next, so this one is on disk: it may be confirmed, and the finger told.
                offset = max(offset, update["update_id"] + 1)
                spinners += filter(None, [spinner_of(update)])

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

    async def _next(self, offset: int, spinners: list[str]) -> list[dict[str, Any]]:
        async with asyncio.TaskGroup() as calls:
            poll = calls.create_task(self._webhook.next() if self._webhook else self._polled(offset))
            for query_id in spinners:
                calls.create_task(self._api.stop_spinner(query_id))
        return poll.result()

    async def _polled(self, offset: int) -> list[dict[str, Any]]:
        """Poll until an answer comes."""
        failures = 0
        while True:
            begun = self._clock()
            try:
                updates = await self._api.updates(offset, self._patience.poll)
            except (NotNow, NotEver, Unsure) as failure:
                failures += 1
                await self._recover(failure, failures, begun)
            else:
                self._well()
                return updates

    def _well(self) -> None:
        """A poll went well. While another polls, too, each of us gets some through: that is no health."""
        if self._clock() >= self._contested_until:
            self._health.note("")

    async def _recover(self, failure: NotNow | NotEver | Unsure, failures: int, begun: float) -> None:
        if isinstance(failure, Contested):
            self._contested_until = self._clock() + self._patience.contested
        if not isinstance(failure, Unsure) or failures >= LOST_IN_A_ROW:
            self._health.note(str(failure))
        if isinstance(failure, Unsure):
            await self._api.renew()
        wish = failure.after_s if isinstance(failure, NotNow) else None
        # Counted from the beginning of the poll: one that hung long enough is followed at once.
        until = begun + self._patience.pause(failures, wish)
        while (left := until - self._clock()) > self._patience.pulse:  # a flood wait may last for hours
            await asyncio.sleep(self._patience.pulse)
            self._health.note(str(failure))
        await asyncio.sleep(left)
        if isinstance(failure, Hooked):
            await self._unhook()

    async def _unhook(self) -> None:
        """We are to poll: whoever set a webhook once does not need it now. What waits there is kept."""
        try:
            await self._api.delete_webhook()
        except (NotNow, NotEver, Unsure) as failure:
            self._health.note(str(failure))
        await asyncio.sleep(self._patience.least)

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
