"""The real OpenCode in a tmux pane of its own, with a home and a model of its own.

Rule: opencode.json keeps what an installer wrote into it. What is added keeps version 1.18.33 off the network: it
believes that the package for plugins is installed already, else it fetches it from npm into ~/.config/opencode.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.agents.hook_tap import Tap
from tests.agents.real_agent import ONLY_LOOPBACK, RealAgent, agent_binary
from tests.agents.settings_files import merge_json

KEY = "sk-dummy-peerline-emulated-model"
BUSY = "esc interrupt"
AGAIN = "again to interrupt"
# At the prompt and beside it, whatever is shown: the first while nothing was said yet.
READY = ("Ask anything", "ctrl+p commands")

_QUIET = {
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
}


def opencode_binary() -> Path:
    """The program to test. Missing: the test is skipped, or fails where PEERLINE_REQUIRE_AGENTS=1."""
    return agent_binary("opencode", "OpenCode")


class OpenCode(RealAgent):
    called = "OpenCode"
    patience = 120.0
    waits = 120.0

    @classmethod
    def binary(cls) -> Path:
        return opencode_binary()

    def surroundings(self) -> dict[str, str]:
        return ONLY_LOOPBACK | _QUIET

    def write_settings(self) -> None:
        write_settings(self.home, self.model_url)

    async def until_ready(self) -> None:
        await self.until_idle(self.patience)

    async def until_idle(self, seconds: float | None = None) -> None:
        await self.until_screen(_idle, "to be idle", seconds, looks=3)

    async def interrupt(self) -> None:
        """Two at once arrive as one key; and what the first one brings up is gone after five seconds."""
        await self.until_shown(BUSY)  # it may have asked its model before its screen says so
        for _ in range(5):
            await self.press("Escape")
            with suppress(TimeoutError):
                async with asyncio.timeout(4):
                    while AGAIN not in (shown := await self.capture()):
                        if BUSY not in shown:
                            return
                        await asyncio.sleep(0.05)
                    await self.press("Escape")
                    return
        await self.fail("to take an Escape")


def _idle(shown: str) -> bool:
    return any(each in shown for each in READY) and BUSY not in shown and "Permission required" not in shown


def write_settings(home: Path, model_url: str) -> None:
    provider = {
        "npm": "@ai-sdk/openai-compatible",  # comes with the program
        "name": "stub",
        "options": {"baseURL": f"{model_url}/v1", "apiKey": KEY},
        "models": {"m": {"name": "m"}},
    }
    wanted: Mapping[str, Any] = {
        "provider": {"stub": provider},
        "model": "stub/m",
        "small_model": "stub/m",
        "enabled_providers": ["stub"],
        "autoupdate": False,
        "share": "disabled",
        "permission": {"bash": "ask"},
    }
    folder = home / ".config/opencode"
    merge_json(folder / "opencode.json", wanted)
    (folder / "node_modules").mkdir(exist_ok=True)
    installed = {"lockfileVersion": 3, "packages": {"": {"dependencies": {"@opencode-ai/plugin": "*"}}}}
    merge_json(folder / "package-lock.json", installed)


_PLUGIN = """
import { existsSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const folder = FOLDER
let count = 0

const seen = (event, payload) => {
  const order = String(Date.now()).padStart(16, "0") + String(count++).padStart(6, "0")
  const name = join(folder, order + "-" + event.replaceAll("/", "_"))
  writeFileSync(name, JSON.stringify({ event, environment: process.env, payload }))
  renameSync(name, name + ".json")
}

const answer = (event) => {
  const name = join(folder, event + ".answer")
  if (!existsSync(name)) return undefined
  const prepared = JSON.parse(readFileSync(name, "utf8"))
  unlinkSync(name)
  return prepared
}

const HOOKS = ["chat.message", "chat.params", "tool.execute.before", "tool.execute.after", "permission.ask"]

export const Tap = async (context) => {
  const { directory, worktree, serverUrl } = context
  seen("plugin.init", { directory, worktree, serverUrl: String(serverUrl) })
  const hooks = {
    event: async ({ event }) => {
      seen(event.type, event)
      const prepared = answer(event.type)
      if (!prepared) return
      const id = event.properties.sessionID
      const said = { path: { id }, body: { parts: [{ type: "text", text: prepared.prompt }] } }
      const done = await context.client.session.promptAsync(said)
      seen("promptAsync", { status: done.response?.status, error: done.error ?? null })
    },
  }
  for (const name of HOOKS)
    hooks[name] = async (input, output) => {
      seen(name, { input, output })
      const prepared = answer(name)
      if (prepared) Object.assign(output, prepared)
    }
  return hooks
}
"""


class PluginTap(Tap):
    """A plugin in place of hooks. An answer prepared for an event is a prompt: `{"prompt": text}`."""

    def __init__(self, home: Path, folder: Path) -> None:
        super().__init__(folder)
        plugin = home / ".config/opencode/plugins/tap.js"
        plugin.parent.mkdir(parents=True, exist_ok=True)
        plugin.write_text(_PLUGIN.replace("FOLDER", json.dumps(str(folder)), 1))
