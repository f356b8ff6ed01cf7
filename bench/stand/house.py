"""A daemon of the installed program in a home of its own, and programs that meet it there."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PEERLINE = Path(sys.executable).with_name("peerline")
UNLIMITED = {"PEERLINE_LIMITS__PEER_PER_MINUTE": "0", "PEERLINE_LIMITS__PAIR_PER_MINUTE": "0"}
START_S = 30.0


class House:
    """Its ``port`` is 0 where TCP is off."""

    def __init__(self, home: Path, *, port: int = 0, env: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.port = port
        self.socket = home / "run" / "peerline.sock"
        self.env = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(home),
            "PEERLINE_HOME": str(home),
            "PEERLINE_DAEMON__PORT": str(port),
            **UNLIMITED,
            **(env or {}),
        }
        self.daemon: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self.daemon is not None
        return self.daemon.pid

    @property
    def token(self) -> str:
        return (self.home / "token").read_text("ascii").strip()

    def start(self) -> float:
        """Start the daemon; the seconds until it answered ``/health``."""
        begun = time.perf_counter()
        self.daemon = subprocess.Popen(
            [str(PEERLINE), "up", "--quiet"], env=self.env, stdin=subprocess.DEVNULL, start_new_session=True
        )
        while not self.answers():
            assert self.daemon.poll() is None, "the daemon ended instead of serving"
            assert time.perf_counter() - begun < START_S, "the daemon does not answer"
        return time.perf_counter() - begun

    def answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as asked:
            try:
                asked.connect(str(self.socket))
                asked.sendall(b"GET /health HTTP/1.1\r\nHost: peerline\r\nConnection: close\r\n\r\n")
                return asked.recv(64).startswith(b"HTTP/1.1 200")
            except OSError:
                time.sleep(0.002)  # noqa: TID251 -- nothing else happens in this process
                return False

    def end(self, number: int = signal.SIGTERM) -> None:
        if self.daemon and self.daemon.poll() is None:
            self.daemon.send_signal(number)
            self.daemon.wait(timeout=15)

    def cli(self, *words: str) -> str:
        return subprocess.run(
            [str(PEERLINE), *words],
            env=self.env,
            capture_output=True,
            check=True,
            text=True,
            stdin=subprocess.DEVNULL,
        ).stdout


@contextmanager
def house(*, tcp: bool = False, env: Mapping[str, str] | None = None) -> Iterator[House]:
    """A daemon that has answered; ended at the end. The path is short: a socket's has 103 bytes."""
    with tempfile.TemporaryDirectory(prefix="pl-", dir="/tmp") as folder:
        made = House(Path(folder) / "h", port=free_port() if tcp else 0, env=env)
        made.start()
        try:
            yield made
        finally:
            made.end()


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


class McpClient:
    """An agent's MCP client, over the shim that set-up writes: a peer called ``name``."""

    def __init__(self, house: House, name: str, *, argv: Sequence[str] = ()) -> None:
        self._ids = 0
        self.process = subprocess.Popen(
            argv or [str(PEERLINE), "mcp", "--name", name],
            env=house.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout
        self._told = self.process.stdout

    def initialize(self) -> Any:
        told = self.request(
            "initialize",
            {
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "bench", "version": "1"},
            },
        )
        self._say({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return told

    def call(self, tool: str, **arguments: Any) -> Any:
        return self.request("tools/call", {"name": tool, "arguments": arguments})

    def request(self, method: str, params: Any) -> Any:
        self._ids += 1
        self._say({"jsonrpc": "2.0", "id": self._ids, "method": method, "params": params})
        while True:
            told = json.loads(self._told.readline())
            if told.get("id") == self._ids:
                return told["result"]

    def _say(self, message: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self._told.close()


def registered(house: House, *names: str) -> None:
    """Peers of these names, offline once this returns: what is sent to them waits."""
    for name in names:
        client = McpClient(house, name)
        client.initialize()
        client.call("whoami")
        client.close()
