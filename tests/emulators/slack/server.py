"""The server: the Web API below `/api/`, sockets at `/link/`, files, and the script of faults before all of them."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.emulators.serving import Emulator
from tests.emulators.slack import files, posting
from tests.emulators.slack.answers import broken, refused
from tests.emulators.slack.calls import Call, read_call
from tests.emulators.slack.checks import checks
from tests.emulators.slack.control import Controls
from tests.emulators.slack.deliveries import Deliveries
from tests.emulators.slack.faults import Fault, Kind
from tests.emulators.slack.journal import Record
from tests.emulators.slack.limits import Patience, Refusal, ratelimited
from tests.emulators.slack.meter import Allowance
from tests.emulators.slack.methods import perform
from tests.emulators.slack.nouns import TEAM, Channel, User
from tests.emulators.slack.person import Person
from tests.emulators.slack.pushes import Hook
from tests.emulators.slack.sockets import Sockets
from tests.emulators.slack.world import Tokens, World

_FOR_SOCKETS = {Kind.FREEZE, Kind.DISCONNECT, Kind.DROP, Kind.GARBAGE}


class SlackEmulator(Emulator[Record, Fault]):
    """`async with SlackEmulator() as slack`: a workspace of its own on `slack.root`."""

    def __init__(
        self,
        *,
        tokens: Tokens | None = None,
        port: int = 0,
        patience: Patience | None = None,
        allowance: Allowance | None = None,
        echo: bool = True,
    ) -> None:
        self.world = World(tokens or Tokens(), patience or Patience(), allowance, echo=echo)
        self.people: dict[str, Person] = {}
        self._hook: Hook | None = None
        self._telling: asyncio.Task[None] | None = None
        self._controls = Controls(self.world, self)
        super().__init__(self._app(), port, self.world.journal, self.world.faults)

    # The platform.

    @property
    def tokens(self) -> Tokens:
        return self.world.tokens

    @property
    def root(self) -> str:
        """Return the address of the methods, such as `slack.api_base` wants it: it ends in `/api/`."""
        return f"{self.world.root}api/"

    @property
    def sockets(self) -> Sockets:
        return self.world.sockets

    @property
    def deliveries(self) -> Deliveries:
        return self.world.deliveries

    def person(self, user_id: str, name: str, *, team: str = TEAM) -> Person:
        """Return the person of that id; created at the first call. Another team's is a stranger of Slack Connect."""
        if user_id not in self.people:
            self.people[user_id] = Person(self.world, User(user_id, name, team))
        return self.people[user_id]

    def channel(
        self,
        channel_id: str,
        name: str,
        *members: Person,
        private: bool = False,
        direct: bool = False,
        bot_in: bool = True,
        shared: bool = False,
    ) -> Channel:
        """Open a channel, or (`direct`) the direct messages of several; `shared` with another workspace."""
        named = {member.user.user_id: member.user for member in members}
        kind = "mpim" if direct else "group" if private else "channel"
        made = Channel(channel_id, kind, name, named, bot_in=bot_in, shared=shared)
        return self.world.channels.setdefault(channel_id, made)

    def pushes_to(self, url: str) -> Hook:
        """Send events, interactions and commands to an address, signed, instead of over sockets."""
        self._hook = Hook(url, self.world)
        self.deliveries.route = self._hook.carry
        return self._hook

    def away(self, *, channel: str = "") -> int:
        """Let Slack give up what is not acknowledged, as after a long absence; return how much that was."""
        return len(self.deliveries.give_up(channel=channel))

    def checks(self, *forgiven: str, settled: bool = True) -> list[str]:
        """Return everything that a correct client never does and this one did."""
        return checks(self.world, forgiven=forgiven, settled=settled)

    # The machine it runs on.

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await self.plug()
        ready = asyncio.Event()
        self._telling = asyncio.create_task(self.deliveries.run(ready))  # noqa: TID251
        await ready.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        broken = self._telling is not None and self._telling.done()
        if self._telling:
            self._telling.cancel()
            await asyncio.wait([self._telling])
        self.faults.lift()
        self.sockets.cut()
        await self._runner.cleanup()
        if broken and self._telling and not error:
            self._telling.result()  # what went wrong in the emulator itself

    async def plug(self) -> None:
        await super().plug()
        self.world.root = f"{self.address}/"

    # Requests.

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/api/{method}", self._serve)
        app.router.add_get("/link/", self._serve_socket)
        app.router.add_post("/upload/{file}", self._serve_upload)
        app.router.add_get("/files-pri/{file}/{name:.*}", self._serve_download)
        app.router.add_post("/response/{method}", self._serve_response)
        app.router.add_get("/login", self._serve_login)
        self._controls.mount(app)
        return app

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        try:
            call = await read_call(request)
        except Refusal as refusal:
            return refused(refusal)
        except ConnectionResetError:  # the client died in the middle of its words
            return web.Response()
        return await self._journaled(request, call, self._performed)

    async def _journaled(self, request: web.Request, call: Call, perform: Any) -> web.StreamResponse:
        record = self.journal.note(call)
        response = await self._answer(request, call, record, perform)
        if record.status is None:
            self.journal.end(record, response.status)
        return response

    async def _answer(
        self, request: web.Request, call: Call, record: Record, perform: Any
    ) -> web.StreamResponse:
        fault = self.faults.claim(call)
        if fault is None:
            return await perform(request, call, record)
        record.fault = fault.kind
        if fault.kind == Kind.SLOW:
            await self.faults.lifted(fault.seconds)
            return await perform(request, call, record)
        if fault.takes_effect:
            await perform(request, call, record)
        return await self._misbehave(request, fault, record)

    async def _performed(self, request: web.Request, call: Call, record: Record) -> web.Response:
        try:
            if wait := self.world.meter.claim(call, record.at):
                record.retry_after = wait
                raise ratelimited()
            result = perform(self.world, call)
        except Refusal as refusal:
            record.refusal = refusal.error if request.transport is not None else ""
            return refused(refusal, record.retry_after)
        record.handled = True
        return web.json_response({"ok": True} | result, headers=self._scopes(call))

    def _scopes(self, call: Call) -> dict[str, str]:
        """The answers to the bot say what it may do."""
        mine = call.token == self.tokens.bot
        return {"X-OAuth-Scopes": ",".join(sorted(self.world.scopes))} if mine else {}

    async def _misbehave(self, request: web.Request, fault: Fault, record: Record) -> web.Response:
        match fault.kind:
            case Kind.SERVER_ERROR:
                return broken(fault.status)
            case Kind.FLOOD:
                record.retry_after = fault.retry_after
                return refused(ratelimited(), fault.retry_after)
            case Kind.ERROR:
                return refused(Refusal(fault.error))
            case Kind.GARBAGE:
                return web.Response(text='{"ok":true,"channel":"C0', content_type="application/json")
            case Kind.HANG | Kind.FREEZE:
                await self.faults.lifted(fault.seconds)
        return self._cut(request, record, polite=fault.polite)

    # What is no method.

    async def _serve_socket(self, request: web.Request) -> web.StreamResponse:
        record = self.journal.note(Call("socket", dict(request.query)))
        fault = self.faults.claim(Call("socket"))
        record.fault = fault.kind if fault else ""
        if fault and fault.kind not in _FOR_SOCKETS | {Kind.SLOW}:
            response = await self._misbehave(request, fault, record)
            if record.status is None:
                self.journal.end(record, response.status)
            return response
        if fault and fault.kind == Kind.SLOW:
            await self.faults.lifted(fault.seconds)
        refusal = self.sockets.admits(request.query.get("ticket", ""))
        record.refusal, record.handled = refusal, not refusal
        self.journal.end(record, 403 if refusal else 101)
        if refusal:
            return web.Response(status=403, text=refusal)
        return await self.sockets.serve(request, fault)

    async def _serve_upload(self, request: web.Request) -> web.StreamResponse:
        if request.content_type == "multipart/form-data":
            part = next(iter((await request.post()).values()))
            content = part.file.read() if isinstance(part, web.FileField) else str(part).encode()
        else:
            content = await request.read()

        async def taken(request: web.Request, call: Call, record: Record) -> web.Response:
            return files.uploaded(self.world, request.match_info["file"], content)

        return await self._journaled(request, Call("upload", dict(request.match_info)), taken)

    async def _serve_download(self, request: web.Request) -> web.StreamResponse:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()

        async def handed(request: web.Request, call: Call, record: Record) -> web.Response:
            return files.downloaded(self.world, request.match_info["file"], token)

        return await self._journaled(request, Call("download", dict(request.match_info)), handed)

    async def _serve_response(self, request: web.Request) -> web.StreamResponse:
        called = await read_call(request)

        async def taken(request: web.Request, call: Call, record: Record) -> web.Response:
            try:
                posting.respond(self.world, request.match_info["method"], call)
            except Refusal as refusal:
                record.refusal = refusal.error
                return web.json_response(refusal.shape(), status=404 if refusal.status == 404 else 400)
            return web.Response(text="ok")

        return await self._journaled(request, Call("response_url", called.arguments), taken)

    async def _serve_login(self, request: web.Request) -> web.Response:
        return web.Response(text="<!DOCTYPE html><html>Sign in to Slack</html>", content_type="text/html")
