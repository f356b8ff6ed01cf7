"""The daemon's own life: one instance, private files, its sockets, and an orderly end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from daemon.core.errors import Unavailable
from daemon.paths import Paths

FILES: Final = 4096  #: open at once; connections are 2,000 of them
LONGEST_SOCKET_PATH: Final = 103  #: bytes; sun_path is 104 on macOS, 108 on Linux


class AlreadyRunning(Unavailable):
    code = "already_running"


@contextlib.contextmanager
def only_one(paths: Paths) -> Iterator[None]:
    """Hold the home for this process; the operating system lets go of it whatever happens.

    Raises:
        AlreadyRunning: another daemon holds it.

    """
    private(paths)
    descriptor = os.open(paths.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(
                f"a daemon is running already for {paths.home}", "`peerline status` tells about it"
            ) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)


def contain() -> None:
    """No file of this process's memory, which holds tokens; and room for many connections."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def private(paths: Paths) -> None:
    """Make the home and everything below it readable by its user alone."""
    os.umask(0o077)
    for folder in (paths.home, paths.socket.parent, paths.spool, paths.logs):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for inside, _, files in os.walk(paths.home):
        Path(inside).chmod(0o700)
        for name in files:
            path = Path(inside) / name
            with contextlib.suppress(FileNotFoundError):  # hooks rename their records, others end meanwhile
                if path.is_file() and not path.is_symlink():
                    path.chmod(path.stat().st_mode & 0o700 | 0o600)


def token(paths: Paths) -> str:
    """The owner's token for TCP: the one file that holds one."""
    with contextlib.suppress(FileNotFoundError):
        if told := paths.token.read_text(encoding="ascii").strip():
            return told
        paths.token.unlink()  # an empty one would let everybody in
    made = secrets.token_urlsafe(32)
    fresh = paths.token.with_name(f".{secrets.token_hex(4)}")
    fresh.write_text(f"{made}\n", encoding="ascii")
    fresh.chmod(0o600)
    try:
        os.link(fresh, paths.token)  # of two that start at once, one makes it
    except FileExistsError:
        return paths.token.read_text(encoding="ascii").strip()
    finally:
        fresh.unlink()
    return made


def check_path(paths: Paths) -> None:
    """See that a socket can have this path.

    Raises:
        Unavailable: it is too long.

    """
    if len(os.fsencode(paths.socket)) > LONGEST_SOCKET_PATH:
        raise Unavailable(
            f"the socket's path has more than {LONGEST_SOCKET_PATH} bytes", "set a shorter PEERLINE_HOME"
        )


def unix_socket(paths: Paths) -> socket.socket:
    """Bind the socket, over the leavings of a daemon that died; its mode is 0600 from the first moment."""
    paths.socket.unlink(missing_ok=True)  # we hold the lock: whatever lies here is dead
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.bind(str(paths.socket))
    paths.socket.chmod(0o600)
    return made


def tcp_socket(port: int) -> socket.socket | None:
    """Bind loopback, or return None when the port is taken."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(("127.0.0.1", port))
    except OSError:
        made.close()
        return None
    return made
