"""Who else is called ``peerline`` among the MCP servers of an agent, nearer than our entry and so instead of it.

An agent takes the entry of the project, or of the folder, before its user's. Rule: it only looks.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hooks.agents import CLAUDE_CODE, CODEX, GEMINI, OPENCODE, Agent
from hooks.entries import ENTRY, HomePaths
from hooks.jsontext import strict
from hooks.standing import ours, words_of

#: agent -> the key of its servers, its files in a project's folder, and those beside its own settings
NEARER: Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = MappingProxyType(
    {
        CLAUDE_CODE.name: ("mcpServers", (".mcp.json",), ()),
        CODEX.name: ("mcp_servers", (".codex/config.toml",), ()),
        GEMINI.name: ("mcpServers", (".gemini/settings.json",), ()),
        OPENCODE.name: ("mcp", ("opencode.json", "opencode.jsonc"), ("opencode.jsonc", "config.json")),
    }
)


def rivals(agent: Agent, home: HomePaths, folder: Path) -> list[Path]:
    """The files that have an entry of that name which is not ours, as seen from that folder."""
    key, in_project, beside = NEARER[agent.name]
    mine = home.mcp_file(agent).resolve()
    files = [*(folder / name for name in in_project), *(home.folder(agent) / name for name in beside)]
    found = [path for path in files if path.resolve() != mine and is_rival(document(path), key)]
    if agent is CLAUDE_CODE and any(is_rival(each, key) for each in projects(document(mine))):
        found.append(home.mcp_file(agent))
    return found


def is_rival(told: Any, key: str) -> bool:
    servers = told.get(key) if isinstance(told, Mapping) else None
    entry = servers.get(ENTRY) if isinstance(servers, Mapping) else None
    return isinstance(entry, Mapping) and not list(ours(words_of(entry)))


def projects(told: Any) -> Iterator[Any]:
    """Claude Code keeps what was added for one project in its own file."""
    found = told.get("projects") if isinstance(told, Mapping) else None
    yield from found.values() if isinstance(found, Mapping) else ()


def document(path: Path) -> Any:
    """Its values, comments and last commas left out; None where it has none."""
    try:
        text = path.read_text("utf-8-sig")
        if path.suffix == ".toml":
            return tomllib.loads(text)
        return json.loads(strict(text, last_commas=True))
    except (OSError, ValueError, RecursionError):
        return None
