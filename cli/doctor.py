"""``doctor``: the machine's checks, mended first where that is safe, and whether the daemon answers."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from cli import agentchecks
from cli.output import client, is_up
from cli.peers import everybody
from cli.trusting import distrusted
from daemon.client.peer import Client
from daemon.core.errors import Sandboxed
from daemon.health import finding, findings
from daemon.lifecycle import private
from daemon.paths import found
from daemon.safety import around, files, scene
from daemon.safety.around import IS_LOCKED, locked

Json = dict[str, Any]
CHECKS: Final = (*files.CHECKS, *around.CHECKS)


async def examined(*, fix: bool) -> list[Json]:
    """Every finding; with ``fix`` those that can be mended safely are mended first."""
    paths = found()
    if fix and paths.home.exists():
        private(paths)
    if fix:
        await asyncio.to_thread(agentchecks.mended)
    told = findings(paths)
    if told_so := list(locked(scene.found(paths, None))):
        told.append(finding(IS_LOCKED.level, IS_LOCKED.code, told_so[0], IS_LOCKED.fix))
    told += await asyncio.to_thread(agentchecks.findings)
    told += [finding("warning", *each) for each in await asyncio.to_thread(distrusted)]
    try:
        up = await is_up(client())
    except Sandboxed as error:
        return [*told, finding("error", error.code, str(error), error.hint)]
    if not up:
        told.append(finding("info", "daemon_down", "no daemon is running", "start it with `peerline up`"))
        return told
    orphans = _orphans((await everybody(client()))["peers"])
    stopped = _stopped((await client().schedules("all"))["schedules"])
    return [*told, *_deaf((await client().status())["surfaces"]), *orphans, *stopped]


def _stopped(schedules: list[Json]) -> list[Json]:
    """Those that broke when they were due, and rest since."""
    return [
        finding(
            "warning",
            "schedule_stopped",
            f"schedule {each['schedule_id']} is paused: {each['reason']}",
            f"`peerline schedule show {each['schedule_id']}`, then resume or remove it",
        )
        for each in schedules
        if each["reason"]
    ]


def _orphans(peers: list[Json]) -> list[Json]:
    """Agents that nobody can reach any more."""
    return [
        finding(
            "warning",
            "orphan",
            f"{each['circle']}/{each['name']}: {each['orphan']}",
            f"`peerline peer kill {each['peer_id']}`, or all of them: `peerline peer kill --orphans`",
        )
        for each in peers
        if each.get("orphan")
    ]


def _deaf(surfaces: list[Json]) -> list[Json]:
    """Each surface that is not reached, once, however many conversations it has."""
    troubled = {each["surface"]: each for each in surfaces if each["trouble"]}
    return [
        finding("warning", f"{name}_deaf", f"{each['trouble']}, since {each['since']}", each["fix"])
        for name, each in troubled.items()
    ]


async def _answers(line: Client) -> bool:
    try:
        return await is_up(line)
    except Sandboxed:
        return False


async def secured(*, fix: bool) -> list[Json]:
    """Every check of safety and what came of it; with ``fix`` what can be mended safely is mended first."""
    line = client()
    status = await line.status() if await _answers(line) else None
    seen = scene.found(found(), status)
    if fix:
        for mend in dict.fromkeys(
            check.mend for check in CHECKS if check.mend and not check.result(seen)["passed"]
        ):
            mend(seen)
    return [check.result(seen) for check in CHECKS]


async def roads() -> list[Json]:
    """Every road into every agent that is there, tried now; nothing while no daemon runs."""
    line = client()
    if not await _answers(line):
        return []
    tried: list[Json] = (await line.roads())["roads"]
    return tried
