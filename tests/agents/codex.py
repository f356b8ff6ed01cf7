"""The real Codex in a tmux pane of its own, with a home and a model of its own.

Rule: config.toml keeps what an installer wrote into it. What is added keeps version 0.169.0 off the network (its
plugins and apps ask for github.com and chatgpt.com even when updates and analytics are off; for its tip of the day,
which no setting stops, there is the proxy that refuses) and its shared daemon away, unless a test wants that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.agents.hook_tap import Tap
from tests.agents.real_agent import ONLY_LOOPBACK, RealAgent, agent_binary
from tests.agents.settings_files import merge_json, merge_toml

KEY = "sk-dummy-peerline-emulated-model"
PROMPT = "\u203a "
MODEL = "stub-model"
REVIEW = "Hooks need review"
BUSY = "esc to interrupt"
EVENTS = (
    *("SessionStart", "UserPromptSubmit", "PreToolUse", "PermissionRequest", "PostToolUse", "PreCompact"),
    *("PostCompact", "Stop", "SubagentStart", "SubagentStop", "SessionEnd", "Interrupt"),
)
# Nobody has looked at the tap's hooks, and Codex runs none that nobody looked at.
UNREVIEWED = "--dangerously-bypass-hook-trust"

_OFFLINE = {"plugins": False, "remote_plugin": False, "apps": False}


def codex_binary() -> Path:
    """The program to test. Missing: the test is skipped, or fails where PEERLINE_REQUIRE_AGENTS=1."""
    return agent_binary("codex", "Codex")


class Codex(RealAgent):
    called = "Codex"

    def __init__(self, *places: Any, shared_daemon: bool = False, **more: Any) -> None:
        self._shared_daemon = shared_daemon
        super().__init__(*places, **more)

    @classmethod
    def binary(cls) -> Path:
        return codex_binary()

    def surroundings(self) -> dict[str, str]:
        return ONLY_LOOPBACK | {"STUB_KEY": KEY}

    def write_settings(self) -> None:
        write_settings(self.home, self.cwd, self.model_url, shared_daemon=self._shared_daemon)

    async def until_ready(self) -> None:
        # Its input line stands there before it has looked at its hooks; the line with the model comes after that.
        await self.until_screen(
            lambda shown: REVIEW in shown or (_idle(shown) and MODEL in shown),
            "to start",
            self.patience,
            looks=3,
        )
        if REVIEW in await self.capture():
            await self.fail("to be ready")

    async def until_idle(self, seconds: float | None = None) -> None:
        await self.until_screen(_idle, "to be idle", seconds, looks=3)


def _idle(shown: str) -> bool:
    """The input line, with nothing at work above it and no dialog in its place."""
    asks = re.search(r"^\u203a \d\. |enter (to )?(confirm|submit)|Press enter", shown, re.MULTILINE)
    return bool(re.search(r"^\u203a", shown, re.MULTILINE)) and BUSY not in shown and not asks


def write_settings(home: Path, cwd: Path, model_url: str, *, shared_daemon: bool = False) -> None:
    provider = {"name": "stub", "base_url": f"{model_url}/v1", "env_key": "STUB_KEY", "wire_api": "responses"}
    wanted: dict[tuple[str, ...], Mapping[str, Any]] = {
        (): {"model": MODEL, "model_provider": "stub", "check_for_update_on_startup": False},
        ("features",): {"daemon_auto_start": shared_daemon, **_OFFLINE},
        ("tui",): {"show_tooltips": False},
        ("analytics",): {"enabled": False},
        ("model_providers", "stub"): provider,
        ("projects", str(cwd)): {"trust_level": "trusted"},
    }
    merge_toml(home / ".codex/config.toml", wanted)


class HookTap(Tap):
    """The tap at Codex. Its hooks are unreviewed: give the agent `args=(UNREVIEWED,)`, or have them trusted."""

    def __init__(self, home: Path, folder: Path, events: Sequence[str] = EVENTS) -> None:
        super().__init__(folder)
        hooks = {event: [{"hooks": [self._hook(event)]}] for event in events}
        merge_json(home / ".codex/hooks.json", {"hooks": hooks})

    def _hook(self, event: str) -> dict[str, object]:
        return {"type": "command", "command": self.command(event), "timeout": 30}
