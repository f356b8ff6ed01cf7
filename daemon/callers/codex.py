"""Codex as a process (0.169.0): whether it serves one terminal or several, and the program that queues for it.

It has no registry of live sessions. With ``features.daemon_auto_start`` (its default) all terminals of one CODEX_HOME
run inside one ``codex app-server --managed-daemon``: their hooks carry the variables of the terminal that was first.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daemon.callers import processes

QUEUE: Final = "queue:"  #: before the path of the program that puts messages into its queue
SERVER: Final = "app-server"
HEADLESS: Final = frozenset({"exec", "e", "review"})  #: subcommands that run for one prompt
_LINUX: Final = sys.platform == "linux"


@dataclass(frozen=True, slots=True)
class Told:
    """``program``: the path of what runs; ``words``: what it was started with, itself left out."""

    program: str
    words: tuple[str, ...]

    @property
    def shared(self) -> bool:
        return SERVER in self.words[:1]

    @property
    def for_one_prompt(self) -> bool:
        return next((word for word in self.words if not word.startswith("-")), "") in HEADLESS


NOTHING: Final = Told("", ())


def folder(home: str, configured: str = "") -> Path:
    return Path(configured) if configured else Path(home) / ".codex"


def told_of(pid: int) -> Told:
    """What the process is, ``NOTHING`` if it is gone."""
    try:
        if _LINUX:
            return Told(str(Path(f"/proc/{pid}/exe").readlink()), processes.words_of(pid)[1:])
        return _from_ps(pid)
    except (OSError, ValueError, subprocess.SubprocessError):
        return NOTHING


def queue_of(told: Told) -> str:
    """Its inbox, in the form in which a session keeps it; "" when its program is not known to be Codex."""
    return f"{QUEUE}{told.program}" if Path(told.program).name == "codex" else ""


def _from_ps(pid: int) -> Told:
    """The words are split at spaces: of those only the first ones matter."""
    program = processes.said_by("ps", "-o", "comm=", "-p", str(pid)).strip()
    said = processes.said_by("ps", "-o", "comm=,args=", "-p", str(pid)).strip()
    return Told(program, tuple(said.removeprefix(program).strip().split()[1:]))
