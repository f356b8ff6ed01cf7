"""Where the agents' files are, what a file of theirs shall hold of ours, and how we know it again.

A ``Part`` is one file with what shall stand in it. Ours is whatever runs a ``hooks/pipe.py`` the way we do,
from wherever (an environment that was moved leaves such lines behind), the MCP entry ``peerline``, and the
tools of ours that may be called without a dialog.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from hooks.agents import Agent, Event
from hooks.jsontext import Edit

McpKind = Literal[
    "stdio", "http", "channels"
]  #: the last: stdio, and Claude Code may be nudged by its channel
PYTHON_FLAGS = ("-I", "-S", "-E")
PIPE = "/hooks/pipe.py"
SHIM = "/mcp_server/shim.py"
ENTRY = "peerline"
PERMISSION = "permissions.allow."
CHANNELS = "--channels"


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
        named = self.variables.get(agent.folder_variable)
        return Path(named) / agent.below if named else self.home_of(agent) / agent.folder

    def home_of(self, agent: Agent) -> Path:
        return Path(self.variables.get(agent.home_variable) or self.home)

    def settings(self, agent: Agent) -> Path:
        return self.folder(agent) / agent.settings

    def mcp_file(self, agent: Agent) -> Path:
        apart = self.variables.get(agent.folder_variable)
        inside = self.folder(agent) if agent.mcp_inside else Path(apart or self.home_of(agent))
        return inside / agent.mcp_file


@dataclass(frozen=True, slots=True)
class Own:
    """An entry of ours as found: ``label`` says which, ``start`` where; one not ``current`` is outdated."""

    label: str
    start: int
    current: bool = True


@dataclass(frozen=True, slots=True)
class Addition:
    """What puts our entries into a text.

    ``created``: the paths of the objects and lists that it makes; ``kept``: the labels of entries like ours that stood
    there already.
    """

    edits: Sequence[Edit]
    created: tuple[tuple[str, ...], ...] = ()
    kept: tuple[str, ...] = ()


class Part(Protocol):
    """One file with what shall stand in it, in whatever form. Offsets count code points.

    ``wanted``: the labels of our entries. ``by_hand``: what a person can put there who does it without us.
    Whatever reads the text raises NotSpliceable where it is in no form that we dare to edit.
    """

    @property
    def agent(self) -> Agent: ...

    @property
    def path(self) -> Path: ...

    @property
    def wanted(self) -> tuple[str, ...]: ...

    @property
    def by_hand(self) -> str: ...

    def own(self, text: str) -> Sequence[Own]:
        """What of ours stands there."""
        ...

    def addition(self, base: str) -> Addition:
        """What puts ours into a text that holds nothing of it."""
        ...

    def removal(
        self, text: str, doomed: frozenset[int], created: tuple[tuple[str, ...], ...] | None
    ) -> Sequence[Edit]:
        """What takes out the entries at those starts, and what of ``created`` is empty then (None: not known)."""
        ...

    def is_bare(self, text: str) -> bool:
        """Nobody has anything in it."""
        ...


def command(home: HomePaths, agent: Agent, event: Event) -> str:
    """The command line of a hook."""
    seconds = () if event.seconds == Event("").seconds else (f"{event.seconds:g}",)
    pipe = f"{home.packages}{PIPE}"
    words = (home.python, *PYTHON_FLAGS, pipe, home.socket, agent.name, event.name, *seconds)
    return shlex.join(str(word) for word in words)


def shim(home: HomePaths, *options: str) -> tuple[str, list[str]]:
    """The program of our MCP entry, and its arguments."""
    return str(home.python), [*PYTHON_FLAGS, f"{home.packages}{SHIM}", str(home.socket), *options]


def real(path: Path) -> Path:
    """Follow symbolic links: the file is edited where it lies, and the link stays a link."""
    return Path(os.path.realpath(path))


def is_ours(told: object, agent: str) -> bool:
    """Whether that is a command line of ours, for that agent."""
    try:
        words = shlex.split(told) if isinstance(told, str) else []
    except ValueError:
        return False
    pipes = [at for at, word in enumerate(words) if word.endswith(PIPE)]
    return any(tuple(words[at - 3 : at]) == PYTHON_FLAGS and agent in words[at + 2 : at + 3] for at in pipes)
