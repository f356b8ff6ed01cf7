"""The audit log's writer: follows the feed's security events, and takes what was counted at the door.

It knows from its own last line how far it read, so each event is written exactly once, whatever was killed. What comes
often (wrong tokens, strangers, limits) is counted: the first is written at once, the rest of the minute in one line.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from daemon.core.errors import Unavailable
from daemon.core.model import Told
from daemon.core.rules.auditing import entry
from daemon.engine.engine import Engine
from daemon.engine.feed import RECORDED
from daemon.ledger import Ledger

PAGE: Final = 200
WINDOW: Final = timedelta(seconds=60)
AGAIN_S: Final = 5.0
MOST_KINDS: Final = 100  #: counted apart at a time; whatever else comes is counted together
OTHERS: Final = ("others", "")
Json = dict[str, Any]
Count = Callable[[str, str], None]  #: one more of what, by which rule
log = logging.getLogger(__name__)


def uncounted(what: str, rule: str) -> None:
    """Nobody wants to know."""


@dataclass(slots=True)
class _Window:
    """The minute after the first of its kind."""

    until: datetime
    fresh: bool = True  #: the first is not written yet
    more: int = 0


@dataclass(slots=True)
class Tally:
    """What is refused at the door and who is a stranger, by kind. ``noticed`` is called at the first of a minute."""

    now: Callable[[], datetime]
    noticed: Callable[[], None]
    _windows: dict[tuple[str, str], _Window] = field(default_factory=dict)

    def count(self, what: str, rule: str = "") -> None:
        """Count one ``what``; ``rule`` says by which rule, in our own words."""
        kind = (what, rule)
        if kind not in self._windows and len(self._windows) >= MOST_KINDS:
            kind = OTHERS
        if kind in self._windows:
            self._windows[kind].more += 1
            return
        self._windows[kind] = _Window(self.now() + WINDOW)
        self.noticed()

    def due(self, *, all_of_it: bool = False) -> list[Json]:
        """What is to be written now."""
        now, told = self.now(), []
        for (what, rule), window in list(self._windows.items()):
            over = all_of_it or window.until <= now
            count = (1 if window.fresh else 0) + (window.more if over else 0)
            if count:
                told.append({"at": now.isoformat(), "event": what, "rule": rule, "count": count})
            window.fresh = False
            if over:
                del self._windows[what, rule]
        return told

    def pause(self) -> float | None:
        """Seconds until the next minute is over; None: nothing is counted."""
        nearest = min((window.until for window in self._windows.values()), default=None)
        return None if nearest is None else max(0.01, (nearest - self.now()).total_seconds())


class Auditor:
    def __init__(self, engine: Engine, ledger: Ledger) -> None:
        self._engine = engine
        self._ledger = ledger
        self.tally = Tally(engine.clock.now, lambda: engine.feed.touch((RECORDED,)))
        self._left: list[Json] = []
        self._one = asyncio.Lock()
        self._trouble = ""

    def trouble(self) -> list[str]:
        """Why nothing is written, if it is not."""
        return [f"the audit log cannot be written: {self._trouble}"] if self._trouble else []

    async def run(self) -> None:
        """Write what happens, until cancelled."""
        with self._engine.feed.watching(RECORDED) as watch:
            while True:
                watch.take()
                await watch.wait(await self.write())

    async def note(self, what: str, **told: Any) -> None:
        """Write something of the daemon itself."""
        self._left.append({"at": self._engine.clock.now().isoformat(), "event": what, **told})
        await self.write()

    async def end(self) -> None:
        """The last lines of this run."""
        self._left += self.tally.due(all_of_it=True)
        await self.note("daemon_stopped")

    async def write(self) -> float | None:
        """Write all there is; seconds until there may be more to write without anything happening."""
        return await asyncio.shield(self._written())  # cut off in the middle, lines would be written twice

    async def _written(self) -> float | None:
        async with self._one:
            try:
                while await self._page():
                    pass
            except (OSError, Unavailable) as error:
                if not self._trouble:
                    log.error("the audit log cannot be written: %s", error)  # noqa: TRY400 -- the disk, not us
                self._trouble = str(error)
                return AGAIN_S
            self._trouble = ""
            return self.tally.pause()

    async def _page(self) -> bool:
        """Write a page of the feed, with what else there is; whether there may be another."""
        self._left += self.tally.due()
        seq = await asyncio.to_thread(lambda: self._ledger.seq)
        told = await self._engine.read(lambda tx: tx.audited(seq, PAGE))
        notes = list(self._left)
        if entries := [*map(_line, told), *notes]:
            await asyncio.to_thread(self._ledger.add, entries)
            del self._left[: len(notes)]
        return len(told) == PAGE


def _line(told: Told) -> Json:
    return entry(told) | {"seq": told.seq}
