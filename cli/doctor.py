"""``doctor``: the machine's checks, mended first where that is safe, and whether the daemon answers."""

from __future__ import annotations

from typing import Any

from cli.output import client, is_up
from daemon.health import finding, findings
from daemon.lifecycle import private
from daemon.paths import found

Json = dict[str, Any]


async def examined(*, fix: bool) -> list[Json]:
    """Every finding; with ``fix`` those that can be mended safely are mended first."""
    paths = found()
    if fix and paths.home.exists():
        private(paths)
    told = findings(paths)
    if not await is_up(client()):
        told.append(finding("info", "daemon_down", "no daemon is running", "start it with `peerline up`"))
    return told


async def roads() -> list[Json]:
    """Every road into every agent that is there, tried now; nothing while no daemon runs."""
    line = client()
    if not await is_up(line):
        return []
    tried: list[Json] = (await line.roads())["roads"]
    return tried
