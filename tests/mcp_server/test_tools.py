"""The table of tools, and what every row must be."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from typing import Any

import pytest

from mcp_server.calls import Call
from mcp_server.endtools import KILL_TOOLS
from mcp_server.spawntools import SPAWN_TOOLS
from mcp_server.tool import Tool
from mcp_server.tools import BY_NAME, MORE, TOOLS, Outcome, called
from tests.fakes.client import Mesh

PLAIN_AGENT_LIMIT = 8 * 1000
ORCHESTRATOR_LIMIT = 12 * 1000
NAMES = [tool.name for tool in TOOLS]


def seen_by_a_model(tools: tuple[Tool, ...]) -> str:
    rows = [{"name": t.name, "description": t.description, "inputSchema": t.takes} for t in tools]
    return json.dumps(rows, ensure_ascii=False)


async def run(mesh: Mesh, tool: str, **arguments: Any) -> Outcome:
    return await called(Call(mesh.client("ada"), "call-1", silence, 0.05), tool, arguments)


async def silence(done: float, total: float, said: str) -> None:
    pass


def test_all_tools_together_are_small() -> None:
    assert len(seen_by_a_model((*TOOLS, *SPAWN_TOOLS, *KILL_TOOLS)).encode()) <= PLAIN_AGENT_LIMIT


def test_with_those_of_an_orchestrator_they_are_still_small() -> None:
    assert len(seen_by_a_model((*TOOLS, *SPAWN_TOOLS, *KILL_TOOLS, *MORE)).encode()) <= ORCHESTRATOR_LIMIT


def test_the_tools_are_those_that_were_promised() -> None:
    assert NAMES == [
        "whoami",
        "list_peers",
        "ask_peer",
        "ask",
        "wait_for",
        "ack",
        "notify_peer",
        "broadcast",
        "check_messages",
        "set_description",
        "schedule",
        "claim_orchestrator_role",
        "request_review",
        "review_queue",
        "mark_reviewed",
    ]


@pytest.mark.parametrize("name", BY_NAME)
def test_a_tool_takes_what_its_function_takes(name: str) -> None:
    tool = BY_NAME[name]
    (call, *parameters) = inspect.signature(tool.run).parameters.values()
    required = [one.name for one in parameters if one.default is one.empty]

    assert call.name == "call"
    assert [one.name for one in parameters] == list(tool.takes["properties"])
    assert required == tool.takes.get("required", [])
    for one in parameters:
        schema = tool.takes["properties"][one.name]
        assert "default" not in schema or schema["default"] == one.default


@pytest.mark.parametrize("name", BY_NAME)
def test_a_schema_is_strict_and_bounds_everything(name: str) -> None:
    schema = BY_NAME[name].takes
    assert schema["additionalProperties"] is False
    for one in schema["properties"].values():
        for shape in one.get("anyOf", [one]):
            item = shape.get("items", shape)
            assert item["type"] == "boolean" or {"maxLength", "maximum", "enum"} & set(item), one


async def test_time_that_is_up_leaves_the_ask_open(mesh: Mesh) -> None:
    outcome = await run(mesh, "ask_peer", peer="backend", question="how far?", timeout_s=1)

    assert outcome.told["pending"] is True
    assert f'wait_for(ask_id="{outcome.told["ask_id"]}")' in outcome.text
    assert next(iter(mesh.asks.values())).told["pending"] is True


async def test_a_repeated_call_is_the_same_ask(mesh: Mesh) -> None:
    first = await run(mesh, "ask_peer", peer="backend", question="how far?", timeout_s=1)
    await mesh.client("backend").answer(first.told["ask_id"], "done")
    second = await run(mesh, "ask_peer", peer="backend", question="how far?", timeout_s=1)

    assert second.told["ask_id"] == first.told["ask_id"]
    assert second.told["answers"][0]["text"] == "done"
    assert mesh.keys == ["call-1", "call-1"]


async def test_an_answer_taken_by_a_wait_is_handed_under_the_calls_name(mesh: Mesh) -> None:
    asked = (await run(mesh, "ask", to="backend", question="how far?")).told
    await mesh.client("backend").answer(asked["ask_id"], "done")
    await mesh.client("backend").notify("ada", "something else")
    await run(mesh, "wait_for", ask_id=asked["ask_id"])

    taken = {letter.message["text"]: letter.call for letter in mesh.inboxes["ada"]}
    assert taken == {"done": "call-1", "something else": ""}


async def test_what_is_left_out_may_also_be_null(mesh: Mesh) -> None:
    outcome = await run(mesh, "notify_peer", peer="backend", message="hi", circle=None, urgency=None)

    assert not outcome.failed


@pytest.mark.parametrize("module", ["mcp_server.tools", "mcp_server.http"])
def test_importing_the_table_or_the_door_does_not_load_the_protocol(module: str) -> None:
    script = f"import sys, {module}; print(sorted({{'mcp', 'mcp_types'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
