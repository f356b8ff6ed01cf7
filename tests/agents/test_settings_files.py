"""What an installer or a person wrote into an agent's settings stays when a rig adds its own."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.agents.settings_files import merge_json, merge_toml

WANTED: Mapping[tuple[str, ...], Mapping[str, Any]] = {
    (): {"model": "m"},
    ("features",): {"daemon": False},
    ("projects", "/a b"): {"trust_level": "trusted"},
}
PARSED = {"model": "m", "features": {"daemon": False}, "projects": {"/a b": {"trust_level": "trusted"}}}


@pytest.mark.parametrize(
    ("before", "more"),
    [
        ("", {}),
        ("# mine\n[tui]\ntheme = 'dark'\n", {"tui": {"theme": "dark"}}),
        ("model = 'other'\n", {"model": "other"}),
        ("[features]\nhooks = true", {"features": {"hooks": True, "daemon": False}}),
        ("[features] # all of them\ndaemon = true\n", {"features": {"daemon": True}}),
    ],
)
def test_toml_gains_what_is_missing_and_keeps_every_line(
    tmp_path: Path, before: str, more: dict[str, object]
) -> None:
    path = tmp_path / "config.toml"
    path.write_text(before)
    merge_toml(path, WANTED)
    once = path.read_text()
    assert tomllib.loads(once) == PARSED | more
    assert [line for line in before.splitlines() if line not in once.splitlines()] == []
    merge_toml(path, WANTED)
    assert path.read_text() == once


def test_json_gains_what_is_missing_and_keeps_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "of/settings.json"
    merge_json(path, {"hooks": {"Stop": ["ours"]}, "theme": "dark"})
    merge_json(path, {"hooks": {"Stop": ["theirs"], "Start": []}, "theme": "light"})
    assert path.read_text().count("ours") == 1
    assert '"theme": "dark"' in path.read_text()
    assert "theirs" in path.read_text()
