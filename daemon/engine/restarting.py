"""Restarting an agent: everything is looked at first, the start is wanted, and only then the old process ends.

Whoever starts agents calls ``cleared`` before it makes the pane of a start that goes on with a session. So a daemon
that ends in between is followed by one that goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace

from daemon.core import commands as c
from daemon.core import killing, lineage, restarting
from daemon.core.errors import NotAllowed, Unavailable
from daemon.core.model import Peer, Session, Spawn
from daemon.core.view import Plan
from daemon.engine.engine import Engine
from daemon.engine.killing import By, EndSession, checked
from daemon.starting.interface import Place

#: The place where the peer's agent can go on with that session, by that profile. Raises ``Refused``, ``Unavailable``.
Ready = Callable[[Peer, Session, str], Awaitable[Place]]


class Restarting:
    def __init__(
        self,
        engine: Engine,
        ready: Ready,
        prove: Callable[[Session], Awaitable[str]],
        granted: Callable[[], Collection[str]] = tuple,
        *,
        has_ended: Callable[[Session], bool],
    ) -> None:
        self._engine = engine
        self._ready = ready
        self._prove = prove
        self._granted = granted
        self._has_ended = has_ended

    async def restart(self, by: By, wish: c.Restart) -> Spawn:
        """Look, and want it. Raises as ``looked``."""
        row: Spawn = await self._engine.handle(await self.looked(by, wish))
        return row

    async def looked(self, by: By, wish: c.Restart) -> c.Restart:
        """The wish, bound to what was seen: that session, in that folder.

        Raises:
            NotFound, NotAllowed: it is not theirs, cannot go on, or is not proven to be the one; nothing was done.
            Unavailable: that cannot be found out now.

        """
        granted, now = self._granted() if by.peer_id else (), self._engine.clock.now()

        def look(plan: Plan) -> tuple[Peer, Session, str]:
            checked(plan, wish.peer_id, by, granted)
            peer, session = restarting.restartable(plan, wish.peer_id, now=wish.now)
            before = lineage.start_of(plan, peer)
            return peer, session, before.profile if before else ""

        peer, session, profile = await self._engine.read(lambda tx: look(Plan(tx, now, "")))
        if wish.session_id and session.session_id != wish.session_id:
            raise NotAllowed(f'"{peer.name}" is in another session by now', "look at it, and say it again")
        if is_between(session, self._has_ended):
            raise _between(peer.name, session)
        place = await self._ready(peer, session, profile)
        if session.ended_at is None:
            await self._prove(session)
        self._engine.passed("restarting.looked")
        return replace(
            wish,
            session_id=session.session_id,
            folder=place.folder,
            live=place.live,
            per_minute=place.per_minute,
        )


async def cleared(engine: Engine, row: Spawn, end: EndSession, has_ended: Callable[[Session], bool]) -> None:
    """The session that the start goes on with runs nowhere any more when this returns.

    Raises:
        NotAllowed: its process is not proven to be the one.
        Unavailable: it did not end; nothing is to be started.

    """
    now = engine.clock.now()

    def look(plan: Plan) -> tuple[Session, Spawn | None] | None:
        session = plan.session(row.resume)
        if session is None or session.ended_at or has_ended(session):
            return (session, None) if session else None
        return session, killing.target(plan, row.peer_id).spawn

    found = await engine.look(lambda tx: look(Plan(tx, now, "")))
    if found is None:
        return
    session, own = found
    if is_between(session, has_ended):
        raise _between("it", session)
    if session.ended_at is None and not has_ended(session):
        outcome = await end(session, own=own)
        if not outcome.ended:
            raise Unavailable(
                f"process {session.pid} was told to end and has not, so nothing was started instead",
                "end it by hand, and restart it then",
            )
    engine.passed("restarting.ended")
    await engine.insist(c.EndSession(session_id=session.session_id, why=restarting.WHY))


def is_between(session: Session, has_ended: Callable[[Session], bool]) -> bool:
    """Whether it is over while its process goes on: that begins another, or is about to end."""
    return session.ended_at is not None and not session.shared and not has_ended(session)


def _between(name: str, session: Session) -> Unavailable:
    return Unavailable(
        f"{name} is between two sessions: process {session.pid} goes on", "try again in a moment"
    )
