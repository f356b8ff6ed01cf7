"""One road, taken in a way of its own into each kind of agent; and one look at each.

Rule: nothing here knows any agent; which has a way of its own is said where the daemon is put together.
"""

from __future__ import annotations

from collections.abc import Mapping

from daemon.core.model import Parcel, Session, Turn
from daemon.transports.interface import Eye, Outcome, Proof, Sighting, Transport


class RoadByAgent:
    """A ``Transport``. Args: ``ways``, by the agent's name; ``other``, for all who have none of their own."""

    def __init__(self, ways: Mapping[str, Transport], other: Transport) -> None:
        self._ways = ways
        self._other = other

    async def carry(self, parcel: Parcel, session: Session, *, again: bool) -> Outcome:
        return await self._ways.get(session.backend, self._other).carry(parcel, session, again=again)

    async def prove(self, session: Session) -> Proof:
        return await self._ways.get(session.backend, self._other).prove(session)


class EyeByAgent:
    """An ``Eye``. Args: ``eyes``, by the agent's name; ``other``, for all who have none of their own."""

    def __init__(self, eyes: Mapping[str, Eye], other: Eye) -> None:
        self._eyes = eyes
        self._other = other

    async def turn_of(self, session: Session) -> Turn:
        return await self._eyes.get(session.backend, self._other).turn_of(session)

    async def look(self, parcel: Parcel, session: Session) -> Sighting:
        return await self._eyes.get(session.backend, self._other).look(parcel, session)
