"""Updates that Telegram brings, in place of those it is asked for.

Rule: whoever brings one waits until it is on disk, which is when the next ones are asked for. What was not taken in
time is brought again by Telegram, and its id makes that harmless.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, Protocol

from bots.arriving import Arriving
from bots.interface import Failure

Update = dict[str, Any]
EVERY_S: Final = 30.0  #: how often Telegram is asked whether it reaches us
AGAIN_S: Final = 5.0


class Asked(Protocol):
    """What of the Bot API is needed for it."""

    async def webhook(self) -> dict[str, Any]: ...
    async def set_webhook(self, url: str, secret: str) -> None: ...


class Webhook(Arriving[Update]):
    """What stands between the way in (``take``) and whoever hears (``next``)."""

    def __init__(self, url: str, secret: str) -> None:
        super().__init__()
        self._url = url
        self._secret = secret

    def knows(self, offered: str) -> bool:
        """Whether that is the secret which only Telegram was told."""
        given = offered.encode("utf-8", "surrogateescape")
        return bool(self._secret) and hmac.compare_digest(given, self._secret.encode())

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
            except Failure as failure:
                trouble, wish = str(failure), failure.after_s
            yield trouble
            await asyncio.sleep(max(wish or 0, AGAIN_S) if trouble else EVERY_S)


def complaint(told: Mapping[str, Any]) -> str:
    """Why Telegram cannot bring what waits; "" if nothing waits."""
    if not told.get("pending_update_count") or not told.get("last_error_message"):
        return ""
    return f"Telegram cannot bring updates to the webhook: {told['last_error_message']}"
