"""What stands in an agent's files of ours now: which kind of MCP entry, and which programs ours run.

Rule: it only looks. Whoever installs again without naming a kind keeps the one that stands there.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hooks.agents import Agent
from hooks.codexfile import SERVERS, CodexFile
from hooks.entries import CHANNELS, ENTRY, PIPE, PYTHON_FLAGS, SHIM, HomePaths, McpKind, Part
from hooks.errors import NotSpliceable
from hooks.files import settled_content
from hooks.jsonfile import JsonFile, Server
from hooks.jsontext import BOM
from hooks.parts import parts
from hooks.tomltext import read


def kind(agent: Agent, home: HomePaths) -> McpKind | None:
    """How our entry has it, as it stands now; None where none can be read."""
    for part in parts(agent, home):
        entry = entry_in(part, document(part))
        if entry is not None:
            words = words_of(entry)
            return (
                "http" if {"url", "httpUrl"} & entry.keys() else "channels" if CHANNELS in words else "stdio"
            )
    return None


def programs(agent: Agent, home: HomePaths) -> frozenset[Path]:
    """Every interpreter and script that our hooks and our entry run."""
    found = (words for part in parts(agent, home) for words in commands(document(part)))
    return frozenset(Path(word) for words in found for word in ours(words))


def document(part: Part) -> Any:
    """The file's content as values; None where it cannot be read, or is in no form that has any."""
    try:
        text = (settled_content(part.path) or b"").decode().removeprefix(BOM)
        if isinstance(part, CodexFile):
            return read(text)
        return part.parsed(text).value if isinstance(part, JsonFile) else None
    except (OSError, NotSpliceable, ValueError, RecursionError):
        return None


def entry_in(part: Part, told: Any) -> Mapping[str, Any] | None:
    """What is called ``peerline`` among the MCP servers of that file."""
    chapters = part.chapters if isinstance(part, JsonFile) else ()
    keys = [chapter.key for chapter in chapters if isinstance(chapter, Server)]
    keys += [SERVERS] if isinstance(part, CodexFile) else []
    servers = told.get(keys[0]) if keys and isinstance(told, Mapping) else None
    entry = servers.get(ENTRY) if isinstance(servers, Mapping) else None
    return entry if isinstance(entry, Mapping) else None


def words_of(entry: Mapping[str, Any]) -> list[str]:
    """Its command line, however it is written there."""
    command, arguments = entry.get("command"), entry.get("args")
    words = command if isinstance(command, list) else [command]
    return [str(word) for word in (*words, *(arguments if isinstance(arguments, list) else ()))]


def commands(told: Any) -> Iterator[Sequence[str]]:
    """Every command line in it, at any depth."""
    if isinstance(told, Mapping):
        if "command" in told and ("args" in told or isinstance(told["command"], list)):
            yield words_of(told)
        elif isinstance(line := told.get("command"), str):
            yield split(line)
        for value in told.values():
            yield from commands(value)
    elif isinstance(told, list):
        for value in told:
            yield from commands(value)


def split(line: str) -> Sequence[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return ()


def ours(words: Sequence[str]) -> Iterator[str]:
    """The interpreter and the script, if it is a command line of ours."""
    at = len(PYTHON_FLAGS) + 1
    if tuple(words[1:at]) == PYTHON_FLAGS and words[at : at + 1] and words[at].endswith((PIPE, SHIM)):
        yield from (words[0], words[at])
