"""The real Claude Code in a tmux pane of its own, with a home and a model of its own.

Rule: nothing of the machine's owner is touched. Settings are merged into the trial home, so hooks and
MCP servers that were installed there stay; whatever was started is gone when the context ends.
The settings keep every start dialog of version 2.1.329 away; one that still shows fails with its picture.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

KEY = "sk-ant-dummy-peerline-emulated-model"
PROMPT = "\u276f\u00a0"  # the input line; in a line of the conversation an ordinary space follows the sign
REPOSITORY = Path(__file__).parents[2]

_QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_TELEMETRY": "1",
    "IS_SANDBOX": "1",
}


def claude_binary() -> Path:
    """The program to test. Missing: the test is skipped, or fails where PEERLINE_REQUIRE_AGENTS=1."""
    named = os.environ.get("PEERLINE_TEST_CLAUDE")
    path = Path(named) if named else REPOSITORY / ".agents/node_modules/.bin/claude"
    if path.exists() and shutil.which("tmux"):
        return path
    missing = f"needs tmux and Claude Code at {path} (PEERLINE_TEST_CLAUDE names another place)"
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


class ClaudeCode:
    """`async with ClaudeCode(home, cwd, model.url, "test-1", "dev") as agent:` is idle at its prompt.

    A session that exists on that tmux server gets a further window, so two agents can share a circle.
    """

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
        self.home, self.cwd, self.socket, self.session = home, cwd, tmux_socket, session
        self.pane, self.pid, self.patience = "", 0, 30.0
        address = {"ANTHROPIC_BASE_URL": model_url, "ANTHROPIC_API_KEY": KEY, "HOME": str(home)}
        self.env = _QUIET | address | dict(env or {})
        self.command = [str(claude_binary()), *args]

    @property
    def session_id(self) -> str:
        return str(self.registry()["sessionId"])

    async def __aenter__(self) -> Self:
        write_settings(self.home, self.cwd)
        await self._start()
        try:
            await self.until_status("idle", seconds=self.patience)
            await self.until_shown(PROMPT, seconds=self.patience)
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()

    def registry(self) -> dict[str, Any]:
        """What the program says of itself: sessionId, status (idle, busy, waiting), messagingSocketPath."""
        path = self.home / f".claude/sessions/{self.pid}.json"
        try:
            registry: dict[str, Any] = json.loads(path.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        return registry

    async def capture(self, *, colours: bool = False) -> str:
        return await self.tmux("capture-pane", "-p", *(["-e"] if colours else []), "-t", self.pane)

    async def type(self, text: str) -> None:
        """One line, as a person types it, and Enter."""
        await self.tmux("send-keys", "-t", self.pane, "-l", text)
        await self.press("Enter")

    async def press(self, *keys: str) -> None:
        await self.tmux("send-keys", "-t", self.pane, *keys)

    async def paste(self, text: str) -> None:
        """A bracketed paste, without Enter."""
        await self.tmux("load-buffer", "-b", "rig", "-", typed=text)
        await self.tmux("paste-buffer", "-p", "-d", "-b", "rig", "-t", self.pane)

    async def inject(self, text: str) -> None:
        """Text by the messaging socket, as another session would send it. Nothing is answered."""
        _, line = await asyncio.open_unix_connection(self.registry()["messagingSocketPath"])
        said = {"type": "user", "message": {"role": "user", "content": text}, "priority": "next"}
        line.write(json.dumps(said).encode() + b"\n")
        await line.drain()
        line.close()
        await line.wait_closed()

    async def until_status(self, *wanted: str, seconds: float = 15) -> None:
        await self._until(lambda: self.registry().get("status") in wanted, f"to be {wanted}", seconds)

    async def until_shown(self, text: str, seconds: float = 15) -> None:
        try:
            async with asyncio.timeout(seconds):
                while text not in await self.capture():
                    await asyncio.sleep(0.05)
        except TimeoutError:
            await self._fail(f"to show {text!r}")

    async def tmux(self, *words: str, typed: str | None = None) -> str:
        return await tmux(self.socket, *words, typed=typed)

    async def _until(self, condition: Callable[[], bool], wanted: str, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    await asyncio.sleep(0.05)
        except TimeoutError:
            await self._fail(wanted)

    async def _fail(self, wanted: str) -> None:
        with suppress(RuntimeError):
            shown = await self.capture()
            pytest.fail(f"waited for Claude Code {wanted}; registry {self.registry()}; its pane:\n{shown}")
        pytest.fail(f"waited for Claude Code {wanted}, but its pane is gone")

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
        family = await _family(self.pid)
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


def write_settings(home: Path, cwd: Path) -> None:
    """What keeps the start dialogs away, beside whatever stands in the two files already."""
    seen = {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "bypassPermissionsModeAccepted": True,
        "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []},
        "fullscreenUpsellSeenCount": 99,
        "hasSeenAutoDefaultNudge": True,
        "projects": {str(cwd): {"hasTrustDialogAccepted": True}},
    }
    settings = {"permissions": {"defaultMode": "default"}, "skipDangerousModePermissionPrompt": True}
    _merge(home / ".claude.json", seen)
    _merge(home / ".claude/settings.json", settings)


def _merge(path: Path, wanted: Mapping[str, Any]) -> None:
    present = json.loads(path.read_text()) if path.exists() else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_merged(present, wanted), indent=2))


def _merged(present: Any, wanted: Any) -> Any:
    """`wanted` where `present` says nothing; lists keep what they have and gain the rest."""
    if isinstance(present, dict) and isinstance(wanted, dict):
        return present | {key: _merged(present.get(key), value) for key, value in wanted.items()}
    if isinstance(present, list) and isinstance(wanted, list):
        return present + [each for each in wanted if each not in present]
    return wanted if present is None else present


_TAP = """
import json, os, sys, time
folder, event = sys.argv[1:]
seen = {"event": event, "environment": dict(os.environ), "payload": json.load(sys.stdin)}
name = os.path.join(folder, f"{time.time_ns()}-{event}")
with open(name, "w") as file:
    json.dump(seen, file)
os.rename(name, name + ".json")
with open(os.path.join(folder, event + ".answer")) as answer:
    print(answer.read())
os.remove(os.path.join(folder, event + ".answer"))
"""


class HookTap:
    """A hook that writes down every event of a session and gives each prepared answer once."""

    def __init__(self, home: Path, folder: Path, events: Sequence[str]) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tap.py").write_text(_TAP)
        hooks = {event: [{"hooks": [self._hook(event)]}] for event in events}
        _merge(home / ".claude/settings.json", {"hooks": hooks})

    def _hook(self, event: str) -> dict[str, object]:
        line = [sys.executable, "-I", "-S", str(self._folder / "tap.py"), str(self._folder), event]
        # stderr goes nowhere: without a prepared answer the script ends there, which the agent ignores.
        return {"type": "command", "command": f"{shlex.join(line)} 2>/dev/null; true", "timeout": 30}

    def prepare(self, event: str, answer: Mapping[str, Any]) -> None:
        (self._folder / f"{event}.answer").write_text(json.dumps(answer))

    def seen(self, event: str | None = None) -> list[dict[str, Any]]:
        """`{event, environment, payload}` in the order of time."""
        records = [json.loads(path.read_text()) for path in sorted(self._folder.glob("*.json"))]
        return [each for each in records if event in (None, each["event"])]
