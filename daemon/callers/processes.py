"""Processes: which one connected, whose child it is, whether it sits at a terminal.

Rule: a process is a pid *and* its start time, since pids are used again. Everything that can vanish while it is read
may vanish: then the answer is "not there".
"""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

DEEPEST: Final = 40
_LINUX: Final = sys.platform == "linux"
_PEERCRED: Final = struct.Struct("3i")
_LOCAL_PEERPID: Final = 0x002  #: sys/un.h on macOS
_STARTED: Final = 19  #: of the fields behind the command in /proc/PID/stat (proc(5), field 22)


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    started: int  #: in the system's own unit; only compared
    parent: int = field(default=0, compare=False)
    command: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Credentials:
    pid: int
    uid: int


def peer_credentials(conn: socket.socket) -> Credentials:
    """Who connected this Unix socket. The pid may have ended since, and even be used again."""
    if _LINUX:
        raw = conn.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEERCRED.size)
        pid, uid, _ = _PEERCRED.unpack(raw)
        return Credentials(pid, uid)
    pid = struct.unpack("i", conn.getsockopt(0, _LOCAL_PEERPID, 4))[0]
    # Another user cannot reach the socket through its folder (0700); macOS tells the pid's owner by ps.
    return Credentials(pid, _ps(pid)[2])


def process(pid: int) -> Process | None:
    """The live process of that number."""
    try:
        return _from_proc(pid) if _LINUX else _from_ps(pid)
    except (OSError, ValueError, IndexError):
        return None


def alive(one: Process) -> bool:
    return process(one.pid) == one


def ancestors(pid: int) -> tuple[Process, ...]:
    """The process and those above it, nearest first, as far as they can be read."""
    line: list[Process] = []
    while pid > 0 and len(line) < DEEPEST and (found := process(pid)):
        line.append(found)
        pid = found.parent
    return tuple(line)


def has_terminal(pid: int) -> bool:
    """Whether standard input or output of the process is a terminal. That is a label, no proof of a person."""
    if not _LINUX:
        return _ps(pid)[3] not in {"", "?", "??"}
    return any(_is_tty(f"/proc/{pid}/fd/{number}") for number in (0, 1))


def folder_of(pid: int) -> str:
    """The working folder of the process, "" if it cannot be read."""
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink()) if _LINUX else ""
    except OSError:
        return ""


def _is_tty(link: str) -> bool:
    try:
        target = os.readlink(link)
    except OSError:
        return False
    return target.startswith(("/dev/pts/", "/dev/tty")) or target == "/dev/console"


def _from_proc(pid: int) -> Process:
    text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    # The command may hold spaces and parentheses; it ends at the last one.
    head, _, rest = text.rpartition(")")
    fields = rest.split()
    if fields[0] in {"Z", "X"}:
        raise ValueError("ended")
    return Process(pid, int(fields[_STARTED]), int(fields[1]), head.partition("(")[2])


def _from_ps(pid: int) -> Process:
    parent, started, _, _, command = _ps(pid)
    return Process(pid, started, parent, command)


def _ps(pid: int) -> tuple[int, int, int, str, str]:
    """Parent, start (seconds since the epoch, local), user id, terminal, command; macOS has no /proc."""
    argv = ["/bin/ps", "-o", "ppid=,uid=,tty=,etime=,comm=", "-p", str(pid)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=2)
    words = done.stdout.split(None, 4)
    argv[2] = "lstart="
    started = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=2).stdout
    return int(words[0]), hash(started.strip()) & 0x7FFFFFFF, int(words[1]), words[2], words[4]
