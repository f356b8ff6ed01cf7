"""What was said somewhere, as Slack tells it: page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from bots.interface import NotEver

Shape = Mapping[str, Any]
Asks = Callable[..., Awaitable[Shape]]


async def pages(asks: Asks, most: int, channel: str, thread: str, **which: Any) -> AsyncIterator[list[Shape]]:
    """Yield the messages of a channel, or of a thread in it, in Slack's order. ``asks`` makes one request.

    Raises:
        NotEver: there are more than ``most`` pages; and whatever ``asks`` raises.

    """
    method, cursor = "conversations.replies" if thread else "conversations.history", None
    for _ in range(most):
        told = await asks(method, channel=channel, ts=thread or None, cursor=cursor, **which)
        yield [each for each in told.get("messages") or () if isinstance(each, Mapping)]
        cursor = (told.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return
    raise NotEver("too much was said there to read all of it")
