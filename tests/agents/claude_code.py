"""The real Claude Code in a tmux pane of its own, with a home and a model of its own.

Rule: settings are merged into the trial home, so hooks and MCP servers that were installed there stay.
They keep every start dialog of version 2.1.329 away; one that still shows fails with its picture.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.agents.hook_tap import Tap
from tests.agents.real_agent import RealAgent, agent_binary, processes, tmux
from tests.agents.settings_files import merge_json

__all__ = ["KEY", "PROMPT", "ClaudeCode", "HookTap", "claude_binary", "processes", "tmux", "write_settings"]

KEY = "sk-ant-dummy-peerline-emulated-model"
PROMPT = "\u276f\u00a0"  # the input line; in a line of the conversation an ordinary space follows the sign

QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_TELEMETRY": "1",
    "IS_SANDBOX": "1",
}


def claude_binary() -> Path:
    """The program to test. Missing: the test is skipped, or fails where PEERLINE_REQUIRE_AGENTS=1."""
    return agent_binary("claude", "Claude Code")


class ClaudeCode(RealAgent):
    called = "Claude Code"
    settles = 0.0
    patience = 30.0
    waits = 15.0

    @classmethod
    def binary(cls) -> Path:
        return claude_binary()

    @property
    def session_id(self) -> str:
        return str(self.registry()["sessionId"])

    def surroundings(self) -> dict[str, str]:
        return QUIET | {"ANTHROPIC_BASE_URL": self.model_url, "ANTHROPIC_API_KEY": KEY}

    def write_settings(self) -> None:
        write_settings(self.home, self.cwd)

    def condition(self) -> str:
        return f"registry {self.registry()}; "

    async def until_ready(self) -> None:
        await self.until_idle(self.patience)
        await self.until_shown(PROMPT, seconds=self.patience)

    async def until_idle(self, seconds: float | None = None) -> None:
        await self.until_status("idle", seconds=seconds)

    def registry(self) -> dict[str, Any]:
        """What the program says of itself: sessionId, status (idle, busy, waiting), messagingSocketPath."""
        path = self.home / f".claude/sessions/{self.pid}.json"
        try:
            registry: dict[str, Any] = json.loads(path.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        return registry

    async def inject(self, text: str) -> None:
        """Text by the messaging socket, as another session would send it. Nothing is answered."""
        _, line = await asyncio.open_unix_connection(self.registry()["messagingSocketPath"])
        said = {"type": "user", "message": {"role": "user", "content": text}, "priority": "next"}
        line.write(json.dumps(said).encode() + b"\n")
        await line.drain()
        line.close()
        await line.wait_closed()

    async def until_status(self, *wanted: str, seconds: float | None = None) -> None:
        await self.until(lambda: self.registry().get("status") in wanted, f"to be {wanted}", seconds)


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
    merge_json(home / ".claude.json", seen)
    merge_json(home / ".claude/settings.json", settings)


class HookTap(Tap):
    """The tap at Claude Code, for the events that a test names."""

    def __init__(self, home: Path, folder: Path, events: Sequence[str]) -> None:
        super().__init__(folder)
        hooks = {event: [{"hooks": [self._hook(event)]}] for event in events}
        merge_json(home / ".claude/settings.json", {"hooks": hooks})

    def _hook(self, event: str) -> dict[str, object]:
        return {"type": "command", "command": self.command(event), "timeout": 30}
