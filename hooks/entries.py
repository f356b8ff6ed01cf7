"""What we write into an agent's files, and how we know it again.

A ``Part`` is one file with what shall stand in it. Ours is whatever runs a ``hooks/pipe.py`` the way we do,
from wherever (an environment that was moved leaves such lines behind), the MCP entry ``peerline``, and the
tools of ours that may be called without a dialog.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from hooks.agents import WAKE, WAKES_S, Agent, Event
from hooks.errors import SettingsRefused
from hooks.jsontext import Node

McpKind = Literal["stdio", "http"]
PYTHON_FLAGS = ("-I", "-S", "-E")
PIPE = "/hooks/pipe.py"
ENTRY = "peerline"


@dataclass(frozen=True, slots=True)
class HomePaths:
    """Where everything is; ``packages`` is the folder that holds ``hooks``, a ``port`` of 0 means no TCP."""

    home: Path
    peerline_home: Path
    socket: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    python: Path = field(default_factory=lambda: Path(sys.executable))
    packages: Path = field(default_factory=lambda: Path(__file__).resolve().parents[1])
    port: int = 0

    @classmethod
    def of(cls, variables: Mapping[str, str], port: int = 0) -> HomePaths:
        home = Path(variables.get("HOME") or Path.home())
        ours = Path(variables.get("PEERLINE_HOME") or home / ".peerline").absolute()
        return cls(home, ours, ours / "run" / "peerline.sock", dict(variables), port=port)

    def folder(self, agent: Agent) -> Path:
        return Path(self.variables.get(agent.folder_variable) or self.home / agent.folder)

    def settings(self, agent: Agent) -> Path:
        return self.folder(agent) / agent.settings

    def mcp_file(self, agent: Agent) -> Path:
        apart = self.variables.get(agent.folder_variable)
        return Path(apart or self.home) / agent.mcp_file


@dataclass(frozen=True, slots=True)
class Own:
    """An entry of ours as found: ``label`` says which, ``start`` where; one not ``current`` is outdated."""

    label: str
    start: int
    current: bool = True


@dataclass(frozen=True, slots=True)
class HooksPart:
    """Hooks and permissions, in the form of Claude Code's settings.json."""

    agent: Agent
    path: Path
    home: HomePaths

    @property
    def additions(self) -> dict[str, Any]:
        hooks = {event.name: [self.group(event)] for event in self.agent.events}
        return {"hooks": hooks, "permissions": {"allow": list(self.agent.allowed_tools)}}

    @property
    def wanted(self) -> tuple[str, ...]:
        events = (f"hooks.{event.name}" for event in self.agent.events)
        return (*events, *(f"permissions.allow.{tool}" for tool in self.agent.allowed_tools))

    def group(self, event: Event) -> dict[str, Any]:
        matcher = {} if event.matcher is None else {"matcher": event.matcher}
        run = {"type": "command", "command": self.command(event), "timeout": event.timeout}
        return {**matcher, "hooks": [run, *([self.waking()] if event.wakes else [])]}

    def waking(self) -> dict[str, Any]:
        """It runs in the background; its exit code 2 wakes the agent, with what it wrote to standard error."""
        command = self.command(Event(WAKE, seconds=WAKES_S))
        return {"type": "command", "command": command, "timeout": WAKES_S + 10, "asyncRewake": True}

    def command(self, event: Event) -> str:
        seconds = () if event.seconds == Event("").seconds else (f"{event.seconds:g}",)
        pipe = f"{self.home.packages}{PIPE}"
        words = (
            self.home.python,
            *PYTHON_FLAGS,
            pipe,
            self.home.socket,
            self.agent.name,
            event.name,
            *seconds,
        )
        return shlex.join(str(word) for word in words)

    def own(self, root: Node) -> Iterator[Own]:
        hooks = root.get("hooks")
        for event in hooks.children if hooks else ():
            for group in event.node.children:
                yield from self.own_in_group(event.key or "", group.start, group.node)
        permissions = root.get("permissions")
        allowed = permissions.get("allow") if permissions else None
        for item in allowed.children if allowed else ():
            tool = item.node.value
            if tool in self.agent.allowed_tools:
                yield Own(f"permissions.allow.{tool}", item.start)

    def own_in_group(self, event: str, start: int, group: Node) -> Iterator[Own]:
        runs = group.get("hooks")
        ours = [run for run in (runs.children if runs else ()) if is_ours(run.node, self.agent.name)]
        whole = runs is not None and len(ours) == len(runs.children)
        if ours and whole:
            yield Own(f"hooks.{event}", start, group.value == self.wanted_group(event))
        elif ours:
            wanted = (self.wanted_group(event) or {}).get("hooks")
            for run in ours:
                yield Own(f"hooks.{event}", run.start, [each.node.value for each in ours] == wanted)

    def wanted_group(self, name: str) -> dict[str, Any] | None:
        return next((self.group(event) for event in self.agent.events if event.name == name), None)


@dataclass(frozen=True, slots=True)
class McpPart:
    """The MCP entry, in the form of Claude Code's .claude.json."""

    agent: Agent
    path: Path
    home: HomePaths
    kind: McpKind

    @property
    def additions(self) -> dict[str, Any]:
        return {"mcpServers": {ENTRY: self.entry()}}

    @property
    def wanted(self) -> tuple[str, ...]:
        return (f"mcpServers.{ENTRY}",)

    def entry(self) -> dict[str, Any]:
        if self.kind == "http":
            return {"type": "http", "url": f"http://127.0.0.1:{self.home.port}/mcp"}
        shim = f"{self.home.packages}/mcp_server/shim.py"
        arguments = [*PYTHON_FLAGS, shim, str(self.home.socket)]
        return {"type": "stdio", "command": str(self.home.python), "args": arguments}

    def own(self, root: Node) -> Iterator[Own]:
        servers = root.get("mcpServers")
        for server in servers.children if servers else ():
            if server.key == ENTRY:
                there = server.node.value
                current = isinstance(there, dict) and there.items() >= self.entry().items()
                yield Own(f"mcpServers.{ENTRY}", server.start, current)


Part = HooksPart | McpPart


def parts(agent: Agent, home: HomePaths, mcp: McpKind = "stdio") -> tuple[Part, ...]:
    if mcp == "http" and not home.port:
        raise SettingsRefused(
            "the HTTP entry needs the daemon's TCP port, and there is none",
            "set daemon.port in config.yaml, or use --mcp stdio",
        )
    hooks = HooksPart(agent, real(home.settings(agent)), home)
    return hooks, McpPart(agent, real(home.mcp_file(agent)), home, mcp)


def real(path: Path) -> Path:
    """Follow symbolic links: the file is edited where it lies, and the link stays a link."""
    return Path(os.path.realpath(path))


def is_ours(run: Node, agent: str) -> bool:
    there = run.value
    command = there.get("command") if isinstance(there, dict) else None
    try:
        words = shlex.split(command) if isinstance(command, str) else []
    except ValueError:
        return False
    pipes = [at for at, word in enumerate(words) if word.endswith(PIPE)]
    return any(tuple(words[at - 3 : at]) == PYTHON_FLAGS and agent in words[at + 2 : at + 3] for at in pipes)
