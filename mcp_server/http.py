"""The door of ``/mcp`` inside the daemon's aiohttp: agents' requests go through it to the MCP server.

Who is calling was found before; each request brings a client that is bound to its caller. The protocol's
library is loaded in a thread once the door is opened, and requests wait until it is.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import replace
from json import JSONDecodeError
from types import TracebackType
from typing import Final, Self

from aiohttp import web

from daemon.client.interface import PeerClient
from daemon.core.errors import Malformed, Unavailable
from mcp_server import profiles
from mcp_server.asgi import App, Exchange
from mcp_server.caller import SCOPE, Caller, Unconfirmed
from mcp_server.calls import PROGRESS_S
from mcp_server.listed import Listed

RECEIPTS_LIMIT: Final = 1000
CALLS: Final = "tools/call"  #: what can carry a word beside its answer


class McpDoor:
    """``async with McpDoor() as door``, or ``serve()`` in a task of the daemon's own."""

    def __init__(self, *, version: str = "", every_s: float = PROGRESS_S) -> None:
        self._version = version
        self._every_s = every_s
        self._app: App | None = None
        self._opened = asyncio.Event()
        self._inside: list[web.Request] = []  # a request is not hashable
        self._unconfirmed = Unconfirmed()
        self._listed = Listed()

    async def __aenter__(self) -> Self:
        self._tasks = await asyncio.TaskGroup().__aenter__()
        self._serving = self._tasks.create_task(self.serve(), name="mcp door")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._serving.cancel()
        await self._tasks.__aexit__(kind, error, trace)

    async def serve(self) -> None:
        """Open the door and keep it open until cancelled."""
        made = await asyncio.to_thread(_load, self._version)
        async with made as app:  # entered and left by this one task: it holds an anyio scope
            self._app = app
            self._opened.set()
            try:
                await asyncio.Event().wait()
            finally:
                self._app = None
                self._cut()

    async def opened(self) -> None:
        await self._opened.wait()

    async def handle(
        self, request: web.Request, client: PeerClient, run: str | None, *, served: bool | None = False
    ) -> web.StreamResponse:
        """Answer one request to ``/mcp``.

        Args:
            request: as it came.
            client: bound to who sent it.
            run: the shim's, None for everybody else.
            served: whether hooks bring that client its messages; None: that is not known yet.

        Raises:
            Malformed: it asks for a set of tools that is none.
            Unavailable: the daemon is stopping.

        """
        profile = profiles.named(profiles.wanted(request.headers, request.query))
        if request.method != "POST":  # there is no stream to open and no session to end
            return web.Response(status=405, headers={"Allow": "POST"})
        await self.opened()
        if self._app is None:
            raise Unavailable("the daemon is stopping", "try again in a moment")
        caller = Caller(client, run, self._every_s, self._unconfirmed, profile, served, self._listed)
        if request.headers.get("Mcp-Method", CALLS) == CALLS and await caller.is_stale():
            caller = replace(caller, stale=True)
        exchange = Exchange(request, {SCOPE: caller})
        with self._being_inside(request):
            await exchange.through(self._app)
        if exchange.complete:
            caller.written()
        return exchange.response

    async def receipts(self, request: web.Request, client: PeerClient) -> web.Response:
        """``{"calls": [...]}``: a shim wrote the answers of these calls to its agent.

        Raises:
            Malformed: it says something else.

        """
        for call_id in _calls(await _json(request)):
            await client.confirm(call_id)
        return web.Response(status=204)

    @contextmanager
    def _being_inside(self, request: web.Request) -> Iterator[None]:
        self._inside.append(request)
        try:
            yield
        finally:
            self._inside = [each for each in self._inside if each is not request]

    def _cut(self) -> None:
        # A call that ends because the daemon stops must look unanswered, so that its shim repeats it; what
        # it is told by a daemon that stops would be taken for its answer.
        for request in self._inside:
            if request.transport is not None:
                request.transport.abort()


def _load(version: str) -> AbstractAsyncContextManager[App]:
    """Takes 0.7 s, so it runs in a thread; that lets go ten times sooner than usual when the loop has work."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 10)
    try:
        from mcp_server.server import made

        return made(version)
    finally:
        sys.setswitchinterval(usual)


async def _json(request: web.Request) -> object:
    try:
        said: object = await request.json()
    except (JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("the receipts are no JSON", 'send {"calls": ["…"]}') from error
    return said


def _calls(said: object) -> list[str]:
    calls = said.get("calls") if isinstance(said, dict) else None
    fits = isinstance(calls, list) and len(calls) <= RECEIPTS_LIMIT and all(isinstance(x, str) for x in calls)
    if not isinstance(calls, list) or not fits:
        raise Malformed("the receipts name no calls", f'send {{"calls": ["…"]}}, {RECEIPTS_LIMIT} at most')
    return calls
