"""Where everything lies: all of it below one home, ``PEERLINE_HOME`` or ``~/.peerline``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Paths:
    home: Path

    @property
    def socket(self) -> Path:
        return self.home / "run" / "peerline.sock"

    @property
    def lock(self) -> Path:
        return self.home / "run" / "peerline.lock"

    @property
    def database(self) -> Path:
        return self.home / "peerline.db"

    @property
    def backups(self) -> Path:
        return self.home / "backups"

    @property
    def aside(self) -> Path:
        """What was moved out of the way: broken databases, never deleted by us."""
        return self.home / "aside"

    @property
    def token(self) -> Path:
        return self.home / "token"

    @property
    def config(self) -> Path:
        return self.home / "config.yaml"

    @property
    def personas(self) -> Path:
        """The user's own."""
        return self.home / "personas"

    @property
    def orchestrator(self) -> Path:
        """The workspace of one, where it is not told to be elsewhere."""
        return self.home / "orchestrator"

    @property
    def spool(self) -> Path:
        return self.home / "spool"

    @property
    def files(self) -> Path:
        return self.home / "files"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def log(self) -> Path:
        return self.logs / "peerline.log"

    @property
    def history(self) -> Path:
        return self.home / "chat-history"


def found() -> Paths:
    """The home of this user, or the one named by the environment."""
    named = os.environ.get("PEERLINE_HOME")
    return Paths(Path(named).expanduser().absolute() if named else Path.home() / ".peerline")
