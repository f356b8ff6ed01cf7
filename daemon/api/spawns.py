"""Starting agents, and how a start is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from daemon.api.caller import Standing
from daemon.api.door import Call, Room
from daemon.api.spawnbodies import SpawnBody
from daemon.core.errors import NotFound, Unavailable
from daemon.core.model import Peer, Spawn, Spawned
from daemon.core.view import Plan
from daemon.starting.interface import Starting, Wish, want
from daemon.wire import shapes

Json = dict[str, Any]


async def spawn(room: Room, call: Call) -> Json:
    """Look where it is to be, and write who it is; what is done outside comes after the answer."""
    starting, body = _starting(room), call.body
    by: Peer | None = await room.look(lambda plan: plan.peer(call.caller.peer_id))

    def render(results: list[Spawned]) -> Json:
        return shapes.spawn(results[0], _named(results[0].spawn, by), starting.attach(results[0].peer))

    if await room.is_repeat(call):
        return await room.write(call, (), render)
    place = await starting.looked(_wish(body))
    command = want(place, by=call.caller.peer_id, name=body.name or "")
    command = replace(
        command,
        circle=body.circle or "",
        message=body.message or "",
        role=body.role or "",
        person=room.owner if call.caller.standing is Standing.OWNER else "",
    )
    return await room.write(call, (command,), render)


async def shown(room: Room, call: Call) -> Json:
    """As it is now."""
    starting = _starting(room)

    def look(plan: Plan) -> Json:
        start = plan.spawn(call.params["id"])
        peer = plan.peer(start.peer_id) if start else None
        if start is None or peer is None:
            raise NotFound(f'no start "{call.params["id"][:40]}"', "its id was told when it was wished for")
        by = _named(start, plan.peer(start.by))
        return shapes.spawn(Spawned(start, peer), by, starting.attach(peer))

    told: Json = await room.look(look)
    return told


def _named(start: Spawn, by: Peer | None) -> str:
    """Who wanted it."""
    return start.person or (by.name if by else "")


def _starting(room: Room) -> Starting:
    if room.starting is None:
        raise Unavailable("nobody here can start an agent")
    return room.starting


def _wish(body: SpawnBody) -> Wish:
    return Wish(
        path=body.path, backend=body.backend or "", profile=body.profile or "", branch=body.worktree or ""
    )
