"""Claiming the role and working by a persona, with a real daemon: by the tool, the command line and the hooks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mcp_types as t
import pytest

from tests.api.test_callers import PIPE, PYTHON, Agent, agent
from tests.daemon_process import COMMAND, DaemonProcess, short_home
from tests.scenarios.house import House


@pytest.fixture
def daemon() -> Iterator[DaemonProcess]:
    with short_home() as home, DaemonProcess(home, tcp=False) as running:
        yield running


def said(one: Agent, event: str, **payload: object) -> str:
    """What the hook prints for the agent's model; "" for nothing."""
    command = [*PYTHON, "-E", str(PIPE), str(one._daemon.paths.socket), "claude-code", event, "10"]
    told = {"session_id": one.session, "cwd": "/project", "hook_event_name": event} | payload
    printed = one.runs(*command, told=json.dumps(told))
    return str(json.loads(printed)["hookSpecificOutput"]["additionalContext"]) if printed.strip() else ""


def command(one: Agent, *words: str) -> dict[str, Any]:
    """A command of ours, run by the agent."""
    home = one._daemon.paths.home
    printed: dict[str, Any] = json.loads(one.runs("env", f"PEERLINE_HOME={home}", *COMMAND, *words, "--json"))
    return printed


async def test_the_tool_claims_and_the_list_grows_and_it_survives_a_kill(house: House) -> None:
    await house.start()
    heard: list[object] = []

    async def hear(message: object) -> None:
        heard.append(message)

    lead = house.mcp("lead")
    lead.message_handler = hear  # type: ignore[assignment]
    async with lead as client, house.mcp("other") as other:
        before = {tool.name for tool in (await client.list_tools()).tools}
        claimed = await client.call_tool("claim_orchestrator_role", {})
        after = {tool.name for tool in (await client.list_tools()).tools}
        refused = await other.call_tool("claim_orchestrator_role", {"force": True})
        status = await client.call_tool("orchestrator_status", {})

        await house.daemon.kill9()
        await house.start()
        again = (await client.call_tool("whoami", {})).structured_content

    assert claimed.structured_content is not None
    assert claimed.structured_content["role"] == "orchestrator"
    assert "claim_orchestrator_role" in before
    assert after - before == {
        "orchestrator_status",
        *(f"job_{what}" for what in ("create", "list", "update", "result", "cancel")),
    }
    assert any(isinstance(each, t.ToolListChangedNotification) for each in heard)
    assert refused.is_error
    assert '"lead" is the orchestrator of circle "dev"' in refused.content[0].text  # type: ignore[union-attr]
    assert status.content[0].text.startswith("orchestrator dev/lead: online, last sign ")  # type: ignore[union-attr]
    assert again is not None
    assert again["role"] == "orchestrator"


async def test_the_owner_gives_it_to_anybody_and_a_program_to_nobody(house: House) -> None:
    await house.start()
    async with house.agent("api"), house.agent("web"):
        refused = await house.cli("peer", "claim-role", "orchestrator", "--peer", "api")
        nobody = await house.cli("peer", "claim-role", "orchestrator", "--force")
        given = await house.at_terminal("peer", "claim-role", "orchestrator", "--peer", "api", "-c", "dev")
        taken = await house.at_terminal("peer", "claim-role", "orchestrator", "--peer", "web", "--force")
        status = await house.cli("orchestrator", "status", "--json")

    assert (refused.code, "that is another peer" in refused.err) == (2, True)
    assert (nobody.code, "is no agent" in nobody.err) == (2, True)
    assert (given.code, "dev/api is orchestrator" in given.out) == (0, True)
    assert taken.code == 2
    assert "force takes it only from one that is offline" in " ".join(taken.out.split())
    [holder] = status.json["orchestrators"]
    assert (holder["name"], holder["circle"], holder["status"]) == ("api", "dev", "online")
    assert {each["name"] for each in status.json["peers"]} == {"api", "web"}


def test_inside_an_agent_the_command_is_that_agents(daemon: DaemonProcess) -> None:
    with agent(daemon, "s-1", name="lead") as one, agent(daemon, "s-2", name="api") as two:
        assert command(one, "peer", "claim-role", "orchestrator")["role"] == "orchestrator"
        assert two.asks("POST", "/v1/peers/lead/role", '{"role": "agent"}')["status"] == 403
        assert command(one, "orchestrator", "status")["circle"] == "*"
        assert command(two, "orchestrator", "status")["circle"] == "default"
        assert command(one, "peer", "claim-role", "agent")["role"] == "agent"
        assert command(two, "peer", "claim-role", "orchestrator")["role"] == "orchestrator"


def test_each_start_of_a_session_is_told_of_the_persona_and_no_other_hook(daemon: DaemonProcess) -> None:
    with agent(daemon, "s-1", name="lead") as one:
        assert command(one, "orchestrator", "persona", "use", "coordinator")["persona"] == "coordinator"
        [notice] = one.asks("GET", "/v1/messages")["told"]["messages"]
        assert 'your persona is "coordinator"' in notice["text"]
        one.hook("SessionEnd", reason="clear")
        one.session = "s-2"
        started = said(one, "SessionStart", source="clear")
        compacted = said(one, "SessionStart", source="compact")
        assert said(one, "Notification", notification_type="idle") == ""
        me = one.asks("GET", "/v1/whoami")["told"]
        one.asks("POST", "/v1/peers/lead/persona", "{}")
        cleared = said(one, "SessionStart", source="compact")

    assert (me["name"], me["persona"]) == ("lead", "coordinator")
    assert started == compacted
    assert started.startswith('your persona is "coordinator", chosen by itself.')
    assert "You coordinate. Others write the code" in started
    assert "coordinator" not in cleared


def test_the_users_own_file_wins_and_a_broken_one_is_refused_with_its_line(daemon: DaemonProcess) -> None:
    folder = daemon.paths.personas
    folder.mkdir()
    (folder / "reviewer.md").write_text("---\nname: reviewer\ndescription: mine\n---\nOnly read.\n")
    (folder / "wild.md").write_text("do as you like")
    with agent(daemon, "s-1", name="lead") as one:
        listed = {each["name"]: each for each in command(one, "orchestrator", "persona", "list")["personas"]}
        assert command(one, "orchestrator", "persona", "show", "reviewer")["text"] == "Only read."
        refused = one.asks("POST", "/v1/peers/lead/persona", '{"name": "wild"}')

    assert (listed["reviewer"]["source"], listed["coordinator"]["source"]) == ("your own", "shipped")
    assert "line 1: no front matter" in listed["wild"]["problem"]
    assert refused["status"] == 400
    assert "wild.md, line 1: no front matter" in refused["told"]["detail"]


async def test_a_workspace_is_made_and_how_to_begin_there_is_told(house: House, tmp_path: Path) -> None:
    await house.start()
    made = await house.cli("orchestrator", "init", "--json")
    again = await house.cli("orchestrator", "init")
    there = await house.cli("orchestrator", "init", str(tmp_path / "lead"), "--json")

    assert made.json["path"] == str(house.home / "orchestrator")
    assert (house.home / "orchestrator" / "AGENTS.md").is_file()
    assert again.out.count("as it is") == 3
    assert there.json["path"] == str(tmp_path / "lead")
    started = await house.cli("orchestrator", "start", "--circle", "dev", "--json")
    if not hasattr(house.daemon.client(), "spawn"):
        assert started.code == 3
        assert f"cd {house.home}/orchestrator" in started.json["by_hand"][0]
