"""Sets of tool names: what each lists, what its models are told, and who is told to look for messages."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest
from mcp.client.client import Client

from daemon.core import errors as e
from mcp_server import claude_peers, profiles
from mcp_server.tool import Tool
from mcp_server.tools import MORE
from mcp_server.tools import TOOLS as OUR_TOOLS
from tests.fakes.client import Mesh
from tests.mcp_server.house import House, ShimProcess
from tests.mcp_server.test_door import Plain

NAMES = ["list_peers", "send_message", "set_summary", "check_messages", "kill_peer"]
TOOLS = {tool.name: tool for tool in claude_peers.TOOLS}


@pytest.fixture
def client(house: House) -> Client:
    return Client(f"{house.url}?tools=claude-peers", mode="legacy")


async def said(client: Client, tool: str, **arguments: Any) -> str:
    return (await client.call_tool(tool, arguments)).content[0].text  # type: ignore[union-attr]


async def test_the_set_is_chosen_by_the_address_or_by_the_shim(house: House, client: Client) -> None:
    async with client:
        assert [tool.name for tool in (await client.list_tools()).tools] == NAMES
        async with ShimProcess(house.socket, "--tools", "claude-peers") as shim:
            listed = await shim.answer(shim.ask("tools/list"))
            assert [tool["name"] for tool in listed["result"]["tools"]] == NAMES


async def test_a_set_that_is_none_is_refused_with_those_there_are(house: House) -> None:
    async with ShimProcess(house.socket, "--tools", "galaxy") as shim:
        refused = (await shim.initialize())["error"]["message"]
    assert refused == 'no set of tools "galaxy"; there are peerline, claude-peers'


async def test_a_tool_of_ours_may_be_called_though_it_is_not_listed(client: Client) -> None:
    async with client:
        assert "you are ada@dev" in await said(client, "whoami")


async def test_the_words_are_those_that_models_know(client: Client, mesh: Mesh) -> None:
    async with client:
        listed = await said(client, "list_peers", scope="machine")
        assert listed.startswith(
            "Found 2 peer(s) (scope: machine):\n\nID: p-backend\nName: backend@dev\nType: mcp\n"
        )
        assert (await said(client, "send_message", to_id="backend", message="hi")).startswith(
            "Message sent to peer p-backend ("
        )
        assert await said(client, "set_summary", summary="tests") == 'Summary updated: "tests"'
        assert (await said(client, "kill_peer", peer_id="ada")).startswith(
            "Failed to kill: you cannot kill yourself"
        )
        assert "at a terminal" in await said(client, "kill_peer", peer_id="backend")
        unknown = await said(client, "send_message", to_id="bakend", message="hi")
        assert unknown.startswith('Failed to send: Peer not found: no peer "bakend"')


async def test_what_is_new_is_marked_and_what_was_there_stands_beside_it(client: Client, mesh: Mesh) -> None:
    async with client:
        await mesh.client("backend").notify("ada", "one")
        first = await said(client, "check_messages")
        await said(client, "send_message", to_id="backend", message="two")
        await mesh.client("backend").notify("ada", "three")
        second = await said(client, "check_messages")

        assert first.startswith(
            "1 message(s) (1 new):\n\n[NEW] [notice] From backend@dev p-backend (agent) - "
        )
        assert second.startswith("3 message(s) (1 new):")
        assert [line for line in second.splitlines() if line in {"one", "two", "three"}] == [
            "one",
            "two",
            "three",
        ]
        assert "\n[notice] To backend - " in second
        assert second.count("[NEW]") == 1


async def test_only_what_is_shown_counts_as_read(client: Client, mesh: Mesh) -> None:
    async with client:
        for n in range(25):
            await mesh.client("backend").notify("ada", f"note {n}")
        first = await said(client, "check_messages")
        assert first.startswith("20 message(s) (20 new):")
        assert first.endswith("[peerline: 5 messages wait: call check_messages]")
        second = await said(client, "check_messages")
        assert second.count("[NEW]") == 5


@pytest.mark.parametrize(
    "error", [e.Throttled("x is 10 a minute", "try again in 9 s"), e.TooLarge("30 of 20", "y")]
)
def test_a_limit_says_its_name_and_what_to_do(error: e.PeerlineError) -> None:
    first, *rest = TOOLS["send_message"].refuse(error).splitlines()
    words = "Rate limited" if isinstance(error, e.Throttled) else "Message too large"
    assert first == f"Failed to send: {words}: {error}"
    assert rest[0] == error.hint


@pytest.mark.parametrize(("served", "looks"), [(True, False), (False, True), (None, True)])
@pytest.mark.parametrize("name", profiles.PROFILES)
def test_who_is_served_by_hooks_is_told_that_it_need_not_look(
    name: str, served: bool | None, looks: bool
) -> None:
    told = profiles.named(name).instructions(served)
    assert ("check_messages" in told) is looks
    assert "IMMEDIATELY" not in told


@pytest.mark.parametrize("era", ["legacy", "auto"])
async def test_a_client_that_nothing_is_pushed_to_is_told_to_look(house: House, era: str) -> None:
    async with Client(house.url, mode=era) as client:
        assert client.instructions is not None
        assert "call check_messages when a turn starts" in client.instructions


async def test_every_result_tells_a_polled_client_what_waits(house: House, mesh: Mesh) -> None:
    async with aiohttp.ClientSession() as http:
        plain = Plain(http, house.url)
        await mesh.client("backend").notify("ada", "the build is red")
        params = {"name": "list_peers", "arguments": {}}
        async with await plain.post({"id": 1, "method": "tools/call", "params": params}) as answer:
            lines = [x for x in (await answer.text()).splitlines() if x.startswith("data:")]
        told = json.loads(lines[-1].removeprefix("data:"))["result"]["content"][0]["text"]
        assert told.endswith("[peerline: 1 message waits: call check_messages]")


@pytest.mark.parametrize(
    ("known", "more"),
    [
        ({"role": "agent", "backend": "claude-code"}, ()),
        ({"role": "orchestrator", "backend": "claude-code"}, MORE),
        ({"role": "agent", "backend": "codex"}, MORE),
    ],
)
async def test_the_tools_of_those_who_direct_others_are_listed_for_them_and_for_who_looks_only_once(
    house: House, mesh: Mesh, known: dict[str, str], more: tuple[Tool, ...]
) -> None:
    mesh.peers["ada"] |= known
    async with Client(house.url, mode="legacy") as client:
        listed = [tool.name for tool in (await client.list_tools()).tools]
    assert listed == [tool.name for tool in (*OUR_TOOLS, *more)]


async def test_a_role_that_changed_changes_the_next_list(house: House, mesh: Mesh) -> None:
    async with Client(house.url, mode="legacy") as client:
        before = {tool.name for tool in (await client.list_tools()).tools}
        mesh.peers["ada"]["role"] = "orchestrator"
        after = {tool.name for tool in (await client.list_tools()).tools}
    assert after - before == {tool.name for tool in MORE}
