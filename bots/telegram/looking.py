"""What Telegram says of the bot itself: its name, and how much waits there. Asked only when somebody wants to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from bots.interface import Failure
from bots.looking import AGAIN_S, FRESH_S, Looked


class Asked(Protocol):
    """What of the Bot API is needed for it."""

    async def account(self) -> dict[str, Any]: ...
    async def webhook(self) -> dict[str, Any]: ...


async def looked(api: Asked, before: Looked, clock: Callable[[], float]) -> Looked:
    """Look, unless that was done just now; what Telegram does not answer stays as it was, or unknown."""
    begun = clock()
    if begun < before.again_at:
        return before
    try:
        bot = before.bot or str((await api.account()).get("username", ""))
        begun = clock()
        waiting = (await api.webhook()).get("pending_update_count")
    except Failure:
        return replace(before, pending=None, lag_s=None, again_at=clock() + AGAIN_S)
    return Looked(
        bot=bot,
        pending=waiting if isinstance(waiting, int) else None,
        lag_s=clock() - begun,
        again_at=clock() + FRESH_S,
    )
