"""Setting up a user's four real agents at a terminal: each is a peer by that alone, and afterwards all is as before."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from hooks.agents import CLAUDE_CODE, OPENCODE
from hooks.entries import HomePaths
from tests.agents.claude_code import ClaudeCode, claude_binary
from tests.agents.codex import Codex
from tests.agents.gemini import GeminiCli
from tests.agents.opencode import OpenCode
from tests.agents.real_agent import RealAgent
from tests.emulators.model_api import ModelApi
from tests.hooks.trees import tree
from tests.scenarios.askers import until_peer
from tests.scenarios.house import House

pytestmark = pytest.mark.thorough
KINDS: dict[str, type[RealAgent]] = {
    "claude-code": ClaudeCode, "codex": Codex, "gemini": GeminiCli, "opencode": OpenCode,
}  # fmt: skip


@pytest.fixture
async def house() -> AsyncIterator[House]:
    for kind in KINDS.values():
        kind.binary()
    async with House(PATH=f"{claude_binary().parent}:{os.environ['PATH']}", STUB_KEY="sk-dummy") as house:
        yield house


ROADS = {
    "claude-code": {"inbox", "terminal", "hook"},
    "codex": {"inbox", "hook"},
    "gemini": {"terminal", "hook"},
    "opencode": {"hook"},
}
NOTED = b"screen_reader_detection_done = true\n"
OURS = {
    "settings.json",
    "hooks.json",
    "config.toml",
    "peerline.toml",
    "policies",
    "peerline.js",
}


def touched(house: House) -> dict[str, object]:
    """What stands in the files that we touch: bytes, but where the agent itself writes meanwhile.

    Claude Code keeps all sorts of things beside its servers, OpenCode puts a `$schema` into any file of its own, and
    Codex closes its file to others and writes down what it has looked at.
    """
    home = HomePaths.of({"HOME": str(house.user)})
    kept: dict[str, object] = {
        name: told.replace(NOTED, b"")
        for name, (_, told) in tree(house.user).items()
        if Path(name).name in OURS
    }
    servers = json.loads(home.mcp_file(CLAUDE_CODE).read_text()).get("mcpServers")
    there = json.loads(home.mcp_file(OPENCODE).read_text())
    return {**kept, "servers": servers, "opencode": {**there, "$schema": ""}}


async def test_one_command_puts_all_four_on_the_line_and_one_takes_them_off(
    house: House, model: ModelApi
) -> None:
    agents = {name: agent_of(kind, house, model, name) for name, kind in KINDS.items()}
    for agent in agents.values():
        agent.write_settings()
    before = touched(house)
    await set_up_at_a_terminal(house)
    assert (await house.cli("setup", "--check", "--no-service")).code == 0
    await house.start()
    async with AsyncExitStack() as stack:
        for name, agent in agents.items():
            await stack.enter_async_context(agent)
            await agent.type(f"hello {name}")
            found = await until_peer(house, name, turn_state="idle", status="online")
            assert (found["backend"], found["path"]) == (name, str(agent.cwd))
        await every_agent_has_roads_and_the_doctor_no_complaint(house)
    gone = await house.cli("uninstall")
    assert gone.code == 0, gone
    assert touched(house) == before


def agent_of(kind: type[RealAgent], house: House, model: ModelApi, name: str) -> RealAgent:
    folder = house.place / name
    folder.mkdir()
    return kind(house.user, folder, model.url, f"setup-{os.getpid()}", "dev")


async def set_up_at_a_terminal(house: House) -> None:
    async with house.terminal("setup", "--no-service") as screen:
        await screen.shows("trust them now?")
        screen.type("y")
        await screen.shows("folders, separated by commas")
        screen.type("")
        for chat in ("Telegram", "Slack"):
            await screen.shows(f"connect {chat} now?")
            screen.type("n")
        assert await screen.ended() == 0
        assert "codex trusts our" in screen.text


async def every_agent_has_roads_and_the_doctor_no_complaint(house: House) -> None:
    told = (await house.cli("doctor", "--json")).json
    roads = {name: {road["road"] for road in told["roads"] if road["peer"] == name} for name in KINDS}
    assert roads == ROADS
    assert [road for road in told["roads"] if not road["works"]] == []
    ours = [each for each in told["findings"] if each["level"] != "info" and each["code"] != "root"]
    assert ours == []
