"""A real repository to look at, and what is known of the peer that works there."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from daemon.core.model import Authority, Peer, Role, Session, Turn
from daemon.errands.interface import Sight

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    **{
        f"GIT_{who}_{what}": "ada@example.org"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    },
}


def peer(folder: Path | str, name: str = "backend") -> Peer:
    return Peer(
        peer_id="p-backend",
        name=name,
        wish=name,
        circle="dev",
        role=Role.AGENT,
        backend="claude-code",
        authority=Authority.PEER,
        registered_at=NOON,
        last_seen=NOON,
        path=str(folder),
    )


def session(**more: Any) -> Session:
    made = Session(
        session_id="s-1", peer_id="p-backend", pid=1, started=1, began_at=NOON, turn_at=NOON, turn=Turn.IDLE
    )
    return replace(made, **more)


def sight(folder: Path | str, argument: str = "", **more: Any) -> Sight:
    return Sight(peer=peer(folder), argument=argument, now=NOON, **more)


class Repository:
    def __init__(self, folder: Path, *, commit: bool = True, hashes: str = "sha1") -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main", f"--object-format={hashes}")
        if commit:
            self.write("a.py", "one\ntwo\n")
            self.commit("begun")

    def git(self, *words: str, check: bool = True) -> str:
        command = ["git", "-C", str(self.folder), "-c", "protocol.file.allow=always", *words]
        done = subprocess.run(
            command, env=ENVIRONMENT, capture_output=True, text=True, check=check, timeout=20
        )
        return done.stdout

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
