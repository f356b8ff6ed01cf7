"""The alarm clock of this daemon, hosted as the peer it is."""

from __future__ import annotations

import asyncio
import importlib
import os
import shutil
from collections.abc import Coroutine
from typing import Any

from cli.house import House
from cli.loading import loading
from daemon.api.caller import Caller, Standing
from daemon.api.door import Door
from daemon.client.local import LocalExchange
from daemon.client.peer import Client
from daemon.core import commands as c
from daemon.core.model import Night, Payer, Rota
from daemon.core.rules import unattended
from daemon.core.vigil import program
from daemon.engine.waking import Waking
from daemon.settings import Settings

HOST = "scheduler"


async def alarm(door: Door) -> None:
    """Ring until cancelled. Its library is brought in beside the line, when something first lies ahead."""
    client = Client(LocalExchange(door, Caller(standing=Standing.SERVICE, peer_id="", host=HOST)))
    async for told in client.alarms():
        if told["at"]:
            break
    await asyncio.to_thread(_load)
    from scheduler.service import Alarm

    await Alarm(client).run()


def _load() -> None:
    with loading():
        importlib.import_module("scheduler.service")


def rota(settings: Settings) -> c.ConfigureWork:
    """How many jobs run at once, and when, as the config says."""
    limits = settings.limits
    return c.ConfigureWork(
        rota=Rota(
            per_circle=limits.jobs_per_circle,
            per_backend=limits.jobs_per_backend,
            minutes=limits.job_minutes,
            messages=limits.job_messages,
            wakes=limits.job_wakes,
            accounts=tuple(Payer(**each.model_dump()) for each in settings.accounts),
            zone=local_zone(),
            spawns=True,  # what the config does not allow is refused when it is wished for
            nights=tuple(Night(circle=each.circle, window=each.window) for each in settings.nights),
            unattended=tuple(unattended.Row(**each.model_dump()) for each in settings.unattended),
        )
    )


def waking(house: House) -> list[Coroutine[Any, Any, None]]:
    """What keeps the machine awake for the jobs of the night, where that is wanted."""
    wanted = house.settings.daemon.keep_awake and house.settings.nights
    return [Waking(house.engine, program(os.getpid(), shutil.which)).run()] if wanted else []


def local_zone() -> str:
    """The name of the zone that this machine is set to; UTC where it says none."""
    from tzlocal import get_localzone_name

    return get_localzone_name() or "UTC"
