"""Surfaces beside each other: each is hosted by the same code, proves itself, and its trouble is its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.chats import Chats
from daemon.api.caller import Caller, Standing
from daemon.api.door import Door, Room
from daemon.api.limits import Limits, Window
from daemon.api.table import ENDPOINTS
from daemon.client.hosting import HostingClient
from daemon.client.local import LocalExchange
from daemon.core import commands as c
from daemon.core.errors import NotAuthenticated, NotFound
from daemon.engine.engine import Engine
from daemon.settings import Settings
from daemon.store.sqlite import SqliteStore
from tests.fakes.clock import FakeClock
from tests.fakes.surface import FakePlatform

Json = dict[str, Any]
ADA = {"id": 7, "name": "ada"}
SADA = {"team": "T1", "id": "U1", "name": "ada"}
BOTH: Json = {
    "telegram": {"bot_token": "1:a", "people": [ADA]},
    "slack": {"bot_token": "xoxb-1", "people": [SADA]},
}


class Hosted:
    """Two platforms, an engine, and the config, which a test may change."""

    def __init__(self, engine: Engine, folder: Path, config: Json) -> None:
        self.config = config
        self.telegram, self.slack = FakePlatform("telegram"), FakePlatform("slack")
        self.engine = engine
        self.counted: list[str] = []
        self.chats = Chats(
            engine,
            self.load(),
            folder,
            self.load,
            platforms=(self.telegram, self.slack),  # type: ignore[arg-type]
        )
        self.chats.count = lambda what, rule: self.counted.append(rule)
        limits = Limits(Window("a", 0), Window("b", 0))
        room = Room(engine, limits, _nothing, lambda: None, hosting=self.chats.hosts)
        self.door = Door(room, ENDPOINTS)
        caller = Caller(standing=Standing.OWNER, peer_id="", host="test")
        self.client = HostingClient(LocalExchange(self.door, caller))

    def load(self) -> Settings:
        return Settings.model_validate(self.config)

    async def names(self) -> set[str]:
        return {peer.name for peer in await self.engine.read(lambda tx: tx.peers())}

    async def until(self, what: str, holds: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(5):
                while not holds():
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"waited in vain {what}") from None

    async def proves(self, platform: FakePlatform, told: str = "") -> None:
        """A pulse, and its beat is in the store."""
        surface = platform.made[-1]
        surface.pulse.put_nowait(told)
        async with asyncio.timeout(5):
            while (await self.client.surface(platform.name))["trouble"] != told or (
                not told and not (await self.client.surface(platform.name))["proven"]
            ):
                await asyncio.sleep(0.01)


async def _nothing() -> Json:
    return {}


@asynccontextmanager
async def hosted(folder: Path, config: Json) -> AsyncIterator[Hosted]:
    store = SqliteStore(folder / "peerline.db")
    try:
        engine = Engine(store, FakeClock())
        made = Hosted(engine, folder, config)
        await made.chats.open()
        async with asyncio.TaskGroup() as group:
            running = group.create_task(made.chats.run(made.door))
            yield made
            running.cancel()
    finally:
        await store.close()


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[Hosted]:
    async with hosted(tmp_path, BOTH) as made:
        await made.until("for both", lambda: bool(made.telegram.made and made.slack.made))
        yield made


async def test_each_is_told_apart_and_looked_at_by_the_same_route(both: Hosted) -> None:
    await both.proves(both.slack)
    slack, telegram = await both.client.surface("slack"), await both.client.surface("telegram")
    assert (slack["hosted"], slack["proven"], slack["bot"], slack["workspace"], slack["sockets"]) == (
        True, True, "fake", "home", 2,
    )  # fmt: skip
    assert (telegram["hosted"], telegram["proven"], telegram["people"]) == (True, False, 1)
    with pytest.raises(NotFound, match='no surface "console"'):
        await both.client.surface("console")


async def test_each_has_a_service_peer_and_the_chats_of_its_people(both: Hosted) -> None:
    assert {"telegram-bot", "slack-bot"} <= await both.names()
    people = (await both.client.people("slack"))["people"]
    assert [(each["name"], each["owner"]) for each in people] == [("ada", True)]


async def test_a_surface_in_trouble_says_what_to_do_and_the_other_is_well(both: Hosted) -> None:
    await both.proves(both.telegram)
    await both.proves(both.slack, "no line")
    told = await both.client.surface("slack")
    assert (told["trouble"], told["fix"]) == ("no line", "mend no line")
    assert (await both.client.surface("telegram"))["trouble"] == ""
    assert both.chats.fix("slack", "no line") == "mend no line"
    assert both.chats.fix("console", "no line") == ""


async def test_a_surface_that_breaks_says_so_and_the_other_goes_on(
    both: Hosted, caplog: pytest.LogCaptureFixture
) -> None:
    both.slack.made[-1].pulse.put_nowait(ValueError("boom"))
    await both.until("to end", lambda: not both.slack.open)
    async with asyncio.timeout(5):
        while not (await both.client.surface("slack"))["trouble"]:
            await asyncio.sleep(0.01)
    assert (await both.client.surface("slack"))["trouble"] == "hosting Slack broke and begins anew"
    await both.proves(both.telegram)
    assert "boom" in caplog.text


async def test_only_what_is_configured_otherwise_begins_anew(both: Hosted) -> None:
    await both.proves(both.slack)
    both.config = BOTH | {"slack": BOTH["slack"] | {"bot_token": "xoxb-2"}}
    await both.client.host("telegram")
    assert not (await both.client.host("slack"))["proven"]
    await both.until("for another", lambda: len(both.slack.made) == 2)
    assert (len(both.telegram.made), both.slack.open) == (1, 1)
    await both.proves(both.slack)


async def test_a_surface_that_is_taken_out_of_the_config_ends(both: Hosted) -> None:
    both.config = BOTH | {"slack": {}}
    assert not (await both.client.host("slack"))["hosted"]
    await both.until("to end", lambda: not both.slack.open)
    assert both.telegram.open == 1


async def test_nothing_runs_for_a_platform_that_is_not_configured(tmp_path: Path) -> None:
    async with hosted(tmp_path, {"telegram": BOTH["telegram"]}) as made:
        await made.until("for one", lambda: bool(made.telegram.made))
        assert (made.slack.made, (await made.client.surface("slack"))["hosted"]) == ([], False)
        assert await made.names() == {"telegram", "telegram-bot"}
        with pytest.raises(NotAuthenticated):
            await made.chats.hosts["slack"].take(None)  # type: ignore[arg-type]
        assert made.counted == ["nothing is to be brought by slack"]


async def test_whoever_may_talk_sees_what_their_own_messages_see_and_nobody_else_anything(
    both: Hosted,
) -> None:
    await both.client.host("slack")
    sight = both.slack.means[-1].sight
    assert await sight.glance("U1") == "nobody is on the line yet"
    assert (await sight.glance("U2"), await sight.peers("U2")) == ("", [])
    await both.engine.handle(c.ConfigurePeople(surface="slack", people=()))
    assert (await sight.glance("U1"), await sight.known()) == ("", {})
    both.config = dict(BOTH)
    await both.client.host("slack")
    assert await sight.known() == {"U1": ""}


class Between:
    """A store in which something happens after the next read."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.then: Callable[[], Awaitable[Any]] | None = None

    async def transact(self, step: Callable[[Any], Any]) -> Any:
        return await self._store.transact(step)

    async def read(self, step: Callable[[Any], Any]) -> Any:
        told = await self._store.read(step)
        then, self.then = self.then, None
        if then:
            await then()
        return told


async def test_whoever_waits_for_a_person_never_sees_a_void_code_and_nobody(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "peerline.db")
    try:
        between = Between(store)
        engine = Engine(between, FakeClock())  # type: ignore[arg-type]
        made = Hosted(engine, tmp_path, {})
        await engine.handle(c.InvitePerson(surface="slack", code="ABCDEFGH", ttl=timedelta(minutes=10)))
        code = c.Say(surface="slack", address="T1:U1", account="T1:U1", text="ABCDEFGH", author="Ada")
        between.then = lambda: engine.handle(code)
        told = await made.client.people("slack")
        assert (told["people"], told["pairing"]) != ([], None)
        assert [each["name"] for each in (await made.client.people("slack"))["people"]] == ["ada"]
    finally:
        await store.close()
