"""Socket Mode: tickets, connections, envelopes spread over them, and what becomes of each connection.

A connection that is `frozen` is dead air: open for whoever looks, and nothing is sent or answered on it.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.emulators.faults import Faults
from tests.emulators.pulse import Pulse
from tests.emulators.slack import faults as reasons
from tests.emulators.slack import limits
from tests.emulators.slack.deliveries import COMMAND, EVENT, INTERACTIVE, Attempt, Deliveries, Delivery
from tests.emulators.slack.faults import Fault, Kind

APP = "A0000PEER"
_ENDED = {WSMsgType.CLOSED, WSMsgType.CLOSING, WSMsgType.ERROR}


@dataclass(slots=True)
class Socket:
    number: int
    stream: web.WebSocketResponse
    transport: asyncio.BaseTransport | None
    opened_at: float
    frozen: bool = False
    leaving: bool = False  #: told to go; nothing new is sent on it
    ghost: bool = False  #: was dead air once
    closed_at: float | None = None
    pings: int = 0  #: of the client, answered
    pongs: int = 0  #: the client's answers to ours
    pinged: int = 0
    attempts: dict[str, Attempt] = field(default_factory=dict)

    async def says(self, words: dict[str, Any] | str) -> bool:
        """Send, unless this is dead air; false when nobody was there."""
        if self.frozen:
            return True
        try:
            await self.stream.send_str(words if isinstance(words, str) else json.dumps(words))
        except (ConnectionError, RuntimeError):
            return False
        return True

    def cut(self) -> None:
        if self.transport is not None:
            self.transport.abort()


class Sockets:
    """The connections: `open` now, and `every` one there ever was."""

    def __init__(self, pulse: Pulse, faults: Faults[Fault], deliveries: Deliveries) -> None:
        self._pulse = pulse
        self._faults = faults
        self._deliveries = deliveries
        self._tickets: dict[str, float] = {}
        self._turn = itertools.count()
        self.every: list[Socket] = []
        self.enabled = True

    @property
    def open(self) -> list[Socket]:
        return [socket for socket in self.every if socket.closed_at is None]

    def ticket(self) -> str:
        ticket = f"ticket-{len(self._tickets) + 1:04d}"
        self._tickets[ticket] = time.monotonic()
        return ticket

    def admits(self, ticket: str) -> str:
        """Return why a ticket opens nothing, empty when it does; it is used up by that."""
        if not self.enabled:
            return "socket mode is off"
        at = self._tickets.get(ticket)
        if at is None:
            return "unknown ticket"
        if at < 0:
            return "ticket used twice"
        self._tickets[ticket] = -1
        return "" if time.monotonic() - at <= self._deliveries.patience.ticket_s else "ticket too old"

    async def serve(self, request: web.Request, fault: Fault | None) -> web.WebSocketResponse:
        """Keep one connection until it ends."""
        stream = web.WebSocketResponse(autoping=False, autoclose=False, timeout=1)
        await stream.prepare(request)
        socket = Socket(len(self.every) + 1, stream, request.transport, time.monotonic())
        self.every.append(socket)
        self._pulse.beat()
        try:
            await self._welcome(socket, fault)
            async with asyncio.TaskGroup() as beside:
                pinging = beside.create_task(self._pings(socket))
                await self._hear(socket)
                pinging.cancel()
        finally:
            self._gone(socket)
        return stream

    async def carry(self, delivery: Delivery, attempt: Attempt) -> None:
        """Send an envelope over one of the connections, each in its turn."""
        there = [socket for socket in self.open if not socket.leaving] or self.open
        if not there:
            attempt.fail("no connection")
            return
        socket = there[next(self._turn) % len(there)]
        attempt.socket = socket.number
        socket.attempts[attempt.envelope_id] = attempt
        kind = attempt.fault.kind if attempt.fault else None
        if kind == Kind.FREEZE:
            socket.frozen = socket.ghost = True
        attempt.dead = socket.frozen
        if kind == Kind.GARBAGE:
            await socket.says('{"envelope_id": "env-')
        if kind == Kind.RESET:
            socket.cut()
        elif not await socket.says(_envelope(delivery, attempt)):
            attempt.fail("connection closed")
        if kind == Kind.DROP:
            await asyncio.sleep(0.02)  # so that it can be read before the cut
            socket.cut()

    # What may befall them.

    async def disconnect(self, reason: str, *sockets: Socket) -> None:
        """Tell some (or all) to go, as Slack does; where the reason says so, cut them at once."""
        for socket in sockets or self.open:
            socket.leaving = True
            host = {"host": f"applink-{socket.number}"}
            await socket.says({"type": "disconnect", "reason": reason, "debug_info": host})
            at_once = reason in {reasons.LINK_DISABLED, reasons.TOO_MANY}
            self._deliveries.aside(_ends(socket, 0 if at_once else self._deliveries.patience.warned_s))
        if reason == reasons.LINK_DISABLED:
            self.enabled = False

    def freeze(self) -> None:
        """Let the air go dead on every connection there is now."""
        for socket in self.open:
            socket.frozen = socket.ghost = True
            for attempt in socket.attempts.values():
                attempt.dead = attempt.acked_at is None

    def thaw(self) -> None:
        for socket in self.open:
            socket.frozen = False

    def cut(self) -> None:
        for socket in self.open:
            socket.cut()

    async def there(self, number: int = 1, *, within: float = 5) -> list[Socket]:
        """Wait until so many are open and neither told to go nor frozen.

        Raises:
            AssertionError: they are not.
        """
        return await self.until(
            lambda: [s for s in self.open if not s.leaving and not s.frozen], number, within
        )

    async def until(self, look: Callable[[], list[Socket]], number: int, within: float) -> list[Socket]:
        def fewer() -> str:
            return f"{len(look())} of {number} sockets were there after {within} s"

        await self._pulse.expect(lambda: len(look()) >= number, within, fewer)
        return look()

    # One connection.

    async def _welcome(self, socket: Socket, fault: Fault | None) -> None:
        if fault and fault.kind == Kind.FREEZE:
            socket.frozen = socket.ghost = True
        if fault and fault.kind == Kind.GARBAGE:
            await socket.says("not json")
        if len(self.open) > limits.SOCKETS:
            await self.disconnect(reasons.TOO_MANY, socket)
            return
        await socket.says(_hello(len(self.open), socket.number))
        if fault and fault.kind == Kind.DISCONNECT:
            await self.disconnect(fault.reason, socket)
        elif fault and fault.kind == Kind.DROP:
            socket.cut()

    async def _hear(self, socket: Socket) -> None:
        while True:
            message = await socket.stream.receive()
            if message.type in _ENDED or not await self._took(socket, message.type, message.data):
                return

    async def _took(self, socket: Socket, kind: WSMsgType, words: Any) -> bool:
        """Take one thing that the client said; false when it was its last."""
        if kind == WSMsgType.CLOSE:
            if socket.frozen:  # a ghost: gone for the client, there for us
                await self._faults.lifted(self._deliveries.patience.warned_s)
            else:
                await socket.stream.close(drain=False)
            return False
        if socket.frozen:
            return True
        if kind == WSMsgType.PING:
            socket.pings += 1
            with suppress(ConnectionResetError):  # the client went while it waited for this
                await socket.stream.pong(words)
        elif kind == WSMsgType.PONG:
            socket.pongs += 1
        elif kind == WSMsgType.TEXT:
            self._acked(socket, words)
        self._pulse.beat()
        return True

    def _acked(self, socket: Socket, words: str) -> None:
        try:
            said = json.loads(words)
            attempt = socket.attempts.get(said.get("envelope_id", ""))
        except (ValueError, AttributeError):
            self._deliveries.strays.append(f"what was said is no acknowledgement: {words[:60]}")
            return
        if attempt is None:
            self._deliveries.strays.append(f"an acknowledgement of an envelope never sent here: {words[:60]}")
        else:
            attempt.ack(said.get("payload"))

    async def _pings(self, socket: Socket) -> None:
        while True:
            if not socket.frozen:
                try:
                    await socket.stream.ping(f"Ping from applink-{socket.number}".encode())
                except (ConnectionError, RuntimeError):
                    return
                socket.pinged += 1
            await asyncio.sleep(self._deliveries.patience.ping_s)

    def _gone(self, socket: Socket) -> None:
        socket.closed_at = time.monotonic()
        for attempt in socket.attempts.values():
            if attempt.acked_at is None and not attempt.reason:
                attempt.fail("connection closed")
        self._pulse.beat()


async def _ends(socket: Socket, after: float) -> None:
    await asyncio.sleep(after)
    if socket.closed_at is None and not socket.frozen:
        await socket.stream.close(drain=False)


def _hello(number: int, build: int) -> dict[str, Any]:
    about = {"host": f"applink-{build}", "build_number": 1, "approximate_connection_time": 18060}
    return {
        "type": "hello",
        "num_connections": number,
        "debug_info": about,
        "connection_info": {"app_id": APP},
    }


def _envelope(delivery: Delivery, attempt: Attempt) -> dict[str, Any]:
    envelope: dict[str, Any] = {
        "envelope_id": attempt.envelope_id,
        "type": delivery.kind,
        "payload": delivery.payload,
        "accepts_response_payload": delivery.kind in {COMMAND, INTERACTIVE},
    }
    if delivery.kind == EVENT:
        envelope |= {"retry_attempt": attempt.number, "retry_reason": attempt.retry_reason}
    return envelope
