"""Taking over an agent in a pane: it is looked at, and what was seen is decided of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from daemon.core import commands as c
from daemon.core.model import Peer
from daemon.engine.engine import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    tmux: str  #: the server's socket
    pane_id: str
    name: str = ""
    circle: str = ""


class Adopting:
    """``look``: what runs in the pane of that number, on the tmux server at that socket."""

    def __init__(self, engine: Engine, look: Callable[[str, str], Awaitable[c.Adopt]]) -> None:
        self._engine = engine
        self._look = look

    async def adopt(self, wish: Wish) -> Peer:
        """The peer whose agent runs there.

        Raises:
            NotFound, NotAllowed, Unavailable: none does, or nothing can be said of it; with what to do.

        """
        found = await self._look(wish.tmux, wish.pane_id)
        peer: Peer = await self._engine.handle(replace(found, name=wish.name, circle=wish.circle))
        return peer
