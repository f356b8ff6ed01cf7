"""What Slack says of the bot itself: its name, its workspace, and how long an answer takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from bots.interface import Failure
from bots.looking import AGAIN_S, FRESH_S, Looked


class Asked(Protocol):
    """What of the Web API is needed for it."""

    @property
    def lacks(self) -> tuple[str, ...]: ...

    async def call(self, method: str, **parameters: Any) -> Mapping[str, Any]: ...


async def looked(
    web: Asked, before: Looked, clock: Callable[[], float], sockets: int | None = None
) -> Looked:
    """Look, unless that was done just now. ``sockets``: those that are open here now; None: there are to be none."""
    begun = clock()
    if begun < before.again_at:
        return replace(before, sockets=sockets)
    try:
        told = await web.call("auth.test")
    except Failure:
        return replace(before, lag_s=None, sockets=sockets, again_at=clock() + AGAIN_S)
    return Looked(
        bot=str(told.get("user", "")),
        workspace=str(told.get("team", "")),
        lacks=web.lacks,
        lag_s=clock() - begun,
        sockets=sockets,
        again_at=clock() + FRESH_S,
    )
