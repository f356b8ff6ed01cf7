"""Agents are asked for their version, and the asking is not seen afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli import census, questions
from daemon.core.errors import Refused
from hooks.agents import AGENTS, CODEX, GEMINI, OPENCODE
from hooks.entries import HomePaths
from tests.hooks.trees import tree

MAKES = (
    'mkdir -p "${XDG_DATA_HOME:-$HOME/.local/share}/opencode" "${XDG_CONFIG_HOME:-$HOME/.config}/opencode"'
)


@pytest.fixture
def home(tmp_path: Path) -> HomePaths:
    for folder in ("user", "bin"):
        (tmp_path / folder).mkdir()
    return HomePaths.of({"HOME": str(tmp_path / "user"), "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"})


def program(home: HomePaths, name: str, text: str) -> None:
    path = home.home.parent / "bin" / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_one_that_makes_folders_for_its_version_makes_them_elsewhere(home: HomePaths) -> None:
    program(home, "opencode", f"{MAKES}; echo 9.9")
    program(home, "gemini", 'mkdir "${GEMINI_CLI_HOME:-$HOME}/.gemini"; echo 0.61.0')
    found = {each.agent: each for each in census.taken(AGENTS.values(), home)}
    assert (found[OPENCODE].version, found[OPENCODE].is_measured) == ("9.9", False)
    assert (found[GEMINI].version, found[GEMINI].is_measured) == ("0.61.0", True)
    assert (found[CODEX].program, found[CODEX].version) == ("", "")
    assert tree(home.home) == {}


def test_one_that_does_not_answer_is_ended_and_has_no_version(home: HomePaths) -> None:
    program(home, "codex", f"echo $$ > {home.home}/pid; exec sleep 60")
    [found] = census.taken([CODEX], home, patience_s=0.5)
    assert (bool(found.program), found.version) == (True, "")
    pid = (home.home / "pid").read_text().strip()
    assert not Path(f"/proc/{pid}").exists()


def test_folders_are_told_apart_and_must_be_there(tmp_path: Path) -> None:
    assert questions.folders(f" {tmp_path} , {tmp_path},") == [str(tmp_path)]
    assert questions.folders("  ") == []
    with pytest.raises(Refused, match="there is no folder"):
        questions.folders(f"{tmp_path}/none")
