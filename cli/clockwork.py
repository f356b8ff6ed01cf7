"""The alarm clock of this daemon, hosted as the peer it is."""

from __future__ import annotations

import asyncio
import importlib

from cli.loading import loading
from daemon.api.caller import Caller, Standing
from daemon.api.door import Door
from daemon.client.local import LocalExchange
from daemon.client.peer import Client

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


def local_zone() -> str:
    """The name of the zone that this machine is set to; UTC where it says none."""
    from tzlocal import get_localzone_name

    return get_localzone_name() or "UTC"
