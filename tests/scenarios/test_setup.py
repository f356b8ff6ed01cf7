"""``peerline setup`` and ``uninstall``: all agents by one command, shown before, asked at its end, and away again."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from hooks.agents import AGENTS, CODEX
from tests.hooks.test_starting_states import JSON
from tests.hooks.trees import stamps, tree
from tests.scenarios.house import House

TALKING = [agent for agent in AGENTS.values() if agent is not CODEX]  # a fake one cannot be asked about trust


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Agents that tell their version, leave something in their home, and can do no more; and who keeps services."""
    for agent in TALKING:
        script(tmp_path / agent.program, f"echo {agent.program} {agent.measured}")
    script(tmp_path / "systemctl", f'echo "$*" >> {tmp_path}/told')
    return tmp_path


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
async def house(programs: Path) -> AsyncIterator[House]:
    async with House(PATH=f"{programs}:{os.defpath}") as house:
        (house.user / ".claude").mkdir()
        (house.user / ".claude/settings.json").write_text(JSON)
        yield house


async def test_it_is_told_done_kept_and_taken_away_to_the_byte(house: House, programs: Path) -> None:
    house.home.mkdir()
    (house.home / "config.yaml").write_text("owner: {name: ada}\n")
    before, ours = tree(house.user), tree(house.home)
    dry = await house.cli("setup", "--dry-run")
    checked = await house.cli("setup", "--check", "--json")
    assert (dry.code, "+++ " in dry.out, "PreToolUse" in dry.out) == (0, True, True)
    assert (checked.code, checked.json["complete"]) == (3, False)
    assert [each["version"] for each in checked.json["agents"]] == [agent.measured for agent in TALKING]
    assert tree(house.user) == before
    assert tree(house.home) == ours

    made = await house.cli("setup")
    assert made.code == 0, made
    assert ".config/opencode/plugins/peerline.js" in made.out
    assert "not asked, as nobody could answer: connect Telegram: `peerline telegram start`" in made.out
    unit = house.user / ".config/systemd/user/peerline.service"
    assert unit.exists()
    assert (await house.cli("setup", "--check")).code == 0
    there, told = stamps(house.user), (programs / "told").read_text()
    assert "nothing to change" in (await house.cli("setup")).out
    assert stamps(house.user) == there
    assert "restart" not in (programs / "told").read_text().removeprefix(told), "what runs is left to run"

    gone = await house.cli("uninstall")
    assert gone.code == 0
    assert f"your messages and settings stay in {house.home}" in gone.out
    assert (tree(house.user), tree(house.home)) == (before, ours)


async def test_an_agent_that_cannot_be_edited_holds_up_no_other(house: House) -> None:
    (house.user / ".claude/settings.json").write_text("{ // mine\n}")
    made = await house.cli("setup", "--no-service", "--json")
    [told, *others] = made.json["agents"]
    assert made.code == 2
    assert (told["agent"], '"hooks"' in told["hint"]) == ("claude-code", True)
    assert [each["problem"] for each in others] == ["", ""]
    assert (house.user / ".gemini/settings.json").exists()
    assert not (house.user / ".claude.json").exists()
    assert not (house.user / ".config/systemd").exists()


async def test_what_the_older_program_called_otherwise_is_understood(house: House) -> None:
    made = await house.cli(
        "setup", "--no-service", "--agent", "claude-code", "--relay", "https://x", "--experimental-channels"
    )
    assert made.code == 0
    assert "there is no relay here" in made.err
    assert "claude --dangerously-load-development-channels server:peerline" in made.out
    again = await house.cli("setup", "--no-service", "--agent", "claude-code")
    assert "nothing to change" in again.out, "what was chosen once stays"
    entry = json.loads((house.user / ".claude.json").read_text())["mcpServers"]["peerline"]
    assert entry["args"][-1] == "--channels"
    assert (await house.cli("setup", "--channels", "--mcp", "http")).code == 2


async def test_at_a_terminal_it_asks_for_folders_and_chats_and_keeps_the_answer(house: House) -> None:
    (house.user / "work").mkdir()
    async with house.terminal("setup", "--no-service", "--agent", "opencode") as screen:
        await screen.shows("folders, separated by commas (Enter: none):")
        screen.type("~/work, ~/nowhere")
        await screen.shows(f'there is no folder "{house.user}/nowhere"')
        screen.type("~/work")
        await screen.shows("connect Telegram now?")
        screen.type("n")
        await screen.shows("connect Slack now?")
        screen.type("")
        assert await screen.ended() == 0
    kept = yaml.safe_load((house.home / "config.yaml").read_text())
    spawn = kept["daemon"]["spawn"]
    assert spawn["allowed_paths"] == [f"{house.user}/work"]
    usual = {"claude-code": "claude", "codex": "codex", "gemini": "gemini", "opencode": "opencode"}
    path = house.env.get("PATH")
    assert spawn.get("commands", {}) == {
        name: word for name, word in usual.items() if shutil.which(word, path=path)
    }
    assert list(spawn.get("commands", {})) == sorted(
        spawn.get("commands", {})
    )  # Claude Code is the usual one
