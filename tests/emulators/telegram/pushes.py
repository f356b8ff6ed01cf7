"""One address that updates are pushed to, with its secret, and what the bot answered."""

from __future__ import annotations

import time
from typing import Any

import aiohttp

HEADER = "X-Telegram-Bot-Api-Secret-Token"


class Webhook:
    """One address. `pushed` has (update id, status) of each attempt; 0 is a connection that failed."""

    def __init__(self, url: str, secret: str, most: int) -> None:
        self.url, self.secret, self.most = url, secret, most
        self.pushed: list[tuple[int, int]] = []
        self.error = ""
        self.error_at = 0

    async def push(self, session: aiohttp.ClientSession, update: dict[str, Any]) -> bool:
        """Return whether the bot took it."""
        headers = {HEADER: self.secret} if self.secret else {}
        try:
            async with session.post(self.url, json=update, headers=headers) as answer:
                await answer.read()
                status = answer.status
        except (aiohttp.ClientError, TimeoutError) as failed:
            status, self.error = 0, type(failed).__name__
        else:
            self.error = "" if status == 200 else f"Wrong response from the webhook: {status}"
        self.pushed.append((update["update_id"], status))
        self.error_at = int(time.time()) if self.error else self.error_at
        return status == 200
