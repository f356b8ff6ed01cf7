"""What the parts of a running daemon share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from daemon.api.caller import Caller, Standing
from daemon.api.door import Door
from daemon.api.status import Health
from daemon.client.hosting import HostingClient
from daemon.client.local import LocalExchange
from daemon.engine.auditor import Auditor
from daemon.engine.engine import Engine
from daemon.paths import Paths
from daemon.settings import Settings


@dataclass(frozen=True, slots=True)
class House:
    """What is shared by the parts that run."""

    paths: Paths
    settings: Settings
    engine: Engine
    door: Door
    health: Health
    auditor: Auditor
    stopping: asyncio.Event

    def client(self, surface: str) -> HostingClient:
        """What a part of the daemon that hosts conversations talks through."""
        host = f"{surface}-bot"
        caller = Caller(standing=Standing.SERVICE, peer_id="", host=host)
        return HostingClient(LocalExchange(self.door, caller))
