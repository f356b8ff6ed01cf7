"""Sockets to Slack: one that is well, always; another is opened before a polite one closes.

How a socket is, its pongs tell and nothing else: a quiet workspace is no fault, and a socket that is open for whoever
looks may be dead air. Rule: an envelope is acknowledged over the socket it came by, and only once it is kept.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from bots.health import SAID_S, resting
from bots.interface import Failure, NotEver, NotNow
from bots.payload import object_in

Json = dict[str, Any]
#: Takes the payload of an envelope and returns when it is kept; raises NotNow: it is not.
Takes = Callable[[Mapping[str, Any]], Awaitable[None]]
LARGEST: Final = 8 * 1024 * 1024  #: bytes of an envelope
OFF: Final = "link_disabled"
DROPPED: Final = frozenset({"too_many_websockets", OFF})  #: reasons after which nothing more comes there
ENDED: Final = frozenset({aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED})
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Seconds. ``ping + grace`` is how long dead air stays unnoticed; ``least`` lies between two attempts."""

    ping: float = 2.5
    grace: float = 1.5
    opening: float = 5.0
    least: float = 1.0
    most: float = 3.0
    weather: float = 5.0  #: a shorter time without a socket is nothing to tell of
    said: float = SAID_S  #: how often it is told why nothing is tried

    def pause(self, failures: int, wish: float | None) -> float:
        """Return the time from one attempt to the next: a little longer each time, or as Slack says."""
        return float(max(wish or 0, min(self.least * max(failures, 1), self.most)))


class Sockets:
    """Args: ``opened`` is called before each attempt, and what it returns once the socket is there."""

    def __init__(
        self,
        where: Callable[[], Awaitable[str]],
        takes: Takes,
        note: Callable[[str], None],
        opened: Callable[[], Awaitable[Callable[[], None]]],
        clock: Callable[[], float],
        rhythm: Rhythm = Rhythm(),
    ) -> None:
        self._where = where
        self._takes = takes
        self._note = note
        self._opened = opened
        self._clock = clock
        self._rhythm = rhythm
        self._there = set[Socket]()

    @property
    def count(self) -> int:
        """How many of ours are well; two while one takes over from another."""
        return sum(each.is_well for each in self._there)

    async def run(self) -> None:
        """Have a socket, until cancelled."""
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as reading:
            failures, alone_since = 0, self._clock()
            while True:
                then = await self._opened()
                begun, wish, why = self._clock(), None, ""
                try:
                    socket = await self._open(session, reading)
                except Failure as failure:
                    failures, why, wish = failures + 1, str(failure), failure.after_s
                    if isinstance(failure, NotEver) or begun - alone_since >= self._rhythm.weather or wish:
                        self._lacks(why)
                else:
                    then()
                    failures = 0
                    await socket.retired.wait()
                    failures += socket.useless
                    alone_since = self._clock()
                    if socket.why:
                        self._note(socket.why)
                pause = begun + self._rhythm.pause(failures, wish) - self._clock()
                await resting(self._lacks, why, pause, self._rhythm.said)

    def _lacks(self, why: str) -> None:
        """Another is needed and cannot be had; that is nothing to tell of while one is well."""
        if not self.count:
            self._note(why)

    async def _open(self, session: aiohttp.ClientSession, reading: asyncio.TaskGroup) -> Socket:
        """A socket that has said hello.

        Raises:
            NotNow, NotEver, Unsure: there is none.

        """
        try:
            async with asyncio.timeout(self._rhythm.opening):
                url = await self._where()
                stream = await session.ws_connect(url, autoping=False, autoclose=False, max_msg_size=LARGEST)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            # The URL is as good as a password, and some errors repeat it.
            raise NotNow(f"Slack cannot be reached by a socket: {type(error).__name__}") from None
        socket = Socket(stream, self._takes, self._note, self._rhythm, self._clock)
        reading.create_task(socket.run())
        with suppress(TimeoutError):
            async with asyncio.timeout(self._rhythm.opening):
                await socket.greeted.wait()
        if not socket.is_well:
            socket.abandon()
            raise NotNow(socket.why or "Slack opened a socket and said nothing over it")
        self._there = {each for each in self._there if each.is_well} | {socket}
        return socket


class Socket:
    """One of them. ``greeted``: it said hello, or ended before; ``retired``: another is needed."""

    def __init__(
        self,
        stream: aiohttp.ClientWebSocketResponse,
        takes: Takes,
        note: Callable[[str], None],
        rhythm: Rhythm,
        clock: Callable[[], float],
    ) -> None:
        self.greeted = asyncio.Event()
        self.retired = asyncio.Event()
        self.is_well = False
        self.useless = 0
        self.why = ""
        self._stream = stream
        self._takes = takes
        self._note = note
        self._rhythm = rhythm
        self._clock = clock
        self._pong_at = clock()
        self._reader: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Read until it ends; what is being kept meanwhile is kept all the same."""
        try:
            async with asyncio.TaskGroup() as tasks:
                pings = tasks.create_task(self._ping())
                self._reader = tasks.create_task(self._read(tasks))
                await asyncio.wait([self._reader])
                self._ends()
                pings.cancel()
        finally:
            self._ends()
            with suppress(aiohttp.ClientError, OSError, RuntimeError, TimeoutError):
                await asyncio.wait_for(self._stream.close(), self._rhythm.grace)

    def abandon(self) -> None:
        """Dead air: nobody there would answer a farewell."""
        if self._reader:
            self._reader.cancel()
        self._ends()

    def _ends(self) -> None:
        if not self.greeted.is_set():
            self.useless = 1
        self.is_well = False
        self.greeted.set()
        self.retired.set()

    async def _ping(self) -> None:
        """Ask whether it is there, and leave it when it does not say so."""
        while True:
            asked_at = self._clock()
            try:
                async with asyncio.timeout(self._rhythm.grace):
                    await self._stream.ping(b"peerline")
            except (TimeoutError, aiohttp.ClientError, OSError):
                return self.abandon()
            await asyncio.sleep(self._rhythm.grace)
            if self._pong_at < asked_at:
                log.info("a socket to Slack is dead air and left")
                return self.abandon()
            await asyncio.sleep(self._rhythm.ping - self._rhythm.grace)

    async def _read(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            message = await self._stream.receive()
            match message.type:
                case aiohttp.WSMsgType.TEXT:
                    self._said(message.data, tasks)
                case aiohttp.WSMsgType.PING:
                    with suppress(aiohttp.ClientError, OSError):
                        await self._stream.pong(message.data)
                case aiohttp.WSMsgType.PONG:
                    self._ponged()
                case kind if kind in ENDED or kind is aiohttp.WSMsgType.ERROR:
                    return
                case _:
                    pass

    def _ponged(self) -> None:
        self._pong_at = self._clock()
        if not self.retired.is_set() and self.is_well:
            self._note("")

    def _said(self, words: str, tasks: asyncio.TaskGroup) -> None:
        told = object_in(words)
        match told:
            case {"type": "hello"}:
                self.is_well = True
                self.greeted.set()
                self._note("")
            case {"type": "disconnect"}:
                self._dismissed(str(told.get("reason")))
            case {"envelope_id": str(envelope_id), "payload": dict(payload)}:
                tasks.create_task(self._kept(envelope_id, payload))
            case {"envelope_id": str(envelope_id)}:  # nothing that we know, and nothing to come again
                tasks.create_task(self._acknowledge(envelope_id))
            case _:
                log.debug("Slack said something over a socket that is no envelope")

    def _dismissed(self, reason: str) -> None:
        """It closes soon; until then things may come over it."""
        log.info("Slack wants another socket: %s", reason)
        if reason == OFF:
            self.why = "Socket Mode is switched off for this app"
        if reason in DROPPED:
            self.is_well, self.useless = False, 1
            self.greeted.set()
        self.retired.set()

    async def _kept(self, envelope_id: str, payload: Json) -> None:
        try:
            await self._takes(payload)
        except NotNow as later:
            log.warning("an envelope is not acknowledged, so that Slack brings it again: %s", later)
            return
        await self._acknowledge(envelope_id)

    async def _acknowledge(self, envelope_id: str) -> None:
        """If the socket is gone by now, Slack brings it again, and its id makes that harmless."""
        with suppress(aiohttp.ClientError, OSError, RuntimeError):
            await self._stream.send_str(json.dumps({"envelope_id": envelope_id}))
