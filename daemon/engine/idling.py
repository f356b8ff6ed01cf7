"""Ending a daemon that nobody needs: after so long without a peer, a caller, or anything that lies ahead.

Rule: what time is to bring about keeps it up, since nobody else would. Where the config has no such wish nothing runs.
"""

from __future__ import annotations

from collections.abc import Callable

from daemon.core.view import live_sessions
from daemon.engine.engine import Engine
from daemon.engine.feed import EVERYTHING


class Idling:
    """Args: ``visits``, how many came so far; ``busy``, whether somebody is there now; ``stop`` ends the daemon."""

    def __init__(
        self,
        engine: Engine,
        after_s: float,
        *,
        visits: Callable[[], int],
        busy: Callable[[], bool],
        stop: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._after_s = after_s
        self._visits = visits
        self._busy = busy
        self._stop = stop

    async def run(self) -> None:
        """Look after each stretch in which nothing changed; return once the end was asked for."""
        with self._engine.feed.watching(EVERYTHING) as watch:
            while True:
                watch.take()
                visits = self._visits()
                changed = await watch.wait(self._after_s)
                if not (changed or self._busy() or self._visits() != visits) and await self._is_over():
                    self._stop()
                    return

    async def _is_over(self) -> bool:
        now = self._engine.clock.now()
        return await self._engine.look(lambda tx: not live_sessions(tx) and tx.next_due(now) is None)
