"""How long and how often somebody may be in the middle of saying something: a guard around each connection.

aiohttp waits for ever for the end of a request. Here a timer runs while one is coming in, and only then: from the
first sign of a connection or of a new request to the end of its head, and from there to the end of its body. Who waits
for an answer, reads a stream or keeps a connection for later is not hurried.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, cast

from aiohttp import web

from daemon.engine.auditor import Count, uncounted

LATE: Final = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
)


@dataclass(slots=True)
class Patience:
    """The limits, and how many there are now. A stranger has come by TCP and shown no right token yet."""

    head_s: float = 10.0
    body_s: float = 30.0
    most: int = 2_000
    most_strangers: int = 256
    count: Count = uncounted
    present: int = 0
    strangers: int = 0
    visits: int = 0  #: so far

    def around(self, inner: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """The same connections, guarded."""
        return lambda: Visit(self, inner())

    def admits(self, visit: Visit) -> bool:
        if self.present >= self.most:
            self.count("limit_hit", f"{self.most} connections")
            return False
        if visit.stranger and self.strangers >= self.most_strangers:
            self.count("limit_hit", f"{self.most_strangers} connections without a token")
            return False
        return True


@dataclass(slots=True, eq=False)
class Visit(asyncio.Protocol):
    """One connection. It hands on all it hears, and keeps the time."""

    patience: Patience
    inner: asyncio.Protocol
    stranger: bool = False
    _transport: asyncio.Transport | None = None
    _timer: asyncio.TimerHandle | None = None
    _busy: bool = field(default=False)  #: a request is being answered
    when_lost: list[Callable[[], None]] = field(default_factory=list)  #: done once nobody is there any more

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        line = cast("asyncio.Transport", transport)
        found = line.get_extra_info("socket")
        self.stranger = found is None or found.family != socket.AF_UNIX
        if not self.patience.admits(self):
            line.write(FULL)
            line.close()
            return
        self._transport = line
        self.patience.present += 1
        self.patience.visits += 1
        self.patience.strangers += self.stranger
        self.inner.connection_made(transport)
        self._hurry(self.patience.head_s)

    def data_received(self, data: bytes) -> None:
        if self._transport is None:
            return
        if self._timer is None and not self._busy:
            self._hurry(self.patience.head_s)
        self.inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self.inner.eof_received() if self._transport else False

    def pause_writing(self) -> None:
        if self._transport:
            self.inner.pause_writing()

    def resume_writing(self) -> None:
        if self._transport:
            self.inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is None:
            return
        self._relax()
        self.patience.present -= 1
        self.known()
        self._transport = None
        self.inner.connection_lost(exc)
        for lost in self.when_lost:
            lost()

    def known(self) -> None:
        """A right token was shown."""
        self.patience.strangers -= self.stranger
        self.stranger = False

    def begun(self, request: web.Request) -> None:
        """The head is there."""
        self._busy = True
        self._relax()
        if not request.content.is_eof():
            self._hurry(self.patience.body_s)
            request.content.on_eof(self._relax)

    def done(self) -> None:
        """It is answered."""
        self._busy = False
        self._relax()

    def _hurry(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._late)

    def _relax(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        line = self._transport
        if line is None or line.is_closing():
            return
        self.patience.count("limit_hit", "a request that did not end")
        line.write(LATE)
        line.close()
        if line.get_write_buffer_size():  # nobody reads there
            line.abort()


def visit_of(request: web.Request) -> Visit | None:
    """The guard around the connection of a request, where there is one."""
    transport = request.transport
    found = transport.get_protocol() if isinstance(transport, asyncio.Transport) else None
    return found if isinstance(found, Visit) else None


class Site(web.SockSite):
    """A socket whose connections are guarded."""

    def __init__(
        self, runner: web.AppRunner, sock: socket.socket, patience: Patience, *, backlog: int
    ) -> None:
        super().__init__(runner, sock, backlog=backlog)
        self._patience = patience

    async def start(self) -> None:
        inner = self._runner.server
        if inner is None:
            raise RuntimeError("the runner was not set up")
        await super(web.SockSite, self).start()
        self._server = await asyncio.get_running_loop().create_server(
            self._patience.around(inner), sock=self._sock, backlog=self._backlog
        )
