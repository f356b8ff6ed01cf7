"""What Telegram says of the bot itself: its name, and how much waits there. Asked only when somebody wants to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from bots.interface import NotEver, NotNow, Unsure

FRESH_S: Final = 30.0
AGAIN_S: Final = 5.0  #: after a look that failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One look. ``lag_s`` is how long the answer took; None: there was none yet, or not this time."""

    bot: str = ""  #: its user name, without the @
    pending: int | None = None
    lag_s: float | None = None
    again_at: float = 0.0  #: on the clock of whoever looked


class Asked(Protocol):
    """What of the Bot API is needed for it."""

    async def account(self) -> dict[str, Any]: ...
    async def webhook(self) -> dict[str, Any]: ...


class Looks(Protocol):
    """Who can be asked for a look."""

    async def look(self) -> Looked: ...


async def looked(api: Asked, before: Looked, clock: Callable[[], float]) -> Looked:
    """Look, unless that was done just now; what Telegram does not answer stays as it was, or unknown."""
    begun = clock()
    if begun < before.again_at:
        return before
    try:
        bot = before.bot or str((await api.account()).get("username", ""))
        begun = clock()
        waiting = (await api.webhook()).get("pending_update_count")
    except (NotNow, NotEver, Unsure):
        return replace(before, pending=None, lag_s=None, again_at=clock() + AGAIN_S)
    return Looked(
        bot=bot,
        pending=waiting if isinstance(waiting, int) else None,
        lag_s=clock() - begun,
        again_at=clock() + FRESH_S,
    )
