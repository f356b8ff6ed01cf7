"""An ear at an emulated workspace, and a house that keeps what it hears as the daemon does: by its id, once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError

from bots.intake import Intake
from bots.interface import Heard, NotEver, NotNow, Raw, Said
from bots.slack.fetching import Fetching
from bots.slack.ids import Concern, Met, is_direct, team_and_user
from bots.slack.listening import Ear, Way
from bots.slack.pushing import Hook
from bots.slack.sockets import Rhythm
from daemon.core.model import Attachment
from tests.emulators.slack import SlackEmulator
from tests.emulators.slack.library import client_at

TEAM = "T0000HOME"
SARA = "U0000SARA"
WORK = "C0000WORK"
QUICK = Rhythm(ping=0.3, grace=0.2, opening=1, least=0.1, most=0.3, weather=0.5)


class Requests:
    """The Web API without a pace: each failure is one that may pass, but what Slack refuses in so many words."""

    def __init__(self, slack: SlackEmulator) -> None:
        self._client = client_at(slack)
        self._app_token = slack.tokens.app

    async def call(self, method: str, **parameters: Any) -> Mapping[str, Any]:
        told = {name: value for name, value in parameters.items() if value is not None}
        try:
            answer = (
                await self._client.api_call(method, json=told)
                if "view" in told or "prompts" in told
                else await self._got(method, told)
            )
        except SlackApiError as refused:
            raise NotEver(f"{method} is refused: {refused.response['error']}") from None
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise NotNow("Slack cannot be reached") from None
        found: Mapping[str, Any] = answer.data
        return found

    async def _got(self, method: str, told: Mapping[str, Any]) -> Any:
        return await self._client.api_call(method, params=dict(told))

    async def open_socket(self) -> str:
        try:
            return str((await self._client.apps_connections_open(app_token=self._app_token))["url"])
        except SlackApiError as refused:
            raise NotNow(f"Slack refuses a socket: {refused.response['error']}") from None
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise NotNow("Slack cannot be reached") from None

    async def channel_of(self, room: str) -> str:
        if not is_direct(room):
            return room
        told = await self.call("conversations.open", users=team_and_user(room)[1])
        return str(told["channel"]["id"])

    async def fetch(self, url: str, largest: int) -> bytes:
        headers = {"Authorization": f"Bearer {self._client.token}"}
        async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
            return await answer.read()


class Shelf:
    """What the daemon knows: whom anybody meets, and what came."""

    def __init__(self, *rooms: str) -> None:
        self.rooms = rooms
        self.met: tuple[Met, ...] = (Met("dev/backend", "working"), Met("dev/web"))
        self.friends = {f"{TEAM}:{SARA}"}
        self.newest: dict[str, str] = {}
        self.begun = set[str]()  #: threads in which somebody was asked

    async def concern(self, said: Said) -> Concern:
        return Concern(said.account in self.friends, said.thread not in self.begun)

    async def peers(self, account: str) -> Sequence[Met]:
        return self.met if account in self.friends else ()

    async def glance(self, account: str) -> str:
        return "**backend** is working" if account in self.friends else ""

    async def known(self) -> Mapping[str, str]:
        return dict.fromkeys(self.rooms, "") | self.newest


@dataclass
class House:
    """``open`` cleared: the disk takes nothing meanwhile."""

    slack: SlackEmulator
    shelf: Shelf
    files: Path
    heard: dict[str, Heard | None] = field(default_factory=dict)
    kept: dict[str, Raw] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)  #: of the connection
    again: int = 0  #: how often something came that was there already
    open: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    hook: Hook | None = None
    _doing: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def said(self) -> list[str]:
        """The words that came, in the order in which they were understood."""
        return [each.text for each in self.heard.values() if isinstance(each, Said)]

    async def until(self, holds: Any, within: float = 5) -> Any:
        async with asyncio.timeout(within):
            while not (found := holds()):
                self.changed.clear()
                await self.changed.wait()
        return found

    @asynccontextmanager
    async def hearing(self, rhythm: Rhythm = QUICK, *, there: bool = True) -> AsyncIterator[Ear]:
        """Hear for as long as the block lasts."""
        api = Requests(self.slack)
        fetching = Fetching(api, Intake(keep=self._copied))
        ear = Ear(api, self.shelf, self._noted, fetching, time.monotonic, Way(hook=self.hook, rhythm=rhythm))
        self.open.set()
        async with asyncio.TaskGroup() as group:
            hearing = group.create_task(self._hears(ear, group))
            if there and self.hook is None:
                await self.slack.sockets.there()
            try:
                yield ear
            finally:
                hearing.cancel()
                for task in self._doing:
                    task.cancel()
                await asyncio.wait([hearing])

    async def _hears(self, ear: Ear, group: asyncio.TaskGroup) -> None:
        lock = asyncio.Lock()
        for raw in [raw for name, raw in self.kept.items() if name not in self.heard]:
            self._doing.append(group.create_task(self._does(ear, raw, lock)))
        async for batch in ear.arrivals():
            await self.open.wait()
            for raw in batch:
                if raw.update_id in self.kept:
                    self.again += 1
                    continue
                self.kept[raw.update_id] = raw
                self.shelf.newest[raw.lane] = raw.update_id
                own = lock if raw.lane != "silence" else asyncio.Lock()
                self._doing.append(group.create_task(self._does(ear, raw, own)))
            self.changed.set()

    async def _does(self, ear: Ear, raw: Raw, lock: asyncio.Lock) -> None:
        async with lock:
            self.heard[raw.update_id] = await ear.understood([raw])
        self.changed.set()

    def _noted(self, trouble: str) -> None:
        if not self.told or self.told[-1] != trouble:
            self.told.append(trouble)
        self.changed.set()

    def _copied(self, pieces: Any, name: str) -> Attachment:
        copy = self.files / name.replace("/", "_")
        copy.write_bytes(b"".join(pieces))
        return Attachment(path=str(copy), name=name, size=copy.stat().st_size)
