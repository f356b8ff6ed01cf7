"""Claiming the role: the claim's own answer says that there are other tools, over both roads and in both eras."""

from __future__ import annotations

import asyncio
from typing import Any

import mcp_types as t
import pytest

from daemon.core.errors import Conflict
from mcp_server.tools import MORE, TOOLS
from tests.fakes.client import Mesh
from tests.mcp_server.house import MODERN, House, ShimProcess
from tests.mcp_server.test_clients import ERAS, over
from tests.mcp_server.test_shim import ENVELOPE

CHANGED = "notifications/tools/list_changed"


def names(told: dict[str, Any]) -> list[str]:
    return [tool["name"] for tool in told["result"]["tools"]]


@pytest.mark.parametrize("meta", [{}, {"_meta": ENVELOPE}], ids=["legacy", MODERN])
async def test_the_claims_own_answer_says_that_there_are_other_tools(
    house: House, mesh: Mesh, meta: dict[str, Any]
) -> None:
    async with ShimProcess(house.socket) as shim:
        before = names(await shim.answer(shim.ask("tools/list", meta)))
        asked = shim.ask("tools/call", {"name": "claim_orchestrator_role", "arguments": {}, **meta})
        announced, answered = await shim.read(), await shim.read()
        after = names(await shim.answer(shim.ask("tools/list", meta)))
        mesh.peers["ada"]["role"] = "agent"
        at_last = names(await shim.answer(shim.ask("tools/list", meta)))

    assert announced["method"] == CHANGED
    assert answered["id"] == asked
    assert answered["result"]["structuredContent"]["role"] == "orchestrator"
    assert "orchestrator_status" in answered["result"]["content"][0]["text"]
    assert before == at_last == [tool.name for tool in TOOLS]
    assert after == [*before, *(tool.name for tool in MORE)]


@pytest.mark.parametrize("meta", [{}, {"_meta": ENVELOPE}], ids=["legacy", MODERN])
async def test_a_role_that_came_from_elsewhere_is_announced_on_the_next_call_and_once(
    house: House, mesh: Mesh, meta: dict[str, Any]
) -> None:
    whoami = {"name": "whoami", "arguments": {}, **meta}
    async with ShimProcess(house.socket) as shim:
        await shim.answer(shim.ask("tools/list", meta))
        await shim.answer(shim.ask("tools/call", whoami))
        mesh.peers["ada"]["role"] = "orchestrator"
        shim.ask("tools/call", whoami)
        announced = await shim.read()
        await shim.read()
        await shim.answer(shim.ask("tools/call", whoami))
        after = names(await shim.answer(shim.ask("tools/list", meta)))
        await shim.answer(shim.ask("tools/call", whoami))
        mesh.peers["ada"]["role"] = "agent"
        shim.ask("tools/call", whoami)
        shrunk = await shim.read()

    assert announced["method"] == shrunk["method"] == CHANGED
    assert after[-1] == MORE[-1].name


async def test_whoever_is_shown_all_from_the_start_is_told_of_no_change(house: House, mesh: Mesh) -> None:
    mesh.peers["ada"]["backend"] = "codex"
    async with ShimProcess(house.socket) as shim:
        await shim.answer(shim.ask("tools/list"))
        mesh.peers["ada"]["role"] = "orchestrator"
        await shim.answer(shim.call("whoami"))


async def test_a_client_without_a_shim_is_known_by_its_peer(house: House, mesh: Mesh) -> None:
    heard: list[object] = []

    async def hear(message: object) -> None:
        heard.append(message)

    client = over("http", house, "legacy")
    client.message_handler = hear  # type: ignore[assignment]
    async with client:
        await client.list_tools()
        mesh.peers["ada"]["role"] = "orchestrator"
        await client.call_tool("whoami", {})
        await client.call_tool("whoami", {})
    assert [type(each) for each in heard] == [t.ToolListChangedNotification]


async def test_a_claim_that_is_refused_announces_nothing(house: House, mesh: Mesh) -> None:
    mesh.fail("claim_role", Conflict('"lead" is the orchestrator', "claim it with force"))
    async with ShimProcess(house.socket) as shim:
        refused = await shim.answer(shim.call("claim_orchestrator_role"))

    assert refused["result"]["isError"]
    assert "claim it with force" in refused["result"]["content"][0]["text"]


@pytest.mark.parametrize("road", ["shim", "http"])
@pytest.mark.parametrize("era", ERAS)
async def test_clients_of_both_eras_hear_it_on_both_roads(house: House, road: str, era: str) -> None:
    heard: list[object] = []

    async def hear(message: object) -> None:
        heard.append(message)

    client = over(road, house, era)
    client.message_handler = hear  # type: ignore[assignment]
    async with client:
        result = await client.call_tool("claim_orchestrator_role", {})
        listed = {tool.name for tool in (await client.list_tools()).tools}

    assert not result.is_error
    assert listed >= {tool.name for tool in MORE}
    assert any(isinstance(each, t.ToolListChangedNotification) for each in heard) or era == MODERN


async def test_a_client_that_asks_to_be_told_is_told_and_nothing_stands_open_for_it(house: House) -> None:
    async with over("shim", house, MODERN) as client, client.listen(tools_list_changed=True) as subscription:
        assert subscription.honored.tools_list_changed
        await client.call_tool("claim_orchestrator_role", {})
        async with asyncio.timeout(10):
            event = await anext(aiter(subscription))
    assert type(event).__name__ == "ToolsListChanged"
    assert [said["method"] for said in house.headers if said["method"] == "subscriptions/listen"] == []


async def test_a_subscription_that_is_cancelled_stamps_nothing_any_more(house: House) -> None:
    wanted = {"notifications": {"toolsListChanged": True}, "_meta": ENVELOPE}
    called = {"name": "claim_orchestrator_role", "arguments": {}, "_meta": ENVELOPE}
    async with ShimProcess(house.socket) as shim:
        asked = shim.ask("subscriptions/listen", wanted)
        acknowledged = await shim.read()
        shim.ask("tools/call", called)
        stamped, _ = await shim.read(), await shim.read()
        shim.write({"method": "notifications/cancelled", "params": {"requestId": asked}})
        shim.ask("tools/call", called)
        plain, _ = await shim.read(), await shim.read()

    key = "io.modelcontextprotocol/subscriptionId"
    assert acknowledged["params"] == {"_meta": {key: asked}, "notifications": {"toolsListChanged": True}}
    assert stamped["params"] == {"_meta": {key: asked}}
    assert key not in (plain.get("params") or {}).get("_meta", {})


async def test_a_client_of_the_older_protocol_is_told_that_its_list_may_change(house: House) -> None:
    async with ShimProcess(house.socket) as shim:
        hello = await shim.initialize()

    assert hello["result"]["capabilities"]["tools"] == {"listChanged": True}


async def test_the_status_is_told_in_few_words(house: House) -> None:
    async with ShimProcess(house.socket) as shim:
        told = await shim.answer(shim.call("orchestrator_status", circle="dev"))

    assert told["result"]["content"][0]["text"] == "no orchestrator"
