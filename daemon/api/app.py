"""The aiohttp application: bytes in, the door in the middle, bytes out. Errors become problem+json in one place."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

from aiohttp import web, web_response

from daemon.api import jsontext, openapi
from daemon.api.caller import Caller
from daemon.api.door import Door
from daemon.api.guards import Guards, check_type
from daemon.api.hooks import Ear, HookDesk
from daemon.api.patience import visit_of
from daemon.core.errors import Fault, Malformed, NotFound, PeerlineError, TooLarge
from daemon.wire import routes
from daemon.wire.problems import to_problem

BODY_LIMIT: Final = 1024 * 1024
HOOK_LIMIT: Final = 32 * 1024 * 1024  #: a tool's whole output travels through its hook
KEY_LIMIT: Final = 200
PING_S: Final = 15.0
STUCK_S: Final = 10.0
SILENT: Final = frozenset({routes.HEALTH})
log = logging.getLogger(__name__)

# Versions are told to the authenticated only. aiohttp would print two, and what it cannot read it answers by itself:
# no signal tells of that, so its own words are changed.
vars(web_response)["SERVER_SOFTWARE"] = routes.SERVER

Open = Callable[[web.Request], Awaitable[web.StreamResponse]]
Extra = Callable[[web.Request, Caller], Awaitable[web.StreamResponse]]


class Application:
    """What is served on both sockets.

    Args:
        door: the interface.
        guards: who calls.
        health: what ``/health`` tells to the authenticated.
        version: of this Peerline.
        desk: takes the agents' hooks.
        extras: further paths served by other packages, each given its caller: the MCP server.
        strangers: paths open to whoever calls; what serves one finds out for itself who that is.

    """

    def __init__(
        self,
        door: Door,
        guards: Guards,
        *,
        health: Callable[[], Awaitable[dict[str, Any]]],
        version: str,
        desk: HookDesk,
        extras: Mapping[str, Extra],
        strangers: Mapping[str, Open],
    ) -> None:
        self._desk = desk
        self._door = door
        self._guards = guards
        self._health = health
        self._version = version
        self._extras = extras
        self._strangers = strangers

    def made(self) -> web.Application:
        app = web.Application(middlewares=[self._errors], client_max_size=HOOK_LIMIT)
        app.on_response_prepare.append(_sealed)
        app.router.add_route("*", routes.HEALTH, self._on_health)
        app.router.add_route("*", routes.OPENAPI, self._on_openapi)
        app.router.add_route("*", routes.HOOKS, self._on_hook)
        for path in self._extras:
            app.router.add_route("*", path, self._on_extra)
        for path in self._strangers:
            app.router.add_route("*", path, self._on_stranger)
        app.router.add_route("*", "/{path:(?s:.*)}", self._on_door)  # a newline is a character like any other
        return app

    @web.middleware
    async def _errors(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        visit = visit_of(request)
        if visit:
            visit.begun(request)
        try:
            return await self._answered(request, handler)
        finally:
            if visit:
                visit.done()

    async def _answered(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            return await handler(request)
        except PeerlineError as error:
            return _problem(error)
        except web.HTTPException as error:
            return _problem(_of_http(error), error.status, error.headers.get("Allow", ""))
        except web.RequestPayloadError:
            return _problem(Malformed("the body breaks off, or is not what its headers say", "send it again"))
        except (ConnectionResetError, asyncio.CancelledError):
            raise
        except Exception:
            log.exception("%s %s failed", request.method, request.path[:200])
            return _problem(Fault("something is wrong inside the daemon", "the log tells more"))

    async def _on_health(self, request: web.Request) -> web.Response:
        known = self._guards.check_health(request)
        _only(request, "GET", "HEAD")
        if not known:
            return web.json_response({"status": (await self._health())["status"]})
        return web.json_response(await self._health())

    async def _on_openapi(self, request: web.Request) -> web.Response:
        await self._guards.caller(request)
        _only(request, "GET")
        return web.json_response(openapi.document(self._door.endpoints, self._version))

    async def _on_extra(self, request: web.Request) -> web.StreamResponse:
        caller = await self._guards.caller(request)
        check_type(request)
        return await self._extras[request.path](request, caller)

    async def _on_stranger(self, request: web.Request) -> web.StreamResponse:
        _only(request, "POST")
        return await self._strangers[request.path](request)

    async def _on_hook(self, request: web.Request) -> web.Response:
        """Bytes of an agent's hook."""
        placed = await self._guards.placed_hook(request)
        _only(request, "POST")
        agent, event = request.match_info["agent"], request.match_info["event"]
        ear = Ear(placed, lambda: request.transport is not None and not request.transport.is_closing())
        told = await self._desk.hear(agent, event, request.headers, await request.read(), ear)
        self._door.room.engine.passed("hook.answering")
        headers = {routes.WAKE: "1"} if told.wakes else {}
        return web.Response(body=told.text.encode(), content_type=routes.JSON, headers=headers)

    async def _on_door(self, request: web.Request) -> web.StreamResponse:
        caller = await self._guards.caller(request)
        path = request.raw_path.partition("?")[0]
        if request.method == "OPTIONS" or not self._door.methods_at(path):
            raise NotFound(
                f"there is no {request.method} {path[:200]}", "GET /openapi.json lists what there is"
            )
        _only(request, *self._door.methods_at(path))
        query = _query(request)
        if self._door.is_stream(request.method, path):
            last = request.headers.get("Last-Event-ID")
            query |= {"after": last} if last and "after" not in query else {}
            return await _streamed(request, await self._door.stream(caller, path, query))
        body, key = await _body(request), _key(request)
        told = await self._door.request(caller, request.method, path, query=query, body=body, key=key)
        self._door.room.engine.passed("api.answering")
        return web.json_response(told)


async def _sealed(request: web.Request, response: web.StreamResponse) -> None:
    """An answer is what its type says."""
    response.headers["X-Content-Type-Options"] = "nosniff"


def _only(request: web.Request, *methods: str) -> None:
    if request.method not in methods:
        raise web.HTTPMethodNotAllowed(request.method, methods)


async def _body(request: web.Request) -> Any:
    check_type(request)
    if not request.can_read_body:
        return None
    if (request.content_length or 0) > BODY_LIMIT:
        raise TooLarge(f"a body of {request.content_length} bytes, the limit is {BODY_LIMIT}", "send less")
    raw = b""
    async for chunk in request.content.iter_chunked(65536):
        raw += chunk
        if len(raw) > BODY_LIMIT:
            raise TooLarge(f"a body over {BODY_LIMIT} bytes, the limit", "send less")
    return jsontext.loads(raw) if raw else None


def _query(request: web.Request) -> dict[str, str]:
    query = dict(request.query)
    if len(query) < len(request.query):
        raise Malformed("a name stands twice in the query", "say each once")
    return query


def _key(request: web.Request) -> str | None:
    key = request.headers.get(routes.KEY)
    if key is not None and not 0 < len(key) <= KEY_LIMIT:
        raise Malformed(f"an idempotency key of {len(key)} characters", f"use 1 to {KEY_LIMIT}")
    return key if key is None else key.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


async def _streamed(request: web.Request, events: AsyncIterator[tuple[str, int, Any]]) -> web.StreamResponse:
    """Server-sent events; a reader that does not read for ten seconds is cut. An error on the way is an event too."""
    response = web.StreamResponse(headers={"Content-Type": routes.SSE, "Cache-Control": "no-store"})
    await response.prepare(request)
    try:
        async with asyncio.TaskGroup() as both:
            pinging = both.create_task(_pinged(request, response))
            async for event in events:
                await written(request, response, _block(*event))
            pinging.cancel()
    except* ConnectionResetError:
        log.debug("a reader of %s has gone", request.path)
    except* PeerlineError as errors:
        with contextlib.suppress(ConnectionResetError):
            await written(request, response, _block(routes.TROUBLE, 0, to_problem(_first(errors))))
    return response


def _first(errors: ExceptionGroup[PeerlineError]) -> PeerlineError:
    one = errors.exceptions[0]
    return _first(one) if isinstance(one, ExceptionGroup) else one


async def _pinged(request: web.Request, response: web.StreamResponse) -> None:
    """A comment now and then finds out that a reader has gone."""
    while True:
        await written(request, response, ": \n\n")
        await asyncio.sleep(PING_S)


async def written(request: web.Request, response: web.StreamResponse, text: str) -> None:
    """Raises: ConnectionResetError, if nobody reads it."""
    try:
        async with asyncio.timeout(STUCK_S):
            await response.write(text.encode())
    except TimeoutError:
        if request.transport:  # an end in order would wait for its reader once more, and for ever
            request.transport.abort()
        raise ConnectionResetError("the reader does not read") from None


def _block(name: str, seq: int, told: Any) -> str:
    head = f"id: {seq}\n" if seq else ""
    return f"{head}event: {name}\ndata: {json.dumps(told, ensure_ascii=False)}\n\n"


def _problem(error: PeerlineError, status: int = 0, allow: str = "") -> web.Response:
    headers = {"Allow": allow} if allow else {}
    if error.after_s is not None:
        headers["Retry-After"] = str(max(1, round(error.after_s)))
    if error.status == web.HTTPUnauthorized.status_code:
        headers["WWW-Authenticate"] = "Bearer"
    return web.json_response(
        to_problem(error) | ({"status": status} if status else {}),
        status=status or error.status,
        content_type=routes.PROBLEM,
        headers=headers,
    )


def _of_http(error: web.HTTPException) -> PeerlineError:
    if error.status == web.HTTPRequestEntityTooLarge.status_code:
        return TooLarge("the body is too large", "send less")
    if error.status == web.HTTPMethodNotAllowed.status_code:
        return Malformed("that is not done with this method", "GET /openapi.json lists what is")
    return NotFound(error.reason) if error.status == web.HTTPNotFound.status_code else Malformed(error.reason)
