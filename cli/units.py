"""The daemon as a service of one user: what systemd and launchd are told. Pure.

Rule: the service's end is the daemon's end alone. Agents that it started live on: systemd ends the main process only
(``KillMode=process``), launchd leaves the rest of the group (``AbandonProcessGroup``).
"""

from __future__ import annotations

import plistlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.parsers.expat import ExpatError

from daemon.core.errors import Refused

NAME: Final = "peerline"
LABEL: Final = "dev.peerline.daemon"
AGAIN_S: Final = 2
#: The daemon ends by itself well within it; what it had accepted is on disk anyway.
END_S: Final = 20


@dataclass(frozen=True, slots=True)
class Daemon:
    """What is to be run. ``environment``: all that it needs of the user's, by name."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    log: str = ""


def systemd_path(home: Path, config_home: str = "") -> Path:
    """Where a user's units stand; ``config_home`` is XDG_CONFIG_HOME."""
    return (Path(config_home) if config_home else home / ".config") / "systemd" / "user" / f"{NAME}.service"


def launchd_path(home: Path) -> Path:
    return home / "Library" / "LaunchAgents" / f"{LABEL}.plist"


def systemd(daemon: Daemon) -> str:
    """Return the unit.

    Raises:
        Refused: it cannot be said in a unit.

    """
    variables = [
        f"Environment={_quoted(f'{name}={value}')}" for name, value in sorted(daemon.environment.items())
    ]
    return "\n".join([
        "[Unit]",
        "Description=Peerline: coding agents and chats on one line",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        f"ExecStart={' '.join(_argument(each) for each in daemon.command)}",
        *variables,
        "Restart=on-failure",
        f"RestartSec={AGAIN_S}",
        "KillMode=process",
        f"TimeoutStopSec={END_S}",
        "",
        "[Install]",
        "WantedBy=default.target",
        "",
    ])  # fmt: skip


def launchd(daemon: Daemon) -> bytes:
    """Return the property list."""
    return plistlib.dumps({
        "Label": LABEL,
        "ProgramArguments": list(daemon.command),
        "EnvironmentVariables": dict(daemon.environment),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": AGAIN_S,
        "AbandonProcessGroup": True,
        "ExitTimeOut": END_S,
        "ProcessType": "Interactive",
        "StandardErrorPath": daemon.log,
    })  # fmt: skip


def runs(unit: bytes) -> tuple[str, ...]:
    """What a unit of either kind starts; () if it is none."""
    if unit.startswith(b"<?xml"):
        with suppress(plistlib.InvalidFileException, ExpatError):
            return tuple(plistlib.loads(unit).get("ProgramArguments", ()))
        return ()
    lines = unit.decode("utf-8", "replace").splitlines()
    return tuple(line for line in lines if line.startswith("ExecStart="))


def _argument(text: str) -> str:
    """In a command a dollar sign is a variable's, too."""
    return _quoted(text).replace("$", "$$")


def _quoted(text: str) -> str:
    if not text.isprintable():
        raise Refused(
            f"{text!r} cannot stand in a unit of systemd", "give it a name without control characters"
        )
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'
