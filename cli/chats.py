"""The chat surfaces that this daemon hosts, beside each other and by the same code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from cli.hosting import Host
from cli.platforms.interface import Platform, Take
from cli.platforms.slack import Slack
from cli.platforms.telegram import Telegram
from daemon.api.door import Door
from daemon.engine.auditor import Count, uncounted
from daemon.engine.engine import Engine
from daemon.settings import Settings

PLATFORMS: Final = (Telegram(), Slack())


class Chats:
    """Args: as of ``Host``. ``hosts`` are by the surface's name."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        files: Path,
        load: Callable[[], Settings],
        *,
        haste: float = 1.0,
        platforms: Sequence[Platform] = PLATFORMS,
    ) -> None:
        self.count: Count = uncounted
        self.load = load
        self.hosts: Mapping[str, Host] = {
            each.name: Host(each, engine, settings, files, load, self._counted, haste=haste)
            for each in platforms
        }

    @property
    def takes(self) -> Mapping[str, Take]:
        """Who takes what platforms bring, by path."""
        return {host.form.path: host.take for host in self.hosts.values()}

    @property
    def hosting(self) -> bool:
        """Whether any surface is listened to."""
        return any(host.mode for host in self.hosts.values())

    async def open(self) -> None:
        """Put onto the line what the config says."""
        for host in self.hosts.values():
            await host.open()

    async def run(self, door: Door) -> None:
        """Host what is to be hosted until cancelled; a surface's trouble is its own."""
        async with asyncio.TaskGroup() as hosting:
            for host in self.hosts.values():
                hosting.create_task(host.run(door))

    def fix(self, surface: str, trouble: str) -> str:
        """What a person can do about the trouble of a surface, also of one that nobody hosts here."""
        return self.hosts[surface].fix(trouble) if surface in self.hosts else ""

    def _counted(self, kind: str, what: str) -> None:
        self.count(kind, what)
