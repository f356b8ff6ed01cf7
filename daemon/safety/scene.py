"""What the checks look at, gathered once; and what a check is."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from daemon import settings
from daemon.core.errors import PeerlineError
from daemon.paths import Paths
from daemon.settings import Settings

Json = dict[str, Any]
OTHERS: Final = 0o077  #: what group and everybody else may
WRITING: Final = 0o022
PROGRAMS: Final = {"tmux": ("tmux", "-V"), "claude": ("claude", "--version")}
PATIENCE_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything that is outside: a test puts its own in place."""

    paths: Paths
    settings: Settings
    environment: Mapping[str, str]
    user: Path  #: the user's own home
    uid: int
    umask: int
    mounts: str  #: as in ``/proc/self/mounts``
    versions: Mapping[str, str]
    tmux_folder: Path
    status: Json | None = None  #: what a running daemon says
    proc: Path = field(default=Path("/proc"))

    def daemon_told(self, name: str) -> str:
        """A file of the running daemon's below ``/proc``; "" where there is none."""
        if self.status is None:
            return ""
        with contextlib.suppress(OSError):
            return (self.proc / str(self.status["pid"]) / name).read_bytes().decode("utf-8", "replace")
        return ""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Of the database, read only; nothing where there is none or it cannot be read."""
        if not self.paths.database.exists():
            return []
        try:
            with contextlib.closing(
                sqlite3.connect(f"{self.paths.database.as_uri()}?mode=ro", uri=True)
            ) as conn:
                return conn.execute(sql).fetchall()
        except sqlite3.Error:
            return []


@dataclass(frozen=True, slots=True)
class Check:
    """One question. ``look`` yields a sentence for each thing that is wrong; ``mend`` puts right what it safely can."""

    code: str
    level: str  #: error, warning or info
    wanted: str  #: what is true when it passes
    look: Callable[[Scene], Iterator[str]]
    fix: str
    mend: Callable[[Scene], None] | None = None

    def result(self, scene: Scene) -> Json:
        wrong = list(self.look(scene))
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        return {
            "code": self.code,
            "passed": not wrong,
            "level": self.level,
            "sentence": f"{wrong[0]}{more}" if wrong else self.wanted,
            "fix": self.fix if wrong else "",
        }


def found(paths: Paths, status: Json | None) -> Scene:
    """The machine as it is."""
    try:
        told = settings.load(paths.config, os.environ)
    except PeerlineError:
        told = Settings()  # the other checks of the doctor say what is wrong with it
    umask = os.umask(0o077)
    os.umask(umask)
    return Scene(
        paths=paths,
        settings=told,
        environment=dict(os.environ),
        user=Path.home(),
        uid=os.getuid(),
        umask=umask,
        mounts=_text(Path("/proc/self/mounts")),
        versions=_versions(),
        tmux_folder=Path(os.environ.get("TMUX_TMPDIR", "/tmp")) / f"tmux-{os.getuid()}",  # noqa: S108 -- tmux's own place
        status=status,
    )


def _versions() -> dict[str, str]:
    told = {"aiohttp": version("aiohttp"), "sqlite": sqlite3.sqlite_version}
    for name, argv in PROGRAMS.items():
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            said = subprocess.run(
                argv, capture_output=True, text=True, timeout=PATIENCE_S, check=False
            ).stdout
            if number := re.search(r"\d+(\.\d+)+[a-z]?", said):
                told[name] = number.group()
    return told


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
