"""Looking at Claude Code from outside: its session registry tells the turn, its transcript what has arrived."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from daemon.callers.registry import read_session
from daemon.core.model import Parcel, Session, Turn
from daemon.transports.interface import Sighting

TURNS: Final = {"idle": Turn.IDLE, "busy": Turn.WORKING, "waiting": Turn.AWAITING_INPUT}
TAIL: Final = 4 * 1024 * 1024  #: how far back a transcript is searched, in bytes


class ClaudeEye:
    """An ``Eye``."""

    async def turn_of(self, session: Session) -> Turn:
        found = await asyncio.to_thread(read_session, Path(session.config_dir), session.pid)
        return TURNS.get(found.status, Turn.UNKNOWN) if found else Turn.UNKNOWN

    async def look(self, parcel: Parcel, session: Session) -> Sighting:
        """The mark in the transcript is evidence; its absence only once the agent is idle.

        While a turn runs, a prompt that was taken may not be written yet.
        """
        mark = f"[end #{parcel.delivery.mark}]"
        if await asyncio.to_thread(_holds, session.transcript, mark):
            return Sighting.SEEN
        turn = await self.turn_of(session) or session.turn  # an agent without a registry told us by its hooks
        return Sighting.ABSENT if turn is Turn.IDLE else Sighting.UNKNOWN


def _holds(transcript: str, mark: str) -> bool:
    if not transcript:
        return False
    try:
        with Path(transcript).open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - TAIL))
            return mark.encode() in file.read()
    except OSError:
        return False
