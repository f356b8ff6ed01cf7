"""Looking at an agent from outside: its session registry, or its transcript, tells the turn; that, what has arrived.

Gemini CLI has no registry, but what was broken off stands in its transcript.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from daemon.callers import gemini_chat
from daemon.callers.registry import read_session, turn_of
from daemon.core.model import Parcel, Session, Turn
from daemon.transports.interface import Sighting

SETTLES_S: Final = 1.5  #: an agent idle for that long has written down what it took
TAIL: Final = 4 * 1024 * 1024  #: how far back a transcript is searched, in bytes


class TranscriptEye:
    """An ``Eye``. Args: ``turn``, what the agent itself says that it does; it may read files."""

    def __init__(self, turn: Callable[[Session], Turn], settles_s: float = SETTLES_S) -> None:
        self._turn = turn
        self._settles_s = settles_s
        self._missed_since: dict[str, float] = {}  #: by mark: when an idle agent first had no sign of it

    async def turn_of(self, session: Session) -> Turn:
        return await asyncio.to_thread(self._turn, session)

    async def look(self, parcel: Parcel, session: Session) -> Sighting:
        """The mark in the transcript is evidence; its absence only of an agent that stays idle.

        While a turn runs, a prompt that was taken may not be written yet. It is idle, too, for a moment after Enter,
        and the transcript is written up to 0.8 s later, at times after the turn's end (2.1.329, measured).
        """
        mark = f"[end #{parcel.delivery.mark}]"
        seen = await asyncio.to_thread(holds, session.transcript, mark)
        # An agent without a registry told us by its hooks.
        idle = (await self.turn_of(session) or session.turn) in {Turn.IDLE, Turn.PENDING_FIRST_TURN}
        if seen or not idle:
            self._missed_since.pop(mark, None)
            return Sighting.SEEN if seen else Sighting.UNKNOWN
        return self._missed(mark)

    def _missed(self, mark: str) -> Sighting:
        now = asyncio.get_running_loop().time()
        if now - self._missed_since.setdefault(mark, now) < self._settles_s:
            return Sighting.UNKNOWN
        del self._missed_since[mark]
        return Sighting.ABSENT


def _registered(session: Session) -> Turn:
    if not session.config_dir:  # of an agent that keeps no registry
        return Turn.UNKNOWN
    return turn_of(read_session(Path(session.config_dir), session.pid))


def _written(session: Session) -> Turn:
    return gemini_chat.turn_of(session.transcript)


class ClaudeEye(TranscriptEye):
    def __init__(self, settles_s: float = SETTLES_S) -> None:
        super().__init__(_registered, settles_s)


class GeminiEye(TranscriptEye):
    def __init__(self, settles_s: float = SETTLES_S) -> None:
        super().__init__(_written, settles_s)


def holds(transcript: str, mark: str) -> bool:
    """Whether the end of that file has it."""
    if not transcript:
        return False
    try:
        with Path(transcript).open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - TAIL))
            return mark.encode() in file.read()
    except OSError:
        return False
