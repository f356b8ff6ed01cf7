"""A real coding agent in a tmux pane of its own: what all of them have in common, whatever their names for it.

Rule: nothing of the machine's owner is touched. Each agent has a home of its own, and what was started is
gone when the context ends. A proxy that refuses everything stands before the world: only loopback is open.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

REPOSITORY = Path(__file__).parents[2]

# Port 9 (discard) of loopback: nobody listens there, so whatever asks for the world is refused at once.
NOWHERE = "http://127.0.0.1:9"
ONLY_LOOPBACK = {
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"), NOWHERE),
    **dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost"),
}


def agent_binary(program: str, called: str) -> Path:
    """`.agents/…/<program>`, or what PEERLINE_TEST_<PROGRAM> names.

    Missing: the test is skipped, or fails where PEERLINE_REQUIRE_AGENTS=1.
    """
    variable = f"PEERLINE_TEST_{program.upper()}"
    path = Path(os.environ.get(variable) or REPOSITORY / ".agents/node_modules/.bin" / program)
    if path.exists() and shutil.which("tmux"):
        return path
    missing = f"needs tmux and {called} at {path} ({variable} names another place)"
    if os.environ.get("PEERLINE_REQUIRE_AGENTS") == "1":
        pytest.fail(missing)
    pytest.skip(missing)


async def tmux(socket: str, *words: str, typed: str | None = None) -> str:
    """Run one tmux command on its own server, which inherits nothing of the test's environment."""
    plain = {name: os.environ[name] for name in ("PATH", "TMPDIR", "TMUX_TMPDIR") if name in os.environ}
    child = await asyncio.create_subprocess_exec(
        *("tmux", "-u", "-L", socket, "-f", "/dev/null", *words),
        env=plain | {"LANG": "C.UTF-8", "TERM": "xterm-256color"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await child.communicate(None if typed is None else typed.encode())
    if child.returncode:
        raise RuntimeError(f"tmux {words[0]}: {err.decode().strip()}")
    return out.decode().removesuffix("\n")


class RealAgent(ABC):
    """`async with Codex(home, cwd, model.url, "test-1", "dev") as agent:` is idle at its prompt.

    A session that exists on that tmux server gets a further window, so two agents can share a circle.
    """

    called = ""
    # Keys that come faster than a person types count as pasted, and Enter among them as a new line: seconds between
    # the moment at which a text is shown and Enter. 0: this program does not care.
    settles = 0.15
    # Seconds that a start, and anything else, may take on a machine that others keep busy.
    patience = 60.0
    waits = 60.0

    def __init__(
        self,
        home: Path,
        cwd: Path,
        model_url: str,
        tmux_socket: str,
        session: str,
        *,
        args: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.home, self.cwd, self.model_url = home, cwd, model_url
        self.socket, self.session = tmux_socket, session
        self.pane, self.pid = "", 0
        self.env = {"HOME": str(home), **self.surroundings(), **dict(env or {})}
        self.command = [str(self.binary()), *self.standing_args(), *args]

    @classmethod
    @abstractmethod
    def binary(cls) -> Path: ...

    @abstractmethod
    def surroundings(self) -> dict[str, str]:
        """The environment that keeps it quiet, offline, and at the model of the test."""

    def standing_args(self) -> Sequence[str]:
        return ()

    @abstractmethod
    def write_settings(self) -> None:
        """What keeps its start dialogs away, beside whatever stands in its files already."""

    @abstractmethod
    async def until_ready(self) -> None:
        """Wait, after the start, until it takes a prompt."""

    @abstractmethod
    async def until_idle(self, seconds: float | None = None) -> None: ...

    def condition(self) -> str:
        """What else a failure should show beside the pane."""
        return ""

    async def __aenter__(self) -> Self:
        self.write_settings()
        await self._start()
        try:
            await self.until_ready()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()

    async def capture(self, *, colours: bool = False) -> str:
        return await self.tmux("capture-pane", "-p", *(["-e"] if colours else []), "-t", self.pane)

    async def type(self, text: str) -> None:
        """One line, as a person types it, and Enter."""
        before = _letters(await self.capture())
        await self.tmux("send-keys", "-t", self.pane, "-l", text)
        if self.settles:
            end = _letters(text)[-20:]
            wanted = before.count(end) + 1
            await self.until_screen(lambda shown: _letters(shown).count(end) >= wanted, f"to take {text!r}")
            await asyncio.sleep(self.settles)
        await self.press("Enter")

    async def press(self, *keys: str) -> None:
        await self.tmux("send-keys", "-t", self.pane, *keys)

    async def interrupt(self) -> None:
        """Ask it to stop what it does, as a person would."""
        await self.press("Escape")

    async def paste(self, text: str) -> None:
        """A bracketed paste, without Enter."""
        await self.tmux("load-buffer", "-b", "rig", "-", typed=text)
        await self.tmux("paste-buffer", "-p", "-d", "-b", "rig", "-t", self.pane)

    async def until_shown(self, text: str, seconds: float | None = None) -> None:
        await self.until_screen(lambda shown: text in shown, f"to show {text!r}", seconds)

    async def until_screen(
        self, condition: Callable[[str], bool], wanted: str, seconds: float | None = None, *, looks: int = 1
    ) -> None:
        """Wait until `condition` holds for what the pane shows, `looks` times in a row."""
        held = 0
        try:
            async with asyncio.timeout(seconds or self.waits):
                while held < looks:
                    held = held + 1 if condition(await self.capture()) else 0
                    if held < looks:
                        await asyncio.sleep(0.05)
        except TimeoutError:
            await self.fail(wanted)

    async def until_gone(self, seconds: float | None = None) -> None:
        """Wait until it has ended by itself, children and all."""
        family = await self.family()
        try:
            async with asyncio.timeout(seconds or self.waits):
                while family & (await processes()).keys():
                    await asyncio.sleep(0.05)
        except TimeoutError:
            await self.fail("to end")

    async def tmux(self, *words: str, typed: str | None = None) -> str:
        return await tmux(self.socket, *words, typed=typed)

    async def until(self, condition: Callable[[], bool], wanted: str, seconds: float | None = None) -> None:
        try:
            async with asyncio.timeout(seconds or self.waits):
                while not condition():
                    await asyncio.sleep(0.05)
        except TimeoutError:
            await self.fail(wanted)

    async def fail(self, wanted: str) -> None:
        with suppress(RuntimeError):
            shown = await self.capture()
            pytest.fail(f"waited for {self.called} {wanted}; {self.condition()}its pane:\n{shown}")
        pytest.fail(f"waited for {self.called} {wanted}, but its pane is gone")

    async def kill_server(self) -> None:
        """End its tmux server, as a machine that goes down would, and wait for that."""
        await self.tmux("kill-server")
        async with asyncio.timeout(self.waits):
            while True:
                try:
                    await self.tmux("list-sessions")
                except RuntimeError:
                    return
                await asyncio.sleep(0.05)

    async def family(self) -> set[Process]:
        """The agent and all that came of it."""
        return await _family(self.pid)

    async def _start(self) -> None:
        variables = [word for name, value in self.env.items() for word in ("-e", f"{name}={value}")]
        place = [
            "-d",
            "-c",
            str(self.cwd).replace("#", "##"),
            "-P",
            "-F",
            "#{pane_id} #{pane_pid} #{socket_path}",
            *variables,
            *self.command,
        ]
        try:
            await self.tmux("has-session", "-t", f"={self.session}")
            shown = await self.tmux("new-window", "-t", f"={self.session}:", *place)
        except RuntimeError:
            shown = await self.tmux("new-session", "-s", self.session, "-x", "160", "-y", "50", *place)
        self.pane, pid, line = shown.split(maxsplit=2)
        self.pid, self._line = int(pid), Path(line)

    async def _stop(self) -> None:
        """Close the pane; its server ends with the last one. What stays behind is killed by pid."""
        family = await self.family()
        with suppress(RuntimeError):
            await self.tmux("kill-pane", "-t", self.pane)
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                while family & (await processes()).keys():
                    await asyncio.sleep(0.05)
        for process in family & (await processes()).keys():
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        try:
            await self.tmux("list-sessions")
        except RuntimeError:  # the server went with its last pane, but never takes its socket along
            self._line.unlink(missing_ok=True)


def _letters(text: str) -> str:
    """What is left of a text however a box breaks its lines."""
    return "".join(filter(str.isalnum, text))


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    started: str  # with it a pid that was given to somebody else meanwhile is not taken for this one


async def processes() -> dict[Process, int]:
    """Every process with its parent's pid; the dead that nobody has collected yet do not count."""
    columns = ("-o", "pid=", "-o", "ppid=", "-o", "stat=", "-o", "lstart=")
    child = await asyncio.create_subprocess_exec("ps", "-ax", *columns, stdout=asyncio.subprocess.PIPE)
    out, _ = await child.communicate()
    rows = [line.split(maxsplit=3) for line in out.decode().splitlines()]
    return {Process(int(pid), started): int(ppid) for pid, ppid, stat, started in rows if stat[0] != "Z"}


async def _family(pid: int) -> set[Process]:
    parents = await processes()
    found = {each for each in parents if each.pid == pid}
    while more := {each for each, parent in parents.items() if parent in {one.pid for one in found}} - found:
        found |= more
    return found
