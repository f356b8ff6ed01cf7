"""What the doctor finds of the agents that are installed, and what of it he mends."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cli import agentchecks
from daemon.health import findings
from daemon.paths import Paths
from hooks.agents import CLAUDE_CODE, CODEX
from hooks.entries import HomePaths
from hooks.install import install, status
from tests.hooks.trees import tree


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HomePaths:
    """A user with one agent, and a project in which they stand."""
    for folder in ("user", "bin", "project"):
        (tmp_path / folder).mkdir()
    program = tmp_path / "bin/claude"
    program.write_text(f"#!/bin/sh\necho '{CLAUDE_CODE.measured} (Claude Code)'\n")
    program.chmod(0o755)
    variables = {
        "HOME": str(tmp_path / "user"),
        "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin",
        "PEERLINE_HOME": str(tmp_path / "ours"),
    }
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "GEMINI_CLI_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path / "project")
    return HomePaths.of(variables, port=8377)


def codes() -> list[str]:
    return [each["code"] for each in agentchecks.findings() if each["code"] != "home_in_temp"]


def test_of_what_is_set_up_there_is_nothing_to_say(home: HomePaths) -> None:
    install([CLAUDE_CODE], home)
    assert codes() == []
    install([CLAUDE_CODE], home, mcp="http")
    assert codes() == []


def test_an_agent_that_is_installed_and_not_set_up_is_named_with_the_command(home: HomePaths) -> None:
    [told] = [each for each in agentchecks.findings() if each["code"] == "agent_not_set_up"]
    assert told["fix"] == "`peerline setup --agent claude-code`"


def without_the_entry(home: HomePaths) -> None:
    home.mcp_file(CLAUDE_CODE).write_text("{}")


def without_one_hook(home: HomePaths) -> None:
    there = json.loads(home.settings(CLAUDE_CODE).read_text())
    del there["hooks"]["Stop"]
    home.settings(CLAUDE_CODE).write_text(json.dumps(there))


def unreadable(home: HomePaths) -> None:
    home.settings(CLAUDE_CODE).write_text("{ mine")


def of_another_version(home: HomePaths) -> None:
    program = home.home.parent / "bin/claude"
    program.write_text("#!/bin/sh\necho 3.0.1\n")


def another_of_the_name(where: Callable[[HomePaths], Path]) -> Callable[[HomePaths], None]:
    def put(home: HomePaths) -> None:
        entry = {"mcpServers": {"peerline": {"command": "somebody-elses"}}}
        path = where(home)
        there = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps({**there, **({"projects": {"/x": entry}} if there else entry)}))

    return put


def another_installation(home: HomePaths) -> None:
    program = home.home.parent / "bin/peerline"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)


CHANGES = {
    "mcp_missing": without_the_entry,
    "hooks_changed": without_one_hook,
    "settings_unreadable": unreadable,
    "version_unmeasured": of_another_version,
    "two_installations": another_installation,
}


@pytest.mark.parametrize(("code", "change"), CHANGES.items(), ids=CHANGES)
def test_what_is_wrong_is_found_and_left_alone(
    home: HomePaths, code: str, change: Callable[[HomePaths], None]
) -> None:
    install([CLAUDE_CODE], home)
    change(home)
    before = tree(home.home)
    agentchecks.mended()
    assert codes() == [code]
    assert tree(home.home) == before


@pytest.mark.parametrize(
    "where",
    [lambda _: Path(".mcp.json"), lambda home: home.mcp_file(CLAUDE_CODE)],
    ids=["project", "own file"],
)
def test_another_server_of_our_name_that_stands_nearer_is_found(
    home: HomePaths, where: Callable[[HomePaths], Path]
) -> None:
    install([CLAUDE_CODE], home)
    another_of_the_name(where)(home)
    assert codes() == ["mcp_shadowed"]


def test_entries_that_run_what_is_gone_are_found_and_mended_and_nothing_else_is(home: HomePaths) -> None:
    install([CLAUDE_CODE], replace(home, python=Path("/gone/bin/python"), packages=Path("/gone/lib")))
    home.folder(CODEX).mkdir()
    [told] = [each for each in agentchecks.findings() if each["code"] == "hooks_dead"]
    assert ("/gone/bin/python" in told["sentence"], told["fix"]) == (True, "`peerline doctor --fix`")
    agentchecks.mended()
    assert codes() == []
    assert status([CLAUDE_CODE], home)[0].installed
    assert list(home.folder(CODEX).iterdir()) == []


def test_a_distribution_that_has_our_names_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "python_daemon-3.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: python-daemon\nVersion: 3.0\n")
    (other / "top_level.txt").write_text("daemon\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    [told] = [each for each in findings(Paths(tmp_path / "none")) if each["code"] == "shadowed"]
    assert "python-daemon" in told["sentence"]
