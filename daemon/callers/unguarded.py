"""Whether a Claude Code session keeps messages of other processes back: it does where it asks nobody for permission.

Measured on 2.1.329: in the mode ``bypassPermissions`` what comes by the messaging socket waits behind a dialog whose
first choice is to drop it, unless the settings say ``"crossSessionInbound": "accept"``; in the other modes it is taken.
Hooks tell the mode, but the first one of a session does not: then the command line and the settings do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from daemon.callers import plain

BYPASS: Final = "bypassPermissions"
FLAG: Final = b"--dangerously-skip-permissions"
MODE: Final = b"--permission-mode"
MOST_BYTES: Final = 1024 * 1024


def keeps_back(told_mode: str, pid: int, config_dir: Path, cwd: str) -> bool:
    """Whether it does.

    Args:
        told_mode: what the hook says; "" when it says nothing.
        pid: the agent's process.
        config_dir: the agent's config folder.
        cwd: the session's folder.

    """
    mode = told_mode or _mode_at_start(pid, config_dir, cwd)
    return mode == BYPASS and not any(
        each.get("crossSessionInbound") == "accept" for each in _settings(config_dir, cwd)
    )


def _mode_at_start(pid: int, config_dir: Path, cwd: str) -> str:
    words = _command_line(pid)
    if FLAG in words:
        return BYPASS
    for word, following in pairwise([*words, b""]):
        if word == MODE:
            return following.decode(errors="replace")
        if word.startswith(MODE + b"="):
            return word.partition(b"=")[2].decode(errors="replace")
    modes = [
        each["permissions"].get("defaultMode") for each in _settings(config_dir, cwd) if _has_modes(each)
    ]
    return next((mode for mode in modes if isinstance(mode, str)), "")


def _command_line(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


def _settings(config_dir: Path, cwd: str) -> Iterator[dict[str, Any]]:
    """What the settings say, the nearest first."""
    project = (
        [Path(cwd) / ".claude" / name for name in ("settings.local.json", "settings.json")] if cwd else []
    )
    for path in (*project, config_dir / "settings.json"):
        try:
            with plain.opened(path) as file:
                told = json.loads(file.read(MOST_BYTES))
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(told, dict):
            yield told


def _has_modes(settings: dict[str, Any]) -> bool:
    return isinstance(settings.get("permissions"), dict)
