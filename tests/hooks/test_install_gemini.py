"""Gemini CLI has one file for hooks and servers: ours come and go in it, and everybody else's bytes stay."""

from __future__ import annotations

import json
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest

from hooks.agents import GEMINI
from hooks.entries import HomePaths
from hooks.errors import SettingsRefused
from hooks.install import install, present, status, uninstall

AGENTS = [GEMINI]
EVENTS = {
    "SessionStart",
    "BeforeAgent",
    "BeforeTool",
    "AfterTool",
    "Notification",
    "AfterAgent",
    "SessionEnd",
}
SETTINGS = """{
  "ui": {"theme": "Default"},
  "hooks": {
    "AfterAgent": [ { "matcher": "*", "hooks": [ { "type": "command", "command": "say 'd\\u006fne'" } ] } ]
  },
  "tools": {"allowed": ["run_shell_command(git status)"]},
  "mcpServers": {"other": {"command": "x", "trust": true}}
}
"""
STARTS = {
    "none": None,
    "empty": "",
    "an empty object": "{}\n",
    "somebody else's": SETTINGS,
    "on one line": '{"mcpServers": {}, "tools": {"core": ["ls"]}, "hooks": {}}',
    "windows": SETTINGS.replace("\n", "\r\n"),
}


@pytest.fixture
def home(tmp_path: Path) -> HomePaths:
    (tmp_path / "user/.gemini").mkdir(parents=True)
    return HomePaths.of({"HOME": str(tmp_path / "user"), "PATH": str(tmp_path / "bin")}, port=8377)


def write(home: HomePaths, text: str | None) -> Path:
    path = home.settings(GEMINI)
    if text is not None:
        path.write_bytes(text.encode())
    return path


def read(home: HomePaths) -> Any:
    return json.loads(home.settings(GEMINI).read_bytes())


def test_hooks_and_the_server_are_in_its_one_file(home: HomePaths) -> None:
    changes = install(AGENTS, home)
    there = read(home)
    folder = home.home / ".gemini"
    assert [each.path for each in changes] == [folder / "settings.json", folder / "policies/peerline.toml"]
    assert set(there["hooks"]) == EVENTS
    [ended] = there["hooks"]["AfterAgent"]
    pipe = str(home.packages / "hooks/pipe.py")
    words = [str(home.python), "-I", "-S", "-E", pipe, str(home.socket), "gemini", "AfterAgent"]
    assert shlex.split(ended["hooks"][0]["command"]) == words
    assert (ended["hooks"][0]["timeout"], ended["hooks"][0]["name"]) == (5000, "peerline")
    assert there["hooks"]["BeforeTool"][0]["matcher"] == "*"
    shim = ["-I", "-S", "-E", str(home.packages / "mcp_server/shim.py"), str(home.socket)]
    assert there["mcpServers"] == {"peerline": {"command": str(home.python), "args": shim}}


def test_it_trusts_no_tool_that_starts_or_ends_anything(home: HomePaths) -> None:
    install(AGENTS, home)
    assert "trust" not in read(home)["mcpServers"]["peerline"]
    [rule] = tomllib.loads((home.home / ".gemini/policies/peerline.toml").read_text())["rule"]
    assert rule["decision"] == "allow"
    assert "mcp_peerline_ask_peer" in rule["toolName"]
    assert all(tool.startswith("mcp_peerline_") for tool in rule["toolName"])
    assert not any("spawn" in tool or "kill" in tool or "*" in tool for tool in rule["toolName"])


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_a_second_install_changes_nothing_and_an_uninstall_restores_the_file(
    home: HomePaths, start: str | None
) -> None:
    path = write(home, start)
    install(AGENTS, home)
    after = path.read_bytes()
    assert status(AGENTS, home)[0].installed
    assert install(AGENTS, home) == []
    assert path.read_bytes() == after
    uninstall(AGENTS, home)
    assert not (path.parent / "policies").exists()
    assert (path.read_bytes() if path.exists() else None) == (None if start is None else start.encode())


def test_everybody_elses_entries_stay(home: HomePaths) -> None:
    write(home, SETTINGS)
    install(AGENTS, home)
    there, before = read(home), json.loads(SETTINGS)
    assert there["ui"] == before["ui"]
    assert there["hooks"]["AfterAgent"][0] == before["hooks"]["AfterAgent"][0]
    assert there["tools"] == before["tools"]
    assert there["mcpServers"]["other"] == before["mcpServers"]["other"]


def test_in_a_file_that_the_agent_rewrote_only_ours_are_gone(home: HomePaths) -> None:
    path = write(home, SETTINGS)
    install(AGENTS, home)
    changed = read(home) | {"model": {"name": "gemini-2.5-pro"}}
    path.write_text(json.dumps(changed, indent=2))
    uninstall(AGENTS, home)
    assert read(home) == json.loads(SETTINGS) | {"model": {"name": "gemini-2.5-pro"}}


def test_the_http_entry_takes_the_place_of_the_other(home: HomePaths) -> None:
    install(AGENTS, home)
    install(AGENTS, home, mcp="http")
    assert read(home)["mcpServers"] == {"peerline": {"httpUrl": "http://127.0.0.1:8377/mcp"}}


def test_another_home_of_its_own_is_followed(home: HomePaths, tmp_path: Path) -> None:
    apart = HomePaths.of({**home.variables, "GEMINI_CLI_HOME": str(tmp_path / "apart")})
    assert present(home) == [GEMINI]
    assert apart.settings(GEMINI) == apart.mcp_file(GEMINI) == tmp_path / "apart/.gemini/settings.json"


def test_what_it_cannot_edit_is_left_alone_with_the_lines_to_paste(home: HomePaths) -> None:
    path = write(home, '{"hooks": []}  // mine')
    with pytest.raises(SettingsRefused) as refused:
        install(AGENTS, home)
    assert '"mcpServers"' in (refused.value.hint or "")
    assert path.read_text() == '{"hooks": []}  // mine'
    assert not (path.parent / "policies").exists()


def test_a_policy_of_that_name_that_is_somebody_elses_stays(home: HomePaths) -> None:
    policy = home.home / ".gemini/policies/peerline.toml"
    policy.parent.mkdir()
    policy.write_text("# mine\n")
    with pytest.raises(SettingsRefused):
        install(AGENTS, home)
    assert policy.read_text() == "# mine\n"
    assert not home.settings(GEMINI).exists()
