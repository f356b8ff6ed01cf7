"""Ending an agent: who may be is decided, the deed is done, and what came of it is written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from daemon.core import commands as c
from daemon.core import killing
from daemon.core.model import Peer, Session
from daemon.core.view import Plan
from daemon.engine.engine import Engine
from daemon.transports.ending import Ended


@dataclass(frozen=True, slots=True)
class Killed:
    peer: Peer
    pid: int
    outcome: Ended


class Killing:
    def __init__(self, engine: Engine, end: Callable[[Session], Awaitable[Ended]]) -> None:
        self._engine = engine
        self._end = end

    async def kill(self, peer_id: str, by: str) -> Killed:
        """End the peer's agent.

        Raises:
            NotFound, NotAllowed: there is none, or nothing proves which process it is; nothing was done.
            Unavailable: that cannot be found out now.

        """
        now = self._engine.clock.now()
        peer, session = await self._engine.read(lambda tx: killing.target(Plan(tx, now, ""), peer_id))
        outcome = await self._end(session)
        if outcome.ended:
            await self._engine.insist(c.LosePeer(peer_id=peer_id, session_id=session.session_id, by=by))
        return Killed(peer, session.pid, outcome)
