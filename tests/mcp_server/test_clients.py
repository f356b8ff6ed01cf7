"""Real clients of the protocol: both eras, over the shim and over HTTP."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from daemon.client.interface import Question
from daemon.core.errors import AmbiguousPeer, StoreBusy
from tests.fakes.client import Mesh
from tests.mcp_server.house import MODERN, SHIM, House

ERAS = ["legacy", MODERN]


def over(road: str, house: House, era: str) -> Client:
    if road == "http":
        return Client(house.url, mode=era)
    command = ["-I", "-S", "-E", str(SHIM), str(house.socket)]
    return Client(StdioServerParameters(command=sys.executable, args=command), mode=era)


def as_peer(house: House, name: str) -> Client:
    http = httpx2.AsyncClient(headers={"Peerline-Name": name})
    return Client(streamable_http_client(house.url, http_client=http), mode="legacy")


@pytest.fixture(params=[(road, era) for road in ("shim", "http") for era in ERAS], ids="-".join)
def client(request: pytest.FixtureRequest, house: House) -> Client:
    return over(request.param[0], house, request.param[1])


async def told(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result
    assert result.structured_content is not None
    return result.structured_content


async def refused(client: Client, tool: str, **arguments: Any) -> tuple[str, str]:
    """Its code and what a model reads."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert result.structured_content is not None
    return result.structured_content["error"]["code"], result.content[0].text  # type: ignore[union-attr]


async def test_every_tool_does_what_its_name_says(client: Client, mesh: Mesh) -> None:
    backend = mesh.client("backend")
    async with client:
        assert (await told(client, "whoami"))["peer_id"] == "p-ada"
        assert [p["name"] for p in (await told(client, "list_peers"))["peers"]] == ["backend", "frontend"]
        asked = await told(client, "ask", to="backend", question="which?", options=["a", "b"], deadline_s=60)
        assert asked["pending"] is True
        assert [one["ask_id"] for one in (await told(client, "wait_for"))["asks"]] == [asked["ask_id"]]
        await backend.answer(asked["ask_id"], option="b")
        assert (await told(client, "wait_for", ask_id=asked["ask_id"]))["answers"][0]["option"] == "b"
        many = await told(client, "ask", to=["backend", "frontend"], question="both?", need="all")
        assert (await told(client, "ack", ask_id=many["ask_id"]))["state"] == "cancelled"
        noted = await told(client, "notify_peer", peer="backend", message="hi", urgency="fyi")
        assert noted["deliveries"][0]["peer"] == "backend"
        assert len((await told(client, "broadcast", message="all"))["deliveries"]) == 2
        question = (await backend.ask(Question(to=["ada"], text="ready?")))["ask_id"]
        assert [m["ask_id"] for m in (await told(client, "check_messages", limit=5))["messages"]] == [
            question
        ]
        assert (await told(client, "ack", ask_id=question, message="yes"))["state"] == "answered"
        assert (await told(client, "set_description", description="tests"))["description"] == "tests"


async def test_the_list_says_what_each_tool_takes(client: Client) -> None:
    async with client:
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}

    assert listed["ask_peer"].input_schema["required"] == ["peer", "question"]
    assert all(tool.output_schema is None for tool in listed.values())
    assert {name for name, tool in listed.items() if tool.annotations} == {
        "whoami",
        "list_peers",
        "review_queue",
    }


async def test_an_error_is_a_result_that_says_what_to_do(client: Client, mesh: Mesh) -> None:
    async with client:
        code, text = await refused(client, "notify_peer", peer="bakend", message="hi")
        assert code == "unknown_peer"
        assert 'no peer "bakend"' in text
        assert "list_peers(" in text
        assert (await refused(client, "ask_peer", peer="backend"))[1].startswith(
            'ask_peer: "question" is missing'
        )
        assert (await refused(client, "ask_peer", peer="backend", question="?", timeout_s=600))[
            0
        ] == "malformed"
        assert (await refused(client, "notify_peer", peer="backend", message="x", colour="red"))[
            0
        ] == "malformed"
        assert (await refused(client, "brew_tea"))[1].startswith('no tool "brew_tea"')
        mesh.fail("ask", StoreBusy("the store is busy", after_s=2))
        assert "try again in 2 s" in (await refused(client, "ask", to="backend", question="?"))[1]
        mesh.fail("ask", AmbiguousPeer('"backend" could be "dev/backend" or "home/backend"'))
        assert (await refused(client, "ask", to="backend", question="?"))[0] == "ambiguous_peer"
    assert mesh.sent == []


async def test_waiting_is_reported_and_ends_with_the_answer(client: Client, mesh: Mesh) -> None:
    steps: list[tuple[float, float | None, str | None]] = []
    enough = asyncio.Event()

    async def step(done: float, total: float | None, said: str | None) -> None:
        steps.append((done, total, said))
        if len(steps) == 3:
            enough.set()

    async def answer_then() -> None:
        await enough.wait()
        (ask_id,) = mesh.asks
        await mesh.client("backend").answer(ask_id, "done")

    async with client, asyncio.timeout(30), asyncio.TaskGroup() as both:
        both.create_task(answer_then())
        arguments = {"peer": "backend", "question": "how far?"}
        result = await client.call_tool("ask_peer", arguments, progress_callback=step)

    assert result.structured_content
    assert result.structured_content["answers"][0]["text"] == "done"
    assert "backend@dev: done" in result.content[0].text  # type: ignore[union-attr]
    assert [done for done, _, _ in steps] == sorted(done for done, _, _ in steps)
    assert {total for _, total, _ in steps} == {100}
    assert "waiting for backend" in str(steps[0][2])


async def test_an_answer_that_was_waited_for_does_not_come_again(client: Client, mesh: Mesh) -> None:
    async with client, asyncio.TaskGroup() as both:
        both.create_task(answer_the_first(mesh))
        await told(client, "ask_peer", peer="backend", question="how far?")
        assert (await told(client, "check_messages"))["messages"] == []


@pytest.mark.thorough
async def test_a_thousand_notices_are_a_thousand_notices(house: House, mesh: Mesh) -> None:
    async with over("shim", house, "legacy") as client:
        for n in range(1000):
            await told(client, "notify_peer", peer="backend", message=f"{n}")

    assert [text for _, _, text in mesh.sent] == [f"{n}" for n in range(1000)]
    assert len(set(mesh.keys)) == len(mesh.keys) == 1000


async def test_the_newest_client_agrees_on_the_modern_era_by_itself(house: House) -> None:
    for road in ("shim", "http"):
        async with over(road, house, "auto") as client:
            assert client.protocol_version == MODERN


async def test_callers_at_the_same_time_stay_themselves(house: House) -> None:
    async with as_peer(house, "backend") as one, as_peer(house, "frontend") as other:
        found = await asyncio.gather(*[told(who, "whoami") for _ in range(10) for who in (one, other)])

    assert [peer["name"] for peer in found] == ["backend", "frontend"] * 10


async def answer_the_first(mesh: Mesh) -> None:
    await mesh.until(lambda: mesh.waiting == 1)
    (ask_id,) = mesh.asks
    await mesh.client("backend").answer(ask_id, "done")
