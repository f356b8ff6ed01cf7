"""Waking an idle agent by a hook that waits in its background: the way in where the agent has no inbox.

Claude Code (2.1.197 to 2.1.329): a command with ``asyncRewake`` runs on after its event; when it exits with 2, what it
wrote to standard error begins a turn, as a notification that says of itself that no person wrote it (60,000 characters
arrive whole). ``UserPromptSubmit`` fires with the text, so the mark in it is the evidence. One such command is left by
every turn, and each of them could wake: only the newest waits here, the others are let go.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from daemon.core.model import Parcel, Session
from daemon.core.rules.frame import framed
from daemon.transports.interface import Carried, Gone, Outcome, Proof

PROOF_WITHIN: Final = timedelta(seconds=5)
#: OpenCode (1.18.33) takes a prompt at once, but a busy machine lets it wait for its turn; given twice is heard twice.
PROOFS_WITHIN: Final = {"opencode": timedelta(seconds=30)}
LOOK_S: Final = 2.0  #: how soon a hook that is gone is noticed


class Wake:
    """A ``Transport``, and where the hooks wait."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[str]] = {}
        self._alive: dict[str, Callable[[], bool]] = {}

    async def wait(self, session_id: str, seconds: float, alive: Callable[[], bool]) -> str:
        """Return what the agent is to read, or "" when the time is up or another waits in this one's place."""
        self.disturb(session_id)
        mine: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting[session_id], self._alive[session_id] = mine, alive
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, seconds)):
                    while alive() and not mine.done():
                        await asyncio.wait([mine], timeout=LOOK_S)
        finally:
            if self._waiting.get(session_id) is mine:
                del self._waiting[session_id], self._alive[session_id]
        return mine.result() if mine.done() else ""

    def waits(self, session_id: str) -> bool:
        """Whether something is there that could be woken by."""
        return session_id in self._waiting

    def disturb(self, session_id: str) -> None:
        """Let whoever waits for that session go."""
        before = self._waiting.get(session_id)
        if before and not before.done():
            before.set_result("")

    async def prove(self, session: Session) -> Proof:
        alive = self._alive.get(session.session_id)
        works = alive is not None and alive()
        return Proof("a hook waits to wake it" if works else "no hook waits to wake it", works=works)

    async def carry(self, parcel: Parcel, session: Session, *, again: bool) -> Outcome:  # noqa: ARG002 -- it leaves nothing half done
        waiting, alive = self._waiting.get(session.session_id), self._alive.get(session.session_id)
        if waiting is None or waiting.done() or alive is None or not alive():
            return Gone("nothing waits in its background any more that could wake it")
        waiting.set_result(framed(parcel))
        return Carried(PROOFS_WITHIN.get(session.backend, PROOF_WITHIN))
