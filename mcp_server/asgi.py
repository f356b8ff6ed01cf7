"""One aiohttp request as an ASGI application sees it. It knows the two worlds, and nothing of MCP.

Measured rules: headers of an event stream go out at once, or clients wait for them until the first event;
``receive`` blocks until the client is gone, and looks for itself, because aiohttp tells no request of that;
``send`` to somebody who is gone raises an OSError (ASGI 2.4), and is no error of ours afterwards. A client may leave
as soon as it has the event it waited for, without hearing the stream out (Codex 0.169.0): it has its answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final

from aiohttp import web

LOOK_S: Final = 1.0  #: how often we look whether the client is still there
EVENT_STREAM: Final = "text/event-stream"

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class ClientGone(OSError):
    """Nobody is there any more to read the answer."""


class Exchange:
    """Carries one request into an application and its answer out again."""

    def __init__(self, request: web.Request, beside: Mapping[str, Any]) -> None:
        self._request = request
        self._scope = {**scope_of(request), **beside}
        self._heard = False
        self._kept: list[bytes] = []
        self._status = 500
        self._headers: list[tuple[str, str]] = []
        self.response: web.StreamResponse = web.Response(status=500)
        self._told = False  #: the last event went out to somebody who was there
        self.complete = False  #: the last byte of the answer was written to somebody who is still there

    async def through(self, app: App) -> None:
        """Let the application answer; a client that leaves meanwhile is nobody's error."""
        try:
            await app(self._scope, self._receive, self._send)
        except* ClientGone:  # it comes inside a group, too
            pass

    async def _receive(self) -> Message:
        if not self._heard:
            self._heard = True
            return {"type": "http.request", "body": await self._request.read(), "more_body": False}
        while not self._gone():  # noqa: ASYNC110  nobody sets an event when a client leaves
            await asyncio.sleep(LOOK_S)
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        try:
            if message["type"] == "http.response.start":
                await self._start(message)
            elif message["type"] == "http.response.body":
                await self._body(message.get("body", b""), more=message.get("more_body", False))
        except ConnectionError as error:
            raise ClientGone from error

    async def _start(self, message: Message) -> None:
        self._status = message["status"]
        self._headers = [
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]
        ]
        if any(name.lower() == "content-type" and EVENT_STREAM in value for name, value in self._headers):
            self.response = web.StreamResponse(status=self._status, headers=self._headers)
            await self.response.prepare(self._request)

    async def _body(self, body: bytes, *, more: bool) -> None:
        if self.response.prepared:
            if body:
                self._told = False
                await self.response.write(body)
                self._told = not self._gone()
        else:
            self._kept.append(body)
        if not more:
            await self._finish()

    async def _finish(self) -> None:
        if not self.response.prepared:
            whole = b"".join(self._kept)
            headers = [(name, value) for name, value in self._headers if name.lower() != "content-length"]
            self.response = web.Response(status=self._status, headers=headers, body=whole)
            await self.response.prepare(self._request)
        try:
            await self.response.write_eof()
        except ConnectionError:
            if not self._told:
                raise
        self.complete = self._told or not self._gone()

    def _gone(self) -> bool:
        transport = self._request.transport
        return transport is None or transport.is_closing()


def scope_of(request: web.Request) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": f"{request.version.major}.{request.version.minor}",
        "method": request.method,
        "scheme": request.scheme,
        "path": request.path,
        "raw_path": request.rel_url.raw_path.encode("ascii"),
        "query_string": request.rel_url.raw_query_string.encode("ascii"),
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.raw_headers],
        "client": None,
        "server": None,
    }
