"""Updates that Telegram brings, in place of those it is asked for.

Rule: whoever brings one waits until it is on disk, which is when the next ones are asked for. What was not taken in
time is brought again by Telegram, and its id makes that harmless.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, Protocol

from bots.interface import NotEver, NotNow, Unsure

Update = dict[str, Any]
MOST: Final = 100  #: updates that may wait here
EVERY_S: Final = 30.0  #: how often Telegram is asked whether it reaches us
AGAIN_S: Final = 5.0


class Asked(Protocol):
    """What of the Bot API is needed for it."""

    async def webhook(self) -> dict[str, Any]: ...
    async def set_webhook(self, url: str, secret: str) -> None: ...


class Webhook:
    """What stands between the way in (``take``) and whoever hears (``next``)."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret
        self._waiting: list[tuple[Update, asyncio.Future[None]]] = []
        self._given: list[asyncio.Future[None]] = []
        self._fresh = asyncio.Event()

    def knows(self, offered: str) -> bool:
        """Whether that is the secret which only Telegram was told."""
        given = offered.encode("utf-8", "surrogateescape")
        return bool(self._secret) and hmac.compare_digest(given, self._secret.encode())

    async def take(self, update: Update) -> None:
        """Return when it is on disk.

        Raises:
            NotNow: too many wait, or hearing ended; it is to be brought again.

        """
        if len(self._waiting) >= MOST:
            raise NotNow("too many updates wait")
        kept = asyncio.get_running_loop().create_future()
        self._waiting.append((update, kept))
        self._fresh.set()
        await kept

    async def next(self) -> list[Update]:
        """Confirm what was given before, and return what came since, when something has."""
        for kept in self._given:
            if not kept.done():
                kept.set_result(None)
        self._given = []
        while not self._waiting:
            self._fresh.clear()
            await self._fresh.wait()
        taken, self._waiting = self._waiting, []
        self._given = [kept for _, kept in taken]
        return [update for update, _ in taken]

    def close(self) -> None:
        """Whoever waits is told to come again."""
        for kept in (*self._given, *(kept for _, kept in self._waiting)):
            if not kept.done():
                kept.set_exception(NotNow("hearing ended"))

    async def pulses(self, api: Asked) -> AsyncIterator[str]:
        """Yield "" or what is wrong, now and then; the webhook is set first, and again if somebody changed it."""
        is_set = False
        while True:
            wish = None
            try:
                if not is_set:
                    await api.set_webhook(self._url, self._secret)
                told = await api.webhook()
                is_set = told.get("url") == self._url
                trouble = complaint(told) if is_set else "the webhook was changed by somebody else"
            except (NotNow, NotEver, Unsure) as failure:
                trouble, wish = str(failure), failure.after_s if isinstance(failure, NotNow) else None
            yield trouble
            await asyncio.sleep(max(wish or 0, AGAIN_S) if trouble else EVERY_S)


def complaint(told: Mapping[str, Any]) -> str:
    """Why Telegram cannot bring what waits; "" if nothing waits."""
    if not told.get("pending_update_count") or not told.get("last_error_message"):
        return ""
    return f"Telegram cannot bring updates to the webhook: {told['last_error_message']}"
