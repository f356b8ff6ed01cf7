"""The door itself: what it lets through, what it refuses, and when a plain client's messages count as read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from daemon.core.errors import StoreBusy, Unavailable
from mcp_server.http import McpDoor
from tests.fakes.client import Mesh
from tests.mcp_server.house import House, Json

BOTH = {"Accept": "application/json, text/event-stream"}


class Plain:
    """A client without a shim, on one connection or many."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.http = http
        self.url = url

    async def post(
        self, message: Json, more: Mapping[str, str] = MappingProxyType({})
    ) -> aiohttp.ClientResponse:
        return await self.http.post(self.url, json={"jsonrpc": "2.0", **message}, headers={**BOTH, **more})

    async def told(self, tool: str, **arguments: Any) -> Json:
        params = {"name": tool, "arguments": arguments}
        async with await self.post({"id": 1, "method": "tools/call", "params": params}) as answer:
            lines = (await answer.text()).splitlines()
        said = [json.loads(line.removeprefix("data:")) for line in lines if line.startswith("data:")]
        result: Json = said[-1]["result"]["structuredContent"]
        return result


@pytest.fixture
async def plain(house: House) -> Any:
    async with aiohttp.ClientSession() as http:
        yield Plain(http, house.url)


async def test_there_is_no_stream_to_open_and_no_session_to_end(plain: Plain) -> None:
    for method in ("GET", "DELETE", "PUT"):
        async with plain.http.request(method, plain.url, headers=BOTH) as answer:
            assert (answer.status, answer.headers["Allow"]) == (405, "POST")


async def test_after_a_call_nothing_runs_on_in_the_daemon(plain: Plain) -> None:
    """An idle daemon has no timer: the protocol's library would look twice a second whether its server ends."""
    await plain.told("whoami")
    running = {task.get_coro().__qualname__ for task in asyncio.all_tasks()}
    assert "_shutdown_watcher" not in running


async def test_a_notification_is_accepted_and_has_no_answer(plain: Plain) -> None:
    async with await plain.post({"method": "notifications/initialized"}) as answer:
        assert (answer.status, await answer.read()) == (202, b"")


async def test_a_client_that_takes_no_event_stream_is_told_so(plain: Plain) -> None:
    said = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    async with plain.http.post(plain.url, json=said, headers={"Accept": "text/html"}) as answer:
        assert answer.status == 406


@pytest.mark.parametrize(
    ("tool", "given", "kind"),
    [
        ("whoami", {}, "application/json"),
        ("wait_for", {"ask_id": "none"}, "text/event-stream"),
    ],
)
async def test_a_tool_that_never_waits_is_answered_whole_and_another_as_a_stream(
    plain: Plain, tool: str, given: Json, kind: str
) -> None:
    asked = {"id": 1, "method": "tools/call", "params": {"name": tool, "arguments": given}}
    async with await plain.post(asked, {"Mcp-Method": "tools/call", "Mcp-Name": tool}) as answer:
        assert answer.content_type == kind


async def test_a_message_that_is_too_long_is_refused(plain: Plain) -> None:
    said = {"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"x": "y" * 1_100_000}}
    headers = {**BOTH, "Content-Type": "application/json"}
    async with plain.http.post(plain.url, data=BytesIO(json.dumps(said).encode()), headers=headers) as answer:
        assert answer.status == 413


async def test_without_a_shim_the_next_call_says_that_the_messages_arrived(plain: Plain, mesh: Mesh) -> None:
    await mesh.client("backend").notify("ada", "the build is red")
    taken = await plain.told("check_messages")
    before = list(mesh.confirmed)
    await plain.told("whoami")

    assert [one["text"] for one in taken["messages"]] == ["the build is red"]
    assert (before, len(mesh.confirmed)) == ([], 1)
    assert (await plain.told("check_messages"))["messages"] == []


async def test_the_next_call_of_somebody_else_says_nothing(plain: Plain, house: House, mesh: Mesh) -> None:
    await mesh.client("backend").notify("ada", "the build is red")
    await plain.told("check_messages")
    async with aiohttp.ClientSession(headers={"Peerline-Name": "frontend"}) as http:
        await Plain(http, house.url).told("whoami")

    assert mesh.confirmed == []


async def test_an_answer_that_broke_off_is_not_confirmed_by_the_next_call(plain: Plain, mesh: Mesh) -> None:
    """The client leaves while the call runs: what the call took then comes again."""
    ada, backend = mesh.client("ada"), mesh.client("backend")
    async with aiohttp.ClientSession() as leaving:
        params = {"name": "ask_peer", "arguments": {"peer": "backend", "question": "how far?"}}
        await Plain(leaving, plain.url).post({"id": 1, "method": "tools/call", "params": params})
        async with asyncio.timeout(10):
            await mesh.until(lambda: mesh.waiting == 1)
    (ask_id,) = mesh.asks
    await backend.answer(ask_id, "done")
    await plain.told("whoami")

    assert mesh.confirmed == []
    assert [one["text"] for one in (await ada.messages())["messages"]] == ["done"]


async def test_a_confirmation_that_fails_costs_nothing_but_a_repetition(plain: Plain, mesh: Mesh) -> None:
    await mesh.client("backend").notify("ada", "the build is red")
    await plain.told("check_messages")
    mesh.fail("confirm", StoreBusy("the store is busy"))

    assert [one["text"] for one in (await plain.told("check_messages"))["messages"]] == ["the build is red"]


async def test_two_calls_without_a_shim_never_share_a_key(plain: Plain, mesh: Mesh) -> None:
    await plain.told("notify_peer", peer="backend", message="one")
    await plain.told("notify_peer", peer="backend", message="two")

    assert [text for _, _, text in mesh.sent] == ["one", "two"]


async def test_a_client_that_leaves_ends_its_waiting(plain: Plain, mesh: Mesh) -> None:
    async with aiohttp.ClientSession() as leaving:
        params = {"name": "ask_peer", "arguments": {"peer": "backend", "question": "how far?"}}
        await Plain(leaving, plain.url).post({"id": 1, "method": "tools/call", "params": params})
        async with asyncio.timeout(10):
            await mesh.until(lambda: mesh.waiting == 1)
    async with asyncio.timeout(10):
        await mesh.until(lambda: mesh.waiting == 0)


@pytest.mark.parametrize("said", ['{"calls": "x"}', '{"calls": [1]}', "[]", "no json"])
async def test_receipts_that_name_no_calls_are_refused(plain: Plain, said: str) -> None:
    async with plain.http.post(f"{plain.url}/receipts", data=said) as answer:
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (400, "malformed")


async def test_a_closed_door_says_that_it_is_closed(mesh: Mesh, socket: Path) -> None:
    async with McpDoor() as door:
        await door.opened()
    seen: list[Exception] = []

    async def knock(request: web.Request) -> web.StreamResponse:
        try:
            return await door.handle(request, mesh.client("ada"), None)
        except Unavailable as error:
            seen.append(error)
            return web.Response(status=error.status)

    app = web.Application()
    app.router.add_post("/mcp", knock)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(socket)).start()
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(socket))) as http:
        answer = await http.post("http://peerline/mcp", json={})
    await runner.cleanup()

    assert answer.status == 503
    assert "stopping" in str(seen[0])
