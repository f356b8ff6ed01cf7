"""Many are asked at once through every door, nobody waits in a ring, and what only echoes comes to rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp.client import Client as McpClient

from tests.scenarios.house import House, answers, called


async def refused(client: McpClient, tool: str, **arguments: Any) -> str:
    """The text of a tool call that must not go well."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error, result
    return "".join(getattr(part, "text", "") for part in result.content)


async def test_the_command_line_asks_a_circle_and_is_told_who_is_absent(house: House) -> None:
    await house.start()
    async with house.agent("api"), house.agent("web") as web, house.agent("db"):
        told = await house.cli("ask", "circle:dev", "how far?", "--wait", "20", "--json")
        assert (told.code, told.json["state"], told.json["need"]) == (0, "answered", 3)
        assert sorted(answers(told.json)) == ["answer to: how far?"] * 3

        first = await house.cli("ask", "api,web", "hold this", "--need", "all", "--wait", "1", "--json")
        assert (first.code, sorted(first.json["absent"])) == (3, ["api", "web"])
        await house.cli("cancel", first.json["ask_id"])
        await web.let_go()

        nobody = await house.cli("ask", "circle:ghost,api", "how far?")
        assert (nobody.code, 'nobody is meant by "circle:ghost"' in nobody.err) == (2, True)


async def test_an_agent_asks_many_by_mcp_is_answered_once_and_the_rest_is_withdrawn(house: House) -> None:
    await house.start()
    async with house.agent("api"), house.agent("web") as web, house.mcp("lead") as lead:
        await house.cli("ask", "web", "hold this")
        await web.hears("hold this")
        asked = await called(lead, "ask", to=["api", "web"], question="which port?", need="first")
        told = await called(lead, "wait_for", ask_id=asked["ask_id"], timeout_s=20)
        await web.let_go()
        story = await house.until("ended", lambda story: bool(story["ended"]), asked["ask_id"])

    assert (told["state"], answers(told), told["absent"]) == ("answered", ["answer to: which port?"], ["web"])
    assert {each["peer"]: each["level"] for each in story["deliveries"]}["web"] == "cancelled"
    assert web.times_heard("which port?") == 0


async def test_of_two_that_ask_each_other_exactly_one_waits_and_time_frees_the_way(house: House) -> None:
    await house.start()
    async with house.mcp("one") as one, house.mcp("two") as two:
        both = await asyncio.gather(
            one.call_tool("ask_peer", {"peer": "two", "question": "ready?", "timeout_s": 2}),
            two.call_tool("ask_peer", {"peer": "one", "question": "ready?", "timeout_s": 2}),
        )
        errors = [
            "".join(getattr(part, "text", "") for part in each.content) for each in both if each.is_error
        ]
        assert len(errors) == 1
        assert "waits for" in errors[0]
        assert "would wait for" in errors[0]
        assert "ask()" in errors[0]
        assert len((await house.cli("asks", "--all", "--json")).json["asks"]) == 1

        again = await called(two, "ask_peer", peer="one", question="ready now?", timeout_s=1)
        assert again["pending"]


async def test_waiting_for_what_was_asked_at_once_closes_no_ring_either(house: House) -> None:
    await house.start()
    async with house.mcp("one") as one, house.mcp("two") as two, asyncio.TaskGroup() as together:
        waiting = together.create_task(called(one, "ask_peer", peer="two", question="ready?", timeout_s=30))
        mine = await taken(two)
        other = await called(two, "ask", to="one", question="and you?")
        said = await refused(two, "wait_for", ask_id=other["ask_id"], timeout_s=5)
        await called(two, "ack", ask_id=mine, message="yes")
        told = await waiting
        free = await called(two, "wait_for", ask_id=other["ask_id"], timeout_s=1)

    assert said.startswith("one waits for two, two would wait for one")
    assert f"answer {mine} of one first" in said
    assert answers(told) == ["yes"]
    assert free["pending"]


async def taken(client: McpClient) -> str:
    """The id of the ask that it finds in its inbox, once there is one."""
    async with asyncio.timeout(20):
        while not (found := (await called(client, "check_messages"))["messages"]):
            await asyncio.sleep(0.05)
    ask_id: str = found[0]["ask_id"]
    return ask_id


async def ended_chains(house: House) -> AsyncIterator[dict[str, Any]]:
    """Those that the daemon has told of so far."""
    last = (await house.daemon.client().notify("two", "the end"))["message_id"]
    async with asyncio.timeout(20):
        async for event in house.daemon.client().feed():
            if event["type"] == "chain_ended":
                yield event
            if event["ref"] == last:
                return


async def test_two_clients_that_answer_whatever_they_read_come_to_rest(house: House) -> None:
    await house.start()
    async with house.mcp("one") as one, house.mcp("two") as two:
        await called(one, "notify_peer", peer="two", message="hello")
        talking = [(two, "one"), (one, "two")]
        for n in range(7):
            here, there = talking[n % 2]
            assert (await called(here, "check_messages"))["messages"]
            await called(here, "notify_peer", peer=there, message=f"thank you {n}")
        await called(one, "check_messages")
        said = await refused(one, "notify_peer", peer="two", message="thank you again")
        await refused(one, "ask", to="two", question="thank you again?")
        told = [each async for each in ended_chains(house)]

    assert [each["evidence"] for each in told] == ["one"]
    assert said.startswith("the hop limit is 8")
    assert "ask your person" in said


@pytest.mark.thorough
async def test_a_client_that_is_gone_waits_for_nobody(house: House) -> None:
    await house.start()
    async with house.mcp("two") as two:
        async with house.mcp("one") as one, asyncio.TaskGroup() as together:
            asking = together.create_task(one.call_tool("ask_peer", {"peer": "two", "question": "ready?"}))
            await taken(two)
            asking.cancel()
        told = await called(two, "ask_peer", peer="one", question="and you?", timeout_s=1)

    assert told["pending"]
