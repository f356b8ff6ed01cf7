"""What a platform says of the bot itself, and how it is reached. Asked only when somebody wants to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from bots.interface import Hosted

FRESH_S: Final = 30.0
AGAIN_S: Final = 5.0  #: after a look that failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One look. ``lag_s`` is how long the answer took; None: there was none yet, or not this time."""

    bot: str = ""  #: its user name, without the @
    workspace: str = ""  #: where it is, on platforms that have such
    pending: int | None = None  #: how much waits there, where it tells
    lag_s: float | None = None
    lacks: tuple[str, ...] = ()  #: what it is not allowed to do, as the platform calls it
    sockets: int | None = None  #: how many of our own are open, where there are such
    again_at: float = 0.0  #: on the clock of whoever looked


class Looks(Hosted, Protocol):
    """A surface that can be asked for a look."""

    async def look(self) -> Looked: ...
