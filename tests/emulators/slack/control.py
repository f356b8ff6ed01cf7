"""The strings for another process: JSON routes below `/emulator/` that do what the Python side can do."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tests.emulators.slack.world import World


class Controls:
    def __init__(self, world: World, platform: Any) -> None:
        self._world = world
        self._platform = platform

    def mount(self, app: web.Application) -> None:
        pass
