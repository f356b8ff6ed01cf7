"""A channel wakes an agent that has no other way in; what it is told of comes once, by a road that proves it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.agents.claude_code import ClaudeCode
from tests.emulators.model_api import Calls, ModelApi, Rule, Says, Script
from tests.scenarios.house import PATIENCE_S, FakeAgent, House, Json, _ended_with, answers, until

AGENT = Path(__file__).with_name("channel_agent.py")
LOADED = ("--channels", "server:peerline")
LOADING = ("--dangerously-load-development-channels", "server:peerline")
TEN_MINUTES = timedelta(minutes=10)


@asynccontextmanager
async def channel_agent(house: House, how: str = "ends", *words: str) -> AsyncIterator[FakeAgent]:
    home = house.place / "backend"
    home.mkdir(exist_ok=True)
    agent = FakeAgent(home)
    argv = [sys.executable, "-I", str(AGENT), str(house.socket), str(home), "backend", "dev", how, *words]
    child = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
    async with _ended_with(child):
        assert child.stdout
        async with asyncio.timeout(PATIENCE_S):
            assert await child.stdout.readline() == b"ready\n"
        yield agent


async def reach(house: House) -> Json:
    peers = (await house.daemon.client().peers(circle="*", include_self=True))["peers"]
    found: Json = next(each["reach"] for each in peers if each["name"] == "backend")
    return found


async def reached_by(house: House, road: str) -> Json:
    async with asyncio.timeout(PATIENCE_S):
        while (found := await reach(house))["road"] != road:
            await asyncio.sleep(0.02)
    return found


async def test_a_message_is_announced_in_a_turn_and_handed_over_at_its_end(house: House) -> None:
    await house.start()
    async with channel_agent(house, "ends", *LOADED) as agent:
        before = await reached_by(house, "channel")
        tried = [each for each in (await house.daemon.client().roads())["roads"] if each["road"] == "channel"]
        await house.daemon.client().notify("backend", "the build is red", circle="dev")
        how = await agent.hears("the build is red")
        after = await reached_by(house, "channel")
        announced = next(text for kind, text in agent.heard if kind == "prompt")

    assert before["proof"] == "never seen to arrive"
    assert [each["evidence"] for each in tried] == ["it is open; never seen to arrive"]
    assert "[peerline] a message from cli waits. Call check_messages, or end your turn." in announced
    assert "the build is red" not in announced
    assert how == "hand-out"
    assert agent.times_heard("the build is red") == 1
    assert "something arrived by it at" in after["proof"]


@pytest.mark.thorough
async def test_an_agent_that_checks_its_messages_has_them_once(house: House) -> None:
    await house.start()
    async with channel_agent(house, "checks", *LOADED) as agent:
        await reached_by(house, "channel")
        sent = await house.daemon.client().notify("backend", "the build is red", circle="dev")
        how = await agent.hears("the build is red")
        story = await house.until(
            "settled", lambda told: told["deliveries"][0]["level"] == "settled", sent["message_id"]
        )

    assert how == "check_messages"
    assert agent.times_heard("the build is red") == 1
    assert any("its channel was told" in each["evidence"] for each in story["deliveries"][0]["events"])


@pytest.mark.thorough
async def test_an_agent_whose_command_line_loads_no_channel_has_none(house: House) -> None:
    await house.start()
    async with channel_agent(house) as agent:
        await house.daemon.client().notify("backend", "the build is red", circle="dev")
        assert (await reach(house))["road"] == "hook"

    assert agent.heard == []


@pytest.mark.thorough
async def test_a_new_daemon_finds_the_channel_again_and_tells_of_nothing_twice(house: House) -> None:
    await house.start()
    async with channel_agent(house, "ends", *LOADED) as agent:
        await reached_by(house, "channel")
        await house.daemon.client().notify("backend", "one", circle="dev")
        await agent.hears("one")
        await house.daemon.kill9()
        house.grow_older(TEN_MINUTES)
        await house.start()
        await reached_by(house, "channel")
        await house.daemon.client().notify("backend", "two", circle="dev")
        await agent.hears("two")
        await until(lambda: sum(kind == "prompt" for kind, _ in agent.heard) >= 2, "two turns")

    assert [kind for kind, _ in agent.heard if kind == "prompt"] == ["prompt"] * 2
    assert agent.times_heard("[end #") == 2


@pytest.mark.thorough
async def test_when_its_shim_is_gone_no_channel_is_claimed(house: House) -> None:
    await house.start()
    async with channel_agent(house, "ends", *LOADED) as agent:
        await reached_by(house, "channel")
        os.kill(int((agent.home / "shim").read_text()), signal.SIGKILL)
        await reached_by(house, "hook")


@pytest.mark.thorough
async def test_the_real_claude_code_has_its_tools_from_a_server_that_is_a_channel(
    line: House, model: ModelApi
) -> None:
    """It allows no channel without its maker's word, and drops what one says; nothing else may be other than ever."""
    settings = line.user / ".claude.json"
    told = json.loads(settings.read_text())
    told["mcpServers"]["peerline"]["args"].append("--channels")
    settings.write_text(json.dumps(told))
    model.script = Script(
        (Rule("who", Calls("mcp__peerline__whoami", {})), Rule("how far", Says("half way")))
    )
    (line.place / "backend").mkdir()
    place = (line.user, line.place / "backend", model.url, f"chan-{os.getpid()}", "dev")
    async with ClaudeCode(*place, args=LOADING) as agent:
        await line.joined("backend")
        await agent.type("who are you?")
        await until(lambda: model.times_heard('"backend":"claude-code"') > 0, "the tool's answer")
        asked = await line.cli("ask", "backend", "how far?", "--wait", "20", "--json")
        with closing(sqlite3.connect(line.daemon.paths.database)) as store:
            opened = store.execute("SELECT channel FROM session WHERE backend = 'claude-code'").fetchall()
        better = (await reach(line))["road"]

    assert answers(asked.json) == ["half way"]
    assert opened == [(1,)]  # its shim listens, and its command line says what it is to say
    assert better == "inbox"
