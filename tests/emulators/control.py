"""The strings for another process: JSON routes below `/emulator/` that do what the Python side can do.

What cannot be (no such person or button) is 404, what did not come in time 408.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from aiohttp import web

from tests.emulators.faults import Faults
from tests.emulators.journal import Journal

Body = dict[str, Any]
Verb = Callable[[Body], Awaitable[Any]]


class Platform(Protocol):
    journal: Journal[Any]
    faults: Faults[Any]

    @property
    def root(self) -> str: ...
    async def plug(self) -> None: ...
    async def unplug(self, *, sparing: asyncio.BaseTransport | None = None) -> None: ...


Own = TypeVar("Own", bound=Platform)


class Controls(Generic[Own]):
    """What goes wrong, and what reached us: the same on every platform."""

    def __init__(self, platform: Own) -> None:
        self._platform = platform

    def mount(self, app: web.Application) -> None:
        mount(app, self.faults, self.lift, self.reaches)
        app.router.add_post("/emulator/outage", self._outage)
        app.router.add_get("/emulator/requests", self._requests)

    async def faults(self, body: Body) -> None:
        self._platform.faults.add_shapes(*body.get("faults", [body]))

    async def lift(self, body: Body) -> None:
        self._platform.faults.lift()

    async def reaches(self, body: Body) -> list[Body]:
        records = await self._platform.journal.reaches(
            body["method"], body.get("times", 1), within=body.get("within", 5)
        )
        return [record.shape() for record in records]

    async def _requests(self, request: web.Request) -> web.Response:
        journal, method = self._platform.journal, request.query.get("method")
        records = journal.of(method) if method else journal.records
        impatient = [record.number for record in journal.impatient()]
        return web.json_response({"requests": [record.shape() for record in records], "impatient": impatient})

    async def _outage(self, request: web.Request) -> web.Response:
        """Answer when it is over: the connection of who asked is the only one that survives."""
        body = await request.json()
        await self._platform.unplug(sparing=request.transport)
        await asyncio.sleep(body["seconds"])
        await self._platform.plug()
        return web.json_response({})


@dataclass(frozen=True, slots=True)
class Wanted:
    """Holds for a message with all of these: a text, a button's `label`, and a name (`named` by) after another's."""

    contains: str
    label: str
    after: Any
    named: Callable[[Any], Any]

    def __call__(self, message: Any) -> bool:
        fits = self.contains in message.text and (not self.label or self.label in message.labels)
        return fits and bool(self.named(message) > self.after)

    def __repr__(self) -> str:
        return f"{self.contains!r} with [{self.label}] after {self.after}"


def mount(app: web.Application, *verbs: Verb) -> None:
    """Let each verb be done by a POST to its name."""
    for verb in verbs:
        app.router.add_post(f"/emulator/{verb.__name__}", _route(verb))


def _route(verb: Verb) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def serve(request: web.Request) -> web.Response:
        try:
            return web.json_response(await verb(await request.json() if request.can_read_body else {}))
        except LookupError as missing:
            return web.json_response({"error": f"{type(missing).__name__}: {missing}"}, status=404)
        except (AssertionError, TimeoutError) as late:
            return web.json_response({"error": str(late) or "not in time"}, status=408)

    return serve
