"""Runs the errands that people put: those of the last run first, then each as it comes, several at once.

What came of one enters as ``FinishErrand``. Rule: every errand ends, in words, within its time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from daemon.core import commands as c
from daemon.core.errors import PeerlineError, for_people
from daemon.core.model import Errand, Peer, Session
from daemon.engine.engine import Engine, Reading
from daemon.engine.feed import ERRANDS
from daemon.errands.interface import Found, Look, Sight

AT_ONCE: Final = 4
WITHIN_S: Final = 30.0
log = logging.getLogger(__name__)


class Errands:
    """``looks``: by the errand's first word, ``peek``, ``diff``, ``get``."""

    def __init__(self, engine: Engine, looks: Mapping[str, Look], *, within_s: float = WITHIN_S) -> None:
        self._engine = engine
        self._looks = looks
        self._within_s = within_s
        self._under_way: set[str] = set()
        self._room = asyncio.Semaphore(AT_ONCE)

    async def run(self) -> None:
        """Run errands until cancelled."""
        async with asyncio.TaskGroup() as group:
            with self._engine.feed.watching(ERRANDS) as watch:
                while True:
                    watch.take()
                    for errand in await self._engine.look(lambda tx: tx.errands()):
                        if errand.errand_id not in self._under_way:
                            self._under_way.add(errand.errand_id)
                            group.create_task(self._done(errand))
                    await watch.wait()

    async def _done(self, errand: Errand) -> None:
        async with self._room:
            found = await self._found(errand)
        self._engine.passed("errands.found")
        told = c.FinishErrand(
            errand_id=errand.errand_id, text=found.text, attachment=found.attachment, choices=found.choices
        )
        await self._engine.insist(told)
        self._engine.passed("errands.told")
        self._under_way.discard(errand.errand_id)

    async def _found(self, errand: Errand) -> Found:
        now = self._engine.clock.now()
        try:
            async with asyncio.timeout(self._within_s):
                sight = await self._engine.read(lambda tx: _sight(tx, errand, now))
                return await self._looks[errand.what](sight)
        except PeerlineError as error:
            return Found(for_people(error))
        except TimeoutError:
            return Found("that took too long, so it was given up; nothing was changed")
        except Exception:
            # One errand that breaks must not stop the daemon; whoever waits for it is told.
            log.exception("errand %s (%s) failed", errand.errand_id, errand.what)
            return Found(f"/{errand.what} failed; the daemon's log says why (`peerline logs`)")


def _sight(tx: Reading, errand: Errand, now: datetime) -> Sight:
    peer: Peer | None = tx.get(Peer, errand.peer_id)
    if peer is None:
        raise LookupError(errand.peer_id)
    session: Session | None = tx.get(Session, peer.session_id) if peer.session_id else None
    return Sight(
        peer=peer,
        argument=errand.argument,
        now=now,
        errand_id=errand.errand_id,
        conversation=errand.conversation,
        session=session,
        waiting=tx.waiting_count(peer.peer_id),
        approvals=tuple(tx.approvals(session.session_id)) if session else (),
    )
