"""Who has a terminal, and what a process was begun with and has open: asked when somebody looks into a pane."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection

from daemon.callers import processes
from daemon.callers.processes import Process


def at_terminal(terminal: str) -> list[Process]:
    """Everybody whose controlling terminal that is."""
    if not terminal:
        return []
    if processes.LINUX:
        numbers = [int(name) for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208 -- as above
    else:
        numbers = [
            int(word)
            for word in processes.said_by("ps", "-o", "pid=", "-t", terminal.removeprefix("/dev/")).split()
        ]
    return [found for pid in numbers if (found := processes.process(pid)) and found.terminal == terminal]


def environment_of(pid: int, names: Collection[str]) -> dict[str, str]:
    """These variables, as the process was begun with; on macOS nobody tells."""
    try:
        told = processes.read(f"/proc/{pid}/environ", processes.LONGEST_LINE) if processes.LINUX else ""
    except OSError:
        return {}
    pairs = (each.partition("=") for each in told.split("\0"))
    return {name: value for name, _, value in pairs if name in names}


def open_files(pid: int) -> list[str]:
    """The paths that it has open, as far as they can be read."""
    try:
        if processes.LINUX:
            return [os.readlink(each.path) for each in os.scandir(f"/proc/{pid}/fd")]  # noqa: PTH115 -- as above
        told = processes.said_by("lsof", "-a", "-p", str(pid), "-F", "n")
        return [line[1:] for line in told.splitlines() if line.startswith("n/")]
    except (OSError, subprocess.SubprocessError):
        return []
