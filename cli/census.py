"""Which agents are installed here, and of which version, told by themselves.

Rule: asking leaves no trace. Some make folders even for their version, so each is asked in a home that is thrown away.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cli.output import note
from hooks.agents import Agent
from hooks.entries import HomePaths

PATIENCE_S: Final = 30.0  #: one of them takes seven on a busy machine
#: Where programs that keep to it put what is theirs.
APART: Final = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")


@dataclass(frozen=True, slots=True)
class Installed:
    """One agent as found; ``program`` is "" where only its folder is there, ``version`` where it told none."""

    agent: Agent
    program: str
    version: str

    @property
    def is_measured(self) -> bool:
        return self.version == self.agent.measured


def taken(agents: Iterable[Agent], home: HomePaths, *, patience_s: float = PATIENCE_S) -> list[Installed]:
    """Ask all of them at once; whoever has not answered in time has no version."""
    found = [(agent, shutil.which(agent.program, path=home.variables.get("PATH")) or "") for agent in agents]
    if called := [agent.program for agent, program in found if program]:
        note(f"asking {', '.join(called)} for the version …")
    with TemporaryDirectory(prefix="peerline-census-", ignore_cleanup_errors=True) as apart:
        asked = [_asked(agent, program, home, Path(apart)) for agent, program in found]
        until = time.monotonic() + patience_s
        try:
            told = [_told(each, until) for each in asked]
        finally:
            for each in filter(None, asked):
                _ended(each[0])
    return [Installed(agent, program, version) for (agent, program), version in zip(found, told, strict=True)]


Asked = tuple[subprocess.Popen[bytes], Path]


def _asked(agent: Agent, program: str, home: HomePaths, apart: Path) -> Asked | None:
    if not program:
        return None
    place = apart / agent.name
    place.mkdir()
    names = filter(None, (agent.folder_variable, agent.home_variable))
    moved = dict.fromkeys((*names, *(APART if agent.folder_variable in APART else ())), str(place))
    said = apart / f"{agent.name}.txt"
    with suppress(OSError), said.open("wb") as out:
        child = subprocess.Popen(
            [program, "--version"],
            env={**home.variables, **moved},
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return child, said
    return None


def _told(asked: Asked | None, until: float) -> str:
    if asked is None:
        return ""
    child, said = asked
    with suppress(subprocess.TimeoutExpired):
        child.wait(max(0.0, until - time.monotonic()))
    found = re.search(r"\d+(?:\.\d+)+", said.read_text("utf-8", "replace"))
    return found.group() if found else ""


def _ended(child: subprocess.Popen[bytes]) -> None:
    """It and all that it started, if it has not ended by itself."""
    if child.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
