"""Processes: which one connected, whose child it is, whether it sits at a terminal.

Rule: a process is a pid *and* its start time, since pids are used again. Everything that can vanish while it
is read may vanish: then the answer is "not there". Linux tells by /proc and the socket, macOS by ps and lsof
(about 5 ms a question; written from the manual pages, tried with Linux's ps and lsof only).
"""

from __future__ import annotations

import calendar
import contextlib
import errno
import os
import select
import socket
import stat
import struct
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

LINE: Final = 4096  #: bytes; a process's stat has some 400
LONGEST_LINE: Final = 256 * 1024  #: of a command; one word has 128 KiB at most (execve(2))
DEEPEST: Final = 40
SHELLS: Final = frozenset({"sh", "bash", "zsh", "dash", "fish", "ksh"})
_LINUX: Final = sys.platform == "linux"

# Socket options Python does not name: asm-generic/socket.h (Linux 6.5), sys/un.h (macOS).
_SOL_LOCAL, _LOCAL_PEERCRED, _LOCAL_PEERPID = 0, 0x001, 0x002
_UCRED: Final = struct.Struct("3i")
_XUCRED: Final = struct.Struct("IIh2x16I")  #: version, uid, number of groups, groups
_SO_PEERPIDFD: Final = 77
_GONE: Final = frozenset({errno.EINVAL, errno.ESRCH, errno.ENODATA})  #: what that says of a dead peer

# Fields behind the command in /proc/PID/stat, proc(5) numbers them from 3.
_STATE, _PARENT, _GROUP, _TERMINAL, _FOREGROUND, _STARTED = 0, 1, 2, 4, 5, 19
_PTS_MAJORS: Final = range(136, 144)
_TTY_MAJOR, _CONSOLES_MAJOR = 4, 5
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    started: int  #: Linux: clock ticks since boot; macOS: seconds since 1970; only compared
    parent: int = field(default=0, compare=False)
    command: str = field(default="", compare=False)
    terminal: str = field(default="", compare=False)  #: its controlling terminal, such as ``/dev/pts/3``
    foreground: bool = field(default=False, compare=False)  #: keys typed at that terminal are for it


@dataclass(frozen=True, slots=True)
class Credentials:
    pid: int  #: 0 when the process that connected has ended, or lives where we cannot see it
    uid: int
    gid: int


def peer_credentials(conn: socket.socket) -> Credentials:
    """Who connected this Unix socket.

    The kernel noted the pid when the socket was connected; its process may have ended since, and the number
    may be another's. Linux 6.5 and newer can tell: then the pid is 0. Before that, and on macOS, a number used
    again between ``connect`` and this question is believed; so ask early, and keep the ``Process``.
    """
    if not _LINUX:
        return _credentials_on_macos(conn)
    pid, uid, gid = _UCRED.unpack(conn.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return Credentials(0 if _has_ended(conn) else pid, uid, gid)


def process(pid: int) -> Process | None:
    """The live process of that number; one that waits for its parent to notice its end is not alive."""
    try:
        return _from_proc(pid) if _LINUX else _from_ps(pid)
    except (OSError, ValueError, IndexError, subprocess.SubprocessError):
        return None


def started(pid: int) -> int | None:
    """The start time of the live process of that number."""
    found = process(pid)
    return found.started if found else None


def alive(one: Process) -> bool:
    """Whether it still runs: that one, not another of its number."""
    return process(one.pid) == one


def parent(pid: int) -> Process | None:
    return next(iter(ancestors(pid)[1:]), None)


def ancestors(pid: int) -> tuple[Process, ...]:
    """The process and those above it, nearest first, as far as they can be read."""
    line: list[Process] = []
    while pid > 0 and len(line) < DEEPEST and (found := process(pid)):
        # Nobody is younger than his child: then the parent ended meanwhile, and its number is another's.
        if line and (found.started > line[-1].started or found in line):
            break
        line.append(found)
        pid = found.parent
    return tuple(line)


def has_terminal(pid: int) -> bool:
    """Whether standard input or output of the process is a terminal: a label, no proof of a person."""
    if not _LINUX:
        return _terminal_by_lsof(pid)
    return any(_is_terminal(f"/proc/{pid}/fd/{number}") for number in (0, 1))


def owner_of(pid: int) -> int | None:
    """Whose process it is, by the user's number; None when it is gone."""
    try:
        if _LINUX:
            return os.stat(f"/proc/{pid}").st_uid  # noqa: PTH116 -- a third of the time of ``Path``
        return int(said_by("ps", "-o", "uid=", "-p", str(pid)))
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def at_terminal(terminal: str) -> list[Process]:
    """Everybody whose controlling terminal that is."""
    if not terminal:
        return []
    if _LINUX:
        numbers = [int(name) for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208 -- as above
    else:
        numbers = [
            int(word) for word in said_by("ps", "-o", "pid=", "-t", terminal.removeprefix("/dev/")).split()
        ]
    return [found for pid in numbers if (found := process(pid)) and found.terminal == terminal]


def environment_of(pid: int, names: Collection[str]) -> dict[str, str]:
    """These variables, as the process was begun with; on macOS nobody tells."""
    try:
        told = _read(f"/proc/{pid}/environ", LONGEST_LINE) if _LINUX else ""
    except OSError:
        return {}
    pairs = (each.partition("=") for each in told.split("\0"))
    return {name: value for name, _, value in pairs if name in names}


def open_files(pid: int) -> list[str]:
    """The paths that it has open, as far as they can be read."""
    try:
        if _LINUX:
            return [os.readlink(each.path) for each in os.scandir(f"/proc/{pid}/fd")]  # noqa: PTH115 -- as above
        told = said_by("lsof", "-a", "-p", str(pid), "-F", "n")
        return [line[1:] for line in told.splitlines() if line.startswith("n/")]
    except (OSError, subprocess.SubprocessError):
        return []


def tty_of(pid: int) -> str:
    """The controlling terminal, to be compared with a pane's; "" if there is none."""
    found = process(pid)
    return found.terminal if found else ""


def has_lost_terminal(pid: int) -> bool:
    """Whether it was begun at a terminal that is gone: the system took the name away and let it keep the file.

    Who its parent is says nothing: in a container 1 is a parent like any other, and below systemd another takes over.
    """
    if not _LINUX:
        found = process(pid)
        return found is not None and not found.terminal and _terminal_by_lsof(pid)
    return any(_was_terminal(f"/proc/{pid}/fd/{number}") for number in (0, 1))


def folder_of(pid: int) -> str:
    """The working folder of the process, "" if it cannot be read."""
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink()) if _LINUX else ""
    except OSError:
        return ""


def script_of(pid: int) -> str:
    """The name of what an interpreter runs (``node --flag /a/gemini``: "gemini"), "" if it cannot be read."""
    return next((Path(word).name for word in words_of(pid)[1:] if word and not word.startswith("-")), "")


def words_of(pid: int) -> tuple[str, ...]:
    """Its command line, () if it cannot be read; on macOS a word with blanks in it is several."""
    try:
        if _LINUX:
            return tuple(_read(f"/proc/{pid}/cmdline", LONGEST_LINE).split("\0"))
        return tuple(said_by("ps", "-o", "args=", "-p", f"{pid}").split())
    except (OSError, ValueError, subprocess.SubprocessError):
        return ()


def _has_ended(conn: socket.socket) -> bool:
    """Whether the process that connected is known to be gone. While it is not, nobody else has its pid."""
    try:
        handle = conn.getsockopt(socket.SOL_SOCKET, _SO_PEERPIDFD)
    except OSError as error:
        return error.errno in _GONE
    try:
        look = select.poll()
        look.register(handle, select.POLLIN)
        return bool(look.poll(0))
    finally:
        os.close(handle)


def _credentials_on_macos(conn: socket.socket) -> Credentials:
    pid = struct.unpack("i", conn.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID, 4))[0]
    _, uid, _, gid, *_ = _XUCRED.unpack(conn.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED.size))
    return Credentials(pid, uid, gid)


def _is_terminal(link: str) -> bool:
    """By the device itself: a name below /dev can be anything in a mount namespace of one's own."""
    try:
        found = Path(link).stat()
    except OSError:
        return False
    return stat.S_ISCHR(found.st_mode) and _named(found.st_rdev) != ""


def _was_terminal(link: str) -> bool:
    try:
        return os.readlink(link).endswith(" (deleted)") and _is_terminal(link)  # noqa: PTH115 -- no path, a text
    except OSError:
        return False


def _named(device: int) -> str:
    """The terminal of a device number, "" if that is no terminal (5:2 is the other end of one)."""
    major, minor = os.major(device), os.minor(device)
    if major in _PTS_MAJORS:
        return f"/dev/pts/{(major - _PTS_MAJORS.start) * 256 + minor}"
    if major == _TTY_MAJOR:
        return f"/dev/tty{minor}" if minor < 64 else f"/dev/ttyS{minor - 64}"  # noqa: PLR2004
    return {0: "/dev/tty", 1: "/dev/console"}.get(minor, "") if major == _CONSOLES_MAJOR else ""


def _from_proc(pid: int) -> Process:
    text = _read(f"/proc/{pid}/stat")
    # The command may hold spaces and parentheses; it ends at the last one.
    head, _, rest = text.rpartition(")")
    fields = rest.split()
    if fields[_STATE] in {"Z", "X"}:
        raise ValueError("ended")
    return Process(
        pid,
        int(fields[_STARTED]),
        int(fields[_PARENT]),
        head.partition("(")[2],
        _named(int(fields[_TERMINAL])),
        fields[_GROUP] == fields[_FOREGROUND],
    )


def _read(path: str, limit: int = LINE) -> str:
    """A line of the kernel's, in a quarter of the time of ``Path``: each connection asks for all its ancestors."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, limit).decode("utf-8", "replace")
    finally:
        os.close(descriptor)


def _from_ps(pid: int) -> Process:
    told = said_by("ps", "-o", "ppid=,stat=,tty=,lstart=,ucomm=", "-p", str(pid))
    above, state, terminal, _, *began, command = told.strip().split(None, 8)
    if state.startswith("Z"):
        raise ValueError("ended")
    return Process(
        pid,
        _seconds(*began),
        int(above),
        command,
        "" if terminal.startswith(("?", "-")) else f"/dev/{terminal}",
        "+" in state,
    )


def _seconds(month: str, day: str, clock: str, year: str) -> int:
    """``Nov 21 01:43:38 2026``, in UTC, as seconds since 1970."""
    hour, minute, second = (int(part) for part in clock.split(":"))
    return calendar.timegm((int(year), _MONTHS.index(month) + 1, int(day), hour, minute, second))


def _terminal_by_lsof(pid: int) -> bool:
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        told = said_by("lsof", "-a", "-p", str(pid), "-d", "0,1", "-F", "n")
        return any(
            line.startswith(("n/dev/tty", "n/dev/pts/", "n/dev/console")) for line in told.splitlines()
        )
    return False


def said_by(program: str, *words: str) -> str:
    """What a program says of a process; times in UTC, names of months in English."""
    argv = [program, *words]
    path = "/usr/bin:/bin:/usr/sbin:/sbin"
    fixed = {"PATH": path, "LC_ALL": "C", "TZ": "UTC0"}
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=2, env=fixed).stdout
