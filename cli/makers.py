"""Who starts agents, put together, and who looks after jobs, for which some are started."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine
from typing import Any

from cli.endings import cleared
from cli.house import House
from daemon.engine.spawner import Spawner
from daemon.engine.workshop import Workshop
from daemon.errands.claims import prove
from daemon.paths import Paths
from daemon.settings import Settings
from daemon.starting.starter import Starter


def starter(load: Callable[[], Settings], paths: Paths) -> Starter:
    """Who starts agents, in windows of this user's tmux. ``load`` reads the config as it is then."""
    return Starter(load, paths, os.environ)


def makers(house: House) -> list[Coroutine[Any, Any, None]]:
    """What runs for that."""
    starting = house.door.room.starting
    spawner = Spawner(house.engine, starting, cleared=cleared(house.engine)) if starting else None
    workshop = Workshop(house.engine, prove, spawner)
    return [workshop.run(), *([spawner.run()] if spawner else [])]
