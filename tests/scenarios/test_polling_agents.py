"""A coding agent of which nobody has hooks is a peer that polls: by what it calls itself, or is told to be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.mcp_server.house import Json, ShimProcess
from tests.scenarios.house import House

NAMED = {"name": "antigravity-client", "version": "v1.0.0"}
UNNAMED = {"name": "test", "version": "0"}


@asynccontextmanager
async def client(
    house: House, who: Json, *words: str, env: dict[str, str] | None = None
) -> AsyncIterator[ShimProcess]:
    """It looks for the newest protocol first, as some do, and begins as all did before."""
    async with ShimProcess(house.socket, "--name", "planner", *words, env=env) as shim:
        await shim.answer(shim.ask("server/discover", {"_meta": {}}))
        hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": who}
        await shim.answer(shim.ask("initialize", hello))
        shim.write({"method": "notifications/initialized"})
        yield shim


async def test_what_calls_itself_antigravity_polls_and_is_listed_as_that(house: House) -> None:
    await house.start()
    async with client(house, NAMED) as agent:
        me = await agent.told("whoami")
        (listed,) = [
            x for x in (await house.cli("peer", "list", "--json")).json["peers"] if x["name"] == "planner"
        ]
        sent = (await house.cli("notify", "planner", "the build is red", "--json")).json
        got = await agent.told("check_messages")
        await house.until(
            "seen", lambda told: told["deliveries"][0]["level"] == "settled", sent["message_id"]
        )

    assert (me["backend"], me["reach"]["road"]) == ("antigravity", "poll")
    assert (listed["backend"], listed["reach"]["road"]) == ("antigravity", "poll")
    assert [one["text"] for one in got["messages"]] == ["the build is red"]


@pytest.mark.thorough
async def test_it_is_told_what_it_is_by_an_option_or_a_variable_and_is_the_same_afterwards(
    house: House,
) -> None:
    await house.start()
    async with client(house, UNNAMED, "--backend", "antigravity") as agent:
        first = await agent.told("whoami")
    async with client(house, UNNAMED, env={"PEERLINE_BACKEND": "antigravity"}) as agent:
        second = await agent.told("whoami")
    async with client(house, UNNAMED) as agent:
        third = await agent.told("whoami")

    assert first["backend"] == second["backend"] == "antigravity"
    assert first["peer_id"] == second["peer_id"]
    assert third["backend"] == "mcp"


@pytest.mark.thorough
async def test_no_client_that_polls_is_an_agent_with_hooks(house: House) -> None:
    await house.start()
    async with client(house, NAMED, "--backend", "claude-code") as agent:
        refused = await agent.answer(agent.call("whoami"))

    assert "claude-code" in refused["error"]["message"]
    assert "antigravity, mcp" in refused["error"]["message"]
