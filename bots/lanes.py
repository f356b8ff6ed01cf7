"""From what a platform told to what became of it: kept first, then worked off in order, lane by lane.

A lane is one chat, or one topic: what is slow there, such as a large file, holds up nothing else, and taps and brakes
not even there. What was kept and not done when the last run ended is done first. A lane exists while it has work.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Final, Protocol

from bots.handover import hand_over, insisted
from bots.interface import Listening, Raw
from daemon.client.hosting import HostClient
from daemon.core.errors import Refused

ALBUM_S: Final = 0.7  #: how long the next piece of an album is waited for
Passed = Callable[[str], None]
log = logging.getLogger(__name__)


class HostedListening(Listening, Protocol):
    """A surface whose name is known."""

    @property
    def name(self) -> str: ...


async def listen(client: HostClient, surface: HostedListening, passed: Passed) -> None:
    """Keep what comes, and do it; nothing is confirmed to the platform before the daemon has it on disk."""
    async with asyncio.TaskGroup() as group:
        lanes = Lanes(client, surface, passed, group)
        for told in await insisted(lambda: client.open_updates(surface.name)):
            lanes.put(Raw(**told))
        async for batch in surface.arrivals():
            for raw in await _kept(client, surface.name, batch):
                lanes.put(raw)
            passed("bridge.kept")


async def _kept(client: HostClient, surface: str, batch: Sequence[Raw]) -> list[Raw]:
    """Those that are new."""
    by_id = {raw.update_id: raw for raw in reversed(batch)}
    told = [asdict(raw) for raw in batch]
    return [by_id[update_id] for update_id in await insisted(lambda: client.keep_updates(surface, told))]


class Lanes:
    """``group`` owns the work; each lane is one task of it."""

    def __init__(
        self, client: HostClient, surface: HostedListening, passed: Passed, group: asyncio.TaskGroup
    ) -> None:
        self._client = client
        self._surface = surface
        self._passed = passed
        self._group = group
        self._waiting: dict[str, deque[Raw]] = {}
        self._came = asyncio.Event()

    def put(self, raw: Raw) -> None:
        """In its lane, or past all lanes."""
        if raw.hurried:
            self._group.create_task(self._do([raw]))
        elif raw.lane in self._waiting:
            self._line_up(raw, self._waiting[raw.lane])
        else:
            self._waiting[raw.lane] = deque([raw])
            self._group.create_task(self._work_off(raw.lane))
        self._came.set()

    def _line_up(self, raw: Raw, waiting: deque[Raw]) -> None:
        """What was said earlier comes before what was said later, however late it is told."""
        moment, place = self._surface.moment(raw), len(waiting)
        while moment and place and self._surface.moment(waiting[place - 1]) > moment:
            place -= 1
        waiting.insert(place, raw)

    async def _work_off(self, lane: str) -> None:
        waiting = self._waiting[lane]
        while waiting:
            await self._surface.settled(lane)
            first = waiting.popleft()
            await self._do(await self._album(first, waiting) if first.album else [first])
        del self._waiting[lane]

    async def _album(self, first: Raw, waiting: deque[Raw]) -> list[Raw]:
        """What was sent as one comes as several: all of it, once no more comes."""
        pieces = [first]
        while True:
            more = [raw for raw in waiting if raw.album == first.album]
            for raw in more:
                waiting.remove(raw)
            pieces += more
            known = len(waiting)
            try:
                async with asyncio.timeout(ALBUM_S):
                    while len(waiting) == known:
                        self._came.clear()
                        await self._came.wait()
            except TimeoutError:
                return pieces

    async def _do(self, raws: Sequence[Raw]) -> None:
        ids = [raw.update_id for raw in raws]
        try:
            heard = await self._surface.understood(raws)
        except Exception:
            # One update that we cannot read must not come again for ever; the others wait behind it.
            log.exception("update %s is not understood, and passed over", ids[0])
            heard = None
        try:
            if heard is None:
                await insisted(lambda: self._client.finish_updates(self._surface.name, ids))
            else:
                await hand_over(self._client, self._surface.name, heard, ids)
        except Refused as error:
            log.warning("update %s cannot be finished: %s", ids[0], error)
        self._passed("bridge.heard")
