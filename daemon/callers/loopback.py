"""Who is at the other end of a TCP connection on this machine: the process that holds its socket.

Linux tells whose it is in /proc/net/tcp, and the process by its descriptors; macOS by lsof (written from its manual
page). Found once for each connection, in some 10 ms.

Rule: a socket of another user, and one whose process cannot be seen, is nobody's. Of several that hold it, the oldest
is meant: it has given it to its children.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from daemon.callers import processes
from daemon.callers.processes import Process

_LINUX: Final = sys.platform == "linux"
_TABLES: Final = ("/proc/net/tcp", "/proc/net/tcp6")
# Columns of those tables: proc(5).
_LOCAL, _REMOTE, _UID, _INODE = 1, 2, 7, 9
#: The same address as a program writes it that speaks IPv6 only.
_MAPPED: Final = "0000000000000000FFFF0000"


def holder(conn: socket.socket) -> Process | None:
    """The process that connected to us, if it is this user's."""
    try:
        client, server = conn.getpeername(), conn.getsockname()
        found = _by_proc(client, server) if _LINUX else _by_lsof(client, server)
        held = [one for pid in found if (one := processes.process(pid))]
    except (OSError, ValueError, IndexError, subprocess.SubprocessError):
        return None
    return min(held, key=lambda one: one.started, default=None)


def _by_proc(client: tuple[str, int], server: tuple[str, int]) -> list[int]:
    inode = _inode(_written(*client), _written(*server))
    return list(_holding(f"socket:[{inode}]")) if inode else []


def _inode(client: str, server: str) -> str:
    """Of the client's end, "" if there is none of this user's."""
    for table in _TABLES:
        for row in Path(table).read_text("ascii").splitlines()[1:]:
            columns = row.split()
            ends = columns[_LOCAL].removeprefix(_MAPPED), columns[_REMOTE].removeprefix(_MAPPED)
            if ends == (client, server):
                return columns[_INODE] if int(columns[_UID]) == os.getuid() else ""
    return ""


def _written(address: str, port: int) -> str:
    """As the kernel's tables do: the address in this machine's order of bytes."""
    number = int.from_bytes(socket.inet_aton(address), sys.byteorder)
    return f"{number:08X}:{port:04X}"


def _holding(link: str) -> Iterator[int]:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # another user's, or gone meanwhile
            if any(_link(opened) == link for opened in (process / "fd").iterdir()):
                yield int(process.name)


def _link(opened: Path) -> str:
    try:
        return str(opened.readlink())
    except OSError:  # closed meanwhile
        return ""


def _by_lsof(client: tuple[str, int], server: tuple[str, int]) -> list[int]:
    asked = (
        "-nP",
        "-a",
        "-u",
        str(os.getuid()),
        f"-iTCP@{server[0]}:{server[1]}",
        "-sTCP:ESTABLISHED",
        "-Fpn",
    )
    wanted = f"n{client[0]}:{client[1]}->{server[0]}:{server[1]}"
    pid, found = 0, []
    for line in processes.said_by("lsof", *asked).splitlines():
        if line.startswith("p"):
            pid = int(line[1:])
        elif line == wanted:
            found.append(pid)
    return found
