"""The machine an emulator runs on: a port of the loopback that can be unplugged, and connections that can be cut."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Generic, TypeVar

from aiohttp import web

from tests.emulators.faults import Fault, Faults
from tests.emulators.journal import Journal, Record

_LOOPBACK = "127.0.0.1"
_NO_LINGER = struct.pack("ii", 1, 0)
Kept = TypeVar("Kept", bound=Record)
Own = TypeVar("Own", bound=Fault)


class Emulator(Generic[Kept, Own]):
    """Serves an application while it is plugged in; port 0 takes a free one and keeps it."""

    def __init__(self, app: web.Application, port: int, journal: Journal[Kept], faults: Faults[Own]) -> None:
        self.journal = journal
        self.faults = faults
        self._port = port
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        self._site: web.TCPSite | None = None

    @property
    def address(self) -> str:
        return f"http://{_LOOPBACK}:{self._port}"

    def client_ended(self) -> None:
        """Tell that the client was killed: who comes next is another one."""
        self.journal.ends_of_clients.append(asyncio.get_running_loop().time())

    async def plug(self) -> None:
        """Listen (again), on the same port as before."""
        self._site = web.TCPSite(self._runner, _LOOPBACK, self._port, reuse_address=True)
        await self._site.start()
        self._port = self._runner.addresses[0][1]

    async def unplug(self, *, sparing: asyncio.BaseTransport | None = None) -> None:
        """Cut every connection and refuse new ones; what the platform knows stays."""
        if self._site:
            await self._site.stop()
            self._site = None
        for connection in self._runner.server.connections if self._runner.server else ():
            transport = connection.transport
            if transport is not None and transport is not sparing:
                transport.abort()

    def _cut(self, request: web.Request, record: Kept, *, polite: bool) -> web.Response:
        """Cut the connection of a request: with a goodbye (FIN) or with a reset."""
        self.journal.end(record, 0)
        if request.transport is not None:
            peer: socket.socket = request.transport.get_extra_info("socket")
            if not polite:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            request.transport.abort()
        return web.Response()  # to nobody
