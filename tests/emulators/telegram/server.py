"""The server: the Bot API below `/bot<token>/`, files below `/file/`, the script of faults before both."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.emulators.serving import Emulator
from tests.emulators.telegram import limits
from tests.emulators.telegram.allowance import Allowance
from tests.emulators.telegram.calls import Call, read_call
from tests.emulators.telegram.chat import Chat, User
from tests.emulators.telegram.checks import checks
from tests.emulators.telegram.control import Controls
from tests.emulators.telegram.faults import Fault, Kind
from tests.emulators.telegram.journal import Record
from tests.emulators.telegram.limits import Refusal
from tests.emulators.telegram.methods import perform
from tests.emulators.telegram.person import Person
from tests.emulators.telegram.webhook import pushing
from tests.emulators.telegram.world import World

TOKEN = "4242:emulated-token-that-opens-nothing"
_PAGE = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body><center><h1>{0}</h1></center></body>\r\n</html>\r\n"
)
_TITLES = {500: "500 Internal Server Error", 502: "502 Bad Gateway", 504: "504 Gateway Time-out"}


class TelegramEmulator(Emulator[Record, Fault]):
    """`async with TelegramEmulator() as telegram`: a platform of its own on `telegram.root`."""

    def __init__(
        self, *, token: str = TOKEN, port: int = 0, privacy: bool = False, allowance: Allowance | None = None
    ) -> None:
        self.world = World(token, privacy=privacy, allowance=allowance)
        self._pushing: asyncio.Task[None] | None = None
        self.people: dict[int, Person] = {}
        self._controls = Controls(self.world, self)
        super().__init__(self._app(), port, self.world.journal, self.world.faults)

    # The platform.

    @property
    def token(self) -> str:
        return self.world.token

    @property
    def root(self) -> str:
        """Return the address without the `/bot`, such as `telegram.api_base` wants it."""
        return self.address

    def person(self, user_id: int, name: str, username: str = "", *, started: bool = True) -> Person:
        """Return the person of that id; created, with a chat open to the bot, at the first call."""
        if user_id not in self.people:
            self.people[user_id] = Person(
                self.world, User(user_id, name, username or name.lower()), started=started
            )
        return self.people[user_id]

    def group(self, chat_id: int, title: str, *members: Person, forum: bool = False) -> Chat:
        """Open a group the bot is in; ids below -1,000,000,000,000 are supergroups, which may have topics."""
        kind = "supergroup" if chat_id < -1_000_000_000_000 else "group"
        named = {member.user.user_id: member.user for member in members}
        return self.world.open_chat(Chat(chat_id, kind, title, forum and kind == "supergroup", named))

    def topic(self, chat: Chat, creator: Person, name: str) -> int:
        """Open a topic and return its thread id."""
        return self.world.open_topic(chat, creator.user, name).message_id

    def checks(self, *forgiven: str, settled: bool = True) -> list[str]:
        """Return everything that a correct client never does and this one did."""
        return checks(self.world, forgiven=forgiven, settled=settled)

    # The machine it runs on.

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await self.plug()
        self._pushing = asyncio.create_task(pushing(self.world))  # noqa: TID251
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.world.updates.close()
        if self._pushing:
            self._pushing.cancel()
            await asyncio.wait([self._pushing])
        self.faults.lift()
        await self._runner.cleanup()

    # Requests.

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=limits.UPLOAD_BYTES + 1_000_000)
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        app.router.add_get("/file/bot{token}/{path:.*}", self._serve_file)
        self._controls.mount(app)
        return app

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        try:
            call = await read_call(request)
        except Refusal as refusal:
            return _refused(refusal)
        except ConnectionResetError:  # the bot died in the middle of its words
            return web.Response()
        record = self.journal.note(call)
        response = await self._answer(request, call, record)
        if record.status is None:
            self.journal.end(record, response.status)
        return response

    async def _answer(self, request: web.Request, call: Call, record: Record) -> web.Response:
        fault = self.faults.claim(call)
        if fault is None:
            return await self._performed(request, call, record)
        record.fault = fault.kind
        match fault.kind:
            case Kind.SLOW | Kind.FREEZE:
                await self.faults.lifted(fault.seconds)
                return await self._performed(request, call, record)
            case Kind.REDELIVER | Kind.REORDER:
                again = (
                    self.world.updates.redeliver
                    if fault.kind == Kind.REDELIVER
                    else self.world.updates.reorder
                )
                again()
                return await self._performed(request, call, record)
        if fault.takes_effect:
            await self._performed(request, call, record)
        return await self._misbehave(request, fault, record)

    async def _performed(self, request: web.Request, call: Call, record: Record) -> web.Response:
        try:
            self._check(request.match_info["token"])
            if wait := self.world.meter.claim(call, record.at):
                record.retry_after = wait
                raise limits.flood(wait)
            result = await perform(self.world, call)
        except Refusal as refusal:
            # Whose connection is gone is no second poller, only a dead one.
            record.refusal = refusal.description if request.transport is not None else ""
            return _refused(refusal)
        record.handled = True
        return web.json_response({"ok": True, "result": result})

    def _check(self, token: str) -> None:
        if token != self.token:
            raise (
                limits.unauthorized() if token.partition(":")[0].isdigit() else Refusal("Not Found", code=404)
            )

    async def _misbehave(self, request: web.Request, fault: Fault, record: Record) -> web.Response:
        match fault.kind:
            case Kind.SERVER_ERROR:
                title = _TITLES.get(fault.status, f"{fault.status} Error")
                return web.Response(status=fault.status, text=_PAGE.format(title), content_type="text/html")
            case Kind.FLOOD:
                record.retry_after = fault.retry_after
                self.world.pulse.beat()
                return _refused(limits.flood(fault.retry_after))
            case Kind.UNAUTHORIZED:
                return _refused(limits.unauthorized())
            case Kind.CONFLICT:
                return _refused(limits.conflict())
            case Kind.GARBAGE:
                return web.Response(text='{"ok":true,"result":{"mess', content_type="application/json")
            case Kind.HANG:
                await self.faults.lifted(fault.seconds)
        return self._cut(request, record, polite=fault.polite)

    async def _serve_file(self, request: web.Request) -> web.Response:
        path = request.match_info["path"]
        call = Call("file", {"path": path})
        record = self.journal.note(call)
        fault = self.faults.claim(call)
        response = await self._misbehave(request, fault, record) if fault else self._file(request, path)
        if record.status is None:
            self.journal.end(record, response.status)
        return response

    def _file(self, request: web.Request, path: str) -> web.Response:
        document = next((known for known in self.world.files.values() if known.path == path), None)
        if document is None or request.match_info["token"] != self.token:
            return _refused(Refusal("Not Found", code=404))
        return web.Response(body=document.content)


def _refused(refusal: Refusal) -> web.Response:
    return web.json_response(refusal.shape(), status=refusal.code)
