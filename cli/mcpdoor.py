"""The entrance of MCP clients: who they are, and the client they are given.

Inside a registered agent's process tree a client *is* that agent, by whichever way it came. Any other shim becomes a
peer of its own, known by its run and its process, and gone with it; an agent of which no hook was heard and that comes
by HTTP may look at the tools, and call none.
"""

from __future__ import annotations

import asyncio
import json
import platform
from dataclasses import replace
from pathlib import PurePath
from typing import Any, Final, Self
from urllib.parse import unquote
from weakref import WeakKeyDictionary

from aiohttp import web

from cli import polling
from daemon.api import jsontext
from daemon.api.caller import Caller, Standing
from daemon.api.door import Door
from daemon.api.guards import THREAD, Guards, Placed, of_thread, refuse_crowded, transport_of
from daemon.api.known import Known
from daemon.callers.folders import checkout_of
from daemon.callers.incarnation import PROGRAMS
from daemon.callers.processes import script_of
from daemon.client.local import ClosedExchange, LocalExchange
from daemon.client.peer import Client
from daemon.core import commands as c
from daemon.core.addressing import DEFAULT_CIRCLE
from daemon.core.errors import NotAllowed
from daemon.core.model import Peer, Session, Turn
from daemon.core.rules.roads import TOOLS_ALONE
from daemon.engine.engine import Engine
from daemon.store.interface import Tx
from mcp_server import profiles
from mcp_server.http import McpDoor
from mcp_server.identity import from_meta

Json = dict[str, Any]

BACKEND: Final = polling.PLAIN
OPENINGS: Final = frozenset({"server/discover", "ping"})  #: what a client may say before it says who it is
RUN: Final = "Peerline-Run"
LONGEST: Final = 4096  #: characters of a header; a folder's path may be long


class McpEntrance:
    def __init__(self, engine: Engine, door: Door, guards: Guards, version: str) -> None:
        self._engine = engine
        self._door = door
        self._guards = guards
        self._mcp = McpDoor(version=version)
        self._known = Known(engine.feed)
        self._threads: WeakKeyDictionary[asyncio.Transport, str] = WeakKeyDictionary()  #: as last said there

    async def __aenter__(self) -> Self:
        await self._mcp.__aenter__()
        return self

    async def __aexit__(self, *failed: object) -> None:
        await self._mcp.__aexit__(None, None, None)

    async def handle(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        run, found = _header(request, RUN) or None, await self._caller(request, caller)
        profile = profiles.wanted(request.headers, request.query)
        if found is None:
            served = await self._expected(await self._guards.placed_on_tcp(request))
        elif run is not None and found is caller:
            served = await self._expected(await self._guards.placed(request))
        else:
            served = _is_served(found)
        client = self._client(replace(found, profile=profile) if found else None)
        return await self._mcp.handle(request, client, run, served=served)

    async def _expected(self, placed: Placed) -> bool | None:
        """Whether hooks will serve an agent that is about to be known: those of its kind were served so before."""
        programs = _programs(placed)
        if not programs:
            return False
        known = {each.backend for each in await self._engine.read(lambda tx: tx.peers())}
        return True if known & {PROGRAMS[each] for each in programs} else None

    async def receipts(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        self._engine.passed("mcp.receipt")
        return await self._mcp.receipts(request, self._client(await self._caller(request, caller)))

    def _client(self, found: Caller | None) -> Client:
        return Client(LocalExchange(self._door, found) if found else ClosedExchange(unknown()))

    async def _caller(self, request: web.Request, caller: Caller) -> Caller | None:
        """The agent around the client, else the client itself; None: nobody yet."""
        run = _header(request, RUN)
        if not caller.peer_id:
            return await self._by_call(request)
        if not run:
            return caller
        if caller.remote:
            return await self._from_afar(request, run)
        if thread := _header(request, THREAD):
            self._threads[transport_of(request)] = thread
        named = f"{run} {thread}"
        found = await self._known.caller(transport_of(request), named, lambda: self._as_client(request, run))
        return found or caller

    async def _from_afar(self, request: web.Request, run: str) -> Caller:
        """A shim that came by TCP, with the owner's token: a client of its own, never the owner and never an agent.

        Its process, by the name of what it runs a shim of ours, serves only to notice its end; any other is an
        unverified program.
        """
        own, process = f"{BACKEND}:{run}", (await self._guards.placed_on_tcp(request)).process
        if script_of(process.pid) != "shim.py":
            return await self._guards.outside(Standing.CLI, own)
        return await self._own(request, Placed(process, (process,), None), own, await _said(request))

    async def _own(self, request: web.Request, placed: Placed, own: str, said: Json) -> Caller:
        known: Session | None = await self._engine.read(lambda tx: tx.get(Session, own))
        if known and known.ended_at is None:
            return Caller(standing=Standing.AGENT, peer_id=known.peer_id, host=own)
        backend = polling.backend_of(_header(request, polling.WISH), said)
        peer: Peer = await self._engine.handle(_registration(request, placed, own, backend))
        return Caller(standing=Standing.AGENT, peer_id=peer.peer_id, host=own)

    async def _by_call(self, request: web.Request) -> Caller | None:
        """Which of several agents in one process calls, as the call says."""
        placed = await self._guards.placed_on_tcp(request, await _thread_of(request))
        return await self._guards.placed_caller(placed) if placed.session else None

    async def _as_client(self, request: web.Request, run: str) -> Caller | None:
        """None: it is too early to say."""
        placed = await self._guards.placed(request)
        own = f"{BACKEND}:{run}"
        thread = self._threads.get(transport_of(request), "")
        around, crowded = await self._engine.read(lambda tx: _around(tx, placed, thread))
        if around:
            await self._engine.handle(c.EndSession(session_id=own, why="it belongs to an agent"))
            return Caller(standing=Standing.AGENT, peer_id=around.peer_id, host=around.session_id)
        said = await _said(request)
        if _is_early(said, placed):
            return None
        refuse_crowded(replace(placed, crowded=crowded))
        return await self._own(request, placed, own, said)


def _is_served(found: Caller) -> bool:
    """Whether hooks bring it its messages: they do for an agent, and not for a client of its own."""
    return found.standing is Standing.AGENT and not found.host.startswith(f"{BACKEND}:")


def _around(tx: Tx, placed: Placed, thread: str) -> tuple[Session | None, bool]:
    """The agent's session, and whether there is one of which nobody knows which."""
    for process in placed.line:
        session = tx.session_of_process(process.pid, process.started)
        if session and session.ended_at is None and not session.session_id.startswith(f"{BACKEND}:"):
            found = of_thread(tx, session, thread)
            return found, found is None
    return None, False


async def _thread_of(request: web.Request) -> str:
    """Of the session that a tool is called in, "" if the call names none."""
    asked = (await _said(request)).get("params")
    meta = asked.get("_meta") if isinstance(asked, dict) else None
    return from_meta(meta).thread_id if isinstance(meta, dict) else ""


async def _said(request: web.Request) -> Json:
    """The message, empty where it is none."""
    try:
        told = json.loads(await request.read())
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _is_early(said: Json, placed: Placed) -> bool:
    """A known agent's program starts its MCP servers about when its first hook registers it: wait for a call."""
    if not _programs(placed):
        return said.get("method") in OPENINGS and not polling.name_of(said)
    return said.get("method") != "tools/call"


def _programs(placed: Placed) -> set[str]:
    """The agents' programs around a client."""
    names = {name for process in placed.line for name in (process.command, script_of(process.pid))}
    return names & PROGRAMS.keys()


def unknown() -> NotAllowed:
    return NotAllowed(
        "the line does not know this session, so nothing can be done in its name",
        "its hooks tell who it is, Codex's with its first prompt: see `peerline doctor`; without hooks use the entry "
        "that `peerline hooks install --mcp stdio` writes",
    )


def _header(request: web.Request, name: str) -> str:
    """A header as text; what is none in it is replaced."""
    told: str = jsontext.mended(unquote(request.headers.get(name, "")))
    return told[:LONGEST]


def _registration(request: web.Request, placed: Placed, session_id: str, backend: str) -> c.RegisterSession:
    folder = _header(request, "Peerline-Cwd")
    checkout = checkout_of(folder)
    return c.RegisterSession(
        session_id=session_id,
        backend=backend,
        pid=placed.process.pid,
        started=placed.process.started,
        wish=_header(request, "Peerline-Name") or PurePath(folder).name or backend,
        circle=_header(request, "Peerline-Circle") or DEFAULT_CIRCLE,
        path=folder,
        repo=checkout.repo,
        branch=checkout.branch,
        machine=platform.node(),
        turn=Turn.UNKNOWN,
        turn_source=TOOLS_ALONE if _programs(placed) else "",
    )
