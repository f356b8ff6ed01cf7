"""What Slack brings by HTTP, in place of what comes over sockets.

Rule: whoever brings it is answered when it is on disk, within the three seconds that Slack waits; what was not kept in
time is brought again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bots.slack.doorway import LATER, Doorway

KEPT_S: Final = 2.5


@dataclass(frozen=True, slots=True)
class Answered:
    """What Slack is to be told: 401 is a wrong signature, 503 come again."""

    status: int
    body: str = ""
    content_type: str = "text/plain"


class Hook:
    """What stands between the way in and whoever hears."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self._doorway: Doorway | None = None

    def leads_to(self, doorway: Doorway | None) -> None:
        """Somebody hears from now on, or nobody."""
        self._doorway = doorway

    async def take(self, headers: Mapping[str, str], body: str) -> Answered:
        """Args: ``headers`` as they came; ``body`` as it came, which the signature is about."""
        if self._doorway is None:
            return Answered(LATER)
        try:
            async with asyncio.timeout(KEPT_S):
                told = await self._doorway.by_http(headers, body)
        except TimeoutError:
            return Answered(LATER)
        kind = next(iter(told.headers.get("content-type", [])), "text/plain")
        return Answered(told.status, told.body or "", kind.partition(";")[0])
