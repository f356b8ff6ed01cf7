"""One request, whoever carried it: find the endpoint, authorise, parse, let the handler speak to the engine.

aiohttp (``app``) and the client inside the process (``client.local``) both come through here, so what one may, the
other may, and both are given the same answers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import unquote

from pydantic import BaseModel, ValidationError

from daemon.api import jsontext
from daemon.api.bodies import Nothing
from daemon.api.caller import ANYBODY, Caller, Standing, authorise
from daemon.api.limits import Limits
from daemon.core.commands import Command
from daemon.core.errors import Malformed, NotFound, Throttled
from daemon.core.model import Session
from daemon.core.personas import PersonaFile
from daemon.core.view import Plan
from daemon.engine.adopting import Adopting
from daemon.engine.auditor import Count, uncounted
from daemon.engine.engine import Engine, Once
from daemon.engine.killing import Killing
from daemon.engine.lookout import Lookout
from daemon.engine.proving import Tried
from daemon.engine.restarting import Restarting
from daemon.starting.interface import Starting

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that was let in. ``query`` and ``body`` are parsed."""

    caller: Caller
    params: Mapping[str, str]
    query: Any
    body: Any
    once: Once | None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row of the interface."""

    method: str
    path: str
    handler: Callable[[Room, Call], Any]
    summary: str
    query: type[BaseModel] = Nothing
    body: type[BaseModel] | None = None
    answers: type[BaseModel] | None = None  #: for the description; None: a stream
    may: frozenset[Standing] = ANYBODY
    streams: bool = False
    here: bool = False  #: at the machine only: a token is not enough


class Hosting(Protocol):
    """Whoever hosts one chat surface of this daemon."""

    def fix(self, trouble: str) -> str:
        """What a person can do about it."""
        ...

    async def look(self) -> Json:
        """``hosted``, ``mode``, ``proven``, ``bot``, ``workspace``; and ``pending``, ``lag_s``, ``sockets``."""
        ...

    async def host(self) -> None:
        """Read the config again and host what stands there."""
        ...


def no_persona(name: str) -> PersonaFile:
    """Where nobody reads files."""
    raise NotFound(f'no persona "{name[:80]}"', "this daemon reads none")


@dataclass(frozen=True, slots=True)
class Ending:
    """What is done to agents that run: each is a part of its own."""

    killing: Killing
    restarting: Restarting
    adopting: Adopting


@dataclass(frozen=True, slots=True)
class Room:
    """What every handler may use."""

    engine: Engine
    limits: Limits
    status: Callable[[], Awaitable[Json]]
    stop: Callable[[], None]
    owner: str = ""  #: what the owner is called, if the config says
    roads: Callable[[], Awaitable[list[Tried]]] | None = None
    ending: Ending | None = None
    starting: Starting | None = None  #: who starts agents
    orphaned: Callable[[Session], str] = lambda _: ""  #: why a session is an orphan; "": it is none
    count: Count = uncounted  #: what is refused, and strangers
    hosting: Mapping[str, Hosting] = field(default_factory=dict)  #: by the surface's name
    trusts_terminal: bool = False  #: what agents wait for may be decided at the owner's terminal
    persona: Callable[[str], PersonaFile] = no_persona  #: by its name
    lookout: Lookout | None = None  #: looks at the heads of what is reviewed
    zone: str = "UTC"  #: by whose wall times are meant that do not say

    async def write(
        self, call: Call, commands: Sequence[Command], render: Callable[[list[Any]], Json]
    ) -> Json:
        """Commit the commands and answer; with a key, the first answer for ever."""
        if call.once is None:
            return render(await self.engine.handle_all(commands))
        text = await self.engine.handle_once(commands, call.once, lambda results: json.dumps(render(results)))
        told: Json = json.loads(text)
        return told

    async def look(self, step: Callable[[Plan], Any]) -> Any:
        """Read with the core's own eyes."""
        now = self.engine.clock.now()
        return await self.engine.read(lambda tx: step(Plan(tx, now, "")))

    async def is_repeat(self, call: Call) -> bool:
        """Whether the call's key was used before, so that it will be answered as it was then."""
        once = call.once
        if once is None:
            return False
        return await self.engine.read(lambda tx: tx.remembered(once.principal, once.key) is not None)


class Door:
    def __init__(self, room: Room, endpoints: Sequence[Endpoint]) -> None:
        self.room = room
        self.endpoints = endpoints
        self._by_depth: dict[int, dict[str, dict[str, Endpoint]]] = {}  #: how many slashes -> path -> method
        for each in endpoints:
            depth = self._by_depth.setdefault(each.path.count("/"), {})
            depth.setdefault(each.path, {})[each.method] = each

    async def request(
        self, caller: Caller, method: str, path: str, *, query: Mapping[str, str], body: Any, key: str | None
    ) -> Any:
        """Answer one request with JSON.

        Raises:
            PeerlineError: by the door, the handler or the engine.

        """
        endpoint, params = self._found(method, path)
        call = self._let_in(caller, endpoint, params, query, body, key)
        try:
            return await endpoint.handler(self.room, call)
        except Throttled as error:
            self.room.count("limit_hit", str(error))
            raise

    async def stream(
        self, caller: Caller, path: str, query: Mapping[str, str]
    ) -> AsyncIterator[tuple[str, int, Any]]:
        """Let the reader in; then (event name, sequence or 0, data) for as long as they stay."""
        endpoint, params = self._found("GET", path)
        call = self._let_in(caller, endpoint, params, query, None, None)
        events: AsyncIterator[tuple[str, int, Any]] = await endpoint.handler(self.room, call)
        return events

    def is_stream(self, method: str, path: str) -> bool:
        return self._found(method, path)[0].streams

    def methods_at(self, path: str) -> list[str]:
        return [method for there, _ in self._at(path) for method in there]

    def _found(self, method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
        for there, params in self._at(path):
            if method in there:
                return there[method], params
        raise NotFound(f"there is no {method} {path[:200]}", "GET /openapi.json lists what there is")

    def _at(self, path: str) -> Iterator[tuple[dict[str, Endpoint], dict[str, str]]]:
        """What is there by method, with the path's parameters; a path without any is found first."""
        paths = self._by_depth.get(path.count("/"), {})
        if path in paths and "{" not in path:
            yield paths[path], {}
        for pattern, there in paths.items():
            if "{" in pattern and (params := _matched(pattern, path)) is not None:
                yield there, params

    def _let_in(
        self,
        caller: Caller,
        endpoint: Endpoint,
        params: Mapping[str, str],
        query: Mapping[str, str],
        body: Any,
        key: str | None,
    ) -> Call:
        authorise(caller, endpoint.may, endpoint.summary, here=endpoint.here)
        jsontext.checked([dict(params), dict(query), body, key])
        return Call(
            caller=caller,
            params=params,
            query=_parsed(endpoint.query, dict(query)),
            body=_parsed(endpoint.body, body) if endpoint.body else None,
            once=Once(caller.principal, key, _digest(endpoint, params, body)) if key else None,
        )


def _matched(pattern: str, path: str) -> dict[str, str] | None:
    wanted, given = pattern.split("/"), path.split("/")
    if len(wanted) != len(given):
        return None
    params = {}
    for name, value in zip(wanted, given, strict=True):
        if name.startswith("{"):
            params[name[1:-1]] = unquote(value)
        elif name != value:
            return None
    return params


def _parsed(model: type[BaseModel], told: Any) -> Any:
    try:
        return model.model_validate(told if told is not None else {})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise Malformed(f'"{where}": {_complaint(first)}', "GET /openapi.json says what is taken") from None


def _complaint(error: Any) -> str:
    """What is wrong, without what was sent."""
    if error["type"] == "union_tag_invalid":
        return f"its {error['ctx']['discriminator']} should be one of {error['ctx']['expected_tags']}"
    told: str = error["msg"]
    return told.lower()


def _digest(endpoint: Endpoint, params: Mapping[str, str], body: Any) -> str:
    told = json.dumps([endpoint.method, endpoint.path, dict(params), body], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()
