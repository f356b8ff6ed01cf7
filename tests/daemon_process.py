"""A real daemon in a process of its own, for tests that must not share its memory.

    async with DaemonProcess(home) as daemon:
        await daemon.client().notify("ada", "hello")

Its home should be short (``short_home``): a socket's path has 103 bytes. What it prints and logs is kept.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from daemon.client.hosting import HostingClient
from daemon.client.http import Address, HttpExchange
from daemon.paths import Paths

REPOSITORY = Path(__file__).parents[1]
COMMAND = (sys.executable, "-I", str(REPOSITORY / "cli" / "entry.py"))
START_S = 30.0
STOP_S = 15.0


class NotServing(Exception):
    """The daemon ended instead of serving; its exit code and what it said."""

    def __init__(self, code: int | None, said: str) -> None:
        super().__init__(f"exit {code}: {said}")
        self.code = code
        self.said = said


class DaemonProcess:
    """Args: ``env`` on top of a bare environment; ``tcp`` on a free port or not at all; ``umask`` it is born with."""

    def __init__(
        self, home: Path, *, env: Mapping[str, str] | None = None, tcp: bool = True, umask: int = -1
    ) -> None:
        self.paths = Paths(home)
        self.port = free_port() if tcp else 0
        self.said = ""  #: its standard error
        self._env = environment(home, port=self.port) | dict(env or {})
        self._umask = umask
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.__exit__)

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.running:
            self._end(signal.SIGTERM)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the daemon was not started"
        return self._process

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        return self.paths.log.read_text("utf-8") if self.paths.log.exists() else ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        """For commands that are to speak with this daemon."""
        return dict(self._env)

    def token(self) -> str:
        return self.paths.token.read_text("ascii").strip()

    def client(self, *, owner: bool = False) -> HostingClient:
        """Over the socket, as who this process is (``cli``); or over TCP as the owner."""
        if owner:
            return HostingClient(HttpExchange(Address(host="127.0.0.1", port=self.port, token=self.token())))
        return HostingClient(HttpExchange(Address(socket=self.paths.socket)))

    async def start(self) -> None:
        """Return when it serves. Raises NotServing."""
        await asyncio.to_thread(self._start)

    async def stop(self) -> int:
        """End it in order; its exit code."""
        return await asyncio.to_thread(self._end, signal.SIGTERM)

    async def kill9(self) -> None:
        await asyncio.to_thread(self._end, signal.SIGKILL)

    async def restart(self) -> None:
        if self.running:
            await self.stop()
        await self.start()

    async def ended(self) -> int:
        """Wait until it ends by itself, as at a crash point; its exit code."""
        return await asyncio.to_thread(self._ended)

    def _start(self) -> None:
        assert not self.running
        self._process = subprocess.Popen(
            [*COMMAND, "up"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=self._env,
            umask=self._umask,
            start_new_session=True,
        )
        until = time.monotonic() + START_S
        begun = len(self.said)
        while "peerline listens on" not in self.said[begun:]:
            left = until - time.monotonic()
            if left <= 0 or not self._hear(left):
                code = self._ended() if left > 0 else self._end(signal.SIGKILL)
                raise NotServing(code, self.said[begun:])

    def _hear(self, seconds: float) -> bool:
        """One piece of what it says; False at its end, or when the time is up."""
        told = self.process.stderr
        assert told
        if not select.select([told], [], [], seconds)[0]:
            return False
        piece = os.read(told.fileno(), 65536)
        self.said += piece.decode("utf-8", "replace")
        return bool(piece)

    def _end(self, number: int) -> int:
        self.process.send_signal(number)
        return self._ended()

    def _ended(self) -> int:
        try:
            _, rest = self.process.communicate(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        self.said += rest.decode("utf-8", "replace")
        return self.process.returncode


def environment(home: Path, *, port: int = 0) -> dict[str, str]:
    """Nothing of ours but where to find programs; the home is its own user's home too."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "PEERLINE_HOME": str(home),
        "PEERLINE_DAEMON__PORT": str(port),
    }


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


@contextmanager
def short_home() -> Iterator[Path]:
    """A home whose socket's path is short enough, whatever the folder of temporary files is called."""
    with tempfile.TemporaryDirectory(prefix="pl-", dir="/tmp") as folder:
        yield Path(folder) / "h"
