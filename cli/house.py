"""What the parts of a running daemon share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from cli.chats import Chats
from daemon.api.door import Door
from daemon.api.patience import Patience
from daemon.api.status import Health
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
    patience: Patience
    chats: Chats
