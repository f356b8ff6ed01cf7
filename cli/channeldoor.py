"""The standing requests of shims that serve a channel: what an agent is told of our own accord goes out there.

One request for each shim, open for as long as that lives. While nothing waits for its agent it waits for a change, and
no timer runs.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from typing import Final, Self

from aiohttp import web

from daemon.api.app import written
from daemon.api.caller import Caller
from daemon.api.guards import Guards
from daemon.api.patience import visit_of
from daemon.callers import channels
from daemon.callers.processes import Process
from daemon.core import commands as c
from daemon.core.errors import NotAllowed, PeerlineError
from daemon.core.model import Nudge, Session
from daemon.core.view import live_sessions
from daemon.engine.engine import Engine
from daemon.engine.feed import Watch
from daemon.store.interface import Tx
from daemon.wire import routes

AGENT: Final = "claude-code"
NOTIFICATION: Final = "notifications/claude/channel"
LOST: Final = "lost"
HEADERS: Final = {"Content-Type": routes.SSE, "Cache-Control": "no-store"}


class ChannelEntrance:
    """``async with`` it: at its end everybody is let go, and whoever is still there connects anew."""

    def __init__(self, engine: Engine, guards: Guards) -> None:
        self._engine = engine
        self._guards = guards
        self._standing: list[Standing] = []
        self._open: Counter[str] = Counter()  #: how many serve a session

    async def __aenter__(self) -> Self:
        for _, session in await self._engine.read(live_sessions):
            if session.channel:  # the daemon before this one ended without a word
                await self._engine.handle(c.OpenChannel(session_id=session.session_id, opened=False))
        return self

    async def __aexit__(self, *failed: object) -> None:
        for standing in self._standing:
            standing.cut()

    async def handle(self, request: web.Request, caller: Caller) -> web.StreamResponse:  # noqa: ARG002 -- as its row
        """A stream of notifications for the client of that shim, each a line of JSON-RPC.

        Raises:
            NotAllowed: no agent above it loads our channel.

        """
        if request.method != "POST":
            raise web.HTTPMethodNotAllowed(request.method, ("POST",))
        placed = await self._guards.placed(request)
        loading = await asyncio.to_thread(channels.loading, placed.line)
        if not loading:
            raise NotAllowed(
                "no agent above this MCP server loads it as a channel",
                f"start it with {channels.OPTIONS[-1]} {channels.ENTRY}",
            )
        response = web.StreamResponse(headers=HEADERS)
        await response.prepare(request)
        standing = Standing(self._engine, request, response, loading)
        self._standing.append(standing)
        try:
            await standing.until_gone(self._opened)
        finally:
            self._standing = [each for each in self._standing if each is not standing]
        return response

    @asynccontextmanager
    async def _opened(self, session_id: str) -> AsyncIterator[None]:
        """While at least one serves it, the session has a channel."""
        self._open[session_id] += 1
        try:
            await self._engine.handle(c.OpenChannel(session_id=session_id))
            yield
        finally:
            self._open[session_id] -= 1
            if not self._open[session_id]:
                del self._open[session_id]
                with suppress(PeerlineError):
                    await self._engine.handle(c.OpenChannel(session_id=session_id, opened=False))


Opened = Callable[[str], AbstractAsyncContextManager[None]]


class Standing:
    """One open request: whatever session lives in the agent's process is told by it."""

    def __init__(
        self, engine: Engine, request: web.Request, response: web.StreamResponse, loading: Sequence[Process]
    ) -> None:
        self._engine = engine
        self._request = request
        self._response = response
        self._loading = loading
        self._watch: Watch | None = None
        if visit := visit_of(request):
            visit.when_lost.append(self._lost)

    async def until_gone(self, opened: Opened) -> None:
        """Serve one session after the other; a trouble of the store cuts it, and the shim comes again."""
        try:
            while not self._gone():
                session = await self._session()
                async with opened(session.session_id) if session else nullcontext():
                    await self._serve(session)
        except (PeerlineError, ConnectionResetError):
            self.cut()

    def cut(self) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()

    async def _serve(self, session: Session | None) -> None:
        """As long as it is that session which lives there; None: nobody has registered yet."""
        keys = [f"process:{each.pid}" for each in self._loading]
        served = session.session_id if session else ""
        with self._engine.feed.watching(*keys, *([session.peer_id] if session else [])) as watch:
            self._watch = watch
            while not self._gone():
                watch.take()
                now = await self._session()
                if (now.session_id if now else "") != served:
                    return
                await watch.wait(await self._said(served) if served else None)

    async def _said(self, session_id: str) -> float | None:
        """Tell it what there is to tell; returns in how many seconds there will be more, None if nobody knows."""
        nudge: Nudge = await self._engine.handle(c.NudgeSession(session_id=session_id))
        if nudge.text:
            params = {"content": nudge.text, "meta": {"sender": nudge.sender}}
            told = {"jsonrpc": "2.0", "method": NOTIFICATION, "params": params}
            await written(self._request, self._response, f"data: {json.dumps(told)}\n\n")
        due = nudge.due_at
        return max(0.0, (due - self._engine.clock.now()).total_seconds()) if due else None

    async def _session(self) -> Session | None:
        found: Session | None = await self._engine.read(lambda tx: _of(tx, self._loading))
        return found

    def _lost(self) -> None:
        if self._watch:
            self._watch.touch(LOST)

    def _gone(self) -> bool:
        transport = self._request.transport
        return transport is None or transport.is_closing()


def _of(tx: Tx, loading: Sequence[Process]) -> Session | None:
    """The session that lives in one of these processes, which its own hooks have proven."""
    for process in loading:
        session = tx.session_of_process(process.pid, process.started)
        if session and session.ended_at is None and session.backend == AGENT:
            return session
    return None
