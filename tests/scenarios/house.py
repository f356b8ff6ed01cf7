"""A home with a daemon in it, and everybody who may come by: commands, terminals, agents, MCP clients.

Every process is a real one and ends with the house. Waiting is always for something, inside a time limit.
"""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from mcp.client.client import Client as McpClient
from mcp.client.stdio import StdioServerParameters

from daemon.core.errors import DaemonUnreachable
from daemon.store import opening
from tests.daemon_process import COMMAND, DaemonProcess, environment, short_home
from tests.emulators.slack import TEAM, SlackEmulator
from tests.emulators.telegram import TelegramEmulator

Json = dict[str, Any]
AGENT = Path(__file__).with_name("agent.py")
PATIENCE_S = 30.0
ADA = "{id: 7, name: ada}"
SLACK_ADA = f"{{team: {TEAM}, id: U0000ADA, name: ada}}"
WORK = "C0000WORK"
CHANNELS = f"[{{id: {WORK}, name: work, circles: [dev]}}]"
LOOK_S = 0.02
_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*\x07|[@-Z\\-_])")


@dataclass(frozen=True, slots=True)
class Told:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Json:
        found: Json = json.loads(self.out.strip().splitlines()[-1])
        return found


class House:
    """``async with House() as house`` has no daemon yet: ``start`` one."""

    def __init__(self, **env: str) -> None:
        self._given = env

    async def __aenter__(self) -> Self:
        self._folder = short_home()
        self.place = self._folder.__enter__().parent
        self.home, self.user = self.place / "h", self.place / "u"
        self.user.mkdir()
        self.daemon = self._daemon()
        return self

    async def __aexit__(self, *failed: object) -> None:
        if self.daemon.running:
            await self.daemon.stop()
        self._folder.__exit__(None, None, None)

    @property
    def env(self) -> dict[str, str]:
        """Of commands: the user's home is not Peerline's."""
        return environment(self.home) | {"HOME": str(self.user), "LANG": "C.UTF-8"} | self._given

    @property
    def socket(self) -> Path:
        return self.daemon.paths.socket

    async def start(self, *, crash_at: str = "", **env: str) -> DaemonProcess:
        """A (new) daemon; ``crash_at`` names the step it dies at once ``arm`` was called."""
        if crash_at:
            env["PEERLINE_CRASH_AT"] = f"{crash_at}@{self._armed}"
        self._armed.unlink(missing_ok=True)
        self.daemon = self._daemon(**env)
        await self.daemon.start()
        return self.daemon

    def arm(self) -> None:
        self._armed.touch()

    async def crashed(self, **env: str) -> None:
        """Wait until the daemon has died at its step, and start it again."""
        assert await self.daemon.ended() == -signal.SIGKILL
        await self.start(**env)

    async def cli(self, *words: str, typed: str | None = None) -> Told:
        """Run a command with pipes around it."""
        child = await asyncio.create_subprocess_exec(
            *(*COMMAND, *words),
            env=self.env,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with _ended_with(child):
            out, err = await child.communicate(None if typed is None else typed.encode())
        return Told(child.returncode or 0, out.decode(), err.decode())

    @asynccontextmanager
    async def piped(self, *words: str) -> AsyncIterator[Pipe]:
        """``chat`` or ``practice`` with pipes around it, once it has joined."""
        child = await asyncio.create_subprocess_exec(
            *(*COMMAND, *words),
            env=self.env,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with _ended_with(child):
            await self.joined("cli")
            yield Pipe(child)

    @asynccontextmanager
    async def terminal(self, *words: str) -> AsyncIterator[Screen]:
        """Run a command at a terminal of its own."""
        near, far = pty.openpty()
        child = await asyncio.create_subprocess_exec(
            *(*COMMAND, *words),
            env=self.env | {"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"},
            stdin=far,
            stdout=far,
            stderr=far,
            start_new_session=True,
        )
        os.close(far)
        screen = Screen(near, child)
        async with _ended_with(child), screen:
            yield screen

    async def at_terminal(self, *words: str) -> Told:
        """As ``cli``, but as the owner at a terminal."""
        async with self.terminal(*words) as screen:
            code = await screen.ended()
        return Told(code, screen.text, "")

    @asynccontextmanager
    async def agent(self, name: str, circle: str = "dev") -> AsyncIterator[FakeAgent]:
        home = self.place / name
        home.mkdir(exist_ok=True)
        agent = FakeAgent(home)
        words = [sys.executable, "-I", str(AGENT), str(self.socket), str(home), name, circle]
        child = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
        async with _ended_with(child):
            assert child.stdout
            async with asyncio.timeout(PATIENCE_S):
                assert await child.stdout.readline() == b"ready\n"
            yield agent

    def mcp(self, name: str, circle: str = "dev") -> McpClient:
        """A real client over the command that set-up writes."""
        words = [*COMMAND[1:], "mcp", "--name", name, "--circle", circle]
        return McpClient(StdioServerParameters(command=COMMAND[0], args=words, env=self.env), mode="legacy")

    def grow_older(self, by: timedelta) -> None:
        """Everything that was ever stored happened so much earlier; what waits without an end still does."""

        def earlier(told: str) -> str:
            return (datetime.fromisoformat(told) - by).isoformat(timespec="microseconds")

        with closing(sqlite3.connect(self.daemon.paths.database)) as store:
            store.create_function("earlier", 1, earlier)
            tables = [
                name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            ]
            for table in tables:
                columns = [row[1] for row in store.execute(f"PRAGMA table_info({table})")]
                for column in columns:
                    if column == "at" or column.endswith(("_at", "_until")):
                        store.execute(
                            f"UPDATE {table} SET {column} = earlier({column}) WHERE {column} < '9999'"  # noqa: S608  our own schema
                        )
            opening._sum_anew(store, {})
            store.commit()

    async def joined(self, conversation: str) -> None:
        """Wait until somebody is there."""
        await self._until_peer(conversation, "status", "online")

    async def working(self, agent: str) -> None:
        """Wait until the daemon knows that somebody's turn is open: on a busy machine the hook may be late."""
        await self._until_peer(agent, "turn_state", "working")

    async def _until_peer(self, name: str, field: str, wanted: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                peers = (await self.daemon.client().peers(circle="*", include_self=True))["peers"]
                if any((each["name"], each[field]) == (name, wanted) for each in peers):
                    return
                await asyncio.sleep(LOOK_S)

    async def why(self, message_id: str) -> Json:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                with suppress(DaemonUnreachable):
                    return await self.daemon.client().why(message_id)

    async def until(self, what: str, holds: Callable[[Json], bool], message_id: str) -> Json:
        """Wait until the story of a message is as it should be."""
        told: Json = {}
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not holds(told := await self.why(message_id)):
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            raise AssertionError(f"not {what}: {json.dumps(told, indent=1)}\n{self.daemon.log}") from None
        return told

    @property
    def _armed(self) -> Path:
        return self.place / "armed"

    def _daemon(self, **env: str) -> DaemonProcess:
        return DaemonProcess(self.home, env=self._given | env, tcp=False)


class FakeAgent:
    """What ``agent.py`` heard, and the gate at which it waits."""

    def __init__(self, home: Path) -> None:
        self.home = home
        with suppress(FileExistsError):
            os.mkfifo(home / "gate")

    @property
    def heard(self) -> list[tuple[str, str]]:
        """(how, text) in order."""
        path = self.home / "heard"
        lines = path.read_text().splitlines() if path.exists() else []
        return [(how, text) for how, text in map(json.loads, lines)]

    def times_heard(self, text: str) -> int:
        return sum(told.count(text) for _, told in self.heard)

    async def hears(self, text: str) -> str:
        """Wait until it heard that; return how it came."""
        await until(lambda: self.times_heard(text) > 0, f"to hear {text!r}")
        return next(how for how, told in self.heard if text in told)

    async def let_go(self) -> None:
        """Open the gate for what waits there, once."""
        await asyncio.to_thread((self.home / "gate").write_text, "go")


class Pipe:
    """A chat that is spoken to by pipes."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self._child = child

    def type(self, line: str) -> None:
        assert self._child.stdin
        self._child.stdin.write(f"{line}\n".encode())

    async def rest(self) -> list[str]:
        """End its input; all that it printed."""
        assert self._child.stdin
        self._child.stdin.close()
        async with asyncio.timeout(PATIENCE_S):
            out, _ = await self._child.communicate()
        return out.decode().splitlines()


class Screen:
    """A terminal and the program at it. ``text`` is all that it printed, without what merely moves the cursor."""

    def __init__(self, near: int, child: asyncio.subprocess.Process) -> None:
        self.child = child
        self._near = near
        self._raw = b""
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        asyncio.get_running_loop().add_reader(self._near, self._read)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._close()

    @property
    def text(self) -> str:
        return _ESCAPES.sub("", self._raw.decode("utf-8", "replace")).replace("\r", "")

    def type(self, line: str) -> None:
        os.write(self._near, line.encode() + b"\r")

    async def shows(self, text: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while text not in self.text:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"the terminal does not show {text!r} but:\n{self.text}") from None

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE_S):
            code = await self.child.wait()
        while self._near >= 0 and _is_readable(self._near):
            self._read()
        return code

    def hang_up(self) -> None:
        """Close the window."""
        self._close()

    def _read(self) -> None:
        try:
            piece = os.read(self._near, 65536)
        except OSError:  # nobody has the other end any more
            piece = b""
        if not piece:
            self._close()
        self._raw += piece
        self._changed.set()

    def _close(self) -> None:
        if self._near >= 0:
            asyncio.get_running_loop().remove_reader(self._near)
            os.close(self._near)
            self._near = -1


async def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for something that tells nobody."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise AssertionError(f"waited in vain {what}") from None


async def called(client: McpClient, tool: str, **arguments: Any) -> Json:
    """The structured result of a tool call that must go well."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result
    told: Json = dict(result.structured_content or {})
    return told


def telegram_of(telegram: TelegramEmulator, *people: str) -> dict[str, str]:
    """Settings of a daemon that hosts this Telegram; people are YAML."""
    return {
        "PEERLINE_TELEGRAM__BOT_TOKEN": telegram.token,
        "PEERLINE_TELEGRAM__API_BASE": telegram.root,
        "PEERLINE_TELEGRAM__PEOPLE": f"[{', '.join(people)}]",
        "PEERLINE_CHAT_PACE": "50",  # where it is not about pace
    }


def slack_of(slack: SlackEmulator, *people: str, channels: str = "[]") -> dict[str, str]:
    """The same for Slack."""
    return {
        "PEERLINE_SLACK__BOT_TOKEN": slack.tokens.bot,
        "PEERLINE_SLACK__APP_TOKEN": slack.tokens.app,
        "PEERLINE_SLACK__API_BASE": slack.root,
        "PEERLINE_SLACK__PEOPLE": f"[{', '.join(people)}]",
        "PEERLINE_SLACK__CHANNELS": channels,
        "PEERLINE_CHAT_PACE": "50",
    }


def answers(told: Mapping[str, Any]) -> list[str]:
    return [each["text"] for each in told["answers"]]


@asynccontextmanager
async def _ended_with(child: asyncio.subprocess.Process) -> AsyncIterator[None]:
    try:
        yield
    finally:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                child.terminate()
        try:
            async with asyncio.timeout(10):
                await child.wait()
        except TimeoutError:
            child.kill()
            await child.wait()


def _is_readable(fd: int) -> bool:
    import select

    return bool(select.select([fd], [], [], 0)[0])
