"""The real Gemini CLI in a tmux pane of its own, with a home and a model of its own.

Rule: settings are merged, so hooks and MCP servers that an installer wrote stay. What is added keeps every start
dialog of version 0.61.0 away, and its question to npm for a newer version, which `enableAutoUpdate` alone does not.
Its model calls name no session, so a header does: the session's id, which the rig also gives to the program.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.agents.hook_tap import Tap
from tests.agents.real_agent import ONLY_LOOPBACK, RealAgent, agent_binary
from tests.agents.settings_files import merge_json
from tests.emulators.dialects.gemini import SESSION

KEY = "dummy-peerline-emulated-model"
PROMPT = "Type your message"
BUSY = "esc to cancel"
EVENTS = (
    *("SessionStart", "SessionEnd", "BeforeAgent", "AfterAgent", "BeforeModel", "AfterModel"),
    *("BeforeToolSelection", "BeforeTool", "AfterTool", "PreCompress", "Notification"),
)


def gemini_binary() -> Path:
    """The program to test. Missing: the test is skipped, or fails where PEERLINE_REQUIRE_AGENTS=1."""
    return agent_binary("gemini", "Gemini CLI")


class GeminiCli(RealAgent):
    called = "Gemini CLI"

    def __init__(self, *places: Any, resume: str = "", **more: Any) -> None:
        """`resume` is the session to go on with; else there is a new one, `session_id` from the start."""
        self.session_id = resume or str(uuid.uuid4())
        self._resumed = bool(resume)
        super().__init__(*places, **more)

    @classmethod
    def binary(cls) -> Path:
        return gemini_binary()

    def surroundings(self) -> dict[str, str]:
        return ONLY_LOOPBACK | {
            "GEMINI_API_KEY": KEY,
            "GOOGLE_GEMINI_BASE_URL": self.model_url,
            "GEMINI_CLI_CUSTOM_HEADERS": f"{SESSION}: {self.session_id}",
            "GEMINI_CLI_NO_RELAUNCH": "true",
        }

    def standing_args(self) -> Sequence[str]:
        return ("--resume" if self._resumed else "--session-id", self.session_id)

    def write_settings(self) -> None:
        write_settings(self.home, self.cwd)

    async def until_ready(self) -> None:
        await self.until_idle(self.patience)

    async def until_idle(self, seconds: float | None = None) -> None:
        await self.until_screen(_idle, "to be idle", seconds, looks=3)


def _idle(shown: str) -> bool:
    return PROMPT in shown and BUSY not in shown


def write_settings(home: Path, cwd: Path) -> None:
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
        "ide": {"hasSeenNudge": True},
        "model": {"name": "gemini-2.5-pro"},  # else a router is asked for one before each turn
    }
    merge_json(home / ".gemini/settings.json", settings)
    merge_json(home / ".gemini/trustedFolders.json", {str(cwd): "TRUST_FOLDER"})


class HookTap(Tap):
    """The tap at Gemini CLI, whose timeouts are milliseconds."""

    def __init__(self, home: Path, folder: Path, events: Sequence[str] = EVENTS) -> None:
        super().__init__(folder)
        hooks = {event: [{"matcher": "*", "hooks": [self._hook(event)]}] for event in events}
        merge_json(home / ".gemini/settings.json", {"hooksConfig": {"enabled": True}, "hooks": hooks})

    def _hook(self, event: str) -> dict[str, object]:
        return {"name": f"tap-{event}", "type": "command", "command": self.command(event), "timeout": 30000}
