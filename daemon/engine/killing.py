"""Ending an agent: who may be is decided, the deed is done, and what came of it is written."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Final, Protocol

from daemon.core import commands as c
from daemon.core import killing, lineage, registering
from daemon.core.errors import NotAllowed, PeerlineError
from daemon.core.model import Peer, Session, Spawn
from daemon.core.rules.spawns import State
from daemon.core.view import Plan
from daemon.engine.engine import Engine
from daemon.engine.feed import SPAWNS
from daemon.transports.ending import Ended

CLEARED_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class By:
    """Who wants it. ``peer_id``: the agent that does, whose right is looked up; "": somebody who may."""

    name: str
    peer_id: str = ""


@dataclass(frozen=True, slots=True)
class Killed:
    peer: Peer
    pid: int  #: 0: nothing ran yet
    outcome: Ended


class EndSession(Protocol):
    """``transports.ending.end``."""

    def __call__(self, session: Session, *, own: Spawn | None = None) -> Awaitable[Ended]: ...


class Killing:
    """``granted``: whom the config lets end anybody, read each time."""

    def __init__(
        self,
        engine: Engine,
        end: EndSession,
        end_start: Callable[[Spawn], Awaitable[Ended]],
        granted: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._engine = engine
        self._end = end
        self._end_start = end_start
        self._granted = granted

    async def kill(self, peer_id: str, by: By, *, only: str = "") -> Killed:
        """End the peer's agent. ``only``: the session or the start that was meant, if another is none of it.

        Raises:
            NotFound, NotAllowed: there is none, it is not theirs to end, or nothing proves which process it is;
                nothing was done.
            Unavailable: that cannot be found out now.

        """
        meant = await self._meant(peer_id, by, only)
        if meant.session:
            outcome, pid = await self._end(meant.session, own=meant.spawn), meant.session.pid
            if outcome.ended:
                session_id = meant.session.session_id
                await self._engine.insist(c.LosePeer(peer_id=peer_id, session_id=session_id, by=by.name))
        else:
            outcome, pid = await self._start_ended(meant.spawn, by)
        return Killed(meant.peer, pid, outcome)

    async def all_started(self, by: By) -> list[Killed]:
        """End every agent that was started from here, all at once; what is refused of one is told of it.

        Returns once what was theirs is cleared away, too: their panes, and what lay ready for them.
        """
        killed: dict[str, Killed] = {}
        while fresh := [each for each in await self._started() if each not in killed]:
            told = await asyncio.gather(*(self._tried(peer_id, by) for peer_id in fresh))
            killed |= dict(zip(fresh, told, strict=True))
        await self._cleared({peer_id for peer_id, each in killed.items() if each.outcome.ended})
        return list(killed.values())

    async def _started(self) -> list[str]:
        rows = await self._engine.read(lambda tx: tx.spawns_live())
        return list(dict.fromkeys(row.peer_id for row in rows))

    async def _begun(self, peer_id: str) -> None:
        """Whoever is just being started has a pane, in which it can be ended, or has had the time to get one."""

        async def wanted() -> bool:
            rows = await self._engine.read(lambda tx: tx.spawns_live())
            return any(row.peer_id == peer_id and row.state == State.WANTED for row in rows)

        with contextlib.suppress(TimeoutError), self._engine.feed.watching(SPAWNS) as watch:
            async with asyncio.timeout(CLEARED_S):
                while await wanted():
                    await watch.wait()
                    watch.take()

    async def _cleared(self, ended: set[str]) -> None:
        """Whoever looks after the starts has seen that they are over, or has had the time to."""
        with contextlib.suppress(TimeoutError), self._engine.feed.watching(SPAWNS) as watch:
            async with asyncio.timeout(CLEARED_S):
                while ended.intersection(await self._started()):
                    await watch.wait()
                    watch.take()

    async def _tried(self, peer_id: str, by: By) -> Killed:
        await self._begun(peer_id)
        try:
            return await self.kill(peer_id, by)
        except PeerlineError as error:
            peer = await self._engine.read(lambda tx: tx.get(Peer, peer_id))
            return Killed(peer, 0, Ended(ended=False, evidence=str(error)))

    async def _meant(self, peer_id: str, by: By, only: str) -> killing.Target:
        granted, now = self._granted() if by.peer_id else (), self._engine.clock.now()

        def look(plan: Plan) -> killing.Target:
            checked(plan, peer_id, by, granted)
            found = killing.target(plan, peer_id)
            if only and only not in known_as(found.session, found.spawn):
                raise NotAllowed(
                    f'"{found.peer.name}" is another run of it by now', "look at it, and say it again"
                )
            return found

        return await self._engine.read(lambda tx: look(Plan(tx, now, "")))

    async def _start_ended(self, spawn: Spawn | None, by: By) -> tuple[Ended, int]:
        """One whose hooks have said nothing yet."""
        if spawn is None:
            raise NotAllowed("nothing runs", "look with `peerline peer list`")
        pane = spawn.pane
        outcome = await self._end_start(spawn) if pane else Ended(ended=True, evidence="it had not begun yet")
        if outcome.ended:
            await self._engine.insist(c.LoseStart(spawn_id=spawn.spawn_id, by=by.name))
        return outcome, pane.pane_pid if pane else 0


def checked(plan: Plan, peer_id: str, by: By, granted: Collection[str]) -> None:
    """Raises: NotFound, NotAllowed."""
    if by.peer_id:
        who, whom = registering.known_peer(plan, by.peer_id), registering.known_peer(plan, peer_id)
        lineage.may_end(plan, who, whom, granted)


def known_as(session: Session | None, spawn: Spawn | None) -> set[str]:
    """By what a run of a peer is named to whoever is asked about it."""
    return {session.session_id if session else "", spawn.spawn_id if spawn else ""} - {""}
