"""What Slack brings by HTTP, in place of what comes over sockets.

Rule: whoever brings it is answered when it is on disk, within the three seconds that Slack waits; what was not kept in
time is brought again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

KEPT_S: Final = 2.5
LATER: Final = 503


@dataclass(frozen=True, slots=True)
class Answered:
    """What Slack is to be told: 401 is a wrong signature, 503 come again."""

    status: int
    body: str = ""
    content_type: str = "text/plain"


Answers = Callable[[Mapping[str, str], str], Awaitable[Answered]]


class Hook:
    """What stands between the way in and whoever hears."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self._answers: Answers | None = None

    def leads_to(self, answers: Answers | None) -> None:
        """Somebody hears from now on, or nobody."""
        self._answers = answers

    async def take(self, headers: Mapping[str, str], body: str) -> Answered:
        """Args: ``headers`` as they came; ``body`` as it came, which the signature is about."""
        if self._answers is None:
            return Answered(LATER)
        try:
            async with asyncio.timeout(KEPT_S):
                return await self._answers(headers, body)
        except TimeoutError:
            return Answered(LATER)
