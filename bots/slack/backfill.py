"""What was said while nobody heard: channels, direct messages and live threads are read again, and go the same way in.

A silence is kept like any update: whoever crashes while reading it back begins anew. Rule: a little more is read than
can be missing; what is known already comes to nothing by its id. What comes live meanwhile waits in its lane until its
own place is read, so that nobody's words overtake what they said before.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final, TypeVar

from bots.interface import NotEver, NotNow, Raw, Unsure
from bots.slack.conversations import pages
from bots.slack.hearing import EVENTS, Me, raw_of
from bots.slack.ids import Web, address_of, room_of, thread_of
from bots.slack.proper import is_ts, moment_of, number_of

Shape = Mapping[str, Any]
Answer = TypeVar("Answer")
SILENCE: Final = "silence"
OVERLAP_S: Final = 60.0  #: what came by several sockets came in any order
LIVE_S: Final = 7 * 86_400.0  #: a thread in which nothing was said for so long is not read again
MOST_THREADS: Final = 50
PAGE: Final = 200
MOST_PAGES: Final = 20
OLDER_PAGES: Final = 3  #: of each room, in which threads are sought that began before and went on since
AGAIN_S: Final = 3.0
AT_ONCE: Final = 100  #: that are kept in one commit
HELD_S: Final = 20.0  #: what comes live is not held up for longer, however slowly a place is read
log = logging.getLogger(__name__)


def silence(known: Mapping[str, str], name: str) -> Raw | None:
    """What is to be read again after a silence, as an update of its own; None: nothing was ever heard.

    ``known``: every conversation with its newest update; ``name`` makes it one of its own.
    """
    newest = [ts for ts in map(moment_of, known.values()) if ts]
    if not newest:
        return None
    since = max(newest) - OVERLAP_S
    last = {address: moment_of(each) or number_of(thread_of(address)) for address, each in known.items()}
    living = sorted(
        (at, address) for address, at in last.items() if thread_of(address) and at > since - LIVE_S
    )
    threads = [address for _, address in living[-MOST_THREADS:]]
    rooms = sorted({room_of(address) for address in known if not thread_of(address)} - {SILENCE, ""})
    told = {"since": f"{since:.6f}", "rooms": rooms, "threads": threads}
    return Raw(
        update_id=f"{SILENCE}/{name}", lane=SILENCE, body=json.dumps({"kind": SILENCE, "payload": told})
    )


class Unread:
    """The places of a silence that are not read yet; a room before its threads, for it names some of them."""

    def __init__(self, rooms: Iterable[str], threads: Iterable[str]) -> None:
        self._rooms = list(rooms)
        self._threads = set(threads)
        self._wanted = set[str]()  #: where something waits
        self._moved = asyncio.Condition()
        self._given_up = False

    async def read(self, lane: str) -> None:
        """Return when all that was said in a lane is on its way, or would hold up too long what comes after it."""
        self._wanted.add(lane)
        try:
            async with asyncio.timeout(HELD_S), self._moved:
                await self._moved.wait_for(lambda: self._given_up or not self._holds(lane))
        except TimeoutError:
            self._given_up = True

    def next(self) -> str | None:
        """Return the place to read now; where something waits comes first."""
        left = self._rooms or sorted(self._threads)
        wanted = {room_of(lane) if self._rooms else lane for lane in self._wanted}
        return next((each for each in left if each in wanted), left[0] if left else None)

    async def done(self, place: str, threads: Iterable[str] = ()) -> None:
        """A place is read, in which there are these threads."""
        self._threads |= set(threads)
        if place in self._rooms:
            self._rooms.remove(place)
        self._threads.discard(place)
        async with self._moved:
            self._moved.notify_all()

    async def end(self) -> None:
        self._given_up = True
        await self.done("")

    def _holds(self, lane: str) -> bool:
        return room_of(lane) in self._rooms or lane in self._threads


async def missed(web: Web, me: Me, since: str, unread: Unread) -> AsyncIterator[list[Raw]]:
    """Yield what was said since, oldest first in each place; what cannot be read is left out."""
    while place := unread.next():
        room, thread, threads = room_of(place), thread_of(place), set[str]()
        found = await _read(web, room, MOST_PAGES, thread, oldest=since)
        if found:
            # Pages come newest first.
            found.sort(key=lambda each: number_of(each.get("ts")))
            yield raws_of(found, await insisted(web.channel_of, room), me)
        if not thread:
            threads = _answered(found + await _older(web, room, since), since)
        await unread.done(place, (address_of(room, ts) for ts in threads))


def raws_of(messages: list[Shape], channel: str, me: Me) -> list[Raw]:
    """What these messages would have been told as, each with how it was changed since."""
    found = []
    for message in messages:
        event = {"type": "message", "channel": channel}
        changed = {"subtype": "message_changed", "message": message, "previous_message": {}}
        told = [{**message, **event}, *([changed | event] if message.get("edited") else [])]
        raws = (raw_of(EVENTS, {"team_id": me.team, "event": each}, me) for each in told)
        found += [raw for raw in raws if raw]
    return found


async def insisted(asks: Callable[..., Awaitable[Answer]], *asked: str, **parameters: Any) -> Answer:
    """Ask until there is an answer.

    Raises:
        NotEver: there will be none.

    """
    while True:
        try:
            return await asks(*asked, **parameters)
        except (NotNow, Unsure) as failure:
            await asyncio.sleep(failure.after_s or AGAIN_S)


async def _read(
    web: Web, room: str, most: int, thread: str = "", *, level: int = logging.WARNING, **which: Any
) -> list[Shape]:
    """What was said at one place, as far as that can be read."""
    found: list[Shape] = []
    try:
        channel = await insisted(web.channel_of, room)
        async for page in pages(partial(insisted, web.call), most, channel, thread, limit=PAGE, **which):
            found += page
    except NotEver as never:
        log.log(level, "not all that was said in %s can be read: %s", room, never)
    return found


async def _older(web: Web, room: str, since: str) -> list[Shape]:
    """Said before: threads may go on below it, such as below an agent's question, in which nobody spoke yet."""
    oldest = f"{max(0.0, number_of(since) - LIVE_S):.6f}"
    return await _read(web, room, OLDER_PAGES, level=logging.DEBUG, oldest=oldest, latest=since)


def _answered(found: Iterable[Shape], since: str) -> set[str]:
    """The threads that messages began, and somebody wrote in since."""
    return {
        ts
        for each in found
        if is_ts(ts := each.get("ts")) and number_of(each.get("latest_reply")) >= number_of(since)
    }
