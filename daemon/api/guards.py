"""The guards: nothing reaches the door before they have found out who it is.

The Unix socket: the peer's user id is checked, then its process is placed (inside a registered agent's tree, at a
terminal, or neither). TCP: exact Host, Origin absent or our own, the owner's token, JSON for bodies; ``/mcp`` is open
to agents without one, whose process is seen. ``/health`` alone is open. What a caller says of itself is never believed.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import socket
from dataclasses import dataclass, replace
from typing import Final
from weakref import WeakKeyDictionary

from aiohttp import web

from daemon.api.caller import Caller, Standing
from daemon.api.known import Known
from daemon.api.limits import Window
from daemon.api.patience import visit_of
from daemon.callers import loopback
from daemon.callers.incarnation import is_agent
from daemon.callers.processes import Process, ancestors, has_terminal, peer_credentials
from daemon.core import commands as c
from daemon.core.errors import Malformed, NotAllowed, NotAuthenticated, PeerlineError
from daemon.core.model import Authority, Conversation, Peer, Session
from daemon.core.view import Plan, View
from daemon.engine.auditor import Count, uncounted
from daemon.engine.engine import Engine
from daemon.wire import routes

WRONG_TOKENS: Final = 10
THREAD: Final = "Peerline-Thread"  #: which session of a process it is, as a tool's call says
GONE: Final = Process(0, 0)
WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
OUTSIDE: Final = {
    Standing.OWNER: ("console", Authority.OWNER),
    Standing.CLI: ("cli", Authority.UNVERIFIED),
}


@dataclass(frozen=True, slots=True)
class Placed:
    """The process at the other end of the socket, and what it belongs to."""

    process: Process
    line: tuple[Process, ...]  #: itself and its ancestors, nearest first
    session: Session | None
    crowded: bool = False  #: it is one of several sessions in one process, and nothing says which


class Guards:
    def __init__(
        self, engine: Engine, *, token: str, port: int, machine: str, owner: str, count: Count = uncounted
    ) -> None:
        self._engine = engine
        self._token = token
        self._port = port
        self._machine = machine
        self._owner = owner
        self._lines: WeakKeyDictionary[asyncio.Transport, tuple[Process, ...]] = WeakKeyDictionary()
        self._known = Known(engine.feed)
        self._count = count
        self._wrong = Window("the limit of wrong tokens", WRONG_TOKENS)

    async def caller(self, request: web.Request) -> Caller:
        """Who it is.

        Raises:
            NotAuthenticated, NotAllowed, Malformed, Throttled: the door stays shut.

        """
        if _is_unix(request):
            return await self._on_line(request)
        self._check_web(request)
        tokenless = request.path == routes.MCP and "Authorization" not in request.headers
        if tokenless and (agent := await self._agent_on_tcp(request)):
            return agent
        self._check_token(request)
        if request.method in WITH_BODY:
            await self._check_lock()
        return replace(await self.outside(Standing.OWNER, "token"), remote=True)

    async def _on_line(self, request: web.Request) -> Caller:
        async def look() -> Caller:
            placed = await self.placed(request)
            # Which thread it is comes with a tool's call.
            if placed.crowded and request.path in {routes.MCP, routes.MCP_RECEIPTS}:
                return await self.outside(Standing.CLI, _host(placed))
            return await self.placed_caller(placed)

        return await self._known.caller(transport_of(request), request.headers.get(THREAD, ""), look)

    async def _agent_on_tcp(self, request: web.Request) -> Caller | None:
        """An agent's own MCP client; before the first hook of its session, and in a crowd, it is nobody yet."""

        async def look() -> Caller | None:
            placed = await self.placed_on_tcp(request)
            if placed.session:
                return await self.placed_caller(placed)
            known = placed.crowded or is_agent(placed.process)
            return (
                Caller(standing=Standing.CLI, peer_id="", host=_host(placed), remote=True) if known else None
            )

        found = await self._known.caller(transport_of(request), "", look)
        if found and (visit := visit_of(request)):
            visit.known()
        return found

    def check_health(self, request: web.Request) -> bool:
        """``/health`` is open, but not to other hosts' pages; returns whether the caller is known."""
        if _is_unix(request):
            return peer_credentials(_socket_of(request)).uid == os.getuid()
        self._check_web(request)
        try:
            self._check_token(request)
        except PeerlineError:
            return False
        return True

    async def placed_hook(self, request: web.Request) -> Placed:
        """As ``placed``; who comes by TCP is asked for the token first, and refused all the same."""
        if not _is_unix(request):
            await self.caller(request)
        return await self.placed(request)

    async def placed(self, request: web.Request) -> Placed:
        """Find the process at the other end of a Unix socket.

        Raises:
            NotAllowed: it is another user's, or the way in was not the Unix socket.

        """
        if not _is_unix(request):
            raise NotAllowed("that goes through the Unix socket only", "processes are not known over TCP")
        return await self._placed(self._line(request), request.headers.get(THREAD, ""))

    async def placed_on_tcp(self, request: web.Request, thread: str = "") -> Placed:
        """The same of a client that came by TCP; nobody where its process is not seen."""
        transport = transport_of(request)
        if transport not in self._lines:
            process = await asyncio.to_thread(loopback.holder, _socket_of(request))
            self._lines[transport] = ancestors(process.pid) if process else ()
        return await self._placed(self._lines[transport], thread)

    async def _placed(self, line: tuple[Process, ...], thread: str) -> Placed:
        session, crowded = await self._engine.read(lambda tx: _named(tx, line, thread))
        return Placed(line[0] if line else GONE, line, session, crowded=crowded)

    def _line(self, request: web.Request) -> tuple[Process, ...]:
        """Who connected, as it was when the connection's first request came: its pid may be another's by now."""
        transport = transport_of(request)
        line = self._lines.get(transport)
        if line is None:
            found = peer_credentials(_socket_of(request))
            if found.uid != os.getuid():
                self._count("auth_failed", "another user")
                raise NotAllowed("this line belongs to another user", "run your own")
            line = self._lines[transport] = ancestors(found.pid)
        return line

    async def placed_caller(self, placed: Placed) -> Caller:
        if placed.session:
            return Caller(
                standing=Standing.AGENT, peer_id=placed.session.peer_id, host=placed.session.session_id
            )
        refuse_crowded(placed)
        standing = Standing.OWNER if has_terminal(placed.process.pid) else Standing.CLI
        return await self.outside(standing, _host(placed))

    async def outside(self, standing: Standing, host: str) -> Caller:
        """Somebody outside every agent sends as the one peer of their standing."""
        surface, authority = OUTSIDE[standing]
        found = await self._engine.read(lambda tx: _remembered(tx, surface))
        if found is None:
            command = c.OpenConversation(
                surface=surface,
                address="terminal",
                host="terminal",
                wish=surface,
                authority=authority,
                live=False,
                person=self._owner if standing is Standing.OWNER else "",
                machine=self._machine,
            )
            peer = await self._engine.handle(command)
            return Caller(standing=standing, peer_id=peer.peer_id, host=host)
        return Caller(standing=standing, peer_id=found.peer_id, host=host)

    async def _check_lock(self) -> None:
        """A token may be in the same hands as a phone."""
        now = self._engine.clock.now()
        locked = await self._engine.read(lambda tx: Plan(tx, now, "").locked())
        if locked:
            raise NotAllowed(
                f"the line is locked by {locked.locked_by}: nothing is taken from afar",
                "unlock it at the machine: `peerline unlock`",
            )

    def _check_web(self, request: web.Request) -> None:
        """Browsers are strangers: the page's host and origin must be ours to the letter."""
        own = {f"127.0.0.1:{self._port}", f"localhost:{self._port}"}
        if not request.raw_path.startswith("/"):
            self._count("foreign_page", "target")
            raise Malformed("the request's target is a whole URL", "ask for a path")
        if request.headers.getall("Host", []) not in [[host] for host in own]:
            self._count("foreign_page", "Host")
            raise NotAllowed("that host name is not ours", f"use 127.0.0.1:{self._port}")
        origin = request.headers.get("Origin")
        if origin is not None and origin not in {f"http://{host}" for host in own}:
            self._count("foreign_page", "Origin")
            raise NotAllowed("pages of other sites may not talk to this line")
        if request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
            self._count("foreign_page", "Sec-Fetch-Site")
            raise NotAllowed("pages of other sites may not talk to this line")

    def _check_token(self, request: web.Request) -> None:
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        given = given.strip()
        offered = given.encode("utf-8", "surrogateescape")  # a header may hold any bytes
        right = kind.lower() == "bearer" and hmac.compare_digest(offered, self._token.encode())
        if right:
            if visit := visit_of(request):
                visit.known()
            return
        if given:
            now = self._engine.clock.now()
            self._count("auth_failed", "a wrong token")
            if self._wrong.is_full("tcp", now):
                self._count("limit_hit", self._wrong.name)
            self._wrong.count("tcp", now)
        raise NotAuthenticated(
            "the owner's token is missing or wrong", "it stands in the home's file of that name"
        )


def of_thread(view: View, found: Session, thread: str) -> Session | None:
    """The session itself; of several in one process the one that the call names, if it is there."""
    if not found.shared:
        return found
    named: Session | None = view.get(Session, thread) if thread else None
    here = named and (named.pid, named.started) == (found.pid, found.started)
    return named if named and here and named.ended_at is None else None


def refuse_crowded(placed: Placed) -> None:
    """Raises: NotAllowed, for an agent of which nobody knows who it is."""
    if placed.crowded:
        raise NotAllowed(
            "several sessions of an agent share that process, and which of them calls is not known",
            "call by the MCP tools in a session that has had a prompt, or set features.daemon_auto_start = false "
            "in Codex's config.toml",
        )


def _host(placed: Placed) -> str:
    return f"process:{placed.process.pid}:{placed.process.started}"


def check_type(request: web.Request) -> None:
    """A body is JSON and says so; forms of web pages cannot say that without asking first."""
    if request.method in WITH_BODY and request.can_read_body and request.content_type != routes.JSON:
        raise Malformed(f'a body of type "{request.content_type}"', f"send {routes.JSON}")


def _is_unix(request: web.Request) -> bool:
    return _socket_of(request).family == socket.AF_UNIX


def transport_of(request: web.Request) -> asyncio.Transport:
    if request.transport is None:
        raise ConnectionResetError("the caller has gone")
    return request.transport


def _socket_of(request: web.Request) -> socket.socket:
    found: socket.socket = transport_of(request).get_extra_info("socket")
    return found


def _remembered(view: View, surface: str) -> Conversation | None:
    """Whoever was forgotten and speaks again is opened again: nobody can be locked out of their own terminal."""
    conversation = view.conversation_at(surface, "terminal")
    peer = view.get(Peer, conversation.peer_id) if conversation else None
    return conversation if peer and not peer.forgotten_at else None


def _named(view: View, line: tuple[Process, ...], thread: str) -> tuple[Session | None, bool]:
    """The nearest live incarnation in the caller's line; and whether there is one of which nobody knows which."""
    for process in line:
        session = view.session_of_process(process.pid, process.started)
        if session and session.ended_at is None:
            found = of_thread(view, session, thread)
            return found, found is None
    return None, False
